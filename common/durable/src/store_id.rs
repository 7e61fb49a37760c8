//! The name of one store.

use std::fmt;

/// Sixteen random bytes, given by the caller when a store is created and never changed.
///
/// They stand in every file, so that files of different stores are never mixed, and seed every
/// checksum, so that nobody who sends bytes to be stored can imitate a record. Keep them from
/// strangers: a relay's public incarnation is another value.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StoreId(pub [u8; 16]);

impl fmt::Debug for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreId(..)")
    }
}
