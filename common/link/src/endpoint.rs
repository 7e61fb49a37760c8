//! The settings of TLS and QUIC (DESIGN section 7), the same for everyone.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use quinn::crypto::rustls::{NoInitialCipherSuite, QuicClientConfig, QuicServerConfig};
use quinn::{IdleTimeout, TransportConfig, VarInt};
use rustls::SignatureScheme;
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring};
use rustls::server::NoServerSessionStorage;
use rustls::sign::SingleCertAndKey;
use rustls::version::TLS13;
use thiserror::Error;

use crate::certificate::Identity;
use crate::directory::Directory;
use crate::limits::{
    ANSWER_WINDOW_BYTES, HANDSHAKE_BYTES_MAX, INCOMING_BYTES_MAX, INCOMING_BYTES_TOTAL,
    INCOMING_MAX, Limits, PUSH_STREAMS_MAX, REQUEST_STREAMS_MAX, REQUEST_WINDOW_BYTES,
    STREAM_WINDOW_BYTES,
};
use crate::verifier::PeerVerifier;

/// The protocol's name in the TLS handshake. Another name is another protocol.
pub const ALPN: &[u8] = b"maille/1";

/// Why an endpoint could not be opened.
#[derive(Debug, Error)]
pub enum BindError {
    /// The system did not give the address.
    #[error("The address {address} could not be bound: {source}.")]
    Address {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// TLS or QUIC refused our settings. This is a fault of this program: please report it.
    #[error("TLS refused its settings: {0}.")]
    Settings(String),
}

impl BindError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Address { .. } => "bind-address",
            Self::Settings(_) => "bind-settings",
        }
    }
}

impl From<rustls::Error> for BindError {
    fn from(error: rustls::Error) -> Self {
        Self::Settings(error.to_string())
    }
}

impl From<NoInitialCipherSuite> for BindError {
    fn from(error: NoInitialCipherSuite) -> Self {
        Self::Settings(error.to_string())
    }
}

/// QUIC as a listener speaks it.
pub(crate) fn quic_server(
    identity: &Identity,
    directory: Arc<dyn Directory>,
    limits: &Limits,
) -> Result<quinn::ServerConfig, BindError> {
    let tls = QuicServerConfig::try_from(tls_server(identity, directory)?)?;
    let mut transport = transport(limits)?;
    transport
        .max_concurrent_bidi_streams(REQUEST_STREAMS_MAX.into())
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .receive_window(REQUEST_WINDOW_BYTES.into())
        .send_window(ANSWER_WINDOW_BYTES.into());
    let mut config = quinn::ServerConfig::with_crypto(Arc::new(tls));
    // No tokens for later visits: they would name a returning device to whoever watches.
    let mut tokens = quinn::ValidationTokenConfig::default();
    tokens.sent(0);
    config
        .transport_config(Arc::new(transport))
        .validation_token_config(tokens)
        .max_incoming(INCOMING_MAX)
        .incoming_buffer_size(INCOMING_BYTES_MAX)
        .incoming_buffer_size_total(INCOMING_BYTES_TOTAL);
    Ok(config)
}

/// QUIC as a dialer speaks it.
pub(crate) fn quic_client(
    identity: &Identity,
    directory: Arc<dyn Directory>,
    limits: &Limits,
) -> Result<quinn::ClientConfig, BindError> {
    let tls = QuicClientConfig::try_from(tls_client(identity, directory)?)?;
    let mut transport = transport(limits)?;
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .max_concurrent_uni_streams(PUSH_STREAMS_MAX.into())
        .receive_window(ANSWER_WINDOW_BYTES.into())
        .send_window(REQUEST_WINDOW_BYTES.into())
        .keep_alive_interval(Some(limits.keep_alive));
    let mut config = quinn::ClientConfig::new(Arc::new(tls));
    config.transport_config(Arc::new(transport));
    Ok(config)
}

/// TLS of a listener: 1.3 only, the client's key mandatory, and every handshake a full one, since
/// a resumed session would not ask the directory again.
pub(crate) fn tls_server(
    identity: &Identity,
    directory: Arc<dyn Directory>,
) -> Result<rustls::ServerConfig, rustls::Error> {
    let provider = provider();
    let verifier = PeerVerifier::new(directory, provider.signature_verification_algorithms);
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(identity.certified())));
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(config)
}

/// TLS of a dialer. The name of the relay is not sent: its key says who it is.
pub(crate) fn tls_client(
    identity: &Identity,
    directory: Arc<dyn Directory>,
) -> Result<rustls::ClientConfig, rustls::Error> {
    let provider = provider();
    let verifier = PeerVerifier::new(directory, provider.signature_verification_algorithms);
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity.certified())));
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    config.enable_sni = false;
    Ok(config)
}

/// ring, with Ed25519 as the only way to sign.
fn provider() -> Arc<CryptoProvider> {
    let mut provider = ring::default_provider();
    let mapping = provider.signature_verification_algorithms.mapping;
    let at = mapping
        .iter()
        .position(|(scheme, _)| *scheme == SignatureScheme::ED25519)
        .expect("ring verifies Ed25519");
    provider.signature_verification_algorithms = WebPkiSupportedAlgorithms {
        all: mapping[at].1,
        mapping: &mapping[at..=at],
    };
    Arc::new(provider)
}

/// What both ends set alike.
fn transport(limits: &Limits) -> Result<TransportConfig, BindError> {
    let idle = IdleTimeout::try_from(limits.connection_idle)
        .map_err(|_| BindError::Settings("the idle time is out of range".to_owned()))?;
    let mut transport = TransportConfig::default();
    transport
        .stream_receive_window(STREAM_WINDOW_BYTES.into())
        .max_idle_timeout(Some(idle))
        .crypto_buffer_size(HANDSHAKE_BYTES_MAX)
        .datagram_receive_buffer_size(None);
    Ok(transport)
}
