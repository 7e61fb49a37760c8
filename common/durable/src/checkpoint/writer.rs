//! Writes checkpoints, under their unfinished name.

use std::io;
use std::path::Path;

use crate::disk::{self, Disk, Output};
use crate::log::frame;
use crate::log::ops;
use crate::log::segment::{HEADER_LEN, Header};

/// When a frame of records is written out.
const FRAME_BYTES: usize = 256 * 1024;

/// A checkpoint being written.
pub(crate) struct CheckpointWriter {
    pub(crate) output: Box<dyn Output>,
    header: Header,
    payload: Vec<u8>,
    buffer: Vec<u8>,
    frames: u64,
    pub(crate) bytes: u64,
}

impl CheckpointWriter {
    /// Begins a checkpoint.
    pub(crate) fn create(disk: &dyn Disk, path: &Path, header: Header) -> io::Result<Self> {
        let mut output = disk.create(&disk::unfinished_name(path))?;
        output.write_all(&header.encode())?;
        let (payload, buffer) = (Vec::new(), Vec::new());
        Ok(Self {
            output,
            header,
            payload,
            buffer,
            frames: 0,
            bytes: HEADER_LEN as u64,
        })
    }

    /// Adds the record that follows.
    pub(crate) fn add(&mut self, key: &[u8], value: &[u8]) -> io::Result<()> {
        ops::encode(key, Some(value), &mut self.payload);
        if self.payload.len() >= FRAME_BYTES {
            self.write_frame()
        } else {
            Ok(())
        }
    }

    /// Writes what is left, and the empty frame that ends a checkpoint.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        if !self.payload.is_empty() {
            self.write_frame()?;
        }
        self.write_frame()
    }

    fn write_frame(&mut self) -> io::Result<()> {
        self.frames += 1;
        self.buffer.clear();
        let (seed, covers) = (self.header.seed(), self.header.number);
        frame::encode(seed, self.frames, covers, &mut self.buffer, |out| {
            out.append(&mut self.payload);
        });
        self.bytes += self.buffer.len() as u64;
        self.output.write_all(&self.buffer)
    }
}
