//! Heartbeats on their way out: whoever was written to hears once an hour which alert was the
//! newest, so that the last one cannot be withheld unnoticed (I4).
//!
//! Each contact has an envelope of its own at each relay: the recipients of an envelope read of
//! each other, and nobody shall learn from a heartbeat whom else this desk wrote to. A heartbeat is
//! no obligation, so it stands in no outbox: at most one for each contact and relay is kept, until
//! the relay has answered, and the next one is made after that.

use std::collections::{BTreeMap, BTreeSet};

use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::codec::{List, SortedList, encode};
use maille_common::content::Heartbeat;
use maille_common::envelope::{Addressee, Core, Draft, Signer, seal};
use maille_common::evidence::SignedAccepted;
use maille_common::extension::Extensions;
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::randomness::Randomness;
use maille_common::record::{read_record, write_record};
use maille_common::terms::{AckRule, Kind, Outcome, Release, Status, Urgency};
use maille_common::time::{Span, Timestamp};
use maille_durable::{Batch, CommitNumber, Scan};

use super::desk::{Desk, StepError};
use super::order::SendError;
use super::records::{
    AcceptedRecord, HeartbeatRecord, OutboxRecord, SubmissionRecord, TargetRecord, WrittenRecord,
};
use super::tables;

/// How long a relay keeps a heartbeat for a device that does not come: the next ones say the same.
const KEPT_FOR: Span = Span::from_hours(6);

/// Envelopes that wait for one relay, through which a heartbeat looks for its recipient. Where more
/// wait, some of everybody's may be among them.
const WAITING_READ: usize = 1_000;

