//! The newest writes, in memory until a run holds them.
//!
//! What is put and deleted before any run holds it leaves no mark among the others, or whoever
//! reads a queue would pass over all that ever stood in it.

use std::collections::{BTreeMap, HashMap};
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
    /// Keys that stand nowhere any more, and not among the entries.
    brief: HashMap<Vec<u8>, Brief>,
    /// What was put up to this batch is held by a run, or will be at any moment.
    covered: u64,
}

#[derive(Debug, Clone)]
struct Entry {
    /// The batch of the last write.
    number: u64,
    /// The batch of the first one since no run held the key.
    first: u64,
    value: Option<Arc<[u8]>>,
}

/// A key that came and went while no run held it.
#[derive(Debug, Clone, Copy)]
struct Brief {
    first: u64,
    deleted: u64,
}

impl Overlay {
    /// Begins behind batch `newest`, which the runs hold.
    pub(crate) fn new(newest: u64) -> Self {
        Self {
            newest,
            covered: newest,
            ..Self::default()
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

    /// Makes the next batch visible and returns its number. `in_runs` tells whether a run may hold
    /// a key.
    pub(crate) fn add(&mut self, ops: &[Op], in_runs: &dyn Fn(&[u8]) -> bool) -> u64 {
        self.newest += 1;
        for op in ops {
            match &op.value {
                Some(value) => self.put(&op.key, value),
                None => self.delete(&op.key, in_runs),
            }
        }
        self.newest
    }

    fn put(&mut self, key: &[u8], value: &Arc<[u8]>) {
        let (number, value) = (self.newest, Some(Arc::clone(value)));
        if let Some(entry) = self.entries.get_mut(key) {
            (entry.number, entry.value) = (number, value);
            return;
        }
        let brief = match self.brief.is_empty() {
            true => None,
            false => self.brief.remove(key),
        };
        let first = brief.map_or(number, |brief| brief.first);
        let entry = Entry {
            number,
            first,
            value,
        };
        self.entries.insert(key.to_vec(), entry);
    }

    fn delete(&mut self, key: &[u8], in_runs: &dyn Fn(&[u8]) -> bool) {
        let (deleted, covered) = (self.newest, self.covered);
        let first = match self.entries.get(key) {
            Some(entry) => entry.first,
            None if self.brief.contains_key(key) => return,
            None => deleted,
        };
        if first <= covered || in_runs(key) {
            let entry = Entry {
                number: deleted,
                first,
                value: None,
            };
            self.entries.insert(key.to_vec(), entry);
        } else if self.entries.remove(key).is_some() {
            self.brief.insert(key.to_vec(), Brief { first, deleted });
        }
    }

    /// Says that a run is about to hold what was put up to batch `covered`: what is deleted from
    /// now on has to be hidden.
    pub(crate) fn cover(&mut self, covered: u64) {
        self.covered = covered;
    }

    /// Hides those of a run's keys that were deleted behind its last batch; before it is read.
    pub(crate) fn hide(&mut self, keys: &[Vec<u8>]) {
        for key in keys {
            let Some(Brief { first, deleted }) = self.brief.remove(key) else {
                continue;
            };
            if first > self.covered {
                self.brief.insert(key.clone(), Brief { first, deleted });
            } else if deleted > self.covered {
                let entry = Entry {
                    number: deleted,
                    first,
                    value: None,
                };
                self.entries.insert(key.clone(), entry);
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A key as the log and a run of its batches up to `covered` would hold it.
    struct World {
        overlay: Overlay,
        in_run: bool,
    }

    impl World {
        fn new() -> Self {
            Self {
                overlay: Overlay::new(0),
                in_run: false,
            }
        }

        fn write(&mut self, value: Option<&[u8]>) {
            let op = Op {
                key: b"k".to_vec(),
                value: value.map(Arc::from),
            };
            let in_run = self.in_run;
            self.overlay.add(&[op], &|_| in_run);
        }

        /// A run takes what was written up to `covered`; between its parts `meanwhile` is done.
        fn flush(&mut self, covered: u64, put: bool, meanwhile: [&dyn Fn(&mut Self); 3]) {
            let keys = [b"k".to_vec()];
            meanwhile[0](self);
            self.overlay.cover(covered);
            meanwhile[1](self);
            self.overlay.hide(&keys);
            meanwhile[2](self);
            self.in_run |= put;
            self.overlay.forget(&keys, covered);
        }

        fn shows(&self) -> bool {
            match self.overlay.find(b"k") {
                Some(value) => value.is_some(),
                None => self.in_run,
            }
        }
    }

    #[test]
    fn what_comes_and_goes_between_two_runs_leaves_nothing() {
        let mut world = World::new();
        world.write(Some(b"1"));
        world.write(None);
        assert!(!world.shows());
        assert_eq!(world.overlay.all().count(), 0);
        world.flush(2, false, [&|_| (); 3]);
        assert!(!world.shows() && world.overlay.brief.is_empty());
    }

    #[test]
    fn what_a_run_has_taken_stays_hidden_whenever_it_was_deleted() {
        let delete: &dyn Fn(&mut World) = &|world| world.write(None);
        let idle: &dyn Fn(&mut World) = &|_| ();
        for at in 0..3 {
            // Put once, put twice, or put again after it had gone; deleted while the run is made.
            for before in [1, 2, 3] {
                let mut world = World::new();
                world.write(Some(b"1"));
                if before == 3 {
                    world.write(None);
                }
                let mut meanwhile = [idle; 3];
                meanwhile[at] = delete;
                let again: &dyn Fn(&mut World) = &|world| {
                    world.write(Some(b"2"));
                    world.write(None);
                };
                if before > 1 {
                    meanwhile[at] = again;
                }
                world.flush(1, true, meanwhile);
                assert!(
                    !world.shows(),
                    "deleted at {at}, written {before} times before"
                );
                world.write(Some(b"3"));
                assert!(world.shows());
                world.write(None);
                assert!(!world.shows());
            }
        }
    }
}
