//! A relay that keeps the last alert back is found out by both sides, no later than at the deadline
//! or at the heartbeat, whichever comes first; and an honest one is accused by nobody (PROTOCOL G9,
//! G10).

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::collections::BTreeMap;

use maille_client::core::{EventKind, IncidentKind, Order};
use maille_common::address::DeviceId;
use maille_common::limits::HEARTBEAT_MS;
use maille_common::terms::{Kind, Urgency};
use maille_common::time::{Span, Timestamp};
use maille_common::wire::Push;
use maille_relay::core::RelayCore;
use maille_tests::memory::{MemoryWorld, order};
use maille_tests::network::Network;

const RELAY: &str = "lyon";
const LYON: &str = "interpol/lyon";
const TUNIS: &str = "cmai/tunis";
const SIDE: usize = 32;

/// The longest pause between heartbeats, in minutes.
fn pause() -> u64 {
    HEARTBEAT_MS.end() / 60_000
}

fn admit(network: &mut Network, of: &str) -> Vec<(String, DeviceId)> {
    let contacts = (0..SIDE).map(|index| format!("{of}/desk{index}"));
    contacts
        .map(|contact| (contact.clone(), network.admit(&contact)))
        .collect()
}

/// 32 desks write to 32 others over a relay that brings these heartbeats and nothing else.
struct Pairs {
    world: MemoryWorld,
    senders: Vec<(String, DeviceId)>,
    recipients: Vec<(String, DeviceId)>,
    /// When the first heartbeat of a pair was made.
    named: BTreeMap<(DeviceId, DeviceId), Timestamp>,
}

impl Pairs {
    fn new() -> Self {
        let homes: &[&str] = &[RELAY];
        let mut network = Network::found(42, &[("interpol", homes), ("cmai", homes)]);
        let senders = admit(&mut network, "interpol");
        let recipients = admit(&mut network, "cmai");
        let mut world = MemoryWorld::new(network);
        for _ in 0..2 {
            for (_, device) in senders.iter().chain(&recipients) {
                world.meet(device, RELAY);
            }
        }
        Self {
            world,
            senders,
            recipients,
            named: BTreeMap::new(),
        }
    }

    /// A minute, in which everybody is connected and woken as often as something comes.
    fn minute(&mut self) {
        self.world.pass(Span::from_minutes(1));
        self.world.tick();
        // A heartbeat goes, is asked about, and what it was about goes again.
        for _ in 0..3 {
            if self.world.beat() == 0 {
                break;
            }
            for (_, device) in self.senders.iter().chain(&self.recipients) {
                self.world.bring_due(device, RELAY);
            }
            for (_, recipient) in self.recipients.clone() {
                self.keep_back(&recipient);
                self.world.collect_due(&recipient, RELAY);
            }
            for (_, sender) in self.senders.clone() {
                self.world.collect_due(&sender, RELAY);
            }
        }
    }

    /// Everything for a recipient but heartbeats is kept back, for ever.
    fn keep_back(&mut self, recipient: &DeviceId) {
        let core = self.world.relay(RELAY);
        let (mut kept, mut heard) = (Vec::new(), Vec::new());
        for mail in core.waiting(recipient, 1_000).unwrap() {
            if mail.class < RelayCore::CLASS_LAST {
                kept.push((*recipient, mail.number));
                continue;
            }
            if let Some(Push::Delivery { delivery, .. }) =
                core.push(recipient, mail.number).unwrap()
            {
                let core = &delivery.env.core;
                assert_eq!(core.kind, Kind::Heartbeat);
                heard.push(((core.device, *recipient), core.created));
            }
        }
        self.world.withheld.extend(kept);
        for (pair, created) in heard {
            self.named.entry(pair).or_insert(created);
        }
    }
}

