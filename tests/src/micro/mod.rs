//! Small parts, each repeated alone beside the bare primitive under it: what hot paths are made of.
//!
//! | module | what it is |
//! |---|---|
//! | `envelope`, `codec`, `roster`, `ledger`, `commit` | the parts, each a closure to repeat |
//! | `bare` | the primitives: cryptography, copies, maps, a synced write |
//! | `post`, `crowd`, `accept` | what the parts work on |
//! | `place` | where and how large |
//! | `figures`, `ratios` | which part goes beside which primitive, and the program that says so |
//! | `kept`, `counts` | counts of instructions that are kept, and the program that counts |
//!
//! `tests/benches` repeats the same closures. docs/performance.md says how to run each.

mod accept;
pub mod bare;
pub mod codec;
pub mod commit;
pub mod counts;
mod crowd;
pub mod envelope;
mod figures;
mod kept;
pub mod ledger;
mod place;
mod post;
pub mod ratios;
pub mod roster;

pub use place::Place;

/// What is repeated.
type Work<'a> = Box<dyn FnMut() + 'a>;
