//! Roster documents with their signatures, and the acts of signing.
//!
//! A ceremony passes a proposal from hand to hand: the exact bytes of the part, and the signatures
//! given so far. Each key holder reads the part, signs the bytes, and passes it on; nobody encodes
//! it again.

use super::{Annex, AuthorityPart, Suspension};
use crate::codec::{Decode, Encode, Exact, SortedList, TooLong};
use crate::crypto::ed25519::{Signature, SigningKey, VerifyingKey};
use crate::hash::{Hash, hash};
use crate::label::Label;
use crate::limits;

/// The most signatures one document carries: as many as an authority has keys.
pub const KEY_SIGNATURES_MAX: usize = 16;

/// A signature and the key it is by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct KeySignature {
    /// The key.
    pub key: VerifyingKey,
    /// Its signature over the hash of the document.
    pub signature: Signature,
}

/// The signatures of one document, ascending by key.
pub type KeySignatures = SortedList<KeySignature, KEY_SIGNATURES_MAX>;

/// An authority part as it is signed: complete, or a proposal on its way between key holders.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedAuthority {
    /// The part and its exact bytes.
    pub part: Exact<AuthorityPart, { limits::AUTHORITY_BYTES_MAX }>,
    /// The signatures given so far.
    pub signatures: KeySignatures,
}

impl SignedAuthority {
    /// A proposal without signatures, unless the part is longer than its limit.
    pub fn propose(part: AuthorityPart) -> Result<Self, TooLong> {
        let part = Exact::of(part)?;
        Ok(Self {
            part,
            signatures: SortedList::empty(),
        })
    }

    /// The hash of the part, which the next part and the roster hash build on.
    pub fn hash(&self) -> Hash {
        authority_hash(self.part.bytes())
    }

    /// The proposal with one more signature, in place of an earlier one by the same key.
    pub fn with(self, signature: KeySignature) -> Result<Self, TooLong> {
        let signatures = add_signature(self.signatures, signature)?;
        Ok(Self { signatures, ..self })
    }
}

/// An annex as it is signed: complete, or a proposal on its way between key holders.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedAnnex {
    /// The annex and its exact bytes.
    pub annex: Exact<Annex, { limits::ANNEX_BYTES_MAX }>,
    /// The signatures given so far.
    pub signatures: KeySignatures,
}

impl SignedAnnex {
    /// A proposal without signatures, unless the annex is longer than its limit.
    pub fn propose(annex: Annex) -> Result<Self, TooLong> {
        let annex = Exact::of(annex)?;
        Ok(Self {
            annex,
            signatures: SortedList::empty(),
        })
    }

    /// The hash of the annex, which the next annex, pins and the roster hash build on.
    pub fn hash(&self) -> Hash {
        annex_hash(self.annex.bytes())
    }

    /// The proposal with one more signature, in place of an earlier one by the same key.
    pub fn with(self, signature: KeySignature) -> Result<Self, TooLong> {
        let signatures = add_signature(self.signatures, signature)?;
        Ok(Self { signatures, ..self })
    }
}

/// A suspension with the one signature it needs.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedSuspension {
    /// The suspension and its exact bytes.
    pub suspension: Exact<Suspension, { limits::SUSPENSION_BYTES_MAX }>,
    /// The signature by the key the suspension names.
    pub signature: Signature,
}

impl SignedSuspension {
    /// Signs a suspension; its `key` becomes the key that signs.
    pub fn sign(key: &SigningKey, suspension: Suspension) -> Result<Self, TooLong> {
        let suspension = Exact::of(Suspension {
            key: key.verifying_key(),
            ..suspension
        })?;
        let digest = suspension_hash(suspension.bytes());
        let signature = key.sign(Label::SUSPENSION_SIGNATURE, &digest);
        Ok(Self {
            suspension,
            signature,
        })
    }

    /// The hash of the suspension, by which it is known and lifted.
    pub fn hash(&self) -> Hash {
        suspension_hash(self.suspension.bytes())
    }
}

/// H("authority", part), over the exact bytes of the part.
pub fn authority_hash(part: &[u8]) -> Hash {
    hash(Label::AUTHORITY, &[part])
}

/// H("annex", annex), over the exact bytes of the annex.
pub fn annex_hash(annex: &[u8]) -> Hash {
    hash(Label::ANNEX, &[annex])
}

/// H("suspension", suspension), over the exact bytes of the suspension.
pub fn suspension_hash(suspension: &[u8]) -> Hash {
    hash(Label::SUSPENSION, &[suspension])
}

/// Signs the exact bytes of an authority part.
pub fn sign_authority(key: &SigningKey, part: &[u8]) -> KeySignature {
    key_signature(key, Label::AUTHORITY_SIGNATURE, &authority_hash(part))
}

/// Signs the exact bytes of an annex.
pub fn sign_annex(key: &SigningKey, annex: &[u8]) -> KeySignature {
    key_signature(key, Label::ANNEX_SIGNATURE, &annex_hash(annex))
}

fn key_signature(key: &SigningKey, label: Label, hash: &Hash) -> KeySignature {
    KeySignature {
        key: key.verifying_key(),
        signature: key.sign(label, hash),
    }
}

fn add_signature(
    signatures: KeySignatures,
    signature: KeySignature,
) -> Result<KeySignatures, TooLong> {
    let mut all = signatures.into_vec();
    all.retain(|earlier| earlier.key != signature.key);
    all.push(signature);
    let found = all.len();
    // Keys differ, so the list can only be too long.
    SortedList::new(all).map_err(|_| TooLong {
        limit: KEY_SIGNATURES_MAX,
        found,
    })
}
