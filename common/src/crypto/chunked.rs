//! Chunked encryption (c2sp.org/chunked-encryption, version 1, with SHA-512 and AES-256-GCM).
//!
//! key || base nonce || commitment = HKDF-Expand-SHA512(content key,
//! "c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM" || 0x00 || salt || context);
//! sealed = salt (24 bytes) || commitment (32) || AES-256-GCM of each chunk of 16 KiB, the nonce
//! being the base nonce XOR the number of the chunk. The last chunk is shorter, and may be empty.
//!
//! The commitment is checked before any chunk: no ciphertext opens under two keys, so two
//! recipients of one body cannot be shown two contents. A missing end is noticed because the last
//! chunk is the only short one.

use std::fmt;
use std::ops::Range;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA512, KeyType, Prk};
use thiserror::Error;
use zeroize::Zeroizing;

use super::equal;
use super::secret::secret_bytes;
use crate::check::Check;
use crate::codec::coded_as;

/// The length of every chunk but the last, in bytes of plaintext.
pub const CHUNK_LEN: usize = 16 << 10;

/// The length of every sealed chunk but the last, in bytes.
pub const SEALED_CHUNK_LEN: usize = CHUNK_LEN + TAG_LEN;

/// The length of the salt, in bytes.
pub const SALT_LEN: usize = 24;

/// The length of salt and commitment before the first chunk, in bytes.
pub const HEADER_LEN: usize = SALT_LEN + COMMITMENT_LEN;

const COMMITMENT_LEN: usize = 32;
const TAG_LEN: usize = 16;
const KEY_LEN: usize = 32;

/// The scheme allows this many chunks: 4 PiB.
const CHUNKS_MAX: u64 = 1 << 38;

/// What the derivation starts with, before salt and context.
const DERIVATION: &[u8] = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0";

secret_bytes! {
    /// The key of one body or attachment: random, fresh for each. On the wire only inside a wrap.
    pub struct ContentKey([u8; 32]);
}

impl ContentKey {
    /// A second copy, for an outbox that wraps the key again; each is wiped by its own holder.
    pub fn duplicate(&self) -> Self {
        Self::from_bytes(*self.expose())
    }
}

coded_as!(ContentKey as [u8; 32], ContentKey::expose, |bytes| Ok(
    ContentKey::from_bytes(bytes)
));

/// The length that so many bytes of plaintext have when sealed; saturates.
pub const fn sealed_len(plain_len: u64) -> u64 {
    let chunks = plain_len / CHUNK_LEN as u64 + 1;
    plain_len.saturating_add(HEADER_LEN as u64 + chunks * TAG_LEN as u64)
}

/// The length of the plaintext in so many sealed bytes, unless no plaintext has that length.
pub const fn plain_len(sealed_len: u64) -> Option<u64> {
    let Some(body) = sealed_len.checked_sub(HEADER_LEN as u64) else {
        return None;
    };
    let full = body / SEALED_CHUNK_LEN as u64;
    if full >= CHUNKS_MAX {
        return None;
    }
    match (body % SEALED_CHUNK_LEN as u64).checked_sub(TAG_LEN as u64) {
        Some(last) => Some(full * CHUNK_LEN as u64 + last),
        None => None,
    }
}

/// Seals a message that is in memory. The salt is 24 fresh random bytes.
pub fn seal(key: &ContentKey, salt: &[u8; SALT_LEN], context: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let length = plaintext.len() + (plaintext.len() / CHUNK_LEN + 1) * TAG_LEN + HEADER_LEN;
    let mut sealer = Sealer::new(key, salt, context);
    let mut sealed = Vec::with_capacity(length);
    sealed.extend_from_slice(sealer.header());
    let (full, last) = plaintext.as_chunks();
    for chunk in full {
        sealed.extend(
            sealer
                .seal_chunk(chunk)
                .expect("no message in memory reaches 4 PiB"),
        );
    }
    sealed.extend(
        sealer
            .finish(last)
            .expect("what full chunks leave is shorter than one"),
    );
    sealed
}

