//! How long the machine runs, by a clock that nobody sets.

use std::fs;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::boot::boot_id;

/// The time since a machine was started. It counts while the machine sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uptime {
    /// Differs from every other start of every machine.
    pub boot: [u8; 16],
    /// Since then, to the millisecond or so.
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
///
/// The system tells it in hundredths of a second. What lies between two of them is measured by the
/// process's own clock, which stands still while the machine sleeps: then it is set anew.
fn since_boot() -> Option<Uptime> {
    static SET: Mutex<Option<(Instant, Duration)>> = Mutex::new(None);
    let id = u128::from_str_radix(&boot_id().replace('-', ""), 16).ok()?;
    let told = uptime()?;
    let mut set = SET.lock().unwrap_or_else(PoisonError::into_inner);
    let counted = set.map(|(at, since)| since + at.elapsed());
    let since = match counted.filter(|counted| told < *counted + 2 * HUNDREDTH) {
        Some(counted) => counted,
        None => {
            let (at, since) = set_by_uptime()?;
            *set = Some((at, since));
            since + at.elapsed()
        }
    };
    let boot = id.to_be_bytes();
    Some(Uptime { boot, since })
}

const HUNDREDTH: Duration = Duration::from_millis(10);

/// Waits until a hundredth of a second begins: when it did, and which.
fn set_by_uptime() -> Option<(Instant, Duration)> {
    let began = Instant::now();
    let (mut before, mut last) = (began, uptime()?);
    loop {
        let asked = Instant::now();
        let told = uptime()?;
        let now = Instant::now();
        let is_close = now.duration_since(before) < Duration::from_millis(1);
        // A machine that is that busy has to do with less.
        if (told != last && is_close) || now.duration_since(began) > 20 * HUNDREDTH {
            return Some((now, told));
        }
        (before, last) = (asked, told);
    }
}

fn uptime() -> Option<Duration> {
    let told = fs::read_to_string("/proc/uptime").ok()?;
    let (seconds, hundredths) = told.split_whitespace().next()?.split_once('.')?;
    let hundredths = hundredths.parse::<u32>().ok()?;
    Some(Duration::from_secs(seconds.parse().ok()?) + HUNDREDTH * hundredths)
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
