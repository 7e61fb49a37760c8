//! Counted time, on which every deadline of the relay stands: nobody who sets a clock moves it.

use std::sync::Arc;

use maille_common::record::{read_record, write_record};
use maille_common::time::{Count, Reading, Span, Timestamp};
use maille_durable::{Batch, Store, StoreError};

use super::next_keys::PublicKeys;
use super::records::{ClockRecord, KnownKeysRecord};
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
#[derive(Debug, Clone, Copy)]
pub(super) struct Counting {
    count: Count,
    kept: Option<Count>,
    /// The next pair of keys, while the roster names it. It is kept with the count, in one batch.
    keys: Option<KnownKeys>,
    /// The pair of which the store says so.
    keys_kept: Option<PublicKeys>,
}

/// How long it is known here that the roster names a pair of keys.
#[derive(Debug, Clone, Copy)]
struct KnownKeys {
    pair: PublicKeys,
    /// By the clock that nobody sets.
    known: Span,
}

impl Counting {
    /// Goes on from what is kept, which may be of another boot or another machine.
    pub(super) fn open(store: &Arc<dyn Store>, reading: Reading) -> Result<Self, StepError> {
        let found = store.get(tables::CLOCK, tables::CLOCK_KEY)?;
        let kept = match found {
            Some(bytes) => Some(read_record::<ClockRecord>(&bytes)?.count),
            None => None,
        };
        let keys = match store.get(tables::KNOWN_KEYS, tables::KNOWN_KEYS_KEY)? {
            Some(bytes) => Some(KnownKeys::from(read_record::<KnownKeysRecord>(&bytes)?)),
            None => None,
        };
        let mut counting = Self {
            count: kept.unwrap_or_else(|| Count::begin(reading)),
            kept,
            keys,
            keys_kept: keys.map(|keys| keys.pair),
        };
        counting.look(reading);
        Ok(counting)
    }

    fn look(&mut self, reading: Reading) {
        let before = self.count;
        self.count = before.read(reading);
        if let Some(keys) = &mut self.keys {
            keys.known = keys.known + before.surely_until(&self.count);
        }
    }

    /// Counts from now on how long the roster names this pair, if it is not being counted; none:
    /// the roster names no next pair. How long it is so far.
    pub(super) fn know_keys(&mut self, named: Option<PublicKeys>) -> Span {
        let before = self.keys.filter(|keys| named == Some(keys.pair));
        let begin = |pair| KnownKeys {
            pair,
            known: Span::ZERO,
        };
        self.keys = before.or_else(|| named.map(begin));
        self.keys.map_or(Span::ZERO, |keys| keys.known)
    }

    /// Whether what is kept misleads nobody who goes on from it.
    fn is_kept(&self) -> bool {
        let keys = self.keys.map(|keys| keys.pair);
        let count = &self.count;
        self.keys_kept == keys && self.kept.is_some_and(|kept| !count.differs_from(&kept))
    }

    /// Keeps the count with a batch that is about to be appended.
    pub(super) fn keep(&mut self, batch: &mut Batch) {
        let record = write_record(&ClockRecord { count: self.count });
        batch.put(tables::CLOCK, tables::CLOCK_KEY, &record);
        self.kept = Some(self.count);
        if let Some(KnownKeys { pair, known }) = self.keys {
            let record = write_record(&KnownKeysRecord {
                transport: pair.transport,
                signing: pair.signing,
                known,
            });
            batch.put(tables::KNOWN_KEYS, tables::KNOWN_KEYS_KEY, &record);
        } else if self.keys_kept.is_some() {
            batch.delete(tables::KNOWN_KEYS, tables::KNOWN_KEYS_KEY);
        }
        self.keys_kept = self.keys.map(|keys| keys.pair);
    }
}

impl From<KnownKeysRecord> for KnownKeys {
    fn from(record: KnownKeysRecord) -> Self {
        let KnownKeysRecord {
            transport,
            signing,
            known,
        } = record;
        let pair = PublicKeys { transport, signing };
        Self { pair, known }
    }
}

impl RelayCore {
    /// Looks at the machine's clocks. Whoever brings a `now` of the wall has looked just before, so
    /// that nobody set the wall in between.
    pub fn look_at_clocks(&mut self, reading: Reading) {
        self.counting.look(reading);
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
        if self.counting.is_kept() {
            return Ok(());
        }
        let before = self.counting;
        let mut batch = Batch::new();
        batch.urgent();
        self.counting.keep(&mut batch);
        match self.append(batch) {
            Ok(_) => Ok(()),
            // On a full disk deadlines are counted all the same, and this is kept later.
            Err(StoreError::DiskFull { .. }) => {
                self.counting = before;
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}
