//! A store that notes when it has failed, so that somebody who waits can be told.
//!
//! After a failed write or sync a store answers only that it failed, and whoever asks hears it. A
//! desk that nobody asks would look as if it served, and could promise nothing any more.

use maille_durable::{Batch, CommitNumber, DurableCallback, Row, Scan, Store, StoreError, Table};
use tokio::sync::watch;

use crate::error::DeskFailure;

/// Whether a store failed, and how; the first failure is the one that is told.
pub(crate) type Failed = watch::Sender<Option<DeskFailure>>;

/// A [`Store`] that notes in `failed` what every caller is told.
pub(crate) struct WatchedStore<S> {
    inner: S,
    failed: Failed,
}

impl<S: Store> WatchedStore<S> {
    pub(crate) const fn new(inner: S, failed: Failed) -> Self {
        Self { inner, failed }
    }

    fn noted<T>(&self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        note(&self.failed, &outcome);
        outcome
    }
}

fn note<T>(failed: &Failed, outcome: &Result<T, StoreError>) {
    let Err(error @ StoreError::StoreFailed(_)) = outcome else {
        return;
    };
    let first = failed.send_if_modified(|failed| {
        let first = failed.is_none();
        failed.get_or_insert_with(|| DeskFailure::new(error));
        first
    });
    if first {
        tracing::error!(%error, "incident: the desk can promise nothing any more");
    }
}

impl<S: Store> Store for WatchedStore<S> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.noted(self.inner.get(table, key))
    }

    fn scan(&self, scan: Scan<'_>) -> Result<Vec<Row>, StoreError> {
        self.noted(self.inner.scan(scan))
    }

    fn append(&self, batch: Batch) -> Result<CommitNumber, StoreError> {
        self.noted(self.inner.append(batch))
    }

    fn when_durable(&self, commit: CommitNumber, then: DurableCallback) {
        let failed = self.failed.clone();
        let noted = move |outcome| {
            note(&failed, &outcome);
            then(outcome);
        };
        self.inner.when_durable(commit, Box::new(noted));
    }

    fn newest(&self) -> CommitNumber {
        self.inner.newest()
    }

    fn pieces(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.noted(self.inner.pieces(table, key))
    }
}
