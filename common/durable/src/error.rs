//! How a store says no.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use crate::store::{BATCH_BYTES_MAX, CommitNumber, KEY_BYTES_MAX, Table, VALUE_BYTES_MAX};

/// The reasons for which a store refuses a call.
///
/// Limits are the caller's mistake; `DiskFull` passes; `Corrupt` ends one item; `StoreFailed` and
/// `Index` end the service of this store until it is opened again.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A write or sync failed; what reached the disk is unknown, and nothing is promised any more.
    #[error("The store failed and answers nothing until it is opened again: {0}.")]
    StoreFailed(#[source] Arc<Failure>),
    /// The volume is below the low-water mark.
    #[error(
        "The volume has {available_bytes} bytes left, and {required_bytes} must remain for this \
         batch to be taken."
    )]
    DiskFull {
        /// Bytes left on the volume.
        available_bytes: u64,
        /// Bytes that must be there for this batch to be taken.
        required_bytes: u64,
    },
    /// A key is empty or too long.
    #[error("A key of table {table:?} has {bytes} bytes; 1 to {KEY_BYTES_MAX} are allowed.")]
    KeyLength {
        /// The table.
        table: Table,
        /// Its length.
        bytes: usize,
    },
    /// A value is too long; [`crate::Batch::put_pieces`] takes longer ones.
    #[error("A value of table {table:?} has {bytes} bytes; {VALUE_BYTES_MAX} are allowed.")]
    ValueLength {
        /// The table.
        table: Table,
        /// Its length.
        bytes: usize,
    },
    /// A batch is too large.
    #[error("A batch weighs {bytes} bytes; {BATCH_BYTES_MAX} are allowed.")]
    BatchLength {
        /// Its weight.
        bytes: usize,
    },
    /// A record does not match its checksum, or a piece is missing.
    #[error("The record {} of table {table:?} is corrupt.", Hex(.key))]
    Corrupt {
        /// The table.
        table: Table,
        /// The key, without its table byte.
        key: Vec<u8>,
    },
    /// The index cannot be read; it is rebuilt when the store is opened again.
    #[error("The index cannot be read: {0}.")]
    Index(#[source] Arc<dyn Error + Send + Sync>),
    /// The commit number was never given out by this store.
    #[error("Commit {0} was never appended to this store.")]
    UnknownCommit(CommitNumber),
    /// The records of one commit were asked to change.
    #[error("A snapshot of a store takes no batches.")]
    ReadOnly,
}

impl StoreError {
    /// Names the error for machines; stable.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::StoreFailed(_) => "store-failed",
            Self::DiskFull { .. } => "disk-full",
            Self::KeyLength { .. } => "key-length",
            Self::ValueLength { .. } => "value-length",
            Self::BatchLength { .. } => "batch-length",
            Self::Corrupt { .. } => "corrupt",
            Self::Index(_) => "index",
            Self::UnknownCommit(_) => "unknown-commit",
            Self::ReadOnly => "read-only",
        }
    }

    /// Says that the store was closed before it could keep a promise.
    pub(crate) fn closed() -> Self {
        Failure::new("serving", io::Error::other("the store is closed")).into()
    }
}

/// What failed, for ever.
#[derive(Debug)]
pub struct Failure {
    operation: &'static str,
    source: io::Error,
}

impl Failure {
    pub(crate) fn new(operation: &'static str, source: io::Error) -> Self {
        Self { operation, source }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation, self.source)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        Self::StoreFailed(Arc::new(failure))
    }
}

/// Prints bytes as lower-case hexadecimal.
struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
