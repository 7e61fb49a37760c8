//! Where each obligation stands: computed from evidence at each look, never stored as a state (I6).

use std::collections::{BTreeMap, BTreeSet};

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::codec::coded;
use maille_common::envelope::Core;
use maille_common::evidence::{
    Evidence, Note, ObligationState, SignedAccepted, SignedExpiry, SignedNotice, SignedReceipt,
    Standing,
};
use maille_common::identifier::AlertId;
use maille_common::record::write_record;
use maille_common::terms::{Kind, Status, Urgency};
use maille_common::time::{Span, Timestamp};
use maille_durable::Batch;

use super::amend::Amendment;
use super::desk::{Desk, StepError};
use super::events::EventKind;
use super::order::Reach;
use super::own::{Owed, OwnAlert};
use super::records::{EvidenceRecord, LackingRecord, OutboxRecord};
use super::refusals::Refusal;
use super::stand_in::StandInRecord;
use super::tables;

coded! {
    /// An obligation's state, as events store it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct CodedState(u8);
}

/// One line of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// The alert.
    pub id: AlertId,
    /// What it is.
    pub kind: Kind,
    /// Real, a drill, or a test.
    pub status: Status,
    /// How soon somebody has to act.
    pub urgency: Urgency,
    /// When it was committed here, by the wall's clock as it was then.
    pub committed: Timestamp,
    /// The caller's reference.
    pub reference: Option<String>,
    /// Each recipient's state.
    pub states: BTreeMap<ContactAddress, ObligationState>,
    /// Nobody acknowledged in time, and it is still open with somebody.
    pub overdue: bool,
}

/// The whole story of one alert this contact sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// Its line of the outbox.
    pub entry: OutboxEntry,
    /// The plain part of its envelope.
    pub core: Core,
    /// Each recipient.
    pub recipients: Vec<TrackedRecipient>,
    /// What took it back.
    pub cancels: Vec<TrackedCancel>,
    /// What was said about it since: updates, and what took it back.
    pub amendments: Vec<Amendment>,
    /// Another device of this contact sent it: what is told is what came here.
    pub is_copy: bool,
}

/// A cancel of an alert, which its sender signed like an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackedCancel {
    /// The cancel.
    pub id: AlertId,
    /// The device that signed it.
    pub device: DeviceId,
    /// By that device's clock.
    pub time: Timestamp,
}

/// One recipient's part in the story, with every proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackedRecipient {
    /// The recipient.
    pub contact: ContactAddress,
    /// The addendum that added it; none for whom the alert itself names.
    pub added_by: Option<AlertId>,
    /// Where the obligation stands.
    pub standing: Standing,
    /// When it has to be acknowledged.
    pub ack_due: Timestamp,
    /// When it expires.
    pub expires: Timestamp,
    /// Overdue now, by this desk's clock.
    pub overdue: bool,
    /// The machine was started anew since the alert was sent, and how long that took is known by a
    /// clock alone that may have been set.
    pub uncertain: bool,
    /// What relays answered.
    pub accepted: Vec<SignedAccepted>,
    /// Receipts with their notes, where this device can read them.
    pub receipts: Vec<(SignedReceipt, Option<Note>)>,
    /// What this contact's own clock ended.
    pub expiries: Vec<SignedExpiry>,
    /// What relays told.
    pub notices: Vec<SignedNotice>,
    /// Which devices have a wrap, and which follow when their keys appear.
    pub reach: Reach,
    /// Who is asked in its place, step by step, by the roster in use.
    pub deputies: Vec<ContactAddress>,
    /// Its telephones.
    pub telephones: Vec<String>,
    /// The languages spoken there, the preferred one first.
    pub languages: Vec<String>,
    /// Who does not take it, and why, as far as something can still be done about it.
    pub refusals: Vec<Refusal>,
}

/// Where the obligations of an alert stand, and the evidence for it, which is proven once for what
/// is asked of both.
#[derive(Debug, Default)]
pub(super) struct Stood {
    pub(super) evidence: Vec<Evidence>,
    pub(super) states: BTreeMap<ContactAddress, ObligationState>,
}

impl CodedState {
    /// The state.
    pub fn state(self) -> ObligationState {
        STATES
            .get(usize::from(self.0))
            .copied()
            .unwrap_or(ObligationState::Open)
    }
}

impl From<ObligationState> for CodedState {
    fn from(state: ObligationState) -> Self {
        let place = STATES
            .iter()
            .position(|known| *known == state)
            .unwrap_or_default();
        Self(u8::try_from(place).unwrap_or_default())
    }
}

/// The states in the order of their stored codes.
const STATES: [ObligationState; 5] = [
    ObligationState::Open,
    ObligationState::Expired,
    ObligationState::Cancelled,
    ObligationState::Refused,
    ObligationState::Acknowledged,
];

