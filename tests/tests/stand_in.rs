//! A colleague stands in for the device that sent an alert: whoever is lost, the alert comes, is
//! told, is escalated and ends.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::sync::Arc;

use maille_client::core::{Act, ComingAct, EventKind, IncidentKind, Track};
use maille_common::address::DeviceId;
use maille_common::evidence::{ClockAct, ObligationState};
use maille_common::export::Export;
use maille_common::identifier::AlertId;
use maille_common::roster::Roster;
use maille_common::terms::Stage;
use maille_common::time::Span;
use maille_tests::memory::MemoryWorld;
use maille_tests::network::Network;
use maille_tests::randomness::Seeded;
use maille_tests::shift::ALL;

/// Lyon has four devices at its own relay. It writes to Tunis, which collects at another one; in
/// its place Dakar is asked, which collects at a third.
struct Contact {
    world: MemoryWorld,
    /// The device that sends.
    sender: DeviceId,
    /// The others, in the order of the roster.
    colleagues: Vec<DeviceId>,
    tunis: DeviceId,
    dakar: DeviceId,
}

fn contact() -> Contact {
    let organisations: [(&str, &[&str]); 3] = [
        ("interpol", &["lyon"]),
        ("cmai", &["tunis"]),
        ("afripol", &["dakar"]),
    ];
    let mut network = Network::found(61, &organisations);
    let mut lyon: Vec<DeviceId> = (0..4).map(|_| network.admit("interpol/lyon")).collect();
    let tunis = network.admit("cmai/tunis");
    let dakar = network.admit("afripol/dakar");
    network.deputise("cmai/tunis", "afripol/dakar", Span::from_minutes(10));
    let sender = lyon.remove(0);
    lyon.sort();
    let mut world = MemoryWorld::new(network);
    world.settle();
    Contact {
        world,
        sender,
        colleagues: lyon,
        tunis,
        dakar,
    }
}

impl Contact {
    /// The sending device brings the alert to its own relay alone, and is never seen again.
    fn dies_before_it_is_brought(&mut self) -> AlertId {
        let sender = self.sender;
        let alert = self.world.send(&sender, &["cmai/tunis"], "Half sent");
        self.world.submit_alone("lyon", &sender);
        self.dies();
        alert
    }

    /// The sending device brings the alert to every relay, and is never seen again.
    fn dies_after_it_was_brought(&mut self) -> AlertId {
        let sender = self.sender;
        let alert = self.world.send(&sender, &["cmai/tunis"], "Sent");
        self.world.settle();
        self.dies();
        alert
    }

    fn dies(&mut self) {
        let sender = self.sender;
        self.world.switch_off(&sender);
        self.world.settle();
    }

    fn is_removed(&mut self) {
        let sender = self.sender;
        self.world.network.remove(&sender);
        self.publish();
    }

    fn publish(&mut self) {
        let documents = self.world.network.publish();
        for relay in ["lyon", "tunis", "dakar"] {
            self.world.spread_to_relay(relay, &documents);
        }
        self.world.settle();
    }

    fn minutes(&mut self, count: u32) {
        for _ in 0..count {
            self.world.minutes(1);
            self.world.settle();
        }
    }

    fn has(&mut self, desk: DeviceId, alert: &AlertId) -> bool {
        let inbox = self.world.desk(&desk).inbox().unwrap();
        inbox.iter().any(|entry| entry.id == *alert)
    }

    fn track(&mut self, desk: DeviceId, alert: &AlertId) -> Track {
        let now = self.world.now;
        self.world.desk(&desk).track(alert, now).unwrap().unwrap()
    }

    fn state(&mut self, desk: DeviceId, alert: &AlertId) -> ObligationState {
        self.track(desk, alert).recipients[0].standing.state
    }

