//! The three threads of an open store, and what they share.
//!
//! The writer takes batches from the intake to the log, one write and one sync for each group. The
//! indexer takes what is durable to the index. The checkpointer keeps the log short. Each ends when
//! the one before it has; a failure or a panic in any of them fails the store.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;

use crate::batch::Op;
use crate::checkpoint::{CheckpointError, Sources};
use crate::disk::Disk;
use crate::durability::Durability;
use crate::error::{Failure, StoreError};
use crate::index::{Changes, Index};
use crate::intake::{Intake, Reading, Reply, Request, Work};
use crate::layout::Layout;
use crate::log::reader::ReadError;
use crate::log::segment;
use crate::log::writer::{LogWriter, Sealed};
use crate::overlay::Overlay;
use crate::space::Space;
use crate::store_id::StoreId;

/// How many writes the indexer gathers into one of its own.
const INDEX_WRITES_MAX: usize = 4096;

/// What the threads and the callers of an open store share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) intake: Intake,
    pub(crate) overlay: RwLock<Overlay>,
    pub(crate) index: Index,
    pub(crate) durability: Durability,
    pub(crate) space: Space,
    pub(crate) counts: Counts,
    pub(crate) stopping: AtomicBool,
}

/// What has been done, for metrics and for the decision to write a checkpoint.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) syncs: AtomicU64,
    pub(crate) checkpoints: AtomicU64,
    pub(crate) sealed_bytes: AtomicU64,
    pub(crate) segment_bytes: AtomicU64,
    pub(crate) checkpoint_bytes: AtomicU64,
}

impl Shared {
    /// Fails for ever.
    pub(crate) fn fail(&self, failure: Failure) {
        self.durability.fail(failure);
        self.intake.fail();
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

/// Durable batches on their way to the index.
pub(crate) struct Group {
    batches: Vec<Arc<[Op]>>,
    bytes: usize,
    newest: u64,
}

/// What the checkpointer is asked to do.
pub(crate) enum Chore {
    /// Cover everything up to a batch by a checkpoint.
    Checkpoint {
        /// The newest batch to be covered.
        covers: u64,
        /// The segments sealed since the last such chore.
        sealed: Vec<Sealed>,
        /// Who wants to know.
        replies: Vec<Reply>,
    },
    /// Read the truth up to a batch, while no checkpoint takes its files away.
    Read {
        /// The newest batch, the last of the sealed segments.
        covers: u64,
        /// The segments sealed since the last such chore.
        sealed: Vec<Sealed>,
        /// What is done with it.
        reading: Reading,
    },
    /// Write the ballast again.
    Ballast,
}

/// Takes batches to the log.
pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) log: LogWriter,
    pub(crate) groups: Sender<Group>,
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
            self.log.append(&work.batches)?;
            let newest = self.log.newest();
            self.shared.counts.syncs.fetch_add(1, Ordering::Relaxed);
            self.shared
                .counts
                .segment_bytes
                .store(self.log.bytes(), Ordering::Relaxed);
            self.shared.durability.advance(newest);
            let group = Group {
                batches: work.batches,
                bytes: work.bytes,
                newest,
            };
            // The indexer is gone only if it failed the store.
            let _ = self.groups.send(group);
        }
        if work.requests.is_empty() {
            return Ok(());
        }
        if !self.log.is_empty() {
            self.rotate()?;
        }
        let mut replies = Vec::new();
        for request in work.requests {
            match request {
                Request::Checkpoint(reply) => replies.push(reply),
                Request::Read(reading) => self.send_reading(reading),
            }
        }
        if !replies.is_empty() {
            self.send_checkpoint(replies);
        }
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        let sealed = self.log.rotate()?;
        let counts = &self.shared.counts;
        counts
            .sealed_bytes
            .fetch_add(sealed.bytes, Ordering::Relaxed);
        counts
            .segment_bytes
            .store(self.log.bytes(), Ordering::Relaxed);
        self.sealed.push(sealed);
        Ok(())
    }

    /// Asks for a checkpoint when the log outweighs the live records.
    fn checkpoint_if_due(&mut self) {
        let counts = &self.shared.counts;
        let live_bytes = counts.checkpoint_bytes.load(Ordering::Relaxed);
        let due_bytes = self.checkpoint_log_bytes.max(live_bytes);
        if counts.sealed_bytes.load(Ordering::Relaxed) > due_bytes {
            self.send_checkpoint(Vec::new());
        }
    }

    fn send_checkpoint(&mut self, replies: Vec<Reply>) {
        let sealed = std::mem::take(&mut self.sealed);
        let covers = self.log.newest();
        // The checkpointer is gone only if it failed the store, which answers the replies.
        let _ = self.chores.send(Chore::Checkpoint {
            covers,
            sealed,
            replies,
        });
    }

    fn send_reading(&mut self, reading: Reading) {
        // As above; a reading that nobody does tells its caller by being dropped.
        let _ = self.chores.send(Chore::Read {
            covers: self.log.newest(),
            sealed: std::mem::take(&mut self.sealed),
            reading,
        });
    }
}

