//! A volume that really fills, and a store on it.

use std::path::Path;
use std::time::{Duration, Instant};

use maille_durable::{Batch, DurableStore, Options, Scan, Store, StoreError, StoreId, Table};
use serde::Serialize;

use crate::crash::chance::Chance;
use crate::crash::rig::ms_since;
use crate::crash::violation::{Broken, Violation};
use crate::volume::Volume;

const MIB: u64 = 1024 * 1024;
const T: Table = Table(1);

/// The first key of a receipt.
const RECEIPTS: u32 = 10_000_000;

/// How soon a store must serve again when there is room.
const AGAIN: Duration = Duration::from_secs(5);

/// What became of a store on a volume that was filled.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Filled {
    /// Records taken until the store refused.
    records: u32,
    left_at_refusal: u64,
    /// Receipts stored when no block was left.
    pub(crate) receipts: u32,
    /// Records that were deleted when there was room again.
    deleted: u32,
    /// How long it took until everybody was served again.
    pub(crate) served_again_ms: Option<u64>,
    /// The index found no room for what it does by itself, and the store ended: what is known to
    /// be wrong with it. Everything acknowledged must be there when it is started again.
    pub(crate) index_failed: Option<String>,
}

/// Why it went no further.
enum Stop {
    /// The index has failed.
    Index(String),
    Wrong(Violation),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        let sentence = error.to_string();
        match error {
            StoreError::StoreFailed(_) if sentence.contains("sled") => Self::Index(sentence),
            StoreError::Index(_) => Self::Index(sentence),
            _ => wrong(sentence),
        }
    }
}

fn wrong(what: String) -> Stop {
    Stop::Wrong(Violation::new(Broken::Stopped, what))
}

/// Fills one: the store up to its mark, then somebody else the rest; then there is room again.
pub(crate) fn fill(volume: &Volume, chance: &mut Chance) -> Result<Filled, Violation> {
    let options = Options {
        log_segment_bytes: MIB,
        checkpoint_log_bytes: chance.between(2, 6) * MIB,
        low_water_bytes: 12 * MIB,
        ballast_bytes: 4 * MIB,
        index_cache_bytes: MIB,
        ..Options::new(StoreId([1; 16]), "boot".to_owned(), "now")
    };
    let folder = volume.folder().join("store");
    let store = open(&folder, &options)?;
    let mut filled = Filled::default();
    let lived = filled.live(&store, &options, volume, chance);
    match lived.and_then(|()| store.close().map_err(Stop::from)) {
        Ok(()) => {}
        Err(Stop::Index(sentence)) => filled.index_failed = Some(sentence),
        Err(Stop::Wrong(violation)) => return Err(violation),
    }
    // Whoever starts it again has made room for it.
    volume.make_room();
    filled.check(&open(&folder, &options)?)?;
    Ok(filled)
}

fn open(folder: &Path, options: &Options) -> Result<DurableStore, Violation> {
    let opened = DurableStore::open(folder, options);
    let (store, opening) =
        opened.map_err(|error| Violation::new(Broken::DoesNotOpen, error.to_string()))?;
    match opening.set_aside {
        Some(aside) => {
            let what = aside.damage.to_string();
            Err(Violation::new(Broken::DoesNotOpen, what))
        }
        None => Ok(store),
    }
}

impl Filled {
    fn live(
        &mut self,
        store: &DurableStore,
        options: &Options,
        volume: &Volume,
        chance: &mut Chance,
    ) -> Result<(), Stop> {
        self.until_refused(store, options, chance)?;
        // Somebody else takes all that is left, to the last block.
        volume.fill();
        self.store_receipts(store, chance)?;
        match store.commit(record(self.records, 1)) {
            Err(StoreError::DiskFull { .. }) => {}
            other => return Err(wrong(format!("below the mark it answered {other:?}"))),
        }
        volume.make_room();
        self.serve_again(store)
    }

