//! What expired at a relay before anybody collected it: told to both sides, once, and believed by
//! none of them beyond its word.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::core::{EventKind, IncidentKind, Order, Unseen};
use maille_common::address::DeviceId;
use maille_common::codec::Exact;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::evidence::{Notice, ObligationState, SignedNotice, sign};
use maille_common::identifier::AlertId;
use maille_common::terms::{NoticeKind, Status};
use maille_common::time::Span;
use maille_tests::memory::order;
use maille_tests::network::address;
use maille_tests::shift::{Shift, shift, shift_at};

/// The relays the recipients collect at.
const HOMES: [&str; 2] = ["tunis", "amman"];

/// An alert that nobody of Tunis collects until its relays have dropped it.
fn dropped(shift: &mut Shift, status: Status) -> AlertId {
    let lyon = shift.lyon;
    let alert = Order {
        status,
        ..order(&["cmai/tunis"], "Nobody was there")
    };
    let alert = shift.world.order(&lyon, &alert).id;
    let relays = HOMES.map(str::to_owned);
    for relay in &relays {
        shift.world.meet(&lyon, relay);
    }
    for days in [1, 8] {
        shift
            .world
            .pass(Span::from_days(days) + Span::from_hours(1));
        shift.world.tick();
        for relay in &relays {
            shift.world.meet(&lyon, relay);
        }
    }
    alert
}

fn unseen(shift: &mut Shift, desk: DeviceId) -> Vec<Unseen> {
    shift.world.desk(&desk).unseen().unwrap()
}

/// How often a desk was told so.
fn told(shift: &mut Shift, desk: DeviceId) -> usize {
    let events = shift.world.desk(&desk).events_after(0, 10_000, true);
    let events = events.unwrap().into_iter();
    let told = events.filter(|one| matches!(one.event.kind, EventKind::ExpiredUnseen { .. }));
    told.count()
}

/// How often a desk was told that a relay buried something it sent.
fn buried(shift: &mut Shift, desk: DeviceId) -> usize {
    let events = shift.world.desk(&desk).events_after(0, 10_000, true);
    let events = events.unwrap().into_iter();
    let told = events.filter(|one| {
        let tombstone = NoticeKind::Tombstone;
        matches!(&one.event.kind, EventKind::Notice { kind, .. } if *kind == tombstone)
    });
    told.count()
}

#[test]
fn both_sides_are_told_once_of_what_expired_unseen_and_whom_to_ask_for_it() {
    let mut shift = shift_at(&HOMES);
    let sent = shift.world.now;
    let alert = dropped(&mut shift, Status::Actual);
    let (lyon, day, night) = (shift.lyon, shift.day, shift.night);
    shift.world.settle();
    for desk in [day, night] {
        let found = unseen(&mut shift, desk);
        let [one] = &found[..] else {
            panic!("two relays, one alert: {found:?}");
        };
        assert_eq!((one.alert, &one.from), (alert, &address("interpol/lyon")));
        assert_eq!((one.accepted, one.status), (sent, Status::Actual));
        assert_eq!(one.recipient, address("cmai/tunis"));
        assert_eq!(one.telephones, ["+33 4 00 00 00 00"]);
        assert_eq!(one.languages, ["en"]);
        assert_eq!(told(&mut shift, desk), 1);
    }
    assert_eq!(buried(&mut shift, lyon), 1, "two relays, two devices");
    // It is confirmed and not told again, whoever is restarted.
    for desk in [lyon, day, night] {
        shift.world.kill_desk(&desk);
    }
    shift.world.settle();
    for relay in HOMES {
        assert!(shift.world.mail(relay, &day).is_empty());
        assert_eq!(shift.world.account(relay).all.tombstoned, 1);
    }
    assert_eq!((told(&mut shift, day), buried(&mut shift, lyon)), (1, 1));
    assert_eq!(unseen(&mut shift, day).len(), 1);
    // It has a deputy's notices and its own, and no state but the sender's clock's.
    assert_eq!(
        shift.state(&alert, "cmai/tunis"),
        ObligationState::Expired,
        "by the sender's own clock"
    );
    assert_eq!(shift.incidents(), []);
}

#[test]
fn a_tombstone_waits_until_its_device_comes_and_is_nobody_elses() {
    let mut shift = shift_at(&HOMES);
    let lyon = shift.lyon;
    let order = order(&["cmai/tunis"], "The night desk was closed");
    let alert = shift.world.order(&lyon, &order).id;
    let (day, night) = (shift.day, shift.night);
    for relay in HOMES {
        shift.world.meet(&lyon, relay);
        shift.world.meet(&day, relay);
    }
    for days in [1, 8, 30] {
        shift
            .world
            .pass(Span::from_days(days) + Span::from_hours(1));
        shift.world.tick();
        for relay in ["tunis", "amman", "lyon"] {
            shift.world.meet(&lyon, relay);
            shift.world.meet(&day, relay);
        }
    }
    assert_eq!(unseen(&mut shift, day), [], "it has the alert");
    shift.world.settle();
    assert_eq!(told(&mut shift, night), 1);
    assert_eq!(unseen(&mut shift, night)[0].alert, alert);
    assert_eq!(
        (told(&mut shift, day), unseen(&mut shift, day)),
        (0, vec![])
    );
}

