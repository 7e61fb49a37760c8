//! What is held of an alert, sent or received.

use std::collections::BTreeSet;

use maille_common::blob::{BlobId, BlobRef};
use maille_common::envelope::{Core, Env};
use maille_common::identifier::AlertId;

use super::desk::{Desk, StepError};
use super::records::{DeliveryRecord, OutboxRecord, SubmissionRecord};
use super::tables;

impl Desk {
    /// The plain part of an alert's envelope, in whichever box it is. It outlives the content.
    pub fn plain_part(&self, alert: &AlertId) -> Result<Option<Core>, StepError> {
        if let Some(received) = self.inbox_record(alert)? {
            return Ok(Some(received.core.value().clone()));
        }
        let sent: Option<OutboxRecord> = self.find_long(tables::OUTBOX, alert.as_bytes())?;
        Ok(sent.map(|record| record.core.value().clone()))
    }

    /// The sealed attachments of an alert, in the order the content names them; none where the
    /// envelope is not held, or not any more.
    pub fn blobs_of(&self, alert: &AlertId) -> Result<Option<Vec<BlobRef>>, StepError> {
        let key = alert.as_bytes();
        if let Some(kept) = self.find_long::<DeliveryRecord>(tables::DELIVERY, key)? {
            let delivery = kept.delivery;
            let original = delivery.original.as_ref().map(|original| &original.env);
            let env: &Env = original.unwrap_or(&delivery.env);
            return Ok(Some(env.blobs.to_vec()));
        }
        let kept: Option<SubmissionRecord> = self.find_long(tables::SUBMISSION, key)?;
        Ok(kept.map(|kept| kept.submission.env.blobs.to_vec()))
    }

    /// The attachments that an envelope of the outbox still needs.
    pub fn sent_blobs(&self) -> Result<BTreeSet<BlobId>, StepError> {
        self.blobs_in(tables::SUBMISSION)
    }

    /// The attachments of everything whose content is in the inbox.
    pub fn received_blobs(&self) -> Result<BTreeSet<BlobId>, StepError> {
        self.blobs_in(tables::DELIVERY)
    }

    fn blobs_in(&self, table: maille_durable::Table) -> Result<BTreeSet<BlobId>, StepError> {
        let mut named = BTreeSet::new();
        for key in self.pieced_keys(table)? {
            let Some(alert) = tables::alert_at_end(&key) else {
                continue;
            };
            let blobs = self.blobs_of(&alert)?.unwrap_or_default();
            named.extend(blobs.iter().map(|blob| blob.id));
        }
        Ok(named)
    }
}
