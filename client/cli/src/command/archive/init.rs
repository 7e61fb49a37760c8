//! `maille archive init`: an archive key.

use std::path::PathBuf;

use clap::Args;
use maille_client::archive::ArchiveKeyFile;
use maille_client::authority::KeyProtection;
use maille_client::entropy::OsRandomness;
use maille_client::home::Cost;
use serde::Serialize;

use crate::args::ask_new;
use crate::command::{Context, Run};
use crate::exit::Exit;
use crate::fault::{Fault, Hint};
use crate::sentence::{archive, fault, hint};

/// Arguments of `archive init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Where to write the private key; the public one goes beside it, ending in `.pub`.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// A file whose first line is the passphrase; asked for twice where it is missing.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// The result.
#[derive(Debug, Serialize)]
struct Made {
    /// What people compare.
    code: String,
    private_file: PathBuf,
    public_file: PathBuf,
}

impl Run for Init {
    fn run(self, context: &Context) -> Result<(), Fault> {
        let public_file = self.out.with_extension("pub");
        if public_file == self.out {
            let sentence = fault::PrivateKeyAsPublic;
            let fault = Fault::new(Exit::Usage, "private-key-as-public", sentence);
            return Err(fault.with_hint(hint::OutForKey));
        }
        let whose = archive::Key.to_string();
        let passphrase = ask_new(self.passphrase_file.as_deref(), &whose)?;
        let protection = KeyProtection::Passphrase(&passphrase, Cost::STANDARD);
        let key = ArchiveKeyFile::generate(protection, &mut OsRandomness::new())
            .hint(hint::CheckPassphraseFile)?;
        key.write(&self.out).hint(hint::OtherOut)?;
        key.public().write(&public_file).hint(hint::OtherOut)?;
        let made = Made {
            code: key.public().code(),
            private_file: self.out,
            public_file,
        };
        context.output.result(&made, &made.code)?;
        context.output.say(archive::KeepKey {
            private: &made.private_file.display(),
            public: &made.public_file.display(),
        });
        Ok(())
    }
}
