//! AES-GCM as its attacker sees it (NIST SP 800-38D; Dodis, Grubbs, Ristenpart, Woodage: Fast
//! Message Franking, section 3).
//!
//! tag = E(J0) + sum of C_i H^(m + 1 - i) + length H, in GF(2^128). For two keys this is linear in
//! every block of the ciphertext, so one free block makes one tag hold under both.

use maille_common::crypto::chunked::{ContentKey, SALT_LEN};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA512, KeyType, Prk};

/// The length of a block, in bytes.
pub const BLOCK: usize = 16;

const DERIVATION: &[u8] = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0";
const ONE: u128 = 1 << 127;

/// AES-256-GCM under one key and nonce, with all that its tag is made of.
#[derive(Debug)]
pub struct Gcm {
    cipher: LessSafeKey,
    nonce: [u8; 12],
    /// `E(0)`, by which every block is multiplied.
    hash_key: u128,
    /// `E(J0)`, which hides the sum.
    mask: u128,
}

/// What a content key makes of a salt and a context: the cipher of the first chunk, and the
/// commitment.
pub fn derived(key: &ContentKey, salt: &[u8; SALT_LEN], context: &[u8]) -> (Gcm, [u8; 32]) {
    let mut output = [0; 76];
    Prk::new_less_safe(HKDF_SHA512, key.expose())
        .expand(&[DERIVATION, salt, context], OutputLen(output.len()))
        .and_then(|okm| okm.fill(&mut output))
        .unwrap();
    let gcm = Gcm::new(&output[..32], output[32..44].try_into().unwrap());
    (gcm, output[44..].try_into().unwrap())
}

impl Gcm {
    /// Learns hash key and mask from two messages that it seals itself.
    pub fn new(key: &[u8], nonce: [u8; 12]) -> Self {
        let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap());
        let tag_of = |aad: &[u8]| {
            let nonce = Nonce::assume_unique_for_key(nonce);
            let tag = cipher.seal_in_place_separate_tag(nonce, Aad::from(aad), &mut []);
            u128::from_be_bytes(tag.unwrap().as_ref().try_into().unwrap())
        };
        // Of nothing the sum is zero; of one block of zeros it is the length times the hash key.
        let mask = tag_of(b"");
        let length = 128_u128 << 64;
        let hash_key = multiply(tag_of(&[0; BLOCK]) ^ mask, inverse(length));
        Self {
            cipher,
            nonce,
            hash_key,
            mask,
        }
    }

    /// Encrypts, or decrypts, without a tag.
    pub fn stream(&self, bytes: &[u8]) -> Vec<u8> {
        let mut out = bytes.to_vec();
        let nonce = Nonce::assume_unique_for_key(self.nonce);
        let tag = self
            .cipher
            .seal_in_place_separate_tag(nonce, Aad::empty(), &mut out);
        assert!(tag.is_ok());
        out
    }

    /// Opens ciphertext and tag, as whoever checks nothing else does.
    pub fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let mut out = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(self.nonce);
        let plain = self.cipher.open_in_place(nonce, Aad::empty(), &mut out);
        plain.ok().map(|plain| plain.to_vec())
    }

    /// The tag of a ciphertext.
    pub fn tag(&self, ciphertext: &[u8]) -> u128 {
        let blocks = ciphertext.chunks(BLOCK).map(block);
        let length = u128::try_from(ciphertext.len()).unwrap() * 8;
        let sum = blocks
            .chain([length])
            .fold(0, |sum, block| multiply(sum ^ block, self.hash_key));
        sum ^ self.mask
    }
}

/// Puts such a block at `free` that one tag holds under both, and appends that tag.
pub fn collide(one: &Gcm, other: &Gcm, mut ciphertext: Vec<u8>, free: usize) -> Vec<u8> {
    assert!(free.is_multiple_of(BLOCK) && free + BLOCK <= ciphertext.len());
    ciphertext[free..free + BLOCK].fill(0);
    let blocks = ciphertext.len().div_ceil(BLOCK);
    let power = u128::try_from(blocks - free / BLOCK + 1).unwrap();
    let weight = raised(one.hash_key, power) ^ raised(other.hash_key, power);
    let apart = one.tag(&ciphertext) ^ other.tag(&ciphertext);
    let solved = multiply(apart, inverse(weight));
    ciphertext[free..free + BLOCK].copy_from_slice(&solved.to_be_bytes());
    let tag = one.tag(&ciphertext);
    assert_eq!(tag, other.tag(&ciphertext), "one tag under two keys");
    [ciphertext.as_slice(), &tag.to_be_bytes()].concat()
}

/// The product in the field of GCM, whose first bit is the coefficient of 1.
fn multiply(left: u128, right: u128) -> u128 {
    let (mut product, mut shifted) = (0, right);
    for bit in (0..128).rev() {
        if (left >> bit) & 1 == 1 {
            product ^= shifted;
        }
        let carry = shifted & 1;
        shifted = (shifted >> 1) ^ (carry * (0xe1 << 120));
    }
    product
}

fn raised(base: u128, power: u128) -> u128 {
    let (mut result, mut square) = (ONE, base);
    for bit in 0..128 {
        if (power >> bit) & 1 == 1 {
            result = multiply(result, square);
        }
        square = multiply(square, square);
    }
    result
}

/// By the little theorem of Fermat: x^(2^128 - 2).
fn inverse(of: u128) -> u128 {
    raised(of, u128::MAX - 1)
}

/// A block, filled up with zeros.
fn block(bytes: &[u8]) -> u128 {
    let mut whole = [0; BLOCK];
    whole[..bytes.len()].copy_from_slice(bytes);
    u128::from_be_bytes(whole)
}

/// The output length of HKDF in bytes, in the form that `ring` asks for.
struct OutputLen(usize);

impl KeyType for OutputLen {
    fn len(&self) -> usize {
        self.0
    }
}
