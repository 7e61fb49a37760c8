//! Two contacts who write to each other over one relay, and compare what they hold.

use maille_client::core::{Act, AlertApart, IncidentKind, LedgerPage, Reconciled};
use maille_common::address::DeviceId;
use maille_common::evidence::ObligationState;
use maille_common::identifier::AlertId;
use maille_common::time::Span;

use crate::memory::MemoryWorld;
use crate::network::{Network, address};
use crate::randomness::Seeded;

/// Their relay.
pub const RELAY: &str = "lyon";
/// Who sends.
pub const LYON: &str = "interpol/lyon";
/// Who receives.
pub const TUNIS: &str = "cmai/tunis";

/// Lyon and Tunis, who write to each other over one relay.
#[derive(Debug)]
pub struct Pair {
    /// The world they are in.
    pub world: MemoryWorld,
    /// The device of the one.
    pub lyon: DeviceId,
    /// The device of the other.
    pub tunis: DeviceId,
}

impl Default for Pair {
    fn default() -> Self {
        Self::new()
    }
}

impl Pair {
    /// Both with empty stores.
    pub fn new() -> Self {
        let homes: &[&str] = &[RELAY];
        let mut network = Network::found(61, &[("interpol", homes), ("cmai", homes)]);
        let lyon = network.admit(LYON);
        let tunis = network.admit(TUNIS);
        let mut world = MemoryWorld::new(network);
        world.settle();
        Self { world, lyon, tunis }
    }

    /// Lyon writes, Tunis acknowledges, and there is time for everything to arrive.
    pub fn write(&mut self) -> AlertId {
        let alert = self.world.send(&self.lyon, &[TUNIS], "One of several");
        self.world.settle();
        self.acknowledge(&alert);
        self.world.settle();
        self.later();
        alert
    }

    /// Tunis acknowledges.
    pub fn acknowledge(&mut self, alert: &AlertId) {
        acknowledge(&mut self.world, self.tunis, alert);
    }

    /// Lyon writes, and the relay keeps it from Tunis for good.
    pub fn withheld(&mut self, subject: &str) -> AlertId {
        let alert = self.world.send(&self.lyon, &[TUNIS], subject);
        self.keep_back();
        alert
    }

    /// Lyon gives the relay what it has, and the relay keeps from Tunis what waits for it.
    pub fn keep_back(&mut self) {
        self.world.meet(&self.lyon, RELAY);
        let tunis = self.tunis;
        let mail = self.world.mail(RELAY, &tunis).into_iter();
        self.world
            .withheld
            .extend(mail.map(|number| (tunis, number)));
    }

    /// Lyon writes, Tunis acknowledges, and a relay drops what it says.
    pub fn withheld_acknowledgement(&mut self) -> AlertId {
        let (lyon, tunis) = (self.lyon, self.tunis);
        let alert = self.world.send(&lyon, &[TUNIS], "Withheld");
        self.world.settle();
        self.acknowledge(&alert);
        self.world.meet(&tunis, RELAY);
        for number in self.world.mail(RELAY, &lyon) {
            self.world.withhold(RELAY, &lyon, number);
        }
        self.later();
        alert
    }

    /// How much is open at a desk.
    pub fn open_at(&mut self, device: DeviceId) -> usize {
        let now = self.world.now;
        let page = LedgerPage {
            skip: 0,
            limit: 10,
            drills: true,
        };
        self.world.desk(&device).ledger(page, now).unwrap().total
    }

    /// What was sent had time to arrive.
    pub fn later(&mut self) {
        self.world.pass(Span::from_minutes(11));
        self.world.tick();
    }

    /// Days pass, in which both do what is due.
    pub fn days(&mut self, days: u64) {
        for _ in 0..days {
            self.world.pass(Span::from_days(1));
            self.world.tick();
        }
    }

    /// Lyon asks Tunis to compare.
    pub fn compare(&mut self) -> Reconciled {
        let lyon = self.lyon;
        self.world.compare(&lyon, TUNIS, 90).remove(0)
    }

    /// Where an alert of Lyon stands with Tunis.
    pub fn state(&mut self, alert: &AlertId) -> ObligationState {
        let now = self.world.now;
        let desk = self.world.desk(&self.lyon);
        let track = desk.track(alert, now).unwrap().unwrap();
        track.entry.states[&address(TUNIS)]
    }

    /// The alerts named by each incident of a difference that stays.
    pub fn apart(&mut self, device: DeviceId) -> Vec<Vec<AlertId>> {
        let told = apart(&mut self.world, &device);
        let named = |alerts: Vec<AlertApart>| alerts.iter().map(|one| one.alert).collect();
        told.into_iter().map(named).collect()
    }
}

/// An officer acknowledges an alert at a device.
pub fn acknowledge(world: &mut MemoryWorld, device: DeviceId, alert: &AlertId) {
    let (now, random) = (world.now, &mut Seeded::new(9));
    let desk = world.desk(&device);
    let acted = desk.act(alert, &Act::Acknowledge, Some("A. Diallo"), "", now, random);
    let _ = acted.unwrap();
}

/// What each incident of a difference that stays says.
pub fn apart(world: &mut MemoryWorld, device: &DeviceId) -> Vec<Vec<AlertApart>> {
    let incidents = world.desk(device).incidents_after(0, 1_000).unwrap();
    let told = incidents.into_iter().filter_map(|(_, one)| match one.kind {
        IncidentKind::Apart { alerts, .. } => Some(alerts.into_vec()),
        _ => None,
    });
    told.collect()
}
