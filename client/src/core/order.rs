//! What somebody wants to send, and what came of it.

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::blob::BlobRef;
use maille_common::codec::{List, encode};
use maille_common::content::{Alert, Part, PartContent};
use maille_common::crypto::chunked::ContentKey;
use maille_common::envelope::SealFault;
use maille_common::hash::{Hash, hash};
use maille_common::identifier::AlertId;
use maille_common::label::Label;
use maille_common::roster::Designation;
use maille_common::terms::{AckRule, Kind, Status, Urgency};
use maille_common::time::{Span, Timestamp};
use maille_durable::CommitNumber;
use thiserror::Error;

use super::desk::StepError;

/// What somebody wants to send. Recipients are expanded and attachments sealed already.
#[derive(Debug, Clone)]
pub struct Order {
    /// Alert, reply, update or cancel.
    pub kind: Kind,
    /// Real, a drill, or a test.
    pub status: Status,
    /// How soon somebody has to act.
    pub urgency: Urgency,
    /// The contacts addressed. An update or cancel goes to whoever holds the alert instead.
    pub recipients: Vec<ContactAddress>,
    /// What to say.
    pub content: Alert,
    /// The sealed attachments, in the order the content names them.
    pub blobs: Vec<BlobRef>,
    /// Without an acknowledgement after this, it is overdue.
    pub ack_within: Span,
    /// After this the obligation ends as expired.
    pub expires_after: Span,
    /// Whose acknowledgement ends the obligations.
    pub ack_rule: AckRule,
    /// The alert this one is about.
    pub refers_to: Option<AlertId>,
    /// The caller's own name for it: the same reference and content give the same alert.
    pub reference: Option<String>,
}

/// What came of an order: it stands in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The alert's id for ever.
    pub id: AlertId,
    /// The same reference and content had been sent before; this is that alert.
    pub already: bool,
    /// Who can be reached now, in the order of the envelope.
    pub reach: Vec<Reach>,
    /// Who holds what an update or cancel is about, and cannot be written to any more.
    pub left_out: Vec<ContactAddress>,
    /// The promise holds when this is durable.
    pub settled: CommitNumber,
}

/// How far a recipient can be reached now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// The recipient.
    pub contact: ContactAddress,
    /// Its devices that got a wrap.
    pub addressed: Vec<DeviceId>,
    /// Its devices whose sealing keys are not known here; they follow by addendum.
    pub lacking: Vec<DeviceId>,
    /// A device got its wrap under a key that is past its time.
    pub old_key: bool,
}

impl Reach {
    /// Nothing goes to this contact until keys appear.
    pub fn is_waiting(&self) -> bool {
        self.addressed.is_empty()
    }
}

