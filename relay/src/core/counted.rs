//! Counted time, on which every deadline of the relay stands: nobody who sets a clock moves it.

use std::sync::Arc;

use maille_common::record::{read_record, write_record};
use maille_common::time::{Count, Reading, Timestamp};
use maille_durable::{Batch, Store, StoreError};

use super::records::ClockRecord;
use super::relay::{RelayCore, StepError};
use super::tables;

/// One moment, on both lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// As statements say it.
    pub(super) wall: Timestamp,
    /// As deadlines are counted.
    pub(super) counted: Timestamp,
}

/// The count so far, and what of it is durable.
#[derive(Debug)]
pub(super) struct Counting {
    count: Count,
    kept: Option<Count>,
}

impl Counting {
    /// Goes on from what is kept, which may be of another boot or another machine.
    pub(super) fn open(store: &Arc<dyn Store>, reading: Reading) -> Result<Self, StepError> {
        let found = store.get(tables::CLOCK, tables::CLOCK_KEY)?;
        let kept = match found {
            Some(bytes) => Some(read_record::<ClockRecord>(&bytes)?.count),
            None => None,
        };
        let count = kept.map_or_else(|| Count::begin(reading), |kept| kept.read(reading));
        Ok(Self { count, kept })
    }

    /// Keeps the count with a batch that is about to be appended.
    pub(super) fn keep(&mut self, batch: &mut Batch) {
        let record = write_record(&ClockRecord { count: self.count });
        batch.put(tables::CLOCK, tables::CLOCK_KEY, &record);
        self.kept = Some(self.count);
    }
}

impl RelayCore {
    /// Looks at the machine's clocks. Whoever brings a `now` of the wall has looked just before, so
    /// that nobody set the wall in between.
    pub fn look_at_clocks(&mut self, reading: Reading) {
        self.counting.count = self.counting.count.read(reading);
    }

    /// A moment of the wall that is not long past, in counted time.
    pub(super) fn counted(&self, wall: Timestamp) -> Timestamp {
        self.counting.count.at(wall)
    }

    /// The moment of the last look.
    pub(super) fn present(&self) -> Moment {
        let counted = self.counting.count.now();
        let wall = self.counting.count.wall_at(counted);
        Moment { wall, counted }
    }

    /// A moment of counted time as the wall shows it now.
    pub(super) fn as_wall_shows(&self, counted: Timestamp) -> Timestamp {
        self.counting.count.wall_at(counted)
    }

    /// Whether a deadline that has run since then is uncertain.
    pub(super) fn is_uncertain(&self, since: Timestamp) -> bool {
        self.counting.count.is_uncertain(since)
    }

    /// Keeps the count, where what is kept would mislead whoever goes on from it.
    pub(super) fn keep_count(&mut self) -> Result<(), StepError> {
        let Counting { count, kept } = &self.counting;
        if kept.is_some_and(|kept| !count.differs_from(&kept)) {
            return Ok(());
        }
        let before = *kept;
        let mut batch = Batch::new();
        batch.urgent();
        self.counting.keep(&mut batch);
        match self.append(batch) {
            Ok(_) => Ok(()),
            // On a full disk deadlines are counted all the same, and this is kept later.
            Err(StoreError::DiskFull { .. }) => {
                self.counting.kept = before;
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}
