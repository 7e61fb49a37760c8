//! Heartbeats and reconciliations: mail that carries no obligation and that nobody answers, kept
//! until it is confirmed or expires, and forgotten.

use maille_common::address::DeviceId;
use maille_common::identifier::AlertId;
use maille_common::record::write_record;
use maille_common::terms::{Reason, Stage};
use maille_durable::Batch;

use super::records::{EntryRecord, EnvelopeRecord};
use super::relay::{RelayCore, StepError};
use super::tables;

impl RelayCore {
    /// Whether an envelope that is kept here carries no obligation.
    pub(super) fn is_unanswered_kind(&self, envelope: &AlertId) -> Result<bool, StepError> {
        let kept: Option<EnvelopeRecord> = self.find_long(tables::ENVELOPE, envelope.as_bytes())?;
        Ok(kept.is_some_and(|kept| !kept.env.core.kind.carries_obligation()))
    }

    /// A device has confirmed its share of a heartbeat or reconciliation, which is all that it says
    /// to one.
    pub(super) fn heartbeat_heard(
        &self,
        batch: &mut Batch,
        device: &DeviceId,
        (heartbeat, index): (&AlertId, u32),
    ) -> Result<(), StepError> {
        let key = tables::entry(heartbeat, device, index);
        let Some(mut entry) = self.find::<EntryRecord>(tables::ENTRY, &key)? else {
            return Ok(());
        };
        let stage = (Stage::Delivered, Reason::None);
        self.note_stage(batch, heartbeat, &entry.entry, stage)?;
        entry.answered = true;
        batch.put(tables::ENTRY, &key, &write_record(&entry));
        Ok(())
    }

    /// Forgets one that is purged. There is a heartbeat an hour from each desk to each it writes
    /// to, and one that came again would do no harm, so its id is not kept.
    pub(super) fn forget_heartbeat(
        &self,
        batch: &mut Batch,
        heartbeat: &AlertId,
    ) -> Result<(), StepError> {
        let prefix = heartbeat.as_bytes();
        batch.delete_pieces(tables::ALERT, prefix);
        for table in [tables::ANSWER, tables::ENDED] {
            for (key, _) in self.rows(table, prefix, usize::MAX)? {
                batch.delete(table, &key);
            }
        }
        Ok(())
    }
}
