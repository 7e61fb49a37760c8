//! What this contact has sent, from whichever of its devices: the alert, and what extends it.
//!
//! The device that sent an envelope has it in its outbox. The others hold a copy in their inbox,
//! and of an addendum its signed part.

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::check::Check;
use maille_common::codec::Exact;
use maille_common::crypto::chunked::ContentKey;
use maille_common::envelope::{Core, Env, OpenedAlert, Original, SignedEnvelope};
use maille_common::evidence::Obligation;
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::record::write_record;
use maille_common::terms::{Kind, Release};
use maille_common::time::Timestamp;
use maille_durable::Batch;

use super::desk::{Desk, StepError};
use super::records::{DeliveryRecord, EnvelopeRecord, InboxRecord, OutboxRecord, SubmissionRecord};
use super::retention::is_no_key;
use super::stand_in::Turn;
use super::tables;

/// An alert that this contact sent, with the addenda to it that are known here.
#[derive(Debug)]
pub(super) struct OwnAlert {
    /// The alert.
    pub(super) alert: AlertId,
    /// Its own envelope; none where only an addendum to it was sent from here.
    pub(super) original: OwnEnvelope,
    /// Oldest first.
    pub(super) addenda: Vec<OwnEnvelope>,
}

/// An envelope of this contact.
#[derive(Debug)]
pub(super) struct OwnEnvelope {
    /// The envelope.
    pub(super) id: AlertId,
    /// Its plain part.
    pub(super) core: Core,
    /// When it was committed, in counted time; of another device's, when its copy came.
    pub(super) committed: Timestamp,
    /// The devices it addressed, as far as that is known here.
    pub(super) addressed: Vec<Addressed>,
    /// Those are all.
    pub(super) is_whole: bool,
    /// This device sent it, and looks after its deadlines.
    pub(super) is_sent_here: bool,
    /// When this device does what has to be done about it.
    pub(super) turn: Turn,
    /// It was told as overdue.
    pub(super) overdue_told: bool,
    /// When its last obligation ended.
    pub(super) closed: Option<Timestamp>,
    /// The caller's reference.
    pub(super) reference: Option<String>,
}

/// A device that an envelope addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Addressed {
    /// The device.
    pub(super) device: DeviceId,
    /// Whom it serves, by its place among the recipients.
    pub(super) recipient: u16,
    /// When it gets the wrap.
    pub(super) release: Release,
    /// As which deputy, from 1; 0 for the recipient's own devices.
    pub(super) step: u8,
}

/// Who owes an answer, by the envelope that named it first: its deadlines count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owed<'a> {
    /// The recipient.
    pub(super) contact: &'a ContactAddress,
    /// The alert, or an addendum.
    pub(super) by: &'a OwnEnvelope,
}

/// What an addendum needs of the envelope that it extends.
#[derive(Debug)]
pub(super) struct Extendable {
    /// Its plain part.
    pub(super) core: Core,
    /// Its signed part.
    pub(super) original: Original,
    /// Its sealed body.
    pub(super) body: Vec<u8>,
    /// The key of the body.
    pub(super) content_key: ContentKey,
}

impl OwnAlert {
    /// Everybody who owes an answer: the recipients of the alert, then those who were added.
    pub(super) fn owed(&self) -> Vec<Owed<'_>> {
        let mut owed: Vec<Owed<'_>> = Vec::new();
        for by in self.envelopes() {
            for contact in by.core.recipients.iter() {
                if owed.iter().all(|known| known.contact != contact) {
                    owed.push(Owed { contact, by });
                }
            }
        }
        owed
    }

    /// The alert and its addenda.
    pub(super) fn envelopes(&self) -> impl Iterator<Item = &OwnEnvelope> {
        std::iter::once(&self.original).chain(&self.addenda)
    }

    /// The alert, or that addendum to it.
    pub(super) fn envelope(&self, id: &AlertId) -> Option<&OwnEnvelope> {
        self.envelopes().find(|envelope| envelope.id == *id)
    }

    /// The envelope that gave a device its wrap last: whoever sent that answers for it.
    pub(super) fn newest_to(&self, device: &DeviceId) -> Option<&OwnEnvelope> {
        let to = |envelope: &&OwnEnvelope| envelope.gave_wrap_to(device);
        let newest = self.addenda.iter().rev().find(to);
        newest.or_else(|| Some(&self.original).filter(to))
    }

    /// Who owes an answer of that contact.
    pub(super) fn owed_by(&self, contact: &ContactAddress) -> Option<Owed<'_>> {
        self.owed().into_iter().find(|owed| owed.contact == contact)
    }
}

