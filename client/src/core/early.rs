//! Receipts that come before what they are about: a colleague was quicker, or the alert comes by
//! an addendum. They are kept until it is here.

use maille_common::evidence::{Proven, Receipt, SealedNote};
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::record::{read_record, write_record};
use maille_common::time::{Span, Timestamp};
use maille_durable::{Batch, Scan};

use super::desk::{Desk, StepError};
use super::incidents::{IncidentKind, words};
use super::records::EarlyRecord;
use super::tables;

/// A receipt about what is not here.
struct Early {
    key: Vec<u8>,
    alert: AlertId,
    record: EarlyRecord,
}

impl Desk {
    /// Keeps a receipt whose alert is not here (PROTOCOL Q4); `false` where there is no room.
    pub(super) fn keep_early(
        &self,
        batch: &mut Batch,
        proven: &Proven<Receipt>,
        note: Option<SealedNote>,
        now: Timestamp,
    ) -> Result<bool, StepError> {
        let key = tables::evidence(&proven.statement().alert, &proven.hash());
        if self.store.pieces(tables::EARLY, &key)?.is_some() {
            return Ok(true);
        }
        if !self.has_room_for_early(batch)? {
            return Ok(false);
        }
        let record = EarlyRecord {
            receipt: proven.signed().clone(),
            note,
            received: now,
            looks: 0,
        };
        batch.put_pieces(tables::EARLY, &key, &write_record(&record));
        Ok(true)
    }

    /// What came before an alert that is here now counts from now on.
    pub(super) fn take_early(&self, alert: &AlertId, now: Timestamp) -> Result<(), StepError> {
        for early in self.early(Some(alert))? {
            self.settle_early(early, now)?;
        }
        Ok(())
    }

    /// Whether there is room for one more: the oldest that nothing has explained goes for it.
    fn has_room_for_early(&self, batch: &mut Batch) -> Result<bool, StepError> {
        if self.pieced_keys(tables::EARLY)?.len() < limits::EARLY_RECEIPTS_MAX {
            return Ok(true);
        }
        let mut unexplained = self.early(None)?;
        unexplained.retain(|early| early.record.looks >= limits::HOLE_LOOKS);
        let oldest = unexplained.iter().min_by_key(|early| early.record.received);
        if let Some(oldest) = oldest {
            batch.delete_pieces(tables::EARLY, &oldest.key);
        }
        Ok(oldest.is_some())
    }

    /// Takes what was left when the desk stopped. What ten looks have not explained, and is not
    /// about this contact, is an incident, once; it is kept all the same, for a colleague's copy
    /// may come late. All of it goes when its alert can come no more.
    pub(super) fn look_for_early(
        &self,
        batch: &mut Batch,
        now: Timestamp,
    ) -> Result<(), StepError> {
        for mut early in self.early(None)? {
            if self.sender_of(&early.alert)?.is_some() {
                self.settle_early(early, now)?;
                continue;
            }
            let receipt: &Receipt = &early.record.receipt.statement;
            let kept_for = Span::from_ms(limits::SPAN_MS.end() + limits::RELAY_GRACE_MS);
            if now.since(early.record.received) >= kept_for {
                batch.delete_pieces(tables::EARLY, &early.key);
                continue;
            }
            if self.is_about_us(receipt) || early.record.looks >= limits::HOLE_LOOKS {
                continue;
            }
            early.record.looks += 1;
            batch.put_pieces(tables::EARLY, &early.key, &write_record(&early.record));
            if early.record.looks == limits::HOLE_LOOKS {
                let kind = IncidentKind::Receipt {
                    check: words(&"Q4"),
                };
                self.incident(batch, kind, None, now)?;
            }
        }
        Ok(())
    }

    /// What is known of an alert that is not here.
    pub(super) fn early_receipts(&self, alert: &AlertId) -> Result<Vec<Receipt>, StepError> {
        let early = self.early(Some(alert))?.into_iter();
        Ok(early
            .map(|early| early.record.receipt.statement.value().clone())
            .collect())
    }

    /// Whether a receipt is by this contact, for it, or for one in whose place it may be asked.
    fn is_about_us(&self, receipt: &Receipt) -> bool {
        let me = &self.identity.contact;
        receipt.contact == *me || receipt.recipient == *me || self.was_deputy_of(&receipt.recipient)
    }

    /// Each is a commit of its own, for each has a place in the row of its device's receipts.
    fn settle_early(&self, early: Early, now: Timestamp) -> Result<(), StepError> {
        let mut batch = Batch::new();
        batch.delete_pieces(tables::EARLY, &early.key);
        let EarlyRecord { receipt, note, .. } = early.record;
        if let Ok(proven) = self.prove_again(receipt) {
            self.keep_receipt(&mut batch, &proven, note, now)?;
        }
        self.settle(batch)?;
        Ok(())
    }

    fn early(&self, alert: Option<&AlertId>) -> Result<Vec<Early>, StepError> {
        let keys = match alert {
            Some(alert) => self.pieced_keys_of(tables::EARLY, alert.as_bytes())?,
            None if self.store.scan(Scan::table(tables::EARLY, 1))?.is_empty() => Vec::new(),
            None => self.pieced_keys(tables::EARLY)?,
        };
        let mut early = Vec::new();
        for key in keys {
            let Some(bytes) = self.store.pieces(tables::EARLY, &key)? else {
                continue;
            };
            let record: EarlyRecord = read_record(&bytes)?;
            let alert = record.receipt.statement.alert;
            early.push(Early { key, alert, record });
        }
        Ok(early)
    }
}
