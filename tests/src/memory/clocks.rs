//! The clocks of the machine on which everybody is: time passes, somebody sets the wall, the
//! machine is off for a while.

use maille_common::address::DeviceId;
use maille_common::time::{BootTime, Reading, Span, Timestamp};

use maille_relay::core::Tick;

use super::MemoryWorld;

impl MemoryWorld {
    /// Both clocks as they stand.
    pub fn reading(&self) -> Reading {
        Reading {
            wall: self.now,
            boot: self.boot,
        }
    }

    /// Time passes.
    pub fn pass(&mut self, span: Span) {
        self.now = self.now + span;
        self.boot.since = self.boot.since + span;
    }

    /// Somebody sets the wall's clock. No time passes.
    pub fn set_wall(&mut self, to: Timestamp) {
        self.now = to;
        self.look();
    }

    /// The machine goes off, and comes up again when its wall's clock shows `at`.
    pub fn reboot(&mut self, at: Timestamp) {
        self.now = at;
        self.boot = BootTime {
            id: self.boot.id.map(|byte| byte.wrapping_add(1)),
            since: Span::from_seconds(20),
        };
        let relays: Vec<String> = self.relays.keys().cloned().collect();
        for relay in relays {
            self.kill_relay(&relay);
        }
        let devices: Vec<DeviceId> = self.desks.keys().copied().collect();
        for device in devices {
            self.kill_desk(&device);
        }
    }

    /// One relay does what is due.
    pub fn tick_relay(&mut self, relay: &str) -> Tick {
        let reading = self.reading();
        self.relay(relay).tick(reading).unwrap()
    }

    /// One desk does what is due; how long until something is again.
    pub fn tick_desk(&mut self, device: &DeviceId) -> Option<Span> {
        let reading = self.reading();
        let (_, next) = self.desk(device).tick(reading).unwrap();
        next
    }

    /// Everybody looks at the clocks, as before every step behind QUIC.
    fn look(&mut self) {
        let reading = self.reading();
        for relay in self.relays.values_mut() {
            relay.core.look_at_clocks(reading);
        }
        for held in self.desks.values_mut() {
            held.desk.look_at_clocks(reading);
        }
    }
}
