//! A store of the previous format is taken in, and a copy of it kept.

use std::fs;
use std::path::{Path, PathBuf};

use crate::format::vector;
use crate::version_1::Version1;
use crate::world::{T, World, copy_tree, keys, put};
use maille_durable::{DurableStore, Opening, Store};

fn expect_migrated(world: &World, folder: &Path) -> (DurableStore, PathBuf) {
    let (store, opening) = world.open_at(folder);
    let Opening {
        set_aside,
        created,
        migrated,
        ..
    } = opening;
    assert_eq!((set_aside, created), (None, false));
    (store, migrated.expect("it says where the copy is"))
}

#[test]
fn the_documented_files_are_taken_in() {
    let world = World::new();
    let folder = world.store_folder();
    let old = Version1::new(&folder);
    old.segment(3, std::iter::empty());
    let segment = vector("segment of version 1");
    fs::write(folder.join("log/00000000000000000001.log"), segment).unwrap();
    fs::write(folder.join("checkpoint"), vector("checkpoint of version 1")).unwrap();
    let (store, copy) = expect_migrated(&world, &folder);
    assert_eq!(store.newest().0, 2);
    assert_eq!(store.get(T, b"l").unwrap(), Some(vec![]));
    assert_eq!(store.get(T, b"k").unwrap(), None);
    assert_eq!(
        fs::read(copy.join("checkpoint")).unwrap(),
        vector("checkpoint of version 1")
    );
}

#[test]
fn the_documented_segment_alone_is_taken_in() {
    let world = World::new();
    let folder = world.store_folder();
    Version1::new(&folder);
    let segment = vector("segment of version 1");
    fs::write(folder.join("log/00000000000000000001.log"), segment).unwrap();
    let (store, _) = expect_migrated(&world, &folder);
    assert_eq!(store.newest().0, 2);
    assert_eq!(store.get(T, b"l").unwrap(), Some(vec![]));
    assert_eq!(store.commit(put(1, b"next")).unwrap().0, 3);
    store.close().unwrap();
    let (store, opening) = world.open();
    assert_eq!(opening.migrated, None, "once is enough");
    assert_eq!(store.newest().0, 3);
}

/// Five hundred records in the checkpoint, then three segments, the last of them torn.
pub(crate) fn large(folder: &Path) {
    let old = Version1::new(folder);
    old.checkpoint(700, 0..500);
    old.segment(701, 400..520);
    old.segment(821, 520..600);
    old.segment(901, 600..650);
    let last = folder.join("log/00000000000000000901.log");
    let mut bytes = fs::read(&last).unwrap();
    bytes.extend(b"mFrm, and what was never finished");
    fs::write(last, bytes).unwrap();
}

#[test]
fn everything_is_there_after_a_migration_and_the_copy_is_as_it_was() {
    let world = World::new();
    let folder = world.store_folder();
    large(&folder);
    let before = world.crash_copy("before");
    let (store, copy) = expect_migrated(&world, &folder);
    assert_eq!(copy, world.beside("store.version-1-2026-11-23T195500Z"));
    assert_eq!(keys(&store), (0..650).collect::<Vec<_>>());
    crate::world::fill(&store, 650..700);
    store.checkpoint().unwrap();
    store.close().unwrap();
    let (store, opening) = world.open();
    assert_eq!((opening.migrated, opening.newest.0), (None, 1000));
    assert_eq!(keys(&store), (0..700).collect::<Vec<_>>());
    for file in [
        "checkpoint",
        "log/00000000000000000701.log",
        "log/00000000000000000901.log",
    ] {
        let (kept, was) = (copy.join(file), before.join(file));
        assert!(fs::read(kept).unwrap() == fs::read(was).unwrap(), "{file}");
    }
    // Who goes back to the copy finds what was there.
    assert_eq!(keys(&expect_migrated(&world, &copy).0).len(), 650);
}

#[test]
fn a_migration_that_was_interrupted_is_finished() {
    let world = World::new();
    let folder = world.store_folder();
    large(&folder);
    let checkpoint = fs::read(folder.join("checkpoint")).unwrap();
    drop(expect_migrated(&world, &folder));
    // Died before the checkpoint was removed, and again while it made the copy.
    fs::write(folder.join("checkpoint"), checkpoint).unwrap();
    let unfinished = world.beside("store.version-1-2026-11-23T195500Z-2.new");
    copy_tree(&folder, &unfinished);
    let (store, _) = expect_migrated(&world, &folder);
    assert_eq!(keys(&store), (0..650).collect::<Vec<_>>());
    assert!(!unfinished.exists());
}

#[test]
fn a_damaged_checkpoint_sets_the_store_aside() {
    let world = World::new();
    let folder = world.store_folder();
    large(&folder);
    let mut bytes = fs::read(folder.join("checkpoint")).unwrap();
    bytes[700] ^= 1;
    fs::write(folder.join("checkpoint"), bytes).unwrap();
    let (_, opening) = world.open();
    assert!(opening.set_aside.is_some() && opening.created);
}
