//! A ring of private keys as bytes for a file. Secret; whoever reads it opens what was sealed.

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::codec::{Decode, DecodeError, Encode, SortedList, decode, encode};
use crate::crypto::hpke::SealingSecretKey;
use crate::hash::Hash;
use crate::sealing::SealingRing;
use crate::sealing::ring::{PrivateHalf, RING_KEYS_MAX};
use crate::time::Timestamp;

/// The one format of the file.
const FORMAT: u16 = 1;

#[derive(Encode, Decode)]
struct RingFile {
    format: u16,
    number: u64,
    previous: Hash,
    keys: SortedList<StoredKey, RING_KEYS_MAX>,
}

/// Ascends by the week; no week has two keys, since [`SealingRing`] holds one for each.
#[derive(PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
struct StoredKey {
    valid_from: Timestamp,
    valid_to: Timestamp,
    seed: Seed,
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Zeroize, ZeroizeOnDrop)]
struct Seed([u8; 32]);

impl SealingRing {
    /// The bytes for the file of the ring, wiped when dropped. The shell encrypts them at rest or
    /// keeps them 0600.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let stored = |(week, half): (&Timestamp, &PrivateHalf)| StoredKey {
            valid_from: *week,
            valid_to: half.valid_to,
            seed: Seed(*half.secret.expose()),
        };
        let keys: Vec<_> = self.halves.iter().map(stored).collect();
        let file = RingFile {
            format: FORMAT,
            number: self.number,
            previous: self.previous,
            keys: SortedList::new(keys).expect("a ring has one key a week, and room for them"),
        };
        Zeroizing::new(encode(&file))
    }

    /// Reads the bytes of [`to_bytes`](Self::to_bytes), and expands the keys, 70 µs each.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let file = RingFile::read(bytes)?;
        let expanded = |stored: &StoredKey| {
            let secret = SealingSecretKey::from_seed(stored.seed.0);
            let half = PrivateHalf::new(stored.valid_to, secret);
            (stored.valid_from, half)
        };
        Ok(Self {
            number: file.number,
            previous: file.previous,
            halves: file.keys.iter().map(expanded).collect(),
        })
    }

    /// Whether [`from_bytes`](Self::from_bytes) reads these bytes: any seed can be expanded.
    #[cfg(feature = "parsers")]
    pub(crate) fn reads(bytes: &[u8]) -> bool {
        RingFile::read(bytes).is_ok()
    }
}

impl RingFile {
    /// Reads the file, and leaves the keys as they lie in it.
    fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let file: Self = decode(bytes)?;
        if file.format != FORMAT {
            return Err(DecodeError::Invalid(
                "the ring of sealing keys has another format",
            ));
        }
        let weeks = file.keys.iter().map(|stored| stored.valid_from);
        let ascend = weeks.is_sorted_by(|one, next| one < next);
        match ascend {
            true => Ok(file),
            false => Err(DecodeError::Invalid(
                "a week of the ring has two sealing keys",
            )),
        }
    }
}
