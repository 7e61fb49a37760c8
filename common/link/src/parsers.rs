//! Doors to what reads bytes of strangers, for the tests that throw bytes at it.

use rustls::pki_types::CertificateDer;

use crate::certificate::peer_key;

/// Whether a certificate holds a key that can be looked for in the roster.
pub fn certificate(bytes: &[u8]) -> bool {
    peer_key(&CertificateDer::from(bytes)).is_ok()
}
