//! What is there again when a store is opened again.

use std::fs;

use crate::world::{T, World, copy_tree, fill, keys, put};
use maille_durable::{
    CommitNumber, DurableStore, IndexOpening, OpenError, RebuildReason, Scan, Store, StoreId,
};

#[test]
fn a_closed_store_comes_back_with_its_index() {
    let world = World::new();
    let (store, opening) = world.open();
    assert!(opening.created);
    fill(&store, 0..50);
    store.append(put(50, b"not waited for")).unwrap();
    store.close().unwrap();
    let (store, opening) = world.open();
    assert!(!opening.created);
    assert_eq!(opening.index, IndexOpening::Kept);
    assert_eq!((opening.records, opening.newest), (51, CommitNumber(51)));
    assert_eq!(keys(&store), (0..51).collect::<Vec<_>>());
    assert_eq!(store.append(put(51, b"")).unwrap(), CommitNumber(52));
}

#[test]
fn a_killed_process_loses_nothing_and_its_index_catches_up() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..50);
    let copy = world.crash_copy("copy");
    let (copy, opening) = world.open_at(&copy);
    assert_eq!(opening.newest, CommitNumber(50));
    assert_ne!(
        opening.index,
        IndexOpening::Rebuilt(RebuildReason::Restarted)
    );
    assert_eq!(keys(&copy), keys(&store));
}

#[test]
fn an_unclean_stop_before_a_restart_of_the_machine_rebuilds_the_index() {
    let mut world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..50);
    let crashed = world.crash_copy("crashed");
    store.close().unwrap();
    world.options.boot_id = "another boot".to_owned();
    let (copy, opening) = world.open_at(&crashed);
    assert_eq!(
        opening.index,
        IndexOpening::Rebuilt(RebuildReason::Restarted)
    );
    assert_eq!(keys(&copy).len(), 50);
    let (_, opening) = world.open();
    assert_eq!(
        opening.index,
        IndexOpening::Kept,
        "a clean stop survives a restart"
    );
}

#[test]
fn without_a_boot_identity_every_unclean_stop_rebuilds_the_index() {
    let mut world = World::new();
    world.options.boot_id = String::new();
    let (store, _) = world.open();
    fill(&store, 0..5);
    let (_, opening) = world.open_at(&world.crash_copy("copy"));
    assert_eq!(
        opening.index,
        IndexOpening::Rebuilt(RebuildReason::Restarted)
    );
}

#[test]
fn a_deleted_index_is_rebuilt_with_and_without_its_marker() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..50);
    store.checkpoint().unwrap();
    fill(&store, 40..60);
    store.close().unwrap();
    let folder = world.store_folder();
    fs::remove_dir_all(folder.join("index")).unwrap();
    let (store, opening) = world.open();
    assert!(matches!(
        opening.index,
        IndexOpening::Rebuilt(RebuildReason::Unusable(_))
    ));
    assert_eq!(keys(&store), (0..60).collect::<Vec<_>>());
    store.close().unwrap();
    fs::remove_dir_all(folder.join("index")).unwrap();
    fs::remove_file(folder.join("index.state")).unwrap();
    let (store, opening) = world.open();
    assert_eq!(
        opening.index,
        IndexOpening::Rebuilt(RebuildReason::Unmarked)
    );
    assert_eq!(keys(&store), (0..60).collect::<Vec<_>>());
}

#[test]
fn an_index_of_another_log_is_rebuilt() {
    let (world, mut other) = (World::new(), World::new());
    other.options.fresh_store_id = StoreId([8; 16]);
    for world in [&world, &other] {
        let (store, _) = world.open();
        fill(&store, 0..if std::ptr::eq(world, &other) { 9 } else { 5 });
        store.close().unwrap();
    }
    let (folder, other) = (world.store_folder(), other.store_folder());
    let take_index = || {
        fs::remove_dir_all(folder.join("index")).unwrap();
        copy_tree(&other.join("index"), &folder.join("index"));
    };
    take_index();
    let (store, opening) = world.open();
    assert_eq!(
        opening.index,
        IndexOpening::Rebuilt(RebuildReason::OtherStore)
    );
    assert_eq!(keys(&store), (0..5).collect::<Vec<_>>());
    store.close().unwrap();
    take_index();
    fs::copy(other.join("index.state"), folder.join("index.state")).unwrap();
    let (store, opening) = world.open();
    assert_eq!(
        opening.index,
        IndexOpening::Rebuilt(RebuildReason::OtherStore)
    );
    assert_eq!(keys(&store), (0..5).collect::<Vec<_>>());
}

#[test]
fn a_rotten_index_is_rebuilt_or_unharmed() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..200);
    store.close().unwrap();
    let length = fs::metadata(world.store_folder().join("index/db"))
        .unwrap()
        .len();
    for step in 0..40 {
        let copy = world.crash_copy(&format!("copy{step}"));
        let file = copy.join("index/db");
        let mut bytes = fs::read(&file).unwrap();
        let at = usize::try_from(length * step / 40).unwrap();
        bytes[at] ^= 0x10;
        fs::write(&file, bytes).unwrap();
        let (store, opening) = world.open_at(&copy);
        assert_eq!(opening.set_aside, None);
        assert_eq!(keys(&store), (0..200).collect::<Vec<_>>());
    }
}

