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
    pub(super) by: Vec<AnswerOwed>,
    /// Somebody may still acknowledge, and the answer of the first of them is due then.
    open: Option<Timestamp>,
}

/// An answer that somebody owes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AnswerOwed {
    /// Who.
    pub(super) by: ContactAddress,
    /// By when, in counted time: as `ack_within` it counts from the envelope that asked it.
    pub(super) due: Timestamp,
}

impl Unanswered {
    fn may_come(&mut self, due: Timestamp) {
        self.open = self.open.into_iter().chain([due]).min();
    }
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
        let (status, counted) = (self.status_of(alert)?, self.counted(now));
        let look_again = counted + LOOK_AGAIN;
        let mut next: Vec<_> = unanswered.open.into_iter().collect();
        next.iter_mut().for_each(|due| *due = look_again.max(*due));
        for AnswerOwed { by, due } in unanswered.by {
            if asked.told.contains(&by) {
                continue;
            }
            if due > counted {
                next.push(due);
                continue;
            }
            let recipient = by;
            let kind = EventKind::Unanswered {
                alert: *alert,
                recipient: recipient.clone(),
            };
            self.event(batch, kind, status, now)?;
            asked.told.push(recipient);
        }
        put_answer_by(batch, alert, &asked);
        if let Some(next) = next.into_iter().min() {
            batch.put(tables::ANSWER_DUE, &tables::due(next, alert), &[]);
        }
        Ok(())
    }

    /// By when an answer was asked for of whom another envelope asked at `began`, in counted time;
    /// `began` is none for whom the alert asked. None where no answer was asked for.
    pub(super) fn answer_due(
        &self,
        alert: &AlertId,
        began: Option<Timestamp>,
    ) -> Result<Option<Timestamp>, StepError> {
        let asked = self.answer_by(alert)?;
        Ok(asked.map(|asked| asked.due(began)))
    }

    /// Another envelope asks somebody about an alert: where an answer was asked for, it is due that
    /// much later.
    pub(super) fn look_for_answer(
        &self,
        batch: &mut Batch,
        alert: &AlertId,
        now: Timestamp,
    ) -> Result<(), StepError> {
        if let Some(due) = self.answer_due(alert, Some(self.counted(now)))? {
            batch.put(tables::ANSWER_DUE, &tables::due(due, alert), &[]);
        }
        Ok(())
    }

    /// Who took an alert on and owes the answer that its sender asked for.
    pub(super) fn unanswered(
        &self,
        alert: &AlertId,
        replies: &Replies,
        now: Timestamp,
    ) -> Result<Unanswered, StepError> {
        let Some(asked) = self.answer_by(alert)? else {
            return Ok(Unanswered::default());
        };
        if self.is_sent_here(alert)?
            && let Some(own) = self.own_alert(alert)?
        {
            return self.unanswered_by_them(&own, &asked, replies);
        }
        match self.inbox_record(alert)? {
            Some(record) => self.unanswered_by_us((alert, &record), &asked, replies, now),
            None => Ok(Unanswered::default()),
        }
    }

    fn unanswered_by_them(
        &self,
        own: &OwnAlert,
        asked: &AnswerBy,
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
            let due = asked.due(Some(owed.by.committed));
            if !standing.state.is_closed() {
                found.may_come(due);
            }
            if standing.stages.contains_key(&Stage::Acknowledged) && !has_replied(contact) {
                let by = contact.clone();
                found.by.push(AnswerOwed { by, due });
            }
        }
        Ok(found)
    }

    fn unanswered_by_us(
        &self,
        (alert, record): (&AlertId, &InboxRecord),
        asked: &AnswerBy,
        replies: &Replies,
        now: Timestamp,
    ) -> Result<Unanswered, StepError> {
        let mut found = Unanswered::default();
        if replies.sent.contains(&(*alert, record.core.sender.clone())) {
            return Ok(found);
        }
        let others = self.others(alert)?;
        let me = &self.identity.contact;
        let mut taken = Vec::new();
        for capacity in self.capacities(alert, record)? {
            let recipient = &capacity.recipient;
            let due = asked.due(capacity.began);
            if others.has_acknowledged_for(me, recipient) {
                taken.push(due);
            }
            let standing = self.standing_here(alert, &record.core, recipient, &others);
            let answered = matches!(capacity.stage, Stage::Acknowledged | Stage::Refused)
                || self.is_answered(recipient, &standing);
            if !answered && capacity.expires() > now {
                found.may_come(due);
            }
        }
        // Whoever it was asked for, and at whichever device, this contact took it on.
        if others.has_acknowledged(me) {
            let due = taken.into_iter().min().unwrap_or(asked.due(None));
            let by = me.clone();
            found.by = vec![AnswerOwed { by, due }];
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

impl AnswerBy {
    /// By when it is due of whom an envelope asked at `began`, or the alert itself.
    fn due(&self, began: Option<Timestamp>) -> Timestamp {
        began.unwrap_or(self.since) + self.within
    }
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
