//! A device's request to be admitted, and the code that is read out by telephone.

use std::fmt;
use std::num::NonZeroU32;

use ring::pbkdf2;
use thiserror::Error;

use super::Version;
use crate::address::{ContactAddress, DeviceId};
use crate::codec::{Decode, Encode, Exact, Text, TooLong};
use crate::crypto::ed25519::{Signature, SigningKey, VerifyingKey};
use crate::hash::{Hash, hash};
use crate::label::Label;
use crate::time::Timestamp;

/// The longest encoded request, in bytes.
pub const REQUEST_BYTES_MAX: usize = 1024;

/// What a new device, or an old one with new keys, asks its organisation to put into the annex.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct DeviceRequest {
    /// The version of this structure.
    pub version: Version,
    /// The network it wants to join.
    pub network: Text<64>,
    /// The contact it wants to act for.
    pub contact: ContactAddress,
    /// Its id.
    pub device: DeviceId,
    /// What it is called on site.
    pub label: Text<64>,
    /// Its key for the TLS handshake.
    pub transport: VerifyingKey,
    /// Its key for signatures.
    pub signing: VerifyingKey,
    /// When the request was made.
    pub created: Timestamp,
}

/// A request with proof that the device holds both private keys.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedRequest {
    /// The request and its exact bytes.
    pub request: Exact<DeviceRequest, REQUEST_BYTES_MAX>,
    /// The signature by the signing key.
    pub by_signing: Signature,
    /// The signature by the transport key. Without it, a stranger's key could be put into the
    /// roster and take the stranger's device out of service (PROTOCOL R8).
    pub by_transport: Signature,
}

impl SignedRequest {
    /// Signs a request with both keys of the device, which take the place of those it names.
    pub fn sign(
        request: DeviceRequest,
        signing: &SigningKey,
        transport: &SigningKey,
    ) -> Result<Self, TooLong> {
        let request = Exact::of(DeviceRequest {
            transport: transport.verifying_key(),
            signing: signing.verifying_key(),
            ..request
        })?;
        let digest = request_hash(request.bytes());
        Ok(Self {
            by_signing: signing.sign(Label::REQUEST_SIGNATURE, &digest),
            by_transport: transport.sign(Label::REQUEST_SIGNATURE, &digest),
            request,
        })
    }

    /// Checks network, keys and both signatures.
    ///
    /// What it proves is that the device holds these keys. Who the device is, the code proves, when
    /// the people on both ends of a telephone read the same twelve digits.
    pub fn verify(&self, network: &str) -> Result<VerifiedRequest<'_>, RequestError> {
        let request = self.request.value();
        if request.network.as_str() != network {
            return Err(RequestError::Network {
                found: request.network.to_string(),
                expected: network.to_owned(),
            });
        }
        if request.transport == request.signing {
            return Err(RequestError::SameKey);
        }
        let digest = request_hash(self.request.bytes());
        for (key, signature, purpose) in [
            (request.signing, self.by_signing, "signing"),
            (request.transport, self.by_transport, "transport"),
        ] {
            key.verify(Label::REQUEST_SIGNATURE, &digest, &signature)
                .map_err(|_| RequestError::Signature { purpose })?;
        }
        Ok(VerifiedRequest { request, digest })
    }
}

/// A request whose signatures hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedRequest<'a> {
    request: &'a DeviceRequest,
    digest: Hash,
}

impl<'a> VerifiedRequest<'a> {
    /// What is asked for.
    pub fn request(&self) -> &'a DeviceRequest {
        self.request
    }

    /// The code to compare by telephone. It takes a second of work on purpose.
    pub fn code(&self) -> RequestCode {
        RequestCode::derive(&self.digest)
    }
}

/// Twelve digits over a request, shown as `4821-0937-5510`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestCode(u64);

/// How often the hash is repeated for one code.
const CODE_ITERATIONS: NonZeroU32 = NonZeroU32::new(1_000_000).expect("a million is not zero");

impl RequestCode {
    /// The first 8 bytes, little-endian, modulo 10^12, of PBKDF2-HMAC-SHA256 (RFC 8018) over
    /// `H("request", request)`, salted with the padded label "request code", 1,000,000 iterations.
    ///
    /// It takes under a second, once on each end of a telephone call. Whoever can change a request
    /// on its way has to find another with the same code: 10^12 codes of 10^6 iterations are 10^18
    /// HMACs. At 10^10 a second, a good graphics processor of 2026, that is three years, and a
    /// hundred of them need eleven days. So requests are compared on the day they are made.
    pub fn of(request: &[u8]) -> Self {
        Self::derive(&request_hash(request))
    }

