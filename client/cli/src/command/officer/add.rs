//! `maille officer add`: a way into this home.

use std::path::{Path, PathBuf};

use clap::Args;
use maille_client::entropy::OsRandomness;
use maille_client::home::{Cost, NewOfficer, Passphrase};
use serde::{Deserialize, Serialize};

use super::WayIn;
use super::voucher::Voucher;
use crate::agent::{Ask, Desk, through_agent};
use crate::args::{UnlockArgs, ask_new};
use crate::clock::now;
use crate::command::{Context, Run};
use crate::fault::{Fault, Hint};
use crate::form::secret;
use crate::sentence::{hint, officer};

/// Arguments of `officer add`.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// The name of the new officer.
    #[arg(value_name = "NAME")]
    name: String,
    /// A file whose first line is the new officer's passphrase; asked for twice where it is
    /// missing.
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    unlock: UnlockArgs,
}

/// Asks an agent for a way in.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Add {
    officer: String,
    #[serde(with = "secret")]
    passphrase: Passphrase,
    #[serde(default)]
    by: Voucher,
}

impl Run for AddArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let home = context.home()?;
        let added = through_agent(home, || self.question(home), || self.here(home))?;
        let officer = &added.officer;
        let text = officer::Added { officer }.to_string();
        context.output.result(&added, &text)
    }
}

impl AddArgs {
    fn question(&self, home: &Path) -> Result<Add, Fault> {
        Ok(Add {
            by: Voucher::of(&self.unlock, home)?,
            officer: self.name.clone(),
            passphrase: self.new_passphrase()?,
        })
    }

    /// Adds the officer in a home that nobody holds.
    fn here(&self, home: &Path) -> Result<WayIn, Fault> {
        let mut home = self.unlock.open(home)?;
        let passphrase = self.new_passphrase()?;
        let officer = NewOfficer {
            name: &self.name,
            passphrase: &passphrase,
            cost: Cost::STANDARD,
        };
        home.add_officer(officer, now(), &mut OsRandomness::new())
            .hint(hint::CheckNewOfficer)?;
        Ok(WayIn {
            officer: self.name.clone(),
        })
    }

    fn new_passphrase(&self) -> Result<Passphrase, Fault> {
        ask_new(self.new_passphrase_file.as_deref(), &self.name)
    }
}

impl Ask for Add {
    const NAME: &'static str = "officer-add";
    type Answer = WayIn;

    async fn answer(self, desk: &Desk) -> Result<WayIn, Fault> {
        self.by.check(desk).await?;
        let added = desk
            .client()
            .add_officer(self.officer.clone(), self.passphrase);
        added.await.hint(hint::CheckNewOfficer)?;
        Ok(WayIn {
            officer: self.officer,
        })
    }
}
