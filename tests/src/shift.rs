//! A contact with two devices: who is on duty where, and what each of them sees.

use std::sync::Arc;

use maille_client::core::{Act, EventKind, InboxEntry, IncidentKind, LedgerPage};
use maille_common::address::DeviceId;
use maille_common::evidence::ObligationState;
use maille_common::identifier::AlertId;
use maille_common::terms::Stage;
use maille_common::time::Span;

use crate::memory::MemoryWorld;
use crate::network::{Network, address};
use crate::randomness::Seeded;

/// Lyon writes to Tunis, where two devices are on duty, each with an officer. In their place Amman
/// and then Rabat are asked.
#[derive(Debug)]
pub struct Shift {
    /// Relays and desks.
    pub world: MemoryWorld,
    /// The sender.
    pub lyon: DeviceId,
    /// A device of the recipient.
    pub day: DeviceId,
    /// The other one.
    pub night: DeviceId,
    /// The first deputy.
    pub amman: DeviceId,
    /// The second.
    pub rabat: DeviceId,
}

/// Everything real that is open.
pub const ALL: LedgerPage = LedgerPage {
    skip: 0,
    limit: 100,
    drills: false,
};

/// Everybody collects at one relay.
pub fn shift() -> Shift {
    shift_at(&["lyon"])
}

/// The recipients collect at these relays.
pub fn shift_at(homes: &[&str]) -> Shift {
    let mut network = Network::found(47, &[("interpol", &["lyon"]), ("cmai", homes)]);
    let lyon = network.admit("interpol/lyon");
    let day = network.admit("cmai/tunis");
    let night = network.admit("cmai/tunis");
    let amman = network.admit("cmai/amman");
    let rabat = network.admit("cmai/rabat");
    network.deputise("cmai/tunis", "cmai/amman", Span::from_minutes(10));
    network.deputise("cmai/tunis", "cmai/rabat", Span::from_minutes(20));
    let mut world = MemoryWorld::new(network);
    world.settle();
    Shift {
        world,
        lyon,
        day,
        night,
        amman,
        rabat,
    }
}

impl Shift {
    /// Sends an alert, and everybody meets.
    pub fn send(&mut self, subject: &str) -> AlertId {
        let alert = self.world.send(&self.lyon, &["cmai/tunis"], subject);
        self.world.settle();
        alert
    }

    /// An officer, or a program, acts at a desk; nobody hears of it yet.
    pub fn act(&mut self, desk: DeviceId, alert: &AlertId, act: &Act, officer: Option<&str>) {
        let note = match (act, officer) {
            (Act::Acknowledge, Some(_)) => "We are on it.",
            _ => "",
        };
        let (now, mut random) = (self.world.now, Seeded::new(5));
        let desk = self.world.desk(&desk);
        desk.act(alert, act, officer, note, now, &mut random)
            .unwrap();
    }

    /// An officer acknowledges, with a note.
    pub fn acknowledge(&mut self, desk: DeviceId, alert: &AlertId, officer: &str) {
        self.act(desk, alert, &Act::Acknowledge, Some(officer));
    }

    /// Time passes, everybody does what is due, and everybody meets.
    pub fn after(&mut self, minutes: u64) {
        self.world.pass(Span::from_minutes(minutes));
        self.world.tick();
        self.world.settle();
    }

    /// An alert of an inbox.
    pub fn entry(&mut self, desk: DeviceId, alert: &AlertId) -> InboxEntry {
        let inbox = self.world.desk(&desk).inbox().unwrap();
        inbox.into_iter().find(|entry| entry.id == *alert).unwrap()
    }

    /// Who has it in hand, as a desk shows it: the device and the officer's name.
    pub fn taken(&mut self, desk: DeviceId, alert: &AlertId) -> (DeviceId, Option<String>) {
        let taken = self.entry(desk, alert).taken.unwrap();
        (taken.device, taken.officer)
    }

    /// How much is on the list of a desk.
    pub fn owes(&mut self, desk: DeviceId) -> usize {
        let now = self.world.now;
        self.world.desk(&desk).ledger(ALL, now).unwrap().total
    }

    /// What was promised, as a desk hands it over: the notes.
    pub fn promises(&mut self, desk: DeviceId) -> Vec<String> {
        let since = self.world.now - Span::from_days(7);
        let promises = self.world.desk(&desk).promises(since).unwrap().into_iter();
        promises.map(|promise| promise.taken.note).collect()
    }

    /// Where an obligation stands, as Lyon sees it.
    pub fn state(&mut self, alert: &AlertId, contact: &str) -> ObligationState {
        let outbox = self.world.desk(&self.lyon).outbox().unwrap();
        let entry = outbox.iter().find(|entry| entry.id == *alert).unwrap();
        entry.states[&address(contact)]
    }

    /// What a desk was told that others did, by device and stage.
    pub fn told(&mut self, desk: DeviceId) -> Vec<(DeviceId, Stage)> {
        let events = self.world.desk(&desk).events_after(0, 10_000, true);
        let kinds = events.unwrap().into_iter().map(|event| event.event.kind);
        let told = kinds.filter_map(|kind| match kind {
            EventKind::ActedElsewhere { device, stage, .. } => Some((device, stage)),
            _ => None,
        });
        told.collect()
    }

    /// How often a desk was told that something arrived.
    pub fn arrivals(&mut self, desk: DeviceId) -> usize {
        let events = self.world.desk(&desk).events_after(0, 10_000, true);
        let events = events.unwrap().into_iter();
        let arrived = events.filter(|one| matches!(one.event.kind, EventKind::Arrived { .. }));
        arrived.count()
    }

    /// What any desk holds against anybody, after it was connected for longer than it waits.
    pub fn incidents(&mut self) -> Vec<IncidentKind> {
        self.world.minutes(12);
        self.world.settle();
        let desks = [self.lyon, self.day, self.night, self.amman, self.rabat];
        let found = desks.map(|desk| self.incidents_of(desk));
        found.into_iter().flatten().collect()
    }

    /// What one desk holds against anybody.
    pub fn incidents_of(&mut self, desk: DeviceId) -> Vec<IncidentKind> {
        let incidents = self.world.desk(&desk).incidents_after(0, 100).unwrap();
        incidents.into_iter().map(|(_, one)| one.kind).collect()
    }

    /// A roster that was published reaches every relay, and everybody else from there.
    pub fn spread(&mut self) {
        let documents = self.world.network.publish();
        let relays = self.world.network.relays.iter();
        let relays: Vec<String> = relays.map(|relay| relay.name.to_string()).collect();
        for relay in relays {
            self.world.spread_to_relay(&relay, &documents);
        }
        self.world.settle();
    }

    /// A device is admitted, its desk is opened, and everybody hears of it.
    pub fn admit(&mut self, contact: &str) -> DeviceId {
        let device = self.world.network.admit(contact);
        let documents = self.world.network.publish();
        let mut roster = (**self.world.desk(&self.lyon).roster()).clone();
        roster.apply(&documents).unwrap();
        self.world.pass(Span::from_minutes(1));
        self.world.start_desk(&device, Arc::new(roster));
        self.spread();
        device
    }
}
