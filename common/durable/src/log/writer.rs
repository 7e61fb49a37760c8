//! Adds to the log: one write and one sync for every group of batches.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::batch::Op;
use crate::disk::{self, Disk, Output};
use crate::log::frame;
use crate::log::ops;
use crate::log::segment::{self, FORMAT_VERSION, HEADER_LEN, Header, Kind};
use crate::store_id::StoreId;

/// A segment that nothing is added to any more, all of it synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sealed {
    /// The number of its first batch.
    pub(crate) first: u64,
    /// Its length.
    pub(crate) bytes: u64,
    /// What its batches weigh in memory until a run holds them.
    pub(crate) pending_bytes: usize,
}

/// The end of the log.
pub(crate) struct LogWriter {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    header: Header,
    output: Box<dyn Output>,
    bytes: u64,
    pending_bytes: usize,
    newest: u64,
    buffer: Vec<u8>,
}

impl LogWriter {
    /// Begins the segment that follows batch `newest`.
    pub(crate) fn create(
        disk: Arc<dyn Disk>,
        folder: &Path,
        store_id: StoreId,
        newest: u64,
    ) -> io::Result<Self> {
        let header = Header {
            kind: Kind::Segment,
            version: FORMAT_VERSION,
            store_id,
            number: newest + 1,
        };
        Self::begin(disk, folder, header, newest, &header.encode(), 0)
    }

    /// Continues a segment whose good part is `content`, of `pending_bytes` in memory.
    ///
    /// The segment is written anew: what a failed sync left in memory only would otherwise be read
    /// back, found good, and called durable by the next sync, though it never reached the disk.
    pub(crate) fn resume(
        disk: Arc<dyn Disk>,
        folder: &Path,
        header: Header,
        newest: u64,
        content: &[u8],
        pending_bytes: usize,
    ) -> io::Result<Self> {
        Self::begin(disk, folder, header, newest, content, pending_bytes)
    }

    fn begin(
        disk: Arc<dyn Disk>,
        folder: &Path,
        header: Header,
        newest: u64,
        content: &[u8],
        pending_bytes: usize,
    ) -> io::Result<Self> {
        let path = segment::path(folder, header.number);
        disk::replace(&*disk, &path, content)?;
        let output = disk.append(&path)?;
        let bytes = content.len() as u64;
        let folder = folder.to_path_buf();
        Ok(Self {
            disk,
            folder,
            header,
            output,
            bytes,
            pending_bytes,
            newest,
            buffer: Vec::new(),
        })
    }

    /// Returns the newest durable batch.
    pub(crate) fn newest(&self) -> u64 {
        self.newest
    }

    /// Returns the length of the segment being written.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Tells whether the segment holds no batch yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes == HEADER_LEN as u64
    }

    /// Writes the batches that follow the newest, which weigh `pending_bytes` in memory, and
    /// returns once they are durable.
    pub(crate) fn append(&mut self, batches: &[Arc<[Op]>], pending_bytes: usize) -> io::Result<()> {
        self.buffer.clear();
        let mut number = self.newest;
        for ops in batches {
            number += 1;
            frame::encode(
                self.header.seed(),
                number,
                self.newest,
                &mut self.buffer,
                |out| {
                    ops.iter()
                        .for_each(|op| ops::encode(&op.key, op.value.as_deref(), out));
                },
            );
        }
        self.output.write_all(&self.buffer)?;
        self.output.sync()?;
        self.bytes += self.buffer.len() as u64;
        self.pending_bytes += pending_bytes;
        self.newest = number;
        Ok(())
    }

    /// Seals the segment and begins the next one.
    pub(crate) fn rotate(&mut self) -> io::Result<Sealed> {
        let sealed = Sealed {
            first: self.header.number,
            bytes: self.bytes,
            pending_bytes: self.pending_bytes,
        };
        let disk = Arc::clone(&self.disk);
        *self = Self::create(disk, &self.folder, self.header.store_id, self.newest)?;
        Ok(sealed)
    }
}
