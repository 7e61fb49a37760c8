//! Statements that are signed one by one or many at once.

use thiserror::Error;

use super::proofs::Proofs;
use crate::check::Check;
use crate::codec::{Decode, Encode, Exact};
use crate::crypto::batch::{self, BatchSignature};
use crate::crypto::ed25519::{SigningKey, VerifyingKey};
use crate::hash::{Hash, hash};
use crate::label::Label;
use crate::limits;

/// A kind of evidence: its labels keep it from being taken for another kind.
pub trait Statement: Encode + Decode<()> {
    /// The label of its hash.
    const HASH: Label;
    /// The label of its signature.
    const SIGNATURE: Label;
    /// The check that asks for its signature.
    const CHECK: Check;
}

/// A statement as it arrives: not believed yet, kept in the bytes it came in.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Signed<S: Statement> {
    /// What is stated.
    pub statement: Exact<S, { limits::STATEMENT_BYTES_MAX }>,
    /// By whom, perhaps together with others.
    pub signature: BatchSignature,
}

/// A statement whose signature holds under a key that may make it.
///
/// Built only where [`Signed::prove`] held, then or earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven<S: Statement> {
    signed: Signed<S>,
    key: VerifyingKey,
}

/// No key that may make the statement has signed it (PROTOCOL Q2, Q6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the signature does not hold under any key that may make this statement")]
pub struct NotProven;

/// Signs statements with one signature.
///
/// The result is in the order given. Nothing is signed for an empty slice.
pub fn sign<S: Statement>(
    key: &SigningKey,
    statements: Vec<Exact<S, { limits::STATEMENT_BYTES_MAX }>>,
) -> Vec<Signed<S>> {
    let leaves: Vec<&[u8]> = statements
        .iter()
        .map(|statement| statement.bytes())
        .collect();
    let signatures = batch::sign_batch(key, S::SIGNATURE, &leaves);
    let signed = |(statement, signature)| Signed {
        statement,
        signature,
    };
    statements.into_iter().zip(signatures).map(signed).collect()
}

impl<S: Statement> Signed<S> {
    /// `H(label, statement)`, over the received bytes.
    pub fn hash(&self) -> Hash {
        hash(S::HASH, &[self.statement.bytes()])
    }

    /// Proves that one of `keys` signed it. The caller chooses the keys that may (PROTOCOL Q2, Q6).
    pub fn prove(self, keys: &[VerifyingKey]) -> Result<Proven<S>, NotProven> {
        let signed_by = |key: &&VerifyingKey| {
            let bytes = self.statement.bytes();
            S::CHECK.holds(batch::verify(key, S::SIGNATURE, bytes, &self.signature).is_ok())
        };
        let key = *keys.iter().find(signed_by).ok_or(NotProven)?;
        Ok(Proven { signed: self, key })
    }

    /// The same; a signature that is among `proofs` is not computed again.
    pub fn prove_again(
        self,
        keys: &[VerifyingKey],
        proofs: &mut Proofs,
    ) -> Result<Proven<S>, NotProven> {
        if let Some(key) = keys.iter().find(|key| proofs.has(key, &self)) {
            let (key, signed) = (*key, self);
            return Ok(Proven { signed, key });
        }
        let proven = self.prove(keys)?;
        proofs.note(&proven);
        Ok(proven)
    }
}

impl<S: Statement> Proven<S> {
    /// What is stated.
    pub fn statement(&self) -> &S {
        &self.signed.statement
    }

    /// As it travels, to hand the proof on.
    pub fn signed(&self) -> &Signed<S> {
        &self.signed
    }

    /// The key that signed.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// `H(label, statement)`.
    pub fn hash(&self) -> Hash {
        self.signed.hash()
    }
}
