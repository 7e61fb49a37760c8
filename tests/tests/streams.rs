//! Alerts that overtake each other, and alerts that never come (PROTOCOL E16).

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::core::IncidentKind;
use maille_common::address::DeviceId;
use maille_common::identifier::AlertId;
use maille_common::limits::HOLE_LOOKS;
use maille_common::terms::Urgency;
use maille_common::time::Span;
use maille_tests::memory::{MemoryWorld, order};
use maille_tests::network::Network;

const LOOKS: u32 = HOLE_LOOKS as u32;

/// Alerts that wait at the relay for a recipient who has just connected.
struct Waiting {
    world: MemoryWorld,
    lyon: DeviceId,
    tunis: DeviceId,
    alerts: Vec<AlertId>,
    mail: Vec<u64>,
}

impl Waiting {
    fn new(alerts: usize) -> Self {
        Self::of(&vec![Urgency::Immediate; alerts])
    }

    fn of(urgencies: &[Urgency]) -> Self {
        let homes: &[&str] = &["lyon"];
        let mut network = Network::found(23, &[("interpol", homes), ("cmai", homes)]);
        let lyon = network.admit("interpol/lyon");
        let tunis = network.admit("cmai/tunis");
        let mut world = MemoryWorld::new(network);
        world.settle();
        let mut alerts = Vec::new();
        for urgency in urgencies {
            let mut order = order(&["cmai/tunis"], "One of several");
            order.urgency = *urgency;
            alerts.push(world.order(&lyon, &order).id);
            world.meet(&lyon, "lyon");
        }
        world.greet_alone("lyon", &tunis);
        let mail = world.mail("lyon", &tunis);
        assert_eq!(mail.len(), urgencies.len());
        Self {
            world,
            lyon,
            tunis,
            alerts,
            mail,
        }
    }

    fn bring(&mut self, alert: usize) {
        let number = self.mail[alert - 1];
        self.world.bring("lyon", &self.tunis, number);
    }

    fn incidents(&mut self) -> Vec<IncidentKind> {
        let incidents = self.world.desk(&self.tunis).incidents_after(0, 10).unwrap();
        incidents.into_iter().map(|(_, one)| one.kind).collect()
    }

    fn missing(&self, from: u64, to: u64) -> IncidentKind {
        let device = self.lyon;
        IncidentKind::AlertsMissing { device, from, to }
    }
}

/// "Alerts 1 to 1 of device … are missing: ask its contact" was told of every routine alert that
/// waited for a desk together with an urgent one, which relays push first.
#[test]
fn a_routine_alert_behind_an_urgent_one_is_no_incident() {
    let urgencies = [Urgency::Past, Urgency::Immediate];
    let mut waiting = Waiting::of(&urgencies);
    let (tunis, urgent) = (waiting.tunis, waiting.mail[1]);
    let pushed = waiting.world.relay("lyon").waiting(&tunis, 10).unwrap();
    assert_eq!(pushed[0].number, urgent, "the relay pushes it first");
    waiting.world.meet(&tunis, "lyon");
    waiting.world.minutes(60);
    assert_eq!(waiting.incidents(), []);
    let inbox = waiting.world.desk(&tunis).inbox().unwrap();
    assert_eq!(inbox.len(), 2);
}

#[test]
fn alerts_that_come_in_any_order_are_no_incident() {
    for order in [[3, 1, 2], [3, 2, 1], [2, 1, 3], [2, 3, 1], [1, 3, 2]] {
        let mut waiting = Waiting::new(3);
        for alert in order {
            waiting.bring(alert);
            waiting.world.minutes(4);
            assert_eq!(waiting.incidents(), [], "after {alert} of {order:?}");
        }
        waiting.world.minutes(60);
        assert_eq!(waiting.incidents(), [], "{order:?}");
    }
}

#[test]
fn an_alert_that_no_relay_brings_is_an_incident_once() {
    let mut waiting = Waiting::new(3);
    waiting.bring(2);
    waiting.world.minutes(LOOKS - 1);
    assert_eq!(waiting.incidents(), [], "it may still come");
    waiting.world.minutes(1);
    assert_eq!(waiting.incidents(), [waiting.missing(1, 1)]);
    let tunis = waiting.tunis;
    let (_, incident) = waiting.world.desk(&tunis).incidents_after(0, 1).unwrap()[0].clone();
    assert_eq!(
        incident.alert,
        Some(waiting.alerts[1]),
        "the one that told of it"
    );
    waiting.bring(3);
    waiting.world.minutes(60);
    assert_eq!(waiting.incidents(), [waiting.missing(1, 1)], "told once");
    waiting.bring(1);
    waiting.world.minutes(60);
    assert_eq!(waiting.incidents(), [waiting.missing(1, 1)]);
}

