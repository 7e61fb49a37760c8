//! Updates, cancels and addenda: they reach everybody who holds the alert, signed by any device of
//! the contact that sent it.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::sync::Arc;

use maille_client::core::{Act, EventKind, ExtendError, Extension, LedgerPage, Order, Track};
use maille_common::address::DeviceId;
use maille_common::codec::{SortedList, encode};
use maille_common::crypto::ed25519::SigningKey;
use maille_common::envelope::{Addressee, Core, Draft, Signer, Submission, seal};
use maille_common::evidence::ObligationState;
use maille_common::identifier::{AlertId, Epoch};
use maille_common::roster::Roster;
use maille_common::terms::{AckRule, Kind, NoticeKind, Release, Status, Urgency};
use maille_common::time::Span;
use maille_common::wire::Answer;
use maille_tests::memory::{MemoryWorld, order};
use maille_tests::network::{Network, address};
use maille_tests::randomness::Seeded;

/// Two devices of the contact that sends, one that is addressed with two deputies, and others.
struct Desks {
    world: MemoryWorld,
    lyon: DeviceId,
    second: DeviceId,
    tunis: DeviceId,
    amman: DeviceId,
    rabat: DeviceId,
    fez: DeviceId,
}

/// The first deputy is asked ten minutes after `ack_within`, the second twenty after the first.
fn desks() -> Desks {
    let mut network = Network::found(41, &[("interpol", &["lyon"]), ("cmai", &["lyon"])]);
    let lyon = network.admit("interpol/lyon");
    let second = network.admit("interpol/lyon");
    let tunis = network.admit("cmai/tunis");
    let amman = network.admit("cmai/amman");
    let rabat = network.admit("cmai/rabat");
    let fez = network.admit("cmai/fez");
    network.deputise("cmai/tunis", "cmai/amman", Span::from_minutes(10));
    network.deputise("cmai/tunis", "cmai/rabat", Span::from_minutes(20));
    network.deputise("cmai/fez", "cmai/rabat", Span::from_minutes(5));
    let mut world = MemoryWorld::new(network);
    world.settle();
    Desks {
        world,
        lyon,
        second,
        tunis,
        amman,
        rabat,
        fez,
    }
}

fn to(contacts: &[&str]) -> Extension {
    Extension {
        to: contacts.iter().map(|contact| address(contact)).collect(),
        ..Extension::default()
    }
}

fn deputies(contacts: &[&str]) -> Extension {
    Extension {
        deputies: contacts.iter().map(|contact| address(contact)).collect(),
        ..Extension::default()
    }
}

impl Desks {
    fn after(&mut self, span: Span) {
        self.world.pass(span);
        self.world.tick();
        self.world.settle();
    }

    fn has(&mut self, desk: DeviceId, alert: &AlertId) -> bool {
        let inbox = self.world.desk(&desk).inbox().unwrap();
        inbox.iter().any(|entry| entry.id == *alert)
    }

    fn holders(&mut self, alert: &AlertId) -> Vec<&'static str> {
        let desks = [
            (self.tunis, "tunis"),
            (self.amman, "amman"),
            (self.rabat, "rabat"),
            (self.fez, "fez"),
        ];
        let holds = desks.into_iter().filter(|(desk, _)| self.has(*desk, alert));
        holds.map(|(_, name)| name).collect()
    }

    fn act(&mut self, desk: DeviceId, alert: &AlertId) {
        let (now, mut random) = (self.world.now, Seeded::new(5));
        let desk = self.world.desk(&desk);
        let by = Some("Amina");
        desk.act(alert, &Act::Acknowledge, by, "", now, &mut random)
            .unwrap();
        self.world.settle();
    }

    fn track(&mut self, desk: DeviceId, alert: &AlertId) -> Track {
        let now = self.world.now;
        self.world.desk(&desk).track(alert, now).unwrap().unwrap()
    }

    fn states(&mut self, desk: DeviceId, alert: &AlertId) -> Vec<(String, ObligationState)> {
        let track = self.track(desk, alert);
        let states = track.recipients.iter();
        states
            .map(|one| (one.contact.to_string(), one.standing.state))
            .collect()
    }

    fn events(&mut self, desk: DeviceId) -> Vec<EventKind> {
        let events = self.world.desk(&desk).events_after(0, 10_000, true);
        let events = events.unwrap().into_iter();
        events.map(|numbered| numbered.event.kind).collect()
    }

    fn no_incidents(&mut self) {
        let desks = [
            self.lyon,
            self.second,
            self.tunis,
            self.amman,
            self.rabat,
            self.fez,
        ];
        for desk in desks {
            let mut events = self.events(desk);
            events.retain(|kind| matches!(kind, EventKind::Incident { .. }));
            assert_eq!(events, []);
        }
    }
}

