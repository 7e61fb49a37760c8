//! Checkpoints: the live records up to one batch, in the order of their keys.
//!
//! A checkpoint is made of the one before it and the segments sealed since, never of the index: what
//! the index might lose can then never become the truth, and the result is exact.

use std::collections::{BTreeMap, btree_map};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::damage::Damage;
use crate::disk::{self, Disk, Output};
use crate::log::frame::{self, FRAME_HEADER_LEN, FrameHeader};
use crate::log::ops;
use crate::log::reader::{ReadError, Segment, check_header};
use crate::log::segment::{self, HEADER_LEN, Header, Kind};
use crate::store::BATCH_BYTES_MAX;
use crate::store_id::StoreId;

/// When a frame of records is written out.
const FRAME_BYTES: usize = 256 * 1024;

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

/// Why a checkpoint was not written.
#[derive(Debug)]
pub(crate) enum CheckpointError {
    /// The caller's `go_on` said no; the log stays as it is.
    Stopped,
    /// The volume has no room; the log stays as it is.
    NoRoom,
    /// The truth cannot be read, or is damaged.
    Read(ReadError),
    /// A write, a sync or a rename failed.
    Write(io::Error),
}

impl From<Damage> for CheckpointError {
    fn from(damage: Damage) -> Self {
        Self::Read(damage.into())
    }
}

impl From<ReadError> for CheckpointError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<io::Error> for CheckpointError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull => Self::NoRoom,
            _ => Self::Write(error),
        }
    }
}

/// What a checkpoint is to be made of.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    /// Where the checkpoint stands.
    pub(crate) path: &'a Path,
    /// Where the segments stand.
    pub(crate) log_folder: &'a Path,
    /// The store they must all belong to.
    pub(crate) store_id: StoreId,
    /// The newest batch to be covered: the last one of the last segment.
    pub(crate) covers: u64,
    /// The first numbers of the segments since the last checkpoint, all sealed.
    pub(crate) segments: &'a [u64],
}

impl Plan<'_> {
    /// Writes the checkpoint in place of the one before it and returns its length. Whether it may
    /// `go_on` is asked before every frame.
    pub(crate) fn write(
        &self,
        disk: &dyn Disk,
        go_on: &dyn Fn() -> Result<(), CheckpointError>,
    ) -> Result<u64, CheckpointError> {
        let written = self.write_unfinished(disk, go_on);
        if written.is_err() {
            // What stays behind is removed when the store is opened again.
            let _ = disk.remove(&disk::unfinished_name(self.path));
        }
        let writer = written?;
        disk::finish(disk, writer.output, self.path).map_err(CheckpointError::Write)?;
        Ok(writer.bytes)
    }

    fn write_unfinished(
        &self,
        disk: &dyn Disk,
        go_on: &dyn Fn() -> Result<(), CheckpointError>,
    ) -> Result<CheckpointWriter, CheckpointError> {
        let mut older = CheckpointReader::open(self.path)?;
        let covered = older.as_ref().map_or(0, |reader| reader.header().number);
        let mut newer = self.newest_writes(covered, go_on)?;
        let header = Header {
            kind: Kind::Checkpoint,
            store_id: self.store_id,
            number: self.covers,
        };
        let mut writer = CheckpointWriter::create(disk, self.path, header)?;
        while let Some(records) = next_run(&mut older)? {
            go_on()?;
            for (key, value) in records {
                newer.write_before(&key, &mut writer)?;
                match newer.writes.next_if(|(newer, _)| *newer == key) {
                    Some((_, place)) => newer.write_one(&mut writer, &key, place)?,
                    None => writer.add(&key, &value)?,
                }
            }
        }
        go_on()?;
        newer.write_rest(&mut writer)?;
        writer.end()?;
        Ok(writer)
    }

    /// Verifies the segments and notes the last write of every key in them.
    fn newest_writes(
        &self,
        covered: u64,
        go_on: &dyn Fn() -> Result<(), CheckpointError>,
    ) -> Result<NewestWrites, CheckpointError> {
        let mut writes = BTreeMap::new();
        let mut expected = covered + 1;
        for (source, first) in self.segments.iter().enumerate() {
            go_on()?;
            if *first != expected {
                return Err(Damage::Gap {
                    expected,
                    found: *first,
                }
                .into());
            }
            let segment = Segment::read(self.log_folder, *first)?;
            segment.expect_store(self.store_id)?;
            let extent = segment.sealed_extent()?;
            segment.each_batch(extent, |_, payload_offset, ops| {
                for op in ops {
                    let place = op.value.map(|value| Place {
                        source,
                        offset: payload_offset + op.value_offset,
                        length: value.len(),
                        crc: crc32c::crc32c(value),
                    });
                    writes.insert(op.key.to_vec(), place);
                }
                Ok::<(), CheckpointError>(())
            })?;
            expected = extent.next;
        }
        if expected != self.covers + 1 {
            return Err(Damage::Gap {
                expected: self.covers,
                found: expected,
            }
            .into());
        }
        let path = |first: &u64| segment::path(self.log_folder, *first);
        let sources = self.segments.iter().map(path).collect();
        Ok(NewestWrites {
            writes: writes.into_iter().peekable(),
            sources,
            open: None,
        })
    }
}

