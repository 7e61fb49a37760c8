//! A removal reaches everywhere: senders, recipients, what waits, and whoever was away; and a relay
//! that hides it is named.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::sync::Arc;

use maille_client::core::{Act, IncidentKind, RosterFault, ToldExclusion};
use maille_common::address::DeviceId;
use maille_common::evidence::ObligationState;
use maille_common::identifier::AlertId;
use maille_common::roster::{Roster, RosterDocuments};
use maille_common::time::Span;
use maille_tests::memory::{MemoryWorld, order};
use maille_tests::network::Network;
use maille_tests::randomness::Seeded;

/// Lyon, and two devices of Tunis, at relay `lyon`; Dakar at `dakar`.
struct Removal {
    world: MemoryWorld,
    lyon: DeviceId,
    tunis: DeviceId,
    night: DeviceId,
    dakar: DeviceId,
}

fn network() -> (Network, [DeviceId; 4]) {
    let organisations: [(&str, &[&str]); 3] = [
        ("interpol", &["lyon"]),
        ("cmai", &["lyon"]),
        ("afripol", &["lyon", "dakar"]),
    ];
    let mut network = Network::found(91, &organisations);
    let contacts = ["interpol/lyon", "cmai/tunis", "cmai/tunis", "afripol/dakar"];
    let devices = contacts.map(|contact| network.admit(contact));
    (network, devices)
}

impl Removal {
    fn begin() -> Self {
        let (network, [lyon, tunis, night, dakar]) = network();
        let mut world = MemoryWorld::new(network);
        world.settle();
        Self {
            world,
            lyon,
            tunis,
            night,
            dakar,
        }
    }

    /// Tunis is not designated any more.
    fn dissolve_tunis(&mut self) -> RosterDocuments {
        self.world.network.dissolve("cmai/tunis");
        self.world.network.publish()
    }

    /// A roster comes to one desk, as a file.
    fn hand_to(&mut self, device: &DeviceId, documents: &RosterDocuments) {
        let mut roster = Roster::clone(self.world.desk(device).roster());
        roster.apply(documents).unwrap();
        let now = self.world.now;
        let desk = self.world.desk(device);
        desk.replace_roster(Arc::new(roster), now).unwrap();
    }

    fn state(&mut self, alert: AlertId) -> ObligationState {
        let lyon = self.lyon;
        let outbox = self.world.desk(&lyon).outbox().unwrap();
        let entry = outbox.into_iter().find(|entry| entry.id == alert).unwrap();
        entry.states.into_values().next().unwrap()
    }

    fn has(&mut self, device: &DeviceId, alert: AlertId) -> bool {
        let received = self.world.desk(device).received(&alert).unwrap();
        received.is_some()
    }

    fn incidents(&mut self, device: &DeviceId) -> Vec<IncidentKind> {
        let incidents = self.world.desk(device).incidents_after(0, 100).unwrap();
        incidents.into_iter().map(|(_, one)| one.kind).collect()
    }

    fn fault_of(&mut self, device: &DeviceId, relay: &str) -> Option<RosterFault> {
        let relay = relay.parse().unwrap();
        let fault = self.world.desk(device).roster_fault_of(&relay).unwrap();
        fault.map(|(fault, _)| fault)
    }
}

/// How often a relay was named for its roster.
fn named(incidents: &[IncidentKind], relay: &str) -> usize {
    let name = format!("relay {relay} ");
    let is_named = |kind: &&IncidentKind| match kind {
        IncidentKind::Roster { fault } => fault.as_str().starts_with(&name),
        _ => false,
    };
    incidents.iter().filter(is_named).count()
}

