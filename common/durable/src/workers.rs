//! The threads of an open store, and how their end is awaited.

use std::convert::Infallible;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::folder_lock::FolderLock;

/// How long a thread of a store that has failed may take to end. A busy machine may keep one that
/// does end from it for a while.
const PATIENCE: Duration = Duration::from_secs(10);

/// The threads of one store.
#[derive(Debug, Default)]
pub(crate) struct Workers(Vec<Worker>);

#[derive(Debug)]
struct Worker {
    thread: JoinHandle<()>,
    /// Nothing is ever sent; the other half goes when the thread ends.
    ended: Mutex<Receiver<Infallible>>,
}

impl Workers {
    /// Starts a thread. It holds the folder's lock for as long as it runs.
    pub(crate) fn start(
        &mut self,
        name: &str,
        lock: &Arc<FolderLock>,
        run: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        let (ends, ended) = channel();
        let held = Arc::clone(lock);
        let run = move || {
            // First the lock goes, then who waits hears of it.
            let (_ends, _held) = (ends, held);
            run();
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run)?;
        let ended = Mutex::new(ended);
        self.0.push(Worker { thread, ended });
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells whether this thread is one of them.
    pub(crate) fn is_current(&self) -> bool {
        let current = thread::current().id();
        self.0
            .iter()
            .any(|worker| worker.thread.thread().id() == current)
    }

    /// Waits for every thread to end. Once the store `has_failed`, one that does not is left
    /// behind: sled may wait for ever for what a dead disk did not take, and nobody is to wait with
    /// it.
    pub(crate) fn join(self, has_failed: impl Fn() -> bool) {
        for Worker { thread, ended } in self.0 {
            let ended = ended.into_inner().unwrap_or_else(PoisonError::into_inner);
            let runs = || ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout);
            while runs() {
                if has_failed() {
                    return;
                }
            }
            // A panic has failed the store already.
            let _ = thread.join();
        }
    }
}
