//! `maille officer remove`: an officer's way into this home is taken.

use std::path::Path;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::WayIn;
use super::on_duty;
use super::voucher::Voucher;
use crate::agent::{Ask, Desk, through_agent};
use crate::args::UnlockArgs;
use crate::clock::now;
use crate::command::{Context, Run};
use crate::fault::{Fault, Hint};
use crate::sentence::{hint, officer};

/// Arguments of `officer remove`.
#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    /// The name of the officer who leaves.
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    unlock: UnlockArgs,
}

/// Asks an agent to take a way in.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Remove {
    officer: String,
    #[serde(default)]
    by: Voucher,
}

impl Run for RemoveArgs {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let home = context.home()?;
        let removed = through_agent(home, || self.question(home), || self.here(home))?;
        let officer = &removed.officer;
        let text = officer::Removed { officer }.to_string();
        context.output.result(&removed, &text)
    }
}

impl RemoveArgs {
    fn question(&self, home: &Path) -> Result<Remove, Fault> {
        Ok(Remove {
            officer: self.name.clone(),
            by: Voucher::of(&self.unlock, home)?,
        })
    }

    /// Removes the officer from a home that nobody holds.
    fn here(&self, path: &Path) -> Result<WayIn, Fault> {
        let mut home = self.unlock.open(path)?;
        home.remove_officer(&self.name, now())
            .hint(hint::CheckOfficerName)?;
        on_duty::end_of(path, &self.name)?;
        Ok(WayIn {
            officer: self.name.clone(),
        })
    }
}

impl Ask for Remove {
    const NAME: &'static str = "officer-remove";
    type Answer = WayIn;

    async fn answer(self, desk: &Desk) -> Result<WayIn, Fault> {
        self.by.check(desk).await?;
        let Self { officer, .. } = self;
        let removed = desk.client().remove_officer(officer.clone());
        removed.await.hint(hint::CheckOfficerName)?;
        desk.shift(|home| {
            on_duty::end_of(home, &officer)?;
            Ok(WayIn { officer })
        })
        .await
    }
}
