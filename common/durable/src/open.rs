//! Opens a store: what the caller chooses, and what it is told.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::sync::{Arc, RwLock};

use crate::checkpointer::Checkpointer;
use crate::damage::Damage;
use crate::disk::{self, Disk, LocalDisk};
use crate::durability::Durability;
use crate::durable::{DurableStore, Home};
use crate::folder_lock::FolderLock;
use crate::intake::Intake;
use crate::layout::Layout;
use crate::log::reader::ReadError;
use crate::recovery::{Recovered, Recovery, RecoveryError};
use crate::runs::Runs;
use crate::serving::{Counts, Shared, Writer};
use crate::set_aside::set_aside;
use crate::space::Space;
use crate::store::CommitNumber;
use crate::store_id::StoreId;
use crate::workers::Workers;

/// The largest segment that may be asked for; a segment is read into memory whole.
const SEGMENT_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What the caller of [`DurableStore::open`] chooses.
#[derive(Debug, Clone)]
pub struct Options {
    /// The identity of the store, should one be created: random bytes, used at most once.
    pub fresh_store_id: StoreId,
    /// The running boot, of [`crate::boot_id`]; empty where it is unknown.
    pub boot_id: String,
    /// The date in the name of a store that is set aside, such as `2026-11-23T195500Z`.
    pub set_aside_stamp: String,
    /// When a new segment of the log is begun.
    pub log_segment_bytes: u64,
    /// A run is written when the sealed segments hold more than this.
    pub checkpoint_log_bytes: u64,
    /// Bytes that must stay free on the volume; below, only urgent batches are taken.
    pub low_water_bytes: u64,
    /// Space that is kept to be released for urgent batches.
    pub ballast_bytes: u64,
    /// What sled may cache; it takes up to three times as much.
    pub index_cache_bytes: u64,
    /// Bytes that may wait in memory for a run; beyond them, appending waits.
    pub pending_bytes_max: usize,
    /// Hears how far the opening has come while every byte is verified; `None` for nobody.
    pub progress: Option<Progress>,
}

/// Whoever is told how far the opening of a store has come.
#[derive(Clone)]
pub struct Progress(pub Arc<dyn Fn(OpenProgress) + Send + Sync>);

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress(..)")
    }
}

/// How far the opening has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenProgress {
    /// Bytes verified and indexed.
    pub done_bytes: u64,
    /// Of so many.
    pub total_bytes: u64,
}

impl Options {
    /// Chooses what suits a relay: segments of 8 MiB, a run for every 32 MiB of them, a low-water
    /// mark of 64 MiB with 16 MiB of ballast, 32 MiB of cache and 256 MiB of writes in memory.
    #[must_use]
    pub fn new(fresh_store_id: StoreId, boot_id: String, set_aside_stamp: &str) -> Self {
        const MIB: u64 = 1024 * 1024;
        Self {
            fresh_store_id,
            boot_id,
            set_aside_stamp: set_aside_stamp.to_owned(),
            log_segment_bytes: 8 * MIB,
            checkpoint_log_bytes: 32 * MIB,
            low_water_bytes: 64 * MIB,
            ballast_bytes: 16 * MIB,
            index_cache_bytes: 32 * MIB,
            pending_bytes_max: 256 * 1024 * 1024,
            progress: None,
        }
    }

    pub(crate) fn report(&self, progress: OpenProgress) {
        if let Some(Progress(tell)) = &self.progress {
            tell(progress);
        }
    }
}

/// What opening a store found, to be told in log and metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The identity of the store. A new one means a new incarnation.
    pub store_id: StoreId,
    /// Whether the store was created.
    pub created: bool,
    /// What was set aside before, because it was damaged. Then `created` holds too.
    pub set_aside: Option<SetAside>,
    /// Where a copy of the store is as it was in the previous format, if it was migrated.
    pub migrated: Option<PathBuf>,
    /// Bytes of unfinished batches, promised to nobody, that were cut off the end of the log.
    pub torn_bytes: u64,
    /// How the index was found.
    pub index: IndexOpening,
    /// Records, of which those in runs may be replaced or deleted by newer ones.
    pub records: u64,
    /// The newest commit.
    pub newest: CommitNumber,
}

