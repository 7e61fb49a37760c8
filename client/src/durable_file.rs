//! Files that are there whole or not at all, also after a power cut.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Where a file is written before it takes its name. Never read; a leftover is written over.
pub(crate) fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

/// Writes a file whole: file, sync, rename, sync of the folder (DESIGN section 4).
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = beside(path);
    let mut file = create(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    settle(&fresh, path)
}

/// Makes a file for its owner alone, in the place of whatever is there.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(true);
    owner_only(&mut options);
    options.open(path)
}

/// Opens a file to be gone on with, or makes it, for its owner alone.
pub(crate) fn resume(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    owner_only(&mut options);
    options.open(path)
}

/// Gives a synced file its name, and makes the name durable.
pub(crate) fn settle(fresh: &Path, path: &Path) -> io::Result<()> {
    fs::rename(fresh, path)?;
    sync_folder_of(path)
}

/// Gives a fresh file its name, durably, unless something has that name: also what came to it while
/// this file was written.
pub(crate) fn settle_new(fresh: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(fresh, path) {
        Ok(()) => remove(fresh)?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(error),
        // A file system without links, such as that of a memory stick.
        Err(_) if path.symlink_metadata().is_ok() => return Err(ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(fresh, path)?,
    }
    sync_folder_of(path)
}

/// Removes a file; one that is not there is no error.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes a folder for its owner alone; one that is there is taken.
pub(crate) fn folder(path: &Path) -> io::Result<()> {
    match for_its_owner().create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        Err(_) => Ok(()),
        Ok(()) => sync_folder_of(path),
    }
}

/// Makes folders that their owner alone can enter.
#[cfg(unix)]
pub(crate) fn for_its_owner() -> fs::DirBuilder {
    let mut builder = fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// Makes folders; whom else they are open to, this system's own rules say.
#[cfg(not(unix))]
pub(crate) fn for_its_owner() -> fs::DirBuilder {
    fs::DirBuilder::new()
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        // Other systems have no call that syncs a folder.
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

fn owner_only(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bundle");
        write(&path, b"a longer first text").unwrap();
        write(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert!(!beside(&path).exists());
        remove(&path).unwrap();
        remove(&path).unwrap();
    }
}
