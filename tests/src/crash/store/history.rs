//! What was written to a store, batch by batch, and what it must hold behind each.

use std::collections::BTreeMap;
use std::sync::Arc;

use maille_durable::{Batch, MemoryStore, Row, Scan, Store, StoreError, Table};

use crate::crash::chance::Chance;
use crate::crash::violation::{Broken, Violation};

/// Plain records, and byte strings in pieces.
pub(crate) const TABLES: [Table; 3] = [Table(1), Table(2), Table(7)];
const BODIES: Table = TABLES[2];

/// Everything in a store.
pub(crate) type Contents = [Vec<Row>; TABLES.len()];

/// What a store must hold behind every batch: the reference store says so.
#[derive(Debug, Clone)]
pub(crate) struct History {
    /// Behind batch n at n; behind batch 0 the first.
    rows: Vec<Arc<Contents>>,
}

impl History {
    /// Of a store that is not there yet.
    pub(crate) fn new() -> Self {
        let rows = vec![Arc::default()];
        Self { rows }
    }

    /// What was so up to a batch, and then went otherwise.
    pub(crate) fn branch(&self, newest: u64) -> Self {
        let count = index(newest) + 1;
        Self {
            rows: self.rows[..count].to_vec(),
        }
    }

    /// The newest batch.
    pub(crate) fn newest(&self) -> u64 {
        self.rows.len() as u64 - 1
    }

    /// Goes on with the batches that follow the newest.
    pub(crate) fn go_on(&mut self, batches: &BTreeMap<u64, Batch>) {
        let memory = MemoryStore::new();
        let mut before = Batch::new();
        for (table, rows) in TABLES.iter().zip(self.last().iter()) {
            for (key, value) in rows {
                before.put(*table, key, value);
            }
        }
        memory
            .append(before)
            .expect("the reference takes what it held");
        for (number, batch) in batches.range(self.newest() + 1..) {
            if *number != self.newest() + 1 {
                // It was numbered, and its thread died before it said so: nobody was promised it.
                break;
            }
            memory
                .append(batch.clone())
                .expect("the reference takes what a store took");
            let rows = read(&memory).expect("the reference can be read");
            self.rows.push(Arc::new(rows));
        }
    }

    /// Compares a store with what it must hold. It must have at least the batches up to
    /// `acknowledged`.
    pub(crate) fn check(&self, store: &impl Store, acknowledged: u64) -> Result<(), Violation> {
        let newest = store.newest().0;
        if newest < acknowledged {
            let what = format!("it ends at {newest}, and {acknowledged} was acknowledged");
            return Err(Violation::new(Broken::Lost, what));
        }
        let Some(rows) = self.rows.get(index(newest)) else {
            let what = format!("it ends at {newest}, and {} was written", self.newest());
            return Err(Violation::new(Broken::WrongContent, what));
        };
        compare(store, rows)
    }

    /// What a store holds behind a batch.
    pub(crate) fn at(&self, number: u64) -> &Contents {
        &self.rows[index(number)]
    }

    fn last(&self) -> &Arc<Contents> {
        self.rows.last().expect("there is the beginning at least")
    }
}

fn index(number: u64) -> usize {
    usize::try_from(number).expect("a rig writes few batches")
}

/// Compares a store with the reference, which is given the same batches, the first being 1, up to
/// the store's newest.
pub(crate) fn check_all(
    store: &impl Store,
    batches: &[Batch],
    acknowledged: u64,
) -> Result<(), Violation> {
    let newest = store.newest().0;
    if newest < acknowledged || index(newest) > batches.len() {
        let written = batches.len();
        let what = format!("it ends at {newest} of {written}, {acknowledged} acknowledged");
        return Err(Violation::new(Broken::Lost, what));
    }
    compare(store, &rows_of(&batches[..index(newest)]))
}

/// What a store holds that was given these batches.
pub(crate) fn rows_of(batches: &[Batch]) -> Contents {
    let memory = MemoryStore::new();
    for batch in batches {
        let appended = memory.append(batch.clone());
        appended.expect("the reference takes what a store took");
    }
    read(&memory).expect("the reference can be read")
}

/// Compares everything in a store with what must be there.
fn compare(store: &impl Store, rows: &Contents) -> Result<(), Violation> {
    let newest = store.newest();
    let found = read(store)
        .map_err(|error| Violation::new(Broken::Stopped, format!("it is not read: {error}")))?;
    for ((table, rows), found) in TABLES.iter().zip(rows).zip(&found) {
        if rows != found {
            let (table, found, rows) = (table.0, found.len(), rows.len());
            let what =
                format!("at {newest} table {table} has {found} records, not {rows}, or others");
            return Err(Violation::new(Broken::WrongContent, what));
        }
    }
    // Single records take another way through runs and index than scans.
    for (table, rows) in TABLES.iter().zip(rows) {
        for (key, value) in rows.iter().step_by(7) {
            if store.get(*table, key).ok().flatten().as_ref() != Some(value) {
                let what = format!("at {newest} a record of table {} differs", table.0);
                return Err(Violation::new(Broken::WrongContent, what));
            }
        }
    }
    Ok(())
}

/// Reads everything.
pub(crate) fn read(store: &impl Store) -> Result<Contents, StoreError> {
    let mut all: Contents = Default::default();
    for (table, rows) in TABLES.iter().zip(&mut all) {
        *rows = store.scan(Scan::table(*table, usize::MAX))?;
    }
    Ok(all)
}

/// Makes a batch: records of any length, some in pieces, some that end others, now and then none.
pub(crate) fn batch(chance: &mut Chance) -> Batch {
    let mut batch = Batch::new();
    let writes = match chance.below(12) {
        0 => 0,
        1 => 6,
        _ => chance.between(1, 3),
    };
    for _ in 0..writes {
        let key = key(chance);
        let table = TABLES[chance.index(2)];
        match chance.below(16) {
            0..3 => batch.delete(table, &key),
            3 => batch.delete_pieces(BODIES, &key[..1]),
            4 => {
                let length = [0, 1, 4095, 4096, 4097, 9000][chance.index(6)];
                let bytes = chance.bytes(length);
                batch.put_pieces(BODIES, &key[..1], &bytes)
            }
            kind => {
                let longest = [0, 1, 60, 400, 400, 1500, 4096][chance.index(7)];
                let length = if kind == 5 {
                    longest
                } else {
                    chance.index(longest + 1)
                };
                let bytes = chance.bytes(length);
                batch.put(table, &key, &bytes)
            }
        };
    }
    if chance.percent(10) {
        batch.urgent();
    }
    batch
}

fn key(chance: &mut Chance) -> Vec<u8> {
    let first = u8::try_from(chance.below(5)).expect("five");
    let second = u8::try_from(chance.below(16)).expect("sixteen");
    vec![first, second]
}
