//! Forks: two documents for one place of a chain, kept as evidence.

use std::sync::Arc;

use super::{DocumentName, SignedAnnex, SignedAuthority};
use crate::codec::{Decode, Encode};
use crate::hash::Hash;

/// Two documents that were both properly signed for the same place of a chain.
///
/// Key holders signed twice, or their keys are in other hands. Either way people have to talk, and
/// these bytes are what they talk about.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Fork {
    /// Two authority parts of one number.
    Authority {
        /// The one that is held.
        held: Arc<SignedAuthority>,
        /// The one that was refused.
        other: Arc<SignedAuthority>,
    },
    /// Two annexes of one organisation and number.
    Annex {
        /// The one that is held.
        held: Arc<SignedAnnex>,
        /// The one that was refused, or put aside by the authority's pin.
        other: Arc<SignedAnnex>,
    },
    /// A second annex where only the hash of the first is still known.
    OldAnnex {
        /// The hash of the first.
        held: Hash,
        /// The one that was refused.
        other: Arc<SignedAnnex>,
    },
}

impl Fork {
    /// The place of the chain.
    pub fn document(&self) -> DocumentName {
        match self {
            Self::Authority { other, .. } => DocumentName::Authority(other.part.number),
            Self::Annex { other, .. } | Self::OldAnnex { other, .. } => {
                DocumentName::Annex(other.annex.organisation.clone(), other.annex.number)
            }
        }
    }

    /// The hash of the document that is held.
    pub fn held_hash(&self) -> Hash {
        match self {
            Self::Authority { held, .. } => held.hash(),
            Self::Annex { held, .. } => held.hash(),
            Self::OldAnnex { held, .. } => *held,
        }
    }

    /// The hash of the document that was refused.
    pub fn other_hash(&self) -> Hash {
        match self {
            Self::Authority { other, .. } => other.hash(),
            Self::Annex { other, .. } | Self::OldAnnex { other, .. } => other.hash(),
        }
    }
}
