//! Reconciliation: what a colleague at another device has added is part of what a contact sent.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::core::{AlertApart, Extension, Reconciled, RoundEnd};
use maille_common::address::DeviceId;
use maille_common::evidence::ObligationState;
use maille_common::identifier::AlertId;
use maille_common::time::{Span, Timestamp};
use maille_tests::memory::MemoryWorld;
use maille_tests::network::{Network, address};
use maille_tests::pair::{LYON, RELAY, TUNIS, acknowledge, apart};

const DAKAR: &str = "cmai/dakar";

/// Lyon sends from one device to Tunis, and adds Dakar from the other.
struct Added {
    world: MemoryWorld,
    maker: DeviceId,
    colleague: DeviceId,
    dakar: DeviceId,
    alert: AlertId,
}

impl Added {
    /// The addendum is at the relay, and nobody has fetched it.
    fn new() -> Self {
        let homes: &[&str] = &[RELAY];
        let mut network = Network::found(64, &[("interpol", homes), ("cmai", homes)]);
        let (maker, colleague) = (network.admit(LYON), network.admit(LYON));
        let (_, dakar) = (network.admit(TUNIS), network.admit(DAKAR));
        let mut world = MemoryWorld::new(network);
        world.settle();
        let alert = world.send(&maker, &[TUNIS], "To Tunis, and then to Dakar");
        world.settle();
        let extension = Extension {
            to: vec![address(DAKAR)],
            deputies: Vec::new(),
            ack_within: None,
            expires_after: None,
        };
        let _ = world.extend(&colleague, &alert, &extension).unwrap();
        world.submit_alone(RELAY, &colleague);
        Self {
            world,
            maker,
            colleague,
            dakar,
            alert,
        }
    }

    fn acknowledged() -> Self {
        let mut added = Self::new();
        added.world.settle();
        acknowledge(&mut added.world, added.dakar, &added.alert);
        added.world.settle();
        added.later();
        added
    }

    fn later(&mut self) {
        self.world.pass(Span::from_minutes(11));
        self.world.tick();
    }

    fn compare(&mut self, device: DeviceId) -> Reconciled {
        self.world.compare(&device, DAKAR, 90).remove(0)
    }

    /// Every device of Lyon, and the one of Dakar, find that both sides hold the same.
    fn assert_same(&mut self) {
        for device in [self.maker, self.colleague] {
            let found = self.compare(device);
            assert_eq!(found.end, Some(RoundEnd::Same), "{found:?}");
            let [day] = found.days[..] else {
                panic!("{found:?}");
            };
            assert_eq!((day.sent, day.received_there), (1, 1));
        }
        for found in self.world.compare(&self.dakar, LYON, 90) {
            assert_eq!(found.end, Some(RoundEnd::Same), "{found:?}");
        }
        self.assert_nothing_apart();
    }

    fn assert_nothing_apart(&mut self) {
        for device in [self.maker, self.colleague, self.dakar] {
            assert_eq!(
                apart(&mut self.world, &device),
                Vec::<Vec<AlertApart>>::new()
            );
        }
    }

    fn state_at(&mut self, device: DeviceId) -> Option<ObligationState> {
        let (alert, now) = (self.alert, self.world.now);
        let track = self.world.desk(&device).track(&alert, now).unwrap();
        track.unwrap().entry.states.get(&address(DAKAR)).copied()
    }

    fn mail_of(&mut self, device: DeviceId) -> Vec<u64> {
        self.world.mail(RELAY, &device)
    }
}

#[test]
fn what_a_colleague_added_is_held_by_both_devices_of_the_sender() {
    let mut added = Added::acknowledged();
    added.assert_same();
}

/// Retention takes the envelope that says who gave the alert; its signed part stays.
#[test]
fn it_stays_so_when_the_recipient_has_purged_the_content() {
    let mut added = Added::acknowledged();
    let now = added.world.now;
    let (purged, _) = added
        .world
        .desk(&added.dakar.clone())
        .purge(now, now)
        .unwrap();
    assert_eq!(purged, 1);
    added.assert_same();
}

#[test]
fn a_withheld_addendum_is_found_by_the_device_that_made_it_and_sent_again() {
    let mut added = Added::new();
    let dakar = added.dakar;
    let mail = added.mail_of(dakar);
    assert!(!mail.is_empty());
    added
        .world
        .withheld
        .extend(mail.into_iter().map(|number| (dakar, number)));
    added.world.settle();
    added.later();
    let found = added.compare(added.maker);
    assert_eq!(
        found.again,
        [],
        "whom its colleague gave a wrap it does not know"
    );
    let found = added.compare(added.colleague);
    assert_eq!(
        (found.end, &found.again[..]),
        (Some(RoundEnd::Mended), &[added.alert][..])
    );
    assert!(
        added
            .world
            .desk(&dakar)
            .received(&added.alert)
            .unwrap()
            .is_some()
    );
    acknowledge(&mut added.world, dakar, &added.alert);
    added.world.settle();
    added.assert_same();
}

/// The maker is told of the addendum by its recipient, and so whom else it has to look after.
#[test]
fn a_device_that_never_heard_of_its_colleagues_addendum_learns_of_it_and_of_what_was_signed() {
    let mut added = Added::new();
    let (maker, colleague, dakar) = (added.maker, added.colleague, added.dakar);
    for number in added.mail_of(maker) {
        added.world.withheld.insert((maker, number));
    }
    added.world.meet(&dakar, RELAY);
    acknowledge(&mut added.world, dakar, &added.alert);
    added.world.meet(&dakar, RELAY);
    for number in added.mail_of(maker) {
        added.world.withheld.insert((maker, number));
    }
    added.world.settle();
    added.later();
    assert_eq!(added.state_at(maker), None);
    let found = added.compare(maker);
    assert_eq!(found.end, Some(RoundEnd::Mended), "{found:?}");
    assert_eq!(added.state_at(maker), Some(ObligationState::Acknowledged));
    assert_eq!(
        added.state_at(colleague),
        Some(ObligationState::Acknowledged)
    );
    added.assert_same();
}

#[test]
fn whoever_was_only_ever_added_is_compared_with_daily_by_itself() {
    let mut added = Added::new();
    let dakar = added.dakar;
    for number in added.mail_of(dakar) {
        added.world.withheld.insert((dakar, number));
    }
    let begun: Timestamp = added.world.now;
    while added.world.now.since(begun) < Span::from_hours(30) {
        added.world.settle();
        added.world.pass(Span::from_hours(1));
        added.world.tick();
        while added.world.reconcile() > 0 {
            added.world.settle();
        }
    }
    let desk = added.world.desk(&dakar);
    assert!(desk.received(&added.alert).unwrap().is_some());
    added.assert_nothing_apart();
}
