//! Alerts between two desks: the real binary, a real relay in this process.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod agent;
mod alerts;
mod archives;
mod crowd;
mod desk;
mod drills;
mod duty;
mod excluded;
mod export;
mod hooks;
#[path = "../shared/hostile.rs"]
mod hostile;
mod joining;
mod kinds;
mod naughty;
mod naughty_rosters;
#[path = "../shared/naughty.rs"]
mod naughty_strings;
mod parts;
#[path = "../shared/publishing.rs"]
mod publishing;
mod receiver;
mod reconcile;
mod refused;
mod service;
mod shifts;
mod stolen;
mod strangers;
mod told;
mod unsent;
mod webhooks;
mod wiped;
mod world;
