//! Why a document does not enter a roster.

use std::fmt;

use thiserror::Error;

use super::fork::Fork;
use super::signatures::{SignatureFault, ThresholdFault};
use super::{SUSPENSIONS_MAX, Subject};
use crate::address::{ContactAddress, DeviceId, Name};
use crate::crypto::ed25519::VerifyingKey;
use crate::pattern::PatternError;

/// A document of the roster, as it is called in sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentName {
    /// The anchor.
    Anchor,
    /// An authority part, by number.
    Authority(u64),
    /// An annex, by organisation and number.
    Annex(Name, u64),
    /// A suspension, by subject.
    Suspension(Subject),
}

impl fmt::Display for DocumentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anchor => write!(f, "the anchor"),
            Self::Authority(number) => write!(f, "authority part {number}"),
            Self::Annex(organisation, number) => write!(f, "annex {number} of `{organisation}`"),
            Self::Suspension(subject) => write!(f, "the suspension of {subject}"),
        }
    }
}

/// Why a set of documents was refused. Nothing of the set was applied.
///
/// Each variant belongs to one check of PROTOCOL section 3, which [`check`](Self::check) names.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RosterError {
    /// R1: a document of another network.
    #[error(
        "Refused {document}: it belongs to the network `{found}`, and this is `{expected}`. Check \
         which anchor this program was given."
    )]
    Network {
        /// The document.
        document: DocumentName,
        /// The network it names.
        found: String,
        /// The network of the anchor.
        expected: String,
    },
    /// R1: a critical extension this version does not know.
    #[error(
        "Refused {document}: it has the critical extension {number}, which this version does not \
         know. Install a newer version."
    )]
    CriticalExtension {
        /// The document.
        document: DocumentName,
        /// The number of the extension.
        number: u32,
    },
    /// R1: a list has two items for one name or key.
    #[error("Refused {document}: {what} stands there twice. Its authors have to correct it.")]
    Repeated {
        /// The document.
        document: DocumentName,
        /// What is repeated.
        what: String,
    },
    /// R1: a value outside its bounds.
    #[error("Refused {document}: {what}. Its authors have to correct it.")]
    Bounds {
        /// The document.
        document: DocumentName,
        /// The value and its bounds.
        what: String,
    },
    /// R1: more suspensions would be in force than a roster may have.
    #[error(
        "Refused {document}: {} suspensions would be in force. Lift those that are settled first.",
        SUSPENSIONS_MAX + 1
    )]
    TooManySuspensions {
        /// The suspension that is one too many.
        document: DocumentName,
    },
    /// R2: there is no part 1, without which nothing can be checked.
    #[error("Part 1 of the authority's chain is missing. Ask for the whole chain.")]
    NoFirstPart,
    /// R2: part 1 names a part before it.
    #[error("Refused authority part 1: it names a part before it. Its authors have to correct it.")]
    FirstPartPrevious,
    /// R2: the anchor's keys did not sign part 1.
    #[error(
        "Refused authority part 1: by the anchor, {fault}. Compare the anchor's keys with those \
         who handed it over."
    )]
    FirstPartSignatures {
        /// What is wrong.
        fault: SignatureFault,
    },
    /// R3: parts are missing in between.
    #[error(
        "Refused authority part {number}: part {} comes before it and is missing. Ask for all \
         parts after {have}.",
        have + 1
    )]
    Gap {
        /// The number of the part.
        number: u64,
        /// The newest part that is held.
        have: u64,
    },
    /// R3: the part does not follow from the one before.
    #[error(
        "Refused authority part {number}: it does not follow from part {}. Ask its authors which \
         part they built on.",
        number.saturating_sub(1)
    )]
    Previous {
        /// The number of the part.
        number: u64,
    },
    /// R3: the keys of the part before did not sign it.
    #[error(
        "Refused authority part {number}: by part {}, {fault}. Ask the key holders.",
        number.saturating_sub(1)
    )]
    Signatures {
        /// The number of the part.
        number: u64,
        /// What is wrong.
        fault: SignatureFault,
    },
    /// R4: a threshold that cannot be met, or asks for nothing.
    #[error("Refused {document}: {fault}. Its authors have to correct it.")]
    Threshold {
        /// The document.
        document: DocumentName,
        /// What is wrong.
        fault: ThresholdFault,
    },
    /// R4: one organisation holds two keys of the authority.
    #[error(
        "Refused authority part {number}: `{organisation}` holds two of the authority's keys, and \
         each has to be with another organisation."
    )]
    TwoKeysOfOne {
        /// The number of the part.
        number: u64,
        /// The organisation.
        organisation: Name,
    },
    /// R4: an observer holds a key of the authority.
    #[error(
        "Refused authority part {number}: `{organisation}` is an observer and holds one of the \
         authority's keys."
    )]
    ObserverKey {
        /// The number of the part.
        number: u64,
        /// The observer.
        organisation: Name,
    },
    /// R5: a name is used and not defined.
    #[error("Refused authority part {number}: {place} names `{name}`, which is not defined there.")]
    Undefined {
        /// The number of the part.
        number: u64,
        /// Where the name stands.
        place: String,
        /// The name.
        name: String,
    },
    /// R5: a list or rule does not parse.
    #[error("Refused authority part {number}, in {place}. {source}")]
    Selector {
        /// The number of the part.
        number: u64,
        /// The list or rule.
        place: String,
        /// What is wrong.
        source: PatternError,
    },
    /// R5: the deadlines are not one per urgency, in order.
    #[error(
        "Refused authority part {number}: its defaults are not one for each urgency, in order."
    )]
    Defaults {
        /// The number of the part.
        number: u64,
    },
    /// R5: two documents for one place of a chain. Both are kept as evidence.
    #[error(
        "{} exists in two versions, both properly signed: {} is held, and {} was offered and \
         refused. Both are kept as evidence. Telephone the key holders.",
        .0.document(), .0.held_hash().short(), .0.other_hash().short()
    )]
    Fork(Box<Fork>),
    /// R6: a pin went back.
    #[error(
        "Refused authority part {number}: it takes the pin of `{organisation}` back from annex \
         {from}. Its authors have to correct it."
    )]
    PinLowered {
        /// The number of the part.
        number: u64,
        /// The organisation.
        organisation: Name,
        /// The annex pinned before.
        from: u64,
    },
    /// R7: an annex of an organisation that is not in the authority part in force.
    #[error(
        "Refused annex {number} of `{organisation}`: authority part {part} has no such \
         organisation. Ask for newer parts, if there are any."
    )]
    UnknownOrganisation {
        /// The organisation.
        organisation: Name,
        /// The number of the annex.
        number: u64,
        /// The authority part in force.
        part: u64,
    },
    /// R7: the annex that the new authority part pins is missing.
    #[error(
        "Refused authority part {part}: annex {number} of `{organisation}`, which it pins, is not \
         held and did not come with it. Ask for it, and apply both together."
    )]
    PinMissing {
        /// The organisation.
        organisation: Name,
        /// The number of the pinned annex.
        number: u64,
        /// The authority part.
        part: u64,
    },
    /// R7: annexes are missing in between.
    #[error(
        "Refused annex {number} of `{organisation}`: annex {next} is missing before it. Ask for \
         all annexes from there."
    )]
    AnnexGap {
        /// The organisation.
        organisation: Name,
        /// The number of the annex.
        number: u64,
        /// The first one that is missing.
        next: u64,
    },
    /// R7: the annex does not follow from the one before.
    #[error(
        "Refused annex {number} of `{organisation}`: it does not follow from annex {}. Ask its \
         authors which annex they built on.",
        number.saturating_sub(1)
    )]
    AnnexPrevious {
        /// The organisation.
        organisation: Name,
        /// The number of the annex.
        number: u64,
    },
    /// R7: the organisation's keys did not sign it.
    #[error(
        "Refused annex {number} of `{organisation}`: by authority part {part}, {fault}. Ask \
         `{organisation}` for an annex signed by its keys in force."
    )]
    AnnexSignatures {
        /// The organisation.
        organisation: Name,
        /// The number of the annex.
        number: u64,
        /// The authority part in force.
        part: u64,
        /// What is wrong.
        fault: SignatureFault,
    },
    /// R7: an annex older than the pin that cannot be linked to it.
    #[error(
        "Refused annex {number} of `{organisation}`: it is older than annex {pin}, which the \
         authority pinned, and nothing links the two. It is not needed."
    )]
    AnnexOlder {
        /// The organisation.
        organisation: Name,
        /// The number of the annex.
        number: u64,
        /// The oldest annex that is held.
        pin: u64,
    },
    /// R8: a contact under another organisation's name.
    #[error(
        "Refused {document}: it has the contact `{contact}`, which does not begin with the \
         organisation's name."
    )]
    ForeignContact {
        /// The annex.
        document: DocumentName,
        /// The contact.
        contact: ContactAddress,
    },
    /// R8: a device stands twice in an annex.
    #[error("Refused {document}: it has the device {device} twice. Remove one.")]
    RepeatedDevice {
        /// The annex.
        document: DocumentName,
        /// The device.
        device: DeviceId,
    },
    /// R8: a key of a device or relay stands twice in a document.
    #[error(
        "Refused {document}: it has the key {} twice, and each key has one place and one purpose. \
         Ask the device or relay for new keys.", key.short()
    )]
    RepeatedKey {
        /// The document.
        document: DocumentName,
        /// The key.
        key: VerifyingKey,
    },
    /// R9: a suspension by a key that may not suspend this subject.
    #[error(
        "Refused the suspension of {subject}: the key {} is neither of the authority nor, for a \
         contact or device, of its organisation.", key.short()
    )]
    SuspensionKey {
        /// The subject.
        subject: Subject,
        /// The key.
        key: VerifyingKey,
    },
    /// R9: the signature of a suspension does not verify.
    #[error(
        "Refused the suspension of {subject}: the signature by the key {} does not verify. Ask for \
         it again.", key.short()
    )]
    SuspensionSignature {
        /// The subject.
        subject: Subject,
        /// The key.
        key: VerifyingKey,
    },
}

