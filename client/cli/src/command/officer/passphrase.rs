//! `maille officer passphrase`: another passphrase for an officer who knows the present one.

use std::path::{Path, PathBuf};

use clap::Args;
use maille_client::entropy::OsRandomness;
use maille_client::home::{Cost, Home, NewOfficer, Passphrase, Unlock};
use serde::{Deserialize, Serialize};

use super::WayIn;
use crate::agent::{Ask, Desk, through_agent};
use crate::args::{ask, ask_new};
use crate::command::{Context, Run};
use crate::fault::{Fault, Hint};
use crate::form::secret;
use crate::sentence::{hint, officer};

/// Arguments of `officer passphrase`.
#[derive(Debug, Args)]
pub(crate) struct PassphraseArgs {
    /// The name of the officer.
    #[arg(value_name = "NAME")]
    name: String,
    /// A file whose first line is the present passphrase; asked for where it is missing.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// A file whose first line is the new passphrase; asked for twice where it is missing.
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
}

/// Asks an agent for another passphrase.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    officer: String,
    #[serde(with = "secret")]
    present: Passphrase,
    #[serde(with = "secret")]
    new: Passphrase,
}

impl Run for PassphraseArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let home = context.home()?;
        let question = || self.question();
        let changed = through_agent(home, question, || self.question()?.here(home))?;
        let officer = &changed.officer;
        let text = officer::PassphraseChanged { officer }.to_string();
        context.output.result(&changed, &text)
    }
}

impl PassphraseArgs {
    fn question(&self) -> Result<Change, Fault> {
        Ok(Change {
            officer: self.name.clone(),
            present: ask(self.passphrase_file.as_deref(), &self.name)?,
            new: ask_new(self.new_passphrase_file.as_deref(), &self.name)?,
        })
    }
}

impl Change {
    /// Changes it in a home that nobody holds.
    fn here(self, path: &Path) -> Result<WayIn, Fault> {
        let unlock = Unlock::Officer {
            name: &self.officer,
            passphrase: &self.present,
        };
        let mut home = Home::open(path, unlock).hint(hint::CheckSignIn)?;
        let officer = NewOfficer {
            name: &self.officer,
            passphrase: &self.new,
            cost: Cost::STANDARD,
        };
        home.change_passphrase(officer, &self.present, &mut OsRandomness::new())
            .hint(hint::CheckNewOfficer)?;
        Ok(WayIn {
            officer: self.officer,
        })
    }
}

impl Ask for Change {
    const NAME: &'static str = "officer-passphrase";
    type Answer = WayIn;

    async fn answer(self, desk: &Desk) -> Result<WayIn, Fault> {
        let client = desk.client();
        let changed = client.change_passphrase(self.officer.clone(), self.present, self.new);
        changed.await.hint(hint::CheckPassphrases)?;
        Ok(WayIn {
            officer: self.officer,
        })
    }
}
