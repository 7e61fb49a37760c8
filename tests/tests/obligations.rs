//! The ledger: what is open in both directions, what comes next and when, in virtual time.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::core::{
    Act, Awaited, ComingAct, Direction, EventKind, Ledger, LedgerPage, OpenObligation, Order,
    Promise, RefuseReason,
};
use maille_common::address::DeviceId;
use maille_common::content::Alert;
use maille_common::evidence::{ClockAct, ObligationState};
use maille_common::identifier::AlertId;
use maille_common::terms::{Kind, Stage, Status};
use maille_common::time::Span;
use maille_tests::memory::{MemoryWorld, order};
use maille_tests::network::Network;
use maille_tests::randomness::Seeded;

const ALL: LedgerPage = LedgerPage {
    skip: 0,
    limit: 100,
    drills: false,
};

/// Lyon writes to Tunis, in whose place Amman and then Rabat are asked.
struct Desks {
    world: MemoryWorld,
    lyon: DeviceId,
    tunis: DeviceId,
    amman: DeviceId,
}

fn desks() -> Desks {
    let mut network = Network::found(31, &[("interpol", &["lyon"]), ("cmai", &["lyon"])]);
    let lyon = network.admit("interpol/lyon");
    let tunis = network.admit("cmai/tunis");
    let amman = network.admit("cmai/amman");
    network.admit("cmai/rabat");
    network.deputise("cmai/tunis", "cmai/amman", Span::from_minutes(10));
    network.deputise("cmai/tunis", "cmai/rabat", Span::from_minutes(20));
    let mut world = MemoryWorld::new(network);
    world.settle();
    Desks {
        world,
        lyon,
        tunis,
        amman,
    }
}

impl Desks {
    fn send(&mut self, subject: &str) -> AlertId {
        let alert = self.world.send(&self.lyon, &["cmai/tunis"], subject);
        self.world.settle();
        alert
    }

    fn order(&mut self, from: DeviceId, order: &Order) -> AlertId {
        let alert = self.world.order(&from, order).id;
        self.world.settle();
        alert
    }

    /// Time passes, everybody does what is due, and everybody meets.
    fn after(&mut self, minutes: u64) {
        self.world.pass(Span::from_minutes(minutes));
        self.world.tick();
        self.world.settle();
    }

    fn act(&mut self, desk: DeviceId, alert: &AlertId, act: &Act, officer: Option<&str>) {
        let note = match (act, officer) {
            (Act::Acknowledge, Some(_)) => "We are on it.",
            _ => "",
        };
        let (now, mut random) = (self.world.now, Seeded::new(5));
        let desk = self.world.desk(&desk);
        desk.act(alert, act, officer, note, now, &mut random)
            .unwrap();
        self.world.settle();
    }

    fn ledger(&mut self, desk: DeviceId, page: LedgerPage) -> Ledger {
        let now = self.world.now;
        self.world.desk(&desk).ledger(page, now).unwrap()
    }

    fn one(&mut self, desk: DeviceId) -> OpenObligation {
        let mut ledger = self.ledger(desk, ALL);
        assert_eq!(ledger.total, 1, "{ledger:#?}");
        ledger.obligations.remove(0)
    }

    fn subjects(&mut self, desk: DeviceId, page: LedgerPage) -> Vec<String> {
        let ledger = self.ledger(desk, page);
        let open = ledger.obligations.into_iter();
        open.map(|open| open.subject.unwrap()).collect()
    }

    /// How often a desk told that an answer is late.
    fn unanswered(&mut self, desk: DeviceId, alert: &AlertId) -> usize {
        let desk = self.world.desk(&desk);
        let events = desk.events_after(0, 10_000, true).unwrap().into_iter();
        let kinds = events.map(|numbered| numbered.event.kind);
        let told = kinds.filter(|kind| match kind {
            EventKind::Unanswered {
                alert: late,
                recipient,
            } => late == alert && recipient.as_str() == "cmai/tunis",
            _ => false,
        });
        told.count()
    }