#[test]
fn update_and_cancel_reach_recipients_who_were_added_and_deputies_who_were_asked_at_once() {
    let mut desks = desks();
    let lyon = desks.lyon;
    let alert = desks.world.send(&lyon, &["cmai/tunis"], "First words");
    desks.world.settle();
    desks
        .world
        .extend(&lyon, &alert, &to(&["cmai/fez"]))
        .unwrap();
    desks.world.settle();
    desks.after(Span::from_minutes(40));
    assert_eq!(
        desks.holders(&alert),
        ["tunis", "amman", "rabat", "fez"],
        "amman was asked for tunis, rabat for fez"
    );
    for kind in [Kind::Update, Kind::Cancel] {
        let said = desks.world.amend(&lyon, kind, alert, "Better words");
        desks.world.settle();
        assert_eq!(desks.holders(&said), ["tunis", "amman", "rabat", "fez"]);
    }
    let amman = desks.amman;
    let inbox = desks.world.desk(&amman).inbox().unwrap();
    let shown = inbox.iter().find(|entry| entry.id == alert).unwrap();
    assert_eq!(shown.amendments.len(), 2);
    assert!(shown.cancel().is_some());
    desks.no_incidents();
}

#[test]
fn a_deputy_asked_after_an_update_gets_the_update_as_well() {
    let mut desks = desks();
    let lyon = desks.lyon;
    let alert = desks.world.send(&lyon, &["cmai/tunis"], "First words");
    desks.world.settle();
    let update = desks.world.amend(&lyon, Kind::Update, alert, "More words");
    desks.world.settle();
    assert_eq!(desks.holders(&update), ["tunis"]);
    desks.act(desks.tunis, &update);
    desks.after(Span::from_minutes(40));
    desks.after(Span::from_ms(1));
    assert_eq!(desks.holders(&alert), ["tunis", "amman"]);
    assert_eq!(
        desks.holders(&update),
        ["tunis", "amman"],
        "although it was acknowledged, so that no relay asks for it"
    );
    desks.no_incidents();
}

#[test]
fn the_other_device_of_the_sender_updates_cancels_and_adds() {
    let mut desks = desks();
    let (lyon, second) = (desks.lyon, desks.second);
    let alert = desks.world.send(&lyon, &["cmai/tunis"], "From one device");
    desks.world.settle();
    assert!(desks.has(second, &alert), "a copy");
    let added = desks.world.extend(&second, &alert, &to(&["cmai/fez"]));
    assert!(added.unwrap().addendum.is_some());
    desks.world.settle();
    let update = desks
        .world
        .amend(&second, Kind::Update, alert, "By another");
    desks.world.settle();
    assert_eq!(desks.holders(&alert), ["tunis", "fez"]);
    assert_eq!(desks.holders(&update), ["tunis", "fez"]);
    // Either device knows of both recipients, and of each other's words.
    for desk in [lyon, second] {
        let open = ObligationState::Open;
        let states = [
            ("cmai/tunis".to_owned(), open),
            ("cmai/fez".to_owned(), open),
        ];
        assert_eq!(desks.states(desk, &alert), states);
        assert_eq!(desks.track(desk, &alert).amendments.len(), 1);
        let page = LedgerPage {
            skip: 0,
            limit: 9,
            drills: false,
        };
        let now = desks.world.now;
        let ledger = desks.world.desk(&desk).ledger(page, now).unwrap();
        assert_eq!(ledger.total, 4, "two owe an answer, to alert and update");
    }
    desks.act(desks.fez, &alert);
    desks
        .world
        .amend(&second, Kind::Cancel, alert, "Taken back");
    desks.world.settle();
    for desk in [lyon, second] {
        let states = [
            ("cmai/tunis".to_owned(), ObligationState::Cancelled),
            ("cmai/fez".to_owned(), ObligationState::Acknowledged),
        ];
        assert_eq!(desks.states(desk, &alert), states);
    }
    desks.after(Span::from_hours(2));
    assert!(!desks.has(desks.amman, &alert), "the cancel stopped it");
    desks.no_incidents();
    // The addendum is in no outbox of the device that sent the alert, which goes on all the same.
    let _ = desks.world.network.admit("cmai/fez");
    let documents = desks.world.network.publish();
    let roster = Roster::found(desks.world.network.anchor(), &documents).unwrap();
    let (now, device) = (desks.world.now, desks.world.desk(&lyon));
    device.replace_roster(Arc::new(roster), now).unwrap();
    device.reconcile_with(&address("cmai/fez"), now).unwrap();
    device.reconcile(now, &mut Seeded::new(3)).unwrap();
}

