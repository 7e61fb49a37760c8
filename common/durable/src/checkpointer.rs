//! The thread that keeps the log short and the runs few.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, TryRecvError};

use crate::disk::Disk;
use crate::error::{Failure, StoreError};
use crate::index::{IndexError, IndexingError};
use crate::intake::Reply;
use crate::layout::Layout;
use crate::log::segment;
use crate::log::writer::Sealed;
use crate::marker::{Marker, Stop};
use crate::run::error::RunError;
use crate::run::flush::{Flush, Flushed};
use crate::run::id::RunId;
use crate::run::merging::Merging;
use crate::run::policy::{Weight, merge_from};
use crate::run::run::Run;
use crate::serving::{PanicWatch, Shared};
use crate::store_id::StoreId;

/// The most that one run is made of; the segments are in memory meanwhile.
const FLUSH_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How many records are merged before it is asked whether something more urgent is to be done.
const MERGE_RECORDS_AT_ONCE: usize = 4096;

/// How many keys are forgotten under one lock, so that nobody waits long for it.
const FORGET_AT_ONCE: usize = 512;

/// What the checkpointer is asked to do.
pub(crate) enum Chore {
    /// Take everything sealed into runs.
    Checkpoint {
        /// The segments sealed since the last such chore.
        sealed: Vec<Sealed>,
        /// Who wants to know.
        replies: Vec<Reply>,
        /// Whether all runs are to be made one then.
        compact: bool,
    },
    /// Write the ballast again.
    Ballast,
}

/// Keeps the log short, and the runs few.
pub(crate) struct Checkpointer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) layout: Layout,
    pub(crate) store_id: StoreId,
    pub(crate) chores: Receiver<Chore>,
    /// Sealed segments that no run covers.
    pub(crate) sealed: Vec<Sealed>,
    /// Who is told when there is nothing left to do.
    pub(crate) replies: Vec<Reply>,
    pub(crate) merging: Option<Merging>,
    /// Runs that were replaced while a snapshot may read them.
    pub(crate) replaced: Vec<Arc<Run>>,
    /// There was no room to merge; it is tried again behind the next run.
    pub(crate) merge_paused: bool,
    /// All runs are to be made one, so that nothing is kept that was replaced or deleted.
    pub(crate) compact: bool,
}

impl Checkpointer {
    pub(crate) fn run(mut self) {
        let _watch = PanicWatch(Arc::clone(&self.shared));
        while let Some(chore) = self.next_chore() {
            let done = match chore {
                Some(chore) => self.perform(chore),
                None => self.merge(),
            };
            let done = done.and_then(|()| self.remove_replaced());
            if let Err(error) = done {
                if matches!(error, RunError::Read(_)) {
                    // A store that cannot even note that meets the damage again.
                    let _ = self.mark_suspect();
                }
                self.shared.fail(failure(error));
                break;
            }
        }
        if let Some(merging) = self.merging.take() {
            merging.abandon(&*self.disk);
        }
    }

