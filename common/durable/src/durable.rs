//! The store on disk, open.

use std::cell::Cell;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use crate::batch::Batch;
use crate::checkpointer::Chore;
use crate::disk::Disk;
use crate::error::{Failure, StoreError};
use crate::folder_lock::FolderLock;
use crate::layout::Layout;
use crate::marker::{Marker, Stop};
use crate::pieces;
use crate::reading::Reading;
use crate::run::run::may_hold;
use crate::runs::ReadFault;
use crate::serving::Shared;
use crate::space::Admission;
use crate::store::{CommitNumber, DurableCallback, Row, Scan, Store, Table};
use crate::store_id::StoreId;
use crate::workers::Workers;

/// How often somebody who waits for a checkpoint looks whether the store has failed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A store in a folder of this machine, served by this process alone.
///
/// Dropping it closes it, without saying what went wrong; [`DurableStore::close`] says. The last
/// handle must not be dropped inside a callback of [`Store::when_durable`].
#[derive(Debug)]
pub struct DurableStore {
    pub(crate) shared: Arc<Shared>,
    pub(crate) home: Home,
    pub(crate) chores: Option<Sender<Chore>>,
    pub(crate) workers: Workers,
}

/// Where the store lives, and what keeps others out.
#[derive(Debug)]
pub(crate) struct Home {
    pub(crate) layout: Layout,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) store_id: StoreId,
    pub(crate) boot_id: String,
    pub(crate) lock: Arc<FolderLock>,
}

/// Figures of an open store, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Figures {
    /// The newest appended batch.
    pub newest: CommitNumber,
    /// The newest durable batch.
    pub durable: CommitNumber,
    /// The batch up to which the runs go; the rest is in memory and in the log.
    pub covered: CommitNumber,
    /// Records, of which those in runs may be replaced or deleted by newer ones.
    pub records: u64,
    /// Syncs of the log since the store was opened, one for each group of batches.
    pub syncs: u64,
    /// Runs made of the log since the store was opened.
    pub checkpoints: u64,
    /// Runs made of runs since the store was opened.
    pub merges: u64,
    /// Bytes of the log on disk.
    pub log_bytes: u64,
    /// Runs on disk.
    pub runs: usize,
    /// Their bytes.
    pub runs_bytes: u64,
    /// Bytes in memory that no run has taken yet.
    pub pending_bytes: usize,
}

impl DurableStore {
    /// Returns the identity of the store, given to it when it was created.
    #[must_use]
    pub fn store_id(&self) -> StoreId {
        self.home.store_id
    }

