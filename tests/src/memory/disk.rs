//! A store in memory whose disk can be low, or full.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use maille_durable::{
    Batch, CommitNumber, DurableCallback, MemoryStore, Row, Scan, Store, StoreError, Table,
};

/// How much room is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// For everything.
    Enough,
    /// Below the low-water mark: for urgent batches alone.
    Low,
    /// For nothing.
    None,
}

/// A store in memory that refuses by its room what the one on disk would.
#[derive(Debug, Default)]
pub(super) struct MemoryDisk {
    store: MemoryStore,
    room: AtomicU8,
    /// Batches that are taken before the next one that is refused, if one is; and no other.
    until_refused: AtomicU64,
    /// Records that were read.
    reads: AtomicU64,
}

impl MemoryDisk {
    pub(super) fn set_room(&self, room: Room) {
        self.room.store(room as u8, Ordering::SeqCst);
    }

    /// Refuses one batch, as a full disk does, behind so many others.
    pub(super) fn refuse_behind(&self, batches: u64) {
        self.until_refused.store(batches + 1, Ordering::SeqCst);
    }

    /// A disk with the same records, and room for more.
    pub(super) fn copy(&self) -> Self {
        Self {
            store: self.copy_store(),
            ..Self::default()
        }
    }

    /// How many records were read so far.
    pub(super) fn reads(&self) -> u64 {
        self.reads.load(Ordering::SeqCst)
    }

    /// How many records there are.
    pub(super) fn records(&self) -> usize {
        let rows = |table| self.store.scan(Scan::table(table, usize::MAX)).unwrap();
        (0..=u8::MAX).map(|table| rows(Table(table)).len()).sum()
    }

    /// The same records in a store of their own.
    pub(super) fn copy_store(&self) -> MemoryStore {
        let copy = MemoryStore::new();
        for table in (0..=u8::MAX).map(Table) {
            let mut batch = Batch::new();
            for (key, value) in self.store.scan(Scan::table(table, usize::MAX)).unwrap() {
                batch.put(table, &key, &value);
            }
            copy.append(batch).unwrap();
        }
        copy
    }
}

impl Store for MemoryDisk {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.store.get(table, key)
    }

    fn scan(&self, scan: Scan<'_>) -> Result<Vec<Row>, StoreError> {
        let rows = self.store.scan(scan)?;
        let count = u64::try_from(rows.len()).unwrap();
        self.reads.fetch_add(count, Ordering::SeqCst);
        Ok(rows)
    }

    fn append(&self, batch: Batch) -> Result<CommitNumber, StoreError> {
        let room = self.room.load(Ordering::SeqCst);
        let full = room == Room::None as u8 || (room == Room::Low as u8 && !batch.is_urgent());
        let left = self.until_refused.load(Ordering::SeqCst);
        self.until_refused
            .store(left.saturating_sub(1), Ordering::SeqCst);
        if full || left == 1 {
            return Err(StoreError::DiskFull {
                available_bytes: 0,
                required_bytes: 1,
            });
        }
        self.store.append(batch)
    }

    fn when_durable(&self, commit: CommitNumber, then: DurableCallback) {
        self.store.when_durable(commit, then);
    }

    fn newest(&self) -> CommitNumber {
        self.store.newest()
    }
}
