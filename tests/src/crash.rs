//! The crash rig: real processes, real QUIC, real stores, faults, and a checker outside them.
//!
//! | module | what it is |
//! |---|---|
//! | `rig` | one run: seed, folder, one JSON line a cycle, how it ends |
//! | `kill`, `cut`, `lose` | a subcommand each: its faults, and nothing else |
//! | `store` | faults on a store alone: `replay`, `mutate`, `eio`, `enospc`, `rot` |
//! | `whole` | faults that whole worlds meet: `eio`, `enospc` and `rot` with `--world` |
//! | `deadlines` | what falls due while relay and sender are killed |
//! | `restart`, `flood` | how soon a relay with a long queue serves again |
//! | `world`, `letter`, `chance` | a network on disk, what is sent in it, and choices from a seed |
//! | `crew`, `child`, `report` | the processes of a world, and what they tell the rig |
//! | `failing_call` | a system call of a process that fails |
//! | `roles` | what such a process does: relay, sender, recipient, submitters |
//! | `checker`, `violation` | every promise, and by name what breaks one |
//! | `rest`, `audit` | the end of a world: quiet, then fresh opens of all stores, and the books |
//! | `keys`, `ledger` | what submitters write into a store, and what they were promised |
//!
//! A further fault is a further subcommand: it takes `RunArguments`, gives each cycle to
//! `Rig::cycle` with its violations, and ends with `Rig::end`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod audit;
pub(crate) mod chance;
mod checker;
mod child;
mod crew;
mod cut;
mod deadlines;
mod failing_call;
mod flood;
mod keys;
mod kill;
mod ledger;
mod letter;
mod lose;
pub(crate) mod report;
mod rest;
mod restart;
pub(crate) mod rig;
mod roles;
mod store;
mod violation;
mod whole;
pub(crate) mod world;

use store::{Eio, Enospc, Mutate, Replay, Rot, StorePart};

/// Breaks processes, disks and files under Maille, and checks that every promise is kept.
///
/// One JSON line a cycle and a summary go to standard output, words for people to standard error.
/// It exits with 0 only if nothing was violated.
#[derive(Debug, Parser)]
#[command(name = "crash")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Kills relay, senders and recipients at any moment, under load.
    Kill(kill::Kill),
    /// Cuts the power under everything on a volume.
    Cut(cut::Cut),
    /// Takes whole stores and keys away, and puts old copies back.
    Lose(lose::Lose),
    /// Records the writes and syncs of a store, and opens what power cuts may leave of them.
    Replay(Replay),
    /// Leaves out each sync and each order in turn, until `replay` notices.
    Mutate(Mutate),
    /// Lets each write, sync, rename, removal and opening of a store fail once.
    Eio(Eio),
    /// Fills a volume, and lets the log and the runs find it full.
    Enospc(Enospc),
    /// Flips bits of the files of a store at rest.
    Rot(Rot),
    /// Kills relay and sender while deadlines fall due, and measures how exactly they are kept.
    Deadlines(deadlines::Deadlines),
    /// Restarts a relay with a long queue, and measures how soon it serves.
    Restart(restart::Restart),
    /// One of the rig's own processes.
    #[command(subcommand, hide = true)]
    Part(roles::Part),
    /// A process of the rig's own, with a store in it.
    #[command(hide = true)]
    StorePart(StorePart),
}

/// Reads the arguments of this process and does what they say.
pub fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Kill(kill) => kill.run(),
        Command::Cut(cut) => cut.run(),
        Command::Lose(lose) => lose.run(),
        Command::Replay(replay) => replay.run(),
        Command::Mutate(mutate) => mutate.run(),
        Command::Eio(eio) => eio.run(),
        Command::Enospc(enospc) => enospc.run(),
        Command::Rot(rot) => rot.run(),
        Command::Deadlines(deadlines) => deadlines.run(),
        Command::Restart(restart) => restart.run(),
        Command::Part(part) => part.play(),
        Command::StorePart(part) => part.run(),
    }
}

#[cfg(test)]
mod cli {
    use super::*;

    /// What the page shows can be typed.
    #[test]
    fn the_commands_of_the_page_are_understood() {
        const BEGINNING: &str = "cargo run --release -p maille-tests --bin crash -- ";
        let page = include_str!("../../docs/reliability.md");
        let commands: Vec<&str> = page
            .lines()
            .filter_map(|line| line.strip_prefix(BEGINNING))
            .collect();
        assert!(commands.len() >= 4);
        for command in commands {
            let words = std::iter::once("crash").chain(command.split(' '));
            Cli::try_parse_from(words).unwrap();
        }
    }

    /// Each violation that can be told is explained.
    #[test]
    fn the_page_explains_every_violation() {
        let page = include_str!("../../docs/reliability.md");
        for code in violation::Broken::ALL {
            let code = serde_json::to_string(code).unwrap().replace('"', "`");
            assert!(page.contains(&code), "{code}");
        }
    }
}