#[test]
fn what_an_addendum_asks_for_runs_from_the_addendum_with_its_deadlines() {
    let mut desks = desks();
    let lyon = desks.lyon;
    let alert = desks.world.send(&lyon, &["cmai/tunis"], "Extended");
    desks.world.settle();
    desks.after(Span::from_minutes(25));
    let extension = Extension {
        ack_within: Some(Span::from_minutes(60)),
        expires_after: Some(Span::from_hours(3)),
        ..to(&["cmai/fez"])
    };
    desks.world.extend(&lyon, &alert, &extension).unwrap();
    desks.world.settle();
    let fez = desks.fez;
    let inbox = desks.world.desk(&fez).inbox().unwrap();
    let due = desks.world.now + Span::from_minutes(60);
    assert_eq!(inbox[0].ack_due, due);
    let overdue = |desks: &mut Desks| {
        let told = desks.events(desks.lyon).into_iter();
        let told = told.filter_map(|kind| match kind {
            EventKind::Overdue { recipient, .. } => Some(recipient.to_string()),
            _ => None,
        });
        told.collect::<Vec<_>>()
    };
    desks.after(Span::from_minutes(59));
    assert_eq!(overdue(&mut desks), ["cmai/tunis"]);
    desks.after(Span::from_minutes(1));
    assert_eq!(overdue(&mut desks), ["cmai/tunis", "cmai/fez"]);
    let rabat = desks.rabat;
    desks.after(Span::from_minutes(5));
    let inbox = desks.world.desk(&rabat).inbox().unwrap();
    let asked = inbox.iter().find(|entry| entry.id == alert).unwrap();
    let principals = asked.deputy_for.iter().map(|one| one.contact.to_string());
    assert_eq!(principals.collect::<Vec<_>>(), ["cmai/fez"]);
    desks.after(Span::from_hours(2));
    let track = desks.track(lyon, &alert);
    let [tunis, fez] = &track.recipients[..] else {
        panic!("two recipients");
    };
    assert_eq!(tunis.standing.state, ObligationState::Open);
    assert_eq!(fez.standing.state, ObligationState::Expired);
    assert_eq!((tunis.added_by, fez.added_by.is_some()), (None, true));
    desks.no_incidents();
}

