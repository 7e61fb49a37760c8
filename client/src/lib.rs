//! The client library of Maille.

pub mod core;
