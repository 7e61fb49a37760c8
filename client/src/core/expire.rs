//! Deadlines by the desk's own clock: it alarms even when every relay is silent (I4, I6).

use maille_common::evidence::ObligationState;
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::record::write_record;
use maille_common::time::{Reading, Span, Timestamp};
use maille_durable::{Batch, CommitNumber, Scan};

use super::desk::{Desk, StepError};
use super::events::EventKind;
use super::own::{Owed, OwnAlert};
use super::records::OutboxRecord;
use super::tables;

impl Desk {
    /// Does what is due at `now`: overdue is told once per obligation, in both directions, expiry
    /// is signed, an answer that was asked for is told as late, what ended 14 days ago leaves the
    /// outbox, and what others overtook is looked for.
    ///
    /// Returns how long until something is due again; without anything due, look within a minute.
    pub fn tick(&mut self, reading: Reading) -> Result<(CommitNumber, Option<Span>), StepError> {
        self.look_at_clocks(reading);
        self.keep_count()?;
        let (now, counted) = (reading.wall, self.counted_now());
        let end = tables::after(&counted.unix_ms().to_be_bytes());
        let rows = self
            .store
            .scan(Scan::range(tables::DUE, &[], &end, usize::MAX))?;
        for (key, _) in rows {
            let Some(alert) = tables::alert_at_end(&key) else {
                continue;
            };
            let mut batch = Batch::new();
            batch.delete(tables::DUE, &key);
            self.alert_is_due(&mut batch, &alert, now)?;
            self.settle(batch)?;
        }
        let next_owed = self.owed_is_due(now)?;
        let next_answer = self.answers_are_due(now)?;
        self.judge_held(now)?;
        let mut batch = Batch::new();
        batch.urgent();
        self.look_for_missing(&mut batch, now)?;
        self.settle(batch)?;
        let next = self.store.scan(Scan::table(tables::DUE, 1))?;
        let next = next.first().and_then(|(key, _)| tables::due_time(key));
        let next = next.into_iter().chain(next_owed).chain(next_answer).min();
        Ok((self.store.newest(), next.map(|next| next.since(counted))))
    }

    fn alert_is_due(
        &self,
        batch: &mut Batch,
        alert: &AlertId,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let key = alert.as_bytes();
        let Some(mut record) = self.find_long::<OutboxRecord>(tables::OUTBOX, key)? else {
            return Ok(());
        };
        if let Some(own) = self.own_alert(alert)? {
            self.obligations_are_due(batch, &own, (alert, &mut record), now)?;
            self.steps_are_due(batch, &own, alert, now)?;
        }
        let ended = record
            .closed
            .map(|closed| closed + Span::from_ms(limits::OUTBOX_GRACE_MS));
        if ended.is_some_and(|ended| ended <= self.counted(now)) {
            self.forget(batch, alert)?;
        }
        Ok(())
    }

    fn obligations_are_due(
        &self,
        batch: &mut Batch,
        own: &OwnAlert,
        (envelope, record): (&AlertId, &mut OutboxRecord),
        now: Timestamp,
    ) -> Result<(), StepError> {
        let alert = &own.alert;
        let status = record.core.status;
        let counted = self.counted(now);
        let before = self.states_of(alert)?;
        // The deadlines of an addendum count for those whom it added.
        let owed = own.owed().into_iter();
        let mine = owed.filter(|owed| owed.by.id == *envelope);
        let is_open = |owed: &Owed<'_>| before.get(owed.contact) == Some(&ObligationState::Open);
        let open: Vec<_> = mine
            .filter(is_open)
            .map(|owed| owed.contact.clone())
            .collect();
        if !record.overdue_told && record.core.ack_due(record.committed) <= counted {
            record.overdue_told = true;
            batch.put_pieces(tables::OUTBOX, envelope.as_bytes(), &write_record(record));
            for recipient in &open {
                let kind = EventKind::Overdue {
                    alert: *alert,
                    recipient: recipient.clone(),
                    uncertain: self.is_uncertain(record.committed),
                };
                self.event(batch, kind, status, now)?;
                if self.is_undelivered(alert, record, recipient)? {
                    let times = (record.committed, counted);
                    self.beat_soon(batch, recipient, times)?;
                }
            }
        }
        if record.core.expiry(record.committed) > counted || open.is_empty() {
            return Ok(());
        }
        let mut signed = Vec::new();
        for recipient in &open {
            let uncertain = self.is_uncertain(record.committed);
            signed.extend(self.expire(batch, (alert, recipient), now, uncertain)?);
        }
        self.tell_changes(batch, alert, &before, &signed, status, now)
    }

    /// Drops the envelope but for its signed part; evidence stays.
    fn forget(&self, batch: &mut Batch, alert: &AlertId) -> Result<(), StepError> {
        self.keep_signed_part(batch, alert)?;
        batch.delete_pieces(tables::SUBMISSION, alert.as_bytes());
        for relay in &self.roster.authority().relays {
            self.drop_target(batch, &relay.name, alert)?;
        }
        Ok(())
    }
}
