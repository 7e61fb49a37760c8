//! AES-256-GCM (NIST SP 800-38D) for small values at rest.
//!
//! sealed = nonce (12 bytes) || ciphertext || tag (16). Nonces are random, so one key seals at
//! most 2^32 values (section 8.3); the aad says what a value is and where it belongs, so that one
//! cannot be put in the place of another.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use thiserror::Error;
use zeroize::Zeroizing;

use super::secret::secret_bytes;

secret_bytes! {
    /// The key of one home's values at rest: random, or derived from a passphrase.
    pub struct AtRestKey([u8; 32]);
}

/// How much longer than its plaintext a sealed value is, in bytes.
pub const OVERHEAD: usize = NONCE_LEN + 16;

/// Seals a value. The nonce is 12 fresh random bytes: a second use under one key breaks it.
pub fn seal(key: &AtRestKey, nonce: [u8; 12], aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut ciphertext = Vec::with_capacity(plaintext.len() + 16);
    ciphertext.extend_from_slice(plaintext);
    cipher(key)
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(aad),
            &mut ciphertext,
        )
        .expect("a value at rest is far below the 64 GiB of AES-GCM");
    [nonce.as_slice(), &ciphertext].concat()
}

/// Opens a value that was sealed with the same key and aad.
pub fn open(key: &AtRestKey, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, BadValue> {
    let (nonce, ciphertext) = sealed.split_first_chunk().ok_or(BadValue)?;
    let mut plaintext = Zeroizing::new(ciphertext.to_vec());
    let length = cipher(key)
        .open_in_place(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(aad),
            &mut plaintext,
        )
        .map_err(|_| BadValue)?
        .len();
    plaintext.truncate(length);
    Ok(plaintext)
}

/// A value at rest was changed or moved, or belongs to another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("The encrypted value does not open with this key in this place.")]
pub struct BadValue;

fn cipher(key: &AtRestKey) -> LessSafeKey {
    let key = UnboundKey::new(&AES_256_GCM, key.expose()).expect("the key has 32 bytes");
    LessSafeKey::new(key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::from_hex;
    use crate::crypto::vectors::unhex;

    /// The GCM specification (McGrew and Viega), test case 16.
    #[test]
    fn a_known_value_is_sealed_to_known_bytes() {
        let key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
        let key = AtRestKey::from_bytes(from_hex(key).unwrap());
        let nonce = from_hex("cafebabefacedbaddecaf888").unwrap();
        let aad = unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let plaintext = unhex(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
             1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        );
        let expected = unhex(
            "cafebabefacedbaddecaf888\
             522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
             8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662\
             76fc6ece0f4e1768cddf8853bb2d551b",
        );
        assert_eq!(seal(&key, nonce, &aad, &plaintext), expected);
    }

    #[test]
    fn a_changed_shortened_or_moved_value_does_not_open() {
        let key = AtRestKey::from_bytes([1; 32]);
        let sealed = seal(&key, [2; 12], b"here", b"value");
        assert_eq!(sealed.len(), OVERHEAD + 5);
        assert_eq!(open(&key, b"there", &sealed), Err(BadValue));
        assert_eq!(
            open(&AtRestKey::from_bytes([3; 32]), b"here", &sealed),
            Err(BadValue)
        );
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(open(&key, b"here", &changed), Err(BadValue));
            assert_eq!(open(&key, b"here", &sealed[..at]), Err(BadValue));
        }
    }

    proptest! {
        #[test]
        fn every_value_opens_to_itself(
            key: [u8; 32],
            nonce: [u8; 12],
            aad in proptest::collection::vec(any::<u8>(), 0..40),
            plaintext in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let key = AtRestKey::from_bytes(key);
            let sealed = seal(&key, nonce, &aad, &plaintext);
            let opened = open(&key, &aad, &sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), plaintext);
        }
    }
}
