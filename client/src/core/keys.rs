//! The keys of this desk, and of those it writes to: when sealing keys are made and erased, and
//! which of others' count.
//!
//! A desk that was away comes back to mail that was sealed weeks ago, and to a relay whose clock
//! says that those weeks are long over. So a key is not erased before the mail that waited had time
//! to come: ten looks, each a minute of connection to a home relay or a greeting of one.

use maille_common::address::DeviceId;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::limits;
use maille_common::record::write_record;
use maille_common::roster::{Ending, Ends};
use maille_common::sealing::SignedBundle;
use maille_common::time::Timestamp;
use maille_durable::Batch;

use super::desk::{Desk, StepError};
use super::records::{BundleRecord, ErasureRecord};
use super::tables;

/// What has to be done with the sealing keys of this desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyWork {
    /// A new bundle is due: one of the weeks ahead has no key yet.
    pub bundle_due: bool,
    /// The keys are erased whose grace ended by then; none where there are no such keys.
    pub erase_until: Option<Timestamp>,
}

impl KeyWork {
    /// Whether anything has to be done.
    pub const fn is_any(&self) -> bool {
        self.bundle_due || self.erase_until.is_some()
    }
}

impl Desk {
    /// What has to be done with the sealing keys now. The shell does it, since the ring has to be
    /// durable before a bundle leaves.
    pub fn key_work(&self, now: Timestamp) -> Result<KeyWork, StepError> {
        let counted: Option<ErasureRecord> = self.find(tables::ERASURE, tables::ERASURE_KEY)?;
        let due = counted.filter(|counted| counted.looks >= limits::HOLE_LOOKS);
        let until = due.map(|counted| counted.until);
        let held = |until: &Timestamp| !self.ring.expired(*until, *until).is_empty();
        Ok(KeyWork {
            bundle_due: self.ring.is_due(now),
            erase_until: until.filter(held),
        })
    }

    /// Counts a look for the keys that are to be erased: what was sealed to them comes meanwhile.
    pub(super) fn look_for_erasure(
        &self,
        batch: &mut Batch,
        now: Timestamp,
    ) -> Result<(), StepError> {
        // Neither clock alone erases.
        let agreed = now.min(self.relay_time()?.unwrap_or(Timestamp::EPOCH));
        if self.ring.expired(agreed, agreed).is_empty() {
            return Ok(());
        }
        let counted: Option<ErasureRecord> = self.find(tables::ERASURE, tables::ERASURE_KEY)?;
        let running =
            counted.filter(|counted| !self.ring.expired(counted.until, counted.until).is_empty());
        let begun = ErasureRecord {
            until: agreed,
            looks: 0,
        };
        let mut record = running.unwrap_or(begun);
        record.looks = record.looks.saturating_add(1).min(limits::HOLE_LOOKS);
        if counted != Some(record) {
            batch.put(tables::ERASURE, tables::ERASURE_KEY, &write_record(&record));
        }
        Ok(())
    }

    /// Signs with another key of this device from now on, which the roster in use has.
    pub fn sign_with(&mut self, key: SigningKey) {
        self.identity.signing = key;
    }

    /// Forgets the sealing keys of devices whose bundle no key signed that they have by the roster
    /// in use (PROTOCOL K2): whoever took those keys, or has them still, must not be sealed to.
    pub(super) fn forget_void_bundles(&self, now: Timestamp) -> Result<(), StepError> {
        let mut batch = Batch::new();
        for key in self.pieced_keys(tables::PEER_BUNDLE)? {
            let record: BundleRecord = self.need_long(tables::PEER_BUNDLE, &key)?;
            if !record.bundle.counts_by(&self.roster, now) {
                batch.delete_pieces(tables::PEER_BUNDLE, &key);
            }
        }
        self.settle(batch)?;
        Ok(())
    }

    /// Whether a key signed it that its device had by an earlier roster, for the same contact.
    pub(super) fn was_signed_once(&self, signed: &SignedBundle) -> bool {
        let bundle = signed.bundle.value();
        let keys = self
            .roster
            .signing_keys_for(&bundle.device, &bundle.contact);
        keys.iter().any(|key| signed.verify(key).is_ok())
    }

    /// What ends within 30 days, or has ended, soonest first: of the roster, and the sealing keys
    /// that are known of devices. A device makes its own by itself, unless it is off.
    /// Of this device's two keys those in use count: a home that was restored may have no others.
    pub fn endings(&self, now: Timestamp) -> Result<Vec<Ending>, StepError> {
        let mut endings = self.roster.endings(now);
        if let Some(end) = self.pair_in_use().and_then(|pair| pair.valid_to) {
            let me = &self.identity;
            let what = Ends::Device(me.contact.clone(), me.device);
            endings.retain(|ending| ending.what != what);
            endings.extend(Ending::of(what, end, now));
        }
        for key in self.pieced_keys(tables::PEER_BUNDLE)? {
            let record: BundleRecord = self.need_long(tables::PEER_BUNDLE, &key)?;
            let bundle = record.bundle.bundle.value();
            if !self.roster.acts_for(&bundle.device, &bundle.contact) {
                continue;
            }
            let newest = bundle.keys.iter().map(|key| key.valid_to).max();
            let what = Ends::SealingKeys(bundle.contact.clone(), bundle.device);
            endings.extend(newest.and_then(|at| Ending::of(what, at, now)));
        }
        endings.sort_unstable();
        Ok(endings)
    }

    /// Whether an alert can be sealed to a device now.
    pub(super) fn is_open_to(&self, device: &DeviceId, now: Timestamp) -> Result<bool, StepError> {
        Ok(self.has_keys_at(device, now) && self.is_keyed(device)?)
    }

    /// Whether one of a device's key pairs counts at this time: nobody writes to one whose time is
    /// over, or has not begun.
    pub(super) fn has_keys_at(&self, device: &DeviceId, now: Timestamp) -> bool {
        let entry = self.roster.device(device);
        entry.is_some_and(|entry| entry.device.has_keys_at(now))
    }
}
