//! Deputies: asked in the order of the roster while nobody acknowledges, and never before.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::core::{Act, EventKind, Order, RefuseReason};
use maille_common::address::DeviceId;
use maille_common::blob::{BlobId, BlobRef};
use maille_common::evidence::ObligationState;
use maille_common::identifier::AlertId;
use maille_common::terms::{Kind, NoticeKind, Release};
use maille_common::time::Span;
use maille_common::wire::RefusalCode;
use maille_tests::memory::{MemoryWorld, order};
use maille_tests::network::{Network, address};
use maille_tests::randomness::Seeded;

/// A desk that sends, one that is addressed, and its two deputies, all at one relay.
struct Escalation {
    world: MemoryWorld,
    lyon: DeviceId,
    tunis: DeviceId,
    amman: DeviceId,
    rabat: DeviceId,
}

/// The first deputy is asked ten minutes after `ack_within`, the second twenty after the first.
fn escalation() -> Escalation {
    escalation_in(|_| {})
}

fn escalation_in(change: impl FnOnce(&mut Network)) -> Escalation {
    let mut network = Network::found(23, &[("interpol", &["lyon"]), ("cmai", &["lyon"])]);
    let lyon = network.admit("interpol/lyon");
    let tunis = network.admit("cmai/tunis");
    let amman = network.admit("cmai/amman");
    let rabat = network.admit("cmai/rabat");
    network.deputise("cmai/tunis", "cmai/amman", Span::from_minutes(10));
    network.deputise("cmai/tunis", "cmai/rabat", Span::from_minutes(20));
    change(&mut network);
    let mut world = MemoryWorld::new(network);
    world.settle();
    Escalation {
        world,
        lyon,
        tunis,
        amman,
        rabat,
    }
}

impl Escalation {
    /// Time passes, everybody does what is due, and everybody meets.
    fn after(&mut self, span: Span) {
        self.world.pass(span);
        self.world.tick();
        self.world.settle();
    }

    fn publish(&mut self) {
        let documents = self.world.network.publish();
        self.world.spread_to_relay("lyon", &documents);
    }

    fn act(&mut self, desk: DeviceId, alert: &AlertId, act: &Act, officer: Option<&str>) {
        let (now, mut random) = (self.world.now, Seeded::new(5));
        let desk = self.world.desk(&desk);
        desk.act(alert, act, officer, "", now, &mut random).unwrap();
        self.world.settle();
    }

    fn has(&mut self, desk: DeviceId, alert: &AlertId) -> bool {
        let inbox = self.world.desk(&desk).inbox().unwrap();
        inbox.iter().any(|entry| entry.id == *alert)
    }

    fn principals_of(&mut self, desk: DeviceId, alert: &AlertId) -> Vec<String> {
        let inbox = self.world.desk(&desk).inbox().unwrap();
        let entry = inbox.iter().find(|entry| entry.id == *alert).unwrap();
        let principals = entry.deputy_for.iter();
        principals.map(|found| found.contact.to_string()).collect()
    }

    /// What the relay signed about the steps: kind, step, whether it is uncertain.
    fn told(&mut self, alert: &AlertId) -> Vec<(NoticeKind, u8, bool)> {
        let now = self.world.now;
        let track = self.world.desk(&self.lyon).track(alert, now).unwrap();
        let mut notices = track.unwrap().recipients.remove(0).notices;
        notices.retain(|notice| notice.statement.step > 0);
        let told = notices.iter().map(|notice| {
            let notice = &notice.statement;
            (notice.kind, notice.step, notice.uncertain)
        });
        let mut told: Vec<_> = told.collect();
        told.sort_by_key(|(_, step, _)| *step);
        told
    }

    fn events(&mut self, desk: DeviceId) -> Vec<EventKind> {
        let events = self
            .world
            .desk(&desk)
            .events_after(0, 10_000, true)
            .unwrap();
        events
            .into_iter()
            .map(|numbered| numbered.event.kind)
            .collect()
    }

    fn incidents(&mut self, desk: DeviceId) -> Vec<EventKind> {
        let mut events = self.events(desk);
        events.retain(|kind| matches!(kind, EventKind::Incident { .. }));
        events
    }
}

