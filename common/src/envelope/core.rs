//! The core: what an envelope says about itself to everybody who may see it.

use thiserror::Error;

use crate::address::{ContactAddress, DeviceId};
use crate::check::Check;
use crate::codec::{Decode, Encode, SortedList};
use crate::hash::Hash;
use crate::identifier::AlertId;
use crate::limits;
use crate::terms::{AckRule, Kind, Status, Urgency};
use crate::time::{Span, Timestamp};

/// The plain part of an envelope, readable by the relay.
///
/// Its hash enters the derivation of the body's key and of every wrap, so nothing sealed under one
/// core can be shown under another.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Core {
    /// Format version, 1.
    pub version: u16,
    /// What the envelope does.
    pub kind: Kind,
    /// Real, a drill, or a test.
    pub status: Status,
    /// The contact that sends.
    pub sender: ContactAddress,
    /// The device that signs first.
    pub device: DeviceId,
    /// Hash of the roster the sender used.
    pub roster: Hash,
    /// The sender's clock when it committed the envelope to its outbox.
    pub created: Timestamp,
    /// Without an acknowledgement after this, deputies are called.
    pub ack_within: Span,
    /// After this the obligation ends as expired; the mail is still delivered late.
    pub expires_after: Span,
    /// Whose acknowledgement ends the obligations.
    pub ack_rule: AckRule,
    /// How soon somebody has to act.
    pub urgency: Urgency,
    /// The contacts addressed; each gets an obligation of its own.
    pub recipients: SortedList<ContactAddress, { limits::RECIPIENTS_MAX }>,
    /// The alert this one is about, all zero for none. See [`Core::refers_to`].
    pub reference: AlertId,
}

/// Why a core is refused (PROTOCOL E3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CoreFault {
    /// A version other than 1.
    #[error("the envelope has version {0}, and this program reads version 1")]
    Version(u16),
    /// A kind that stands alone refers to an alert, or another kind refers to none.
    #[error("an envelope of kind {0} has a reference where none may be, or none where one must be")]
    Reference(Kind),
    /// A deadline is outside the limits, or the acknowledgement is due after the expiry.
    #[error("the deadlines are not between one second and 90 days, acknowledgement before expiry")]
    Deadline,
    /// Nobody is addressed.
    #[error("the envelope addresses no contact")]
    NoRecipient,
}

impl Core {
    /// The one version of the format.
    pub const VERSION: u16 = 1;

    /// The alert this one is about: none for an alert, a heartbeat and a reconciliation.
    pub fn refers_to(&self) -> Option<AlertId> {
        (self.reference != AlertId::NONE).then_some(self.reference)
    }

    /// Checks what the codec cannot (PROTOCOL E3).
    pub fn check(&self) -> Result<(), CoreFault> {
        if Check::W3.refuses(self.version != Self::VERSION) {
            return Err(CoreFault::Version(self.version));
        }
        let stands_alone = self.kind == Kind::Alert || !self.kind.carries_obligation();
        if Check::E3.refuses(stands_alone == self.refers_to().is_some()) {
            return Err(CoreFault::Reference(self.kind));
        }
        let within = |span: Span| limits::SPAN_MS.contains(&span.ms());
        let in_order = self.ack_within <= self.expires_after;
        if Check::E3.refuses(!within(self.ack_within) || !within(self.expires_after) || !in_order) {
            return Err(CoreFault::Deadline);
        }
        if Check::E3.refuses(self.recipients.is_empty()) {
            return Err(CoreFault::NoRecipient);
        }
        Ok(())
    }

    /// The recipient at an entry's index.
    pub fn recipient(&self, index: u16) -> Option<&ContactAddress> {
        self.recipients.get(usize::from(index))
    }

    /// The index of a recipient, as entries name it.
    pub fn recipient_index(&self, contact: &ContactAddress) -> Option<u16> {
        self.recipients
            .binary_search(contact)
            .ok()
            .and_then(|index| u16::try_from(index).ok())
    }

    /// When an obligation of this envelope is overdue, counted from `start`.
    pub fn ack_due(&self, start: Timestamp) -> Timestamp {
        start + self.ack_within
    }

    /// When an obligation of this envelope expires, counted from `start`.
    pub fn expiry(&self, start: Timestamp) -> Timestamp {
        start + self.expires_after
    }
}
