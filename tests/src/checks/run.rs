//! The command: every test of the table passes, and fails where its check is taken out.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::{ExitCode, Output, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use maille_common::check::Check;
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::built::{Program, Programs, programs};
use super::table::{Row, Table};

/// The variable that takes a check out of a test program (`common/src/check.rs`).
const VARIABLE: &str = "MAILLE_SUSPENDED_CHECK";

/// A test that takes longer has not failed as it should.
const PATIENCE: Duration = Duration::from_secs(60);

/// Takes each numbered check of PROTOCOL.md out of the built tests, and sees that they fail.
///
/// One line for each test of docs/checks.md; it exits with 0 only if each fails without its check
/// and passes with it, and every check has one.
#[derive(Debug, Parser)]
#[command(name = "checks")]
struct Cli {
    /// Take this check out alone.
    #[arg(long)]
    only: Option<String>,
    /// Run every test without this check, and name those that fail.
    #[arg(long, conflicts_with = "only")]
    find: Option<String>,
    /// Look in this package alone.
    #[arg(long, requires = "find")]
    package: Option<String>,
    /// Look in this test program alone.
    #[arg(long, requires = "find")]
    target: Option<String>,
}

/// What one test did without its check.
struct Outcome {
    row: Row,
    fault: Option<String>,
    seconds: f64,
}

/// Reads the arguments of this process and does what they say.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system has room for one more runtime");
    match runtime.block_on(run(&cli)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("The tests cannot be run: {error}."));
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: &Cli) -> io::Result<bool> {
    let programs = programs()?;
    if let Some(number) = &cli.find {
        find(cli, number, &programs).await?;
        return Ok(true);
    }
    let table = Table::of_sources();
    let wanted = |row: &&Row| {
        cli.only
            .as_ref()
            .is_none_or(|only| row.check.as_str() == only)
    };
    let rows: Vec<Row> = table.rows.iter().filter(wanted).cloned().collect();
    let mut sound = all_pass(&rows, &programs).await?;
    sound &= no_other_name(&rows, &programs).await?;
    for outcome in without_each(rows, &programs).await? {
        let Outcome {
            row,
            fault,
            seconds,
        } = outcome;
        sound &= fault.is_none();
        let said = fault.unwrap_or_else(|| "missed by".to_owned());
        say(&format!(
            "{:<3} {said} {row}, {seconds:.1} s",
            row.check.as_str()
        ));
    }
    for check in table.unnoticed() {
        say(&format!(
            "{}  nobody would notice that it is gone",
            check.as_str()
        ));
        sound = false;
    }
    Ok(sound)
}

/// With all checks in place the tests of the table pass: each program runs those that it has.
async fn all_pass(rows: &[Row], programs: &Programs) -> io::Result<bool> {
    let mut together: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for row in rows {
        let tests = together.entry((&row.package, &row.target)).or_default();
        if !tests.contains(&row.test.as_str()) {
            tests.push(&row.test);
        }
    }
    let mut sound = true;
    for ((package, target), tests) in together {
        let program = find_program(programs, package, target)?;
        let output = test(program, &tests, None).await?;
        let passed = format!(" {} passed; 0 failed", tests.len());
        if !text_of(&output).contains(&passed) {
            say(&format!(
                "{package} {target}: these do not all pass: {tests:?}"
            ));
            sound = false;
        }
    }
    Ok(sound)
}

/// A name that is no check's ends a test program at once: a slip of the pen takes nothing out, and
/// shows nothing.
async fn no_other_name(rows: &[Row], programs: &Programs) -> io::Result<bool> {
    let Some(row) = rows.first() else {
        return Err(io::Error::other("no test is named for that"));
    };
    let program = find_program(programs, &row.package, &row.target)?;
    let output = test(program, &[&row.test], Some("E0")).await?;
    let noticed = !output.status.success();
    if !noticed {
        say("a check that there is not was taken out, and nobody noticed");
    }
    Ok(noticed)
}

/// Every test without its check, as many at once as the machine has processors.
async fn without_each(rows: Vec<Row>, programs: &Programs) -> io::Result<Vec<Outcome>> {
    let places = thread::available_parallelism().map_or(1, usize::from);
    let places = Arc::new(Semaphore::new(places));
    let mut running = JoinSet::new();
    for (at, row) in rows.into_iter().enumerate() {
        let program = find_program(programs, &row.package, &row.target)?.clone();
        let places = Arc::clone(&places);
        running.spawn(async move {
            let _place = places.acquire().await;
            (at, without(row, &program).await)
        });
    }
    let mut outcomes: Vec<_> = running.join_all().await;
    outcomes.sort_by_key(|(at, _)| *at);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

async fn without(row: Row, program: &Program) -> io::Result<Outcome> {
    let begun = Instant::now();
    let check = row.check.as_str();
    let tests = [row.test.as_str()];
    let fault = match timeout(PATIENCE, test(program, &tests, Some(check))).await {
        Err(_) => Some("takes too long without it:".to_owned()),
        Ok(output) => match text_of(&output?).contains(" 0 passed; 1 failed") {
            true => None,
            false => Some("is not missed by".to_owned()),
        },
    };
    Ok(Outcome {
        row,
        fault,
        seconds: begun.elapsed().as_secs_f64(),
    })
}

/// Names the tests that fail without a check, for whoever writes the table.
async fn find(cli: &Cli, number: &str, programs: &Programs) -> io::Result<()> {
    let known = Check::ALL.iter().any(|check| check.as_str() == number);
    if !known {
        return Err(io::Error::other(format!("there is no check {number}")));
    }
    for ((package, target), program) in programs {
        let wanted = |asked: &Option<String>, it: &str| asked.as_ref().is_none_or(|one| one == it);
        if !wanted(&cli.package, package) || !wanted(&cli.target, target) {
            continue;
        }
        let output = test(program, &[], Some(number)).await?;
        let text = text_of(&output);
        let failed = text.lines().filter_map(|line| {
            let named = line.strip_prefix("test ")?;
            named.strip_suffix(" ... FAILED")
        });
        for test in failed {
            say(&format!(
                "| {number} | `{package}` | `{target}` | `{test}` |"
            ));
        }
    }
    Ok(())
}

fn find_program<'a>(
    programs: &'a Programs,
    package: &str,
    target: &str,
) -> io::Result<&'a Program> {
    let key = (package.to_owned(), target.to_owned());
    let missing = || io::Error::other(format!("there is no test program {package} {target}"));
    programs.get(&key).ok_or_else(missing)
}

/// Runs tests of a program by their names; all of them, if none is named.
async fn test(program: &Program, tests: &[&str], without: Option<&str>) -> io::Result<Output> {
    let mut command = Command::new(&program.path);
    command.current_dir(&program.folder).args(tests);
    if !tests.is_empty() {
        command.arg("--exact");
    }
    match without {
        Some(number) => command.env(VARIABLE, number),
        None => command.env_remove(VARIABLE),
    };
    command.env("CARGO_MANIFEST_DIR", &program.folder);
    command.stdin(Stdio::null()).kill_on_drop(true);
    command.output().await
}

fn text_of(output: &Output) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(&output.stdout)
}

fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
