//! Sets a damaged store aside, whole and under another name.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::disk::{self, Disk};

/// What stands between the name of a store and the date on which it was set aside.
const MARK: &str = ".damaged-";

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

/// Names the stores that were set aside from `folder` before, oldest stamp first; nobody but their
/// operator removes them.
///
/// # Errors
/// The folder they lie in cannot be read.
pub fn stores_set_aside(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let Some(name) = folder.file_name().and_then(|name| name.to_str()) else {
        return Ok(Vec::new());
    };
    let prefix = format!("{name}{MARK}");
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

fn rename(disk: &dyn Disk, folder: &Path, stamp: &str) -> io::Result<PathBuf> {
    let mut name = folder.as_os_str().to_owned();
    name.push(format!("{MARK}{stamp}"));
    let mut target = PathBuf::from(&name);
    let mut count = 1u32;
    while target.symlink_metadata().is_ok() {
        count += 1;
        let mut counted = name.clone();
        counted.push(format!("-{count}"));
        target = PathBuf::from(counted);
    }
    fs::rename(folder, &target)?;
    disk.sync_folder(disk::parent(folder))?;
    Ok(target)
}