#[test]
fn a_deputy_that_asks_for_its_mail_before_its_turn_gets_nothing() {
    let mut asked = escalation();
    let alert = asked.world.send(&asked.lyon, &["cmai/tunis"], "Held back");
    let sealed = asked.world.desk(&asked.lyon).submission(&alert).unwrap();
    let sealed = sealed.unwrap().entries.into_vec();
    let held = sealed.iter().map(|submitted| &submitted.entry);
    let held: Vec<_> = held
        .filter(|entry| entry.release == Release::After)
        .map(|entry| (entry.device, entry.recipient, entry.step))
        .collect();
    assert_eq!(held.len(), 2, "each deputy has a wrap of its own");
    assert!(held.contains(&(asked.amman, 0, 1)) && held.contains(&(asked.rabat, 0, 2)));
    asked.world.settle();
    for deputy in [asked.amman, asked.rabat] {
        assert!(asked.world.mail("lyon", &deputy).is_empty());
        assert!(asked.world.desk(&deputy).inbox().unwrap().is_empty());
    }
    assert_eq!(asked.world.desk(&asked.tunis).inbox().unwrap().len(), 1);
    assert_eq!(asked.world.account("lyon").wraps_held, 2);
}

#[test]
fn a_deputy_fetches_attachments_when_it_is_asked_and_not_before() {
    let mut asked = escalation();
    let blob = BlobRef {
        id: BlobId::from_bytes([9; 32]),
        length: 70_000,
    };
    asked.world.shelve(blob.id);
    let with_attachment = Order {
        blobs: vec![blob],
        ..order(&["cmai/tunis"], "With a picture")
    };
    let alert = asked.world.order(&asked.lyon, &with_attachment).id;
    asked.world.submit_alone("lyon", &asked.lyon);
    let may_fetch = |asked: &mut Escalation, device: DeviceId| {
        let relay = asked.world.relay("lyon");
        relay.may_fetch(&device, &alert, &blob.id).unwrap()
    };
    let (tunis, amman) = (asked.tunis, asked.amman);
    assert_eq!(may_fetch(&mut asked, tunis), Ok(()));
    assert_eq!(may_fetch(&mut asked, amman), Err(RefusalCode::NotAddressed));
    asked.world.pass(Span::from_minutes(40));
    asked.world.tick();
    assert_eq!(may_fetch(&mut asked, amman), Ok(()));
}

#[test]
fn a_deputy_that_was_never_asked_is_in_no_tombstone() {
    let mut asked = escalation();
    asked.world.send(&asked.lyon, &["cmai/tunis"], "Answered");
    asked.world.settle();
    // The recipient's device has it, and nobody acts for nine days.
    asked.world.pass(Span::from_days(9));
    asked.world.tick();
    asked.world.tick();
    for deputy in [asked.amman, asked.rabat] {
        assert!(asked.world.mail("lyon", &deputy).is_empty());
    }
    let account = asked.world.account("lyon");
    assert!(account.is_sound(), "{account:#?}");
    assert_eq!(account.alerts_purged, 1);
}

#[test]
fn deputies_are_asked_in_the_order_of_the_roster_each_after_its_delay_and_never_before() {
    let mut asked = escalation();
    let alert = asked.world.send(&asked.lyon, &["cmai/tunis"], "In order");
    asked.world.settle();
    let instant = Span::from_ms(1);
    asked.after(Span::from_minutes(40) - instant);
    assert!(!asked.has(asked.amman, &alert), "a moment too early");
    asked.after(instant);
    assert_eq!(asked.principals_of(asked.amman, &alert), ["cmai/tunis"]);
    asked.after(Span::from_minutes(20) - instant);
    assert!(!asked.has(asked.rabat, &alert), "a moment too early");
    asked.after(instant);
    assert_eq!(asked.principals_of(asked.rabat, &alert), ["cmai/tunis"]);
    let released = [
        (NoticeKind::Released, 1, false),
        (NoticeKind::Released, 2, false),
    ];
    assert_eq!(asked.told(&alert), released, "signed, for the sender");
    let told = asked.events(asked.tunis);
    let notices = told.iter().filter(|kind| {
        matches!(
            kind,
            EventKind::Notice {
                kind: NoticeKind::Released,
                ..
            }
        )
    });
    assert_eq!(
        notices.count(),
        2,
        "the contact in whose place they are asked hears of it"
    );
    let account = asked.world.account("lyon");
    assert_eq!((account.wraps_held, account.escalations_running), (0, 0));
}

