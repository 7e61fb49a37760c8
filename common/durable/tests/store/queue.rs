//! A queue: what is put at its end and deleted at its beginning, while runs are made of both.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::world::{T, World};
use maille_durable::{Batch, DurableStore, Scan, Store};

/// What stands in the queue at a time.
const STANDS: u64 = 5;
const ENTRIES: u64 = 4000;

fn keys(store: &DurableStore) -> Vec<u64> {
    let rows = store.scan(Scan::table(T, 100)).unwrap();
    let number = |key: &[u8]| u64::from_be_bytes(key.try_into().unwrap());
    rows.iter().map(|(key, _)| number(key)).collect()
}

/// Puts one entry after the other; each is deleted when so many stand behind it.
fn fill(store: &DurableStore) {
    for entry in 0..ENTRIES {
        let mut batch = Batch::new();
        batch.put(T, &entry.to_be_bytes(), &[7; 40]);
        // Some are written again on their way, and some come back after they had gone.
        if entry % 7 == 0 {
            batch.delete(T, &entry.to_be_bytes());
            batch.put(T, &entry.to_be_bytes(), &[8; 40]);
        }
        if let Some(gone) = entry.checked_sub(STANDS) {
            batch.delete(T, &gone.to_be_bytes());
        }
        store.append(batch).unwrap();
    }
}

#[test]
fn a_queue_shows_what_stands_in_it_while_runs_are_made_of_it() {
    let mut world = World::new();
    world.options.checkpoint_log_bytes = 0;
    let (store, _) = world.open();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let found = keys(&store);
                let follow = found.windows(2).all(|pair| pair[1] == pair[0] + 1);
                assert!(follow && found.len() as u64 <= STANDS, "{found:?}");
            }
        });
        fill(&store);
        done.store(true, Ordering::Relaxed);
    });
    let stand: Vec<u64> = (ENTRIES - STANDS..ENTRIES).collect();
    assert_eq!(keys(&store), stand);
    store.checkpoint().unwrap();
    assert_eq!(keys(&store), stand);
    assert!(store.figures().checkpoints > 1, "runs were made meanwhile");
    store.close().unwrap();
    assert_eq!(keys(&world.open().0), stand);
}

#[test]
fn entries_that_came_and_went_are_in_no_run() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store);
    store.checkpoint().unwrap();
    let figures = store.figures();
    assert_eq!(figures.records, STANDS);
    assert!(figures.runs_bytes < 4096, "{} bytes", figures.runs_bytes);
}
