//! Who is admitted.

use maille_common::crypto::ed25519::VerifyingKey;

/// Says which peers are admitted: the roster, seen from the transport.
///
/// Asked at every handshake, and again before the connection is handed out, so a key that was
/// removed counts as removed at once (PROTOCOL T1). An answer must not block: it is given on the
/// threads that serve all connections.
pub trait Directory: Send + Sync + 'static {
    /// Whether this is the transport key of a peer admitted now.
    fn admits(&self, key: &VerifyingKey) -> bool;
}

/// The keys of one relay, as a dialer expects them.
pub(crate) struct ExpectedKeys(Vec<VerifyingKey>);

impl ExpectedKeys {
    pub(crate) fn new(keys: &[VerifyingKey]) -> Self {
        Self(keys.to_vec())
    }
}

impl Directory for ExpectedKeys {
    fn admits(&self, key: &VerifyingKey) -> bool {
        self.0.contains(key)
    }
}
