//! A store that loses what was not synced: a batch is seen at once and durable later, and a crash
//! keeps a prefix of the batches that holds everything said to be durable.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use maille_durable::{
    BATCH_BYTES_MAX, Batch, CommitNumber, Direction, DurableCallback, KEY_BYTES_MAX, Row, Scan,
    Store, StoreError, Table, VALUE_BYTES_MAX, Write, after_prefix,
};

use super::mutation::Mutation;

/// Table byte, key and value of every record.
pub(crate) type Records = BTreeMap<Vec<u8>, Arc<[u8]>>;

/// A byte string in pieces that was removed, by the last 32 bytes of its table and key.
pub(crate) type Removed = (Table, Vec<u8>);

/// A record and what it held before a batch.
type Before = (Vec<u8>, Option<Arc<[u8]>>);

/// A disk in virtual time.
#[derive(Debug, Default)]
pub(crate) struct SimDisk {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    records: Records,
    /// What each record held before a batch that is not durable yet, oldest batch first.
    undone: Vec<Vec<Before>>,
    synced: u64,
    newest: u64,
    waiting: Vec<(CommitNumber, DurableCallback)>,
    removed: Vec<Removed>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("synced", &self.synced)
            .field("newest", &self.newest)
            .finish_non_exhaustive()
    }
}

impl SimDisk {
    /// A disk with these records, all of them durable.
    pub(crate) fn with(records: Records) -> Self {
        let disk = Self::default();
        disk.enter().records = records;
        disk
    }

    /// Everything that is on it, durable or not.
    pub(crate) fn records(&self) -> Records {
        self.enter().records.clone()
    }

    /// The newest commit that would survive a power cut.
    pub(crate) fn synced(&self) -> CommitNumber {
        CommitNumber(self.enter().synced)
    }

    /// A sync ended: everything up to a commit is durable.
    pub(crate) fn sync(&self, upto: CommitNumber) {
        let due = {
            let mut state = self.enter();
            if upto.0 > state.synced {
                let count = usize::try_from(upto.0.min(state.newest) - state.synced);
                let count = count.unwrap_or(usize::MAX);
                state.undone.drain(..count);
                state.synced = upto.0.min(state.newest);
            }
            let synced = state.synced;
            let (due, later) = std::mem::take(&mut state.waiting)
                .into_iter()
                .partition::<Vec<_>, _>(|(commit, _)| commit.0 <= synced);
            state.waiting = later;
            due
        };
        for (_, then) in due {
            then(Ok(()));
        }
    }

    /// The process dies. What was not durable is kept up to the commit that `choose` picks between
    /// the newest durable one and the newest one.
    pub(crate) fn crash(&self, choose: impl FnOnce(u64, u64) -> u64) {
        let mut state = self.enter();
        let kept = choose(state.synced, state.newest).clamp(state.synced, state.newest);
        let lost = usize::try_from(state.newest - kept).unwrap_or(usize::MAX);
        for _ in 0..lost {
            let batch = state.undone.pop().unwrap_or_default();
            for (key, before) in batch.into_iter().rev() {
                match before {
                    Some(value) => state.records.insert(key, value),
                    None => state.records.remove(&key),
                };
            }
        }
        state.undone.clear();
        state.newest = kept;
        state.synced = kept;
        state.waiting.clear();
        state.removed.clear();
    }

    /// The disk is gone, and another one is in its place.
    pub(crate) fn lose(&self) {
        *self.enter() = State::default();
    }

    /// A broken disk: one of its records is gone.
    pub(crate) fn rot(&self, which: u64) {
        let mut state = self.enter();
        let count = u64::try_from(state.records.len()).unwrap_or(u64::MAX);
        let at = usize::try_from(which % count.max(1)).unwrap_or(0);
        if let Some(key) = state.records.keys().nth(at).cloned() {
            state.records.remove(&key);
        }
    }

    /// The byte strings that were removed since the last call.
    pub(crate) fn take_removed(&self) -> Vec<Removed> {
        std::mem::take(&mut self.enter().removed)
    }

    /// The tables in which a byte string stands under a key.
    pub(crate) fn tables_with(&self, key: &[u8]) -> Vec<Table> {
        let state = self.enter();
        let first = |table: u8| {
            let mut whole = whole_key(Table(table), key);
            whole.extend([0; 4]);
            state.records.contains_key(&whole)
        };
        (0..=u8::MAX)
            .filter(|table| first(*table))
            .map(Table)
            .collect()
    }