#[test]
fn a_deputys_acknowledgement_closes_the_obligation_as_such_and_asks_nobody_else() {
    let mut asked = escalation();
    let alert = asked.world.send(&asked.lyon, &["cmai/tunis"], "Taken on");
    asked.world.settle();
    asked.after(Span::from_minutes(40));
    asked.act(asked.amman, &alert, &Act::Acknowledge, Some("Rania"));
    asked.after(Span::from_hours(5));
    assert!(!asked.has(asked.rabat, &alert));
    let now = asked.world.now;
    let track = asked.world.desk(&asked.lyon).track(&alert, now).unwrap();
    let recipient = track.unwrap().recipients.remove(0);
    assert_eq!(recipient.standing.state, ObligationState::Acknowledged);
    let (receipt, _) = recipient.receipts.last().unwrap();
    let by = (&receipt.statement.recipient, &receipt.statement.contact);
    assert_eq!(by, (&address("cmai/tunis"), &address("cmai/amman")));
    let known = asked.world.desk(&asked.tunis).events_after(0, 1000, true);
    assert!(
        known.is_ok(),
        "the principal's desk takes the deputy's receipt"
    );
    assert!(asked.incidents(asked.tunis).is_empty());
    assert_eq!(asked.world.account("lyon").all.acknowledged, 1);
}

#[test]
fn whoever_acknowledges_in_time_keeps_the_deputies_out_of_it() {
    let mut asked = escalation();
    let alert = asked.world.send(&asked.lyon, &["cmai/tunis"], "In time");
    asked.world.settle();
    asked.after(Span::from_minutes(35));
    asked.act(asked.tunis, &alert, &Act::Acknowledge, Some("Amina"));
    asked.after(Span::from_hours(5));
    assert!(!asked.has(asked.amman, &alert) && !asked.has(asked.rabat, &alert));
    assert!(asked.told(&alert).is_empty());
    assert_eq!(asked.world.account("lyon").escalations_running, 0);
}

#[test]
fn a_programs_acknowledgement_stops_an_escalation_only_where_the_roster_says_so() {
    for counts in [false, true] {
        let mut asked = escalation_in(|network| {
            if counts {
                network.let_programs_acknowledge("cmai/tunis");
            }
        });
        let alert = asked
            .world
            .send(&asked.lyon, &["cmai/tunis"], "By a program");
        asked.world.settle();
        asked.act(asked.tunis, &alert, &Act::Acknowledge, None);
        asked.after(Span::from_minutes(40));
        assert_eq!(asked.has(asked.amman, &alert), !counts);
    }
}

#[test]
fn a_refusal_and_a_cancel_stop_an_escalation() {
    let mut asked = escalation();
    let refused = asked.world.send(&asked.lyon, &["cmai/tunis"], "Not ours");
    let cancelled = asked.world.send(&asked.lyon, &["cmai/tunis"], "A mistake");
    asked.world.settle();
    let act = Act::Refuse(RefuseReason::NotOurs { suggested: None });
    asked.act(asked.tunis, &refused, &act, Some("Amina"));
    let cancel = Order {
        kind: Kind::Cancel,
        refers_to: Some(cancelled),
        ack_within: Span::from_hours(20),
        ..order(&["cmai/tunis"], "Taken back")
    };
    asked.world.order(&asked.lyon, &cancel);
    asked.world.settle();
    asked.after(Span::from_hours(5));
    for alert in [refused, cancelled] {
        assert!(!asked.has(asked.amman, &alert));
    }
}

