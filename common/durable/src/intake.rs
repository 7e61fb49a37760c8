//! The queue between those who append and the one who writes.

use std::collections::VecDeque;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::batch::Op;
use crate::error::StoreError;
use crate::overlay::weight;

/// The most that is written and synced at once; one batch more may be on top.
const GROUP_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Tells whether a checkpoint was written.
pub(crate) type Reply = Sender<Result<(), StoreError>>;

/// Batches on their way to the log, and how much in memory no run holds yet.
#[derive(Debug)]
pub(crate) struct Intake {
    state: Mutex<State>,
    work: Condvar,
    room: Condvar,
    pending_bytes_max: usize,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Queued>,
    pending_bytes: usize,
    /// How much of it is not in the log yet.
    queued_bytes: usize,
    checkpoints: Vec<Reply>,
    /// Those who asked want nothing kept that was replaced or deleted.
    compact: bool,
    /// Somebody waits for room, which only a run makes.
    room_wanted: bool,
    /// Why there will be none for now.
    refusal: Option<StoreError>,
    closing: bool,
}

#[derive(Debug)]
struct Queued {
    ops: Arc<[Op]>,
    bytes: usize,
}

/// What the writer does next.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// Batches to write, in order.
    pub(crate) batches: Vec<Arc<[Op]>>,
    /// What they weigh in memory, to be released when a run holds them.
    pub(crate) bytes: usize,
    /// Who asked for a checkpoint behind these batches.
    pub(crate) checkpoints: Vec<Reply>,
    /// Whether they want all runs made one.
    pub(crate) compact: bool,
    /// Whether everything is to go into a run, for want of room in memory.
    pub(crate) room_wanted: bool,
}

impl Intake {
    /// Begins with `pending_bytes` in memory already.
    pub(crate) fn new(pending_bytes_max: usize, pending_bytes: usize) -> Self {
        let (work, room) = (Condvar::new(), Condvar::new());
        let state = State {
            pending_bytes,
            ..State::default()
        };
        Self {
            state: Mutex::new(state),
            work,
            room,
            pending_bytes_max,
        }
    }

    /// Waits for room, then queues what `number` makes visible. Only one caller at a time is in
    /// `number`, and in the order of the queue. An urgent batch does not wait: it may be what has
    /// to be said while no run can be written.
    pub(crate) fn push(
        &self,
        urgent: bool,
        serving: impl Fn() -> Result<(), StoreError>,
        number: impl FnOnce() -> Result<(u64, Vec<Op>), StoreError>,
    ) -> Result<u64, StoreError> {
        let mut state = self.lock();
        serving()?;
        let mut asked = false;
        while state.pending_bytes > self.pending_bytes_max && !urgent {
            match &state.refusal {
                Some(refusal) if asked => return Err(refusal.clone()),
                // An older refusal; there may be room by now.
                _ => state.refusal = None,
            }
            asked = true;
            state.room_wanted = true;
            self.work.notify_one();
            state = self
                .room
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            serving()?;
        }
        let (number, ops) = number()?;
        let bytes = weight(&ops);
        state.pending_bytes += bytes;
        state.queued_bytes += bytes;
        state.queue.push_back(Queued {
            ops: ops.into(),
            bytes,
        });
        drop(state);
        self.work.notify_one();
        Ok(number)
    }

    /// Asks for a checkpoint behind everything queued; `compact` for all runs to be made one then.
    pub(crate) fn request_checkpoint(&self, reply: Reply, compact: bool) {
        let mut state = self.lock();
        state.checkpoints.push(reply);
        state.compact |= compact;
        drop(state);
        self.work.notify_one();
    }

    /// Waits for work; `None` once the intake is closed and empty.
    pub(crate) fn take(&self) -> Option<Work> {
        let mut state = self.lock();
        while state.queue.is_empty() && state.checkpoints.is_empty() && !state.room_wanted {
            if state.closing {
                return None;
            }
            state = self
                .work
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let mut work = Work::default();
        while work.bytes < GROUP_BYTES_MAX {
            let Some(queued) = state.queue.pop_front() else {
                break;
            };
            work.bytes += queued.bytes;
            work.batches.push(queued.ops);
        }
        if state.queue.is_empty() {
            work.checkpoints = std::mem::take(&mut state.checkpoints);
            work.compact = std::mem::take(&mut state.compact);
        }
        work.room_wanted = std::mem::take(&mut state.room_wanted);
        Some(work)
    }

    /// Returns how many bytes are appended and not yet in a run.
    pub(crate) fn pending_bytes(&self) -> usize {
        self.lock().pending_bytes
    }

    /// Returns how many bytes are appended and not yet in the log.
    pub(crate) fn queued_bytes(&self) -> usize {
        self.lock().queued_bytes
    }

    /// Says that so many bytes are in the log.
    pub(crate) fn logged(&self, bytes: usize) {
        let mut state = self.lock();
        state.queued_bytes = state.queued_bytes.saturating_sub(bytes);
    }

    /// Makes room for what a run has taken.
    pub(crate) fn release(&self, bytes: usize) {
        let mut state = self.lock();
        state.pending_bytes = state.pending_bytes.saturating_sub(bytes);
        state.refusal = None;
        drop(state);
        self.room.notify_all();
    }

    /// Refuses those who wait for room while no run can be written.
    pub(crate) fn refuse(&self, refusal: StoreError) {
        self.lock().refusal = Some(refusal);
        self.room.notify_all();
    }

    /// Ends the work once the queue is empty.
    pub(crate) fn close(&self) {
        self.lock().closing = true;
        self.work.notify_all();
    }

    /// Wakes those who wait for room that will not come, and drops whom nobody will answer.
    pub(crate) fn fail(&self) {
        self.lock().checkpoints.clear();
        self.room.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
