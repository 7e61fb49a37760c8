//! Reconciliation: two devices compare what they hold, and hand each other what one of them lacks.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::core::{AlertApart, IncidentKind, RoundEnd};
use maille_common::evidence::ObligationState;
use maille_common::identifier::AlertId;
use maille_common::limits::{DAY_MS, RECONCILED_DAYS};
use maille_common::time::Span;
use maille_tests::memory::MemoryWorld;
use maille_tests::network::{Network, address};
use maille_tests::pair::{LYON, Pair, RELAY, TUNIS, acknowledge, apart};

#[test]
fn equal_desks_exchange_one_digest_and_stop() {
    let mut pair = Pair::new();
    let _ = pair.write();
    let _ = pair.write();
    let before = pair.world.letters();
    let found = pair.compare();
    assert_eq!(found.end, Some(RoundEnd::Same));
    let [day] = found.days[..] else {
        panic!("{found:?}");
    };
    assert_eq!((day.sent, day.received_there), (2, 2));
    assert_eq!((found.given, found.taken), (0, 0));
    assert_eq!(
        pair.world.letters() - before,
        2,
        "a question and its answer"
    );
}

#[test]
fn a_receipt_that_a_relay_withholds_comes_by_reconciliation() {
    let mut pair = Pair::new();
    let (lyon, tunis) = (pair.lyon, pair.tunis);
    let alert = pair.withheld_acknowledgement();
    assert_eq!(pair.state(&alert), ObligationState::Open);
    let found = pair.compare();
    assert_eq!(found.end, Some(RoundEnd::Mended), "{found:?}");
    assert!(found.taken > 0);
    assert_eq!(pair.state(&alert), ObligationState::Acknowledged);
    assert_eq!(pair.compare().end, Some(RoundEnd::Same));
    assert_eq!(pair.apart(lyon), Vec::<Vec<AlertId>>::new());
    assert_eq!(pair.apart(tunis), Vec::<Vec<AlertId>>::new());
}

#[test]
fn an_alert_that_a_relay_withholds_is_sent_again() {
    let mut pair = Pair::new();
    let (lyon, tunis) = (pair.lyon, pair.tunis);
    let alert = pair.world.send(&lyon, &[TUNIS], "Withheld");
    pair.world.meet(&lyon, RELAY);
    let mail = pair.world.mail(RELAY, &tunis);
    pair.world
        .withheld
        .extend(mail.into_iter().map(|number| (tunis, number)));
    pair.later();
    let found = pair.compare();
    assert_eq!(found.again, [alert], "{found:?}");
    assert_eq!(found.end, Some(RoundEnd::Mended));
    assert!(pair.world.desk(&tunis).received(&alert).unwrap().is_some());
    assert_eq!(pair.compare().end, Some(RoundEnd::Same));
    assert_eq!(pair.apart(tunis), Vec::<Vec<AlertId>>::new());
}

#[test]
fn an_inbox_that_was_lost_fills_again_and_nothing_is_open_twice() {
    let mut pair = Pair::new();
    let alerts = [pair.write(), pair.write()];
    let tunis = pair.tunis;
    // No relay has the alerts any more; the outbox keeps them for 14 days.
    pair.world.pass(Span::from_days(9));
    pair.world.tick();
    pair.world.lose_desk(&tunis);
    pair.world.settle();
    pair.later();
    let found = pair.compare();
    assert_eq!(found.end, Some(RoundEnd::Mended), "{found:?}");
    let mut again = found.again;
    let mut sent = alerts.to_vec();
    again.sort_unstable();
    sent.sort_unstable();
    assert_eq!(again, sent);
    for alert in &alerts {
        assert!(pair.world.desk(&tunis).received(alert).unwrap().is_some());
        assert_eq!(pair.state(alert), ObligationState::Acknowledged);
    }
    // Its own acknowledgements came back with them.
    assert_eq!(pair.open_at(tunis), 0);
    assert_eq!(pair.compare().end, Some(RoundEnd::Same));
}

