//! The simulation: the cores of relays and desks in virtual time, over a network and disks that
//! fail by a seed, and a checker outside them that knows everything.
//!
//! | module | what it is |
//! |---|---|
//! | `plan` | what a seed decides: how the network behaves, what is sent, what fails |
//! | `shape` | the networks to run on, made once for a process |
//! | `world` | one queue of events in virtual time |
//! | `party`, `clock`, `disk`, `line` | a process, its machine's clocks, its disk, a connection |
//! | `desk_shell`, `desk_hears`, `relay_shell` | what the shells around the cores do, as behind QUIC |
//! | `people`, `faults` | who sends and answers, and what goes wrong |
//! | `checker`, `said`, `watch`, `rest` | what is known, and what has to hold: at each word that leaves, after each step, at the end |
//! | `mutation` | deliberate breakages, each of which has to be found |
//! | `trace`, `run` | what happened, line by line; and the command that runs seeds |
//!
//! The same seed makes the same run.

mod checker;
mod clock;
mod desk_hears;
mod desk_shell;
mod disk;
mod faults;
mod line;
mod mutation;
mod party;
mod people;
mod plan;
mod relay_shell;
mod rest;
mod run;
mod said;
mod shape;
mod trace;
mod watch;
mod world;

pub use checker::Violation;
pub use run::{Outcome, main, run_seed, trace_seed};
