//! The home of this device, and what opens it.

use std::path::{Path, PathBuf};

use clap::Args;
use maille_client::home::{Home, HomeError, Unlock};

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
    /// Opens the home: for the named officer, else with the machine's key, else for whoever is on
    /// duty.
    pub(crate) fn open(&self, home: &Path) -> Result<Home, Fault> {
        if let Some(named) = &self.officer {
            return self.open_for(home, named);
        }
        match Home::open(home, Unlock::Machine) {
            Err(HomeError::NoMachineKey { path }) => match on_duty::read(home)? {
                Some(duty) => self.open_for(home, &duty.officer),
                None => Err(HomeError::NoMachineKey { path })
                    .hint("Name who opens it with --officer, or sign in with `maille officer in`."),
            },
            other => other.hint("Check --home."),
        }
    }

    fn open_for(&self, home: &Path, name: &str) -> Result<Home, Fault> {
        let passphrase = ask(self.passphrase_file.as_deref(), name)?;
        Home::open(
            home,
            Unlock::Officer {
                name,
                passphrase: &passphrase,
            },
        )
        .hint("Check --home, --officer and --passphrase-file.")
    }
}