/// Opens a sealed message that is in memory, whole or not at all.
pub fn open(key: &ContentKey, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    let (header, chunks) = sealed.split_first_chunk().ok_or(OpenError::Length)?;
    let opener = Opener::new(key, context, header, sealed.len() as u64)?;
    let mut plaintext = Vec::with_capacity(chunks.len());
    // The last chunk may be nothing but its tag, and is never nothing at all.
    for (number, chunk) in (0..).zip(chunks.chunks(SEALED_CHUNK_LEN)) {
        plaintext.extend(opener.open_chunk(number, chunk)?);
    }
    Ok(plaintext)
}

/// Seals a message chunk by chunk, in order, once.
///
/// It cannot be resumed: a chunk sealed again after its plaintext changed would reuse a nonce and
/// break both. Whoever is interrupted starts again with a fresh key.
#[must_use = "a message is sealed when its last chunk is"]
pub struct Sealer {
    cipher: Cipher,
    header: [u8; HEADER_LEN],
    number: u64,
}

impl Sealer {
    /// Derives the keys of a message. The salt is 24 fresh random bytes.
    pub fn new(key: &ContentKey, salt: &[u8; SALT_LEN], context: &[u8]) -> Self {
        let (cipher, commitment) = derive(key, salt, context);
        let mut header = [0; HEADER_LEN];
        header[..SALT_LEN].copy_from_slice(salt);
        header[SALT_LEN..].copy_from_slice(&commitment);
        Self {
            cipher,
            header,
            number: 0,
        }
    }

    /// Salt and commitment, which stand before the first chunk.
    pub const fn header(&self) -> &[u8; HEADER_LEN] {
        &self.header
    }

    /// Seals the next chunk.
    pub fn seal_chunk(&mut self, chunk: &[u8; CHUNK_LEN]) -> Result<Vec<u8>, SealError> {
        let sealed = self.cipher.seal(self.number, chunk)?;
        self.number += 1;
        Ok(sealed)
    }

    /// Seals what is left, shorter than a chunk and perhaps empty.
    pub fn finish(self, last: &[u8]) -> Result<Vec<u8>, SealError> {
        if last.len() >= CHUNK_LEN {
            return Err(SealError::LastChunkTooLong);
        }
        self.cipher.seal(self.number, last)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer(at chunk {}, ..)", self.number)
    }
}

/// Why a message cannot be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SealError {
    /// The message reaches 4 PiB.
    #[error("The message is longer than the scheme allows.")]
    TooLong,
    /// The last chunk must be shorter than the others.
    #[error("The last chunk is not shorter than the others.")]
    LastChunkTooLong,
}

/// Opens chunks of a sealed message, in any order.
///
/// Each chunk is authentic by itself, at its place. The message is whole when each of
/// [`Self::chunk_count`] has been opened; the last one proves the length.
pub struct Opener {
    cipher: Cipher,
    chunk_count: u64,
    sealed_len: u64,
}

impl Opener {
    /// Checks the length and then the commitment of a sealed message.
    pub fn new(
        key: &ContentKey,
        context: &[u8],
        header: &[u8; HEADER_LEN],
        sealed_len: u64,
    ) -> Result<Self, OpenError> {
        let plain_len = plain_len(sealed_len).ok_or(OpenError::Length)?;
        let (salt, claimed) = header
            .split_first_chunk()
            .expect("a header is longer than the salt it starts with");
        let (cipher, commitment) = derive(key, salt, context);
        if Check::E14.refuses(!equal(&commitment, claimed)) {
            return Err(OpenError::Commitment);
        }
        Ok(Self {
            cipher,
            chunk_count: plain_len / CHUNK_LEN as u64 + 1,
            sealed_len,
        })
    }

    /// How many chunks the message has, at least one.
    pub const fn chunk_count(&self) -> u64 {
        self.chunk_count
    }

    /// Where a chunk stands among the sealed bytes, header included.
    pub fn chunk_range(&self, number: u64) -> Option<Range<u64>> {
        if number >= self.chunk_count {
            return None;
        }
        // Nothing overflows here: the length of the whole message was checked.
        let start = HEADER_LEN as u64 + number * SEALED_CHUNK_LEN as u64;
        Some(start..self.sealed_len.min(start + SEALED_CHUNK_LEN as u64))
    }

