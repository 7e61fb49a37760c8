//! The archive: a device writes what it holds of each alert to a key that lies elsewhere, offline,
//! and can read none of it afterwards.
//!
//! ```text
//! export ──seal(place, public key)──▶ record ──parse──▶ ArchiveRecord ──open(secret key)──▶ export
//!                                             Follower: is it the one behind the last?
//! ```
//!
//! A record is one [export](crate::export) with its content revealed, sealed by HPKE to the archive
//! key. Its *place*, which key, chain and number, and the hash of the record before, is bound by
//! the seal: whoever has no record's content cannot put it elsewhere, so a record that was taken
//! out or exchanged breaks the chain behind it for good.
//!
//! # What it does not prove
//!
//! - **That the end is the end.** Records cut off at the end of a chain leave a shorter one that is
//!   whole. The device knows number and hash of its newest record, and says them.
//! - **Who wrote a record.** Anybody can seal to a public key. The export inside is signed by its
//!   device, and proves itself from the anchor.

mod follower;
mod record;

pub use follower::{ChainFault, Follower};
pub use record::{ArchiveFault, ArchivePlace, ArchiveRecord, ChainId, MAGIC};
