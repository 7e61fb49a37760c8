//! Who hears from this desk by heartbeats, and what each is told.

use std::collections::{BTreeMap, BTreeSet};

use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::check::Check;
use maille_common::codec::List;
use maille_common::content::Heartbeat;
use maille_common::envelope::Addressee;
use maille_common::limits;
use maille_common::record::{read_record, write_record};
use maille_common::terms::{Outcome, Release};
use maille_common::time::{Span, Timestamp};
use maille_durable::{Batch, Scan, Table};

use super::answering::Asked;
use super::desk::{Desk, StepError};
use super::records::{AcceptedRecord, ForkRecord, HoleRecord, OutboxRecord, WrittenRecord};
use super::tables;

/// Envelopes that wait for one relay, through which a heartbeat looks for its recipient. Where more
/// wait, some of everybody's may be among them.
const WAITING_READ: usize = 1_000;

/// A contact that hears from this desk, and what it hears beside the newest numbers.
pub(super) struct Hearer {
    pub(super) contact: ContactAddress,
    devices: BTreeSet<DeviceId>,
    /// What this desk misses of its devices.
    holes: Vec<HoleRecord>,
    /// What its devices miss of this one.
    asked: Vec<Asked>,
    /// What its devices told twice.
    forks: Vec<ForkRecord>,
}

impl Hearer {
    fn of(contact: ContactAddress) -> Self {
        Self {
            contact,
            devices: BTreeSet::new(),
            holes: Vec::new(),
            asked: Vec::new(),
            forks: Vec::new(),
        }
    }
}

impl Desk {
    /// Notes in a table of whom this desk writes to that it wrote to these devices now.
    pub(super) fn note_written(
        &self,
        batch: &mut Batch,
        table: Table,
        devices: impl Iterator<Item = DeviceId>,
        now: Timestamp,
    ) {
        let at = self.counted(now);
        for device in devices {
            let record = write_record(&WrittenRecord { at });
            batch.put(table, device.as_bytes(), &record);
        }
    }

    /// The devices of such a table written to within 14 days, and the keys of those written to
    /// before, which may be forgotten.
    pub(super) fn written_to(
        &self,
        table: Table,
        now: Timestamp,
    ) -> Result<(BTreeSet<DeviceId>, Vec<Vec<u8>>), StepError> {
        let (mut written, mut before) = (BTreeSet::new(), Vec::new());
        for (key, bytes) in self.store.scan(Scan::table(table, usize::MAX))? {
            let Some(device) = key.first_chunk().map(|id| DeviceId::from_bytes(*id)) else {
                continue;
            };
            let WrittenRecord { at } = read_record(&bytes)?;
            if self.counted(now).since(at) >= Span::from_ms(limits::HEARTBEATS_FOR_MS) {
                before.push(key);
            } else {
                written.insert(device);
            }
        }
        Ok((written, before))
    }

    /// Who hears from this desk: whoever was written to, is asked, is answered, or is told of a
    /// fork.
    pub(super) fn hearers(
        &self,
        written: BTreeSet<DeviceId>,
        asked: Vec<Asked>,
        now: Timestamp,
    ) -> Result<Vec<Hearer>, StepError> {
        let mut hearers = BTreeMap::new();
        for device in written {
            let _ = self.hearer(&mut hearers, &device, now);
        }
        for hole in self.holes_asked_for()? {
            if let Some(hearer) = self.hearer(&mut hearers, &hole.device, now) {
                hearer.holes.push(hole);
            }
        }
        for asked in asked {
            if let Some(hearer) = self.hearer(&mut hearers, &asked.device, now) {
                hearer.asked.push(asked);
            }
        }
        for fork in self.forks_to_tell(now)? {
            let Some(contact) = self.roster.contact_of(&fork.fork.device) else {
                continue;
            };
            for device in self.roster.devices_of(&contact) {
                let _ = self.hearer(&mut hearers, &device, now);
            }
            if let Some(hearer) = hearers.get_mut(&contact) {
                hearer.forks.push(fork);
            }
        }
        for hearer in hearers.values_mut() {
            // What was never asked for first, then what was asked for the longest time ago.
            if Check::G2.stands() {
                hearer.holes.sort_by_key(|hole| hole.asked);
            }
            hearer.holes.truncate(limits::MISSING_MAX);
            hearer.forks.truncate(limits::TOLD_FORKS_MAX);
        }
        Ok(hearers.into_values().collect())
    }

