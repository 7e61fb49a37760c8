//! How long to wait before something is told again.

use std::time::Duration;

/// The longest pause: what was mended is told within five minutes.
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// A second, doubled with each failure, up to five minutes.
pub(super) fn pause_after(failures: u32) -> Duration {
    let doubled = 1_u64 << failures.saturating_sub(1).min(16);
    Duration::from_secs(doubled).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_minutes() {
        let seconds = [1, 2, 3, 9, 10, 100].map(|failures| pause_after(failures).as_secs());
        assert_eq!(seconds, [1, 2, 4, 256, 300, 300]);
    }
}
