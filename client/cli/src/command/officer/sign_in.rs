//! `maille officer in`: go on duty.

use std::path::PathBuf;

use clap::Args;
use maille_client::home::{Home, Unlock};

use super::on_duty::{self, OnDuty};
use crate::args::ask;
use crate::clock::now;
use crate::command::{Context, Run};
use crate::fault::{Fault, Hint};
use crate::sentence::{hint, officer};

/// Arguments of `officer in`.
#[derive(Debug, Args)]
pub(crate) struct In {
    /// The name of the officer.
    #[arg(value_name = "NAME")]
    name: String,
    /// A file whose first line is the passphrase; asked for where it is missing.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Run for In {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let path = context.home()?;
        let passphrase = ask(self.passphrase_file.as_deref(), &self.name)?;
        let unlock = Unlock::Officer {
            name: &self.name,
            passphrase: &passphrase,
        };
        // The lock of the home is held while the name is written.
        let _home = Home::open(path, unlock).hint(hint::CheckSignIn)?;
        let since = now().to_string();
        let on_duty = OnDuty {
            officer: self.name,
            since,
        };
        on_duty::write(path, &on_duty)?;
        let officer = &on_duty.officer;
        let text = officer::OnDuty { officer }.to_string();
        context.output.result(&on_duty, &text)
    }
}
