//! Whether this device is still let in, by the roster in use and by the relays: told once, and
//! again when it changes.

use maille_common::address::Name;
use maille_common::hash::Hash;
use maille_common::record::write_record;
use maille_common::roster::Designation;
use maille_common::time::Timestamp;
use maille_durable::{Batch, CommitNumber};

use super::desk::{Desk, StepError};
use super::incidents::{IncidentKind, words};
use super::records::{ExcludedRecord, NotAdmittedRecord};
use super::tables;

/// Why the roster in use has a device no more, in words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldExclusion {
    /// Ended, suspended or unknown.
    pub designation: Designation,
    /// What is out.
    pub subject: String,
    /// The document that says so; empty where none is known.
    pub document: String,
    /// Its hash; zero where none is known.
    pub hash: Hash,
    /// When it was written, or the time of the designation was over.
    pub at: Timestamp,
    /// Who signed it.
    pub signers: String,
    /// The reason that a suspension gives.
    pub reason: String,
}

impl Desk {
    /// Whether it has to be looked why this device may not act: it may not, and that was not told
    /// of the roster in use; or it may again, and the other was told last.
    pub fn exclusion_is_news(&self, now: Timestamp) -> Result<bool, StepError> {
        let designation = self
            .roster
            .designated_device(&self.identity.device, now)
            .out();
        let told = self.excluded_record()?;
        Ok(match designation {
            None => told.is_some(),
            Some(designation) => told.is_none_or(|told| {
                (told.roster, told.designation) != (self.roster.hash(), designation)
            }),
        })
    }

    /// Keeps an incident about why this device may not act any more by the roster of this hash;
    /// none: it may. Where another roster came into use meanwhile nothing is kept, for it was not
    /// judged by that one: it is news still.
    pub fn tell_exclusion(
        &mut self,
        judged: &Hash,
        exclusion: Option<&ToldExclusion>,
        now: Timestamp,
    ) -> Result<CommitNumber, StepError> {
        let mut batch = Batch::new();
        if *judged != self.roster.hash() {
            return self.settle(batch);
        }
        let told = self.excluded_record()?;
        let Some(exclusion) = exclusion else {
            if told.is_some() {
                batch.delete(tables::EXCLUDED, tables::EXCLUDED_KEY);
            }
            return self.settle(batch);
        };
        let record = ExcludedRecord {
            roster: *judged,
            designation: exclusion.designation,
            document: exclusion.hash,
        };
        let same = |told: &ExcludedRecord| {
            (told.designation, told.document) == (record.designation, record.document)
        };
        if !told.as_ref().is_some_and(same) {
            let kind = IncidentKind::Excluded {
                designation: exclusion.designation,
                subject: words(&exclusion.subject),
                document: words(&exclusion.document),
                hash: exclusion.hash,
                at: exclusion.at,
                signers: words(&exclusion.signers),
                reason: words(&exclusion.reason),
            };
            self.incident(&mut batch, kind, None, now)?;
        }
        batch.put(
            tables::EXCLUDED,
            tables::EXCLUDED_KEY,
            &write_record(&record),
        );
        self.settle(batch)
    }

    /// A relay refuses the key of this device. Where the roster in use has it, that is an incident,
    /// once: a newer roster may have removed it, which no relay can hand to it any more.
    pub fn not_admitted(
        &mut self,
        relay: &Name,
        now: Timestamp,
    ) -> Result<CommitNumber, StepError> {
        let mut batch = Batch::new();
        let key = tables::relay(relay);
        let roster = self.roster.hash();
        let known: Option<NotAdmittedRecord> = self.find(tables::NOT_ADMITTED, &key)?;
        if known.is_none_or(|known| known.roster != roster) {
            let since = known.map_or(now, |known| known.since);
            let record = write_record(&NotAdmittedRecord { roster, since });
            batch.put(tables::NOT_ADMITTED, &key, &record);
            let device = &self.identity.device;
            if known.is_none() && self.roster.may_connect(device) {
                let kind = IncidentKind::NotAdmitted {
                    relay: relay.clone(),
                    authority: self.roster.authority().number,
                };
                self.incident(&mut batch, kind, None, now)?;
            }
        }
        self.settle(batch)
    }

    /// The relays of the roster that refuse the key of this device, and since when.
    pub fn refused_by(&self) -> Result<Vec<(Name, Timestamp)>, StepError> {
        let mut refused = Vec::new();
        for relay in &self.roster.authority().relays {
            let key = tables::relay(&relay.name);
            let record: Option<NotAdmittedRecord> = self.find(tables::NOT_ADMITTED, &key)?;
            refused.extend(record.map(|record| (relay.name.clone(), record.since)));
        }
        Ok(refused)
    }

    /// A relay that was greeted admits this device.
    pub(super) fn admitted_again(&self, batch: &mut Batch, relay: &Name) -> Result<(), StepError> {
        let key = tables::relay(relay);
        if self.store.get(tables::NOT_ADMITTED, &key)?.is_some() {
            batch.delete(tables::NOT_ADMITTED, &key);
        }
        Ok(())
    }

    fn excluded_record(&self) -> Result<Option<ExcludedRecord>, StepError> {
        self.find(tables::EXCLUDED, tables::EXCLUDED_KEY)
    }
}
