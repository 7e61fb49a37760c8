//! Gaps are answered: what a relay keeps back comes again, or its end is told, and no relay can
//! make anybody believe otherwise (PROTOCOL G1 to G6).

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::collections::{BTreeMap, BTreeSet};

use maille_client::core::{Act, EventKind, IncidentKind, Order};
use maille_common::address::DeviceId;
use maille_common::blob::{BlobId, BlobRef};
use maille_common::codec::List;
use maille_common::content::{GapAnswer, Heartbeat, Missing};
use maille_common::identifier::{AlertId, Epoch};
use maille_common::limits::{HEARTBEAT_MS, HOLE_ASK_LOOKS, MISSING_MAX};
use maille_common::randomness::Randomness;
use maille_common::terms::{GapEnd, Stage};
use maille_common::time::Span;
use maille_tests::memory::{MemoryWorld, order};
use maille_tests::network::Network;
use maille_tests::randomness::Seeded;

const LYON: &str = "interpol/lyon";
const TUNIS: &str = "cmai/tunis";

/// The longest pause between heartbeats, in minutes.
fn pause() -> u32 {
    u32::try_from(HEARTBEAT_MS.end() / 60_000).unwrap()
}

/// Lyon writes to Tunis, who never wrote back, over relays of which some keep mail to themselves.
struct Gap {
    world: MemoryWorld,
    relays: &'static [&'static str],
    lyon: DeviceId,
    tunis: DeviceId,
    rome: DeviceId,
    /// Another device of Tunis, in those tests that have it.
    colleague: DeviceId,
    /// While it is set, no relay brings Lyon anything.
    deaf: bool,
    /// The relay that brings Tunis nothing.
    mute: Option<&'static str>,
}

impl Gap {
    fn new(relays: &'static [&'static str]) -> Self {
        Self::with(relays, "cmai/rabat")
    }

    /// The colleague is of this contact.
    fn with(relays: &'static [&'static str], colleague: &str) -> Self {
        let mut network = Network::found(61, &[("interpol", relays), ("cmai", relays)]);
        let lyon = network.admit(LYON);
        let tunis = network.admit(TUNIS);
        let rome = network.admit("interpol/rome");
        let colleague = network.admit(colleague);
        let mut world = MemoryWorld::new(network);
        world.settle();
        Self {
            world,
            relays,
            lyon,
            tunis,
            rome,
            colleague,
            deaf: false,
            mute: None,
        }
    }

    /// Lyon writes an alert that no relay brings, ever; the same bytes would not be brought either.
    fn withheld(&mut self) -> AlertId {
        let order = order(&[TUNIS], "Kept back");
        self.withheld_order(&order)
    }

    fn withheld_order(&mut self, order: &Order) -> AlertId {
        let alert = self.world.order(&self.lyon, order).id;
        self.keep_back();
        alert
    }

    /// Lyon brings what it has, and no relay pushes any of it to Tunis.
    fn keep_back(&mut self) {
        for relay in self.relays {
            self.world.bring_due(&self.lyon, relay);
            let mail = self.world.mail(relay, &self.tunis);
            let tunis = self.tunis;
            let mail = mail.into_iter().map(|number| (tunis, number));
            self.world.withheld.extend(mail);
        }
    }

    fn brought(&mut self) -> AlertId {
        let alert = self.world.send(&self.lyon, &[TUNIS], "Brought");
        self.minutes(1);
        alert
    }

    /// Minutes in which everybody is connected to every relay.
    fn minutes(&mut self, count: u32) {
        for _ in 0..count {
            self.world.pass(Span::from_minutes(1));
            self.world.tick();
            let _ = self.world.beat();
            for relay in self.relays {
                for device in [self.lyon, self.tunis, self.rome] {
                    self.world.bring_due(&device, relay);
                }
                if !self.deaf {
                    self.world.collect_due(&self.lyon, relay);
                }
                if self.mute != Some(relay) {
                    self.world.collect_due(&self.tunis, relay);
                }
                self.world.collect_due(&self.rome, relay);
            }
        }
    }

    fn events(&mut self, device: DeviceId) -> Vec<EventKind> {
        let desk = self.world.desk(&device);
        let events = desk.events_after(0, usize::MAX, true).unwrap();
        events.into_iter().map(|one| one.event.kind).collect()
    }

    fn incidents(&mut self, device: DeviceId) -> Vec<IncidentKind> {
        let desk = self.world.desk(&device);
        let incidents = desk.incidents_after(0, 1_000).unwrap();
        incidents.into_iter().map(|(_, one)| one.kind).collect()
    }

    /// What arrived at Tunis, in its order.
    fn arrived(&mut self) -> Vec<AlertId> {
        let arrived = |kind: EventKind| match kind {
            EventKind::Arrived { alert, .. } => Some(alert),
            _ => None,
        };
        let events = self.events(self.tunis);
        events.into_iter().filter_map(arrived).collect()
    }

    fn missing(&self, from: u64, to: u64) -> IncidentKind {
        let device = self.lyon;
        IncidentKind::AlertsMissing { device, from, to }
    }

    fn filled(&self, alert: AlertId) -> EventKind {
        EventKind::GapFilled {
            alert,
            device: self.lyon,
            contact: LYON.parse().unwrap(),
        }
    }

    fn epoch(&mut self) -> Epoch {
        self.world.desk(&self.lyon).epoch()
    }
}

