//! Ends as news: told once for each stage, in the durable stream of events.

use maille_common::record::write_record;
use maille_common::roster::Ending;
use maille_common::terms::Status;
use maille_common::time::Timestamp;
use maille_durable::{Batch, CommitNumber};

use super::desk::{Desk, StepError};
use super::events::EventKind;
use super::records::EndingToldRecord;
use super::tables;

impl Desk {
    /// Tells of each end that came nearer since it was told last: those of the authority and of
    /// this contact's own organisation, where somebody here can do something about it. What ends
    /// no more is forgotten, so that its next end is told anew.
    pub fn tell_endings(
        &mut self,
        endings: &[Ending],
        now: Timestamp,
    ) -> Result<CommitNumber, StepError> {
        let mine = self.identity.contact.organisation();
        let concerns = |ending: &&Ending| {
            let organisation = ending.what.organisation();
            organisation.is_none_or(|organisation| organisation == mine)
        };
        let mut batch = Batch::new();
        let mut forgotten = self.keys_of(tables::ENDING_TOLD, &[])?;
        for Ending { at, what, stage } in endings.iter().filter(concerns) {
            let key = tables::ending(what);
            forgotten.retain(|told| told[..] != key);
            let record = EndingToldRecord { stage: *stage };
            let told: Option<EndingToldRecord> = self.find(tables::ENDING_TOLD, &key)?;
            if told == Some(record) {
                continue;
            }
            batch.put(tables::ENDING_TOLD, &key, &write_record(&record));
            let kind = EventKind::Ends {
                what: what.clone(),
                at: *at,
                stage: *stage,
            };
            self.event(&mut batch, kind, Status::Actual, now)?;
        }
        for key in forgotten {
            batch.delete(tables::ENDING_TOLD, &key);
        }
        self.settle(batch)
    }
}
