//! The clocks of a machine that goes on by itself: a test sets the wall's, and switches the machine
//! off and on.

use std::sync::{Arc, Mutex, PoisonError};

use maille_client::clock::{Clock, Reached, SystemClock};
use maille_common::time::{BootTime, Reading, Span, Timestamp};

/// A machine's clocks. Clones are the same machine.
#[derive(Debug, Clone, Default)]
pub struct Machine(Arc<Mutex<Set>>);

#[derive(Debug, Clone, Copy, Default)]
struct Set {
    /// How far the wall is before the system's; behind it where `behind` is set.
    away: Span,
    behind: bool,
    boots: u8,
    /// When it was started last, by the system's clock that nobody sets.
    started: Span,
}

impl Machine {
    /// Somebody sets the wall's clock so far before the true time.
    pub fn set_ahead(&self, away: Span) {
        self.change(|set| (set.away, set.behind) = (away, false));
    }

    /// Somebody sets the wall's clock so far behind the true time.
    pub fn set_behind(&self, away: Span) {
        self.change(|set| (set.away, set.behind) = (away, true));
    }

    /// The machine was off, and is on again. Nobody may run on it meanwhile.
    pub fn reboot(&self) {
        let started = SystemClock.reading().boot.since;
        self.change(|set| (set.boots, set.started) = (set.boots + 1, started));
    }

    fn change(&self, change: impl FnOnce(&mut Set)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn set(&self) -> Set {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        Clock::reading(self).wall
    }

    fn reading(&self) -> Reading {
        let (set, Reading { wall, boot }) = (self.set(), SystemClock.reading());
        let mut id = boot.id;
        id[0] = id[0].wrapping_add(set.boots);
        Reading {
            wall: if set.behind {
                wall - set.away
            } else {
                wall + set.away
            },
            boot: BootTime {
                id,
                since: Span::from_ms(boot.since.ms().saturating_sub(set.started.ms())),
            },
        }
    }

    fn reached(&self, time: Timestamp) -> Reached {
        // As much time has to pass as it is away, whoever sets the wall meanwhile.
        let away = time.since(Clock::now(self));
        SystemClock.reached(SystemClock.now() + away)
    }
}

impl maille_relay::Clock for Machine {
    fn now(&self) -> Timestamp {
        Clock::now(self)
    }

    fn reading(&self) -> Reading {
        Clock::reading(self)
    }
}