/// Half of the alerts are due before the first heartbeat, the others long after it.
#[test]
fn of_a_thousand_pairs_both_notice_by_the_deadline_or_the_heartbeat_whichever_is_first() {
    let mut pairs = Pairs::new();
    let sent = pairs.world.now;
    let to: Vec<&str> = pairs.recipients.iter().map(|(to, _)| to.as_str()).collect();
    let deadlines = [Span::from_minutes(30), Span::from_hours(3)];
    let mut deadline_of = BTreeMap::new();
    for (index, (_, sender)) in pairs.senders.iter().enumerate() {
        let ack_within = deadlines[index % 2];
        let order = Order {
            ack_within,
            ..order(&to, "The last")
        };
        pairs.world.order(sender, &order);
        pairs.world.bring_due(sender, RELAY);
        deadline_of.insert(*sender, sent + ack_within);
    }
    for (_, recipient) in pairs.recipients.clone() {
        assert_eq!(pairs.world.mail(RELAY, &recipient).len(), SIDE);
        pairs.keep_back(&recipient);
    }
    for _ in 0..pause() + 1 {
        pairs.minute();
    }

    let contact_of: BTreeMap<String, DeviceId> = pairs.recipients.iter().cloned().collect();
    let mut by_sender = BTreeMap::new();
    for (_, sender) in &pairs.senders {
        let events = pairs.world.desk(sender).events_after(0, usize::MAX, true);
        for event in events.unwrap() {
            let recipient = match event.event.kind {
                EventKind::Overdue { recipient, .. } => contact_of[&recipient.to_string()],
                EventKind::SentAgain { device, .. } => device,
                _ => continue,
            };
            let noticed = by_sender.entry((*sender, recipient));
            noticed.or_insert(event.event.time);
        }
    }
    let mut by_recipient = BTreeMap::new();
    for (_, recipient) in &pairs.recipients {
        assert!(pairs.world.desk(recipient).inbox().unwrap().is_empty());
        let incidents = pairs.world.desk(recipient).incidents_after(0, 1_000);
        for (_, incident) in incidents.unwrap() {
            let IncidentKind::AlertsMissing { device, from, to } = incident.kind else {
                panic!("{incident:?}");
            };
            assert_eq!((from, to), (1, 1));
            let before = by_recipient.insert((device, *recipient), incident.time);
            assert_eq!(before, None, "told once");
        }
    }
    let mut at_heartbeats = 0;
    for (_, sender) in &pairs.senders {
        for (_, recipient) in &pairs.recipients {
            let pair = (*sender, *recipient);
            // Everybody looks once a minute, so a heartbeat is made and collected in one.
            let (deadline, heartbeat) = (deadline_of[sender], pairs.named[&pair]);
            let by = deadline.min(heartbeat);
            assert!(by <= sent + Span::from_minutes(pause() + 1));
            assert!(by_sender[&pair] <= by, "the sender at {}", by_sender[&pair]);
            assert!(by_recipient[&pair] <= by, "the recipient at {by}");
            at_heartbeats += usize::from(heartbeat < deadline);
        }
    }
    assert_eq!(by_sender.len(), SIDE * SIDE);
    assert_eq!(at_heartbeats, SIDE * SIDE / 2);
}

/// Lyon, who writes to Tunis over one relay or two.
struct Pair {
    world: MemoryWorld,
    relays: &'static [&'static str],
    lyon: DeviceId,
    tunis: DeviceId,
}

impl Pair {
    fn new(relays: &'static [&'static str]) -> Self {
        let mut network = Network::found(43, &[("interpol", relays), ("cmai", relays)]);
        let (lyon, tunis) = (network.admit(LYON), network.admit(TUNIS));
        let mut world = MemoryWorld::new(network);
        world.settle();
        Self {
            world,
            relays,
            lyon,
            tunis,
        }
    }

    /// Time passes for Lyon alone, which brings a relay what it makes; Tunis is away.
    fn lyon_minutes(&mut self, count: u64, relay: &str) {
        for _ in 0..count {
            self.world.pass(Span::from_minutes(1));
            let lyon = self.lyon;
            let _ = self.world.tick_desk(&lyon);
            let _ = self.world.beat();
            self.world.bring_due(&lyon, relay);
        }
    }

    fn heartbeats_at(&mut self, relay: &str) -> usize {
        let tunis = self.tunis;
        let waiting = self.world.relay(relay).waiting(&tunis, 100).unwrap();
        let last = |class: u8| class >= RelayCore::CLASS_LAST;
        waiting.iter().filter(|mail| last(mail.class)).count()
    }

    fn incidents(&mut self) -> Vec<IncidentKind> {
        let tunis = self.tunis;
        let incidents = self.world.desk(&tunis).incidents_after(0, 100).unwrap();
        incidents.into_iter().map(|(_, one)| one.kind).collect()
    }

    fn inbox(&mut self) -> usize {
        let tunis = self.tunis;
        self.world.desk(&tunis).inbox().unwrap().len()
    }
}

