//! `maille officer add`: a way into this home.

use std::path::PathBuf;

use clap::Args;
use maille_client::entropy::OsRandomness;
use maille_client::home::{Cost, NewOfficer};
use serde::Serialize;

use crate::args::{UnlockArgs, ask_new};
use crate::clock::now;
use crate::command::{Context, Run};
use crate::fault::{Fault, Hint};
use crate::sentence::{hint, officer};

/// Arguments of `officer add`.
#[derive(Debug, Args)]
pub(crate) struct Add {
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

/// The result.
#[derive(Debug, Serialize)]
struct Added<'a> {
    officer: &'a str,
}

impl Run for Add {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let mut home = self.unlock.open(context.home()?)?;
        let passphrase = ask_new(self.new_passphrase_file.as_deref(), &self.name)?;
        let new = NewOfficer {
            name: &self.name,
            passphrase: &passphrase,
            cost: Cost::STANDARD,
        };
        home.add_officer(new, now(), &mut OsRandomness::new())
            .hint(hint::CheckNewOfficer)?;
        let text = officer::Added {
            officer: &self.name,
        }
        .to_string();
        context.output.result(
            &Added {
                officer: &self.name,
            },
            &text,
        )
    }
}
