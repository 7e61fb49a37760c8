//! A snapshot holds the records of one commit, and leaves the store as it was.

use std::fs;

use crate::world::{T, World, fill, keys, put};
use maille_durable::{CommitNumber, ExtractError, Scan, Snapshot, Store, StoreError};

#[test]
fn a_served_store_goes_on_while_its_snapshot_stands_still() {
    let world = World::new();
    let (store, _) = world.open();
    assert_eq!(keys(&store.snapshot().unwrap()), Vec::<u32>::new());
    fill(&store, 0..60);
    store.checkpoint().unwrap();
    fill(&store, 50..70);
    let snapshot = store.snapshot().unwrap();
    assert_eq!(snapshot.newest(), CommitNumber(80));
    let read = World::runs(&world.store_folder()).remove(0);
    // Every run that it reads is replaced under it.
    for _ in 0..10 {
        fill(&store, 0..90);
        store.checkpoint().unwrap();
    }
    assert_eq!(keys(&snapshot), (0..70).collect::<Vec<_>>());
    let five = snapshot.get(T, &5_u32.to_be_bytes()).unwrap();
    assert_eq!(five, Some(vec![7; 100]));
    let descending = Scan::table(T, 2).descending();
    assert_eq!(snapshot.scan(descending).unwrap().len(), 2);
    assert!(matches!(
        snapshot.append(put(1, b"x")),
        Err(StoreError::ReadOnly)
    ));
    assert!(read.exists());
    drop(snapshot);
    store
        .commit(put(1, b"so that there is something to do"))
        .unwrap();
    store.checkpoint().unwrap();
    assert!(!read.exists(), "it goes when nobody reads it any more");
    assert_eq!(keys(&store), (0..90).collect::<Vec<_>>());
}

#[test]
fn a_killed_store_is_read_up_to_its_torn_end_and_left_with_it() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..30);
    store.checkpoint().unwrap();
    fill(&store, 30..50);
    let of_stopped = || Snapshot::of_stopped(&world.store_folder());
    assert!(
        matches!(of_stopped(), Err(ExtractError::Files(_))),
        "it is served"
    );
    drop(store);
    let last = World::last_segment(&world.store_folder());
    let torn = [&fs::read(&last).unwrap()[..], b"half a frame"].concat();
    fs::write(&last, &torn).unwrap();
    let snapshot = of_stopped().unwrap();
    assert_eq!(keys(&snapshot), (0..50).collect::<Vec<_>>());
    let middle = Scan::range(T, &[0, 0, 0, 20], &[0, 0, 0, 40], 100);
    assert_eq!(snapshot.scan(middle).unwrap().len(), 20);
    assert_eq!(snapshot.scan(middle.descending()).unwrap().len(), 20);
    assert_eq!(fs::read(&last).unwrap(), torn);
}

#[test]
fn no_store_and_a_damaged_one_are_told_apart() {
    let world = World::new();
    let of_stopped = || Snapshot::of_stopped(&world.store_folder());
    assert!(matches!(of_stopped(), Err(ExtractError::Nothing { .. })));
    let (store, _) = world.open();
    fill(&store, 0..60);
    drop(store);
    fs::remove_file(&World::segments(&world.store_folder())[0]).unwrap();
    assert!(matches!(of_stopped(), Err(ExtractError::Damaged(_))));
}