/// The least urgent alert that there is waits with heartbeats that are older and newer than it.
#[test]
fn a_heartbeat_waits_behind_everything_else_in_its_mailbox() {
    let mut pair = Pair::new(&[RELAY]);
    let (lyon, tunis) = (pair.lyon, pair.tunis);
    pair.world.send(&lyon, &[TUNIS], "First");
    pair.lyon_minutes(pause() + 1, RELAY);
    assert_eq!(pair.heartbeats_at(RELAY), 1);
    let late = Order {
        urgency: Urgency::Unknown,
        ..order(&[TUNIS], "Last")
    };
    pair.world.order(&lyon, &late);
    pair.lyon_minutes(1, RELAY);
    let waiting = pair.world.relay(RELAY).waiting(&tunis, 100).unwrap();
    let (last, alerts) = waiting.split_last().unwrap();
    assert_eq!(last.class, RelayCore::CLASS_LAST);
    assert!(alerts.iter().all(|mail| mail.class < last.class));
    let oldest = alerts.iter().any(|mail| last.number < mail.number);
    assert!(oldest, "{waiting:?}");
    pair.world.meet(&tunis, RELAY);
    assert_eq!((pair.inbox(), pair.incidents()), (2, vec![]));
}

/// Each relay is judged by what it has accepted itself: the one that has nothing withholds nothing.
#[test]
fn of_two_uneven_relays_neither_is_accused_of_what_the_other_one_has() {
    let mut pair = Pair::new(&["lyon", "tunis"]);
    let (lyon, tunis) = (pair.lyon, pair.tunis);
    // Both get the first one, of which Tunis answers at one of them only.
    pair.world.send(&lyon, &[TUNIS], "At both");
    for relay in pair.relays {
        pair.world.bring_due(&lyon, relay);
    }
    pair.world.meet(&tunis, "tunis");
    // The second one is at one relay when heartbeats go to both.
    pair.world.send(&lyon, &[TUNIS], "At one");
    pair.lyon_minutes(pause() + 1, "lyon");
    assert_eq!(pair.heartbeats_at("lyon"), 1);
    pair.world.meet(&tunis, "tunis");
    assert_eq!(pair.incidents(), []);
    for _ in 0..pause() + 1 {
        pair.lyon_minutes(1, "lyon");
        pair.world.bring_due(&lyon, "tunis");
        pair.world.collect_due(&tunis, "tunis");
    }
    assert_eq!((pair.inbox(), pair.incidents()), (2, vec![]));
    pair.world.meet(&tunis, "lyon");
    assert_eq!((pair.inbox(), pair.incidents()), (2, vec![]));
}