    /// An alert with an answer asked for within so many hours.
    fn ask(&mut self, hours: u64) -> AlertId {
        let asked = Alert::draft("Who is it?").text("Please write back.");
        let within = Span::from_hours(hours);
        let order = Order {
            content: asked.answer_within(within).build().unwrap(),
            ..order(&["cmai/tunis"], "Who is it?")
        };
        let lyon = self.lyon;
        self.order(lyon, &order)
    }

    fn reply(&mut self, alert: AlertId) {
        let reply = Order {
            kind: Kind::Reply,
            refers_to: Some(alert),
            ..order(&["interpol/lyon"], "It is nobody")
        };
        let tunis = self.tunis;
        self.order(tunis, &reply);
    }

    fn promises(&mut self, desk: DeviceId) -> Vec<Promise> {
        let since = self.world.now - Span::from_days(7);
        self.world.desk(&desk).promises(since).unwrap()
    }
}

/// What comes: the minutes from a moment, what, and whose turn it is.
fn coming(open: &OpenObligation) -> Vec<(u64, ComingAct, String)> {
    let minutes = |time: maille_common::time::Timestamp| time.since(open.since).ms() / 60_000;
    let coming = open.coming.iter();
    coming
        .map(|next| {
            let contact = next.contact.to_string();
            (minutes(next.time.unwrap()), next.act, contact)
        })
        .collect()
}

#[test]
fn both_sides_see_one_obligation_and_the_same_clocks() {
    let mut desks = desks();
    desks.send("Look out");
    let clocks = |last: &str| {
        vec![
            (
                30,
                ComingAct::Clock(ClockAct::Overdue),
                "cmai/tunis".to_owned(),
            ),
            (
                40,
                ComingAct::Clock(ClockAct::Await(1)),
                "cmai/amman".to_owned(),
            ),
            (
                60,
                ComingAct::Clock(ClockAct::Await(2)),
                "cmai/rabat".to_owned(),
            ),
            (24 * 60, ComingAct::Clock(ClockAct::Expire), last.to_owned()),
        ]
    };
    let (lyon, tunis) = (desks.lyon, desks.tunis);
    let owed = desks.one(lyon);
    assert_eq!(owed.direction, Direction::OwedToUs);
    assert_eq!(owed.contact.as_str(), "cmai/tunis");
    assert_eq!(coming(&owed), clocks("interpol/lyon"));
    assert_eq!(owed.subject.as_deref(), Some("Look out"));
    assert_eq!(
        (owed.state, owed.stage, owed.overdue),
        (ObligationState::Open, Some(Stage::Delivered), false)
    );
    let owing = desks.one(tunis);
    assert_eq!(owing.direction, Direction::OwedByUs);
    assert_eq!(owing.contact.as_str(), "interpol/lyon");
    assert_eq!(owing.recipient.as_str(), "cmai/tunis");
    assert_eq!(coming(&owing), clocks("interpol/lyon"));
    let amman = desks.amman;
    assert_eq!(desks.ledger(amman, ALL).total, 0, "nobody asked it yet");
}

#[test]
fn overdue_stands_first_with_a_telephone_and_its_languages() {
    let mut desks = desks();
    desks.send("First");
    desks.after(20);
    let slow = Order {
        ack_within: Span::from_hours(9),
        ..order(&["cmai/tunis"], "Slow")
    };
    let (lyon, tunis) = (desks.lyon, desks.tunis);
    desks.order(lyon, &slow);
    desks.send("Second");
    assert_eq!(desks.subjects(lyon, ALL), ["First", "Second", "Slow"]);
    desks.after(15);
    for desk in [lyon, tunis] {
        let ledger = desks.ledger(desk, ALL);
        assert_eq!((ledger.total, ledger.overdue), (3, 1));
        let first = &ledger.obligations[0];
        assert!(first.overdue && first.subject.as_deref() == Some("First"));
        assert_eq!(first.telephones, ["+33 4 00 00 00 00"]);
        assert_eq!(first.languages, ["en"]);
        assert_eq!(coming(first)[0].1, ComingAct::Clock(ClockAct::Await(1)));
    }
}

