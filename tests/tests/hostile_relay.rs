//! A relay that alters or withholds: the desk notices, answers for nobody, and takes what is whole
//! when it comes.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::sync::Arc;

use maille_client::Milestone;
use maille_client::clock::{Clock, ManualClock, SystemClock};
use maille_client::core::{Collected, EventKind, Incident, IncidentKind};
use maille_common::address::DeviceId;
use maille_common::codec::{Bytes, List};
use maille_common::envelope::Delivery;
use maille_common::identifier::AlertId;
use maille_common::limits::HOLE_LOOKS;
use maille_common::roster::Roster;
use maille_common::terms::{Kind, Stage};
use maille_common::time::Span;
use maille_common::wire::Push;
use maille_tests::memory::{MemoryWorld, order};
use maille_tests::net::{NetPlan, TestNet, soon};
use maille_tests::network::Network;

/// What a relay does to a delivery.
type Spoiled = fn(&mut Delivery);

fn two_relays() -> (MemoryWorld, DeviceId, DeviceId) {
    let mut network = Network::found(
        21,
        &[("interpol", &["lyon"]), ("cmai", &["tunis", "amman"])],
    );
    let lyon = network.admit("interpol/lyon");
    let tunis = network.admit("cmai/tunis");
    let mut world = MemoryWorld::new(network);
    world.settle();
    (world, lyon, tunis)
}

/// The first thing that waits for a desk at a relay, spoiled on its way.
fn hand_over_spoiled(
    world: &mut MemoryWorld,
    relay: &str,
    device: &DeviceId,
    spoil: Spoiled,
) -> Collected {
    let waiting = world.relay(relay).waiting(device, 1).unwrap();
    let push = world.relay(relay).push(device, waiting[0].number).unwrap();
    let Some(Push::Delivery {
        number,
        mut delivery,
    }) = push
    else {
        panic!("a delivery waits: {push:?}");
    };
    spoil(&mut delivery);
    let push = Push::Delivery { number, delivery };
    let relay = relay.parse().unwrap();
    world.take_push(device, &relay, push).unwrap()
}

fn flip_a_bit_of_the_body(delivery: &mut Delivery) {
    let mut body = delivery.body.to_vec();
    let middle = body.len() / 2;
    body[middle] ^= 1;
    delivery.body = Bytes::new(body).unwrap();
}

fn arrivals(world: &mut MemoryWorld, desk: &DeviceId) -> usize {
    let events = world.desk(desk).events_after(0, 1000, true).unwrap();
    let arrived = |kind: &EventKind| matches!(kind, EventKind::Arrived { .. });
    events.iter().filter(|e| arrived(&e.event.kind)).count()
}

/// The check of each refused delivery, and the alert it was about.
fn refused(world: &mut MemoryWorld, desk: &DeviceId) -> Vec<(String, Option<AlertId>)> {
    let incidents = world.desk(desk).incidents_after(0, 100).unwrap();
    let refused = incidents.into_iter().map(|(_, incident)| {
        let IncidentKind::Delivery { check, .. } = incident.kind else {
            panic!("only deliveries were refused: {incident:?}");
        };
        (check.as_str().to_owned(), incident.alert)
    });
    refused.collect()
}

/// The numbers of the receipts of the only recipient, and what they say.
fn receipts(world: &mut MemoryWorld, desk: &DeviceId, alert: &AlertId) -> Vec<(u64, Stage)> {
    let now = world.now;
    let track = world.desk(desk).track(alert, now).unwrap().unwrap();
    let receipts = track.recipients[0].receipts.iter();
    receipts
        .map(|(receipt, _)| (receipt.statement.number, receipt.statement.stage))
        .collect()
}

/// A flipped bit was answered with Returned, and the whole copy of the other relay with the same:
/// one relay could keep an alert from a desk for ever, in the desk's own name.
#[test]
fn what_one_relay_alters_is_answered_to_nobody_and_taken_whole_from_the_other() {
    let spoiled: [Spoiled; 5] = [
        flip_a_bit_of_the_body,
        |delivery| delivery.body = Bytes::new([]).unwrap(),
        |delivery| delivery.wrap[600] ^= 1,
        |delivery| delivery.entry.device = DeviceId::from_bytes([7; 16]),
        |delivery| delivery.proof.index += 1,
    ];
    for spoil in spoiled {
        let (mut world, lyon, tunis) = two_relays();
        let alert = world.send(&lyon, &["cmai/tunis"], "Altered on the way");
        for relay in ["tunis", "amman"] {
            world.meet(&lyon, relay);
        }
        let collected = hand_over_spoiled(&mut world, "amman", &tunis, spoil);
        assert!(
            matches!(collected, Collected::Disbelieved { .. }),
            "{collected:?}"
        );
        assert_eq!(
            refused(&mut world, &tunis),
            [("E11".to_owned(), Some(alert))]
        );
        assert!(world.desk(&tunis).inbox().unwrap().is_empty());
        assert_eq!(arrivals(&mut world, &tunis), 0);
        world.settle();
        assert_eq!(world.desk(&tunis).inbox().unwrap()[0].id, alert);
        assert_eq!(arrivals(&mut world, &tunis), 1);
        assert_eq!(
            receipts(&mut world, &lyon, &alert),
            [(1, Stage::Delivered)],
            "the first receipt that the desk ever gave"
        );
    }
}

