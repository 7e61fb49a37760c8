//! Copies a store as of one commit while it is served.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk::{self, Disk, LocalDisk};
use crate::durable::DurableStore;
use crate::error::StoreError;
use crate::layout::Layout;
use crate::log::writer::LogWriter;
use crate::store::CommitNumber;

/// Why there is no backup. The store itself is as it was; what was written of the copy is left
/// where it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The store failed, or its volume is full.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be read or written.
    #[error("{} cannot be copied to the backup: {source}.", .path.display())]
    Files {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl BackupError {
    /// Names the error for machines; stable.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Files { .. } => "backup-files",
        }
    }
}

/// What a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupFigures {
    /// The newest commit in it.
    pub newest: CommitNumber,
    /// Its bytes.
    pub bytes: u64,
}

impl DurableStore {
    /// Copies everything appended so far to `target`, a folder that is not there, durably. Opened,
    /// it is the store as it stood then; commits go on meanwhile.
    ///
    /// # Errors
    /// [`BackupError`].
    pub fn backup(&self, target: &Path) -> Result<BackupFigures, BackupError> {
        self.checkpoint()?;
        // Held, so that they stay on the disk until they are copied.
        let runs = self.shared.runs.read().clone();
        let newest = runs.last().map_or(0, |run| run.id().last);
        let (disk, layout) = (LocalDisk, Layout::new(target));
        let failed = |path: &Path| {
            let path = path.to_path_buf();
            move |source| BackupError::Files { path, source }
        };
        for folder in [target, &layout.runs(), &layout.log()] {
            disk::create_folder(&disk, folder).map_err(failed(folder))?;
        }
        let mut bytes = 0;
        for run in &runs {
            let to = run.id().path(&layout.runs());
            bytes += copy(run.path(), &to).map_err(failed(run.path()))?;
        }
        let disk: Arc<dyn Disk> = Arc::new(disk);
        let log = layout.log();
        let begun = LogWriter::create(Arc::clone(&disk), &log, self.store_id(), newest);
        bytes += begun.map_err(failed(&log))?.bytes();
        for folder in [&layout.runs(), target, disk::parent(target)] {
            disk.sync_folder(folder).map_err(failed(folder))?;
        }
        let newest = CommitNumber(newest);
        Ok(BackupFigures { newest, bytes })
    }
}

/// Copies a file that does not change, durably, readable by its owner only.
fn copy(from: &Path, to: &Path) -> io::Result<u64> {
    let mut target = disk::create_private(to)?;
    let bytes = io::copy(&mut File::open(from)?, &mut target)?;
    target.sync_all()?;
    debug_assert_eq!(fs::metadata(to)?.len(), bytes);
    Ok(bytes)
}
