//! The clocks of one machine: a wall that somebody sets, and a boot-time clock that nobody does.

use maille_common::time::{BootTime, Reading, Span, Timestamp};

use crate::network::FOUNDED;

/// One machine's clocks over virtual time, which is in milliseconds since the network was founded.
#[derive(Debug, Clone)]
pub(crate) struct MachineClock {
    /// How far the wall is ahead of virtual time, in milliseconds.
    ahead_ms: i64,
    boot: [u8; 16],
    booted: u64,
    /// How often the machine was started anew.
    pub(crate) boots: u32,
}

impl MachineClock {
    /// A machine that was started at a moment, with an id of its own.
    pub(crate) fn started(machine: u8, now: u64) -> Self {
        let mut boot = [0; 16];
        boot[0] = machine + 1;
        Self {
            ahead_ms: 0,
            boot,
            booted: now,
            boots: 0,
        }
    }

    /// Somebody sets the wall. No time passes.
    pub(crate) fn jump(&mut self, by_ms: i64) {
        self.ahead_ms += by_ms;
    }

    /// The machine was off, and comes up now.
    pub(crate) fn reboot(&mut self, now: u64) {
        self.boots += 1;
        self.boot[8..12].copy_from_slice(&self.boots.to_be_bytes());
        self.booted = now;
    }

    /// Since when the machine has been up.
    pub(crate) fn up_since(&self) -> u64 {
        self.booted
    }

    /// Both clocks.
    pub(crate) fn reading(&self, now: u64) -> Reading {
        let wall = FOUNDED.unix_ms().saturating_add(now);
        Reading {
            wall: Timestamp::from_unix_ms(wall.saturating_add_signed(self.ahead_ms)),
            boot: BootTime {
                id: self.boot,
                since: Span::from_ms(now.saturating_sub(self.booted) + 1_000),
            },
        }
    }
}