impl Desk {
    /// What this contact has sent from this device, oldest first. Addenda stand with their alerts.
    pub fn outbox(&self) -> Result<Vec<OutboxEntry>, StepError> {
        let mut entries = Vec::new();
        for key in self.pieced_keys(tables::OUTBOX)? {
            let Some(id) = tables::alert_at_end(&key) else {
                continue;
            };
            let record: OutboxRecord = self.need_long(tables::OUTBOX, &key)?;
            if record.extends.is_none()
                && let Some(own) = self.own_alert(&id)?
            {
                let stood = self.stood_by(&own)?;
                entries.push(self.outbox_entry(&own, stood.states));
            }
        }
        entries.sort_by_key(|entry| (entry.committed, entry.id));
        Ok(entries)
    }

    /// The whole story of an alert that this contact sent, by what of it is known here.
    pub fn track(&self, alert: &AlertId, now: Timestamp) -> Result<Option<Track>, StepError> {
        let Some(own) = self.own_alert(alert)? else {
            return Ok(None);
        };
        let Stood { evidence, states } = self.stood_by(&own)?;
        let kept = self.evidence_records(&own.alert)?;
        let mut recipients = Vec::new();
        for (owed, reach) in own.owed().into_iter().zip(self.reach_of(&own.alert)?) {
            let standing = self.obligation(&own.alert, owed).standing(&evidence);
            recipients.push(self.tracked(&own, (owed, reach), standing, &kept, now)?);
        }
        Ok(Some(Track {
            entry: self.outbox_entry(&own, states),
            recipients,
            cancels: self.cancels_of(&kept)?,
            amendments: self.amendments(&own.alert)?,
            is_copy: !own.original.is_sent_here,
            core: own.original.core,
        }))
    }

    fn cancels_of(&self, kept: &[EvidenceRecord]) -> Result<Vec<TrackedCancel>, StepError> {
        let mut cancels = Vec::new();
        for piece in kept {
            let EvidenceRecord::Cancel { id, time } = *piece else {
                continue;
            };
            let device = self.known_core(&id)?.map(|core| core.device);
            cancels.extend(device.map(|device| TrackedCancel { id, device, time }));
        }
        Ok(cancels)
    }

    /// Which devices of each recipient have a wrap, by the envelope and its addenda, in the order
    /// of who owes an answer.
    pub(super) fn reach_of(&self, alert: &AlertId) -> Result<Vec<Reach>, StepError> {
        let Some(own) = self.own_alert(alert)? else {
            return Ok(Vec::new());
        };
        let mut reaches = Vec::new();
        for Owed { contact, .. } in own.owed() {
            let devices = own
                .envelopes()
                .flat_map(|envelope| envelope.devices_of(contact));
            let addressed: BTreeSet<DeviceId> = devices.collect();
            reaches.push(Reach {
                contact: contact.clone(),
                addressed: addressed.into_iter().collect(),
                lacking: self.lacking_of(alert, contact)?,
                old_key: false,
            });
        }
        Ok(reaches)
    }

    fn lacking_of(
        &self,
        alert: &AlertId,
        contact: &ContactAddress,
    ) -> Result<Vec<DeviceId>, StepError> {
        let mut lacking = Vec::new();
        for device in self.roster.devices_of(contact) {
            let key = tables::lacking(&device, alert);
            if self.find::<LackingRecord>(tables::LACKING, &key)?.is_some() {
                lacking.push(device);
            }
        }
        Ok(lacking)
    }

