//! The rules of the house that the compiler does not know, proved over the sources themselves.
//!
//! `docs/architecture.md` states the rules, and names the test that keeps each. A test collects
//! every fault before it fails, so that one run shows all of them.

mod documents;
mod faults;
mod form;
mod manifests;
mod protocol;
mod repository;
mod rooms;
mod rust_source;
mod sentences;
mod threats;
mod words;
