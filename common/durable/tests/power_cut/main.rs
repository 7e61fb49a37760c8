//! The power goes while sixteen threads write: nothing acknowledged is missing.
//!
//! An XFS image holds the image of an ext4 or XFS, which holds the store. A reflink copy of the
//! inner image is one moment's content of its disk: what the inner file system has not written out
//! by then is lost, as at a power cut. The acknowledgements are noted before the copy is made, so
//! everything noted must be in it.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use maille_durable::{Batch, DurableStore, Opening, Options, Scan, Store, StoreId, Table, boot_id};

mod previous;
#[path = "../store/version_1.rs"]
mod version_1;
mod volumes;

use volumes::{FileSystem, Volumes, say};

const FOLDER_VARIABLE: &str = "MAILLE_POWER_CUT_FOLDER";
const T: Table = Table(1);
const BODIES: Table = Table(2);
const WRITERS: u32 = 16;
const CUTS: usize = 12;
const ACKNOWLEDGED_PER_CUT: usize = 400;

fn options(boot_id: String) -> Options {
    Options {
        // Small, so that segments and checkpoints come and go between two cuts.
        log_segment_bytes: 256 * 1024,
        checkpoint_log_bytes: 1024 * 1024,
        low_water_bytes: 0,
        ballast_bytes: 0,
        ..Options::new(StoreId([5; 16]), boot_id, "now")
    }
}

/// Returns the value stored for an id: of a length of its own, up to the largest.
fn value(id: u32) -> Vec<u8> {
    vec![id.to_be_bytes()[3]; usize::try_from(id % 4097).unwrap()]
}

/// The writing process: one line on stdout for every acknowledged id, until it is killed.
#[test]
fn writer() {
    let Some(folder) = env::var_os(FOLDER_VARIABLE) else {
        return;
    };
    let (store, _) = DurableStore::open(Path::new(&folder), &options(boot_id())).unwrap();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let store = &store;
            scope.spawn(move || {
                for id in (writer..).step_by(16) {
                    store.commit(batch(id)).unwrap();
                    println!("acknowledged {id}");
                }
            });
        }
    });
}

fn batch(id: u32) -> Batch {
    let mut batch = Batch::new();
    batch.put(T, &id.to_be_bytes(), &value(id));
    // One body per writer, replaced over and over, so that there is something to forget.
    batch.put_pieces(BODIES, &(id % WRITERS).to_be_bytes(), &value(id).repeat(3));
    batch
}

#[test]
fn nothing_acknowledged_is_missing_after_a_power_cut_on_ext4() {
    cut_the_power(FileSystem::Ext4);
}

#[test]
fn nothing_acknowledged_is_missing_after_a_power_cut_on_xfs() {
    cut_the_power(FileSystem::Xfs);
}

fn cut_the_power(file_system: FileSystem) {
    let Some(volumes) = Volumes::or_skip(file_system) else {
        return;
    };
    let writer = WritingProcess::start(&volumes.inner().join("store"));
    let mut cuts = Vec::new();
    for cut in 0..CUTS {
        writer.wait_for(ACKNOWLEDGED_PER_CUT * (cut + 1));
        let acknowledged = writer.acknowledged();
        cuts.push((volumes.copy(cut), acknowledged));
    }
    drop(writer);
    let mut torn = 0;
    for (image, acknowledged) in &cuts {
        let (ids, opening) = volumes.look_at(image, open);
        let missing: Vec<_> = acknowledged.difference(&ids).collect();
        assert!(
            missing.is_empty(),
            "{} missing: {missing:?} {opening:?}",
            missing.len()
        );
        assert_eq!(opening.set_aside, None);
        torn += u32::from(opening.torn_bytes > 0);
    }
    let last = cuts
        .last()
        .map_or(0, |(_, acknowledged)| acknowledged.len());
    say(&format!(
        "{file_system:?}: {CUTS} cuts, {last} acknowledged at the last, {torn} torn ends"
    ));
}

/// Opens the store of a volume after a cut, and checks what is in it.
fn open(volume: &Path) -> (BTreeSet<u32>, Opening) {
    let folder = volume.join("store");
    let (store, opening) = DurableStore::open(&folder, &options("after".to_owned())).unwrap();
    let mut ids = BTreeSet::new();
    for (key, found) in store.scan(Scan::table(T, usize::MAX)).unwrap() {
        let id = u32::from_be_bytes(key.try_into().unwrap());
        assert_eq!(found, value(id));
        ids.insert(id);
    }
    for writer in 0..WRITERS {
        store.pieces(BODIES, &writer.to_be_bytes()).unwrap();
    }
    store.close().unwrap();
    (ids, opening)
}

/// The process under test, killed when dropped.
struct WritingProcess {
    child: Child,
    acknowledged: Arc<Mutex<BTreeSet<u32>>>,
}

impl WritingProcess {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "writer", "--nocapture"])
            .env(FOLDER_VARIABLE, folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
        let noted = Arc::clone(&acknowledged);
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // The first line shares its beginning with what the test harness says.
                if let Some((_, id)) = line.split_once("acknowledged ") {
                    noted.lock().unwrap().insert(id.parse().unwrap());
                }
            }
        });
        Self {
            child,
            acknowledged,
        }
    }

    fn acknowledged(&self) -> BTreeSet<u32> {
        self.acknowledged.lock().unwrap().clone()
    }

    fn wait_for(&self, count: usize) {
        let begun = std::time::Instant::now();
        while self.acknowledged.lock().unwrap().len() < count {
            assert!(
                begun.elapsed().as_secs() < 120,
                "the writing process does not get on"
            );
            thread::yield_now();
        }
    }
}

impl Drop for WritingProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
