//! The relay of Maille.

pub mod core;