    /// Opens the bytes of [`Self::chunk_range`].
    pub fn open_chunk(&self, number: u64, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        let range = self
            .chunk_range(number)
            .ok_or(OpenError::Chunk { number })?;
        if range.end - range.start != sealed.len() as u64 {
            return Err(OpenError::Chunk { number });
        }
        self.cipher
            .open(number, sealed)
            .ok_or(OpenError::Chunk { number })
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opener({} chunks, ..)", self.chunk_count)
    }
}

/// Why a sealed message does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OpenError {
    /// No message has this length: the end is missing, or something follows it.
    #[error("No sealed message has this length.")]
    Length,
    /// The content key, the context, or the salt is another.
    #[error("The sealed message was not made with this key in this context.")]
    Commitment,
    /// A chunk was changed, or stands at another place.
    #[error("Chunk {number} of the sealed message is not authentic.")]
    Chunk {
        /// The number of the chunk, from 0.
        number: u64,
    },
}

impl OpenError {
    /// The stable code of this fault, for machines.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Length => "sealed-length",
            Self::Commitment => "sealed-commitment",
            Self::Chunk { .. } => "sealed-chunk",
        }
    }
}

/// AES-256-GCM under the derived key, with the derived nonces.
struct Cipher {
    key: LessSafeKey,
    base_nonce: [u8; NONCE_LEN],
}

impl Cipher {
    fn new(key: &[u8], base_nonce: [u8; NONCE_LEN]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, key).expect("the key has 32 bytes");
        Self {
            key: LessSafeKey::new(key),
            base_nonce,
        }
    }

    /// Base nonce XOR the number as a big-endian integer, while the number is allowed.
    fn nonce(&self, number: u64) -> Option<Nonce> {
        let mut nonce = self.base_nonce;
        for (byte, counter) in nonce[NONCE_LEN - 8..].iter_mut().zip(number.to_be_bytes()) {
            *byte ^= counter;
        }
        (number < CHUNKS_MAX).then(|| Nonce::assume_unique_for_key(nonce))
    }

    fn seal(&self, number: u64, chunk: &[u8]) -> Result<Vec<u8>, SealError> {
        let nonce = self.nonce(number).ok_or(SealError::TooLong)?;
        let mut sealed = Vec::with_capacity(chunk.len() + TAG_LEN);
        sealed.extend_from_slice(chunk);
        self.key
            .seal_in_place_append_tag(nonce, Aad::empty(), &mut sealed)
            .expect("a chunk is far below the limit of AES-GCM");
        Ok(sealed)
    }

    fn open(&self, number: u64, sealed: &[u8]) -> Option<Vec<u8>> {
        let mut chunk = sealed.to_vec();
        let length = self
            .key
            .open_in_place(self.nonce(number)?, Aad::empty(), &mut chunk)
            .ok()?
            .len();
        chunk.truncate(length);
        Some(chunk)
    }
}

/// Derives the cipher and the commitment of a message.
fn derive(
    key: &ContentKey,
    salt: &[u8; SALT_LEN],
    context: &[u8],
) -> (Cipher, [u8; COMMITMENT_LEN]) {
    const LEN: usize = KEY_LEN + NONCE_LEN + COMMITMENT_LEN;
    let mut derived = Zeroizing::new([0; LEN]);
    // Expand without extract: a content key is uniformly random already, as the scheme demands.
    Prk::new_less_safe(HKDF_SHA512, key.expose())
        .expand(&[DERIVATION, salt, context], OutputLen(LEN))
        .and_then(|output| output.fill(derived.as_mut_slice()))
        .expect("HKDF-SHA512 expands to 76 bytes");
    let mut base_nonce = [0; NONCE_LEN];
    base_nonce.copy_from_slice(&derived[KEY_LEN..KEY_LEN + NONCE_LEN]);
    let mut commitment = [0; COMMITMENT_LEN];
    commitment.copy_from_slice(&derived[KEY_LEN + NONCE_LEN..]);
    (Cipher::new(&derived[..KEY_LEN], base_nonce), commitment)
}

/// The output length of HKDF in bytes, in the form that `ring` asks for.
struct OutputLen(usize);

impl KeyType for OutputLen {
    fn len(&self) -> usize {
        self.0
    }
}

#[cfg(test)]
mod tests;