#[test]
fn an_officer_asks_deputies_before_their_step_and_the_step_is_taken_once() {
    let mut desks = desks();
    let lyon = desks.lyon;
    let alert = desks.world.send(&lyon, &["cmai/tunis"], "Asked now");
    desks.world.settle();
    desks.after(Span::from_minutes(1));
    let asked = desks
        .world
        .extend(&lyon, &alert, &deputies(&["cmai/amman"]));
    assert_eq!(asked.unwrap().asked[0].step, 1);
    desks.world.settle();
    assert_eq!(desks.holders(&alert), ["tunis", "amman"]);
    let told = |desks: &mut Desks| {
        let track = desks.track(desks.lyon, &alert);
        let notices = track.recipients[0].notices.iter();
        let told = notices.map(|notice| (notice.statement.kind, notice.statement.step));
        told.collect::<Vec<_>>()
    };
    assert_eq!(told(&mut desks), [(NoticeKind::Released, 1)]);
    // The second step waits twenty minutes after `ack_within`, as the first is over.
    desks.after(Span::from_minutes(48));
    assert_eq!(desks.holders(&alert), ["tunis", "amman"]);
    desks.after(Span::from_minutes(1));
    assert_eq!(desks.holders(&alert), ["tunis", "amman", "rabat"]);
    let mut steps = told(&mut desks);
    steps.sort();
    let released = [(NoticeKind::Released, 1), (NoticeKind::Released, 2)];
    assert_eq!(steps, released);
    desks.act(desks.amman, &alert);
    let acknowledged = ("cmai/tunis".to_owned(), ObligationState::Acknowledged);
    assert_eq!(desks.states(lyon, &alert), [acknowledged]);
    desks.no_incidents();
}

#[test]
fn nobody_is_added_to_what_has_ended_is_anothers_or_has_them_already() {
    let mut desks = desks();
    let (lyon, tunis) = (desks.lyon, desks.tunis);
    let alert = desks.world.send(&lyon, &["cmai/tunis"], "Ended");
    desks.world.settle();
    let code = |refused: Result<_, ExtendError>| refused.map(drop).unwrap_err().code();
    let again = desks.world.extend(&lyon, &alert, &to(&["cmai/tunis"]));
    assert_eq!(code(again), "already-recipient");
    let stranger = desks.world.extend(&lyon, &alert, &deputies(&["cmai/fez"]));
    assert_eq!(code(stranger), "not-a-deputy");
    let nobody = desks.world.extend(&lyon, &alert, &Extension::default());
    assert_eq!(code(nobody), "nobody-added");
    let anothers = desks.world.extend(&tunis, &alert, &to(&["cmai/fez"]));
    assert_eq!(code(anothers), "not-yours");
    desks.act(tunis, &alert);
    let ended = desks.world.extend(&lyon, &alert, &to(&["cmai/fez"]));
    assert_eq!(code(ended), "alert-ended");
}

#[test]
fn whoever_is_added_after_an_update_gets_the_update_as_well() {
    let mut desks = desks();
    let lyon = desks.lyon;
    let alert = desks.world.send(&lyon, &["cmai/tunis"], "First words");
    let update = desks.world.amend(&lyon, Kind::Update, alert, "More words");
    desks.world.settle();
    desks
        .world
        .extend(&lyon, &alert, &to(&["cmai/fez"]))
        .unwrap();
    desks.world.settle();
    assert_eq!(desks.holders(&update), ["tunis", "fez"]);
    let fez = ("cmai/fez".to_owned(), ObligationState::Open);
    assert!(desks.states(lyon, &update).contains(&fez));
}

/// What is delivered late is delivered, and shown as what it is.
#[test]
fn an_alert_cancelled_before_it_was_delivered_is_delivered_as_cancelled_in_either_order() {
    for cancel_first in [false, true] {
        let mut desks = desks();
        let (lyon, tunis) = (desks.lyon, desks.tunis);
        let alert = desks.world.send(&lyon, &["cmai/tunis"], "A mistake");
        desks.world.submit_alone("lyon", &lyon);
        let cancel = desks.world.amend(&lyon, Kind::Cancel, alert, "Taken back");
        desks.world.submit_alone("lyon", &lyon);
        desks.world.kill_relay("lyon");
        let mut mail = desks.world.mail("lyon", &tunis);
        assert_eq!(mail.len(), 2);
        if cancel_first {
            mail.reverse();
        }
        for number in mail {
            desks.world.bring("lyon", &tunis, number);
        }
        let inbox = desks.world.desk(&tunis).inbox().unwrap();
        let shown = inbox.iter().find(|entry| entry.id == alert).unwrap();
        assert_eq!(shown.cancel().map(|cancel| cancel.id), Some(cancel));
        let told = desks.events(tunis).into_iter();
        let arrived = told.filter(|kind| matches!(kind, EventKind::Arrived { .. }));
        assert_eq!(arrived.count(), 2, "neither is hidden");
        desks.world.settle();
        let track = desks.track(lyon, &alert);
        let standing = &track.recipients[0].standing;
        assert_eq!(standing.state, ObligationState::Cancelled);
        assert_eq!(standing.stages.len(), 1, "and delivered");
        desks.no_incidents();
    }
}

