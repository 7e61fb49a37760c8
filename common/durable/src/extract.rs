//! Copies of a store as of one commit, made of the truth and beside whoever serves it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;

use crate::checkpoint::{CheckpointError, Sources};
use crate::damage::Damage;
use crate::durable::DurableStore;
use crate::error::StoreError;
use crate::index::IndexError;
use crate::inspect::lock_for_reading;
use crate::intake::Request;
use crate::layout::Layout;
use crate::log::reader::ReadError;
use crate::marker::Marker;
use crate::open::{OpenError, failed, refuse};
use crate::recovery::RecoveryError;
use crate::truth::Truth;

/// Why no copy of a store was made. The store itself is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// There is no store.
    #[error("There is no store in {}.", .folder.display())]
    Nothing {
        /// The folder.
        folder: PathBuf,
    },
    /// The store is not whole.
    #[error("The store is damaged: {0}")]
    Damaged(#[from] Damage),
    /// A file cannot be read or written, or somebody else uses it.
    #[error(transparent)]
    Files(#[from] OpenError),
    /// The open store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The caller stopped it, or the store was closed.
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

/// Reads the truth of a store that nobody serves, and changes nothing of it.
pub(crate) fn read_stopped<T>(
    folder: &Path,
    go_on: &GoOn,
    read: impl FnOnce(&Sources, &Leave<'_>) -> Result<T, ExtractError>,
) -> Result<T, ExtractError> {
    let layout = Layout::new(folder);
    let _lock = lock_for_reading(&layout)?;
    let unread = |error| from_read(folder, error);
    let path = layout.marker();
    let marker = Marker::read(&path).map_err(|error| failed("Reading", &path, error))?;
    let truth = Truth::find(&layout, marker.as_ref()).map_err(unread)?;
    let truth = truth.ok_or_else(|| ExtractError::Nothing {
        folder: folder.to_path_buf(),
    })?;
    // What the marker knows to have been synced has to be there.
    truth.judge_marker(marker.as_ref(), "")?;
    let sources = truth.sources(&layout);
    // A segment may be large; it is read again, one at a time.
    drop(truth);
    read(&sources, &|| asking(go_on))
}

impl DurableStore {
    /// Reads the truth behind everything appended so far, on the thread that keeps the log short.
    /// What is read may be copied to the store's volume, as long as nobody is refused for it.
    pub(crate) fn read_truth<T: Send + 'static>(
        &self,
        go_on: Box<GoOn>,
        read: impl FnOnce(&Sources, &Leave<'_>) -> Result<T, ExtractError> + Send + 'static,
    ) -> Result<T, ExtractError> {
        let (told, result) = channel();
        let shared = Arc::clone(&self.shared);
        let reading = Box::new(move |sources: &Sources| {
            let leave = || {
                if !shared.space.has_room_for_copy() {
                    return Err(CheckpointError::NoRoom);
                }
                asking(&*go_on)
            };
            // Whoever asked waits for it, unless its thread died.
            let _ = told.send(read(sources, &leave));
        });
        self.shared.intake.request(Request::Read(reading));
        // Nobody may be left to take the request, if the store failed before it was made.
        self.serving()?;
        result.recv().unwrap_or_else(|_| {
            self.serving()?;
            Err(ExtractError::Stopped)
        })
    }
}

/// Asked before every frame.
pub(crate) type Leave<'a> = dyn Fn() -> Result<(), CheckpointError> + 'a;

/// Asks the caller.
pub(crate) fn asking(go_on: &GoOn) -> Result<(), CheckpointError> {
    if go_on() {
        Ok(())
    } else {
        Err(CheckpointError::Stopped)
    }
}

/// Says what kept a copy to `target` from being made.
pub(crate) fn from_checkpoint(target: &Path, error: CheckpointError) -> ExtractError {
    match error {
        CheckpointError::Stopped => ExtractError::Stopped,
        CheckpointError::NoRoom => {
            let full = std::io::ErrorKind::StorageFull.into();
            failed("Writing", target, full).into()
        }
        CheckpointError::Read(error) => from_read(target, error),
        CheckpointError::Write(error) => failed("Writing", target, error).into(),
    }
}

/// Says that an index could not be made.
pub(crate) fn from_index(folder: &Path, error: &IndexError) -> ExtractError {
    OpenError::Index {
        folder: folder.to_path_buf(),
        reason: error.to_string(),
    }
    .into()
}

pub(crate) fn from_read(folder: &Path, error: ReadError) -> ExtractError {
    match error {
        ReadError::Damaged(damage) => damage.into(),
        error => refuse(folder, RecoveryError::Read(error)).into(),
    }
}
