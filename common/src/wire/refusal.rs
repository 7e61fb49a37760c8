//! Why a request was not answered: coarse on purpose, the details stay in the relay's log.

use crate::codec::{Decode, Encode, coded_enum};
use crate::time::Span;

coded_enum! {
    /// What went wrong, in a number a machine can rely on.
    pub enum RefusalCode: u8 {
        /// The bytes are not a request.
        Malformed = 1 => "malformed",
        /// The request is over its limit.
        TooLarge = 2 => "too-large",
        /// No such request.
        UnknownRequest = 3 => "unknown-request",
        /// No common version.
        Version = 4 => "version",
        /// Hello must come first.
        HelloFirst = 5 => "hello-first",
        /// The device is not designated.
        NotDesignated = 6 => "not-designated",
        /// No rule allows it.
        NoRule = 7 => "no-rule",
        /// A signature does not hold.
        Signature = 8 => "signature",
        /// A hash does not match.
        Hash = 9 => "hash",
        /// The entries are not those that were signed.
        Entries = 10 => "entries",
        /// The envelope or receipt is another contact's.
        NotYourContact = 11 => "not-your-contact",
        /// The relay does not hold the alert.
        UnknownAlert = 12 => "unknown-alert",
        /// The relay does not hold the attachment, or not whole.
        BlobMissing = 13 => "blob-missing",
        /// Too much is waiting already.
        Quota = 14 => "quota",
        /// Too much at once.
        Busy = 15 => "busy",
        /// The relay's disk is at its low-water mark.
        DiskLow = 16 => "disk-low",
        /// The relay's store failed.
        StoreFailed = 17 => "store-failed",
        /// The roster documents do not verify.
        RosterRefused = 18 => "roster-refused",
        /// The roster documents contradict those the relay holds.
        RosterFork = 19 => "roster-fork",
        /// The device is not addressed by the alert.
        NotAddressed = 20 => "not-addressed",
        /// The relay holds a newer bundle.
        BundleOlder = 21 => "bundle-older",
        /// The relay does not know this roster hash.
        UnknownRoster = 22 => "unknown-roster",
        /// One number with two contents.
        Conflict = 23 => "conflict",
    }
}

/// A refused request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Refusal {
    /// Why.
    pub code: RefusalCode,
    /// When trying again may help; zero: not as things are.
    pub retry_after: Span,
}

impl Refusal {
    /// A refusal that trying again does not change.
    pub fn permanent(code: RefusalCode) -> Self {
        Self {
            code,
            retry_after: Span::ZERO,
        }
    }

    /// A refusal that may pass.
    pub fn retry(code: RefusalCode, retry_after: Span) -> Self {
        Self { code, retry_after }
    }
}
