//! The world in which Maille is tested.
//!
//! | module | what it is |
//! |---|---|
//! | `net` | real relays and desks, over QUIC on loopback |
//! | `network` | a network's keys and documents, and the ceremonies on them |
//! | `crash` | the crash rig: faults on real processes and stores, and a checker outside them |
//! | `memory` | relays and desks in memory, in virtual time, over links that can fail |
//! | `randomness` | fixed randomness, so that a run can be repeated |

#![allow(
    clippy::unwrap_used,
    reason = "this crate is the tests' own: what fails here fails the test"
)]

pub mod crash;
pub mod memory;
pub mod net;
pub mod network;
pub mod randomness;
