//! A disk whose calls fail when told to, and what the store does then.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::disk::{Disk, LocalDisk, Output};
use crate::{Batch, DurableStore, OpenError, Opening, Options, Store, StoreError, StoreId, Table};

const T: Table = Table(1);

/// The calls that can fail, counted together.
#[derive(Debug, Default)]
struct FaultyDisk {
    calls: Arc<AtomicU64>,
    fails_at: Arc<AtomicU64>,
    available_bytes: Mutex<Option<u64>>,
    synced_folders: Mutex<Vec<PathBuf>>,
    /// While somebody holds it, nothing is removed.
    stuck: Mutex<()>,
}

impl FaultyDisk {
    fn new() -> Arc<Self> {
        let disk = Self::default();
        disk.fails_at.store(u64::MAX, Ordering::SeqCst);
        Arc::new(disk)
    }

    fn fail_at(&self, call: u64) {
        self.fails_at.store(call, Ordering::SeqCst);
    }

    fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    fn say_available(&self, bytes: Option<u64>) {
        *self.available_bytes.lock().unwrap() = bytes;
    }

    fn has_failed(&self) -> bool {
        self.calls() > self.fails_at.load(Ordering::SeqCst)
    }

    fn call(&self) -> io::Result<()> {
        count_call(&self.calls, &self.fails_at)
    }
}

/// Exactly one call fails; a second try would succeed, as it does on Linux.
fn count_call(calls: &AtomicU64, fails_at: &AtomicU64) -> io::Result<()> {
    if calls.fetch_add(1, Ordering::SeqCst) == fails_at.load(Ordering::SeqCst) {
        return Err(io::Error::other("injected"));
    }
    Ok(())
}

struct FaultyOutput {
    output: Box<dyn Output>,
    calls: Arc<AtomicU64>,
    fails_at: Arc<AtomicU64>,
}

impl Output for FaultyOutput {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        count_call(&self.calls, &self.fails_at)?;
        self.output.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        count_call(&self.calls, &self.fails_at)?;
        self.output.sync()
    }
}

impl FaultyDisk {
    fn wrap(&self, output: Box<dyn Output>) -> Box<dyn Output> {
        let (calls, fails_at) = (Arc::clone(&self.calls), Arc::clone(&self.fails_at));
        Box::new(FaultyOutput {
            output,
            calls,
            fails_at,
        })
    }
}