/// Another roster comes between the look and what is kept of it: what is said of a device is said
/// by the roster that it was judged by, and it is looked again by the other.
#[test]
fn why_a_device_may_not_act_is_kept_of_the_roster_by_which_it_was_judged_alone() {
    let mut removal = Removal::begin();
    let (tunis, now) = (removal.tunis, removal.world.now);
    let contact = removal.world.network.dissolve("cmai/tunis");
    let documents = removal.world.network.publish();
    removal.hand_to(&tunis, &documents);
    let desk = removal.world.desk(&tunis);
    assert!(desk.exclusion_is_news(now).unwrap());
    let judged = desk.roster().hash();
    let told = ToldExclusion {
        designation: desk.roster().designated_device(&tunis, now),
        subject: "cmai/tunis".to_owned(),
        document: "part 2".to_owned(),
        hash: judged,
        at: now,
        signers: "the authority".to_owned(),
        reason: String::new(),
    };
    // It may act again, before that was kept.
    removal.world.network.restore(&contact);
    let documents = removal.world.network.publish();
    removal.hand_to(&tunis, &documents);
    let desk = removal.world.desk(&tunis);
    desk.tell_exclusion(&judged, Some(&told), now).unwrap();
    assert!(!desk.exclusion_is_news(now).unwrap(), "nothing was told");
    // And is out again, by a third one: that is news.
    removal.world.network.dissolve("cmai/tunis");
    let documents = removal.world.network.publish();
    removal.hand_to(&tunis, &documents);
    let desk = removal.world.desk(&tunis);
    desk.tell_exclusion(&judged, Some(&told), now).unwrap();
    assert!(desk.exclusion_is_news(now).unwrap(), "it was not judged");
    let judged = desk.roster().hash();
    desk.tell_exclusion(&judged, Some(&told), now).unwrap();
    assert!(!desk.exclusion_is_news(now).unwrap());
    let is_it = |kind: &&IncidentKind| matches!(kind, IncidentKind::Excluded { .. });
    assert_eq!(removal.incidents(&tunis).iter().filter(is_it).count(), 1);
}

#[test]
fn at_every_sender_a_removed_contact_cannot_be_addressed() {
    let mut removal = Removal::begin();
    let documents = removal.dissolve_tunis();
    removal.world.spread_to_relay("lyon", &documents);
    removal.world.settle();
    let mut random = Seeded::new(1);
    let order = order(&["cmai/tunis"], "To nobody");
    for sender in [removal.lyon, removal.dakar] {
        let now = removal.world.now;
        let sent = removal.world.desk(&sender).send(&order, now, &mut random);
        assert_eq!(sent.unwrap_err().code(), "recipient-not-designated");
    }
}

#[test]
fn at_every_sender_a_removed_device_gets_no_wrap() {
    let mut removal = Removal::begin();
    let (lyon, tunis, night) = (removal.lyon, removal.tunis, removal.night);
    removal.world.network.remove(&night);
    let documents = removal.world.network.publish();
    removal.world.spread_to_relay("lyon", &documents);
    removal.world.settle();
    let alert = removal
        .world
        .send(&lyon, &["cmai/tunis"], "Without the night desk");
    let submission = removal
        .world
        .desk(&lyon)
        .submission(&alert)
        .unwrap()
        .unwrap();
    let entries = submission.entries.iter();
    let devices: Vec<DeviceId> = entries.map(|submitted| submitted.entry.device).collect();
    assert_eq!(devices, [tunis]);
}

/// It never leaves the relay, and its sender's desk signs at once that it ended: nobody can answer
/// any more. A relay's word alone would not do; the sender goes by its own roster.
#[test]
fn what_waits_for_a_removed_contact_ends_at_its_sender_and_is_never_handed_over() {
    let mut removal = Removal::begin();
    let (lyon, tunis, night) = (removal.lyon, removal.tunis, removal.night);
    let alert = removal.world.send(&lyon, &["cmai/tunis"], "It waits");
    removal.world.submit_alone("lyon", &lyon);
    assert_eq!(removal.world.deliveries("lyon", &tunis).len(), 1);
    let documents = removal.dissolve_tunis();
    removal.world.spread_to_relay("lyon", &documents);
    removal.world.settle();
    assert_eq!(removal.state(alert), ObligationState::Open);
    removal.world.minutes(1);
    // Long before it would have expired.
    assert_eq!(removal.state(alert), ObligationState::Expired);
    removal.world.settle();
    for device in [tunis, night] {
        assert!(!removal.has(&device, alert));
    }
    // The proof stands without the relay.
    let now = removal.world.now;
    let track = removal
        .world
        .desk(&lyon)
        .track(&alert, now)
        .unwrap()
        .unwrap();
    assert_eq!(track.recipients[0].standing.state, ObligationState::Expired);
}

