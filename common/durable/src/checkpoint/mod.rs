//! Checkpoints: the live records up to one batch, in the order of their keys.
//!
//! A checkpoint is made of the one before it and the segments sealed since, never of the index:
//! what the index might lose can then never become the truth, and the result is exact.

pub(crate) mod reader;
pub(crate) mod writer;

use std::collections::{BTreeMap, btree_map};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::iter::Peekable;
use std::path::{Path, PathBuf};

use crate::damage::Damage;
use crate::disk::{self, Disk};
use crate::log::reader::{ReadError, Segment};
use crate::log::segment::{self, Header, Kind};
use crate::store_id::StoreId;
use reader::{CheckpointReader, Record};
use writer::CheckpointWriter;

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

/// The files that hold the truth up to one batch.
#[derive(Debug, Clone)]
pub(crate) struct Sources {
    /// The checkpoint, if there is one.
    pub(crate) checkpoint: PathBuf,
    /// Where the segments stand.
    pub(crate) log_folder: PathBuf,
    /// The store they must all belong to.
    pub(crate) store_id: StoreId,
    /// The newest batch: the last one of the last segment.
    pub(crate) covers: u64,
    /// The first numbers of the segments since the checkpoint.
    pub(crate) segments: Vec<u64>,
    /// Whether the last segment may have a torn end. If not, all are sealed.
    pub(crate) may_be_torn: bool,
}

impl Sources {
    /// Writes a checkpoint of every live record to `path`, in place of what is there, and returns
    /// its length. Whether it may `go_on` is asked before every frame.
    pub(crate) fn write(
        &self,
        path: &Path,
        disk: &dyn Disk,
        go_on: &dyn Fn() -> Result<(), CheckpointError>,
    ) -> Result<u64, CheckpointError> {
        let written = self.write_unfinished(path, disk, go_on);
        if written.is_err() {
            // What stays behind is removed when the store is opened again.
            let _ = disk.remove(&disk::unfinished_name(path));
        }
        let writer = written?;
        disk::finish(disk, writer.output, path).map_err(CheckpointError::Write)?;
        Ok(writer.bytes)
    }

    fn write_unfinished(
        &self,
        path: &Path,
        disk: &dyn Disk,
        go_on: &dyn Fn() -> Result<(), CheckpointError>,
    ) -> Result<CheckpointWriter, CheckpointError> {
        let header = Header {
            kind: Kind::Checkpoint,
            store_id: self.store_id,
            number: self.covers,
        };
        let mut writer = CheckpointWriter::create(disk, path, header)?;
        self.each_record(go_on, &mut |key, value| Ok(writer.add(key, value)?))?;
        writer.end()?;
        Ok(writer)
    }

    /// Gives every live record, whole key and value, to `each`, in the order of keys; verifies all
    /// that it reads.
    pub(crate) fn each_record(
        &self,
        go_on: &dyn Fn() -> Result<(), CheckpointError>,
        each: &mut Sink<'_>,
    ) -> Result<(), CheckpointError> {
        let mut older = CheckpointReader::open(&self.checkpoint)?;
        let covered = older.as_ref().map_or(0, |reader| reader.header().number);
        let mut newer = self.newest_writes(covered, go_on)?;
        while let Some(records) = next_run(&mut older)? {
            go_on()?;
            for (key, value) in records {
                newer.give_before(&key, each)?;
                match newer.writes.next_if(|(newer, _)| *newer == key) {
                    Some((_, place)) => newer.give_one(each, &key, place)?,
                    None => each(&key, &value)?,
                }
            }
        }
        go_on()?;
        newer.give_rest(each)
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
            let segment = Segment::read(&self.log_folder, *first)?;
            segment.expect_store(self.store_id)?;
            let is_last = source + 1 == self.segments.len();
            let extent = if self.may_be_torn && is_last {
                segment.extent()?
            } else {
                segment.sealed_extent()?
            };
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
        let path = |first: &u64| segment::path(&self.log_folder, *first);
        let sources = self.segments.iter().map(path).collect();
        Ok(NewestWrites {
            writes: writes.into_iter().peekable(),
            sources,
            open: None,
        })
    }
}

/// Takes a record.
pub(crate) type Sink<'a> = dyn FnMut(&[u8], &[u8]) -> Result<(), CheckpointError> + 'a;

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
    fn give_before(&mut self, key: &[u8], each: &mut Sink<'_>) -> Result<(), CheckpointError> {
        while let Some((key, place)) = self.writes.next_if(|(newer, _)| **newer < *key) {
            self.give_one(each, &key, place)?;
        }
        Ok(())
    }

    fn give_rest(&mut self, each: &mut Sink<'_>) -> Result<(), CheckpointError> {
        while let Some((key, place)) = self.writes.next() {
            self.give_one(each, &key, place)?;
        }
        Ok(())
    }

    fn give_one(
        &mut self,
        each: &mut Sink<'_>,
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
        each(key, &value)
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
