//! `identity.sealed`: the keys of the device, and whose they are.

use std::fmt;
use std::path::Path;

use maille_common::codec::{coded, decode, encode};
use maille_common::crypto::aead::AtRestKey;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::randomness::Randomness;
use maille_common::roster::Anchor;
use maille_common::time::Timestamp;
use zeroize::Zeroizing;

use super::NewHome;
use super::anchor_file;
use super::error::HomeError;
use super::files;
use super::owner::{self, Owner};
use super::pair::Beside;
use super::place::Place;
use super::store_key::StoreKey;

/// The name of the file.
pub(super) const FILE: &str = "identity.sealed";

/// Six keys of 32 bytes, an anchor and an owner of under 1 KiB each.
const BYTES_MAX: usize = 4096;

/// Transport seed, signing seed, store key.
const KEYS_LEN: usize = 3 * 32;

/// The keys of a device.
pub(super) struct Identity {
    pub(super) transport_seed: Zeroizing<[u8; 32]>,
    pub(super) signing_key: SigningKey,
    pub(super) store_key: StoreKey,
    /// The next keys, and the last transport key.
    pub(super) beside: Beside,
}

coded! {
    /// What stands in the clear beside the keys, sealed with them: `home.toml` and `anchor` cannot
    /// be exchanged while the device is off, which would hand it to another authority.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct Bound {
        pub(super) owner: Owner,
        pub(super) anchor: Anchor,
    }
}

coded! {
    /// The same where the home has other keys beside those in use.
    #[derive(Clone, PartialEq, Eq)]
    struct BoundBeside {
        bound: Bound,
        beside: Beside,
    }
}

impl Bound {
    /// What is to be bound to the keys of a new home.
    pub(super) fn new(new: NewHome, now: Timestamp) -> Self {
        let NewHome {
            anchor,
            contact,
            device,
            label,
        } = new;
        let network = anchor.network.clone();
        Self {
            owner: Owner {
                network,
                contact,
                device,
                label,
                created: now,
            },
            anchor,
        }
    }
}

impl Identity {
    /// Makes fresh keys. They never leave the home.
    pub(super) fn new(randomness: &mut impl Randomness) -> Self {
        Self {
            transport_seed: randomness.secret(),
            signing_key: SigningKey::from_seed(*randomness.secret()),
            store_key: StoreKey::from_bytes(*randomness.secret()),
            beside: Beside::default(),
        }
    }

    /// The same keys in use, with others beside them.
    pub(super) fn with(&self, beside: Beside) -> Self {
        Self {
            transport_seed: self.transport_seed.clone(),
            signing_key: SigningKey::from_seed(*self.signing_key.expose()),
            store_key: StoreKey::from_bytes(*self.store_key.expose()),
            beside,
        }
    }

    /// Writes the file: plaintext = transport seed | signing seed | store key | bound, and what
    /// stands beside the keys where there is anything.
    pub(super) fn create(
        &self,
        folder: &Path,
        bound: &Bound,
        master: &AtRestKey,
        randomness: &mut impl Randomness,
    ) -> Result<(), HomeError> {
        let sealed = self.seal(bound, master, randomness);
        files::create(&folder.join(FILE), &sealed)
    }

    /// The same in the place of the file that is there.
    pub(super) fn replace(
        &self,
        folder: &Path,
        bound: &Bound,
        master: &AtRestKey,
        randomness: &mut impl Randomness,
    ) -> Result<(), HomeError> {
        let sealed = self.seal(bound, master, randomness);
        files::replace(&folder.join(FILE), &sealed)
    }

    fn seal(&self, bound: &Bound, master: &AtRestKey, randomness: &mut impl Randomness) -> Vec<u8> {
        let bound = Zeroizing::new(match self.beside.is_empty() {
            true => encode(bound),
            false => encode(&BoundBeside {
                bound: bound.clone(),
                beside: self.beside.clone(),
            }),
        });
        let mut plaintext = Zeroizing::new(Vec::with_capacity(KEYS_LEN + bound.len()));
        plaintext.extend_from_slice(self.transport_seed.as_slice());
        plaintext.extend_from_slice(self.signing_key.expose());
        plaintext.extend_from_slice(self.store_key.expose());
        plaintext.extend_from_slice(&bound);
        Place::Identity.seal(master, &[], &plaintext, randomness)
    }

    /// The anchor that the file was sealed with.
    pub(super) fn anchor(folder: &Path, master: &AtRestKey) -> Result<Anchor, HomeError> {
        Self::read(folder, master).map(|(_, bound)| bound.anchor)
    }

    /// Opens the file, and refuses files beside it that are not those it was sealed with.
    pub(super) fn open(
        folder: &Path,
        beside: &Bound,
        master: &AtRestKey,
    ) -> Result<Self, HomeError> {
        let (identity, bound) = Self::read(folder, master)?;
        let altered = |file: &str| HomeError::Altered {
            path: folder.join(file),
        };
        if bound.owner != beside.owner {
            return Err(altered(owner::FILE));
        }
        if bound.anchor != beside.anchor {
            return Err(altered(anchor_file::FILE));
        }
        Ok(identity)
    }

    fn read(folder: &Path, master: &AtRestKey) -> Result<(Self, Bound), HomeError> {
        let path = folder.join(FILE);
        let sealed = files::read_secret(&path, BYTES_MAX)?;
        let plaintext = Place::Identity
            .open(master, &[], &sealed)
            .map_err(|_| files::corrupt(&path, "it does not open with the key of this home"))?;
        let shape = || files::corrupt(&path, "it holds something else than an identity");
        let (keys, bound) = plaintext.split_at_checked(KEYS_LEN).ok_or_else(shape)?;
        // Neither form is the beginning of the other, since a value ends where its bytes do.
        let (bound, beside) = match decode::<Bound>(bound) {
            Ok(bound) => (bound, Beside::default()),
            Err(_) => {
                let read: BoundBeside = decode(bound).map_err(|_| shape())?;
                (read.bound, read.beside)
            }
        };
        let (keys, _) = keys.as_chunks::<32>();
        let identity = Self {
            transport_seed: Zeroizing::new(keys[0]),
            signing_key: SigningKey::from_seed(keys[1]),
            store_key: StoreKey::from_bytes(keys[2]),
            beside,
        };
        Ok((identity, bound))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(..)")
    }
}
