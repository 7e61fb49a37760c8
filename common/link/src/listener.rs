//! The side that waits for connections.

use maille_common::check::Check;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;

use quinn::{Connecting, Endpoint, Incoming, TokioRuntime};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, timeout};

use crate::certificate::Identity;
use crate::close::CloseCode;
use crate::directory::Directory;
use crate::endpoint::{BindError, quic_server};
use crate::gate::{Attempt, Gate, Verdict};
use crate::limits::{LINKS_WAITING_MAX, Limits};
use crate::link::Link;
use crate::open_links::OpenLinks;
use crate::reset::endpoint_config;
use crate::session::Session;

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
    address: SocketAddr,
    directory: Arc<dyn Directory>,
    open: Arc<OpenLinks>,
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
        let settings = endpoint_config(&identity);
        let endpoint = Endpoint::new(settings, Some(quic), socket, Arc::new(TokioRuntime))
            .map_err(address_error)?;
        let bound = endpoint.local_addr().map_err(address_error)?;
        let open = OpenLinks::new(limits.links_per_key);
        let (established, links) = mpsc::channel(LINKS_WAITING_MAX);
        let door = Door {
            handshakes: Arc::new(Semaphore::new(limits.handshakes)),
            limits: Arc::new(limits),
            directory: Arc::clone(&directory),
            open: Arc::clone(&open),
        };
        tokio::spawn(door.serve(endpoint.clone(), established));
        tracing::info!(address = %bound, key = %identity.key().short(), "listening");
        Ok(Self {
            endpoint,
            address: bound,
            directory,
            open,
            links: Mutex::new(links),
        })
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
    /// it no longer admits (PROTOCOL T1). To be called after every change of the roster; with the
    /// check at the handshake no link slips between. Returns how many were closed.
    pub fn disconnect_removed(&self) -> usize {
        let removed = self.open.close_where(CloseCode::Removed, |key| {
            Check::T1.refuses(!self.directory.admits(key))
        });
        if removed > 0 {
            tracing::info!(removed, "links of removed keys were closed");
        }
        removed
    }

    /// Links established now.
    pub fn links(&self) -> usize {
        self.open.count()
    }

    /// Closes all links, and accepts no more.
    pub fn close(&self, code: CloseCode) {
        self.open.close_where(code, |_| true);
        self.endpoint.close(code.number(), code.code().as_bytes());
    }

    /// Waits until every peer was told of the end, or could not be reached. To be called after
    /// [`Listener::close`].
    pub async fn wait_idle(&self) {
        self.endpoint.wait_idle().await;
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

/// What every attempt to connect has to pass.
#[derive(Clone)]
struct Door {
    handshakes: Arc<Semaphore>,
    limits: Arc<Limits>,
    directory: Arc<dyn Directory>,
    open: Arc<OpenLinks>,
}

impl Door {
    /// Judges attempts until the endpoint closes.
    async fn serve(self, endpoint: Endpoint, established: mpsc::Sender<Link>) {
        let mut gate = Gate::new(&self.limits, Instant::now());
        while let Some(incoming) = endpoint.accept().await {
            let Some((connecting, permit)) = self.judge(&mut gate, incoming) else {
                continue;
            };
            tokio::spawn(
                self.clone()
                    .welcome(connecting, permit, established.clone()),
            );
        }
    }

    /// Carries out the gate's verdict; begins the handshake where it admits.
    fn judge(
        &self,
        gate: &mut Gate,
        incoming: Incoming,
    ) -> Option<(Connecting, OwnedSemaphorePermit)> {
        let remote = incoming.remote_address();
        let attempt = Attempt {
            address: remote.ip(),
            proven: incoming.remote_address_validated(),
            handshakes: self.limits.handshakes - self.handshakes.available_permits(),
            links: self.open.count(),
        };
        match gate.judge(&attempt, Instant::now()) {
            Verdict::Admit => {
                let permit = Arc::clone(&self.handshakes).try_acquire_owned().ok()?;
                let connecting = incoming.accept().ok()?;
                return Some((connecting, permit));
            }
            Verdict::Prove => {
                // It fails only for proven addresses, which the gate never asks.
                let _ = incoming.retry();
            }
            Verdict::Refuse => {
                tracing::warn!(%remote, ?attempt, "a connection was refused: too many");
                incoming.refuse();
            }
        }
        None
    }

    /// Takes one peer through the handshake, hands the link out, and stays until the link is over.
    async fn welcome(
        self,
        connecting: Connecting,
        permit: OwnedSemaphorePermit,
        established: mpsc::Sender<Link>,
    ) {
        let remote = connecting.remote_address();
        let connection = match timeout(self.limits.handshake, connecting).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return tracing::debug!(%remote, %error, "a handshake failed"),
            Err(_) => return tracing::debug!(%remote, "a handshake took too long"),
        };
        let Some(session) = Session::new(connection).map(Arc::new) else {
            return tracing::error!(%remote, "a connection shows no key: please report this");
        };
        let _entry = self.open.enter(&session);
        // Asked again now that the link can be found: a removal after the handshake either sees the
        // link in the table or is seen here.
        if Check::T1.refuses(!self.directory.admits(&session.peer)) {
            return session.close(CloseCode::Removed);
        }
        tracing::debug!(%remote, key = %session.peer.short(), "connected");
        let link = Link::new(Arc::clone(&session), Arc::clone(&self.limits));
        if established.send(link).await.is_err() {
            return session.close(CloseCode::Shutdown);
        }
        drop((permit, established));
        if timeout(self.limits.link_age, session.closed())
            .await
            .is_err()
        {
            session.close(CloseCode::Aged);
        }
        let (key, reason) = (session.peer.short(), session.closed().await.code());
        tracing::debug!(%remote, %key, reason, "disconnected");
    }
}

#[cfg(test)]
mod tests;
