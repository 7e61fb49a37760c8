//! A store is looked at without being opened: nothing changes on disk, and what is said is what
//! opening then finds.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::world::{World, fill, put};
use maille_durable::{
    Batch, CommitNumber, Damage, DurableStore, Inspection, OpenError, RebuildReason, Store,
    WholeStore, stores_set_aside,
};

/// Every file below a folder with its bytes, and every folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
            found.insert(path, None);
        } else {
            let bytes = fs::read(&path).unwrap();
            found.insert(path, Some(bytes));
        }
    }
    found
}

/// Inspects, and shows that nothing changed on disk.
fn inspect(world: &World) -> Inspection {
    let before = files(world.store_folder().parent().unwrap());
    let inspection = DurableStore::inspect(&world.store_folder(), "boot").unwrap();
    assert_eq!(files(world.store_folder().parent().unwrap()), before);
    inspection
}

fn whole(world: &World) -> WholeStore {
    match inspect(world) {
        Inspection::Whole(whole) => whole,
        other => panic!("{other:?}"),
    }
}

fn flip_last_byte(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_whole_store_is_counted_as_opening_counts_it() {
    let world = World::new();
    assert_eq!(inspect(&world), Inspection::Nothing);
    let (store, _) = world.open();
    fill(&store, 0..60);
    store.checkpoint().unwrap();
    fill(&store, 50..70);
    let mut batch = Batch::new();
    batch.delete(crate::world::T, &3_u32.to_be_bytes());
    store.commit(batch).unwrap();
    store.close().unwrap();
    let found = whole(&world);
    assert_eq!((found.newest, found.records), (CommitNumber(81), 69));
    assert_eq!((found.torn_bytes, &found.rebuild), (0, &None));
    assert!(found.checkpoint_bytes > 0 && found.log_bytes > 0);
    let (_store, opening) = world.open();
    assert_eq!(
        (opening.newest, opening.records),
        (found.newest, found.records)
    );
}

#[test]
fn a_store_that_is_served_is_refused() {
    let world = World::new();
    let (_store, _) = world.open();
    let refused = DurableStore::inspect(&world.store_folder(), "boot");
    assert!(matches!(refused, Err(OpenError::Locked { .. })));
}

#[test]
fn a_torn_end_is_told_and_left_as_it_is() {
    let world = World::new();
    let (store, _) = world.open();
    store.commit(put(1, b"kept")).unwrap();
    drop(store);
    let last = World::last_segment(&world.store_folder());
    let mut bytes = fs::read(&last).unwrap();
    bytes.extend_from_slice(b"half a frame");
    fs::write(&last, bytes).unwrap();
    let found = whole(&world);
    assert_eq!((found.records, found.torn_bytes), (1, 12));
    assert_eq!(world.open().1.torn_bytes, 12);
}

#[test]
fn an_index_that_will_be_made_anew_is_foretold() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..3);
    store.close().unwrap();
    fs::remove_file(world.store_folder().join("index.state")).unwrap();
    assert_eq!(whole(&world).rebuild, Some(RebuildReason::Unmarked));
}

#[test]
fn damage_of_the_log_is_told_and_the_store_stays_where_it_is() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..60);
    store.close().unwrap();
    flip_last_byte(&World::segments(&world.store_folder())[0]);
    let Inspection::Damaged {
        damage,
        at_next_open,
    } = inspect(&world)
    else {
        panic!("no damage")
    };
    assert!(at_next_open && matches!(damage, Damage::Record { .. }));
    assert!(stores_set_aside(&world.store_folder()).unwrap().is_empty());
    let opening = world.open().1;
    let aside = opening.set_aside.unwrap();
    assert_eq!(aside.damage, damage, "opening finds the same");
    assert_eq!(
        stores_set_aside(&world.store_folder()).unwrap(),
        [aside.path]
    );
}

#[test]
fn damage_of_the_checkpoint_is_told_though_opening_may_not_see_it() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..60);
    store.checkpoint().unwrap();
    store.close().unwrap();
    flip_last_byte(&world.store_folder().join("checkpoint"));
    let damaged = |at_next_open| {
        matches!(inspect(&world), Inspection::Damaged { damage: Damage::Record { .. },
            at_next_open: found } if found == at_next_open)
    };
    assert!(damaged(false), "the index has every record");
    fs::remove_file(world.store_folder().join("index.state")).unwrap();
    assert!(damaged(true), "the index would be made of it");
}
