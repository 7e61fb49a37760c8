//! The one place of the relay that reads the clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use maille_common::time::Timestamp;

/// Tells the time. A test may bring its own.
pub trait Clock: Send + Sync + 'static {
    /// The present, by the wall.
    fn now(&self) -> Timestamp;
}

/// The machine's clock, as somebody has set it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        timestamp(SystemTime::now())
    }
}

/// A time of the file system. What lies before 1970 is 1970.
pub(crate) fn timestamp(time: SystemTime) -> Timestamp {
    let since: Duration = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// A time as it stands in the names of files that are set aside: `2026-11-23T195500Z`.
pub(crate) fn stamp(time: Timestamp) -> String {
    let text = time.to_string();
    let seconds = text.split('.').next().unwrap_or_default();
    format!("{}Z", seconds.replace(':', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_can_stand_in_the_name_of_a_file() {
        assert_eq!(stamp(Timestamp::from_unix_ms(1_000)), "1970-01-01T000001Z");
    }
}
