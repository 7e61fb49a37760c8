//! The next keys of a relay: made beside those it has, and taken into use by themselves once the
//! roster has named them for so long that every desk knows them.
//!
//! `next/` holds the next pair. Renaming it to `taking/` is the decision: whoever finds `taking/`
//! finishes, so that a relay that was killed in between begins with one whole pair. The pair of
//! before lies in `former/` until the roster names it no more.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use maille_common::address::Name;
use maille_common::limits;
use maille_common::randomness::Randomness;
use maille_common::roster::{Relay, Roster};
use maille_common::time::{Span, Timestamp};
use thiserror::Error;

use crate::anchor_file::{AnchorFileError, read_anchor};
use crate::config::{Config, ConfigError};
use crate::copying::Unfinished;
use crate::folder::{RelayFolder, create_folder, sync_folder};
use crate::identity::{KEY_FILES, KeyFileError, RelayKeyPair};
use crate::roster_desk::{RosterRefused, peek};
use crate::service::PublicKeys;

/// So long the roster names the next pair before it is used: a desk that was away for eight weeks
/// still knows the one before, and has a week to hear of the next.
pub const OVERLAP: Span = Span::from_ms(limits::RELAY_KEYS_OVERLAP_MS);

/// Where the next pair of a relay stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NextKeys {
    /// There is none.
    None,
    /// It lies in the folder, and the roster does not name it.
    Made { next: PublicKeys },
    /// The roster names it, and it is used from a time on.
    Announced {
        next: PublicKeys,
        /// When the part that first named it was written.
        since: Timestamp,
        /// When it is used.
        used_from: Timestamp,
    },
    /// It is to be used now.
    Due { next: PublicKeys },
}

impl NextKeys {
    /// Judges the next pair by the roster in use. Where the roster names the present pair no more,
    /// the next one is all there is to serve with.
    pub(crate) fn judge(
        present: &PublicKeys,
        next: Option<PublicKeys>,
        roster: &Roster,
        name: &Name,
        now: Timestamp,
    ) -> Self {
        let Some(next) = next else {
            return Self::None;
        };
        let mut terms = roster.relay_signing_keys(name).iter();
        let term = terms.find(|term| term.current && term.key == next.signing);
        let Some(term) = term.filter(|_| next.are_in(roster, name)) else {
            return Self::Made { next };
        };
        let (since, used_from) = (term.from, term.from + OVERLAP);
        if now >= used_from || !present.are_in(roster, name) {
            return Self::Due { next };
        }
        Self::Announced {
            next,
            since,
            used_from,
        }
    }

    pub(crate) const fn is_due(&self) -> bool {
        matches!(self, Self::Due { .. })
    }

    /// The stable word for machines: `none`, `made`, `announced`, or `due`.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Made { .. } => "made",
            Self::Announced { .. } => "announced",
            Self::Due { .. } => "due",
        }
    }
}

/// Why no next keys were made or shown.
#[derive(Debug, Error)]
pub enum RenewError {
    /// The folder holds no relay.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The anchor cannot be used.
    #[error(transparent)]
    Anchor(#[from] AnchorFileError),
    /// There is no roster that verifies.
    #[error("The relay has no roster to stand in: {0}")]
    Roster(#[from] RosterRefused),
    /// The roster does not know this relay, so that there is nothing to renew.
    #[error(
        "The roster does not name the relay `{name}` with the keys in this folder. Hand \
         relay-request.toml to the authority first."
    )]
    NotInRoster {
        /// The relay's name.
        name: Name,
    },
    /// The pair that was made before is being taken into use.
    #[error("The next keys are being taken into use: start the relay, which finishes that.")]
    BeingTaken,
}

impl RenewError {
    /// The stable code of this fault, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Config(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::Anchor(error) => error.code(),
            Self::Roster(_) => "renew-roster",
            Self::NotInRoster { .. } => "renew-not-in-roster",
            Self::BeingTaken => "renew-being-taken",
        }
    }
}

/// The next pair of a relay, and what the authority has to write for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewed {
    /// It was made just now; else it was there.
    pub made: bool,
    /// The relay's entry of the authority's plan: the next pair first, the present one behind it.
    pub entry: String,
}

