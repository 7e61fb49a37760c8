//! The one place of the relay that reads the clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use maille_common::time::{BootTime, Reading, Span, Timestamp};
use maille_durable::Uptime;

/// Tells the time. A test may bring its own.
pub trait Clock: Send + Sync + 'static {
    /// The present, by the wall.
    fn now(&self) -> Timestamp;

    /// The present by the wall and by the clock that nobody sets.
    fn reading(&self) -> Reading;
}

/// The machine's clock, as somebody has set it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        timestamp(SystemTime::now())
    }

    fn reading(&self) -> Reading {
        let boot = boot_time();
        let wall = self.now();
        Reading { wall, boot }
    }
}

/// The clock that nobody sets, as deadlines count it.
fn boot_time() -> BootTime {
    let Uptime { boot, since } = Uptime::now();
    let ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    BootTime {
        id: boot,
        since: Span::from_ms(ms),
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
    fn the_clock_that_nobody_sets_goes_on_with_the_wall() {
        let (first, second) = (SystemClock.reading(), SystemClock.reading());
        assert_eq!(first.boot.id, second.boot.id);
        assert!(first.boot.since <= second.boot.since);
        assert!(first.wall <= SystemClock.now());
    }

    #[test]
    fn a_stamp_can_stand_in_the_name_of_a_file() {
        assert_eq!(stamp(Timestamp::from_unix_ms(1_000)), "1970-01-01T000001Z");
    }
}
