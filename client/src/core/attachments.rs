//! Attachments of what was received: wanted until they are here, and then a receipt says so.

use maille_common::blob::BlobRef;
use maille_common::identifier::AlertId;
use maille_common::record::write_record;
use maille_common::terms::{Reason, Stage};
use maille_common::time::Timestamp;
use maille_durable::{Batch, CommitNumber};

use super::desk::{Desk, StepError};
use super::post::Stamp;
use super::tables;

impl Desk {
    /// The alerts of the inbox whose attachments are not all here, oldest arrival first.
    pub fn attachments_wanted(&self) -> Result<Vec<(AlertId, Vec<BlobRef>)>, StepError> {
        let mut wanted = Vec::new();
        for entry in self
            .inbox()?
            .into_iter()
            .filter(|entry| entry.blobs_missing > 0)
        {
            // The content may have been purged meanwhile, and with it the wish.
            if let Some(blobs) = self.blobs_of(&entry.id)? {
                wanted.push((entry.id, blobs));
            }
        }
        Ok(wanted)
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
        };
        let complete = (Stage::Complete, Reason::None);
        let receipt = self.make_receipt(&mut batch, &stamp, complete, None, now)?;
        for relay in self.home_relays() {
            self.post(&mut batch, &relay, &stamp.to, &receipt);
        }
        record.blobs_missing = 0;
        record.stage = record.stage.max(Stage::Complete);
        batch.put_pieces(tables::INBOX, alert.as_bytes(), &write_record(&record));
        self.settle(batch)
    }
}
