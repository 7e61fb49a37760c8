//! `maille device`: this device's way into a network, and the way out of one that is lost.

use super::{commands, group};

pub(crate) mod join;
mod reanchor;
pub(crate) mod renewals;
mod request;
mod suspend;
mod wipe;

group! {
    /// Devices.
    pub(crate) struct Device(DeviceCommand);
}

commands! {
    /// The commands of `maille device`.
    pub(crate) enum DeviceCommand {
        /// Make a home with fresh keys, and the request to be admitted.
        Request(request::Request),
        /// Ask which keys devices of this organisation offer in the place of those they have.
        Renewals(renewals::RenewalsArgs),
        /// Take the roster of the network into this home.
        Join(join::JoinArgs),
        /// Trust another anchor of the same network, after a letter, by two officers.
        Reanchor(reanchor::Reanchor),
        /// Take a device, contact or organisation out of service at once, with one key.
        Suspend(suspend::Suspend),
        /// Remove the home of this device for good, its keys first.
        Wipe(wipe::Wipe),
    }
}
