//! `maille authority key`.

use crate::command::{commands, group};

use super::key_new::New;
use super::key_passphrase::Passphrase;

group! {
    /// Keys of holders.
    pub(crate) struct Key(KeyCommand);
}

commands! {
    /// The commands of `maille authority key`.
    pub(crate) enum KeyCommand {
        /// Make one key for one holder, on this machine.
        New(New),
        /// Change the passphrase of a key.
        Passphrase(Passphrase),
    }
}