/// Why an order is not taken. Nothing was sent, and nothing stands in the outbox.
#[derive(Debug, Error)]
pub enum SendError {
    /// Nobody is addressed.
    #[error("nobody is addressed; name at least one contact")]
    NoRecipient,
    /// The sender itself is not designated.
    #[error(
        "{contact} is not designated ({designation}) and may not send; ask the network's authority"
    )]
    NotDesignated {
        /// This contact.
        contact: ContactAddress,
        /// What the roster says.
        designation: Designation,
    },
    /// A recipient is not designated.
    #[error("{contact} cannot be addressed: {designation}; look it up with `maille contacts`")]
    Recipient {
        /// The recipient.
        contact: ContactAddress,
        /// What the roster says.
        designation: Designation,
    },
    /// No rule lets this contact write to the recipient.
    #[error("no rule of the network lets {from} write to {to}; ask the authority for one")]
    NoRule {
        /// This contact.
        from: ContactAddress,
        /// The recipient.
        to: ContactAddress,
    },
    /// A rule asks for a second person, and there is one.
    #[error("writing to {to} with this urgency takes the signatures of two devices")]
    TwoPersons {
        /// The recipient whose rule it is.
        to: ContactAddress,
    },
    /// The reference stands for another content.
    #[error("the reference {reference:?} was already used for another content, as alert {alert}")]
    ReferenceReused {
        /// The reference.
        reference: String,
        /// What it stands for.
        alert: AlertId,
    },
    /// A reference is longer than 256 bytes.
    #[error("the reference has {0} bytes, and 256 are the most")]
    ReferenceTooLong(usize),
    /// A reply, update or cancel is about an alert this desk does not hold.
    #[error("alert {0} is not held here, so it cannot be referred to")]
    UnknownReference(AlertId),
    /// An update or cancel is about an alert of another contact.
    #[error("alert {alert} is by {sender}; only its sender may update or cancel it")]
    NotYours {
        /// The alert.
        alert: AlertId,
        /// Who sent it.
        sender: ContactAddress,
    },
    /// The keys that this desk signs with have ended, and those after them are not here.
    #[error(
        "the keys of this desk ended at {end}, and its organisation has others for it that are not \
         here; have it admit this desk with its present request"
    )]
    KeysEnded {
        /// When they ended.
        end: Timestamp,
    },
    /// The envelope cannot be made.
    #[error("the envelope cannot be made: {0}")]
    Seal(#[from] SealFault),
    /// The content is over its limit.
    #[error(
        "texts and payloads have {bytes} bytes together, and {limit} are the most; attach them"
    )]
    TooLarge {
        /// How many they are.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The store.
    #[error(transparent)]
    Step(#[from] StepError),
}

impl SendError {
    /// The stable code of this fault, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoRecipient => "no-recipient",
            Self::NotDesignated { .. } => "not-designated",
            Self::Recipient { .. } => "recipient-not-designated",
            Self::NoRule { .. } => "no-rule",
            Self::TwoPersons { .. } => "two-persons",
            Self::ReferenceReused { .. } => "reference-reused",
            Self::ReferenceTooLong(_) => "reference-too-long",
            Self::UnknownReference(_) => "unknown-reference",
            Self::NotYours { .. } => "not-yours",
            Self::KeysEnded { .. } => "keys-ended",
            Self::Seal(_) => "seal",
            Self::TooLarge { .. } => "too-large",
            Self::Step(error) => error.code(),
        }
    }
}

impl Order {
    /// What makes two orders the same for their reference: everything but attachments' fresh keys.
    pub(super) fn digest(&self, recipients: &[ContactAddress]) -> Hash {
        let mut content = self.content.clone();
        let parts: Vec<Part> = content.parts.iter().map(without_key).collect();
        content.parts = List::new(parts).expect("as many parts as before");
        let names: Vec<u8> = recipients.iter().flat_map(encode).collect();
        let plain = encode(&(
            self.kind,
            self.status,
            self.urgency,
            self.ack_rule,
            self.ack_within,
            self.expires_after,
            self.refers_to,
        ));
        let content = encode(&content);
        let names_len = u64::try_from(names.len()).unwrap_or(u64::MAX).to_le_bytes();
        hash(Label::REFERENCE, &[&names_len, &names, &plain, &content])
    }
}

/// A part as its reference knows it: an attachment is its plain digest, not the key it was sealed
/// with.
fn without_key(part: &Part) -> Part {
    let mut part = part.clone();
    if let PartContent::Blob(blob) = &mut part.content {
        blob.key = ContentKey::from_bytes([0; 32]);
    }
    part
}

#[cfg(test)]
mod tests {
    use maille_common::vectors::sent;

    use super::*;

    /// It is kept with the reference: another one would make every repeated order a reused one.
    #[test]
    fn the_digest_of_an_order_is_pinned() {
        let order = Order {
            kind: Kind::Alert,
            status: Status::Actual,
            urgency: Urgency::Immediate,
            recipients: Vec::new(),
            content: sent("alert"),
            blobs: Vec::new(),
            ack_within: Span::from_minutes(30),
            expires_after: Span::from_days(1),
            ack_rule: AckRule::Each,
            refers_to: Some(AlertId::from_bytes([0xa1; 32])),
            reference: Some("case 1183".to_owned()),
        };
        let recipients = ["beta/desk", "gamma/desk"].map(|to| to.parse().unwrap());
        let digest = order.digest(&recipients).to_string();
        let pinned = "fbdb642d32cbf9dacca588ea66a3167f1b8b039b149f0bc3b3ca1deb6698a72e";
        assert_eq!(digest, pinned);
    }
}
