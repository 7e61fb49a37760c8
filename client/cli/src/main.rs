//! The command line of Maille.
//!
//! | file | its noun |
//! |---|---|
//! | `command/` | one file per command: its arguments, and what it does |
//! | `agent/` | what can be asked of a desk: of an agent that holds it, or of one opened for it |
//! | `hook/` | what an agent tells by itself: programs, and systems of an agency |
//! | `args/` | arguments that several commands share |
//! | `output.rs` | data to standard output, talk to standard error, `--json` |
//! | `fault.rs`, `exit.rs` | how a command fails: a sentence, a hint, an exit code by kind |
//! | `demo/` | the demonstration, the one place that links the relay |
//! | `network/` | a whole small network in one folder, for demo, tests and reading |
//! | `form.rs` | words of the trade in JSON |
//! | `local_time.rs` | times as the machine's people read them |
//! | `safe_text.rs` | text of strangers, made harmless for a terminal |
//! | `sentence/` | the sentences for people, which stand in `sentences/en.ftl` |
//! | `csv.rs` | tables for spreadsheets |
//! | `clock.rs` | the time of this machine |
//!
//! What people must know of each command stands in `docs/commands.md`, whose examples the tests
//! run.

mod agent;
mod args;
mod clock;
mod command;
mod csv;
mod demo;
mod exit;
mod fault;
mod form;
#[cfg(unix)]
mod hook;
mod local_time;
mod network;
mod output;
mod safe_text;
mod sentence;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use command::{Command, Run};
use output::Output;

/// Alerts between the duty desks of police and border authorities, none of them silently lost.
#[derive(Debug, Parser)]
#[command(name = "maille", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, clap::Args)]
struct Global {
    /// The home of this device.
    #[arg(long, global = true, value_name = "DIR", env = "MAILLE_HOME")]
    home: Option<PathBuf>,
    /// Print one JSON object per line instead of text.
    #[arg(long, global = true)]
    json: bool,
}

fn main() -> ExitCode {
    let Cli { global, command } = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help, and the version.
        Err(said) if !said.use_stderr() => said.exit(),
        Err(error) => return refuse(&error),
    };
    let context = command::Context {
        home: global.home,
        output: Output::new(global.json),
    };
    match command.run(&context) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            if !fault.is_enough_read() {
                context.output.fault(&fault);
            }
            fault.exit.into()
        }
    }
}

/// Says what is wrong with the arguments, which whoever calls may have from a stranger: what is
/// quoted of them is what stands there once they are harmless.
fn refuse(error: &clap::Error) -> ExitCode {
    let harmless = |word: OsString| safe_text::safe_text(&word.to_string_lossy());
    let said = match Cli::try_parse_from(std::env::args_os().map(harmless)) {
        Err(same) if same.use_stderr() => same.to_string(),
        _ => safe_text::safe_text(&error.to_string()),
    };
    Output::new(false).say(said.trim_end());
    exit::Exit::Usage.into()
}
