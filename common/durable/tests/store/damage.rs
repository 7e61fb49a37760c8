//! Torn ends are cut off; damage sets the store aside.

use std::fs::{self, OpenOptions};
use std::path::Path;

use crate::world::{World, fill, keys, put};
use maille_durable::{Batch, CommitNumber, Damage, DurableStore, OpenError, Store};

fn flip(path: &Path, offset: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[offset] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// Opens a damaged store: it is kept under its dated name, and a fresh one is there.
fn expect_set_aside(world: &World) -> Damage {
    let before = World::segments(&world.store_folder()).len();
    let (store, opening) = world.open();
    assert!(opening.created);
    assert_eq!(opening.newest, CommitNumber(0));
    assert_eq!(keys(&store), Vec::<u32>::new());
    let set_aside = opening.set_aside.unwrap();
    assert_eq!(
        set_aside.path,
        world.beside("store.damaged-2026-11-23T195500Z")
    );
    assert_eq!(
        World::segments(&set_aside.path).len(),
        before,
        "nothing is deleted"
    );
    fill(&store, 0..3);
    store.close().unwrap();
    let (store, opening) = world.open();
    assert!(!opening.created && opening.set_aside.is_none());
    assert_eq!(keys(&store), [0, 1, 2]);
    set_aside.damage
}

#[test]
fn a_log_torn_at_any_byte_of_its_last_record_loses_that_record_only() {
    let mut world = World::new();
    world.options.log_segment_bytes = 1 << 20;
    let (store, _) = world.open();
    fill(&store, 0..3);
    let before = fs::metadata(World::last_segment(&world.store_folder()))
        .unwrap()
        .len();
    let index_of_three = world.crash_copy("three");
    fill(&store, 3..4);
    let whole = world.crash_copy("four");
    let after = fs::metadata(World::last_segment(&whole)).unwrap().len();
    drop(store);
    for length in before..after {
        // The index never has what the log does not.
        let torn = world.beside("torn");
        crate::world::copy_tree(&index_of_three, &torn);
        let segment = World::last_segment(&torn);
        fs::copy(World::last_segment(&whole), &segment).unwrap();
        OpenOptions::new()
            .write(true)
            .open(&segment)
            .unwrap()
            .set_len(length)
            .unwrap();
        let (store, opening) = world.open_at(&torn);
        assert_eq!(opening.set_aside, None);
        assert_eq!(opening.torn_bytes, length - before);
        assert_eq!(keys(&store), [0, 1, 2]);
        assert_eq!(store.commit(put(9, b"next")).unwrap(), CommitNumber(4));
        drop(store);
        let (store, opening) = world.open_at(&torn);
        assert_eq!((opening.torn_bytes, keys(&store)), (0, vec![0, 1, 2, 9]));
        drop(store);
        fs::remove_dir_all(torn).unwrap();
    }
}

#[test]
fn a_flipped_bit_in_the_middle_of_the_last_segment_is_damage() {
    let mut world = World::new();
    world.options.log_segment_bytes = 1 << 20;
    let (store, _) = world.open();
    fill(&store, 0..10);
    drop(store);
    flip(&World::last_segment(&world.store_folder()), 500);
    assert!(matches!(expect_set_aside(&world), Damage::Record { .. }));
}

#[test]
fn a_flipped_bit_in_a_sealed_segment_is_damage() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..60);
    drop(store);
    let first = &World::segments(&world.store_folder())[0];
    flip(
        first,
        usize::try_from(fs::metadata(first).unwrap().len()).unwrap() - 1,
    );
    assert!(matches!(expect_set_aside(&world), Damage::Record { .. }));
}

#[test]
fn a_flipped_bit_in_the_last_record_of_a_closed_store_is_damage() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..10);
    store.close().unwrap();
    let last = World::last_segment(&world.store_folder());
    flip(
        &last,
        usize::try_from(fs::metadata(&last).unwrap().len()).unwrap() - 1,
    );
    assert_eq!(
        expect_set_aside(&world),
        Damage::RolledBack {
            newest: 9,
            known: 10
        }
    );
}

#[test]
fn a_missing_segment_is_damage_wherever_it_was() {
    for missing in 0..3 {
        let world = World::new();
        let (store, _) = world.open();
        fill(&store, 0..40);
        store.close().unwrap();
        let segments = World::segments(&world.store_folder());
        assert!(segments.len() >= 3);
        let missing = [0, 1, segments.len() - 1][missing];
        fs::remove_file(&segments[missing]).unwrap();
        let damage = expect_set_aside(&world);
        assert!(
            matches!(damage, Damage::Gap { .. } | Damage::RolledBack { .. }),
            "{damage:?}"
        );
    }
}

#[test]
fn a_missing_log_beside_an_index_is_damage() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..4);
    store.close().unwrap();
    fs::remove_file(World::last_segment(&world.store_folder())).unwrap();
    assert_eq!(expect_set_aside(&world), Damage::LogMissing);
}

