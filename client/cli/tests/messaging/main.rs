//! Alerts between two desks: the real binary, a real relay in this process.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod agent;
mod alerts;
mod desk;
mod duty;
mod export;
mod joining;
mod parts;
mod reconcile;
mod refused;
mod shifts;
mod unsent;
mod world;
