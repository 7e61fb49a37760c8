//! The public side: a device's keys for the weeks ahead.

use crate::address::{ContactAddress, DeviceId};
use crate::check::Check;
use crate::codec::{Bytes, Decode, Encode, List, decode, encode, fixed_bytes};
use crate::crypto::hpke::SealingPublicKey;
use crate::extension::{Extension, Extensions};
use crate::hash::Hash;
use crate::limits;
use crate::roster::SignedRenewal;
use crate::time::Timestamp;

/// The number of the extension with a device's next keys.
const RENEWAL: u32 = 1;

fixed_bytes! {
    /// Names one sealing key: `H("sealing key", public)`.
    pub struct SealingKeyId([u8; 32]);
}

impl SealingKeyId {
    /// The name of a key.
    pub fn of(public: &SealingPublicKey) -> Self {
        Self::from_bytes(*public.id().as_bytes())
    }
}

/// One key and its week.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SealingKey {
    /// From when on senders use it.
    pub valid_from: Timestamp,
    /// From when on they use the next one.
    pub valid_to: Timestamp,
    /// The key; well formed, or it would not have decoded (PROTOCOL K5).
    pub public: SealingPublicKey,
}

impl SealingKey {
    /// The name of the key.
    pub fn id(&self) -> SealingKeyId {
        SealingKeyId::of(&self.public)
    }

    /// Whether senders use it at this time.
    pub fn is_current(&self, now: Timestamp) -> bool {
        self.valid_from <= now && now < self.valid_to
    }
}

/// The sealing keys of one device, as it publishes them.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Bundle {
    /// Format version, [`Bundle::VERSION`].
    pub version: u16,
    /// The contact the device acts for.
    pub contact: ContactAddress,
    /// The device.
    pub device: DeviceId,
    /// Counts the device's bundles from 1; a higher one voids the lower.
    pub number: u64,
    /// The hash of the bundle before; [`Hash::ZERO`] for the first.
    pub previous: Hash,
    /// When it was made, by the device's clock.
    pub issued: Timestamp,
    /// The versions of the protocol that the device reads.
    pub reads: List<u16, 8>,
    /// The keys.
    pub keys: List<SealingKey, { limits::SEALING_KEYS_MAX }>,
    /// What later versions add.
    pub extensions: Extensions,
}

/// The key a sender uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChosenKey<'a> {
    /// The key.
    pub key: &'a SealingKey,
    /// Its name.
    pub id: SealingKeyId,
    /// No key's interval contains now: the sender says "old key".
    pub is_old: bool,
}

impl Bundle {
    /// The one version of the format.
    pub const VERSION: u16 = 1;

    /// The key whose interval contains now; where none does, the newest (PROTOCOL K4).
    ///
    /// Time alone never stops an alert (I8): a device that was away for months is written to with
    /// the last key it showed. None only where the bundle has no key at all.
    pub fn key_at(&self, now: Timestamp) -> Option<ChosenKey<'_>> {
        let newest = |key: &&SealingKey| (key.valid_from, key.valid_to);
        let current = self
            .keys
            .iter()
            .filter(|key| Check::K4.holds(key.is_current(now)))
            .max_by_key(newest);
        let key = current.or_else(|| self.keys.iter().max_by_key(newest))?;
        Some(ChosenKey {
            key,
            id: key.id(),
            is_old: current.is_none(),
        })
    }

    /// The device's next keys, where it offers any that can be read. Nothing of them is believed
    /// yet, and what cannot be read spoils no bundle.
    pub fn renewal(&self) -> Option<SignedRenewal> {
        let mut extensions = self.extensions.iter();
        let found = extensions.find(|extension| extension.number == RENEWAL)?;
        decode(&found.value).ok()
    }

    /// The extension that offers a device's next keys.
    pub(super) fn offering(renewal: &SignedRenewal) -> Extension {
        let value = Bytes::new(encode(renewal));
        Extension {
            number: RENEWAL,
            critical: false,
            value: value.expect("a request of 1,024 bytes and three signatures are under 4 KiB"),
        }
    }

    /// The highest version of the protocol that the device and the sender both know.
    pub fn highest_read(&self, known: &[u16]) -> Option<u16> {
        self.reads
            .iter()
            .copied()
            .filter(|version| known.contains(version))
            .max()
    }
}
