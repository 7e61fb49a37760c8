//! Ten thousand deadlines through restarts and clocks that somebody sets: none missed, none early.
//! Where the clock was set while the machine was off, none missed, and marked uncertain.
//!
//! Everybody rests as the shells do: until what fell due next when last looked at, and no longer.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::collections::{BTreeMap, BTreeSet};

use maille_client::core::{EventKind, Order};
use maille_common::address::{ContactAddress, DeviceId};
use maille_common::evidence::ObligationState;
use maille_common::identifier::AlertId;
use maille_common::randomness::Randomness;
use maille_common::terms::NoticeKind;
use maille_common::time::{Span, Timestamp};
use maille_tests::memory::{MemoryWorld, order};
use maille_tests::network::{FOUNDED, Network, address};
use maille_tests::randomness::Seeded;

/// No deadline is later than that.
const LATE: Span = Span::from_seconds(1);
const RECIPIENTS: u8 = 10;

/// What falls due about one obligation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// The sender's desk says that nobody acknowledged.
    Overdue,
    /// The relay asks the deputies of a step.
    Step(u8),
    /// The relay says that it has seen nothing.
    Unseen,
    /// The sender's desk signs that it expired.
    Expired,
}

type Obligation = (AlertId, ContactAddress);

/// An obligation's terms, and when it began.
#[derive(Debug, Clone, Copy)]
struct Terms {
    from: Span,
    ack_within: Span,
    expires_after: Span,
    delays: [Span; 2],
}

/// When it happened, and whether what was signed about it says that it is uncertain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Happened {
    at: Span,
    uncertain: Option<bool>,
}

/// What a machine goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Disturbance {
    KillRelay,
    KillDesk,
    SetWall,
    Reboot,
}

struct Run {
    world: MemoryWorld,
    random: Seeded,
    lyon: DeviceId,
    /// True time since the beginning.
    elapsed: Span,
    relay_wakes: Option<Span>,
    desk_wakes: Option<Span>,
    obligations: BTreeMap<Obligation, Terms>,
    happened: BTreeMap<(Obligation, Due), Vec<Happened>>,
    /// When the wall showed what statements say.
    walls: BTreeMap<Timestamp, Span>,
    reboots: Vec<Span>,
    events_read: u64,
}

fn delays(recipient: u8) -> [Span; 2] {
    let recipient = u64::from(recipient);
    [
        Span::from_minutes(5) + Span::from_seconds(7 * recipient),
        Span::from_minutes(9) + Span::from_seconds(11 * recipient),
    ]
}

fn recipient(number: u8) -> String {
    format!("cmai/desk-{number}")
}

impl Run {
    fn begin(seed: u64) -> Self {
        let mut network = Network::found(seed, &[("interpol", &["lyon"]), ("cmai", &["lyon"])]);
        let lyon = network.admit("interpol/lyon");
        for deputy in ["cmai/amman", "cmai/rabat"] {
            network.admit(deputy);
        }
        for number in 0..RECIPIENTS {
            let contact = recipient(number);
            network.admit(&contact);
            let [first, second] = delays(number);
            network.deputise(&contact, "cmai/amman", first);
            network.deputise(&contact, "cmai/rabat", second);
        }
        let mut world = MemoryWorld::new(network);
        world.settle();
        Self {
            world,
            random: Seeded::new(seed),
            lyon,
            elapsed: Span::ZERO,
            relay_wakes: None,
            desk_wakes: None,
            obligations: BTreeMap::new(),
            happened: BTreeMap::new(),
            walls: BTreeMap::new(),
            reboots: Vec::new(),
            events_read: 0,
        }
    }

    /// A span between these two, to the millisecond.
    fn between(&mut self, least: Span, most: Span) -> Span {
        let any = u64::from_le_bytes(self.random.array());
        Span::from_ms(least.ms() + any % (most.ms() - least.ms()))
    }

    /// An alert to everybody goes out, and the relay has it at once.
    fn send(&mut self, expires_after: Span) {
        let to: Vec<String> = (0..RECIPIENTS).map(recipient).collect();
        let to: Vec<&str> = to.iter().map(String::as_str).collect();
        let order = Order {
            ack_within: self.between(Span::from_minutes(1), Span::from_hours(3)),
            expires_after,
            ..order(&to, "Nobody answers")
        };
        let alert = self.world.order(&self.lyon, &order).id;
        self.world.submit_alone("lyon", &self.lyon);
        for number in 0..RECIPIENTS {
            let terms = Terms {
                from: self.elapsed,
                ack_within: order.ack_within,
                expires_after,
                delays: delays(number),
            };
            let obligation = (alert, address(&recipient(number)));
            self.obligations.insert(obligation, terms);
        }
        // The shells are told that something may be due earlier.
        self.wake();
    }