#[test]
fn an_envelope_without_its_signature_is_not_believed_and_its_alert_not_named() {
    let (mut world, lyon, tunis) = two_relays();
    let alert = world.send(&lyon, &["cmai/tunis"], "Unsigned on the way");
    world.meet(&lyon, "amman");
    let collected = hand_over_spoiled(&mut world, "amman", &tunis, |delivery| {
        delivery.signatures = List::empty();
    });
    assert!(matches!(collected, Collected::Disbelieved { .. }));
    assert_eq!(refused(&mut world, &tunis), [("E5".to_owned(), None)]);
    world.settle();
    assert_eq!(world.desk(&tunis).inbox().unwrap()[0].id, alert);
}

/// The second copy took the place of the first, and the alert waited for the next connection.
#[test]
fn an_altered_copy_does_not_push_out_a_whole_one_that_waits_for_its_roster() {
    let (mut world, lyon, tunis) = two_relays();
    let paris = world.network.admit("interpol/paris");
    let documents = world.network.publish();
    let mut roster = Roster::clone(world.desk(&lyon).roster());
    roster.apply(&documents).unwrap();
    for relay in ["tunis", "amman"] {
        world.spread_to_relay(relay, &documents);
    }
    world.start_desk(&paris, Arc::new(roster.clone()));
    for relay in ["tunis", "amman", "tunis", "amman"] {
        world.meet(&paris, relay);
    }
    let alert = world.send(&paris, &["cmai/tunis"], "Ahead of you");
    for relay in ["tunis", "amman"] {
        world.meet(&paris, relay);
    }
    let whole = world.hand_over("tunis", &tunis).unwrap();
    assert!(matches!(whole, Collected::Held { .. }), "{whole:?}");
    let altered = hand_over_spoiled(&mut world, "amman", &tunis, flip_a_bit_of_the_body);
    assert!(matches!(altered, Collected::Held { .. }), "{altered:?}");
    let now = world.now;
    world
        .desk(&tunis)
        .replace_roster(Arc::new(roster), now)
        .unwrap();
    assert_eq!(world.desk(&tunis).inbox().unwrap()[0].id, alert);
    assert_eq!(arrivals(&mut world, &tunis), 1);
}

/// E16: the second alert shows that there was a first.
#[test]
fn what_a_relay_withholds_is_missed_when_the_next_alert_comes() {
    let (mut world, lyon, tunis) = two_relays();
    world.down.insert("tunis".to_owned());
    let first = world.send(&lyon, &["cmai/tunis"], "Withheld");
    let second = world.send(&lyon, &["cmai/tunis"], "Handed over");
    world.meet(&lyon, "amman");
    let mail = world.mail("amman", &tunis);
    world.greet_alone("amman", &tunis);
    world.bring("amman", &tunis, mail[1]);
    assert_eq!(world.desk(&tunis).inbox().unwrap()[0].id, second);
    world.minutes(HOLE_LOOKS.into());
    let incidents = world.desk(&tunis).incidents_after(0, 10).unwrap();
    let missing = IncidentKind::AlertsMissing {
        device: lyon,
        from: 1,
        to: 1,
    };
    let (_, incident) = &incidents[0];
    assert_eq!((incidents.len(), &incident.kind), (1, &missing));
    assert_eq!(incident.alert, Some(second), "the one that told of it");
    world.settle();
    let inbox = world.desk(&tunis).inbox().unwrap();
    assert!(inbox.iter().any(|entry| entry.id == first));
    assert_eq!(arrivals(&mut world, &tunis), 2);
    assert_eq!(world.desk(&tunis).incidents_after(0, 10).unwrap().len(), 1);
}

/// A refusal that the sender alone can have brought about is still answered (I7).
#[test]
fn what_its_sender_wrote_against_the_rules_is_returned_to_it() {
    let (mut world, lyon, tunis) = two_relays();
    let alert = world.send(&lyon, &["cmai/tunis"], "Before");
    world.settle();
    world.network.rules(&[("cmai/**", "interpol/**")]);
    let documents = world.network.publish();
    let mut cancel = order(&["cmai/tunis"], "Not any more");
    cancel.kind = Kind::Cancel;
    cancel.refers_to = Some(alert);
    let cancel = world.order(&lyon, &cancel).id;
    world.meet(&lyon, "tunis");
    let mut roster = Roster::clone(world.desk(&tunis).roster());
    roster.apply(&documents).unwrap();
    let now = world.now;
    world
        .desk(&tunis)
        .replace_roster(Arc::new(roster), now)
        .unwrap();
    let returned = world.hand_over("tunis", &tunis).unwrap();
    assert!(
        matches!(returned, Collected::Returned { .. }),
        "{returned:?}"
    );
    world.settle();
    assert_eq!(receipts(&mut world, &lyon, &cancel), [(2, Stage::Returned)]);
}

