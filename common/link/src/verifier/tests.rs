//! Handshakes in memory, most of them hostile.

use std::io;

use maille_common::crypto::ed25519::{SigningKey, VerifyingKey};
use rustls::server::Accepted;
use rustls::sign::{CertifiedKey, Signer, SingleCertAndKey};
use rustls::{
    ClientConfig, ClientConnection, ProtocolVersion, ServerConfig, ServerConnection,
    SignatureAlgorithm,
};

use super::*;
use crate::certificate::Identity;
use crate::directory::ExpectedKeys;
use crate::endpoint::{tls_client, tls_server};

/// A certificate around an RSA key, made with
/// `openssl req -x509 -newkey rsa:2048 -subj /CN=impostor -outform DER`.
const RSA: &[u8] = include_bytes!("rsa.der");

#[test]
fn two_peers_that_admit_each_other_meet_under_tls_1_3_with_a_full_handshake() {
    let (client, server) = handshake(honest_client(), honest_server()).expect("they meet");
    assert_eq!(client.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    assert_eq!(client.handshake_kind(), Some(rustls::HandshakeKind::Full));
    assert_eq!(client.alpn_protocol(), Some(crate::ALPN));
    let shown = |certificates: Option<&[CertificateDer<'static>]>| {
        peer_key(&certificates.expect("a certificate")[0])
    };
    assert_eq!(shown(client.peer_certificates()), Ok(RELAY.key()));
    assert_eq!(shown(server.peer_certificates()), Ok(DEVICE.key()));
    assert_eq!(client.tls13_tickets_received(), 0);
}

#[test]
fn a_device_that_is_not_admitted_is_refused() {
    let error = handshake(client_of(&STRANGER.identity()), honest_server());
    assert_eq!(error.err(), Some(at_server(not_admitted())));
}

#[test]
fn a_relay_that_is_not_expected_is_refused() {
    let error = handshake(honest_client(), server_of(&STRANGER.identity()));
    assert_eq!(error.err(), Some(at_client(not_admitted())));
}

#[test]
fn a_removal_counts_at_the_next_handshake() {
    let directory = Arc::new(OnlyOnce::default());
    let server = tls_server(&RELAY.identity(), directory).expect("a configuration");
    handshake(honest_client(), server.clone()).expect("admitted the first time");
    let error = handshake(honest_client(), server);
    assert_eq!(error.err(), Some(at_server(not_admitted())));
}

#[test]
fn the_certificate_of_an_admitted_key_is_worth_nothing_without_the_key() {
    let stolen = certified(&[DEVICE.certificate()], STRANGER.signer());
    let error = handshake(presenting(stolen), honest_server());
    let bad = Error::from(CertificateError::BadSignature);
    assert_eq!(error.err(), Some(at_server(bad.clone())));

    let mut impostor = honest_server();
    let stolen = certified(&[RELAY.certificate()], STRANGER.signer());
    impostor.cert_resolver = Arc::new(SingleCertAndKey::from(stolen));
    let error = handshake(honest_client(), impostor);
    assert_eq!(error.err(), Some(at_client(bad)));
}

#[test]
fn a_signature_under_a_scheme_that_was_not_offered_is_refused() {
    for scheme in [
        SignatureScheme::RSA_PSS_SHA256,
        SignatureScheme::ECDSA_NISTP256_SHA256,
        SignatureScheme::ED448,
    ] {
        let liar = Arc::new(Liar { scheme });
        let error = handshake(
            presenting(certified(&[DEVICE.certificate()], liar)),
            honest_server(),
        );
        let refused = PeerIncompatible::NoSignatureSchemesInCommon.into();
        assert_eq!(error.err(), Some(at_server(refused)), "{scheme:?}");
    }
}

#[test]
fn other_kinds_of_key_are_refused() {
    let ecdsa = rcgen::generate_simple_self_signed(vec!["impostor".to_owned()])
        .expect("a P-256 certificate")
        .cert
        .der()
        .clone();
    for certificate in [CertificateDer::from(RSA), ecdsa] {
        assert_eq!(peer_key(&certificate), Err(KeyFault::NotEd25519));
        let error = handshake(
            presenting(certified(&[certificate], DEVICE.signer())),
            honest_server(),
        );
        assert_eq!(error.err(), Some(at_server(not_admitted())));
    }
}

#[test]
fn a_client_without_a_certificate_is_refused() {
    let provider = Arc::clone(honest_client().crypto_provider());
    let verifier = PeerVerifier::new(
        Arc::new(ExpectedKeys::new(&[RELAY.key()])),
        provider.signature_verification_algorithms,
    );
    let mut client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    client.alpn_protocols = vec![crate::ALPN.to_vec()];
    let error = handshake(client, honest_server());
    let refused = at_server(Error::NoCertificatesPresented);
    assert_eq!(error.err(), Some(refused));
}

#[test]
fn bytes_that_are_no_certificate_are_refused() {
    let whole = DEVICE.certificate();
    let cut = &whole[..whole.len() - 1];
    for garbage in [
        &b""[..],
        b"garbage",
        &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        cut,
    ] {
        let garbage = CertificateDer::from(garbage.to_vec());
        let error = handshake(
            presenting(certified(&[garbage], DEVICE.signer())),
            honest_server(),
        );
        let (side, _) = error.map(drop).expect_err("refused");
        assert_eq!(side, Side::Server);
    }
}

#[test]
fn every_cut_and_every_flipped_bit_of_a_certificate_is_survived() {
    let whole = DEVICE.certificate();
    for length in 0..whole.len() {
        assert!(peer_key(&CertificateDer::from(whole[..length].to_vec())).is_err());
    }
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        // A flip beside the key gives the same key: nothing else of a certificate is believed.
        let _ = peer_key(&CertificateDer::from(bytes));
    }
}