#[test]
fn a_step_that_was_released_late_gives_its_deputies_their_whole_time() {
    let mut desks = desks();
    desks.send("Late");
    desks.after(45);
    let (lyon, amman) = (desks.lyon, desks.amman);
    let open = desks.one(lyon);
    // C4: released at 45 instead of 40, so the next step is 20 minutes later.
    assert_eq!(
        coming(&open)[0],
        (
            65,
            ComingAct::Clock(ClockAct::Await(2)),
            "cmai/rabat".to_owned()
        )
    );
    let asked = desks.one(amman);
    assert_eq!(asked.direction, Direction::OwedByUs);
    assert_eq!(asked.recipient.as_str(), "cmai/tunis", "in whose place");
    assert!(!asked.overdue);
}

#[test]
fn what_is_answered_cancelled_or_expired_is_open_with_nobody() {
    let mut desks = desks();
    let (lyon, tunis) = (desks.lyon, desks.tunis);
    let taken = desks.send("Taken");
    let refused = desks.send("Refused");
    let cancelled = desks.send("Cancelled");
    assert_eq!(desks.ledger(lyon, ALL).total, 3);
    desks.act(tunis, &taken, &Act::Acknowledge, Some("S. Ben Ali"));
    let refuse = Act::Refuse(RefuseReason::Handling);
    desks.act(tunis, &refused, &refuse, Some("S. Ben Ali"));
    for desk in [lyon, tunis] {
        assert_eq!(desks.subjects(desk, ALL), ["Cancelled"]);
    }
    let cancel = Order {
        kind: Kind::Cancel,
        refers_to: Some(cancelled),
        ..order(&["cmai/tunis"], "Forget it")
    };
    desks.order(lyon, &cancel);
    // The cancel is itself to be acknowledged.
    for desk in [lyon, tunis] {
        assert_eq!(desks.subjects(desk, ALL), ["Forget it"]);
    }
    desks.after(24 * 60);
    assert_eq!(desks.ledger(lyon, ALL).total, 0, "it signed the expiry");
    let left = desks.one(tunis);
    assert!(left.overdue && left.coming.is_empty(), "{left:#?}");
}

#[test]
fn after_a_programs_acknowledgement_it_is_said_that_deputies_are_still_asked() {
    let mut desks = desks();
    let (lyon, tunis) = (desks.lyon, desks.tunis);
    let alert = desks.send("By a program");
    desks.act(tunis, &alert, &Act::Acknowledge, None);
    let open = desks.one(lyon);
    assert_eq!(open.state, ObligationState::Acknowledged);
    assert!(!open.overdue);
    let steps: Vec<_> = coming(&open)
        .into_iter()
        .map(|(at, _, who)| (at, who))
        .collect();
    let expected = [(40, "cmai/amman"), (60, "cmai/rabat")];
    assert_eq!(steps, expected.map(|(at, who)| (at, who.to_owned())));
    desks.act(tunis, &alert, &Act::Read, Some("S. Ben Ali"));
    assert_eq!(desks.one(lyon).state, ObligationState::Acknowledged);
}

#[test]
fn whoever_read_an_alert_has_it_in_hand_on_both_sides() {
    let mut desks = desks();
    let (lyon, tunis) = (desks.lyon, desks.tunis);
    let alert = desks.send("In hand");
    assert_eq!(desks.one(tunis).taken, None);
    desks.act(tunis, &alert, &Act::Read, Some("S. Ben Ali"));
    for desk in [lyon, tunis] {
        let taken = desks.one(desk).taken.unwrap();
        assert_eq!(taken.stage, Stage::Read);
        assert_eq!(taken.officer.as_deref(), Some("S. Ben Ali"));
    }
}

