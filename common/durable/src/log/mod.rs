//! The log: the truth.
//!
//! Segments hold frames, frames hold batches, batches hold operations; [`reader`] tells a torn end
//! from damage and [`writer`] is the only one who adds. Nothing here knows the index. FORMAT.md
//! has the bytes.

pub(crate) mod frame;
pub(crate) mod ops;
pub(crate) mod reader;
pub(crate) mod segment;
pub(crate) mod writer;
