//! Suspensions: one key stops somebody at once; only the full rule brings them back.

use std::fmt;

use super::Version;
use crate::address::{ContactAddress, DeviceId, Name};
use crate::codec::{Decode, Encode, Text};
use crate::crypto::ed25519::VerifyingKey;
use crate::time::Timestamp;

/// Takes a subject out of service until it is lifted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Suspension {
    /// The version of this structure.
    pub version: Version,
    /// The name of the network, as in the anchor.
    pub network: Text<64>,
    /// Who is suspended.
    pub subject: Subject,
    /// When it was written.
    pub issued: Timestamp,
    /// Why, for people.
    pub reason: Text<512>,
    /// The key that signs it: one of the authority, or one of the subject's organisation.
    pub key: VerifyingKey,
}

/// Who a suspension is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Subject {
    /// An organisation with all its contacts. Only a key of the authority may suspend it.
    Organisation(Name),
    /// A contact with all its devices.
    Contact(ContactAddress),
    /// One device, wherever in its organisation it is moved.
    Device(ContactAddress, DeviceId),
}

impl Subject {
    /// The organisation it belongs to.
    pub fn organisation(&self) -> Name {
        match self {
            Self::Organisation(name) => name.clone(),
            Self::Contact(address) | Self::Device(address, _) => address.organisation(),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organisation(name) => write!(f, "organisation `{name}`"),
            Self::Contact(address) => write!(f, "contact `{address}`"),
            Self::Device(address, id) => write!(f, "device {} of `{address}`", id.short()),
        }
    }
}
