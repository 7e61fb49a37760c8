//! The first alert, in memory and in virtual time.

use maille_client::core::{Act, EventKind, RefuseReason};
use maille_common::evidence::ObligationState;
use maille_common::terms::{AckRule, Stage};
use maille_common::time::Span;
use maille_tests::memory::{Fault, MemoryWorld, order};
use maille_tests::network::{Network, address};
use maille_tests::randomness::Seeded;

fn two_desks() -> (
    MemoryWorld,
    maille_common::address::DeviceId,
    maille_common::address::DeviceId,
) {
    let mut network = Network::found(1, &[("interpol", &["lyon"]), ("cmai", &["lyon"])]);
    let lyon = network.admit("interpol/lyon");
    let tunis = network.admit("cmai/tunis");
    let mut world = MemoryWorld::new(network);
    world.settle();
    (world, lyon, tunis)
}

#[test]
fn the_first_alert_arrives_is_acknowledged_and_comes_back_as_proof() {
    let (mut world, lyon, tunis) = two_desks();
    let alert = world.send(&lyon, &["cmai/tunis"], "Stolen passports at the border");
    world.settle();

    let inbox = world.desk(&tunis).inbox().unwrap();
    assert_eq!(inbox.len(), 1);
    assert_eq!(inbox[0].id, alert);
    let received = world.desk(&tunis).received(&alert).unwrap().unwrap();
    assert_eq!(
        received.content.subject(&["en"]),
        "Stolen passports at the border"
    );

    let now = world.now;
    let mut random = Seeded::new(99);
    let acted = world
        .desk(&tunis)
        .act(
            &alert,
            &Act::Acknowledge,
            Some("Amina"),
            "on it",
            now,
            &mut random,
        )
        .unwrap();
    assert!(acted.note_sealed);
    world.settle();

    let track = world.desk(&lyon).track(&alert, now).unwrap().unwrap();
    let recipient = &track.recipients[0];
    assert_eq!(recipient.standing.state, ObligationState::Acknowledged);
    assert!(recipient.standing.escalation_stopped);
    assert_eq!(recipient.accepted.len(), 1);
    let mut receipts: Vec<_> = recipient.receipts.iter().collect();
    receipts.sort_by_key(|(receipt, _)| receipt.statement.stage);
    let stages = receipts.iter().map(|(receipt, _)| receipt.statement.stage);
    assert!(stages.eq([Stage::Delivered, Stage::Acknowledged]));
    let note = receipts[1].1.as_ref().unwrap();
    assert_eq!(
        (note.officer.as_str(), note.text.as_str()),
        ("Amina", "on it")
    );
    assert!(world.desk(&lyon).incidents_after(0, 10).unwrap().is_empty());
    assert!(
        world
            .desk(&tunis)
            .incidents_after(0, 10)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_lost_answer_leads_to_one_alert_and_the_same_receipt() {
    let (mut world, lyon, tunis) = two_desks();
    for fault in [Fault::RequestLost, Fault::AnswerLost] {
        let alert = world.send(&lyon, &["cmai/tunis"], "Once");
        // The first exchange of a meeting is the hello, then keys; lose the submission and more.
        for lost in 1..6 {
            world.faults = vec![Fault::None; lost];
            world.faults.push(fault);
            world.meet(&lyon, "lyon");
            world.meet(&tunis, "lyon");
            world.faults.clear();
            world.pass(Span::from_minutes(1));
        }
        world.settle();
        let arrived = world.desk(&tunis).events_after(0, 100, false).unwrap();
        let arrivals = arrived.iter().filter(|event| {
            matches!(&event.event.kind, EventKind::Arrived { alert: id, .. } if *id == alert)
        });
        assert_eq!(arrivals.count(), 1, "shown as new exactly once");
        assert_eq!(world.relay("lyon").standing().unwrap().waiting, 0);
    }
}

#[test]
fn a_relay_that_lost_its_disk_gets_what_is_open_again() {
    let (mut world, lyon, tunis) = two_desks();
    let alert = world.send(&lyon, &["cmai/tunis"], "Before the fire");
    world.meet(&lyon, "lyon");
    assert_eq!(world.relay("lyon").standing().unwrap().waiting, 1);
    world.lose_relay("lyon");
    assert_eq!(world.relay("lyon").standing().unwrap().waiting, 0);
    world.settle();
    assert_eq!(world.desk(&tunis).inbox().unwrap()[0].id, alert);
    let events = world.desk(&lyon).events_after(0, 100, false).unwrap();
    assert!(
        events
            .iter()
            .any(|e| matches!(e.event.kind, EventKind::NewIncarnation { .. }))
    );
}

#[test]
fn the_same_reference_is_the_same_alert_and_another_content_is_refused() {
    let (mut world, lyon, _) = two_desks();
    let mut first = order(&["cmai/tunis"], "Case 7");
    first.reference = Some("case-7".to_owned());
    let sent = world.order(&lyon, &first);
    let again = world.order(&lyon, &first);
    assert_eq!((again.id, again.already), (sent.id, true));
    let mut other = order(&["cmai/tunis"], "Case 8");
    other.reference = Some("case-7".to_owned());
    let now = world.now;
    let refused = world
        .desk(&lyon)
        .send(&other, now, &mut Seeded::new(3))
        .unwrap_err();
    assert_eq!(refused.code(), "reference-reused");
}

#[test]
fn a_device_without_keys_is_named_and_follows_by_addendum() {
    let mut network = Network::found(2, &[("interpol", &["lyon"]), ("cmai", &["lyon"])]);
    let lyon = network.admit("interpol/lyon");
    let tunis = network.admit("cmai/tunis");
    let mut world = MemoryWorld::new(network);
    world.meet(&lyon, "lyon");
    let sent = world.order(&lyon, &order(&["cmai/tunis"], "Before the keys"));
    assert!(sent.reach[0].is_waiting());
    assert_eq!(world.desk(&lyon).lacking().unwrap().len(), 1);
    world.settle();
    assert!(world.desk(&lyon).lacking().unwrap().is_empty());
    let inbox = world.desk(&tunis).inbox().unwrap();
    assert_eq!(inbox.len(), 1);
    assert_eq!(inbox[0].id, sent.id, "the id stays the original's");
    let now = world.now;
    let track = world.desk(&lyon).track(&sent.id, now).unwrap().unwrap();
    assert!(
        track.recipients[0]
            .standing
            .stages
            .contains_key(&Stage::Delivered)
    );
}

#[test]
fn with_ack_rule_first_one_acknowledgement_frees_the_others() {
    let homes: &[&str] = &["lyon"];
    let mut network = Network::found(
        3,
        &[("interpol", homes), ("cmai", homes), ("afripol", homes)],
    );
    let lyon = network.admit("interpol/lyon");
    let tunis = network.admit("cmai/tunis");
    let algiers = network.admit("afripol/algiers");
    let mut world = MemoryWorld::new(network);
    world.settle();
    let mut order = order(&["cmai/tunis", "afripol/algiers"], "Whoever is awake");
    order.ack_rule = AckRule::First;
    let alert = world.order(&lyon, &order).id;
    world.settle();
    let now = world.now;
    let mut random = Seeded::new(4);
    for desk in [&tunis, &algiers] {
        // Both at once: neither has heard of the other.
        let act = Act::Acknowledge;
        world
            .desk(desk)
            .act(&alert, &act, Some("On duty"), "", now, &mut random)
            .unwrap();
    }
    world.settle();
    let track = world.desk(&lyon).track(&alert, now).unwrap().unwrap();
    for recipient in &track.recipients {
        assert_eq!(recipient.standing.state, ObligationState::Acknowledged);
    }
}

#[test]
fn a_refusal_carries_its_reason_and_a_later_acknowledgement_supersedes_it() {
    let (mut world, lyon, tunis) = two_desks();
    let alert = world.send(&lyon, &["cmai/tunis"], "Perhaps not yours");
    world.settle();
    let now = world.now;
    let mut random = Seeded::new(5);
    let suggested = Some(address("afripol/algiers"));
    let act = Act::Refuse(RefuseReason::NotOurs { suggested });
    world
        .desk(&tunis)
        .act(&alert, &act, Some("Amina"), "", now, &mut random)
        .unwrap();
    world.settle();
    let track = world.desk(&lyon).track(&alert, now).unwrap().unwrap();
    assert_eq!(track.recipients[0].standing.state, ObligationState::Refused);
    let note = track.recipients[0]
        .receipts
        .last()
        .unwrap()
        .1
        .as_ref()
        .unwrap();
    assert_eq!(note.suggested_contact(), Some(address("afripol/algiers")));
    let act = Act::Acknowledge;
    world
        .desk(&tunis)
        .act(&alert, &act, Some("Amina"), "", now, &mut random)
        .unwrap();
    world.settle();
    let track = world.desk(&lyon).track(&alert, now).unwrap().unwrap();
    assert_eq!(
        track.recipients[0].standing.state,
        ObligationState::Acknowledged
    );
}

#[test]
fn the_senders_own_clock_expires_and_a_late_acknowledgement_climbs_over_it() {
    let (mut world, lyon, tunis) = two_desks();
    world.down.insert("lyon".to_owned());
    let alert = world.send(&lyon, &["cmai/tunis"], "Nobody hears this");
    world.pass(Span::from_hours(25));
    world.tick();
    let now = world.now;
    let track = world.desk(&lyon).track(&alert, now).unwrap().unwrap();
    assert_eq!(track.recipients[0].standing.state, ObligationState::Expired);
    let events = world.desk(&lyon).events_after(0, 100, false).unwrap();
    assert!(
        events
            .iter()
            .any(|e| matches!(e.event.kind, EventKind::Overdue { .. }))
    );
    world.down.clear();
    world.settle();
    let mut random = Seeded::new(6);
    let act = Act::Acknowledge;
    world
        .desk(&tunis)
        .act(&alert, &act, Some("Amina"), "", now, &mut random)
        .unwrap();
    world.settle();
    let track = world.desk(&lyon).track(&alert, now).unwrap().unwrap();
    let standing = &track.recipients[0].standing;
    assert_eq!(standing.state, ObligationState::Acknowledged);
    assert!(
        standing.proofs.contains_key(&ObligationState::Expired),
        "both proofs are kept"
    );
}
