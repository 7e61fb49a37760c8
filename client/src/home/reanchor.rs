//! Trusting another anchor: two officers, after a letter.
//!
//! Where too few key holders are left to sign a next part, the network is founded anew, and no
//! signature leads from the old anchor to the new one. So two people at each desk vouch for it.
//!
//! The new anchor and its roster are written beside the old ones first, in `reanchor.next`. The
//! identity, which has the anchor sealed in it, is replaced then, and from there on the home is of
//! the new anchor: what a power cut leaves unmoved is moved when it is opened. What was trusted
//! before goes to `before-CODE`, with the letter: it still proves what was signed under it.

use std::fs;
use std::path::{Path, PathBuf};

use maille_common::randomness::Randomness;
use maille_common::roster::{Anchor, Roster, RosterDocuments};
use maille_common::time::Timestamp;
use serde::Serialize;

use super::error::HomeError;
use super::files::{self, io};
use super::{Home, Passphrase, anchor_file};
use crate::roster_store::RosterStore;

/// What is not in its place yet.
const NEXT: &str = "reanchor.next";

/// Who vouched, and by what.
const LETTER: &str = "letter.toml";

/// What the folders begin with that keep what was trusted before.
const BEFORE: &str = "before-";

/// The documents of the roster.
const ROSTER: &str = "roster";

/// What two officers vouch for.
#[derive(Debug, Clone, Copy)]
pub struct Reanchoring<'a> {
    /// The roster, proved from the new anchor.
    pub roster: &'a Roster,
    /// How the letter is found again: a number, a date.
    pub letter: &'a str,
    /// Two different officers of the home.
    pub officers: [(&'a str, &'a Passphrase); 2],
}

/// The act, as it is kept beside what was trusted before.
#[derive(Debug, Serialize)]
struct LetterFile<'a> {
    letter: &'a str,
    officers: [&'a str; 2],
    time: String,
    from: String,
    to: String,
}

impl Home {
    /// Trusts another anchor from now on, and ends this opening of the home.
    ///
    /// Refused before anything is written unless two different officers say so, the network is the
    /// same, and the new roster has this device, with its keys, designated now.
    pub fn reanchor(
        self,
        new: &Reanchoring<'_>,
        now: Timestamp,
        randomness: &mut impl Randomness,
    ) -> Result<(), HomeError> {
        self.check_reanchoring(new, now)?;
        let next = self.path.join(NEXT);
        let anchor = new.roster.anchor();
        remove_leftover(&next)?;
        files::create_folder(&next)?;
        let letter = LetterFile {
            letter: new.letter,
            officers: new.officers.map(|(name, _)| name),
            time: now.to_string(),
            from: self.bound.anchor.code().to_string(),
            to: anchor.code().to_string(),
        };
        files::create(&next.join(LETTER), files::to_toml(&letter).as_bytes())?;
        RosterStore::of_home(&next)
            .keep(&new.roster.documents())
            .map_err(|error| io(&next, "written")(std::io::Error::other(error)))?;
        anchor_file::create(&next, anchor)?;
        files::sync_folder(&next)?;
        files::sync_folder(&self.path)?;
        let mut bound = self.bound.clone();
        bound.anchor = anchor.clone();
        let master = &self.master;
        self.identity
            .replace(&self.path, &bound, master, randomness)?;
        finish(&self.path, anchor)
    }

    /// The rosters of the anchors that were trusted before this one, with all their documents; each
    /// verifies from its anchor. Nothing proves that a folder was not put here by somebody else:
    /// what was in use stands in the store.
    pub fn rosters_before(&self) -> Vec<(Roster, RosterDocuments)> {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let folders = entries.map(|entry| entry.path()).filter(|path| {
            let name = path.file_name().unwrap_or_default();
            name.to_string_lossy().starts_with(BEFORE)
        });
        let read = |folder: PathBuf| {
            let (anchor, store) = (anchor_file::load(&folder), RosterStore::of_home(&folder));
            let read = anchor
                .map_err(|error| error.to_string())
                .and_then(|anchor| {
                    let roster = store.found(anchor).map_err(|error| error.to_string())?;
                    let documents = store.read().map_err(|error| error.to_string())?;
                    Ok((roster, documents))
                });
            if let Err(error) = &read {
                let path = folder.display();
                tracing::warn!(%path, %error, "an anchor from before is passed over");
            }
            read.ok()
        };
        folders.filter_map(read).collect()
    }

    fn check_reanchoring(&self, new: &Reanchoring<'_>, now: Timestamp) -> Result<(), HomeError> {
        let [(one, _), (other, _)] = new.officers;
        if one == other {
            return Err(HomeError::TwoOfficersNeeded);
        }
        for (name, passphrase) in new.officers {
            self.check_officer(name, passphrase)?;
        }
        let anchor = new.roster.anchor();
        if *anchor.network != *self.bound.anchor.network {
            return Err(HomeError::OtherNetwork {
                ours: self.bound.anchor.network.to_string(),
                theirs: anchor.network.to_string(),
            });
        }
        if *anchor == self.bound.anchor {
            return Err(HomeError::SameAnchor);
        }
        let designation = new.roster.designated_device(&self.device(), now);
        if !designation.is_valid() || !self.is_itself_in(new.roster) {
            return Err(HomeError::NotInNewRoster);
        }
        Ok(())
    }
}

/// The anchor that waits beside the home's, and was sealed into the identity or was not.
pub(super) fn waiting(home: &Path) -> Result<Option<Anchor>, HomeError> {
    let next = home.join(NEXT);
    match next.join(anchor_file::FILE).exists() {
        true => anchor_file::load(&next).map(Some),
        false => Ok(None),
    }
}

/// Moves what waits into its place. The anchor goes last, so that whoever is interrupted goes on.
pub(super) fn finish(home: &Path, anchor: &Anchor) -> Result<(), HomeError> {
    let next = home.join(NEXT);
    let before = before(home, anchor);
    if !before.exists() {
        files::create_folder(&before)?;
    }
    for (name, has_old) in [(LETTER, false), (ROSTER, true), (anchor_file::FILE, true)] {
        let waits = next.join(name);
        if !waits.exists() {
            continue;
        }
        let place = match has_old {
            true => home.join(name),
            false => before.join(name),
        };
        let aside = before.join(name);
        if has_old && place.exists() && !aside.exists() {
            rename(&place, &aside)?;
        }
        rename(&waits, &place)?;
        files::sync_folder(&before)?;
        files::sync_folder(home)?;
    }
    fs::remove_dir(&next).map_err(io(&next, "removed"))?;
    files::sync_folder(home)
}

/// Where goes what was trusted before this anchor.
fn before(home: &Path, anchor: &Anchor) -> PathBuf {
    let code = anchor.code().to_string();
    let first = code.split('-').take(2).collect::<String>();
    home.join(format!("{BEFORE}{first}"))
}

/// What an attempt left that ended before it counted.
fn remove_leftover(next: &Path) -> Result<(), HomeError> {
    match next.exists() {
        true => fs::remove_dir_all(next).map_err(io(next, "removed")),
        false => Ok(()),
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), HomeError> {
    fs::rename(from, to).map_err(io(from, "moved"))
}
