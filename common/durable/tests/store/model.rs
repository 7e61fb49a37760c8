//! Random batches, reopenings and checkpoints: the store on disk is indistinguishable from memory.

use crate::world::World;
use maille_durable::{Batch, MemoryStore, Scan, Store, Table};
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Write {
    Put(u8, u8, Vec<u8>),
    Delete(u8, u8),
    PutPieces(u8, usize),
    DeletePieces(u8),
}

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<Write>),
    Checkpoint,
    Close,
    Crash,
}

const PLAIN: [Table; 2] = [Table(0), Table(255)];
const PIECES: Table = Table(3);

fn write() -> impl Strategy<Value = Write> {
    prop_oneof![
        4 => (0..2u8, 0..12u8, vec(any::<u8>(), 0..60)).prop_map(|(t, k, v)| Write::Put(t, k, v)),
        2 => (0..2u8, 0..12u8).prop_map(|(t, k)| Write::Delete(t, k)),
        1 => (0..3u8, 0..20_000usize).prop_map(|(k, length)| Write::PutPieces(k, length)),
        1 => (0..3u8).prop_map(Write::DeletePieces),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => vec(write(), 0..6).prop_map(Step::Append),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Close),
        1 => Just(Step::Crash),
    ]
}

fn batch(writes: &[Write]) -> Batch {
    let mut batch = Batch::new();
    for write in writes {
        match write {
            Write::Put(t, key, value) => batch.put(PLAIN[usize::from(*t)], &[*key], value),
            Write::Delete(t, key) => batch.delete(PLAIN[usize::from(*t)], &[*key]),
            Write::PutPieces(key, length) => {
                batch.put_pieces(PIECES, &[*key], &vec![*key; *length])
            }
            Write::DeletePieces(key) => batch.delete_pieces(PIECES, &[*key]),
        };
    }
    batch
}

fn assert_same(one: &impl Store, other: &impl Store) {
    assert_eq!(one.newest(), other.newest());
    for table in [PLAIN[0], PLAIN[1], PIECES] {
        for limit in [usize::MAX, 3] {
            let scan = Scan::table(table, limit);
            assert_eq!(one.scan(scan).unwrap(), other.scan(scan).unwrap());
            let scan = scan.descending();
            assert_eq!(one.scan(scan).unwrap(), other.scan(scan).unwrap());
        }
    }
    for key in 0..3u8 {
        assert_eq!(
            one.pieces(PIECES, &[key]).unwrap(),
            other.pieces(PIECES, &[key]).unwrap()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48, failure_persistence: None, ..Default::default()
    })]

    #[test]
    fn the_store_on_disk_behaves_like_the_one_in_memory(steps in vec(step(), 1..40)) {
        let mut world = World::new();
        world.options.checkpoint_log_bytes = 8192;
        let memory = MemoryStore::new();
        let mut folder = world.store_folder();
        let mut store = world.open().0;
        for (number, step) in steps.iter().enumerate() {
            match step {
                Step::Append(writes) => {
                    memory.append(batch(writes)).unwrap();
                    store.append(batch(writes)).unwrap();
                }
                Step::Checkpoint => store.checkpoint().unwrap(),
                Step::Close => {
                    store.close().unwrap();
                    store = world.open_at(&folder).0;
                }
                Step::Crash => {
                    // An idle checkpointer makes the copy one moment's.
                    store.checkpoint().unwrap();
                    let copy = world.beside(&format!("crash{number}"));
                    crate::world::copy_tree(&folder, &copy);
                    drop(store);
                    let (reopened, opening) = world.open_at(&copy);
                    prop_assert_eq!(opening.set_aside, None);
                    (store, folder) = (reopened, copy);
                }
            }
            assert_same(&store, &memory);
        }
    }
}