#[test]
fn what_a_sender_forgot_with_its_store_is_an_incident_on_both_desks_once() {
    let mut pair = Pair::new();
    let (lyon, tunis) = (pair.lyon, pair.tunis);
    let kept = pair.write();
    pair.world.save_desk(&lyon);
    let forgotten = pair.write();
    pair.world.restore_desk(&lyon);
    pair.world.settle();
    pair.later();
    let found = pair.compare();
    assert_eq!(found.end, Some(RoundEnd::Apart), "{found:?}");
    assert_eq!(found.apart.len(), 1);
    assert_eq!(found.apart[0].alert, forgotten);
    assert_eq!(pair.state(&kept), ObligationState::Acknowledged);
    assert_eq!(pair.apart(lyon), [[forgotten]]);
    assert_eq!(pair.apart(tunis), [[forgotten]]);
    assert_eq!(pair.compare().end, Some(RoundEnd::Apart));
    assert_eq!(pair.apart(lyon).len(), 1, "the same is told once");
    assert_eq!(pair.apart(tunis).len(), 1);
    let incidents = pair.world.desk(&lyon).incidents_after(0, 100).unwrap();
    let of_receipts = |kind: &IncidentKind| matches!(kind, IncidentKind::Receipt { .. });
    assert!(!incidents.iter().any(|(_, one)| of_receipts(&one.kind)));
}

/// Two devices of each contact: each compares with each, and what the other device did is learned.
#[test]
fn two_devices_on_each_side_compare_each_with_each() {
    let homes: &[&str] = &[RELAY];
    let mut network = Network::found(62, &[("interpol", homes), ("cmai", homes)]);
    let senders = [network.admit(LYON), network.admit(LYON)];
    let recipients = [network.admit(TUNIS), network.admit(TUNIS)];
    let mut world = MemoryWorld::new(network);
    world.settle();
    let alerts = senders.map(|from| world.send(&from, &[TUNIS], "To both"));
    world.settle();
    acknowledge(&mut world, recipients[0], &alerts[0]);
    world.settle();
    world.pass(Span::from_minutes(11));
    world.tick();
    for sender in &senders {
        let rounds = world.compare(sender, TUNIS, 90);
        assert_eq!(rounds.len(), 2);
        for round in rounds {
            assert_eq!(round.end, Some(RoundEnd::Same), "{round:?}");
            assert_eq!(
                round.days[0].sent, 1,
                "what the other device sent is not its own"
            );
            assert_eq!(round.days[0].received_there, 1);
        }
    }
    // One of them loses its inbox, after the relays have dropped what is in it.
    world.pass(Span::from_days(9));
    world.tick();
    world.lose_desk(&recipients[1]);
    world.settle();
    // The other sender's day is over meanwhile, and it compares by itself.
    for round in world.compare(&senders[0], TUNIS, 90) {
        let lost = round.device == recipients[1];
        assert_eq!(round.again.len(), usize::from(lost), "{round:?}");
    }
    for alert in &alerts {
        let desk = world.desk(&recipients[1]);
        assert!(desk.received(alert).unwrap().is_some());
    }
    for sender in &senders {
        let rounds = world.compare(sender, TUNIS, 90);
        assert!(rounds.iter().all(|round| round.end == Some(RoundEnd::Same)));
    }
    for device in senders.iter().chain(&recipients) {
        assert_eq!(apart(&mut world, device), Vec::<Vec<AlertApart>>::new());
    }
}

