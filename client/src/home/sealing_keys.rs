//! `sealing.keys`: the private halves of the sealing keys, outside store and backups.

use std::path::Path;

use maille_common::crypto::aead::AtRestKey;
use maille_common::randomness::Randomness;
use maille_common::sealing::SealingRing;

use super::error::HomeError;
use super::files;
use super::place::Place;

/// The name of the file.
pub(super) const FILE: &str = "sealing.keys";

/// A ring holds at most 520 keys of 48 bytes: 25 KiB.
const BYTES_MAX: usize = 64 * 1024;

/// Puts this ring in the place of the last one, whose bytes are overwritten.
pub(super) fn save(
    folder: &Path,
    ring: &SealingRing,
    master: &AtRestKey,
    randomness: &mut impl Randomness,
) -> Result<(), HomeError> {
    let sealed = Place::SealingKeys.seal(master, &[], &ring.to_bytes(), randomness);
    files::replace(&folder.join(FILE), &sealed)
}

/// Reads the ring; `None` where none was ever saved.
pub(super) fn load(folder: &Path, master: &AtRestKey) -> Result<Option<SealingRing>, HomeError> {
    let path = folder.join(FILE);
    let sealed = match files::read_secret(&path, BYTES_MAX) {
        Err(HomeError::Missing { .. }) => return Ok(None),
        other => other?,
    };
    let ring = Place::SealingKeys
        .open(master, &[], &sealed)
        .map_err(|_| files::corrupt(&path, "it does not open with the key of this home"))?;
    SealingRing::from_bytes(&ring)
        .map(Some)
        .map_err(|_| files::corrupt(&path, "it holds something else than a ring of keys"))
}
