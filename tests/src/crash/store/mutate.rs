//! `mutate`: the rig is itself proven. Each sync and each order is left out until it is noticed.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;
use std::time::Instant;

use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::mutation::Mutation;
use super::replay::{Scratch, one_cycle};
use crate::crash::rig::{RunArguments, ms_since};
use crate::crash::violation::{Broken, Violation};

/// Arguments of `mutate`.
#[derive(Debug, Args)]
pub(crate) struct Mutate {
    #[command(flatten)]
    run: RunArguments,
    /// States after which a mutation is given up as one that nothing notices.
    #[arg(long, default_value_t = 20_000)]
    states: u64,
    /// Only the one of this name.
    #[arg(long)]
    only: Option<String>,
}

/// What the run came to.
#[derive(Debug, Default, Serialize)]
struct Summary {
    caught: u64,
    states: u64,
}

impl Mutate {
    pub(crate) fn run(&self) -> ExitCode {
        let words = format!(" --states {}", self.states);
        let rig = self.run.begin("mutate", &words, u64::MAX);
        let (seed, folder) = (rig.seed, rig.folder().to_path_buf());
        let scratch = Scratch::new(None, seed);
        let mut left: Vec<Mutation> = Mutation::ALL.into();
        if let Some(only) = &self.only {
            left.retain(|mutation| mutation.name() == *only);
            assert!(!left.is_empty(), "{only} is the name of a mutation");
        }
        left.reverse();
        let (left, total) = (Mutex::new(left), Mutex::new((rig, Summary::default())));
        thread::scope(|scope| {
            for worker in 0..2 {
                let (left, total, folder, scratch) = (&left, &total, &folder, &scratch);
                scope.spawn(move || {
                    let place = scratch.0.join(worker.to_string());
                    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).pop();
                    while let Some(mutation) = next() {
                        let begun = Instant::now();
                        let (mut states, mut caught, mut cycle) = (0, None, 0);
                        while caught.is_none() && states < self.states {
                            cycle += 1;
                            let some = Some(mutation);
                            let worked = one_cycle(&place, folder, seed, cycle, 40, some);
                            states += worked.seen.states;
                            caught = worked.violation;
                        }
                        let line = json!({
                            "without": mutation.name(), "states": states,
                            "caught": caught.as_ref(), "ms": ms_since(begun),
                        });
                        let missed = caught
                            .is_none()
                            .then(|| Violation::new(Broken::NotCaught, mutation.to_string()));
                        let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
                        let (rig, summary) = &mut *total;
                        summary.states += states;
                        summary.caught += u64::from(caught.is_some());
                        rig.cycle(seed, line, missed.as_slice());
                    }
                });
            }
        });
        let (rig, summary) = total.into_inner().unwrap_or_else(PoisonError::into_inner);
        rig.end(summary)
    }
}
