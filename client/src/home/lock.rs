//! One process holds a home.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::error::HomeError;
use super::files;

/// Holds a home until it is dropped or its process ends, however it ends.
///
/// The lock is the operating system's on the open file; the file's being there means nothing.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Drop for Lock {
    /// A child of this process that is about to run its program still has the file open: without a
    /// word the lock would stay its own for that moment.
    fn drop(&mut self) {
        // What fails here is undone when the last copy of the file is closed.
        let _ = self.file.unlock();
    }
}

impl Lock {
    /// Takes the lock of the home in `folder`, or tells who has it.
    pub(super) fn take(folder: &Path) -> Result<Self, HomeError> {
        let path = folder.join("lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        files::owner_only(&mut options);
        let mut file = options.open(&path).map_err(files::io(&path, "opened"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(HomeError::Locked {
                    path: folder.to_owned(),
                    pid: holder(&mut file),
                });
            }
            Err(TryLockError::Error(source)) => {
                return Err(files::io(&path, "locked")(source));
            }
        }
        // The process id only serves the sentence above: a full disk must not close the home.
        let _ = write_holder(&mut file);
        Ok(Self { file })
    }
}

/// Whether somebody holds the home in `folder` now. Nobody who takes it is kept from it for longer
/// than this looks.
pub(super) fn is_held(folder: &Path) -> bool {
    let file = File::open(folder.join("lock"));
    file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

fn write_holder(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

/// Who holds the lock, where the system lets a locked file be read.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_held_while_somebody_has_its_lock() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_held(folder.path()));
        let lock = Lock::take(folder.path()).unwrap();
        assert!(is_held(folder.path()));
        drop(lock);
        assert!(!is_held(folder.path()));
        Lock::take(folder.path()).unwrap();
    }

    #[test]
    fn a_copy_of_the_file_in_a_child_process_holds_no_home_that_was_closed() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::take(folder.path()).unwrap();
        assert!(Lock::take(folder.path()).is_err());
        // As a fork has it until its program runs.
        let copy = lock.file.try_clone().unwrap();
        drop(lock);
        Lock::take(folder.path()).unwrap();
        drop(copy);
    }
}
