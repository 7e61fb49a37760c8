//! `maille authority`: ceremonies of the network's key holders.

use super::{commands, group};

mod admit;
mod apply;
mod describe;
mod edit;
mod init;
mod key;
mod key_new;
mod key_passphrase;
mod proposed;
mod publish;
mod remove;
mod renew;
mod sign;
mod status;

group! {
    /// Ceremonies.
    pub(crate) struct Authority(AuthorityCommand);
}

commands! {
    /// The commands of `maille authority`.
    pub(crate) enum AuthorityCommand {
        /// Keys of holders.
        Key(key::Key),
        /// Found a network: its anchor, and the proposal of authority part 1.
        Init(init::Init),
        /// Propose to take in a device, by its request and the code read out by telephone.
        Admit(admit::Admit),
        /// Propose to take up the keys that devices offer in the place of those they have.
        Renew(renew::Renew),
        /// Propose to take out a device or a contact.
        Remove(remove::Remove),
        /// Propose to change what the roster says of a contact.
        Edit(edit::Edit),
        /// Write the roster, or what a proposal makes of it, as the text that `apply` reads.
        Describe(describe::Describe),
        /// Propose whatever changes a network to what a file describes.
        Apply(apply::Apply),
        /// Read what a proposal changes, and sign it.
        Sign(sign::Sign),
        /// Tell who signed a proposal, and for whom it waits.
        Status(status::Status),
        /// Put a proposal with enough signatures into the roster.
        Publish(publish::Publish),
    }
}
