//! `slots.toml`: one slot per officer, each the master key sealed under that officer's passphrase.

use std::path::Path;

use maille_common::crypto::aead::AtRestKey;
use maille_common::randomness::Randomness;
use maille_common::time::Timestamp;

use super::error::HomeError;
use super::files;
use super::passphrase::{Cost, NotStretched, Passphrase, SALT_LEN};
use super::place::Place;

mod record;

/// The name of the file.
pub(super) const FILE: &str = "slots.toml";

/// Officers of one home, removed ones included: three shifts of ten, and years of leaving.
const OFFICERS_MAX: usize = 256;
/// Longest name of an officer in bytes.
const NAME_BYTES_MAX: usize = 64;
/// 256 slots of under 600 bytes are 150 KiB.
const BYTES_MAX: usize = 256 * 1024;

/// An officer of a home, as everybody who opens it may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Officer {
    /// The name, as it was given.
    pub name: String,
    /// When the slot was made.
    pub added: Timestamp,
    /// When the slot was erased, if it was.
    pub removed: Option<Timestamp>,
}

/// An officer to be given a slot.
#[derive(Debug, Clone, Copy)]
pub struct NewOfficer<'a> {
    /// The name: 1 to 64 bytes, no control characters. It stands in `slots.toml` in the clear.
    pub name: &'a str,
    /// The passphrase, at least [`Passphrase::CHARS_MIN`] characters.
    pub passphrase: &'a Passphrase,
    /// What a try costs: [`Cost::STANDARD`] outside tests.
    pub cost: Cost,
}

/// The slots of a home, those of removed officers emptied.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slots(Vec<Slot>);

#[derive(Debug, Clone)]
struct Slot {
    officer: Officer,
    /// The way in; erased with the officer's removal.
    master: Option<SealedMaster>,
}

#[derive(Debug, Clone)]
struct SealedMaster {
    cost: Cost,
    salt: [u8; SALT_LEN],
    sealed: Vec<u8>,
}

impl Slots {
    /// Reads the slots of the home in `folder`; none where there is no such file.
    pub(super) fn load(folder: &Path) -> Result<Self, HomeError> {
        let path = folder.join(FILE);
        let bytes = match files::read_secret(&path, BYTES_MAX) {
            Err(HomeError::Missing { .. }) => return Ok(Self::default()),
            other => other?,
        };
        Self::parse(&path, &bytes)
    }

    /// Reads the file's bytes.
    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, HomeError> {
        record::read(path, bytes).map(Self)
    }

    /// Puts these slots in the place of those in the file.
    pub(super) fn save(&self, folder: &Path) -> Result<(), HomeError> {
        files::replace(&folder.join(FILE), record::write(&self.0).as_bytes())
    }

    /// Opens the slot of an officer: the master key.
    pub(super) fn open(&self, name: &str, passphrase: &Passphrase) -> Result<AtRestKey, HomeError> {
        let slot = self.find(name)?;
        let Some(sealed) = &slot.master else {
            return Err(slot.refuse_removed());
        };
        sealed.open(name, passphrase)
    }

    /// Checks the passphrase of an officer.
    pub(crate) fn check(&self, name: &str, passphrase: &Passphrase) -> Result<(), HomeError> {
        self.open(name, passphrase).map(drop)
    }

    /// Adds a slot; that of a removed officer of the same name gives way.
    pub(super) fn with(
        &self,
        new: NewOfficer<'_>,
        master: &AtRestKey,
        now: Timestamp,
        randomness: &mut impl Randomness,
    ) -> Result<Self, HomeError> {
        check_name(new.name)?;
        let mut slots = self.clone();
        slots
            .0
            .retain(|slot| slot.officer.name != new.name || slot.master.is_some());
        if slots.find(new.name).is_ok() {
            return Err(HomeError::OfficerExists {
                officer: new.name.to_owned(),
            });
        }
        if slots.0.len() >= OFFICERS_MAX {
            return Err(HomeError::TooManyOfficers { max: OFFICERS_MAX });
        }
        let sealed = SealedMaster::make(new, master, randomness)?;
        let officer = Officer {
            name: new.name.to_owned(),
            added: now,
            removed: None,
        };
        slots.0.push(Slot {
            officer,
            master: Some(sealed),
        });
        Ok(slots)
    }