#[test]
fn what_stopped_an_escalation_stops_it_after_the_relay_lost_its_disk() {
    let mut asked = escalation();
    // Somebody else owes an answer, so that it is submitted again.
    let to = ["cmai/rabat", "cmai/tunis"];
    let acknowledged = asked.world.send(&asked.lyon, &to, "Answered");
    let open = asked.world.send(&asked.lyon, &["cmai/tunis"], "Open");
    asked.world.settle();
    asked.act(asked.tunis, &acknowledged, &Act::Acknowledge, Some("Amina"));
    asked.world.lose_relay("lyon");
    // The recipient is there first, and says again what it has answered.
    let tunis = asked.tunis;
    asked.world.meet(&tunis, "lyon");
    asked.world.settle();
    assert_eq!(asked.world.account("lyon").alerts_kept, 2);
    asked.after(Span::from_minutes(40));
    assert!(!asked.has(asked.amman, &acknowledged));
    assert!(asked.has(asked.amman, &open), "the other one is asked for");
}

#[test]
fn a_sender_that_collects_elsewhere_is_told_and_two_relays_ask_a_deputy_once() {
    let organisations: [(&str, &[&str]); 2] =
        [("interpol", &["lyon"]), ("cmai", &["tunis", "amman"])];
    let mut network = Network::found(31, &organisations);
    let lyon = network.admit("interpol/lyon");
    let tunis = network.admit("cmai/tunis");
    let amman = network.admit("cmai/amman");
    network.deputise("cmai/tunis", "cmai/amman", Span::ZERO);
    let mut world = MemoryWorld::new(network);
    world.settle();
    let rabat = amman;
    let alert = world.send(&lyon, &["cmai/tunis"], "Held by two relays");
    world.settle();
    let mut asked = Escalation {
        world,
        lyon,
        tunis,
        amman,
        rabat,
    };
    asked.after(Span::from_minutes(30));
    let released = (NoticeKind::Released, 1, false);
    assert_eq!(asked.told(&alert), [released, released], "by each relay");
    let events = asked.events(asked.amman).into_iter();
    let arrived = events.filter(|kind| {
        matches!(
            kind,
            EventKind::Arrived { .. } | EventKind::AskedAsDeputy { .. }
        )
    });
    assert_eq!(
        arrived.count(),
        2,
        "it arrived once, and was asked for once"
    );
    asked.act(asked.amman, &alert, &Act::Acknowledge, Some("Rania"));
    for relay in ["tunis", "amman"] {
        assert_eq!(asked.world.account(relay).all.acknowledged, 1);
    }
}

#[test]
fn an_answer_is_remembered_by_a_relay_that_has_neither_the_alert_nor_the_sender() {
    let organisations: [(&str, &[&str]); 2] = [("interpol", &["lyon"]), ("cmai", &["tunis"])];
    let mut network = Network::found(29, &organisations);
    let lyon = network.admit("interpol/lyon");
    let tunis = network.admit("cmai/tunis");
    let amman = network.admit("cmai/amman");
    network.admit("cmai/rabat");
    network.deputise("cmai/tunis", "cmai/amman", Span::ZERO);
    let mut world = MemoryWorld::new(network);
    world.settle();
    let alert = world.send(&lyon, &["cmai/rabat", "cmai/tunis"], "Answered");
    world.settle();
    let (now, mut random) = (world.now, Seeded::new(5));
    let desk = world.desk(&tunis);
    desk.act(
        &alert,
        &Act::Acknowledge,
        Some("Amina"),
        "",
        now,
        &mut random,
    )
    .unwrap();
    world.settle();
    world.lose_relay("tunis");
    world.meet(&tunis, "tunis");
    world.settle();
    world.pass(Span::from_hours(1));
    world.tick();
    world.settle();
    assert_eq!(
        world.account("tunis").alerts_kept,
        1,
        "it was submitted again"
    );
    assert!(world.desk(&amman).inbox().unwrap().is_empty());
}

