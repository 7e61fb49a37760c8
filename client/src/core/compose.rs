//! An order becomes an envelope in the outbox: one commit holds the envelope, its numbers in every
//! stream, its deadlines, and what each relay has to be given.

use std::collections::BTreeSet;

use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::codec::{Exact, List, SortedList, Text, decode, encode};
use maille_common::content::Alert;
use maille_common::envelope::{
    Addressee, Core, Draft, Entry, OWN_RECIPIENT, OutgoingStream, Sealed, Signer, Submission,
    SubmittedEntry, body_context, seal,
};
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::randomness::Randomness;
use maille_common::record::write_record;
use maille_common::roster::Designation;
use maille_common::sealing::SignedBundle;
use maille_common::terms::{Kind, Release, Urgency};
use maille_common::time::{Span, Timestamp};
use maille_durable::Batch;

use super::answering::note_given;
use super::desk::{Desk, StepError};
use super::events::EventKind;
use super::order::{Order, Reach, SendError, Sent};
use super::records::{
    BundleRecord, LackingRecord, OutboxRecord, OutgoingRecord, ReferenceRecord, SubmissionRecord,
    TargetRecord,
};
use super::tables;

impl Desk {
    /// Takes an order into the outbox.
    ///
    /// The caller waits for [`Sent::settled`] before it tells anybody that the alert stands (I1).
    pub fn send(
        &mut self,
        order: &Order,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<Sent, SendError> {
        let amends = matches!(order.kind, Kind::Update | Kind::Cancel);
        let named: BTreeSet<ContactAddress> = match amends {
            // Who holds the alert may be others by now than when it was ordered first.
            true => BTreeSet::new(),
            false => order.recipients.iter().cloned().collect(),
        };
        let named: Vec<ContactAddress> = named.into_iter().collect();
        if let Some(sent) = self.sent_before(order, &named)? {
            return Ok(sent);
        }
        self.check_reference(order)?;
        let (recipients, left_out) = match order.refers_to.filter(|_| amends) {
            Some(alert) => {
                let holders = self.reachable_holders(&alert, now)?;
                (holders.reached, holders.left_out)
            }
            None => (named.clone(), Vec::new()),
        };
        self.check_recipients(&recipients, (order.kind, order.urgency), now)?;
        let core = self.core_of(order, &recipients, now)?;
        let (addressees, reach) = self.addressees(&core, now)?;
        let content = encode(&order.content);
        if content.len() > limits::CONTENT_BYTES_MAX {
            let (bytes, limit) = (content.len(), limits::CONTENT_BYTES_MAX);
            return Err(SendError::TooLarge { bytes, limit });
        }
        let draft = Draft {
            core,
            content: &content,
            blobs: order.blobs.clone(),
            addressees,
            epoch: self.epoch,
            signers: vec![Signer {
                device: self.identity.device,
                key: &self.identity.signing,
            }],
        };
        let sealed = seal(draft, random)?;
        let mut batch = Batch::new();
        self.commit_sealed(&mut batch, &sealed, order.reference.as_deref(), None, now)?;
        if let Some(reference) = &order.reference {
            let content = order.digest(&named);
            let record = ReferenceRecord {
                alert: sealed.id,
                content,
            };
            batch.put(
                tables::REFERENCE,
                &tables::word(reference),
                &write_record(&record),
            );
        }
        for reach in &reach {
            self.note_lacking(&mut batch, reach, &sealed.id, now);
        }
        if let Some(reach) = self.own_lacking(&sealed.submission) {
            self.note_lacking(&mut batch, &reach, &sealed.id, now);
        }
        let within = order.content.answer_within;
        self.note_answer_by(&mut batch, &sealed.id, within, now);
        let core: &Core = &sealed.submission.env.core;
        self.note_cancel(&mut batch, &sealed.id, core, now)?;
        self.note_amendment(&mut batch, &sealed.id, core);
        self.ask_holders_in_place(&mut batch, (&sealed.id, core), now)?;
        self.event(
            &mut batch,
            EventKind::Sent { alert: sealed.id },
            order.status,
            now,
        )?;
        self.settle_if_roomy(batch)?;
        if amends {
            self.send_addenda_if_roomy(now, random)?;
        }
        Ok(Sent {
            id: sealed.id,
            already: false,
            reach,
            left_out,
            settled: self.store.newest(),
        })
    }

    /// The same reference and content are the same alert, for ever.
    fn sent_before(
        &self,
        order: &Order,
        recipients: &[ContactAddress],
    ) -> Result<Option<Sent>, SendError> {
        let Some(reference) = &order.reference else {
            return Ok(None);
        };
        if reference.len() > 256 {
            return Err(SendError::ReferenceTooLong(reference.len()));
        }
        let known: Option<ReferenceRecord> =
            self.find(tables::REFERENCE, &tables::word(reference))?;
        let Some(known) = known else { return Ok(None) };
        if known.content != order.digest(recipients) {
            let reference = reference.clone();
            return Err(SendError::ReferenceReused {
                reference,
                alert: known.alert,
            });
        }
        let reach = self.reach_of(&known.alert)?;
        let settled = self.store.newest();
        Ok(Some(Sent {
            id: known.alert,
            already: true,
            reach,
            left_out: Vec::new(),
            settled,
        }))
    }

    /// Sender and recipients are designated, and rules allow it.
    pub(super) fn check_recipients(
        &self,
        recipients: &[ContactAddress],
        (kind, urgency): (Kind, Urgency),
        now: Timestamp,
    ) -> Result<(), SendError> {
        let me = &self.identity.contact;
        if recipients.is_empty() {
            return Err(SendError::NoRecipient);
        }
        let designation = self.roster.designated(me, now);
        if !designation.is_valid() {
            return Err(SendError::NotDesignated {
                contact: me.clone(),
                designation,
            });
        }
        let mine = self.roster.designated_device(&self.identity.device, now);
        if !matches!(mine, Designation::Valid | Designation::NotYet) {
            return Err(SendError::NotDesignated {
                contact: me.clone(),
                designation: mine,
            });
        }
        let end = self.pair_in_use().and_then(|pair| pair.valid_to);
        if let Some(end) = end.filter(|end| *end <= now) {
            return Err(SendError::KeysEnded { end });
        }
        let answers = kind == Kind::Reply;
        for to in recipients {
            let designation = self.roster.designated(to, now);
            if !designation.is_valid() {
                return Err(SendError::Recipient {
                    contact: to.clone(),
                    designation,
                });
            }
            let allowed = self.roster.allows(me, to) || (answers && self.roster.allows(to, me));
            if !allowed {
                return Err(SendError::NoRule {
                    from: me.clone(),
                    to: to.clone(),
                });
            }
            if self.roster.two_persons_required(me, to, urgency) {
                return Err(SendError::TwoPersons { to: to.clone() });
            }
        }
        Ok(())
    }

    /// What it refers to is known, and is this contact's to amend.
    fn check_reference(&self, order: &Order) -> Result<(), SendError> {
        let Some(alert) = order.refers_to else {
            return Ok(());
        };
        let sender = match self.sender_of(&alert)? {
            Some(sender) => sender,
            None => return Err(SendError::UnknownReference(alert)),
        };
        let by_sender_only = matches!(order.kind, Kind::Update | Kind::Cancel);
        if by_sender_only && sender != self.identity.contact {
            return Err(SendError::NotYours { alert, sender });
        }
        Ok(())
    }

    fn core_of(
        &self,
        order: &Order,
        recipients: &[ContactAddress],
        now: Timestamp,
    ) -> Result<Core, SendError> {
        let too_many = |_| SendError::TooLarge {
            bytes: recipients.len(),
            limit: limits::RECIPIENTS_MAX,
        };
        Ok(Core {
            version: Core::VERSION,
            kind: order.kind,
            status: order.status,
            sender: self.identity.contact.clone(),
            device: self.identity.device,
            roster: self.roster.hash(),
            created: now,
            ack_within: order.ack_within,
            expires_after: order.expires_after,
            ack_rule: order.ack_rule,
            urgency: order.urgency,
            recipients: SortedList::new(recipients.to_vec()).map_err(too_many)?,
            reference: order.refers_to.unwrap_or(AlertId::NONE),
        })
    }

    /// The devices that get a wrap: the recipients' and this contact's others at once, those of
    /// the recipients' deputies later, if need be.
    pub(super) fn addressees(
        &self,
        core: &Core,
        now: Timestamp,
    ) -> Result<(Vec<Addressee>, Vec<Reach>), StepError> {
        let mut addressees = Vec::new();
        let mut reach = Vec::new();
        for (index, contact) in (0u16..).zip(core.recipients.iter()) {
            let mut found = Reach {
                contact: contact.clone(),
                addressed: Vec::new(),
                lacking: Vec::new(),
                old_key: false,
            };
            for device in self.roster.devices_of(contact) {
                match self.addressee(&device, Release::Now, index, now)? {
                    Some((addressee, old_key)) => {
                        found.addressed.push(device);
                        found.old_key |= old_key;
                        addressees.push(addressee);
                    }
                    None => found.lacking.push(device),
                }
            }
            addressees.extend(self.deputies(core, index, now)?);
            reach.push(found);
        }
        for device in self.roster.devices_of(&self.identity.contact) {
            if device == self.identity.device || core.recipients.has(&self.identity.contact) {
                continue;
            }
            let own = self.addressee(&device, Release::Own, OWN_RECIPIENT, now)?;
            addressees.extend(own.map(|(addressee, _)| addressee));
        }
        Ok((addressees, reach))
    }

    /// The devices of this contact that get their copy later, when their keys are known.
    fn own_lacking(&self, sealed: &Submission) -> Option<Reach> {
        let contact = &self.identity.contact;
        if sealed.env.core.recipients.has(contact) {
            return None;
        }
        let entries = sealed.entries.iter();
        let has: BTreeSet<DeviceId> = entries.map(|submitted| submitted.entry.device).collect();
        let devices = self.roster.devices_of(contact).into_iter();
        let lacks = |device: &DeviceId| *device != self.identity.device && !has.contains(device);
        Some(Reach {
            contact: contact.clone(),
            addressed: Vec::new(),
            lacking: devices.filter(lacks).collect(),
            old_key: false,
        })
    }

    /// A device with its newest sealing key and its stream; none while its keys are not known here.
    pub(super) fn addressee(
        &self,
        device: &DeviceId,
        release: Release,
        recipient: u16,
        now: Timestamp,
    ) -> Result<Option<(Addressee, bool)>, StepError> {
        if !self.has_keys_at(device, now) {
            return Ok(None);
        }
        let Some(bundle) = self.bundle_of(device)? else {
            return Ok(None);
        };
        let Some(choice) = bundle.bundle.value().key_at(now) else {
            return Ok(None);
        };
        let stream = match release {
            Release::Now => Some(self.stream_to(device)?),
            Release::Own | Release::After => None,
        };
        let addressee = Addressee {
            device: *device,
            release,
            recipient,
            step: 0,
            key: choice.id,
            public: choice.key.public.clone(),
            stream,
        };
        Ok(Some((addressee, choice.is_old)))
    }

    /// A device's newest bundle, if it is known here.
    pub(super) fn bundle_of(&self, device: &DeviceId) -> Result<Option<SignedBundle>, StepError> {
        let record: Option<BundleRecord> =
            self.find_long(tables::PEER_BUNDLE, device.as_bytes())?;
        Ok(record.map(|record| record.bundle))
    }

    fn stream_to(&self, device: &DeviceId) -> Result<OutgoingStream, StepError> {
        let record: Option<OutgoingRecord> = self.find(tables::STREAM_OUT, device.as_bytes())?;
        let start = || OutgoingStream::start(&self.identity.device, self.epoch, device);
        Ok(record.map_or_else(start, |record| record.stream))
    }

    /// Puts a sealed envelope into the outbox: with its numbers, deadlines and targets.
    pub(super) fn commit_sealed(
        &self,
        batch: &mut Batch,
        sealed: &Sealed,
        reference: Option<&str>,
        extends: Option<AlertId>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let id = &sealed.id;
        let submission = &sealed.submission;
        let core: &Core = &submission.env.core;
        let committed = self.counted(now);
        let addressed: Vec<_> = submission
            .entries
            .iter()
            .map(|submitted| &submitted.entry)
            .map(|entry| (entry.device, entry.recipient, entry.release, entry.step))
            .collect();
        let closed = match extends {
            Some(alert) => self.closed_at(&alert)?,
            None => None,
        };
        let record = OutboxRecord {
            committed,
            core: Exact::of(core.clone()).expect("this core has been sealed"),
            content_key: sealed.content_key.duplicate(),
            reference: reference.and_then(|reference| Text::new(reference).ok()),
            extends,
            addressed: List::new(addressed).expect("as many as entries, within the same limit"),
            overdue_told: false,
            closed,
        };
        batch.put_pieces(tables::OUTBOX, id.as_bytes(), &write_record(&record));
        let kept = SubmissionRecord {
            submission: submission.clone(),
        };
        batch.put_pieces(tables::SUBMISSION, id.as_bytes(), &write_record(&kept));
        for (device, stream) in &sealed.streams {
            let record = write_record(&OutgoingRecord { stream: *stream });
            batch.put(tables::STREAM_OUT, device.as_bytes(), &record);
        }
        let numbered = sealed.streams.iter().map(|(device, _)| *device);
        self.note_written(batch, tables::WRITTEN, numbered, now);
        note_given(batch, sealed);
        if extends.is_some() {
            let now_addressed = submission.entries.iter();
            let now_addressed = now_addressed.filter(|one| one.entry.release == Release::Now);
            // An addendum gives no number, and is missed as any alert is.
            let devices = now_addressed.map(|one| one.entry.device);
            self.note_written(batch, tables::ADDED, devices, now);
        }
        if let Some(closed) = closed {
            let end = closed + Span::from_ms(limits::OUTBOX_GRACE_MS);
            batch.put(tables::DUE, &tables::due(end, id), &[]);
        }
        batch.put(tables::DUE, &tables::due(core.ack_due(committed), id), &[]);
        batch.put(tables::DUE, &tables::due(core.expiry(committed), id), &[]);
        if submission.entries.is_empty() {
            return Ok(());
        }
        for relay in self.relays_for(core, &submission.entries) {
            put_target(batch, &relay, id, self.counted(now));
        }
        Ok(())
    }

    /// When the last obligation of an alert ended: what is sent of it afterwards goes with it.
    fn closed_at(&self, alert: &AlertId) -> Result<Option<Timestamp>, StepError> {
        let sent: Option<OutboxRecord> = self.find_long(tables::OUTBOX, alert.as_bytes())?;
        match sent {
            Some(sent) => Ok(sent.closed),
            None => Ok(self.stand_in(alert)?.and_then(|kept| kept.closed)),
        }
    }

    /// Up to two home relays of each recipient's organisation, and this contact's own, where its
    /// other devices collect. An addendum goes where those whom it serves collect.
    pub(super) fn relays_for(&self, core: &Core, entries: &[SubmittedEntry]) -> BTreeSet<Name> {
        let own = self.roster.devices_of(&self.identity.contact).len() > 1;
        let own = own.then(|| self.identity.contact.organisation());
        let homes: BTreeSet<Name> = match core.kind {
            Kind::Addendum => {
                let served = entries.iter().map(|submitted| &submitted.entry);
                served
                    .filter_map(|entry| self.serves(core, entry))
                    .collect()
            }
            _ => {
                let recipients = core.recipients.iter().map(ContactAddress::organisation);
                recipients.chain(own).collect()
            }
        };
        homes
            .iter()
            .flat_map(|organisation| {
                self.roster
                    .home_relay_names(organisation)
                    .into_iter()
                    .take(2)
            })
            .collect()
    }

    /// At whose relays the device of an entry gets its wrap; a relay holds those of deputies beside
    /// the recipient's.
    fn serves(&self, core: &Core, entry: &Entry) -> Option<Name> {
        let contact = match entry.release {
            Release::Own => Some(core.sender.clone()),
            Release::Now if entry.asks_now() => self.roster.contact_of(&entry.device),
            Release::Now | Release::After => core.recipient(entry.recipient).cloned(),
        };
        contact.map(|contact| contact.organisation())
    }

    pub(super) fn note_lacking(
        &self,
        batch: &mut Batch,
        reach: &Reach,
        alert: &AlertId,
        now: Timestamp,
    ) {
        for device in &reach.lacking {
            let waits = (device, &reach.contact);
            self.put_lacking(batch, waits, alert, (now, self.counted(now)));
        }
    }

    /// A device waits for a wrap since then, and gets one from here when that is due.
    pub(super) fn put_lacking(
        &self,
        batch: &mut Batch,
        (device, recipient): (&DeviceId, &ContactAddress),
        alert: &AlertId,
        (since, due): (Timestamp, Timestamp),
    ) {
        let record = LackingRecord {
            recipient: recipient.clone(),
            since,
            due,
            again: false,
        };
        let key = tables::lacking(device, alert);
        batch.put(tables::LACKING, &key, &write_record(&record));
        if due > self.counted_now() {
            batch.put(tables::DUE, &tables::due(due, alert), &[]);
        }
    }

    /// Who sent an alert that this desk holds, in either direction, or of which it holds the signed
    /// part.
    pub(super) fn sender_of(&self, alert: &AlertId) -> Result<Option<ContactAddress>, StepError> {
        if self
            .find_long::<OutboxRecord>(tables::OUTBOX, alert.as_bytes())?
            .is_some()
        {
            return Ok(Some(self.identity.contact.clone()));
        }
        if let Some(received) = self.inbox_record(alert)? {
            return Ok(Some(received.core.sender.clone()));
        }
        Ok(self.signed_core(alert)?.map(|core| core.sender))
    }

    /// The content of an alert this desk sent, opened again with the key kept in the outbox.
    pub fn sent_content(&self, alert: &AlertId) -> Result<Option<Alert>, StepError> {
        use maille_common::crypto::{chunked, padding};
        let Some(record) = self.find_long::<OutboxRecord>(tables::OUTBOX, alert.as_bytes())? else {
            return Ok(None);
        };
        let kept: SubmissionRecord = self.need_long(tables::SUBMISSION, alert.as_bytes())?;
        let context = body_context(&record.core);
        let opened = chunked::open(&record.content_key, &context, &kept.submission.body).ok();
        let plain = opened
            .as_deref()
            .and_then(|padded| padding::unpad(padded).ok());
        Ok(plain.and_then(|plain| decode(plain).ok()))
    }
}

/// An envelope has to be given to a relay, from a moment of counted time on.
pub(super) fn put_target(batch: &mut Batch, relay: &Name, envelope: &AlertId, now: Timestamp) {
    let target = TargetRecord {
        relay: relay.clone(),
        accepted_by: None,
        attempts: 0,
        due: Some(now),
    };
    let key = tables::target(relay, envelope);
    batch.put(tables::TARGET, &key, &write_record(&target));
    batch.put(tables::PENDING, &tables::pending(relay, now, envelope), &[]);
}
