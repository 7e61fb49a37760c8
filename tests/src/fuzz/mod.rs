//! Fuzzing: bytes that nobody honest wrote, thrown at every parser of strangers' and disks' bytes.
//!
//! | module | what it is |
//! |---|---|
//! | `target`, `protocol`, `disk`, `papers` | the list of targets, and what each reads |
//! | `seeds` | what they begin from: the pinned vectors, and real documents |
//! | `mutator` | how bytes are spoiled, by a seed |
//! | `probe` | one input, its time, its memory, its panic |
//! | `run` | the command that does it for a time, or so many times |
//!
//! `tests/fuzz` gives the same targets to `cargo fuzz`, which looks for new branches.
//! docs/reliability.md says how to run both.

mod disk;
mod mutator;
mod papers;
mod probe;
mod protocol;
mod run;
mod seeds;
mod target;

pub use probe::{Finding, Memory, Probe};
pub use run::main;
pub use seeds::root;
pub use target::{TARGETS, Target, read};
