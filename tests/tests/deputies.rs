//! Deputies: asked in the order of the roster while nobody acknowledges, and never before.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_common::address::DeviceId;
use maille_common::terms::Release;
use maille_common::time::Span;
use maille_tests::memory::MemoryWorld;
use maille_tests::network::Network;

/// A desk that sends, one that is addressed, and its two deputies, all at one relay.
struct Escalation {
    world: MemoryWorld,
    lyon: DeviceId,
    tunis: DeviceId,
    amman: DeviceId,
    rabat: DeviceId,
}

/// The first deputy is asked ten minutes after `ack_within`, the second twenty after the first.
fn escalation() -> Escalation {
    let mut network = Network::found(23, &[("interpol", &["lyon"]), ("cmai", &["lyon"])]);
    let lyon = network.admit("interpol/lyon");
    let tunis = network.admit("cmai/tunis");
    let amman = network.admit("cmai/amman");
    let rabat = network.admit("cmai/rabat");
    network.deputise("cmai/tunis", "cmai/amman", Span::from_minutes(10));
    network.deputise("cmai/tunis", "cmai/rabat", Span::from_minutes(20));
    let mut world = MemoryWorld::new(network);
    world.settle();
    Escalation {
        world,
        lyon,
        tunis,
        amman,
        rabat,
    }
}

#[test]
fn a_deputy_that_asks_for_its_mail_before_its_turn_gets_nothing() {
    let mut asked = escalation();
    let alert = asked.world.send(&asked.lyon, &["cmai/tunis"], "Held back");
    let sealed = asked.world.desk(&asked.lyon).submission(&alert).unwrap();
    let sealed = sealed.unwrap().entries.into_vec();
    let held = sealed.iter().map(|submitted| &submitted.entry);
    let held: Vec<_> = held
        .filter(|entry| entry.release == Release::After)
        .map(|entry| (entry.device, entry.recipient, entry.step))
        .collect();
    assert_eq!(held.len(), 2, "each deputy has a wrap of its own");
    assert!(held.contains(&(asked.amman, 0, 1)) && held.contains(&(asked.rabat, 0, 2)));
    asked.world.settle();
    for deputy in [asked.amman, asked.rabat] {
        assert!(asked.world.mail("lyon", &deputy).is_empty());
        assert!(asked.world.desk(&deputy).inbox().unwrap().is_empty());
    }
    assert_eq!(asked.world.desk(&asked.tunis).inbox().unwrap().len(), 1);
    assert_eq!(asked.world.account("lyon").wraps_held, 2);
}

#[test]
fn a_deputy_that_was_never_asked_is_in_no_tombstone() {
    let mut asked = escalation();
    asked.world.send(&asked.lyon, &["cmai/tunis"], "Answered");
    asked.world.settle();
    // The recipient's device has it, and nobody acts for nine days.
    asked.world.pass(Span::from_days(9));
    asked.world.tick();
    asked.world.tick();
    for deputy in [asked.amman, asked.rabat] {
        assert!(asked.world.mail("lyon", &deputy).is_empty());
    }
    let account = asked.world.account("lyon");
    assert!(account.is_sound(), "{account:#?}");
    assert_eq!(account.alerts_purged, 1);
}
