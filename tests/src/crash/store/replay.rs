//! `replay`: our own writes and syncs recorded, and what power cuts may leave of them opened.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use clap::Args;
use serde_json::json;

use super::explore::{Explorer, Seen, kept_in};
use super::in_memory;
use super::mutation::Mutation;
use super::plot::Plot;
use crate::crash::chance::Chance;
use crate::crash::rig::{Rig, RunArguments, ms_since};
use crate::crash::violation::Violation;

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    #[command(flatten)]
    run: RunArguments,
    /// Power cuts of each recording; from the recovery of most, another follows.
    #[arg(long, default_value_t = 400)]
    cuts: u64,
    /// How many stores are opened at a time.
    #[arg(long, default_value_t = 2)]
    threads: u64,
    /// Where the stores are opened [default: memory, if the machine has such a folder]
    #[arg(long)]
    scratch: Option<PathBuf>,
}

impl Replay {
    pub(crate) fn run(&self) -> ExitCode {
        let words = format!(" --cuts {}", self.cuts);
        let rig = self.run.begin("replay", &words, 100);
        let (seed, folder) = (rig.seed, rig.folder().to_path_buf());
        let scratch = Scratch::new(self.scratch.clone(), seed);
        let total = Mutex::new((rig, Seen::default(), 0));
        thread::scope(|scope| {
            for worker in 0..self.threads {
                let (total, folder, scratch) = (&total, &folder, &scratch);
                scope.spawn(move || {
                    let place = scratch.0.join(worker.to_string());
                    while let Some(cycle) = next(total) {
                        let begun = Instant::now();
                        let worked = one_cycle(&place, folder, seed, cycle, self.cuts, None);
                        let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
                        let (rig, seen, _) = &mut *total;
                        seen.add(&worked.seen);
                        let line = json!({
                            "recording": cycle, "calls": worked.calls, "written": worked.batches,
                            "states": worked.seen.states, "ms": ms_since(begun),
                        });
                        rig.cycle(seed, line, worked.violation.as_slice());
                    }
                });
            }
        });
        let (rig, seen, _) = total.into_inner().unwrap_or_else(PoisonError::into_inner);
        rig.end(seen)
    }
}

/// The next cycle, if there is to be one.
fn next(total: &Mutex<(Rig, Seen, u64)>) -> Option<u64> {
    let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
    let (rig, _, begun) = &mut *total;
    *begun += 1;
    rig.goes_on_with(*begun).then_some(*begun)
}

/// A folder that comes and goes with the run.
#[derive(Debug)]
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(parent: Option<PathBuf>, seed: u64) -> Self {
        let parent = parent.or_else(in_memory).unwrap_or_else(std::env::temp_dir);
        let process = std::process::id();
        Self(parent.join(format!("maille-crash-stores-{seed}-{process}")))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing in it is of use when the run is over.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What one recording came to.
#[derive(Debug)]
pub(crate) struct Worked {
    pub(crate) seen: Seen,
    pub(crate) calls: usize,
    pub(crate) batches: u64,
    pub(crate) violation: Option<Violation>,
}

/// Makes one recording, and opens what so many power cuts leave of it.
pub(crate) fn one_cycle(
    place: &std::path::Path,
    folder: &std::path::Path,
    seed: u64,
    cycle: u64,
    cuts: u64,
    mutation: Option<Mutation>,
) -> Worked {
    let mut chance = Chance::about(seed, &[cycle]);
    let mut plot = Plot::play(&place.join("plot"), &mut chance);
    if let Some(mutation) = mutation {
        mutation.apply(&mut plot.recording.events);
    }
    let mut worked = Worked {
        seen: Seen::default(),
        calls: plot
            .recording
            .events
            .iter()
            .filter(|event| event.call().is_some())
            .count(),
        batches: plot.history.newest(),
        violation: None,
    };
    for state in 0..cuts {
        let kept = kept_in(folder, cycle, state);
        let mut explorer = Explorer::new(place.join("state"), kept, mutation);
        let explored = explorer.explore(&plot, &mut Chance::about(seed, &[cycle, state]));
        worked.seen.add(&explorer.seen);
        if let Err(Violation { code, at }) = explored {
            let at = format!("recording {cycle}, cut {state}, {at}");
            worked.violation = Some(Violation::new(code, at));
            break;
        }
    }
    worked
}
