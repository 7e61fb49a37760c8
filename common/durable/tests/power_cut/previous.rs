//! The power goes while a store of the previous format is taken in: everything is there afterwards,
//! and so is the copy.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use maille_durable::{DurableStore, Scan, Store};

use crate::version_1::Version1;
use crate::volumes::{FileSystem, Volumes, say};
use crate::{T, options};

const RECORDS: u32 = 12_000;
/// Copies are made as fast as they can be; of so many the store is opened.
const LOOKED_AT: usize = 40;

#[test]
fn nothing_is_missing_after_a_power_cut_during_a_migration_on_ext4() {
    cut_migrations(FileSystem::Ext4);
}

#[test]
fn nothing_is_missing_after_a_power_cut_during_a_migration_on_xfs() {
    cut_migrations(FileSystem::Xfs);
}

fn cut_migrations(file_system: FileSystem) {
    let Some(volumes) = Volumes::or_skip(file_system) else {
        return;
    };
    let folder = volumes.inner().join("store");
    let old = Version1::new(&folder);
    old.checkpoint(70_000, 0..RECORDS / 2);
    old.segment(70_001, RECORDS / 2..RECORDS);
    assert!(Command::new("sync").status().unwrap().success());
    let whole = fs::read(folder.join("checkpoint")).unwrap();
    let mut cuts = Vec::new();
    thread::scope(|scope| {
        let migration =
            scope.spawn(|| DurableStore::open(&folder, &options("before".to_owned())).unwrap());
        while !migration.is_finished() {
            cuts.push(volumes.copy(cuts.len()));
        }
        drop(migration.join().unwrap());
    });
    cuts.push(volumes.copy(cuts.len()));
    let (mut interrupted, step) = (0, cuts.len() / LOOKED_AT + 1);
    for image in cuts.iter().step_by(step) {
        interrupted += u32::from(volumes.look_at(image, |volume| expect_all(volume, &whole)));
    }
    assert!(interrupted > 0, "no cut met the migration");
    say(&format!(
        "{file_system:?}: {} cuts, {interrupted} of them before a migration was over",
        cuts.len().div_ceil(step)
    ));
}

/// Opens the store of a volume after a cut; whether it had to be taken in (again).
fn expect_all(volume: &Path, checkpoint: &[u8]) -> bool {
    let folder = volume.join("store");
    let (store, opening) = DurableStore::open(&folder, &options("after".to_owned())).unwrap();
    assert_eq!((opening.set_aside, opening.created), (None, false));
    let rows = store.scan(Scan::table(T, usize::MAX)).unwrap();
    let keys = rows.iter().map(|(key, value)| {
        assert_eq!(*value, [7; 100]);
        u32::from_be_bytes(key.as_slice().try_into().unwrap())
    });
    assert!(keys.eq(0..RECORDS), "{} records", rows.len());
    store.close().unwrap();
    let copies = fs::read_dir(volume)
        .unwrap()
        .flatten()
        .map(|entry| entry.path());
    let is_copy = |name: &str| name.starts_with("store.version-1-") && !name.ends_with(".new");
    let copies: Vec<_> = copies
        .filter(|path| is_copy(path.file_name().unwrap().to_str().unwrap()))
        .collect();
    assert!(!copies.is_empty(), "a store that was taken in has a copy");
    for copy in copies {
        assert!(fs::read(copy.join("checkpoint")).unwrap() == checkpoint);
    }
    opening.migrated.is_some()
}
