//! The one reader of the clock, and a clock that tests drive.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use maille_common::time::{BootTime, Reading, Span, Timestamp};
use maille_durable::Uptime;
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

    /// The time now, and the clock that nobody sets, by which deadlines are counted.
    fn reading(&self) -> Reading;

    /// Ends when [`Clock::now`] has come to `time`, also if somebody sets the clock forward; and
    /// when as much time has passed as it was away, also if somebody sets the clock back.
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

    fn reading(&self) -> Reading {
        let boot = boot_time();
        let wall = self.now();
        Reading { wall, boot }
    }

    fn reached(&self, time: Timestamp) -> Reached {
        let clock = *self;
        let away = Duration::from_millis(time.since(clock.now()).ms());
        Box::pin(async move {
            let began = real_now();
            loop {
                let left = Duration::from_millis(time.since(clock.now()).ms());
                let left = left.min(away.saturating_sub(began.elapsed()));
                if left.is_zero() {
                    return;
                }
                tokio::time::sleep(left.min(LOOK_AGAIN)).await;
            }
        })
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

/// A clock that stands until it is moved. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct ManualClock(watch::Sender<Reading>);

impl ManualClock {
    /// A clock that stands at this time, as that of a machine that was started just then.
    pub fn at(time: Timestamp) -> Self {
        let boot = BootTime {
            id: u128::from(time.unix_ms()).to_be_bytes(),
            since: Span::ZERO,
        };
        Self(watch::Sender::new(Reading { wall: time, boot }))
    }

    /// Time passes; whoever waits for a time that is passed goes on.
    pub fn advance(&self, span: Span) {
        self.0.send_modify(|reading| {
            reading.wall = reading.wall + span;
            reading.boot.since = reading.boot.since + span;
        });
    }

    /// Sets the wall's clock, also back. No time passes.
    pub fn set(&self, time: Timestamp) {
        self.0.send_modify(|reading| reading.wall = time);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.0.borrow().wall
    }

    fn reading(&self) -> Reading {
        *self.0.borrow()
    }

    fn reached(&self, time: Timestamp) -> Reached {
        let mut moved = self.0.subscribe();
        let Reading { wall, boot } = self.reading();
        let away = boot.since + time.since(wall);
        let is_there = move |now: &Reading| now.wall >= time || now.boot.since >= away;
        Box::pin(async move {
            if moved.wait_for(is_there).await.is_err() {
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
    async fn a_clock_that_is_set_back_keeps_nobody_waiting_longer_than_it_was_away() {
        let clock = ManualClock::at(Timestamp::from_unix_ms(100_000));
        let waiting = tokio::spawn(clock.reached(Timestamp::from_unix_ms(103_000)));
        clock.set(Timestamp::EPOCH);
        clock.advance(Span::from_seconds(3));
        waiting.await.unwrap();
        assert_eq!(clock.now(), Timestamp::from_unix_ms(3_000));
    }

    #[test]
    fn the_clock_that_nobody_sets_goes_on() {
        let (first, second) = (SystemClock.reading(), SystemClock.reading());
        assert_eq!(first.boot.id, second.boot.id);
        assert!(first.boot.since <= second.boot.since);
    }

    #[tokio::test]
    async fn a_time_that_has_passed_is_reached_at_once() {
        SystemClock.reached(Timestamp::EPOCH).await;
        assert!(SystemClock.now() > Timestamp::from_unix_ms(1_700_000_000_000));
    }
}
