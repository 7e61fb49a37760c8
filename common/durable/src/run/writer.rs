//! Writes runs, under their unfinished name.

use std::io;
use std::path::{Path, PathBuf};

use crate::disk::{self, Disk, Output};
use crate::log::frame;
use crate::log::ops;
use crate::log::segment::{Header, Kind, RUN_VERSION};
use crate::run::error::RunError;
use crate::run::filter::{Filter, beginning_of};
use crate::run::footer::Footer;
use crate::run::id::RunId;
use crate::store_id::StoreId;

/// When a block is ended; one record more may be on top. A read of one record reads one block.
const BLOCK_BYTES: usize = 16 * 1024;

/// How much of a filter stands in one frame.
const FILTER_FRAME_BYTES: usize = 1024 * 1024;

/// How many bytes are handed to the disk at once.
const WRITE_BYTES: usize = 256 * 1024;

/// A run being written.
pub(crate) struct RunWriter {
    output: Box<dyn Output>,
    path: PathBuf,
    id: RunId,
    seed: u32,
    filter: Filter,
    /// The beginning that was noted last.
    beginning: Vec<u8>,
    footer: Footer,
    frames: u64,
    payload: Vec<u8>,
    buffer: Vec<u8>,
    written: u64,
}

impl RunWriter {
    /// Begins the run `id` in the folder of runs, with room for `keys_max` keys.
    pub(crate) fn create(
        disk: &dyn Disk,
        runs: &Path,
        store_id: StoreId,
        id: RunId,
        keys_max: u64,
    ) -> io::Result<Self> {
        Self::create_at(disk, &id.path(runs), store_id, id, keys_max)
    }

    /// Begins the run `id` in a file of any name.
    pub(crate) fn create_at(
        disk: &dyn Disk,
        path: &Path,
        store_id: StoreId,
        id: RunId,
        keys_max: u64,
    ) -> io::Result<Self> {
        let header = Header {
            kind: Kind::Run,
            version: RUN_VERSION,
            store_id,
            number: id.last,
        };
        Ok(Self {
            output: disk.create(&disk::unfinished_name(path))?,
            path: path.to_path_buf(),
            id,
            seed: header.seed(),
            filter: Filter::for_keys(keys_max.saturating_mul(2)),
            beginning: Vec::new(),
            footer: Footer::default(),
            frames: 0,
            payload: Vec::new(),
            buffer: header.encode().to_vec(),
            written: 0,
        })
    }

    /// Adds the last write of the key that follows.
    pub(crate) fn add(&mut self, key: &[u8], value: Option<&[u8]>) -> io::Result<()> {
        ops::encode(key, value, &mut self.payload);
        self.filter.insert(key);
        if let Some(beginning) = beginning_of(key)
            && beginning != self.beginning
        {
            self.filter.insert(beginning);
            self.beginning.clear();
            self.beginning.extend_from_slice(beginning);
        }
        match value {
            Some(_) => self.footer.puts += 1,
            None => self.footer.deletes += 1,
        }
        if self.payload.len() >= BLOCK_BYTES {
            self.end_block()
        } else {
            Ok(())
        }
    }

    /// Ends the run: writes what is left, syncs it, names it, syncs the name.
    pub(crate) fn finish(mut self, disk: &dyn Disk) -> Result<(), RunError> {
        self.write_end()?;
        self.output.sync()?;
        drop(self.output);
        disk::put_in_place(disk, &self.path).map_err(RunError::Write)
    }

    fn write_end(&mut self) -> io::Result<()> {
        if !self.payload.is_empty() {
            self.end_block()?;
        }
        self.footer.filter_offset = self.written + self.buffer.len() as u64;
        let filter = std::mem::replace(&mut self.filter, Filter::for_keys(0));
        for part in filter.as_bytes().chunks(FILTER_FRAME_BYTES) {
            self.footer.filter_frames += 1;
            self.write_frame(part)?;
        }
        let footer = self.footer.encode();
        self.write_frame(&footer)?;
        self.output.write_all(&self.buffer)
    }

    fn end_block(&mut self) -> io::Result<()> {
        self.footer.blocks += 1;
        let payload = std::mem::take(&mut self.payload);
        self.write_frame(&payload)?;
        self.payload = payload;
        self.payload.clear();
        Ok(())
    }

    fn write_frame(&mut self, payload: &[u8]) -> io::Result<()> {
        self.frames += 1;
        let (number, first) = (self.frames, self.id.first);
        frame::encode(self.seed, number, first, &mut self.buffer, |out| {
            out.extend_from_slice(payload);
        });
        if self.buffer.len() >= WRITE_BYTES {
            self.output.write_all(&self.buffer)?;
            self.written += self.buffer.len() as u64;
            self.buffer.clear();
        }
        Ok(())
    }
}
