//! One run of a subcommand: its seed, its folder, its lines, and how it ends.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use super::chance::any_seed;
use super::violation::Violation;
use crate::volume::unmount_below;

/// How the folder of a run begins.
const FOLDER: &str = "maille-crash-";
/// The file in it that says whose it is.
const PROCESS: &str = "process";

/// What every subcommand takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct RunArguments {
    /// Where all choices come from [default: any; it is printed]
    #[arg(long)]
    seed: Option<u64>,
    /// Ends after so many cycles.
    #[arg(long)]
    cycles: Option<u64>,
    /// Ends after so many seconds, at the end of a cycle.
    #[arg(long)]
    seconds: Option<u64>,
    /// Where everything is put [default: the folder of temporary files]
    #[arg(long)]
    dir: Option<PathBuf>,
}

/// A run.
#[derive(Debug)]
pub(crate) struct Rig {
    command: &'static str,
    pub(crate) seed: u64,
    /// What else was asked for, to be repeated.
    words: String,
    folder: PathBuf,
    begun: Instant,
    cycles: u64,
    until: Option<Instant>,
    /// Cycles done.
    pub(crate) done: u64,
    violations: u64,
}

impl RunArguments {
    /// Makes the run's folder, and says the seed.
    pub(crate) fn begin(&self, command: &'static str, words: &str, cycles: u64) -> Rig {
        let seed = self.seed.unwrap_or_else(any_seed);
        let parent = self.dir.clone().unwrap_or_else(std::env::temp_dir);
        let folder = parent.join(format!("{FOLDER}{command}-{seed}"));
        unmount_left_over(&parent);
        // A run of the same seed that failed: its folder was for looking at, until now.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("the run's folder can be made");
        fs::write(folder.join(PROCESS), std::process::id().to_string())
            .expect("the run's folder takes a file");
        let begun = Instant::now();
        let until = self
            .seconds
            .map(|seconds| begun + Duration::from_secs(seconds));
        let cycles = match (self.cycles, until) {
            (Some(cycles), _) => cycles,
            (None, Some(_)) => u64::MAX,
            (None, None) => cycles,
        };
        let words = words.to_owned();
        let rig = Rig {
            command,
            seed,
            words,
            folder,
            begun,
            cycles,
            until,
            done: 0,
            violations: 0,
        };
        say(format_args!(
            "crash {command}: seed {seed}, in {}",
            rig.folder.display()
        ));
        rig
    }
}

impl Rig {
    /// The run's folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether another cycle is to be done.
    pub(crate) fn goes_on(&self) -> bool {
        let late = self.until.is_some_and(|until| Instant::now() >= until);
        self.violations == 0 && self.done < self.cycles && !late
    }

    /// Whether anything was violated so far.
    pub(crate) fn has_violations(&self) -> bool {
        self.violations > 0
    }

    /// Whether a cycle is to be begun, of so many with it, while others are under way.
    pub(crate) fn goes_on_with(&self, begun: u64) -> bool {
        self.goes_on() && begun <= self.cycles
    }

    /// A cycle is done: its line, and what it violated.
    pub(crate) fn cycle(&mut self, seed: u64, line: Value, violations: &[Violation]) {
        self.done += 1;
        self.line(line, violations);
        if !violations.is_empty() {
            self.violated(seed, violations);
        }
    }

    fn line(&self, line: Value, violations: &[Violation]) {
        let mut whole = json!({ "crash": self.command, "cycle": self.done });
        merge(&mut whole, line);
        if !violations.is_empty() {
            // The first tell what happened; the rest tells how often.
            let first: Vec<_> = violations.iter().take(20).collect();
            merge(
                &mut whole,
                json!({ "violated": violations.len(), "violations": first }),
            );
        }
        print(&whole);
    }

    fn violated(&mut self, seed: u64, violations: &[Violation]) {
        self.violations += u64::try_from(violations.len()).unwrap_or(u64::MAX);
        for Violation { code, at } in violations.iter().take(20) {
            let code = serde_json::to_string(code).expect("a code is JSON");
            say(format_args!("VIOLATED {code}: {at}"));
        }
        let Self {
            command,
            words,
            folder,
            ..
        } = self;
        say(format_args!("kept: {}", folder.display()));
        say(format_args!(
            "to repeat: crash {command} --seed {seed}{words}"
        ));
    }

    /// Says what it came to. A folder without violations goes.
    pub(crate) fn end(self, summary: impl Serialize) -> ExitCode {
        let mut whole = json!({
            "crash": self.command,
            "summary": true,
            "seed": self.seed,
            "cycles": self.done,
            "seconds": self.begun.elapsed().as_secs(),
            "violated": self.violations,
        });
        merge(
            &mut whole,
            serde_json::to_value(summary).expect("a summary is JSON"),
        );
        print(&whole);
        if self.violations > 0 {
            return ExitCode::FAILURE;
        }
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            say(format_args!(
                "{} was not removed: {error}",
                self.folder.display()
            ));
        }
        ExitCode::SUCCESS
    }
}

/// Unmounts what runs that were killed have left mounted in a folder.
fn unmount_left_over(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for folder in entries.flatten() {
        let is_a_run = folder.file_name().to_string_lossy().starts_with(FOLDER);
        if is_a_run && !is_alive(&folder.path()) {
            unmount_below(&folder.path());
        }
    }
}

/// Whether the run of a folder still goes on.
fn is_alive(folder: &Path) -> bool {
    let Ok(process) = fs::read_to_string(folder.join(PROCESS)) else {
        return false;
    };
    let name = |process: &str| fs::read_to_string(format!("/proc/{process}/comm")).ok();
    name(&process).is_some_and(|other| Some(other) == name("self"))
}

/// Milliseconds since a moment.
pub(crate) fn ms_since(moment: Instant) -> u64 {
    u64::try_from(moment.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Says something to people.
pub(crate) fn say(words: std::fmt::Arguments<'_>) {
    // Nobody's work depends on it.
    let _ = writeln!(io::stderr(), "{words}");
}

/// Puts what one object has into another.
pub(crate) fn merge(whole: &mut Value, part: Value) {
    if let (Value::Object(whole), Value::Object(part)) = (whole, part) {
        whole.extend(part);
    }
}

/// Gives a line to whoever reads standard output.
pub(crate) fn print(line: &Value) {
    let written = writeln!(io::stdout(), "{line}");
    written.expect("standard output takes the lines it asked for");
}
