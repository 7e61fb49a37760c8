//! A folder of published documents, as authorities hand it about and relays and homes keep it.
//!
//! Nothing in it is believed: whoever reads it proves the whole roster from an anchor.

use std::path::{Path, PathBuf};

use maille_common::codec::{Encode, TooLong, encode};
use maille_common::limits;
use maille_common::roster::files::{
    annex_file, authority_file, is_document, read_documents, suspension_file,
};
use maille_common::roster::{Anchor, Roster, RosterDocuments, RosterError};
use thiserror::Error;

use super::files::{self, Access, FileError};
use crate::home::{AnchorFileError, format_anchor, parse_anchor};

/// The file that a founded network's folder begins with. Handed over in person, never believed
/// because it lies there.
const ANCHOR: &str = "anchor.toml";
/// Sixteen keys of 70 bytes, a name, and room for comments.
const ANCHOR_BYTES_MAX: usize = 16 * 1024;

/// A roster folder, which need not be there yet.
#[derive(Debug, Clone)]
pub struct RosterFolder {
    path: PathBuf,
}

impl RosterFolder {
    /// The folder at this path. Nothing is read or made yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The folder in which a home keeps the roster it goes by.
    pub fn of_home(home: &Path) -> Self {
        Self::at(home.join("roster"))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the anchor lies that a founding wrote.
    pub fn anchor_path(&self) -> PathBuf {
        self.path.join(ANCHOR)
    }

    /// Reads every document there is, in no order, believing none. None where there is no folder.
    ///
    /// Where the path is a file, that one is read: it may hold all documents, as [`save_single`]
    /// writes them.
    ///
    /// [`save_single`]: Self::save_single
    pub fn read(&self) -> Result<RosterDocuments, RosterFolderError> {
        if self.path.is_file() {
            return read_file(&self.path);
        }
        let mut documents = RosterDocuments::default();
        for name in files::names(&self.path)? {
            if is_document(&name) {
                let found = read_file(&self.path.join(name))?;
                documents = documents.join(found).map_err(RosterFolderError::TooMany)?;
            }
        }
        Ok(documents)
    }

    /// Proves the roster from the anchor; none where no authority part was published yet.
    pub fn load(&self, anchor: &Anchor) -> Result<Option<Roster>, RosterFolderError> {
        let documents = self.read()?;
        if documents.authority.is_empty() {
            return Ok(None);
        }
        Ok(Some(Roster::found(anchor.clone(), &documents)?))
    }

    /// Makes documents durable, each under the name its content gives it, and names the files that
    /// are new. Those that are there already stay as they are.
    ///
    /// The caller has proved them; here they are only written.
    pub fn save(&self, documents: &RosterDocuments) -> Result<Vec<PathBuf>, RosterFolderError> {
        files::folder(&self.path)?;
        let mut written = Vec::new();
        for signed in &documents.authority {
            written.extend(self.save_one(authority_file(signed.part.number), signed)?);
        }
        for signed in &documents.annexes {
            let annex = signed.annex.value();
            let name = annex_file(&annex.organisation, annex.number, &signed.hash());
            written.extend(self.save_one(name, signed)?);
        }
        for signed in &documents.suspensions {
            written.extend(self.save_one(suspension_file(&signed.hash()), signed)?);
        }
        Ok(written)
    }

    /// Writes a new file with all documents in it, to be handed over in one piece.
    pub fn save_single(path: &Path, documents: &RosterDocuments) -> Result<(), RosterFolderError> {
        Ok(files::create(path, &encode(documents), Access::Shared)?)
    }

    /// Writes the anchor into the folder, which is made if need be.
    pub fn write_anchor(&self, anchor: &Anchor) -> Result<PathBuf, RosterFolderError> {
        files::folder(&self.path)?;
        let path = self.anchor_path();
        files::create(&path, format_anchor(anchor).as_bytes(), Access::Shared)?;
        Ok(path)
    }

    /// Reads an anchor file.
    pub fn read_anchor(path: &Path) -> Result<Anchor, RosterFolderError> {
        Ok(parse_anchor(&files::read_text(path, ANCHOR_BYTES_MAX)?)?)
    }

    fn save_one(
        &self,
        name: String,
        document: &impl Encode,
    ) -> Result<Option<PathBuf>, RosterFolderError> {
        let path = self.path.join(name);
        if path.exists() {
            return Ok(None);
        }
        // Whole or not at all: a relay may be reading the folder meanwhile.
        files::replace(&path, &encode(document), Access::Shared)?;
        Ok(Some(path))
    }
}

fn read_file(path: &Path) -> Result<RosterDocuments, RosterFolderError> {
    let bytes = files::read(path, limits::FRAME_ROSTER_BYTES_MAX)?;
    let read = read_documents(&bytes);
    Ok(read.map_err(|fault| files::damaged(path, "a roster document", fault))?)
}

/// Why a roster folder cannot be used.
#[derive(Debug, Error)]
pub enum RosterFolderError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The anchor is none.
    #[error(transparent)]
    Anchor(#[from] AnchorFileError),
    /// There are more documents than a roster can have.
    #[error("The folder holds more documents than a roster has. {0}")]
    TooMany(TooLong),
    /// The documents do not prove a roster.
    #[error(transparent)]
    Refused(#[from] RosterError),
}

impl RosterFolderError {
    /// The stable code of this fault, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File(fault) => fault.code(),
            Self::Anchor(fault) => fault.code(),
            Self::TooMany(_) => "roster-too-many",
            Self::Refused(_) => "roster-refused",
        }
    }
}
