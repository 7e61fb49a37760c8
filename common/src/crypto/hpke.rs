//! HPKE in base mode (RFC 9180, section 6.1, SealBase and OpenBase): who can read it.
//!
//! sealed = enc (1,120 bytes) || ChaCha20-Poly1305 ciphertext (16 bytes longer than the plaintext),
//! with an empty aad; `info` binds the purpose and what surrounds it.
//!
//! The suite, fixed here and nowhere else: KEM X-Wing (0x647a, draft-connolly-cfrg-xwing-kem:
//! X25519 and ML-KEM-768, secure while either is), KDF HKDF-SHA256 (0x0001), AEAD
//! ChaCha20-Poly1305 (0x0003). Base mode says nothing about the sender: the signature does.

use std::convert::Infallible;
use std::fmt;

use ::hpke::aead::ChaCha20Poly1305;
use ::hpke::kdf::HkdfSha256;
use ::hpke::kem::{Kem, XWing};
use ::hpke::rand_core::{TryCryptoRng, TryRng};
use ::hpke::{
    Deserializable, OpModeR, OpModeS, Serializable, single_shot_open, single_shot_seal_with_rng,
};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::check::Check;
use crate::codec::{coded_as, to_hex};
use crate::hash::{Hash, hash};
use crate::label::Label;

/// The length of an encapsulated key, the start of every sealed message, in bytes.
pub const ENCAPSULATED_LEN: usize = 1_120;

/// How much longer than its plaintext a sealed message is, in bytes.
pub const OVERHEAD: usize = ENCAPSULATED_LEN + 16;

/// A public key that passed the modulus check of ML-KEM (FIPS 203, section 7.2).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SealingPublicKey([u8; Self::LEN]);

impl SealingPublicKey {
    /// The length in bytes: ML-KEM-768 1,184, X25519 32.
    pub const LEN: usize = 1_216;

    /// Takes a key whose ML-KEM part is within its modulus.
    pub fn parse(bytes: [u8; Self::LEN]) -> Result<Self, BadSealingKey> {
        match Check::K5.holds(is_within_modulus(&bytes)) {
            true => Ok(Self(bytes)),
            false => Err(BadSealingKey),
        }
    }

    /// The key as it stands on the wire.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The id of the key: H(label, key).
    pub fn id(&self) -> Hash {
        hash(Label::SEALING_KEY, &[&self.0])
    }

    /// Seals a message to the holder of the private key.
    ///
    /// The seed is the whole randomness of the encapsulation: 64 fresh bytes of the system's
    /// generator for every message. Using one twice under one key gives away both messages.
    pub fn seal(&self, info: &[u8], plaintext: &[u8], seed: &[u8; 64]) -> Vec<u8> {
        self.seal_with_aad(info, b"", plaintext, seed)
    }

    /// The standard's vectors carry an aad; our messages do not.
    fn seal_with_aad(&self, info: &[u8], aad: &[u8], plaintext: &[u8], seed: &[u8; 64]) -> Vec<u8> {
        let key = <XWing as Kem>::PublicKey::from_bytes(&self.0)
            .expect("the key was checked when it was parsed");
        let mut draws = Draws(seed);
        let (encapsulated, ciphertext) = single_shot_seal_with_rng::<
            ChaCha20Poly1305,
            HkdfSha256,
            XWing,
        >(
            &OpModeS::Base, &key, info, plaintext, aad, &mut draws
        )
        .expect("X-Wing encapsulates to every valid key, and the first message has a nonce");
        let mut sealed = encapsulated.to_bytes().to_vec();
        sealed.extend_from_slice(&ciphertext);
        sealed
    }
}

coded_as!(
    SealingPublicKey as [u8; SealingPublicKey::LEN],
    |key| &key.0,
    |bytes| {
        SealingPublicKey::parse(bytes)
            .map_err(|_| "a sealing key fails the modulus check of ML-KEM")
    }
);

