//! A backup is the store as it stood, made while it is served.

use std::thread;

use crate::world::{World, fill, keys, put};
use maille_durable::{BackupError, Store};

#[test]
fn a_backup_made_under_load_opens_with_everything_that_was_acknowledged_before_it_began() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..200);
    store.checkpoint().unwrap();
    thread::scope(|scope| {
        for writer in 0..4 {
            let store = &store;
            scope.spawn(move || fill(store, 1000 * (writer + 1)..1000 * (writer + 1) + 300));
        }
        let before = keys(&store);
        let target = world.beside("backup");
        let figures = store.backup(&target).unwrap();
        let (copy, opening) = world.open_at(&target);
        assert_eq!(opening.set_aside, None);
        assert_eq!(opening.newest, figures.newest);
        assert_eq!(copy.store_id(), store.store_id());
        let held = keys(&copy);
        assert!(before.iter().all(|key| held.contains(key)));
        // It is a store like any other.
        copy.commit(put(1, b"its own way")).unwrap();
    });
    assert_eq!(keys(&store).len(), 200 + 4 * 300);
}

#[test]
fn a_backup_of_an_empty_store_is_an_empty_store() {
    let world = World::new();
    let (store, _) = world.open();
    store.backup(&world.beside("backup")).unwrap();
    let (copy, opening) = world.open_at(&world.beside("backup"));
    assert!(!opening.created);
    assert_eq!((copy.newest().0, keys(&copy)), (0, vec![]));
}

#[test]
fn a_backup_that_cannot_be_written_says_which_file() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..3);
    let target = world.beside("missing").join("backup");
    let error = store.backup(&target).unwrap_err();
    assert!(matches!(&error, BackupError::Files { path, .. } if *path == target));
    fill(&store, 3..5);
    assert_eq!(keys(&store), (0..5).collect::<Vec<_>>());
}
