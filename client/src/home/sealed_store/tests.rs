use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use maille_common::randomness::Randomness;
use maille_common::vectors::{Page, Vectors};
use maille_durable::{KEY_BYTES_MAX, MemoryStore, contract};
use proptest::prelude::*;

use super::*;
use crate::entropy::OsRandomness;

const T: Table = Table(7);

fn fresh_nonces() -> NonceSource {
    Box::new(|bytes| OsRandomness::new().fill(bytes))
}

fn sealed_over<S: Store>(inner: S) -> SealedStore<S> {
    SealedStore::new(inner, &StoreKey::from_bytes([1; 32]), fresh_nonces())
}

fn put(key: &[u8], value: &[u8]) -> Batch {
    let mut batch = Batch::new();
    batch.put(T, key, value);
    batch
}

/// Writes a sealed value where it does not belong.
fn plant(store: &SealedStore<MemoryStore>, table: Table, key: &[u8], sealed: &[u8]) {
    let mut batch = Batch::new();
    batch.put(table, key, sealed);
    store.inner.append(batch).unwrap();
}

fn code<R>(result: Result<R, StoreError>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "ok")
}

/// The contract of every store, but for the two sentences about the largest values: those are
/// smaller here by what sealing adds, and are tested below.
#[test]
fn a_sealed_store_keeps_the_contract_of_every_store() {
    let store = || sealed_over(MemoryStore::new());
    contract::an_appended_batch_is_read_at_once(&store());
    contract::a_batch_applies_in_its_own_order(&store());
    contract::commit_numbers_are_contiguous_from_one(&store());
    contract::scans_keep_to_their_table_range_limit_and_direction(&store());
    contract::tables_at_both_ends_are_tables_like_others(&store());
    contract::a_commit_is_announced_once_and_unknown_ones_are_refused(&store());
    contract::batches_are_seen_whole_by_concurrent_readers(&store());
    contract::concurrent_writers_all_arrive(&store());
}

#[test]
fn values_up_to_the_limit_are_taken_and_longer_ones_leave_no_trace() {
    let store = sealed_over(MemoryStore::new());
    let max = SealedStore::<MemoryStore>::VALUE_BYTES_MAX;
    assert_eq!(
        code(store.append(put(b"a", &vec![1; max + 1]))),
        "value-length"
    );
    assert_eq!(code(store.append(put(b"", b"1"))), "key-length");
    assert_eq!(
        code(store.append(put(&[1; KEY_BYTES_MAX + 1], b"1"))),
        "key-length"
    );
    assert_eq!(store.newest(), CommitNumber(0));
    store
        .commit(put(&[1; KEY_BYTES_MAX], &vec![1; max]))
        .unwrap();
    assert_eq!(
        store.get(T, &[1; KEY_BYTES_MAX]).unwrap(),
        Some(vec![1; max])
    );
}

#[test]
fn long_strings_of_every_length_are_replaced_and_removed_whole() {
    let store = sealed_over(MemoryStore::new());
    let full = SealedStore::<MemoryStore>::VALUE_BYTES_MAX;
    let lengths = [
        0,
        1,
        full - 1,
        full,
        full + 1,
        VALUE_BYTES_MAX,
        3 * full,
        5 << 20,
        15 << 20,
        5,
    ];
    for length in lengths {
        let bytes = vec![3; length];
        let mut batch = Batch::new();
        batch.put_pieces(T, b"body", &bytes);
        store.append(batch).unwrap();
        assert!(store.pieces(T, b"body").unwrap() == Some(bytes), "{length}");
        let rows = store.scan(Scan::table(T, 10_000)).unwrap();
        assert_eq!(
            rows.len(),
            length / full + 1,
            "nothing of a longer one is left"
        );
        assert_eq!(
            rows.iter().map(|(_, piece)| piece.len()).sum::<usize>(),
            length
        );
        assert_eq!(rows[0].0, b"body\0\0\0\0");
    }
    let mut batch = Batch::new();
    batch.delete_pieces(T, b"body");
    store.append(batch).unwrap();
    assert_eq!(store.pieces(T, b"body").unwrap(), None);
}

#[test]
fn nothing_of_a_value_is_readable_below() {
    let store = sealed_over(MemoryStore::new());
    let word = b"trafficking of cultural goods";
    let mut batch = put(b"a", word);
    batch.put_pieces(T, b"b", &word.repeat(1000));
    store.commit(batch).unwrap();
    for (_, sealed) in store.inner.scan(Scan::table(T, 100)).unwrap() {
        assert!(
            !sealed
                .windows(8)
                .any(|window| word.windows(8).any(|part| part == window))
        );
    }
}

#[test]
fn equal_values_differ_below() {
    let store = sealed_over(MemoryStore::new());
    let below = || store.inner.get(T, b"a").unwrap();
    store.commit(put(b"a", b"value")).unwrap();
    let first = below();
    store.commit(put(b"a", b"value")).unwrap();
    assert_ne!(below(), first);
}

