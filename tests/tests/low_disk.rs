//! Disks below their low-water mark, and full ones, in memory: what is refused and what never is.
//!
//! Every step of the world but a submission, a bundle and an order is taken below the mark: where
//! one is not, the world itself fails. `full_disk.rs` does the same with volumes that run full.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::sync::Arc;

use maille_client::core::{Act, Collected, EventKind, SendError, StepError};
use maille_common::address::DeviceId;
use maille_common::evidence::ObligationState;
use maille_common::identifier::AlertId;
use maille_common::roster::Roster;
use maille_common::time::Span;
use maille_common::wire::{Answer, RefusalCode};
use maille_durable::StoreError;
use maille_tests::memory::{MemoryWorld, Room, order};
use maille_tests::network::Network;
use maille_tests::randomness::Seeded;

const RELAY: &str = "hub";
const TUNIS: &str = "cmai/tunis";

/// Two desks at one relay, which know each other's keys.
fn two_desks() -> (MemoryWorld, DeviceId, DeviceId) {
    let mut network = Network::found(21, &[("interpol", &[RELAY]), ("cmai", &[RELAY])]);
    let lyon = network.admit("interpol/lyon");
    let tunis = network.admit(TUNIS);
    let mut world = MemoryWorld::new(network);
    world.settle();
    (world, lyon, tunis)
}

fn inbox(world: &mut MemoryWorld, desk: &DeviceId) -> Vec<AlertId> {
    let entries = world.desk(desk).inbox().unwrap();
    entries.iter().map(|entry| entry.id).collect()
}

fn state(world: &mut MemoryWorld, desk: &DeviceId, alert: &AlertId) -> ObligationState {
    let now = world.now;
    let track = world.desk(desk).track(alert, now).unwrap().unwrap();
    track.recipients[0].standing.state
}

fn acknowledge(world: &mut MemoryWorld, desk: &DeviceId, alert: &AlertId) {
    let (now, act) = (world.now, Act::Acknowledge);
    world
        .desk(desk)
        .act(alert, &act, Some("Amina"), "", now, &mut Seeded::new(1))
        .unwrap();
}

fn is_full(error: &StepError) -> bool {
    matches!(error, StepError::Store(StoreError::DiskFull { .. }))
}

#[test]
fn a_relay_low_on_disk_refuses_alerts_for_now_and_lets_everybody_collect_and_answer() {
    let (mut world, lyon, tunis) = two_desks();
    let held = world.send(&lyon, &[TUNIS], "Held");
    world.meet(&lyon, RELAY);
    world.relay_room(RELAY, Room::Low);
    let refused = world.send(&lyon, &[TUNIS], "Refused for now");
    let submission = world.desk(&lyon).submission(&refused).unwrap().unwrap();
    let Answer::Refused(refusal) = world.submit(&lyon, RELAY, submission).answer else {
        panic!("nothing more is accepted");
    };
    assert_eq!(refusal.code, RefusalCode::DiskLow);
    assert!(refusal.retry_after > Span::ZERO, "it is not for ever");
    world.settle();
    assert_eq!(inbox(&mut world, &tunis), [held]);
    acknowledge(&mut world, &tunis, &held);
    world.settle();
    assert_eq!(
        state(&mut world, &lyon, &held),
        ObligationState::Acknowledged
    );
    assert_eq!(world.relay(RELAY).standing().unwrap().waiting, 0);

    world.relay_room(RELAY, Room::Enough);
    world.pass(Span::from_minutes(5));
    world.settle();
    assert_eq!(inbox(&mut world, &tunis), [held, refused]);
}

/// A retry whose time came between two looks of a session was waited for by nobody.
#[test]
fn what_became_due_since_the_last_look_is_told_unless_it_is_under_way() {
    let (mut world, lyon, _) = two_desks();
    let relay = RELAY.parse().unwrap();
    let first = world.send(&lyon, &[TUNIS], "Under way");
    world.pass(Span::from_seconds(1));
    let second = world.send(&lyon, &[TUNIS], "Due meanwhile");
    let (began, due) = (world.now - Span::from_seconds(1), world.now);
    world.pass(Span::from_seconds(1));
    let mut next = |under_way: &[AlertId]| {
        let under_way = under_way.iter().copied().collect();
        let desk = world.desk(&lyon);
        desk.next_submission_besides(&relay, &under_way).unwrap()
    };
    assert_eq!(next(&[]), Some(began));
    assert_eq!(next(&[first]), Some(due));
    assert_eq!(next(&[first, second]), None);
}

