//! The records of a store as they stood at one commit, to be read at leisure: an index of its own,
//! made of the truth in a folder that goes when it is dropped.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::batch::Batch;
use crate::checkpoint::{CheckpointError, Sources};
use crate::disk::{self, LocalDisk};
use crate::durable::DurableStore;
use crate::error::StoreError;
use crate::extract::{ExtractError, GoOn, Leave, from_checkpoint, from_index, read_stopped};
use crate::index::{Changes, Index, IndexError};
use crate::open::{OpenError, failed};
use crate::overlay::Overlay;
use crate::store::{CommitNumber, DurableCallback, Row, Scan, Store, Table};

/// How many records are gathered for the index.
const WRITES_MAX: usize = 4096;
/// What sled may cache.
const CACHE_BYTES: u64 = 32 * 1024 * 1024;

/// What of a store a snapshot is to hold: table and key, without the table byte.
pub type Keep = fn(Table, &[u8]) -> bool;

/// The records of one commit. It takes no batches.
pub struct Snapshot {
    /// Empty: everything is in the index.
    overlay: Overlay,
    index: Option<Index>,
    scratch: Scratch,
}

/// The folder of the index, taken by one process at a time.
struct Scratch {
    folder: PathBuf,
    _lock: File,
}

impl Snapshot {
    /// Reads a store that nobody serves; nothing of it is changed. The index is made in `scratch`,
    /// a folder of its own, in place of what a killed process left there.
    ///
    /// # Errors
    /// [`ExtractError`]; among them a store that is damaged, or served, or not there.
    pub fn of_stopped(
        folder: &Path,
        scratch: &Path,
        keep: Keep,
        go_on: &GoOn,
    ) -> Result<Self, ExtractError> {
        read_stopped(folder, go_on, |sources, leave| {
            Self::make(sources, scratch, keep, leave)
        })
    }

    fn make(
        sources: &Sources,
        scratch: &Path,
        keep: Keep,
        leave: &Leave<'_>,
    ) -> Result<Self, ExtractError> {
        let scratch = Scratch::take(scratch)?;
        let folder = scratch.folder.join("index");
        let unbuilt = |error: IndexError| from_index(&folder, &error);
        let index = Index::create(&folder, sources.store_id, CACHE_BYTES).map_err(unbuilt)?;
        let mut changes = Changes::new();
        let mut built = Ok(());
        let read = sources.each_record(leave, &mut |key, value| {
            let wanted = key
                .split_first()
                .is_some_and(|(table, key)| keep(Table(*table), key));
            if wanted {
                changes.insert(key.to_vec(), Some(value.into()));
            }
            if changes.len() >= WRITES_MAX {
                built = index.apply(&std::mem::take(&mut changes), sources.covers);
            }
            match built {
                Ok(()) => Ok(()),
                Err(_) => Err(CheckpointError::Stopped),
            }
        });
        built.map_err(unbuilt)?;
        read.map_err(|error| from_checkpoint(&folder, error))?;
        index.apply(&changes, sources.covers).map_err(unbuilt)?;
        Ok(Self {
            overlay: Overlay::new(sources.covers),
            index: Some(index),
            scratch,
        })
    }

    fn index(&self) -> &Index {
        self.index
            .as_ref()
            .expect("the index is there until the snapshot is dropped")
    }
}

impl DurableStore {
    /// Reads the records of this moment into an index of their own in `scratch`, as
    /// [`Snapshot::of_stopped`] does, while the store goes on. Meanwhile the log is not shortened.
    ///
    /// # Errors
    /// [`ExtractError`].
    pub fn snapshot(
        &self,
        scratch: &Path,
        keep: Keep,
        go_on: Box<GoOn>,
    ) -> Result<Snapshot, ExtractError> {
        let scratch = scratch.to_path_buf();
        self.read_truth(go_on, move |sources, leave| {
            Snapshot::make(sources, &scratch, keep, leave)
        })
    }
}

impl Store for Snapshot {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.overlay.get(self.index(), table, key)
    }

    fn scan(&self, scan: Scan<'_>) -> Result<Vec<Row>, StoreError> {
        self.overlay.scan(self.index(), &scan)
    }

    fn append(&self, _batch: Batch) -> Result<CommitNumber, StoreError> {
        Err(StoreError::ReadOnly)
    }

    fn when_durable(&self, commit: CommitNumber, then: DurableCallback) {
        // Only what was durable was read.
        then(if commit <= self.newest() {
            Ok(())
        } else {
            Err(StoreError::UnknownCommit(commit))
        });
    }

    fn newest(&self) -> CommitNumber {
        CommitNumber(self.overlay.newest())
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("newest", &self.newest())
            .field("scratch", &self.scratch.folder)
            .finish_non_exhaustive()
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        // sled writes when it is closed, so it goes before its folder does.
        self.index = None;
    }
}

impl Scratch {
    fn take(folder: &Path) -> Result<Self, ExtractError> {
        let made = disk::create_folder(&LocalDisk, folder);
        made.map_err(|error| failed("Creating", folder, error))?;
        let path = folder.join("lock");
        let lock = disk::create_private(&path).map_err(|error| failed("Creating", &path, error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let folder = folder.to_path_buf();
                return Err(OpenError::Locked { folder }.into());
            }
            Err(TryLockError::Error(error)) => return Err(failed("Locking", &path, error).into()),
        }
        let index = folder.join("index");
        if index.exists() {
            fs::remove_dir_all(&index).map_err(|error| failed("Removing", &index, error))?;
        }
        Ok(Self {
            folder: folder.to_path_buf(),
            _lock: lock,
        })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays behind is removed by the next who comes here.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
