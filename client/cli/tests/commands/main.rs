//! The real binary in temporary folders.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod ceremony;
mod changes;
mod console;
// The page is a transcript of a Unix shell.
#[cfg(unix)]
mod documentation;
#[cfg(unix)]
mod drills;
#[cfg(unix)]
mod fleet;
mod help;
#[path = "../shared/hostile.rs"]
mod hostile;
mod naughty;
#[path = "../shared/naughty.rs"]
mod naughty_strings;
mod officers;
#[cfg(unix)]
#[path = "../shared/publishing.rs"]
mod publishing;
mod renewal;
mod strangers;
#[cfg(unix)]
mod transcript;
mod unit;
