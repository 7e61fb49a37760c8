//! Backups: every live record up to one commit in one file, and stores made of them.
//!
//! The file is a run. A store made of it has an identity of its own, so that files of the store it
//! came from never pass for its own, and numbers its batches from there on.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::disk::{self, Disk, LocalDisk};
use crate::durable::DurableStore;
use crate::extract::{ExtractError, GoOn, unread, unwritten};
use crate::layout::Layout;
use crate::log::ops;
use crate::log::reader::{ReadError, check_header};
use crate::log::segment::{HEADER_LEN, Header, Kind};
use crate::log::writer::LogWriter;
use crate::open::failed;
use crate::run::error::RunError;
use crate::run::id::RunId;
use crate::run::reader::{RunReader, damage_at};
use crate::run::run::Run;
use crate::run::writer::RunWriter;
use crate::snapshot::Snapshot;
use crate::store::{CommitNumber, Table};
use crate::store_id::StoreId;

/// How many records are written before it is asked whether to go on.
const RECORDS_AT_ONCE: usize = 1024;

/// What of a backup is to be restored: table and key, without the table byte.
pub type Keep = fn(Table, &[u8]) -> bool;

impl DurableStore {
    /// Writes everything appended so far to `file`, which must not be there, while the store goes
    /// on. On return the file is whole and durable; on an error there is none. It stops before it
    /// brings the store's volume below the low-water mark.
    ///
    /// # Errors
    /// [`ExtractError`].
    pub fn back_up(&self, file: &Path, go_on: &GoOn) -> Result<CommitNumber, ExtractError> {
        let snapshot = self.snapshot()?;
        write(&snapshot, file, &|| {
            if !self.shared.space.has_room_for_copy() {
                return Err(RunError::NoRoom);
            }
            asked(go_on)
        })
    }

    /// Writes everything in a store that nobody serves to `file`, as [`DurableStore::back_up`]
    /// does; the store is not changed.
    ///
    /// # Errors
    /// [`ExtractError`]; among them a store that is damaged, or served, or not there.
    pub fn back_up_stopped(
        folder: &Path,
        file: &Path,
        go_on: &GoOn,
    ) -> Result<CommitNumber, ExtractError> {
        let snapshot = Snapshot::of_stopped(folder)?;
        write(&snapshot, file, &|| asked(go_on))
    }
}

fn asked(go_on: &GoOn) -> Result<(), RunError> {
    match go_on() {
        true => Ok(()),
        false => Err(RunError::Stopped),
    }
}

fn write(
    snapshot: &Snapshot,
    file: &Path,
    go_on: &dyn Fn() -> Result<(), RunError>,
) -> Result<CommitNumber, ExtractError> {
    must_be_free(file)?;
    let commit = snapshot.commit();
    let id = id_of(commit);
    let written = || {
        go_on()?;
        let keys_max = snapshot.records_max();
        let mut writer = RunWriter::create_at(&LocalDisk, file, snapshot.store_id(), id, keys_max)?;
        for (count, write) in snapshot.writes()?.enumerate() {
            if count.is_multiple_of(RECORDS_AT_ONCE) {
                go_on()?;
            }
            let (key, value) = write?;
            if value.is_some() {
                writer.add(&key, value.as_deref())?;
            }
        }
        writer.finish(&LocalDisk)
    };
    written().map_err(|error| {
        // A name that may not be durable is no backup.
        let _ = fs::remove_file(file);
        let _ = fs::remove_file(disk::unfinished_name(file));
        unwritten(file, error)
    })?;
    Ok(commit)
}

/// A backup covers everything from the first batch on.
fn id_of(commit: CommitNumber) -> RunId {
    RunId {
        first: 1,
        last: commit.0,
    }
}

/// Reads a backup from beginning to end, verifies it, and gives table, key and value of each record
/// to `each`; returns the commit it was made at.
///
/// # Errors
/// [`ExtractError::Nothing`], [`ExtractError::Damaged`], or a file that cannot be read.
pub fn each_backed_up(
    file: &Path,
    mut each: impl FnMut(Table, &[u8], &[u8]),
) -> Result<CommitNumber, ExtractError> {
    let (commit, reader, _) = open(file)?;
    let read = each_record(file, reader, &mut |key, value| {
        if let Some((table, key)) = key.split_first() {
            each(Table(*table), key, value);
        }
        Ok(())
    });
    read.map_err(|error| unwritten(file, error))?;
    Ok(commit)
}

