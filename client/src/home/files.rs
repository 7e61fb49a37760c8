//! Files of a home: made exclusively, for the owner alone, and replaced whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use maille_common::toml_tokens::check_tokens;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::error::HomeError;
use crate::durable_file::for_its_owner;

/// Makes a folder for the owner alone. One that is there is taken if it is empty.
pub(super) fn create_folder(path: &Path) -> Result<(), HomeError> {
    match for_its_owner().create(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && is_empty_folder(path) => {
            close_to_others(path)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(HomeError::AlreadyThere {
            path: path.to_owned(),
        }),
        Err(error) => Err(io(path, "made")(error)),
    }
}

/// Makes a file that was not there before, for the owner alone, and syncs it.
pub(super) fn create(path: &Path, bytes: &[u8]) -> Result<(), HomeError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    owner_only(&mut options);
    let mut file = options.open(path).map_err(io(path, "made"))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(io(path, "written"))
}

/// Puts a file in the place of another: after a power cut there is the old one or the new one.
///
/// What the old one held is overwritten afterwards, so that an erased key does not stay readable
/// in a freed block. Solid-state disks and copying file systems may keep it all the same, and a
/// failure is not reported: the new file stands, and nothing could be tried again.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), HomeError> {
    let fresh = beside(path);
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(io(&fresh, "removed")(error));
        }
        // A leftover of a power cut; nothing ever reads it.
        _ => {}
    }
    create(&fresh, bytes)?;
    let old = OpenOptions::new().write(true).open(path).ok();
    fs::rename(&fresh, path).map_err(io(path, "replaced"))?;
    sync_folder_of(path)?;
    if let Some(old) = old {
        let _ = overwrite(old);
    }
    Ok(())
}

/// Reads a file of at most `bytes_max` bytes.
pub(super) fn read(path: &Path, bytes_max: usize) -> Result<Zeroizing<Vec<u8>>, HomeError> {
    read_open(path, bytes_max, |_| Ok(()))
}

/// Reads a file that only its owner may reach, and refuses it if others can.
pub(super) fn read_secret(path: &Path, bytes_max: usize) -> Result<Zeroizing<Vec<u8>>, HomeError> {
    read_open(path, bytes_max, |file| {
        let metadata = file.metadata().map_err(io(path, "examined"))?;
        refuse_bits(path, &metadata, 0o077, 0o600)
    })
}

/// Reads a text file of at most `bytes_max` bytes.
pub(super) fn read_text(path: &Path, bytes_max: usize) -> Result<String, HomeError> {
    utf8(path, &read(path, bytes_max)?).map(str::to_owned)
}

/// The text that a file's bytes are.
pub(super) fn utf8<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str, HomeError> {
    std::str::from_utf8(bytes).map_err(|_| corrupt(path, "it is not text in UTF-8"))
}

/// Reads TOML that says its format: another one is refused as such, and unknown keys are errors.
///
/// It has at most `tokens_max` tokens ([`check_tokens`]).
pub(super) fn parse_toml<T: DeserializeOwned>(
    path: &Path,
    text: &str,
    reads: i64,
    tokens_max: usize,
) -> Result<T, HomeError> {
    check_tokens(text, tokens_max).map_err(|error| corrupt(path, error.to_string()))?;
    let refuse = |error: toml::de::Error| corrupt(path, error.message().trim_end_matches('.'));
    // One tree at a time.
    let format = {
        let table: toml::Table = text.parse().map_err(refuse)?;
        table.get("format").and_then(toml::Value::as_integer)
    };
    match format {
        Some(found) if found == reads => toml::from_str(text).map_err(refuse),
        Some(found) => Err(HomeError::OtherVersion {
            path: path.to_owned(),
            found,
            reads,
        }),
        None => Err(corrupt(path, "it does not say its format")),
    }
}

/// Writes TOML.
pub(super) fn to_toml<T: Serialize>(value: &T) -> String {
    toml::to_string(value).expect("numbers, texts and lists of them are always TOML")
}

/// Refuses a folder in which others could put files in place of ours.
pub(super) fn refuse_shared_folder(path: &Path) -> Result<(), HomeError> {
    let metadata = fs::metadata(path).map_err(io(path, "examined"))?;
    refuse_bits(path, &metadata, 0o022, 0o700)
}

/// Makes the names in the folder of `path` durable.
pub(super) fn sync_folder_of(path: &Path) -> Result<(), HomeError> {
    match path.parent() {
        Some(folder) => sync_folder(folder),
        None => Ok(()),
    }
}

/// Makes the names in a folder durable, where the system has a call for it.
pub(super) fn sync_folder(folder: &Path) -> Result<(), HomeError> {
    if cfg!(unix) {
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        File::open(folder)
            .and_then(|open| open.sync_all())
            .map_err(io(folder, "synced"))?;
    }
    Ok(())
}

/// Makes files that the options create readable and writable by the owner alone.
pub(super) fn owner_only(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

/// Says which file failed, and in what.
pub(super) fn io(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> HomeError {
    let path = path.to_owned();
    move |source| HomeError::Io {
        path,
        doing,
        source,
    }
}

/// Says which file is damaged, and how.
pub(super) fn corrupt(path: &Path, why: impl Into<String>) -> HomeError {
    HomeError::Corrupt {
        path: path.to_owned(),
        why: why.into(),
    }
}

fn read_open(
    path: &Path,
    bytes_max: usize,
    check: impl FnOnce(&File) -> Result<(), HomeError>,
) -> Result<Zeroizing<Vec<u8>>, HomeError> {
    let file = File::open(path).map_err(|source| match source.kind() {
        ErrorKind::NotFound => HomeError::Missing {
            path: path.to_owned(),
        },
        _ => io(path, "opened")(source),
    })?;
    check(&file)?;
    let length = file.metadata().map_err(io(path, "examined"))?.len();
    let length = usize::try_from(length)
        .ok()
        .filter(|length| *length <= bytes_max);
    let length = length.ok_or_else(|| corrupt(path, format!("it has over {bytes_max} bytes")))?;
    // One byte of slack, so that reading to the end never moves a secret to a larger buffer.
    let mut bytes = Zeroizing::new(Vec::with_capacity(length + 1));
    file.take(u64::try_from(length).unwrap_or(u64::MAX))
        .read_to_end(&mut bytes)
        .map_err(io(path, "read"))?;
    Ok(bytes)
}

/// The name under which a replacement is written; never read.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

/// Writes zeros over everything in a file.
pub(super) fn overwrite(mut file: File) -> io::Result<()> {
    let length = file.metadata()?.len();
    io::copy(&mut io::repeat(0).take(length), &mut file)?;
    file.sync_all()
}

fn is_empty_folder(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

#[cfg(unix)]
fn close_to_others(path: &Path) -> Result<(), HomeError> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
        .map_err(io(path, "closed to others"))
}

#[cfg(not(unix))]
fn close_to_others(_path: &Path) -> Result<(), HomeError> {
    Ok(())
}

#[cfg(unix)]
fn refuse_bits(
    path: &Path,
    metadata: &fs::Metadata,
    refused: u32,
    wanted: u32,
) -> Result<(), HomeError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & refused == 0 {
        Ok(())
    } else {
        Err(HomeError::TooOpen {
            path: path.to_owned(),
            mode,
            wanted,
        })
    }
}

#[cfg(not(unix))]
fn refuse_bits(
    _path: &Path,
    _metadata: &fs::Metadata,
    _refused: u32,
    _wanted: u32,
) -> Result<(), HomeError> {
    Ok(())
}
