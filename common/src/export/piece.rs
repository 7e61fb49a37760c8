//! A piece of an export: one thing that somebody signed, or that opens what somebody signed.

use crate::codec::{Bytes, Decode, Encode, Text};
use crate::crypto::chunked::ContentKey;
use crate::envelope::SignedEnvelope;
use crate::evidence::{SealedNote, SignedAccepted, SignedExpiry, SignedNotice, SignedReceipt};
use crate::hash::Hash;
use crate::limits;
use crate::roster::{RosterHeads, SignedAnnex, SignedAuthority, SignedSuspension};

/// One piece, not believed yet. The pieces of a file are a set: they ascend by their bytes.
#[derive(Debug, Encode, Decode)]
pub enum Piece {
    /// A part of the authority's chain.
    Authority(SignedAuthority),
    /// An annex.
    Annex(SignedAnnex),
    /// A suspension.
    Suspension(SignedSuspension),
    /// The heads of a roster that some other piece names, and is judged by.
    Roster(RosterHeads),
    /// The alert, an addendum to it, or a cancel of it.
    Envelope(Box<SignedEnvelope>),
    /// What a relay answered.
    Accepted(SignedAccepted),
    /// What a device did, with the note beside it where that is held.
    Receipt {
        /// The receipt.
        receipt: SignedReceipt,
        /// The note, sealed.
        note: Option<SealedNote>,
    },
    /// What a relay told.
    Notice(SignedNotice),
    /// What the sender's clock ended.
    Expiry(SignedExpiry),
    /// Revealed: what the alert says.
    Content {
        /// Opens the body.
        key: ContentKey,
        /// The sealed body.
        body: Bytes<{ limits::BODY_BYTES_MAX }>,
    },
    /// Revealed: who the officer of a receipt was.
    Officer {
        /// The receipt.
        receipt: Hash,
        /// Opens its officer hash.
        salt: [u8; 16],
        /// The name.
        name: Text<128>,
    },
}

impl Piece {
    /// The roster that the piece says it was written under.
    pub fn roster(&self) -> Option<Hash> {
        match self {
            Self::Envelope(envelope) => Some(envelope.core().roster),
            Self::Accepted(accepted) => Some(accepted.statement.roster),
            Self::Receipt { receipt, .. } => Some(receipt.statement.roster),
            Self::Notice(notice) => Some(notice.statement.roster),
            Self::Expiry(expiry) => Some(expiry.statement.roster),
            Self::Authority(_)
            | Self::Annex(_)
            | Self::Suspension(_)
            | Self::Roster(_)
            | Self::Content { .. }
            | Self::Officer { .. } => None,
        }
    }
}
