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
}

impl KeyTerm {
    /// Whether the key counted at this time, by its own dates.
    pub fn counts_at(&self, at: Timestamp) -> bool {
        self.from <= at && self.to.is_none_or(|end| at < end)
    }

    /// A device's key in the roster in force.
    pub(super) fn current(keys: &DeviceKeys) -> Self {
        Self {
            key: keys.signing,
            from: keys.valid_from,
            to: keys.valid_to,
            current: true,
        }
    }

    /// A device's key in an annex that is no longer in force.
    pub(super) fn former(keys: &DeviceKeys) -> Self {
        Self {
            current: false,
            ..Self::current(keys)
        }
    }
}