#[test]
fn what_a_colleague_answered_or_came_another_way_is_missed_by_nobody() {
    let mut shift = shift_at(&HOMES);
    let (lyon, day, night) = (shift.lyon, shift.day, shift.night);
    let order = order(&["cmai/tunis"], "Answered by the day");
    let alert = shift.world.order(&lyon, &order).id;
    for relay in HOMES {
        shift.world.meet(&lyon, relay);
        shift.world.meet(&day, relay);
    }
    shift.acknowledge(day, &alert, "S. Ben Ali");
    for relay in ["tunis", "amman", "lyon"] {
        shift.world.meet(&day, relay);
    }
    shift.world.pass(Span::from_days(9));
    shift.world.tick();
    shift.world.tick();
    shift.world.settle();
    assert_eq!(told(&mut shift, night), 0);
    assert_eq!(unseen(&mut shift, night), []);
    assert_eq!(shift.incidents(), []);
}

#[test]
fn an_exercise_that_expired_unseen_is_told_as_one() {
    let mut shift = shift_at(&HOMES);
    dropped(&mut shift, Status::Exercise);
    shift.world.settle();
    let day = shift.day;
    assert_eq!(unseen(&mut shift, day)[0].status, Status::Exercise);
    let real = shift.world.desk(&day).events_after(0, 10_000, false);
    let told = real
        .unwrap()
        .into_iter()
        .any(|one| matches!(one.event.kind, EventKind::ExpiredUnseen { .. }));
    assert!(!told, "the default stream is of real alerts");
}

/// A tombstone that a hostile relay makes up, signed with its own key.
fn forged(shift: &mut Shift, alert: AlertId, recipient: &str, device: DeviceId) -> SignedNotice {
    let now = shift.world.now;
    let incarnation = shift.world.relay("lyon").incarnation();
    let notice = Notice {
        version: Notice::VERSION,
        relay: "lyon".parse().unwrap(),
        incarnation,
        alert,
        status: Status::Actual,
        sender: address("interpol/lyon"),
        recipient: address(recipient),
        kind: NoticeKind::Tombstone,
        step: 0,
        device,
        accepted: now,
        time: now,
        roster: shift.world.relay("lyon").roster().hash(),
        uncertain: false,
    };
    let key = SigningKey::from_seed(shift.world.network.relay("lyon").signing);
    sign(&key, vec![Exact::of(notice).unwrap()]).remove(0)
}

#[test]
fn a_false_tombstone_changes_no_state_and_is_contradicted_by_the_alert() {
    let mut shift = shift();
    let (lyon, day) = (shift.lyon, shift.day);
    let alert = shift.world.send(&lyon, &["cmai/tunis"], "Alive");
    shift.world.meet(&lyon, "lyon");
    let (now, relay) = (shift.world.now, "lyon".parse().unwrap());
    let notice = forged(&mut shift, alert, "cmai/tunis", day);
    for desk in [lyon, day] {
        let notice = notice.clone();
        let desk = shift.world.desk(&desk);
        desk.notice_came(&relay, 900, notice, now).unwrap();
    }
    assert_eq!(unseen(&mut shift, day).len(), 1, "it is not here yet");
    assert_eq!(shift.state(&alert, "cmai/tunis"), ObligationState::Open);
    shift.world.settle();
    assert_eq!(unseen(&mut shift, day), []);
    assert!(shift.entry(day, &alert).is_open());
    assert_eq!((shift.owes(lyon), shift.owes(day)), (1, 1));
    let second = forged(&mut shift, alert, "cmai/tunis", day);
    let now = shift.world.now;
    let desk = shift.world.desk(&day);
    desk.notice_came(&relay, 901, second, now).unwrap();
    assert_eq!(unseen(&mut shift, day), []);
    shift.acknowledge(day, &alert, "S. Ben Ali");
    shift.world.settle();
    assert_eq!(
        shift.state(&alert, "cmai/tunis"),
        ObligationState::Acknowledged
    );
}

#[test]
fn a_tombstone_about_others_or_by_another_relay_is_held_against_the_relay() {
    let mut shift = shift();
    let day = shift.day;
    let strange = AlertId::from_bytes([7; 32]);
    let about_others = forged(&mut shift, strange, "interpol/lyon", day);
    let mine = forged(&mut shift, strange, "cmai/tunis", day);
    let now = shift.world.now;
    let desk = shift.world.desk(&day);
    let (lyon, other) = ("lyon".parse().unwrap(), "tunis".parse().unwrap());
    desk.notice_came(&lyon, 900, about_others, now).unwrap();
    desk.notice_came(&other, 901, mine, now).unwrap();
    assert_eq!(unseen(&mut shift, day), []);
    let incidents = shift.incidents_of(day);
    let statements = incidents
        .iter()
        .filter(|kind| matches!(kind, IncidentKind::RelayStatement { .. }));
    assert_eq!((statements.count(), incidents.len()), (2, 2));
}