#[test]
fn what_was_acknowledged_is_a_promise_until_somebody_writes_back() {
    let mut desks = desks();
    let (lyon, tunis) = (desks.lyon, desks.tunis);
    let alert = desks.send("Promised");
    desks.act(tunis, &alert, &Act::Acknowledge, Some("S. Ben Ali"));
    let promises = desks.promises(tunis);
    assert_eq!(promises.len(), 1);
    let promise = &promises[0];
    assert_eq!(promise.from.as_str(), "interpol/lyon");
    assert_eq!(promise.subject.as_deref(), Some("Promised"));
    assert_eq!(promise.taken.officer.as_deref(), Some("S. Ben Ali"));
    assert_eq!(promise.taken.note, "We are on it.");
    assert!(desks.promises(lyon).is_empty(), "it is not Lyon's");
    let reply = Order {
        kind: Kind::Reply,
        refers_to: Some(alert),
        ..order(&["interpol/lyon"], "We looked")
    };
    desks.order(tunis, &reply);
    assert!(desks.promises(tunis).is_empty());
    desks.after(8 * 24 * 60);
    let last_week = desks.world.now - Span::from_days(7);
    let later = desks.world.desk(&tunis).promises(last_week).unwrap();
    assert!(later.is_empty());
}

#[test]
fn the_list_comes_in_pages_and_drills_only_where_they_are_asked_for() {
    let mut desks = desks();
    let lyon = desks.lyon;
    for number in 1..=5 {
        desks.send(&format!("Number {number}"));
        desks.after(1);
    }
    let drill = Order {
        status: Status::Exercise,
        ..order(&["cmai/tunis"], "Drill")
    };
    desks.order(lyon, &drill);
    let (skip, limit) = (2, 2);
    let page = LedgerPage { skip, limit, ..ALL };
    assert_eq!(desks.subjects(lyon, page), ["Number 3", "Number 4"]);
    let ledger = desks.ledger(lyon, page);
    assert_eq!((ledger.total, ledger.hidden), (5, 1));
    let drills = LedgerPage {
        drills: true,
        ..ALL
    };
    let ledger = desks.ledger(lyon, drills);
    assert_eq!((ledger.total, ledger.drills, ledger.hidden), (5, 1, 0));
    assert_eq!(desks.subjects(lyon, drills).last().unwrap(), "Drill");
}

#[test]
fn the_ledger_is_the_same_after_the_desk_was_killed() {
    let mut desks = desks();
    let (lyon, tunis) = (desks.lyon, desks.tunis);
    let alert = desks.send("Kept");
    desks.act(tunis, &alert, &Act::Read, Some("S. Ben Ali"));
    desks.after(35);
    for desk in [lyon, tunis] {
        let before = desks.ledger(desk, ALL);
        desks.world.kill_desk(&desk);
        assert_eq!(desks.ledger(desk, ALL), before);
    }
}

#[test]
fn the_story_of_an_alert_names_who_is_asked_in_each_step_and_what_took_it_back() {
    let mut desks = desks();
    let (lyon, now) = (desks.lyon, desks.world.now);
    let alert = desks.send("Taken back");
    let cancel = Order {
        kind: Kind::Cancel,
        refers_to: Some(alert),
        ..order(&["cmai/tunis"], "Forget it")
    };
    let cancel = desks.order(lyon, &cancel);
    let story = desks.world.desk(&lyon).track(&alert, now).unwrap().unwrap();
    let deputies = &story.recipients[0].deputies;
    let names: Vec<_> = deputies.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["cmai/amman", "cmai/rabat"]);
    let [cancelled] = &story.cancels[..] else {
        panic!("{:?}", story.cancels)
    };
    assert_eq!((cancelled.id, cancelled.device), (cancel, lyon));
    assert_eq!(cancelled.time, now);
}

