//! What the threads and the callers of an open store share, and the thread that writes the log.
//!
//! The writer takes batches from the intake to the log, one write and one sync for each group. The
//! checkpointer takes sealed segments into runs, and keeps those few. It ends when the writer has;
//! a failure or a panic in either fails the store.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread;

use crate::checkpointer::Chore;
use crate::durability::Durability;
use crate::error::Failure;
use crate::index::Index;
use crate::intake::{Intake, Reply, Work};
use crate::log::writer::{LogWriter, Sealed};
use crate::overlay::Overlay;
use crate::runs::Runs;
use crate::space::Space;

/// What the threads and the callers of an open store share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) intake: Intake,
    pub(crate) overlay: RwLock<Overlay>,
    pub(crate) runs: Runs,
    pub(crate) index: Index,
    pub(crate) durability: Durability,
    pub(crate) space: Space,
    pub(crate) counts: Counts,
    pub(crate) stopping: AtomicBool,
}

/// What has been done, for metrics and for the decision to write a run.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) syncs: AtomicU64,
    pub(crate) checkpoints: AtomicU64,
    pub(crate) merges: AtomicU64,
    pub(crate) sealed_bytes: AtomicU64,
    pub(crate) segment_bytes: AtomicU64,
}

impl Shared {
    /// Fails for ever.
    pub(crate) fn fail(&self, failure: Failure) {
        self.durability.fail(failure);
        self.intake.fail();
    }

    /// Counts the records, of which those in runs may be replaced or deleted by newer ones.
    pub(crate) fn records(&self) -> u64 {
        let runs = self.runs.weight();
        let in_memory = self.overlay().records();
        in_memory + runs.puts.saturating_sub(runs.deletes)
    }

    pub(crate) fn overlay(&self) -> RwLockReadGuard<'_, Overlay> {
        self.overlay.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn overlay_mut(&self) -> RwLockWriteGuard<'_, Overlay> {
        self.overlay.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fails the store if the thread that holds it panics.
pub(crate) struct PanicWatch(pub(crate) Arc<Shared>);

impl Drop for PanicWatch {
    fn drop(&mut self) {
        if thread::panicking() {
            let panicked = io::Error::other("a thread of the store panicked; please report");
            self.0.fail(Failure::new("serving", panicked));
        }
    }
}

/// Takes batches to the log.
pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) log: LogWriter,
    pub(crate) chores: Sender<Chore>,
    /// Sealed, and not yet told to the checkpointer.
    pub(crate) sealed: Vec<Sealed>,
    pub(crate) segment_bytes_max: u64,
    pub(crate) checkpoint_log_bytes: u64,
}

impl Writer {
    pub(crate) fn run(mut self) {
        let _watch = PanicWatch(Arc::clone(&self.shared));
        while let Some(work) = self.shared.intake.take() {
            if self.shared.durability.check().is_err() {
                return;
            }
            // One failed write or sync is the end: what a second try would report is not what is
            // on the disk.
            if let Err(error) = self.perform(work) {
                return self.shared.fail(Failure::new("writing the log", error));
            }
        }
    }

    fn perform(&mut self, work: Work) -> io::Result<()> {
        if !work.batches.is_empty() {
            let written_bytes = self.log.bytes().saturating_add(work.bytes as u64);
            if written_bytes > self.segment_bytes_max && !self.log.is_empty() {
                self.rotate()?;
                self.checkpoint_if_due();
            }
            self.log.append(&work.batches, work.bytes)?;
            self.shared.intake.logged(work.bytes);
            let newest = self.log.newest();
            let counts = &self.shared.counts;
            counts.syncs.fetch_add(1, Ordering::Relaxed);
            let segment_bytes = self.log.bytes();
            counts.segment_bytes.store(segment_bytes, Ordering::Relaxed);
            self.shared.durability.advance(newest);
        }
        if work.room_wanted || !work.checkpoints.is_empty() {
            if !self.log.is_empty() {
                self.rotate()?;
            }
            self.send_checkpoint(work.checkpoints, work.compact);
        }
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        let sealed = self.log.rotate()?;
        let counts = &self.shared.counts;
        counts
            .sealed_bytes
            .fetch_add(sealed.bytes, Ordering::Relaxed);
        let segment_bytes = self.log.bytes();
        counts.segment_bytes.store(segment_bytes, Ordering::Relaxed);
        self.sealed.push(sealed);
        Ok(())
    }

    fn checkpoint_if_due(&mut self) {
        let sealed_bytes = self.shared.counts.sealed_bytes.load(Ordering::Relaxed);
        if sealed_bytes > self.checkpoint_log_bytes {
            self.send_checkpoint(Vec::new(), false);
        }
    }

    fn send_checkpoint(&mut self, replies: Vec<Reply>, compact: bool) {
        let sealed = std::mem::take(&mut self.sealed);
        let chore = Chore::Checkpoint {
            sealed,
            replies,
            compact,
        };
        // The checkpointer is gone only if it failed the store, which answers the replies.
        let _ = self.chores.send(chore);
    }
}
