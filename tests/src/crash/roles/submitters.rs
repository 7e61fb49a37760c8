//! A store with 64 submitters, who tell the rig each version of a key when it is durable.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use clap::Args;
use maille_durable::{DurableStore, Options, Store, StoreId};

use super::{Mouth, Stopped, orders};
use crate::crash::keys::{Keys, SUBMITTERS};
use crate::crash::report::Report;

/// What submitters are told.
#[derive(Debug, Args)]
pub(crate) struct SubmittersPart {
    /// The store.
    #[arg(long)]
    store: PathBuf,
    /// What the versions follow from.
    #[arg(long)]
    seed: u64,
    /// What stands for the boot of the machine.
    #[arg(long)]
    boot: String,
}

/// Segments and checkpoints come and go many times between two cuts.
pub(crate) fn options(boot: &str) -> Options {
    Options {
        log_segment_bytes: 256 * 1024,
        checkpoint_log_bytes: 1024 * 1024,
        low_water_bytes: 4 * 1024 * 1024,
        ballast_bytes: 1024 * 1024,
        index_cache_bytes: 4 * 1024 * 1024,
        ..Options::new(StoreId([5; 16]), boot.to_owned(), "now")
    }
}

pub(super) fn play(part: &SubmittersPart, mouth: &Mouth) -> Result<(), Stopped> {
    let failed = |error: &dyn std::fmt::Display| Stopped::new("store", error);
    let opened = DurableStore::open(&part.store, &options(&part.boot));
    let (store, opening) = opened.map_err(|error| failed(&error))?;
    let keys = Keys { seed: part.seed };
    let (versions, wrong) = keys.read(&store).map_err(|error| failed(&error))?;
    if let Some(wrong) = wrong.first() {
        return Err(Stopped::new("wrong", wrong));
    }
    let life = format!("{:?}", opening.store_id);
    mouth.say(&Report::Up {
        life,
        address: None,
    });
    // The process ends with the rig's word, or with the store.
    let _orders = orders();
    let stopped = AtomicBool::new(false);
    thread::scope(|scope| {
        let submitters: Vec<_> = (0..SUBMITTERS)
            .map(|submitter| {
                let (store, versions, stopped) = (&store, &versions, &stopped);
                scope.spawn(move || submit(keys, submitter, versions, (store, mouth, stopped)))
            })
            .collect();
        let ends = submitters.into_iter().map(|submitter| submitter.join());
        let ends: Vec<_> = ends.map(|end| end.expect("no submitter panics")).collect();
        ends.into_iter().collect::<Result<(), Stopped>>()
    })
}

/// Takes each of its keys to the next version in turn, until the store takes no more.
fn submit(
    keys: Keys,
    submitter: u32,
    versions: &[u64],
    (store, mouth, stopped): (&DurableStore, &Mouth, &AtomicBool),
) -> Result<(), Stopped> {
    let mut mine: Vec<(u32, u64)> = Keys::of(submitter)
        .map(|key| (key, versions[key as usize]))
        .collect();
    loop {
        for (key, version) in &mut mine {
            if stopped.load(Ordering::Relaxed) {
                return Ok(());
            }
            if let Err(error) = store.commit(keys.batch(*key, *version + 1)) {
                stopped.store(true, Ordering::Relaxed);
                return Err(Stopped::new("store", &error));
            }
            *version += 1;
            let (key, version) = (*key, *version);
            mouth.say(&Report::Durable { key, version });
        }
    }
}
