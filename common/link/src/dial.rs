//! The side that connects.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use maille_common::crypto::ed25519::VerifyingKey;
use quinn::{ClientConfig, ConnectionError, Endpoint, TransportErrorCode};
use thiserror::Error;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::certificate::Identity;
use crate::close::CloseCode;
use crate::common::Common;
use crate::directory::ExpectedKeys;
use crate::endpoint::{BindError, quic_client};
use crate::limits::{ADDRESS_HEAD_START, ADDRESSES_MAX, Limits};
use crate::link::Link;
use crate::memory::Memory;
use crate::session::{Session, is_access_denied, is_expired};

/// QUIC wants a name where TLS has one; it is neither sent nor checked.
const SERVER_NAME: &str = "maille";

/// Why no link came about.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The name could not be resolved.
    #[error("The address {relay} could not be resolved: {source}.")]
    Resolve {
        /// The `host:port` asked for.
        relay: String,
        /// What the system said.
        source: io::Error,
    },
    /// The name has no address that this machine could reach.
    #[error("The name {relay} has no address that this machine can reach.")]
    NoAddress {
        /// The `host:port` asked for.
        relay: String,
    },
    /// Whoever answers does not hold an expected key: a wrong address, or an impostor.
    #[error("The peer at {address} does not hold an expected key.")]
    WrongKey {
        /// Where it answered.
        address: SocketAddr,
    },
    /// The peer does not admit our key.
    #[error("The peer at {address} does not admit our key.")]
    NotAdmitted {
        /// Where it answered.
        address: SocketAddr,
    },
    /// The peer admits our key no more: its time is over, and the peer knows a newer one of ours.
    #[error(
        "The peer at {address} does not admit our key any more: its time is over, and a newer one \
         is ours."
    )]
    KeyEnded {
        /// Where it answered.
        address: SocketAddr,
    },
    /// The peer has too many connections or attempts; try again later.
    #[error("The peer at {address} is too busy to connect.")]
    Busy {
        /// Where it answered.
        address: SocketAddr,
    },
    /// Nobody answered in time.
    #[error("Nobody answered at {address} in time.")]
    Timeout {
        /// The address tried.
        address: SocketAddr,
    },
    /// Whoever answers does not speak our protocol, or the system refused to send.
    #[error("The connection to {address} failed: {detail}.")]
    Failed {
        /// The address tried.
        address: SocketAddr,
        /// What QUIC said.
        detail: String,
    },
    /// TLS or QUIC refused our settings. This is a fault of this program: please report it.
    #[error("{0}")]
    Settings(BindError),
}

impl ConnectError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Resolve { .. } => "connect-resolve",
            Self::NoAddress { .. } => "connect-no-address",
            Self::WrongKey { .. } => "connect-wrong-key",
            Self::NotAdmitted { .. } => "connect-not-admitted",
            Self::KeyEnded { .. } => "connect-key-ended",
            Self::Busy { .. } => "connect-busy",
            Self::Timeout { .. } => "connect-timeout",
            Self::Failed { .. } => "connect-failed",
            Self::Settings(_) => "connect-settings",
        }
    }
}

/// Connects to relays, over IPv6 and IPv4.
#[derive(Debug)]
pub struct Dialer {
    identity: Identity,
    common: Arc<Common>,
    /// One socket for each family: sockets for both do not work alike on all systems.
    v6: Option<Endpoint>,
    v4: Option<Endpoint>,
}

impl Dialer {
    /// Binds the sockets, with ports that the system chooses. Must be called within a tokio
    /// runtime. A machine without one of the two families does with the other.
    pub fn bind(identity: Identity, limits: Limits) -> Result<Self, BindError> {
        let bind = |ip: IpAddr| {
            let address = SocketAddr::new(ip, 0);
            Endpoint::client(address).map_err(|source| BindError::Address { address, source })
        };
        let v6 = bind(Ipv6Addr::UNSPECIFIED.into()).ok();
        let v4 = match bind(Ipv4Addr::UNSPECIFIED.into()) {
            Err(error) if v6.is_none() => return Err(error),
            bound => bound.ok(),
        };
        Ok(Self {
            identity,
            common: Arc::new(Common::new(limits)),
            v6,
            v4,
        })
    }

    /// Connects as whom it was bound for: see [`Dialer::connect_as`].
    pub async fn connect(
        &self,
        relay: &str,
        expected: &[VerifyingKey],
    ) -> Result<Link, ConnectError> {
        self.connect_as(&self.identity, relay, expected).await
    }

    /// Connects to `host:port`, where the host may be a name or an address, and the peer must hold
    /// one of the expected keys. It is shown the key of this identity.
    ///
    /// All addresses of a name are tried, each with a short head start before the next; the first
    /// that leads to the right key counts. Whether the peer admits *our* key shows at the latest at
    /// the first request ([`CloseReason::NotAdmitted`](crate::CloseReason::NotAdmitted)).
    pub async fn connect_as(
        &self,
        identity: &Identity,
        relay: &str,
        expected: &[VerifyingKey],
    ) -> Result<Link, ConnectError> {
        let addresses = self.resolve(relay).await?;
        let keys = Arc::new(ExpectedKeys::new(expected));
        let config =
            quic_client(identity, keys, &self.common.limits).map_err(ConnectError::Settings)?;
        let mut attempts = JoinSet::new();
        let mut failure = None;
        let mut addresses = addresses.into_iter();
        loop {
            if let Some((endpoint, address)) = addresses.next() {
                let common = Arc::clone(&self.common);
                attempts.spawn(attempt(endpoint, config.clone(), address, common));
            } else if attempts.is_empty() {
                return Err(failure.unwrap_or_else(|| no_address(relay)));
            }
            let more = addresses.len() > 0;
            let ended = tokio::select! {
                ended = attempts.join_next() => ended,
                () = sleep(ADDRESS_HEAD_START), if more => None,
            };
            match ended {
                Some(Ok(Ok(link))) => return Ok(link),
                Some(Ok(Err(error))) => failure = Some(more_telling(failure, error)),
                // An attempt never panics, and nobody aborts it; a head start has passed.
                Some(Err(_)) | None => {}
            }
        }
    }

