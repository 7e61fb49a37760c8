//! What ended a device's share of an alert: the stages it signed, or this relay's tombstone. Kept
//! for ever, so that the books can be balanced after the alert itself is gone.

use std::collections::BTreeMap;

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::envelope::Entry;
use maille_common::identifier::AlertId;
use maille_common::record::{read_record, write_record};
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

/// What devices have answered to an alert, by the key of whom they answered for: a bit for each
/// stage.
#[derive(Debug, Default)]
pub(super) struct Answers(BTreeMap<([u8; 32], DeviceId), u8>);

impl Answers {
    fn note(&mut self, recipient: [u8; 32], device: DeviceId, stages: u8) {
        *self.0.entry((recipient, device)).or_default() |= stages;
    }

    /// Whether anybody has answered for a recipient.
    pub(super) fn has_any(&self, recipient: &ContactAddress) -> bool {
        let key = tables::contact(recipient);
        let (first, last) = ([0; DeviceId::LEN], [u8::MAX; DeviceId::LEN]);
        let [first, last] = [first, last].map(|id| (key, DeviceId::from_bytes(id)));
        let mut answers = self.0.range(first..=last);
        answers.any(|(_, stages)| *stages != 0)
    }

    /// What a device has answered for a recipient, to whom its share came; nothing where it has
    /// only said that it cannot open it.
    pub(super) fn of(&self, recipient: &ContactAddress, device: &DeviceId) -> u8 {
        let found = self.0.get(&(tables::contact(recipient), *device));
        let stages = found.copied().unwrap_or(0);
        match stages & !(bit(Stage::Returned) | FOR_GOOD) {
            0 => 0,
            _ => stages,
        }
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

    /// Notes what a device had answered to another envelope of the same alert.
    pub(super) fn note_stages(
        &self,
        batch: &mut Batch,
        envelope: &AlertId,
        entry: &Entry,
        stages: u8,
    ) -> Result<(), StepError> {
        self.note_end(batch, envelope, entry, |ended| ended.stages |= stages)
    }

    /// What devices have answered to an alert, to whichever of its envelopes: the receipts kept
    /// beside it, and what ended shares of envelopes that are kept no more.
    pub(super) fn answers_to(&self, alert: &AlertId) -> Result<Answers, StepError> {
        let mut answers = Answers::default();
        for (key, _) in self.rows(tables::SAID, alert.as_bytes(), usize::MAX)? {
            if let Some((contact, device, stage)) = tables::said_parts(&key) {
                let stage = 1u8.checked_shl(u32::from(stage)).unwrap_or(0);
                answers.note(contact, device, stage);
            }
        }
        for (envelope, record) in self.envelopes_kept(alert)? {
            for (key, bytes) in self.rows(tables::ENDED, envelope.as_bytes(), usize::MAX)? {
                let ended: EndedRecord = read_record(&bytes)?;
                let Some((index, device)) = tables::ended_parts(&key) else {
                    continue;
                };
                if let Some(recipient) = record.recipients.get(usize::from(index)) {
                    answers.note(tables::contact(recipient), device, ended.stages);
                }
            }
        }
        Ok(answers)
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
