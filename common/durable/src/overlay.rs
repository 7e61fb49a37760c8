//! The newest writes, in memory until a run holds them.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use crate::batch::{Op, whole_key};
use crate::run::merged::LastWrite;
use crate::store::Scan;

/// What a batch and each of its operations cost in memory beside their bytes, roughly.
const OVERHEAD_BYTES: usize = 128;

/// What the operations of a batch weigh in memory.
pub(crate) fn weight(ops: &[Op]) -> usize {
    let weigh = |op: &Op| OVERHEAD_BYTES + op.key.len() + op.value.as_ref().map_or(0, |v| v.len());
    OVERHEAD_BYTES + ops.iter().map(weigh).sum::<usize>()
}

/// The last write of every key that the runs do not hold yet.
#[derive(Debug, Default, Clone)]
pub(crate) struct Overlay {
    newest: u64,
    entries: BTreeMap<Vec<u8>, Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    number: u64,
    value: Option<Arc<[u8]>>,
}

impl Overlay {
    /// Begins behind batch `newest`, which the runs hold.
    pub(crate) fn new(newest: u64) -> Self {
        Self {
            newest,
            entries: BTreeMap::new(),
        }
    }

    /// Returns the newest visible batch.
    pub(crate) fn newest(&self) -> u64 {
        self.newest
    }

    /// Returns how many records stand here.
    pub(crate) fn records(&self) -> u64 {
        let values = self.entries.values();
        values.filter(|entry| entry.value.is_some()).count() as u64
    }

    /// Makes the next batch visible and returns its number.
    pub(crate) fn add(&mut self, ops: &[Op]) -> u64 {
        self.newest += 1;
        for op in ops {
            let entry = Entry {
                number: self.newest,
                value: op.value.clone(),
            };
            self.entries.insert(op.key.clone(), entry);
        }
        self.newest
    }

    /// Forgets what a run holds now, up to batch `covered`.
    pub(crate) fn forget(&mut self, keys: &[Vec<u8>], covered: u64) {
        for key in keys {
            let entry = self.entries.get(key);
            if entry.is_some_and(|entry| entry.number <= covered) {
                self.entries.remove(key);
            }
        }
    }

    /// Finds the last write of a key: `Some(None)` for a deletion.
    pub(crate) fn find(&self, key: &[u8]) -> Option<Option<&Arc<[u8]>>> {
        self.entries.get(key).map(|entry| entry.value.as_ref())
    }

    /// Every last write.
    pub(crate) fn all(&self) -> impl Iterator<Item = LastWrite> + use<'_> {
        let entries = self.entries.iter();
        entries.map(|(key, entry)| (key.clone(), entry.value.clone()))
    }

    /// The last writes of a range.
    pub(crate) fn range(
        &self,
        bounds: &ScanBounds,
    ) -> impl DoubleEndedIterator<Item = LastWrite> + use<'_> {
        let range = self.entries.range::<[u8], _>(bounds.as_range());
        range.map(|(key, entry)| (key.clone(), entry.value.clone()))
    }
}

/// The whole keys a scan runs over.
#[derive(Debug)]
pub(crate) struct ScanBounds {
    from: Vec<u8>,
    to: Option<Vec<u8>>,
}

impl ScanBounds {
    /// Returns the bounds, or `None` if no key can lie between them.
    pub(crate) fn of(scan: &Scan<'_>) -> Option<Self> {
        // No key is empty, so a table begins with its shortest, lowest one.
        let lowest: &[u8] = if scan.from.is_empty() {
            &[0]
        } else {
            scan.from
        };
        let from = whole_key(scan.table, lowest);
        let to = match scan.to {
            Some(to) => Some(whole_key(scan.table, to)),
            None => scan.table.0.checked_add(1).map(|next| vec![next]),
        };
        to.as_ref()
            .is_none_or(|to| from < *to)
            .then_some(Self { from, to })
    }

    /// The first key that lies between them.
    pub(crate) fn from(&self) -> &[u8] {
        &self.from
    }

    /// The first key behind them, if there can be one.
    pub(crate) fn to(&self) -> Option<&[u8]> {
        self.to.as_deref()
    }

    /// Tells whether a key lies between them.
    pub(crate) fn contain(&self, key: &[u8]) -> bool {
        key >= self.from.as_slice() && self.to().is_none_or(|to| key < to)
    }

    /// Returns the bounds as standard maps take them.
    pub(crate) fn as_range(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        let to = self.to.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        (Bound::Included(&self.from), to)
    }
}
