//! Drills: through the whole chain, in virtual time, and whom they reached proves itself.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_client::core::{Act, ExportError, LedgerPage, Order};
use maille_common::address::DeviceId;
use maille_common::content::Alert;
use maille_common::drill::{DrillId, DrillMarks, Outcome, Reachability, ReachedContact};
use maille_common::export::Export;
use maille_common::identifier::AlertId;
use maille_common::terms::{AckRule, Kind, Stage, Status};
use maille_common::time::Span;
use maille_tests::memory::{MemoryWorld, order};
use maille_tests::network::{Network, address};
use maille_tests::randomness::Seeded;

/// How many contacts are drilled; every tenth of them does not look.
const COUNT: usize = 20;

/// Lyon drills twenty contacts at one relay. The first has two deputies, and the second of these
/// looks.
struct Exercise {
    world: MemoryWorld,
    lyon: DeviceId,
    desks: Vec<DeviceId>,
    deputies: [DeviceId; 2],
}

fn name(number: usize) -> String {
    format!("cmai/c{number:02}/duty")
}

fn exercise() -> Exercise {
    let mut network = Network::found(31, &[("interpol", &["lyon"]), ("cmai", &["lyon"])]);
    let lyon = network.admit("interpol/lyon");
    let desks = (0..COUNT)
        .map(|number| network.admit(&name(number)))
        .collect();
    let deputies = ["interpol/first", "interpol/second"];
    let devices = deputies.map(|deputy| network.admit(deputy));
    for deputy in deputies {
        network.deputise(&name(0), deputy, Span::from_minutes(10));
    }
    let mut world = MemoryWorld::new(network);
    world.settle();
    Exercise {
        world,
        lyon,
        desks,
        deputies: devices,
    }
}

fn content() -> Alert {
    let draft = Alert::draft("EXERCISE").text("Acknowledge.");
    let marks = DrillMarks {
        id: DrillId::draw(&mut Seeded::new(3)),
        to: vec!["cmai/**".parse().unwrap()],
    };
    marks.mark(draft).build().unwrap()
}

fn looks(number: usize) -> bool {
    !number.is_multiple_of(10)
}

impl Exercise {
    fn drill(&mut self) -> AlertId {
        let drill = Order {
            status: Status::Exercise,
            recipients: (0..COUNT).map(|number| address(&name(number))).collect(),
            content: content(),
            expires_after: Span::from_hours(2),
            ..order(&[], "")
        };
        let alert = self.world.order(&self.lyon, &drill).id;
        self.meet(&[self.lyon]);
        alert
    }

    fn meet(&mut self, desks: &[DeviceId]) {
        for _ in 0..3 {
            for desk in desks {
                self.world.meet(desk, "lyon");
            }
        }
    }

    fn acknowledge(&mut self, desk: DeviceId, alert: &AlertId) {
        let (now, mut random) = (self.world.now, Seeded::new(7));
        let acknowledged = self.world.desk(&desk).act(
            alert,
            &Act::Acknowledge,
            Some("Amina"),
            "",
            now,
            &mut random,
        );
        acknowledged.unwrap();
        self.meet(&[desk, self.lyon]);
    }

    fn pass(&mut self, span: Span) {
        self.world.pass(span);
        self.world.tick();
        self.meet(&[self.lyon]);
    }

    /// As Lyon sees it, and as whoever has the file and the anchor does.
    fn reachability(&mut self, alert: &AlertId) -> Reachability {
        let now = self.world.now;
        let desk = self.world.desk(&self.lyon);
        let documents = desk.roster().documents();
        let (shown, export) = desk.reachability(alert, documents, now).unwrap();
        let parsed = Export::parse(&export.to_bytes()).unwrap();
        let proven = parsed.verify(&self.world.network.anchor()).unwrap();
        assert_eq!(proven.reachability, Some(shown.clone()));
        shown
    }
}

fn of(shown: &Reachability, number: usize) -> &ReachedContact {
    &shown.contacts[number]
}

#[test]
fn a_drill_goes_through_the_whole_chain_and_tells_who_was_reached_when_and_by_whom() {
    let mut exercise = exercise();
    let alert = exercise.drill();
    for number in (0..COUNT).filter(|number| looks(*number)) {
        let desk = exercise.desks[number];
        exercise.meet(&[desk]);
        exercise.world.pass(Span::from_minutes(1));
        exercise.acknowledge(desk, &alert);
    }
    // The first contact's deputies are asked in their turn, and only the second looks.
    for _ in 0..2 {
        exercise.pass(Span::from_minutes(25));
    }
    let second = exercise.deputies[1];
    exercise.meet(&[second]);
    exercise.acknowledge(second, &alert);

    let shown = exercise.reachability(&alert);
    assert_eq!(shown.contacts.len(), COUNT);
    for number in 1..COUNT {
        let contact = of(&shown, number);
        let expected = match looks(number) {
            true => Outcome::Acknowledged,
            false => Outcome::Silent,
        };
        assert_eq!(contact.outcome, expected, "{}", contact.contact);
        assert_eq!(contact.is_reached(), looks(number));
    }
    let first = of(&shown, 1).acknowledged.as_ref().unwrap();
    assert_eq!(first.after, Some(Span::from_minutes(1)));
    let escalated = of(&shown, 0);
    assert!(escalated.is_by_deputy() && !escalated.is_reached());
    assert_eq!(escalated.step_asked, 2);
    let by = escalated.acknowledged.as_ref().unwrap();
    assert_eq!((by.contact.as_str(), by.step), ("interpol/second", 2));
}