/// The first eight hexadecimal digits of the id: a key of 1,216 bytes does not fit a line.
impl fmt::Debug for SealingPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SealingPublicKey(id {})",
            to_hex(&self.id().as_bytes()[..4])
        )
    }
}

/// A public key is malformed: a coefficient of its ML-KEM part is not below the modulus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("The sealing key fails the modulus check of ML-KEM.")]
pub struct BadSealingKey;

/// FIPS 203, section 7.2: the 768 coefficients of twelve bits, with which a key begins, are below
/// the modulus. All bytes are a seed of the matrix, and an X25519 key, which are the rest.
///
/// To take the key into the library costs a hundred times as much, since that expands the matrix;
/// each bundle that is read has a dozen keys.
fn is_within_modulus(key: &[u8; SealingPublicKey::LEN]) -> bool {
    const MODULUS: u16 = 3_329;
    let (pairs, _) = key[..768 * 12 / 8].as_chunks::<3>();
    pairs.iter().all(|&[low, middle, high]| {
        let [low, middle, high] = [low, middle, high].map(u16::from);
        let first = low | (middle & 0x0f) << 8;
        let second = middle >> 4 | high << 4;
        first < MODULUS && second < MODULUS
    })
}

/// A private key: the 32-byte seed of X-Wing, wiped when dropped.
pub struct SealingSecretKey {
    seed: Zeroizing<[u8; 32]>,
    key: <XWing as Kem>::PrivateKey,
}

impl SealingSecretKey {
    /// Expands a seed: 32 fresh bytes of the system's generator, or what was once that.
    ///
    /// Expanding costs about as much as opening, so keep the key rather than the seed.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let seed = Zeroizing::new(seed);
        let key = <XWing as Kem>::PrivateKey::from_bytes(seed.as_slice())
            .expect("every seed of 32 bytes is a private key");
        Self { seed, key }
    }

    /// The seed, to be stored encrypted.
    pub fn expose(&self) -> &[u8; 32] {
        &self.seed
    }

    /// The public key.
    pub fn public_key(&self) -> SealingPublicKey {
        SealingPublicKey(XWing::sk_to_pk(&self.key).to_bytes().into())
    }

    /// Opens what was sealed to this key with the same info.
    pub fn open(&self, info: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        self.open_with_aad(info, b"", sealed)
    }

    fn open_with_aad(
        &self,
        info: &[u8],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (encapsulated, ciphertext) = sealed
            .split_at_checked(ENCAPSULATED_LEN)
            .ok_or(OpenError::Truncated)?;
        let encapsulated = <XWing as Kem>::EncappedKey::from_bytes(encapsulated)
            .map_err(|_| OpenError::Truncated)?;
        single_shot_open::<ChaCha20Poly1305, HkdfSha256, XWing>(
            &OpModeR::Base,
            &self.key,
            &encapsulated,
            info,
            ciphertext,
            aad,
        )
        .map(Zeroizing::new)
        .map_err(|_| OpenError::Refused)
    }
}

impl fmt::Debug for SealingSecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingSecretKey(..)")
    }
}

/// Why a sealed message does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OpenError {
    /// The message is shorter than an encapsulated key.
    #[error("The sealed message is shorter than its encapsulated key.")]
    Truncated,
    /// The tag does not fit: another key, another info, or changed bytes. X-Wing cannot tell.
    #[error("The sealed message does not open with this key.")]
    Refused,
}

impl OpenError {
    /// The stable code of this fault, for machines.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Truncated => "sealed-truncated",
            Self::Refused => "sealed-refused",
        }
    }
}

/// Hands out the given seed once, as the random generator that the `hpke` crate asks for.
struct Draws<'a>(&'a [u8]);

impl TryRng for Draws<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        let (drawn, rest) = self
            .0
            .split_at_checked(bytes.len())
            .expect("X-Wing draws 64 bytes, once");
        bytes.copy_from_slice(drawn);
        self.0 = rest;
        Ok(())
    }
}

/// By the duty of the caller, who passes fresh output of such a generator.
impl TryCryptoRng for Draws<'_> {}

#[cfg(test)]
mod tests;
