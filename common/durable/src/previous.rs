//! Takes in a store of the previous format.
//!
//! Format 1 had one checkpoint, of every live record, instead of runs. Its segments are read as
//! they are. A copy of the store is made first; it shares the files that are only ever replaced.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::disk::{self, Disk};
use crate::layout::Layout;
use crate::log::frame::{FRAME_HEADER_LEN, FrameHeader};
use crate::log::ops::{self, StoredOps};
use crate::log::reader::{self, ReadError, check_header};
use crate::log::segment::{self, HEADER_LEN, Header, Kind, PREVIOUS_VERSION};
use crate::open::Options;
use crate::recovery::RecoveryError;
use crate::run::error::RunError;
use crate::run::id::RunId;
use crate::run::reader::damage_at;
use crate::run::writer::RunWriter;
use crate::set_aside::free_name;
use crate::store::BATCH_BYTES_MAX;
use crate::truth::list_runs;

/// Makes a run of the checkpoint of a store of the previous format; returns where the copy is.
pub(crate) fn migrate(
    layout: &Layout,
    disk: &dyn Disk,
    options: &Options,
) -> Result<Option<PathBuf>, RecoveryError> {
    if !is_previous(layout)? {
        return Ok(None);
    }
    let checkpoint = layout.checkpoint();
    let root = layout.root();
    let copy = free_name(root, "version-1", &options.set_aside_stamp);
    copy_to(disk, layout, &copy).map_err(|error| RecoveryError::Write(copy.clone(), error))?;
    if checkpoint.exists() {
        convert(disk, layout, &checkpoint)?;
        let removed = disk.remove(&checkpoint);
        removed.map_err(|error| RecoveryError::Write(checkpoint, error))?;
    }
    Ok(Some(copy))
}

/// Tells whether the store is of the previous format, or its migration was interrupted.
pub(crate) fn is_previous(layout: &Layout) -> Result<bool, ReadError> {
    if layout.checkpoint().exists() {
        return Ok(true);
    }
    // It was converted and removed; a copy made now would lack what it held.
    if !list_runs(&layout.runs())?.is_empty() {
        return Ok(false);
    }
    let Some(last) = reader::list(&layout.log())?.pop() else {
        return Ok(false);
    };
    let path = segment::path(&layout.log(), last);
    let failed = |error| ReadError::Io(path.clone(), error);
    let mut head = Vec::with_capacity(HEADER_LEN);
    let file = File::open(&path).map_err(failed)?;
    let read = file.take(HEADER_LEN as u64).read_to_end(&mut head);
    read.map_err(failed)?;
    let header = check_header(Kind::Segment, &path, &head)?;
    Ok(header.version == PREVIOUS_VERSION)
}

/// Copies checkpoint, marker and segments; under an unfinished name until all are there.
fn copy_to(disk: &dyn Disk, layout: &Layout, copy: &Path) -> io::Result<()> {
    let unfinished = disk::unfinished_name(copy);
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    let target = Layout::new(&unfinished);
    disk::create_folder(disk, target.root())?;
    disk::create_folder(disk, &target.log())?;
    for (from, to) in [
        (layout.checkpoint(), target.checkpoint()),
        (layout.marker(), target.marker()),
    ] {
        if from.exists() {
            copy_file(disk, &from, &to)?;
        }
    }
    for entry in fs::read_dir(layout.log())? {
        let entry = entry?;
        copy_file(disk, &entry.path(), &target.log().join(entry.file_name()))?;
    }
    disk.sync_folder(&target.log())?;
    disk.sync_folder(target.root())?;
    disk.rename(&unfinished, copy)?;
    disk.sync_folder(disk::parent(copy))
}

/// Gives a file a second name, or copies it where that cannot be had.
fn copy_file(disk: &dyn Disk, from: &Path, to: &Path) -> io::Result<()> {
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    let mut output = disk.create(to)?;
    output.write_all(&fs::read(from)?)?;
    output.sync()
}

fn convert(disk: &dyn Disk, layout: &Layout, checkpoint: &Path) -> Result<(), RecoveryError> {
    let mut reader = CheckpointReader::open(checkpoint)?;
    let last = reader.header.number;
    // Nothing was committed before it was written; there is nothing to convert.
    if last == 0 {
        return Ok(());
    }
    let id = RunId { first: 1, last };
    let runs = layout.runs();
    let path = id.path(&runs);
    let failed = |error| match error {
        RunError::Read(error) => RecoveryError::Read(error),
        RunError::Write(error) => RecoveryError::Write(path.clone(), error),
        RunError::NoRoom | RunError::Stopped => {
            RecoveryError::Write(path.clone(), io::ErrorKind::StorageFull.into())
        }
    };
    let mut convert = || {
        let keys_max = CheckpointReader::open(checkpoint)?.count()?;
        let mut writer = RunWriter::create(disk, &runs, reader.header.store_id, id, keys_max)?;
        while let Some(payload) = reader.next_payload()? {
            for op in reader.decode(&payload)? {
                writer.add(op.key, op.value)?;
            }
        }
        writer.finish(disk)
    };
    convert().map_err(failed)
}

/// Reads a checkpoint from beginning to end, verifying all of it.
struct CheckpointReader {
    path: PathBuf,
    header: Header,
    input: BufReader<File>,
    bytes: u64,
    offset: u64,
    frames: u64,
}

impl CheckpointReader {
    fn open(path: &Path) -> Result<Self, ReadError> {
        let failed = |error| ReadError::Io(path.to_path_buf(), error);
        let file = File::open(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let mut input = BufReader::new(file);
        let mut head = Vec::with_capacity(HEADER_LEN);
        let read = (&mut input).take(HEADER_LEN as u64).read_to_end(&mut head);
        read.map_err(failed)?;
        Ok(Self {
            path: path.to_path_buf(),
            header: check_header(Kind::Checkpoint, path, &head)?,
            input,
            bytes,
            offset: HEADER_LEN as u64,
            frames: 0,
        })
    }

    /// Reads the records of the next frame; `None` for the empty one, which ends the file.
    fn next_payload(&mut self) -> Result<Option<Vec<u8>>, ReadError> {
        let mut head = [0; FRAME_HEADER_LEN];
        self.read_exact(&mut head)?;
        let frame = FrameHeader::decode(self.header.seed(), &head)
            .filter(|frame| frame.number == self.frames + 1)
            .filter(|frame| frame.payload_len <= BATCH_BYTES_MAX)
            .ok_or_else(|| self.damage())?;
        let mut payload = vec![0; frame.payload_len];
        self.read_exact(&mut payload)?;
        if !frame.fits(self.header.seed(), &payload) {
            return Err(self.damage());
        }
        self.frames += 1;
        self.offset += (FRAME_HEADER_LEN + payload.len()) as u64;
        match payload.is_empty() {
            false => Ok(Some(payload)),
            true if self.offset == self.bytes => Ok(None),
            true => Err(self.damage()),
        }
    }

    /// Verifies the checkpoint and counts its records.
    fn count(mut self) -> Result<u64, ReadError> {
        let mut records = 0;
        while let Some(payload) = self.next_payload()? {
            records += self.decode(&payload)?.into_iter().count() as u64;
        }
        Ok(records)
    }

    fn decode<'a>(&self, payload: &'a [u8]) -> Result<StoredOps<'a>, ReadError> {
        ops::decode(payload).ok_or_else(|| self.damage())
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
