//! What goes wrong, and how it stops.

use std::sync::Arc;

use maille_common::sealing::SealingRing;
use maille_durable::Store;

use super::line::{Message, Stage};
use super::party::Party;
use super::plan::Fault;
use super::shape::{HOUR, MINUTE};
use super::world::{Event, World};

impl World {
    /// Something goes wrong now.
    pub(crate) fn goes_wrong(&mut self, fault: Fault) {
        self.trace.line(self.now, || format!("fault: {fault:?}"));
        let desk_is_outside = |world: &Self, desk: usize| world.desks[desk].outside;
        match fault {
            Fault::Cut(desk, relay) => {
                if self.lines[desk][relay].stage != Stage::Down {
                    self.cut(desk, relay);
                }
            }
            Fault::Partition(desk, relay, span) => {
                let line = &mut self.lines[desk][relay];
                line.parted_until = self.now + span;
                if line.stage != Stage::Down {
                    self.cut(desk, relay);
                }
            }
            Fault::CrashDesk(desk, down, reboot) => {
                if self.desks[desk].core.is_none() {
                    return;
                }
                self.desk_dies(desk);
                self.down(Party::Desk(desk), down, reboot);
            }
            Fault::CrashRelay(relay, down, reboot) => {
                if self.relays[relay].core.is_none() {
                    return;
                }
                self.relay_dies(relay);
                self.down(Party::Relay(relay), down, reboot);
            }
            Fault::JumpDesk(desk, by) => {
                self.desks[desk].clock.jump(by);
                let _ = self.desk(desk);
            }
            Fault::JumpRelay(relay, by) => {
                let held = &mut self.relays[relay];
                held.clock.jump(by);
                let reading = held.clock.reading(self.now);
                if let Some(core) = &mut held.core {
                    core.look_at_clocks(reading);
                }
            }
            Fault::LoseRelay(relay) => {
                self.relay_dies(relay);
                self.relays[relay].disk.lose();
                self.down(Party::Relay(relay), MINUTE, None);
            }
            Fault::LoseDesk(desk) if !desk_is_outside(self, desk) => {
                self.desk_dies(desk);
                self.desks[desk].disk.lose();
                self.checker.store_lost(desk);
                self.down(Party::Desk(desk), MINUTE, None);
            }
            Fault::LoseKeys(desk) if !desk_is_outside(self, desk) => {
                self.desk_dies(desk);
                let mut ring = SealingRing::new();
                let wall = self.desks[desk].clock.reading(self.now).wall;
                let bundle = self.next_bundle(desk, &mut ring, wall);
                self.desks[desk].take_ring(ring, bundle);
                self.desks[desk].ring_lost = true;
                self.checker.keys_lost = true;
                self.down(Party::Desk(desk), MINUTE, None);
            }
            Fault::LoseDesk(_) | Fault::LoseKeys(_) => {}
            Fault::NextRoster => self.next_roster(),
            Fault::LoseDevice(removed) => {
                self.lose_device();
                if let Some(after) = removed {
                    self.removal_due = true;
                    self.at(after, Event::Removal);
                }
            }
        }
    }

    fn down(&mut self, party: Party, for_ms: u64, reboot: Option<i64>) {
        if let Some(jump) = reboot {
            let clock = match party {
                Party::Relay(relay) => &mut self.relays[relay].clock,
                Party::Desk(desk) => &mut self.desks[desk].clock,
            };
            clock.reboot(self.now + for_ms);
            clock.jump(jump);
        }
        self.at(for_ms, Event::Restart(party));
    }

    /// A desk's process dies, and its connections with it.
    fn desk_dies(&mut self, desk: usize) {
        let (drawn, mutation) = (self.chance.next(), self.plan.knobs.mutation);
        let held = &mut self.desks[desk];
        held.die();
        held.disk.crash_as(mutation, drawn);
        let kept = held.disk.newest();
        self.trace.line(self.now, || {
            format!("desk {desk} dies, keeps commit {kept}")
        });
        for relay in 0..self.relays.len() {
            self.lines[desk][relay].end();
            self.relays[relay].present.remove(&desk);
        }
    }

    fn relay_dies(&mut self, relay: usize) {
        let (drawn, mutation) = (self.chance.next(), self.plan.knobs.mutation);
        let held = &mut self.relays[relay];
        held.die();
        held.disk.crash_as(mutation, drawn);
        let kept = held.disk.newest();
        self.trace.line(self.now, || {
            format!("relay {relay} dies, keeps commit {kept}")
        });
        for desk in 0..self.desks.len() {
            if self.lines[desk][relay].stage != Stage::Down {
                self.cut(desk, relay);
            }
        }
    }

