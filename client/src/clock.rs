//! The one reader of the clock, and a clock that tests drive.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use maille_common::time::{Span, Timestamp};
use tokio::sync::watch;

/// A wait that ends when a clock has come to a point in time.
pub type Reached = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a client takes for the time.
///
/// Deadlines, signatures, the weeks of sealing keys, and when a refused envelope is due again go by
/// it. Pauses between connections do not: they pass in real time, whatever the clock says.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Ends when [`Clock::now`] has come to `time`, also if somebody sets the clock forward.
    fn reached(&self, time: Timestamp) -> Reached;
}

/// How long the system's clock is trusted to go on evenly: somebody may set it meanwhile.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Where pauses between attempts on the network are counted from: real time, whatever the clock.
pub(crate) fn real_now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

/// The clock of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn reached(&self, time: Timestamp) -> Reached {
        let clock = *self;
        Box::pin(async move {
            loop {
                let left = Duration::from_millis(time.since(clock.now()).ms());
                if left.is_zero() {
                    return;
                }
                tokio::time::sleep(left.min(LOOK_AGAIN)).await;
            }
        })
    }
}

/// A clock that stands until it is moved. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct ManualClock(watch::Sender<Timestamp>);

impl ManualClock {
    /// A clock that stands at this time.
    pub fn at(time: Timestamp) -> Self {
        Self(watch::Sender::new(time))
    }

    /// Moves the clock forward; whoever waits for a time that is passed goes on.
    pub fn advance(&self, span: Span) {
        self.0.send_modify(|time| *time = *time + span);
    }

    /// Sets the clock, also back.
    pub fn set(&self, time: Timestamp) {
        self.0.send_replace(time);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    fn reached(&self, time: Timestamp) -> Reached {
        let mut moved = self.0.subscribe();
        Box::pin(async move {
            if moved.wait_for(|now| *now >= time).await.is_err() {
                // The clock is gone, and with it whoever could move it.
                std::future::pending::<()>().await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_ends_a_wait_when_it_is_moved_past_it() {
        let clock = ManualClock::at(Timestamp::from_unix_ms(1_000));
        let waiting = tokio::spawn(clock.reached(Timestamp::from_unix_ms(3_000)));
        clock.advance(Span::from_seconds(1));
        assert_eq!(clock.now(), Timestamp::from_unix_ms(2_000));
        clock.advance(Span::from_seconds(1));
        waiting.await.unwrap();
    }

    #[tokio::test]
    async fn a_time_that_has_passed_is_reached_at_once() {
        SystemClock.reached(Timestamp::EPOCH).await;
        assert!(SystemClock.now() > Timestamp::from_unix_ms(1_700_000_000_000));
    }
}
