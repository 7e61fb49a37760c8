//! Sets a damaged store aside, whole and under another name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::disk::{self, Disk};
use crate::folder_lock::FolderLock;

/// Why a store was renamed.
const DAMAGED: &str = "damaged";

/// Renames `folder` to `folder.damaged-STAMP` and returns the new name. Nothing is deleted, and
/// nothing that was set aside before is replaced.
pub(crate) fn set_aside(
    disk: &dyn Disk,
    folder: &Path,
    lock: FolderLock,
    stamp: &str,
) -> io::Result<PathBuf> {
    let target = free_name(folder, DAMAGED, stamp);
    if cfg!(windows) {
        // Windows does not rename a folder with an open file in it.
        drop(lock);
        return rename(disk, folder, target);
    }
    let renamed = rename(disk, folder, target);
    drop(lock);
    renamed
}

/// Names the stores that were set aside from `folder` before, oldest stamp first; nobody but their
/// operator removes them.
///
/// # Errors
/// The folder they lie in cannot be read.
pub fn stores_set_aside(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let Some(name) = folder.file_name().and_then(|name| name.to_str()) else {
        return Ok(Vec::new());
    };
    let prefix = format!("{name}.{DAMAGED}-");
    let mut aside = Vec::new();
    for entry in fs::read_dir(disk::parent(folder))? {
        let entry = entry?;
        let is_aside = entry
            .file_name()
            .to_str()
            .is_some_and(|name| name.starts_with(&prefix));
        if is_aside && entry.file_type()?.is_dir() {
            aside.push(entry.path());
        }
    }
    aside.sort();
    Ok(aside)
}

/// A name beside `folder` that says why and when, and that nothing has.
pub(crate) fn free_name(folder: &Path, why: &str, stamp: &str) -> PathBuf {
    let plain = |character: char| {
        if character.is_ascii_alphanumeric() {
            character
        } else {
            '-'
        }
    };
    let stamp: String = stamp.chars().map(plain).collect();
    let mut name = folder.as_os_str().to_owned();
    name.push(format!(".{why}-{stamp}"));
    let mut target = PathBuf::from(&name);
    let mut count = 1u32;
    while target.symlink_metadata().is_ok() {
        count += 1;
        let mut counted = name.clone();
        counted.push(format!("-{count}"));
        target = PathBuf::from(counted);
    }
    target
}

fn rename(disk: &dyn Disk, folder: &Path, target: PathBuf) -> io::Result<PathBuf> {
    // The next store's folder is created beside it at once, and both names synced together.
    disk.rename(folder, &target)?;
    Ok(target)
}
