//! The lock that keeps others out of a store's folder.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use crate::disk;

/// Held by everybody who may still write into the folder; the last one lets it go.
#[derive(Debug)]
pub(crate) struct FolderLock(File);

impl FolderLock {
    /// Takes the lock; `None` while somebody holds it.
    pub(crate) fn take(path: &Path) -> io::Result<Option<Self>> {
        let file = disk::create_private(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// As a fork has the file open until its program runs.
    #[cfg(test)]
    pub(crate) fn copy(&self) -> File {
        self.0.try_clone().unwrap()
    }
}

impl Drop for FolderLock {
    /// A child of this process that is about to run its program still has the file open: without a
    /// word the lock would stay its own for that moment.
    fn drop(&mut self) {
        // What fails here is undone when the last copy of the file is closed.
        let _ = self.0.unlock();
    }
}
