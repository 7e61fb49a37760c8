//! Two stories under one number: an incident on both sides (PROTOCOL E16, Q5, G7, G8).
//!
//! Both alerts, or receipts, are kept. Whoever sees a fork cannot tell which story is the true one,
//! nor whether a store was restored from a copy or a key was stolen: the contact whose device it is
//! can, and is told.

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::check::Check;
use maille_common::content::ToldFork;
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::record::{read_record, write_record};
use maille_common::time::{Span, Timestamp};
use maille_durable::{Batch, Scan};

use super::desk::{Desk, StepError};
use super::holes::Row;
use super::incidents::IncidentKind;
use super::records::{ForkRecord, TakenRecord, ToldForkRecord};
use super::tables;

impl Desk {
    /// Notes what came under a number; what had come under it before, if that is something else.
    pub(super) fn take_number(
        &self,
        batch: &mut Batch,
        row: Row,
        number: u64,
        hash: Hash,
    ) -> Result<Option<Hash>, StepError> {
        let key = row.key(number);
        let taken: Option<TakenRecord> = self.find(tables::TAKEN, &key)?;
        match taken {
            Some(taken) if taken.hash != hash => return Ok(Some(taken.hash)),
            Some(_) => {}
            None => {
                batch.put(tables::TAKEN, &key, &write_record(&TakenRecord { hash }));
            }
        }
        Ok(None)
    }

    /// A fork that this desk sees: an incident, once for each number, and its contact is told.
    pub(super) fn fork(
        &self,
        batch: &mut Batch,
        fork: ToldFork,
        alert: AlertId,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let key = Row::of(fork.of, fork.device, fork.epoch).key(fork.number);
        if !Check::G7.stands() || self.store.get(tables::FORK_SEEN, &key)?.is_some() {
            return Ok(());
        }
        let record = ForkRecord {
            fork,
            since: self.counted(now),
            told: false,
        };
        batch.put(tables::FORK_SEEN, &key, &write_record(&record));
        let device = fork.device;
        let kind = IncidentKind::Fork { device };
        self.incident(batch, kind, Some(alert), now)
    }

    /// The forks that their contacts are told of now.
    pub(super) fn forks_to_tell(&self, now: Timestamp) -> Result<Vec<ForkRecord>, StepError> {
        let rows = self
            .store
            .scan(Scan::table(tables::FORK_SEEN, usize::MAX))?;
        let mut forks = Vec::new();
        for (_, bytes) in rows {
            let record: ForkRecord = read_record(&bytes)?;
            let age = self.counted(now).since(record.since);
            if !record.told || age < Span::from_ms(limits::FORK_TOLD_FOR_MS) {
                forks.push(record);
            }
        }
        // Those that were not told yet first.
        forks.sort_by_key(|record| (record.told, record.since));
        Ok(forks)
    }

    /// A heartbeat tells of these.
    pub(super) fn note_forks_told(&self, batch: &mut Batch, told: &[ForkRecord]) {
        for record in told.iter().filter(|record| !record.told) {
            let fork = &record.fork;
            let key = Row::of(fork.of, fork.device, fork.epoch).key(fork.number);
            let told = ForkRecord {
                told: true,
                ..*record
            };
            batch.put(tables::FORK_SEEN, &key, &write_record(&told));
        }
    }

    /// Another contact tells of a fork of a device of this one (PROTOCOL G8): an incident, once,
    /// and at most so many for one device.
    pub(super) fn hear_of_fork(
        &self,
        batch: &mut Batch,
        (by, contact): (&DeviceId, &ContactAddress),
        fork: &ToldFork,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let mine = Check::G8.holds(self.roster.acts_for(&fork.device, &self.identity.contact));
        let key = Row::of(fork.of, fork.device, fork.epoch).key(fork.number);
        if !mine || self.store.get(tables::FORK_TOLD, &key)?.is_some() {
            return Ok(());
        }
        let of_device = fork.device.as_bytes();
        if self.keys_of(tables::FORK_TOLD, of_device)?.len() >= limits::FORKS_HEARD_MAX {
            return Ok(());
        }
        let (by, fork) = (*by, *fork);
        let record = write_record(&ToldForkRecord { by, fork });
        batch.put(tables::FORK_TOLD, &key, &record);
        let kind = IncidentKind::ForkTold {
            device: fork.device,
            of: fork.of,
            number: fork.number,
            by: contact.clone(),
        };
        self.incident(batch, kind, None, now)
    }
}
