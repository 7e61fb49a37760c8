//! `roster/`: the signed documents of the roster as files.
//!
//! `authority-000001.part`, `annex-ORGANISATION-000001-HASH.part` and `suspension-HASH.part` hold
//! one encoded signed document each, as in a relay's folder. A file dropped in may have any name
//! that ends with `.part`, and may hold a whole set of documents; what it is shows in its bytes.
//! Nothing in the folder is believed: every start proves the whole roster from the anchor.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use maille_common::codec::TooLong;
use maille_common::limits;
use maille_common::roster::{Anchor, Roster, RosterDocuments, RosterError, files};
use thiserror::Error;

use crate::durable_file;

/// The folder with the documents of a home's roster.
#[derive(Debug, Clone)]
pub struct RosterStore {
    folder: PathBuf,
}

/// Why a roster cannot be read or kept.
#[derive(Debug, Error)]
pub enum RosterStoreError {
    /// There is no document.
    #[error(
        "{} holds no roster; put the signed documents of the network there, as its authority \
         gives them.",
        .folder.display()
    )]
    Empty {
        /// The folder.
        folder: PathBuf,
    },
    /// A file is no document.
    #[error(
        "{} is not a roster document: {why}. Get it again from the authority.", .path.display()
    )]
    Document {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// There are more documents than a roster can have.
    #[error("{} holds too many roster documents: {source}.", .folder.display())]
    TooMany {
        /// The folder.
        folder: PathBuf,
        /// The limit.
        source: TooLong,
    },
    /// The documents do not prove a roster.
    #[error("the roster in {} is refused: {source}", .folder.display())]
    Refused {
        /// The folder.
        folder: PathBuf,
        /// The check that failed.
        source: Box<RosterError>,
    },
    /// The world failed.
    #[error("{} cannot be read or written: {source}.", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl RosterStoreError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty { .. } => "roster-empty",
            Self::Document { .. } => "roster-document",
            Self::TooMany { .. } => "roster-too-many",
            Self::Refused { .. } => "roster-refused",
            Self::Io { .. } => "roster-io",
        }
    }
}

impl RosterStore {
    /// The store of the home in this folder. Nothing is read or made yet.
    pub fn of_home(home: &Path) -> Self {
        Self {
            folder: home.join("roster"),
        }
    }

    /// Reads every document there is, in no order, believing none.
    pub fn read(&self) -> Result<RosterDocuments, RosterStoreError> {
        let mut documents = RosterDocuments::default();
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(documents),
            Err(error) => return Err(self.io(error)),
        };
        let too_many = |source| RosterStoreError::TooMany {
            folder: self.folder.clone(),
            source,
        };
        for entry in entries {
            let path = entry.map_err(|error| self.io(error))?.path();
            if path
                .extension()
                .is_some_and(|suffix| suffix == files::EXTENSION)
            {
                documents = documents.join(read_file(&path)?).map_err(too_many)?;
            }
        }
        Ok(documents)
    }

    /// Proves the roster from the anchor.
    pub fn found(&self, anchor: Anchor) -> Result<Roster, RosterStoreError> {
        let documents = self.read()?;
        if documents.authority.is_empty() {
            return Err(RosterStoreError::Empty {
                folder: self.folder.clone(),
            });
        }
        Roster::found(anchor, &documents).map_err(|source| RosterStoreError::Refused {
            folder: self.folder.clone(),
            source: Box::new(source),
        })
    }

    /// Makes documents durable, each under the name its content gives it. Those that are there
    /// already are left alone.
    pub fn keep(&self, documents: &RosterDocuments) -> Result<(), RosterStoreError> {
        durable_file::folder(&self.folder).map_err(|error| self.io(error))?;
        for (name, bytes) in files::named(documents) {
            let path = self.folder.join(name);
            if !path.exists() {
                durable_file::write(&path, &bytes)
                    .map_err(|source| RosterStoreError::Io { path, source })?;
            }
        }
        Ok(())
    }

    fn io(&self, source: io::Error) -> RosterStoreError {
        RosterStoreError::Io {
            path: self.folder.clone(),
            source,
        }
    }
}

fn read_file(path: &Path) -> Result<RosterDocuments, RosterStoreError> {
    let io = |source| RosterStoreError::Io {
        path: path.to_owned(),
        source,
    };
    let refuse = |why: String| RosterStoreError::Document {
        path: path.to_owned(),
        why,
    };
    let bytes_max = limits::FRAME_ROSTER_BYTES_MAX as u64;
    if fs::metadata(path).map_err(io)?.len() > bytes_max {
        return Err(refuse(format!("it has over {bytes_max} bytes")));
    }
    files::read_documents(&fs::read(path).map_err(io)?).map_err(|fault| refuse(fault.to_string()))
}

#[cfg(test)]
mod tests {
    use maille_common::codec::encode;
    use maille_common::vectors::sent;

    use super::*;

    /// The protocol pins their bytes, and relays and authorities have the same names.
    #[test]
    fn documents_lie_under_their_names_as_they_travel() {
        let home = tempfile::tempdir().unwrap();
        let documents: RosterDocuments = sent("documents");
        let store = RosterStore::of_home(home.path());
        store.keep(&documents).unwrap();
        let of_suspension = "8812cc468e325a3364a8f20254440f6d49aca8360e674286680a126871cf804a";
        for (name, bytes) in [
            (
                "annex-delta-000001-ec017791.part",
                encode(&documents.annexes[0]),
            ),
            (
                &format!("suspension-{of_suspension}.part"),
                encode(&documents.suspensions[0]),
            ),
        ] {
            let path = home.path().join("roster").join(name);
            assert_eq!(fs::read(path).unwrap(), bytes, "{name}");
        }
        assert_eq!(store.read().unwrap(), documents);
        let files = fs::read_dir(home.path().join("roster")).unwrap();
        assert_eq!(files.count(), 2);
    }

    #[test]
    fn an_empty_home_has_no_roster_and_says_what_to_do() {
        let home = tempfile::tempdir().unwrap();
        let store = RosterStore::of_home(home.path());
        assert!(store.read().unwrap().is_empty());
        store.keep(&RosterDocuments::default()).unwrap();
        fs::write(home.path().join("roster/README"), "not ours").unwrap();
        assert!(store.read().unwrap().is_empty());
    }

    #[test]
    fn a_file_that_is_no_document_is_named() {
        let home = tempfile::tempdir().unwrap();
        let store = RosterStore::of_home(home.path());
        store.keep(&RosterDocuments::default()).unwrap();
        fs::write(home.path().join("roster/x.part"), "hello").unwrap();
        let error = store.read().unwrap_err();
        assert_eq!(error.code(), "roster-document");
        assert!(error.to_string().contains("x.part"), "{error}");
    }
}
