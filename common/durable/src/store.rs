//! What a store owes its callers.

use std::fmt;
use std::sync::mpsc::sync_channel;

use crate::batch::Batch;
use crate::error::StoreError;
use crate::pieces;

/// The longest key a caller may choose, without its table byte.
pub const KEY_BYTES_MAX: usize = 128;

/// The longest value; longer byte strings are stored in pieces of this size.
pub const VALUE_BYTES_MAX: usize = 4096;

/// The most one batch may weigh, keys, values and framing together.
pub const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Names a table: the byte that stands before every key of it.
///
/// Keys of one table have one width, are big-endian where they hold numbers, and the table holds
/// either plain values or pieces, never both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Table(pub u8);

/// Numbers the batches of a store, contiguous from 1; 0 stands before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct CommitNumber(pub u64);

impl fmt::Display for CommitNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The order in which a scan returns records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Smallest key first.
    Ascending,
    /// Largest key first.
    Descending,
}

/// Describes which records of one table to read.
#[derive(Debug, Clone, Copy)]
pub struct Scan<'a> {
    /// The table.
    pub table: Table,
    /// The first key that may be returned; empty for the beginning of the table.
    pub from: &'a [u8],
    /// The first key that may not be returned; `None` for the end of the table.
    pub to: Option<&'a [u8]>,
    /// The most records to return; each holds at most [`VALUE_BYTES_MAX`] bytes.
    pub limit: usize,
    /// From which end to begin.
    pub direction: Direction,
}

impl<'a> Scan<'a> {
    /// Reads a whole table, smallest key first.
    #[must_use]
    pub fn table(table: Table, limit: usize) -> Self {
        Self {
            table,
            from: &[],
            to: None,
            limit,
            direction: Direction::Ascending,
        }
    }

    /// Reads the keys in `from..to`, smallest first.
    #[must_use]
    pub fn range(table: Table, from: &'a [u8], to: &'a [u8], limit: usize) -> Self {
        Self {
            table,
            from,
            to: Some(to),
            limit,
            direction: Direction::Ascending,
        }
    }

    /// Turns the scan round: the largest key first, and the limit counts from that end.
    #[must_use]
    pub fn descending(self) -> Self {
        Self {
            direction: Direction::Descending,
            ..self
        }
    }
}

/// A record as a scan returns it: key, without its table byte, and value.
pub type Row = (Vec<u8>, Vec<u8>);

/// The first key after all keys that begin with `prefix`: the end of a range over it.
///
/// Empty, and so before every key, where no key can follow: a prefix of `0xff` bytes alone.
#[must_use]
pub fn after_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            break;
        }
    }
    end
}

/// Is called once a commit is durable, or never will be.
pub type DurableCallback = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// A store of records that survive a power cut: five duties, and three conveniences over them.
///
/// Every call may block on the disk; keep them off asynchronous threads.
pub trait Store: Send + Sync {
    /// Returns the value under `key`, as the newest appended batch left it, durable or not.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for a record that does not match its checksum;
    /// [`StoreError::StoreFailed`] for ever after a failed write or sync.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Returns the records of a range as they stood at one instant: every batch is in it whole or
    /// not at all.
    ///
    /// # Errors
    /// As [`Store::get`]; one corrupt record fails the scan.
    fn scan(&self, scan: Scan<'_>) -> Result<Vec<Row>, StoreError>;

    /// Makes a batch visible to every later read, atomically and after every earlier batch, and
    /// sets it on its way to the disk.
    ///
    /// Nothing is promised to anybody on its return: the promise is [`Store::when_durable`]. A
    /// refused batch leaves no trace. It may block while the store is far behind.
    ///
    /// # Errors
    /// A limit of this module; [`StoreError::DiskFull`] below the low-water mark;
    /// [`StoreError::StoreFailed`].
    fn append(&self, batch: Batch) -> Result<CommitNumber, StoreError>;

    /// Calls `then` exactly once: with `Ok` when every batch up to `commit` would survive a power
    /// cut, or with `StoreFailed` when that can no longer be said.
    ///
    /// It may be called at once on this thread, or later on the thread that writes the log: it
    /// must be brief, must not panic, and must not wait for the store.
    fn when_durable(&self, commit: CommitNumber, then: DurableCallback);

    /// Returns the newest appended commit, at least that of every batch a read has shown.
    ///
    /// An answer that rests on reads waits for this one before it leaves: what was read may not be
    /// durable yet.
    fn newest(&self) -> CommitNumber;

    /// Blocks until every batch up to `commit` is durable.
    ///
    /// # Errors
    /// [`StoreError::StoreFailed`]; [`StoreError::UnknownCommit`] for one never appended.
    fn wait(&self, commit: CommitNumber) -> Result<(), StoreError> {
        let (told, verdict) = sync_channel(1);
        self.when_durable(
            commit,
            Box::new(move |result| {
                // The receiver is gone only if the waiting thread died; nobody is left to tell.
                let _ = told.send(result);
            }),
        );
        verdict.recv().unwrap_or_else(|_| Err(StoreError::closed()))
    }

    /// Appends a batch and blocks until it is durable.
    ///
    /// # Errors
    /// As [`Store::append`] and [`Store::wait`]. After `StoreFailed` the batch may or may not be
    /// found when the store is opened again.
    fn commit(&self, batch: Batch) -> Result<CommitNumber, StoreError> {
        let number = self.append(batch)?;
        self.wait(number)?;
        Ok(number)
    }

    /// Returns the byte string that [`Batch::put_pieces`] stored under `key`.
    ///
    /// # Errors
    /// As [`Store::get`]; a piece that is missing behind the first is [`StoreError::Corrupt`].
    fn pieces(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let (from, to) = pieces::bounds(key);
        let rows = self.scan(Scan::range(table, &from, &to, pieces::COUNT_MAX + 1))?;
        pieces::join(table, key, rows)
    }
}

/// A store that several hold is the same store.
impl<S: Store + ?Sized> Store for std::sync::Arc<S> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        (**self).get(table, key)
    }

    fn scan(&self, scan: Scan<'_>) -> Result<Vec<Row>, StoreError> {
        (**self).scan(scan)
    }

    fn append(&self, batch: Batch) -> Result<CommitNumber, StoreError> {
        (**self).append(batch)
    }

    fn when_durable(&self, commit: CommitNumber, then: DurableCallback) {
        (**self).when_durable(commit, then);
    }

    fn newest(&self) -> CommitNumber {
        (**self).newest()
    }

    fn wait(&self, commit: CommitNumber) -> Result<(), StoreError> {
        (**self).wait(commit)
    }

    fn commit(&self, batch: Batch) -> Result<CommitNumber, StoreError> {
        (**self).commit(batch)
    }

    fn pieces(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        (**self).pieces(table, key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_prefix_is_behind_all_its_keys() {
        assert_eq!(after_prefix(&[1, 2]), vec![1, 3]);
        assert_eq!(after_prefix(&[1, 255]), vec![2]);
        assert_eq!(after_prefix(&[255, 255]), Vec::<u8>::new());
    }
}
