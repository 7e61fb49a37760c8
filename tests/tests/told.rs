//! Who learns that somebody answered: whoever was asked, however and wherever it was asked.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::core::{Act, EventKind, Extension, Order};
use maille_common::address::DeviceId;
use maille_common::identifier::AlertId;
use maille_common::terms::{AckRule, Stage};
use maille_common::time::Span;
use maille_tests::memory::{MemoryWorld, order};
use maille_tests::network::{Network, address};
use maille_tests::randomness::Seeded;

/// Tunis has a deputy, ten minutes after it was overdue; Sfax has none. All are at one relay.
struct Place {
    world: MemoryWorld,
    lyon: DeviceId,
    tunis: DeviceId,
    sfax: DeviceId,
    amman: DeviceId,
}

fn place() -> Place {
    let mut network = Network::found(53, &[("interpol", &["lyon"]), ("cmai", &["lyon"])]);
    let lyon = network.admit("interpol/lyon");
    let tunis = network.admit("cmai/tunis");
    let sfax = network.admit("cmai/sfax");
    let amman = network.admit("cmai/amman");
    network.deputise("cmai/tunis", "cmai/amman", Span::from_minutes(10));
    let mut world = MemoryWorld::new(network);
    world.settle();
    Place {
        world,
        lyon,
        tunis,
        sfax,
        amman,
    }
}

impl Place {
    fn after(&mut self, span: Span) {
        self.world.pass(span);
        self.world.tick();
        self.world.settle();
    }

    fn acknowledge(&mut self, desk: DeviceId, alert: &AlertId) {
        let (now, mut random) = (self.world.now, Seeded::new(5));
        let desk = self.world.desk(&desk);
        let act = Act::Acknowledge;
        desk.act(alert, &act, Some("Amina"), "", now, &mut random)
            .unwrap();
        self.world.settle();
    }

    fn extend(&mut self, alert: &AlertId, to: &[&str], deputies: &[&str]) {
        let extension = Extension {
            to: to.iter().map(|to| address(to)).collect(),
            deputies: deputies.iter().map(|deputy| address(deputy)).collect(),
            ..Extension::default()
        };
        let lyon = self.lyon;
        self.world.extend(&lyon, alert, &extension).unwrap();
        self.world.settle();
    }

    /// Whether it stands on the deputy's list as still to be answered.
    fn is_open(&mut self) -> bool {
        let inbox = self.world.desk(&self.amman).inbox().unwrap();
        assert_eq!(inbox.len(), 1, "it was asked");
        inbox[0].is_open()
    }

    /// The devices whose acknowledgement the deputy was told of.
    fn told(&mut self) -> Vec<DeviceId> {
        let desk = self.world.desk(&self.amman);
        let events = desk.events_after(0, 1000, true).unwrap().into_iter();
        let told = events.filter_map(|numbered| match numbered.event.kind {
            EventKind::ActedElsewhere { device, stage, .. } => {
                assert_eq!(stage, Stage::Acknowledged);
                Some(device)
            }
            _ => None,
        });
        told.collect()
    }

    fn no_incidents(&mut self) {
        for desk in [self.lyon, self.tunis, self.sfax, self.amman] {
            let events = self.world.desk(&desk).events_after(0, 1000, true);
            for numbered in events.unwrap() {
                let kind = numbered.event.kind;
                assert!(!matches!(kind, EventKind::Incident { .. }), "{kind:?}");
            }
        }
    }
}

#[test]
fn a_deputy_that_was_asked_at_once_learns_that_its_principal_answered() {
    let mut place = place();
    let (lyon, tunis) = (place.lyon, place.tunis);
    let alert = place.world.send(&lyon, &["cmai/tunis"], "Asked at once");
    place.world.settle();
    place.extend(&alert, &[], &["cmai/amman"]);
    assert!(place.is_open());
    place.acknowledge(tunis, &alert);
    assert!(!place.is_open());
    assert_eq!(place.told(), [tunis]);
    place.no_incidents();
    // And again when its store is gone.
    let amman = place.amman;
    place.world.lose_desk(&amman);
    place.world.settle();
    assert!(!place.is_open());
    assert_eq!(place.told(), [tunis]);
}

#[test]
fn a_deputy_of_somebody_who_was_added_learns_that_its_principal_answered() {
    let mut place = place();
    let (lyon, tunis) = (place.lyon, place.tunis);
    let alert = place.world.send(&lyon, &["cmai/sfax"], "To Sfax first");
    place.world.settle();
    place.extend(&alert, &["cmai/tunis"], &[]);
    place.after(Span::from_minutes(40));
    assert!(place.is_open());
    place.acknowledge(tunis, &alert);
    assert!(!place.is_open());
    assert_eq!(place.told(), [tunis]);
    place.no_incidents();
}

#[test]
fn where_one_acknowledgement_frees_all_it_frees_the_deputies_of_the_others_too() {
    for at_once in [true, false] {
        let mut place = place();
        let (lyon, sfax, amman) = (place.lyon, place.sfax, place.amman);
        let first = Order {
            ack_rule: AckRule::First,
            ..order(&["cmai/tunis", "cmai/sfax"], "Whoever comes first")
        };
        let alert = place.world.order(&lyon, &first).id;
        place.world.settle();
        match at_once {
            true => place.extend(&alert, &[], &["cmai/amman"]),
            false => place.after(Span::from_minutes(40)),
        }
        assert!(place.is_open());
        place.acknowledge(sfax, &alert);
        assert!(!place.is_open());
        assert_eq!(place.told(), [sfax]);
        place.no_incidents();
        place.world.lose_desk(&amman);
        place.world.settle();
        assert!(!place.is_open());
        assert_eq!(place.told(), [sfax]);
    }
}

#[test]
fn a_deputy_that_was_not_asked_is_told_nothing_even_when_its_store_is_gone() {
    let mut place = place();
    let (lyon, tunis, amman) = (place.lyon, place.tunis, place.amman);
    let alert = place.world.send(&lyon, &["cmai/tunis"], "In time");
    place.world.settle();
    place.acknowledge(tunis, &alert);
    place.world.lose_desk(&amman);
    place.world.greet_alone("lyon", &amman);
    assert!(place.world.mail("lyon", &amman).is_empty());
}
