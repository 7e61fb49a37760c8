//! Backups: every live record up to one commit in one file, and stores made of them.
//!
//! The file is a checkpoint. A store made of it has an identity of its own, so that files of the
//! store it came from never pass for its own, and numbers its batches from there on.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::checkpoint::Sources;
use crate::checkpoint::reader::CheckpointReader;
use crate::checkpoint::writer::CheckpointWriter;
use crate::disk::{self, Disk, LocalDisk};
use crate::durable::DurableStore;
use crate::extract::{ExtractError, GoOn, Leave, from_checkpoint, from_read, read_stopped};
use crate::layout::Layout;
use crate::log::segment::{Header, Kind};
use crate::log::writer::LogWriter;
use crate::open::failed;
use crate::snapshot::Keep;
use crate::store::{CommitNumber, Table};
use crate::store_id::StoreId;

impl DurableStore {
    /// Writes everything appended so far to `file`, which must not be there, while the store goes
    /// on. On return the file is whole and durable; on an error there is none. Meanwhile the log is
    /// not shortened.
    ///
    /// # Errors
    /// [`ExtractError`].
    pub fn back_up(&self, file: &Path, go_on: Box<GoOn>) -> Result<CommitNumber, ExtractError> {
        let file = file.to_path_buf();
        self.read_truth(go_on, move |sources, leave| write(sources, &file, leave))
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
        read_stopped(folder, go_on, |sources, leave| write(sources, file, leave))
    }
}

fn write(sources: &Sources, file: &Path, leave: &Leave<'_>) -> Result<CommitNumber, ExtractError> {
    must_be_free(file)?;
    let written = sources.write(file, &LocalDisk, leave);
    if written.is_err() {
        // A name that may not be durable is no backup.
        let _ = fs::remove_file(file);
        let _ = fs::remove_file(disk::unfinished_name(file));
    }
    written.map_err(|error| from_checkpoint(file, error))?;
    Ok(CommitNumber(sources.covers))
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
    let mut reader = open(file)?;
    while let Some(records) = reader
        .next_records()
        .map_err(|error| from_read(file, error))?
    {
        for (key, value) in records {
            if let Some((table, key)) = key.split_first() {
                each(Table(*table), key, &value);
            }
        }
    }
    Ok(CommitNumber(reader.header().number))
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
    let mut reader = open(file)?;
    let number = reader.header().number;
    let (root, path, log) = (layout.root(), layout.checkpoint(), layout.log());
    let unwritten = |path: &Path, error: io::Error| failed("Writing", path, error);
    disk::create_folder(&*disk, root).map_err(|error| unwritten(root, error))?;
    disk::create_folder(&*disk, &log).map_err(|error| unwritten(&log, error))?;
    LogWriter::create(Arc::clone(&disk), &log, store_id, number)
        .map_err(|error| unwritten(&log, error))?;
    let kind = Kind::Checkpoint;
    let header = Header {
        kind,
        store_id,
        number,
    };
    let mut writer =
        CheckpointWriter::create(&*disk, &path, header).map_err(|error| unwritten(&path, error))?;
    while let Some(records) = reader
        .next_records()
        .map_err(|error| from_read(file, error))?
    {
        for (key, value) in records {
            let wanted = key
                .split_first()
                .is_some_and(|(table, key)| keep(Table(*table), key));
            if wanted {
                let added = writer.add(&key, &value);
                added.map_err(|error| unwritten(&path, error))?;
            }
        }
    }
    let ended = writer.end();
    ended.map_err(|error| unwritten(&path, error))?;
    disk::finish(&*disk, writer.output, &path).map_err(|error| unwritten(&path, error))?;
    Ok(CommitNumber(number))
}

fn open(file: &Path) -> Result<CheckpointReader, ExtractError> {
    let reader = CheckpointReader::open(file).map_err(|error| from_read(file, error))?;
    reader.ok_or_else(|| ExtractError::Nothing {
        folder: file.to_path_buf(),
    })
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