#[test]
fn acknowledged_and_unanswered_alarms_again_at_both_desks_and_once() {
    let mut desks = desks();
    let (lyon, tunis) = (desks.lyon, desks.tunis);
    let alert = desks.ask(8);
    assert_eq!(desks.one(lyon).awaits, Awaited::Acknowledgement);
    desks.after(10);
    desks.act(tunis, &alert, &Act::Acknowledge, Some("S. Ben Ali"));
    for (desk, direction) in [(lyon, Direction::OwedToUs), (tunis, Direction::OwedByUs)] {
        let owed = desks.one(desk);
        assert_eq!((owed.awaits, owed.direction), (Awaited::Answer, direction));
        assert_eq!(owed.recipient.as_str(), "cmai/tunis");
        assert_eq!(owed.taken.as_ref().unwrap().note, "We are on it.");
        let due = (8 * 60, ComingAct::Unanswered, "cmai/tunis".to_owned());
        assert_eq!(coming(&owed), [due]);
        assert!(!owed.overdue);
    }
    desks.after(8 * 60 - 11);
    assert_eq!(
        (
            desks.unanswered(lyon, &alert),
            desks.ledger(lyon, ALL).overdue
        ),
        (0, 0)
    );
    desks.after(1);
    for desk in [lyon, tunis] {
        assert_eq!(desks.unanswered(desk, &alert), 1);
        let owed = desks.one(desk);
        assert!(owed.overdue && owed.coming.is_empty());
        assert_eq!(owed.telephones, ["+33 4 00 00 00 00"]);
    }
    for desk in [lyon, tunis] {
        desks.world.kill_desk(&desk);
    }
    desks.after(60);
    assert_eq!(desks.unanswered(lyon, &alert), 1, "once, through restarts");
    desks.reply(alert);
    let left = desks.subjects(tunis, ALL);
    assert!(
        left.iter().all(|subject| subject == "It is nobody"),
        "{left:?}"
    );
    let left = desks.subjects(lyon, ALL);
    assert!(
        left.iter().all(|subject| subject == "It is nobody"),
        "{left:?}"
    );
}

#[test]
fn an_answer_in_time_and_a_refusal_leave_nothing_to_alarm_about() {
    let mut desks = desks();
    let (lyon, tunis) = (desks.lyon, desks.tunis);
    let (answered, refused) = (desks.ask(3), desks.ask(3));
    desks.act(tunis, &answered, &Act::Acknowledge, Some("S. Ben Ali"));
    desks.reply(answered);
    let refuse = Act::Refuse(RefuseReason::Handling);
    desks.act(tunis, &refused, &refuse, Some("S. Ben Ali"));
    desks.after(4 * 60);
    for desk in [lyon, tunis] {
        for alert in [answered, refused] {
            assert_eq!(desks.unanswered(desk, &alert), 0);
        }
        let open = desks.ledger(desk, ALL).obligations;
        assert!(
            open.iter()
                .all(|open| open.awaits == Awaited::Acknowledgement)
        );
    }
}

#[test]
fn an_acknowledgement_after_the_answer_was_due_does_not_pass_for_one() {
    let mut desks = desks();
    let (lyon, tunis) = (desks.lyon, desks.tunis);
    let alert = desks.ask(1);
    desks.after(2 * 60);
    assert_eq!(desks.unanswered(lyon, &alert), 0, "nobody took it on yet");
    desks.act(tunis, &alert, &Act::Acknowledge, Some("S. Ben Ali"));
    desks.after(2);
    for desk in [lyon, tunis] {
        assert_eq!(desks.unanswered(desk, &alert), 1);
    }
}

#[test]
fn a_device_that_lost_its_key_is_named_until_it_gets_the_alert_anew() {
    let mut desks = desks();
    let (lyon, tunis) = (desks.lyon, desks.tunis);
    let world = &mut desks.world;
    world.send(&lyon, &["cmai/tunis"], "Sealed to a key that is gone");
    world.submit_alone("lyon", &lyon);
    world.lose_sealing_keys(&tunis);
    world.hand_over("lyon", &tunis);
    world.post_due(&tunis, "lyon");
    world.meet(&lyon, "lyon");
    let open = desks.one(lyon);
    let next = open.next().unwrap();
    assert_eq!(next.act, ComingAct::Clock(ClockAct::Answer(tunis)));
    assert_eq!(next.time, None, "as soon as another key is known");
    desks.world.settle();
    let open = desks.one(lyon);
    assert_eq!(coming(&open)[0].1, ComingAct::Clock(ClockAct::Overdue));
    assert_eq!(open.stage, Some(Stage::Delivered));
}