    /// Gives an officer's slot another passphrase.
    pub(super) fn with_passphrase(
        &self,
        changed: NewOfficer<'_>,
        master: &AtRestKey,
        randomness: &mut impl Randomness,
    ) -> Result<Self, HomeError> {
        let sealed = SealedMaster::make(changed, master, randomness)?;
        let mut slots = self.clone();
        slots.find_mut(changed.name)?.master = Some(sealed);
        Ok(slots)
    }

    /// Empties the slot of an officer. `last_may_go` says that there is another way in.
    pub(super) fn without(
        &self,
        name: &str,
        last_may_go: bool,
        now: Timestamp,
    ) -> Result<Self, HomeError> {
        let mut slots = self.clone();
        let slot = slots.find_mut(name)?;
        slot.master = None;
        slot.officer.removed = Some(now);
        if !last_may_go && slots.0.iter().all(|slot| slot.master.is_none()) {
            return Err(HomeError::LastOfficer {
                officer: name.to_owned(),
            });
        }
        Ok(slots)
    }

    /// Everybody who has or had a slot, in the order of being added.
    pub(super) fn officers(&self) -> impl Iterator<Item = &Officer> {
        self.0.iter().map(|slot| &slot.officer)
    }

    fn find(&self, name: &str) -> Result<&Slot, HomeError> {
        let slot = self.0.iter().find(|slot| slot.officer.name == name);
        slot.ok_or_else(|| HomeError::NoSuchOfficer {
            officer: name.to_owned(),
        })
    }

    /// The slot of an officer who was not removed.
    fn find_mut(&mut self, name: &str) -> Result<&mut Slot, HomeError> {
        let slot = self.0.iter_mut().find(|slot| slot.officer.name == name);
        match slot {
            Some(slot) if slot.master.is_some() => Ok(slot),
            Some(slot) => Err(slot.refuse_removed()),
            None => Err(HomeError::NoSuchOfficer {
                officer: name.to_owned(),
            }),
        }
    }
}

impl Slot {
    fn refuse_removed(&self) -> HomeError {
        HomeError::OfficerRemoved {
            officer: self.officer.name.clone(),
            removed: self.officer.removed.unwrap_or(self.officer.added),
        }
    }
}

impl SealedMaster {
    fn make(
        new: NewOfficer<'_>,
        master: &AtRestKey,
        randomness: &mut impl Randomness,
    ) -> Result<Self, HomeError> {
        if !new.passphrase.is_long_enough() {
            return Err(HomeError::PassphraseTooShort);
        }
        let (cost, salt) = (new.cost, randomness.array());
        let key = new
            .passphrase
            .stretch(&salt, cost)
            .map_err(|NotStretched| no_memory(cost))?;
        let sealed = Place::Slot.seal(&key, new.name.as_bytes(), master.expose(), randomness);
        Ok(Self { cost, salt, sealed })
    }

    fn open(&self, name: &str, passphrase: &Passphrase) -> Result<AtRestKey, HomeError> {
        let key = passphrase
            .stretch(&self.salt, self.cost)
            .map_err(|NotStretched| no_memory(self.cost))?;
        let wrong = || HomeError::WrongPassphrase {
            officer: name.to_owned(),
        };
        let master = Place::Slot
            .open(&key, name.as_bytes(), &self.sealed)
            .map_err(|_| wrong())?;
        let master = master.as_slice().try_into().map_err(|_| wrong())?;
        Ok(AtRestKey::from_bytes(master))
    }
}

fn no_memory(cost: Cost) -> HomeError {
    HomeError::NoMemory {
        memory_kib: cost.memory_kib(),
    }
}

fn check_name(name: &str) -> Result<(), HomeError> {
    let fits = (1..=NAME_BYTES_MAX).contains(&name.len());
    if fits && !name.chars().any(char::is_control) && name.trim() == name {
        Ok(())
    } else {
        Err(HomeError::BadName {
            max: NAME_BYTES_MAX,
        })
    }
}
