//! One signature over many statements.
//!
//! Signed message = label padded to 32 bytes || count as u32, little-endian || root of the tree
//! over the statements (RFC 9162; see [`super::merkle`]). Each statement carries the one signature
//! and the path that leads from it to the root, so it stands alone as evidence.
//!
//! A batch of one needs no path and can be checked with `openssl` alone; see PROTOCOL.md:
//! `(printf '\0'; cat statement) | openssl dgst -sha256 -binary` gives the root, and `openssl
//! pkeyutl -verify -rawin` checks the signature over the message above.

use thiserror::Error;

use super::ed25519::{BadSignature, Signature, SigningKey, VerifyingKey};
use super::merkle::{self, Tree, leaf_hash};
use crate::codec::{Decode, Encode, List};
use crate::hash::Hash;
use crate::label::Label;

/// The longest path, in hashes.
const PATH_MAX: usize = 16;

/// The most statements that one signature covers: as many as the longest path reaches.
pub const BATCH_MAX: usize = 1 << PATH_MAX;

/// The signature of one statement among those that were signed together.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct BatchSignature {
    /// The place of the statement in the batch, from 0.
    pub index: u32,
    /// How many statements the batch has.
    pub count: u32,
    /// The hashes that lead from the statement to the root.
    pub path: List<Hash, PATH_MAX>,
    /// The signature over label, count and root.
    pub signature: Signature,
}

/// Signs statements, each the bytes of an encoded value, with one signature for every
/// [`BATCH_MAX`] of them. The results stand in the order of the statements.
pub fn sign_batch(key: &SigningKey, label: Label, statements: &[&[u8]]) -> Vec<BatchSignature> {
    let batches = statements.chunks(BATCH_MAX);
    batches
        .flat_map(|batch| sign_one_batch(key, label, batch))
        .collect()
}

/// Signs one statement alone.
pub fn sign(key: &SigningKey, label: Label, statement: &[u8]) -> BatchSignature {
    let signature = key.sign_message(&signed_message(label, 1, &leaf_hash(statement)));
    BatchSignature {
        index: 0,
        count: 1,
        path: List::empty(),
        signature,
    }
}

/// Checks the signature of a statement, given as the very bytes that were received.
pub fn verify(
    key: &VerifyingKey,
    label: Label,
    statement: &[u8],
    signature: &BatchSignature,
) -> Result<(), VerifyError> {
    let message = message_of(label, statement, signature).ok_or(VerifyError::Path)?;
    key.verify_message(&message, &signature.signature)?;
    Ok(())
}

/// The bytes that were signed, if the path leads from a statement to a root.
pub(crate) fn message_of(
    label: Label,
    statement: &[u8],
    signature: &BatchSignature,
) -> Option<[u8; 68]> {
    let (count, index) = (signature.count, signature.index);
    let leaf = leaf_hash(statement);
    let root = merkle::root_of_path(count.into(), index.into(), &leaf, &signature.path)?;
    Some(signed_message(label, count, &root))
}

/// The bytes that are signed for a batch with this many statements and this root.
pub fn signed_message(label: Label, count: u32, root: &Hash) -> [u8; 68] {
    let mut message = [0; 68];
    message[..32].copy_from_slice(&label.padded());
    message[32..36].copy_from_slice(&count.to_le_bytes());
    message[36..].copy_from_slice(root.as_bytes());
    message
}

/// Why the signature of a statement is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum VerifyError {
    /// The path has another length than this place in a batch of this size.
    #[error("The path does not lead from the statement to a root.")]
    Path,
    /// The signature does not verify.
    #[error(transparent)]
    Signature(#[from] BadSignature),
}

impl VerifyError {
    /// The stable code of this fault, for machines.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Path => "batch-path",
            Self::Signature(_) => "bad-signature",
        }
    }
}

