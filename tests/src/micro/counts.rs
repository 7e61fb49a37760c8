//! Counts instructions of small parts under `valgrind`, and holds them against those that are kept.
//!
//! Each part is repeated in two processes, in one of them more often: what else a process does is
//! in both, and the difference is that of the repetitions alone.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use clap::{Parser, Subcommand};
use serde_json::json;
use thiserror::Error;

use super::kept::Kept;
use super::{Work, codec, ledger, roster};
use crate::crash::rig::{print, say};

/// Where the counts are kept.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/counts.toml");

/// How the file begins.
const HEAD: &str = "\
# Instructions of one repetition of small parts, as callgrind counts them in a release build
# (docs/performance.md). `counts` fails where one differs by more than 5 %; `counts --write` writes
# this file.
";

/// It exits with this where nothing could be counted.
const NOT_COUNTED: u8 = 2;

/// Devices of the roster that is asked: a larger one is not founded in time under `valgrind`.
const DEVICES: usize = 1_000;

/// A part that neither reads a disk nor draws randomness while it is repeated.
struct Workload {
    name: &'static str,
    part: fn() -> Work<'static>,
    /// Repetitions: enough for what the seeds of maps change to be little beside them.
    few: u64,
    many: u64,
}

/// In the order of their names.
const WORKLOADS: [Workload; 3] = [
    Workload {
        name: "codec",
        part: || Box::new(codec::both()),
        few: 10,
        many: 110,
    },
    Workload {
        name: "ledger",
        part: || Box::new(ledger::looked_at()),
        few: 10,
        many: 210,
    },
    Workload {
        name: "roster",
        part: || Box::new(roster::asked(DEVICES)),
        few: 1_000,
        many: 11_000,
    },
];

/// Counts instructions of small parts, and compares them with those in tests/counts.toml.
///
/// One JSON line a part goes to standard output. It exits with 0 if every count is within 5 % of
/// the one that is kept, with 1 if one is not, and with 2 if nothing could be counted.
#[derive(Debug, Parser)]
#[command(name = "counts", args_conflicts_with_subcommands = true)]
struct Cli {
    /// Keeps what is counted now, instead of comparing it.
    #[arg(long)]
    write: bool,
    #[command(subcommand)]
    order: Option<Order>,
}

#[derive(Debug, Subcommand)]
enum Order {
    /// Repeats a part, to be counted.
    #[command(hide = true)]
    Repeat { workload: String, times: u64 },
}

/// Why nothing could be counted.
#[derive(Debug, Error)]
enum CountError {
    /// The program is not there.
    #[error(
        "`valgrind` is not installed, and nothing else counts: install the package `valgrind`."
    )]
    NoValgrind,
    /// It did not start, or its files cannot be written or read.
    #[error("{what}: {source}")]
    Io {
        what: &'static str,
        source: io::Error,
    },
    /// It failed; what it said went to standard error.
    #[error("`valgrind` did not count {0}: what it said stands above.")]
    Failed(&'static str),
    /// What it wrote has no count.
    #[error("callgrind's file for {0} has no line `totals:`. Is this another version of it?")]
    NoTotals(&'static str),
    /// More repetitions took no more instructions.
    #[error("{0} took no more instructions when it was repeated more often: it is optimised away.")]
    Nothing(&'static str),
    /// The counts that are kept are not of their form.
    #[error("tests/counts.toml cannot be read: {0} Write it anew with --write.")]
    Kept(#[from] toml::de::Error),
    /// The compiler does not say its name.
    #[error("`rustc --version` does not answer; counts are kept with the compiler's name.")]
    NoCompiler,
}

/// Reads the arguments of this process and does what they say.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.order {
        Some(Order::Repeat { workload, times }) => return repeat(&workload, times),
        None if cli.write => write(),
        None => compare(),
    };
    done.unwrap_or_else(|error| {
        say(format_args!("{error}"));
        ExitCode::from(NOT_COUNTED)
    })
}

/// What is counted.
pub(super) fn names() -> Vec<&'static str> {
    WORKLOADS.iter().map(|workload| workload.name).collect()
}

fn repeat(name: &str, times: u64) -> ExitCode {
    let named = WORKLOADS.iter().find(|workload| workload.name == name);
    let Some(workload) = named else {
        let all = names().join(", ");
        say(format_args!(
            "there is no part `{name}` to count, but {all}"
        ));
        return ExitCode::from(NOT_COUNTED);
    };
    let mut work = (workload.part)();
    (0..times).for_each(|_| work());
    ExitCode::SUCCESS
}