    fn enter(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Changes a record, and says what it held.
    fn set(&mut self, key: Vec<u8>, value: Option<Arc<[u8]>>) -> Before {
        let before = match value {
            Some(value) => self.records.insert(key.clone(), value),
            None => self.records.remove(&key),
        };
        (key, before)
    }

    /// The whole keys of the pieces under a key.
    fn pieces_of(&self, table: Table, key: &[u8]) -> Vec<Vec<u8>> {
        let from = whole_key(table, key);
        let to = after_prefix(&from);
        let width = from.len() + 4;
        let range = self.records.range(from..to).map(|(key, _)| key);
        range.filter(|key| key.len() == width).cloned().collect()
    }
}

impl Store for SimDisk {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.enter().records.get(&whole_key(table, key)).cloned();
        Ok(found.map(|value| value.to_vec()))
    }

    fn scan(&self, scan: Scan<'_>) -> Result<Vec<Row>, StoreError> {
        Ok(scanned(&self.enter().records, &scan))
    }

    fn append(&self, batch: Batch) -> Result<CommitNumber, StoreError> {
        check(&batch)?;
        let mut state = self.enter();
        let mut undo = Vec::new();
        for write in batch.writes() {
            match write {
                Write::Put(table, key, value) => {
                    let set = state.set(whole_key(*table, key), Some(Arc::clone(value)));
                    undo.push(set);
                }
                Write::Delete(table, key) => undo.push(state.set(whole_key(*table, key), None)),
                Write::PutPieces(table, key, bytes) => {
                    for piece in state.pieces_of(*table, key) {
                        undo.push(state.set(piece, None));
                    }
                    let end = bytes.len().is_multiple_of(VALUE_BYTES_MAX);
                    let pieces = bytes.chunks(VALUE_BYTES_MAX).chain(end.then_some(&[][..]));
                    for (number, piece) in (0u32..).zip(pieces) {
                        let mut whole = whole_key(*table, key);
                        whole.extend(number.to_be_bytes());
                        undo.push(state.set(whole, Some(piece.into())));
                    }
                }
                Write::DeletePieces(table, key) => {
                    let pieces = state.pieces_of(*table, key);
                    if !pieces.is_empty() {
                        state.removed.push((*table, key.clone()));
                    }
                    for piece in pieces {
                        undo.push(state.set(piece, None));
                    }
                }
            }
        }
        state.undone.push(undo);
        state.newest += 1;
        Ok(CommitNumber(state.newest))
    }

    fn when_durable(&self, commit: CommitNumber, then: DurableCallback) {
        let mut state = self.enter();
        if commit.0 > state.newest {
            drop(state);
            return then(Err(StoreError::UnknownCommit(commit)));
        }
        if commit.0 > state.synced {
            state.waiting.push((commit, then));
            return;
        }
        drop(state);
        then(Ok(()));
    }

    fn newest(&self) -> CommitNumber {
        CommitNumber(self.enter().newest)
    }

    /// Who blocks on the disk is answered when it is done, and meanwhile no time passes.
    fn wait(&self, commit: CommitNumber) -> Result<(), StoreError> {
        if commit > self.newest() {
            return Err(StoreError::UnknownCommit(commit));
        }
        self.sync(commit);
        Ok(())
    }
}

/// What would be left of a disk if the power went now, to read.
#[derive(Debug)]
pub(crate) struct DurableImage(pub(crate) Arc<SimDisk>);

impl DurableImage {
    fn records(&self) -> (Records, u64) {
        let state = self.0.enter();
        let mut records = state.records.clone();
        for batch in state.undone.iter().rev() {
            for (key, before) in batch.iter().rev() {
                match before {
                    Some(value) => records.insert(key.clone(), Arc::clone(value)),
                    None => records.remove(key),
                };
            }
        }
        (records, state.synced)
    }
}

