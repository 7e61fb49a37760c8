//! A backup holds the records of one commit; the store made of it is another store.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::world::{T, World, fill, keys, put};
use maille_durable::{
    CommitNumber, DurableStore, ExtractError, IndexOpening, RebuildReason, Store, StoreId, Table,
    each_backed_up, restore,
};

fn everything(_: Table, _: &[u8]) -> bool {
    true
}

const FRESH: StoreId = StoreId([8; 16]);

#[test]
fn a_backup_made_while_others_write_holds_every_commit_up_to_its_number_and_none_behind() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..40);
    let file = world.beside("backup");
    let done = AtomicBool::new(false);
    let commit = thread::scope(|scope| {
        scope.spawn(|| {
            // Batch n holds key n - 1, whoever is reading meanwhile.
            for key in 40.. {
                store.commit(put(key, &[7; 100])).unwrap();
                if done.load(Ordering::SeqCst) {
                    return;
                }
            }
        });
        let commit = store.back_up(&file, &|| true).unwrap();
        store.checkpoint().unwrap();
        done.store(true, Ordering::SeqCst);
        commit
    });
    assert!(commit >= CommitNumber(40));
    let mut found = Vec::new();
    let read = each_backed_up(&file, |table, key, _| {
        assert_eq!(table, T);
        found.push(u64::from(u32::from_be_bytes(key.try_into().unwrap())));
    });
    assert_eq!(read.unwrap(), commit);
    assert_eq!(found, (0..commit.0).collect::<Vec<_>>());

    let restored = world.beside("restored");
    assert_eq!(
        restore(&file, &restored, FRESH, everything).unwrap(),
        commit
    );
    let (again, opening) = world.open_at(&restored);
    assert_eq!((opening.newest, opening.store_id), (commit, FRESH));
    assert!(!opening.created);
    assert_eq!(
        opening.index,
        IndexOpening::Rebuilt(RebuildReason::Unmarked)
    );
    assert_eq!(keys(&again).len() as u64, commit.0);
    assert_eq!(
        again.commit(put(u32::MAX, b"next")).unwrap().0,
        commit.0 + 1
    );
}

#[test]
fn a_stopped_store_is_backed_up_and_left_as_it_was() {
    let world = World::new();
    let (file, folder) = (world.beside("backup"), world.store_folder());
    let back_up = || DurableStore::back_up_stopped(&folder, &file, &|| true);
    assert!(matches!(back_up(), Err(ExtractError::Nothing { .. })));
    let (store, _) = world.open();
    fill(&store, 0..60);
    assert!(
        matches!(back_up(), Err(ExtractError::Files(_))),
        "it is served"
    );
    drop(store);
    let last = World::last_segment(&folder);
    let torn = [&fs::read(&last).unwrap()[..], b"half a frame"].concat();
    fs::write(&last, &torn).unwrap();
    assert_eq!(back_up().unwrap(), CommitNumber(60));
    assert_eq!(fs::read(&last).unwrap(), torn);
    assert!(
        matches!(back_up(), Err(ExtractError::Files(_))),
        "nothing is overwritten"
    );
}

#[test]
fn an_empty_store_has_an_empty_backup() {
    let world = World::new();
    let (store, _) = world.open();
    let (file, restored) = (world.beside("backup"), world.beside("restored"));
    assert_eq!(store.back_up(&file, &|| true).unwrap(), CommitNumber(0));
    restore(&file, &restored, FRESH, everything).unwrap();
    let (store, opening) = world.open_at(&restored);
    assert_eq!((opening.newest, opening.set_aside), (CommitNumber(0), None));
    fill(&store, 0..3);
}

#[test]
fn a_backup_that_is_stopped_leaves_no_file_and_a_store_that_goes_on() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..60);
    let file = world.beside("backup");
    let stopped = store.back_up(&file, &|| false);
    assert!(matches!(stopped, Err(ExtractError::Stopped)));
    let left: Vec<_> = fs::read_dir(file.parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 1, "the store alone: {left:?}");
    fill(&store, 60..70);
}

#[test]
fn a_backup_with_any_flipped_byte_makes_no_store() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..3);
    let (file, restored) = (world.beside("backup"), world.beside("restored"));
    store.back_up(&file, &|| true).unwrap();
    let whole = fs::read(&file).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&file, bytes).unwrap();
        let refused = restore(&file, &restored, FRESH, everything);
        assert!(
            matches!(refused, Err(ExtractError::Damaged(_))),
            "byte {at}"
        );
        assert!(!restored.exists());
    }
    for length in 0..whole.len() {
        fs::write(&file, &whole[..length]).unwrap();
        assert!(restore(&file, &restored, FRESH, everything).is_err());
    }
}

#[test]
fn what_is_not_wanted_is_not_restored() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..6);
    let (file, restored) = (world.beside("backup"), world.beside("restored"));
    store.back_up(&file, &|| true).unwrap();
    restore(&file, &restored, FRESH, |_, key| key[3] > 2).unwrap();
    assert_eq!(keys(&world.open_at(&restored).0), [3, 4, 5]);
}