#[test]
fn a_chain_of_two_is_refused_even_if_both_are_admitted() {
    let chain = [DEVICE.certificate(), RELAY.certificate()];
    let error = handshake(
        presenting(certified(&chain, DEVICE.signer())),
        honest_server(),
    );
    let refused = Error::from(CertificateError::BadEncoding);
    assert_eq!(error.err(), Some(at_server(refused)));
}

#[test]
fn a_tls_1_2_client_is_refused_at_its_hello() {
    let mut server = server_connection(honest_server());
    let hello = tls_1_2_hello();
    server
        .read_tls(&mut hello.as_slice())
        .expect("bytes in memory");
    let error = server
        .process_new_packets()
        .expect_err("TLS 1.2 is refused");
    assert!(matches!(error, Error::PeerIncompatible(_)), "{error}");
}

#[test]
fn the_hello_of_a_client_does_not_name_the_relay_and_offers_ed25519_alone() {
    let mut client = client_connection(honest_client());
    let mut hello = Vec::new();
    client.write_tls(&mut hello).expect("bytes in memory");
    let mut acceptor = rustls::server::Acceptor::default();
    acceptor
        .read_tls(&mut hello.as_slice())
        .expect("bytes in memory");
    let accepted: Accepted = acceptor.accept().expect("a hello").expect("a whole hello");
    let hello = accepted.client_hello();
    assert_eq!(hello.server_name(), None);
    assert_eq!(hello.signature_schemes(), [SignatureScheme::ED25519]);
}

#[test]
fn another_protocol_name_is_refused() {
    let mut client = honest_client();
    client.alpn_protocols = vec![b"h3".to_vec()];
    let (_, error) = handshake(client, honest_server())
        .map(drop)
        .expect_err("refused");
    assert_eq!(error, Error::NoApplicationProtocol);
}

/// A peer, by the byte that fills its seed.
struct Peer(u8);

const RELAY: Peer = Peer(1);
const DEVICE: Peer = Peer(2);
const STRANGER: Peer = Peer(3);

impl Peer {
    fn identity(&self) -> Identity {
        Identity::new("peer", &SigningKey::from_seed([self.0; 32])).expect("an identity")
    }

    fn key(&self) -> VerifyingKey {
        self.identity().key()
    }

    fn certificate(&self) -> CertificateDer<'static> {
        self.identity().certified().cert[0].clone()
    }

    fn signer(&self) -> Arc<dyn rustls::sign::SigningKey> {
        Arc::clone(&self.identity().certified().key)
    }
}

/// Says it signs under a scheme that nobody offered.
#[derive(Debug, Clone)]
struct Liar {
    scheme: SignatureScheme,
}

impl rustls::sign::SigningKey for Liar {
    fn choose_scheme(&self, _offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        Some(Box::new(self.clone()))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ED25519
    }
}

