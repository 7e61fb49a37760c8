//! HMAC-SHA256 (RFC 2104, FIPS 180-4), for what other systems verify with a shared secret.
//!
//! tag = SHA-256((key ^ opad) || SHA-256((key ^ ipad) || message)). Nothing of the protocol rests
//! on it: there, whoever verifies must not be able to sign.

use ring::hmac::{Context, HMAC_SHA256, Key};

/// The tag of a message, which is given in parts.
pub fn sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::with_key(&Key::new(HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    let tag = context.sign();
    tag.as_ref().try_into().expect("SHA-256 gives 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::from_hex;

    /// RFC 4231, test cases 2 and 6.
    #[test]
    fn known_messages_have_known_tags() {
        let tag = sha256(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(tag, from_hex::<32>(expected).unwrap());
        let message = b"Test Using Larger Than Block-Size Key - Hash Key First";
        let tag = sha256(&[0xaa; 131], &[message]);
        let expected = "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54";
        assert_eq!(tag, from_hex::<32>(expected).unwrap());
    }
}
