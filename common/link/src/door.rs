//! What every attempt to connect has to pass: the gate, the handshake, the directory.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use maille_common::check::Check;
use quinn::{Connecting, ConnectionError, Endpoint, Incoming};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use crate::close::CloseCode;
use crate::common::Common;
use crate::directory::{Directory, farewell};
use crate::gate::{Attempt, Begun, Gate, Refused, Verdict};
use crate::limits::Limits;
use crate::link::Link;
use crate::open_links::OpenLinks;
use crate::session::{Session, is_access_denied, is_expired};
use crate::tally::{Figures, HandshakeFault};

/// How often the log tells of attempts that are refused: a flood must not fill a disk.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// What every attempt to connect has to pass.
#[derive(Clone)]
pub(crate) struct Door {
    gate: Arc<Mutex<Gate>>,
    common: Arc<Common>,
    pub(crate) directory: Arc<dyn Directory>,
    pub(crate) open: Arc<OpenLinks>,
}

/// A handshake under way; dropping it tells the gate that it has ended.
struct Handshake {
    begun: Begun,
    gate: Arc<Mutex<Gate>>,
}

/// What was refused and not told yet.
#[derive(Default)]
struct Untold {
    count: u64,
    told: Option<Instant>,
}

impl Door {
    pub(crate) fn new(
        common: Arc<Common>,
        directory: Arc<dyn Directory>,
        open: Arc<OpenLinks>,
    ) -> Self {
        let gate = Gate::new(&common.limits, Instant::now());
        Self {
            gate: Arc::new(Mutex::new(gate)),
            common,
            directory,
            open,
        }
    }

    pub(crate) fn figures(&self) -> Figures {
        let handshakes = lock(&self.gate).under_way();
        let memory = self.common.memory.claimed();
        self.common
            .tally
            .figures(self.open.count(), handshakes, memory)
    }

    /// Budgets and deadlines.
    pub(crate) fn limits(&self) -> &Limits {
        &self.common.limits
    }

    /// Judges attempts until the endpoint closes.
    pub(crate) async fn serve(self, endpoint: Endpoint, established: mpsc::Sender<Link>) {
        let mut untold = Untold::default();
        while let Some(incoming) = endpoint.accept().await {
            if let Some((connecting, handshake)) = self.judge(incoming, &mut untold) {
                let established = established.clone();
                tokio::spawn(self.clone().welcome(connecting, handshake, established));
            }
        }
    }

    /// Carries out the gate's verdict; begins the handshake where it admits.
    fn judge(&self, incoming: Incoming, untold: &mut Untold) -> Option<(Connecting, Handshake)> {
        let (remote, now) = (incoming.remote_address(), Instant::now());
        let attempt = Attempt {
            address: remote.ip(),
            proven: incoming.remote_address_validated(),
            links: self.open.count(),
        };
        let verdict = lock(&self.gate).judge(&attempt, now);
        match verdict {
            Verdict::Admit(begun) => {
                let gate = Arc::clone(&self.gate);
                let handshake = Handshake { begun, gate };
                let Ok(connecting) = incoming.accept() else {
                    self.common.tally.handshake_failed(HandshakeFault::Failed);
                    return None;
                };
                return Some((connecting, handshake));
            }
            Verdict::Prove => {
                self.common.tally.asked_to_prove();
                // It fails only for proven addresses, which the gate never asks.
                let _ = incoming.retry();
            }
            Verdict::Refuse(why) => {
                self.common.tally.refused(why);
                untold.note(remote, why, now);
                incoming.refuse();
            }
        }
        None
    }

    /// Takes one peer through the handshake, hands the link out, and stays until the link is over.
    async fn welcome(
        self,
        connecting: Connecting,
        handshake: Handshake,
        established: mpsc::Sender<Link>,
    ) {
        let (remote, limits) = (connecting.remote_address(), &self.common.limits);
        let connection = match timeout(limits.handshake, connecting).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => {
                self.common.tally.handshake_failed(fault(&error));
                return tracing::debug!(%remote, %error, "a handshake failed");
            }
            Err(_) => {
                self.common.tally.handshake_failed(HandshakeFault::TooSlow);
                return tracing::debug!(%remote, "a handshake took too long");
            }
        };
        let Some(session) = Session::new(connection).map(Arc::new) else {
            return tracing::error!(%remote, "a connection shows no key: please report this");
        };
        let entry = self.open.enter(&session);
        // Asked again now that the link can be found: a removal after the handshake either sees the
        // link in the table or is seen here.
        if Check::T1.refuses(!self.directory.admits(&session.peer)) {
            return session.close(farewell(&*self.directory, &session.peer));
        }
        lock(&self.gate).admitted(remote.ip(), Instant::now());
        tracing::debug!(%remote, key = %session.peer.short(), "connected");
        let link = Link::new(
            Arc::clone(&session),
            Arc::clone(&self.common),
            entry.memory.clone(),
        );
        if established.send(link).await.is_err() {
            return session.close(CloseCode::Shutdown);
        }
        drop((handshake, established));
        if timeout(limits.link_age, session.closed()).await.is_err() {
            session.close(CloseCode::Aged);
        }
        let (key, reason) = (session.peer.short(), session.closed().await.code());
        tracing::debug!(%remote, %key, reason, "disconnected");
    }
}

impl Drop for Handshake {
    fn drop(&mut self) {
        lock(&self.gate).ended(self.begun);
    }
}

impl Untold {
    fn note(&mut self, remote: SocketAddr, why: Refused, now: Instant) {
        self.count += 1;
        let is_early = |told: Instant| now.saturating_duration_since(told) < TELL_EVERY;
        if !self.told.is_some_and(is_early) {
            let attempts = std::mem::take(&mut self.count);
            self.told = Some(now);
            tracing::warn!(%remote, ?why, attempts, "attempts to connect were refused");
        }
    }
}

/// The gate is consistent between any two statements, so a panic elsewhere spoils nothing.
fn lock(gate: &Mutex<Gate>) -> MutexGuard<'_, Gate> {
    gate.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a handshake failed of. The verifier's refusal is our own alert.
fn fault(error: &ConnectionError) -> HandshakeFault {
    match error {
        ConnectionError::TransportError(error)
            if is_access_denied(error.code) || is_expired(error.code) =>
        {
            HandshakeFault::NotAdmitted
        }
        ConnectionError::TimedOut => HandshakeFault::TooSlow,
        _ => HandshakeFault::Failed,
    }
}
