//! A store at work over a recorder: opened, written to by several at once, closed or failed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;

use maille_durable::{
    Batch, CommitNumber, DurableStore, OpenError, Opening, Options, Store, StoreId,
};

use super::history;
use super::recorder::Recorder;
use super::recording::Event;
use crate::crash::chance::Chance;

/// How a store is opened.
#[derive(Debug, Clone)]
pub(crate) struct Sizes {
    pub(crate) log_segment_bytes: u64,
    pub(crate) checkpoint_log_bytes: u64,
}

impl Sizes {
    /// Small, so that rotation, flush and merge come often.
    pub(crate) fn choose(chance: &mut Chance) -> Self {
        let log_segment_bytes = [1, 2048, 4096, 8192][chance.index(4)];
        let checkpoint_log_bytes = [0, 4096, 16 * 1024][chance.index(3)];
        Self {
            log_segment_bytes,
            checkpoint_log_bytes,
        }
    }

    /// The options of a store in the given boot, should it be created with the given identity.
    pub(crate) fn options(&self, boot: &str, identity: u8) -> Options {
        Options {
            log_segment_bytes: self.log_segment_bytes,
            checkpoint_log_bytes: self.checkpoint_log_bytes,
            low_water_bytes: 0,
            ballast_bytes: 2048,
            index_cache_bytes: 1 << 20,
            ..Options::new(StoreId([identity; 16]), boot.to_owned(), "now")
        }
    }
}

/// A store at work, and everything it was given.
pub(crate) struct Life {
    pub(crate) recorder: Recorder,
    pub(crate) batches: BTreeMap<u64, Batch>,
    pub(crate) store: Option<DurableStore>,
}

impl Life {
    /// Begins with nothing open.
    pub(crate) fn new(recorder: Recorder) -> Self {
        Self {
            recorder,
            batches: BTreeMap::new(),
            store: None,
        }
    }

    /// Opens the store; everything it found is acknowledged then.
    pub(crate) fn open(&mut self, base: &Path, options: &Options) -> Result<Opening, OpenError> {
        let folder = base.join("store");
        let (store, opening) = DurableStore::open_on(self.recorder.disk(), &folder, options)?;
        self.recorder.acknowledge(opening.newest.0);
        self.recorder.note(Event::Opened);
        self.store = Some(store);
        Ok(opening)
    }

    /// Lets `writers` commit so many batches each, several at a time.
    pub(crate) fn write(&mut self, chance: &mut Chance, writers: u64, each: u64) {
        let Some(store) = &self.store else {
            return;
        };
        let batches = Mutex::new(std::mem::take(&mut self.batches));
        let recorder = &self.recorder;
        thread::scope(|scope| {
            for writer in 0..writers {
                let mut chance = Chance::about(chance.next(), &[writer]);
                let batches = &batches;
                scope.spawn(move || {
                    let mut left = each;
                    while left > 0 {
                        let group = chance.between(1, 4).min(left);
                        left -= group;
                        let Some(last) = append(store, batches, recorder, &mut chance, group)
                        else {
                            return;
                        };
                        // Whether it holds or the store has failed: the callback has noted it.
                        let _ = store.wait(last);
                    }
                });
            }
        });
        self.batches = batches.into_inner().unwrap_or_else(PoisonError::into_inner);
    }

    /// Takes everything into runs.
    pub(crate) fn checkpoint(&self) {
        if let Some(store) = &self.store {
            // A store that has failed says so; that it had a reason is checked elsewhere.
            let _ = store.checkpoint();
        }
    }

    /// Closes the store; one that had failed just ends.
    pub(crate) fn close(&mut self) {
        if let Some(store) = self.store.take() {
            self.recorder.note(Event::Closing);
            let closed = store.close().is_ok();
            self.recorder
                .note(if closed { Event::Closed } else { Event::Ended });
        }
    }
}

/// Appends a group of batches; the last of them, unless the store has failed.
fn append(
    store: &DurableStore,
    batches: &Mutex<BTreeMap<u64, Batch>>,
    recorder: &Recorder,
    chance: &mut Chance,
    group: u64,
) -> Option<CommitNumber> {
    let mut last = None;
    for _ in 0..group {
        let batch = history::batch(chance);
        let number = store.append(batch.clone()).ok()?;
        let mut known = batches.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(number.0, batch);
        drop(known);
        let recorder = recorder.clone();
        let noted = move |result: Result<(), _>| {
            if result.is_ok() {
                recorder.acknowledge(number.0);
            }
        };
        store.when_durable(number, Box::new(noted));
        last = Some(number);
    }
    last
}