    /// Whether a contact may be sent what asks nobody for anything: a rule A -> B carries A's
    /// heartbeats and letters to B, and B's to A (PROTOCOL E6).
    pub(super) fn may_hear(&self, contact: &ContactAddress, now: Timestamp) -> bool {
        let me = &self.identity.contact;
        self.roster.allows_either_way(me, contact)
            && self.roster.designated(contact, now).is_valid()
    }

    /// The contact of a device among those who hear, with that device, if it may.
    fn hearer<'a>(
        &self,
        hearers: &'a mut BTreeMap<ContactAddress, Hearer>,
        device: &DeviceId,
        now: Timestamp,
    ) -> Option<&'a mut Hearer> {
        let contact = self.roster.contact_of(device)?;
        if !self.may_hear(&contact, now) {
            return None;
        }
        let hearer = hearers
            .entry(contact.clone())
            .or_insert_with(|| Hearer::of(contact));
        hearer.devices.insert(*device);
        Some(hearer)
    }

    /// Whether something is to be said now that no heartbeat has said, to a device whose keys are
    /// known here.
    pub(super) fn has_urgent(&self, hearer: &Hearer, now: Timestamp) -> Result<bool, StepError> {
        let holes = hearer.holes.iter().filter(|hole| hole.asked.is_none());
        let asked = hearer.asked.iter().filter(|asked| !asked.record.told);
        let forks = hearer.forks.iter().filter(|fork| !fork.told);
        let devices: BTreeSet<DeviceId> = holes
            .map(|hole| hole.device)
            .chain(asked.map(|asked| asked.device))
            .chain(forks.flat_map(|_| hearer.devices.iter().copied()))
            .collect();
        for device in devices {
            if self.addressee(&device, Release::Now, 0, now)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Notes that a heartbeat to this contact said what there was to say.
    pub(super) fn note_said(
        &self,
        batch: &mut Batch,
        hearer: &Hearer,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let (_, answered) = self.answers_to(&hearer.asked)?;
        self.note_holes_asked(batch, &hearer.holes, now);
        self.note_answered(batch, &answered);
        self.note_forks_told(batch, &hearer.forks);
        Ok(())
    }

    /// The devices of a contact with their streams, as far as what was sent has left.
    pub(super) fn addressees_of(
        &self,
        relay: &Name,
        hearer: &Hearer,
        now: Timestamp,
    ) -> Result<Vec<Addressee>, StepError> {
        let waits = self.waits_for(relay, &hearer.contact)?;
        let mut addressees = Vec::new();
        for device in &hearer.devices {
            let addressee = self.addressee(device, Release::Now, 0, now)?;
            let addressee = addressee.map(|(addressee, _)| addressee);
            addressees.extend(addressee.map(|addressee| Addressee {
                // What has not left is not missing.
                stream: addressee.stream.filter(|_| !waits),
                ..addressee
            }));
        }
        Ok(addressees)
    }

    /// Whether something for a contact still waits to be accepted by a relay.
    fn waits_for(&self, relay: &Name, contact: &ContactAddress) -> Result<bool, StepError> {
        let from = tables::relay(relay);
        let end = tables::after(&from);
        let limit = WAITING_READ + 1;
        let rows = self
            .store
            .scan(Scan::range(tables::PENDING, &from, &end, limit))?;
        if rows.len() > WAITING_READ {
            return Ok(true);
        }
        for alert in rows.iter().filter_map(|(key, _)| tables::alert_at_end(key)) {
            let sent: Option<OutboxRecord> = self.find_long(tables::OUTBOX, alert.as_bytes())?;
            if !sent.is_some_and(|sent| sent.core.recipients.has(contact)) {
                continue;
            }
            let key = tables::accepted(&alert, relay, contact);
            let answer: Option<AcceptedRecord> = self.find_long(tables::ACCEPTED, &key)?;
            let outcome = answer.map(|answer| answer.accepted.statement.outcome);
            if outcome != Some(Outcome::Accepted) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What it hears beside the newest numbers and when the next one is due.
    pub(super) fn words_for(
        &self,
        hearer: &Hearer,
        next_due: Timestamp,
    ) -> Result<Heartbeat, StepError> {
        let (answers, _) = self.answers_to(&hearer.asked)?;
        let missing: Vec<_> = hearer.holes.iter().map(HoleRecord::as_missing).collect();
        let forks: Vec<_> = hearer.forks.iter().map(|record| record.fork).collect();
        let answers = List::new(answers).expect("no more are taken than fit");
        let forks = List::new(forks).expect("no more are taken than fit");
        Ok(Heartbeat {
            version: Heartbeat::VERSION,
            next_due,
            bundle: self.ring.number(),
            missing: List::new(missing).expect("no more are taken than fit"),
            extensions: Heartbeat::extensions_of(&answers, &forks),
        })
    }
}
