//! Concurrent commits share their syncs.

use std::thread;

use crate::world::{World, fill, keys};
use maille_durable::Store;

#[test]
fn sixty_four_writers_share_far_fewer_syncs_than_they_have_commits() {
    let mut world = World::new();
    world.options.log_segment_bytes = 1 << 20;
    let (store, _) = world.open();
    thread::scope(|scope| {
        for writer in 0..64 {
            let store = &store;
            scope.spawn(move || fill(store, writer * 100..(writer + 1) * 100));
        }
    });
    let figures = store.figures();
    assert_eq!(figures.durable.0, 6400);
    assert!(
        figures.syncs < 6400 / 4,
        "{} syncs for 6400 commits",
        figures.syncs
    );
    assert_eq!(keys(&store).len(), 6400);
}

#[test]
fn a_store_far_behind_makes_its_writers_wait_but_not_for_ever() {
    let mut world = World::new();
    world.options.pending_bytes_max = 1000;
    let (store, _) = world.open();
    for key in 0..500u32 {
        store.append(crate::world::put(key, &[1; 900])).unwrap();
    }
    store.wait(store.newest()).unwrap();
    assert_eq!(keys(&store).len(), 500);
}
