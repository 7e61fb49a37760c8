//! The folder of an archive: a file for each record, a file for each sealed attachment. Files are
//! only ever added, each whole or not at all.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use maille_common::archive::{ArchivePlace, ChainId};
use maille_common::blob::BlobId;
use maille_common::limits;
use thiserror::Error;

use crate::durable_file;

/// How the name of a record ends.
const RECORD: &str = ".record";
/// How the name of a sealed attachment ends.
const BLOB: &str = ".blob";

/// Why a folder cannot be an archive, or not be written.
#[derive(Debug, Error)]
#[error("The archive {} cannot be {doing}: {source}.", .path.display())]
pub struct ArchiveFolderError {
    /// The file or folder.
    pub path: PathBuf,
    /// What was to be done with it, as a participle.
    pub doing: &'static str,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

impl ArchiveFolderError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        "archive-folder"
    }
}

/// A folder of an archive.
#[derive(Debug, Clone)]
pub(super) struct ArchiveFolder {
    path: PathBuf,
}

/// What lies in a folder, by its names.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Chain and number of each record.
    pub(super) records: Vec<(ChainId, u64)>,
    /// What is no record and no attachment.
    pub(super) others: Vec<PathBuf>,
}

impl ArchiveFolder {
    pub(super) fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where a record is, or will be.
    pub(super) fn record(&self, chain: &ChainId, number: u64) -> PathBuf {
        self.path.join(format!("{chain}-{number:020}{RECORD}"))
    }

    /// Where a sealed attachment is, or will be.
    pub(super) fn blob(&self, blob: &BlobId) -> PathBuf {
        self.path.join(format!("{blob}{BLOB}"))
    }

    /// Writes a record, durably; `false` where one has its name already, which is not touched.
    pub(super) fn add(
        &self,
        place: &ArchivePlace,
        bytes: &[u8],
    ) -> Result<bool, ArchiveFolderError> {
        let path = self.record(&place.chain, place.number);
        self.settle(&path, &mut &bytes[..])
    }

    /// Copies a sealed attachment, durably; one that is there is the same.
    pub(super) fn add_blob(&self, blob: &BlobId, from: &Path) -> Result<(), ArchiveFolderError> {
        let path = self.blob(blob);
        let mut file = File::open(from).map_err(failed(from, "copied"))?;
        self.settle(&path, &mut file).map(drop)
    }

    /// All of a record, or one byte more than one may have.
    pub(super) fn read(&self, chain: &ChainId, number: u64) -> io::Result<Vec<u8>> {
        let most = u64::try_from(limits::ARCHIVE_RECORD_BYTES_MAX).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        let file = File::open(self.record(chain, number))?;
        file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// What lies in it.
    pub(super) fn contents(&self) -> Result<Contents, ArchiveFolderError> {
        let read = || {
            let mut contents = Contents::default();
            for entry in fs::read_dir(&self.path)? {
                let path = entry?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                match parse(&name) {
                    Some(place) => contents.records.push(place),
                    None if name.ends_with(BLOB) => {}
                    None => contents.others.push(path),
                }
            }
            contents.records.sort_unstable();
            contents.others.sort();
            Ok(contents)
        };
        read().map_err(failed(&self.path, "read"))
    }

    fn settle(&self, path: &Path, bytes: &mut impl Read) -> Result<bool, ArchiveFolderError> {
        let mut write = || {
            if path.symlink_metadata().is_ok() {
                return Ok(false);
            }
            let fresh = durable_file::beside(path);
            let mut file = durable_file::create(&fresh)?;
            let written = io::copy(bytes, &mut file).and_then(|_| file.sync_all());
            drop(file);
            match written.and_then(|()| durable_file::settle_new(&fresh, path)) {
                Ok(()) => Ok(true),
                Err(error) => {
                    // Half a record must not be in the way of a whole one.
                    let _ = durable_file::remove(&fresh);
                    match error.kind() {
                        ErrorKind::AlreadyExists => Ok(false),
                        _ => Err(error),
                    }
                }
            }
        };
        write().map_err(failed(path, "written"))
    }
}

/// Chain and number in the name of a record, written as they are written here.
fn parse(name: &str) -> Option<(ChainId, u64)> {
    let (chain, number) = name.strip_suffix(RECORD)?.split_once('-')?;
    let (chain, number): (ChainId, u64) = (chain.parse().ok()?, number.parse().ok()?);
    (format!("{chain}-{number:020}{RECORD}") == name).then_some((chain, number))
}

fn failed(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> ArchiveFolderError {
    let path = path.to_owned();
    move |source| ArchiveFolderError {
        path,
        doing,
        source,
    }
}

#[cfg(test)]
mod tests {
    use maille_common::hash::Hash;

    use super::*;

    const CHAIN: ChainId = ChainId::from_bytes([0xc4; 16]);

    fn place(number: u64) -> ArchivePlace {
        ArchivePlace {
            version: ArchivePlace::VERSION,
            key: Hash::ZERO,
            chain: CHAIN,
            number,
            previous: Hash::ZERO,
        }
    }

    #[test]
    fn a_record_takes_no_others_place_and_is_found_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let archive = ArchiveFolder::at(folder.path());
        assert!(archive.add(&place(2), b"second").unwrap());
        assert!(archive.add(&place(1), b"first").unwrap());
        assert!(!archive.add(&place(1), b"another").unwrap());
        assert_eq!(archive.read(&CHAIN, 1).unwrap(), b"first");
        fs::write(folder.path().join("c4-7.record"), "of no chain").unwrap();
        fs::write(folder.path().join("left.record.new"), "by a power cut").unwrap();
        let contents = archive.contents().unwrap();
        assert_eq!(contents.records, [(CHAIN, 1), (CHAIN, 2)]);
        assert_eq!(contents.others.len(), 2);
    }

    #[test]
    fn a_folder_that_is_not_there_is_a_fault_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let archive = ArchiveFolder::at(folder.path().join("missing"));
        let fault = archive.add(&place(1), b"first").unwrap_err();
        assert!(fault.to_string().contains("missing"), "{fault}");
        assert!(archive.contents().is_err());
    }
}
