//! Which relay gets what, and when again.

use std::collections::BTreeSet;

use maille_common::address::Name;
use maille_common::envelope::Submission;
use maille_common::identifier::AlertId;
use maille_common::record::{read_record, write_record};
use maille_common::terms::Release;
use maille_common::time::{Span, Timestamp};
use maille_durable::{Batch, CommitNumber, Scan};

use super::compose::put_target;
use super::desk::{Desk, StepError};
use super::records::{OutboxRecord, SubmissionRecord, TargetRecord};
use super::tables;

/// The first pause before a submission is tried again; each further one doubles it.
const RETRY_FIRST: Span = Span::from_seconds(1);
/// The longest pause.
const RETRY_LONGEST: Span = Span::from_minutes(5);

impl Desk {
    /// What a relay has to be given now, oldest first, at most `limit`.
    pub fn submissions_due(
        &self,
        relay: &Name,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<AlertId>, StepError> {
        let from = tables::relay(relay);
        let to = tables::pending_until(relay, self.counted(now));
        let rows = self
            .store
            .scan(Scan::range(tables::PENDING, &from, &to, limit))?;
        Ok(rows
            .iter()
            .filter_map(|(key, _)| tables::alert_at_end(key))
            .collect())
    }

    /// When a relay has to be given something next, as the wall's clock shows it.
    pub fn next_submission(&self, relay: &Name) -> Result<Option<Timestamp>, StepError> {
        self.next_submission_besides(relay, &BTreeSet::new())
    }

    /// The same for whoever has some of it under way already. It may be a time that has passed:
    /// the clock goes on between two looks.
    pub fn next_submission_besides(
        &self,
        relay: &Name,
        under_way: &BTreeSet<AlertId>,
    ) -> Result<Option<Timestamp>, StepError> {
        let from = tables::relay(relay);
        let to = tables::after(&from);
        let limit = under_way.len() + 1;
        let rows = self
            .store
            .scan(Scan::range(tables::PENDING, &from, &to, limit))?;
        let waits =
            |key: &&[u8]| tables::alert_at_end(key).is_none_or(|alert| !under_way.contains(&alert));
        let first = rows.iter().map(|(key, _)| &key[..]).find(waits);
        let due = first.and_then(tables::pending_due);
        Ok(due.map(|due| self.as_wall_shows(due)))
    }

    /// Every relay that has to be given something, now or later.
    pub fn relays_wanted(&self) -> Result<Vec<Name>, StepError> {
        let mut wanted = Vec::new();
        for relay in &self.roster.authority().relays {
            if self.next_submission(&relay.name)?.is_some() || self.has_posts(&relay.name)? {
                wanted.push(relay.name.clone());
            }
        }
        Ok(wanted)
    }

    /// The stored bytes of an envelope, the same at every retry (I5).
    pub fn submission(&self, alert: &AlertId) -> Result<Option<Submission>, StepError> {
        let kept: Option<SubmissionRecord> =
            self.find_long(tables::SUBMISSION, alert.as_bytes())?;
        Ok(kept.map(|kept| kept.submission))
    }

    /// A submission did not come through: it is tried again after a pause, or after `wait`.
    pub fn submission_failed(
        &mut self,
        relay: &Name,
        alert: &AlertId,
        wait: Option<Span>,
        now: Timestamp,
    ) -> Result<CommitNumber, StepError> {
        let mut batch = Batch::new();
        let heartbeat = self.heartbeat_at(relay, alert)?;
        if let (Some(heartbeat), Some(wait)) = (heartbeat, wait) {
            self.heartbeat_refused(&mut batch, (heartbeat, alert), wait, now)?;
        } else if wait.is_some() && self.is_letter_at(relay, alert)? {
            // The round ends by itself, and another one is begun.
            self.drop_letter(&mut batch, relay, alert)?;
        } else if let Some(mut target) = self.target(relay, alert)? {
            target.attempts = target.attempts.saturating_add(1);
            let pause = wait.unwrap_or_else(|| pause_after(target.attempts));
            self.set_due(
                &mut batch,
                alert,
                &mut target,
                Some(self.counted(now) + pause),
            );
        }
        self.settle(batch)
    }

    /// How many answers of a relay may be on their way: one per recipient of what is pending there.
    pub(super) fn answers_awaited(&self, relay: &Name) -> Result<u64, StepError> {
        let mut awaited = 0u64;
        for key in self.keys_of(tables::PENDING, &tables::relay(relay))? {
            let Some(alert) = tables::alert_at_end(&key) else {
                continue;
            };
            let record: Option<OutboxRecord> = self.find_long(tables::OUTBOX, alert.as_bytes())?;
            // What carries no obligation stands in no outbox, and has one recipient.
            let recipients = record.map_or(1, |record| record.core.recipients.len());
            awaited = awaited.saturating_add(u64::try_from(recipients).unwrap_or(u64::MAX));
        }
        Ok(awaited)
    }

    pub(super) fn target(
        &self,
        relay: &Name,
        alert: &AlertId,
    ) -> Result<Option<TargetRecord>, StepError> {
        self.find(tables::TARGET, &tables::target(relay, alert))
    }

    /// Moves a target in the list of what is pending, and stores it. `due` is in counted time:
    /// nobody who sets a clock holds an alert back.
    pub(super) fn set_due(
        &self,
        batch: &mut Batch,
        alert: &AlertId,
        target: &mut TargetRecord,
        due: Option<Timestamp>,
    ) {
        if let Some(old) = target.due {
            batch.delete(tables::PENDING, &tables::pending(&target.relay, old, alert));
        }
        if let Some(new) = due {
            batch.put(
                tables::PENDING,
                &tables::pending(&target.relay, new, alert),
                &[],
            );
        }
        target.due = due;
        batch.put(
            tables::TARGET,
            &tables::target(&target.relay, alert),
            &write_record(target),
        );
    }

    /// A relay has to be given nothing of an envelope any more.
    pub(super) fn drop_target(
        &self,
        batch: &mut Batch,
        relay: &Name,
        envelope: &AlertId,
    ) -> Result<(), StepError> {
        if let Some(target) = self.target(relay, envelope)? {
            if let Some(due) = target.due {
                batch.delete(tables::PENDING, &tables::pending(relay, due, envelope));
            }
            batch.delete(tables::TARGET, &tables::target(relay, envelope));
        }
        Ok(())
    }

    /// A relay began a new incarnation: it gets every envelope that has an open obligation or an
    /// unanswered device again (I2).
    pub(super) fn resubmit_all(
        &self,
        batch: &mut Batch,
        relay: &Name,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let from = tables::relay(relay);
        let end = tables::after(&from);
        for (key, bytes) in self
            .store
            .scan(Scan::range(tables::TARGET, &from, &end, usize::MAX))?
        {
            let Some(alert) = tables::alert_at_end(&key) else {
                continue;
            };
            let mut target: TargetRecord = read_record(&bytes)?;
            if target.accepted_by.is_none() || !self.is_wanted(&alert)? {
                continue;
            }
            target.accepted_by = None;
            target.attempts = 0;
            self.set_due(batch, &alert, &mut target, Some(self.counted(now)));
        }
        Ok(())
    }

    /// Recipients collect elsewhere by another roster: what they have not answered goes there as
    /// well.
    pub(super) fn look_for_new_homes(&self, now: Timestamp) -> Result<(), StepError> {
        let mut batch = Batch::new();
        for key in self.pieced_keys(tables::OUTBOX)? {
            let Some(envelope) = tables::alert_at_end(&key) else {
                continue;
            };
            let record: OutboxRecord = self.need_long(tables::OUTBOX, &key)?;
            if record.addressed.is_empty() || !self.is_wanted(&envelope)? {
                continue;
            }
            // Of one that was forgotten there is nothing left to bring.
            let Some(submission) = self.submission(&envelope)? else {
                continue;
            };
            for relay in self.relays_for(&record.core, &submission.entries) {
                if self.target(&relay, &envelope)?.is_none() {
                    put_target(&mut batch, &relay, &envelope, self.counted(now));
                }
            }
        }
        self.settle(batch)?;
        Ok(())
    }

    /// Whether an envelope still has an open obligation or a device that has answered nothing.
    fn is_wanted(&self, envelope: &AlertId) -> Result<bool, StepError> {
        let Some(record) = self.find_long::<OutboxRecord>(tables::OUTBOX, envelope.as_bytes())?
        else {
            return Ok(false);
        };
        let alert = record.extends.unwrap_or(*envelope);
        if record.closed.is_none() {
            return Ok(true);
        }
        let answered = self.answered_devices(&alert)?;
        let of_these = record.addressed.iter();
        // A wrap that was held back has no answer, and needs none once the obligations have ended.
        let mut asked = of_these.filter(|(_, _, release, _)| *release != Release::After);
        Ok(asked.any(|(device, ..)| !answered.contains(device)))
    }
}

fn pause_after(attempts: u32) -> Span {
    let doubled = RETRY_FIRST.times(1u64.checked_shl(attempts.min(16)).unwrap_or(u64::MAX));
    doubled.min(RETRY_LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_minutes() {
        assert_eq!(pause_after(0), Span::from_seconds(1));
        assert_eq!(pause_after(3), Span::from_seconds(8));
        assert_eq!(pause_after(200), RETRY_LONGEST);
    }
}
