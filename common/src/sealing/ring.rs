//! The private side: a device's own keys, made ahead and erased in time.

use std::collections::BTreeMap;
use std::fmt;

use thiserror::Error;

use crate::address::{ContactAddress, DeviceId};
use crate::codec::{List, SortedList};
use crate::crypto::ed25519::SigningKey;
use crate::crypto::hpke::{SealingPublicKey, SealingSecretKey};
use crate::extension::Extensions;
use crate::hash::Hash;
use crate::limits;
use crate::randomness::Randomness;
use crate::roster::SignedRenewal;
use crate::sealing::{Bundle, SealingKey, SealingKeyId, SignedBundle};
use crate::time::{Span, Timestamp};

/// The versions of the protocol that this program reads.
const READS: [u16; 1] = [1];

/// For so long after its week a key stays in new bundles, for senders whose clocks are behind.
const LATE: Span = Span::from_days(1);

/// Private halves of a ring: ten years of weeks, as only broken clocks pile up.
pub(super) const RING_KEYS_MAX: usize = 520;

/// The private halves of a device's sealing keys, and the row of its bundles.
///
/// A pure value: the shell keeps its bytes ([`SealingRing::to_bytes`]) in a file of their own,
/// outside the store and outside backups, and stores them before a bundle leaves (I1).
pub struct SealingRing {
    /// By the first moment of their week.
    pub(super) halves: BTreeMap<Timestamp, PrivateHalf>,
    /// The number of the newest bundle; 0 before the first.
    pub(super) number: u64,
    /// The hash of the newest bundle.
    pub(super) previous: Hash,
}

/// One private key.
pub(super) struct PrivateHalf {
    pub(super) valid_to: Timestamp,
    pub(super) id: SealingKeyId,
    pub(super) public: SealingPublicKey,
    pub(super) secret: SealingSecretKey,
}

impl PrivateHalf {
    pub(super) fn new(valid_to: Timestamp, secret: SealingSecretKey) -> Self {
        let public = secret.public_key();
        Self {
            valid_to,
            id: SealingKeyId::of(&public),
            public,
            secret,
        }
    }
}

/// Whose bundle it is, and who signs it.
#[derive(Debug, Clone, Copy)]
pub struct BundleOwner<'a> {
    /// The contact the device acts for.
    pub contact: &'a ContactAddress,
    /// The device.
    pub device: DeviceId,
    /// Its signing key.
    pub key: &'a SigningKey,
    /// Its next keys, where it offers any.
    pub renewal: Option<&'a SignedRenewal>,
}

impl SealingRing {
    /// A ring without keys, of a new device.
    pub fn new() -> Self {
        Self {
            halves: BTreeMap::new(),
            number: 0,
            previous: Hash::ZERO,
        }
    }

    /// The private half with this name, if it is still held.
    pub fn secret(&self, id: &SealingKeyId) -> Option<&SealingSecretKey> {
        self.halves
            .values()
            .find(|half| half.id == *id)
            .map(|half| &half.secret)
    }

