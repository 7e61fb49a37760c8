//! PROTOCOL.md, proven from outside: every check violated once, every format pinned.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_imports,
    reason = "all of this crate is tests: what fails here fails the test, and all speak of one world"
)]

mod addenda;
mod envelope;
mod evidence;
mod largest;
mod limits;
mod obligation;
mod swaps;
mod types;
mod vectors;
mod wire;
mod world;
