//! The crash rig: real processes, real QUIC, real stores, faults, and a checker outside them.
//!
//! | module | what it is |
//! |---|---|
//! | `rig` | one run: seed, folder, one JSON line a cycle, how it ends |
//! | `kill`, `cut`, `lose` | a subcommand each: its faults, and nothing else |
//! | `world`, `letter`, `chance` | a network on disk, what is sent in it, and choices from a seed |
//! | `crew`, `child`, `report` | the processes of a world, and what they and the rig tell each other |
//! | `roles` | what such a process does: relay, sender, recipient, submitters |
//! | `checker`, `violation` | every promise, and by name what breaks one |
//! | `rest`, `audit` | the end of a world: quiet, then fresh opens of all stores, and the relay's books |
//! | `volume` | file systems in images, whose power is cut |
//! | `keys`, `ledger` | what submitters write into a store, and what they were promised |
//!
//! A further fault is a further subcommand: it takes `RunArguments`, gives each cycle to
//! `Rig::cycle` with its violations, and ends with `Rig::end`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod audit;
mod chance;
mod checker;
mod child;
mod crew;
mod cut;
mod keys;
mod kill;
mod ledger;
mod letter;
mod lose;
mod report;
mod rest;
mod rig;
mod roles;
mod violation;
mod volume;
mod world;

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
    /// One of the rig's own processes.
    #[command(subcommand, hide = true)]
    Part(roles::Part),
}

/// Reads the arguments of this process and does what they say.
pub fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Kill(kill) => kill.run(),
        Command::Cut(cut) => cut.run(),
        Command::Lose(lose) => lose.run(),
        Command::Part(part) => part.play(),
    }
}
