//! A whole connection of QUIC, with a device's key and without our link: its streams are used in
//! any way.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use maille_common::crypto::ed25519::SigningKey;
use maille_link::Identity;
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connection, ConnectionError, Endpoint, TransportConfig};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::version::TLS13;
use rustls::{DigitallySignedStruct, Error, KeyLog, SignatureScheme};

/// PKCS #8 of an Ed25519 key up to its seed (RFC 8410, section 7).
const PKCS8: &[u8] = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";

/// One end that dials.
#[derive(Debug)]
pub struct RawPeer {
    endpoint: Endpoint,
    config: ClientConfig,
}

impl RawPeer {
    /// Binds an address of loopback, with the transport key of a seed.
    pub fn at(address: Ipv4Addr, seed: [u8; 32]) -> Self {
        Self::with(address, seed, TransportConfig::default(), None)
    }

    /// Binds it with settings of QUIC, and tells a log of its secrets.
    pub fn with(
        address: Ipv4Addr,
        seed: [u8; 32],
        transport: TransportConfig,
        secrets: Option<Arc<dyn KeyLog>>,
    ) -> Self {
        let identity = Identity::new("raw", &SigningKey::from_seed(seed)).unwrap();
        let chain = vec![CertificateDer::from(identity.certificate_der().to_vec())];
        let key = PrivatePkcs8KeyDer::from([PKCS8, &seed[..]].concat());
        let mut provider = ring::default_provider();
        // The first choice, for whoever needs the connection's keys; the second is needed by QUIC.
        provider.cipher_suites = vec![
            ring::cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
            ring::cipher_suite::TLS13_AES_128_GCM_SHA256,
        ];
        let provider = Arc::new(provider);
        let mut tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyRelay))
            .with_client_auth_cert(chain, key.into())
            .unwrap();
        tls.alpn_protocols = vec![maille_link::ALPN.to_vec()];
        if let Some(secrets) = secrets {
            tls.key_log = secrets;
        }
        let mut config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()));
        config.transport_config(Arc::new(transport));
        let endpoint = Endpoint::client(SocketAddr::new(address.into(), 0)).unwrap();
        Self { endpoint, config }
    }

    /// Shakes hands.
    pub async fn connect(&self, relay: SocketAddr) -> Result<Connection, ConnectionError> {
        let config = self.config.clone();
        let connecting = self.endpoint.connect_with(config, relay, "maille");
        connecting.unwrap().await
    }
}

/// Believes whoever answers: these peers attack a relay, and need no proof of it.
#[derive(Debug)]
struct AnyRelay;

impl ServerCertVerifier for AnyRelay {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}