    /// Everybody rests until something is due, or until `end`.
    fn rest(&mut self, end: Span) {
        let wakes = [self.relay_wakes, self.desk_wakes, Some(end)];
        let until = wakes.into_iter().flatten().min().unwrap().max(self.elapsed);
        self.world.pass(until - self.elapsed);
        self.elapsed = until;
        self.wake();
    }

    /// Relay and desk do what is due, and note when they have to wake again.
    fn wake(&mut self) {
        self.walls.insert(self.world.now, self.elapsed);
        let next = loop {
            let tick = self.world.tick_relay("lyon");
            for step in &tick.escalated {
                assert_eq!(step.kind, NoticeKind::Released);
            }
            if tick.next != Some(Span::ZERO) {
                break tick.next;
            }
        };
        self.relay_wakes = next.map(|next| self.elapsed + next);
        let next = self.world.tick_desk(&self.lyon);
        self.desk_wakes = next.map(|next| self.elapsed + next);
        let events = self
            .world
            .desk(&self.lyon)
            .events_after(self.events_read, usize::MAX, true);
        for event in events.unwrap() {
            self.events_read = event.number;
            let (alert, recipient, due) = match event.event.kind {
                EventKind::Overdue {
                    alert,
                    recipient,
                    uncertain,
                } => {
                    self.note((alert, recipient), Due::Overdue, Some(uncertain));
                    continue;
                }
                EventKind::State {
                    alert,
                    recipient,
                    state,
                } => {
                    assert_eq!(state.state(), ObligationState::Expired);
                    (alert, recipient, Due::Expired)
                }
                _ => continue,
            };
            self.note((alert, recipient), due, None);
        }
    }

    fn note(&mut self, obligation: Obligation, due: Due, uncertain: Option<bool>) {
        let at = self.elapsed;
        let happened = Happened { at, uncertain };
        self.happened
            .entry((obligation, due))
            .or_default()
            .push(happened);
    }

    fn disturb(&mut self, disturbance: Disturbance, jump: Span) {
        // Never before the network was founded: nobody is designated then.
        let anywhere = FOUNDED + Span::from_days(1) + self.between(Span::ZERO, jump);
        match disturbance {
            Disturbance::KillRelay => self.world.kill_relay("lyon"),
            Disturbance::KillDesk => self.world.kill_desk(&self.lyon),
            Disturbance::SetWall => self.world.set_wall(anywhere),
            Disturbance::Reboot => {
                self.elapsed =
                    self.elapsed + self.between(Span::from_minutes(1), Span::from_hours(1));
                self.world.reboot(anywhere);
                self.reboots.push(self.elapsed);
            }
        }
        self.wake();
    }

    /// What the relay signed reaches the sender's desk, and is read there.
    fn collect(&mut self) {
        for _ in 0..400 {
            self.world.meet(&self.lyon, "lyon");
        }
        assert!(self.world.mail("lyon", &self.lyon).is_empty());
        let alerts: BTreeSet<AlertId> = self.obligations.keys().map(|(alert, _)| *alert).collect();
        for alert in alerts {
            let now = self.world.now;
            let track = self
                .world
                .desk(&self.lyon)
                .track(&alert, now)
                .unwrap()
                .unwrap();
            for recipient in track.recipients {
                let obligation = (alert, recipient.contact.clone());
                for notice in &recipient.notices {
                    let due = match notice.statement.kind {
                        NoticeKind::Released => Due::Step(notice.statement.step),
                        NoticeKind::Unseen => Due::Unseen,
                        _ => continue,
                    };
                    let happened = Happened {
                        at: self.walls[&notice.statement.time],
                        uncertain: Some(notice.statement.uncertain),
                    };
                    let all = self.happened.entry((obligation.clone(), due)).or_default();
                    all.push(happened);
                }
                let expired = self.happened.get_mut(&(obligation, Due::Expired)).unwrap();
                assert_eq!(recipient.expiries.len(), 1);
                expired[0].uncertain = Some(recipient.expiries[0].statement.uncertain);
            }
        }
    }

    /// When it happened: once.
    fn once(&self, obligation: &Obligation, due: Due) -> Happened {
        let found = self.happened.get(&(obligation.clone(), due));
        let found = found.map_or(&[][..], Vec::as_slice);
        assert_eq!(found.len(), 1, "{due:?} of {obligation:?}: {found:?}");
        found[0]
    }

