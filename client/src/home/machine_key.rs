//! `machine.key`: the master key in the clear, for systems that start without a person.

use std::path::Path;

use maille_common::codec::{from_hex, to_hex};
use maille_common::crypto::aead::AtRestKey;
use zeroize::Zeroizing;

use super::error::HomeError;
use super::files;

/// The name of the file.
pub(super) const FILE: &str = "machine.key";

/// Sixty-four digits, and room for the end of the line.
const BYTES_MAX: usize = 66;

/// Writes the key: 64 hexadecimal digits and a line feed, for the owner alone.
pub(super) fn create(folder: &Path, master: &AtRestKey) -> Result<(), HomeError> {
    let mut text = Zeroizing::new(to_hex(master.expose()).into_bytes());
    text.push(b'\n');
    files::create(&folder.join(FILE), &text)
}

/// Tells whether the home opens without a person.
pub(super) fn exists(folder: &Path) -> bool {
    folder.join(FILE).exists()
}

/// Reads the key, if only its owner can.
pub(super) fn open(folder: &Path) -> Result<AtRestKey, HomeError> {
    let path = folder.join(FILE);
    if !exists(folder) {
        return Err(HomeError::NoMachineKey {
            path: folder.to_owned(),
        });
    }
    let text = files::read_secret(&path, BYTES_MAX)?;
    let digits = std::str::from_utf8(text.trim_ascii()).unwrap_or_default();
    match from_hex(digits) {
        Ok(key) => Ok(AtRestKey::from_bytes(key)),
        Err(error) => Err(files::corrupt(
            &path,
            error.to_string().trim_end_matches('.'),
        )),
    }
}
