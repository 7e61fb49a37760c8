//! Signing keys and when they counted.

use super::DeviceKeys;
use crate::crypto::ed25519::VerifyingKey;
use crate::time::Timestamp;

/// A signing key of a device or relay, and how long the roster says it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyTerm {
    /// The key.
    pub key: VerifyingKey,
    /// From when it counts.
    pub from: Timestamp,
    /// Until when, if that is known; the end itself is outside.
    pub to: Option<Timestamp>,
    /// Whether the roster in force has it. A former key judges old statements only.
    pub current: bool,
    /// Whether no newer one is known that took its place. The newest never ends (I8).
    pub newest: bool,
}

impl KeyTerm {
    /// Whether the key counted at this time, by its own dates.
    pub fn counts_at(&self, at: Timestamp) -> bool {
        self.from <= at && self.to.is_none_or(|end| at < end)
    }

    /// The end of one in whose place there is a newer one, if that is known.
    pub(super) fn end(&self) -> Option<Timestamp> {
        self.to.filter(|_| !self.newest)
    }

    /// A device's key in the roster in force, behind so many newer ones.
    pub(super) fn current(keys: &DeviceKeys, behind: usize) -> Self {
        Self {
            key: keys.signing,
            from: keys.valid_from,
            to: keys.valid_to,
            current: true,
            newest: behind == 0,
        }
    }

    /// A device's key in an annex that is no longer in force, behind so many newer ones of that.
    pub(super) fn former(keys: &DeviceKeys, behind: usize) -> Self {
        Self {
            current: false,
            ..Self::current(keys, behind)
        }
    }

    /// The same where the device has others by now, and an annex left it out then.
    pub(super) fn left(self, left: Option<Timestamp>) -> Self {
        let to = self.to.into_iter().chain(left).min();
        let newest = false;
        Self { to, newest, ..self }
    }
}
