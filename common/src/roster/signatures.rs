//! Judging k of n signatures, and the thresholds that ask for them.

use std::collections::BTreeSet;

use thiserror::Error;

use super::{AuthorityPart, KeySignature, Organisation};
use crate::crypto::ed25519::VerifyingKey;
use crate::hash::Hash;
use crate::label::Label;

/// Who may sign a document, and how many of them have to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signers {
    pub(super) threshold: u8,
    pub(super) keys: BTreeSet<VerifyingKey>,
}

impl Signers {
    /// The keys of an authority part, which sign the next part.
    pub(super) fn of_authority(part: &AuthorityPart) -> Self {
        Self {
            threshold: part.threshold,
            keys: part.keys.iter().map(|key| key.key).collect(),
        }
    }

    /// Who signs the annexes of an organisation (PROTOCOL R7): its own keys, or the authority's
    /// where it has none.
    pub(super) fn of_annex(part: &AuthorityPart, organisation: &Organisation) -> Self {
        if organisation.annex_keys.is_empty() {
            return Self::of_authority(part);
        }
        Self {
            threshold: organisation.annex_threshold,
            keys: organisation.annex_keys.iter().copied().collect(),
        }
    }

    /// Checks that enough of the keys signed, and nobody else.
    ///
    /// A signature too many is refused as well: it would not change the meaning, but it would let
    /// anybody add bytes to a document.
    pub(super) fn check(
        &self,
        label: Label,
        hash: &Hash,
        signatures: &[KeySignature],
    ) -> Result<(), SignatureFault> {
        let mut valid = BTreeSet::new();
        for KeySignature { key, signature } in signatures {
            if !self.keys.contains(key) {
                return Err(SignatureFault::Foreign { key: *key });
            }
            if !valid.insert(*key) {
                return Err(SignatureFault::Twice { key: *key });
            }
            key.verify(label, hash, signature)
                .map_err(|_| SignatureFault::Invalid { key: *key })?;
        }
        if valid.len() < usize::from(self.threshold) || self.threshold == 0 {
            return Err(SignatureFault::TooFew {
                valid: valid.len(),
                threshold: self.threshold,
            });
        }
        Ok(())
    }
}

/// What is wrong with the signatures of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SignatureFault {
    /// A signature is by a key that may not sign here.
    #[error("the key {} may not sign it", key.short())]
    Foreign {
        /// The key.
        key: VerifyingKey,
    },
    /// A key signed twice.
    #[error("the key {} stands there twice", key.short())]
    Twice {
        /// The key.
        key: VerifyingKey,
    },
    /// A signature does not verify.
    #[error("the signature by the key {} does not verify", key.short())]
    Invalid {
        /// The key.
        key: VerifyingKey,
    },
    /// There are too few signatures.
    #[error("it has {valid} of the {threshold} signatures it needs")]
    TooFew {
        /// How many are valid.
        valid: usize,
        /// How many are needed.
        threshold: u8,
    },
}

/// What is wrong with a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ThresholdFault {
    /// It asks for no signature at all.
    #[error("a threshold of 0 asks for no signature")]
    Zero,
    /// It asks for more signatures than there are keys, so nobody could ever change anything.
    #[error("{threshold} signatures are asked for, and there are {keys} keys")]
    AboveKeys {
        /// How many signatures are asked for.
        threshold: u8,
        /// How many keys there are.
        keys: usize,
    },
}

/// 1 <= threshold <= number of keys (PROTOCOL R4).
pub(super) fn check_threshold(threshold: u8, keys: usize) -> Result<(), ThresholdFault> {
    match usize::from(threshold) {
        0 => Err(ThresholdFault::Zero),
        wanted if wanted > keys => Err(ThresholdFault::AboveKeys { threshold, keys }),
        _ => Ok(()),
    }
}