    /// How often a device was handed the alert: each envelope of it is confirmed once.
    fn handed(&mut self, device: DeviceId, alert: &AlertId) -> usize {
        let colleague = self.colleagues[0];
        let track = self.track(colleague, alert);
        let receipts = track.recipients[0].receipts.iter();
        let delivered = receipts.filter(|(receipt, _)| {
            let statement = &receipt.statement;
            statement.device == device && statement.stage == Stage::Delivered
        });
        delivered.count()
    }

    fn acknowledges(&mut self, desk: DeviceId, alert: &AlertId) {
        let (now, mut random) = (self.world.now, Seeded::new(5));
        let desk = self.world.desk(&desk);
        desk.act(alert, &Act::Acknowledge, Some("Awa"), "", now, &mut random)
            .unwrap();
        self.world.settle();
    }

    fn overdue_told(&mut self, desk: DeviceId) -> usize {
        let events = self.world.desk(&desk).events_after(0, 1000, true).unwrap();
        let kinds = events.iter().map(|one| &one.event.kind);
        kinds
            .filter(|kind| matches!(kind, EventKind::Overdue { .. }))
            .count()
    }

    fn incidents(&mut self) -> Vec<IncidentKind> {
        let desks = [&self.colleagues[..], &[self.tunis, self.dakar]].concat();
        let mut found = Vec::new();
        for desk in desks {
            let incidents = self.world.desk(&desk).incidents_after(0, 100).unwrap();
            found.extend(incidents.into_iter().map(|(_, one)| one.kind));
        }
        found
    }
}

#[test]
fn an_alert_that_its_device_never_brought_comes_by_one_colleague_and_ends_at_all() {
    let mut contact = contact();
    let (tunis, colleagues) = (contact.tunis, contact.colleagues.clone());
    let alert = contact.dies_before_it_is_brought();
    contact.minutes(5);
    assert!(!contact.has(tunis, &alert), "nobody says that it is gone");
    contact.is_removed();
    contact.minutes(5);
    assert!(contact.has(tunis, &alert));
    assert_eq!(contact.handed(tunis, &alert), 1, "by one colleague");
    contact.acknowledges(tunis, &alert);
    for colleague in colleagues {
        let state = contact.state(colleague, &alert);
        assert_eq!(state, ObligationState::Acknowledged);
    }
    assert_eq!(contact.incidents(), []);
}

/// Nothing comes back from the recipient: what keeps the others from doing it again is the copy of
/// the first one's addendum.
#[test]
fn three_colleagues_make_one_addendum_also_where_nobody_answers() {
    let mut contact = contact();
    let tunis = contact.tunis;
    contact.world.switch_off(&tunis);
    let alert = contact.dies_before_it_is_brought();
    contact.is_removed();
    contact.minutes(30);
    assert_eq!(contact.world.deliveries("tunis", &tunis).len(), 1);
    contact.world.switch_on(&tunis);
    contact.world.settle();
    assert!(contact.has(tunis, &alert));
    assert_eq!(contact.incidents(), []);
}

