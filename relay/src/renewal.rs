//! The next keys of a relay: made beside those it has, and taken into use by themselves once the
//! roster has named them for so long that every desk knows them.
//!
//! Whoever makes a pair or takes it into use holds `keys.lock`: a command that met the relay in
//! between would find no next pair, and make another one.
//!
//! `next/` holds the next pair. Renaming it to `taking/` is the decision: whoever finds `taking/`
//! finishes, so that a relay that was killed in between begins with one whole pair. The pair of
//! before lies in `former/` until the roster names it no more.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use maille_common::address::Name;
use maille_common::randomness::Randomness;
use maille_common::roster::{Relay, Roster};
use thiserror::Error;

use crate::anchor_file::{AnchorFileError, read_anchor};
use crate::config::{Config, ConfigError};
use crate::copying::Unfinished;
use crate::core::PublicKeys;
use crate::folder::{RelayFolder, create_folder, open_lock, sync_folder};
use crate::identity::{KEY_FILES, KeyFileError, RelayKeyPair};
use crate::roster_desk::{RosterRefused, peek};

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
    /// Another process makes a pair, or takes it into use, at this moment.
    #[error(
        "The keys in {} are being changed at this moment, by the relay or by another command. \
         Give the command again.", .folder.display()
    )]
    Busy {
        /// The relay's folder.
        folder: PathBuf,
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
            Self::Busy { .. } => "renew-busy",
            Self::BeingTaken => "renew-being-taken",
        }
    }
}

/// The turn to change which keys lie in a relay's folder. One process at a time has it.
#[derive(Debug)]
pub(crate) struct KeysTurn(
    #[expect(dead_code, reason = "it is locked for as long as it is open")] File,
);

impl KeysTurn {
    /// Waits for it: whoever has it makes two files, or moves four.
    pub(crate) fn wait(folder: &RelayFolder) -> Result<Self, KeyFileError> {
        let path = folder.keys_lock();
        let locked = open_lock(&path).and_then(|file| file.lock().map(|()| file));
        locked.map(Self).map_err(|source| io_fault(&path, source))
    }

    fn now(folder: &RelayFolder) -> Result<Self, RenewError> {
        let path = folder.keys_lock();
        let file = open_lock(&path).map_err(|source| io_fault(&path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(RenewError::Busy {
                folder: folder.root().to_path_buf(),
            }),
            Err(TryLockError::Error(source)) => Err(io_fault(&path, source).into()),
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
    let turn = KeysTurn::now(folder)?;
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
        None => (make(folder, &turn, random)?, true),
    };
    let entry = entry(place, &PublicKeys::of(&next), &present);
    Ok(Renewed { made, entry })
}

/// Both keys are there, durably, or neither is.
fn make(
    folder: &RelayFolder,
    _turn: &KeysTurn,
    random: &mut impl Randomness,
) -> Result<RelayKeyPair, KeyFileError> {
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
    let turn = KeysTurn::wait(folder)?;
    let (next, taking) = (folder.next_keys(), folder.keys_being_taken());
    fs::rename(&next, taking)
        .and_then(|()| sync_folder(folder.root()))
        .map_err(|source| io_fault(&next, source))?;
    finish(folder, &turn)
}

/// Finishes what was cut off; whether there was anything.
pub(crate) fn finish_taking(folder: &RelayFolder) -> Result<bool, KeyFileError> {
    if !folder.keys_being_taken().exists() {
        return Ok(false);
    }
    finish(folder, &KeysTurn::wait(folder)?).map(|()| true)
}

/// Moves both keys into their places, the former ones aside.
fn finish(folder: &RelayFolder, _turn: &KeysTurn) -> Result<(), KeyFileError> {
    let (taking, former) = (folder.keys_being_taken(), folder.former_keys());
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
    step(&taking, sync_folder(folder.root()))
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