#[test]
fn evidence_that_is_withheld_in_one_direction_is_an_incident_on_both_desks() {
    let mut pair = Pair::new();
    let (lyon, tunis) = (pair.lyon, pair.tunis);
    let alert = pair.withheld_acknowledgement();
    let now = pair.world.now;
    let asked = pair.world.desk(&lyon).reconcile_with(&address(TUNIS), now);
    let _ = asked.unwrap();
    // Digests, holdings, holdings; and then the evidence, which stays at the relay.
    for _ in 0..3 {
        assert_eq!(pair.world.reconcile(), 1);
        pair.world.settle();
    }
    assert_eq!(pair.world.reconcile(), 1);
    pair.world.meet(&tunis, RELAY);
    let evidence = pair.world.mail(RELAY, &lyon);
    assert_eq!(evidence.len(), 1);
    pair.world.withheld.insert((lyon, evidence[0]));
    for _ in 0..90 {
        pair.world.pass(Span::from_minutes(1));
        pair.world.tick();
        while pair.world.reconcile() > 0 {
            pair.world.settle();
        }
    }
    let found = pair.world.desk(&lyon).reconciled(&address(TUNIS)).unwrap();
    assert_eq!(found[0].end, Some(RoundEnd::Apart), "{found:?}");
    assert_eq!(pair.apart(lyon), [[alert]]);
    assert_eq!(pair.apart(tunis), [[alert]]);
    // It comes after all: the next round finds both the same.
    pair.world.withheld.clear();
    pair.world.settle();
    let _ = pair.compare();
    assert_eq!(pair.state(&alert), ObligationState::Acknowledged);
    assert_eq!(pair.compare().end, Some(RoundEnd::Same));
}

/// Everything that a relay ever pushed comes once more, long after it was true.
#[test]
fn letters_that_a_relay_brings_again_say_nothing() {
    let mut pair = Pair::new();
    let (lyon, tunis) = (pair.lyon, pair.tunis);
    let alert = pair.withheld_acknowledgement();
    let now = pair.world.now;
    let asked = pair.world.desk(&lyon).reconcile_with(&address(TUNIS), now);
    let _ = asked.unwrap();
    let mut pushes = Vec::new();
    while pair.world.reconcile() > 0 {
        for device in [lyon, tunis] {
            pair.world.submit_alone(RELAY, &device);
        }
        for device in [lyon, tunis] {
            for number in pair.world.mail(RELAY, &device) {
                let push = pair.world.relay(RELAY).push(&device, number).unwrap();
                pushes.push((device, push.unwrap()));
            }
        }
        pair.world.settle();
    }
    assert_eq!(pair.state(&alert), ObligationState::Acknowledged);
    assert_eq!(pushes.len(), 6, "six letters");
    let before = pair.world.letters();
    for (device, push) in pushes {
        let _ = pair.world.take_push(&device, &RELAY.parse().unwrap(), push);
        while pair.world.reconcile() > 0 {
            pair.world.settle();
        }
    }
    assert!(
        pair.world.letters() - before <= 1,
        "at most the question is answered"
    );
    assert_eq!(pair.apart(lyon), Vec::<Vec<AlertId>>::new());
    assert_eq!(pair.apart(tunis), Vec::<Vec<AlertId>>::new());
}

#[test]
fn the_recipient_learns_that_an_alert_expired_at_its_sender() {
    let mut pair = Pair::new();
    let (lyon, tunis) = (pair.lyon, pair.tunis);
    let alert = pair.world.send(&lyon, &[TUNIS], "Nobody looked");
    pair.world.settle();
    pair.world.pass(Span::from_hours(25));
    pair.world.tick();
    assert_eq!(pair.state(&alert), ObligationState::Expired);
    assert_eq!(pair.open_at(tunis), 1);
    let found = pair.compare();
    assert_eq!((found.given, found.taken), (1, 0), "{found:?}");
    assert_eq!(pair.open_at(tunis), 0);
    assert_eq!(pair.compare().end, Some(RoundEnd::Same));
    // An acknowledgement after that supersedes it.
    pair.acknowledge(&alert);
    pair.world.settle();
    assert_eq!(pair.state(&alert), ObligationState::Acknowledged);
}

#[test]
fn desks_that_wrote_to_each_other_compare_daily_by_themselves_for_a_fortnight() {
    let mut pair = Pair::new();
    let _ = pair.write();
    let hours = |pair: &mut Pair, hours: u32| {
        let before = pair.world.letters();
        for _ in 0..hours {
            pair.world.pass(Span::from_hours(1));
            pair.world.tick();
            while pair.world.reconcile() > 0 {
                pair.world.settle();
            }
        }
        pair.world.letters() - before
    };
    // Both ask within the first day; each question has one answer.
    assert_eq!(hours(&mut pair, 27), 4);
    let a_week = hours(&mut pair, 7 * 24);
    assert!((4 * 6..=4 * 9).contains(&a_week), "{a_week}");
    let _ = hours(&mut pair, 8 * 24);
    assert_eq!(hours(&mut pair, 7 * 24), 0);
}

