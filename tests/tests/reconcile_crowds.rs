//! Worlds by seed in which three contacts with several devices send, add, cancel, drill and stand
//! in for each other, while relays drop mail: where no store is lost nothing is ever missing in the
//! end; where some are, both desks say the same of what differs.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::collections::BTreeMap;

use maille_client::core::{Act, AlertApart, Differs, Extension, IncidentKind, Order, RoundEnd};
use maille_common::address::DeviceId;
use maille_common::identifier::AlertId;
use maille_common::randomness::Randomness;
use maille_common::terms::{Kind, Status};
use maille_common::time::Span;
use maille_tests::memory::{MemoryWorld, order};
use maille_tests::network::{Network, address};
use maille_tests::randomness::Seeded;

const CONTACTS: [&str; 3] = ["interpol/lyon", "cmai/tunis", "cmai/rabat"];

/// What may happen to stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stores {
    /// They last.
    Kept,
    /// They are lost, put back from a backup, and outlived by weeks.
    Lost,
}

struct Crowd {
    seed: u64,
    stores: Stores,
    world: MemoryWorld,
    chance: Seeded,
    devices: Vec<(usize, DeviceId)>,
    /// Sender's side, alert; not those that amend one.
    sent: Vec<(usize, AlertId)>,
}

impl Crowd {
    fn new(seed: u64, stores: Stores) -> Self {
        let mut chance = Seeded::new(seed);
        let homes: &[&str] = match below(&mut chance, 2) {
            0 => &["lyon"],
            _ => &["tunis"],
        };
        let mut network = Network::found(seed, &[("interpol", &["lyon"]), ("cmai", homes)]);
        let mut devices = Vec::new();
        for (side, contact) in CONTACTS.into_iter().enumerate() {
            for _ in 0..1 + below(&mut chance, 2) {
                devices.push((side, network.admit(contact)));
            }
        }
        network.deputise(CONTACTS[1], CONTACTS[2], Span::from_minutes(10));
        let mut world = MemoryWorld::new(network);
        world.settle();
        for (_, device) in &devices {
            world.save_desk(device);
        }
        Self {
            seed,
            stores,
            world,
            chance,
            devices,
            sent: Vec::new(),
        }
    }

    fn relays(&self) -> Vec<String> {
        let relays = self.world.network.relays.iter();
        relays.map(|relay| relay.name.to_string()).collect()
    }

    fn step(&mut self) {
        let (side, device) = self.devices[below(&mut self.chance, self.devices.len())];
        match below(&mut self.chance, 24) {
            0..4 => self.send(side, device),
            4..10 => {
                let relays = self.relays();
                let relay = &relays[below(&mut self.chance, relays.len())];
                self.world.meet(&device, relay);
            }
            10..13 => self.answer(device),
            13 => self.extend(side, device),
            14 => self.amend(side, device),
            15..18 => self.drop_mail(device),
            18..20 => {
                let minutes = 1 + below(&mut self.chance, 300);
                self.pass(Span::from_minutes(u64::try_from(minutes).unwrap()));
            }
            20 => self.world.kill_desk(&device),
            21 => {
                let now = self.world.now;
                let _ = self.world.desk(&device).purge(now, now).unwrap();
            }
            _ if self.stores == Stores::Kept => {}
            22 => self.pass(Span::from_days(9)),
            _ => match below(&mut self.chance, 3) {
                0 => self.world.save_desk(&device),
                1 => self.world.restore_desk(&device),
                _ => self.world.lose_desk(&device),
            },
        }
    }

    fn pass(&mut self, span: Span) {
        self.world.pass(span);
        self.world.tick();
        let _ = self.world.reconcile();
    }

    fn send(&mut self, side: usize, device: DeviceId) {
        let to: Vec<&str> = (0..CONTACTS.len())
            .filter(|to| *to != side)
            .map(|to| CONTACTS[to])
            .collect();
        let to = match below(&mut self.chance, 3) {
            0 => &to[..],
            one => &to[one - 1..one],
        };
        let status = match below(&mut self.chance, 4) {
            0 => Status::Exercise,
            _ => Status::Actual,
        };
        let order = Order {
            status,
            ..order(to, "One of several")
        };
        let sent = self.world.order(&device, &order);
        self.sent.push((side, sent.id));
    }

    fn of_side(&mut self, side: usize) -> Option<AlertId> {
        let of: Vec<AlertId> = self
            .sent
            .iter()
            .filter(|(by, _)| *by == side)
            .map(|(_, alert)| *alert)
            .collect();
        match of.is_empty() {
            true => None,
            false => Some(of[below(&mut self.chance, of.len())]),
        }
    }

    /// Any device of the sender adds somebody, or asks a deputy; what it cannot is refused.
    fn extend(&mut self, side: usize, device: DeviceId) {
        let Some(alert) = self.of_side(side) else {
            return;
        };
        let other = address(CONTACTS[below(&mut self.chance, CONTACTS.len())]);
        let (to, deputies) = match below(&mut self.chance, 3) {
            0 => (Vec::new(), vec![other]),
            _ => (vec![other], Vec::new()),
        };
        let extension = Extension {
            to,
            deputies,
            ack_within: None,
            expires_after: None,
        };
        drop(self.world.extend(&device, &alert, &extension));
    }

