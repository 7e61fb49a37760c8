//! Deadlines by the desk's own clock: it alarms even when every relay is silent (I4, I6).

use maille_common::address::ContactAddress;
use maille_common::check::Check;
use maille_common::evidence::ObligationState;
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::record::write_record;
use maille_common::time::{Reading, Span, Timestamp};
use maille_durable::{Batch, CommitNumber, Scan};

use super::desk::{Desk, StepError};
use super::events::EventKind;
use super::own::{Owed, OwnAlert, OwnEnvelope};
use super::records::OutboxRecord;
use super::stand_in::StandInRecord;
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
        let own = self.own_alert(alert)?;
        let envelope = own.as_ref().and_then(|own| own.envelope(alert));
        if let (Some(own), Some(envelope)) = (&own, envelope) {
            self.obligations_are_due(batch, own, envelope, now)?;
            self.steps_are_due(batch, own, alert, now)?;
        }
        let key = alert.as_bytes();
        let Some(record) = self.find_long::<OutboxRecord>(tables::OUTBOX, key)? else {
            return Ok(());
        };
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
        envelope: &OwnEnvelope,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let alert = &own.alert;
        let (core, status) = (&envelope.core, envelope.core.status);
        let counted = self.counted(now);
        let before = self.stood(alert)?;
        // The deadlines of an addendum count for those whom it added.
        let owed = own.owed().into_iter();
        let mine = owed.filter(|owed| owed.by.id == envelope.id);
        let is_open =
            |owed: &Owed<'_>| before.states.get(owed.contact) == Some(&ObligationState::Open);
        let open: Vec<_> = mine
            .filter(is_open)
            .map(|owed| owed.contact.clone())
            .collect();
        if !envelope.overdue_told && core.ack_due(envelope.committed) <= counted {
            self.note_overdue(batch, envelope)?;
            for recipient in &open {
                let kind = EventKind::Overdue {
                    alert: *alert,
                    recipient: recipient.clone(),
                    uncertain: self.is_uncertain(envelope.committed),
                };
                self.event(batch, kind, status, now)?;
                // Whoever made it has numbered it.
                let numbered = Check::G10.stands() && envelope.is_sent_here;
                if numbered && self.is_undelivered(alert, envelope, recipient)? {
                    let times = (envelope.committed, counted);
                    self.beat_soon(batch, recipient, times)?;
                }
            }
        }
        if open.is_empty() {
            // A copy may come when everything about it is known.
            return self.tell_changes(batch, alert, before, &[], status, now);
        }
        // PROTOCOL E20: whoever sent it signs first.
        let end = envelope.turn.at(core.expiry(envelope.committed));
        let is_over = end <= counted;
        if !is_over {
            batch.put(tables::DUE, &tables::due(end, &envelope.id), &[]);
        }
        // PROTOCOL C9: nobody can answer for a contact that was removed.
        let has_left = |recipient: &ContactAddress| {
            envelope.is_sent_here && self.roster.contact(recipient).is_none()
        };
        let open = open
            .iter()
            .filter(|recipient| is_over || has_left(recipient));
        let open: Vec<&ContactAddress> = open.collect();
        if open.is_empty() {
            return Ok(());
        }
        let mut signed = Vec::new();
        for recipient in open {
            let uncertain = self.is_uncertain(envelope.committed);
            signed.extend(self.expire(batch, (alert, recipient), now, uncertain)?);
        }
        self.tell_changes(batch, alert, before, &signed, status, now)
    }

    /// It is told as overdue, once, at each device that holds it (I4).
    fn note_overdue(&self, batch: &mut Batch, envelope: &OwnEnvelope) -> Result<(), StepError> {
        let key = envelope.id.as_bytes();
        if !envelope.is_sent_here {
            return self.change_stand_in(batch, &envelope.id, |record| StandInRecord {
                overdue_told: true,
                ..record
            });
        }
        let mut record: OutboxRecord = self.need_long(tables::OUTBOX, key)?;
        record.overdue_told = true;
        batch.put_pieces(tables::OUTBOX, key, &write_record(&record));
        Ok(())
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
