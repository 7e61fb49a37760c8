//! The time of this machine, by the library's one reader of the clock.

use maille_client::clock::{Clock, SystemClock};
use maille_common::time::Timestamp;

/// The time now.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}
