//! One record: place, sealed export, hash.

use thiserror::Error;
use zeroize::Zeroizing;

use crate::codec::{Decode, DecodeError, Encode, decode, encode, fixed_bytes};
use crate::crypto::hpke::{self, SealingPublicKey, SealingSecretKey};
use crate::hash::{Hash, hash};
use crate::label::Label;
use crate::limits;

/// What every record begins with.
pub const MAGIC: [u8; 16] = *b"maille/1 archive";
/// The length of an encoded place.
const PLACE_LEN: usize = 2 + Hash::LEN + ChainId::LEN + 8 + Hash::LEN;
/// Magic and place, and the length of what is sealed.
const HEAD_LEN: usize = MAGIC.len() + PLACE_LEN + 4;

fixed_bytes! {
    /// Names the records that one store of a device writes to one archive key. Random, so that a
    /// store that was lost or rolled back begins another row, and continues none.
    pub struct ChainId([u8; 16]);
}

/// Where a record belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ArchivePlace {
    /// Format version, 1.
    pub version: u16,
    /// The archive key.
    pub key: Hash,
    /// The chain.
    pub chain: ChainId,
    /// From 1.
    pub number: u64,
    /// The hash of the record before; zero for the first.
    pub previous: Hash,
}

/// A record of the right form, which nobody has opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveRecord {
    place: ArchivePlace,
    sealed: Vec<u8>,
    hash: Hash,
}

/// Why bytes are no record, or do not open.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ArchiveFault {
    /// They begin otherwise.
    #[error("This is no record of an archive.")]
    NotARecord,
    /// They are more than a record may have.
    #[error(
        "The record has {0} bytes, and {max} are the most.",
        max = limits::ARCHIVE_RECORD_BYTES_MAX
    )]
    TooLong(usize),
    /// The hash at the end is not that of what is before it.
    #[error("The record was altered or cut off.")]
    Altered,
    /// A version that this program does not read.
    #[error("The record has version {0}, and this program reads version 1.")]
    Version(u16),
    /// The place is not encoded as it has to be.
    #[error("The head of the record is malformed: {0}")]
    Form(DecodeError),
    /// It is sealed to another archive key.
    #[error("The record is sealed to another archive key, {0}.")]
    OtherKey(Hash),
    /// It does not open.
    #[error("The record does not open: it was altered, or moved from another place.")]
    Refused,
}

impl ArchivePlace {
    /// The one version of the format.
    pub const VERSION: u16 = 1;

    /// Seals an export in this place: the bytes of the record. `key` is the archive key that the
    /// place names; the seed is 64 fresh bytes of the system's generator.
    ///
    /// HPKE info = "archive" padded to 32 | place: what was sealed here opens nowhere else.
    pub fn seal(&self, key: &SealingPublicKey, export: &[u8], seed: &[u8; 64]) -> Vec<u8> {
        let sealed = key.seal(&self.info(), export, seed);
        let length = u32::try_from(sealed.len()).expect("an export is far below 4 GiB");
        let mut bytes = Vec::with_capacity(HEAD_LEN + sealed.len() + Hash::LEN);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&encode(self));
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&sealed);
        let hash = hash(Label::ARCHIVE_RECORD, &[&bytes]);
        bytes.extend_from_slice(hash.as_bytes());
        bytes
    }

    fn info(&self) -> Vec<u8> {
        [&Label::ARCHIVE.padded()[..], &encode(self)].concat()
    }
}

impl ArchiveRecord {
    /// Reads a record, and checks that it is whole. Nothing of it is believed: anybody can seal to
    /// a public key.
    pub fn parse(bytes: &[u8]) -> Result<Self, ArchiveFault> {
        if bytes.len() > limits::ARCHIVE_RECORD_BYTES_MAX {
            return Err(ArchiveFault::TooLong(bytes.len()));
        }
        if !bytes.starts_with(&MAGIC) {
            return Err(ArchiveFault::NotARecord);
        }
        let (written, stated) = bytes
            .split_last_chunk::<{ Hash::LEN }>()
            .ok_or(ArchiveFault::Altered)?;
        let hash = hash(Label::ARCHIVE_RECORD, &[written]);
        if hash.as_bytes() != stated {
            return Err(ArchiveFault::Altered);
        }
        let (head, sealed) = written
            .split_first_chunk::<HEAD_LEN>()
            .ok_or(ArchiveFault::Altered)?;
        let (_, head) = head.split_at(MAGIC.len());
        let (place, length) = head.split_at(PLACE_LEN);
        if let Some((version, _)) = place.split_first_chunk::<2>() {
            match u16::from_le_bytes(*version) {
                ArchivePlace::VERSION => {}
                other => return Err(ArchiveFault::Version(other)),
            }
        }
        let place: ArchivePlace = decode(place).map_err(ArchiveFault::Form)?;
        if u32::try_from(sealed.len()).is_ok_and(|found| found.to_le_bytes() != *length) {
            return Err(ArchiveFault::Form(DecodeError::Invalid(
                "the sealed export has another length than the record says",
            )));
        }
        Ok(Self {
            place,
            sealed: sealed.to_vec(),
            hash,
        })
    }