/// A damaged store, kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Where it is now.
    pub path: PathBuf,
    /// What was wrong with it.
    pub damage: Damage,
}

/// How the index was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexOpening {
    /// It held everything.
    Kept,
    /// It lacked runs, which it was given.
    CaughtUp {
        /// How many.
        runs: u64,
    },
    /// It was made anew from the runs, every byte of which was verified.
    Rebuilt(RebuildReason),
}

/// Why the index was made anew.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RebuildReason {
    /// The store is new.
    Created,
    /// There is no readable marker beside it.
    Unmarked,
    /// It is of another store.
    OtherStore,
    /// The machine was restarted, or may have been, and the store had not been closed.
    Restarted,
    /// Damage was seen while the store was served.
    Suspect,
    /// It did not open, or failed its check.
    Unusable(String),
}

impl fmt::Display for RebuildReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created => f.write_str("the store is new"),
            Self::Unmarked => f.write_str("there is no readable marker beside it"),
            Self::OtherStore => f.write_str("it is of another store"),
            Self::Restarted => f.write_str("the machine was restarted without closing the store"),
            Self::Suspect => f.write_str("damage was seen while the store was served"),
            Self::Unusable(why) => f.write_str(why),
        }
    }
}

/// Why a store was not opened. Nothing was set aside.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process serves it.
    #[error("The store in {} is open in another process.", .folder.display())]
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// The world failed.
    #[error("{operation} {} failed: {source}.", .path.display())]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The store was written by another version of this program.
    #[error(
        "{} has format version {version}; this program reads versions 1 and 2.", .path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u16,
    },
    /// The index could not be made anew.
    #[error("The index in {} cannot be built: {reason}.", .folder.display())]
    Index {
        /// The folder of the store.
        folder: PathBuf,
        /// What sled said.
        reason: String,
    },
}

impl OpenError {
    /// Names the error for machines; stable.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "locked",
            Self::Io { .. } => "io",
            Self::Version { .. } => "version",
            Self::Index { .. } => "index",
        }
    }
}

impl DurableStore {
    /// Opens the store in `folder`, whose parent exists; creates it where there is none.
    ///
    /// A damaged store is set aside whole and a new one created in its place: read the
    /// [`Opening`]. Everything found is durable on return.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(folder: &Path, options: &Options) -> Result<(Self, Opening), OpenError> {
        Self::recover(Arc::new(LocalDisk), folder, options)
    }

    /// Opens the store as [`DurableStore::open`] does, on another disk.
    ///
    /// # Errors
    /// See [`OpenError`].
    #[cfg(any(test, feature = "disk"))]
    pub fn open_on(
        disk: Arc<dyn Disk>,
        folder: &Path,
        options: &Options,
    ) -> Result<(Self, Opening), OpenError> {
        Self::recover(disk, folder, options)
    }

    fn recover(
        disk: Arc<dyn Disk>,
        folder: &Path,
        options: &Options,
    ) -> Result<(Self, Opening), OpenError> {
        let layout = Layout::new(folder);
        let lock = prepare(&*disk, &layout)?;
        let recovery = Recovery {
            layout: &layout,
            disk: &disk,
            options,
        };
        match recovery.run() {
            Ok(recovered) => serve(disk, layout, lock, options, (recovered, None)),
            Err(RecoveryError::Read(ReadError::Damaged(damage))) => {
                let path = set_aside(&*disk, folder, lock, &options.set_aside_stamp)
                    .map_err(|error| failed("Setting aside", folder, error))?;
                let lock = prepare(&*disk, &layout)?;
                let recovered = recovery.run().map_err(|error| refuse(folder, error))?;
                let aside = Some(SetAside { path, damage });
                serve(disk, layout, lock, options, (recovered, aside))
            }
            Err(error) => Err(refuse(folder, error)),
        }
    }
}

