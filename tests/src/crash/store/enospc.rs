//! `enospc`: the volume is full, or says so once.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use maille_durable::{DurableStore, Store, StoreError};
use serde_json::{Value, json};

use super::eio::{SMALL, Tally, cycle, say_skipped};
use super::errors::Load;
use super::faulty::Faulty;
use super::full_volume::fill;
use super::history::check_all;
use super::replay::Scratch;
use crate::crash::chance::Chance;
use crate::crash::rig::{Rig, RunArguments, ms_since};
use crate::crash::violation::{Broken, Violation};
use crate::crash::whole;
use crate::volume::{FileSystem, Volume};

/// Arguments of `enospc`.
#[derive(Debug, Args)]
pub(crate) struct Enospc {
    #[command(flatten)]
    run: RunArguments,
    /// The volume of a whole world is filled, instead of that of one store.
    #[arg(long)]
    world: bool,
    /// Batches of the load of which every call on the log, and on runs, fails.
    #[arg(long, default_value_t = 150)]
    every: usize,
}

/// The number of the error that a full volume has.
const ENOSPC: i32 = 28;

impl Enospc {
    pub(crate) fn run(&self) -> ExitCode {
        if self.world {
            let mut rig = self.run.begin("enospc", " --world", 12);
            let volumes = whole::fill_volumes(&mut rig);
            return rig.end(volumes);
        }
        let mut rig = self
            .run
            .begin("enospc", &format!(" --every {}", self.every), 7);
        let scratch = Scratch::new(None, rig.seed);
        let load = Load::new(rig.seed, self.every, SMALL);
        let of_log: fn(&Path) -> bool = |path| path.extension().is_some_and(|kind| kind == "log");
        let calls: Vec<u64> = (0..load.calls(&scratch.0, of_log)).collect();
        let log = cycle(
            &mut rig, &scratch.0, "the log", &load, &calls, ENOSPC, of_log,
        );
        let runs = without_room_for_runs(&mut rig, &scratch.0, &load);
        let filled = fill_volumes(&mut rig);
        rig.end(json!({ "log": log, "runs": runs, "volumes": filled }))
    }
}

/// The volume has no room for one write of a run: everything stays as it was.
fn without_room_for_runs(rig: &mut Rig, scratch: &Path, load: &Load) -> Tally {
    let begun = Instant::now();
    let (mut tally, mut violations) = (Tally::default(), Vec::new());
    for call in 0.. {
        let folder = scratch.join("no-room");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder for a store");
        let unfinished = |path: &Path| path.to_string_lossy().ends_with(".run.new");
        let disk = Faulty::new(call, ENOSPC, unfinished);
        let lived = live_without_room(&folder.join("store"), &disk, load);
        if let Err(Violation { code, at }) = lived {
            violations.push(Violation::new(code, format!("run call {call}: {at}")));
        }
        if !disk.has_failed() {
            break;
        }
        tally.failed += 1;
        tally.went_on += 1;
    }
    let line = json!({ "what": "runs", "calls": tally, "ms": ms_since(begun) });
    rig.cycle(rig.seed, line, &violations);
    tally
}

fn live_without_room(folder: &Path, disk: &Faulty, load: &Load) -> Result<(), Violation> {
    let stopped = |error: StoreError| Violation::new(Broken::Stopped, error.to_string());
    let options = load.sizes.options("boot", 1);
    for more in 0..2 {
        let opened = DurableStore::open_on(disk.disk(), folder, &options);
        let (store, opening) =
            opened.map_err(|error| Violation::new(Broken::DoesNotOpen, error.to_string()))?;
        if let Some(aside) = opening.set_aside {
            return Err(Violation::new(
                Broken::DoesNotOpen,
                aside.damage.to_string(),
            ));
        }
        if more == 0 {
            for (at, batch) in load.batches.iter().enumerate() {
                store.commit(batch.clone()).map_err(stopped)?;
                if at % 30 == 29 {
                    match store.checkpoint() {
                        Ok(()) | Err(StoreError::DiskFull { .. }) => {}
                        Err(error) => return Err(stopped(error)),
                    }
                }
            }
            // Now there is room again, unless it was the last call of all.
            match store.checkpoint() {
                Err(StoreError::DiskFull { .. }) => store.checkpoint().map_err(stopped)?,
                checkpointed => checkpointed.map_err(stopped)?,
            }
        }
        check_all(&store, &load.batches, load.batches.len() as u64)?;
        store.close().map_err(stopped)?;
    }
    Ok(())
}

/// A fresh volume of 64 MiB.
fn mount(rig: &Rig) -> Result<Volume, String> {
    let (image, folder) = (rig.folder().join("image"), rig.folder().join("volume"));
    Volume::make(FileSystem::Ext4, &image, &folder, 64 << 20)
}

/// Fills real volumes until everybody is refused.
fn fill_volumes(rig: &mut Rig) -> Value {
    if let Err(why) = mount(rig) {
        say_skipped("a volume that really fills", &why);
        return json!({ "skipped": why });
    }
    let (mut volumes, mut receipts, mut slowest_ms, mut index_failed) = (0, 0, 0, 0);
    while rig.goes_on() {
        let begun = Instant::now();
        let mut chance = Chance::about(rig.seed, &[volumes]);
        let volume = mount(rig);
        let filled = volume
            .map_err(|why| Violation::new(Broken::Stopped, why))
            .and_then(|volume| fill(&volume, &mut chance));
        volumes += 1;
        let line =
            json!({ "what": "volume", "filled": filled.as_ref().ok(), "ms": ms_since(begun) });
        if let Ok(filled) = &filled {
            receipts += u64::from(filled.receipts);
            slowest_ms = slowest_ms.max(filled.served_again_ms.unwrap_or(0));
            index_failed += u64::from(filled.index_failed.is_some());
        }
        rig.cycle(rig.seed, line, filled.err().as_slice());
    }
    json!({
        "filled": volumes, "receipts": receipts, "slowest_served_again_ms": slowest_ms,
        "index_failed": index_failed,
    })
}
