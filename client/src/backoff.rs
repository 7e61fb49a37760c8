//! How long to wait before the next attempt.

use std::time::Duration;

use maille_common::randomness::Randomness;

/// The longest first pause.
const FIRST: Duration = Duration::from_millis(500);
/// The longest pause: a desk that lost its relay tries at least twice a minute.
const LONGEST: Duration = Duration::from_secs(30);

/// Pauses that double, each drawn between nothing and its bound ("full jitter"): a thousand desks
/// that lost one relay do not come back in one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The pause after one more failure.
    pub(crate) fn failed(&mut self, random: &mut impl Randomness) -> Duration {
        let bound = self.bound();
        self.failures = self.failures.saturating_add(1);
        let bound_ms = u64::try_from(bound.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(u64::from_le_bytes(random.array()) % (bound_ms + 1))
    }

    /// Something worked: the next failure is a first one.
    pub(crate) fn worked(&mut self) {
        self.failures = 0;
    }

    fn bound(self) -> Duration {
        FIRST
            .saturating_mul(1u32.checked_shl(self.failures.min(16)).unwrap_or(u32::MAX))
            .min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives the greatest number, so that the pause is the remainder of it.
    struct Most;

    impl Randomness for Most {
        fn fill(&mut self, bytes: &mut [u8]) {
            bytes.fill(0xff);
        }
    }

    #[test]
    fn the_bound_doubles_up_to_half_a_minute_and_starts_again() {
        let mut backoff = Backoff::default();
        let mut bounds = Vec::new();
        for _ in 0..8 {
            bounds.push(backoff.bound().as_millis());
            assert!(backoff.failed(&mut Most) <= LONGEST);
        }
        assert_eq!(
            bounds,
            [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]
        );
        backoff.worked();
        assert_eq!(backoff.bound(), FIRST);
    }

    #[test]
    fn a_thousand_failures_do_not_overflow() {
        let mut backoff = Backoff::default();
        for _ in 0..1000 {
            assert!(backoff.failed(&mut Most) <= LONGEST);
        }
    }

    #[test]
    fn a_pause_is_drawn_from_nothing_to_its_bound() {
        struct Fixed(u64);
        impl Randomness for Fixed {
            fn fill(&mut self, bytes: &mut [u8]) {
                bytes.copy_from_slice(&self.0.to_le_bytes());
            }
        }
        let pause = |draw| Backoff::default().failed(&mut Fixed(draw));
        assert_eq!(pause(0), Duration::ZERO);
        assert_eq!(pause(500), FIRST);
        assert_eq!(pause(501), Duration::ZERO);
    }
}