fn compare() -> Result<ExitCode, CountError> {
    let kept = fs::read_to_string(FILE).map_err(|source| CountError::Io {
        what: "tests/counts.toml cannot be read",
        source,
    })?;
    let kept: Kept = toml::from_str(&kept)?;
    let differences = kept.differences(&count_all()?);
    for difference in &differences {
        say(format_args!("{difference}"));
    }
    if differences.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let compiler = compiler()?;
    if compiler != kept.compiler {
        say(format_args!(
            "The counts are kept from {}, and this is {compiler}: another compiler may be all \
             that has changed.",
            kept.compiler
        ));
    }
    Ok(ExitCode::FAILURE)
}

fn write() -> Result<ExitCode, CountError> {
    let kept = Kept {
        compiler: compiler()?,
        counts: count_all()?,
    };
    let text = toml::to_string(&kept).expect("names and numbers are TOML");
    fs::write(FILE, format!("{HEAD}{text}")).map_err(|source| CountError::Io {
        what: "tests/counts.toml cannot be written",
        source,
    })?;
    Ok(ExitCode::SUCCESS)
}

fn count_all() -> Result<BTreeMap<String, u64>, CountError> {
    let mut counted = BTreeMap::new();
    for workload in &WORKLOADS {
        let instructions = count(workload)?;
        print(&json!({
            "workload": workload.name,
            "instructions": instructions,
            "optimised": !cfg!(debug_assertions),
        }));
        counted.insert(workload.name.to_owned(), instructions);
    }
    Ok(counted)
}

fn count(workload: &Workload) -> Result<u64, CountError> {
    let (few, many) = (
        total(workload, workload.few)?,
        total(workload, workload.many)?,
    );
    let more = many.saturating_sub(few);
    match more / (workload.many - workload.few) {
        0 => Err(CountError::Nothing(workload.name)),
        instructions => Ok(instructions),
    }
}

/// Instructions of a process that repeats a part so often.
fn total(workload: &Workload, times: u64) -> Result<u64, CountError> {
    let folder = tempfile::tempdir().map_err(|source| CountError::Io {
        what: "no folder can be made for what callgrind writes",
        source,
    })?;
    let file = folder.path().join("callgrind.out");
    let own = std::env::current_exe().map_err(|source| CountError::Io {
        what: "this program does not find itself",
        source,
    })?;
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--quiet"]);
    command.arg(out_file(&file));
    command.arg(own).args(["repeat", workload.name]);
    command.arg(times.to_string()).stdin(Stdio::null());
    let status = command.status().map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => CountError::NoValgrind,
        _ => CountError::Io {
            what: "`valgrind` does not start",
            source,
        },
    })?;
    if !status.success() {
        return Err(CountError::Failed(workload.name));
    }
    let written = fs::read_to_string(&file).map_err(|source| CountError::Io {
        what: "what callgrind wrote cannot be read",
        source,
    })?;
    totals(&written).ok_or(CountError::NoTotals(workload.name))
}

fn out_file(file: &Path) -> String {
    let mut argument = String::new();
    // A string takes every write.
    let _ = write!(argument, "--callgrind-out-file={}", file.display());
    argument
}

/// The instructions of the whole process, as callgrind's file says.
fn totals(written: &str) -> Option<u64> {
    let line = written
        .lines()
        .find_map(|line| line.strip_prefix("totals: "))?;
    line.split(' ').next()?.parse().ok()
}

/// The name of the compiler that builds here.
fn compiler() -> Result<String, CountError> {
    let program = std::env::var_os("RUSTC").map_or_else(|| PathBuf::from("rustc"), PathBuf::from);
    let output = Command::new(program).arg("--version").output();
    let output = output.map_err(|_| CountError::NoCompiler)?;
    match String::from_utf8(output.stdout) {
        Ok(name) if output.status.success() => Ok(name.trim().to_owned()),
        _ => Err(CountError::NoCompiler),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_the_total_of_callgrinds_file() {
        let file = "# callgrind format\nevents: Ir\nsummary: 12\n\nfn=(1)\n0 12\ntotals: 1234\n";
        assert_eq!(totals(file), Some(1234));
        assert_eq!(totals("events: Ir\n"), None);
        assert_eq!(totals("totals: many\n"), None);
    }

    #[test]
    fn each_part_does_more_when_it_is_repeated_and_has_a_place_in_order() {
        let names = names();
        assert!(names.is_sorted());
        for workload in &WORKLOADS {
            assert!(workload.few < workload.many);
        }
    }
}
