//! Who may bring and fetch attachments. The pieces themselves are files of the shell.

use maille_common::address::DeviceId;
use maille_common::blob::{BlobId, Manifest};
use maille_common::identifier::AlertId;
use maille_common::record::read_record;
use maille_common::wire::RefusalCode;

use super::records::EntryRecord;
use super::relay::{RelayCore, StepError};
use super::tables;

impl RelayCore {
    /// Whether an attachment of this size may be brought.
    pub fn may_offer(&self, manifest: &Manifest) -> Result<(), RefusalCode> {
        if manifest.length() > self.budget.blob_bytes_max {
            return Err(RefusalCode::TooLarge);
        }
        Ok(())
    }

    /// Whether `device` may fetch an attachment: an alert that names it addresses the device, and
    /// is not held back from it.
    pub fn may_fetch(
        &self,
        device: &DeviceId,
        alert: &AlertId,
        blob: &BlobId,
    ) -> Result<Result<(), RefusalCode>, StepError> {
        let Some(record) = self.alert_or_addendum(alert)? else {
            return Ok(Err(RefusalCode::UnknownAlert));
        };
        if !record.blobs.contains(blob) {
            return Ok(Err(RefusalCode::BlobMissing));
        }
        for envelope in self.envelopes_of(alert)? {
            let prefix = tables::entries_of(&envelope, device);
            for (_, bytes) in self.rows(tables::ENTRY, &prefix, usize::MAX)? {
                let entry: EntryRecord = read_record(&bytes)?;
                if !entry.is_held() {
                    return Ok(Ok(()));
                }
            }
        }
        Ok(Err(RefusalCode::NotAddressed))
    }

    /// Whether an alert that is still kept names the attachment.
    pub fn is_named(&self, blob: &BlobId) -> Result<bool, StepError> {
        let prefix = blob.as_bytes();
        Ok(!self.rows(tables::NAMED, prefix, 1)?.is_empty())
    }
}