#[test]
fn a_step_that_nobody_can_take_does_not_wait_out_its_delay_and_it_is_said() {
    let mut asked = escalation();
    let alert = asked
        .world
        .send(&asked.lyon, &["cmai/tunis"], "Without Amman");
    asked.world.settle();
    let amman = asked.amman;
    asked.world.network.remove(&amman);
    asked.publish();
    asked.after(Span::from_minutes(30));
    let passed_over = (NoticeKind::PassedOver, 1, false);
    assert_eq!(
        asked.told(&alert),
        [passed_over],
        "its ten minutes are not spent"
    );
    asked.after(Span::from_minutes(20) - Span::from_ms(1));
    assert!(!asked.has(asked.rabat, &alert));
    asked.after(Span::from_ms(1));
    assert!(asked.has(asked.rabat, &alert));
    assert_eq!(
        asked.told(&alert),
        [passed_over, (NoticeKind::Released, 2, false)]
    );
}

#[test]
fn a_deputy_removed_while_its_delay_runs_makes_way_at_once() {
    let mut asked = escalation();
    let alert = asked
        .world
        .send(&asked.lyon, &["cmai/tunis"], "Removed meanwhile");
    asked.world.settle();
    asked.after(Span::from_minutes(33));
    let amman = asked.amman;
    asked.world.network.remove(&amman);
    asked.publish();
    asked.after(Span::from_minutes(1));
    assert_eq!(asked.told(&alert), [(NoticeKind::PassedOver, 1, false)]);
    asked.after(Span::from_minutes(16));
    assert!(
        asked.has(asked.rabat, &alert),
        "twenty minutes after it was overdue"
    );
}

#[test]
fn deputies_whom_nobody_could_seal_to_are_said_to_be_passed_over() {
    let mut asked = escalation_in(|network| {
        network.dismiss_deputies("cmai/tunis");
        network.deputise("cmai/tunis", "cmai/nobody", Span::from_minutes(10));
    });
    let alert = asked
        .world
        .send(&asked.lyon, &["cmai/tunis"], "Nobody there");
    asked.world.settle();
    asked.after(Span::from_minutes(30));
    assert_eq!(asked.told(&alert), [(NoticeKind::PassedOver, 1, false)]);
}

#[test]
fn expiry_ends_the_asking() {
    let mut asked = escalation();
    let brief = Order {
        expires_after: Span::from_minutes(50),
        ..order(&["cmai/tunis"], "Soon over")
    };
    let alert = asked.world.order(&asked.lyon, &brief).id;
    asked.world.settle();
    asked.after(Span::from_minutes(45));
    asked.after(Span::from_hours(2));
    assert!(asked.has(asked.amman, &alert) && !asked.has(asked.rabat, &alert));
    assert!(asked.world.account("lyon").is_sound());
}

#[test]
fn a_relay_killed_at_any_moment_asks_once() {
    let mut asked = escalation();
    let alert = asked.world.send(&asked.lyon, &["cmai/tunis"], "Once");
    asked.world.settle();
    for _ in 0..90 {
        asked.world.kill_relay("lyon");
        asked.after(Span::from_minutes(1));
        asked.world.kill_relay("lyon");
        asked.world.tick();
    }
    let released = [
        (NoticeKind::Released, 1, false),
        (NoticeKind::Released, 2, false),
    ];
    assert_eq!(asked.told(&alert), released);
    for deputy in [asked.amman, asked.rabat] {
        let arrived = asked.events(deputy).into_iter();
        let arrived = arrived.filter(|kind| matches!(kind, EventKind::Arrived { .. }));
        assert_eq!(arrived.count(), 1);
    }
}