    /// Closes all links made from here; on this side they all read
    /// [`CloseReason::Shutdown`](crate::CloseReason::Shutdown).
    pub fn close(&self, code: CloseCode) {
        for endpoint in self.endpoints() {
            endpoint.close(code.number(), code.code().as_bytes());
        }
    }

    /// Waits until every peer was told of the end, or could not be reached: a program that ends
    /// before may leave its peers waiting for
    /// [`Limits::connection_idle`](crate::Limits::connection_idle).
    pub async fn wait_idle(&self) {
        for endpoint in self.endpoints() {
            endpoint.wait_idle().await;
        }
    }

    fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.v6.iter().chain(&self.v4)
    }

    /// The addresses to try, each with its socket, families taking turns (RFC 8305, section 4).
    async fn resolve(&self, relay: &str) -> Result<Vec<(Endpoint, SocketAddr)>, ConnectError> {
        let failed = |source| ConnectError::Resolve {
            relay: relay.to_owned(),
            source,
        };
        let found = timeout(self.common.limits.handshake, tokio::net::lookup_host(relay))
            .await
            .map_err(|_| failed(io::ErrorKind::TimedOut.into()))?
            .map_err(failed)?;
        let (v6, v4): (Vec<_>, Vec<_>) = found.partition(SocketAddr::is_ipv6);
        let with = |endpoint: &Option<Endpoint>, addresses: Vec<SocketAddr>| -> Vec<_> {
            let endpoint = endpoint.iter().cycle().cloned();
            endpoint.zip(addresses).collect()
        };
        let reachable = take_turns(with(&self.v6, v6), with(&self.v4, v4));
        if reachable.is_empty() {
            return Err(no_address(relay));
        }
        Ok(reachable)
    }
}

fn no_address(relay: &str) -> ConnectError {
    ConnectError::NoAddress {
        relay: relay.to_owned(),
    }
}

/// First, second, first, second, then what is left, up to [`ADDRESSES_MAX`].
fn take_turns<T>(first: Vec<T>, second: Vec<T>) -> Vec<T> {
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let turns = std::iter::from_fn(|| match (first.next(), second.next()) {
        (None, None) => None,
        pair => Some(pair),
    });
    turns
        .flat_map(|(one, other)| one.into_iter().chain(other))
        .take(ADDRESSES_MAX)
        .collect()
}

/// One handshake with one address.
async fn attempt(
    endpoint: Endpoint,
    config: ClientConfig,
    address: SocketAddr,
    common: Arc<Common>,
) -> Result<Link, ConnectError> {
    let failed = |detail: String| ConnectError::Failed { address, detail };
    let connecting = endpoint
        .connect_with(config, address, SERVER_NAME)
        .map_err(|error| failed(error.to_string()))?;
    let connection = timeout(common.limits.handshake, connecting)
        .await
        .map_err(|_| ConnectError::Timeout { address })?
        .map_err(|error| fault(address, &error))?;
    let session = Session::new(connection)
        .map(Arc::new)
        .ok_or_else(|| failed("the peer shows no key".to_owned()))?;
    tracing::debug!(%address, key = %session.peer.short(), "connected");
    let memory = Memory::of_peer(&common.limits);
    Ok(Link::new(session, common, memory))
}

/// Says what a failed handshake means.
fn fault(address: SocketAddr, error: &ConnectionError) -> ConnectError {
    match error {
        ConnectionError::TransportError(error) if is_access_denied(error.code) => {
            ConnectError::WrongKey { address }
        }
        ConnectionError::ConnectionClosed(frame) if is_access_denied(frame.error_code) => {
            ConnectError::NotAdmitted { address }
        }
        ConnectionError::ConnectionClosed(frame) if is_expired(frame.error_code) => {
            ConnectError::KeyEnded { address }
        }
        ConnectionError::ConnectionClosed(frame)
            if frame.error_code == TransportErrorCode::CONNECTION_REFUSED =>
        {
            ConnectError::Busy { address }
        }
        ConnectionError::TimedOut => ConnectError::Timeout { address },
        other => ConnectError::Failed {
            address,
            detail: other.to_string(),
        },
    }
}

/// Of several failures the one to report: an address that nobody answers at says least.
fn more_telling(known: Option<ConnectError>, new: ConnectError) -> ConnectError {
    match known {
        Some(known) if matches!(new, ConnectError::Timeout { .. }) => known,
        Some(known @ ConnectError::WrongKey { .. }) => known,
        _ => new,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        assert_eq!(take_turns(vec![1, 3, 5, 6], vec![2, 4]), [1, 2, 3, 4, 5, 6]);
        assert_eq!(take_turns(vec![], vec![0; 20]).len(), ADDRESSES_MAX);
    }

    #[test]
    fn an_impostor_is_reported_before_silence() {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 443));
        let silence = || ConnectError::Timeout { address };
        let impostor = || ConnectError::WrongKey { address };
        for (first, second) in [(silence(), impostor()), (impostor(), silence())] {
            let told = more_telling(Some(first), second);
            assert_eq!(told.code(), "connect-wrong-key");
        }
    }
}
