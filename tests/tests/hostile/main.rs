//! A relay, a contact, a deputy, a device and a network that do everything they can.
//!
//! `docs/threat-model.md` lists the attacks, each with the check that stops it and its test. They
//! go through bytes: what honest code never makes is made in `maille_tests::hostile`, and each
//! test says which check refuses it.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

mod bits;
mod collision;
mod swaps;
