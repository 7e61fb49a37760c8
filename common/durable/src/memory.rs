//! The reference: the same duties in memory, nothing of it durable.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::batch::{Batch, whole_key};
use crate::error::StoreError;
use crate::overlay::ScanBounds;
use crate::pieces;
use crate::store::{CommitNumber, Direction, DurableCallback, Row, Scan, Store, Table};

/// A store for tests and for reading: what every other store must be indistinguishable from while
/// the power stays on.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    newest: u64,
    records: BTreeMap<Vec<u8>, Arc<[u8]>>,
}

impl MemoryStore {
    /// Begins an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Store for MemoryStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        Ok(state
            .records
            .get(&whole_key(table, key))
            .map(|value| value.to_vec()))
    }

    fn scan(&self, scan: Scan<'_>) -> Result<Vec<Row>, StoreError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let Some(bounds) = ScanBounds::of(&scan) else {
            return Ok(Vec::new());
        };
        let row = |(key, value): (&Vec<u8>, &Arc<[u8]>)| (key[1..].to_vec(), value.to_vec());
        let range = state.records.range::<[u8], _>(bounds.as_range());
        Ok(match scan.direction {
            Direction::Ascending => range.map(row).take(scan.limit).collect(),
            Direction::Descending => range.rev().map(row).take(scan.limit).collect(),
        })
    }

    fn append(&self, batch: Batch) -> Result<CommitNumber, StoreError> {
        batch.check()?;
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let ops = batch.resolve(|table, key| {
            let (from, to) = pieces::bounds(key);
            let range = whole_key(table, &from)..whole_key(table, &to);
            let width = range.start.len();
            let keys = state.records.range(range).map(|(key, _)| key.clone());
            Ok(keys.filter(|key| key.len() == width).collect())
        })?;
        for op in ops {
            match op.value {
                Some(value) => state.records.insert(op.key, value),
                None => state.records.remove(&op.key),
            };
        }
        state.newest += 1;
        Ok(CommitNumber(state.newest))
    }

    fn when_durable(&self, commit: CommitNumber, then: DurableCallback) {
        // As durable as memory gets.
        then(if commit > self.newest() {
            Err(StoreError::UnknownCommit(commit))
        } else {
            Ok(())
        });
    }

    fn newest(&self) -> CommitNumber {
        CommitNumber(
            self.state
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .newest,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::contract_suite!(|| (MemoryStore::new(), ()));
}