    /// Checks every deadline; how many there were, and how many of them lay across a reboot.
    fn check(&self) -> (usize, usize) {
        let (mut deadlines, mut across) = (0, 0);
        for (obligation, terms) in &self.obligations {
            let first = self.once(obligation, Due::Step(1)).at;
            let overdue = terms.from + terms.ack_within;
            let expires = terms.from + terms.expires_after;
            for (due, since, expected) in [
                (Due::Overdue, terms.from, overdue),
                (Due::Step(1), terms.from, overdue + terms.delays[0]),
                (Due::Step(2), first, first + terms.delays[1]),
                (Due::Unseen, terms.from, expires),
                (Due::Expired, terms.from, expires),
            ] {
                deadlines += 1;
                let Happened { at, uncertain } = self.once(obligation, due);
                let lies_across = |since: Span| {
                    self.reboots
                        .iter()
                        .any(|reboot| since < *reboot && *reboot <= at)
                };
                if let Some(uncertain) = uncertain {
                    assert_eq!(
                        uncertain,
                        lies_across(terms.from),
                        "{due:?} of {obligation:?}"
                    );
                }
                if lies_across(since) {
                    across += 1;
                    continue;
                }
                assert!(at >= expected, "{due:?} was early: {at} for {expected}");
                assert!(
                    at <= expected + LATE,
                    "{due:?} was late: {at} for {expected}"
                );
            }
        }
        (deadlines, across)
    }
}

/// What is due at a relay is counted as deadlines are: a wall that is set back holds nothing back.
#[test]
fn an_alert_leaves_at_once_although_the_clock_was_set_back_after_it_was_sent() {
    let mut network = Network::found(73, &[("interpol", &["lyon"])]);
    let (lyon, _) = (network.admit("interpol/fr"), network.admit("interpol/de"));
    let mut world = MemoryWorld::new(network);
    world.settle();
    let alert = world.send(&lyon, &["interpol/de"], "Now");
    let earlier = Timestamp::from_unix_ms(world.now.unix_ms() - Span::from_hours(10).ms());
    world.set_wall(earlier);
    let (relay, now) = ("lyon".parse().unwrap(), world.now);
    let due = world.desk(&lyon).submissions_due(&relay, now, 10).unwrap();
    assert_eq!(due, [alert]);
    let next = world.desk(&lyon).next_submission(&relay).unwrap();
    assert_eq!(next, Some(now));
}

#[test]
fn ten_thousand_deadlines_through_restarts_and_clocks_that_are_set_none_missed_none_early() {
    let mut run = Run::begin(41);
    let everything = [
        Disturbance::KillRelay,
        Disturbance::KillDesk,
        Disturbance::SetWall,
    ];
    let mut disturbances = everything.iter().cycle();
    for _ in 0..205 {
        let until = run.elapsed + run.between(Span::from_ms(1), Span::from_minutes(4));
        while run.elapsed < until {
            run.rest(until);
        }
        run.send(Span::from_hours(8));
        let disturbance = disturbances.next().unwrap();
        run.disturb(*disturbance, Span::from_days(700));
    }
    let end = run.elapsed + Span::from_hours(9);
    while run.elapsed < end {
        run.rest(end);
        let disturbed = run.between(Span::ZERO, Span::from_ms(100)) == Span::ZERO;
        if let (true, Some(disturbance)) = (disturbed, disturbances.next()) {
            run.disturb(*disturbance, Span::from_days(700));
        }
    }
    run.collect();
    let (deadlines, across) = run.check();
    assert!(deadlines >= 10_000, "{deadlines}");
    assert_eq!(across, 0);
    let account = run.world.account("lyon");
    assert!(account.is_sound(), "{account:#?}");
    assert_eq!(account.escalations_running, 0);
}

#[test]
fn where_the_clock_was_set_while_the_machine_was_off_none_is_missed_and_it_is_said() {
    let mut run = Run::begin(43);
    let expires_after = Span::from_days(80);
    for round in 0..40 {
        run.send(expires_after);
        let until = run.elapsed + run.between(Span::from_ms(1), Span::from_hours(1));
        while run.elapsed < until {
            run.rest(until);
        }
        if round % 4 == 3 {
            // Nowhere so far on that an alert would be over before anybody was asked.
            run.disturb(Disturbance::Reboot, Span::from_days(7));
        }
    }
    let quiet = run.elapsed + Span::from_days(90);
    while run.elapsed < quiet {
        run.rest(quiet);
    }
    run.collect();
    let (deadlines, across) = run.check();
    assert_eq!(deadlines, 40 * usize::from(RECIPIENTS) * 5);
    assert!(across > deadlines / 4 && across < deadlines, "{across}");
    assert!(run.world.account("lyon").is_sound());
}