#[test]
fn a_cancel_that_is_an_exercise_ends_nothing_that_is_real() {
    let mut desks = desks();
    let (lyon, tunis) = (desks.lyon, desks.tunis);
    let alert = desks.world.send(&lyon, &["cmai/tunis"], "Real");
    let cancel = Order {
        kind: Kind::Cancel,
        status: Status::Exercise,
        refers_to: Some(alert),
        ..order(&[], "Taken back, in the exercise")
    };
    desks.world.order(&lyon, &cancel);
    desks.world.settle();
    let inbox = desks.world.desk(&tunis).inbox().unwrap();
    assert!(inbox.iter().all(|shown| shown.cancel().is_none()));
    assert_eq!(desks.states(lyon, &alert)[0].1, ObligationState::Open);
    desks.after(Span::from_hours(1));
    assert!(desks.has(desks.amman, &alert), "the deputies are asked");
}

/// What a desk of another contact that lies would send: a cancel of what it did not send.
fn forged_cancel(desks: &mut Desks, from: DeviceId, alert: AlertId) -> Submission {
    let contact = address("cmai/tunis");
    let relay = desks.world.relay("lyon");
    let step = relay
        .bundles(&from, std::slice::from_ref(&contact))
        .unwrap();
    let Answer::Bundles(bundles) = step.answer else {
        panic!("the relay has its keys");
    };
    let roster = relay.roster().hash();
    let now = desks.world.now;
    let choice = bundles[0].bundle.value().key_at(now).unwrap();
    let held = desks.world.network.device(&from);
    let key = SigningKey::from_seed(held.signing);
    let core = Core {
        version: Core::VERSION,
        kind: Kind::Cancel,
        status: Status::Actual,
        sender: held.contact.clone(),
        device: from,
        roster,
        created: now,
        ack_within: Span::from_minutes(30),
        expires_after: Span::from_hours(1),
        ack_rule: AckRule::Each,
        urgency: Urgency::Immediate,
        recipients: SortedList::new(vec![contact]).unwrap(),
        reference: alert,
    };
    let draft = Draft {
        core,
        content: &encode(&order(&[], "Never mind").content),
        blobs: Vec::new(),
        addressees: vec![Addressee {
            device: desks.tunis,
            release: Release::Now,
            recipient: 0,
            step: 0,
            key: choice.id,
            public: choice.key.public.clone(),
            stream: None,
        }],
        epoch: Epoch(1),
        signers: vec![Signer {
            device: from,
            key: &key,
        }],
    };
    seal(draft, &mut Seeded::new(9)).unwrap().submission
}

/// Otherwise anybody who knows the id of an alert could end it at a desk that it has not reached.
#[test]
fn a_cancel_by_another_contact_that_comes_before_the_alert_ends_nothing() {
    let mut desks = desks();
    let (lyon, tunis, fez) = (desks.lyon, desks.tunis, desks.fez);
    let to = ["cmai/fez", "cmai/tunis"];
    let alert = desks.world.send(&lyon, &to, "Not yours to cancel");
    desks.world.submit_alone("lyon", &lyon);
    let forged = forged_cancel(&mut desks, fez, alert);
    let _ = desks.world.submit(&fez, "lyon", forged);
    let mut mail = desks.world.mail("lyon", &tunis);
    mail.reverse();
    assert_eq!(mail.len(), 2, "the cancel comes first");
    for number in mail {
        desks.world.bring("lyon", &tunis, number);
    }
    let inbox = desks.world.desk(&tunis).inbox().unwrap();
    let shown = inbox.iter().find(|entry| entry.id == alert).unwrap();
    assert_eq!(shown.amendments, []);
    let (now, page) = (
        desks.world.now,
        LedgerPage {
            skip: 0,
            limit: 9,
            drills: false,
        },
    );
    let ledger = desks.world.desk(&tunis).ledger(page, now).unwrap();
    let mut owed = ledger.obligations.iter().map(|one| one.alert);
    assert!(owed.any(|owed| owed == alert), "it is owed as before");
}

