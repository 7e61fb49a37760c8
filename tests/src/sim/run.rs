//! The command that runs seeds, one line of JSON for each that fails and one at the end.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use serde::Serialize;

use super::checker::Violation;
use super::mutation::Mutation;
use super::plan::Plan;
use super::shape::shape_of;
use super::world::World;

/// What came of one seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The first thing that must not be, if there was any.
    pub violation: Option<Violation>,
    /// Events that happened.
    pub steps: u64,
    /// How much virtual time passed.
    pub simulated_ms: u64,
}

/// Runs one seed.
pub fn run_seed(seed: u64) -> Outcome {
    run_one(seed, None, false).0
}

/// Runs one seed, and says line by line what happened.
pub fn trace_seed(seed: u64) -> (Outcome, Vec<String>) {
    run_one(seed, None, true)
}

/// The first of some seeds that finds what is broken on purpose.
#[cfg(test)]
fn finds(mutation: Mutation, seeds: u64) -> Option<u64> {
    // A core that panics over a record that is gone has found it, too.
    let found = |seed: &u64| {
        let run = std::panic::catch_unwind(|| run_one(*seed, Some(mutation), false));
        run.map_or(true, |(outcome, _)| outcome.violation.is_some())
    };
    (0..seeds).find(found)
}

fn run_one(seed: u64, mutation: Option<Mutation>, traced: bool) -> (Outcome, Vec<String>) {
    let shape = shape_of(seed);
    let plan = Plan::of(seed, &shape, mutation);
    let mut world = World::new(shape, &plan, traced);
    world.run();
    let outcome = Outcome {
        violation: world.checker.violation.take(),
        steps: world.steps,
        simulated_ms: world.now - plan.begins,
    };
    (outcome, world.trace.into_lines())
}

/// Runs relays and desks in virtual time, with faults chosen by seeds, and checks every promise.
///
/// Each failing seed is one JSON line on standard output, and a summary is the last; it exits with
/// 0 only if nothing was violated.
#[derive(Debug, Parser)]
#[command(name = "sim")]
struct Cli {
    /// How many seeds to run.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Stop after so many seconds, whichever comes first.
    #[arg(long)]
    seconds: Option<u64>,
    /// Run this seed alone.
    #[arg(long)]
    seed: Option<u64>,
    /// Say line by line what happened.
    #[arg(long, requires = "seed")]
    trace: bool,
}

/// A seed that failed.
#[derive(Serialize)]
struct Failed<'a> {
    seed: u64,
    invariant: &'a str,
    what: &'a str,
    repeat: String,
}

/// What was run.
#[derive(Serialize)]
struct Summary {
    from: u64,
    seeds: u64,
    violations: u64,
    steps: u64,
    simulated_seconds: u64,
    real_seconds: f64,
    simulated_per_real_second: u64,
}

/// Reads the arguments of this process and does what they say.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let (from, seeds) = match cli.seed {
        Some(seed) => (seed, 1),
        None => (cli.from, cli.seeds),
    };
    let begun = Instant::now();
    let next = AtomicU64::new(0);
    let totals = Mutex::new((0u64, 0u64, 0u64, 0u64));
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let threads = threads
        .min(usize::try_from(seeds).unwrap_or(threads))
        .max(1);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let late = cli.seconds.map(Duration::from_secs);
                    if index >= seeds || late.is_some_and(|limit| begun.elapsed() >= limit) {
                        return;
                    }
                    let outcome = told(from + index, cli.trace);
                    let mut totals = totals.lock().unwrap();
                    totals.0 += 1;
                    totals.1 += u64::from(outcome.violation.is_some());
                    totals.2 += outcome.steps;
                    totals.3 += outcome.simulated_ms;
                }
            });
        }
    });
    let (seeds, violations, steps, simulated_ms) = totals.into_inner().unwrap();
    let real = begun.elapsed();
    let summary = Summary {
        from,
        seeds,
        violations,
        steps,
        simulated_seconds: simulated_ms / 1_000,
        real_seconds: real.as_secs_f64(),
        simulated_per_real_second: u64::try_from(
            u128::from(simulated_ms) / real.as_millis().max(1),
        )
        .unwrap_or(u64::MAX),
    };
    say(&serde_json::to_string(&summary).unwrap());
    match violations {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Runs a seed, and tells what it violates.
fn told(seed: u64, traced: bool) -> Outcome {
    let (outcome, lines) = match std::panic::catch_unwind(|| run_one(seed, None, traced)) {
        Ok(run) => run,
        Err(_) => {
            let violation = Some(Violation {
                invariant: "panic",
                what: "a core or a shell panicked; what it said stands on standard error".into(),
            });
            let outcome = Outcome {
                violation,
                steps: 0,
                simulated_ms: 0,
            };
            (outcome, Vec::new())
        }
    };
    for line in lines {
        say(&line);
    }
    if let Some(Violation { invariant, what }) = &outcome.violation {
        let repeat =
            format!("cargo run --release -p maille-tests --bin sim -- --seed {seed} --trace");
        let failed = Failed {
            seed,
            invariant,
            what,
            repeat,
        };
        say(&serde_json::to_string(&failed).unwrap());
    }
    outcome
}

/// A line on standard output. A reader that has gone ends nothing.
fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many seeds find each of them; the same seeds find nothing where nothing is broken.
    const SEEDS: u64 = 60;

    #[test]
    fn each_deliberate_breakage_is_found() {
        for mutation in Mutation::ALL {
            let found = finds(mutation, SEEDS);
            assert!(
                found.is_some(),
                "{mutation:?} was not found in {SEEDS} seeds"
            );
        }
    }
}
