//! A durable commit: what a relay writes for one accepted alert, into each kind of store.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use maille_durable::{DurableStore, MemoryStore, Options, Store, StoreId, boot_id};
use tempfile::TempDir;

use super::Place;
use super::accept::Accept;

/// Commits of each writer in one go.
pub const OF_EACH: u64 = 16;

/// A store on disk; the folder goes after it.
#[derive(Debug)]
struct OnDisk {
    store: DurableStore,
    accept: Accept,
    turn: AtomicU64,
    _folder: TempDir,
}

/// Commits to a store in memory.
pub fn memory() -> impl FnMut() {
    let (accept, mut turn) = (Accept::taken(), 0);
    let mut store = MemoryStore::new();
    move || {
        if turn % Accept::ROOM == 0 {
            store = MemoryStore::new();
        }
        store.commit(accept.batch(turn)).unwrap();
        turn += 1;
    }
}

/// Lets so many writers commit [`OF_EACH`] times each to a store on a real disk, all at once.
pub fn durable(place: &Place, writers: u64) -> impl FnMut() + use<> {
    let disk = OnDisk::in_folder(place);
    move || match writers {
        1 => disk.commit(),
        _ => thread::scope(|scope| {
            for _ in 0..writers {
                scope.spawn(|| disk.commit());
            }
        }),
    }
}

impl OnDisk {
    fn in_folder(place: &Place) -> Self {
        let folder = tempfile::tempdir_in(&place.dir).unwrap();
        let options = Options::new(StoreId([7; 16]), boot_id(), "2026-11-28T000000Z");
        let (store, _) = DurableStore::open(&folder.path().join("store"), &options).unwrap();
        Self {
            store,
            accept: Accept::taken(),
            turn: AtomicU64::new(0),
            _folder: folder,
        }
    }

    fn commit(&self) {
        for _ in 0..OF_EACH {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            self.store.commit(self.accept.batch(turn)).unwrap();
        }
    }
}