impl Disk for FaultyDisk {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.call()?;
        LocalDisk.create_folder(path)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn Output>> {
        self.call()?;
        LocalDisk.create(path).map(|output| self.wrap(output))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn Output>> {
        self.call()?;
        LocalDisk.append(path).map(|output| self.wrap(output))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call()?;
        LocalDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        drop(self.stuck.lock().unwrap());
        self.call()?;
        LocalDisk.remove(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.call()?;
        self.synced_folders.lock().unwrap().push(path.to_owned());
        LocalDisk.sync_folder(path)
    }

    fn available_bytes(&self, path: &Path) -> io::Result<u64> {
        match *self.available_bytes.lock().unwrap() {
            Some(bytes) => Ok(bytes),
            None => LocalDisk.available_bytes(path),
        }
    }
}

fn options() -> Options {
    Options {
        log_segment_bytes: 4096,
        checkpoint_log_bytes: 16 * 1024,
        ballast_bytes: 64 * 1024,
        low_water_bytes: 1024 * 1024,
        ..Options::new(StoreId([1; 16]), "boot".to_owned(), "now")
    }
}

fn open(disk: &Arc<FaultyDisk>, folder: &Path) -> (DurableStore, Opening) {
    let disk: Arc<dyn Disk> = disk.clone();
    DurableStore::open_on(disk, &folder.join("store"), &options()).unwrap()
}

fn put(key: u32) -> Batch {
    let mut batch = Batch::new();
    batch.put(T, &key.to_be_bytes(), &[1; 500]);
    batch
}

/// After one failed call nothing is promised, read or written until the store is opened again;
/// what had been promised is there.
#[test]
fn a_failed_call_at_any_index_fails_the_store_for_ever_and_loses_nothing_promised() {
    let clean = FaultyDisk::new();
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(&clean, folder.path());
    let first = clean.calls();
    (0..60).for_each(|key| drop(store.commit(put(key))));
    store.checkpoint().unwrap();
    let last = clean.calls();
    assert!(last - first > 120, "{}", last - first);
    drop(store);

    let mut reached = 0;
    for call in first..last {
        let folder = tempfile::tempdir().unwrap();
        let disk = FaultyDisk::new();
        let (store, _) = open(&disk, folder.path());
        disk.fail_at(call);
        let committed = |key: &u32| store.commit(put(*key)).is_ok();
        let promised: Vec<u32> = (0..60).filter(committed).collect();
        let checkpointed = store.checkpoint();
        if !disk.has_failed() {
            // Checkpoints come when the background gets to them, so the last calls may not.
            checkpointed.unwrap();
            assert_eq!(promised.len(), 60, "call {call}");
            continue;
        }
        reached += 1;
        assert!(
            matches!(checkpointed, Err(StoreError::StoreFailed(_))),
            "call {call}"
        );
        let refused = store.commit(put(99)).map_err(|error| error.code());
        assert_eq!(refused, Err("store-failed"), "call {call}");
        assert_eq!(
            store.get(T, &[0; 4]).map_err(|error| error.code()),
            Err("store-failed")
        );
        assert!(matches!(store.close(), Err(StoreError::StoreFailed(_))));

        let (store, opening) = open(&FaultyDisk::new(), folder.path());
        assert_eq!(opening.set_aside, None, "call {call}");
        for key in promised {
            assert!(
                store.get(T, &key.to_be_bytes()).unwrap().is_some(),
                "call {call} key {key}"
            );
        }
    }
    assert!(reached > 120, "{reached} of {first}..{last}");
}

/// Everybody who waits is told, and nobody waits for ever.
#[test]
fn all_waiters_hear_of_a_failed_sync() {
    let folder = tempfile::tempdir().unwrap();
    let disk = FaultyDisk::new();
    let (store, _) = open(&disk, folder.path());
    disk.fail_at(disk.calls() + 9);
    std::thread::scope(|scope| {
        for thread in 0..16u32 {
            let store = &store;
            scope.spawn(move || {
                for n in 0..50 {
                    // A failed one is followed by failed ones only; the last is certain to be.
                    let _ = store.commit(put(thread * 50 + n));
                }
                let refused = store.commit(put(thread));
                assert!(matches!(refused, Err(StoreError::StoreFailed(_))));
            });
        }
    });
}

/// A disk that fails may never answer what it was asked before, and sled waits for ever for some
/// of that. Closing the store used to wait as well.
#[test]
fn a_failed_store_closes_while_a_thread_of_it_is_stuck_which_keeps_the_folder_locked() {
    let folder = tempfile::tempdir().unwrap();
    let disk = FaultyDisk::new();
    let (store, _) = open(&disk, folder.path());
    let stuck = disk.stuck.lock().unwrap();
    (0..10).for_each(|key| drop(store.commit(put(key))));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| store.checkpoint());
        // The log of what was taken into a run is removed when the run is in service.
        while store.figures().covered.0 == 0 {
            std::thread::yield_now();
        }
        disk.fail_at(disk.calls());
        assert!(matches!(
            store.commit(put(10)),
            Err(StoreError::StoreFailed(_))
        ));
        assert!(matches!(
            waiting.join().unwrap(),
            Err(StoreError::StoreFailed(_))
        ));
    });
    assert!(matches!(store.close(), Err(StoreError::StoreFailed(_))));

    let reopen = || DurableStore::open(&folder.path().join("store"), &options());
    assert!(matches!(reopen(), Err(OpenError::Locked { .. })));
    drop(stuck);
    let (store, opening) = loop {
        match reopen() {
            Err(OpenError::Locked { .. }) => std::thread::yield_now(),
            reopened => break reopened.unwrap(),
        }
    };
    assert_eq!(opening.set_aside, None);
    assert!(store.get(T, &9u32.to_be_bytes()).unwrap().is_some());
}

