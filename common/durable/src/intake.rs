//! The queue between those who append and the one who writes.

use std::collections::VecDeque;
use std::fmt;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::batch::Op;
use crate::checkpoint::Sources;
use crate::error::StoreError;

/// The most that is written and synced at once; one batch more may be on top.
const GROUP_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What a batch and each of its operations cost in memory beside their bytes, roughly.
const OVERHEAD_BYTES: usize = 128;

/// Tells whether a checkpoint was written.
pub(crate) type Reply = Sender<Result<(), StoreError>>;

/// What is done with the truth as it stood behind everything queued. It must not wait for the
/// store.
pub(crate) type Reading = Box<dyn FnOnce(&Sources) + Send>;

/// What the log's keepers are asked for beside writing.
pub(crate) enum Request {
    /// A checkpoint.
    Checkpoint(Reply),
    /// To read the truth.
    Read(Reading),
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Checkpoint(_) => "Checkpoint(..)",
            Self::Read(_) => "Read(..)",
        })
    }
}

/// Batches on their way to the log, and how much of them is not in the index yet.
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
    requests: Vec<Request>,
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
    /// What they weigh in memory, to be released when the index holds them.
    pub(crate) bytes: usize,
    /// What is asked for behind these batches.
    pub(crate) requests: Vec<Request>,
}

impl Intake {
    pub(crate) fn new(pending_bytes_max: usize) -> Self {
        let (work, room) = (Condvar::new(), Condvar::new());
        Self {
            state: Mutex::default(),
            work,
            room,
            pending_bytes_max,
        }
    }

    /// Waits for room, then queues what `number` makes visible. Only one caller at a time is in
    /// `number`, and in the order of the queue.
    pub(crate) fn push(
        &self,
        serving: impl Fn() -> Result<(), StoreError>,
        number: impl FnOnce() -> Result<(u64, Vec<Op>), StoreError>,
    ) -> Result<u64, StoreError> {
        let mut state = self.lock();
        serving()?;
        while state.pending_bytes > self.pending_bytes_max {
            state = self
                .room
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            serving()?;
        }
        let (number, ops) = number()?;
        let weigh =
            |op: &Op| OVERHEAD_BYTES + op.key.len() + op.value.as_ref().map_or(0, |v| v.len());
        let bytes = OVERHEAD_BYTES + ops.iter().map(weigh).sum::<usize>();
        state.pending_bytes += bytes;
        state.queue.push_back(Queued {
            ops: ops.into(),
            bytes,
        });
        drop(state);
        self.work.notify_one();
        Ok(number)
    }

    /// Asks for something behind everything queued.
    pub(crate) fn request(&self, request: Request) {
        self.lock().requests.push(request);
        self.work.notify_one();
    }

    /// Waits for work; `None` once the intake is closed and empty.
    pub(crate) fn take(&self) -> Option<Work> {
        let mut state = self.lock();
        while state.queue.is_empty() && state.requests.is_empty() {
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
            work.requests = std::mem::take(&mut state.requests);
        }
        Some(work)
    }

    /// Returns how many bytes are appended and not yet in the index.
    pub(crate) fn pending_bytes(&self) -> usize {
        self.lock().pending_bytes
    }

    /// Makes room for what the index has taken.
    pub(crate) fn release(&self, bytes: usize) {
        self.lock().pending_bytes -= bytes;
        self.room.notify_all();
    }

    /// Ends the work once the queue is empty.
    pub(crate) fn close(&self) {
        self.lock().closing = true;
        self.work.notify_all();
    }

    /// Wakes those who wait for room that will not come, and drops whom nobody will answer.
    pub(crate) fn fail(&self) {
        self.lock().requests.clear();
        self.room.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
