//! The simulation: the cores of relays and desks in virtual time, over a network and disks that
//! fail by a seed, and a checker outside them that knows everything.
//!
//! | module | what it is |
//! |---|---|
//! | `plan`, `shape` | what a seed decides, and the networks it runs on |
//! | `world` | one queue of events in virtual time |
//! | `party`, `clock`, `disk`, `line` | a process, its machine's clocks, its disk, a connection |
//! | `desk_shell`, `desk_hears`, `relay_shell` | the shells around the cores, as behind QUIC |
//! | `people`, `added`, `faults` | who sends, extends and answers, and what goes wrong |
//! | `checker`, `said`, `watch`, `rest` | what is known, and what has to hold, at each step |
//! | `colleagues`, `compared` | what others hold of it, and what two desks hold, at the end |
//! | `mutation` | deliberate breakages, each of which has to be found |
//! | `trace`, `run` | what happened, line by line; and the command that runs seeds |
//!
//! The same seed makes the same run.

mod added;
mod checker;
mod clock;
mod colleagues;
mod compared;
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