#[test]
fn a_value_moved_to_another_key_or_table_is_corrupt_and_named() {
    let store = sealed_over(MemoryStore::new());
    store.commit(put(b"a", b"1")).unwrap();
    store.commit(put(b"b", b"2")).unwrap();
    let below = |key| store.inner.get(T, key).unwrap().unwrap();
    let (a, b) = (below(b"a"), below(b"b"));
    plant(&store, T, b"a", &b);
    plant(&store, T, b"b", &a);
    plant(&store, Table(8), b"a", &a);
    for (table, key) in [(T, b"a"), (T, b"b"), (Table(8), b"a")] {
        let refused = store.get(table, key).unwrap_err();
        assert!(
            matches!(refused, StoreError::Corrupt { table: t, key: k } if t == table && k == key)
        );
    }
    assert_eq!(code(store.scan(Scan::table(T, 10))), "corrupt");
    plant(&store, T, b"a", &a);
    assert_eq!(store.get(T, b"a").unwrap(), Some(b"1".to_vec()));
}

#[test]
fn swapped_pieces_are_corrupt() {
    let store = sealed_over(MemoryStore::new());
    let mut batch = Batch::new();
    batch.put_pieces(T, b"k", &vec![1; 10_000]);
    store.commit(batch).unwrap();
    let keys = [piece_key(b"k", 0), piece_key(b"k", 1)];
    let [first, second] = keys
        .each_ref()
        .map(|key| store.inner.get(T, key).unwrap().unwrap());
    plant(&store, T, &keys[0], &second);
    plant(&store, T, &keys[1], &first);
    assert_eq!(code(store.pieces(T, b"k")), "corrupt");
}

#[test]
fn every_changed_or_missing_byte_is_corrupt() {
    let store = sealed_over(MemoryStore::new());
    store.commit(put(b"a", b"value")).unwrap();
    let sealed = store.inner.get(T, b"a").unwrap().unwrap();
    assert_eq!(sealed.len(), 5 + SealedStore::<MemoryStore>::OVERHEAD);
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        plant(&store, T, b"a", &changed);
        assert_eq!(code(store.get(T, b"a")), "corrupt", "byte {at}");
        plant(&store, T, b"a", &sealed[..at]);
        assert_eq!(code(store.get(T, b"a")), "corrupt", "length {at}");
    }
}

#[test]
fn another_key_opens_nothing() {
    let store = sealed_over(MemoryStore::new());
    store.commit(put(b"a", b"value")).unwrap();
    let other = SealedStore::new(store.inner, &StoreKey::from_bytes([2; 32]), fresh_nonces());
    assert_eq!(code(other.get(T, b"a")), "corrupt");
}

/// The format on disk: a store written today opens tomorrow. python3 with hmac and cryptography's
/// AESGCM, as the head of the module says, gives the same bytes.
#[test]
fn known_values_are_sealed_to_known_bytes_and_open() {
    let store = || {
        let calls = AtomicU8::new(0);
        let nonces: NonceSource =
            Box::new(move |bytes| bytes.fill(calls.fetch_add(1, Ordering::SeqCst) + 1));
        SealedStore::new(MemoryStore::new(), &StoreKey::from_bytes([4; 32]), nonces)
    };
    let mut batch = put(b"key", b"value");
    batch.put_pieces(T, b"long", b"a string in pieces");
    let written = store();
    written.commit(batch).unwrap();
    let read = store();
    let mut vectors = Vectors::of(env!("CARGO_MANIFEST_DIR"), "vectors/sealed");
    for (name, key) in [("value", b"key".to_vec()), ("piece", piece_key(b"long", 0))] {
        let sealed = written.inner.get(T, &key).unwrap().unwrap();
        let ciphertext = sealed.len() - SealedStore::<MemoryStore>::OVERHEAD;
        let mut page = Page::default();
        let parts = [
            ("salt", 12),
            ("nonce", 12),
            ("ciphertext", ciphertext),
            ("tag", 16),
        ];
        page.parts(name, &sealed, &parts);
        plant(&read, T, &key, &vectors.page(name, &page));
    }
    vectors.end();
    assert_eq!(read.get(T, b"key").unwrap(), Some(b"value".to_vec()));
    let long = read.pieces(T, b"long").unwrap();
    assert_eq!(long, Some(b"a string in pieces".to_vec()));
}

#[test]
fn an_urgent_batch_stays_urgent() {
    /// Remembers whether the last batch was urgent.
    struct Watching(MemoryStore, Arc<AtomicBool>);
    impl Store for Watching {
        fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
            self.0.get(table, key)
        }
        fn scan(&self, scan: Scan<'_>) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
            self.0.scan(scan)
        }
        fn append(&self, batch: Batch) -> Result<CommitNumber, StoreError> {
            self.1.store(batch.is_urgent(), Ordering::SeqCst);
            self.0.append(batch)
        }
        fn when_durable(&self, commit: CommitNumber, then: DurableCallback) {
            self.0.when_durable(commit, then);
        }
        fn newest(&self) -> CommitNumber {
            self.0.newest()
        }
    }
    let urgent = Arc::new(AtomicBool::new(false));
    let store = sealed_over(Watching(MemoryStore::new(), urgent.clone()));
    let mut batch = put(b"a", b"1");
    store.append(batch.clone()).unwrap();
    assert!(!urgent.load(Ordering::SeqCst));
    batch.urgent();
    store.append(batch).unwrap();
    assert!(urgent.load(Ordering::SeqCst));
}

proptest! {
    #[test]
    fn every_value_comes_back(
        key in proptest::collection::vec(any::<u8>(), 1..KEY_BYTES_MAX),
        value in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let store = sealed_over(MemoryStore::new());
        store.commit(put(&key, &value)).unwrap();
        prop_assert_eq!(store.get(T, &key).unwrap(), Some(value));
    }
}
