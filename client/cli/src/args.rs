//! Arguments that several commands share, and what they lead to.

mod desk;
mod holder_key;
mod home;
mod passphrase;
mod roster;

pub(crate) use desk::DeskArgs;
pub(crate) use holder_key::HolderKeyArgs;
pub(crate) use home::UnlockArgs;
pub(crate) use passphrase::{ask, ask_new};
pub(crate) use roster::{RosterArgs, Trusted};