#[test]
fn a_desk_that_begins_a_new_life_collects_from_a_relay_low_on_disk() {
    let (mut world, lyon, tunis) = two_desks();
    let alert = world.send(&lyon, &[TUNIS], "Before the loss");
    world.settle();
    world.relay_room(RELAY, Room::Low);
    world.pass(Span::from_minutes(1));
    world.lose_desk(&tunis);
    assert_eq!(inbox(&mut world, &tunis), []);
    world.settle();
    assert_eq!(inbox(&mut world, &tunis), [alert]);
}

#[test]
fn a_desk_low_on_disk_refuses_to_send_and_does_everything_else() {
    let (mut world, lyon, tunis) = two_desks();
    let sent = world.send(&tunis, &["interpol/lyon"], "Sent before");
    world.desk_room(&tunis, Room::Low);
    let now = world.now;
    let refused = world
        .desk(&tunis)
        .send(
            &order(&["interpol/lyon"], "No room"),
            now,
            &mut Seeded::new(3),
        )
        .unwrap_err();
    assert_eq!(refused.code(), "disk-full");
    let SendError::Step(refused) = refused else {
        panic!("it is the store that refuses: {refused}");
    };
    assert!(is_full(&refused), "{refused}");

    // What stands in the outbox goes out, its answers and receipts come in, and alerts as well.
    let alert = world.send(&lyon, &[TUNIS], "Taken all the same");
    world.settle();
    acknowledge(&mut world, &lyon, &sent);
    assert_eq!(inbox(&mut world, &tunis), [alert]);
    world.desk(&tunis).showing(&alert).unwrap();
    acknowledge(&mut world, &tunis, &alert);
    world.settle();
    for (desk, alert) in [(lyon, alert), (tunis, sent)] {
        assert_eq!(
            state(&mut world, &desk, &alert),
            ObligationState::Acknowledged
        );
    }
    assert_eq!(world.relay(RELAY).standing().unwrap().waiting, 0);
    let newest = world.desk(&tunis).newest_event().unwrap();
    world.desk(&tunis).advance("officer", newest).unwrap();
    assert_eq!(world.desk(&tunis).cursor("officer").unwrap(), newest);
    assert_eq!(world.desk(&tunis).outbox().unwrap().len(), 1);
}

#[test]
fn a_desk_low_on_disk_follows_a_new_roster_and_a_relay_that_lost_its_store() {
    let (mut world, lyon, tunis) = two_desks();
    let sent = world.send(&tunis, &["interpol/lyon"], "Accepted before the fire");
    world.meet(&tunis, RELAY);
    world.desk_room(&tunis, Room::Low);
    world.lose_relay(RELAY);
    let paris = world.network.admit("interpol/paris");
    let documents = world.network.publish();
    let mut roster = Roster::clone(world.desk(&lyon).roster());
    roster.apply(&documents).unwrap();
    world.spread_to_relay(RELAY, &documents);
    world.start_desk(&paris, Arc::new(roster));
    world.settle();
    assert_eq!(inbox(&mut world, &lyon), [sent], "it is submitted again");
    assert!(world.desk(&tunis).roster().may_connect(&paris));
    let events = world.desk(&tunis).events_after(0, 100, true).unwrap();
    let has = |wanted: fn(&EventKind) -> bool| events.iter().any(|e| wanted(&e.event.kind));
    assert!(has(|kind| matches!(kind, EventKind::NewIncarnation { .. })));
    assert!(has(|kind| matches!(kind, EventKind::Roster { .. })));
}

#[test]
fn a_desk_without_any_room_answers_no_arrival_and_takes_it_when_there_is() {
    let (mut world, lyon, tunis) = two_desks();
    let alert = world.send(&lyon, &[TUNIS], "No room at all");
    world.meet(&lyon, RELAY);
    world.desk_room(&tunis, Room::None);
    let waiting = world.relay(RELAY).waiting(&tunis, 1).unwrap();
    let push = world.relay(RELAY).push(&tunis, waiting[0].number).unwrap();
    let Some(maille_common::wire::Push::Delivery { number, delivery }) = push else {
        panic!("a delivery waits");
    };
    let (relay, now) = (RELAY.parse().unwrap(), world.now);
    let refused = world.desk(&tunis).collect(&relay, number, *delivery, now);
    assert!(is_full(&refused.unwrap_err()));
    assert_eq!(inbox(&mut world, &tunis), []);
    let posts = world.desk(&tunis).posts_due(&relay, 10).unwrap();
    assert_eq!(posts, [], "nothing is said to have been delivered");

    world.desk_room(&tunis, Room::Enough);
    let taken = world.hand_over(RELAY, &tunis);
    assert!(matches!(taken, Some(Collected::Stored { .. })));
    world.settle();
    assert_eq!(inbox(&mut world, &tunis), [alert]);
    let incidents = world.desk(&tunis).incidents_after(0, 10).unwrap();
    assert_eq!(incidents, [], "what was refused leaves no hole");
}