#[test]
fn colleagues_tell_what_is_overdue_by_their_own_clocks_and_sign_the_end_after_their_turn() {
    let mut contact = contact();
    let tunis = contact.tunis;
    contact.world.switch_off(&tunis);
    let alert = contact.dies_after_it_was_brought();
    let colleagues = contact.colleagues.clone();
    contact
        .world
        .pass(Span::from_minutes(30) - Span::from_ms(1));
    contact.world.tick();
    let told = |contact: &mut Contact| -> Vec<usize> {
        let colleagues = contact.colleagues.clone();
        let told = colleagues.into_iter();
        told.map(|desk| contact.overdue_told(desk)).collect()
    };
    assert_eq!(told(&mut contact), [0, 0, 0], "a moment too early");
    contact.world.pass(Span::from_ms(1));
    contact.world.tick();
    assert_eq!(told(&mut contact), [1, 1, 1]);
    contact
        .world
        .pass(Span::from_hours(23) + Span::from_minutes(30));
    contact.world.tick();
    for (place, colleague) in (0..).zip(&colleagues) {
        assert_eq!(contact.state(*colleague, &alert), ObligationState::Open);
        let now = contact.world.now;
        let ledger = contact.world.desk(colleague).ledger(ALL, now).unwrap();
        let next = ledger.obligations[0].next().unwrap();
        assert_eq!(next.act, ComingAct::Clock(ClockAct::Expire));
        let turn = Span::from_minutes(10 + place);
        assert_eq!(next.time, Some(now + turn), "it is owed until it ended");
    }
    contact.world.pass(Span::from_minutes(10));
    contact.world.tick();
    let states = |contact: &mut Contact| -> Vec<ObligationState> {
        let colleagues = contact.colleagues.clone().into_iter();
        colleagues.map(|desk| contact.state(desk, &alert)).collect()
    };
    let (open, expired) = (ObligationState::Open, ObligationState::Expired);
    assert_eq!(states(&mut contact), [expired, open, open]);
    contact.minutes(2);
    assert_eq!(states(&mut contact), [expired; 3]);
    assert_eq!(told(&mut contact), [1, 1, 1], "once");
    let now = contact.world.now;
    for colleague in colleagues {
        let desk = contact.world.desk(&colleague);
        assert_eq!(desk.ledger(ALL, now).unwrap().total, 0);
        let documents = desk.roster().documents();
        let file = desk.export(&alert, false, documents, now).unwrap();
        let file = Export::parse(&file.to_bytes()).unwrap();
        let proven = file.verify(&contact.world.network.anchor()).unwrap();
        assert_eq!(proven.recipients[0].standing.state, expired);
    }
    contact.world.switch_on(&tunis);
    contact.world.settle();
    assert_eq!(contact.incidents(), []);
}

#[test]
fn a_deputy_that_collects_elsewhere_is_asked_by_a_colleague_once() {
    let mut contact = contact();
    let (tunis, dakar) = (contact.tunis, contact.dakar);
    let alert = contact.dies_after_it_was_brought();
    assert!(contact.has(tunis, &alert));
    contact.minutes(49);
    assert!(
        !contact.has(dakar, &alert),
        "it is the sending device's turn"
    );
    contact.minutes(1);
    assert!(contact.has(dakar, &alert));
    contact.minutes(10);
    assert_eq!(contact.handed(dakar, &alert), 1);
    contact.acknowledges(dakar, &alert);
    for colleague in contact.colleagues.clone() {
        let state = contact.state(colleague, &alert);
        assert_eq!(state, ObligationState::Acknowledged);
    }
    assert_eq!(contact.incidents(), []);
}

#[test]
fn deputies_are_asked_also_where_no_relay_ever_had_the_alert_for_the_one_in_whose_place() {
    let mut contact = contact();
    let (tunis, dakar) = (contact.tunis, contact.dakar);
    contact.world.switch_off(&tunis);
    let alert = contact.dies_before_it_is_brought();
    contact.is_removed();
    contact.minutes(60);
    assert!(contact.has(dakar, &alert));
    assert_eq!(contact.handed(dakar, &alert), 1);
    contact.world.switch_on(&tunis);
    contact.world.settle();
    assert_eq!(contact.incidents(), []);
}

fn admit(contact: &mut Contact, to: &str) -> DeviceId {
    let device = contact.world.network.admit(to);
    let documents = contact.world.network.publish();
    let colleague = contact.colleagues[0];
    let mut roster = Roster::clone(contact.world.desk(&colleague).roster());
    roster.apply(&documents).unwrap();
    contact.world.start_desk(&device, Arc::new(roster));
    contact.publish();
    device
}

#[test]
fn a_new_device_of_the_recipient_gets_the_alert_from_one_colleague() {
    let mut contact = contact();
    let alert = contact.dies_after_it_was_brought();
    let second = admit(&mut contact, "cmai/tunis");
    contact.minutes(9);
    assert!(
        !contact.has(second, &alert),
        "it is the sending device's turn"
    );
    contact.minutes(5);
    assert!(contact.has(second, &alert));
    assert_eq!(contact.handed(second, &alert), 1);
    assert_eq!(contact.incidents(), []);
}