/// Makes the next pair of a relay where it will be used, or finds the one that was made before.
///
/// # Errors
/// [`RenewError`]. Nothing was made then.
pub fn renew_keys(
    folder: &RelayFolder,
    random: &mut impl Randomness,
) -> Result<Renewed, RenewError> {
    let config = Config::read(&folder.config())?;
    let present = PublicKeys::of(&RelayKeyPair::load(folder)?);
    if folder.keys_being_taken().exists() {
        return Err(RenewError::BeingTaken);
    }
    let anchor = read_anchor(&folder.anchor())?;
    let (growth, _) = peek(folder.roster(), &anchor, config.listen)?;
    let place = growth.roster.relay(&config.name);
    let place = place.filter(|_| present.are_in(&growth.roster, &config.name));
    let place = place.ok_or(RenewError::NotInRoster {
        name: config.name.clone(),
    })?;
    let (next, made) = match RelayKeyPair::load_next(folder)? {
        Some(next) => (next, false),
        None => (make(folder, random)?, true),
    };
    let entry = entry(place, &PublicKeys::of(&next), &present);
    Ok(Renewed { made, entry })
}

/// Both keys are there, durably, or neither is.
fn make(folder: &RelayFolder, random: &mut impl Randomness) -> Result<RelayKeyPair, KeyFileError> {
    let next = folder.next_keys();
    let failed = |source| io_fault(&next, source);
    let half_made = crate::folder::with_suffix(&next, "unfinished");
    match fs::remove_dir_all(&half_made) {
        // Nobody was ever shown what was cut off.
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let unfinished = Unfinished::begin(&next).map_err(failed)?;
    let pair = RelayKeyPair::create(&RelayFolder::new(unfinished.path()), random)?;
    unfinished.finish().map_err(failed)?;
    Ok(pair)
}

/// As `maille authority describe` writes it.
fn entry(place: &Relay, next: &PublicKeys, present: &PublicKeys) -> String {
    let addresses = place.addresses.iter();
    let addresses: Vec<String> = addresses
        .map(|address| toml::Value::from(address.as_str()).to_string())
        .collect();
    let pair = |keys: &PublicKeys| {
        let (transport, signing) = (keys.transport, keys.signing);
        format!("  {{ transport = \"{transport}\", signing = \"{signing}\" }},\n")
    };
    format!(
        "[[relay]]\nname = \"{}\"\norganisation = \"{}\"\naddresses = [{}]\nkeys = [\n{}{}]\n",
        place.name,
        place.organisation,
        addresses.join(", "),
        pair(next),
        pair(present)
    )
}

/// Takes the next pair into use on disk: from its first step on there is no way back.
pub(crate) fn take(folder: &RelayFolder) -> Result<(), KeyFileError> {
    let (next, taking) = (folder.next_keys(), folder.keys_being_taken());
    fs::rename(&next, taking)
        .and_then(|()| sync_folder(folder.root()))
        .map_err(|source| io_fault(&next, source))?;
    finish_taking(folder).map(drop)
}

/// Finishes what was cut off; whether there was anything.
pub(crate) fn finish_taking(folder: &RelayFolder) -> Result<bool, KeyFileError> {
    let (taking, former) = (folder.keys_being_taken(), folder.former_keys());
    if !taking.exists() {
        return Ok(false);
    }
    let step = |path: &Path, done: io::Result<()>| done.map_err(|source| io_fault(path, source));
    step(&former, create_folder(&former))?;
    for name in KEY_FILES {
        let (fresh, place) = (taking.join(name), folder.root().join(name));
        if !fresh.exists() {
            continue;
        }
        if place.exists() {
            step(&place, fs::rename(&place, former.join(name)))?;
            step(&former, sync_folder(&former))?;
            step(&place, sync_folder(folder.root()))?;
        }
        step(&fresh, fs::rename(&fresh, &place))?;
        step(&place, sync_folder(folder.root()))?;
    }
    step(&taking, fs::remove_dir(&taking))?;
    step(&taking, sync_folder(folder.root()))?;
    Ok(true)
}

/// Removes the pair of before once the roster names neither of its keys; whether it was there and
/// went.
pub(crate) fn remove_former(
    folder: &RelayFolder,
    roster: &Roster,
    name: &Name,
) -> Result<bool, KeyFileError> {
    let former = folder.former_keys();
    if !former.exists() {
        return Ok(false);
    }
    let known: Vec<_> = roster
        .relay(name)
        .iter()
        .flat_map(|relay| relay.keys.iter())
        .flat_map(|keys| [keys.transport, keys.signing])
        .collect();
    for found in RelayKeyPair::each_in(&former)? {
        if known.contains(&found.verifying_key()) {
            return Ok(false);
        }
    }
    fs::remove_dir_all(&former)
        .and_then(|()| sync_folder(folder.root()))
        .map_err(|source| io_fault(&former, source))?;
    Ok(true)
}

fn io_fault(path: &Path, source: io::Error) -> KeyFileError {
    KeyFileError::Io {
        path: PathBuf::from(path),
        source,
    }
}

#[cfg(test)]
mod tests;