impl OwnEnvelope {
    /// The devices of a recipient that it addressed at once.
    pub(super) fn devices_of(&self, contact: &ContactAddress) -> impl Iterator<Item = DeviceId> {
        let of_recipient = self.serving(contact);
        let own = of_recipient
            .filter(|addressed| addressed.release == Release::Now && addressed.step == 0);
        own.map(|addressed| addressed.device)
    }

    /// The deputies' devices whose wraps a relay holds back, each with its step.
    pub(super) fn deputies_of(
        &self,
        contact: &ContactAddress,
    ) -> impl Iterator<Item = (DeviceId, u8)> {
        let of_recipient = self.serving(contact);
        let held = of_recipient.filter(|addressed| addressed.release == Release::After);
        held.map(|addressed| (addressed.device, addressed.step))
    }

    /// The deputies' devices that it asks at once, each with its step.
    pub(super) fn asked_for(
        &self,
        contact: &ContactAddress,
    ) -> impl Iterator<Item = (DeviceId, u8)> {
        let of_recipient = self.serving(contact);
        let asked = of_recipient
            .filter(|addressed| addressed.release == Release::Now && addressed.step > 0);
        asked.map(|addressed| (addressed.device, addressed.step))
    }

    /// The alert that it is, or extends.
    pub(super) fn alert(&self) -> AlertId {
        match self.core.kind {
            Kind::Addendum => self.core.reference,
            _ => self.id,
        }
    }

    /// Whether it gave a device a wrap at once, as far as that is known here.
    fn gave_wrap_to(&self, device: &DeviceId) -> bool {
        let mut addressed = self.addressed.iter();
        addressed.any(|one| one.device == *device && one.release != Release::After)
    }

    /// Whether it is an update or cancel.
    pub(super) fn is_amendment(&self) -> bool {
        matches!(self.core.kind, Kind::Update | Kind::Cancel)
    }

    fn serving(&self, contact: &ContactAddress) -> impl Iterator<Item = &Addressed> {
        let index = self.core.recipient_index(contact);
        let addressed = self.addressed.iter();
        addressed.filter(move |addressed| Some(addressed.recipient) == index)
    }
}

impl Desk {
    /// An alert of this contact, by its id or that of an addendum to it.
    pub(super) fn own_alert(&self, alert: &AlertId) -> Result<Option<OwnAlert>, StepError> {
        let Some(found) = self.own_envelope(alert)? else {
            return Ok(None);
        };
        let original = match found.core.kind {
            Kind::Heartbeat => return Ok(None),
            Kind::Addendum => match self.own_envelope(&found.core.reference)? {
                Some(original) => original,
                None => return Ok(None),
            },
            _ => found,
        };
        let mut addenda = Vec::new();
        for addendum in self.addenda_of(&original.id)? {
            addenda.extend(self.own_envelope(&addendum)?);
        }
        addenda.sort_by_key(|addendum| (addendum.committed, addendum.id));
        Ok(Some(OwnAlert {
            alert: original.id,
            original,
            addenda,
        }))
    }

    /// What this contact has sent that is known here, addenda with their alerts.
    pub(super) fn own_alerts(&self) -> Result<Vec<OwnAlert>, StepError> {
        let mut own = Vec::new();
        for key in self.pieced_keys(tables::OUTBOX)? {
            let Some(id) = tables::alert_at_end(&key) else {
                continue;
            };
            let record: OutboxRecord = self.need_long(tables::OUTBOX, &key)?;
            if record.extends.is_none() {
                own.extend(self.own_alert(&id)?);
            }
        }
        for (id, record) in self.inbox_records()? {
            let sent_here = own.iter().any(|known: &OwnAlert| known.alert == id);
            if record.core.sender == self.identity.contact && !sent_here {
                own.extend(self.own_alert(&id)?);
            }
        }
        Ok(own)
    }

    fn own_envelope(&self, id: &AlertId) -> Result<Option<OwnEnvelope>, StepError> {
        let key = id.as_bytes();
        if let Some(record) = self.find_long::<OutboxRecord>(tables::OUTBOX, key)? {
            return Ok(Some(sent_here(*id, record)));
        }
        let me = &self.identity.contact;
        let copy = self.inbox_record(id)?;
        if let Some(record) = copy.filter(|record| record.core.sender == *me) {
            return Ok(Some(self.of_another_device(*id, &record.core)?));
        }
        let kept: Option<EnvelopeRecord> = self.find_long(tables::ENVELOPE, key)?;
        let kept = kept.map(|kept| kept.envelope);
        match kept.filter(|kept| kept.core().sender == *me) {
            Some(kept) => Ok(Some(self.of_another_device(*id, kept.core())?)),
            None => Ok(None),
        }
    }

