//! The side that waits for connections.

use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Weak};
use std::time::Duration;

use maille_common::check::Check;
use quinn::udp::UdpSocketState;
use quinn::{AsyncUdpSocket, Endpoint, Runtime, TokioRuntime};
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;

use crate::certificate::Identity;
use crate::close::CloseCode;
use crate::common::Common;
use crate::directory::{Directory, farewell};
use crate::door::Door;
use crate::endpoint::{BindError, quic_server};
use crate::limits::{LINKS_WAITING_MAX, Limits, RECEIVE_BUFFER_BYTES};
use crate::link::Link;
use crate::open_links::OpenLinks;
use crate::reset::endpoint_config;
use crate::tally::Figures;

/// How long peers are given to hear that this listener closes.
const FAREWELL: Duration = Duration::from_secs(1);

/// What a listener needs to know.
pub struct ListenerConfig {
    /// Where to listen; port 0 lets the system choose. Whether `[::]` serves IPv4 as well depends
    /// on the system: bind one listener for each family.
    pub address: SocketAddr,
    /// Who we are.
    pub identity: Identity,
    /// Who is admitted.
    pub directory: Arc<dyn Directory>,
    /// Budgets and deadlines.
    pub limits: Limits,
}

impl std::fmt::Debug for ListenerConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ListenerConfig")
            .field("address", &self.address)
            .field("identity", &self.identity)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// A bound socket that hands out links to admitted peers.
///
/// Handshakes run beside each other in the background; one that hangs delays no other. Dropping
/// the listener closes it, and every link that came from it.
pub struct Listener {
    endpoint: Endpoint,
    /// The endpoint's socket, which lives until its driver has heard that it is over.
    socket: Weak<dyn AsyncUdpSocket>,
    address: SocketAddr,
    door: Door,
    links: Mutex<mpsc::Receiver<Link>>,
}

impl Listener {
    /// Binds a socket and begins to answer. Must be called within a tokio runtime.
    pub fn bind(config: ListenerConfig) -> Result<Self, BindError> {
        let ListenerConfig {
            address,
            identity,
            directory,
            limits,
        } = config;
        let quic = quic_server(&identity, Arc::clone(&directory), &limits)?;
        let address_error = |source| BindError::Address { address, source };
        let socket = UdpSocket::bind(address).map_err(address_error)?;
        widen(&socket);
        let settings = endpoint_config(&identity);
        let runtime = Arc::new(TokioRuntime);
        let socket = runtime.wrap_udp_socket(socket).map_err(address_error)?;
        let watched = Arc::downgrade(&socket);
        let endpoint = Endpoint::new_with_abstract_socket(settings, Some(quic), socket, runtime)
            .map_err(address_error)?;
        let bound = endpoint.local_addr().map_err(address_error)?;
        let open = OpenLinks::new(&limits);
        let (established, links) = mpsc::channel(LINKS_WAITING_MAX);
        let door = Door::new(Arc::new(Common::new(limits)), directory, open);
        tokio::spawn(door.clone().serve(endpoint.clone(), established));
        tracing::info!(address = %bound, key = %identity.key().short(), "listening");
        Ok(Self {
            endpoint,
            socket: watched,
            address: bound,
            door,
            links: Mutex::new(links),
        })
    }

    /// Shows another key in every handshake that begins from now on; links that stand go on. Resets
    /// stay those of the key it was bound with.
    pub fn identify(&self, identity: &Identity) -> Result<(), BindError> {
        let directory = Arc::clone(&self.door.directory);
        let quic = quic_server(identity, directory, self.door.limits())?;
        self.endpoint.set_server_config(Some(quic));
        tracing::info!(key = %identity.key().short(), "listening with another key");
        Ok(())
    }

    /// The address that was bound, with the port that the system chose.
    pub const fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for the next peer that is admitted and has proved its key. `None` once closed.
    ///
    /// # Cancel safety
    /// Dropping the future loses no link.
    pub async fn accept(&self) -> Option<Link> {
        self.links.lock().await.recv().await
    }

    /// Asks the directory again about everyone who is connected, and closes the links of keys that
    /// it no longer admits (PROTOCOL T1). To be called after every change of the roster, and when a
    /// key may have ended; with the check at the handshake no link slips between. Returns how many
    /// were closed.
    pub fn disconnect_removed(&self) -> usize {
        let directory = &*self.door.directory;
        let removed = self.door.open.close_where(|key| {
            let is_removed = Check::T1.refuses(!directory.admits(key));
            is_removed.then(|| farewell(directory, key))
        });
        if removed > 0 {
            tracing::info!(removed, "links of removed keys were closed");
        }
        removed
    }

    /// Links established now.
    pub fn links(&self) -> usize {
        self.door.open.count()
    }

    /// What was counted since it was bound, and who is here now.
    pub fn figures(&self) -> Figures {
        self.door.figures()
    }

    /// Closes all links, and accepts no more.
    pub fn close(&self, code: CloseCode) {
        self.door.open.close_where(|_| Some(code));
        self.endpoint.close(code.number(), code.code().as_bytes());
    }

    /// Waits until every peer was told of the end, for a second at most: one that was in the middle
    /// of its handshake would be waited for longer, and whoever misses the word is told by the
    /// reset of the next listener with this key, or notices by itself. To be called after
    /// [`Listener::close`].
    pub async fn wait_idle(&self) {
        let _ = timeout(FAREWELL, self.endpoint.wait_idle()).await;
    }

    /// Gives the address back: on return another socket can have it. The endpoint's driver closes
    /// the socket when it has heard of the end, which is soon; it is waited for a second at most.
    pub async fn release(self) {
        let socket = Weak::clone(&self.socket);
        drop(self);
        let closed = async {
            while socket.strong_count() > 0 {
                tokio::task::yield_now().await;
            }
        };
        let _ = timeout(FAREWELL, closed).await;
    }
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.close(CloseCode::Shutdown);
    }
}

/// Asks the system for room, so that what comes while this process does not run is kept. A system
/// that gives less than asked says nothing; docs/operations.md names its setting.
fn widen(socket: &UdpSocket) {
    let asked = UdpSocketState::new(socket.into()).and_then(|state| {
        state.set_recv_buffer_size(socket.into(), RECEIVE_BUFFER_BYTES)?;
        state.recv_buffer_size(socket.into())
    });
    match asked {
        Ok(bytes) => tracing::debug!(bytes, "room for datagrams that wait"),
        Err(error) => tracing::warn!(%error, "no more room could be had for datagrams that wait"),
    }
}

#[cfg(test)]
mod tests;