/// Creates the folders and takes the lock.
fn prepare(disk: &dyn Disk, layout: &Layout) -> Result<FolderLock, OpenError> {
    let root = layout.root();
    disk::create_folder(disk, root).map_err(|error| failed("Creating", root, error))?;
    let path = layout.lock();
    let lock = FolderLock::take(&path).map_err(|error| failed("Locking", &path, error))?;
    let lock = lock.ok_or_else(|| OpenError::Locked {
        folder: root.to_path_buf(),
    })?;
    for folder in [layout.log(), layout.runs()] {
        disk::create_folder(disk, &folder).map_err(|error| failed("Creating", &folder, error))?;
    }
    Ok(lock)
}

/// Starts the threads.
fn serve(
    disk: Arc<dyn Disk>,
    layout: Layout,
    lock: FolderLock,
    options: &Options,
    (recovered, set_aside): (Recovered, Option<SetAside>),
) -> Result<(DurableStore, Opening), OpenError> {
    let newest = recovered.log.newest();
    let (low_water_bytes, ballast_bytes) = (options.low_water_bytes, options.ballast_bytes);
    let space = Space::new(
        Arc::clone(&disk),
        layout.clone(),
        low_water_bytes,
        ballast_bytes,
    );
    // Without room for it the store is served all the same; it is written when there is.
    let _ = space.restore_ballast();
    let sealed_bytes: u64 = recovered.sealed.iter().map(|sealed| sealed.bytes).sum();
    let shared = Arc::new(Shared {
        intake: Intake::new(options.pending_bytes_max, recovered.pending_bytes),
        overlay: RwLock::new(recovered.overlay),
        runs: Runs::new(recovered.runs),
        index: recovered.index,
        durability: Durability::new(newest),
        space,
        counts: Counts {
            sealed_bytes: sealed_bytes.into(),
            segment_bytes: recovered.log.bytes().into(),
            ..Counts::default()
        },
        stopping: false.into(),
    });
    let opening = Opening {
        store_id: recovered.store_id,
        created: recovered.created,
        set_aside,
        migrated: recovered.migrated,
        torn_bytes: recovered.torn_bytes,
        index: recovered.index_opening,
        records: shared.records(),
        newest: CommitNumber(newest),
    };
    let home = Home {
        layout: layout.clone(),
        disk: Arc::clone(&disk),
        store_id: recovered.store_id,
        boot_id: options.boot_id.clone(),
        lock: Arc::new(lock),
    };
    let (chores_in, chores) = channel();
    let writer = Writer {
        shared: Arc::clone(&shared),
        log: recovered.log,
        chores: chores_in.clone(),
        sealed: Vec::new(),
        segment_bytes_max: options.log_segment_bytes.min(SEGMENT_BYTES_MAX),
        checkpoint_log_bytes: options.checkpoint_log_bytes,
    };
    let checkpointer = Checkpointer {
        shared: Arc::clone(&shared),
        disk,
        layout,
        store_id: recovered.store_id,
        chores,
        sealed: recovered.sealed,
        replies: Vec::new(),
        merging: None,
        replaced: Vec::new(),
        merge_paused: false,
        compact: false,
    };
    let mut store = DurableStore {
        shared,
        home,
        chores: Some(chores_in),
        workers: Workers::default(),
    };
    let (lock, workers) = (&store.home.lock, &mut store.workers);
    let started = workers
        .start("maille-log", lock, move || writer.run())
        .and_then(|()| workers.start("maille-checkpoint", lock, move || checkpointer.run()));
    started.map_err(|error| failed("Starting a thread for", store.home.layout.root(), error))?;
    Ok((store, opening))
}

pub(crate) fn failed(operation: &'static str, path: &Path, source: io::Error) -> OpenError {
    OpenError::Io {
        operation,
        path: path.to_path_buf(),
        source,
    }
}

pub(crate) fn refuse(folder: &Path, error: RecoveryError) -> OpenError {
    match error {
        RecoveryError::Read(ReadError::Io(path, source)) => failed("Reading", &path, source),
        RecoveryError::Read(ReadError::Version(path, version)) => {
            OpenError::Version { path, version }
        }
        RecoveryError::Read(ReadError::Damaged(damage)) => {
            failed("Creating the store in", folder, io::Error::other(damage))
        }
        RecoveryError::Write(path, source) => failed("Writing", &path, source),
        RecoveryError::Index(error) => OpenError::Index {
            folder: folder.to_path_buf(),
            reason: error.to_string(),
        },
    }
}
