//! One connection of the carrier, and what was said when it closed.

use std::net::SocketAddr;
use std::sync::OnceLock;

use maille_common::crypto::ed25519::VerifyingKey;
use quinn::{ConnectionError, TransportErrorCode};
use rustls::pki_types::CertificateDer;

use crate::certificate::peer_key;
use crate::close::{CloseCode, CloseReason};

/// TLS alert `access_denied` (RFC 8446, section 6): how rustls says that our verifier refused.
const ACCESS_DENIED: u8 = 49;

/// TLS alert `certificate_expired`: the same of a key whose holder has another in its place.
const CERTIFICATE_EXPIRED: u8 = 45;

/// A connection whose peer proved its key.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) connection: quinn::Connection,
    pub(crate) peer: VerifyingKey,
    /// QUIC does not remember what we said when we closed.
    said: OnceLock<CloseCode>,
}

impl Session {
    /// Takes a connection after its handshake. `None` if the carrier shows no certificate, which
    /// the verifier rules out.
    pub(crate) fn new(connection: quinn::Connection) -> Option<Self> {
        let chain = connection
            .peer_identity()?
            .downcast::<Vec<CertificateDer<'static>>>()
            .ok()?;
        let peer = peer_key(chain.first()?).ok()?;
        Some(Self {
            connection,
            peer,
            said: OnceLock::new(),
        })
    }

    pub(crate) fn remote_address(&self) -> SocketAddr {
        self.connection.remote_address()
    }

    /// Closes, unless it is closed already. The first code said is the one that counts.
    pub(crate) fn close(&self, code: CloseCode) {
        let code = *self.said.get_or_init(|| code);
        self.connection.close(code.number(), code.code().as_bytes());
    }

    /// Why it is over, if it is.
    pub(crate) fn close_reason(&self) -> Option<CloseReason> {
        let error = self.connection.close_reason()?;
        Some(self.reason_of(&error))
    }

    /// Waits for the end.
    pub(crate) async fn closed(&self) -> CloseReason {
        let error = self.connection.closed().await;
        self.reason_of(&error)
    }

    /// Reads the carrier's error. What we closed ourselves has the reason that we gave.
    pub(crate) fn reason_of(&self, error: &ConnectionError) -> CloseReason {
        match error {
            ConnectionError::LocallyClosed => self
                .said
                .get()
                .copied()
                .unwrap_or(CloseCode::Shutdown)
                .into(),
            ConnectionError::ApplicationClosed(frame) => {
                CloseCode::from_number(frame.error_code).into()
            }
            ConnectionError::ConnectionClosed(frame) if is_access_denied(frame.error_code) => {
                CloseReason::NotAdmitted
            }
            ConnectionError::ConnectionClosed(frame) if is_expired(frame.error_code) => {
                CloseReason::Ended
            }
            ConnectionError::TimedOut => CloseReason::Idle,
            // The peer forgot the connection, or what it said when it closed was lost on the way.
            ConnectionError::Reset => CloseReason::Lost,
            ConnectionError::VersionMismatch
            | ConnectionError::TransportError(_)
            | ConnectionError::ConnectionClosed(_)
            | ConnectionError::CidsExhausted => CloseReason::Protocol,
        }
    }
}

/// Whether a verifier refused a key, theirs or ours.
pub(crate) fn is_access_denied(code: TransportErrorCode) -> bool {
    code == TransportErrorCode::crypto(ACCESS_DENIED)
}

/// Whether a verifier refused a key as one that has ended.
pub(crate) fn is_expired(code: TransportErrorCode) -> bool {
    code == TransportErrorCode::crypto(CERTIFICATE_EXPIRED)
}