    /// The number of the newest bundle, which receipts and heartbeats carry; 0 before the first.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether a new bundle is due: one of the weeks ahead has no key yet.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.number == 0 || weeks(now).any(|week| !self.halves.contains_key(&week))
    }

    /// Makes the keys that are missing, and the next bundle of this week's and eight weeks ahead.
    ///
    /// The ring must be stored before the bundle is published: a published key whose private half
    /// is lost is an alert that nobody opens.
    pub fn next_bundle(
        &mut self,
        owner: BundleOwner<'_>,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<SignedBundle, RingFull> {
        let missing: Vec<_> = weeks(now)
            .filter(|week| !self.halves.contains_key(week))
            .collect();
        if self.halves.len() + missing.len() > RING_KEYS_MAX {
            return Err(RingFull);
        }
        for week in missing {
            let secret = SealingSecretKey::from_seed(*random.secret());
            self.halves
                .insert(week, PrivateHalf::new(week + WEEK, secret));
        }
        let signed = SignedBundle::sign(self.bundle(owner, now), owner.key);
        self.number = signed.bundle.number;
        self.previous = signed.hash();
        Ok(signed)
    }

    /// Begins behind the newest bundle of a ring that was lost, which a lower number would not void
    /// (PROTOCOL K3). It leaves one out, since the next one follows on no bundle of this ring.
    pub fn begin_after(&mut self, newest: u64) {
        if self.number <= newest {
            self.number = newest.saturating_add(1);
        }
    }

    /// The keys that no honest sender still uses: their week ended 21 days ago, by the device's own
    /// clock *and* by the newest time that a relay signed.
    ///
    /// Neither clock alone erases: a wrong one would destroy keys of alerts still on their way.
    pub fn expired(&self, now: Timestamp, relay_time: Timestamp) -> Vec<SealingKeyId> {
        let agreed = now.min(relay_time);
        let past = self.halves.values().filter(|half| half.is_past(agreed));
        past.map(|half| half.id).collect()
    }

    /// Erases what is [`expired`](Self::expired), and names it. The file is to be replaced after.
    pub fn erase_expired(&mut self, now: Timestamp, relay_time: Timestamp) -> Vec<SealingKeyId> {
        let expired = self.expired(now, relay_time);
        let agreed = now.min(relay_time);
        self.halves.retain(|_, half| !half.is_past(agreed));
        expired
    }

    fn bundle(&self, owner: BundleOwner<'_>, now: Timestamp) -> Bundle {
        let key = |week| {
            let half: &PrivateHalf = self.halves.get(&week)?;
            let public = half.public.clone();
            Some(SealingKey {
                valid_from: week,
                valid_to: half.valid_to,
                public,
            })
        };
        let keys: Vec<_> = weeks(now).filter_map(key).collect();
        Bundle {
            version: Bundle::VERSION,
            contact: owner.contact.clone(),
            device: owner.device,
            number: match self.number {
                0 => first_number(now),
                newest => newest.saturating_add(1),
            },
            previous: self.previous,
            issued: now,
            reads: List::new(READS).expect("the versions this program reads are few"),
            keys: List::new(keys).expect("ten weeks are below the twelve of a bundle"),
            extensions: owner.renewal.map_or_else(Extensions::empty, |renewal| {
                SortedList::new([Bundle::offering(renewal)]).expect("one extension is in order")
            }),
        }
    }
}

impl PrivateHalf {
    fn is_past(&self, agreed: Timestamp) -> bool {
        self.valid_to + Span::from_ms(limits::SEALING_KEY_GRACE_MS) <= agreed
    }
}

impl Default for SealingRing {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SealingRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SealingRing({} keys, bundle {}, ..)",
            self.halves.len(),
            self.number
        )
    }
}

/// The ring holds as many keys as it may, which honest clocks never reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "The ring of sealing keys is full with {RING_KEYS_MAX} keys; the clocks have to be checked."
)]
pub struct RingFull;

impl RingFull {
    /// The stable code of this fault, for machines.
    pub const fn code(self) -> &'static str {
        "ring-full"
    }
}

/// The seconds since 1970: a ring that was lost has had fewer bundles, so that a new one voids them
/// even where nobody who knows their number can be asked.
fn first_number(now: Timestamp) -> u64 {
    (now.unix_ms() / 1_000).max(1)
}

const WEEK: Span = Span::from_ms(limits::SEALING_KEY_MS);

/// The first moments of the weeks a bundle shows: this one, eight ahead, and the one before within
/// its first day. All devices change at the same moment, which says nothing about any of them.
fn weeks(now: Timestamp) -> impl Iterator<Item = Timestamp> {
    let number = |time: Timestamp| time.unix_ms() / limits::SEALING_KEY_MS;
    (number(now - LATE)..=number(now) + limits::SEALING_KEYS_AHEAD)
        .map(|week| Timestamp::from_unix_ms(week.saturating_mul(limits::SEALING_KEY_MS)))
}
