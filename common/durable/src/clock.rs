//! How long the machine runs, by a clock that nobody sets.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[cfg(target_os = "linux")]
use crate::boot::boot_id;

/// The time since a machine was started. It counts while the machine sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uptime {
    /// Differs from every other start of every machine.
    pub boot: [u8; 16],
    /// Since then.
    pub since: Duration,
}

impl Uptime {
    /// The present.
    #[must_use]
    pub fn now() -> Self {
        since_boot().unwrap_or_else(since_start)
    }
}

/// Linux's boot-time clock (CLOCK_BOOTTIME), which counts while the machine sleeps.
#[cfg(target_os = "linux")]
fn since_boot() -> Option<Uptime> {
    use rustix::time::{ClockId, clock_gettime};
    // A process lives within one boot, and asks at every step.
    static BOOT: OnceLock<Option<[u8; 16]>> = OnceLock::new();
    let boot = BOOT.get_or_init(|| {
        let id = u128::from_str_radix(&boot_id().replace('-', ""), 16).ok()?;
        Some(id.to_be_bytes())
    });
    let since = Duration::try_from(clock_gettime(ClockId::Boottime)).ok()?;
    boot.map(|boot| Uptime { boot, since })
}

#[cfg(not(target_os = "linux"))]
const fn since_boot() -> Option<Uptime> {
    None
}

/// Elsewhere a process has a clock of its own while it lives, and its start counts as the
/// machine's.
fn since_start() -> Uptime {
    static START: OnceLock<(Instant, [u8; 16])> = OnceLock::new();
    let start = START.get_or_init(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let nanoseconds = since.unwrap_or_default().as_nanos();
        (Instant::now(), nanoseconds.to_be_bytes())
    });
    Uptime {
        boot: start.1,
        since: start.0.elapsed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_that_nobody_sets_goes_on_within_one_start() {
        let (first, second) = (Uptime::now(), Uptime::now());
        assert_eq!(first.boot, second.boot);
        assert!(first.since <= second.since);
        assert_eq!(since_start().boot, since_start().boot);
    }
}
