//! What both ends of a webhook know, and how a message is signed with it: Standard Webhooks 1.0.
//!
//! `webhook-signature: v1,` base64(HMAC-SHA256(secret, id || "." || timestamp || "." || body)),
//! with the timestamp in seconds, as in `webhook-timestamp`.

use std::fmt::Display;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maille_common::crypto::hmac;
use zeroize::Zeroizing;

use crate::sentence::fault;

/// What a secret begins with as it is written.
const PREFIX: &str = "whsec_";

/// How long one may be, in bytes (Standard Webhooks, "signature scheme").
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The longest file, in bytes.
const FILE_BYTES_MAX: u64 = 256;

/// A secret. It does not print, and is wiped when it is dropped.
pub(super) struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Reads one from a file that only its owner may read.
    pub(super) fn read(path: &Path) -> Result<Self, Box<dyn Display>> {
        let refuse = |why: &dyn Display| -> Box<dyn Display> {
            let path = &path.display();
            Box::new(fault::WebhookSecret { path, why }.to_string())
        };
        let file = File::open(path).map_err(|error| refuse(&error))?;
        let metadata = file.metadata().map_err(|error| refuse(&error))?;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(refuse(&fault::ReadableByOthers));
        }
        let mut text = Zeroizing::new(String::with_capacity(512));
        file.take(FILE_BYTES_MAX)
            .read_to_string(&mut text)
            .map_err(|error| refuse(&error))?;
        Self::parse(text.trim_end()).ok_or_else(|| refuse(&fault::SecretForm))
    }

    fn parse(text: &str) -> Option<Self> {
        let secret = Zeroizing::new(STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?);
        BYTES.contains(&secret.len()).then_some(Self(secret))
    }

    /// What stands in `webhook-signature`.
    pub(super) fn sign(&self, id: &str, seconds: u64, body: &[u8]) -> String {
        let head = format!("{id}.{seconds}.");
        let tag = hmac::sha256(&self.0, &[head.as_bytes(), body]);
        format!("v1,{}", STANDARD.encode(tag))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference libraries.
    #[test]
    fn a_known_message_has_its_known_signature() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let signature = secret.sign(id, 1_614_265_330, br#"{"test": 2432232314}"#);
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signature, expected);
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }

    #[test]
    fn a_secret_that_is_too_short_or_of_another_form_is_refused() {
        for text in [
            "",
            "whsec_",
            "whsec_c2hvcnQ=",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_!fKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        ] {
            assert!(Secret::parse(text).is_none(), "{text}");
        }
    }
}
