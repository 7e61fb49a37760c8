//! Copies of files that survive a power cut, with the hash of what was copied; and folders that
//! appear whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use maille_common::codec::to_hex;
use ring::digest::{Context, SHA256};

use crate::folder::{for_its_owner, sync_folder, sync_parent, with_suffix};

/// What is read at once.
const CHUNK_BYTES: usize = 1024 * 1024;

/// Length and SHA-256 of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Measured {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

/// SHA-256 of bytes, in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    to_hex(ring::digest::digest(&SHA256, bytes).as_ref())
}

/// Measures a file.
pub(crate) fn measure(path: &Path) -> io::Result<Measured> {
    pass_on(File::open(path)?, &mut io::sink())
}

/// Copies a file to a name that is free, with mode 0600; what was copied is durable, its name not
/// yet. Measures the bytes that passed.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<Measured> {
    let source = File::open(from)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut target = options.open(to)?;
    let measured = pass_on(source, &mut target)?;
    target.sync_all()?;
    Ok(measured)
}

fn pass_on(mut source: impl Read, target: &mut impl Write) -> io::Result<Measured> {
    let mut hash = Context::new(&SHA256);
    let (mut bytes, mut chunk) = (0, vec![0; CHUNK_BYTES]);
    loop {
        let read = source.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        hash.update(&chunk[..read]);
        target.write_all(&chunk[..read])?;
        bytes += u64::try_from(read).unwrap_or(u64::MAX);
    }
    let sha256 = to_hex(hash.finish().as_ref());
    Ok(Measured { bytes, sha256 })
}

/// A folder under its unfinished name. Dropped before it is whole, it is removed.
#[derive(Debug)]
pub(crate) struct Unfinished {
    folder: PathBuf,
    target: PathBuf,
    whole: bool,
}

impl Unfinished {
    /// Begins a folder that only its owner can enter; `target` is what it is to be called.
    pub(crate) fn begin(target: &Path) -> io::Result<Self> {
        let folder = with_suffix(target, "unfinished");
        for_its_owner().create(&folder)?;
        Ok(Self {
            folder,
            target: target.to_path_buf(),
            whole: false,
        })
    }

    /// Where the folder is until it is whole.
    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }

    /// Makes every name in it durable, and gives it its own, which must be free or an empty folder.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        sync_tree(&self.folder)?;
        match fs::remove_dir(&self.target) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::rename(&self.folder, &self.target)?;
        self.whole = true;
        sync_parent(&self.target)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.whole {
            // What stays behind has its unfinished name, and no manifest.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn sync_tree(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        }
    }
    sync_folder(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_measured_as_others_measure_it_and_replaces_nothing() {
        let at = tempfile::tempdir().unwrap();
        let (from, to) = (at.path().join("from"), at.path().join("to"));
        fs::write(&from, b"abc").unwrap();
        let measured = copy(&from, &to).unwrap();
        // FIPS 180-4, the example of one block.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((measured.bytes, measured.sha256.as_str()), (3, abc));
        assert_eq!(measure(&to).unwrap(), measured);
        assert_eq!(sha256(b"abc"), abc);
        let again = copy(&from, &to).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn a_folder_that_is_not_finished_is_not_there() {
        let at = tempfile::tempdir().unwrap();
        let target = at.path().join("folder");
        let begun = Unfinished::begin(&target).unwrap();
        fs::write(begun.path().join("file"), b"x").unwrap();
        assert!(Unfinished::begin(&target).is_err(), "one at a time");
        drop(begun);
        assert_eq!(fs::read_dir(at.path()).unwrap().count(), 0);
        let begun = Unfinished::begin(&target).unwrap();
        begun.finish().unwrap();
        assert!(target.is_dir());
        let begun = Unfinished::begin(&target).unwrap();
        fs::write(target.join("file"), b"x").unwrap();
        assert!(begun.finish().is_err(), "what is there is not replaced");
        assert_eq!(fs::read_dir(at.path()).unwrap().count(), 1);
    }
}