impl Signer for Liar {
    fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(vec![1; 64])
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}

/// Admits anyone the first time, and no one after.
#[derive(Default)]
struct OnlyOnce {
    asked: std::sync::atomic::AtomicBool,
}

impl Directory for OnlyOnce {
    fn admits(&self, _key: &VerifyingKey) -> bool {
        !self.asked.swap(true, std::sync::atomic::Ordering::SeqCst)
    }
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Side {
    Client,
    Server,
}

fn at_server(error: Error) -> (Side, Error) {
    (Side::Server, error)
}

fn at_client(error: Error) -> (Side, Error) {
    (Side::Client, error)
}

fn not_admitted() -> Error {
    CertificateError::ApplicationVerificationFailure.into()
}

fn client_of(identity: &Identity) -> ClientConfig {
    tls_client(identity, Arc::new(ExpectedKeys::new(&[RELAY.key()]))).expect("a configuration")
}

fn server_of(identity: &Identity) -> ServerConfig {
    tls_server(identity, Arc::new(ExpectedKeys::new(&[DEVICE.key()]))).expect("a configuration")
}

fn honest_client() -> ClientConfig {
    client_of(&DEVICE.identity())
}

fn honest_server() -> ServerConfig {
    server_of(&RELAY.identity())
}

fn certified(
    chain: &[CertificateDer<'static>],
    key: Arc<dyn rustls::sign::SigningKey>,
) -> CertifiedKey {
    CertifiedKey::new(chain.to_vec(), key)
}

fn presenting(certified: CertifiedKey) -> ClientConfig {
    let mut client = honest_client();
    client.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(certified));
    client
}

fn client_connection(config: ClientConfig) -> ClientConnection {
    let name = ServerName::try_from("maille").expect("a name");
    ClientConnection::new(Arc::new(config), name).expect("a client")
}

fn server_connection(config: ServerConfig) -> ServerConnection {
    ServerConnection::new(Arc::new(config)).expect("a server")
}

/// Carries bytes to and fro until both are satisfied, or one refuses.
fn handshake(
    client: ClientConfig,
    server: ServerConfig,
) -> Result<(ClientConnection, ServerConnection), (Side, Error)> {
    let mut client = client_connection(client);
    let mut server = server_connection(server);
    while client.wants_write() || server.wants_write() {
        let flight = flight(|bytes| client.write_tls(bytes));
        deliver(&flight, |bytes| server.read_tls(bytes));
        server.process_new_packets().map_err(at_server)?;
        let flight = self::flight(|bytes| server.write_tls(bytes));
        deliver(&flight, |bytes| client.read_tls(bytes));
        client.process_new_packets().map_err(at_client)?;
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    Ok((client, server))
}

/// All that one side has to say now.
fn flight(mut write: impl FnMut(&mut Vec<u8>) -> io::Result<usize>) -> Vec<u8> {
    let mut bytes = Vec::new();
    while write(&mut bytes).expect("bytes in memory") > 0 {}
    bytes
}

fn deliver(mut flight: &[u8], mut read: impl FnMut(&mut &[u8]) -> io::Result<usize>) {
    while !flight.is_empty() {
        read(&mut flight).expect("bytes in memory");
    }
}

/// The hello of a client that knows nothing newer than TLS 1.2 (RFC 5246, section 7.4.1.2).
fn tls_1_2_hello() -> Vec<u8> {
    let extensions = [
        &[0, 10, 0, 4, 0, 2, 0, 29][..], // supported_groups: X25519
        &[0, 13, 0, 4, 0, 2, 8, 7],      // signature_algorithms: Ed25519
        &[0, 23, 0, 0],                  // extended_master_secret
    ]
    .concat();
    let length = |bytes: &[u8]| u16::try_from(bytes.len()).expect("short").to_be_bytes();
    let hello = [
        &[3, 3][..],         // TLS 1.2
        &[9; 32],            // random
        &[0],                // no session
        &[0, 2, 0xc0, 0x2b], // ECDHE-ECDSA with AES-128-GCM
        &[1, 0],             // no compression
        &length(&extensions),
        &extensions,
    ]
    .concat();
    let message = [&[1, 0][..], &length(&hello), &hello].concat();
    [&[22, 3, 1][..], &length(&message), &message].concat()
}