fn sign_one_batch(key: &SigningKey, label: Label, batch: &[&[u8]]) -> Vec<BatchSignature> {
    let count = u32::try_from(batch.len()).expect("a batch has at most 65,536 statements");
    let tree = Tree::new(batch.iter().map(|statement| leaf_hash(statement)).collect());
    let signature = key.sign_message(&signed_message(label, count, &tree.root()));
    let paths = (0..batch.len()).filter_map(|index| tree.path(index));
    let signed = (0..count).zip(paths).map(|(index, path)| {
        let path = List::new(path).expect("a tree of 65,536 leaves has paths of 16 hashes");
        BatchSignature {
            index,
            count,
            path,
            signature,
        }
    });
    signed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{decode, encode};

    const LABEL: Label = Label::RECEIPT_SIGNATURE;

    fn key() -> SigningKey {
        SigningKey::from_seed([1; 32])
    }

    fn batch(count: usize) -> (Vec<Vec<u8>>, Vec<BatchSignature>) {
        let statements: Vec<_> = (0..count)
            .map(|n| format!("statement {n}").into_bytes())
            .collect();
        let slices: Vec<_> = statements.iter().map(Vec::as_slice).collect();
        let signatures = sign_batch(&key(), LABEL, &slices);
        (statements, signatures)
    }

    #[test]
    fn every_statement_of_a_batch_verifies_and_stands_at_its_place_alone() {
        let public = key().verifying_key();
        for count in [1, 2, 3, 7, 8, 33] {
            let (statements, signatures) = batch(count);
            assert_eq!(signatures.len(), count);
            for (at, statement) in statements.iter().enumerate() {
                for (place, signature) in signatures.iter().enumerate() {
                    let verified = verify(&public, LABEL, statement, signature).is_ok();
                    assert_eq!(verified, at == place);
                }
            }
        }
    }

    #[test]
    fn no_statements_need_no_signature() {
        assert_eq!(sign_batch(&key(), LABEL, &[]), []);
    }

    #[test]
    fn one_statement_alone_is_a_batch_of_one() {
        let alone = sign(&key(), LABEL, b"statement 0");
        assert_eq!(batch(1).1, [alone]);
    }

    #[test]
    fn more_than_one_batch_holds_is_signed_in_several() {
        let statements = vec![b"s".as_slice(); BATCH_MAX + 1];
        let signatures = sign_batch(&key(), LABEL, &statements);
        assert_eq!(signatures[BATCH_MAX - 1].path.len(), PATH_MAX);
        assert_eq!(
            (signatures[BATCH_MAX].index, signatures[BATCH_MAX].count),
            (0, 1)
        );
        let public = key().verifying_key();
        for at in [0, BATCH_MAX - 1, BATCH_MAX] {
            assert_eq!(verify(&public, LABEL, b"s", &signatures[at]), Ok(()));
        }
    }

    #[test]
    fn a_changed_field_does_not_verify() {
        let public = key().verifying_key();
        let (statements, signatures) = batch(5);
        let (statement, signature) = (&statements[2], &signatures[2]);
        let changed = |change: fn(&mut BatchSignature)| {
            let mut changed = signature.clone();
            change(&mut changed);
            verify(&public, LABEL, statement, &changed)
        };
        assert_eq!(changed(|_| ()), Ok(()));
        assert!(changed(|signature| signature.index = 3).is_err());
        assert_eq!(
            changed(|signature| signature.index = 5),
            Err(VerifyError::Path)
        );
        assert!(changed(|signature| signature.count = 6).is_err());
        assert_eq!(
            changed(|signature| signature.count = 0),
            Err(VerifyError::Path)
        );
        assert_eq!(
            changed(|signature| signature.path = List::empty()),
            Err(VerifyError::Path)
        );
        assert!(verify(&public, LABEL, b"statement", signature).is_err());
        for &label in Label::ALL.iter().filter(|&&label| label != LABEL) {
            assert!(
                verify(&public, label, statement, signature).is_err(),
                "{label}"
            );
        }
        let other = SigningKey::from_seed([2; 32]).verifying_key();
        assert!(verify(&other, LABEL, statement, signature).is_err());
    }

    #[test]
    fn the_bytes_on_the_wire_are_pinned() {
        let signature = BatchSignature {
            index: 1,
            count: 2,
            path: List::new([Hash::from_bytes([0xaa; 32])]).unwrap(),
            signature: Signature::from_bytes([0xbb; 64]),
        };
        let mut expected = vec![1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0];
        expected.extend([0xaa; 32]);
        expected.extend([0xbb; 64]);
        assert_eq!(encode(&signature), expected);
        assert_eq!(decode(&expected), Ok(signature));
    }
}