const LYON: &str = "interpol/lyon";
const TUNIS: &str = "cmai/tunis";

/// A real relay and real desks, which know each other's keys, and an alert that waits for the desk
/// that is away and goes by this clock.
async fn one_waits(clock: &ManualClock) -> (TestNet, AlertId) {
    let home: &[&str] = &["lyon"];
    let plan = NetPlan::new(&[("interpol", home), ("cmai", home)], &[LYON, TUNIS]);
    let mut net = plan.clock(TUNIS, clock).start().await;
    net.desk(LYON).send_to(&[TUNIS], "For the keys").await;
    net.desk(TUNIS).receive().await;
    net.close_desk(TUNIS).await;
    let alert = net.desk(LYON).send_to(&[TUNIS], "Waits").await;
    net.desk(LYON).wait(alert, Milestone::Accepted).await;
    (net, alert)
}

/// Waits for the next incident of a desk.
async fn incident(net: &TestNet, contact: &str) -> Incident {
    let desk = net.desk(contact);
    let happened = |kind: &EventKind| matches!(kind, EventKind::Incident { .. });
    let event = desk.until("incidents", happened).await;
    let EventKind::Incident { number } = event.event.kind else {
        panic!("the event is an incident: {event:?}");
    };
    let mut found = desk.client().incidents(number - 1, 1).await.unwrap();
    found.remove(0).1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_flips_a_bit_of_what_it_stored_is_refused_and_later_believed() {
    let (mut net, alert) = one_waits(&ManualClock::at(SystemClock.now())).await;
    net.stop_relay("lyon").await;
    let whole = net.stored_body("lyon", &alert);
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    net.replace_body("lyon", &alert, Some(&flipped));
    net.start_relay("lyon").await;
    net.open_desk(TUNIS).await;
    let refused = incident(&net, TUNIS).await;
    assert_eq!(refused.alert, Some(alert));
    assert!(
        matches!(&refused.kind, IncidentKind::Delivery { relay, check, .. }
            if relay.as_str() == "lyon" && check.as_str() == "E11"),
        "{refused:?}"
    );
    assert_eq!(net.desk(TUNIS).arrivals().await, 1, "the first one alone");
    net.close_desk(TUNIS).await;
    net.stop_relay("lyon").await;
    net.replace_body("lyon", &alert, Some(&whole));
    net.start_relay("lyon").await;
    net.open_desk(TUNIS).await;
    assert_eq!(net.desk(TUNIS).receive().await.entry.id, alert);
    net.desk(LYON).wait(alert, Milestone::Delivered).await;
    assert_eq!(net.desk(TUNIS).arrivals().await, 2);
    let track = net.desk(LYON).client().track(alert).await.unwrap();
    let receipts = &track.recipients[0].receipts;
    let stages: Vec<_> = receipts
        .iter()
        .map(|(receipt, _)| (receipt.statement.number, receipt.statement.stage))
        .collect();
    assert_eq!(
        stages,
        [(2, Stage::Delivered)],
        "the receipt behind that of the first alert: none was given in between"
    );
    net.stop().await;
}

/// The body is taken away, so the relay has nothing to hand over for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_withholds_one_of_two_is_found_out_by_the_other() {
    let clock = ManualClock::at(SystemClock.now());
    let (mut net, withheld) = one_waits(&clock).await;
    net.stop_relay("lyon").await;
    let body = net.stored_body("lyon", &withheld);
    net.replace_body("lyon", &withheld, None);
    net.start_relay("lyon").await;
    let other = net.desk(LYON).send_to(&[TUNIS], "Handed over").await;
    net.desk(LYON).wait(other, Milestone::Accepted).await;
    let lyon = net.desk(LYON).device;
    // Asked for it, its sender would send it again.
    net.close_desk(LYON).await;
    net.open_desk(TUNIS).await;
    assert_eq!(net.desk(TUNIS).receive().await.entry.id, other);
    let minutes = async {
        while net
            .desk(TUNIS)
            .client()
            .incidents(0, 1)
            .await
            .unwrap()
            .is_empty()
        {
            clock.advance(Span::from_minutes(1));
        }
    };
    soon("the desk misses an alert", minutes).await;
    let found_out = incident(&net, TUNIS).await;
    assert!(
        matches!(found_out.kind, IncidentKind::AlertsMissing { device, from, to }
            if device == lyon && from == to),
        "{found_out:?}"
    );
    assert_eq!(found_out.alert, Some(other), "the one that told of it");
    net.close_desk(TUNIS).await;
    net.stop_relay("lyon").await;
    net.replace_body("lyon", &withheld, Some(&body));
    net.start_relay("lyon").await;
    net.open_desk(TUNIS).await;
    assert_eq!(net.desk(TUNIS).receive().await.entry.id, withheld);
    assert_eq!(net.desk(TUNIS).arrivals().await, 3);
    net.stop().await;
}