    /// Where it says it belongs.
    pub fn place(&self) -> &ArchivePlace {
        &self.place
    }

    /// Its hash, which the next one names.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The bytes of the record.
    pub fn to_bytes(&self) -> Vec<u8> {
        let length = u32::try_from(self.sealed.len()).unwrap_or(u32::MAX);
        let parts = [
            &MAGIC[..],
            &encode(&self.place),
            &length.to_le_bytes(),
            &self.sealed,
            self.hash.as_bytes(),
        ];
        parts.concat()
    }

    /// Opens it: the bytes of the export, which prove themselves.
    pub fn open(&self, key: &SealingSecretKey) -> Result<Zeroizing<Vec<u8>>, ArchiveFault> {
        if key.public_key().id() != self.place.key {
            return Err(ArchiveFault::OtherKey(self.place.key));
        }
        key.open(&self.place.info(), &self.sealed)
            .map_err(|_: hpke::OpenError| ArchiveFault::Refused)
    }
}

impl ArchiveFault {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotARecord => "not-an-archive-record",
            Self::TooLong(_) => "archive-record-too-long",
            Self::Altered => "archive-record-altered",
            Self::Version(_) => "archive-record-version",
            Self::Form(_) => "archive-record-form",
            Self::OtherKey(_) => "archive-other-key",
            Self::Refused => "archive-record-refused",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SealingSecretKey {
        SealingSecretKey::from_seed([1; 32])
    }

    fn place() -> ArchivePlace {
        ArchivePlace {
            version: ArchivePlace::VERSION,
            key: key().public_key().id(),
            chain: ChainId::from_bytes([2; 16]),
            number: 3,
            previous: Hash::from_bytes([4; 32]),
        }
    }

    fn sealed() -> Vec<u8> {
        place().seal(&key().public_key(), b"an export", &[5; 64])
    }

    #[test]
    fn a_record_opens_with_its_key_and_with_no_other() {
        let record = ArchiveRecord::parse(&sealed()).unwrap();
        assert_eq!(*record.place(), place());
        assert_eq!(record.to_bytes(), sealed());
        assert_eq!(record.open(&key()).unwrap().as_slice(), b"an export");
        let other = SealingSecretKey::from_seed([2; 32]);
        let refused = record.open(&other).unwrap_err();
        assert_eq!(refused, ArchiveFault::OtherKey(place().key));
    }

    #[test]
    fn every_byte_of_a_record_counts() {
        let honest = sealed();
        for at in 0..honest.len() {
            let mut bytes = honest.clone();
            bytes[at] ^= 1;
            let expected = match at {
                0..16 => ArchiveFault::NotARecord,
                _ => ArchiveFault::Altered,
            };
            assert_eq!(ArchiveRecord::parse(&bytes), Err(expected));
            assert!(ArchiveRecord::parse(&honest[..at]).is_err());
        }
        let longer = [&honest[..], &[0]].concat();
        assert_eq!(ArchiveRecord::parse(&longer), Err(ArchiveFault::Altered));
    }

    /// The record as somebody writes it who makes the hash anew.
    fn rewritten(change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut bytes = sealed();
        bytes.truncate(bytes.len() - Hash::LEN);
        change(&mut bytes);
        let hash = hash(Label::ARCHIVE_RECORD, &[&bytes]);
        [&bytes[..], hash.as_bytes()].concat()
    }

    #[test]
    fn a_record_in_another_place_does_not_open_for_whoever_makes_its_hash_anew() {
        let (chain, number, previous) = (16 + 2 + 32, 16 + 2 + 32 + 16, 16 + 2 + 32 + 16 + 8);
        for at in [chain, number, previous, HEAD_LEN, HEAD_LEN + 1_120] {
            let moved = rewritten(|bytes| bytes[at] ^= 1);
            let record = ArchiveRecord::parse(&moved).unwrap();
            assert_eq!(record.open(&key()).unwrap_err(), ArchiveFault::Refused);
        }
        let parsed = |change: fn(&mut Vec<u8>)| ArchiveRecord::parse(&rewritten(change));
        assert_eq!(parsed(|bytes| bytes[16] = 2), Err(ArchiveFault::Version(2)));
        let fault = parsed(|bytes| bytes.push(0)).unwrap_err();
        assert_eq!(fault.code(), "archive-record-form");
        assert_eq!(
            parsed(|bytes| bytes.truncate(HEAD_LEN - 1)),
            Err(ArchiveFault::Altered)
        );
        let huge = vec![b'm'; limits::ARCHIVE_RECORD_BYTES_MAX + 1];
        assert_eq!(
            ArchiveRecord::parse(&huge),
            Err(ArchiveFault::TooLong(huge.len()))
        );
    }
}
