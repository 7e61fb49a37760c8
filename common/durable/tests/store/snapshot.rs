//! A snapshot holds the records of one commit, and leaves the store as it was.

use crate::world::{T, World, fill, keys, put};
use maille_durable::{
    CommitNumber, DurableStore, ExtractError, Snapshot, Store, StoreError, Table,
};

fn everything(_: Table, _: &[u8]) -> bool {
    true
}

fn of_stopped(world: &World) -> Result<Snapshot, ExtractError> {
    Snapshot::of_stopped(
        &world.store_folder(),
        &world.beside("scratch"),
        everything,
        &|| true,
    )
}

fn of(store: &DurableStore, world: &World) -> Result<Snapshot, ExtractError> {
    store.snapshot(&world.beside("scratch"), everything, Box::new(|| true))
}

#[test]
fn a_served_store_goes_on_while_its_snapshot_stands_still() {
    let world = World::new();
    let (store, _) = world.open();
    assert_eq!(keys(&of(&store, &world).unwrap()), Vec::<u32>::new());
    fill(&store, 0..60);
    store.checkpoint().unwrap();
    fill(&store, 50..70);
    let snapshot = of(&store, &world).unwrap();
    assert_eq!(snapshot.newest(), CommitNumber(80));
    fill(&store, 70..90);
    store.checkpoint().unwrap();
    assert_eq!(keys(&snapshot), (0..70).collect::<Vec<_>>());
    assert_eq!(
        snapshot.get(T, &5_u32.to_be_bytes()).unwrap(),
        Some(vec![7; 100])
    );
    assert!(matches!(
        snapshot.append(put(1, b"x")),
        Err(StoreError::ReadOnly)
    ));
    assert!(
        matches!(of(&store, &world), Err(ExtractError::Files(_)),),
        "the scratch folder is taken"
    );
    drop(snapshot);
    assert!(!world.beside("scratch").exists());
    assert_eq!(keys(&store), (0..90).collect::<Vec<_>>());
    let sealed = of(&store, &world).unwrap();
    drop(store);
    let (store, opening) = world.open();
    assert!(opening.set_aside.is_none());
    assert_eq!(keys(&store), keys(&sealed));
}

#[test]
fn a_killed_store_is_read_up_to_its_torn_end_and_left_with_it() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..30);
    store.checkpoint().unwrap();
    fill(&store, 30..50);
    assert!(
        matches!(of_stopped(&world), Err(ExtractError::Files(_))),
        "it is served"
    );
    drop(store);
    let last = World::last_segment(&world.store_folder());
    let torn = [&std::fs::read(&last).unwrap()[..], b"half a frame"].concat();
    std::fs::write(&last, &torn).unwrap();
    let snapshot = of_stopped(&world).unwrap();
    assert_eq!(keys(&snapshot), (0..50).collect::<Vec<_>>());
    assert_eq!(std::fs::read(&last).unwrap(), torn);
}

#[test]
fn what_is_not_wanted_is_left_out() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..10);
    let even = |_: Table, key: &[u8]| key[3].is_multiple_of(2);
    let snapshot = store
        .snapshot(&world.beside("scratch"), even, Box::new(|| true))
        .unwrap();
    assert_eq!(keys(&snapshot), [0, 2, 4, 6, 8]);
}

#[test]
fn no_store_a_damaged_one_and_a_stop_are_told_apart() {
    let world = World::new();
    assert!(matches!(
        of_stopped(&world),
        Err(ExtractError::Nothing { .. })
    ));
    let (store, _) = world.open();
    fill(&store, 0..60);
    let stopped = store.snapshot(&world.beside("scratch"), everything, Box::new(|| false));
    assert!(matches!(stopped, Err(ExtractError::Stopped)));
    assert!(!world.beside("scratch").exists());
    drop(store);
    std::fs::remove_file(&World::segments(&world.store_folder())[0]).unwrap();
    assert!(matches!(of_stopped(&world), Err(ExtractError::Damaged(_))));
}
