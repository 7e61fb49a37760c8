//! Doors to what reads bytes of strangers and disks, for the tests that throw bytes at it.

use crate::core::reads_as_record;
use crate::home::parsers;

/// Whether these are the bytes of a stored record, once they are unsealed.
pub fn record(bytes: &[u8]) -> bool {
    reads_as_record(bytes)
}

/// Whether this is the text of `home.toml`.
pub fn home(text: &str) -> bool {
    parsers::home(text)
}

/// Whether this is `slots.toml`.
pub fn slots(bytes: &[u8]) -> bool {
    parsers::slots(bytes)
}
