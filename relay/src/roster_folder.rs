//! `roster/`: the signed documents of the roster as files.
//!
//! `authority-000001.part`, `annex-ORGANISATION-000001-HASH.part` and `suspension-HASH.part` hold
//! one encoded signed document each. A file dropped in may have any name that ends with `.part`,
//! and may hold a whole set of documents; what it is shows in its bytes. Nothing is ever deleted
//! here: what does not verify is set aside under a dated name.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use maille_common::codec::{Decode, List, decode, encode};
use maille_common::limits;
use maille_common::roster::{RosterDocuments, SignedAnnex, SignedAuthority, SignedSuspension};

use crate::folder::{create_folder, read_bounded, replace_file, sync_folder};

/// How the name of a document ends.
const SUFFIX: &str = ".part";

/// The folder of documents.
#[derive(Debug)]
pub(crate) struct RosterFolder {
    path: PathBuf,
}

/// What a listing shows of each file: enough to see that something was dropped in or exchanged.
pub(crate) type Listing = BTreeMap<String, (u64, Option<SystemTime>)>;

/// A file with documents, none of them believed yet.
#[derive(Debug, Clone)]
pub(crate) struct RosterFile {
    pub(crate) name: String,
    pub(crate) documents: RosterDocuments,
}

/// What reading the folder gave.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) files: Vec<RosterFile>,
    /// Names of files that hold no document at all.
    pub(crate) unreadable: Vec<String>,
}

impl RosterFolder {
    /// Takes the folder into use, and makes it if it is not there.
    pub(crate) fn open(path: PathBuf) -> io::Result<Self> {
        create_folder(&path)?;
        Ok(Self::at(path))
    }

    /// Names the folder, to look into it.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The files there are.
    pub(crate) fn list(&self) -> io::Result<Listing> {
        let mut listing = Listing::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let found = entry.metadata()?;
            if name.ends_with(SUFFIX) && found.is_file() {
                listing.insert(name, (found.len(), found.modified().ok()));
            }
        }
        Ok(listing)
    }

    /// Reads every file of a listing. One that vanished in the meantime is passed over.
    pub(crate) fn read(&self, listing: &Listing) -> io::Result<Reading> {
        let mut reading = Reading::default();
        for name in listing.keys() {
            let bytes = match read_bounded(&self.path.join(name), limits::FRAME_ROSTER_BYTES_MAX) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) if error.kind() == io::ErrorKind::FileTooLarge => None,
                Err(error) => return Err(error),
                Ok(bytes) => read_documents(&bytes),
            };
            match bytes {
                Some(documents) => reading.files.push(RosterFile {
                    name: name.clone(),
                    documents,
                }),
                None => reading.unreadable.push(name.clone()),
            }
        }
        Ok(reading)
    }

    /// Writes every document that has no file yet, and returns when they are durable.
    pub(crate) fn keep(&self, documents: &RosterDocuments) -> io::Result<()> {
        for (name, bytes) in named(documents) {
            let path = self.path.join(name);
            if fs::metadata(&path).is_ok_and(|found| found.len() == bytes.len() as u64) {
                continue;
            }
            replace_file(&path, &bytes)?;
        }
        Ok(())
    }

    /// Takes a file out of use under a dated name, and says which.
    pub(crate) fn set_aside(&self, name: &str, stamp: &str) -> io::Result<PathBuf> {
        let aside = self.free_name(&format!("{name}.{stamp}"));
        fs::rename(self.path.join(name), &aside)?;
        sync_folder(&self.path)?;
        Ok(aside)
    }

    /// Keeps documents that were offered and contradict those held, as evidence.
    pub(crate) fn keep_refused(
        &self,
        documents: &RosterDocuments,
        stamp: &str,
    ) -> io::Result<PathBuf> {
        let aside = self.free_name(&format!("offered.{stamp}"));
        replace_file(&aside, &encode(documents))?;
        Ok(aside)
    }

    /// A name that nothing has yet: two may be refused within one second.
    fn free_name(&self, stem: &str) -> PathBuf {
        let first = self.path.join(format!("{stem}.refused"));
        let others = (2_u32..).map(|count| self.path.join(format!("{stem}-{count}.refused")));
        let mut names = std::iter::once(first.clone()).chain(others);
        names.find(|path| !path.exists()).unwrap_or(first)
    }

    /// Where the folder is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Reads one document of any kind, or a whole set of them. Which it is, the bytes decide: each kind
/// has to fit exactly.
pub fn read_documents(bytes: &[u8]) -> Option<RosterDocuments> {
    let mut documents = RosterDocuments::default();
    if let Some(found) = one::<SignedAuthority, { limits::DOCUMENTS_MAX }>(bytes) {
        documents.authority = found;
    } else if let Some(found) = one::<SignedAnnex, { limits::DOCUMENTS_MAX }>(bytes) {
        documents.annexes = found;
    } else if let Ok(found) = decode::<SignedSuspension>(bytes) {
        documents.suspensions = List::new([found]).ok()?;
    } else {
        documents = decode(bytes).ok()?;
    }
    Some(documents)
}

fn one<T: Decode<()>, const MAX: usize>(bytes: &[u8]) -> Option<List<T, MAX>> {
    List::new([decode(bytes).ok()?]).ok()
}

/// Each document with the name of its file.
fn named(documents: &RosterDocuments) -> impl Iterator<Item = (String, Vec<u8>)> + '_ {
    let authority = documents.authority.iter().map(|signed| {
        (
            format!("authority-{:06}{SUFFIX}", signed.part.number),
            encode(signed),
        )
    });
    // Where an annex was withdrawn, another one may have its number.
    let annexes = documents.annexes.iter().map(|signed| {
        let (annex, hash) = (&signed.annex, signed.hash().short());
        let name = format!(
            "annex-{}-{:06}-{hash}{SUFFIX}",
            annex.organisation, annex.number
        );
        (name, encode(signed))
    });
    let suspensions = documents.suspensions.iter().map(|signed| {
        (
            format!("suspension-{}{SUFFIX}", signed.hash()),
            encode(signed),
        )
    });
    authority.chain(annexes).chain(suspensions)
}
