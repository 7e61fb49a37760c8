//! Sets a damaged store aside, whole and under another name.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::disk::Disk;

/// Renames `folder` to `folder.damaged-STAMP` and returns the new name. Nothing is deleted, and
/// nothing that was set aside before is replaced.
pub(crate) fn set_aside(
    disk: &dyn Disk,
    folder: &Path,
    lock: File,
    stamp: &str,
) -> io::Result<PathBuf> {
    let plain = |character: char| {
        if character.is_ascii_alphanumeric() {
            character
        } else {
            '-'
        }
    };
    let stamp: String = stamp.chars().map(plain).collect();
    if cfg!(windows) {
        // Windows does not rename a folder with an open file in it.
        drop(lock);
        return rename(disk, folder, &stamp);
    }
    let renamed = rename(disk, folder, &stamp);
    drop(lock);
    renamed
}

fn rename(disk: &dyn Disk, folder: &Path, stamp: &str) -> io::Result<PathBuf> {
    let mut name = folder.as_os_str().to_owned();
    name.push(format!(".damaged-{stamp}"));
    let mut target = PathBuf::from(&name);
    let mut count = 1u32;
    while target.symlink_metadata().is_ok() {
        count += 1;
        let mut counted = name.clone();
        counted.push(format!("-{count}"));
        target = PathBuf::from(counted);
    }
    // The next store's folder is created beside it at once, and both names synced together.
    disk.rename(folder, &target)?;
    Ok(target)
}
