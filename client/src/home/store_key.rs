//! The key under which a home's store is sealed.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// The key of a home's store, from which one subkey per write is derived.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct StoreKey([u8; 32]);

impl StoreKey {
    /// Takes 32 fresh bytes of the system's generator, or what was once that.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The secret itself, to be stored encrypted.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreKey(..)")
    }
}
