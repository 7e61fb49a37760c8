//! When the next round with each device begins.

use std::collections::{BTreeMap, BTreeSet};

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::content::Place;
use maille_common::limits;
use maille_common::randomness::Randomness;
use maille_common::record::write_record;
use maille_common::time::{Span, Timestamp};
use maille_durable::Batch;

use super::records::{ReportRecord, RoundRecord, RoundStage};
use crate::core::desk::{Desk, StepError};
use crate::core::tables;

impl Desk {
    /// Every round that this device has begun or will begin.
    pub(super) fn rounds(&self) -> Result<Vec<(DeviceId, RoundRecord)>, StepError> {
        let mut rounds = Vec::new();
        for key in self.pieced_keys(tables::ROUND)? {
            if let Some(device) = key.first_chunk().map(|id| DeviceId::from_bytes(*id)) {
                rounds.push((device, self.need_long(tables::ROUND, &key)?));
            }
        }
        Ok(rounds)
    }

    pub(super) fn round_with(&self, device: &DeviceId) -> Result<Option<RoundRecord>, StepError> {
        self.find_long(tables::ROUND, device.as_bytes())
    }

    /// Plans rounds with every device that alerts went to or came from within 14 days, spread over
    /// the day, and forgets those with devices that are gone.
    pub(super) fn plan_rounds(
        &self,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<(), StepError> {
        let mut batch = Batch::new();
        let wanted = self.partners(now)?;
        let mut planned = BTreeSet::new();
        for (device, mut record) in self.rounds()? {
            planned.insert(device);
            match self.roster.contact_of(&device) {
                Some(contact) if contact == record.to => {}
                _ => {
                    batch.delete_pieces(tables::ROUND, device.as_bytes());
                    continue;
                }
            }
            if record.next.is_none() && wanted.contains_key(&device) {
                record.next = Some(self.counted(now) + pause(random));
                put_round(&mut batch, &device, &record);
            }
        }
        for (device, to) in wanted {
            if planned.contains(&device) {
                continue;
            }
            let within = drawn(random) % limits::RECONCILE_MS.end();
            let next = self.counted(now) + Span::from_ms(within);
            put_round(&mut batch, &device, &resting(to, Some(next)));
        }
        self.settle(batch)?;
        Ok(())
    }

    /// The devices that alerts went to or came from within 14 days, with their contacts.
    pub(super) fn partners(
        &self,
        now: Timestamp,
    ) -> Result<BTreeMap<DeviceId, ContactAddress>, StepError> {
        let (mut devices, _) = self.written_to(tables::WRITTEN, now)?;
        devices.extend(self.lately_heard_of(now)?);
        devices.extend(self.written_to(tables::ADDED, now)?.0);
        let mut partners = BTreeMap::new();
        for device in devices {
            if let Some(contact) = self.roster.contact_of(&device)
                && self.may_compare_with(&contact, now)
            {
                partners.insert(device, contact);
            }
        }
        Ok(partners)
    }

    /// Begins a round at the next look, in place of one under way.
    pub(super) fn ask_now(
        &self,
        batch: &mut Batch,
        device: &DeviceId,
        to: &ContactAddress,
        now: Timestamp,
    ) {
        let next = Some(self.counted(now));
        let mut record = resting(to.clone(), next);
        record.report = ReportRecord::begun(Some(now));
        put_round(batch, device, &record);
    }
}

pub(super) fn put_round(batch: &mut Batch, device: &DeviceId, record: &RoundRecord) {
    batch.put_pieces(tables::ROUND, device.as_bytes(), &write_record(record));
}

fn resting(to: ContactAddress, next: Option<Timestamp>) -> RoundRecord {
    RoundRecord {
        to,
        next,
        stage: RoundStage::Resting,
        from: 0,
        after: Place::START,
        pages: 0,
        report: ReportRecord::begun(None),
    }
}

/// A day, 10 % more or less.
pub(super) fn pause(random: &mut impl Randomness) -> Span {
    let (least, most) = limits::RECONCILE_MS.into_inner();
    Span::from_ms(least + drawn(random) % (most - least + 1))
}

fn drawn(random: &mut impl Randomness) -> u64 {
    u64::from_le_bytes(random.array())
}
