//! The key that a holder signs with.

use std::path::PathBuf;

use clap::Args;
use maille_client::authority::{HolderKey, KeyFile};

use super::ask;
use crate::fault::{Fault, Hint};
use crate::sentence::hint;

/// A key file and its passphrase.
#[derive(Debug, Args)]
pub(crate) struct HolderKeyArgs {
    /// The key file of the one who signs.
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    /// A file whose first line is the passphrase; asked for where it is missing.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl HolderKeyArgs {
    /// Opens the key.
    pub(crate) fn open(&self) -> Result<HolderKey, Fault> {
        let file = KeyFile::read(&self.key_file).hint(hint::CheckKeyFileOrMake)?;
        let passphrase = match file.is_sealed() {
            true => Some(ask(self.passphrase_file.as_deref(), &file.public().holder)?),
            false => None,
        };
        file.open(passphrase.as_ref())
            .hint(hint::CheckPassphraseFile)
    }
}
