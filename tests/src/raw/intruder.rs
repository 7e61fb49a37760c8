//! A device that puts frames into its own connection which no library of QUIC would send.
//!
//! It stands between a [`RawPeer`](super::RawPeer) and the relay, as the line of both. From what
//! passes it learns by which id the relay knows the connection, and from the peer's log of secrets
//! (RFC 5705's cousin, SSLKEYLOGFILE) the key of its packets (RFC 9001, section 5.1).

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use ring::hkdf::{HKDF_SHA256, KeyType, Prk};
use rustls::KeyLog;
use rustls::crypto::cipher::{AeadKey, Iv};
use rustls::crypto::ring::cipher_suite::TLS13_CHACHA20_POLY1305_SHA256;
use rustls::quic::DirectionalKeys;
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use super::initial::protect;

/// Far above the numbers of what the peer itself sends.
const FIRST_NUMBER: u32 = 1_000_000;
/// The secret of what a client sends when the handshake is over.
const SECRET: &str = "CLIENT_TRAFFIC_SECRET_0";

/// Hears the secret of a connection.
#[derive(Debug, Default)]
pub struct Secrets(OnceLock<Vec<u8>>);

impl KeyLog for Secrets {
    fn log(&self, label: &str, _: &[u8], secret: &[u8]) {
        if label == SECRET {
            // One connection, one secret.
            let _ = self.0.set(secret.to_vec());
        }
    }
}

/// The line between a peer and the relay.
pub struct Intruder {
    address: SocketAddr,
    relay: SocketAddr,
    back: Arc<UdpSocket>,
    /// How the relay knows the connection.
    id: Arc<Mutex<Option<[u8; 8]>>>,
    /// Nothing passes any more: the peer would wonder about packets that it never sent.
    alone: Arc<AtomicBool>,
    secrets: Arc<Secrets>,
    task: JoinHandle<()>,
    next: u32,
}

impl Intruder {
    /// Stands before a relay; the peer that dials it tells its secrets here.
    pub async fn before(relay: SocketAddr, secrets: Arc<Secrets>) -> Self {
        let front = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let back = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
        let id = Arc::<Mutex<Option<[u8; 8]>>>::default();
        let alone = Arc::<AtomicBool>::default();
        let address = front.local_addr().unwrap();
        let line = Line {
            front,
            back: Arc::clone(&back),
            relay,
            id: Arc::clone(&id),
            alone: Arc::clone(&alone),
        };
        Self {
            address,
            relay,
            task: tokio::spawn(line.pass()),
            back,
            id,
            alone,
            secrets,
            next: FIRST_NUMBER,
        }
    }

    /// Where the peer dials.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether enough has passed to put something in.
    pub fn is_in(&self) -> bool {
        self.secrets.0.get().is_some() && self.id.lock().unwrap().is_some()
    }

    /// Sends a packet of the connection, with these frames in it. The peer is out of it from the
    /// first on.
    pub async fn put(&mut self, frames: Vec<u8>) {
        self.alone.store(true, Ordering::SeqCst);
        let secret = self.secrets.0.get().expect("a peer has shaken hands");
        let id = self.id.lock().unwrap().expect("a peer has sent something");
        let header = [&[0x40 | 3][..], &id].concat();
        let packet = protect(&keys(secret), header, self.next, frames);
        self.next += 1;
        self.back.send_to(&packet, self.relay).await.unwrap();
    }
}

impl Drop for Intruder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Intruder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intruder").finish_non_exhaustive()
    }
}

/// The line, as a task.
struct Line {
    front: UdpSocket,
    back: Arc<UdpSocket>,
    relay: SocketAddr,
    id: Arc<Mutex<Option<[u8; 8]>>>,
    alone: Arc<AtomicBool>,
}

impl Line {
    /// Passes datagrams both ways, and reads the id in those that have a short header.
    async fn pass(self) {
        let (mut there, mut here) = ([0; 2048], [0; 2048]);
        let mut peer = None;
        loop {
            tokio::select! {
                Ok((bytes, from)) = self.front.recv_from(&mut there) => {
                    peer = Some(from);
                    let is_short = bytes > 9 && there[0] & 0x80 == 0;
                    if is_short {
                        *self.id.lock().unwrap() = there[1..9].first_chunk().copied();
                    }
                    if !self.alone.load(Ordering::SeqCst) {
                        self.back.send_to(&there[..bytes], self.relay).await.unwrap();
                    }
                }
                Ok((bytes, _)) = self.back.recv_from(&mut here) => {
                    let peer = peer.filter(|_| !self.alone.load(Ordering::SeqCst));
                    if let Some(peer) = peer {
                        self.front.send_to(&here[..bytes], peer).await.unwrap();
                    }
                }
            }
        }
    }
}

/// The keys of a secret, for ChaCha20-Poly1305.
fn keys(secret: &[u8]) -> DirectionalKeys {
    let algorithm = TLS13_CHACHA20_POLY1305_SHA256.tls13().unwrap();
    let algorithm = algorithm.quic_suite().unwrap().quic;
    let prk = Prk::new_less_safe(HKDF_SHA256, secret);
    let key = |label: &str| AeadKey::from(expand::<32>(&prk, label));
    DirectionalKeys {
        header: algorithm.header_protection_key(key("quic hp")),
        packet: algorithm.packet_key(key("quic key"), Iv::from(expand::<12>(&prk, "quic iv"))),
    }
}

/// HKDF-Expand-Label with an empty context (RFC 8446, section 7.1).
fn expand<const LENGTH: usize>(prk: &Prk, label: &str) -> [u8; LENGTH] {
    struct Bytes(usize);
    impl KeyType for Bytes {
        fn len(&self) -> usize {
            self.0
        }
    }
    let label = format!("tls13 {label}");
    let (bytes, long) = (
        u16::try_from(LENGTH).unwrap(),
        u8::try_from(label.len()).unwrap(),
    );
    let context = [&bytes.to_be_bytes()[..], &[long], label.as_bytes(), &[0]];
    let mut out = [0; LENGTH];
    let okm = prk.expand(&context, Bytes(LENGTH)).unwrap();
    okm.fill(&mut out).unwrap();
    out
}
