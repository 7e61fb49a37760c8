//! Relays and desks that do not agree: lost disks, old copies, rosters that spread unevenly.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::sync::Arc;

use maille_client::core::{Act, Collected, EventKind, SendError};
use maille_common::address::DeviceId;
use maille_common::evidence::ObligationState;
use maille_common::identifier::AlertId;
use maille_common::roster::Roster;
use maille_common::terms::{AcceptReason, NoticeKind, Stage, Status};
use maille_common::time::Span;
use maille_tests::memory::{MemoryWorld, order};
use maille_tests::network::Network;
use maille_tests::randomness::Seeded;

fn two_relays() -> (MemoryWorld, DeviceId, DeviceId) {
    let mut network = Network::found(
        11,
        &[("interpol", &["lyon"]), ("cmai", &["tunis", "amman"])],
    );
    let lyon = network.admit("interpol/lyon");
    let tunis = network.admit("cmai/tunis");
    let mut world = MemoryWorld::new(network);
    world.settle();
    (world, lyon, tunis)
}

fn states(world: &mut MemoryWorld, desk: &DeviceId) -> Vec<ObligationState> {
    let outbox = world.desk(desk).outbox().unwrap();
    outbox
        .iter()
        .flat_map(|entry| entry.states.values().copied())
        .collect()
}

fn arrivals(world: &mut MemoryWorld, desk: &DeviceId) -> usize {
    let events = world.desk(desk).events_after(0, 1000, true).unwrap();
    events
        .iter()
        .filter(|e| matches!(e.event.kind, EventKind::Arrived { .. }))
        .count()
}

/// Envelopes that the relay of the recipient keeps.
fn kept(world: &MemoryWorld) -> u64 {
    world.account("tunis").alerts_kept
}

#[test]
fn two_organisations_on_their_own_relays_exchange_an_alert_and_its_receipts() {
    let (mut world, lyon, tunis) = two_relays();
    let alert = world.send(&lyon, &["cmai/tunis"], "Across two relays");
    world.settle();
    assert_eq!(
        arrivals(&mut world, &tunis),
        1,
        "two relays hold it, and it arrives once"
    );
    let now = world.now;
    let act = Act::Acknowledge;
    let mut random = Seeded::new(1);
    world
        .desk(&tunis)
        .act(&alert, &act, Some("Amina"), "", now, &mut random)
        .unwrap();
    world.settle();
    assert_eq!(
        states(&mut world, &lyon),
        vec![ObligationState::Acknowledged]
    );
    for relay in ["lyon", "tunis", "amman"] {
        assert_eq!(
            world.relay(relay).standing().unwrap().waiting,
            0,
            "{relay} keeps nothing back"
        );
    }
}

#[test]
fn one_relay_lost_after_accepted_loses_no_alert() {
    let (mut world, lyon, tunis) = two_relays();
    world.send(&lyon, &["cmai/tunis"], "Twice kept");
    for relay in ["tunis", "amman"] {
        world.meet(&lyon, relay);
    }
    world.down.insert("tunis".to_owned());
    world.settle();
    assert_eq!(arrivals(&mut world, &tunis), 1);
}

#[test]
fn a_relay_where_the_recipient_does_not_collect_says_so() {
    let (mut world, lyon, _) = two_relays();
    let alert = world.send(&lyon, &["cmai/tunis"], "To the wrong relay");
    let submission = world.desk(&lyon).submission(&alert).unwrap().unwrap();
    let step = world.submit(&lyon, "lyon", submission);
    let maille_common::wire::Answer::Accepted(answers) = step.answer else {
        panic!("a submission is answered per recipient");
    };
    assert_eq!(answers[0].statement.reason, AcceptReason::NotCollectedHere);
}

/// An organisation leaves a relay at which an alert waits for it, and collects elsewhere.
#[test]
fn what_waits_at_a_relay_that_an_organisation_left_comes_over_its_new_one() {
    let homes: &[&str] = &["lyon"];
    let mut network = Network::found(13, &[("interpol", homes), ("cmai", &["amman"])]);
    let lyon = network.admit("interpol/lyon");
    let tunis = network.admit("cmai/tunis");
    let mut world = MemoryWorld::new(network);
    world.settle();
    let alert = world.send(&lyon, &["cmai/tunis"], "Waits at the old one");
    world.meet(&lyon, "amman");
    world.network.move_homes("cmai", homes);
    let documents = world.network.publish();
    world.spread_to_relay("lyon", &documents);
    world.meet(&tunis, "lyon");
    assert!(world.desk(&tunis).inbox().unwrap().is_empty());
    for _ in 0..2 {
        world.meet(&lyon, "lyon");
        world.meet(&tunis, "lyon");
    }
    let inbox = world.desk(&tunis).inbox().unwrap();
    assert_eq!(inbox[0].id, alert);
    world.meet(&lyon, "lyon");
    assert_eq!(arrivals(&mut world, &tunis), 1);
    let now = world.now;
    let track = world.desk(&lyon).track(&alert, now).unwrap().unwrap();
    assert_eq!(track.recipients[0].receipts.len(), 1);
}

