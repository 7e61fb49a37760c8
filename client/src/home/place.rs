//! What is sealed in a home, and for which place.

use maille_common::crypto::aead::{self, AtRestKey, BadValue};
use maille_common::label::Label;
use maille_common::randomness::Randomness;
use zeroize::Zeroizing;

/// A place for a sealed value. What was sealed for one does not open in another.
///
/// aad = "key file" padded to 32 | place padded to 16 | what else must not be exchanged. Every key
/// here seals few values in its life, far below the 2^32 that random nonces allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The master key in an officer's slot.
    Slot,
    /// `identity.sealed`.
    Identity,
    /// `sealing.keys`.
    SealingKeys,
}

impl Place {
    const LEN: usize = 16;

    /// Seals a value for this place, and for what is bound to it.
    pub(super) fn seal(
        self,
        key: &AtRestKey,
        bound: &[u8],
        plaintext: &[u8],
        randomness: &mut impl Randomness,
    ) -> Vec<u8> {
        aead::seal(key, randomness.array(), &self.aad(bound), plaintext)
    }

    /// Opens a value that was sealed for this place and with this bound.
    pub(super) fn open(
        self,
        key: &AtRestKey,
        bound: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, BadValue> {
        aead::open(key, &self.aad(bound), sealed)
    }

    fn aad(self, bound: &[u8]) -> Vec<u8> {
        let name: &[u8] = match self {
            Self::Slot => b"slot",
            Self::Identity => b"identity",
            Self::SealingKeys => b"sealing keys",
        };
        let mut aad = Label::KEY_FILE.padded().to_vec();
        aad.extend_from_slice(name);
        aad.resize(Label::LEN + Self::LEN, 0);
        aad.extend_from_slice(bound);
        aad
    }
}
