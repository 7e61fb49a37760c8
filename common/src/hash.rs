//! The one hash of the protocol, and the plain one for the bytes of files.

use std::fmt;

use ring::digest::{Context, SHA256};

use crate::codec::fixed_bytes;
use crate::label::Label;

fixed_bytes! {
    /// A SHA-256 value.
    pub struct Hash([u8; 32]);
}

impl Hash {
    /// Thirty-two zero bytes: the start of every chain. No input is known to hash to it.
    pub const ZERO: Self = Self([0; 32]);
}

/// H(label, parts) = SHA-256(label padded with zeros to 32 bytes || part || part ...), FIPS 180-4.
///
/// Parts are joined without a separator, so callers pass parts that are fixed-width or
/// length-prefixed: otherwise two different lists of parts could give the same bytes.
pub fn hash(label: Label, parts: &[&[u8]]) -> Hash {
    let padded = label.padded();
    let mut context = Context::new(&SHA256);
    context.update(&padded);
    for part in parts {
        context.update(part);
    }
    value_of(context)
}

/// SHA-256 without a label (FIPS 180-4), of bytes that come one after the other.
///
/// For the bytes of files and their pieces, so that any tool on any machine can check them. What
/// is signed goes through [`hash`].
#[derive(Clone)]
pub struct FileHash(Context);

impl FileHash {
    /// A hash of nothing yet.
    pub fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    /// SHA-256 of bytes that are all there.
    pub fn of(bytes: &[u8]) -> Hash {
        let mut hash = Self::new();
        hash.update(bytes);
        hash.finish()
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all the bytes taken.
    pub fn finish(self) -> Hash {
        value_of(self.0)
    }
}

impl Default for FileHash {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for FileHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileHash(..)")
    }
}

fn value_of(context: Context) -> Hash {
    let mut value = [0; Hash::LEN];
    value.copy_from_slice(context.finish().as_ref());
    Hash(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_sha256_over_the_padded_label_and_the_parts() {
        // (printf 'maille/1 envelope'; head -c 15 /dev/zero; printf abc) | openssl dgst -sha256
        let expected = "633dee073988ee2bc8653908f7721643561d56b714c23778f97853a2d01dc5a1";
        assert_eq!(hash(Label::ENVELOPE, &[b"a", b"bc"]).to_string(), expected);
    }

    #[test]
    fn a_file_hash_is_plain_sha256_however_the_bytes_come() {
        // printf abc | sha256sum
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(FileHash::of(b"abc").to_string(), expected);
        let mut hash = FileHash::default();
        hash.update(b"a");
        hash.update(b"bc");
        assert_eq!(hash.finish().to_string(), expected);
    }

    #[test]
    fn the_label_separates_equal_parts() {
        assert_ne!(
            hash(Label::ENVELOPE, &[b"abc"]),
            hash(Label::CORE, &[b"abc"])
        );
    }
}