#[test]
fn a_relay_restored_from_an_old_copy_begins_a_new_incarnation_and_is_filled_again() {
    let (mut world, lyon, tunis) = two_relays();
    for relay in ["tunis", "amman"] {
        world.save_relay(relay);
    }
    world.send(&lyon, &["cmai/tunis"], "After the copy was made");
    for relay in ["tunis", "amman"] {
        world.meet(&lyon, relay);
        let before = world.relay(relay).incarnation();
        world.restore_relay(relay);
        world.meet(&lyon, relay);
        assert_ne!(
            world.relay(relay).incarnation(),
            before,
            "{relay} was shown more than it had"
        );
    }
    world.settle();
    assert_eq!(arrivals(&mut world, &tunis), 1);
}

#[test]
fn a_number_of_the_old_incarnation_confirms_nothing_in_the_new_one() {
    let (mut world, lyon, tunis) = two_relays();
    world.send(&lyon, &["cmai/tunis"], "Answered");
    world.meet(&lyon, "tunis");
    for relay in ["tunis", "lyon"] {
        world.meet(&tunis, relay);
    }
    let receipt = world.mail("lyon", &lyon)[0];
    world.bring("lyon", &lyon, receipt);
    let home = "lyon".parse().unwrap();
    assert_eq!(world.desk(&lyon).confirms_due(&home, 10).unwrap().len(), 1);
    world.lose_relay("lyon");
    assert!(world.greet(&lyon, "lyon", &home));
    // The same number may stand for a receipt that nobody has seen.
    assert!(
        world
            .desk(&lyon)
            .confirms_due(&home, 10)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_desk_restored_from_an_old_copy_begins_a_new_epoch_and_is_shown_everything_again() {
    let (mut world, lyon, tunis) = two_relays();
    world.save_desk(&tunis);
    let alert = world.send(&lyon, &["cmai/tunis"], "Lost with the disk");
    world.settle();
    // It answers, so the relay holds a newer epoch only after the desk itself has begun one.
    let reply = world.send(&tunis, &["interpol/lyon"], "From before the loss");
    world.settle();
    let epoch = world.desk(&tunis).epoch();
    world.restore_desk(&tunis);
    assert_eq!(arrivals(&mut world, &tunis), 0);
    world.pass(Span::from_minutes(1));
    world.settle();
    assert!(
        world.desk(&tunis).epoch() > epoch,
        "the relay had seen answers it did not hold"
    );
    let inbox = world.desk(&tunis).inbox().unwrap();
    assert!(
        inbox.iter().any(|entry| entry.id == alert),
        "grace copies are offered again"
    );
    let inbox = world.desk(&lyon).inbox().unwrap();
    assert!(inbox.iter().any(|entry| entry.id == reply));
}

/// Its relay used to show it nothing that it lacked: what had come since the copy was gone for it,
/// and on no list but the sender's.
#[test]
fn a_desk_that_only_receives_notices_too_that_its_store_is_an_old_copy() {
    let (mut world, lyon, tunis) = two_relays();
    let known = world.send(&lyon, &["cmai/tunis"], "Before the copy");
    world.settle();
    world.save_desk(&tunis);
    let lost = world.send(&lyon, &["cmai/tunis"], "After the copy");
    world.settle();
    // What waits when it comes back says nothing about what it has lost.
    let waiting = world.send(&lyon, &["cmai/tunis"], "While it is away");
    for relay in ["tunis", "amman"] {
        world.meet(&lyon, relay);
    }
    let epoch = world.desk(&tunis).epoch();
    world.restore_desk(&tunis);
    world.pass(Span::from_minutes(1));
    world.settle();
    assert!(
        world.desk(&tunis).epoch() > epoch,
        "the relays had taken receipts that it does not know"
    );
    let inbox = world.desk(&tunis).inbox().unwrap();
    let ids: Vec<AlertId> = inbox.iter().map(|entry| entry.id).collect();
    assert!([known, lost, waiting].iter().all(|id| ids.contains(id)));
    assert_eq!(arrivals(&mut world, &tunis), 3, "nothing is new twice");
}

#[test]
fn a_desk_that_was_not_rolled_back_keeps_its_epoch_however_often_it_comes_back() {
    let (mut world, lyon, tunis) = two_relays();
    let epoch = world.desk(&tunis).epoch();
    for round in 0..5 {
        world.send(&lyon, &["cmai/tunis"], &format!("Alert {round}"));
        for relay in ["tunis", "amman"] {
            world.meet(&lyon, relay);
        }
        world.hand_over("tunis", &tunis);
        // Killed with its receipts stored and not posted, at either relay.
        world.kill_desk(&tunis);
        world.settle();
        world.pass(Span::from_minutes(1));
    }
    assert_eq!(world.desk(&tunis).epoch(), epoch);
    assert_eq!(arrivals(&mut world, &tunis), 5);
}

#[test]
fn a_desk_whose_keys_are_gone_gets_the_alert_anew_and_by_itself() {
    let (mut world, lyon, tunis) = two_relays();
    let alert = world.send(&lyon, &["cmai/tunis"], "Sealed to a key that is gone");
    world.meet(&lyon, "tunis");
    world.meet(&lyon, "amman");
    world.lose_sealing_keys(&tunis);
    world.meet(&tunis, "tunis");
    assert_eq!(arrivals(&mut world, &tunis), 0);
    world.settle();
    assert_eq!(arrivals(&mut world, &tunis), 1);
    let (now, mut random) = (world.now, Seeded::new(5));
    let act = Act::Acknowledge;
    world
        .desk(&tunis)
        .act(&alert, &act, Some("Amina"), "", now, &mut random)
        .unwrap();
    world.settle();
    assert_eq!(states(&mut world, &lyon), [ObligationState::Acknowledged]);
    assert_eq!(world.desk(&lyon).lacking().unwrap(), []);
    assert_eq!(kept(&world), 2, "an alert and one addendum");
}

#[test]
fn an_alert_is_not_sealed_again_to_a_key_that_was_returned_as_gone() {
    let (mut world, lyon, tunis) = two_relays();
    world.send(&lyon, &["cmai/tunis"], "No other key is known");
    world.meet(&lyon, "tunis");
    world.lose_sealing_keys(&tunis);
    world.hand_over("tunis", &tunis);
    for relay in ["tunis", "lyon"] {
        world.post_due(&tunis, relay);
    }
    for _ in 0..3 {
        world.meet(&lyon, "lyon");
        world.meet(&lyon, "tunis");
    }
    assert_eq!(kept(&world), 1, "no addendum");
    let lacking = world.desk(&lyon).lacking().unwrap();
    assert_eq!(lacking[0].device, tunis);
    world.settle();
    assert_eq!(arrivals(&mut world, &tunis), 1);
}

#[test]
fn a_receipt_that_a_relay_asks_for_while_it_is_on_its_way_is_posted_once_more() {
    let (mut world, lyon, tunis) = two_relays();
    world.send(&lyon, &["cmai/tunis"], "Asked for twice");
    world.meet(&lyon, "tunis");
    world.hand_over("tunis", &tunis);
    let relay = "tunis".parse().unwrap();
    let posts = |world: &mut MemoryWorld| world.desk(&tunis).posts_due(&relay, 10).unwrap();
    let (first, _) = posts(&mut world).remove(0);
    // A relay that lost its store took the receipt before it was given the alert again.
    let repeated = world.hand_over("tunis", &tunis);
    assert!(matches!(repeated, Some(Collected::Repeated { .. })));
    world.desk(&tunis).posted(&relay, first, Ok(())).unwrap();
    let (second, _) = posts(&mut world).remove(0);
    assert_eq!(second.receipt, first.receipt);
    world.desk(&tunis).posted(&relay, second, Ok(())).unwrap();
    assert_eq!(posts(&mut world), []);
}

#[test]
fn a_roster_that_spreads_unevenly_holds_nothing_up() {
    let (mut world, lyon, tunis) = two_relays();
    let paris = world.network.admit("interpol/paris");
    let documents = world.network.publish();
    // Only the relay of the recipient's organisation has heard of the new desk.
    world.spread_to_relay("tunis", &documents);
    let mut roster = Roster::clone(world.desk(&lyon).roster());
    roster.apply(&documents).unwrap();
    world.start_desk(&paris, Arc::new(roster));
    world.meet(&paris, "tunis");
    world.send(&paris, &["cmai/tunis"], "From a desk nobody knows yet");
    world.settle();
    assert_eq!(arrivals(&mut world, &tunis), 1);
    assert!(
        world
            .desk(&tunis)
            .incidents_after(0, 10)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_delivery_under_an_unknown_roster_is_held_until_it_is_known() {
    let (mut world, lyon, tunis) = two_relays();
    let paris = world.network.admit("interpol/paris");
    let documents = world.network.publish();
    let mut roster = Roster::clone(world.desk(&lyon).roster());
    roster.apply(&documents).unwrap();
    for relay in ["lyon", "tunis", "amman"] {
        world.spread_to_relay(relay, &documents);
    }
    world.start_desk(&paris, Arc::new(roster.clone()));
    world.meet(&paris, "tunis");
    let alert = world.send(&paris, &["cmai/tunis"], "Ahead of you");
    world.meet(&paris, "tunis");
    let collected = world.hand_over("tunis", &tunis);
    assert!(matches!(collected, Some(Collected::Held { .. })));
    assert_eq!(arrivals(&mut world, &tunis), 0);
    let now = world.now;
    world
        .desk(&tunis)
        .replace_roster(Arc::new(roster), now)
        .unwrap();
    assert_eq!(world.desk(&tunis).inbox().unwrap()[0].id, alert);
}

#[test]
fn a_removed_device_can_neither_be_addressed_nor_heard() {
    let (mut world, lyon, tunis) = two_relays();
    world.send(&tunis, &["interpol/lyon"], "Written while designated");
    let documents = world.network.suspend(&tunis);
    for relay in ["lyon", "tunis", "amman"] {
        world.spread_to_relay(relay, &documents);
    }
    world.settle();
    assert_eq!(
        arrivals(&mut world, &lyon),
        0,
        "the relay does not let it in"
    );
    let sent = world.order(&lyon, &order(&["cmai/tunis"], "To nobody"));
    assert!(
        sent.reach[0].is_waiting(),
        "no device of the contact is left"
    );
}

#[test]
fn without_a_rule_nothing_is_sealed() {
    let (mut world, lyon, _) = two_relays();
    world.network.rules(&[("cmai/**", "interpol/**")]);
    let documents = world.network.publish();
    for relay in ["lyon", "tunis", "amman"] {
        world.spread_to_relay(relay, &documents);
    }
    world.settle();
    let order = order(&["cmai/tunis"], "Against the rules");
    let now = world.now;
    let refused = world
        .desk(&lyon)
        .send(&order, now, &mut Seeded::new(1))
        .unwrap_err();
    assert!(matches!(refused, SendError::NoRule { .. }));
    assert!(world.desk(&lyon).outbox().unwrap().is_empty());
}

#[test]
fn a_reply_goes_back_under_a_one_way_rule() {
    let (mut world, lyon, tunis) = two_relays();
    world.network.rules(&[("interpol/**", "cmai/**")]);
    let documents = world.network.publish();
    for relay in ["lyon", "tunis", "amman"] {
        world.spread_to_relay(relay, &documents);
    }
    world.settle();
    let alert = world.send(&lyon, &["cmai/tunis"], "Answer me");
    world.settle();
    let mut reply = order(&["interpol/lyon"], "Here is the answer");
    reply.kind = maille_common::terms::Kind::Reply;
    reply.refers_to = Some(alert);
    world.order(&tunis, &reply);
    world.settle();
    let inbox = world.desk(&lyon).inbox().unwrap();
    assert_eq!(inbox.len(), 1);
    assert_eq!(inbox[0].refers_to, Some(alert));
}

#[test]
fn an_exercise_is_never_in_the_default_stream() {
    let (mut world, lyon, tunis) = two_relays();
    let mut drill = order(&["cmai/tunis"], "Drill");
    drill.status = Status::Exercise;
    world.order(&lyon, &drill);
    world.settle();
    let real = world.desk(&tunis).events_after(0, 100, false).unwrap();
    assert!(
        real.iter()
            .all(|event| !matches!(event.event.kind, EventKind::Arrived { .. }))
    );
    assert_eq!(arrivals(&mut world, &tunis), 1, "asked for, it is there");
}

#[test]
fn a_cancelled_alert_that_was_never_delivered_is_delivered_as_cancelled() {
    let (mut world, lyon, tunis) = two_relays();
    let alert = world.send(&lyon, &["cmai/tunis"], "Take cover");
    let mut cancel = order(&["cmai/tunis"], "False alarm");
    cancel.kind = maille_common::terms::Kind::Cancel;
    cancel.refers_to = Some(alert);
    world.order(&lyon, &cancel);
    world.settle();
    let inbox = world.desk(&tunis).inbox().unwrap();
    assert_eq!(inbox.len(), 2, "neither is hidden");
    let now = world.now;
    let track = world.desk(&lyon).track(&alert, now).unwrap().unwrap();
    assert_eq!(
        track.recipients[0].standing.state,
        ObligationState::Cancelled
    );
}

#[test]
fn what_nobody_collects_is_told_at_expiry_and_buried_with_a_tombstone_on_both_sides() {
    let mut network = Network::found(12, &[("interpol", &["lyon"]), ("cmai", &["lyon"])]);
    let lyon = network.admit("interpol/lyon");
    let tunis = network.admit("cmai/tunis");
    let mut world = MemoryWorld::new(network);
    world.settle();
    let alert = world.send(&lyon, &["cmai/tunis"], "Nobody home");
    world.meet(&lyon, "lyon");
    world.pass(Span::from_hours(25));
    world.tick();
    world.meet(&lyon, "lyon");
    world.pass(Span::from_days(8));
    world.tick();
    world.meet(&lyon, "lyon");
    let now = world.now;
    let track = world.desk(&lyon).track(&alert, now).unwrap().unwrap();
    let told: Vec<NoticeKind> = track.recipients[0]
        .notices
        .iter()
        .map(|notice| notice.statement.kind)
        .collect();
    assert!(told.contains(&NoticeKind::Unseen) && told.contains(&NoticeKind::Tombstone));
    world.meet(&tunis, "lyon");
    let events = world.desk(&tunis).events_after(0, 100, false).unwrap();
    let mut events = events.iter().map(|event| &event.event.kind);
    assert!(events.any(|kind| matches!(kind, EventKind::ExpiredUnseen { .. })));
}

#[test]
fn the_system_acknowledges_without_stopping_an_escalation() {
    let (mut world, lyon, tunis) = two_relays();
    let alert = world.send(&lyon, &["cmai/tunis"], "For the case system");
    world.settle();
    let now = world.now;
    let mut random = Seeded::new(2);
    let act = Act::Acknowledge;
    let noted = world
        .desk(&tunis)
        .act(&alert, &act, None, "words", now, &mut random);
    assert_eq!(noted.unwrap_err().code(), "note-without-officer");
    world
        .desk(&tunis)
        .act(&alert, &act, None, "", now, &mut random)
        .unwrap();
    world.settle();
    let track = world.desk(&lyon).track(&alert, now).unwrap().unwrap();
    let standing = &track.recipients[0].standing;
    assert_eq!(standing.state, ObligationState::Acknowledged);
    assert!(!standing.escalation_stopped);
    assert!(standing.stages.contains_key(&Stage::Delivered));
}

#[test]
fn a_desk_killed_between_storing_and_confirming_answers_again_and_shows_nothing_twice() {
    let (mut world, lyon, tunis) = two_relays();
    let alert = world.send(&lyon, &["cmai/tunis"], "Stored, not confirmed");
    world.meet(&lyon, "tunis");
    let stored = world.hand_over("tunis", &tunis);
    assert!(matches!(stored, Some(Collected::Stored { .. })));
    world.kill_desk(&tunis);
    let again = world.hand_over("tunis", &tunis);
    assert!(matches!(again, Some(Collected::Repeated { .. })));
    world.settle();
    assert_eq!(arrivals(&mut world, &tunis), 1);
    let now = world.now;
    let track = world.desk(&lyon).track(&alert, now).unwrap().unwrap();
    assert_eq!(
        track.recipients[0].receipts.len(),
        1,
        "one receipt, given twice"
    );
}

#[test]
fn an_alert_that_was_being_shown_when_the_desk_died_is_marked_possibly_seen() {
    let (mut world, lyon, tunis) = two_relays();
    let alert = world.send(&lyon, &["cmai/tunis"], "On the screen");
    world.settle();
    world.desk(&tunis).showing(&alert).unwrap();
    world.kill_desk(&tunis);
    assert!(world.desk(&tunis).inbox().unwrap()[0].possibly_seen);
}
