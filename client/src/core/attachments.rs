//! Attachments of what was received: wanted until they are here, and then a receipt says so.

use std::collections::BTreeSet;

use maille_common::blob::BlobRef;
use maille_common::identifier::AlertId;
use maille_common::record::write_record;
use maille_common::terms::{Reason, Release, Stage};
use maille_common::time::Timestamp;
use maille_durable::{Batch, CommitNumber};

use super::desk::{Desk, StepError};
use super::post::Stamp;
use super::tables;

impl Desk {
    /// The alerts of the inbox whose attachments are not all here, oldest arrival first.
    ///
    /// The inbox is read once in a life of the desk: sessions ask at each arrival.
    pub fn attachments_wanted(&self) -> Result<Vec<(AlertId, Vec<BlobRef>)>, StepError> {
        let mut incomplete = self.incomplete.borrow_mut();
        let ids = match incomplete.take() {
            Some(ids) => ids,
            None => self.look_for_incomplete()?,
        };
        let mut lacking = Vec::new();
        for id in ids {
            let record = self.inbox_record(&id)?;
            if let Some(record) = record.filter(|record| record.blobs_missing > 0) {
                lacking.push((record.received, id));
            }
        }
        *incomplete = Some(lacking.iter().map(|(_, id)| *id).collect());
        lacking.sort_unstable();
        let mut wanted = Vec::new();
        for (_, id) in lacking {
            // The content may have been purged meanwhile, and with it the wish.
            if let Some(blobs) = self.blobs_of(&id)? {
                wanted.push((id, blobs));
            }
        }
        Ok(wanted)
    }

    fn look_for_incomplete(&self) -> Result<BTreeSet<AlertId>, StepError> {
        let inbox = self.inbox()?.into_iter();
        let incomplete = inbox.filter(|entry| entry.blobs_missing > 0);
        Ok(incomplete.map(|entry| entry.id).collect())
    }

    /// An alert with attachments is about to stand in the inbox.
    pub(super) fn note_incomplete(&self, alert: &AlertId) {
        if let Some(incomplete) = self.incomplete.borrow_mut().as_mut() {
            incomplete.insert(*alert);
        }
    }

    /// All attachments of an alert are durable: signs `Complete`, once.
    pub fn attachments_complete(
        &mut self,
        alert: &AlertId,
        now: Timestamp,
    ) -> Result<CommitNumber, StepError> {
        let Some(mut record) = self.inbox_record(alert)? else {
            return Ok(self.store.newest());
        };
        if record.blobs_missing == 0 {
            return Ok(self.store.newest());
        }
        let mut batch = Batch::new();
        let stamp = Stamp {
            envelope: record.envelope,
            alert: *alert,
            to: record.core.sender.clone(),
            // A copy of what this contact sent has no recipient: it answers for itself.
            recipient: record
                .recipient
                .clone()
                .unwrap_or(self.identity.contact.clone()),
            as_deputy: record.release == Release::After,
        };
        let complete = (Stage::Complete, Reason::None);
        let receipt = self.make_receipt(&mut batch, &stamp, complete, None, now)?;
        for relay in self.home_relays() {
            self.post(&mut batch, &relay, &stamp, &receipt)?;
        }
        record.blobs_missing = 0;
        record.stage = record.stage.max(Stage::Complete);
        batch.put_pieces(tables::INBOX, alert.as_bytes(), &write_record(&record));
        self.settle(batch)
    }
}
