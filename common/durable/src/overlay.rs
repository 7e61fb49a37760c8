//! The newest writes, in memory until the index holds them.
//!
//! Reads look here first and in the index second, under one read lock. The index may be applying a
//! batch meanwhile, but every key of that batch still stands here, so readers see each batch whole.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::iter::Peekable;
use std::ops::Bound;
use std::sync::Arc;

use crate::batch::{Op, whole_key};
use crate::error::StoreError;
use crate::index::Index;
use crate::pieces;
use crate::store::{Direction, Row, Scan, Table};

/// The writes that may not be in the index yet.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    newest: u64,
    entries: BTreeMap<Vec<u8>, Entry>,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    value: Option<Arc<[u8]>>,
}

impl Overlay {
    /// Begins behind batch `newest`, which the index holds.
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

    /// Forgets what the index holds now, up to batch `applied`.
    pub(crate) fn forget<'a>(&mut self, keys: impl Iterator<Item = &'a Vec<u8>>, applied: u64) {
        for key in keys {
            if self
                .entries
                .get(key)
                .is_some_and(|entry| entry.number <= applied)
            {
                self.entries.remove(key);
            }
        }
    }

    /// Reads one record, over the index.
    pub(crate) fn get(
        &self,
        index: &Index,
        table: Table,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        if key.is_empty() {
            return Ok(None);
        }
        let key = whole_key(table, key);
        match self.entries.get(&key) {
            Some(entry) => Ok(entry.value.as_ref().map(|value| value.to_vec())),
            None => index.get(&key),
        }
    }

    /// Returns the whole keys of the pieces under `key`.
    pub(crate) fn piece_keys(
        &self,
        index: &Index,
        table: Table,
        key: &[u8],
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let (from, to) = pieces::bounds(key);
        let rows = self.scan(index, &Scan::range(table, &from, &to, usize::MAX))?;
        let keys = rows
            .into_iter()
            .map(|(key, _)| key)
            .filter(|key| key.len() == from.len());
        Ok(keys.map(|key| whole_key(table, &key)).collect())
    }

    /// Reads a range, over the index.
    pub(crate) fn scan(&self, index: &Index, scan: &Scan<'_>) -> Result<Vec<Row>, StoreError> {
        let Some(bounds) = ScanBounds::of(scan) else {
            return Ok(Vec::new());
        };
        let newer = self.entries.range::<[u8], _>(bounds.as_range());
        let older = index.range(&bounds);
        match scan.direction {
            Direction::Ascending => merge(newer, older, scan.limit, Ord::cmp),
            Direction::Descending => merge(newer.rev(), older.rev(), scan.limit, |one, other| {
                other.cmp(one)
            }),
        }
    }
}

type StoredRow = Result<Row, StoreError>;

/// Merges two runs in the order of `compare`; of equal keys the newer run's counts.
fn merge<'a>(
    newer: impl Iterator<Item = (&'a Vec<u8>, &'a Entry)>,
    older: impl Iterator<Item = StoredRow>,
    limit: usize,
    compare: impl Fn(&[u8], &[u8]) -> Ordering,
) -> Result<Vec<Row>, StoreError> {
    let mut newer = newer.peekable();
    let mut older = older.peekable();
    let mut rows = Vec::new();
    while rows.len() < limit {
        match next_of(&mut newer, &mut older, &compare) {
            Next::End => break,
            Next::Older => {
                let Some(row) = older.next() else { break };
                let (key, value) = row?;
                rows.push((key[1..].to_vec(), value));
            }
            Next::Newer { hides_older } => {
                if hides_older {
                    older.next();
                }
                let Some((key, entry)) = newer.next() else {
                    break;
                };
                rows.extend(
                    entry
                        .value
                        .as_ref()
                        .map(|value| (key[1..].to_vec(), value.to_vec())),
                );
            }
        }
    }
    Ok(rows)
}

enum Next {
    Older,
    Newer { hides_older: bool },
    End,
}

fn next_of<'a>(
    newer: &mut Peekable<impl Iterator<Item = (&'a Vec<u8>, &'a Entry)>>,
    older: &mut Peekable<impl Iterator<Item = StoredRow>>,
    compare: &impl Fn(&[u8], &[u8]) -> Ordering,
) -> Next {
    match (newer.peek(), older.peek()) {
        (None, None) => Next::End,
        // An error is returned in its turn.
        (None, Some(_)) | (Some(_), Some(Err(_))) => Next::Older,
        (Some(_), None) => Next::Newer { hides_older: false },
        (Some((new, _)), Some(Ok((old, _)))) => match compare(new, old) {
            Ordering::Less => Next::Newer { hides_older: false },
            Ordering::Equal => Next::Newer { hides_older: true },
            Ordering::Greater => Next::Older,
        },
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

    /// Returns the bounds as standard maps take them.
    pub(crate) fn as_range(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        let to = self.to.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        (Bound::Included(&self.from), to)
    }
}