    fn derive(digest: &Hash) -> Self {
        let mut first = [0; 8];
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA256,
            CODE_ITERATIONS,
            &Label::REQUEST_CODE.padded(),
            digest.as_bytes(),
            &mut first,
        );
        Self(u64::from_le_bytes(first) % 1_000_000_000_000)
    }
}

impl fmt::Display for RequestCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(code) = *self;
        let (first, second, third) = (code / 100_000_000, code / 10_000 % 10_000, code % 10_000);
        write!(f, "{first:04}-{second:04}-{third:04}")
    }
}

/// Why a request is not one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RequestError {
    /// It is for another network.
    #[error(
        "The request is for the network `{found}`, and this is `{expected}`. Ask for a request \
         made with the anchor of this network."
    )]
    Network {
        /// The network the request names.
        found: String,
        /// Ours.
        expected: String,
    },
    /// Transport and signing key are the same.
    #[error("The request has one key for two purposes. Ask for a new request.")]
    SameKey,
    /// A signature does not verify.
    #[error(
        "The signature by the {purpose} key does not verify: the request was changed on its way. \
         Ask for it again, by another way."
    )]
    Signature {
        /// `signing` or `transport`.
        purpose: &'static str,
    },
}

impl RequestError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Network { .. } => "request-network",
            Self::SameKey => "request-same-key",
            Self::Signature { .. } => "request-signature",
        }
    }
}

/// H("request", request), over the exact bytes.
fn request_hash(request: &[u8]) -> Hash {
    hash(Label::REQUEST, &[request])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{decode, encode};

    fn signed() -> SignedRequest {
        let (signing, transport) = (
            SigningKey::from_seed([1; 32]),
            SigningKey::from_seed([2; 32]),
        );
        let request = DeviceRequest {
            version: Version::ONE,
            network: Text::new("test").unwrap(),
            contact: "interpol/fr".parse().unwrap(),
            device: DeviceId::from_bytes([7; 16]),
            label: Text::new("desk 3").unwrap(),
            transport: transport.verifying_key(),
            signing: signing.verifying_key(),
            created: Timestamp::from_unix_ms(1),
        };
        SignedRequest::sign(request, &signing, &transport).unwrap()
    }

    #[test]
    fn a_request_that_proves_both_keys_is_verified() {
        let signed: SignedRequest = decode(&encode(&signed())).unwrap();
        let verified = signed.verify("test").unwrap();
        assert_eq!(verified.request().label.as_str(), "desk 3");
        assert_eq!(verified.code(), RequestCode::of(signed.request.bytes()));
    }

    #[test]
    fn a_request_for_another_network_or_with_a_wrong_signature_is_refused() {
        let good = signed();
        assert_eq!(good.verify("other").unwrap_err().code(), "request-network");
        let mut bad = good.clone();
        bad.by_transport = good.by_signing;
        let error = bad.verify("test").unwrap_err();
        assert_eq!(
            error,
            RequestError::Signature {
                purpose: "transport"
            }
        );
        let mut bad = good.clone();
        bad.by_signing = good.by_transport;
        let error = bad.verify("test").unwrap_err();
        assert_eq!(error, RequestError::Signature { purpose: "signing" });
        let key = SigningKey::from_seed([3; 32]);
        let request = good.request.into_value();
        let same = SignedRequest::sign(request, &key, &key).unwrap();
        assert_eq!(same.verify("test"), Err(RequestError::SameKey));
    }

    #[test]
    fn a_code_is_that_of_another_implementation() {
        // Python: hashlib.pbkdf2_hmac("sha256", H("request", request), label, 10**6, 8).
        let code = RequestCode::of(b"maille");
        assert_eq!(code.to_string(), "5566-7939-2493");
    }

    #[test]
    fn a_code_has_twelve_digits_in_three_groups() {
        assert_eq!(RequestCode(482_109_375_510).to_string(), "4821-0937-5510");
        assert_eq!(RequestCode(7).to_string(), "0000-0000-0007");
    }
}
