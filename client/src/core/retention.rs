//! Retention: content and keys are purged, hashes and receipts stay (DESIGN section 7).

use maille_common::crypto::chunked::ContentKey;
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::record::write_record;
use maille_common::time::{Span, Timestamp};
use maille_durable::{Batch, CommitNumber};

use super::desk::{Desk, StepError};
use super::inbox::is_answer;
use super::records::{InboxRecord, OutboxRecord};
use super::tables;

impl Desk {
    /// Purges the content of what arrived, or ended, before a point in time; how many alerts.
    ///
    /// What nobody answered stays until it expired (I8), and the outbox keeps its copy for its 14
    /// days whatever the retention (I2).
    pub fn purge(
        &mut self,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<(usize, CommitNumber), StepError> {
        let mut purged = 0;
        let received = self
            .inbox()?
            .into_iter()
            .filter(|entry| entry.received < before);
        for id in received.map(|entry| entry.id) {
            purged += usize::from(self.purge_received(&id, now)?);
        }
        for entry in self.outbox()? {
            purged += usize::from(self.purge_sent(&entry.id, before, now)?);
        }
        Ok((purged, self.store.newest()))
    }

    /// Whether content was purged since the store was compacted last: its files may still hold it.
    pub fn is_erase_due(&self) -> Result<bool, StepError> {
        let found = self.store.get(tables::ERASE_DUE, tables::ERASE_KEY)?;
        Ok(found.is_some())
    }

    /// Notes that the store was compacted after everything was purged that is.
    pub fn erased(&mut self) -> Result<CommitNumber, StepError> {
        let mut batch = Batch::new();
        batch.delete(tables::ERASE_DUE, tables::ERASE_KEY);
        self.settle(batch)
    }

    /// Whether the content of an alert was here, and is purged.
    pub fn is_purged(&self, alert: &AlertId) -> Result<bool, StepError> {
        let is_held = self.plain_part(alert)?.is_some();
        Ok(is_held && self.blobs_of(alert)?.is_none())
    }

    fn purge_received(&self, alert: &AlertId, now: Timestamp) -> Result<bool, StepError> {
        let key = alert.as_bytes();
        let Some(record) = self.inbox_record(alert)? else {
            return Ok(false);
        };
        // A copy of what this contact sent stays as long as the outbox of its device would keep it.
        let is_copy = record.recipient.is_none() && !is_answer(record.stage);
        let answered = !is_copy && !self.inbox_entry(*alert, &record)?.is_open();
        let capacities = self.capacities(alert, &record)?;
        let expired = match capacities.is_empty() {
            true => record.core.expiry(record.received) <= now,
            false => capacities.iter().all(|capacity| capacity.expires() <= now),
        };
        let needed = self.is_needed_to_stand_in(alert, now)?;
        if !(answered || expired) || needed || self.is_purged(alert)? {
            return Ok(false);
        }
        let mut batch = Batch::new();
        self.keep_signed_part(&mut batch, alert)?;
        batch.delete_pieces(tables::DELIVERY, key);
        self.forget_duty(&mut batch, alert)?;
        let kept = InboxRecord {
            content_key: no_key(),
            blobs_missing: 0,
            ..record
        };
        batch.put_pieces(tables::INBOX, key, &write_record(&kept));
        erase_later(&mut batch);
        self.settle(batch)?;
        Ok(true)
    }

    /// Whether a copy may be needed in the place of the device that sent it (PROTOCOL E20).
    fn is_needed_to_stand_in(&self, alert: &AlertId, now: Timestamp) -> Result<bool, StepError> {
        let Some(own) = self.own_alert(alert)? else {
            return Ok(false);
        };
        let grace = Span::from_ms(limits::OUTBOX_GRACE_MS);
        let counted = self.counted(now);
        let mut others = own.envelopes().filter(|envelope| !envelope.is_sent_here);
        let needed = |end: Option<Timestamp>| end.is_none_or(|end| end + grace > counted);
        Ok(others.any(|envelope| needed(envelope.closed)))
    }

    fn purge_sent(
        &self,
        alert: &AlertId,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StepError> {
        let key = alert.as_bytes();
        let Some(record) = self.find_long::<OutboxRecord>(tables::OUTBOX, key)? else {
            return Ok(false);
        };
        let (before, now) = (self.counted(before), self.counted(now));
        let grace = Span::from_ms(limits::OUTBOX_GRACE_MS);
        let over = record
            .closed
            .is_some_and(|end| end < before && end + grace <= now);
        if !over || is_no_key(&record.content_key) {
            return Ok(false);
        }
        let mut batch = Batch::new();
        self.keep_signed_part(&mut batch, alert)?;
        batch.delete_pieces(tables::SUBMISSION, key);
        let kept = OutboxRecord {
            content_key: no_key(),
            ..record
        };
        batch.put_pieces(tables::OUTBOX, key, &write_record(&kept));
        erase_later(&mut batch);
        self.settle(batch)?;
        Ok(true)
    }
}

/// Whoever stops before the store is compacted finds that it has to be.
fn erase_later(batch: &mut Batch) {
    batch.put(tables::ERASE_DUE, tables::ERASE_KEY, &[]);
}

/// Whether the key is gone.
pub(super) fn is_no_key(key: &ContentKey) -> bool {
    key.expose() == no_key().expose()
}

/// What stands where a key was.
fn no_key() -> ContentKey {
    ContentKey::from_bytes([0; 32])
}
