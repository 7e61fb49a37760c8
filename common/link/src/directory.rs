//! Who is admitted.

use maille_common::crypto::ed25519::VerifyingKey;

use crate::close::CloseCode;

/// Says which peers are admitted: the roster, seen from the transport.
///
/// Asked at every handshake, and again before the connection is handed out, so a key that was
/// removed counts as removed at once (PROTOCOL T1). An answer must not block: it is given on the
/// threads that serve all connections.
pub trait Directory: Send + Sync + 'static {
    /// Whether this is the transport key of a peer admitted now.
    fn admits(&self, key: &VerifyingKey) -> bool;

    /// Whether a key that is not admitted is one in whose place its holder has another: it is told
    /// so, and shows that.
    fn has_ended(&self, _key: &VerifyingKey) -> bool {
        false
    }
}

/// What the holder of a key is told that a directory does not admit.
pub(crate) fn farewell(directory: &dyn Directory, key: &VerifyingKey) -> CloseCode {
    match directory.has_ended(key) {
        true => CloseCode::Ended,
        false => CloseCode::Removed,
    }
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
