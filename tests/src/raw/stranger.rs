//! An address that begins connections and does no more than it must.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use super::{Ids, Initials};

/// Longer than a relay on this machine takes. What is lost is given up, as it is on the way.
const PATIENCE: Duration = Duration::from_secs(2);
/// The kind of a Retry among long headers.
const RETRY: u8 = 0xf0;

/// An address, which counts what it sends and what it hears.
#[derive(Debug)]
pub struct Stranger {
    socket: UdpSocket,
    relay: SocketAddr,
    /// Bytes sent.
    pub sent: u64,
    /// Bytes heard.
    pub heard: u64,
}

/// What a relay says to who has no place yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// The connection id to go on with.
    pub to: [u8; 8],
    /// Shows that its holder hears what is sent to its address.
    pub token: Vec<u8>,
}

impl Stranger {
    /// Binds an address of loopback.
    pub fn at(address: Ipv4Addr, relay: SocketAddr) -> Self {
        let socket = UdpSocket::bind((address, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        Self {
            socket,
            relay,
            sent: 0,
            heard: 0,
        }
    }

    /// Sends a datagram. Where the system has no room for it, it is lost as others are on the way.
    pub fn send(&mut self, datagram: &[u8]) {
        if let Ok(bytes) = self.socket.send_to(datagram, self.relay) {
            self.sent += bytes as u64;
        }
    }

    /// Counts everything that has come, and forgets it.
    pub fn hear(&mut self) {
        while self.take().is_some() {}
    }

    /// Counts everything that has come, and tells of each datagram to which connection id it went.
    pub fn hear_each(&mut self, mut tell: impl FnMut([u8; 8], u64)) {
        while let Some(datagram) = self.take() {
            // A long header has its version first, a short one nothing (RFC 9000, section 17).
            let at = if datagram[0] & 0x80 == 0 { 1 } else { 6 };
            let to = datagram.get(at..).and_then(<[u8]>::first_chunk);
            tell(
                *to.expect("a packet names its connection"),
                datagram.len() as u64,
            );
        }
    }

    /// Waits for what the relay says to one of its attempts.
    pub fn wait_for(&mut self, ids: &Ids) -> Option<Vec<u8>> {
        self.socket.set_nonblocking(false).unwrap();
        self.socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let said = std::iter::from_fn(|| self.take()).find(|datagram| {
            let to = datagram.get(6..14);
            to == Some(&ids.from)
        });
        self.socket.set_nonblocking(true).unwrap();
        said
    }

    /// Begins a connection, and proves the address if it has to; whether it had. The relay has the
    /// whole client hello then, and nothing more comes from here.
    pub fn half_open(&mut self, initials: &Initials, ids: Ids, random: &[u8; 32]) -> bool {
        self.send(&initials.first(&ids, random));
        let said = self.wait_for(&ids);
        let Some(retry) = said.and_then(|said| Retry::read(&said)) else {
            return false;
        };
        let again = Ids {
            to: retry.to,
            ..ids
        };
        let frame = super::crypto_frame(0, &initials.hello(&again, random));
        self.send(&initials.packet(&again, &retry.token, 1, &frame));
        true
    }

    fn take(&mut self) -> Option<Vec<u8>> {
        let mut buffer = [0; 2048];
        let (bytes, from) = self.socket.recv_from(&mut buffer).ok()?;
        assert_eq!(from, self.relay, "nobody else writes here");
        self.heard += bytes as u64;
        Some(buffer[..bytes].to_vec())
    }
}

impl Retry {
    /// Reads one (RFC 9000, section 17.2.5); none if it is something else.
    pub fn read(datagram: &[u8]) -> Option<Self> {
        const TAG_BYTES: usize = 16;
        if datagram.first()? & RETRY != RETRY {
            return None;
        }
        let to_at = 5;
        let from_at = to_at + 1 + usize::from(*datagram.get(to_at)?);
        let token_at = from_at + 1 + usize::from(*datagram.get(from_at)?);
        let end = datagram.len().checked_sub(TAG_BYTES)?;
        Some(Self {
            to: datagram.get(from_at + 1..token_at)?.try_into().ok()?,
            token: datagram.get(token_at..end)?.to_vec(),
        })
    }
}
