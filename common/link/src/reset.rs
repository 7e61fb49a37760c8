//! How a relay that was killed tells devices that their connections are gone (RFC 9000, 10.3).
//!
//! Without it a device hears of a relay's end at [`Limits::connection_idle`](crate::Limits) only.
//! The tokens must be the same in every life of the process, so their key comes from the transport
//! key, and connection ids from nothing but chance: whoever makes the relay reset ids at will must
//! not meet one that a connection will have.

use std::time::Duration;

use maille_common::crypto::ed25519::SigningKey;
use maille_common::label::Label;
use quinn::EndpointConfig;
use quinn_proto::RandomConnectionIdGenerator;
use ring::{hkdf, hmac};

use crate::certificate::Identity;

/// Least time between two resets: 8,192 devices of a relay that was killed hear of it within 8 s,
/// and garbage from anywhere is answered with at most 1,000 packets a second, each shorter than
/// what it answers.
const RESET_INTERVAL: Duration = Duration::from_millis(1);

/// HKDF-SHA256 (RFC 5869) of the transport key's seed, salted with the label.
pub(crate) fn reset_key(transport: &SigningKey) -> hmac::Key {
    let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, &Label::STATELESS_RESET.padded());
    let derived = salt.extract(transport.expose());
    let key = derived.expand(&[], hmac::HMAC_SHA256);
    hmac::Key::from(key.expect("a key of SHA-256 is shorter than HKDF's limit"))
}

/// The settings of a listener's socket.
pub(crate) fn endpoint_config(identity: &Identity) -> EndpointConfig {
    let mut config = EndpointConfig::new(identity.reset_key());
    config
        .cid_generator(|| Box::<RandomConnectionIdGenerator>::default())
        .min_reset_interval(RESET_INTERVAL);
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(seed: u8) -> Vec<u8> {
        let key = reset_key(&SigningKey::from_seed([seed; 32]));
        hmac::sign(&key, b"connection id").as_ref().to_vec()
    }

    #[test]
    fn one_transport_key_gives_one_reset_key() {
        assert_eq!(sign(7), sign(7));
        assert_ne!(sign(7), sign(8));
    }
}
