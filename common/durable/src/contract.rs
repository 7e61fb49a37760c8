//! What every store must do, as tests: stamp them with [`crate::contract_suite`].
//!
//! Each function takes a fresh, empty store and panics where it breaks the contract.

use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::thread;

use crate::{
    BATCH_BYTES_MAX, Batch, CommitNumber, KEY_BYTES_MAX, Scan, Store, StoreError, Table,
    VALUE_BYTES_MAX,
};

const T: Table = Table(7);

/// Stamps one test for every sentence of the contract.
///
/// The expression opens a fresh store: it is called as a function without arguments and returns
/// the store and whatever must live as long.
#[macro_export]
macro_rules! contract_suite {
    ($open:expr) => {
        $crate::contract_suite! { @stamp $open;
            an_appended_batch_is_read_at_once
            a_batch_applies_in_its_own_order
            commit_numbers_are_contiguous_from_one
            scans_keep_to_their_table_range_limit_and_direction
            tables_at_both_ends_are_tables_like_others
            long_strings_are_replaced_and_removed_whole
            limits_are_refused_and_leave_no_trace
            a_commit_is_announced_once_and_unknown_ones_are_refused
            batches_are_seen_whole_by_concurrent_readers
            concurrent_writers_all_arrive
        }
    };
    (@stamp $open:expr; $($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                let (store, _keep) = ($open)();
                // By value: the store closes before what it lives in goes.
                (|store| $crate::contract::$name(&store))(store);
            }
        )*
    };
}

fn put(key: &[u8], value: &[u8]) -> Batch {
    let mut batch = Batch::new();
    batch.put(T, key, value);
    batch
}

fn ok<R>(result: Result<R, StoreError>) -> R {
    result.expect("the contract wants this call to succeed")
}

/// Reads follow appends, durable or not, and deletions too.
pub fn an_appended_batch_is_read_at_once(store: &impl Store) {
    ok(store.append(put(b"a", b"1")));
    assert_eq!(ok(store.get(T, b"a")), Some(b"1".to_vec()));
    assert_eq!(ok(store.get(T, b"b")), None);
    assert_eq!(ok(store.get(T, b"")), None);
    let mut batch = Batch::new();
    batch.delete(T, b"a").delete(T, b"never there");
    ok(store.commit(batch));
    assert_eq!(ok(store.get(T, b"a")), None);
    assert_eq!(ok(store.scan(Scan::table(T, 10))), vec![]);
}

/// The last write of a key in a batch is the one that stays.
pub fn a_batch_applies_in_its_own_order(store: &impl Store) {
    let mut batch = Batch::new();
    batch.put(T, b"a", b"1").delete(T, b"a").put(T, b"a", b"2");
    batch.put(T, b"b", b"1").delete(T, b"b");
    ok(store.append(batch));
    assert_eq!(ok(store.get(T, b"a")), Some(b"2".to_vec()));
    assert_eq!(ok(store.get(T, b"b")), None);
}

/// Numbers begin at 1 and none is left out; an empty batch has one too.
pub fn commit_numbers_are_contiguous_from_one(store: &impl Store) {
    assert_eq!(store.newest(), CommitNumber(0));
    assert_eq!(ok(store.append(put(b"a", b"1"))), CommitNumber(1));
    assert_eq!(ok(store.append(Batch::new())), CommitNumber(2));
    assert_eq!(ok(store.commit(put(b"a", b"2"))), CommitNumber(3));
    assert_eq!(store.newest(), CommitNumber(3));
}

/// Scans return what they are asked for, whether it is in memory or in the index by now.
pub fn scans_keep_to_their_table_range_limit_and_direction(store: &impl Store) {
    let mut batch = Batch::new();
    for key in 0..10u8 {
        batch.put(T, &[key], &[key]);
    }
    batch
        .put(Table(6), &[0xff], b"below")
        .put(Table(8), &[0], b"above");
    ok(store.commit(batch));
    let mut batch = Batch::new();
    batch
        .delete(T, &[4])
        .put(T, &[5], b"five")
        .put(T, &[20], b"twenty");
    ok(store.append(batch));

    let keys = |scan| -> Vec<u8> {
        ok(store.scan(scan))
            .into_iter()
            .map(|(k, _)| k[0])
            .collect()
    };
    assert_eq!(keys(Scan::table(T, 100)), [0, 1, 2, 3, 5, 6, 7, 8, 9, 20]);
    assert_eq!(keys(Scan::table(T, 3).descending()), [20, 9, 8]);
    assert_eq!(keys(Scan::range(T, &[3], &[7], 100)), [3, 5, 6]);
    assert_eq!(keys(Scan::range(T, &[3], &[7], 2)), [3, 5]);
    assert_eq!(keys(Scan::range(T, &[3], &[7], 2).descending()), [6, 5]);
    assert_eq!(keys(Scan::range(T, &[7], &[3], 100)), []);
    assert_eq!(keys(Scan::range(T, &[3], &[3], 100)), []);
    assert_eq!(keys(Scan::table(T, 0)), []);
    let five = ok(store.scan(Scan::range(T, &[5], &[6], 1)));
    assert_eq!(five, [(vec![5], b"five".to_vec())]);
}

