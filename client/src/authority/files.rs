//! Thin file access of ceremonies: files are made exclusively, replaced whole, and read bounded.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use maille_common::codec::{DecodeError, decode, encode};
use maille_common::roster::{Renewals, SignedRequest};
use thiserror::Error;
use zeroize::Zeroizing;

/// The longest request file in bytes: the request, a length and two signatures, rounded up.
const REQUEST_FILE_BYTES_MAX: usize = 2048;

/// The longest file of renewals in bytes: 1,024 of 1,220 bytes, rounded up.
const RENEWALS_FILE_BYTES_MAX: usize = 1_280 * 1024;

/// Why a file was not read or written.
#[derive(Debug, Error)]
pub enum FileError {
    /// Something has the name of a new file.
    #[error("{} is there already and is not written over. Choose another name.", .path.display())]
    AlreadyThere {
        /// The file.
        path: PathBuf,
    },
    /// It is not there.
    #[error("{} is not there. Check the path.", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// It is longer than what it should hold.
    #[error(
        "{} has over {bytes_max} bytes, so it is something else. Check the path.", .path.display()
    )]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The most that is read.
        bytes_max: usize,
    },
    /// Its bytes are not what it should hold.
    #[error(
        "{} is not {what}: {fault} Check the path, or ask for the file again.", .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// What is wrong.
        fault: DecodeError,
    },
    /// It is not text.
    #[error("{} is not text in UTF-8. Check the path.", .path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// Others on this machine can read a private key.
    #[error(
        "{} has mode {mode:03o}, so other users can read it. Set mode 600 with chmod; if others \
         had access, make a new key.", .path.display()
    )]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The world failed.
    #[error("{} cannot be {doing}: {source}.", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was to be done with it, as a participle.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl FileError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AlreadyThere { .. } => "file-already-there",
            Self::Missing { .. } => "file-missing",
            Self::TooLong { .. } => "file-too-long",
            Self::Damaged { .. } => "file-damaged",
            Self::NotText { .. } => "file-not-text",
            Self::TooOpen { .. } => "file-too-open",
            Self::Io { .. } => "file-io",
        }
    }
}

/// Writes a device's request into a new file.
pub fn write_request(path: &Path, request: &SignedRequest) -> Result<(), FileError> {
    create(path, &encode(request), Access::Shared)
}

/// Reads a device's request. Nothing of it is believed yet.
pub fn read_request(path: &Path) -> Result<SignedRequest, FileError> {
    let bytes = read(path, REQUEST_FILE_BYTES_MAX)?;
    decode(&bytes).map_err(|fault| damaged(path, "the request of a device", fault))
}

/// Writes renewals of devices into a new file.
pub fn write_renewals(path: &Path, renewals: &Renewals) -> Result<(), FileError> {
    create(path, &encode(renewals), Access::Shared)
}

/// Reads renewals of devices. Nothing of them is believed yet.
pub fn read_renewals(path: &Path) -> Result<Renewals, FileError> {
    let bytes = read(path, RENEWALS_FILE_BYTES_MAX)?;
    decode(&bytes).map_err(|fault| damaged(path, "a file of renewals", fault))
}

/// Who may read a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Its owner alone.
    Owner,
    /// Whom the system lets.
    Shared,
}

/// Makes a file that was not there before, and syncs it.
pub(crate) fn create(path: &Path, bytes: &[u8], access: Access) -> Result<(), FileError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    if access == Access::Owner {
        owner_only(&mut options);
    }
    let mut file = options.open(path).map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => FileError::AlreadyThere {
            path: path.to_owned(),
        },
        _ => io(path, "made")(source),
    })?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(io(path, "written"))?;
    sync_folder_of(path)
}

/// Puts a file in the place of another: after a power cut there is the old one or the new one.
pub(super) fn replace(path: &Path, bytes: &[u8], access: Access) -> Result<(), FileError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let fresh = path.with_file_name(name);
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(io(&fresh, "removed")(error));
        }
        // A leftover of a power cut; nothing ever reads it.
        _ => {}
    }
    create(&fresh, bytes, access)?;
    fs::rename(&fresh, path).map_err(io(path, "replaced"))?;
    sync_folder_of(path)
}