#[test]
fn an_alert_that_its_relay_keeps_for_ever_comes_again_before_it_is_an_incident() {
    let mut gap = Gap::new(&["lyon"]);
    let first = gap.brought();
    let second = gap.withheld();
    let third = gap.brought();
    gap.minutes(u32::from(HOLE_ASK_LOOKS) + 3);
    assert_eq!(gap.arrived(), [first, third, second]);
    gap.minutes(3 * pause());
    assert_eq!(gap.arrived().len(), 3, "once");
    for device in [gap.lyon, gap.tunis] {
        assert_eq!(gap.incidents(device), []);
    }
    let states = gap.world.desk(&gap.lyon).outbox().unwrap();
    assert_eq!(states.len(), 3, "an addendum is no alert of its own");
    let now = gap.world.now;
    let track = gap.world.desk(&gap.lyon).track(&second, now).unwrap();
    let receipts = &track.unwrap().recipients[0].receipts;
    assert_eq!(receipts.len(), 1, "Delivered");
}

/// Nothing follows it, so that it is the heartbeat that names it, and says that its relay has it:
/// that is an incident at once, which both sides hear of, and which ends.
#[test]
fn the_last_alert_comes_again_as_well() {
    let mut gap = Gap::new(&["lyon"]);
    let first = gap.brought();
    let last = gap.withheld();
    gap.minutes(pause() + 3);
    assert_eq!(gap.arrived(), [first, last]);
    assert_eq!(gap.incidents(gap.tunis), [gap.missing(2, 2)]);
    let filled = gap.filled(last);
    assert!(gap.events(gap.tunis).contains(&filled));
    let again = EventKind::SentAgain {
        alert: last,
        device: gap.tunis,
        contact: TUNIS.parse().unwrap(),
    };
    let events = gap.events(gap.lyon);
    assert_eq!(events.iter().filter(|kind| **kind == again).count(), 1);
}

#[test]
fn an_incident_is_followed_by_the_event_that_it_ended() {
    let mut gap = Gap::new(&["lyon"]);
    gap.brought();
    let alert = gap.withheld();
    gap.deaf = true;
    gap.brought();
    gap.minutes(3 * pause());
    assert_eq!(gap.incidents(gap.tunis), [gap.missing(2, 2)]);
    assert!(!gap.arrived().contains(&alert));
    gap.deaf = false;
    gap.minutes(pause());
    assert!(gap.arrived().contains(&alert));
    let filled = gap.filled(alert);
    let events = gap.events(gap.tunis);
    assert_eq!(events.iter().filter(|kind| **kind == filled).count(), 1);
    assert_eq!(gap.incidents(gap.tunis), [gap.missing(2, 2)], "told once");
}

#[test]
fn what_comes_by_addendum_goes_on_in_the_stream() {
    let mut gap = Gap::new(&["lyon"]);
    gap.withheld();
    gap.brought();
    gap.withheld();
    gap.withheld();
    gap.brought();
    gap.minutes(30);
    assert_eq!(gap.arrived().len(), 5);
    // A chain that did not follow would be a fork, and a number left behind another hole.
    for _ in 0..5 {
        gap.brought();
    }
    gap.minutes(2 * pause());
    assert_eq!(gap.incidents(gap.tunis), []);
}

