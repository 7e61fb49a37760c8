//! Doors to what reads the files of a home.

use std::path::Path;

use super::owner::{FILE, Owner};
use super::slots::Slots;

/// Whether this is the text of `home.toml`.
pub(crate) fn home(text: &str) -> bool {
    Owner::parse(Path::new(FILE), text).is_ok()
}

/// Whether this is `slots.toml`.
pub(crate) fn slots(bytes: &[u8]) -> bool {
    Slots::parse(Path::new("slots.toml"), bytes).is_ok()
}
