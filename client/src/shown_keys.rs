//! The transport keys that this device shows to relays.

use maille_common::crypto::ed25519::{SigningKey, VerifyingKey};
use maille_link::Identity;

use crate::error::OpenError;
use crate::home::Home;

/// The key in use, and those beside it. A relay that was away while the roster changed admits the
/// one before alone, and learns of the roster from whoever it admits. Where this desk was away
/// until its key had ended, relays admit the next one alone, and the desk learns of the roster from
/// them.
#[derive(Clone)]
pub(crate) struct ShownKeys {
    pub(crate) present: ShownKey,
    former: Option<ShownKey>,
    next: Option<ShownKey>,
}

/// One of them.
#[derive(Clone)]
pub(crate) struct ShownKey {
    pub(crate) key: VerifyingKey,
    pub(crate) identity: Identity,
}

/// Which of a device's keys is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Which {
    /// The one in use.
    #[default]
    Present,
    /// The one before it.
    Former,
    /// The one that it offers.
    Next,
}

impl ShownKeys {
    /// Those of a home.
    pub(crate) fn of(home: &Home) -> Result<Self, OpenError> {
        let shown = |key: &SigningKey| {
            let identity = Identity::new(home.contact().as_str(), key)
                .map_err(|error| OpenError::Socket(error.to_string()))?;
            let key = key.verifying_key();
            Ok::<_, OpenError>(ShownKey { key, identity })
        };
        let present = SigningKey::from_seed(*home.transport_seed());
        Ok(Self {
            present: shown(&present)?,
            former: home.former_transport().as_ref().map(shown).transpose()?,
            next: home.next_transport().as_ref().map(shown).transpose()?,
        })
    }

    /// Whether these are the ones that a home has now.
    pub(crate) fn are_of(&self, home: &Home) -> bool {
        let present = SigningKey::from_seed(*home.transport_seed()).verifying_key();
        let public = |key: SigningKey| key.verifying_key();
        let key_of = |shown: &Option<ShownKey>| shown.as_ref().map(|shown| shown.key);
        self.present.key == present
            && key_of(&self.former) == home.former_transport().map(public)
            && key_of(&self.next) == home.next_transport().map(public)
    }

    /// One of them, if there is one.
    pub(crate) const fn get(&self, which: Which) -> Option<&ShownKey> {
        match which {
            Which::Present => Some(&self.present),
            Which::Former => self.former.as_ref(),
            Which::Next => self.next.as_ref(),
        }
    }

    /// What is shown to a relay that refused one of them. The key before one that has ended has
    /// ended as well.
    pub(crate) fn after(&self, refused: Which, ended: bool) -> Option<Which> {
        let others: &[Which] = match refused {
            Which::Present if ended => &[Which::Next],
            Which::Present => &[Which::Former, Which::Next],
            Which::Former => &[Which::Next],
            Which::Next => &[],
        };
        let mut others = others.iter().copied();
        others.find(|which| self.get(*which).is_some())
    }

    /// Whether a key is the one in use, or will be.
    pub(crate) fn lead_to(&self, key: &VerifyingKey) -> bool {
        let next = self.next.as_ref();
        self.present.key == *key || next.is_some_and(|next| next.key == *key)
    }
}
