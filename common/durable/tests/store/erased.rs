//! What is deleted or replaced is gone from the files once the store was compacted.

use std::fs;
use std::path::Path;

use maille_durable::{Batch, Store};

use crate::world::{T, World, fill, keys, put};

const SECRETS: [&[u8]; 3] = [
    b"deleted behind its run",
    b"replaced within the log",
    b"one of many pieces",
];

/// How many files of the store hold each of the secrets.
fn holders(folder: &Path) -> [usize; 3] {
    SECRETS.map(|secret| {
        let files = World::segments(folder)
            .into_iter()
            .chain(World::runs(folder));
        let holds = |bytes: Vec<u8>| bytes.windows(secret.len()).any(|at| at == secret);
        files.filter(|file| holds(fs::read(file).unwrap())).count()
    })
}

#[test]
fn nothing_deleted_or_replaced_is_left_in_any_file_after_compacting() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..200);
    store.commit(put(500, SECRETS[0])).unwrap();
    let mut pieces = Batch::new();
    pieces.put_pieces(T, b"long", &SECRETS[2].repeat(2_000));
    store.commit(pieces).unwrap();
    store.checkpoint().unwrap();
    let mut gone = Batch::new();
    gone.delete(T, &500u32.to_be_bytes());
    gone.delete_pieces(T, b"long");
    store.commit(gone).unwrap();
    store.commit(put(501, SECRETS[1])).unwrap();
    store.commit(put(501, b"another")).unwrap();
    // A run alone keeps the old ones, which weigh too much to be merged for so little.
    store.checkpoint().unwrap();
    let folder = world.store_folder();
    assert_eq!(holders(&folder), [1, 0, 1]);
    store.commit(put(502, SECRETS[1])).unwrap();
    store.commit(put(502, b"another")).unwrap();
    assert_eq!(holders(&folder), [1, 1, 1]);
    store.compact().unwrap();
    assert_eq!(holders(&folder), [0, 0, 0]);
    assert_eq!(World::runs(&folder).len(), 1);
    let expected: Vec<u32> = (0..200).chain([501, 502]).collect();
    assert_eq!(keys(&store), expected);
    // Again, with nothing to do; and what comes after it stands.
    store.compact().unwrap();
    store.commit(put(503, b"later")).unwrap();
    store.close().unwrap();
    let (store, _) = world.open();
    assert_eq!(keys(&store).len(), expected.len() + 1);
    assert_eq!(holders(&folder), [0, 0, 0]);
}

#[test]
fn a_store_without_room_for_a_second_copy_says_so_and_stays_as_it_was() {
    let mut world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..50);
    store.checkpoint().unwrap();
    store.commit(put(500, SECRETS[0])).unwrap();
    store.close().unwrap();
    world.options.low_water_bytes = u64::MAX / 2;
    let (store, _) = world.open();
    let refused = store.compact().unwrap_err();
    assert_eq!(refused.code(), "disk-full");
    assert_eq!(keys(&store).len(), 51);
}