#[test]
fn every_contact_remembers_the_last_drill_that_reached_it_also_without_the_content() {
    let mut exercise = exercise();
    let first = exercise.drill();
    let (one, two) = (exercise.desks[1], exercise.desks[2]);
    exercise.meet(&[one, two]);
    exercise.acknowledge(one, &first);
    let reached = exercise.world.now;
    exercise.pass(Span::from_hours(3));
    let second = exercise.drill();
    exercise.meet(&[one]);
    exercise.acknowledge(one, &second);

    let year = Span::from_days(365);
    exercise.pass(year);
    exercise.pass(Span::from_days(20));
    let now = exercise.world.now;
    let desk = exercise.world.desk(&exercise.lyon);
    desk.purge(now, now).unwrap();
    assert!(desk.is_purged(&first).unwrap());
    let last = desk.last_drills().unwrap();
    let one = last[&address(&name(1))];
    assert_eq!((one.alert, one.stage), (second, Some(Stage::Acknowledged)));
    assert!(one.reached.unwrap() > reached);
    let two = last[&address(&name(2))];
    assert_eq!((two.alert, two.stage), (second, None));
    assert_eq!(two.reached, Some(reached), "by the drill before");
    let ten = last[&address(&name(10))];
    assert_eq!((ten.stage, ten.reached), (None, None));
    // The evidence outlives the words; whom they were meant for does not.
    let shown = exercise.reachability(&first);
    assert_eq!((shown.drill, shown.contacts.len()), (None, COUNT));
}

#[test]
fn only_an_exercise_of_this_device_has_such_a_record() {
    let mut exercise = exercise();
    let drill = exercise.drill();
    let real = exercise.world.send(&exercise.lyon, &[&name(1)], "Real");
    let one = exercise.desks[1];
    exercise.meet(&[exercise.lyon, one]);
    let now = exercise.world.now;
    for (desk, alert) in [(exercise.lyon, real), (one, drill)] {
        let desk = exercise.world.desk(&desk);
        let documents = desk.roster().documents();
        let refused = desk.reachability(&alert, documents, now).unwrap_err();
        assert!(matches!(refused, ExportError::NotADrill(_)), "{refused}");
    }
}

#[test]
fn a_drill_is_in_no_real_list_of_its_sender_its_recipients_or_their_deputies() {
    let mut exercise = exercise();
    exercise.drill();
    let (lyon, one, first) = (exercise.lyon, exercise.desks[1], exercise.deputies[0]);
    exercise.meet(&[one]);
    exercise.pass(Span::from_minutes(45));
    exercise.meet(&[first]);
    let now = exercise.world.now;
    let page = |drills| LedgerPage {
        skip: 0,
        limit: 1_000,
        drills,
    };
    for (desk, all) in [(lyon, COUNT), (one, 1), (first, 1)] {
        let desk = exercise.world.desk(&desk);
        let ledger = desk.ledger(page(false), now).unwrap();
        assert_eq!((ledger.total, ledger.overdue), (0, 0));
        assert_eq!(ledger.hidden, all);
        let ledger = desk.ledger(page(true), now).unwrap();
        assert_eq!((ledger.total, ledger.overdue, ledger.drills), (0, 0, all));
        assert!(desk.events_after(0, 100, false).unwrap().is_empty());
    }
}

/// An update that drops the word exercise is told as being about one, whoever wrote it.
#[test]
fn what_claims_to_be_actual_and_is_about_an_exercise_is_known_as_such() {
    let mut exercise = exercise();
    let drill = exercise.drill();
    let one = exercise.desks[1];
    exercise.meet(&[one]);
    let claim = Order {
        kind: Kind::Update,
        status: Status::Actual,
        recipients: (0..COUNT).map(|number| address(&name(number))).collect(),
        refers_to: Some(drill),
        ack_rule: AckRule::Each,
        ..order(&[], "This is no exercise")
    };
    let claim = exercise.world.order(&exercise.lyon, &claim).id;
    exercise.meet(&[exercise.lyon, one]);
    let inbox = exercise.world.desk(&one).inbox().unwrap();
    let entry = |alert| inbox.iter().find(|entry| entry.id == alert).unwrap();
    assert_eq!(entry(claim).about, Some(Status::Exercise));
    assert!(entry(claim).contradicts_its_exercise());
    assert!(!entry(drill).contradicts_its_exercise());
}
