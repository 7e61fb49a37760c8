//! From files to a store that can be served: reads the truth, then makes the index follow it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::damage::Damage;
use crate::disk::{self, Disk};
use crate::index::{Index, IndexError, IndexingError};
use crate::layout::Layout;
use crate::log::reader::ReadError;
use crate::log::segment::FORMAT_VERSION;
use crate::log::writer::{LogWriter, Sealed};
use crate::marker::{Marker, Stop};
use crate::open::{IndexOpening, OpenProgress, Options, RebuildReason};
use crate::overlay::Overlay;
use crate::previous;
use crate::run::run::Run;
use crate::store_id::StoreId;
use crate::truth::{InMemory, Truth};

/// The work of opening.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recovery<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) disk: &'a Arc<dyn Disk>,
    pub(crate) options: &'a Options,
}

/// A store ready to be served.
pub(crate) struct Recovered {
    pub(crate) store_id: StoreId,
    pub(crate) created: bool,
    /// Where the copy of the store in the previous format is.
    pub(crate) migrated: Option<PathBuf>,
    pub(crate) torn_bytes: u64,
    pub(crate) runs: Vec<Arc<Run>>,
    pub(crate) sealed: Vec<Sealed>,
    pub(crate) log: LogWriter,
    pub(crate) overlay: Overlay,
    /// What the overlay weighs.
    pub(crate) pending_bytes: usize,
    pub(crate) index: Index,
    pub(crate) index_opening: IndexOpening,
}

/// Why there is none.
#[derive(Debug)]
pub(crate) enum RecoveryError {
    /// The truth cannot be read, or is damaged.
    Read(ReadError),
    /// A write failed.
    Write(PathBuf, io::Error),
    /// The index cannot be built.
    Index(IndexError),
}

impl From<ReadError> for RecoveryError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<Damage> for RecoveryError {
    fn from(damage: Damage) -> Self {
        Self::Read(damage.into())
    }
}

impl From<IndexError> for RecoveryError {
    fn from(error: IndexError) -> Self {
        Self::Index(error)
    }
}

impl From<IndexingError> for RecoveryError {
    fn from(error: IndexingError) -> Self {
        match error {
            IndexingError::Read(error) => Self::Read(error),
            IndexingError::Index(error) => Self::Index(error),
        }
    }
}

