//! The home of this device, and what opens it.

use std::path::{Path, PathBuf};

use clap::Args;
use maille_client::home::{Home, Passphrase, Unlock};

use super::ask;
use crate::command::officer::on_duty;
use crate::fault::{Fault, Hint};

/// Who opens the home: an officer by passphrase, or the machine by its key.
#[derive(Debug, Args)]
pub(crate) struct UnlockArgs {
    /// The officer who opens the home; where it is missing, the machine's key, else who is on duty.
    #[arg(long, value_name = "NAME")]
    officer: Option<String>,
    /// A file whose first line is the officer's passphrase; asked for where it is missing.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl UnlockArgs {
    /// What to do where the machine's key does not open it.
    pub(crate) const MACHINE_HINT: &str =
        "Name who opens it with --officer, or sign in with `maille officer in`.";
    /// What to do where the officer does not open it.
    pub(crate) const OFFICER_HINT: &str = "Check --home, --officer and --passphrase-file.";

    /// The officer who is named to open it; an agent may act for another.
    #[cfg(unix)]
    pub(crate) fn named(&self) -> Option<&str> {
        self.officer.as_deref()
    }

    /// Who opens the home, and with what; nobody for the machine's key. A machine key that is there
    /// is used unless an officer is named.
    pub(crate) fn key(&self, home: &Path) -> Result<Option<(String, Passphrase)>, Fault> {
        let officer = match &self.officer {
            Some(named) => Some(named.clone()),
            None if home.join("machine.key").exists() => None,
            None => on_duty::read(home)?.map(|duty| duty.officer),
        };
        let Some(name) = officer else { return Ok(None) };
        let passphrase = ask(self.passphrase_file.as_deref(), &name)?;
        Ok(Some((name, passphrase)))
    }

    /// Opens the home.
    pub(crate) fn open(&self, home: &Path) -> Result<Home, Fault> {
        let Some((name, passphrase)) = self.key(home)? else {
            return Home::open(home, Unlock::Machine).hint(Self::MACHINE_HINT);
        };
        let unlock = Unlock::Officer {
            name: &name,
            passphrase: &passphrase,
        };
        Home::open(home, unlock).hint(Self::OFFICER_HINT)
    }
}