impl Store for DurableImage {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let whole = whole_key(table, key);
        let state = self.0.enter();
        let mut undone = state.undone.iter().flatten();
        let found = match undone.find(|(key, _)| *key == whole) {
            Some((_, before)) => before.clone(),
            None => state.records.get(&whole).cloned(),
        };
        Ok(found.map(|value| value.to_vec()))
    }

    fn scan(&self, scan: Scan<'_>) -> Result<Vec<Row>, StoreError> {
        {
            let state = self.0.enter();
            if state.undone.is_empty() {
                return Ok(scanned(&state.records, &scan));
            }
        }
        Ok(scanned(&self.records().0, &scan))
    }

    /// Nobody writes into an image. What is opened over one finds what it would write.
    fn append(&self, _: Batch) -> Result<CommitNumber, StoreError> {
        Ok(self.newest())
    }

    fn when_durable(&self, _: CommitNumber, then: DurableCallback) {
        then(Ok(()));
    }

    fn newest(&self) -> CommitNumber {
        self.0.synced()
    }
}

fn scanned(records: &Records, scan: &Scan<'_>) -> Vec<Row> {
    let from = whole_key(scan.table, scan.from);
    let to = match scan.to {
        Some(to) => whole_key(scan.table, to),
        None => after_prefix(&[scan.table.0]),
    };
    let upper = match to.is_empty() {
        true => Bound::Unbounded,
        false if from >= to => return Vec::new(),
        false => Bound::Excluded(to),
    };
    let range = records.range((Bound::Included(from), upper));
    let row = |(key, value): (&Vec<u8>, &Arc<[u8]>)| (key[1..].to_vec(), value.to_vec());
    match scan.direction {
        Direction::Ascending => range.map(row).take(scan.limit).collect(),
        Direction::Descending => range.rev().map(row).take(scan.limit).collect(),
    }
}

fn whole_key(table: Table, key: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(key.len() + 5);
    whole.push(table.0);
    whole.extend_from_slice(key);
    whole
}

fn check(batch: &Batch) -> Result<(), StoreError> {
    let mut weight = 0;
    for write in batch.writes() {
        let (table, key, bytes) = match write {
            Write::Put(table, key, value) => {
                let bytes = value.len();
                if bytes > VALUE_BYTES_MAX {
                    let table = *table;
                    return Err(StoreError::ValueLength { table, bytes });
                }
                (table, key, bytes)
            }
            Write::PutPieces(table, key, bytes) => (table, key, bytes.len()),
            Write::Delete(table, key) | Write::DeletePieces(table, key) => (table, key, 0),
        };
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            let (table, bytes) = (*table, key.len());
            return Err(StoreError::KeyLength { table, bytes });
        }
        weight += key.len() + bytes;
    }
    if weight > BATCH_BYTES_MAX {
        return Err(StoreError::BatchLength { bytes: weight });
    }
    Ok(())
}

impl SimDisk {
    /// What a crash keeps of what was not durable; a disk that is broken on purpose, less.
    pub(crate) fn crash_as(&self, mutation: Option<Mutation>, drawn: u64) {
        if mutation == Some(Mutation::RowLostAtRestart) {
            self.rot(drawn / 7);
        }
        self.crash(|synced, newest| synced + drawn % (newest - synced + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    maille_durable::contract_suite!(|| (SimDisk::default(), ()));

    fn put(value: &[u8]) -> Batch {
        let mut batch = Batch::new();
        batch
            .put(Table(1), b"key", value)
            .put_pieces(Table(2), b"long", value);
        batch
    }

    fn found(store: &dyn Store) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
        let long = store.pieces(Table(2), b"long").unwrap();
        (store.get(Table(1), b"key").unwrap(), long)
    }

    #[test]
    fn a_crash_takes_back_what_was_not_durable_and_nothing_else() {
        let disk = Arc::new(SimDisk::default());
        let image = DurableImage(Arc::clone(&disk));
        let both = |value: &[u8]| (Some(value.to_vec()), Some(value.to_vec()));
        for value in [b"1", b"2", b"3"] {
            disk.append(put(value)).unwrap();
        }
        assert_eq!(found(&image), (None, None));
        disk.sync(CommitNumber(1));
        assert_eq!(found(&*disk), both(b"3"));
        assert_eq!(found(&image), both(b"1"));
        disk.crash(|synced, _| synced + 1);
        assert_eq!(found(&*disk), both(b"2"));
        assert_eq!(found(&image), both(b"2"));
    }
}
