//! What this contact owes others, told as overdue by its own clock (I4): an alert came, and nobody
//! here acknowledged it in time.

use maille_common::address::ContactAddress;
use maille_common::envelope::Core;
use maille_common::identifier::AlertId;
use maille_common::time::Timestamp;
use maille_durable::{Batch, Scan};

use super::desk::{Desk, StepError};
use super::events::EventKind;
use super::tables;

impl Desk {
    /// Notes that an acknowledgement is owed, counted from now: of this contact, or of `recipient`
    /// in whose place it is asked. `terms` are those of the envelope that asks.
    pub(super) fn note_owed(
        &self,
        batch: &mut Batch,
        alert: &AlertId,
        terms: &Core,
        recipient: &ContactAddress,
        now: Timestamp,
    ) {
        let due = terms.ack_due(self.counted(now));
        let key = tables::owed_due(due, alert, recipient);
        batch.put(tables::OWED_DUE, &key, &[]);
    }

    /// Tells once of each acknowledgement that is late by now; when the next is due, in counted
    /// time.
    pub(super) fn owed_is_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StepError> {
        let counted = self.counted_now();
        let end = tables::after(&counted.unix_ms().to_be_bytes());
        let scan = Scan::range(tables::OWED_DUE, &[], &end, usize::MAX);
        for (key, _) in self.store.scan(scan)? {
            let mut batch = Batch::new();
            batch.delete(tables::OWED_DUE, &key);
            if let (Some(owed), Some(due)) = (tables::owed_of(&key), tables::due_time(&key)) {
                self.one_is_due(&mut batch, owed, due, now)?;
            }
            self.settle(batch)?;
        }
        let next = self.store.scan(Scan::table(tables::OWED_DUE, 1))?;
        Ok(next.first().and_then(|(key, _)| tables::due_time(key)))
    }

    /// Tells of one obligation, unless it was answered or ended meanwhile.
    fn one_is_due(
        &self,
        batch: &mut Batch,
        (alert, recipient): (AlertId, [u8; 32]),
        due: Timestamp,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let Some(record) = self.inbox_record(&alert)? else {
            return Ok(());
        };
        for capacity in self.capacities(&alert, &record)? {
            if tables::contact(&capacity.recipient) != recipient
                || self.owed_standing(&alert, &record, &capacity)?.is_none()
            {
                continue;
            }
            let kind = EventKind::Overdue {
                alert,
                uncertain: self.is_uncertain(capacity.began_before(due)),
                recipient: capacity.recipient,
            };
            self.event(batch, kind, record.core.status, now)?;
        }
        Ok(())
    }
}