/// Makes a folder where there is none.
pub(super) fn folder(path: &Path) -> Result<(), FileError> {
    match fs::create_dir(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(io(path, "made")(error)),
        Err(_) => Ok(()),
        Ok(()) => sync_folder_of(path),
    }
}

/// The names of the files in a folder, sorted; none where there is no folder.
pub(super) fn names(folder: &Path) -> Result<Vec<String>, FileError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(io(folder, "read"))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        // A name that is not text is none of ours.
        names.extend(
            entry
                .map_err(io(folder, "read"))?
                .file_name()
                .into_string()
                .ok(),
        );
    }
    names.sort_unstable();
    Ok(names)
}

/// Reads a file of at most `bytes_max` bytes, whatever grows meanwhile.
pub(super) fn read(path: &Path, bytes_max: usize) -> Result<Zeroizing<Vec<u8>>, FileError> {
    read_open(path, bytes_max, &open(path)?)
}

/// Reads a file that only its owner may reach, and refuses it if others can.
pub(crate) fn read_secret(path: &Path, bytes_max: usize) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let file = open(path)?;
    refuse_open_mode(path, &file)?;
    read_open(path, bytes_max, &file)
}

/// Reads a text of at most `bytes_max` bytes.
pub(crate) fn read_text(path: &Path, bytes_max: usize) -> Result<String, FileError> {
    let bytes = read(path, bytes_max)?;
    let text = std::str::from_utf8(&bytes);
    text.map(str::to_owned).map_err(|_| FileError::NotText {
        path: path.to_owned(),
    })
}

/// Says which file is damaged, and how.
pub(super) fn damaged(path: &Path, what: &'static str, fault: DecodeError) -> FileError {
    FileError::Damaged {
        path: path.to_owned(),
        what,
        fault,
    }
}

fn open(path: &Path) -> Result<File, FileError> {
    File::open(path).map_err(|source| match source.kind() {
        ErrorKind::NotFound => FileError::Missing {
            path: path.to_owned(),
        },
        _ => io(path, "opened")(source),
    })
}

fn read_open(path: &Path, bytes_max: usize, file: &File) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let too_long = || FileError::TooLong {
        path: path.to_owned(),
        bytes_max,
    };
    let length = file.metadata().map_err(io(path, "examined"))?.len();
    let length = usize::try_from(length)
        .ok()
        .filter(|length| *length <= bytes_max);
    let length = length.ok_or_else(too_long)?;
    // One byte of slack, so that reading to the end never moves a secret to a larger buffer.
    let mut bytes = Zeroizing::new(Vec::with_capacity(length + 1));
    let bounded = u64::try_from(length).unwrap_or(u64::MAX);
    file.take(bounded)
        .read_to_end(&mut bytes)
        .map_err(io(path, "read"))?;
    Ok(bytes)
}

fn sync_folder_of(path: &Path) -> Result<(), FileError> {
    // Other systems have no call that syncs a folder.
    if !cfg!(unix) {
        return Ok(());
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)
        .and_then(|open| open.sync_all())
        .map_err(io(folder, "synced"))
}

fn io(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> FileError {
    let path = path.to_owned();
    move |source| FileError::Io {
        path,
        doing,
        source,
    }
}

fn owner_only(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

#[cfg(unix)]
fn refuse_open_mode(path: &Path, file: &File) -> Result<(), FileError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file
        .metadata()
        .map_err(io(path, "examined"))?
        .permissions()
        .mode()
        & 0o777;
    if mode & 0o077 == 0 {
        Ok(())
    } else {
        Err(FileError::TooOpen {
            path: path.to_owned(),
            mode,
        })
    }
}

#[cfg(not(unix))]
fn refuse_open_mode(_path: &Path, _file: &File) -> Result<(), FileError> {
    Ok(())
}