#[test]
fn a_desk_that_never_answers_leaves_the_round_to_end_by_itself() {
    let mut pair = Pair::new();
    let _ = pair.write();
    let (lyon, tunis) = (pair.lyon, pair.tunis);
    let now = pair.world.now;
    let asked = pair.world.desk(&lyon).reconcile_with(&address(TUNIS), now);
    let _ = asked.unwrap();
    for _ in 0..25 {
        let (now, random) = (
            pair.world.now,
            &mut maille_tests::randomness::Seeded::new(9),
        );
        let _ = pair.world.desk(&lyon).reconcile(now, random).unwrap();
        pair.world.meet(&lyon, RELAY);
        pair.world.pass(Span::from_hours(1));
        pair.world.tick();
    }
    let found = pair.world.desk(&lyon).reconciled(&address(TUNIS)).unwrap();
    assert_eq!(found[0].end, Some(RoundEnd::Unanswered));
    assert_eq!(pair.apart(lyon), Vec::<Vec<AlertId>>::new());
    assert_eq!(pair.apart(tunis), Vec::<Vec<AlertId>>::new());
    assert_eq!(pair.compare().end, Some(RoundEnd::Same));
}

/// The window moves at midnight; a round that has begun keeps the one it began with.
#[test]
fn midnight_passes_during_a_round_over_the_oldest_day() {
    let mut pair = Pair::new();
    let (lyon, tunis) = (pair.lyon, pair.tunis);
    let alert = pair.withheld_acknowledgement();
    let midnight = pair.world.now.unix_ms() / DAY_MS * DAY_MS;
    let days = u64::from(RECONCILED_DAYS - 3) + 1;
    let late = midnight + days * DAY_MS - 60_000;
    pair.world
        .pass(Span::from_ms(late - pair.world.now.unix_ms()));
    pair.world.tick();
    let now = pair.world.now;
    let asked = pair.world.desk(&lyon).reconcile_with(&address(TUNIS), now);
    let _ = asked.unwrap();
    for _ in 0..8 {
        let _ = pair.world.reconcile();
        pair.world.settle();
        pair.world.pass(Span::from_seconds(50));
        pair.world.tick();
    }
    let found = pair.world.desk(&lyon).reconciled(&address(TUNIS)).unwrap();
    assert_eq!(found[0].end, Some(RoundEnd::Mended), "{found:?}");
    assert_eq!(pair.state(&alert), ObligationState::Acknowledged);
    assert_eq!(pair.apart(lyon), Vec::<Vec<AlertId>>::new());
    assert_eq!(pair.apart(tunis), Vec::<Vec<AlertId>>::new());
}

/// It has no tombstone either: nobody is told of a letter that came too late.
#[test]
fn a_relay_forgets_a_letter_that_nobody_fetched() {
    let mut pair = Pair::new();
    let (lyon, tunis) = (pair.lyon, pair.tunis);
    assert_eq!(pair.compare().end, Some(RoundEnd::Same));
    pair.world.pass(Span::from_hours(25));
    pair.world.tick();
    let before = pair.world.relay_records(RELAY);
    let now = pair.world.now;
    let asked = pair.world.desk(&lyon).reconcile_with(&address(TUNIS), now);
    let _ = asked.unwrap();
    assert_eq!(pair.world.reconcile(), 1);
    pair.world.meet(&lyon, RELAY);
    assert_eq!(pair.world.mail(RELAY, &tunis).len(), 1);
    assert!(pair.world.relay_records(RELAY) > before);
    pair.world.pass(Span::from_hours(25));
    pair.world.tick();
    assert!(pair.world.mail(RELAY, &tunis).is_empty());
    assert!(pair.world.mail(RELAY, &lyon).is_empty());
    assert_eq!(pair.world.relay_records(RELAY), before);
}
