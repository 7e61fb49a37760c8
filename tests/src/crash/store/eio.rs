//! `eio`: each write, sync, rename, removal and opening fails once.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::errors::{Ended, Load};
use super::faulty::Faulty;
use super::life::Sizes;
use super::process;
use super::recorder::EIO;
use super::replay::Scratch;
use crate::crash::chance::Chance;
use crate::crash::rig::{Rig, RunArguments, ms_since, say};
use crate::crash::violation::Violation;
use crate::crash::whole;

/// Arguments of `eio`.
#[derive(Debug, Args)]
pub(crate) struct Eio {
    #[command(flatten)]
    run: RunArguments,
    /// Calls of the processes of a whole world fail, instead of those of one store.
    #[arg(long)]
    world: bool,
    /// Batches of the load of which every call fails.
    #[arg(long, default_value_t = 150)]
    every: usize,
    /// Batches of the load of which some calls fail.
    #[arg(long, default_value_t = 10_000)]
    of: usize,
    /// How many of them.
    #[arg(long, default_value_t = 2000)]
    sampled: u64,
    /// Runs of a process of its own whose system calls fail.
    #[arg(long, default_value_t = 40)]
    processes: u64,
}

/// What a run came to.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub(crate) struct Tally {
    /// Runs in which a call failed.
    pub(crate) failed: u64,
    /// Of these, in which the store failed for ever, or did not open.
    pub(crate) stopped: u64,
    /// Of these, in which nothing rested on the call.
    pub(crate) went_on: u64,
    /// Runs in which the call did not come: the order of two threads is not fixed.
    pub(crate) unreached: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.failed += other.failed;
        self.stopped += other.stopped;
        self.went_on += other.went_on;
        self.unreached += other.unreached;
    }

    pub(crate) fn count(&mut self, ended: Ended) {
        self.failed += u64::from(ended != Ended::Unreached);
        self.stopped += u64::from(ended == Ended::Failed);
        self.went_on += u64::from(ended == Ended::WentOn);
        self.unreached += u64::from(ended == Ended::Unreached);
    }
}

impl Eio {
    pub(crate) fn run(&self) -> ExitCode {
        if self.world {
            let mut rig = self.run.begin("eio", " --world", 40);
            let calls = whole::fail_calls(&mut rig);
            return rig.end(calls);
        }
        let words = format!(
            " --every {} --of {} --sampled {} --processes {}",
            self.every, self.of, self.sampled, self.processes
        );
        let mut rig = self.run.begin("eio", &words, u64::MAX);
        let scratch = Scratch::new(None, rig.seed);
        let mut total = Tally::default();
        let mut chance = Chance::new(rig.seed);
        let small = Load::new(rig.seed, self.every, SMALL);
        let calls: Vec<u64> = (0..small.calls(&scratch.0, |_| true)).collect();
        total.add(cycle(
            &mut rig,
            &scratch.0,
            "every call",
            &small,
            &calls,
            EIO,
            |_| true,
        ));
        let large = Load::new(rig.seed, self.of, LARGE);
        let count = large.calls(&scratch.0, |_| true);
        let mut left = self.sampled;
        // The order of threads decides which of the last calls come, so some fail in vain.
        while left > 0 && rig.goes_on() {
            let sampled: Vec<u64> = (0..left).map(|_| chance.below(count)).collect();
            let what = "sampled calls";
            let tally = cycle(&mut rig, &scratch.0, what, &large, &sampled, EIO, |_| true);
            left -= tally.failed.min(left);
            total.add(tally);
        }
        let processes = process::fail_calls(&mut rig, &scratch.0, &mut chance, self.processes);
        rig.end(json!({ "calls": total, "processes": processes }))
    }
}

/// Every few batches a segment, a run, a merge.
pub(crate) const SMALL: Sizes = Sizes {
    log_segment_bytes: 4096,
    checkpoint_log_bytes: 8192,
};

const LARGE: Sizes = Sizes {
    log_segment_bytes: 64 * 1024,
    checkpoint_log_bytes: 256 * 1024,
};

impl Load {
    /// How many calls of some kind there are when none fails.
    pub(crate) fn calls(&self, scratch: &Path, of: fn(&Path) -> bool) -> u64 {
        let folder = scratch.join("sound");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder for a store");
        let disk = Faulty::new(u64::MAX, EIO, of);
        let ran = self.run(&folder.join("store"), &disk);
        ran.expect("a store on a sound disk has no reason to fail");
        disk.calls()
    }
}

/// Lets each of these calls fail, in a run of its own.
pub(crate) fn cycle(
    rig: &mut Rig,
    scratch: &Path,
    what: &str,
    load: &Load,
    calls: &[u64],
    error: i32,
    of: fn(&Path) -> bool,
) -> Tally {
    let begun = Instant::now();
    let next = AtomicUsize::new(0);
    let total = Mutex::new((Tally::default(), Vec::new()));
    thread::scope(|scope| {
        for worker in 0..2 {
            let (next, total) = (&next, &total);
            scope.spawn(move || {
                let folder = scratch.join(format!("failing-{worker}"));
                while let Some(call) = calls.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let _ = fs::remove_dir_all(&folder);
                    fs::create_dir_all(&folder).expect("a folder for a store");
                    let ran = load.run(&folder.join("store"), &Faulty::new(*call, error, of));
                    let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
                    match ran {
                        Ok(ended) => total.0.count(ended),
                        Err(Violation { code, at }) => {
                            total
                                .1
                                .push(Violation::new(code, format!("{what}, {call}: {at}")));
                        }
                    }
                }
            });
        }
    });
    let (tally, violations) = total.into_inner().unwrap_or_else(PoisonError::into_inner);
    let line = json!({ "what": what, "calls": tally, "ms": ms_since(begun) });
    rig.cycle(rig.seed, line, &violations);
    tally
}

/// Says, so that nobody overlooks it, that something was not tried.
pub(crate) fn say_skipped(what: &str, why: &str) {
    say(format_args!("SKIPPED: {what}: {why}"));
}
