//! What a relay answers.

use crate::blob::Manifest;
use crate::codec::{Bytes, Decode, Encode, List};
use crate::evidence::{SignedAccepted, SignedRelayTime};
use crate::identifier::Epoch;
use crate::limits;
use crate::roster::{RosterDocuments, RosterHeads};
use crate::sealing::SignedBundle;
use crate::wire::Refusal;

/// One answer; the variant's number in PROTOCOL section 8 is its place here.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Answer {
    /// 0: not done.
    Refused(Refusal),
    /// 1: to a hello.
    Hello(Box<HelloAnswer>),
    /// 2: to a submission, one per recipient.
    Accepted(List<SignedAccepted, { limits::RECIPIENTS_MAX }>),
    /// 3: done, durably where durability is the point.
    Done,
    /// 4: sealing keys.
    Bundles(List<SignedBundle, 256>),
    /// 5: roster documents.
    Roster(Box<RosterDocuments>),
    /// 6: the heads of a roster.
    Heads(RosterHeads),
    /// 7: what of an attachment is still missing.
    BlobStanding(BlobStanding),
    /// 8: an attachment's pieces.
    Manifest(Manifest),
    /// 9: one piece.
    Piece(Bytes<{ limits::PIECE_BYTES }>),
}

/// The answer to a hello.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct HelloAnswer {
    /// The version both will speak.
    pub version: u16,
    /// The relay's signed clock, incarnation and challenge.
    pub time: SignedRelayTime,
    /// The relay's roster.
    pub roster: RosterHeads,
    /// The highest mailbox number given to this device in this incarnation.
    pub mailbox: u64,
    /// The highest number of an Accepted given to this device in this incarnation.
    pub accepted: u64,
    /// The highest epoch of this device the relay has seen.
    pub epoch: Epoch,
    /// How many receipts of this device's present epoch the relay has taken.
    pub receipts: u64,
}

/// The pieces of an attachment the relay lacks.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct BlobStanding {
    /// Ranges of piece numbers, both ends included, ascending; none: it is whole and durable.
    pub missing: List<(u32, u32), 1024>,
}