    /// A process is started, unless it runs.
    pub(crate) fn restarts(&mut self, party: Party) {
        match party {
            Party::Relay(relay) => self.starts_relay(relay),
            Party::Desk(desk) => self.starts_desk(desk),
        }
    }

    /// The next roster is signed, and reaches some at once, others late, and others only from those
    /// they meet.
    fn next_roster(&mut self) {
        if self.roster + 1 >= self.shape.rosters.len() {
            return;
        }
        self.roster += 1;
        let roster = self.roster;
        if roster == 1 {
            let admitted = self.shape.admitted;
            self.desks[admitted].outside = false;
            self.desks[admitted].roster = roster;
            self.at(1, Event::Restart(Party::Desk(admitted)));
        }
        if roster == 2 {
            self.lose_device();
        }
        for relay in 0..self.relays.len() {
            let late = self.chance.below(2 * HOUR);
            let after = if relay == 0 { 1 } else { late };
            self.at(after, Event::RosterArrives(Party::Relay(relay), roster));
        }
        for desk in 0..self.desks.len() {
            if self.chance.percent(30) {
                let late = 1 + self.chance.below(2 * HOUR);
                self.at(late, Event::RosterArrives(Party::Desk(desk), roster));
            }
        }
    }

    /// A device is lost for good, unless it is already.
    fn lose_device(&mut self) {
        let lost = self.shape.removed;
        if !self.desks[lost].outside {
            self.desk_dies(lost);
            self.desks[lost].outside = true;
            self.desks[lost].disk.lose();
            self.checker.device_gone(lost);
        }
    }

    /// The device that was lost is removed by the next roster.
    pub(crate) fn removes_lost(&mut self) {
        while self.removal_due && self.roster < 2 {
            self.next_roster();
        }
    }

    /// A roster comes to somebody, who may have a newer one.
    pub(crate) fn takes_roster(&mut self, party: Party, roster: usize) {
        match party {
            Party::Desk(desk) => {
                let held = &mut self.desks[desk];
                if held.outside || held.core.is_none() || roster <= held.roster {
                    return;
                }
                held.roster = roster;
                let documents = Arc::clone(&self.shape.rosters[roster]);
                let line = || format!("desk {desk} uses roster {roster}");
                self.trace.line(self.now, line);
                if let Some((core, wall)) = self.desk(desk) {
                    core.replace_roster(documents, wall).unwrap();
                }
                for line in &mut self.lines[desk] {
                    line.bundles_from = 0;
                }
                self.wake(desk);
            }
            Party::Relay(relay) => self.relay_takes_roster(relay, roster),
        }
    }

    fn relay_takes_roster(&mut self, relay: usize, roster: usize) {
        let held = &mut self.relays[relay];
        if roster <= held.roster {
            return;
        }
        if held.core.is_none() {
            // Its machine may be off for longer than faults last.
            if self.calm {
                self.at(MINUTE, Event::RosterArrives(Party::Relay(relay), roster));
            }
            return;
        }
        held.take_roster(roster);
        let Some(core) = held.core.as_mut() else {
            return;
        };
        core.replace_roster(Arc::clone(&self.shape.rosters[roster]));
        self.trace
            .line(self.now, || format!("relay {relay} uses roster {roster}"));
        let present: Vec<usize> = self.relays[relay].present.keys().copied().collect();
        for desk in present {
            let device = self.shape.desks[desk].device;
            if !self.shape.rosters[roster].may_connect(&device) {
                self.cut(desk, relay);
            } else if self.relays[relay].present[&desk].greeted {
                self.travels(desk, relay, Message::Roster(None, roster));
            }
        }
        self.plans_round(Party::Relay(relay), 1);
    }

    /// Faults stop: everybody runs, everybody can be reached, and rosters are where they belong.
    pub(crate) fn calm_down(&mut self) {
        self.calm = true;
        self.trace.line(self.now, || "faults stop");
        self.removes_lost();
        for relay in 0..self.relays.len() {
            self.at(0, Event::Restart(Party::Relay(relay)));
            let roster = self.roster;
            self.at(1, Event::RosterArrives(Party::Relay(relay), roster));
        }
        for desk in 0..self.desks.len() {
            self.at(0, Event::Restart(Party::Desk(desk)));
            for line in &mut self.lines[desk] {
                line.parted_until = 0;
            }
        }
    }
}
