//! What the tests of this crate share: a folder, its options, and crashes.

use std::fs;
use std::path::{Path, PathBuf};

use maille_durable::{Batch, DurableStore, Opening, Options, Scan, Store, StoreId, Table};
use tempfile::TempDir;

pub(crate) const T: Table = Table(1);

pub(crate) struct World {
    folder: TempDir,
    pub(crate) options: Options,
}

impl World {
    pub(crate) fn new() -> Self {
        let options = Options {
            log_segment_bytes: 2048,
            checkpoint_log_bytes: u64::MAX,
            low_water_bytes: 0,
            ballast_bytes: 0,
            ..Options::new(StoreId([7; 16]), "boot".to_owned(), "2026-11-23T195500Z")
        };
        Self {
            folder: tempfile::tempdir().unwrap(),
            options,
        }
    }

    pub(crate) fn store_folder(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn open(&self) -> (DurableStore, Opening) {
        self.open_at(&self.store_folder())
    }

    pub(crate) fn open_at(&self, folder: &Path) -> (DurableStore, Opening) {
        DurableStore::open(folder, &self.options).unwrap()
    }

    /// Copies the files as they are now, as a process that dies would leave them.
    pub(crate) fn crash_copy(&self, name: &str) -> PathBuf {
        let copy = self.beside(name);
        copy_tree(&self.store_folder(), &copy);
        copy
    }

    /// The last segment of the log in a store's folder.
    pub(crate) fn last_segment(folder: &Path) -> PathBuf {
        Self::segments(folder).pop().unwrap()
    }

    pub(crate) fn segments(folder: &Path) -> Vec<PathBuf> {
        files(&folder.join("log"))
    }

    pub(crate) fn runs(folder: &Path) -> Vec<PathBuf> {
        files(&folder.join("runs"))
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

pub(crate) fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub(crate) fn put(key: u32, value: &[u8]) -> Batch {
    let mut batch = Batch::new();
    batch.put(T, &key.to_be_bytes(), value);
    batch
}

/// Commits one record for every key, each in a batch of its own.
pub(crate) fn fill(store: &impl Store, keys: std::ops::Range<u32>) {
    for key in keys {
        store.commit(put(key, &[7; 100])).unwrap();
    }
}

pub(crate) fn keys(store: &impl Store) -> Vec<u32> {
    let rows = store.scan(Scan::table(T, usize::MAX)).unwrap();
    rows.into_iter()
        .map(|(key, _)| u32::from_be_bytes(key.try_into().unwrap()))
        .collect()
}