#[test]
fn an_index_that_lacks_a_run_or_knows_one_that_is_gone_is_caught_up() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..20);
    store.checkpoint().unwrap();
    store.close().unwrap();
    let old = world.crash_copy("old");
    let (store, _) = world.open();
    // Ten times the first run: both are merged.
    (0..10).for_each(|_| fill(&store, 10..40));
    store.checkpoint().unwrap();
    store.close().unwrap();
    let folder = world.store_folder();
    let take_index = || {
        fs::remove_dir_all(folder.join("index")).unwrap();
        copy_tree(&old.join("index"), &folder.join("index"));
    };
    store_has_its_index_caught_up(&world, &take_index);
    let (store, _) = world.open();
    store.checkpoint().unwrap();
    store.close().unwrap();
    // The old one knows a run that a merge has replaced, too.
    store_has_its_index_caught_up(&world, &take_index);
}

fn store_has_its_index_caught_up(world: &World, take_index: &dyn Fn()) {
    take_index();
    let (store, opening) = world.open();
    assert_eq!(opening.index, IndexOpening::CaughtUp { runs: 1 });
    assert_eq!(keys(&store), (0..40).collect::<Vec<_>>());
    store.close().unwrap();
    assert_eq!(world.open().1.index, IndexOpening::Kept);
}

#[test]
fn a_checkpoint_shortens_the_log_and_keeps_every_live_record() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..300);
    for key in 0..150u32 {
        let mut batch = put(key + 1000, b"replaced later");
        batch.delete(T, &key.to_be_bytes());
        store.commit(batch).unwrap();
    }
    let before = store.figures();
    store.checkpoint().unwrap();
    let after = store.figures();
    assert!(
        after.log_bytes < 100 && before.log_bytes > 40_000,
        "{before:?} {after:?}"
    );
    assert_eq!(World::segments(&world.store_folder()).len(), 1);
    // A second one is made of the first and of what came since.
    store.commit(put(1000, b"replaced")).unwrap();
    let mut batch = put(5, b"back");
    batch.delete(T, &299u32.to_be_bytes());
    store.commit(batch).unwrap();
    store.checkpoint().unwrap();
    store.checkpoint().unwrap();
    store.commit(put(9999, b"after it")).unwrap();
    let expected = store.scan(Scan::table(T, usize::MAX)).unwrap();
    store.close().unwrap();
    fs::remove_dir_all(world.store_folder().join("index")).unwrap();
    let (store, opening) = world.open();
    assert_eq!(opening.newest, CommitNumber(453));
    assert_eq!(store.scan(Scan::table(T, usize::MAX)).unwrap(), expected);
    assert_eq!(store.commit(put(1, b"")).unwrap(), CommitNumber(454));
}

#[test]
fn runs_are_written_as_the_log_grows_and_stay_few() {
    let mut world = World::new();
    world.options.checkpoint_log_bytes = 10_000;
    let (store, _) = world.open();
    for _ in 0..100 {
        fill(&store, 0..20);
    }
    // Ends behind any checkpoint under way.
    store.checkpoint().unwrap();
    let figures = store.figures();
    assert!(
        figures.checkpoints > 5 && figures.merges > 1 && figures.runs < 6,
        "{figures:?}"
    );
    store.close().unwrap();
    let (store, _) = world.open();
    assert_eq!(keys(&store), (0..20).collect::<Vec<_>>());
}

#[test]
fn an_interrupted_checkpoint_is_harmless() {
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..100);
    let whole_log = world.crash_copy("before");
    store.checkpoint().unwrap();
    store.close().unwrap();
    // Died while writing: the unfinished file goes.
    let half = whole_log.join("runs/00000000000000000001-00000000000000000077.run.new");
    fs::write(&half, b"half a run").unwrap();
    fs::write(
        whole_log.join("log/00000000000000000077.log.new"),
        b"half a head",
    )
    .unwrap();
    let (copy, opening) = world.open_at(&whole_log);
    assert_eq!(opening.set_aside, None);
    assert_eq!(keys(&copy).len(), 100);
    copy.close().unwrap();
    assert!(!half.exists());
    // Died after the rename: covered segments are still there, any of them.
    let folder = world.store_folder();
    for segment in World::segments(&world.beside("before")).iter().step_by(2) {
        let target = folder.join("log").join(segment.file_name().unwrap());
        if !target.exists() {
            fs::copy(segment, target).unwrap();
        }
    }
    fs::remove_dir_all(folder.join("index")).unwrap();
    let (store, opening) = world.open();
    assert_eq!(opening.set_aside, None);
    assert_eq!(keys(&store).len(), 100);
    assert_eq!(World::segments(&folder).len(), 1);
}

#[test]
fn one_process_holds_a_store() {
    let world = World::new();
    let (store, _) = world.open();
    let second = DurableStore::open(&world.store_folder(), &world.options);
    assert!(
        matches!(second, Err(OpenError::Locked { .. })),
        "{second:?}"
    );
    drop(store);
    world.open();
}

#[cfg(unix)]
#[test]
fn nobody_else_may_look() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    let (store, _) = world.open();
    fill(&store, 0..100);
    store.checkpoint().unwrap();
    let folder = world.store_folder();
    let mode = |path: std::path::PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder.clone()), 0o700);
    assert_eq!(mode(folder.join("log")), 0o700);
    assert_eq!(mode(folder.join("runs")), 0o700);
    for file in ["lock", "index.state"] {
        assert_eq!(mode(folder.join(file)), 0o600, "{file}");
    }
    assert_eq!(mode(World::runs(&folder).remove(0)), 0o600);
    assert_eq!(mode(World::last_segment(&folder)), 0o600);
}
