//! What relay and device say to each other (PROTOCOL section 8).
//!
//! One request a stream; each has its own limit, which is known from its first four bytes.

mod answer;
mod push;
mod refusal;
mod request;

pub use answer::{Answer, BlobStanding, HelloAnswer};
pub use push::Push;
pub use refusal::{Refusal, RefusalCode};
pub use request::{Hello, PostReceipt, Request, RequestHead, Seen};

use crate::limits;

/// The protocol's name in the TLS handshake.
pub const ALPN: &[u8] = b"maille/1";

/// The largest answer a device reads, in bytes.
pub const ANSWER_BYTES_MAX: usize = limits::FRAME_ROSTER_BYTES_MAX;
/// The largest push a device reads, in bytes: a delivery, with every entry of 84 bytes where it is
/// a copy for the sender's contact.
pub const PUSH_BYTES_MAX: usize =
    limits::BODY_BYTES_MAX + 2 * limits::FRAME_SMALL_BYTES_MAX + 84 * limits::ENTRIES_MAX;
