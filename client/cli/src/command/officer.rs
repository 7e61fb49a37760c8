//! `maille officer`: who may open this home, and who is on duty.

use super::{commands, group};

mod add;
pub(crate) mod on_duty;
mod sign_in;
mod sign_out;

group! {
    /// Officers.
    pub(crate) struct Officer(OfficerCommand);
}

commands! {
    /// The commands of `maille officer`.
    pub(crate) enum OfficerCommand {
        /// Give an officer a way into this home, by passphrase.
        Add(add::Add),
        /// Go on duty: what is read and acknowledged here bears this name from now on.
        In(sign_in::In),
        /// Go off duty.
        Out(sign_out::Out),
    }
}
