//! The X.509 container around a transport key.
//!
//! TLS wants a certificate, and tools that show one (openssl, captures) are useful; nothing in it
//! is believed but the key. It is signed by its own key, valid from 1975 to 4096, and the same key
//! and name always give the same bytes.

use std::fmt;
use std::sync::Arc;

use maille_common::crypto::ed25519::{SigningKey, VerifyingKey};
use rcgen::{CertificateParams, DistinguishedName, DnType, PKCS_ED25519, PublicKeyData};
use ring::hmac;
use ring::signature::Ed25519KeyPair;
use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;
use rustls::sign::{CertifiedKey, Signer};
use rustls::{SignatureAlgorithm, SignatureScheme};
use thiserror::Error;

use crate::limits::NAME_BYTES_MAX;
use crate::reset::reset_key;

/// SubjectPublicKeyInfo of an Ed25519 key up to the 32 bytes of the key (RFC 8410, section 4).
/// DER has one encoding, so comparing bytes is the whole check.
const ED25519_SPKI_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// Who we are on the wire: a transport key and its container.
#[derive(Clone)]
pub struct Identity {
    key: VerifyingKey,
    certified: Arc<CertifiedKey>,
    reset_key: Arc<hmac::Key>,
}

impl Identity {
    /// Wraps a transport key. The name is shown by tools and believed by nobody.
    ///
    /// The expanded key stays in memory, inside ring, until the last endpoint made from it is gone.
    pub fn new(name: &str, key: &SigningKey) -> Result<Self, IdentityError> {
        if name.is_empty() || name.len() > NAME_BYTES_MAX {
            return Err(IdentityError::Name);
        }
        let verifying_key = key.verifying_key();
        let transport = TransportKey {
            pair: Arc::new(
                Ed25519KeyPair::from_seed_unchecked(key.expose())
                    .expect("a seed of 32 bytes is a private key"),
            ),
            public: verifying_key,
        };
        let mut subject = DistinguishedName::new();
        subject.push(DnType::CommonName, name);
        let mut params = CertificateParams::default();
        params.distinguished_name = subject;
        params.not_before = rcgen::date_time_ymd(1975, 1, 1);
        params.not_after = rcgen::date_time_ymd(4096, 1, 1);
        let certificate = params
            .self_signed(&transport)
            .map_err(|error| IdentityError::Encode(error.to_string()))?;
        Ok(Self {
            key: verifying_key,
            certified: Arc::new(CertifiedKey::new(
                vec![certificate.der().clone()],
                Arc::new(transport),
            )),
            reset_key: Arc::new(reset_key(key)),
        })
    }

    /// The public transport key, as it stands in the roster.
    pub const fn key(&self) -> VerifyingKey {
        self.key
    }

    /// The certificate in DER, for tools.
    pub fn certificate_der(&self) -> &[u8] {
        &self.certified.cert[0]
    }

    /// Signs what tells a device that its connection to an earlier life of this process is gone.
    pub(crate) fn reset_key(&self) -> Arc<hmac::Key> {
        Arc::clone(&self.reset_key)
    }

    pub(crate) fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certified)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// Why an identity could not be made.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// The name is empty or longer than [`NAME_BYTES_MAX`].
    #[error("The name for the certificate must have 1 to {NAME_BYTES_MAX} bytes.")]
    Name,
    /// The certificate could not be encoded, for example because of the name's characters.
    #[error("The certificate could not be encoded: {0}.")]
    Encode(String),
}

impl IdentityError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Name => "identity-name",
            Self::Encode(_) => "identity-encode",
        }
    }
}

/// Takes the Ed25519 key out of a peer's certificate, and looks at nothing else.
///
/// The certificate is parsed by webpki, the same parser that rustls uses to check the handshake
/// signature: both see the same key.
pub(crate) fn peer_key(certificate: &CertificateDer<'_>) -> Result<VerifyingKey, KeyFault> {
    let parsed = ParsedCertificate::try_from(certificate).map_err(|_| KeyFault::NotACertificate)?;
    let spki = parsed.subject_public_key_info();
    let key = spki
        .strip_prefix(&ED25519_SPKI_PREFIX)
        .and_then(|key| <[u8; 32]>::try_from(key).ok())
        .ok_or(KeyFault::NotEd25519)?;
    VerifyingKey::strict(key).map_err(|_| KeyFault::Weak)
}

/// Why a certificate gives no key. The peer hears only that it is not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyFault {
    NotACertificate,
    NotEd25519,
    Weak,
}

/// The private transport key, in the shapes that rcgen and rustls ask for.
///
/// Both traits could as well be served by a token or an agent that never gives the key away.
#[derive(Clone)]
struct TransportKey {
    pair: Arc<Ed25519KeyPair>,
    public: VerifyingKey,
}

impl fmt::Debug for TransportKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TransportKey(..)")
    }
}

impl PublicKeyData for TransportKey {
    fn der_bytes(&self) -> &[u8] {
        self.public.as_bytes()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &PKCS_ED25519
    }
}

impl rcgen::SigningKey for TransportKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(self.pair.sign(message).as_ref().to_vec())
    }
}

impl rustls::sign::SigningKey for TransportKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered
            .contains(&SignatureScheme::ED25519)
            .then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ED25519
    }
}

impl Signer for TransportKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        Ok(self.pair.sign(message).as_ref().to_vec())
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity::new("interpol/fr/cyber", &SigningKey::from_seed([7; 32])).expect("an identity")
    }

    #[test]
    fn the_container_gives_back_the_key_that_is_in_it() {
        let identity = identity();
        let certificate = CertificateDer::from(identity.certificate_der().to_vec());
        assert_eq!(peer_key(&certificate), Ok(identity.key()));
    }

    #[test]
    fn one_key_and_name_give_one_certificate() {
        assert_eq!(identity().certificate_der(), identity().certificate_der());
    }

    #[test]
    fn a_certificate_with_bytes_behind_it_is_none() {
        let mut der = identity().certificate_der().to_vec();
        der.push(0);
        assert_eq!(
            peer_key(&CertificateDer::from(der)),
            Err(KeyFault::NotACertificate)
        );
    }

    #[test]
    fn a_certificate_around_a_key_of_small_order_gives_no_key() {
        let identity = identity();
        let mut der = identity.certificate_der().to_vec();
        let at = der
            .windows(32)
            .position(|window| window == identity.key().as_bytes())
            .expect("the key stands in its certificate");
        der[at..at + 32].fill(0);
        assert_eq!(peer_key(&CertificateDer::from(der)), Err(KeyFault::Weak));
    }

    #[test]
    fn a_name_must_be_there_and_short() {
        let key = SigningKey::from_seed([7; 32]);
        for name in ["", &"a".repeat(NAME_BYTES_MAX + 1)] {
            let error = Identity::new(name, &key).expect_err("no such name");
            assert_eq!(error.code(), "identity-name");
        }
    }

    #[test]
    fn nothing_secret_is_printed() {
        let shown = format!("{:?}{:?}", identity(), identity().certified());
        assert!(shown.contains("TransportKey(..)"));
        assert!(!shown.contains("Ed25519KeyPair"));
    }
}
