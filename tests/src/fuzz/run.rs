//! The command that probes targets, a line of JSON for each.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use serde::Serialize;

use super::probe::{Memory, Probe, TIME_MAX};
use super::target::{TARGETS, Target};
use crate::crash::chance::any_seed;

/// How often the watch looks whether the parser still moves.
const WATCH: Duration = Duration::from_secs(10);

/// Throws spoiled bytes at parsers of what strangers send and disks hold.
///
/// One line of JSON for each target; it exits with 0 only if nothing panicked, hung, or took more
/// memory than twice its input and 1 MiB. The same seed makes the same inputs.
#[derive(Debug, Parser)]
#[command(name = "fuzz")]
struct Cli {
    /// Probe this target alone; all of them, one after the other, if none is named.
    #[arg(long)]
    target: Option<String>,
    /// How long, for each target.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How many inputs at most, for each target.
    #[arg(long, default_value_t = u64::MAX)]
    executions: u64,
    /// What inputs are made from; drawn, and printed, unless it is given.
    #[arg(long)]
    seed: Option<u64>,
    /// Give the input of this number alone, and write it down.
    #[arg(long, requires = "target", requires = "seed")]
    only: Option<u64>,
    /// Write the seeds into this folder, one folder a target, for `cargo fuzz`.
    #[arg(long)]
    corpus: Option<PathBuf>,
    /// Name the targets.
    #[arg(long)]
    list: bool,
    /// Where inputs that should not be are written.
    #[arg(long, default_value = ".")]
    dir: PathBuf,
}

/// What came of one target.
#[derive(Serialize)]
struct Line<'a> {
    target: &'a str,
    seed: u64,
    executions: u64,
    read: u64,
    seconds: f64,
    per_second: f64,
    /// The most memory one input took beyond what its length lets it.
    memory_beyond: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat: Option<String>,
}

/// Reads the arguments of this process and does what they say.
pub fn main(memory: Memory) -> ExitCode {
    let cli = Cli::parse();
    if cli.list {
        TARGETS.iter().for_each(|target| say(target.name));
        return ExitCode::SUCCESS;
    }
    if let Some(folder) = &cli.corpus {
        return match write_corpus(folder) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                say(&format!("{} cannot be written: {error}.", folder.display()));
                ExitCode::FAILURE
            }
        };
    }
    let targets: Vec<&Target> = match &cli.target {
        None => TARGETS.iter().collect(),
        Some(name) => Target::named(name).into_iter().collect(),
    };
    if targets.is_empty() {
        say("There is no such target; --list names them.");
        return ExitCode::from(2);
    }
    let seed = cli.seed.unwrap_or_else(any_seed);
    let sound = targets
        .into_iter()
        .filter(|target| !probe(&cli, target, seed, memory))
        .count();
    match sound {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Probes one target, and tells whether it is sound.
fn probe(cli: &Cli, target: &Target, seed: u64, memory: Memory) -> bool {
    let mut probe = Probe::new(target, seed, memory);
    let begun = Instant::now();
    let number = Watch::over(target.name, seed);
    let mut found = probe.run_seeds().err().map(|finding| (0, finding));
    let (first, end) = match cli.only {
        Some(only) => (only, only + 1),
        None => (0, cli.executions),
    };
    let mut next = first;
    while found.is_none() && next < end && begun.elapsed().as_secs() < cli.seconds {
        // Looking at the clock costs as much as the shortest inputs.
        for _ in 0..64 {
            if next == end {
                break;
            }
            number.store(next, Ordering::Relaxed);
            if let Err(finding) = probe.run(next) {
                found = Some((next, finding));
                break;
            }
            next += 1;
        }
    }
    number.store(u64::MAX, Ordering::Relaxed);
    if let Some(at) = cli.only.or(found.as_ref().map(|(at, _)| *at)) {
        keep(cli, target, seed, at, &probe.input(at));
    }
    let seconds = begun.elapsed().as_secs_f64();
    let executions = next - first;
    let sound = found.is_none();
    let line = Line {
        target: target.name,
        seed,
        executions,
        read: probe.read,
        seconds,
        per_second: f64::from(u32::try_from(executions).unwrap_or(u32::MAX)) / seconds,
        memory_beyond: probe.memory_beyond,
        repeat: found
            .as_ref()
            .map(|(at, _)| format!("--target {} --seed {seed} --only {at}", target.name)),
        found: found.map(|(_, finding)| finding.to_string()),
    };
    say(&serde_json::to_string(&line).expect("numbers and texts are JSON"));
    sound
}

fn write_corpus(folder: &Path) -> io::Result<()> {
    for target in TARGETS {
        let folder = folder.join(target.name);
        fs::create_dir_all(&folder)?;
        for (path, bytes) in target.seeds() {
            fs::write(folder.join(path.replace('/', "-")), bytes)?;
        }
    }
    Ok(())
}

fn keep(cli: &Cli, target: &Target, seed: u64, at: u64, input: &[u8]) {
    let path = cli
        .dir
        .join(format!("fuzz-{}-{seed}-{at}.bin", target.name));
    match fs::write(&path, input) {
        Ok(()) => say(&format!("The input is in {}.", path.display())),
        Err(error) => say(&format!("The input could not be written: {error}.")),
    }
}

#[allow(clippy::print_stdout, reason = "this is what the command is for")]
fn say(line: &str) {
    println!("{line}");
}

/// Ends the process where an input does not end.
struct Watch;

impl Watch {
    /// The number of the input under way, which the watch looks at; the highest stops it.
    fn over(target: &'static str, seed: u64) -> Arc<AtomicU64> {
        let number = Arc::new(AtomicU64::new(0));
        let watched = Arc::clone(&number);
        thread::spawn(move || {
            let mut before = u64::MAX;
            loop {
                thread::park_timeout(WATCH.max(TIME_MAX));
                let now = watched.load(Ordering::Relaxed);
                if now == u64::MAX {
                    return;
                }
                if now == before {
                    say(&format!(
                        "{target} hangs: --target {target} --seed {seed} --only {now}"
                    ));
                    std::process::exit(1);
                }
                before = now;
            }
        });
        number
    }
}
