//! What a device asks of a relay.

use crate::address::{ContactAddress, DeviceId};
use crate::blob::{BlobId, Manifest};
use crate::check::Check;
use crate::codec::{Bytes, Decode, Encode, List};
use crate::envelope::Submission;
use crate::evidence::{SealedNote, SignedReceipt};
use crate::hash::Hash;
use crate::identifier::{AlertId, Epoch, Incarnation};
use crate::limits;
use crate::roster::{RosterDocuments, RosterHeads};
use crate::sealing::SignedBundle;
use crate::wire::RefusalCode;

/// One request; the variant's number in PROTOCOL section 8 is its place here.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Request {
    /// 0: opens a connection.
    Hello(Hello),
    /// 1: hands over an envelope.
    Submit(Box<Submission>),
    /// 2: answers an alert.
    Receipt(Box<PostReceipt>),
    /// 3: confirms receipts and notices of the mailbox.
    Confirm {
        /// The incarnation the numbers belong to.
        incarnation: Incarnation,
        /// Mailbox numbers.
        numbers: List<u64, 1024>,
    },
    /// 4: publishes sealing keys.
    PublishBundle(Box<SignedBundle>),
    /// 5: asks for the sealing keys of contacts.
    FetchBundles {
        /// The contacts.
        contacts: List<ContactAddress, 64>,
    },
    /// 6: asks for what the relay's roster has beyond these heads.
    FetchRoster {
        /// What the device has.
        have: RosterHeads,
    },
    /// 7: hands over what the relay lacks.
    OfferRoster(Box<RosterDocuments>),
    /// 8: asks which roster has this hash.
    FetchHeads {
        /// The roster hash.
        roster: Hash,
    },
    /// 9: announces an attachment.
    OfferBlob(Manifest),
    /// 10: hands over one piece.
    PutPiece {
        /// The attachment.
        blob: BlobId,
        /// Which piece.
        index: u32,
        /// Its bytes.
        bytes: Bytes<{ limits::PIECE_BYTES }>,
    },
    /// 11: asks for an attachment's pieces.
    FetchManifest {
        /// An alert that names it and addresses the device.
        alert: AlertId,
        /// The attachment.
        blob: BlobId,
    },
    /// 12: asks for one piece.
    FetchPiece {
        /// An alert that names it and addresses the device.
        alert: AlertId,
        /// The attachment.
        blob: BlobId,
        /// Which piece.
        index: u32,
    },
}

/// The first request of a connection (PROTOCOL W1).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Hello {
    /// The versions the device speaks.
    pub versions: List<u16, 8>,
    /// The device.
    pub device: DeviceId,
    /// The roster it uses.
    pub roster: Hash,
    /// The life of its store.
    pub epoch: Epoch,
    /// Fresh random bytes for the relay's signed time.
    pub challenge: [u8; 16],
    /// The highest it holds of this relay, if it ever spoke with it.
    pub seen: Option<Seen>,
}

/// The highest a device holds of one incarnation of a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Seen {
    /// The incarnation.
    pub incarnation: Incarnation,
    /// The highest mailbox number received.
    pub mailbox: u64,
    /// The highest number of an Accepted received.
    pub accepted: u64,
}

/// A receipt on its way to a sender.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PostReceipt {
    /// The receipt.
    pub receipt: SignedReceipt,
    /// The note whose hash it holds.
    pub note: Option<SealedNote>,
    /// The contact that sent the alert.
    pub to: ContactAddress,
}

/// The kind of a request, known before its body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestHead(u32);

impl RequestHead {
    /// Bytes of a request that tell its kind.
    pub const LEN: usize = 4;
    const KINDS: u32 = 13;

    /// Reads the kind (PROTOCOL W2).
    pub fn parse(bytes: [u8; Self::LEN]) -> Result<Self, RefusalCode> {
        match u32::from_le_bytes(bytes) {
            kind if Check::W2.holds(kind < Self::KINDS) => Ok(Self(kind)),
            _ => Err(RefusalCode::UnknownRequest),
        }
    }

    /// The most bytes that are answered to such a request.
    pub fn answer_bytes_max(self) -> usize {
        match self.0 {
            5 | 6 => super::ANSWER_BYTES_MAX,
            11 => limits::FRAME_MANIFEST_BYTES_MAX,
            12 => limits::FRAME_PIECE_BYTES_MAX,
            _ => limits::FRAME_SMALL_BYTES_MAX,
        }
    }

    /// The most bytes such a request may have, this head included.
    pub fn bytes_max(self) -> usize {
        match self.0 {
            1 => limits::FRAME_SUBMIT_BYTES_MAX,
            2 => limits::FRAME_RECEIPT_BYTES_MAX,
            7 => limits::FRAME_ROSTER_BYTES_MAX,
            9 => limits::FRAME_MANIFEST_BYTES_MAX,
            10 => limits::FRAME_PIECE_BYTES_MAX,
            _ => limits::FRAME_SMALL_BYTES_MAX,
        }
    }
}