/// Takes durable batches to the index.
pub(crate) struct Indexer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) groups: Receiver<Group>,
}

impl Indexer {
    pub(crate) fn run(self) {
        let _watch = PanicWatch(Arc::clone(&self.shared));
        while let Ok(group) = self.groups.recv() {
            let (mut bytes, mut newest) = (0, 0);
            let mut changes = Changes::new();
            let mut next = Some(group);
            while let Some(group) = next {
                bytes += group.bytes;
                newest = group.newest;
                for op in group.batches.iter().flat_map(|ops| ops.iter()) {
                    changes.insert(op.key.clone(), op.value.clone());
                }
                let more = changes.len() < INDEX_WRITES_MAX;
                next = if more {
                    self.groups.try_recv().ok()
                } else {
                    None
                };
            }
            if let Err(error) = self.shared.index.apply(&changes, newest) {
                let error = io::Error::other(error);
                return self.shared.fail(Failure::new("writing the index", error));
            }
            let mut overlay = self
                .shared
                .overlay
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            overlay.forget(changes.keys(), newest);
            drop(overlay);
            self.shared.intake.release(bytes);
        }
    }
}

/// Keeps the log short.
pub(crate) struct Checkpointer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) layout: Layout,
    pub(crate) store_id: StoreId,
    pub(crate) chores: Receiver<Chore>,
    /// Sealed segments behind the last checkpoint.
    pub(crate) sealed: Vec<Sealed>,
}

impl Checkpointer {
    pub(crate) fn run(mut self) {
        let _watch = PanicWatch(Arc::clone(&self.shared));
        while let Ok(chore) = self.chores.recv() {
            match chore {
                Chore::Checkpoint {
                    covers,
                    sealed,
                    replies,
                } => {
                    self.sealed.extend(sealed);
                    let result = self.checkpoint(covers);
                    for reply in replies {
                        // Whoever asked may have stopped waiting.
                        let _ = reply.send(result.clone());
                    }
                    if self.shared.durability.check().is_err() {
                        return;
                    }
                }
                Chore::Read {
                    covers,
                    sealed,
                    reading,
                } => {
                    self.sealed.extend(sealed);
                    reading(&self.sources(covers));
                }
                Chore::Ballast => {
                    // A volume that is full again has no room for it; there is a next time.
                    let _ = self.shared.space.restore_ballast();
                }
            }
        }
    }

    fn checkpoint(&mut self, covers: u64) -> Result<(), StoreError> {
        if self.sealed.is_empty() {
            return Ok(());
        }
        match self.write_and_shorten(covers) {
            Ok(()) => Ok(()),
            Err(CheckpointError::Stopped) => Err(StoreError::closed()),
            Err(CheckpointError::NoRoom) => {
                Err(self.shared.space.full().unwrap_or_else(StoreError::closed))
            }
            Err(CheckpointError::Write(error)) => Err(self.fail(error)),
            Err(CheckpointError::Read(error)) => Err(self.fail(match error {
                ReadError::Io(_, error) => error,
                ReadError::Damaged(damage) => io::Error::other(damage),
                ReadError::Version(..) => io::Error::other("a file is of another version"),
            })),
        }
    }

    fn write_and_shorten(&mut self, covers: u64) -> Result<(), CheckpointError> {
        let shared = Arc::clone(&self.shared);
        let go_on = || {
            if shared.stopping.load(Ordering::Acquire) {
                return Err(CheckpointError::Stopped);
            }
            if !shared.space.has_room_for_checkpoint() {
                return Err(CheckpointError::NoRoom);
            }
            Ok(())
        };
        let bytes = self
            .sources(covers)
            .write(&self.layout.checkpoint(), &*self.disk, &go_on)?;
        let counts = &self.shared.counts;
        counts.checkpoint_bytes.store(bytes, Ordering::Relaxed);
        counts.checkpoints.fetch_add(1, Ordering::Relaxed);
        for sealed in self.sealed.drain(..) {
            let path = segment::path(&self.layout.log(), sealed.first);
            self.disk.remove(&path).map_err(CheckpointError::Write)?;
            counts
                .sealed_bytes
                .fetch_sub(sealed.bytes, Ordering::Relaxed);
        }
        self.disk
            .sync_folder(&self.layout.log())
            .map_err(CheckpointError::Write)
    }

    /// The truth up to the end of the sealed segments.
    fn sources(&self, covers: u64) -> Sources {
        Sources {
            checkpoint: self.layout.checkpoint(),
            log_folder: self.layout.log(),
            store_id: self.store_id,
            covers,
            segments: self.sealed.iter().map(|sealed| sealed.first).collect(),
            may_be_torn: false,
        }
    }

    fn fail(&self, error: io::Error) -> StoreError {
        self.shared
            .fail(Failure::new("writing a checkpoint", error));
        self.shared
            .durability
            .check()
            .err()
            .unwrap_or_else(StoreError::closed)
    }
}
