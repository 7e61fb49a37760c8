//! Trusting another anchor: the operator, after a letter.
//!
//! Where the network was founded anew, no signature leads from the old anchor to the new one. The
//! new anchor and its roster are proved, and written beside the old ones first, in
//! `reanchor.next`; then what was trusted is moved aside, and they take its place, the anchor last:
//! a relay does not start on half of it, and whoever was interrupted gives the command again. What
//! was trusted is kept in `before-CODE`. The store, the attachments and the keys stay.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use maille_common::roster::{Anchor, Roster};
use thiserror::Error;

use crate::admin::{AdminRequest, ask};
use crate::anchor_file::{AnchorFileError, read_anchor, read_both};
use crate::config::{Config, ConfigError};
use crate::core::PublicKeys;
use crate::folder::{RelayFolder, create_file, create_folder, sync_folder};
use crate::identity::{KeyFileError, RelayKeyPair};
use crate::roster_desk::{RosterRefused, peek};
use crate::roster_folder::RosterFolder;

/// What is not in its place yet.
const NEXT: &str = "reanchor.next";
const ANCHOR: &str = "anchor";
const ROSTER: &str = "roster";
const HEADS: &str = "roster.heads";
/// What was trusted, in `reanchor.next` and when the change has ended.
const BEFORE: &str = "before";

/// What a relay is to trust.
#[derive(Debug, Clone, Copy)]
pub struct NewAnchor<'a> {
    /// The anchor file.
    pub anchor: &'a Path,
    /// A folder with the signed documents of its roster.
    pub roster: &'a Path,
    /// The code of the anchor, as the letter has it.
    pub code: &'a str,
}

/// What a relay trusts now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reanchored {
    /// The code of the anchor.
    pub code: String,
    /// The hash of the roster.
    pub roster: String,
    /// Where what was trusted before is kept.
    pub before: PathBuf,
}

/// Why another anchor is not trusted. But for [`ReanchorError::File`], nothing was changed.
#[derive(Debug, Error)]
pub enum ReanchorError {
    /// A relay serves there.
    #[error("A relay serves {}. Stop it first.", .folder.display())]
    Running {
        /// The folder.
        folder: PathBuf,
    },
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The keys cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The anchor cannot be used.
    #[error(transparent)]
    Anchor(#[from] AnchorFileError),
    /// The code is another one.
    #[error(
        "The code is not the code of this anchor: it is another one than the letter speaks of, or \
         a digit was misread. Read the letter again, and telephone those who signed it."
    )]
    Code,
    /// The anchor is of another network.
    #[error("The anchor is of the network `{found}`, and this relay serves `{expected}`.")]
    Network {
        /// The anchor's.
        found: String,
        /// The configuration's.
        expected: String,
    },
    /// It is trusted already.
    #[error("This relay trusts that anchor already.")]
    Same,
    /// No roster of it verifies, or it may not be served here.
    #[error("The new anchor has no roster to serve: {0}")]
    Roster(#[from] RosterRefused),
    /// The roster does not know this relay.
    #[error(
        "The new roster does not name the relay `{name}` with the keys in this folder. Have the \
         holders of its keys name it first."
    )]
    NotInRoster {
        /// The relay's name.
        name: String,
    },
    /// A file cannot be read or written. Given again, the command goes on.
    #[error("{} cannot be used: {source}. Mend that, and give the command again.", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ReanchorError {
    /// The stable code of this fault, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Running { .. } => "reanchor-running",
            Self::Config(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::Anchor(error) => error.code(),
            Self::Code => "reanchor-code",
            Self::Network { .. } => "reanchor-network",
            Self::Same => "reanchor-same",
            Self::Roster(_) => "reanchor-roster",
            Self::NotInRoster { .. } => "reanchor-not-in-roster",
            Self::File { .. } => "reanchor-file",
        }
    }
}

/// Trusts another anchor from the next start on. The roster has to verify from it, and to name this
/// relay with its keys.
///
/// # Errors
/// [`ReanchorError`].
pub fn reanchor(folder: &RelayFolder, new: &NewAnchor<'_>) -> Result<Reanchored, ReanchorError> {
    if ask(folder, &AdminRequest::Status).is_ok() {
        let folder = folder.root().to_path_buf();
        return Err(ReanchorError::Running { folder });
    }
    let config = Config::read(&folder.config())?;
    let (anchor, anchor_bytes) = read_both(new.anchor)?;
    if !anchor.code().is(new.code) {
        return Err(ReanchorError::Code);
    }
    if anchor.network.as_str() != config.network {
        return Err(ReanchorError::Network {
            found: anchor.network.to_string(),
            expected: config.network.clone(),
        });
    }
    let roster = prove(folder, &anchor, &config, new.roster)?;
    let change = Change::of(folder.root());
    change.end_last()?;
    let trusted = read_anchor(&folder.anchor()).ok();
    if trusted.is_some_and(|trusted| trusted == anchor) && !change.next.exists() {
        return Err(ReanchorError::Same);
    }
    change.write(&anchor_bytes, &roster)?;
    change.put_in_place()?;
    let before = change.end(&anchor)?;
    Ok(Reanchored {
        code: anchor.code().to_string(),
        roster: roster.hash().to_string(),
        before,
    })
}