/// Makes a store in `folder`, which must not be there, of the records of a backup that `keep`
/// wants, with an identity never used before. On return it is whole and durable; on an error there
/// is none.
///
/// # Errors
/// As [`each_backed_up`]; a file that cannot be written.
pub fn restore(
    file: &Path,
    folder: &Path,
    fresh_store_id: StoreId,
    keep: Keep,
) -> Result<CommitNumber, ExtractError> {
    must_be_free(folder)?;
    let made = make_store(file, &Layout::new(folder), fresh_store_id, keep);
    if made.is_err() {
        // Without its log it would be taken for a damaged store.
        let _ = fs::remove_dir_all(folder);
    }
    made
}

fn make_store(
    file: &Path,
    layout: &Layout,
    store_id: StoreId,
    keep: Keep,
) -> Result<CommitNumber, ExtractError> {
    let disk: Arc<dyn Disk> = Arc::new(LocalDisk);
    let (commit, reader, records) = open(file)?;
    for folder in [layout.root(), &layout.log(), &layout.runs()] {
        let created = disk::create_folder(&*disk, folder);
        created.map_err(|error| failed("Writing", folder, error))?;
    }
    let log = layout.log();
    LogWriter::create(Arc::clone(&disk), &log, store_id, commit.0)
        .map_err(|error| failed("Writing", &log, error))?;
    if commit.0 == 0 {
        return Ok(commit);
    }
    let written = || {
        let runs = layout.runs();
        let mut writer = RunWriter::create(&*disk, &runs, store_id, id_of(commit), records)?;
        each_record(file, reader, &mut |key, value| {
            let wanted = key
                .split_first()
                .is_some_and(|(table, key)| keep(Table(*table), key));
            match wanted {
                true => Ok(writer.add(key, Some(value))?),
                false => Ok(()),
            }
        })?;
        writer.finish(&*disk)
    };
    written().map_err(|error| unwritten(file, error))?;
    Ok(commit)
}

/// Opens a backup: the commit it was made at, its reader, and how many records it holds.
fn open(file: &Path) -> Result<(CommitNumber, RunReader, u64), ExtractError> {
    let opened = || {
        let header = head(file)?;
        let id = RunId {
            first: 1,
            last: header.number,
        };
        let run = Run::open_at(file, header.store_id, id)?;
        Ok((CommitNumber(id.last), run.reader()?, run.footer().puts))
    };
    opened().map_err(|error| match error {
        ReadError::Io(path, error) if error.kind() == io::ErrorKind::NotFound => {
            ExtractError::Nothing { folder: path }
        }
        error => unread(file, error),
    })
}

fn head(file: &Path) -> Result<Header, ReadError> {
    use std::io::Read;
    let failed = |error| ReadError::Io(file.to_path_buf(), error);
    let mut head = Vec::with_capacity(HEADER_LEN);
    let opened = File::open(file).map_err(failed)?;
    let read = opened.take(HEADER_LEN as u64).read_to_end(&mut head);
    read.map_err(failed)?;
    check_header(Kind::Run, file, &head)
}

/// Takes a record: whole key and value.
type Each<'a> = dyn FnMut(&[u8], &[u8]) -> Result<(), RunError> + 'a;

/// Gives every record to `each`; a backup holds no deletions.
fn each_record(file: &Path, mut reader: RunReader, each: &mut Each<'_>) -> Result<(), RunError> {
    while let Some(block) = reader.next_block()? {
        let damage = || damage_at(file, block.place.offset);
        for op in ops::decode(&block.payload).ok_or_else(damage)? {
            each(op.key, op.value.ok_or_else(damage)?)?;
        }
    }
    Ok(())
}

fn must_be_free(path: &Path) -> Result<(), ExtractError> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed("Looking for", path, error).into()),
        Ok(_) => {
            let exists = io::ErrorKind::AlreadyExists.into();
            Err(failed("Creating", path, exists).into())
        }
    }
}