#[test]
fn a_new_device_of_the_senders_contact_gets_its_copy_from_a_colleague_and_stands_in_as_well() {
    let mut contact = contact();
    let tunis = contact.tunis;
    contact.world.switch_off(&tunis);
    let alert = contact.dies_after_it_was_brought();
    let fifth = admit(&mut contact, "interpol/lyon");
    contact.minutes(15);
    assert!(contact.has(fifth, &alert));
    for colleague in contact.colleagues.clone() {
        contact.world.switch_off(&colleague);
    }
    contact.minutes(30);
    assert_eq!(
        contact.overdue_told(fifth),
        1,
        "counted from when its copy came"
    );
    contact.world.pass(Span::from_hours(24));
    contact.world.tick();
    assert_eq!(contact.state(fifth, &alert), ObligationState::Expired);
}

#[test]
fn a_lost_key_is_answered_by_a_colleague() {
    let mut contact = contact();
    let (sender, tunis) = (contact.sender, contact.tunis);
    let alert = contact
        .world
        .send(&sender, &["cmai/tunis"], "Sealed to a key");
    for relay in ["lyon", "tunis"] {
        contact.world.submit_alone(relay, &sender);
    }
    contact.world.lose_sealing_keys(&tunis);
    contact.dies();
    contact.minutes(9);
    assert!(!contact.has(tunis, &alert));
    contact.minutes(5);
    assert!(contact.has(tunis, &alert));
    assert_eq!(contact.handed(tunis, &alert), 1);
}

#[test]
fn a_device_that_comes_back_does_no_harm() {
    for removed in [false, true] {
        let mut contact = contact();
        let (sender, tunis, dakar) = (contact.sender, contact.tunis, contact.dakar);
        let alert = contact.dies_before_it_is_brought();
        if removed {
            let documents = contact.world.network.suspend(&sender);
            for relay in ["lyon", "tunis", "dakar"] {
                contact.world.spread_to_relay(relay, &documents);
            }
            contact.world.settle();
        }
        contact.minutes(60);
        assert_eq!(contact.has(tunis, &alert), removed);
        if removed {
            contact.world.network.lift_suspensions();
            contact.publish();
        }
        contact.world.switch_on(&sender);
        contact.minutes(30);
        assert!(contact.has(tunis, &alert) && contact.has(dakar, &alert));
        let events = contact.world.desk(&tunis).events_after(0, 1000, true);
        let arrived = events.unwrap().into_iter();
        let arrived = arrived.filter(|one| matches!(one.event.kind, EventKind::Arrived { .. }));
        assert_eq!(arrived.count(), 1, "never twice as new");
        contact.world.pass(Span::from_hours(25));
        contact.world.tick();
        contact.world.settle();
        let desks = [&contact.colleagues[..], &[sender]].concat();
        for desk in &desks {
            assert_eq!(contact.state(*desk, &alert), ObligationState::Expired);
        }
        contact.acknowledges(tunis, &alert);
        for desk in &desks {
            assert_eq!(contact.state(*desk, &alert), ObligationState::Acknowledged);
        }
        assert_eq!(contact.incidents(), []);
    }
}

#[test]
fn relays_and_colleagues_that_are_started_anew_lose_nothing_of_it() {
    let mut contact = contact();
    let tunis = contact.tunis;
    let alert = contact.dies_before_it_is_brought();
    for relay in ["lyon", "tunis"] {
        contact.world.kill_relay(relay);
    }
    let now = contact.world.now;
    for colleague in contact.colleagues.clone() {
        // The officer's retention leaves alone what may be needed.
        contact.world.desk(&colleague).purge(now, now).unwrap();
        contact.world.kill_desk(&colleague);
    }
    contact.is_removed();
    for _ in 0..5 {
        for colleague in contact.colleagues.clone() {
            contact.world.kill_desk(&colleague);
        }
        contact.minutes(1);
    }
    assert!(contact.has(tunis, &alert));
    assert_eq!(contact.handed(tunis, &alert), 1);
    for colleague in contact.colleagues.clone() {
        contact.world.kill_desk(&colleague);
    }
    contact.world.pass(Span::from_hours(25));
    contact.world.tick();
    let first = contact.colleagues[0];
    assert_eq!(contact.state(first, &alert), ObligationState::Expired);
    assert_eq!(contact.incidents(), []);
}