impl Desk {
    /// Seals the heartbeats that are due. Whether there are any, which relays have to be given.
    pub fn beat(
        &mut self,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<(CommitNumber, bool), SendError> {
        let mut batch = Batch::new();
        let written = self.written_to(&mut batch, now)?;
        let mut wanted = BTreeSet::new();
        let mut beats = false;
        for (contact, devices) in &written {
            let homes = self.roster.home_relay_names(&contact.organisation());
            for relay in homes.iter().take(2) {
                wanted.insert(tables::heartbeat(relay, contact));
                let to = (relay, contact, devices.as_slice());
                beats |= self.beat_once(&mut batch, to, now, random)?;
            }
        }
        self.drop_heartbeats(&mut batch, &wanted)?;
        Ok((self.settle_if_roomy(batch)?, beats))
    }

    /// Notes that devices were given numbers of their streams.
    pub(super) fn note_written(
        &self,
        batch: &mut Batch,
        devices: impl Iterator<Item = DeviceId>,
        now: Timestamp,
    ) {
        let at = self.counted(now);
        for device in devices {
            let record = write_record(&WrittenRecord { at });
            batch.put(tables::WRITTEN, device.as_bytes(), &record);
        }
    }

    /// The devices written to within 14 days.
    pub(super) fn lately_written_to(&self, now: Timestamp) -> Result<Vec<DeviceId>, StepError> {
        let mut devices = Vec::new();
        for (key, bytes) in self.store.scan(Scan::table(tables::WRITTEN, usize::MAX))? {
            let WrittenRecord { at } = read_record(&bytes)?;
            let lately = self.counted(now).since(at) < Span::from_ms(limits::HEARTBEATS_FOR_MS);
            let device = key.first_chunk().map(|id| DeviceId::from_bytes(*id));
            devices.extend(device.filter(|_| lately));
        }
        Ok(devices)
    }

    /// The devices written to within 14 days, by contact; what is older is forgotten.
    fn written_to(
        &self,
        batch: &mut Batch,
        now: Timestamp,
    ) -> Result<BTreeMap<ContactAddress, Vec<DeviceId>>, StepError> {
        let me = &self.identity.contact;
        let mut written = BTreeMap::<_, Vec<_>>::new();
        for (key, bytes) in self.store.scan(Scan::table(tables::WRITTEN, usize::MAX))? {
            let Some(device) = key.first_chunk().map(|id| DeviceId::from_bytes(*id)) else {
                continue;
            };
            let WrittenRecord { at } = read_record(&bytes)?;
            if self.counted(now).since(at) >= Span::from_ms(limits::HEARTBEATS_FOR_MS) {
                batch.delete(tables::WRITTEN, &key);
                continue;
            }
            let Some(contact) = self.roster.contact_of(&device) else {
                continue;
            };
            // A rule A -> B carries A's heartbeats to B, and B's to A.
            let allowed = self.roster.allows(me, &contact) || self.roster.allows(&contact, me);
            if allowed && self.roster.designated(&contact, now).is_valid() {
                written.entry(contact).or_default().push(device);
            }
        }
        Ok(written)
    }

    /// Makes the heartbeat for one contact at one relay, if it is due and the one before was
    /// answered.
    fn beat_once(
        &self,
        batch: &mut Batch,
        (relay, contact, devices): (&Name, &ContactAddress, &[DeviceId]),
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<bool, SendError> {
        let key = tables::heartbeat(relay, contact);
        let known: Option<HeartbeatRecord> = self.find(tables::HEARTBEAT, &key)?;
        let counted = self.counted(now);
        let rests = |known: &HeartbeatRecord| known.pending.is_some() || known.due > counted;
        if known.as_ref().is_some_and(rests) {
            return Ok(false);
        }
        let pause = pause(random);
        let mut record = HeartbeatRecord {
            relay: relay.clone(),
            to: contact.clone(),
            due: counted + pause,
            pending: None,
        };
        // The first one comes when the alert itself has had its time.
        if known.is_some() {
            let addressees = self.hearers(relay, contact, devices, now)?;
            if !addressees.is_empty() {
                let next_due = now + pause;
                let id =
                    self.seal_heartbeat(batch, &record, addressees, (now, next_due), random)?;
                record.pending = Some(id);
            }
        }
        batch.put(tables::HEARTBEAT, &key, &write_record(&record));
        Ok(record.pending.is_some())
    }

    /// The devices of a contact with their streams, as far as what was sent has left.
    fn hearers(
        &self,
        relay: &Name,
        contact: &ContactAddress,
        devices: &[DeviceId],
        now: Timestamp,
    ) -> Result<Vec<Addressee>, StepError> {
        let waits = self.waits_for(relay, contact)?;
        let mut addressees = Vec::new();
        for device in devices {
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

    fn seal_heartbeat(
        &self,
        batch: &mut Batch,
        record: &HeartbeatRecord,
        addressees: Vec<Addressee>,
        (now, next_due): (Timestamp, Timestamp),
        random: &mut impl Randomness,
    ) -> Result<AlertId, SendError> {
        let heartbeat = Heartbeat {
            version: Heartbeat::VERSION,
            next_due,
            bundle: self.ring.number(),
            missing: List::empty(),
            extensions: Extensions::empty(),
        };
        let core = Core {
            version: Core::VERSION,
            kind: Kind::Heartbeat,
            status: Status::Actual,
            sender: self.identity.contact.clone(),
            device: self.identity.device,
            roster: self.roster.hash(),
            created: now,
            ack_within: KEPT_FOR,
            expires_after: KEPT_FOR,
            ack_rule: AckRule::Each,
            urgency: Urgency::Unknown,
            recipients: SortedList::new([record.to.clone()]).expect("one recipient fits"),
            reference: AlertId::NONE,
        };
        let draft = Draft {
            core,
            content: &encode(&heartbeat),
            blobs: Vec::new(),
            addressees,
            epoch: self.epoch,
            signers: vec![Signer {
                device: self.identity.device,
                key: &self.identity.signing,
            }],
        };
        let sealed = seal(draft, random)?;
        let (id, submission) = (sealed.id, sealed.submission);
        let kept = write_record(&SubmissionRecord { submission });
        batch.put_pieces(tables::SUBMISSION, id.as_bytes(), &kept);
        let mut target = TargetRecord {
            relay: record.relay.clone(),
            accepted_by: None,
            attempts: 0,
            due: None,
        };
        self.set_due(batch, &id, &mut target, Some(now));
        Ok(id)
    }

    /// Whether an envelope is a heartbeat for a relay that has not answered it; its record then.
    pub(super) fn heartbeat_at(
        &self,
        relay: &Name,
        envelope: &AlertId,
    ) -> Result<Option<HeartbeatRecord>, StepError> {
        let key = envelope.as_bytes();
        // An alert is in the outbox, and is not read here: it may be long.
        if self
            .find_long::<OutboxRecord>(tables::OUTBOX, key)?
            .is_some()
        {
            return Ok(None);
        }
        let kept: Option<SubmissionRecord> = self.find_long(tables::SUBMISSION, key)?;
        let Some(kept) = kept else { return Ok(None) };
        let Some(to) = kept.submission.env.core.recipient(0) else {
            return Ok(None);
        };
        let record: Option<HeartbeatRecord> =
            self.find(tables::HEARTBEAT, &tables::heartbeat(relay, to))?;
        Ok(record.filter(|record| record.pending == Some(*envelope)))
    }

    /// A relay answered a heartbeat: whatever it said, the next one says more.
    pub(super) fn heartbeat_answered(
        &self,
        batch: &mut Batch,
        (record, envelope): (HeartbeatRecord, &AlertId),
        answers: Vec<SignedAccepted>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let relay = record.relay.clone();
        self.take_answers(batch, &relay, envelope, answers, now)?;
        self.end_heartbeat(batch, record, envelope)
    }

    /// A relay will not take a heartbeat as it is: another one is made after the pause.
    pub(super) fn heartbeat_refused(
        &self,
        batch: &mut Batch,
        (record, envelope): (HeartbeatRecord, &AlertId),
        wait: Span,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let due = self.counted(now) + wait;
        self.end_heartbeat(batch, HeartbeatRecord { due, ..record }, envelope)
    }

    fn end_heartbeat(
        &self,
        batch: &mut Batch,
        record: HeartbeatRecord,
        envelope: &AlertId,
    ) -> Result<(), StepError> {
        self.drop_envelope(batch, &record.relay, envelope)?;
        let key = tables::heartbeat(&record.relay, &record.to);
        let pending = None;
        let record = HeartbeatRecord { pending, ..record };
        batch.put(tables::HEARTBEAT, &key, &write_record(&record));
        Ok(())
    }

    /// Forgets the heartbeats for whom nobody writes to any more. One that a relay may have is kept
    /// until it has answered, because its answer counts (PROTOCOL section 8, `accepted`).
    fn drop_heartbeats(
        &self,
        batch: &mut Batch,
        wanted: &BTreeSet<Vec<u8>>,
    ) -> Result<(), StepError> {
        let rows = self
            .store
            .scan(Scan::table(tables::HEARTBEAT, usize::MAX))?;
        for (key, bytes) in rows {
            if wanted.contains(&key) {
                continue;
            }
            let record: HeartbeatRecord = read_record(&bytes)?;
            let relays = &self.roster.authority().relays;
            let is_there = relays.iter().any(|relay| relay.name == record.relay);
            match record.pending {
                Some(_) if is_there => continue,
                Some(envelope) => self.drop_envelope(batch, &record.relay, &envelope)?,
                None => {}
            }
            batch.delete(tables::HEARTBEAT, &key);
        }
        Ok(())
    }

    fn drop_envelope(
        &self,
        batch: &mut Batch,
        relay: &Name,
        envelope: &AlertId,
    ) -> Result<(), StepError> {
        batch.delete_pieces(tables::SUBMISSION, envelope.as_bytes());
        if let Some(target) = self.target(relay, envelope)? {
            if let Some(due) = target.due {
                batch.delete(tables::PENDING, &tables::pending(relay, due, envelope));
            }
            batch.delete(tables::TARGET, &tables::target(relay, envelope));
        }
        Ok(())
    }
}

/// An hour, 10 % more or less.
fn pause(random: &mut impl Randomness) -> Span {
    let (least, most) = limits::HEARTBEAT_MS.into_inner();
    let drawn = u64::from_le_bytes(random.array());
    Span::from_ms(least + drawn % (most - least + 1))
}
