//! Reads checkpoints.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::damage::Damage;
use crate::log::frame::{FRAME_HEADER_LEN, FrameHeader};
use crate::log::ops;
use crate::log::reader::{ReadError, check_header};
use crate::log::segment::{HEADER_LEN, Header, Kind};
use crate::store::BATCH_BYTES_MAX;

/// A live record: whole key and value.
pub(crate) type Record = (Vec<u8>, Arc<[u8]>);

/// Reads a checkpoint from beginning to end, verifying all of it.
pub(crate) struct CheckpointReader {
    path: PathBuf,
    header: Header,
    input: BufReader<File>,
    bytes: u64,
    offset: usize,
    next_frame: u64,
    ended: bool,
}

impl CheckpointReader {
    /// Opens the checkpoint, if there is one, and checks its head.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>, ReadError> {
        let failed = |error| ReadError::Io(path.to_path_buf(), error);
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let bytes = file.metadata().map_err(failed)?.len();
        let mut input = BufReader::new(file);
        let mut head = Vec::with_capacity(HEADER_LEN);
        (&mut input)
            .take(HEADER_LEN as u64)
            .read_to_end(&mut head)
            .map_err(failed)?;
        let header = check_header(Kind::Checkpoint, path, &head)?;
        let path = path.to_path_buf();
        let (offset, next_frame, ended) = (HEADER_LEN, 1, false);
        Ok(Some(Self {
            path,
            header,
            input,
            bytes,
            offset,
            next_frame,
            ended,
        }))
    }

    /// Returns the head: store id, and the newest batch the checkpoint covers.
    pub(crate) fn header(&self) -> Header {
        self.header
    }

    /// Returns the length of the file.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Reads the next run of records; `None` at the end.
    pub(crate) fn next_records(&mut self) -> Result<Option<Vec<Record>>, ReadError> {
        if self.ended {
            return Ok(None);
        }
        let payload = self.next_payload()?;
        let ops = ops::decode(&payload).ok_or_else(|| self.damage())?;
        self.offset += FRAME_HEADER_LEN + payload.len();
        self.next_frame += 1;
        if ops.is_empty() {
            // The empty frame is the end; nothing may follow it.
            if self.offset as u64 != self.bytes {
                return Err(self.damage());
            }
            self.ended = true;
            return Ok(None);
        }
        let record = |op: &ops::StoredOp<'_>| Some((op.key.to_vec(), Arc::from(op.value?)));
        ops.iter()
            .map(record)
            .collect::<Option<_>>()
            .map(Some)
            .ok_or_else(|| self.damage())
    }

    fn next_payload(&mut self) -> Result<Vec<u8>, ReadError> {
        let seed = self.header.seed();
        let mut head = [0; FRAME_HEADER_LEN];
        self.read_exact(&mut head)?;
        let header = FrameHeader::decode(seed, &head)
            .filter(|header| header.number == self.next_frame)
            .filter(|header| header.payload_len <= BATCH_BYTES_MAX)
            .ok_or_else(|| self.damage())?;
        let mut payload = vec![0; header.payload_len];
        self.read_exact(&mut payload)?;
        if header.fits(seed, &payload) {
            Ok(payload)
        } else {
            Err(self.damage())
        }
    }

    fn read_exact(&mut self, buffer: &mut [u8]) -> Result<(), ReadError> {
        self.input
            .read_exact(buffer)
            .map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => self.damage(),
                _ => ReadError::Io(self.path.clone(), error),
            })
    }

    fn damage(&self) -> ReadError {
        Damage::Record {
            file: self.path.clone(),
            offset: self.offset,
        }
        .into()
    }
}