/// A contact of which one device is left goes on, and so does what was sent to it.
#[test]
fn what_waits_for_a_contact_goes_on_when_one_of_its_devices_is_removed() {
    let mut removal = Removal::begin();
    let (lyon, tunis, night) = (removal.lyon, removal.tunis, removal.night);
    let alert = removal.world.send(&lyon, &["cmai/tunis"], "It waits");
    removal.world.submit_alone("lyon", &lyon);
    removal.world.network.remove(&night);
    let documents = removal.world.network.publish();
    removal.world.spread_to_relay("lyon", &documents);
    removal.world.settle();
    removal.world.minutes(2);
    assert_eq!(removal.state(alert), ObligationState::Open);
    assert!(!removal.has(&night, alert));
    let (now, mut random) = (removal.world.now, Seeded::new(2));
    let act = Act::Acknowledge;
    let desk = removal.world.desk(&tunis);
    desk.act(&alert, &act, Some("Amina"), "", now, &mut random)
        .unwrap();
    removal.world.settle();
    assert_eq!(removal.state(alert), ObligationState::Acknowledged);
}

/// The relay knows of nothing, and takes what the removed one sends.
#[test]
fn at_every_recipient_what_a_removed_contact_sends_is_refused_from_that_roster_on() {
    let mut removal = Removal::begin();
    let (lyon, tunis) = (removal.lyon, removal.tunis);
    removal.world.frozen.insert("lyon".to_owned());
    let documents = removal.dissolve_tunis();
    removal.hand_to(&lyon, &documents);
    let alert = removal.world.send(&tunis, &["interpol/lyon"], "Still here");
    removal.world.submit_alone("lyon", &tunis);
    assert_eq!(removal.world.deliveries("lyon", &lyon).len(), 1);
    removal.world.meet(&lyon, "lyon");
    assert!(!removal.has(&lyon, alert));
    let incidents = removal.incidents(&lyon);
    let refused = |kind: &IncidentKind| {
        matches!(
            kind,
            IncidentKind::Delivery { .. } | IncidentKind::Returned { .. }
        )
    };
    assert!(incidents.iter().any(refused), "{incidents:?}");
}

/// The hash in it is unknown, so it is held until somebody explains it. What the removed one sent
/// and came before that was taken by the roster that was known.
#[test]
fn whoever_was_away_learns_of_a_removal_with_the_first_message_of_somebody_ahead() {
    let mut removal = Removal::begin();
    let (lyon, tunis, dakar) = (removal.lyon, removal.tunis, removal.dakar);
    removal.world.switch_off(&dakar);
    let before = removal
        .world
        .send(&tunis, &["afripol/dakar"], "From whoever goes");
    removal.world.submit_alone("lyon", &tunis);
    removal.world.submit_alone("dakar", &tunis);
    let documents = removal.dissolve_tunis();
    // The roster reaches one desk and, by that, one of two relays: the other one hides it.
    removal.hand_to(&lyon, &documents);
    removal.world.frozen.insert("dakar".to_owned());
    let ahead = removal
        .world
        .send(&lyon, &["afripol/dakar"], "From somebody ahead");
    for relay in ["dakar", "lyon"] {
        removal.world.submit_alone(relay, &lyon);
    }
    removal.world.switch_on(&dakar);
    removal.world.meet(&dakar, "dakar");
    // An unknown roster: it is held, and nothing is known yet.
    assert!(!removal.has(&dakar, ahead));
    let knows = |removal: &mut Removal| {
        let roster = removal.world.desk(&dakar).roster().hash();
        let newest = removal.world.desk(&lyon).roster().hash();
        roster == newest
    };
    assert!(!knows(&mut removal));
    removal.world.meet(&dakar, "lyon");
    assert!(knows(&mut removal));
    assert!(removal.has(&dakar, ahead));
    let order = order(&["cmai/tunis"], "To whoever went");
    let (now, mut random) = (removal.world.now, Seeded::new(3));
    let sent = removal.world.desk(&dakar).send(&order, now, &mut random);
    assert_eq!(sent.unwrap_err().code(), "recipient-not-designated");
    assert!(removal.has(&dakar, before));
}

