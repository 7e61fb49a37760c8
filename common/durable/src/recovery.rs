//! From files to a store that can be served: reads the truth, then makes the index follow it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::checkpoint::reader::CheckpointReader;
use crate::damage::Damage;
use crate::disk::Disk;
use crate::index::{Changes, Index, IndexError};
use crate::layout::Layout;
use crate::log::reader::{Extent, ReadError, Segment};
use crate::log::segment;
use crate::log::writer::{LogWriter, Sealed};
use crate::marker::{Marker, Stop};
use crate::open::{IndexOpening, Options, RebuildReason};
use crate::store_id::StoreId;
use crate::truth::Truth;

/// How many writes are gathered for the index.
const REPLAY_WRITES_MAX: usize = 4096;

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
    pub(crate) torn_bytes: u64,
    pub(crate) checkpoint_bytes: u64,
    pub(crate) sealed: Vec<Sealed>,
    pub(crate) log: LogWriter,
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

impl Recovery<'_> {
    /// Recovers the store, or creates it where there is nothing.
    pub(crate) fn run(&self) -> Result<Recovered, RecoveryError> {
        self.remove_unfinished()?;
        let marker = self.layout.marker();
        let marker = Marker::read(&marker).map_err(|error| ReadError::Io(marker, error))?;
        match Truth::find(self.layout, marker.as_ref())? {
            Some(truth) => {
                self.remove_covered(&truth)?;
                self.follow(truth, marker.as_ref())
            }
            None => self.create(),
        }
    }

    fn create(&self) -> Result<Recovered, RecoveryError> {
        let store_id = self.options.fresh_store_id;
        let folder = self.layout.log();
        let log = LogWriter::create(Arc::clone(self.disk), &folder, store_id, 0)
            .map_err(|error| RecoveryError::Write(folder, error))?;
        let cache_bytes = self.options.index_cache_bytes;
        let index = Index::create(&self.layout.index(), store_id, cache_bytes)?;
        index.apply(&Changes::new(), 0)?;
        self.mark_serving(store_id, 0)?;
        Ok(Recovered {
            store_id,
            created: true,
            torn_bytes: 0,
            checkpoint_bytes: 0,
            sealed: Vec::new(),
            log,
            index,
            index_opening: IndexOpening::Rebuilt(RebuildReason::Created),
        })
    }

    /// Makes the index follow the truth, and the log ready to be continued.
    fn follow(&self, truth: Truth, marker: Option<&Marker>) -> Result<Recovered, RecoveryError> {
        let (index, index_opening) = self.open_index(&truth, marker)?;
        let newest = truth.newest();
        let good = &truth.last.bytes[..truth.extent.valid_bytes];
        let folder = self.layout.log();
        let header = truth.last.header;
        let log = LogWriter::resume(Arc::clone(self.disk), &folder, header, newest, good)
            .map_err(|error| RecoveryError::Write(folder, error))?;
        self.mark_serving(truth.store_id, newest)?;
        Ok(Recovered {
            store_id: truth.store_id,
            created: false,
            torn_bytes: truth.torn_bytes(),
            checkpoint_bytes: truth.checkpoint_bytes,
            sealed: truth.sealed,
            log,
            index,
            index_opening,
        })
    }

    /// Removes what was being written when the process died.
    fn remove_unfinished(&self) -> Result<(), RecoveryError> {
        for folder in [self.layout.root(), &self.layout.log()] {
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

    fn remove(&self, path: &Path) -> Result<(), RecoveryError> {
        self.disk
            .remove(path)
            .map_err(|error| RecoveryError::Write(path.to_path_buf(), error))
    }

    /// Removes the segments that the checkpoint covers.
    fn remove_covered(&self, truth: &Truth) -> Result<(), RecoveryError> {
        if truth.covered.is_empty() {
            return Ok(());
        }
        // The checkpoint's own name may not be durable yet, and must be before these go.
        let root = self.layout.root();
        let synced = self.disk.sync_folder(root);
        synced.map_err(|error| RecoveryError::Write(root.to_path_buf(), error))?;
        for first in &truth.covered {
            self.remove(&segment::path(&self.layout.log(), *first))?;
        }
        Ok(())
    }

    /// Opens the index if it can be trusted, and builds it if not.
    fn open_index(
        &self,
        truth: &Truth,
        marker: Option<&Marker>,
    ) -> Result<(Index, IndexOpening), RecoveryError> {
        match self.trusted_index(truth, marker)? {
            Ok((index, 0)) => Ok((index, IndexOpening::Kept)),
            Ok((index, batches)) => {
                self.replay(truth, &index)?;
                Ok((index, IndexOpening::CaughtUp { batches }))
            }
            Err(reason) => Ok((self.rebuild(truth)?, IndexOpening::Rebuilt(reason))),
        }
    }

    /// Opens the index and counts the batches it lacks, or says why it is not to be trusted.
    ///
    /// The index is only ever given what is durable. One that knows more than the log proves that
    /// the log has lost something, and is not rebuilt as if nothing had happened.
    fn trusted_index(
        &self,
        truth: &Truth,
        marker: Option<&Marker>,
    ) -> Result<Result<(Index, u64), RebuildReason>, Damage> {
        let newest = truth.newest();
        if let Some(reason) = truth.judge_marker(marker, &self.options.boot_id)? {
            return Ok(Err(reason));
        }
        let (folder, cache_bytes) = (self.layout.index(), self.options.index_cache_bytes);
        let index = match Index::open(&folder, truth.store_id, cache_bytes) {
            Ok(index) => index,
            Err(IndexError::OtherStore) => return Ok(Err(RebuildReason::OtherStore)),
            Err(error) => return Ok(Err(RebuildReason::Unusable(error.to_string()))),
        };
        let known = index.tally().applied;
        if known > newest {
            return Err(Damage::RolledBack { newest, known });
        }
        if known < truth.covers {
            return Ok(Err(RebuildReason::Behind));
        }
        Ok(Ok((index, newest - known)))
    }

    /// Makes the index anew from checkpoint and log.
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
        if let Some(mut checkpoint) = CheckpointReader::open(&self.layout.checkpoint())? {
            while let Some(records) = checkpoint.next_records()? {
                let changes = records
                    .into_iter()
                    .map(|(key, value)| (key, Some(value)))
                    .collect();
                // Until the last record is in, the index says that it holds nothing.
                index.apply(&changes, 0)?;
            }
        }
        index.apply(&Changes::new(), truth.covers)?;
        self.replay(truth, &index)?;
        Ok(index)
    }

    /// Gives the index every batch of the log that it lacks.
    fn replay(&self, truth: &Truth, index: &Index) -> Result<(), RecoveryError> {
        let log = self.layout.log();
        let mut replay = Replay {
            index,
            applied: index.tally().applied,
            changes: Changes::new(),
        };
        for (position, sealed) in truth.sealed.iter().enumerate() {
            let next = truth.sealed.get(position + 1).map(|next| next.first);
            let end = next.unwrap_or(truth.last.header.number) - 1;
            if end > replay.applied {
                let segment = Segment::read(&log, sealed.first)?;
                replay.segment(&segment, segment.sealed_extent()?)?;
            }
        }
        replay.segment(&truth.last, truth.extent)?;
        replay.flush()
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

/// Gathers batches for the index.
struct Replay<'a> {
    index: &'a Index,
    applied: u64,
    changes: Changes,
}

impl Replay<'_> {
    fn segment(&mut self, segment: &Segment, extent: Extent) -> Result<(), RecoveryError> {
        segment.each_batch(extent, |number, _, ops| {
            if number <= self.applied {
                return Ok(());
            }
            self.changes.extend(ops.iter().map(|op| {
                let op = op.to_op();
                (op.key, op.value)
            }));
            self.applied = number;
            if self.changes.len() >= REPLAY_WRITES_MAX {
                self.flush()
            } else {
                Ok(())
            }
        })
    }

    fn flush(&mut self) -> Result<(), RecoveryError> {
        self.index
            .apply(&std::mem::take(&mut self.changes), self.applied)?;
        Ok(())
    }
}
