//! Takes the checks of PROTOCOL.md out, one after the other, and sees that a test fails for each.
//!
//! | module | what it is |
//! |---|---|
//! | `table` | which test notices that a check is gone, as `docs/checks.md` says it |
//! | `built` | the test programs, as Cargo built them |
//! | `run` | the command: every test of the table, with its check and without |
//!
//! Nothing is built anew for it: the programs of the tests have a switch, which the released ones
//! have not (`common/src/check.rs`).

mod built;
mod run;
mod table;

pub use run::main;
pub use table::{Row, Table};