#[test]
fn a_log_rolled_back_behind_its_index_is_damage() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..4);
    store.close().unwrap();
    let old = world.crash_copy("old");
    let (store, _) = world.open();
    fill(&store, 4..8);
    store.close().unwrap();
    let restored = World::last_segment(&old);
    fs::copy(&restored, World::last_segment(&world.store_folder())).unwrap();
    assert_eq!(
        expect_set_aside(&world),
        Damage::RolledBack {
            newest: 4,
            known: 8
        }
    );
}

#[test]
fn a_damaged_run_is_noticed_when_the_store_is_verified() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..40);
    store.checkpoint().unwrap();
    store.close().unwrap();
    flip(&World::runs(&world.store_folder())[0], 700);
    fs::remove_dir_all(world.store_folder().join("index")).unwrap();
    assert!(matches!(expect_set_aside(&world), Damage::Record { .. }));
}

#[test]
fn a_damaged_run_ends_the_service_when_it_is_read_and_is_set_aside_at_the_next_start() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..400);
    store.checkpoint().unwrap();
    store.close().unwrap();
    flip(&World::runs(&world.store_folder())[0], 700);
    let (store, opening) = world.open();
    assert_eq!(opening.set_aside, None, "nothing has read it yet");
    assert!(
        store
            .get(crate::world::T, &399u32.to_be_bytes())
            .unwrap()
            .is_some()
    );
    let error = store.get(crate::world::T, &0u32.to_be_bytes()).unwrap_err();
    assert_eq!(error.code(), "store-failed");
    assert_eq!(
        store.commit(put(1, b"")).unwrap_err().code(),
        "store-failed"
    );
    drop(store);
    assert!(matches!(expect_set_aside(&world), Damage::Record { .. }));
}

/// It used to fail at every start, when it was merged again, and was never set aside.
#[test]
fn a_damaged_run_that_is_met_by_a_merge_is_set_aside_at_the_next_start() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..40);
    store.checkpoint().unwrap();
    store.close().unwrap();
    flip(&World::runs(&world.store_folder())[0], 700);
    let (store, opening) = world.open();
    assert_eq!(opening.set_aside, None, "nothing has read it yet");
    fill(&store, 40..200);
    assert_eq!(store.checkpoint().unwrap_err().code(), "store-failed");
    drop(store);
    assert!(matches!(expect_set_aside(&world), Damage::Record { .. }));
}

/// The batch that met the damage waited for the lock it held itself, and every other one for it.
#[test]
fn a_damaged_run_ends_the_service_also_when_a_batch_replaces_what_it_holds() {
    let world = World::new();
    let (store, _) = world.open();
    for key in 0..400u32 {
        let mut batch = Batch::new();
        batch.put_pieces(crate::world::T, &key.to_be_bytes(), b"in pieces");
        store.commit(batch).unwrap();
    }
    store.checkpoint().unwrap();
    store.close().unwrap();
    flip(&World::runs(&world.store_folder())[0], 700);
    let (store, _) = world.open();
    let mut batch = Batch::new();
    batch.put_pieces(crate::world::T, &0u32.to_be_bytes(), b"replaced");
    assert_eq!(store.commit(batch).unwrap_err().code(), "store-failed");
    drop(store);
    assert!(matches!(expect_set_aside(&world), Damage::Record { .. }));
}

#[test]
fn a_missing_run_is_damage() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..40);
    store.checkpoint().unwrap();
    store.close().unwrap();
    fs::remove_file(&World::runs(&world.store_folder())[0]).unwrap();
    assert_eq!(
        expect_set_aside(&world),
        Damage::Gap {
            expected: 1,
            found: 41
        }
    );
}

#[test]
fn stores_set_aside_on_the_same_date_are_both_kept() {
    let world = World::new();
    for name in [
        "store.damaged-2026-11-23T195500Z",
        "store.damaged-2026-11-23T195500Z-2",
    ] {
        let (store, _) = world.open();
        fill(&store, 0..40);
        store.close().unwrap();
        fs::remove_file(&World::segments(&world.store_folder())[0]).unwrap();
        let (_, opening) = world.open();
        assert_eq!(opening.set_aside.unwrap().path, world.beside(name));
        fs::remove_dir_all(world.store_folder()).unwrap();
    }
}

#[test]
fn a_store_of_another_version_is_refused_and_left_alone() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..4);
    store.close().unwrap();
    let segment = World::last_segment(&world.store_folder());
    let mut bytes = fs::read(&segment).unwrap();
    bytes[9] = 3;
    let crc = crc32c::crc32c(&bytes[..36]).to_be_bytes();
    bytes[36..40].copy_from_slice(&crc);
    fs::write(&segment, bytes).unwrap();
    let refused = DurableStore::open(&world.store_folder(), &world.options);
    assert!(
        matches!(refused, Err(OpenError::Version { version: 3, .. })),
        "{refused:?}"
    );
    assert!(segment.exists());
}
