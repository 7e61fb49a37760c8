//! `maille officer in`: go on duty.

use std::path::{Path, PathBuf};

use clap::Args;
use maille_client::Key;
use maille_client::home::{Home, Passphrase, Unlock};
use serde::{Deserialize, Serialize};

use super::on_duty::{self, OnDuty};
use crate::agent::{Ask, Desk, through_agent};
use crate::args::ask;
use crate::command::{Context, Run};
use crate::fault::{Fault, Hint};
use crate::form::secret;
use crate::sentence::{hint, officer};

/// Arguments of `officer in`.
#[derive(Debug, Args)]
pub(crate) struct InArgs {
    /// The name of the officer.
    #[arg(value_name = "NAME")]
    name: String,
    /// A file whose first line is the passphrase; asked for where it is missing.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// Asks an agent to take over duty.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct In {
    officer: String,
    #[serde(with = "secret")]
    passphrase: Passphrase,
}

impl Run for InArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let home = context.home()?;
        let question = || self.question();
        let on_duty = through_agent(home, question, || self.question()?.here(home))?;
        let officer = &on_duty.officer;
        let text = officer::OnDuty { officer }.to_string();
        context.output.result(&on_duty, &text)
    }
}

impl InArgs {
    fn question(&self) -> Result<In, Fault> {
        Ok(In {
            officer: self.name.clone(),
            passphrase: ask(self.passphrase_file.as_deref(), &self.name)?,
        })
    }
}

impl In {
    /// Takes over in a home that nobody holds.
    fn here(self, path: &Path) -> Result<OnDuty, Fault> {
        let unlock = Unlock::Officer {
            name: &self.officer,
            passphrase: &self.passphrase,
        };
        // The lock of the home is held while the name is written.
        let _home = Home::open(path, unlock).hint(hint::CheckSignIn)?;
        on_duty::begin(path, self.officer)
    }
}

impl Ask for In {
    const NAME: &'static str = "officer-in";
    type Answer = OnDuty;

    async fn answer(self, desk: &Desk) -> Result<OnDuty, Fault> {
        let Self {
            officer,
            passphrase,
        } = self;
        let name = officer.clone();
        let key = Key::Officer { name, passphrase };
        desk.client().check_key(key).await.hint(hint::CheckSignIn)?;
        desk.shift(|home| on_duty::begin(home, officer)).await
    }
}