#[test]
fn a_contact_that_was_addressed_and_is_asked_as_deputy_answers_for_both() {
    let mut asked = escalation();
    let to = ["cmai/amman", "cmai/tunis"];
    let alert = asked.world.send(&asked.lyon, &to, "To both");
    asked.world.settle();
    asked.act(asked.amman, &alert, &Act::Acknowledge, Some("Rania"));
    let inbox = asked.world.desk(&asked.amman).inbox().unwrap();
    assert!(!inbox[0].is_open());
    asked.after(Span::from_minutes(40));
    let inbox = asked.world.desk(&asked.amman).inbox().unwrap();
    assert_eq!(inbox.len(), 1, "it is one alert");
    assert!(inbox[0].is_open(), "and is owed an answer again");
    assert_eq!(asked.principals_of(asked.amman, &alert), ["cmai/tunis"]);
    let events = asked.events(asked.amman);
    let arrived = events
        .iter()
        .filter(|kind| matches!(kind, EventKind::Arrived { .. }));
    assert_eq!(arrived.count(), 1, "never twice as new");
    let again = events
        .iter()
        .filter(|kind| matches!(kind, EventKind::AskedAsDeputy { .. }));
    assert_eq!(again.count(), 1);
    asked.act(asked.amman, &alert, &Act::Acknowledge, Some("Rania"));
    asked.act(asked.amman, &alert, &Act::Acknowledge, Some("Rania"));
    assert!(!asked.world.desk(&asked.amman).inbox().unwrap()[0].is_open());
    let outbox = asked.world.desk(&asked.lyon).outbox().unwrap();
    let states: Vec<_> = outbox[0].states.values().copied().collect();
    assert_eq!(states, [ObligationState::Acknowledged; 2]);
    for desk in [asked.lyon, asked.tunis, asked.amman] {
        assert!(asked.incidents(desk).is_empty());
    }
    assert_eq!(asked.world.account("lyon").all.acknowledged, 2);
}

#[test]
fn nobody_who_sets_a_clock_moves_a_deadline_and_a_gap_makes_it_uncertain() {
    let mut asked = escalation();
    let alert = asked
        .world
        .send(&asked.lyon, &["cmai/tunis"], "By the clock");
    asked.world.settle();
    let wall = asked.world.now;
    asked.world.set_wall(wall + Span::from_days(300));
    asked.after(Span::from_minutes(39));
    assert!(!asked.has(asked.amman, &alert), "a year later by the wall");
    asked.world.set_wall(wall - Span::from_minutes(30));
    asked.after(Span::from_minutes(1));
    assert!(asked.has(asked.amman, &alert));
    let off = asked.world.now + Span::from_minutes(25);
    asked.world.reboot(off);
    asked.after(Span::ZERO);
    let told = [
        (NoticeKind::Released, 1, false),
        (NoticeKind::Released, 2, true),
    ];
    assert_eq!(asked.told(&alert), told);
    let expired = Span::from_hours(24);
    asked.after(expired);
    let now = asked.world.now;
    let track = asked.world.desk(&asked.lyon).track(&alert, now).unwrap();
    let recipient = track.unwrap().recipients.remove(0);
    assert_eq!(recipient.standing.state, ObligationState::Expired);
    assert!(recipient.uncertain && recipient.expiries[0].statement.uncertain);
}

#[test]
fn a_sender_is_told_as_overdue_once_by_its_own_clock_while_no_relay_can_be_reached() {
    let mut asked = escalation();
    asked.world.down.insert("lyon".to_owned());
    let alert = asked
        .world
        .send(&asked.lyon, &["cmai/tunis"], "Nobody hears it");
    let overdue = |asked: &mut Escalation| {
        let events = asked.events(asked.lyon);
        let told = events
            .iter()
            .filter(|kind| matches!(kind, EventKind::Overdue { .. }));
        (
            told.count(),
            asked.world.desk(&asked.lyon).outbox().unwrap()[0].overdue,
        )
    };
    let lyon = asked.lyon;
    asked.world.pass(Span::from_minutes(30) - Span::from_ms(1));
    asked.world.tick_desk(&lyon);
    assert_eq!(overdue(&mut asked), (0, false));
    asked.world.set_wall(asked.world.now - Span::from_hours(3));
    asked.world.pass(Span::from_ms(1));
    for _ in 0..3 {
        asked.world.kill_desk(&lyon);
        asked.world.tick_desk(&lyon);
        assert_eq!(overdue(&mut asked), (1, true));
        asked.world.pass(Span::from_minutes(5));
    }
    let now = asked.world.now;
    let track = asked.world.desk(&lyon).track(&alert, now).unwrap().unwrap();
    assert!(track.recipients[0].overdue && !track.recipients[0].uncertain);
}