/// The roster of the documents in a folder, which names this relay.
fn prove(
    folder: &RelayFolder,
    anchor: &Anchor,
    config: &Config,
    documents: &Path,
) -> Result<Roster, ReanchorError> {
    let growth = match peek(documents.to_path_buf(), anchor, config.listen) {
        Err(RosterRefused::Folder(source)) => return Err(unused(documents)(source)),
        judged => judged?.0,
    };
    let roster = growth.roster;
    let keys = PublicKeys::of(&RelayKeyPair::load(folder)?);
    match keys.are_in(&roster, &config.name) {
        true => Ok(roster),
        false => Err(ReanchorError::NotInRoster {
            name: config.name.to_string(),
        }),
    }
}

/// A change under way: what waits, and what was moved aside for it.
struct Change<'a> {
    root: &'a Path,
    next: PathBuf,
    before: PathBuf,
}

impl<'a> Change<'a> {
    fn of(root: &'a Path) -> Self {
        let next = root.join(NEXT);
        let before = next.join(BEFORE);
        Self { root, next, before }
    }

    /// Writes what is to be trusted, the anchor last.
    fn write(&self, anchor: &[u8], roster: &Roster) -> Result<(), ReanchorError> {
        create_folder(&self.before).map_err(unused(&self.before))?;
        for name in [ANCHOR, ROSTER] {
            remove(&self.next.join(name))?;
        }
        let documents = RosterFolder::open(self.next.join(ROSTER)).map_err(unused(&self.next))?;
        documents
            .keep(&roster.documents())
            .map_err(unused(documents.path()))?;
        create_file(&self.next.join(ANCHOR), anchor).map_err(unused(&self.next))?;
        sync_folder(self.root).map_err(unused(self.root))
    }

    /// Moves what was trusted aside, and what waits into its place.
    fn put_in_place(&self) -> Result<(), ReanchorError> {
        for name in [HEADS, ROSTER, ANCHOR] {
            let (place, aside) = (self.root.join(name), self.before.join(name));
            // Where one was moved aside already, another change was interrupted, and what stands
            // in its place was never trusted.
            match aside.exists() {
                true => remove(&place)?,
                false if place.exists() => rename(&place, &aside)?,
                false => {}
            }
            let waits = self.next.join(name);
            if waits.exists() {
                rename(&waits, &place)?;
            }
            for folder in [&self.before, &self.next, self.root] {
                sync_folder(folder).map_err(unused(folder))?;
            }
        }
        Ok(())
    }

    /// Keeps what was trusted before this anchor, and says where.
    fn end(&self, anchor: &Anchor) -> Result<PathBuf, ReanchorError> {
        let code = anchor.code().to_string();
        let first: String = code.split('-').take(2).collect();
        let once = self.root.join(format!("{BEFORE}-{first}"));
        let again = (2_u32..).map(|count| self.root.join(format!("{BEFORE}-{first}-{count}")));
        let mut names = std::iter::once(once.clone()).chain(again);
        let kept = names.find(|name| !name.exists()).unwrap_or(once);
        rename(&self.before, &kept)?;
        fs::remove_dir(&self.next).map_err(unused(&self.next))?;
        sync_folder(self.root).map_err(unused(self.root))?;
        Ok(kept)
    }

    /// Ends a change that was interrupted when everything was in its place.
    fn end_last(&self) -> Result<(), ReanchorError> {
        let moved = self.before.join(ANCHOR).exists() && !self.next.join(ANCHOR).exists();
        if !moved {
            return Ok(());
        }
        let anchor = read_anchor(&self.root.join(ANCHOR))?;
        self.end(&anchor).map(drop)
    }
}

fn remove(path: &Path) -> Result<(), ReanchorError> {
    let removed = match path.is_dir() {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unused(path)(error)),
        _ => Ok(()),
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), ReanchorError> {
    fs::rename(from, to).map_err(unused(from))
}

fn unused(path: &Path) -> impl FnOnce(io::Error) -> ReanchorError {
    let path = path.to_path_buf();
    |source| ReanchorError::File { path, source }
}
