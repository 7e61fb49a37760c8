//! PROTOCOL.md, proven from outside: every check violated once, every format pinned.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_imports,
    reason = "all of this crate is tests: what fails here fails one, and all know one world"
)]

mod addenda;
mod envelope;
mod evidence;
mod export;
mod largest;
mod limits;
mod notes;
mod obligation;
mod opening;
mod reconciliation;
mod swaps;
mod types;
mod vectors;
mod wire;
mod world;