#[test]
fn of_several_missing_alerts_those_that_come_are_not_told() {
    let mut waiting = Waiting::new(6);
    waiting.bring(6);
    waiting.world.minutes(5);
    waiting.bring(3);
    waiting.bring(1);
    waiting.world.minutes(60);
    let missing = [waiting.missing(2, 2), waiting.missing(4, 5)];
    assert_eq!(waiting.incidents(), missing);
}

/// What nobody could bring is not missing: the relay was down, or the desk closed over night.
#[test]
fn a_desk_that_is_not_connected_misses_no_alert() {
    let mut waiting = Waiting::new(2);
    let tunis = waiting.tunis;
    waiting.bring(2);
    waiting.world.part("lyon", &tunis);
    waiting.world.minutes(120);
    assert_eq!(waiting.incidents(), []);
    waiting.world.kill_desk(&tunis);
    waiting.world.pass(Span::from_hours(12));
    waiting.world.tick();
    waiting.world.meet(&tunis, "lyon");
    waiting.world.minutes(60);
    assert_eq!(waiting.incidents(), []);
    assert_eq!(waiting.world.desk(&tunis).inbox().unwrap().len(), 2);
}

/// Alerts and receipts of one device are numbered apart: one does not fill the hole of the other.
#[test]
fn a_receipt_does_not_fill_the_hole_of_an_alert() {
    let mut waiting = Waiting::new(2);
    let (lyon, tunis) = (waiting.lyon, waiting.tunis);
    waiting.bring(2);
    let back = waiting.world.send(&tunis, &["interpol/lyon"], "Back");
    waiting.world.submit_alone("lyon", &tunis);
    waiting.world.meet(&lyon, "lyon");
    let receipt = waiting.world.mail("lyon", &tunis)[2];
    waiting.world.bring("lyon", &tunis, receipt);
    let now = waiting.world.now;
    let track = waiting.world.desk(&tunis).track(&back, now);
    let track = track.unwrap().unwrap();
    assert_eq!(track.recipients[0].receipts[0].0.statement.number, 1);
    waiting.world.minutes(LOOKS);
    assert_eq!(waiting.incidents(), [waiting.missing(1, 1)]);
}

/// Whoever overtakes must not hide that the device tells two stories under one number.
#[test]
fn a_second_story_is_noticed_where_alerts_overtake_each_other() {
    let mut waiting = Waiting::new(0);
    let (lyon, tunis) = (waiting.lyon, waiting.tunis);
    waiting.world.save_desk(&lyon);
    for subject in ["The first", "What follows it"] {
        waiting.world.send(&lyon, &["cmai/tunis"], subject);
        waiting.world.meet(&lyon, "lyon");
    }
    waiting.mail = waiting.world.mail("lyon", &tunis);
    waiting.bring(2);
    assert_eq!(waiting.incidents(), []);
    waiting.world.restore_desk(&lyon);
    let other = waiting.world.send(&lyon, &["cmai/tunis"], "Another first");
    waiting.world.submit_alone("lyon", &lyon);
    waiting.mail = waiting.world.mail("lyon", &tunis);
    waiting.bring(3);
    let device = lyon;
    assert_eq!(waiting.incidents(), [IncidentKind::Fork { device }]);
    let inbox = waiting.world.desk(&tunis).inbox().unwrap();
    assert!(inbox.iter().any(|entry| entry.id == other), "both are kept");
    waiting.world.minutes(60);
    assert_eq!(waiting.incidents().len(), 1, "number 1 is here");
}

/// The stream does not remember what a heartbeat names, so every later heartbeat told it again.
#[test]
fn what_heartbeats_name_over_and_over_is_an_incident_once() {
    let mut waiting = Waiting::new(3);
    let (lyon, tunis) = (waiting.lyon, waiting.tunis);
    waiting.bring(1);
    for _ in 0..3 {
        waiting.world.say_newest("lyon", &lyon, &tunis, 3);
        let heartbeat = *waiting.world.mail("lyon", &tunis).last().unwrap();
        waiting.world.bring("lyon", &tunis, heartbeat);
        waiting.world.minutes(60);
        assert_eq!(waiting.incidents(), [waiting.missing(2, 3)]);
    }
    waiting.bring(3);
    waiting.bring(2);
    waiting.world.minutes(60);
    assert_eq!(waiting.incidents(), [waiting.missing(2, 3)]);
}

#[test]
fn an_alert_that_comes_after_its_heartbeat_is_no_incident() {
    let mut waiting = Waiting::new(2);
    let (lyon, tunis) = (waiting.lyon, waiting.tunis);
    waiting.world.say_newest("lyon", &lyon, &tunis, 2);
    let heartbeat = *waiting.world.mail("lyon", &tunis).last().unwrap();
    waiting.world.bring("lyon", &tunis, heartbeat);
    waiting.world.minutes(5);
    waiting.bring(2);
    waiting.bring(1);
    waiting.world.minutes(60);
    assert_eq!(waiting.incidents(), []);
}
