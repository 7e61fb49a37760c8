//! Reads a run from beginning to end, verifying all of it.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::damage::Damage;
use crate::log::frame::{FRAME_HEADER_LEN, FrameHeader};
use crate::log::ops;
use crate::log::reader::{ReadError, check_header};
use crate::log::segment::{HEADER_LEN, Header, Kind};
use crate::run::footer::Footer;
use crate::run::id::RunId;
use crate::store::BATCH_BYTES_MAX;
use crate::store_id::StoreId;

/// How much is read from the disk at once.
const READ_BYTES: usize = 256 * 1024;

/// Where a block stands in its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockPlace {
    /// Where its frame begins.
    pub(crate) offset: u64,
    /// The length of its payload.
    pub(crate) payload_bytes: u32,
}

/// A verified block.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) place: BlockPlace,
    pub(crate) payload: Vec<u8>,
}

/// The blocks of a run, in order; behind the last one everything else is verified too.
#[derive(Debug)]
pub(crate) struct RunReader {
    path: PathBuf,
    id: RunId,
    seed: u32,
    input: BufReader<File>,
    bytes: u64,
    offset: u64,
    frames: u64,
    counted: Footer,
    last_key: Vec<u8>,
    footer: Footer,
}

impl RunReader {
    /// Begins to read the run `id` of a store. The footer is that of the opened run.
    pub(crate) fn open(
        path: &Path,
        store_id: StoreId,
        id: RunId,
        footer: Footer,
    ) -> Result<Self, ReadError> {
        let failed = |error| ReadError::Io(path.to_path_buf(), error);
        let file = File::open(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let mut input = BufReader::with_capacity(READ_BYTES, file);
        let seed = read_head(path, store_id, id, &mut input)?.seed();
        Ok(Self {
            path: path.to_path_buf(),
            id,
            seed,
            input,
            bytes,
            offset: HEADER_LEN as u64,
            frames: 0,
            counted: Footer::default(),
            last_key: Vec::new(),
            footer,
        })
    }

    /// Reads the next block; `None` behind the last, when all of the run is verified.
    pub(crate) fn next_block(&mut self) -> Result<Option<Block>, ReadError> {
        if self.counted.blocks == self.footer.blocks {
            return self.finish().map(|()| None);
        }
        let offset = self.offset;
        let payload = self.next_payload()?;
        let ops = ops::decode(&payload).filter(|ops| !ops.is_empty());
        let ops = ops.ok_or_else(|| self.damage())?;
        self.counted.blocks += 1;
        for op in ops {
            if op.key <= self.last_key.as_slice() {
                return Err(self.damage());
            }
            self.last_key.clear();
            self.last_key.extend_from_slice(op.key);
            match op.value {
                Some(_) => self.counted.puts += 1,
                None => self.counted.deletes += 1,
            }
        }
        let payload_bytes = u32::try_from(payload.len()).map_err(|_| self.damage())?;
        let place = BlockPlace {
            offset,
            payload_bytes,
        };
        Ok(Some(Block { place, payload }))
    }

    /// Verifies what stands behind the blocks.
    fn finish(&mut self) -> Result<(), ReadError> {
        if self.frames > self.counted.blocks {
            return Ok(());
        }
        self.counted.filter_offset = self.offset;
        while self.counted.filter_frames < self.footer.filter_frames {
            self.next_payload()?;
            self.counted.filter_frames += 1;
        }
        let payload = self.next_payload()?;
        let whole = Footer::decode(&payload) == Some(self.counted) && self.offset == self.bytes;
        if whole { Ok(()) } else { Err(self.damage()) }
    }

    fn next_payload(&mut self) -> Result<Vec<u8>, ReadError> {
        let mut head = [0; FRAME_HEADER_LEN];
        self.read_exact(&mut head)?;
        let header = FrameHeader::decode(self.seed, &head)
            .filter(|header| header.number == self.frames + 1 && header.synced == self.id.first)
            .filter(|header| header.payload_len <= BATCH_BYTES_MAX)
            .ok_or_else(|| self.damage())?;
        let mut payload = vec![0; header.payload_len];
        self.read_exact(&mut payload)?;
        if !header.fits(self.seed, &payload) {
            return Err(self.damage());
        }
        self.frames += 1;
        self.offset += (FRAME_HEADER_LEN + payload.len()) as u64;
        Ok(payload)
    }

    fn read_exact(&mut self, buffer: &mut [u8]) -> Result<(), ReadError> {
        let read = self.input.read_exact(buffer);
        read.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.damage(),
            _ => ReadError::Io(self.path.clone(), error),
        })
    }

    fn damage(&self) -> ReadError {
        damage_at(&self.path, self.offset)
    }
}

/// Reads the head of a run's file.
pub(crate) fn read_head(
    path: &Path,
    store_id: StoreId,
    id: RunId,
    input: &mut impl Read,
) -> Result<Header, ReadError> {
    let mut head = Vec::with_capacity(HEADER_LEN);
    input
        .take(HEADER_LEN as u64)
        .read_to_end(&mut head)
        .map_err(|error| ReadError::Io(path.to_path_buf(), error))?;
    let header = check_header(Kind::Run, path, &head)?;
    let file = path.to_path_buf();
    if header.store_id != store_id {
        return Err(Damage::OtherStore { file }.into());
    }
    if header.number != id.last {
        return Err(Damage::Header { file }.into());
    }
    Ok(header)
}

/// Says that a run is damaged at a place.
pub(crate) fn damage_at(path: &Path, offset: u64) -> ReadError {
    Damage::Record {
        file: path.to_path_buf(),
        offset,
    }
    .into()
}
