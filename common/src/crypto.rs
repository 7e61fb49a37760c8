//! The cryptography, each primitive in a file of its own, headed by its formula and standard.
//!
//! One fixed suite, nothing negotiated: Ed25519, X-Wing with HKDF-SHA256 and ChaCha20-Poly1305,
//! AES-256-GCM, SHA-256 and SHA-512. Randomness is an argument everywhere, so that vectors can be
//! pinned; whoever calls must pass fresh output of the system's generator.
//!
//! Our own copies of secrets are wiped when they are dropped. `ring` keeps expanded keys of its
//! own inside [`ed25519::SigningKey`] and the ciphers, which it does not wipe.

use subtle::ConstantTimeEq;

pub mod aead;
pub mod batch;
pub mod chunked;
pub mod ed25519;
pub mod hmac;
pub mod hpke;
pub mod merkle;
pub mod padding;
mod secret;

#[cfg(test)]
mod vectors;

/// Compares in a time that depends on the lengths alone.
pub fn equal(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}
