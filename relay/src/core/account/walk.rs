//! Goes through tables a page at a time, several side by side.

use std::collections::VecDeque;

use maille_durable::{Row, Scan, Store, StoreError, Table};

use super::super::tables;

/// Rows read at once: at most 2 MiB.
const PAGE: usize = 512;

/// The rows of a table, in the order of their keys.
pub(super) struct Rows<'a> {
    store: &'a dyn Store,
    table: Table,
    page: VecDeque<Row>,
    /// Where the next page begins; none behind the last.
    from: Option<Vec<u8>>,
}

impl<'a> Rows<'a> {
    pub(super) fn of(store: &'a dyn Store, table: Table) -> Self {
        Self {
            store,
            table,
            page: VecDeque::new(),
            from: Some(Vec::new()),
        }
    }

    /// The key of the next row.
    pub(super) fn peek(&mut self) -> Result<Option<&[u8]>, StoreError> {
        if self.page.is_empty()
            && let Some(from) = self.from.take()
        {
            let scan = Scan {
                from: &from,
                ..Scan::table(self.table, PAGE)
            };
            self.page = self.store.scan(scan)?.into();
            if self.page.len() == PAGE {
                // The least key behind the last one.
                self.from = self.page.back().map(|(key, _)| [key, &[0][..]].concat());
            }
        }
        Ok(self.page.front().map(|(key, _)| &key[..]))
    }

    /// Takes the next row.
    pub(super) fn next(&mut self) -> Result<Option<Row>, StoreError> {
        self.peek()?;
        Ok(self.page.pop_front())
    }

    /// Takes the next row if its key begins so.
    pub(super) fn next_of(&mut self, prefix: &[u8]) -> Result<Option<Row>, StoreError> {
        match self.peek()? {
            Some(key) if key.starts_with(prefix) => self.next(),
            _ => Ok(None),
        }
    }

    /// Takes all next rows whose keys begin so.
    pub(super) fn all_of(&mut self, prefix: &[u8]) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        while let Some(row) = self.next_of(prefix)? {
            rows.push(row);
        }
        Ok(rows)
    }

    /// The first bytes of the next key.
    pub(super) fn peek_id<const N: usize>(&mut self) -> Result<Option<[u8; N]>, StoreError> {
        Ok(self.peek()?.and_then(<[u8]>::first_chunk).copied())
    }
}

/// What the keys of a table begin with, each once: rows behind the first are not read.
pub(super) struct Ids<'a, const N: usize> {
    store: &'a dyn Store,
    table: Table,
    next: Option<[u8; N]>,
}

impl<'a, const N: usize> Ids<'a, N> {
    pub(super) fn of(store: &'a dyn Store, table: Table) -> Result<Self, StoreError> {
        let mut ids = Self {
            store,
            table,
            next: None,
        };
        ids.seek(&[])?;
        Ok(ids)
    }

    pub(super) fn peek(&self) -> Option<[u8; N]> {
        self.next
    }

    /// Takes the next id if it is this one.
    pub(super) fn take(&mut self, id: &[u8; N]) -> Result<bool, StoreError> {
        let is_next = self.next == Some(*id);
        if is_next {
            let after = tables::after(id);
            match after.is_empty() {
                true => self.next = None,
                false => self.seek(&after)?,
            }
        }
        Ok(is_next)
    }

    fn seek(&mut self, from: &[u8]) -> Result<(), StoreError> {
        let scan = Scan {
            from,
            ..Scan::table(self.table, 1)
        };
        let rows = self.store.scan(scan)?;
        self.next = rows.first().and_then(|(key, _)| key.first_chunk().copied());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use maille_durable::{Batch, MemoryStore};

    use super::*;

    const T: Table = Table(1);

    fn store(keys: impl Iterator<Item = [u8; 4]>) -> MemoryStore {
        let store = MemoryStore::new();
        let mut batch = Batch::new();
        for key in keys {
            batch.put(T, &key, b"");
        }
        store.commit(batch).unwrap();
        store
    }

    #[test]
    fn every_row_comes_once_over_several_pages() {
        let keys = || (0..u32::try_from(PAGE * 2 + 3).unwrap()).map(u32::to_be_bytes);
        let store = store(keys());
        let mut rows = Rows::of(&store, T);
        let mut found = Vec::new();
        while let Some((key, _)) = rows.next().unwrap() {
            found.push(key);
        }
        assert!(
            found
                .iter()
                .map(Vec::as_slice)
                .eq(keys().collect::<Vec<_>>().iter().map(|key| &key[..]))
        );
    }

    #[test]
    fn ids_come_once_each_however_many_rows_they_have() {
        let store = store([[1, 1, 0, 0], [1, 1, 0, 9], [2, 0, 0, 0], [255, 255, 1, 1]].into_iter());
        let mut ids = Ids::<2>::of(&store, T).unwrap();
        for id in [[1, 1], [2, 0], [255, 255]] {
            assert!(!ids.take(&[9, 9]).unwrap());
            assert_eq!(ids.peek(), Some(id));
            assert!(ids.take(&id).unwrap());
        }
        assert_eq!(ids.peek(), None);
    }
}
