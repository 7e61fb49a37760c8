//! First packets of QUIC (RFC 9000, section 17.2.2; RFC 9001, section 5), made by hand.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::quic::{ClientConnection, DirectionalKeys, Suite, Version};
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, Side};

/// The least a datagram with an Initial has (RFC 9000, section 14.1).
const DATAGRAM_BYTES: usize = 1200;
/// A packet's number, always as long as it can be.
const NUMBER_BYTES: usize = 4;
const TAG_BYTES: usize = 16;
/// Stands where the connection id of the sender goes.
const MARK: [u8; 8] = *b"\xfa\xceSender";
/// Where the random bytes of a client hello begin: after its type, length and version.
const RANDOM_AT: usize = 6;

/// The connection ids of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ids {
    /// Whom it goes to: any, until the relay names one.
    pub to: [u8; 8],
    /// Who sends it.
    pub from: [u8; 8],
}

/// Makes first packets of connections.
pub struct Initials {
    suite: Suite,
    hello: Vec<u8>,
    from_at: usize,
}

impl Initials {
    /// A client hello as a device sends it, but for the connection id in it.
    pub fn new() -> Self {
        let provider = Arc::new(ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .unwrap()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        config.alpn_protocols = vec![maille_link::ALPN.to_vec()];
        config.enable_sni = false;
        let name = "maille".try_into().unwrap();
        let parameters = parameters();
        let mut connection =
            ClientConnection::new(Arc::new(config), Version::V1, name, parameters).unwrap();
        let mut hello = Vec::new();
        assert!(connection.write_hs(&mut hello).is_none());
        let from_at = hello.windows(MARK.len()).position(|part| part == MARK);
        Self {
            suite: suite(),
            from_at: from_at.unwrap(),
            hello,
        }
    }

    /// A client hello that was never sent before.
    pub fn hello(&self, ids: &Ids, random: &[u8; 32]) -> Vec<u8> {
        let mut hello = self.hello.clone();
        hello[RANDOM_AT..RANDOM_AT + 32].copy_from_slice(random);
        hello[self.from_at..self.from_at + 8].copy_from_slice(&ids.from);
        hello
    }

    /// The first datagram of a connection, whole and valid.
    pub fn first(&self, ids: &Ids, random: &[u8; 32]) -> Vec<u8> {
        let hello = self.hello(ids, random);
        self.packet(ids, &[], 0, &crypto_frame(0, &hello))
    }

    /// A datagram with frames of one's choice.
    pub fn packet(&self, ids: &Ids, token: &[u8], number: u32, frames: &[u8]) -> Vec<u8> {
        let keys = self.suite.keys(&ids.to, Side::Client, Version::V1).local;
        let mut header = vec![0xc0 | 3];
        header.extend(1_u32.to_be_bytes());
        for id in [ids.to, ids.from] {
            header.push(8);
            header.extend(id);
        }
        variable(&mut header, token.len());
        header.extend(token);
        let number_at = header.len() + 2;
        let payload_bytes = DATAGRAM_BYTES - number_at - NUMBER_BYTES - TAG_BYTES;
        assert!(frames.len() <= payload_bytes, "frames fit into a datagram");
        let length = u16::try_from(NUMBER_BYTES + payload_bytes + TAG_BYTES).unwrap();
        header.extend((0x4000 | length).to_be_bytes());
        let mut payload = frames.to_vec();
        payload.resize(payload_bytes, 0);
        protect(&keys, header, number, payload)
    }
}

impl Default for Initials {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Initials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Initials").finish_non_exhaustive()
    }
}

/// The suite that protects first packets.
pub(super) fn suite() -> Suite {
    let suite = ring::cipher_suite::TLS13_AES_128_GCM_SHA256.tls13();
    suite.unwrap().quic_suite().unwrap()
}

/// Encrypts a packet, whose header ends where its number of four bytes begins, and hides that.
pub(super) fn protect(
    keys: &DirectionalKeys,
    mut packet: Vec<u8>,
    number: u32,
    mut payload: Vec<u8>,
) -> Vec<u8> {
    let number_at = packet.len();
    packet.extend(number.to_be_bytes());
    let sealed = keys
        .packet
        .encrypt_in_place(number.into(), &packet, &mut payload);
    let tag = sealed.unwrap();
    packet.extend(payload);
    packet.extend(tag.as_ref());
    let sample_at = number_at + NUMBER_BYTES;
    let sample = packet[sample_at..sample_at + TAG_BYTES].to_vec();
    let (first, rest) = packet.split_at_mut(1);
    let hidden = &mut rest[number_at - 1..number_at - 1 + NUMBER_BYTES];
    let protected = keys.header.encrypt_in_place(&sample, &mut first[0], hidden);
    protected.unwrap();
    packet
}

/// A part of a handshake's bytes (RFC 9000, section 19.6).
pub fn crypto_frame(offset: usize, bytes: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x06];
    variable(&mut frame, offset);
    variable(&mut frame, bytes.len());
    frame.extend(bytes);
    frame
}

/// A part of a stream's bytes (RFC 9000, section 19.8), not its end.
pub fn stream_frame(stream: usize, offset: usize, bytes: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x08 | 0x04 | 0x02];
    variable(&mut frame, stream);
    variable(&mut frame, offset);
    variable(&mut frame, bytes.len());
    frame.extend(bytes);
    frame
}

/// An integer of QUIC's, in four bytes (RFC 9000, section 16).
fn variable(bytes: &mut Vec<u8>, value: usize) {
    let value = u32::try_from(value).unwrap();
    assert!(value < 1 << 30);
    bytes.extend((0x8000_0000 | value).to_be_bytes());
}

/// Transport parameters of a client (RFC 9000, section 18.2). Each value needs its four bytes:
/// quinn takes none that is longer than it must be.
fn parameters() -> Vec<u8> {
    const IDLE_TIMEOUT: u8 = 0x01;
    const MAX_DATA: u8 = 0x04;
    const MAX_STREAM_DATA: u8 = 0x07;
    const MAX_STREAMS: u8 = 0x09;
    const FROM: u8 = 0x0f;
    let mut bytes = Vec::new();
    for (name, value) in [
        (IDLE_TIMEOUT, 30_000),
        (MAX_DATA, 1 << 20),
        (MAX_STREAM_DATA, 1 << 18),
        (MAX_STREAMS, 1 << 15),
    ] {
        bytes.extend([name, 4]);
        variable(&mut bytes, value);
    }
    bytes.extend([FROM, 8]);
    bytes.extend(MARK);
    bytes
}