    fn of_another_device(&self, id: AlertId, core: &Core) -> Result<OwnEnvelope, StepError> {
        let kept = self.stand_in_or_none(&id, core)?;
        let addressed = kept.addressed.iter().flat_map(|all| all.iter());
        Ok(OwnEnvelope {
            id,
            core: core.clone(),
            committed: kept.began,
            addressed: addressed.map(of_record).collect(),
            is_whole: kept.addressed.is_some(),
            is_sent_here: false,
            turn: self.turn(&core.device, kept.since),
            overdue_told: kept.overdue_told,
            closed: kept.closed,
            reference: None,
        })
    }

    /// Whether an envelope stands in the outbox of this device.
    pub(super) fn is_sent_here(&self, id: &AlertId) -> Result<bool, StepError> {
        Ok(self.store.pieces(tables::OUTBOX, id.as_bytes())?.is_some())
    }

    /// Another device of this contact has extended an alert: who was added, and who was asked.
    pub(super) fn note_extension(
        &self,
        batch: &mut Batch,
        opened: &OpenedAlert,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let envelope = opened.envelope();
        if envelope.core().kind != Kind::Addendum {
            return Ok(());
        }
        let (alert, addendum) = (opened.id(), envelope.id());
        let record = EnvelopeRecord {
            envelope: SignedEnvelope::of_delivery(envelope.delivery()),
        };
        let bytes = write_record(&record);
        batch.put_pieces(tables::ENVELOPE, addendum.as_bytes(), &bytes);
        batch.put(tables::EXTENDS, &tables::extends(&alert, &addendum), &[]);
        // Whom a colleague has given it to waits for it here no more.
        for entry in record.envelope.entries.iter() {
            let device = &entry.device;
            match envelope.core().recipient(entry.recipient) {
                Some(principal) if entry.asks_now() => {
                    let key = tables::asked_deputy(device, &alert, principal);
                    batch.delete(tables::ASKED_DEPUTY, &key);
                }
                _ if entry.release == Release::After => {}
                _ => {
                    batch.delete(tables::LACKING, &tables::lacking(device, &alert));
                }
            }
        }
        self.look_for_answer(batch, &alert, now)
    }

    /// What somebody owes, as the evidence is asked about it.
    pub(super) fn obligation(&self, alert: &AlertId, owed: Owed<'_>) -> Obligation {
        Obligation {
            alert: *alert,
            recipient: owed.contact.clone(),
            addressed: owed.by.devices_of(owed.contact).collect(),
            ack_rule: owed.by.core.ack_rule,
            system_acknowledges: self.roster.system_acknowledges(owed.contact),
        }
    }

    /// What an addendum to an envelope is made of; none where its content is not held any more.
    pub(super) fn extendable(&self, alert: &AlertId) -> Result<Option<Extendable>, StepError> {
        let key = alert.as_bytes();
        if let Some(record) = self.find_long::<OutboxRecord>(tables::OUTBOX, key)? {
            let kept: Option<SubmissionRecord> = self.find_long(tables::SUBMISSION, key)?;
            return Ok(kept.map(|kept| Extendable {
                core: record.core.value().clone(),
                original: Original {
                    env: kept.submission.env,
                    signatures: kept.submission.signatures,
                },
                body: kept.submission.body.into_vec(),
                content_key: record.content_key.duplicate(),
            }));
        }
        let copy = self.inbox_record(alert)?;
        let Some(record) = copy.filter(|_| Check::E19.stands()) else {
            return Ok(None);
        };
        let kept: Option<DeliveryRecord> = self.find_long(tables::DELIVERY, key)?;
        Ok(kept.and_then(|kept| of_copy(&record, kept)))
    }
}

fn sent_here(id: AlertId, record: OutboxRecord) -> OwnEnvelope {
    OwnEnvelope {
        id,
        core: record.core.value().clone(),
        committed: record.committed,
        addressed: record.addressed.iter().map(of_record).collect(),
        is_whole: true,
        is_sent_here: true,
        turn: Turn::SENDING,
        overdue_told: record.overdue_told,
        closed: record.closed,
        reference: record.reference.map(|given| given.as_str().to_owned()),
    }
}

fn of_record(addressed: &(DeviceId, u16, Release, u8)) -> Addressed {
    let (device, recipient, release, step) = *addressed;
    Addressed {
        device,
        recipient,
        release,
        step,
    }
}

fn of_copy(record: &InboxRecord, kept: DeliveryRecord) -> Option<Extendable> {
    if is_no_key(&record.content_key) {
        return None;
    }
    let delivery = kept.delivery;
    let original = delivery.original.unwrap_or(Original {
        env: delivery.env,
        signatures: delivery.signatures,
    });
    let env: &Exact<Env, { limits::ENV_BYTES_MAX }> = &original.env;
    Some(Extendable {
        core: env.core.value().clone(),
        body: delivery.body.into_vec(),
        content_key: record.content_key.duplicate(),
        original,
    })
}