/// Tables 0 and 255 have no neighbour on one side.
pub fn tables_at_both_ends_are_tables_like_others(store: &impl Store) {
    for table in [Table(0), Table(255)] {
        for key in [vec![0], vec![0xff; KEY_BYTES_MAX]] {
            let mut batch = Batch::new();
            batch.put(table, &key, b"v");
            ok(store.commit(batch));
            assert_eq!(ok(store.get(table, &key)), Some(b"v".to_vec()));
        }
        assert_eq!(ok(store.scan(Scan::table(table, 10))).len(), 2);
        assert_eq!(ok(store.scan(Scan::table(table, 10).descending())).len(), 2);
        assert_eq!(ok(store.get(table, b"")), None);
    }
}

/// A long string comes back whole and leaves nothing behind.
pub fn long_strings_are_replaced_and_removed_whole(store: &impl Store) {
    let long = |length: usize, byte: u8| vec![byte; length];
    let set = |bytes: &[u8]| {
        let mut batch = Batch::new();
        batch.put_pieces(T, b"body", bytes);
        ok(store.append(batch));
    };
    for length in [0, 1, VALUE_BYTES_MAX, 3 * VALUE_BYTES_MAX + 1, 100_000, 5] {
        set(&long(length, 3));
        assert_eq!(ok(store.pieces(T, b"body")), Some(long(length, 3)));
        let pieces = ok(store.scan(Scan::table(T, 1000))).len();
        assert_eq!(
            pieces,
            length / VALUE_BYTES_MAX + 1,
            "nothing of a longer one is left"
        );
    }
    let mut batch = Batch::new();
    batch
        .put_pieces(T, b"body", &long(9000, 1))
        .delete_pieces(T, b"body");
    ok(store.append(batch));
    assert_eq!(ok(store.pieces(T, b"body")), None);
    assert_eq!(ok(store.scan(Scan::table(T, 10))), vec![]);
    set(&long(BATCH_BYTES_MAX - 64 * 1024, 9));
    assert_eq!(
        ok(store.pieces(T, b"body")).map(|bytes| bytes.len()),
        Some(BATCH_BYTES_MAX - 65536)
    );
}

/// What is too large is refused before it takes a number.
pub fn limits_are_refused_and_leave_no_trace(store: &impl Store) {
    let long_key = [1; KEY_BYTES_MAX + 1];
    let long_value = vec![1; VALUE_BYTES_MAX + 1];
    let mut large = Batch::new();
    large
        .put(T, b"first", b"1")
        .put_pieces(T, b"large", &vec![1; BATCH_BYTES_MAX + 1]);
    let mut pieces_of_nothing = Batch::new();
    pieces_of_nothing.delete_pieces(T, b"");
    let refused = [
        (put(b"", b"1"), "key-length"),
        (put(&long_key, b"1"), "key-length"),
        (pieces_of_nothing, "key-length"),
        (put(b"a", &long_value), "value-length"),
        (large, "batch-length"),
    ];
    for (batch, code) in refused {
        assert_eq!(store.append(batch).map_err(|error| error.code()), Err(code));
    }
    assert_eq!(store.newest(), CommitNumber(0));
    assert_eq!(ok(store.scan(Scan::table(T, 10))), vec![]);
    ok(store.commit(put(&[1; KEY_BYTES_MAX], &[1; VALUE_BYTES_MAX])));
}

/// A callback is called once, whether it comes before or after the commit is durable.
pub fn a_commit_is_announced_once_and_unknown_ones_are_refused(store: &impl Store) {
    let number = ok(store.append(put(b"a", b"1")));
    let (told, verdicts) = channel();
    for _ in 0..2 {
        let told = told.clone();
        store.when_durable(
            number,
            Box::new(move |result| told.send(result).expect("waited for")),
        );
        ok(store.wait(number));
    }
    drop(told);
    let verdicts: Vec<_> = verdicts.iter().collect();
    assert_eq!(verdicts.len(), 2);
    assert!(verdicts.iter().all(Result::is_ok));
    ok(store.wait(CommitNumber(0)));
    let unknown = store.wait(CommitNumber(number.0 + 1));
    assert!(matches!(unknown, Err(StoreError::UnknownCommit(_))));
}

/// A scan never shows half a batch.
pub fn batches_are_seen_whole_by_concurrent_readers(store: &impl Store) {
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for round in 0..300u32 {
                let mut batch = Batch::new();
                for key in 0..20u8 {
                    batch.put(T, &[key], &round.to_be_bytes());
                }
                ok(store.append(batch));
            }
        });
        while !writer.is_finished() {
            let rows = ok(store.scan(Scan::table(T, 100)));
            assert!(rows.is_empty() || rows.len() == 20, "{} rows", rows.len());
            assert!(
                rows.windows(2).all(|pair| pair[0].1 == pair[1].1),
                "a torn batch: {rows:?}"
            );
        }
    });
}

/// Everybody gets a number of his own, and everything is there.
pub fn concurrent_writers_all_arrive(store: &impl Store) {
    let numbers = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for thread in 0..8u8 {
            let numbers = &numbers;
            scope.spawn(move || {
                for round in 0..50u8 {
                    let number = ok(store.commit(put(&[thread, round], &[thread])));
                    numbers.lock().expect("no writer panics").push(number.0);
                }
            });
        }
    });
    let mut numbers = numbers.into_inner().expect("no writer panics");
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=400).collect::<Vec<u64>>());
    assert_eq!(ok(store.scan(Scan::table(T, 1000))).len(), 400);
}
