//! `maille authority key passphrase`: another passphrase for the key of a holder.

use std::path::PathBuf;

use clap::Args;
use maille_client::authority::KeyFile;
use maille_client::entropy::OsRandomness;
use maille_client::home::Cost;
use serde::Serialize;

use crate::args::{ask, ask_new};
use crate::command::{Context, Run};
use crate::fault::{Fault, Hint};
use crate::sentence::{authority, hint};

/// Arguments of `authority key passphrase`.
#[derive(Debug, Args)]
pub(crate) struct Passphrase {
    /// The key file.
    #[arg(value_name = "FILE")]
    key_file: PathBuf,
    /// A file whose first line is the present passphrase; asked for where it is missing.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// A file whose first line is the new passphrase; asked for twice where it is missing.
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
}

/// The result.
#[derive(Debug, Serialize)]
struct Changed {
    key: String,
    organisation: String,
    holder: String,
}

impl Run for Passphrase {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let file = KeyFile::read(&self.key_file).hint(hint::CheckKeyFileOrMake)?;
        let public = file.public().clone();
        let present = match file.is_sealed() {
            true => Some(ask(self.passphrase_file.as_deref(), &public.holder)?),
            false => None,
        };
        let new = ask_new(self.new_passphrase_file.as_deref(), &public.holder)?;
        let new = (&new, Cost::STANDARD);
        let changed = file
            .change_passphrase(present.as_ref(), new, &mut OsRandomness::new())
            .hint(hint::CheckBothPassphraseFiles)?;
        changed
            .replace(&self.key_file)
            .hint(hint::CheckKeyFileOrMake)?;
        let text = authority::PassphraseChanged {
            holder: &public.holder,
        };
        let changed = Changed {
            key: public.key.to_string(),
            organisation: public.organisation.to_string(),
            holder: public.holder.clone(),
        };
        context.output.result(&changed, &text.to_string())
    }
}
