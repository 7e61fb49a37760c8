//! The sealing-key directory: each device's newest signed bundle.

use std::collections::BTreeSet;

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::check::Check;
use maille_common::codec::List;
use maille_common::record::write_record;
use maille_common::sealing::{SignedBundle, Succession};
use maille_common::time::Timestamp;
use maille_common::wire::{Answer, RefusalCode};
use maille_durable::Batch;

use super::mailbox::Mailing;
use super::records::BundleRecord;
use super::relay::{RelayCore, Step, StepError};
use super::tables;

impl RelayCore {
    /// Takes a device's own bundle, if it is newer than the one held (PROTOCOL K2, K3).
    pub fn publish(
        &mut self,
        device: &DeviceId,
        signed: &SignedBundle,
        now: Timestamp,
    ) -> Result<Step, StepError> {
        let bundle = signed.bundle.value();
        if bundle.device != *device {
            return Ok(self.refuse(RefusalCode::NotYourContact));
        }
        if !self.roster.acts_for(device, &bundle.contact) {
            return Ok(self.refuse(RefusalCode::NotDesignated));
        }
        if Check::K2.refuses(!signed.counts_by(&self.roster, now)) {
            return Ok(self.refuse(RefusalCode::Signature));
        }
        let held = self.bundle(device)?;
        match held.map_or(Succession::Newer, |held| signed.succession(&held)) {
            Succession::Newer | Succession::NewerAfterFork => {}
            Succession::Same => return Ok(self.reply(Answer::Done)),
            Succession::Older => return Ok(self.refuse(RefusalCode::BundleOlder)),
            Succession::Fork => return Ok(self.refuse(RefusalCode::Conflict)),
        }
        let mut batch = Batch::new();
        let record = BundleRecord {
            bundle: signed.clone(),
        };
        batch.put_pieces(tables::BUNDLE, device.as_bytes(), &write_record(&record));
        let mut mailing = Mailing::default();
        mailing.device(self, device)?.bundle = bundle.number;
        mailing.finish(&mut batch);
        self.settle(batch, Answer::Done, BTreeSet::new())
    }

    /// The bundles of contacts that `device` may write to, or that may write to it, and of its own
    /// organisation.
    pub fn bundles(
        &self,
        device: &DeviceId,
        contacts: &[ContactAddress],
    ) -> Result<Step, StepError> {
        let Some(asking) = self.roster.contact_of(device) else {
            return Ok(self.refuse(RefusalCode::NotDesignated));
        };
        let mut bundles = Vec::new();
        for contact in contacts {
            if !self.may_know(&asking, contact) {
                return Ok(self.refuse(RefusalCode::NoRule));
            }
            for device in self.roster.devices_of(contact) {
                bundles.extend(self.bundle(&device)?);
            }
        }
        match List::new(bundles) {
            Ok(bundles) => Ok(self.reply(Answer::Bundles(bundles))),
            Err(_) => Ok(self.refuse(RefusalCode::TooLarge)),
        }
    }

    fn bundle(&self, device: &DeviceId) -> Result<Option<SignedBundle>, StepError> {
        let record: Option<BundleRecord> = self.find_long(tables::BUNDLE, device.as_bytes())?;
        Ok(record.map(|record| record.bundle))
    }

    /// A rule in either direction, one's own organisation, whose devices offer their next keys in
    /// their bundles, or a deputy of somebody one may write to.
    fn may_know(&self, asking: &ContactAddress, contact: &ContactAddress) -> bool {
        asking.organisation() == contact.organisation()
            || self.roster.allows_either_way(asking, contact)
            || self
                .roster
                .principals_of(contact)
                .iter()
                .any(|principal| self.roster.allows(asking, principal))
    }
}
