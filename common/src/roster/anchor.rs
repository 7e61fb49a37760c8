//! Where trust in a network begins.

use super::error::RosterError;
use super::signatures::{Signers, check_threshold};
use super::{DocumentName, Version};
use crate::codec::{Decode, Encode, SortedList, Text};
use crate::crypto::ed25519::VerifyingKey;

/// The keys that sign part 1 of the roster, handed over once, in person.
///
/// Everything later proves itself from here: each part of the roster is signed by the keys of the
/// part before. The anchor is not secret, but whoever exchanges it exchanges the network.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Anchor {
    /// The version of this structure.
    pub version: Version,
    /// The name of the network, which every document of the roster repeats.
    pub network: Text<64>,
    /// How many of the keys have to sign part 1.
    pub threshold: u8,
    /// The keys.
    pub keys: SortedList<VerifyingKey, 16>,
}

impl Anchor {
    /// Checks that the threshold can be met and is not zero (PROTOCOL R4).
    pub(super) fn check(&self) -> Result<(), RosterError> {
        check_threshold(self.threshold, self.keys.len()).map_err(|fault| RosterError::Threshold {
            document: DocumentName::Anchor,
            fault,
        })
    }

    /// The keys that may sign part 1.
    pub(super) fn signers(&self) -> Signers {
        Signers {
            threshold: self.threshold,
            keys: self.keys.iter().copied().collect(),
        }
    }
}
