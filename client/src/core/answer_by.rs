//! Answers that were asked for beyond the acknowledgement: whoever took an alert on and did not
//! write back in time is told as unanswered, at both desks.

use maille_common::address::ContactAddress;
use maille_common::identifier::AlertId;
use maille_common::record::write_record;
use maille_common::terms::{AckRule, Stage};
use maille_common::time::{Span, Timestamp};
use maille_durable::{Batch, Scan};

use super::desk::{Desk, StepError};
use super::duty::Replies;
use super::events::EventKind;
use super::own::OwnAlert;
use super::records::{AnswerByRecord, InboxRecord};
use super::tables;

/// An answer that is late while nobody has acknowledged is looked at so often: it may be taken on
/// after all.
const LOOK_AGAIN: Span = Span::from_minutes(1);

/// Who owes an answer to an alert.
#[derive(Debug, Default)]
pub(super) struct Unanswered {
    /// Those who acknowledged, and from whom there is no reply.
    pub(super) by: Vec<ContactAddress>,
    /// Somebody may still acknowledge.
    open: bool,
}

impl Desk {
    /// Notes that an answer is asked for, counted from now.
    pub(super) fn note_answer_by(
        &self,
        batch: &mut Batch,
        alert: &AlertId,
        within: Option<Span>,
        now: Timestamp,
    ) {
        let Some(within) = within else { return };
        let since = self.counted(now);
        let told = Vec::new();
        put_answer_by(
            batch,
            alert,
            &AnswerBy {
                since,
                within,
                told,
            },
        );
        let due = tables::due(since + within, alert);
        batch.put(tables::ANSWER_DUE, &due, &[]);
    }

    /// Tells once of each answer that is late by now; when the next is due, in counted time.
    pub(super) fn answers_are_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StepError> {
        let counted = self.counted_now();
        let end = tables::after(&counted.unix_ms().to_be_bytes());
        let scan = Scan::range(tables::ANSWER_DUE, &[], &end, usize::MAX);
        let rows = self.store.scan(scan)?;
        if !rows.is_empty() {
            let replies = self.replies()?;
            for (key, _) in rows {
                let mut batch = Batch::new();
                batch.delete(tables::ANSWER_DUE, &key);
                if let Some(alert) = tables::alert_at_end(&key) {
                    self.answer_is_due(&mut batch, &alert, &replies, now)?;
                }
                self.settle(batch)?;
            }
        }
        let next = self.store.scan(Scan::table(tables::ANSWER_DUE, 1))?;
        Ok(next.first().and_then(|(key, _)| tables::due_time(key)))
    }

    fn answer_is_due(
        &self,
        batch: &mut Batch,
        alert: &AlertId,
        replies: &Replies,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let Some(mut asked) = self.answer_by(alert)? else {
            return Ok(());
        };
        let unanswered = self.unanswered(alert, replies, now)?;
        let status = self.status_of(alert)?;
        for recipient in unanswered.by {
            if asked.told.contains(&recipient) {
                continue;
            }
            let kind = EventKind::Unanswered {
                alert: *alert,
                recipient: recipient.clone(),
            };
            self.event(batch, kind, status, now)?;
            asked.told.push(recipient);
        }
        put_answer_by(batch, alert, &asked);
        if unanswered.open {
            let due = tables::due(self.counted(now) + LOOK_AGAIN, alert);
            batch.put(tables::ANSWER_DUE, &due, &[]);
        }
        Ok(())
    }

    /// By when an answer was asked for, in counted time; none where it was not.
    pub(super) fn answer_due(&self, alert: &AlertId) -> Result<Option<Timestamp>, StepError> {
        let asked = self.answer_by(alert)?;
        Ok(asked.map(|asked| asked.since + asked.within))
    }

    /// Who took an alert on and owes the answer that its sender asked for.
    pub(super) fn unanswered(
        &self,
        alert: &AlertId,
        replies: &Replies,
        now: Timestamp,
    ) -> Result<Unanswered, StepError> {
        if self.is_sent_here(alert)?
            && let Some(own) = self.own_alert(alert)?
        {
            return self.unanswered_by_them(&own, replies);
        }
        match self.inbox_record(alert)? {
            Some(record) => self.unanswered_by_us(alert, &record, replies, now),
            None => Ok(Unanswered::default()),
        }
    }

    fn unanswered_by_them(
        &self,
        own: &OwnAlert,
        replies: &Replies,
    ) -> Result<Unanswered, StepError> {
        let alert = &own.alert;
        let evidence = self.evidence_of(alert)?;
        let has_replied = |contact: &ContactAddress| {
            let deputies = self.roster.deputies(contact).iter();
            let deputies = deputies.map(|deputy| &deputy.contact);
            let mut who = std::iter::once(contact).chain(deputies);
            who.any(|who| replies.received.contains(&(*alert, who.clone())))
        };
        let mut found = Unanswered::default();
        // Whose acknowledgement was enough, its answer is enough as well.
        let one_is_enough = own.original.core.ack_rule == AckRule::First;
        let owed = own.owed();
        if one_is_enough && owed.iter().any(|owed| has_replied(owed.contact)) {
            return Ok(found);
        }
        for owed in owed {
            let contact = owed.contact;
            let standing = self.obligation(alert, owed).standing(&evidence);
            found.open |= !standing.state.is_closed();
            if standing.stages.contains_key(&Stage::Acknowledged) && !has_replied(contact) {
                found.by.push(contact.clone());
            }
        }
        Ok(found)
    }

    fn unanswered_by_us(
        &self,
        alert: &AlertId,
        record: &InboxRecord,
        replies: &Replies,
        now: Timestamp,
    ) -> Result<Unanswered, StepError> {
        let mut found = Unanswered::default();
        if replies.sent.contains(&(*alert, record.core.sender.clone())) {
            return Ok(found);
        }
        let expired = record.core.expiry(record.received) <= now;
        let others = self.others(alert)?;
        for capacity in self.capacities(alert, record)? {
            let recipient = &capacity.recipient;
            let standing = self.standing_here(alert, &record.core, recipient, &others);
            let answered = matches!(capacity.stage, Stage::Acknowledged | Stage::Refused)
                || self.is_answered(recipient, &standing);
            found.open |= !answered && !expired;
        }
        // Whoever it was asked for, and at whichever device, this contact took it on.
        if others.has_acknowledged(&self.identity.contact) {
            found.by = vec![self.identity.contact.clone()];
        }
        Ok(found)
    }

    fn answer_by(&self, alert: &AlertId) -> Result<Option<AnswerBy>, StepError> {
        let key = alert.as_bytes();
        let found: Option<AnswerByRecord> = self.find_long(tables::ANSWER_BY, key)?;
        Ok(found.map(|record| AnswerBy {
            since: record.since,
            within: record.within,
            told: record.told.into_vec(),
        }))
    }
}

/// An answer that was asked for.
struct AnswerBy {
    since: Timestamp,
    within: Span,
    /// Whose answer was told as late.
    told: Vec<ContactAddress>,
}

fn put_answer_by(batch: &mut Batch, alert: &AlertId, asked: &AnswerBy) {
    let told = maille_common::codec::List::new(asked.told.clone());
    let record = AnswerByRecord {
        since: asked.since,
        within: asked.within,
        told: told.expect("each recipient is told of once, and they are within their limit"),
    };
    let key = alert.as_bytes();
    batch.put_pieces(tables::ANSWER_BY, key, &write_record(&record));
}