    fn until_refused(
        &mut self,
        store: &DurableStore,
        options: &Options,
        chance: &mut Chance,
    ) -> Result<(), Stop> {
        let refused = loop {
            match store.append(record(self.records, chance.between(1, 9))) {
                Ok(_) => self.records += 1,
                Err(error) => break error,
            }
            if self.records.is_multiple_of(64) {
                store.wait(store.newest())?;
            }
            if self.records > 1_000_000 {
                return Err(wrong("a full volume is never full".to_owned()));
            }
        };
        store.wait(store.newest())?;
        let StoreError::DiskFull {
            available_bytes,
            required_bytes,
        } = refused
        else {
            return Err(refused.into());
        };
        self.left_at_refusal = available_bytes;
        // Runs are written down to half the mark; the store's own batches end before.
        let least = options.low_water_bytes / 2 - MIB;
        if available_bytes < least || required_bytes < options.low_water_bytes {
            return Err(wrong(format!(
                "it refused late, with {available_bytes} bytes left"
            )));
        }
        Ok(())
    }

    fn store_receipts(&mut self, store: &DurableStore, chance: &mut Chance) -> Result<(), Stop> {
        for count in 1..=u32::try_from(chance.between(100, 600)).unwrap_or(100) {
            let number = RECEIPTS + count;
            let mut batch = Batch::new();
            batch
                .put(T, &number.to_be_bytes(), &value(number)[..150])
                .urgent();
            store.append(batch)?;
            if count.is_multiple_of(16) {
                store.wait(store.newest())?;
                self.receipts = count;
            }
        }
        store.wait(store.newest())?;
        Ok(())
    }

    /// The store was refused by what it had written itself, so more must be given back than what
    /// somebody else took.
    fn serve_again(&mut self, store: &DurableStore) -> Result<(), Stop> {
        for number in 0..self.records / 2 {
            let mut batch = Batch::new();
            batch.delete(T, &number.to_be_bytes()).urgent();
            self.deleted += 1;
            store.append(batch)?;
        }
        let room = Instant::now();
        loop {
            match store.commit(record(self.records, 1)) {
                Ok(_) => break,
                Err(StoreError::DiskFull { .. }) if room.elapsed() < AGAIN => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.served_again_ms = Some(ms_since(room));
        Ok(())
    }

    /// Checks that what was acknowledged is there, and nothing else but what was on its way.
    fn check(&self, store: &DurableStore) -> Result<(), Violation> {
        let rows = store.scan(Scan::table(T, usize::MAX));
        let rows = rows.map_err(|error| Violation::new(Broken::Stopped, error.to_string()))?;
        let (mut records, mut receipts) = (0, 0);
        for (key, found) in &rows {
            let number = key.first_chunk().map_or(0, |key| u32::from_be_bytes(*key));
            if !value(number).starts_with(found) {
                let what = format!("record {number} is not what was written");
                return Err(Violation::new(Broken::WrongContent, what));
            }
            records += u32::from((self.deleted..self.records).contains(&number));
            receipts += u32::from(number > RECEIPTS);
        }
        let least = self.records - self.deleted;
        if records != least || receipts < self.receipts {
            let what = format!(
                "{records} records of {least}, {receipts} receipts of {}",
                self.receipts
            );
            return Err(Violation::new(Broken::Lost, what));
        }
        let gone =
            self.served_again_ms.is_none() || rows.len() == (records + receipts + 1) as usize;
        if !gone {
            let what = "deleted records are there again";
            return Err(Violation::new(Broken::WrongContent, what));
        }
        Ok(())
    }
}

fn record(number: u32, quarters: u64) -> Batch {
    let length = usize::try_from(quarters * 450).unwrap_or(0);
    let mut batch = Batch::new();
    batch.put(T, &number.to_be_bytes(), &value(number)[..length]);
    batch
}

fn value(number: u32) -> Vec<u8> {
    Chance::new(number.into()).bytes(4096)
}