/// The relay that keeps it back lets the original through at last, when it came again already.
#[test]
fn the_original_that_comes_after_its_addendum_is_no_second_alert_and_no_fork() {
    let mut gap = Gap::new(&["lyon"]);
    gap.brought();
    let alert = gap.withheld();
    gap.brought();
    gap.minutes(30);
    assert!(gap.arrived().contains(&alert));
    gap.world.withheld.clear();
    gap.minutes(30);
    assert_eq!(gap.arrived().len(), 3);
    assert_eq!(gap.incidents(gap.tunis), []);
}

/// Of two relays one keeps everything back, and the other one brings what is sent again.
#[test]
fn of_two_relays_one_is_enough() {
    let mut gap = Gap::new(&["lyon", "tunis"]);
    gap.brought();
    let alert = gap.withheld();
    gap.mute = Some("lyon");
    gap.brought();
    gap.minutes(30);
    assert!(gap.arrived().contains(&alert));
    assert_eq!(gap.incidents(gap.tunis), []);
}

/// An alert waits for its attachments to be brought, for longer than ten looks, and a later one
/// overtakes it. It used to be an incident, as if somebody kept it back.
#[test]
fn what_has_not_left_its_sender_is_not_missing_whatever_overtakes_it() {
    let mut gap = Gap::new(&["lyon"]);
    let first = gap.brought();
    let blob = BlobRef {
        id: BlobId::from_bytes([5; 32]),
        length: 9,
    };
    let attached = Order {
        blobs: vec![blob],
        ..order(&[TUNIS], "Attached")
    };
    let alert = gap.world.order(&gap.lyon, &attached).id;
    let third = gap.brought();
    gap.minutes(4 * pause());
    assert_eq!(gap.arrived(), [first, third]);
    assert_eq!(gap.incidents(gap.tunis), []);
    // Then it leaves, and comes. Its words do not name what is attached, so it is returned.
    gap.world.shelve(blob.id);
    gap.minutes(3);
    let now = gap.world.now;
    let track = gap.world.desk(&gap.lyon).track(&alert, now).unwrap();
    let receipts = &track.unwrap().recipients[0].receipts;
    assert_eq!(receipts[0].0.statement.stage, Stage::Returned);
}

/// Whoever asks without having written owes no heartbeats afterwards.
#[test]
fn who_only_asked_is_not_missed_when_it_falls_silent() {
    let mut gap = Gap::new(&["lyon"]);
    gap.brought();
    gap.withheld();
    gap.brought();
    gap.minutes(6 * pause());
    let silent = gap.world.desk(&gap.lyon).silent().unwrap();
    assert_eq!(silent, []);
    let told = |kind: &EventKind| matches!(kind, EventKind::Silent { .. });
    assert!(!gap.events(gap.lyon).iter().any(told));
}

/// For three weeks the relay brings nothing that Lyon says. By then the outbox has let the alert
/// go, and what is left of it is what became of it.
#[test]
fn an_alert_that_nobody_holds_any_more_is_told_with_its_end() {
    let mut gap = Gap::new(&["lyon"]);
    gap.brought();
    let alert = gap.withheld();
    for _ in 0..21 {
        gap.world.pass(Span::from_days(1));
        gap.world.tick();
        gap.keep_back();
    }
    gap.brought();
    gap.minutes(30);
    let lost = IncidentKind::AlertLost {
        device: gap.lyon,
        number: 2,
        end: GapEnd::Expired,
    };
    assert_eq!(gap.incidents(gap.tunis), [lost]);
    let (_, incident) = gap
        .world
        .desk(&gap.tunis)
        .incidents_after(0, 1)
        .unwrap()
        .remove(0);
    assert_eq!(incident.alert, Some(alert));
    assert!(!gap.arrived().contains(&alert));
    gap.minutes(6 * pause());
    assert_eq!(gap.incidents(gap.tunis).len(), 1, "and not again");
    assert_eq!(gap.incidents(gap.lyon), []);
}

