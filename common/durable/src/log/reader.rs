//! Reads segments and tells a torn end from damage.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::damage::Damage;
use crate::log::frame::{self, FRAME_HEADER_LEN, Frame, FrameHeader};
use crate::log::ops::{self, StoredOps};
use crate::log::segment::{self, HEADER_LEN, Header, HeaderError, Kind};
use crate::store_id::StoreId;

/// Why a file of the store could not be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The world failed; nothing is known of the store.
    Io(PathBuf, io::Error),
    /// The truth is not whole.
    Damaged(Damage),
    /// The file was written by another version.
    Version(PathBuf, u16),
}

impl ReadError {
    /// The same, as what the system might have said.
    pub(crate) fn into_io(self) -> io::Error {
        match self {
            Self::Io(_, error) => error,
            Self::Damaged(damage) => io::Error::other(damage),
            Self::Version(path, version) => {
                let path = path.display();
                io::Error::other(format!("{path} has format version {version}"))
            }
        }
    }
}

impl From<Damage> for ReadError {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}

/// A segment in memory, with its header verified.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) path: PathBuf,
    pub(crate) header: Header,
    pub(crate) bytes: Vec<u8>,
}

/// How far a segment is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    /// The number the next batch would have.
    pub(crate) next: u64,
    /// Length of the good part, header included.
    pub(crate) valid_bytes: usize,
}

/// Lists the segments of a folder by their first numbers, ascending; a folder that is not there has
/// none.
pub(crate) fn list(log_folder: &Path) -> Result<Vec<u64>, ReadError> {
    let failed = |error| ReadError::Io(log_folder.to_path_buf(), error);
    let mut firsts = Vec::new();
    let entries = match fs::read_dir(log_folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(firsts),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        firsts.extend(segment::first_of(&entry.map_err(failed)?.path()));
    }
    firsts.sort_unstable();
    Ok(firsts)
}

/// Checks the header of a file of frames.
pub(crate) fn check_header(kind: Kind, path: &Path, bytes: &[u8]) -> Result<Header, ReadError> {
    Header::decode(kind, bytes).map_err(|error| match error {
        HeaderError::Damaged => Damage::Header {
            file: path.to_path_buf(),
        }
        .into(),
        HeaderError::Version(version) => ReadError::Version(path.to_path_buf(), version),
    })
}

impl Segment {
    /// Reads the segment that begins with batch `first`.
    pub(crate) fn read(log_folder: &Path, first: u64) -> Result<Self, ReadError> {
        let path = segment::path(log_folder, first);
        let bytes = fs::read(&path).map_err(|error| ReadError::Io(path.clone(), error))?;
        let header = check_header(Kind::Segment, &path, &bytes)?;
        if header.number != first {
            return Err(Damage::Header { file: path }.into());
        }
        Ok(Self {
            path,
            header,
            bytes,
        })
    }

    /// Checks that the segment belongs to the given store.
    pub(crate) fn expect_store(&self, store_id: StoreId) -> Result<(), Damage> {
        if self.header.store_id == store_id {
            return Ok(());
        }
        Err(Damage::OtherStore {
            file: self.path.clone(),
        })
    }

    /// Finds the end of the last segment: what follows it is a torn end, or damage.
    pub(crate) fn extent(&self) -> Result<Extent, Damage> {
        let mut extent = Extent {
            next: self.header.number,
            valid_bytes: HEADER_LEN,
        };
        let seed = self.header.seed();
        while let Some(frame) = frame::decode(seed, &self.bytes[extent.valid_bytes..]) {
            if frame.number != extent.next {
                break;
            }
            extent.next += 1;
            extent.valid_bytes += FRAME_HEADER_LEN + frame.payload.len();
        }
        if self.proves_synced(extent) {
            return Err(self.damage_at(extent.valid_bytes));
        }
        Ok(extent)
    }

    /// Finds the end of a sealed segment, which has nothing behind it.
    pub(crate) fn sealed_extent(&self) -> Result<Extent, Damage> {
        let extent = self.extent()?;
        if extent.valid_bytes != self.bytes.len() {
            return Err(self.damage_at(extent.valid_bytes));
        }
        Ok(extent)
    }

    /// Calls `each` with every batch of the good part: its number and its operations.
    pub(crate) fn each_batch<'a, E: From<Damage>>(
        &'a self,
        extent: Extent,
        mut each: impl FnMut(u64, StoredOps<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        let seed = self.header.seed();
        let mut offset = HEADER_LEN;
        while offset < extent.valid_bytes {
            let damage = || self.damage_at(offset);
            let Frame { number, payload } =
                frame::decode(seed, &self.bytes[offset..]).ok_or_else(damage)?;
            let ops = ops::decode(payload).ok_or_else(damage)?;
            each(number, ops)?;
            offset += FRAME_HEADER_LEN + payload.len();
        }
        Ok(())
    }

    /// Tells whether any frame behind the good part says that the batch missing there had been
    /// synced before: then it is not the end that tore.
    fn proves_synced(&self, extent: Extent) -> bool {
        let seed = self.header.seed();
        let rest = &self.bytes[extent.valid_bytes..];
        let mut candidates = rest.windows(frame::MAGIC.len()).enumerate();
        candidates.any(|(offset, window)| {
            window == frame::MAGIC
                && FrameHeader::decode(seed, &rest[offset..])
                    .is_some_and(|header| header.synced >= extent.next)
        })
    }

    fn damage_at(&self, offset: usize) -> Damage {
        Damage::Record {
            file: self.path.clone(),
            offset: offset as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::segment::FORMAT_VERSION;

    fn segment(frames: &[(u64, u64)]) -> (Segment, Vec<usize>) {
        let header = Header {
            kind: Kind::Segment,
            version: FORMAT_VERSION,
            store_id: StoreId([1; 16]),
            number: 1,
        };
        let mut bytes = header.encode().to_vec();
        let mut ends = Vec::new();
        for (number, synced) in frames {
            frame::encode(header.seed(), *number, *synced, &mut bytes, |out| {
                ops::encode(b"\x01key", Some(b"value"), out);
            });
            ends.push(bytes.len());
        }
        (
            Segment {
                path: "s".into(),
                header,
                bytes,
            },
            ends,
        )
    }

    #[test]
    fn a_hole_in_what_was_written_together_is_a_torn_end() {
        let (mut segment, ends) = segment(&[(1, 0), (2, 1), (3, 1), (4, 1)]);
        segment.bytes[ends[0]..ends[1]].fill(0);
        let extent = segment.extent().unwrap();
        assert_eq!(
            extent,
            Extent {
                next: 2,
                valid_bytes: ends[0]
            }
        );
    }

    #[test]
    fn a_hole_before_what_was_written_later_is_damage() {
        let (mut segment, ends) = segment(&[(1, 0), (2, 1), (3, 2)]);
        segment.bytes[ends[0]..ends[1]].fill(0);
        assert_eq!(segment.extent(), Err(segment.damage_at(ends[0])));
    }

    #[test]
    fn a_sealed_segment_has_no_torn_end() {
        let (mut segment, ends) = segment(&[(1, 0), (2, 1)]);
        assert_eq!(segment.sealed_extent().map(|extent| extent.next), Ok(3));
        segment.bytes.pop();
        assert_eq!(segment.extent().map(|extent| extent.next), Ok(2));
        assert_eq!(segment.sealed_extent(), Err(segment.damage_at(ends[0])));
    }
}