    /// Returns the figures of this moment.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let counts = &self.shared.counts;
        let runs = self.shared.runs.weight();
        let segment_bytes = counts.segment_bytes.load(Ordering::Relaxed);
        Figures {
            newest: self.newest(),
            durable: CommitNumber(self.shared.durability.durable()),
            covered: CommitNumber(self.shared.runs.covers()),
            records: self.shared.records(),
            syncs: counts.syncs.load(Ordering::Relaxed),
            checkpoints: counts.checkpoints.load(Ordering::Relaxed),
            merges: counts.merges.load(Ordering::Relaxed),
            log_bytes: counts.sealed_bytes.load(Ordering::Relaxed) + segment_bytes,
            runs: self.shared.runs.read().len(),
            runs_bytes: runs.bytes,
            pending_bytes: self.shared.intake.pending_bytes(),
        }
    }

    /// Takes everything appended so far from the log into runs, and blocks until that is done and
    /// the runs are few.
    ///
    /// The store does so by itself when the log has grown.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`], which leaves everything as it was; [`StoreError::StoreFailed`].
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        self.request_checkpoint(false)
    }

    /// Makes one run of everything appended so far, and blocks until nothing else is left: what was
    /// replaced or deleted before is in no file of the store any more.
    ///
    /// By itself the store keeps that for as long as it weighs little. This reads and writes the
    /// whole store, and takes as much room again meanwhile. What the volume does with the blocks
    /// of removed files is not in its hands; nor is a snapshot that reads an older run.
    ///
    /// # Errors
    /// As [`DurableStore::checkpoint`].
    pub fn compact(&self) -> Result<(), StoreError> {
        self.request_checkpoint(true)
    }

    fn request_checkpoint(&self, compact: bool) -> Result<(), StoreError> {
        let (reply, replied) = channel();
        self.shared.intake.request_checkpoint(reply, compact);
        // Nobody may be left to take the request, if the store failed before it was made.
        self.serving()?;
        loop {
            match replied.recv_timeout(LOOK_EVERY) {
                Ok(reply) => return reply,
                // The checkpointer may be stuck on a disk that is gone.
                Err(RecvTimeoutError::Timeout) => self.serving()?,
                Err(RecvTimeoutError::Disconnected) => {
                    return self.serving().and(Err(StoreError::closed()));
                }
            }
        }
    }

    /// Closes the store: everything appended is made durable, the index synced and marked clean.
    ///
    /// # Errors
    /// [`StoreError::StoreFailed`] if that did not succeed. The store can be opened again all the
    /// same; what was durable still is.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.stop()
    }

    pub(crate) fn serving(&self) -> Result<(), StoreError> {
        self.shared.durability.check()
    }

    /// Reads under the locks that keep everything in its place meanwhile.
    fn reading<T>(
        &self,
        read: impl FnOnce(Reading<'_>) -> Result<T, ReadFault>,
    ) -> Result<T, StoreError> {
        self.look(read).map_err(|fault| self.read_failed(fault))
    }

    /// The same for whoever holds the intake, which must be let go before the service ends.
    fn look<T>(
        &self,
        read: impl FnOnce(Reading<'_>) -> Result<T, ReadFault>,
    ) -> Result<T, ReadFault> {
        let overlay = self.shared.overlay();
        let runs = self.shared.runs.read();
        read(Reading {
            overlay: &overlay,
            runs: &runs,
            places: &self.shared.index,
        })
    }

    /// Ends the service over what cannot be read: what else is wrong with it is unknown, and a
    /// wrong answer would be worse than none. The next opening verifies everything.
    pub(crate) fn read_failed(&self, fault: ReadFault) -> StoreError {
        let error = match fault {
            ReadFault::Index(error) => io::Error::other(error),
            ReadFault::Truth(error) => error.into_io(),
        };
        // A store that cannot even note that is verified when it is read again.
        let _ = self.mark(Stop::Suspect);
        let failure = Failure::new("reading a run", error);
        self.shared.fail(failure);
        self.serving().err().unwrap_or_else(StoreError::closed)
    }

    fn stop(&mut self) -> Result<(), StoreError> {
        let workers = std::mem::take(&mut self.workers);
        if workers.is_empty() {
            return Ok(());
        }
        self.shared.stopping.store(true, Ordering::Release);
        self.shared.intake.close();
        self.chores = None;
        if workers.is_current() {
            // A thread cannot wait for its own end; the index is left unmarked.
            return Err(StoreError::closed());
        }
        workers.join(|| self.serving().is_err());
        self.serving()?;
        self.mark_clean()
            .map_err(|error| Failure::new("closing", error).into())
    }

    fn mark_clean(&self) -> io::Result<()> {
        self.shared.index.flush().map_err(io::Error::other)?;
        sync_tree(&*self.home.disk, &self.home.layout.index())?;
        self.mark(Stop::Clean)
    }

    fn mark(&self, stop: Stop) -> io::Result<()> {
        let marker = Marker {
            store_id: self.home.store_id,
            stop,
            newest: self.shared.durability.durable(),
            boot_id: self.home.boot_id.clone(),
        };
        marker.write(&*self.home.disk, &self.home.layout.marker())
    }
}

/// Syncs every file and folder under `folder`: sled has written them, but not synced.
fn sync_tree(disk: &dyn Disk, folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(disk, &entry.path())?;
        } else {
            disk.append(&entry.path())?.sync()?;
        }
    }
    disk.sync_folder(folder)
}

