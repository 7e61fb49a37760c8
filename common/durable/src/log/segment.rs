//! The head and the name of a file of frames.

use std::path::{Path, PathBuf};

use crate::store_id::StoreId;

/// The format of everything that is written; a later one is refused, not set aside.
pub(crate) const FORMAT_VERSION: u16 = 2;

/// The format of runs. Their filters know the beginnings of keys as well, which those of
/// [`FORMAT_VERSION`] do not.
pub(crate) const RUN_VERSION: u16 = 3;

/// The format before, whose segments are the same but for the number, and which had a checkpoint
/// instead of runs.
pub(crate) const PREVIOUS_VERSION: u16 = 1;

/// Length of a [`Header`].
pub(crate) const HEADER_LEN: usize = 40;

/// What kind of frames a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Batches, in the order in which they were committed.
    Segment,
    /// The last write of every key, in the order of keys.
    Run,
    /// Of the previous format: every live record, in the order of keys.
    Checkpoint,
}

impl Kind {
    fn magic(self) -> [u8; 8] {
        match self {
            Self::Segment => *b"MAILLOG\n",
            Self::Run => *b"MAILRUN\n",
            Self::Checkpoint => *b"MAILCKP\n",
        }
    }

    fn has(self, version: u16) -> bool {
        match self {
            Self::Segment => version == FORMAT_VERSION || version == PREVIOUS_VERSION,
            Self::Run => version == RUN_VERSION || version == FORMAT_VERSION,
            Self::Checkpoint => version == PREVIOUS_VERSION,
        }
    }
}

/// The first bytes of a file of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: Kind,
    /// The format of the file.
    pub(crate) version: u16,
    /// The store the file belongs to.
    pub(crate) store_id: StoreId,
    /// Segment: the number of its first batch. Run, checkpoint: the number of the last it covers.
    pub(crate) number: u64,
}

/// Why a header could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HeaderError {
    /// Not a header of this kind, or a damaged one.
    Damaged,
    /// A header of another version of this program.
    Version(u16),
}

impl Header {
    /// Writes the header: magic, version, two zero bytes, store id, number, crc32c of all that.
    pub(crate) fn encode(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..8].copy_from_slice(&self.kind.magic());
        bytes[8..10].copy_from_slice(&self.version.to_be_bytes());
        bytes[12..28].copy_from_slice(&self.store_id.0);
        bytes[28..36].copy_from_slice(&self.number.to_be_bytes());
        let crc = crc32c::crc32c(&bytes[..36]);
        bytes[36..].copy_from_slice(&crc.to_be_bytes());
        bytes
    }

    /// Reads a header of the given kind from the beginning of `bytes`.
    pub(crate) fn decode(kind: Kind, bytes: &[u8]) -> Result<Self, HeaderError> {
        let head = bytes
            .first_chunk::<HEADER_LEN>()
            .ok_or(HeaderError::Damaged)?;
        let (body, crc) = head.split_at(36);
        if crc32c::crc32c(body).to_be_bytes() != crc || body[..8] != kind.magic() {
            return Err(HeaderError::Damaged);
        }
        let version = u16::from_be_bytes([body[8], body[9]]);
        if !kind.has(version) {
            return Err(HeaderError::Version(version));
        }
        let store_id = body[12..]
            .first_chunk()
            .copied()
            .ok_or(HeaderError::Damaged)?;
        let number = body[28..]
            .first_chunk()
            .copied()
            .ok_or(HeaderError::Damaged)?;
        Ok(Self {
            kind,
            version,
            store_id: StoreId(store_id),
            number: u64::from_be_bytes(number),
        })
    }

    /// Returns what every checksum in the file begins with, so that no frame verifies elsewhere.
    pub(crate) fn seed(&self) -> u32 {
        crc32c::crc32c(&self.encode()[..36])
    }
}

/// Names the segment that begins with batch `first`.
pub(crate) fn path(log_folder: &Path, first: u64) -> PathBuf {
    log_folder.join(format!("{first:020}.log"))
}

/// Reads the first batch number out of a segment's name.
pub(crate) fn first_of(path: &Path) -> Option<u64> {
    let digits = path.file_name()?.to_str()?.strip_suffix(".log")?;
    (digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(())?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header = Header {
        kind: Kind::Segment,
        version: FORMAT_VERSION,
        store_id: StoreId([7; 16]),
        number: 42,
    };

    #[test]
    fn a_header_comes_back_and_no_flipped_bit_passes() {
        let bytes = HEADER.encode();
        assert_eq!(Header::decode(Kind::Segment, &bytes), Ok(HEADER));
        assert_eq!(Header::decode(Kind::Run, &bytes), Err(HeaderError::Damaged));
        for bit in 0..HEADER_LEN * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                Header::decode(Kind::Segment, &flipped),
                Err(HeaderError::Damaged)
            );
        }
    }

    #[test]
    fn names_sort_like_numbers_and_come_back() {
        assert!(path(Path::new("log"), 9) < path(Path::new("log"), 10));
        assert_eq!(first_of(&path(Path::new("log"), u64::MAX)), Some(u64::MAX));
        assert_eq!(first_of(Path::new("log/1.log")), None);
        assert_eq!(
            first_of(Path::new("log/00000000000000000001.log.new")),
            None
        );
    }
}
