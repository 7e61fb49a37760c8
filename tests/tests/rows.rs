//! Receipts that overtake each other, and receipts that never come (PROTOCOL Q5).

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::core::{Act, IncidentKind};
use maille_common::address::DeviceId;
use maille_common::codec::Exact;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::evidence::sign;
use maille_common::identifier::AlertId;
use maille_common::limits::HOLE_LOOKS;
use maille_common::time::Span;
use maille_common::wire::Push;
use maille_tests::memory::MemoryWorld;
use maille_tests::network::Network;
use maille_tests::randomness::Seeded;

/// An alert that the recipient has, read and acknowledged; the three receipts wait at the relay for
/// the sender, who is connected.
struct Answered {
    world: MemoryWorld,
    lyon: DeviceId,
    tunis: DeviceId,
    alert: AlertId,
    receipts: [u64; 3],
}

impl Answered {
    fn new() -> Self {
        let homes: &[&str] = &["lyon"];
        let mut network = Network::found(21, &[("interpol", homes), ("cmai", homes)]);
        let lyon = network.admit("interpol/lyon");
        let tunis = network.admit("cmai/tunis");
        let mut world = MemoryWorld::new(network);
        world.settle();
        let alert = world.send(&lyon, &["cmai/tunis"], "Answered in a row");
        world.meet(&lyon, "lyon");
        world.meet(&tunis, "lyon");
        let (now, mut random) = (world.now, Seeded::new(22));
        for act in [Act::Read, Act::Acknowledge] {
            world
                .desk(&tunis)
                .act(&alert, &act, Some("Amina"), "", now, &mut random)
                .unwrap();
            world.meet(&tunis, "lyon");
        }
        let receipts = world.mail("lyon", &lyon).try_into().unwrap();
        Self {
            world,
            lyon,
            tunis,
            alert,
            receipts,
        }
    }

    fn bring(&mut self, receipt: usize) {
        let number = self.receipts[receipt - 1];
        self.world.bring("lyon", &self.lyon, number);
    }

    fn withhold(&mut self, receipt: usize) {
        let number = self.receipts[receipt - 1];
        self.world.withhold("lyon", &self.lyon, number);
    }

    fn incidents(&mut self) -> Vec<IncidentKind> {
        let incidents = self.world.desk(&self.lyon).incidents_after(0, 10).unwrap();
        incidents.into_iter().map(|(_, one)| one.kind).collect()
    }

    fn missing(&self, from: u64, to: u64) -> IncidentKind {
        let device = self.tunis;
        IncidentKind::ReceiptsMissing { device, from, to }
    }
}

/// The sender's desk told "Receipts 1 to 1 of device … are missing" whenever one push was quicker
/// than the one before it.
#[test]
fn receipts_that_come_in_any_order_are_no_incident() {
    for order in [[3, 1, 2], [3, 2, 1], [2, 1, 3], [2, 3, 1], [1, 3, 2]] {
        let mut answered = Answered::new();
        for receipt in order {
            answered.bring(receipt);
            answered.world.minutes(4);
            assert_eq!(answered.incidents(), [], "after {receipt} of {order:?}");
        }
        answered.world.minutes(60);
        assert_eq!(answered.incidents(), [], "{order:?}");
        let (alert, now) = (answered.alert, answered.world.now);
        let desk = answered.world.desk(&answered.lyon);
        let track = desk.track(&alert, now).unwrap().unwrap();
        assert_eq!(track.recipients[0].receipts.len(), 3, "{order:?}");
    }
}

#[test]
fn a_receipt_that_no_relay_brings_is_an_incident_once() {
    let mut answered = Answered::new();
    answered.withhold(1);
    answered.bring(2);
    answered.world.minutes(u32::from(HOLE_LOOKS) - 1);
    assert_eq!(answered.incidents(), [], "it may still come");
    answered.world.minutes(1);
    assert_eq!(answered.incidents(), [answered.missing(1, 1)]);
    answered.bring(3);
    answered.world.minutes(60);
    assert_eq!(answered.incidents(), [answered.missing(1, 1)], "told once");
}

#[test]
fn of_two_missing_receipts_the_one_that_comes_is_not_told() {
    let mut answered = Answered::new();
    answered.withhold(2);
    answered.bring(3);
    answered.world.minutes(5);
    answered.bring(1);
    answered.world.minutes(60);
    assert_eq!(answered.incidents(), [answered.missing(2, 2)]);
}

/// What nobody could bring is not missing: the relay was down, or the desk closed over night.
#[test]
fn a_desk_that_is_not_connected_accuses_nobody() {
    let mut answered = Answered::new();
    let lyon = answered.lyon;
    answered.bring(3);
    answered.world.part("lyon", &lyon);
    answered.world.minutes(120);
    assert_eq!(answered.incidents(), []);
    answered.world.kill_desk(&lyon);
    answered.world.pass(Span::from_hours(12));
    answered.world.tick();
    assert_eq!(answered.incidents(), []);
    answered.world.meet(&lyon, "lyon");
    answered.world.minutes(60);
    assert_eq!(answered.incidents(), []);
}

#[test]
fn a_desk_that_is_opened_for_moments_still_tells_what_is_missing() {
    let mut answered = Answered::new();
    let lyon = answered.lyon;
    answered.withhold(1);
    answered.bring(2);
    answered.world.part("lyon", &lyon);
    for day in 1..HOLE_LOOKS {
        answered.world.kill_desk(&lyon);
        answered.world.pass(Span::from_days(1));
        answered.world.meet(&lyon, "lyon");
        assert_eq!(answered.incidents(), [], "on day {day}");
    }
    answered.world.kill_desk(&lyon);
    answered.world.meet(&lyon, "lyon");
    assert_eq!(answered.incidents(), [answered.missing(1, 1)]);
}

#[test]
fn a_relay_that_is_greeted_over_and_over_makes_nothing_missing_sooner() {
    let mut answered = Answered::new();
    let lyon = answered.lyon;
    answered.bring(3);
    for _ in 0..50 {
        answered.world.part("lyon", &lyon);
        answered.world.greet_alone("lyon", &lyon);
        answered.world.pass(Span::from_seconds(5));
    }
    assert_eq!(answered.incidents(), []);
}

/// Whoever overtakes must not hide that the device tells two stories under one number.
#[test]
fn a_second_story_is_noticed_where_receipts_overtake_each_other() {
    let mut answered = Answered::new();
    answered.bring(2);
    let (lyon, first) = (answered.lyon, answered.receipts[0]);
    let push = answered.world.relay("lyon").push(&lyon, first).unwrap();
    let Some(Push::Receipt { receipt, .. }) = push else {
        panic!("a receipt waits");
    };
    let mut other = receipt.statement.value().clone();
    other.time = other.time + Span::from_seconds(1);
    let seed = answered.world.network.device(&answered.tunis).signing;
    let key = SigningKey::from_seed(seed);
    let other = sign(&key, vec![Exact::of(other).unwrap()]).remove(0);
    let now = answered.world.now;
    let relay = "lyon".parse().unwrap();
    let desk = answered.world.desk(&lyon);
    desk.receipt_came(&relay, first, other, None, now).unwrap();
    let device = answered.tunis;
    assert_eq!(answered.incidents(), [IncidentKind::Fork { device }]);
}
