//! The store on disk, seen from outside: one binary, one world.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod backup;
mod damage;
mod erased;
mod format;
mod group_commit;
mod inspect;
mod model;
mod previous;
mod queue;
mod reopen;
mod snapshot;
mod version_1;
mod world;
