//! Who waits for which commit, and whether the store has failed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::error::{Failure, StoreError};
use crate::store::{CommitNumber, DurableCallback};

/// What is durable, and whom to tell.
pub(crate) struct Durability {
    failure: OnceLock<Arc<Failure>>,
    waiting: Mutex<Waiting>,
}

struct Waiting {
    durable: u64,
    callbacks: BTreeMap<u64, Vec<DurableCallback>>,
}

impl Durability {
    /// Begins with everything up to batch `durable`.
    pub(crate) fn new(durable: u64) -> Self {
        let waiting = Waiting {
            durable,
            callbacks: BTreeMap::new(),
        };
        Self {
            failure: OnceLock::new(),
            waiting: Mutex::new(waiting),
        }
    }

    /// Refuses once the store has failed.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match self.failure.get() {
            Some(failure) => Err(StoreError::StoreFailed(Arc::clone(failure))),
            None => Ok(()),
        }
    }

    /// Returns the newest durable batch.
    pub(crate) fn durable(&self) -> u64 {
        self.lock().durable
    }

    /// Calls `then` when `commit` is durable, which may be now.
    pub(crate) fn when_durable(&self, commit: CommitNumber, then: DurableCallback) {
        let mut waiting = self.lock();
        if let Err(failed) = self.check() {
            drop(waiting);
            then(Err(failed));
        } else if commit.0 <= waiting.durable {
            drop(waiting);
            then(Ok(()));
        } else {
            waiting.callbacks.entry(commit.0).or_default().push(then);
        }
    }

    /// Says that everything up to batch `durable` would survive a power cut.
    pub(crate) fn advance(&self, durable: u64) {
        let mut waiting = self.lock();
        waiting.durable = durable;
        let later = waiting.callbacks.split_off(&(durable + 1));
        let due = std::mem::replace(&mut waiting.callbacks, later);
        drop(waiting);
        due.into_values().flatten().for_each(|then| then(Ok(())));
    }

    /// Fails for ever, and tells everybody who waits. The first failure is the one reported.
    pub(crate) fn fail(&self, failure: Failure) {
        let failure = Arc::clone(self.failure.get_or_init(|| Arc::new(failure)));
        let waiting = std::mem::take(&mut self.lock().callbacks);
        for then in waiting.into_values().flatten() {
            then(Err(StoreError::StoreFailed(Arc::clone(&failure))));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Durability")
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}
