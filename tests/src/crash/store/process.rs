//! A store in a process of its own, whose system calls fail as the kernel would fail them.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use maille_durable::{DurableStore, Store};
use serde_json::{Value, json};

use super::eio::{SMALL, Tally, say_skipped};
use super::errors::{Ended, Load};
use super::history::check_all;
use crate::crash::chance::Chance;
use crate::crash::failing_call::{self, FailingCall};
use crate::crash::rig::{Rig, ms_since};
use crate::crash::violation::{Broken, Violation};

/// How many batches such a process writes.
const BATCHES: usize = 60;

/// The calls that fail, and about how many of each such a process makes.
const CALLS: [(&str, u64); 3] = [("fdatasync", 80), ("fsync", 40), ("write", 6)];

/// How it ends when its store has failed.
const FAILED: u8 = 74;

/// Arguments of the process itself.
#[derive(Debug, Args)]
pub(crate) struct StorePart {
    /// Where the store is.
    folder: PathBuf,
    /// What is written to it.
    seed: u64,
}

impl StorePart {
    /// Writes, and says on standard output what it was promised.
    pub(crate) fn run(&self) -> ExitCode {
        match self.write() {
            Ok(()) => ExitCode::SUCCESS,
            Err(sentence) => {
                crate::crash::rig::say(format_args!("{sentence}"));
                ExitCode::from(FAILED)
            }
        }
    }

    fn write(&self) -> Result<(), String> {
        let load = load(self.seed);
        let options = load.sizes.options("boot", 1);
        let opened = DurableStore::open(&self.folder, &options);
        let (store, opening) = opened.map_err(|error| error.to_string())?;
        let begun = usize::try_from(opening.newest.0).unwrap_or(usize::MAX);
        for batch in load.batches.iter().skip(begun) {
            let number = store
                .commit(batch.clone())
                .map_err(|error| error.to_string())?;
            // The rig reads it; if it does not, nothing was promised to it.
            let _ = writeln!(stdout(), "acknowledged {number}");
        }
        store.checkpoint().map_err(|error| error.to_string())?;
        store.close().map_err(|error| error.to_string())
    }
}

fn load(seed: u64) -> Load {
    Load::new(seed, BATCHES, SMALL)
}

/// Lets system calls of such processes fail, one each.
pub(crate) fn fail_calls(
    rig: &mut Rig,
    scratch: &Path,
    chance: &mut Chance,
    processes: u64,
) -> Value {
    if let Some(why) = failing_call::impossible() {
        say_skipped("system calls that fail", &why);
        return json!({ "skipped": why });
    }
    let mut tally = Tally::default();
    for process in 0..processes {
        let begun = Instant::now();
        let folder = scratch.join("process");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder for a store");
        let fault = choose(&folder, chance);
        let ran = run(&fault, &folder, rig.seed + process);
        let stopped = ran.as_ref().is_ok_and(|ended| *ended == Ended::Failed);
        let line = json!({
            "process": process, "fault": fault.words(), "stopped": stopped, "ms": ms_since(begun),
        });
        match ran {
            Ok(ended) => {
                tally.count(ended);
                rig.cycle(rig.seed, line, &[]);
            }
            Err(Violation { code, at }) => {
                let violation = Violation::new(code, format!("{}: {at}", fault.words()));
                rig.cycle(rig.seed, line, &[violation]);
            }
        }
    }
    json!(tally)
}

fn choose(folder: &Path, chance: &mut Chance) -> FailingCall {
    let (call, calls) = CALLS[chance.index(CALLS.len())];
    let first = folder.join("store/log/00000000000000000001.log");
    FailingCall {
        call,
        error: "EIO",
        when: chance.between(1, calls),
        of: (call == "write").then_some(first),
    }
}

fn run(fault: &FailingCall, scratch: &Path, seed: u64) -> Result<Ended, Violation> {
    let (folder, trace) = (scratch.join("store"), scratch.join("trace"));
    let this = env::current_exe().expect("this program has a path");
    let (this, store, seed_words) = (text(&this), text(&folder), seed.to_string());
    let program = [&*this, "store-part", &store, &seed_words];
    let output = failing_call::run(&fault.prefix(&trace), &program)
        .map_err(|why| Violation::new(Broken::Stopped, why))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let numbers = said
        .lines()
        .filter_map(|line| line.strip_prefix("acknowledged "));
    let acknowledged: BTreeSet<u64> = numbers.filter_map(|n| n.parse().ok()).collect();
    let sentence = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    let ended = match output.status.code() {
        Some(0) => Ended::Unreached,
        Some(code) if code == i32::from(FAILED) && sentence.ends_with('.') => Ended::Failed,
        code => {
            let what = format!("it ended with {code:?}, and said {sentence:?}");
            return Err(Violation::new(Broken::Stopped, what));
        }
    };
    let load = load(seed);
    let opened = DurableStore::open(&folder, &load.sizes.options("boot", 2));
    let (store, opening) =
        opened.map_err(|error| Violation::new(Broken::DoesNotOpen, error.to_string()))?;
    if let Some(aside) = opening.set_aside {
        return Err(Violation::new(
            Broken::DoesNotOpen,
            aside.damage.to_string(),
        ));
    }
    check_all(
        &store,
        &load.batches,
        acknowledged.last().copied().unwrap_or(0),
    )?;
    Ok(ended)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