#[test]
fn a_relay_that_cannot_explain_a_roster_is_named() {
    let mut removal = Removal::begin();
    let (lyon, dakar) = (removal.lyon, removal.dakar);
    let documents = removal.dissolve_tunis();
    removal.hand_to(&lyon, &documents);
    for relay in ["lyon", "dakar"] {
        removal.world.frozen.insert(relay.to_owned());
    }
    let alert = removal
        .world
        .send(&lyon, &["afripol/dakar"], "From somebody ahead");
    removal.world.submit_alone("lyon", &lyon);
    removal.world.meet(&dakar, "lyon");
    assert!(!removal.has(&dakar, alert));
    assert_eq!(removal.fault_of(&dakar, "lyon"), None);
    removal.world.minutes(11);
    // It is taken all the same: a difference alone refuses nothing.
    assert!(removal.has(&dakar, alert));
    let unknown = IncidentKind::RosterUnknown {
        relay: "lyon".parse().unwrap(),
    };
    assert!(removal.incidents(&dakar).contains(&unknown));
    let fault = removal.fault_of(&dakar, "lyon");
    assert_eq!(fault, Some(RosterFault::Unexplained));
}

#[test]
fn a_relay_that_goes_on_with_an_old_roster_is_named_once_until_it_uses_a_newer_one() {
    let mut removal = Removal::begin();
    let lyon = removal.lyon;
    let documents = removal.dissolve_tunis();
    removal.hand_to(&lyon, &documents);
    removal.world.frozen.insert("lyon".to_owned());
    removal.world.greet_alone("lyon", &lyon);
    // Whoever is behind is handed what it lacks; that accuses nobody.
    assert_eq!(removal.fault_of(&lyon, "lyon"), None);
    for _ in 0..3 {
        removal.world.pass(Span::from_minutes(5));
        removal.world.greet_alone("lyon", &lyon);
        assert_eq!(removal.fault_of(&lyon, "lyon"), Some(RosterFault::Frozen));
    }
    assert_eq!(named(&removal.incidents(&lyon), "lyon"), 1);
    removal.world.frozen.clear();
    for _ in 0..2 {
        removal.world.greet_alone("lyon", &lyon);
    }
    assert_eq!(removal.fault_of(&lyon, "lyon"), None);
}

#[test]
fn a_relay_that_uses_a_forked_roster_is_named_once() {
    let mut removal = Removal::begin();
    let lyon = removal.lyon;
    let documents = removal.dissolve_tunis();
    removal.hand_to(&lyon, &documents);
    // The same keys signed another annex for the same place.
    let (mut other, [.., night, _]) = network();
    let _ = other.publish();
    other.remove(&night);
    let forked = Roster::found(other.anchor(), &other.publish()).unwrap();
    removal.world.relay("lyon").replace_roster(Arc::new(forked));
    for _ in 0..3 {
        removal.world.greet_alone("lyon", &lyon);
        assert_eq!(removal.fault_of(&lyon, "lyon"), Some(RosterFault::Forked));
    }
    assert_eq!(named(&removal.incidents(&lyon), "lyon"), 1);
}
