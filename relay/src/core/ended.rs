//! What ended a device's share of an alert: the stages it signed, or this relay's tombstone. Kept
//! for ever, so that the books can be balanced after the alert itself is gone.

use maille_common::envelope::Entry;
use maille_common::identifier::AlertId;
use maille_common::record::write_record;
use maille_common::terms::{Reason, Stage};
use maille_durable::Batch;

use super::records::EndedRecord;
use super::relay::{RelayCore, StepError};
use super::tables;

/// Beside the stages' bits: it was returned, and its key is not gone.
const FOR_GOOD: u8 = 1;

impl EndedRecord {
    /// Whether the device signed this stage.
    pub(super) fn has(&self, stage: Stage) -> bool {
        self.stages & bit(stage) != 0
    }

    /// Whether the device said that it cannot open it, for a reason that no addendum mends.
    pub(super) fn is_returned_for_good(&self) -> bool {
        self.stages & FOR_GOOD != 0
    }

    /// Whether the device answered at all.
    pub(super) fn is_answered(&self) -> bool {
        self.stages != 0
    }
}

impl RelayCore {
    /// Notes a stage that a device signed. Stages are a set: their order does not matter (I6).
    pub(super) fn note_stage(
        &self,
        batch: &mut Batch,
        alert: &AlertId,
        entry: &Entry,
        (stage, reason): (Stage, Reason),
    ) -> Result<(), StepError> {
        let for_good = stage == Stage::Returned && reason != Reason::KeyGone;
        let bits = bit(stage) | if for_good { FOR_GOOD } else { 0 };
        self.note_end(batch, alert, entry, |ended| ended.stages |= bits)
    }

    /// Notes that this relay dropped a device's share without an answer, and signed so.
    pub(super) fn note_tombstone(
        &self,
        batch: &mut Batch,
        alert: &AlertId,
        entry: &Entry,
    ) -> Result<(), StepError> {
        self.note_end(batch, alert, entry, |ended| ended.tombstone = true)
    }

    fn note_end(
        &self,
        batch: &mut Batch,
        alert: &AlertId,
        entry: &Entry,
        note: impl FnOnce(&mut EndedRecord),
    ) -> Result<(), StepError> {
        let key = tables::ended(alert, entry.recipient, &entry.device);
        let known: EndedRecord = self.find(tables::ENDED, &key)?.unwrap_or_default();
        let mut ended = known;
        note(&mut ended);
        if ended != known {
            batch.put(tables::ENDED, &key, &write_record(&ended));
        }
        Ok(())
    }
}

fn bit(stage: Stage) -> u8 {
    1 << stage.code()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_has_a_bit_of_its_own() {
        let bits: Vec<u8> = Stage::ALL.iter().map(|stage| bit(*stage)).collect();
        assert_eq!(bits, [2, 4, 8, 16, 32, 64]);
        assert!(!bits.contains(&FOR_GOOD));
        let ended = EndedRecord {
            stages: bit(Stage::Read),
            tombstone: false,
        };
        assert!(ended.has(Stage::Read) && !ended.has(Stage::Refused));
    }
}
