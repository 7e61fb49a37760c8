//! `maille authority key new`: one key for one holder.

use std::path::PathBuf;

use clap::Args;
use maille_client::authority::{KeyFile, KeyProtection};
use maille_client::entropy::OsRandomness;
use maille_client::home::Cost;
use maille_common::address::Name;
use serde::Serialize;

use crate::args::ask_new;
use crate::command::{Context, Run};
use crate::exit::Exit;
use crate::fault::{Fault, Hint};
use crate::sentence::{authority, fault, hint};

/// Arguments of `authority key new`.
#[derive(Debug, Args)]
pub(crate) struct New {
    /// The organisation that holds the key.
    #[arg(long, value_name = "NAME")]
    organisation: Name,
    /// The office or person who keeps it.
    #[arg(long, value_name = "TEXT")]
    holder: String,
    /// Where to write the private key; the public one goes beside it, ending in `.pub`.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// A file whose first line is the passphrase; asked for twice where it is missing.
    #[arg(long, value_name = "FILE", conflicts_with = "plain")]
    passphrase_file: Option<PathBuf>,
    /// Leave the private key in the clear, for machines that sign without a person.
    #[arg(long)]
    plain: bool,
}

/// The result.
#[derive(Debug, Serialize)]
struct Made<'a> {
    key: String,
    organisation: &'a str,
    holder: &'a str,
    private_file: PathBuf,
    public_file: PathBuf,
}

impl Run for New {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let public_file = self.public_file()?;
        let mut randomness = OsRandomness::new();
        let passphrase = match self.plain {
            true => None,
            false => Some(ask_new(self.passphrase_file.as_deref(), &self.holder)?),
        };
        let protection = match &passphrase {
            Some(passphrase) => KeyProtection::Passphrase(passphrase, Cost::STANDARD),
            None => KeyProtection::Plain,
        };
        let organisation = self.organisation.clone();
        let key = KeyFile::generate(organisation, &self.holder, protection, &mut randomness)
            .hint(hint::CheckHolder)?;
        key.write(&self.out).hint(hint::OtherOut)?;
        key.public().write(&public_file).hint(hint::OtherOut)?;
        let public = key.public();
        let made = Made {
            key: public.key.to_string(),
            organisation: public.organisation.as_str(),
            holder: &public.holder,
            private_file: self.out.clone(),
            public_file: public_file.clone(),
        };
        context.output.result(&made, &format!("{}", public.key))?;
        context.output.say(authority::KeepKey {
            private: &self.out.display(),
            holder: &self.holder,
            public: &public_file.display(),
        });
        Ok(())
    }
}

impl New {
    /// Where the public key goes. Never where the private one does, which would be handed about.
    fn public_file(&self) -> Result<PathBuf, Fault> {
        let public_file = self.out.with_extension("pub");
        if public_file == self.out {
            let sentence = fault::PrivateKeyAsPublic;
            let fault = Fault::new(Exit::Usage, "private-key-as-public", sentence);
            return Err(fault.with_hint(hint::OutForKey));
        }
        Ok(public_file)
    }
}
