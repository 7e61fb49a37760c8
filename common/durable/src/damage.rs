//! What can be wrong with the truth.

use std::path::PathBuf;

/// Why a store was set aside: the log or a run is not what was once synced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// A file does not begin as it must.
    #[error("The head of {} is damaged.", .file.display())]
    Header {
        /// The file.
        file: PathBuf,
    },
    /// A record that had been synced does not match its checksum.
    #[error("The record at byte {offset} of {} is damaged.", .file.display())]
    Record {
        /// The file.
        file: PathBuf,
        /// Where the record should begin.
        offset: u64,
    },
    /// A segment or a run is missing.
    #[error("The log continues with batch {found} where batch {expected} is expected.")]
    Gap {
        /// The first missing batch.
        expected: u64,
        /// The batch found in its place.
        found: u64,
    },
    /// The log ends before a batch that is known to have been synced.
    #[error("The log ends at batch {newest}, but batch {known} had been synced.")]
    RolledBack {
        /// The newest batch of the log.
        newest: u64,
        /// The newest batch the index or the marker knows of.
        known: u64,
    },
    /// There is an index, but no log.
    #[error("The log is gone, but its index is there.")]
    LogMissing,
    /// A file belongs to another store.
    #[error("{} belongs to another store.", .file.display())]
    OtherStore {
        /// The file.
        file: PathBuf,
    },
}