/// Receipts are taken below the mark, at the ballast's expense, and service returns by itself.
#[test]
fn below_the_low_water_mark_only_urgent_batches_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let disk = FaultyDisk::new();
    let (store, _) = open(&disk, folder.path());
    let ballast = folder.path().join("store").join("ballast");
    assert_eq!(ballast.metadata().unwrap().len(), 64 * 1024);

    disk.say_available(Some(1024 * 1024));
    let refused = store.commit(put(1));
    assert!(
        matches!(refused, Err(StoreError::DiskFull { .. })),
        "{refused:?}"
    );
    let mut receipt = put(2);
    receipt.urgent();
    // The reserve is kept even from receipts.
    assert!(matches!(
        store.commit(receipt.clone()),
        Err(StoreError::DiskFull { .. })
    ));
    assert_eq!(
        ballast.metadata().unwrap().len(),
        0,
        "the ballast is released"
    );
    disk.say_available(Some(1024 * 1024 + 64 * 1024));
    store.commit(receipt).unwrap();
    assert_eq!(store.newest().0, 1, "a refused batch takes no number");

    disk.say_available(Some(1024 * 1024 * 1024));
    store.commit(put(3)).unwrap();
    // The checkpointer works in order, so the ballast is back when it has answered.
    store.checkpoint().unwrap();
    assert_eq!(ballast.metadata().unwrap().len(), 64 * 1024);
}

/// What is in the log already needs no room in it again. Receipts used to be refused when more
/// waited for a run than the ballast holds, however much of it had long been written.
#[test]
fn receipts_are_taken_from_the_ballast_however_much_waits_for_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let disk = FaultyDisk::new();
    let waiting = Options {
        checkpoint_log_bytes: u64::MAX,
        ..options()
    };
    let store_folder = folder.path().join("store");
    let (store, _) = DurableStore::open_on(disk.clone(), &store_folder, &waiting).unwrap();
    for key in 0..200 {
        store.commit(put(key)).unwrap();
    }
    disk.say_available(Some(1024 * 1024 + 16 * 1024));
    assert!(matches!(
        store.commit(put(200)),
        Err(StoreError::DiskFull { .. })
    ));
    let mut receipt = put(201);
    store.commit(receipt.urgent().clone()).unwrap();
}

/// A checkpoint that would fill the volume is given up, and the store goes on.
#[test]
fn a_checkpoint_without_room_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let disk = FaultyDisk::new();
    let (store, _) = open(&disk, folder.path());
    (0..20).for_each(|key| drop(store.commit(put(key))));
    disk.say_available(Some(1000));
    assert!(matches!(
        store.checkpoint(),
        Err(StoreError::DiskFull { .. })
    ));
    disk.say_available(None);
    store.commit(put(20)).unwrap();
    store.checkpoint().unwrap();
    store.close().unwrap();
    let (store, opening) = open(&disk, folder.path());
    assert_eq!((opening.records, opening.newest.0), (21, 21));
    drop(store);
}

/// Whoever made the folders may have died before their names were durable, and with the names
/// everything in them would go: a kill, a start, promises, and then a power cut.
#[test]
fn the_names_of_folders_that_are_there_already_are_made_durable() {
    let folder = tempfile::tempdir().unwrap();
    let disk = FaultyDisk::new();
    disk.fail_at(1);
    let store_folder = folder.path().join("store");
    let begun = DurableStore::open_on(disk.clone(), &store_folder, &options());
    assert!(begun.is_err() && store_folder.is_dir());
    assert!(disk.synced_folders.lock().unwrap().is_empty());
    let (store, _) = open(&disk, folder.path());
    drop(store);
    let synced = disk.synced_folders.lock().unwrap();
    assert_eq!(synced[0], folder.path());
}
