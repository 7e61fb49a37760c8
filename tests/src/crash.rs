//! The crash rig: faults on real processes and stores, and a checker outside them.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod chance;
mod rig;
mod store;
mod violation;

use store::{Eio, Enospc, Mutate, Replay, Rot, StorePart};

/// Proves what Maille promises of its stores, by doing to them what happens to machines.
#[derive(Debug, Parser)]
#[command(name = "crash")]
struct Arguments {
    #[command(subcommand)]
    fault: Fault,
}

/// The faults.
#[derive(Debug, Subcommand)]
enum Fault {
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
    /// A process of the rig's own, with a store in it.
    #[command(hide = true)]
    StorePart(StorePart),
}

/// Runs the rig.
pub fn main() -> ExitCode {
    match Arguments::parse().fault {
        Fault::Replay(replay) => replay.run(),
        Fault::Mutate(mutate) => mutate.run(),
        Fault::Eio(eio) => eio.run(),
        Fault::Enospc(enospc) => enospc.run(),
        Fault::Rot(rot) => rot.run(),
        Fault::StorePart(part) => part.run(),
    }
}