/// A colleague of Tunis had it, and answered it; the device that did not has missed nothing.
#[test]
fn what_a_colleague_answered_meanwhile_is_no_incident_where_nobody_holds_it_any_more() {
    let mut gap = Gap::with(&["lyon"], TUNIS);
    gap.brought();
    let alert = gap.withheld();
    let (now, mut random) = (gap.world.now, Seeded::new(62));
    let colleague = gap.colleague;
    // Nobody tells Tunis of it for three weeks.
    gap.world.meet(&colleague, "lyon");
    let desk = gap.world.desk(&colleague);
    desk.act(
        &alert,
        &Act::Acknowledge,
        Some("Amina"),
        "",
        now,
        &mut random,
    )
    .unwrap();
    gap.world.meet(&colleague, "lyon");
    gap.world.collect_due(&gap.lyon, "lyon");
    for _ in 0..21 {
        gap.world.pass(Span::from_days(1));
        gap.world.tick();
        gap.keep_back();
    }
    gap.brought();
    gap.minutes(30);
    let ended = EventKind::GapEnded {
        alert,
        device: gap.lyon,
        contact: LYON.parse().unwrap(),
        end: GapEnd::Acknowledged,
    };
    let events = gap.events(gap.tunis);
    assert_eq!(events.iter().filter(|kind| **kind == ended).count(), 1);
    assert_eq!(gap.incidents(gap.tunis), []);
}

#[test]
fn a_cancelled_alert_comes_as_cancelled_and_is_not_hidden() {
    let mut gap = Gap::new(&["lyon"]);
    gap.brought();
    let alert = gap.withheld();
    let cancel = Order {
        kind: maille_common::terms::Kind::Cancel,
        refers_to: Some(alert),
        ..order(&[TUNIS], "Take it back")
    };
    let cancel = gap.world.order(&gap.lyon, &cancel).id;
    gap.minutes(30);
    assert_eq!(gap.arrived()[1..], [cancel, alert]);
    assert_eq!(gap.incidents(gap.tunis), []);
}

/// Lyon's disk is restored from a copy that does not have the alert, which so is lost for good:
/// both sides are told.
#[test]
fn what_a_restored_sender_does_not_know_is_an_incident_on_both_sides() {
    let mut gap = Gap::new(&["lyon"]);
    gap.brought();
    let lyon = gap.lyon;
    gap.world.save_desk(&lyon);
    gap.withheld();
    gap.brought();
    gap.world.restore_desk(&lyon);
    gap.world.meet(&lyon, "lyon");
    gap.minutes(30);
    let forgotten = IncidentKind::AlertsForgotten {
        device: lyon,
        from: 2,
        to: 2,
    };
    assert_eq!(gap.incidents(gap.tunis), [forgotten]);
    let asked = IncidentKind::AskedUnknown {
        device: gap.tunis,
        from: 2,
        to: 2,
    };
    let incidents = gap.incidents(lyon);
    let told = incidents.iter().filter(|kind| **kind == asked);
    assert_eq!(told.count(), 1, "{incidents:?}");
    assert!(incidents.contains(&IncidentKind::RolledBack));
}

#[test]
fn who_asks_over_and_over_gets_it_once_in_a_pause() {
    let mut gap = Gap::new(&["lyon"]);
    let all = [gap.brought(), gap.brought()];
    let (lyon, tunis, epoch) = (gap.lyon, gap.tunis, gap.epoch());
    let before = gap.world.desk_records(&lyon);
    for minute in 0..50 {
        let everything = Missing {
            device: lyon,
            epoch,
            from: 1 + minute % 2,
            to: u64::MAX,
        };
        gap.world.say("lyon", (&tunis, &lyon), 0, |heartbeat| {
            heartbeat.missing = List::new([everything]).unwrap();
        });
        gap.minutes(1);
    }
    assert_eq!(gap.arrived(), all, "it has both");
    let unknown = IncidentKind::AskedUnknown {
        device: tunis,
        from: 3,
        to: u64::MAX,
    };
    assert_eq!(gap.incidents(lyon), [unknown], "once");
    let now = gap.world.now;
    for alert in all {
        let track = gap.world.desk(&lyon).track(&alert, now).unwrap().unwrap();
        let receipts = &track.recipients[0].receipts;
        assert_eq!(receipts.len(), 2, "of the alert, and of one addendum");
    }
    // Two addenda of some twenty records each, their receipts, and two askings.
    let added = gap.world.desk_records(&lyon) - before;
    assert!(added < 100, "{added} records");
}

