//! Why a store could not be copied or read beside whoever serves it.

use std::io;
use std::path::{Path, PathBuf};

use crate::damage::Damage;
use crate::error::StoreError;
use crate::log::reader::ReadError;
use crate::open::{OpenError, failed, refuse};
use crate::recovery::RecoveryError;
use crate::run::error::RunError;

/// Why there is no copy or snapshot of a store. The store itself is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// There is no store, or no backup of one.
    #[error("There is no store in {}.", .folder.display())]
    Nothing {
        /// Where nothing is.
        folder: PathBuf,
    },
    /// What is there is not whole.
    #[error("The store is damaged: {0}")]
    Damaged(#[from] Damage),
    /// A file cannot be read or written, or somebody else uses it.
    #[error(transparent)]
    Files(#[from] OpenError),
    /// The open store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The caller stopped it.
    #[error("The copy of the store was stopped before it was whole.")]
    Stopped,
}

impl ExtractError {
    /// Names the error for machines; stable.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Nothing { .. } => "no-store",
            Self::Damaged(_) => "damaged",
            Self::Files(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Stopped => "stopped",
        }
    }
}

/// Tells whether a copy may go on; asked often.
pub type GoOn = dyn Fn() -> bool + Send + Sync;

/// Says why something at `path` could not be read.
pub(crate) fn unread(path: &Path, error: ReadError) -> ExtractError {
    match error {
        ReadError::Damaged(damage) => damage.into(),
        error => refuse(path, RecoveryError::Read(error)).into(),
    }
}

/// Says why a run could not be written to `path`.
pub(crate) fn unwritten(path: &Path, error: RunError) -> ExtractError {
    match error {
        RunError::Stopped => ExtractError::Stopped,
        RunError::Read(error) => unread(path, error),
        RunError::Write(error) => failed("Writing", path, error).into(),
        RunError::NoRoom => failed("Writing", path, io::ErrorKind::StorageFull.into()).into(),
    }
}