impl Recovery<'_> {
    /// Recovers the store, or creates it where there is nothing.
    pub(crate) fn run(&self) -> Result<Recovered, RecoveryError> {
        self.remove_unfinished()?;
        let migrated = previous::migrate(self.layout, &**self.disk, self.options)?;
        let marker = self.layout.marker();
        let marker = Marker::read(&marker).map_err(|error| ReadError::Io(marker, error))?;
        let recovered = match Truth::find(self.layout, marker.as_ref())? {
            Some(truth) => self.follow(truth, marker.as_ref())?,
            None => self.create()?,
        };
        Ok(Recovered {
            migrated,
            ..recovered
        })
    }

    fn create(&self) -> Result<Recovered, RecoveryError> {
        let store_id = self.options.fresh_store_id;
        let folder = self.layout.log();
        let log = LogWriter::create(Arc::clone(self.disk), &folder, store_id, 0)
            .map_err(|error| RecoveryError::Write(folder, error))?;
        let cache_bytes = self.options.index_cache_bytes;
        let index = Index::create(&self.layout.index(), store_id, cache_bytes)?;
        index.flush()?;
        self.mark_serving(store_id, 0)?;
        Ok(Recovered {
            store_id,
            created: true,
            migrated: None,
            torn_bytes: 0,
            runs: Vec::new(),
            sealed: Vec::new(),
            log,
            overlay: Overlay::new(0),
            pending_bytes: 0,
            index,
            index_opening: IndexOpening::Rebuilt(RebuildReason::Created),
        })
    }

    /// Makes the index follow the truth, and the log ready to be continued.
    fn follow(&self, truth: Truth, marker: Option<&Marker>) -> Result<Recovered, RecoveryError> {
        let (index, index_opening) = self.open_index(&truth, marker)?;
        self.remove_left_over(&truth)?;
        let newest = truth.newest();
        let InMemory {
            overlay,
            mut sealed,
            last_bytes,
        } = truth.in_memory(self.layout)?;
        let torn_bytes = truth.torn_bytes();
        let log = self.resume(&truth, last_bytes, &mut sealed);
        let log = log.map_err(|error| RecoveryError::Write(self.layout.log(), error))?;
        self.mark_serving(truth.store_id, newest)?;
        index.note_durable(newest)?;
        // Later there may be no room for it, and from that sled never recovers.
        index.flush()?;
        let sealed_bytes: usize = sealed.iter().map(|sealed| sealed.pending_bytes).sum();
        Ok(Recovered {
            store_id: truth.store_id,
            created: false,
            migrated: None,
            torn_bytes,
            runs: truth.runs,
            sealed,
            log,
            overlay,
            pending_bytes: sealed_bytes + last_bytes,
            index,
            index_opening,
        })
    }

    /// Continues the last segment; one of the previous format is sealed instead.
    fn resume(
        &self,
        truth: &Truth,
        pending_bytes: usize,
        sealed: &mut Vec<Sealed>,
    ) -> io::Result<LogWriter> {
        let (folder, disk) = (self.layout.log(), Arc::clone(self.disk));
        let (header, newest) = (truth.last.header, truth.newest());
        let good = &truth.last.bytes[..truth.extent.valid_bytes];
        if header.version == FORMAT_VERSION {
            return LogWriter::resume(disk, &folder, header, newest, good, pending_bytes);
        }
        if newest >= header.number {
            disk::replace(&*disk, &truth.last.path, good)?;
            sealed.push(Sealed {
                first: header.number,
                bytes: good.len() as u64,
                pending_bytes,
            });
        }
        LogWriter::create(disk, &folder, truth.store_id, newest)
    }

    /// Removes what was being written when the process died.
    fn remove_unfinished(&self) -> Result<(), RecoveryError> {
        for folder in [self.layout.root(), &self.layout.log(), &self.layout.runs()] {
            let failed = |error| ReadError::Io(folder.to_path_buf(), error);
            for entry in fs::read_dir(folder).map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                if path.extension().is_some_and(|extension| extension == "new") {
                    self.remove(&path)?;
                }
            }
        }
        Ok(())
    }

    /// Removes segments and runs that a run has replaced.
    fn remove_left_over(&self, truth: &Truth) -> Result<(), RecoveryError> {
        if truth.left_over.is_empty() {
            return Ok(());
        }
        // The name of what replaced them may not be durable yet, and must be before they go.
        let runs = self.layout.runs();
        let synced = self.disk.sync_folder(&runs);
        synced.map_err(|error| RecoveryError::Write(runs, error))?;
        truth
            .left_over
            .iter()
            .try_for_each(|path| self.remove(path))
    }

    fn remove(&self, path: &Path) -> Result<(), RecoveryError> {
        self.disk
            .remove(path)
            .map_err(|error| RecoveryError::Write(path.to_path_buf(), error))
    }

    /// Opens the index if it can be trusted, and makes it anew if not.
    fn open_index(
        &self,
        truth: &Truth,
        marker: Option<&Marker>,
    ) -> Result<(Index, IndexOpening), RecoveryError> {
        let reason = match self.trusted_index(truth, marker)? {
            Ok(index) => match self.catch_up(&index, truth) {
                Ok(0) => return Ok((index, IndexOpening::Kept)),
                Ok(runs) => return Ok((index, IndexOpening::CaughtUp { runs })),
                Err(RecoveryError::Index(error)) => RebuildReason::Unusable(error.to_string()),
                Err(error) => return Err(error),
            },
            Err(reason) => reason,
        };
        Ok((self.rebuild(truth)?, IndexOpening::Rebuilt(reason)))
    }

    /// Opens the index, or says why it is not to be trusted.
    ///
    /// The index is only ever told what is durable. One that knows more than the log proves that
    /// the log has lost something, and is not made anew as if nothing had happened.
    fn trusted_index(
        &self,
        truth: &Truth,
        marker: Option<&Marker>,
    ) -> Result<Result<Index, RebuildReason>, Damage> {
        if let Some(reason) = truth.judge_marker(marker, &self.options.boot_id)? {
            return Ok(Err(reason));
        }
        let newest = truth.newest();
        let (folder, cache_bytes) = (self.layout.index(), self.options.index_cache_bytes);
        let (index, known) = match Index::open(&folder, truth.store_id, cache_bytes) {
            Ok(opened) => opened,
            Err(IndexError::OtherStore) => return Ok(Err(RebuildReason::OtherStore)),
            Err(error) => return Ok(Err(RebuildReason::Unusable(error.to_string()))),
        };
        if known > newest {
            return Err(Damage::RolledBack { newest, known });
        }
        Ok(Ok(index))
    }

    /// Gives a trusted index the runs it lacks, and takes those from it that are gone; returns how
    /// many it lacked.
    fn catch_up(&self, index: &Index, truth: &Truth) -> Result<u64, RecoveryError> {
        for id in index.runs()? {
            if truth.runs.iter().all(|run| run.id() != id) {
                index.remove(id)?;
            }
        }
        let mut lacked = 0;
        for run in &truth.runs {
            if !index.holds(run.id(), run.footer().blocks)? {
                let reader = run.reader()?;
                index.add(run.id(), reader, &mut |_| ())?;
                lacked += 1;
            }
        }
        Ok(lacked)
    }

    /// Makes the index anew, and with it verifies every byte of the runs.
    fn rebuild(&self, truth: &Truth) -> Result<Index, RecoveryError> {
        let (folder, marker) = (self.layout.index(), self.layout.marker());
        if marker.exists() {
            self.remove(&marker)?;
        }
        if folder.exists() {
            let failed = |error| RecoveryError::Write(folder.clone(), error);
            fs::remove_dir_all(&folder).map_err(failed)?;
        }
        let index = Index::create(&folder, truth.store_id, self.options.index_cache_bytes)?;
        let total_bytes = truth.runs.iter().map(|run| run.bytes()).sum();
        let mut done_bytes = 0;
        for run in &truth.runs {
            let reader = run.reader()?;
            index.add(run.id(), reader, &mut |bytes| {
                done_bytes += bytes;
                self.options.report(OpenProgress {
                    done_bytes,
                    total_bytes,
                });
            })?;
        }
        Ok(index)
    }

    fn mark_serving(&self, store_id: StoreId, newest: u64) -> Result<(), RecoveryError> {
        let boot_id = self.options.boot_id.clone();
        let marker = Marker {
            store_id,
            stop: Stop::Serving,
            newest,
            boot_id,
        };
        let path = self.layout.marker();
        marker
            .write(&**self.disk, &path)
            .map_err(|error| RecoveryError::Write(path, error))
    }
}
