//! `enospc`: the volume is full, or says so once.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use clap::Args;
use maille_durable::{Batch, DurableStore, Options, Scan, Store, StoreError, StoreId, Table};
use serde_json::{Value, json};

use super::eio::{SMALL, Tally, cycle, say_skipped};
use super::errors::Load;
use super::faulty::Faulty;
use super::history::check_all;
use super::replay::Scratch;
use crate::crash::chance::Chance;
use crate::crash::rig::{Rig, RunArguments, ms_since};
use crate::crash::violation::{Broken, Violation};

/// Arguments of `enospc`.
#[derive(Debug, Args)]
pub(crate) struct Enospc {
    #[command(flatten)]
    run: RunArguments,
    /// Batches of the load of which every call on the log, and on runs, fails.
    #[arg(long, default_value_t = 150)]
    every: usize,
}

/// The number of the error that a full volume has.
const ENOSPC: i32 = 28;
const MIB: u64 = 1024 * 1024;
const T: Table = Table(1);

impl Enospc {
    pub(crate) fn run(&self) -> ExitCode {
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

/// Fills real volumes until everybody is refused.
fn fill_volumes(rig: &mut Rig) -> Value {
    if let Err(why) = Volume::mount(&rig.folder().join("probe")) {
        say_skipped("a volume that really fills", &why);
        return json!({ "skipped": why });
    }
    let (mut volumes, mut receipts, mut slowest_ms) = (0, 0, 0);
    while rig.goes_on() {
        let begun = Instant::now();
        let mut chance = Chance::about(rig.seed, &[volumes]);
        let filled = Volume::mount(&rig.folder().join("volume"))
            .map_err(|why| Violation::new(Broken::Stopped, why))
            .and_then(|volume| fill(&volume, &mut chance));
        volumes += 1;
        let line =
            json!({ "what": "volume", "filled": filled.as_ref().ok(), "ms": ms_since(begun) });
        if let Ok(filled) = &filled {
            receipts += filled["receipts"].as_u64().unwrap_or(0);
            slowest_ms = slowest_ms.max(filled["served_again_ms"].as_u64().unwrap_or(0));
        }
        rig.cycle(rig.seed, line, filled.err().as_slice());
    }
    json!({ "filled": volumes, "receipts": receipts, "slowest_served_again_ms": slowest_ms })
}

/// Fills one: the store up to its mark, then somebody else the rest.
fn fill(volume: &Volume, chance: &mut Chance) -> Result<Value, Violation> {
    let folder = volume.mounted.join("store");
    let options = Options {
        log_segment_bytes: MIB,
        checkpoint_log_bytes: chance.between(2, 6) * MIB,
        low_water_bytes: 12 * MIB,
        ballast_bytes: 4 * MIB,
        index_cache_bytes: MIB,
        ..Options::new(StoreId([1; 16]), "boot".to_owned(), "now")
    };
    let wrong = |what: String| Violation::new(Broken::Stopped, what);
    let opened = DurableStore::open(&folder, &options);
    let (store, _) = opened.map_err(|error| wrong(error.to_string()))?;
    let mut kept = 0u32;
    let refused = loop {
        match store.append(record(kept, chance.between(1, 9))) {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
        if kept.is_multiple_of(64) {
            store
                .wait(store.newest())
                .map_err(|error| wrong(error.to_string()))?;
        }
        if kept > 1_000_000 {
            return Err(wrong("a full volume is never full".to_owned()));
        }
    };
    let StoreError::DiskFull {
        available_bytes,
        required_bytes,
    } = refused
    else {
        return Err(wrong(format!("a full volume: {refused}")));
    };
    // Runs are written down to half the mark; the store's own batches end before.
    if available_bytes < options.low_water_bytes / 2 - MIB
        || required_bytes < options.low_water_bytes
    {
        return Err(wrong(format!(
            "it refused late, with {available_bytes} bytes left"
        )));
    }
    store
        .wait(store.newest())
        .map_err(|error| wrong(error.to_string()))?;
    // Somebody else takes all that is left, to the last block.
    let foreign = volume.mounted.join("foreign");
    take_everything(&foreign);
    let mut receipts = 0u32;
    for receipt in 0..chance.between(100, 600) {
        let number = 10_000_000 + u32::try_from(receipt).unwrap_or(0);
        let mut batch = Batch::new();
        batch
            .put(T, &number.to_be_bytes(), &value(number)[..150])
            .urgent();
        let appended = store.append(batch);
        let number = appended.map_err(|error| wrong(format!("a receipt was refused: {error}")))?;
        if receipts.is_multiple_of(16) {
            store
                .wait(number)
                .map_err(|error| wrong(error.to_string()))?;
        }
        receipts += 1;
    }
    store
        .wait(store.newest())
        .map_err(|error| wrong(error.to_string()))?;
    match store.commit(record(kept, 1)) {
        Err(StoreError::DiskFull { .. }) => {}
        other => return Err(wrong(format!("below the mark it answered {other:?}"))),
    }
    fs::remove_file(&foreign).expect("what somebody else took is given back");
    // The store had been refused by what it wrote itself, so more must be given back than that.
    for number in 0..kept / 2 {
        let mut batch = Batch::new();
        batch.delete(T, &number.to_be_bytes()).urgent();
        store
            .append(batch)
            .map_err(|error| wrong(format!("a deletion was refused: {error}")))?;
    }
    let room = Instant::now();
    while let Err(error) = store.commit(record(kept, 1)) {
        if !matches!(error, StoreError::DiskFull { .. }) || room.elapsed() > Duration::from_secs(5)
        {
            return Err(wrong(format!("5 s after there was room: {error}")));
        }
    }
    let served_again_ms = ms_since(room);
    store.close().map_err(|error| wrong(error.to_string()))?;
    let opened = DurableStore::open(&folder, &options);
    let (store, opening) = opened.map_err(|error| wrong(error.to_string()))?;
    let rows = store.scan(Scan::table(T, usize::MAX));
    let rows = rows.map_err(|error| wrong(error.to_string()))?;
    let expected = usize::try_from(kept - kept / 2 + 1 + receipts).unwrap_or(0);
    if opening.set_aside.is_some() || rows.len() != expected {
        let found = rows.len();
        return Err(Violation::new(
            Broken::Lost,
            format!("{found} of {expected} are there"),
        ));
    }
    Ok(json!({
        "records": kept, "left_at_refusal": available_bytes, "receipts": receipts,
        "served_again_ms": served_again_ms, "merges": store.figures().merges,
    }))
}

fn record(number: u32, quarters: u64) -> Batch {
    let length = usize::try_from(quarters * 450).unwrap_or(0);
    let mut batch = Batch::new();
    batch.put(T, &number.to_be_bytes(), &value(number)[..length]);
    batch
}

fn value(number: u32) -> Vec<u8> {
    Chance::new(number.into()).bytes(4096)
}

/// Writes a file until the file system has no block left.
fn take_everything(path: &Path) {
    let mut file = File::create(path).expect("an empty file has room");
    for length in [1 << 20, 4096, 1] {
        while file.write_all(&vec![1; length]).is_ok() && file.sync_data().is_ok() {}
    }
}

/// A file system of 64 MiB in an image, mounted while this lives.
struct Volume {
    mounted: PathBuf,
}

impl Volume {
    fn mount(folder: &Path) -> Result<Self, String> {
        let _ = fs::remove_dir_all(folder);
        let mounted = folder.join("mounted");
        fs::create_dir_all(&mounted).map_err(|error| error.to_string())?;
        let image = folder.join("image");
        let file = File::create(&image).and_then(|file| file.set_len(64 * MIB));
        file.map_err(|error| error.to_string())?;
        run(Command::new("mkfs.ext4")
            .args(["-q", "-F", "-m", "0"])
            .arg(&image))?;
        run(Command::new("mount")
            .args(["-o", "loop"])
            .arg(&image)
            .arg(&mounted))?;
        Ok(Self { mounted })
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        // Where it stays mounted, the run's folder cannot be removed, which is said.
        let _ = run(Command::new("umount").arg(&self.mounted));
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let words = format!("{command:?}");
    let output = command
        .output()
        .map_err(|error| format!("{words}: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "{words}: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
    }
}