#[test]
fn a_colleague_that_was_closed_while_its_device_was_removed_brings_the_alert_when_it_opens() {
    let mut contact = contact();
    let (sender, tunis, first) = (contact.sender, contact.tunis, contact.colleagues[0]);
    let alert = contact.dies_before_it_is_brought();
    for colleague in contact.colleagues.clone().into_iter().skip(1) {
        contact.world.switch_off(&colleague);
    }
    contact.world.network.remove(&sender);
    let documents = contact.world.network.publish();
    for relay in ["lyon", "tunis", "dakar"] {
        contact.world.spread_to_relay(relay, &documents);
    }
    let mut roster = Roster::clone(contact.world.desk(&first).roster());
    roster.apply(&documents).unwrap();
    contact.world.reopen_with_roster(&first, Arc::new(roster));
    contact.minutes(1);
    assert!(contact.has(tunis, &alert));
    assert_eq!(contact.handed(tunis, &alert), 1);
}

#[test]
fn what_a_relay_lost_with_its_disk_is_brought_again_in_the_place_of_a_device_that_is_gone() {
    let mut contact = contact();
    let tunis = contact.tunis;
    contact.world.switch_off(&tunis);
    let alert = contact.dies_after_it_was_brought();
    contact.is_removed();
    contact.minutes(10);
    contact.world.lose_relay("tunis");
    contact.minutes(10);
    contact.world.switch_on(&tunis);
    contact.world.settle();
    assert!(contact.has(tunis, &alert));
}

#[test]
fn a_copy_outlives_its_end_as_long_as_the_outbox_of_its_device_would_have_kept_it() {
    let mut contact = contact();
    let tunis = contact.tunis;
    let alert = contact.dies_after_it_was_brought();
    contact.acknowledges(tunis, &alert);
    let first = contact.colleagues[0];
    for (days, purged) in [(13, false), (1, true)] {
        contact.world.pass(Span::from_days(days));
        contact.world.tick();
        let now = contact.world.now;
        let desk = contact.world.desk(&first);
        desk.purge(now, now).unwrap();
        assert_eq!(desk.is_purged(&alert).unwrap(), purged, "after {days} days");
    }
    assert_eq!(contact.state(first, &alert), ObligationState::Acknowledged);
}

/// After ten looks the answers were forgotten, and the copy that came then expired unanswered.
#[test]
fn what_was_answered_long_before_a_copy_comes_counts_when_it_does() {
    let mut contact = contact();
    let (sender, tunis, colleague) = (contact.sender, contact.tunis, contact.colleagues[0]);
    contact.world.withheld.insert((colleague, 1));
    let alert = contact
        .world
        .send(&sender, &["cmai/tunis"], "Answered first");
    contact.world.settle();
    contact.acknowledges(tunis, &alert);
    contact.world.settle();
    contact.minutes(30);
    assert!(!contact.has(colleague, &alert));
    let incidents = contact.incidents().into_iter();
    let unexplained = incidents.filter(|kind| matches!(kind, IncidentKind::Receipt { .. }));
    assert_eq!(
        unexplained.count(),
        2,
        "delivered and acknowledged, once each"
    );
    contact.world.withheld.clear();
    contact.world.settle();
    assert!(contact.has(colleague, &alert));
    assert_eq!(
        contact.state(colleague, &alert),
        ObligationState::Acknowledged
    );
}
