//! Every call that changes the truth on disk, behind one trait, so that tests can make each fail,
//! and the crash rig can record, drop and delay each.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The file system as the log, the runs and the marker need it.
pub trait Disk: Send + Sync + fmt::Debug {
    /// Creates a folder, accessible to its owner only.
    ///
    /// # Errors
    /// What the system says, here as below.
    fn create_folder(&self, path: &Path) -> io::Result<()>;
    /// Creates a file, empty, readable by its owner only.
    ///
    /// # Errors
    /// As above.
    fn create(&self, path: &Path) -> io::Result<Box<dyn Output>>;
    /// Opens a file to write behind its end.
    ///
    /// # Errors
    /// As above.
    fn append(&self, path: &Path) -> io::Result<Box<dyn Output>>;
    /// Gives a file another name, in place of what had it, or a folder a name that nothing has.
    ///
    /// # Errors
    /// As above.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// As above.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// As above.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
    /// Returns the bytes an unprivileged writer may still take from the volume.
    ///
    /// # Errors
    /// As above.
    fn available_bytes(&self, path: &Path) -> io::Result<u64>;
}

/// A file being written.
pub trait Output: Send {
    /// Writes all of `bytes` at the end.
    ///
    /// # Errors
    /// What the system says.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Makes everything written, and the length, durable.
    ///
    /// # Errors
    /// As above.
    fn sync(&mut self) -> io::Result<()>;
}

/// The machine's own file system.
#[derive(Debug)]
pub struct LocalDisk;

impl Disk for LocalDisk {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        private_folders().create(path)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn Output>> {
        Ok(Box::new(create_private(path)?))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn Output>> {
        Ok(Box::new(OpenOptions::new().append(true).open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        // Windows has no such call, and needs none: NTFS journals names.
        if cfg!(unix) {
            File::open(path)?.sync_all()
        } else {
            Ok(())
        }
    }

    fn available_bytes(&self, path: &Path) -> io::Result<u64> {
        available_bytes(path)
    }
}

impl Output for File {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        Write::write_all(self, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Returns the bytes an unprivileged writer may still take from the volume of a folder.
///
/// For those who keep files beside a store: to be compared with its low-water mark.
///
/// # Errors
/// Whatever the system says; some volumes do not tell.
pub fn available_bytes(folder: &Path) -> io::Result<u64> {
    fs4::available_space(folder)
}

/// Puts a file in place so that it is there whole and durable, or not at all.
pub(crate) fn replace(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = unfinished_name(path);
    let mut output = disk.create(&unfinished)?;
    output.write_all(bytes)?;
    finish(disk, output, path)
}

/// Ends the writing of a file begun under its [`unfinished_name`]: syncs it, names it, syncs the
/// name.
pub(crate) fn finish(disk: &dyn Disk, mut output: Box<dyn Output>, path: &Path) -> io::Result<()> {
    output.sync()?;
    drop(output);
    put_in_place(disk, path)
}

/// Names a file that is whole and synced, and syncs the name.
pub(crate) fn put_in_place(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    disk.rename(&unfinished_name(path), path)?;
    disk.sync_folder(parent(path))
}

/// The name a file has until it is whole; whoever opens the store removes it.
pub(crate) fn unfinished_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

/// The folder a path is in.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Creates a file with mode 0600, emptying what was there.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Creates a folder with mode 0700 where there is none, and makes its name durable; also that of
/// one that is there, since whoever made it may have died before.
pub(crate) fn create_folder(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    let missing = !path.is_dir();
    if missing {
        disk.create_folder(path)?;
    }
    match disk.sync_folder(parent(path)) {
        // Somebody else has made it for us, in a folder that we may not read.
        Err(error) if !missing && error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        synced => synced,
    }
}

#[cfg(unix)]
fn private_folders() -> fs::DirBuilder {
    let mut builder = fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

#[cfg(not(unix))]
fn private_folders() -> fs::DirBuilder {
    fs::DirBuilder::new()
}
