//! Ed25519 (RFC 8032, FIPS 186-5): who said it.
//!
//! Signed message = label padded to 32 bytes || 32-byte hash. What is signed is always a value
//! derived under a label, never bytes that a stranger chose, so nothing signed for one purpose
//! verifies for another.
//!
//! Implementations differ on keys and signatures that no honest signer makes. We take the strict
//! side of each: a key must be canonical and not of small order ([`VerifyingKey::strict`]), S below
//! the group order and R canonical (`ring` sees to both), the equation must hold without the
//! cofactor, and R must not be of small order. What we accept, every verifier accepts, which makes
//! signatures fit to be evidence.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::CompressedEdwardsY;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::check::Check;
use crate::codec::{coded_as, fixed_bytes, from_hex, to_hex};
use crate::hash::Hash;
use crate::label::Label;

fixed_bytes! {
    /// An Ed25519 signature, R || S. Only verifying says whether it is one.
    pub struct Signature([u8; 64]);
}

/// The eight points of small order, in their canonical encodings.
static SMALL_ORDER: LazyLock<[[u8; 32]; 8]> =
    LazyLock::new(|| EIGHT_TORSION.map(|point| point.compress().to_bytes()));

/// A public key that passed the strict check, wherever it came from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifyingKey([u8; 32]);

impl VerifyingKey {
    /// The length in bytes.
    pub const LEN: usize = 32;

    /// Takes a key that is a point of the curve, canonically encoded, and not of small order.
    ///
    /// Under a key of small order one signature can verify for many messages; a key with two
    /// encodings would be two identities. Points with a component of small order besides a large
    /// one are accepted: only their owner can make them, and gains nothing by it.
    pub fn strict(bytes: [u8; 32]) -> Result<Self, KeyError> {
        Check::K1.found(check_point(bytes))?;
        Ok(Self(bytes))
    }

    /// The key as it stands on the wire.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first eight hexadecimal digits, for logs. Never compare these.
    pub fn short(&self) -> String {
        to_hex(&self.0[..4])
    }

    /// Checks a signature over a hash under a label.
    pub fn verify(
        &self,
        label: Label,
        hash: &Hash,
        signature: &Signature,
    ) -> Result<(), BadSignature> {
        self.verify_message(&message(label, hash), signature)
    }

    /// Checks a signature over bytes that begin with a padded label.
    pub(super) fn verify_message(
        &self,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), BadSignature> {
        UnparsedPublicKey::new(&ED25519, &self.0)
            .verify(message, signature.as_bytes())
            .map_err(|_| BadSignature)?;
        let (r, _s) = signature
            .as_bytes()
            .split_first_chunk()
            .expect("a signature begins with R");
        // `ring` compares R with what it computes, byte for byte: it is in its one encoding.
        match SMALL_ORDER.contains(r) {
            false => Ok(()),
            true => Err(BadSignature),
        }
    }
}

/// PROTOCOL K1: on the curve, canonical, not of small order.
fn check_point(bytes: [u8; 32]) -> Result<(), KeyError> {
    let point = CompressedEdwardsY(bytes)
        .decompress()
        .ok_or(KeyError::NotOnCurve)?;
    if !is_canonical(&bytes) {
        return Err(KeyError::NotCanonical);
    }
    match point.is_small_order() {
        true => Err(KeyError::SmallOrder),
        false => Ok(()),
    }
}

/// Whether the bytes of a point are its canonical encoding: y is below p = 2^255 - 19, and x = 0,
/// which is so where y is 1 or -1, has no sign. Encoding the point again would say the same, and
/// take as much time as all the rest; rosters have thousands of keys.
fn is_canonical(bytes: &[u8; 32]) -> bool {
    let [lowest, middle @ .., highest] = bytes;
    let (sign, high) = (highest & 0x80 != 0, highest & 0x7f);
    let is_near_p = high == 0x7f && middle.iter().all(|byte| *byte == 0xff);
    let is_one = high == 0 && middle.iter().all(|byte| *byte == 0) && *lowest == 1;
    match is_near_p {
        // p ends in 0xed.
        true => *lowest < 0xec || (*lowest == 0xec && !sign),
        false => !(is_one && sign),
    }
}

coded_as!(VerifyingKey as [u8; 32], |key| &key.0, |bytes| {
    VerifyingKey::strict(bytes).map_err(|_| "a public key fails the strict check of Ed25519")
});

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&to_hex(&self.0))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({self})")
    }
}

/// Reads 64 hexadecimal digits and checks the key strictly.
impl FromStr for VerifyingKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::strict(from_hex(text).map_err(|_| KeyError::NotHex)?)
    }
}

/// Why bytes are not an acceptable public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The text is not 64 hexadecimal digits.
    #[error("A public key is written as 64 hexadecimal digits.")]
    NotHex,
    /// The bytes encode no point of the curve.
    #[error("The public key is not a point of the curve.")]
    NotOnCurve,
    /// The point has another, canonical encoding.
    #[error("The public key is not in its canonical encoding.")]
    NotCanonical,
    /// The point is one of the eight of small order.
    #[error("The public key is a point of small order.")]
    SmallOrder,
}

impl KeyError {
    /// The stable code of this fault, for machines.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotHex => "key-not-hex",
            Self::NotOnCurve => "key-not-on-curve",
            Self::NotCanonical => "key-not-canonical",
            Self::SmallOrder => "key-small-order",
        }
    }
}

/// A signature does not verify: another key, label or content, or no signature at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("The signature does not verify.")]
pub struct BadSignature;

/// A private key: the 32-byte seed of RFC 8032, wiped when dropped.
pub struct SigningKey {
    seed: Zeroizing<[u8; 32]>,
    pair: Ed25519KeyPair,
    verifying_key: VerifyingKey,
}

impl SigningKey {
    /// Expands a seed: 32 fresh bytes of the system's generator, or what was once that.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let seed = Zeroizing::new(seed);
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_slice())
            .expect("a seed of 32 bytes is a private key");
        let public = pair
            .public_key()
            .as_ref()
            .try_into()
            .expect("a public key has 32 bytes");
        // A multiple of the base point below its order: canonical, and not of small order.
        Self {
            seed,
            pair,
            verifying_key: VerifyingKey(public),
        }
    }

    /// The seed, to be stored encrypted.
    pub fn expose(&self) -> &[u8; 32] {
        &self.seed
    }

    /// The public key.
    pub const fn verifying_key(&self) -> VerifyingKey {
        self.verifying_key
    }

    /// Signs a hash under a label. The same input always gives the same signature.
    pub fn sign(&self, label: Label, hash: &Hash) -> Signature {
        self.sign_message(&message(label, hash))
    }

    /// Signs bytes that begin with a padded label.
    pub(super) fn sign_message(&self, message: &[u8]) -> Signature {
        let signature = self.pair.sign(message);
        Signature::from_bytes(
            signature
                .as_ref()
                .try_into()
                .expect("a signature has 64 bytes"),
        )
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// The bytes that are signed: label padded to 32 bytes || hash.
pub fn message(label: Label, hash: &Hash) -> [u8; 64] {
    let mut message = [0; 64];
    message[..Label::LEN].copy_from_slice(&label.padded());
    message[Label::LEN..].copy_from_slice(hash.as_bytes());
    message
}

#[cfg(test)]
mod tests;
