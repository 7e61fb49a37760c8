//! The one place of the relay that reads the clock.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use maille_common::time::{BootTime, Reading, Span, Timestamp};
use maille_durable::boot_id;

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
        let boot = since_boot().unwrap_or_else(since_start);
        let wall = self.now();
        Reading { wall, boot }
    }
}

/// Linux's boot-time clock (CLOCK_BOOTTIME), which counts while the machine sleeps.
///
/// The system tells it in hundredths of a second. What lies between two of them is measured by the
/// process's own clock, which stands still while the machine sleeps: then it is set anew.
fn since_boot() -> Option<BootTime> {
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
    let ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    Some(BootTime {
        id: id.to_be_bytes(),
        since: Span::from_ms(ms),
    })
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
    let told = std::fs::read_to_string("/proc/uptime").ok()?;
    let (seconds, hundredths) = told.split_whitespace().next()?.split_once('.')?;
    let hundredths = hundredths.parse::<u32>().ok()?;
    Some(Duration::from_secs(seconds.parse().ok()?) + HUNDREDTH * hundredths)
}

/// Elsewhere a process has a clock of its own while it lives, and its start counts as the
/// machine's.
fn since_start() -> BootTime {
    static START: OnceLock<(Instant, [u8; 16])> = OnceLock::new();
    let start = START.get_or_init(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let nanoseconds = since.unwrap_or_default().as_nanos();
        (Instant::now(), nanoseconds.to_be_bytes())
    });
    let ms = u64::try_from(start.0.elapsed().as_millis()).unwrap_or(u64::MAX);
    BootTime {
        id: start.1,
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
        assert_eq!(since_start().id, since_start().id);
        assert!(first.wall <= SystemClock.now());
    }

    #[test]
    fn a_stamp_can_stand_in_the_name_of_a_file() {
        assert_eq!(stamp(Timestamp::from_unix_ms(1_000)), "1970-01-01T000001Z");
    }
}
