//! The demonstration: the main job in one command, on a network of its own, every step verified.
//!
//! Here alone relay and client are linked into one program (DESIGN §7). They still meet only on the
//! wire: the relay runs as a process of its own, so that SIGKILL is real, and every datagram passes
//! a recorder.
//!
//! | file | its noun |
//! |---|---|
//! | `relay_folder.rs`, `relay_process.rs` | the relay: its folder and its owner, its process |
//! | `recorder.rs` | every datagram between desks and relay |
//! | `dispatch.rs` | the alert that is sent |
//! | `stage.rs` | the desks, and what stands between one step and the next |
//! | `steps.rs` | the steps in their order |
//! | `delivery.rs`, `flipped_bit.rs`, `answers.rs`, `refusals.rs`, `secrecy.rs` | each of them |
//! | `words.rs` | words of the alert, searched for where they must not be |
//! | `hand_check.rs` | one receipt, for `openssl` alone |
//! | `timeline.rs` | what is shown of each step |

mod answers;
mod delivery;
mod dispatch;
mod flipped_bit;
mod hand_check;
mod recorder;
mod refusals;
pub(crate) mod relay_folder;
pub(crate) mod relay_process;
mod secrecy;
mod stage;
mod steps;
mod timeline;
mod words;

pub(crate) use steps::{Request, run, runtime};
