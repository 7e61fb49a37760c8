//! Where the sealed body of an alert lies in a relay's store.

use maille_common::identifier::AlertId;
use maille_durable::Table;

use super::tables;

/// The table and the key, under which the body is kept in pieces.
///
/// Whoever owns a relay's folder can look at it, alter it and take it away, with the crate of the
/// store and without any key. That this does a relay no good is for others to prove, so they have
/// to find it.
pub fn body_place(alert: &AlertId) -> (Table, [u8; AlertId::LEN]) {
    (tables::BODY, *alert.as_bytes())
}
