//! What a device receives, before anything about it is believed.

use thiserror::Error;

use crate::address::ContactAddress;
use crate::check::Check;
use crate::codec::{Bytes, Decode, DecodeError, Encode, Exact, List};
use crate::envelope::{Core, CoreFault, Entry, EntryProof, Env, Signatures, body_hash};
use crate::identifier::AlertId;
use crate::limits;
use crate::terms::Kind;

/// The signed part of the alert that an addendum extends.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Original {
    /// The original's env.
    pub env: Exact<Env, { limits::ENV_BYTES_MAX }>,
    /// The original's signatures.
    pub signatures: Signatures,
}

/// One device's share of an envelope, as a relay hands it over.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Delivery {
    /// The env.
    pub env: Exact<Env, { limits::ENV_BYTES_MAX }>,
    /// Its signatures.
    pub signatures: Signatures,
    /// Where the entry stands in the tree.
    pub proof: EntryProof,
    /// The device's entry.
    pub entry: Entry,
    /// The device's wrap.
    pub wrap: [u8; limits::WRAP_BYTES],
    /// For a copy `own`: every entry of the envelope. Whoever stands in for the sending device
    /// knows by them who was given it. Otherwise none.
    pub entries: List<Entry, { limits::ENTRIES_MAX }>,
    /// For an addendum: what it extends.
    pub original: Option<Original>,
    /// The sealed body; for an addendum the original's.
    pub body: Bytes<{ limits::BODY_BYTES_MAX }>,
}

/// A delivery of the right form, not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedEnvelope {
    id: AlertId,
    delivery: Delivery,
}

/// Why received bytes are not an envelope. Nothing proves who wrote them, so no answer goes to the
/// sender: it is an incident.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FormFault {
    /// The bytes are not a delivery (PROTOCOL E1).
    #[error("the delivery is malformed: {0}")]
    Malformed(#[from] DecodeError),
    /// The core breaks a rule (PROTOCOL E3).
    #[error(transparent)]
    Core(#[from] CoreFault),
    /// An addendum without its original, or an original with another kind.
    #[error("an addendum carries the alert it extends, and nothing else does")]
    Original,
    /// The original beside an addendum is not the alert its core names.
    #[error("the addendum names another alert than the one it carries")]
    OtherOriginal,
    /// An addendum brings a body or attachments of its own.
    #[error("an addendum has a body or attachments of its own")]
    AddendumBody,
}

impl SealedEnvelope {
    /// Parses a delivery (PROTOCOL E1 to E3).
    pub fn parse(bytes: &[u8]) -> Result<Self, FormFault> {
        Self::new(crate::codec::decode(bytes)?)
    }

    /// Takes a parsed delivery (PROTOCOL E2, E3).
    pub fn new(delivery: Delivery) -> Result<Self, FormFault> {
        delivery.env.core.check()?;
        check_original(&delivery.env, delivery.original.as_ref())?;
        let id = Env::id(delivery.env.bytes());
        Ok(Self { id, delivery })
    }

    /// The id of this envelope; for an addendum its own, not the original's.
    pub fn id(&self) -> AlertId {
        self.id
    }

    /// What the envelope claims about itself.
    pub fn core(&self) -> &Core {
        &self.delivery.env.core
    }

    /// Who it claims to be from.
    pub fn sender(&self) -> &ContactAddress {
        &self.core().sender
    }

    /// What was received.
    pub fn delivery(&self) -> &Delivery {
        &self.delivery
    }

    /// Gives back what was received.
    pub fn into_delivery(self) -> Delivery {
        self.delivery
    }
}

/// An addendum comes with the alert it names, and only an addendum does.
pub(super) fn check_original(env: &Env, original: Option<&Original>) -> Result<(), FormFault> {
    let core: &Core = &env.core;
    match (core.kind, original) {
        (Kind::Addendum, Some(original)) => {
            original.env.core.check()?;
            let extends = Env::id(original.env.bytes());
            let kind = original.env.core.kind;
            let carries = kind.carries_obligation() && kind != Kind::Addendum;
            if Check::E3.refuses(!carries || core.refers_to() != Some(extends)) {
                return Err(FormFault::OtherOriginal);
            }
            let own = env.body_length != 0 || env.body_hash != body_hash(&[]);
            if Check::E3.refuses(own || !env.blobs.is_empty()) {
                return Err(FormFault::AddendumBody);
            }
            Ok(())
        }
        (Kind::Addendum, None) | (_, Some(_)) => Check::E3.found(Err(FormFault::Original)),
        (_, None) => Ok(()),
    }
}
