//! What a contact owes is told as overdue at its own desk, once, by its own clock.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::core::{Act, EventKind, Order};
use maille_common::address::DeviceId;
use maille_common::identifier::AlertId;
use maille_common::time::Span;
use maille_tests::memory::{MemoryWorld, order};
use maille_tests::network::Network;
use maille_tests::randomness::Seeded;

const WITHIN: Span = Span::from_minutes(30);

/// Lyon writes to Tunis and Amman, and Amman is asked in the place of Tunis.
struct Desks {
    world: MemoryWorld,
    lyon: DeviceId,
    tunis: DeviceId,
    amman: DeviceId,
}

fn desks() -> Desks {
    let mut network = Network::found(37, &[("interpol", &["lyon"]), ("cmai", &["lyon"])]);
    let lyon = network.admit("interpol/lyon");
    let tunis = network.admit("cmai/tunis");
    let amman = network.admit("cmai/amman");
    network.deputise("cmai/tunis", "cmai/amman", Span::from_minutes(10));
    let mut world = MemoryWorld::new(network);
    world.settle();
    Desks {
        world,
        lyon,
        tunis,
        amman,
    }
}

impl Desks {
    fn send(&mut self, to: &[&str]) -> AlertId {
        let order = Order {
            ack_within: WITHIN,
            ..order(to, "Look")
        };
        let alert = self.world.order(&self.lyon, &order).id;
        self.world.settle();
        alert
    }

    fn after(&mut self, minutes: u64) {
        self.world.pass(Span::from_minutes(minutes));
        self.world.tick();
        self.world.settle();
    }

    fn acknowledge(&mut self, desk: DeviceId, alert: &AlertId) {
        let (now, mut random) = (self.world.now, Seeded::new(5));
        let desk = self.world.desk(&desk);
        desk.act(
            alert,
            &Act::Acknowledge,
            Some("A. Diallo"),
            "",
            now,
            &mut random,
        )
        .unwrap();
        self.world.settle();
    }

    /// How often a desk told that an alert arrived.
    fn arrivals(&mut self, desk: DeviceId, alert: &AlertId) -> usize {
        let events = self.world.desk(&desk).events_after(0, 10_000, true);
        let kinds = events.unwrap().into_iter().map(|one| one.event.kind);
        let is_arrival = |kind: &EventKind| match kind {
            EventKind::Arrived { alert: came, .. } => came == alert,
            _ => false,
        };
        kinds.filter(is_arrival).count()
    }

    /// For whom a desk told that an alert is overdue, in the order of telling.
    fn told(&mut self, desk: DeviceId, alert: &AlertId) -> Vec<String> {
        let events = self
            .world
            .desk(&desk)
            .events_after(0, 10_000, true)
            .unwrap();
        let told = events.into_iter().filter_map(|one| match one.event.kind {
            EventKind::Overdue {
                alert: late,
                recipient,
                ..
            } if late == *alert => Some(recipient.to_string()),
            _ => None,
        });
        told.collect()
    }
}

#[test]
fn what_nobody_acknowledges_is_told_as_overdue_at_both_desks_and_once() {
    let mut desks = desks();
    let (lyon, tunis) = (desks.lyon, desks.tunis);
    let alert = desks.send(&["cmai/tunis"]);
    desks.after(29);
    assert!(desks.told(tunis, &alert).is_empty());
    desks.after(1);
    for desk in [lyon, tunis] {
        assert_eq!(desks.told(desk, &alert), ["cmai/tunis"]);
    }
    desks.world.kill_desk(&tunis);
    desks.after(60);
    assert_eq!(desks.told(tunis, &alert), ["cmai/tunis"], "once");
}

#[test]
fn what_was_acknowledged_in_time_is_told_as_overdue_at_no_desk() {
    let mut desks = desks();
    let (lyon, tunis) = (desks.lyon, desks.tunis);
    let alert = desks.send(&["cmai/tunis"]);
    desks.after(10);
    desks.acknowledge(tunis, &alert);
    desks.after(60);
    for desk in [lyon, tunis] {
        assert!(desks.told(desk, &alert).is_empty());
    }
}

/// Its own copy used to be hidden behind the answer that it gave in the other's place.
#[test]
fn what_came_in_anothers_place_and_was_answered_is_open_again_when_ones_own_copy_comes() {
    let mut desks = desks();
    let amman = desks.amman;
    let order = Order {
        ack_within: WITHIN,
        ..order(&["cmai/tunis", "cmai/amman"], "Look")
    };
    let alert = desks.world.order(&desks.lyon, &order).id;
    desks.world.submit_alone("lyon", &desks.lyon);
    desks.world.pass(Span::from_minutes(40));
    desks.world.tick();
    let mail = desks.world.mail("lyon", &amman);
    let is_asked = |desks: &mut Desks| !desks.world.desk(&amman).inbox().unwrap().is_empty();
    let mut own = mail.clone();
    for number in mail.into_iter().rev() {
        if !is_asked(&mut desks) {
            desks.world.bring("lyon", &amman, number);
            own.retain(|other| *other != number);
        }
    }
    let (now, mut random) = (desks.world.now, Seeded::new(5));
    let act = Act::Acknowledge;
    let desk = desks.world.desk(&amman);
    desk.act(&alert, &act, Some("A. Diallo"), "", now, &mut random)
        .unwrap();
    assert!(!desks.world.desk(&amman).inbox().unwrap()[0].is_open());
    assert_eq!(desks.arrivals(amman, &alert), 1);
    for number in own {
        desks.world.bring("lyon", &amman, number);
    }
    assert!(desks.world.desk(&amman).inbox().unwrap()[0].is_open());
    assert_eq!(desks.arrivals(amman, &alert), 2, "it is told when it comes");
    desks.world.settle();
    assert_eq!(desks.arrivals(amman, &alert), 2);
    desks.acknowledge(amman, &alert);
    assert!(!desks.world.desk(&amman).inbox().unwrap()[0].is_open());
}

#[test]
fn a_deputy_is_told_of_what_it_owes_for_another_apart_from_its_own() {
    let mut desks = desks();
    let amman = desks.amman;
    let alert = desks.send(&["cmai/tunis", "cmai/amman"]);
    desks.after(10);
    desks.acknowledge(amman, &alert);
    // Tunis is late after 30 minutes, and Amman is asked 10 minutes later in its place.
    desks.after(20);
    desks.after(10);
    assert!(desks.told(amman, &alert).is_empty());
    desks.after(30);
    desks.after(30);
    assert_eq!(desks.told(amman, &alert), ["cmai/tunis"]);
}