impl Store for DurableStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.serving()?;
        self.reading(|reading| reading.get(table, key))
    }

    fn scan(&self, scan: Scan<'_>) -> Result<Vec<Row>, StoreError> {
        self.serving()?;
        self.reading(|reading| reading.scan(&scan))
    }

    fn append(&self, batch: Batch) -> Result<CommitNumber, StoreError> {
        self.serving()?;
        let bytes = batch.check()?;
        let intake = &self.shared.intake;
        let pending = intake.pending_bytes().saturating_add(bytes) as u64;
        let queued = intake.queued_bytes().saturating_add(bytes) as u64;
        let urgent = batch.is_urgent();
        let admission = self.shared.space.admit(pending, queued, urgent)?;
        if let (Admission::BallastDue, Some(chores)) = (admission, &self.chores) {
            // The checkpointer is gone only if it failed the store.
            let _ = chores.send(Chore::Ballast);
        }
        let unread = Cell::new(None);
        let stored = |table, key: &[u8]| {
            let keys = self.look(|reading| reading.piece_keys(table, key));
            keys.map_err(|fault| {
                unread.set(Some(fault));
                StoreError::closed()
            })
        };
        let pushed = self.shared.intake.push(
            batch.is_urgent(),
            || self.serving(),
            || {
                let ops = batch.resolve(stored)?;
                let mut overlay = self.shared.overlay_mut();
                let runs = self.shared.runs.read();
                Ok((overlay.add(&ops, &|key| may_hold(&runs, key)), ops))
            },
        );
        match (pushed, unread.take()) {
            (Ok(number), _) => Ok(CommitNumber(number)),
            (Err(_), Some(fault)) => Err(self.read_failed(fault)),
            (Err(error), None) => Err(error),
        }
    }

    fn when_durable(&self, commit: CommitNumber, then: DurableCallback) {
        if commit > self.newest() {
            return then(self.serving().and(Err(StoreError::UnknownCommit(commit))));
        }
        self.shared.durability.when_durable(commit, then);
    }

    fn newest(&self) -> CommitNumber {
        CommitNumber(self.shared.overlay().newest())
    }

    fn pieces(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.serving()?;
        let rows = self.reading(|reading| reading.pieces(table, key))?;
        pieces::join(table, key, rows)
    }
}

impl Drop for DurableStore {
    fn drop(&mut self) {
        // Whoever wants to know calls `close`.
        let _ = self.stop();
    }
}

#[cfg(test)]
mod tests {
    use crate::{DurableStore, Options, StoreId};

    #[test]
    fn a_copy_of_the_lock_in_a_child_process_holds_no_store_that_was_closed() {
        let folder = tempfile::tempdir().unwrap();
        let options = Options::new(StoreId([1; 16]), "boot".to_owned(), "now");
        let open = || DurableStore::open(&folder.path().join("store"), &options);
        let (store, _) = open().unwrap();
        let copy = store.home.lock.copy();
        store.close().unwrap();
        open().unwrap();
        drop(copy);
    }

    fn open(options: &Options) -> (DurableStore, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let opened = DurableStore::open(&folder.path().join("store"), options);
        (opened.expect("a fresh store opens").0, folder)
    }

    fn options() -> Options {
        Options::new(StoreId([1; 16]), "boot".to_owned(), "now")
    }

    mod in_memory {
        crate::contract_suite!(|| super::open(&super::options()));
    }

    /// Everything goes into runs as fast as it can, and the runs are merged all the time.
    mod in_runs {
        crate::contract_suite!(|| super::open(&crate::Options {
            log_segment_bytes: 1,
            checkpoint_log_bytes: 0,
            pending_bytes_max: 4096,
            ..super::options()
        }));
    }
}
