//! Answers that are lost on their way, and keys that come before the roster that admits them.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::sync::Arc;

use maille_common::address::Name;
use maille_common::roster::Roster;
use maille_common::time::Span;
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

/// Its store is lost and its clock is behind, so that both relays know of a later life. What one of
/// them says of that, the other has not heard when its own answer comes.
#[test]
fn a_desk_that_began_a_new_life_while_a_relay_answered_greets_that_relay_again() {
    let homes: [(&str, &[&str]); 2] = [("alpha", &["north"]), ("beta", &["north", "south"])];
    let mut network = Network::found(63, &homes);
    let (alpha, beta) = (network.admit("alpha/desk"), network.admit("beta/desk"));
    let mut world = MemoryWorld::new(network);
    world.settle();
    world.send(&alpha, &["beta/desk"], "it is lost with the store");
    world.settle();
    let before = world.now;
    world.now = world.now - Span::from_hours(4);
    world.lose_desk(&beta);
    world.now = before;
    let [north, south] = ["north", "south"].map(|name| (name, name.parse::<Name>().unwrap()));
    let greet = |world: &mut MemoryWorld, (relay, name): &(&str, Name)| {
        let (now, mut random) = (world.now, Seeded::new(11));
        let hello = world.desk(&beta).hello(name, [7; 16]).unwrap();
        let core = world.relay(relay);
        let step = core.hello(&beta, &hello, now, &mut random).unwrap();
        let Answer::Hello(answer) = step.answer else {
            panic!("{name} greets")
        };
        answer
    };
    let of_south = greet(&mut world, &south);
    let of_north = greet(&mut world, &north);
    let now = world.now;
    let desk = world.desk(&beta);
    let greeting = desk.greeted(&north.1, &[7; 16], *of_north, now).unwrap();
    assert!(greeting.rolled_back && greeting.again);
    let greeting = desk.greeted(&south.1, &[7; 16], *of_south, now).unwrap();
    assert!(!greeting.rolled_back && greeting.again);
    let of_south = greet(&mut world, &south);
    let desk = world.desk(&beta);
    let greeting = desk.greeted(&south.1, &[7; 16], *of_south, now).unwrap();
    assert!(!greeting.again);
    // It is brought again what the lost life had.
    world.collect_due(&beta, "south");
    assert_eq!(world.desk(&beta).inbox().unwrap().len(), 1);
}
