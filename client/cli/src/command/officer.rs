//! `maille officer`: who may open this home, and who is on duty.

use serde::{Deserialize, Serialize};

use super::{commands, group};

pub(crate) mod add;
pub(crate) mod on_duty;
pub(crate) mod passphrase;
pub(crate) mod remove;
pub(crate) mod sign_in;
pub(crate) mod sign_out;
mod voucher;

/// Whose way into the home was changed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WayIn {
    officer: String,
}

group! {
    /// Officers.
    pub(crate) struct Officer(OfficerCommand);
}

commands! {
    /// The commands of `maille officer`.
    pub(crate) enum OfficerCommand {
        /// Give an officer a way into this home, by passphrase.
        Add(add::AddArgs),
        /// Go on duty: what is read and acknowledged here bears this name from now on.
        In(sign_in::InArgs),
        /// Go off duty.
        Out(sign_out::OutArgs),
        /// Change the passphrase of an officer who knows the present one.
        Passphrase(passphrase::PassphraseArgs),
        /// Take an officer's way into this home.
        Remove(remove::RemoveArgs),
    }
}