    fn outbox_entry(
        &self,
        own: &OwnAlert,
        states: BTreeMap<ContactAddress, ObligationState>,
    ) -> OutboxEntry {
        let core: &Core = &own.original.core;
        let now = self.counted_now();
        let is_late = |owed: &Owed<'_>| {
            let open = states
                .get(owed.contact)
                .is_some_and(|state| !state.is_closed());
            open && now >= owed.by.core.ack_due(owed.by.committed)
        };
        let overdue = own.owed().iter().any(is_late);
        OutboxEntry {
            id: own.alert,
            kind: core.kind,
            status: core.status,
            urgency: core.urgency,
            committed: core.created,
            reference: own.original.reference.clone(),
            states,
            overdue,
        }
    }

    fn tracked(
        &self,
        own: &OwnAlert,
        (owed, reach): (Owed<'_>, Reach),
        standing: Standing,
        kept: &[EvidenceRecord],
        now: Timestamp,
    ) -> Result<TrackedRecipient, StepError> {
        let contact = reach.contact.clone();
        let committed = owed.by.committed;
        let ack_due = owed.by.core.ack_due(committed);
        let expires = owed.by.core.expiry(committed);
        let mut accepted = Vec::new();
        for envelope in own.envelopes() {
            accepted.extend(self.accepted_by(&envelope.id, &contact)?);
        }
        let (telephones, languages) = self.reached_by(&contact);
        let refusals = self.refusals_of((&own.alert, &contact), &standing, kept)?;
        let mut tracked = TrackedRecipient {
            telephones,
            languages,
            overdue: !standing.state.is_closed() && self.counted(now) >= ack_due,
            contact,
            added_by: (owed.by.id != own.alert).then_some(owed.by.id),
            standing,
            uncertain: self.is_uncertain(committed),
            ack_due: self.as_wall_shows(ack_due),
            expires: self.as_wall_shows(expires),
            accepted,
            receipts: Vec::new(),
            expiries: Vec::new(),
            notices: Vec::new(),
            deputies: self.deputies_of(&reach.contact),
            refusals,
            reach,
        };
        for piece in kept {
            self.sort_in(&mut tracked, piece);
        }
        tracked
            .receipts
            .sort_by_key(|(receipt, _)| receipt.statement.time);
        Ok(tracked)
    }

    fn deputies_of(&self, contact: &ContactAddress) -> Vec<ContactAddress> {
        let deputies = self.roster.deputies(contact).iter();
        deputies.map(|deputy| deputy.contact.clone()).collect()
    }

    fn sort_in(&self, tracked: &mut TrackedRecipient, piece: &EvidenceRecord) {
        match piece {
            EvidenceRecord::Receipt { receipt, note, .. }
                if receipt.statement.recipient == tracked.contact =>
            {
                let note = note
                    .as_ref()
                    .and_then(|note| self.note_of(&receipt.statement, note));
                tracked.receipts.push((receipt.clone(), note));
            }
            EvidenceRecord::Expiry { expiry } if expiry.statement.recipient == tracked.contact => {
                tracked.expiries.push(expiry.clone());
            }
            EvidenceRecord::Notice { notice, .. }
                if notice.statement.recipient == tracked.contact =>
            {
                tracked.notices.push(notice.clone());
            }
            _ => {}
        }
    }

    /// Each recipient's state by the evidence kept.
    pub(super) fn states_of(
        &self,
        alert: &AlertId,
    ) -> Result<BTreeMap<ContactAddress, ObligationState>, StepError> {
        Ok(self.stood(alert)?.states)
    }

    /// Where the obligations of an alert stand, and by what.
    pub(super) fn stood(&self, alert: &AlertId) -> Result<Stood, StepError> {
        match self.own_alert(alert)? {
            Some(own) => self.stood_by(&own),
            None => Ok(Stood::default()),
        }
    }

    fn stood_by(&self, own: &OwnAlert) -> Result<Stood, StepError> {
        let evidence = self.evidence_of(&own.alert)?;
        let states = self.states_by(own, &evidence);
        Ok(Stood { evidence, states })
    }

    fn states_by(
        &self,
        own: &OwnAlert,
        evidence: &[Evidence],
    ) -> BTreeMap<ContactAddress, ObligationState> {
        let state = |owed: Owed<'_>| {
            let obligation = self.obligation(&own.alert, owed);
            (owed.contact.clone(), obligation.standing(evidence).state)
        };
        own.owed().into_iter().map(state).collect()
    }

    /// Tells every obligation that climbed, and closes the outbox entry when the last one ended.
    pub(super) fn tell_changes(
        &self,
        batch: &mut Batch,
        alert: &AlertId,
        before: Stood,
        added: &[Evidence],
        status: Status,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let Some(own) = self.own_alert(alert)? else {
            return Ok(());
        };
        let mut evidence = before.evidence;
        evidence.extend_from_slice(added);
        let after = self.states_by(&own, &evidence);
        for (recipient, state) in &after {
            if before.states.get(recipient) != Some(state) {
                let (alert, recipient) = (*alert, recipient.clone());
                let kind = EventKind::State {
                    alert,
                    recipient,
                    state: (*state).into(),
                };
                self.event(batch, kind, status, now)?;
            }
        }
        self.close(batch, &own, &after, now)
    }

    /// All obligations ended of those to whom this device sent something: its outbox keeps its
    /// copies 14 days more (I2). Of what a colleague sent nothing is left to do then.
    fn close(
        &self,
        batch: &mut Batch,
        own: &OwnAlert,
        states: &BTreeMap<ContactAddress, ObligationState>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let now = self.counted(now);
        let is_over =
            |contact: &ContactAddress| states.get(contact).is_some_and(|state| state.is_closed());
        let all_over = states.values().all(|state| state.is_closed());
        for envelope in own.envelopes().filter(|_| all_over) {
            if !envelope.is_sent_here && envelope.closed.is_none() {
                self.change_stand_in(batch, &envelope.id, |record| StandInRecord {
                    closed: Some(now),
                    ..record
                })?;
            }
        }
        let mine = || own.envelopes().filter(|envelope| envelope.is_sent_here);
        let mut served = mine().flat_map(|envelope| envelope.core.recipients.iter());
        if !served.all(is_over) {
            return Ok(());
        }
        for envelope in mine() {
            let key = envelope.id.as_bytes();
            let mut record: OutboxRecord = self.need_long(tables::OUTBOX, key)?;
            if record.closed.is_some() {
                continue;
            }
            record.closed = Some(now);
            batch.put_pieces(tables::OUTBOX, key, &write_record(&record));
            let end = now + Span::from_ms(maille_common::limits::OUTBOX_GRACE_MS);
            batch.put(tables::DUE, &tables::due(end, &envelope.id), &[]);
        }
        Ok(())
    }
}
