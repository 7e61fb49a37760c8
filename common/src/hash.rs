//! The one hash of the protocol.

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
    fn the_label_separates_equal_parts() {
        assert_ne!(
            hash(Label::ENVELOPE, &[b"abc"]),
            hash(Label::CORE, &[b"abc"])
        );
    }
}
