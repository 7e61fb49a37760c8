//! Answers that are lost on their way, and keys that come before the roster that admits them.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::sync::Arc;

use maille_common::roster::Roster;
use maille_common::wire::Answer;
use maille_tests::memory::MemoryWorld;
use maille_tests::network::{Network, address};
use maille_tests::randomness::Seeded;

#[test]
fn answers_that_are_lost_over_and_over_make_no_other_life_of_a_desk() {
    let homes: [(&str, &[&str]); 2] = [("alpha", &["north"]), ("beta", &["south"])];
    let mut network = Network::found(61, &homes);
    let (alpha, _) = (network.admit("alpha/desk"), network.admit("beta/desk"));
    // The copy for it is brought to north, which takes the alert for nobody.
    let _ = network.admit("alpha/desk");
    let mut world = MemoryWorld::new(network);
    world.settle();
    let epoch = world.desk(&alpha).epoch();
    let alert = world.send(&alpha, &["beta/desk"], "nobody collects it at north");
    for _ in 0..3 {
        let submission = world.desk(&alpha).submission(&alert).unwrap().unwrap();
        let answer = world.submit(&alpha, "north", submission).answer;
        assert!(matches!(answer, Answer::Accepted(_)), "{answer:?}");
    }
    assert!(world.greet(&alpha, "north", &"north".parse().unwrap()));
    assert_eq!(world.desk(&alpha).epoch(), epoch);
    assert_eq!(world.desk(&alpha).incidents_after(0, 10).unwrap(), []);
}

#[test]
fn keys_of_a_device_that_only_the_relay_knows_accuse_nobody() {
    let mut network = Network::found(62, &[("alpha", &["north"]), ("beta", &["north"])]);
    let (alpha, _) = (network.admit("alpha/desk"), network.admit("beta/desk"));
    let mut world = MemoryWorld::new(network);
    world.settle();
    let admitted = world.network.admit("beta/desk");
    let documents = world.network.publish();
    world.spread_to_relay("north", &documents);
    let roster = Roster::found(world.network.anchor(), &documents).unwrap();
    world.start_desk(&admitted, Arc::new(roster));
    world.meet(&admitted, "north");

    let asked = world
        .relay("north")
        .bundles(&alpha, &[address("beta/desk")]);
    let Answer::Bundles(bundles) = asked.unwrap().answer else {
        panic!("the relay has bundles of beta/desk");
    };
    assert_eq!(bundles.len(), 2);
    let (now, mut random) = (world.now, Seeded::new(9));
    let desk = world.desk(&alpha);
    desk.learn_bundles(bundles.into_vec(), now, &mut random)
        .unwrap();
    assert_eq!(desk.incidents_after(0, 10).unwrap(), []);
    assert!(!desk.is_keyed(&admitted).unwrap());
}
