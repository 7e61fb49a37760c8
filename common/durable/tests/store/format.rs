//! The bytes on disk are those of FORMAT.md.

use std::fs;

use crate::world::{T, World, put};
use maille_durable::{Batch, DurableStore, Scan, Store};

/// Returns a vector of FORMAT.md: of each line, what stands before two spaces.
pub(crate) fn vector(name: &str) -> Vec<u8> {
    let format = include_str!("../../FORMAT.md");
    let start = format!("```text {name}\n");
    let (_, rest) = format.split_once(&start).unwrap();
    let (lines, _) = rest.split_once("```").unwrap();
    let fields = lines.lines().map(|line| line.split("  ").next().unwrap());
    let digits: Vec<u8> = fields
        .flat_map(str::bytes)
        .filter(|byte| *byte != b' ')
        .collect();
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

#[test]
fn a_store_writes_the_documented_bytes() {
    let mut world = World::new();
    world.options.log_segment_bytes = 1 << 20;
    let (store, _) = world.open();
    let mut batch = Batch::new();
    batch.put(T, b"k", b"v");
    store.commit(batch).unwrap();
    let mut batch = Batch::new();
    batch.put(T, b"l", b"").delete(T, b"k");
    store.commit(batch).unwrap();
    let folder = world.store_folder();
    assert_eq!(
        fs::read(World::last_segment(&folder)).unwrap(),
        vector("segment")
    );
    store.checkpoint().unwrap();
    assert_eq!(fs::read(&World::runs(&folder)[0]).unwrap(), vector("run"));
    store.close().unwrap();
    assert_eq!(
        fs::read(folder.join("index.state")).unwrap(),
        vector("index.state")
    );
}

#[test]
fn a_store_reads_the_documented_bytes() {
    let world = World::new();
    let folder = world.store_folder();
    fs::create_dir_all(folder.join("log")).unwrap();
    fs::write(
        folder.join("log/00000000000000000001.log"),
        vector("segment"),
    )
    .unwrap();
    let (store, opening) = world.open();
    assert_eq!((opening.newest.0, opening.records), (2, 1));
    assert_eq!(store.get(T, b"k").unwrap(), None);
    assert_eq!(store.get(T, b"l").unwrap(), Some(vec![]));
    assert_eq!(store.commit(put(1, b"next")).unwrap().0, 3);
}

/// Opens a store that has the documented run instead of its own.
fn with_run(name: &str) -> (World, DurableStore) {
    let world = World::new();
    let (store, _) = world.open();
    store.commit(put(1, b"other")).unwrap();
    store.commit(put(1, b"other")).unwrap();
    store.checkpoint().unwrap();
    store.close().unwrap();
    fs::write(&World::runs(&world.store_folder())[0], vector(name)).unwrap();
    fs::remove_dir_all(world.store_folder().join("index")).unwrap();
    let (store, opening) = world.open();
    assert_eq!((opening.newest.0, opening.records), (2, 1));
    (world, store)
}

#[test]
fn a_store_reads_the_documented_run() {
    let (_world, store) = with_run("run");
    assert_eq!(store.get(T, b"l").unwrap(), Some(vec![]));
    assert_eq!(store.get(T, b"k").unwrap(), None);
}

/// Its filter knows no beginnings of keys, and must not be asked for one.
#[test]
fn a_range_is_found_in_a_run_of_format_2() {
    let (_world, store) = with_run("run of format 2");
    let key = [b'l'; 33];
    assert_eq!(store.get(T, &key).unwrap(), Some(vec![]));
    let found = store.scan(Scan::range(T, &key[..32], b"m", 9)).unwrap();
    assert_eq!(found, [(key.to_vec(), vec![])]);
}
