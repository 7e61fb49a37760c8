//! A run at work: open for reading any block of it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::log::frame::{self, FRAME_HEADER_LEN};
use crate::log::reader::ReadError;
use crate::log::segment::RUN_VERSION;
use crate::run::filter::Filter;
use crate::run::footer::{FOOTER_FRAME_LEN, Footer};
use crate::run::id::RunId;
use crate::run::policy::Weight;
use crate::run::reader::{BlockPlace, RunReader, damage_at, read_head};
use crate::store_id::StoreId;

/// An open run.
#[derive(Debug)]
pub(crate) struct Run {
    store_id: StoreId,
    id: RunId,
    path: PathBuf,
    file: File,
    seed: u32,
    bytes: u64,
    footer: Footer,
    filter: Filter,
    knows_beginnings: bool,
}

/// Tells whether one of several runs may hold a key; a no is certain.
pub(crate) fn may_hold(runs: &[Arc<Run>], key: &[u8]) -> bool {
    runs.iter().any(|run| run.may_hold(key))
}

impl Run {
    /// Opens the run `id`: head, footer and filter are verified, its blocks when they are read.
    pub(crate) fn open(runs: &Path, store_id: StoreId, id: RunId) -> Result<Self, ReadError> {
        Self::open_at(&id.path(runs), store_id, id)
    }

    /// Opens the run `id` in a file of any name.
    pub(crate) fn open_at(path: &Path, store_id: StoreId, id: RunId) -> Result<Self, ReadError> {
        let failed = |error| ReadError::Io(path.to_path_buf(), error);
        let file = File::open(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let header = read_head(path, store_id, id, &mut &file)?;
        let mut run = Self {
            store_id,
            id,
            path: path.to_path_buf(),
            file,
            seed: header.seed(),
            bytes,
            footer: Footer::default(),
            filter: Filter::for_keys(0),
            knows_beginnings: header.version == RUN_VERSION,
        };
        run.read_ends()?;
        Ok(run)
    }

    fn read_ends(&mut self) -> Result<(), ReadError> {
        let damage = || damage_at(&self.path, self.bytes);
        let offset = self.bytes.checked_sub(FOOTER_FRAME_LEN as u64);
        let (last, payload, _) = self.read_frame(offset.ok_or_else(damage)?)?;
        let footer = Footer::decode(&payload).ok_or_else(damage)?;
        if last != footer.blocks + u64::from(footer.filter_frames) + 1 {
            return Err(damage());
        }
        let mut parts = Vec::new();
        let mut offset = footer.filter_offset;
        for part in 1..=u64::from(footer.filter_frames) {
            let (number, payload, end) = self.read_frame(offset)?;
            if number != footer.blocks + part {
                return Err(damage_at(&self.path, offset));
            }
            parts.push(payload);
            offset = end;
        }
        self.filter = Filter::from_bytes(parts.concat()).ok_or_else(damage)?;
        self.footer = footer;
        Ok(())
    }

    pub(crate) fn id(&self) -> RunId {
        self.id
    }

    /// The length of its file.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn footer(&self) -> Footer {
        self.footer
    }

    /// What it weighs in the decision which runs are merged.
    pub(crate) fn weight(&self) -> Weight {
        Weight {
            bytes: self.bytes,
            puts: self.footer.puts,
            deletes: self.footer.deletes,
        }
    }

    /// Tells whether the run may hold the key; a no is certain.
    pub(crate) fn may_hold(&self, key: &[u8]) -> bool {
        self.filter.may_hold(key)
    }

    /// Tells whether the run may hold a key in `from..to`; a no is certain.
    pub(crate) fn may_hold_any(&self, from: &[u8], to: Option<&[u8]>) -> bool {
        !self.knows_beginnings || self.filter.may_hold_any(from, to)
    }

    /// Reads it from beginning to end.
    pub(crate) fn reader(&self) -> Result<RunReader, ReadError> {
        RunReader::open(&self.path, self.store_id, self.id, self.footer)
    }

    /// Says that the run is damaged at a place.
    pub(crate) fn damage_at(&self, offset: u64) -> ReadError {
        damage_at(&self.path, offset)
    }

    /// Reads one block's payload and verifies it.
    pub(crate) fn read_block(&self, place: BlockPlace) -> Result<Vec<u8>, ReadError> {
        let (_, payload, end) = self.read_frame(place.offset)?;
        let length = (FRAME_HEADER_LEN + payload.len()) as u64;
        if end != place.offset + length || place.payload_bytes as usize != payload.len() {
            return Err(damage_at(&self.path, place.offset));
        }
        Ok(payload)
    }

    /// Reads a frame: its number, its payload, and where it ends.
    fn read_frame(&self, offset: u64) -> Result<(u64, Vec<u8>, u64), ReadError> {
        let damage = || damage_at(&self.path, offset);
        let mut head = [0; FRAME_HEADER_LEN];
        self.read_exact_at(offset, &mut head)?;
        let header = frame::FrameHeader::decode(self.seed, &head)
            .filter(|header| header.synced == self.id.first)
            .ok_or_else(damage)?;
        let begin = offset + FRAME_HEADER_LEN as u64;
        let end = begin.saturating_add(header.payload_len as u64);
        if end > self.bytes {
            return Err(damage());
        }
        let mut payload = vec![0; header.payload_len];
        self.read_exact_at(begin, &mut payload)?;
        if header.fits(self.seed, &payload) {
            Ok((header.number, payload, end))
        } else {
            Err(damage())
        }
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), ReadError> {
        read_exact_at(&self.file, offset, buffer).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => damage_at(&self.path, offset),
            _ => ReadError::Io(self.path.clone(), error),
        })
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !buffer.is_empty() {
        match file.seek_read(buffer, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                buffer = &mut buffer[read..];
                offset += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