    /// Waits for a chore; `Some(None)` while there is something to merge meanwhile, and `None` at
    /// the end.
    #[allow(
        clippy::option_option,
        reason = "the end, a chore, and no chore are three things"
    )]
    fn next_chore(&mut self) -> Option<Option<Chore>> {
        if self.shared.durability.check().is_err() {
            return None;
        }
        let may_merge = !self.shared.stopping.load(Ordering::Acquire);
        if may_merge && (self.merging.is_some() || self.merge_due().is_some()) {
            return match self.chores.try_recv() {
                Ok(chore) => Some(Some(chore)),
                Err(TryRecvError::Empty) => Some(None),
                Err(TryRecvError::Disconnected) => None,
            };
        }
        self.compact = false;
        self.answer(&Ok(()));
        self.chores.recv().ok().map(Some)
    }

    fn answer(&mut self, result: &Result<(), StoreError>) {
        for reply in self.replies.drain(..) {
            // Whoever asked may have stopped waiting.
            let _ = reply.send(result.clone());
        }
    }

    /// Lets the next opening verify everything: the truth cannot be read, and what else is wrong
    /// with it is unknown.
    fn mark_suspect(&self) -> io::Result<()> {
        let marker = Marker {
            store_id: self.store_id,
            stop: Stop::Suspect,
            newest: self.shared.durability.durable(),
            boot_id: String::new(),
        };
        marker.write(&*self.disk, &self.layout.marker())
    }

    fn perform(&mut self, chore: Chore) -> Result<(), RunError> {
        match chore {
            Chore::Checkpoint {
                sealed,
                replies,
                compact,
            } => {
                self.sealed.extend(sealed);
                self.replies.extend(replies);
                self.compact |= compact;
                self.merge_paused &= !compact;
                self.checkpoint()
            }
            Chore::Ballast => {
                // A volume that is full again has no room for it; there is a next time.
                let _ = self.shared.space.restore_ballast();
                Ok(())
            }
        }
    }

    /// Takes everything sealed into runs.
    fn checkpoint(&mut self) -> Result<(), RunError> {
        while !self.sealed.is_empty() {
            match self.flush() {
                Ok(()) => self.merge_paused = false,
                Err(RunError::Stopped) => {
                    self.compact = false;
                    self.answer(&Err(StoreError::closed()));
                    return Ok(());
                }
                Err(RunError::NoRoom) => {
                    let full = self.shared.space.full().unwrap_or_else(StoreError::closed);
                    self.compact = false;
                    self.answer(&Err(full.clone()));
                    self.shared.intake.refuse(full);
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes some sealed segments into a run, and removes them.
    fn flush(&mut self) -> Result<(), RunError> {
        let count = self.flush_count();
        let segments: Vec<u64> = self.sealed[..count].iter().map(|s| s.first).collect();
        let covers = self.shared.runs.covers();
        let older_runs = self.shared.runs.read().clone();
        let flush = Flush {
            log: &self.layout.log(),
            runs: &self.layout.runs(),
            store_id: self.store_id,
            first: covers + 1,
            segments: &segments,
            older_runs: &older_runs,
        };
        let Flushed { id, keys } = flush.write(&*self.disk, &|| self.go_on())?;
        self.shared.overlay_mut().cover(id.last);
        for keys in keys.chunks(FORGET_AT_ONCE) {
            self.shared.overlay_mut().hide(keys);
        }
        self.install(id)?;
        for keys in keys.chunks(FORGET_AT_ONCE) {
            self.shared.overlay_mut().forget(keys, id.last);
        }
        let counts = &self.shared.counts;
        for sealed in self.sealed.drain(..count) {
            self.shared.intake.release(sealed.pending_bytes);
            let bytes = sealed.bytes;
            counts.sealed_bytes.fetch_sub(bytes, Ordering::Relaxed);
            let path = segment::path(&self.layout.log(), sealed.first);
            self.disk.remove(&path).map_err(RunError::Write)?;
        }
        counts.checkpoints.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// How many of the sealed segments go into the next run.
    fn flush_count(&self) -> usize {
        let mut bytes = 0u64;
        let fits = self.sealed.iter().take_while(|sealed| {
            bytes = bytes.saturating_add(sealed.bytes);
            bytes <= FLUSH_BYTES_MAX
        });
        fits.count().max(1)
    }

    /// Takes a run that stands in its place into service.
    fn install(&mut self, id: RunId) -> Result<(), RunError> {
        let runs = self.layout.runs();
        let run = Run::open(&runs, self.store_id, id)?;
        let reader = run.reader()?;
        let index = &self.shared.index;
        let indexed = index.add(id, reader, &mut |_| ());
        indexed.map_err(|error| match error {
            IndexingError::Read(error) => RunError::Read(error),
            IndexingError::Index(error) => not_indexed(error),
        })?;
        let replaced = self.shared.runs.install(Arc::new(run));
        self.replaced.extend(replaced);
        let noted = index.note_durable(self.shared.durability.durable());
        noted.map_err(not_indexed)?;
        // While there is room for it: sled would write it later, and never recovers from a volume
        // that somebody else has filled by then.
        index.flush().map_err(not_indexed)
    }

    /// Removes the runs that were replaced and that no snapshot reads any more.
    fn remove_replaced(&mut self) -> Result<(), RunError> {
        let unread = |run: &mut Arc<Run>| Arc::strong_count(run) == 1;
        for run in self.replaced.extract_if(.., unread) {
            let removed = self.disk.remove(&run.id().path(&self.layout.runs()));
            removed.map_err(RunError::Write)?;
            self.shared.index.remove(run.id()).map_err(not_indexed)?;
            self.shared.index.flush().map_err(not_indexed)?;
        }
        Ok(())
    }

    /// From which run on all are to be merged.
    fn merge_due(&self) -> Option<usize> {
        if self.merge_paused {
            return None;
        }
        let runs = self.shared.runs.read();
        if self.compact && runs.len() > 1 {
            return Some(0);
        }
        let weights: Vec<Weight> = runs.iter().map(|run| run.weight()).collect();
        merge_from(&weights)
    }

    /// Goes on merging for a while.
    fn merge(&mut self) -> Result<(), RunError> {
        let stepped = match self.merging.take() {
            Some(merging) => self.merge_on(merging),
            None => self.merge_begin(),
        };
        match stepped {
            Ok(merging) => {
                self.merging = merging;
                Ok(())
            }
            Err(error @ (RunError::NoRoom | RunError::Stopped)) => {
                self.merge_paused = true;
                if std::mem::take(&mut self.compact) {
                    let full = match error {
                        RunError::NoRoom => self.shared.space.full(),
                        _ => None,
                    };
                    self.answer(&Err(full.unwrap_or_else(StoreError::closed)));
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn merge_begin(&self) -> Result<Option<Merging>, RunError> {
        let Some(from) = self.merge_due() else {
            return Ok(None);
        };
        let mut older = self.shared.runs.read().clone();
        let sources = older.split_off(from);
        let bytes = sources.iter().map(|run| run.bytes()).sum();
        if !self.shared.space.has_room_for(bytes) {
            return Err(RunError::NoRoom);
        }
        let runs = self.layout.runs();
        Merging::begin(&*self.disk, &runs, self.store_id, &sources, older).map(Some)
    }

    fn merge_on(&mut self, mut merging: Merging) -> Result<Option<Merging>, RunError> {
        let stepped = self
            .go_on()
            .and_then(|()| merging.step(MERGE_RECORDS_AT_ONCE));
        match stepped {
            Ok(true) => Ok(Some(merging)),
            Ok(false) => {
                let id = merging.id();
                merging.finish(&*self.disk)?;
                self.install(id)?;
                self.shared.counts.merges.fetch_add(1, Ordering::Relaxed);
                Ok(None)
            }
            Err(error) => {
                merging.abandon(&*self.disk);
                Err(error)
            }
        }
    }

    /// Tells whether to go on with writing a run.
    fn go_on(&self) -> Result<(), RunError> {
        if self.shared.stopping.load(Ordering::Acquire) {
            return Err(RunError::Stopped);
        }
        if !self.shared.space.has_room_for(0) {
            return Err(RunError::NoRoom);
        }
        Ok(())
    }
}

fn not_indexed(error: IndexError) -> RunError {
    RunError::Write(io::Error::other(error))
}

fn failure(error: RunError) -> Failure {
    let (operation, error) = match error {
        RunError::Write(error) => ("writing a run", error),
        RunError::Read(error) => ("reading the store", error.into_io()),
        RunError::NoRoom => ("writing a run", io::ErrorKind::StorageFull.into()),
        RunError::Stopped => ("writing a run", io::Error::other("the store is closing")),
    };
    Failure::new(operation, error)
}