impl RosterError {
    /// The number of the check in PROTOCOL section 3, `R1` to `R9`.
    pub const fn check(&self) -> &'static str {
        match self {
            Self::Network { .. }
            | Self::CriticalExtension { .. }
            | Self::Repeated { .. }
            | Self::Bounds { .. }
            | Self::TooManySuspensions { .. } => "R1",
            Self::NoFirstPart | Self::FirstPartPrevious | Self::FirstPartSignatures { .. } => "R2",
            Self::Gap { .. } | Self::Previous { .. } | Self::Signatures { .. } => "R3",
            Self::Threshold { .. } | Self::TwoKeysOfOne { .. } | Self::ObserverKey { .. } => "R4",
            Self::Undefined { .. }
            | Self::Selector { .. }
            | Self::Defaults { .. }
            | Self::Fork(_) => "R5",
            Self::PinLowered { .. } => "R6",
            Self::UnknownOrganisation { .. }
            | Self::PinMissing { .. }
            | Self::AnnexGap { .. }
            | Self::AnnexPrevious { .. }
            | Self::AnnexSignatures { .. }
            | Self::AnnexOlder { .. } => "R7",
            Self::ForeignContact { .. }
            | Self::RepeatedDevice { .. }
            | Self::RepeatedKey { .. } => "R8",
            Self::SuspensionKey { .. } | Self::SuspensionSignature { .. } => "R9",
        }
    }

    /// Whether the set may be good together with documents that did not come with it.
    ///
    /// Whoever sent it is not blamed: keep it, ask for the rest, and apply both joined.
    pub const fn is_incomplete(&self) -> bool {
        matches!(
            self,
            Self::NoFirstPart
                | Self::Gap { .. }
                | Self::PinMissing { .. }
                | Self::AnnexGap { .. }
                | Self::UnknownOrganisation { .. }
        )
    }
}