    fn amend(&mut self, side: usize, device: DeviceId) {
        let Some(alert) = self.of_side(side) else {
            return;
        };
        let kind = match below(&mut self.chance, 2) {
            0 => Kind::Cancel,
            _ => Kind::Update,
        };
        let amendment = Order {
            kind,
            refers_to: Some(alert),
            ..order(&[], "More about it")
        };
        let (now, random) = (self.world.now, &mut self.chance);
        // What it does not hold, or has no holder left, it cannot amend.
        drop(self.world.desk(&device).send(&amendment, now, random));
    }

    fn answer(&mut self, device: DeviceId) {
        let inbox = self.world.desk(&device).inbox().unwrap();
        let open: Vec<AlertId> = inbox
            .iter()
            .filter(|entry| entry.is_open())
            .map(|entry| entry.id)
            .collect();
        if open.is_empty() {
            return;
        }
        let alert = open[below(&mut self.chance, open.len())];
        let act = match below(&mut self.chance, 3) {
            0 => Act::Read,
            _ => Act::Acknowledge,
        };
        let (now, random) = (self.world.now, &mut self.chance);
        let desk = self.world.desk(&device);
        drop(desk.act(&alert, &act, Some("A. Diallo"), "", now, random));
    }

    /// Relays drop receipts as if they had been fetched, and keep deliveries to themselves.
    fn drop_mail(&mut self, device: DeviceId) {
        for relay in self.relays() {
            let deliveries = self.world.deliveries(&relay, &device);
            for number in self.world.mail(&relay, &device) {
                match below(&mut self.chance, 3) {
                    0 if deliveries.contains(&number) => {
                        self.world.withheld.insert((device, number));
                    }
                    0 => self.world.withhold(&relay, &device, number),
                    _ => {}
                }
            }
        }
    }

    /// Everybody compares with everybody until nothing more comes of it; who stays apart.
    fn compare_all(&mut self) -> Vec<(DeviceId, DeviceId)> {
        let mut apart = Vec::new();
        for look in 0..6 {
            apart.clear();
            let mut same = true;
            for (side, device) in self.devices.clone() {
                for with in (0..CONTACTS.len()).filter(|with| *with != side) {
                    for round in self.world.compare(&device, CONTACTS[with], 150) {
                        match round.end {
                            Some(RoundEnd::Same) => {}
                            Some(RoundEnd::Apart) => apart.push((device, round.device)),
                            Some(RoundEnd::Mended) if look < 5 => same = false,
                            end => panic!("seed {}: {end:?} {round:#?}", self.seed),
                        }
                    }
                }
            }
            if same {
                break;
            }
        }
        apart
    }

    /// The newest that a desk was told of each alert with another device.
    fn told(&mut self, device: &DeviceId, with: &DeviceId) -> BTreeMap<AlertId, AlertApart> {
        let incidents = self.world.desk(device).incidents_after(0, 10_000).unwrap();
        let of_kind = incidents.into_iter().filter_map(|(_, one)| match one.kind {
            IncidentKind::Apart { device, alerts, .. } if device == *with => Some(alerts),
            _ => None,
        });
        of_kind
            .flat_map(|alerts| alerts.into_vec())
            .map(|one| (one.alert, one))
            .collect()
    }

    fn check(&mut self, apart: &[(DeviceId, DeviceId)]) {
        let seed = self.seed;
        for (one, other) in apart {
            let (here, there) = (self.told(one, other), self.told(other, one));
            assert!(!here.is_empty(), "seed {seed}: {one} and {other}");
            for (alert, told) in &here {
                let mirrored = AlertApart {
                    differs: match told.differs {
                        Differs::MissingHere => Differs::MissingThere,
                        Differs::MissingThere => Differs::MissingHere,
                        Differs::Statements => Differs::Statements,
                    },
                    ..*told
                };
                assert_eq!(there.get(alert), Some(&mirrored), "seed {seed}");
            }
            assert_eq!(here.len(), there.len(), "seed {seed}: {here:?} {there:?}");
        }
        for (_, device) in self.devices.clone() {
            let desk = self.world.desk(&device);
            let incidents = desk.incidents_after(0, 10_000).unwrap();
            let doubted = |kind: &IncidentKind| matches!(kind, IncidentKind::Receipt { .. });
            let doubted = incidents.iter().find(|(_, one)| doubted(&one.kind));
            assert!(doubted.is_none(), "seed {seed}: {doubted:?}");
        }
    }
}

fn below(chance: &mut Seeded, end: usize) -> usize {
    let drawn = u32::from_le_bytes(chance.array());
    usize::try_from(drawn).unwrap() % end
}

/// Whether something stays different.
fn run(seed: u64, stores: Stores) -> bool {
    let mut crowd = Crowd::new(seed, stores);
    for _ in 0..60 {
        crowd.step();
    }
    crowd.world.settle();
    crowd.world.pass(Span::from_minutes(11));
    crowd.world.tick();
    let apart = crowd.compare_all();
    crowd.check(&apart);
    !apart.is_empty()
}

#[test]
fn in_fifteen_crowds_whose_stores_last_both_sides_hold_the_same_in_the_end() {
    for seed in 1_000..1_015 {
        assert!(!run(seed, Stores::Kept), "seed {seed} stays different");
    }
}

#[test]
fn in_fifteen_crowds_that_lose_stores_both_sides_say_the_same_of_what_differs() {
    let apart = (2_000..2_015).filter(|seed| run(*seed, Stores::Lost));
    let apart = apart.count();
    assert!((1..15).contains(&apart), "{apart} crowds stay different");
}
