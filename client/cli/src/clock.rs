//! The one reader of the clock.

use std::time::{SystemTime, UNIX_EPOCH};

use maille_common::time::Timestamp;

/// The time of this machine.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
