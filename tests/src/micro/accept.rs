//! What a relay writes when it accepts an alert, again and again for other alerts.

use std::sync::{Arc, Mutex, PoisonError};

use maille_common::address::DeviceId;
use maille_common::hash::{Hash, hash};
use maille_common::identifier::AlertId;
use maille_common::label::Label;
use maille_durable::{
    Batch, CommitNumber, DurableCallback, MemoryStore, Row, Scan, Store, StoreError, Table, Write,
};

use super::post::Post;

/// The batch of one accept.
#[derive(Debug)]
pub(super) struct Accept {
    writes: Vec<Write>,
    alert: AlertId,
    reader: DeviceId,
}

/// A store in memory that remembers the newest batch.
#[derive(Debug, Default)]
struct Watched {
    store: MemoryStore,
    newest: Mutex<Batch>,
}

impl Accept {
    /// So many accepts are kept in memory before it is emptied.
    pub(super) const ROOM: u64 = 4_096;

    /// As the relay's core writes it for an alert to one device.
    pub(super) fn taken() -> Self {
        let (post, store) = (Post::to(1), Arc::new(Watched::default()));
        let (alert, _) = post.delivery(Arc::clone(&store) as Arc<dyn Store>);
        let newest = store.newest.lock().unwrap_or_else(PoisonError::into_inner);
        Self {
            writes: newest.writes().to_vec(),
            alert,
            reader: post.reader().device,
        }
    }

    /// The same for the alert of another turn: with its id, and its number in the mailbox.
    pub(super) fn batch(&self, turn: u64) -> Batch {
        let (alert, mut batch) = (alert_of(turn), Batch::new());
        for write in &self.writes {
            match write {
                Write::Put(table, key, value) => {
                    batch.put(*table, &self.key(key, &alert, turn), value);
                }
                Write::PutPieces(table, key, bytes) => {
                    batch.put_pieces(*table, &self.key(key, &alert, turn), bytes);
                }
                Write::Delete(table, key) => {
                    batch.delete(*table, &self.key(key, &alert, turn));
                }
                Write::DeletePieces(table, key) => {
                    batch.delete_pieces(*table, &self.key(key, &alert, turn));
                }
            }
        }
        batch
    }

    /// The same as whole keys and values.
    pub(super) fn records(&self, turn: u64) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
        let alert = alert_of(turn);
        self.writes.iter().filter_map(move |write| {
            let (table, key, value): (&Table, _, &[u8]) = match write {
                Write::Put(table, key, value) => (table, key, value),
                Write::PutPieces(table, key, bytes) => (table, key, bytes),
                Write::Delete(..) | Write::DeletePieces(..) => return None,
            };
            let key = [&[table.0][..], &self.key(key, &alert, turn)].concat();
            Some((key, value.to_vec()))
        })
    }

    fn key(&self, key: &[u8], alert: &Hash, turn: u64) -> Vec<u8> {
        let mut key = key.to_vec();
        let width = Hash::LEN;
        let named = key
            .windows(width)
            .position(|part| part == self.alert.as_bytes());
        let number = key.len().saturating_sub(8);
        if let Some(at) = named {
            key[at..at + width].copy_from_slice(alert.as_bytes());
        } else if number >= DeviceId::LEN
            && key.starts_with(self.reader.as_bytes())
            && key[number..] == 1_u64.to_be_bytes()
        {
            // The first piece of mail.
            key[number..].copy_from_slice(&(turn + 1).to_be_bytes());
        }
        key
    }
}

/// Ids are hashes, and so come in no order.
fn alert_of(turn: u64) -> Hash {
    hash(Label::REFERENCE, &[&turn.to_be_bytes()])
}

impl Store for Watched {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.get(table, key)
    }

    fn scan(&self, scan: Scan<'_>) -> Result<Vec<Row>, StoreError> {
        self.store.scan(scan)
    }

    fn append(&self, batch: Batch) -> Result<CommitNumber, StoreError> {
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = batch.clone();
        self.store.append(batch)
    }

    fn when_durable(&self, commit: CommitNumber, then: DurableCallback) {
        self.store.when_durable(commit, then);
    }

    fn newest(&self) -> CommitNumber {
        self.store.newest()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_turn_writes_other_records_but_those_of_sender_and_devices() {
        let accept = Accept::taken();
        let keys =
            |turn| -> BTreeSet<Vec<u8>> { accept.records(turn).map(|(key, _)| key).collect() };
        let (first, second) = (keys(0), keys(1));
        assert_eq!(first.len(), accept.writes.len());
        // Two devices, of which one sent, and what the sender has waiting at all.
        assert_eq!(first.intersection(&second).count(), 3);
    }

    #[test]
    fn a_turn_has_the_bytes_of_the_accept_itself() {
        let accept = Accept::taken();
        let store = MemoryStore::new();
        let number = store.commit(accept.batch(5)).unwrap();
        assert_eq!(number, CommitNumber(1));
        let body: usize = accept.records(5).map(|(_, value)| value.len()).sum();
        assert!(
            body > 3_000,
            "an accept keeps the page and its wrap: {body}"
        );
    }
}