/// An answer counts for the stream of the device that signed it alone.
#[test]
fn nobody_else_can_say_that_an_alert_will_not_come() {
    let mut gap = Gap::new(&["lyon"]);
    gap.brought();
    let alert = gap.withheld();
    gap.deaf = true;
    gap.brought();
    gap.minutes(u32::from(HOLE_ASK_LOOKS) + 1);
    let (tunis, rome, epoch) = (gap.tunis, gap.rome, gap.epoch());
    for (end, named) in [(GapEnd::Unknown, AlertId::NONE), (GapEnd::Expired, alert)] {
        let forged = GapAnswer {
            device: tunis,
            epoch,
            from: 2,
            to: 2,
            alert: named,
            end,
            again: false,
        };
        gap.world.say("lyon", (&rome, &tunis), 0, |heartbeat| {
            let answers = List::new([forged]).unwrap();
            heartbeat.extensions = Heartbeat::extensions_of(&answers, &List::empty());
        });
        gap.minutes(1);
    }
    assert_eq!(gap.incidents(tunis), []);
    gap.deaf = false;
    gap.minutes(pause());
    assert!(gap.arrived().contains(&alert));
}

/// A relay keeps back what it likes of the alerts, and of what is said about them for some hours;
/// desks are killed; and in the end everything is there once, and told as an incident or not, every
/// gap has ended.
#[test]
fn whatever_is_kept_back_everything_comes_in_the_end_and_once() {
    for seed in 0..200 {
        let relays: &[&str] = if seed % 2 == 0 {
            &["lyon"]
        } else {
            &["lyon", "tunis"]
        };
        let mut gap = Gap::new(relays);
        let mut random = Seeded::new(seed);
        let mut draw = |below: u64| u64::from_le_bytes(random.array()) % below;
        let mut sent = Vec::new();
        for _ in 0..1 + draw(8) {
            let alert = match draw(2) {
                0 => gap.withheld(),
                _ => gap.brought(),
            };
            sent.push(alert);
            gap.deaf = draw(3) == 0;
            gap.minutes(u32::try_from(draw(20)).unwrap());
            if draw(4) == 0 {
                let device = [gap.lyon, gap.tunis][usize::try_from(draw(2)).unwrap()];
                gap.world.kill_desk(&device);
                for relay in relays {
                    gap.world.greet_alone(relay, &device);
                }
            }
        }
        gap.deaf = false;
        gap.minutes(3 * pause());
        let arrived = gap.arrived();
        let all: BTreeSet<AlertId> = sent.iter().copied().collect();
        assert_eq!(arrived.len(), sent.len(), "seed {seed}: once each");
        assert_eq!(arrived.into_iter().collect::<BTreeSet<_>>(), all);
        // Numbers are given in the order of sending.
        let mut open = BTreeMap::new();
        for incident in gap.incidents(gap.tunis) {
            let IncidentKind::AlertsMissing { from, to, .. } = incident else {
                panic!("seed {seed}: {incident:?}");
            };
            for number in from..=to {
                let place = usize::try_from(number - 1).unwrap();
                assert_eq!(open.insert(sent[place], number), None, "seed {seed}");
            }
        }
        for event in gap.events(gap.tunis) {
            if let EventKind::GapFilled { alert, .. } = event {
                assert!(open.remove(&alert).is_some(), "seed {seed}");
            }
        }
        assert!(open.is_empty(), "seed {seed}: {open:?}");
        assert_eq!(gap.incidents(gap.lyon), [], "seed {seed}");
    }
}

/// Each pause asked for the same ones first, and those that did not fit were never asked for.
#[test]
fn of_more_holes_than_a_heartbeat_names_each_is_asked_for_in_its_turn() {
    let mut gap = Gap::new(&["lyon"]);
    gap.deaf = true;
    let mut kept = BTreeSet::new();
    for _ in 0..MISSING_MAX + 2 {
        kept.insert(gap.withheld());
        gap.brought();
    }
    // Whatever Lyon sends again is kept back as well, so that every hole stays one.
    gap.deaf = false;
    gap.mute = Some("lyon");
    gap.minutes(3 * pause());
    let sent_again = |kind| match kind {
        EventKind::SentAgain { alert, .. } => Some(alert),
        _ => None,
    };
    let lyon = gap.lyon;
    let again: BTreeSet<AlertId> = gap
        .events(lyon)
        .into_iter()
        .filter_map(sent_again)
        .collect();
    assert_eq!(again, kept);
}