/// A heartbeat that was sealed for a relay's earlier life would overtake what that lost.
#[test]
fn a_relay_that_lost_its_disk_is_accused_of_nothing() {
    let mut pair = Pair::new(&[RELAY]);
    let (lyon, tunis) = (pair.lyon, pair.tunis);
    let alert = pair.world.send(&lyon, &[TUNIS], "Lost with the disk");
    pair.lyon_minutes(1, RELAY);
    for _ in 0..pause() {
        pair.world.pass(Span::from_minutes(1));
        let _ = pair.world.tick_desk(&lyon);
        let _ = pair.world.beat();
    }
    let (name, now) = (RELAY.parse().unwrap(), pair.world.now);
    let due = |world: &mut MemoryWorld| {
        let due = world.desk(&lyon).submissions_due(&name, now, 10);
        due.unwrap()
    };
    let sealed = due(&mut pair.world);
    assert_eq!(sealed.len(), 1, "a heartbeat");
    assert_ne!(sealed, [alert]);
    pair.world.lose_relay(RELAY);
    pair.world.greet_alone(RELAY, &lyon);
    assert_eq!(due(&mut pair.world), [alert]);
    pair.world.meet(&tunis, RELAY);
    pair.lyon_minutes(pause() + 1, RELAY);
    assert!(pair.heartbeats_at(RELAY) > 0);
    pair.world.meet(&tunis, RELAY);
    assert_eq!((pair.inbox(), pair.incidents()), (1, vec![]));
}

/// Its answer is at the relay and has not come to its sender, who so names what it has lost since.
#[test]
fn a_desk_that_lost_what_it_had_answered_is_handed_it_before_the_heartbeat() {
    for restored in [true, false] {
        let mut pair = Pair::new(&[RELAY]);
        let (lyon, tunis) = (pair.lyon, pair.tunis);
        pair.world.save_desk(&tunis);
        pair.world.send(&lyon, &[TUNIS], "Answered and lost");
        pair.world.bring_due(&lyon, RELAY);
        pair.world.meet(&tunis, RELAY);
        assert_eq!(pair.inbox(), 1);
        pair.lyon_minutes(pause() + 1, RELAY);
        assert_eq!(pair.heartbeats_at(RELAY), 1);
        match restored {
            true => pair.world.restore_desk(&tunis),
            false => pair.world.lose_desk(&tunis),
        }
        assert_eq!(pair.inbox(), 0);
        pair.world.meet(&tunis, RELAY);
        assert_eq!(pair.inbox(), 1);
        let missed = |kind: &IncidentKind| matches!(kind, IncidentKind::AlertsMissing { .. });
        assert!(!pair.incidents().iter().any(missed));
    }
}

/// A push broke off, and its alert comes with the next connection; the heartbeat was whole.
#[test]
fn what_was_not_read_is_not_withheld() {
    let mut pair = Pair::new(&[RELAY]);
    let (lyon, tunis) = (pair.lyon, pair.tunis);
    pair.world.send(&lyon, &[TUNIS], "Broken off");
    pair.lyon_minutes(pause() + 1, RELAY);
    pair.world.greet_alone(RELAY, &tunis);
    let waiting = pair.world.relay(RELAY).waiting(&tunis, 10).unwrap();
    let heartbeat = waiting.last().unwrap().number;
    let name = RELAY.parse().unwrap();
    pair.world.desk(&tunis).overtaken_over(&name);
    pair.world.bring(RELAY, &tunis, heartbeat);
    assert_eq!(pair.incidents(), []);
    // Over the next connection the same heartbeat, alone, accuses.
    pair.world.part(RELAY, &tunis);
    pair.world.greet_alone(RELAY, &tunis);
    pair.world.bring(RELAY, &tunis, heartbeat);
    let (device, from, to) = (lyon, 1, 1);
    let missing = IncidentKind::AlertsMissing { device, from, to };
    assert_eq!(pair.incidents(), [missing]);
}

/// An alert falls due at a desk that is away: one heartbeat out of its turn says so, and no more.
#[test]
fn what_a_heartbeat_has_named_already_makes_no_other_one_when_it_falls_due() {
    let mut pair = Pair::new(&[RELAY]);
    let lyon = pair.lyon;
    for _ in 0..5 {
        pair.world.send(&lyon, &[TUNIS], "Nobody is there");
        pair.lyon_minutes(1, RELAY);
    }
    pair.lyon_minutes(24, RELAY);
    assert_eq!(pair.heartbeats_at(RELAY), 0);
    pair.lyon_minutes(8, RELAY);
    assert_eq!(pair.heartbeats_at(RELAY), 1, "it named all five");
}