fn next_run(reader: &mut Option<CheckpointReader>) -> Result<Option<Vec<Record>>, ReadError> {
    reader
        .as_mut()
        .map_or(Ok(None), CheckpointReader::next_records)
}

/// Where in the log a value stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    source: usize,
    offset: usize,
    length: usize,
    crc: u32,
}

/// The last write of every key in some segments, in the order of keys; values stay on disk.
#[derive(Debug)]
struct NewestWrites {
    writes: Peekable<btree_map::IntoIter<Vec<u8>, Option<Place>>>,
    sources: Vec<PathBuf>,
    open: Option<(usize, File)>,
}

impl NewestWrites {
    fn write_before(
        &mut self,
        key: &[u8],
        writer: &mut CheckpointWriter,
    ) -> Result<(), CheckpointError> {
        while let Some((key, place)) = self.writes.next_if(|(newer, _)| **newer < *key) {
            self.write_one(writer, &key, place)?;
        }
        Ok(())
    }

    fn write_rest(&mut self, writer: &mut CheckpointWriter) -> Result<(), CheckpointError> {
        while let Some((key, place)) = self.writes.next() {
            self.write_one(writer, &key, place)?;
        }
        Ok(())
    }

    fn write_one(
        &mut self,
        writer: &mut CheckpointWriter,
        key: &[u8],
        place: Option<Place>,
    ) -> Result<(), CheckpointError> {
        let Some(place) = place else { return Ok(()) };
        let path = self.sources[place.source].clone();
        let value = self
            .read(place)
            .map_err(|error| ReadError::Io(path.clone(), error))?;
        if crc32c::crc32c(&value) != place.crc {
            return Err(Damage::Record {
                file: path,
                offset: place.offset,
            }
            .into());
        }
        Ok(writer.add(key, &value)?)
    }

    fn read(&mut self, place: Place) -> io::Result<Vec<u8>> {
        let mut file = match self.open.take() {
            Some((source, file)) if source == place.source => file,
            _ => File::open(&self.sources[place.source])?,
        };
        let mut value = vec![0; place.length];
        file.seek(SeekFrom::Start(place.offset as u64))?;
        file.read_exact(&mut value)?;
        self.open = Some((place.source, file));
        Ok(value)
    }
}

/// Writes a checkpoint under its unfinished name.
struct CheckpointWriter {
    output: Box<dyn Output>,
    header: Header,
    payload: Vec<u8>,
    buffer: Vec<u8>,
    frames: u64,
    bytes: u64,
}

impl CheckpointWriter {
    fn create(disk: &dyn Disk, path: &Path, header: Header) -> io::Result<Self> {
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

    fn add(&mut self, key: &[u8], value: &[u8]) -> io::Result<()> {
        ops::encode(key, Some(value), &mut self.payload);
        if self.payload.len() >= FRAME_BYTES {
            self.write_frame()
        } else {
            Ok(())
        }
    }

    /// Writes what is left, and the empty frame that ends a checkpoint.
    fn end(&mut self) -> io::Result<()> {
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
