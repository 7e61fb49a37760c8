//! A relay's answers to submissions.

use std::collections::BTreeMap;

use maille_common::address::{ContactAddress, Name};
use maille_common::envelope::Core;
use maille_common::evidence::{Accepted, Proven, SignedAccepted};
use maille_common::identifier::AlertId;
use maille_common::record::write_record;
use maille_common::terms::{AcceptReason, Outcome};
use maille_common::time::{Span, Timestamp};
use maille_durable::{Batch, CommitNumber};

use super::desk::{Desk, StepError};
use super::events::EventKind;
use super::incidents::IncidentKind;
use super::records::{AcceptedRecord, OutboxRecord, RelayRecord};
use super::tables;

/// When a recipient that a relay refused for good is tried there again: the roster may have
/// changed.
const RETRY_REFUSED: Span = Span::from_minutes(5);

impl Desk {
    /// Takes a relay's answers for an envelope. What does not verify is an incident, and counts as
    /// no answer (PROTOCOL Q6).
    pub fn answered(
        &mut self,
        relay: &Name,
        alert: &AlertId,
        answers: Vec<SignedAccepted>,
        now: Timestamp,
    ) -> Result<CommitNumber, StepError> {
        let mut batch = Batch::new();
        if let Some(heartbeat) = self.heartbeat_at(relay, alert)? {
            self.heartbeat_answered(&mut batch, (heartbeat, alert), answers, now)?;
            return self.settle(batch);
        }
        if self.is_letter_at(relay, alert)? {
            self.letter_answered(&mut batch, (relay, alert), answers, now)?;
            return self.settle(batch);
        }
        let proven = self.take_answers(&mut batch, relay, alert, answers, now)?;
        for answer in proven.values() {
            self.keep_answer(&mut batch, relay, alert, answer, now)?;
        }
        self.update_target(&mut batch, relay, alert, &proven, now)?;
        self.settle(batch)
    }

    /// Proves the answers for an envelope, and counts them.
    pub(super) fn take_answers(
        &self,
        batch: &mut Batch,
        relay: &Name,
        alert: &AlertId,
        answers: Vec<SignedAccepted>,
        now: Timestamp,
    ) -> Result<BTreeMap<ContactAddress, Proven<Accepted>>, StepError> {
        let mut proven = BTreeMap::new();
        for answer in answers {
            match self.prove_answer(relay, alert, answer) {
                Some(answer) => {
                    proven.insert(answer.statement().recipient.clone(), answer);
                }
                None => {
                    let kind = IncidentKind::RelayStatement {
                        relay: relay.clone(),
                    };
                    self.incident(batch, kind, Some(*alert), now)?;
                }
            }
        }
        self.count_answers(batch, relay, &proven)?;
        Ok(proven)
    }

    /// The answers kept for one recipient of an envelope.
    pub fn accepted_by(
        &self,
        alert: &AlertId,
        recipient: &ContactAddress,
    ) -> Result<Vec<SignedAccepted>, StepError> {
        let mut kept = Vec::new();
        for relay in &self.roster.authority().relays {
            let key = tables::accepted(alert, &relay.name, recipient);
            let record: Option<AcceptedRecord> = self.find_long(tables::ACCEPTED, &key)?;
            kept.extend(record.map(|record| record.accepted));
        }
        Ok(kept)
    }

    fn prove_answer(
        &self,
        relay: &Name,
        alert: &AlertId,
        answer: SignedAccepted,
    ) -> Option<Proven<Accepted>> {
        let proven = answer.verify(&self.roster).ok()?;
        let statement = proven.statement();
        (statement.relay == *relay && statement.alert == *alert).then_some(proven)
    }

    /// Remembers the highest number this relay has given, by which a rollback shows.
    fn count_answers(
        &self,
        batch: &mut Batch,
        relay: &Name,
        proven: &BTreeMap<ContactAddress, Proven<Accepted>>,
    ) -> Result<(), StepError> {
        let mine = proven.values().map(Proven::statement);
        let mine = mine.filter(|accepted| accepted.device == self.identity.device);
        let Some(newest) = mine.max_by_key(|accepted| accepted.number) else {
            return Ok(());
        };
        let key = tables::relay(relay);
        if let Some(mut record) = self.find::<RelayRecord>(tables::RELAY, &key)?
            && record.incarnation == newest.incarnation
        {
            record.accepted = record.accepted.max(newest.number);
            record.time = record.time.max(newest.time);
            batch.put(tables::RELAY, &key, &write_record(&record));
        }
        Ok(())
    }

    fn keep_answer(
        &self,
        batch: &mut Batch,
        relay: &Name,
        alert: &AlertId,
        answer: &Proven<Accepted>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let statement = answer.statement();
        let key = tables::accepted(alert, relay, &statement.recipient);
        let bytes = write_record(&AcceptedRecord {
            accepted: answer.signed().clone(),
        });
        if self.store.pieces(tables::ACCEPTED, &key)?.as_deref() == Some(&bytes[..]) {
            return Ok(());
        }
        batch.put_pieces(tables::ACCEPTED, &key, &bytes);
        let Some(record) = self.find_long::<OutboxRecord>(tables::OUTBOX, alert.as_bytes())? else {
            return Ok(());
        };
        let kind = EventKind::Answered {
            alert: record.extends.unwrap_or(*alert),
            relay: relay.clone(),
            recipient: statement.recipient.clone(),
            reason: statement.reason,
        };
        self.event(batch, kind, record.core.status, now)?;
        if statement.reason == AcceptReason::DeviceNotOfContact {
            self.send_to_those_left(batch, (alert, &record), &statement.recipient, now)?;
        }
        Ok(())
    }

    /// A relay is done with an envelope when it has taken it for everybody who collects there.
    fn update_target(
        &self,
        batch: &mut Batch,
        relay: &Name,
        alert: &AlertId,
        proven: &BTreeMap<ContactAddress, Proven<Accepted>>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let Some(mut target) = self.target(relay, alert)? else {
            return Ok(());
        };
        let Some(record) = self.find_long::<OutboxRecord>(tables::OUTBOX, alert.as_bytes())? else {
            return Ok(());
        };
        let core: &Core = &record.core;
        let mut waits = Vec::new();
        for recipient in core.recipients.iter() {
            match proven.get(recipient).map(Proven::statement) {
                Some(answer) if answer.outcome == Outcome::Accepted => {
                    target.accepted_by = Some(answer.incarnation);
                }
                // Nothing to bring here: it collects elsewhere, or follows by addendum.
                Some(answer) if is_settled(answer.reason) => {
                    target.accepted_by = target.accepted_by.or(Some(answer.incarnation));
                }
                Some(answer) if answer.retry_after > Span::ZERO => waits.push(answer.retry_after),
                Some(_) => waits.push(RETRY_REFUSED),
                None => waits.push(RETRY_REFUSED),
            }
        }
        let due = waits.into_iter().min().map(|wait| self.counted(now) + wait);
        if due.is_none() {
            target.attempts = 0;
        }
        self.set_due(batch, alert, &mut target, due);
        match target.accepted_by {
            Some(_) => self.forward_known(batch, relay, alert),
            None => Ok(()),
        }
    }
}

fn is_settled(reason: AcceptReason) -> bool {
    matches!(
        reason,
        AcceptReason::NotCollectedHere | AcceptReason::NoDevice
    )
}
