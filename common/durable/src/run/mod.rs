//! Sorted runs: the truth before the log, in the order of keys.
//!
//! A run holds the last write of every key that some contiguous batches touched. It is made of
//! sealed segments of the log, or of older runs, never of the index or of memory: what those might
//! lose can then never become the truth. It never changes; it is replaced. FORMAT.md has the bytes.
//!
//! | file | its noun |
//! |---|---|
//! | `id` | which batches a run covers, and its name |
//! | `writer`, `reader` | a run from beginning to end |
//! | `run` | a run open for reading any block |
//! | `filter`, `footer` | what stands behind the blocks |
//! | `flush` | from sealed segments to a run |
//! | `merged`, `merging`, `policy` | from several runs to one, and which |

pub(crate) mod error;
pub(crate) mod filter;
pub(crate) mod flush;
pub(crate) mod footer;
pub(crate) mod id;
pub(crate) mod merged;
pub(crate) mod merging;
pub(crate) mod policy;
pub(crate) mod reader;
#[allow(
    clippy::module_inception,
    reason = "one noun, one file; the folder is named after it"
)]
pub(crate) mod run;
pub(crate) mod writer;