#[test]
fn a_holder_who_is_not_designated_any_more_keeps_nobody_else_from_an_update() {
    let mut desks = desks();
    let lyon = desks.lyon;
    let to = ["cmai/fez", "cmai/tunis"];
    let alert = desks.world.send(&lyon, &to, "To two");
    desks.world.settle();
    let fez = desks.fez;
    let documents = desks.world.network.suspend(&fez);
    desks.world.spread_to_relay("lyon", &documents);
    desks.world.settle();
    let update = Order {
        kind: Kind::Update,
        refers_to: Some(alert),
        ..order(&[], "Still to one")
    };
    let sent = desks.world.order(&lyon, &update);
    desks.world.settle();
    assert_eq!(desks.holders(&sent.id), ["tunis"]);
}

#[test]
fn an_extended_alert_is_exported_with_who_was_added_from_either_device() {
    let mut desks = desks();
    let (lyon, second) = (desks.lyon, desks.second);
    let alert = desks.world.send(&lyon, &["cmai/tunis"], "As evidence");
    desks.world.settle();
    desks
        .world
        .extend(&lyon, &alert, &to(&["cmai/fez"]))
        .unwrap();
    desks.world.settle();
    desks.world.amend(&second, Kind::Update, alert, "More");
    desks.act(desks.fez, &alert);
    desks.act(desks.tunis, &alert);
    for device in [lyon, second] {
        let now = desks.world.now;
        let desk = desks.world.desk(&device);
        let documents = desk.roster().documents();
        let export = desk.export(&alert, true, documents, now).unwrap();
        let proven = export.verify(&desks.world.network.anchor()).unwrap();
        assert_eq!(proven.addenda.len(), 1);
        let states = proven.recipients.iter();
        let states = states.map(|one| (one.contact.to_string(), one.standing.state));
        let acknowledged = ObligationState::Acknowledged;
        let expected = [
            ("cmai/fez".to_owned(), acknowledged),
            ("cmai/tunis".to_owned(), acknowledged),
        ];
        assert_eq!(states.collect::<Vec<_>>(), expected);
    }
}

#[test]
fn where_the_device_that_sent_an_update_is_gone_the_other_gives_it_to_a_deputy() {
    let mut desks = desks();
    let (lyon, second) = (desks.lyon, desks.second);
    let alert = desks.world.send(&second, &["cmai/tunis"], "First words");
    desks.world.settle();
    let update = desks.world.amend(&lyon, Kind::Update, alert, "More words");
    desks.world.settle();
    desks.act(desks.tunis, &update);
    desks.world.network.remove(&lyon);
    let documents = desks.world.network.publish();
    desks.world.spread_to_relay("lyon", &documents);
    desks.after(Span::from_minutes(40));
    desks.after(Span::from_minutes(1));
    assert_eq!(desks.holders(&alert), ["tunis", "amman"]);
    assert_eq!(desks.holders(&update), ["tunis", "amman"]);
    let second = desks.second;
    let cancel = desks
        .world
        .amend(&second, Kind::Cancel, alert, "Taken back");
    desks.world.settle();
    assert_eq!(desks.holders(&cancel), ["tunis", "amman"]);
}

#[test]
fn an_addendum_goes_where_a_rule_lets_the_alert_go() {
    let mut network = Network::found(53, &[("interpol", &["lyon"]), ("cmai", &["lyon"])]);
    let lyon = network.admit("interpol/lyon");
    network.admit("cmai/tunis");
    network.admit("cmai/fez");
    network.rules(&[("interpol/**", "cmai/tunis")]);
    let mut world = MemoryWorld::new(network);
    world.settle();
    let alert = world.send(&lyon, &["cmai/tunis"], "For one");
    let refused = world.extend(&lyon, &alert, &to(&["cmai/fez"]));
    assert_eq!(refused.map(drop).unwrap_err().code(), "no-rule");
}
