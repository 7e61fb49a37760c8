//! The transport keys that this device shows to relays.

use maille_common::crypto::ed25519::{SigningKey, VerifyingKey};
use maille_link::Identity;

use crate::error::OpenError;
use crate::home::Home;

/// The key in use, and the one before it: a relay that was away while the roster changed admits
/// that one alone, and learns of the roster from whoever it admits.
#[derive(Clone)]
pub(crate) struct ShownKeys {
    pub(crate) key: VerifyingKey,
    pub(crate) present: Identity,
    pub(crate) former: Option<Identity>,
    former_key: Option<VerifyingKey>,
}

impl ShownKeys {
    /// Those of a home.
    pub(crate) fn of(home: &Home) -> Result<Self, OpenError> {
        let identity = |key: &SigningKey| {
            Identity::new(home.contact().as_str(), key)
                .map_err(|error| OpenError::Socket(error.to_string()))
        };
        let present = SigningKey::from_seed(*home.transport_seed());
        let former = home.former_transport();
        Ok(Self {
            key: present.verifying_key(),
            present: identity(&present)?,
            former: former.as_ref().map(identity).transpose()?,
            former_key: former.map(|key| key.verifying_key()),
        })
    }

    /// Whether these are the ones that a home has now.
    pub(crate) fn are_of(&self, home: &Home) -> bool {
        let present = SigningKey::from_seed(*home.transport_seed()).verifying_key();
        let former = home.former_transport().map(|key| key.verifying_key());
        (self.key, self.former_key) == (present, former)
    }
}
