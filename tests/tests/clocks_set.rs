//! Deadlines of real relays and desks, whose machine's clock somebody sets: while they run nothing
//! is missed, early or uncertain; what was set while the machine was off is said.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use maille_client::core::EventKind;
use maille_client::{EventReader, Message, Milestone};
use maille_common::evidence::ObligationState;
use maille_common::identifier::AlertId;
use maille_common::terms::NoticeKind;
use maille_common::time::Span;
use maille_tests::machine::Machine;
use maille_tests::net::{NetPlan, TestNet, soon};

const RELAY: &str = "lyon";
const LYON: &str = "interpol/lyon";
const DEPUTY: &str = "cmai/amman";
const RECIPIENTS: [&str; 3] = ["cmai/tunis", "cmai/rabat", "cmai/cairo"];
const DEPUTY_LATER: Span = Span::from_seconds(1);

/// What falls due about an obligation that nobody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Overdue,
    Step,
    Unseen,
    Expired,
}

/// What is waited for of an alert that expires late: nobody is asked after that.
const ASKED: &[Due] = &[Due::Overdue, Due::Step];

/// What is waited for of an alert that expires soon.
const ENDED: &[Due] = &[Due::Overdue, Due::Unseen, Due::Expired];

/// An alert: when it was sent at the earliest, its terms, and what is waited for.
struct Sent {
    before: Instant,
    ack_within: Span,
    expires_after: Span,
    dues: &'static [Due],
}

/// Lyon, whose alerts nobody answers: everybody else is away once their keys are known.
struct Unanswered {
    net: TestNet,
    machine: Machine,
    sent: BTreeMap<AlertId, Sent>,
    /// How often each was told.
    told: BTreeMap<(AlertId, String, Due), u32>,
    read: u64,
}

impl Unanswered {
    async fn begin() -> Self {
        let machine = Machine::default();
        let (home, all): (&[&str], _) = (&[RELAY], [&[LYON, DEPUTY], &RECIPIENTS[..]].concat());
        let mut plan = NetPlan::new(&[("interpol", home), ("cmai", home)], &all);
        for recipient in RECIPIENTS {
            plan = plan.deputy(recipient, DEPUTY, DEPUTY_LATER);
        }
        let mut net = plan.machine(&machine).start().await;
        for contact in [&RECIPIENTS[..], &[DEPUTY]].concat() {
            net.acquaint(LYON, contact).await;
            net.close_desk(contact).await;
        }
        Self {
            net,
            machine,
            sent: BTreeMap::new(),
            told: BTreeMap::new(),
            read: 0,
        }
    }

    async fn send(&mut self, ack_within: Span, expires_after: Span, dues: &'static [Due]) {
        let message = Message::text("Nobody answers", "Nobody answers")
            .to_all(RECIPIENTS)
            .ack_within(ack_within)
            .expires_after(expires_after);
        let before = Instant::now();
        let alert = self.net.desk(LYON).client().send(message).await.unwrap().id;
        self.net.desk(LYON).wait(alert, Milestone::Accepted).await;
        let sent = Sent {
            before,
            ack_within,
            expires_after,
            dues,
        };
        self.sent.insert(alert, sent);
    }

    async fn restart_relay(&mut self) {
        self.net.stop_relay(RELAY).await;
        self.net.start_relay(RELAY).await;
        self.net.until_connected(RELAY, 1).await;
    }

    async fn restart_desk(&mut self) {
        self.net.close_desk(LYON).await;
        self.net.open_desk(LYON).await;
        self.net.until_connected(RELAY, 1).await;
    }

    /// The machine goes off, and comes up with the wall's clock set so.
    async fn off_and_on(&mut self, set: impl FnOnce(&Machine)) {
        self.net.close_desk(LYON).await;
        self.net.stop_relay(RELAY).await;
        set(&self.machine);
        self.machine.reboot();
        self.net.start_relay(RELAY).await;
        self.net.open_desk(LYON).await;
    }

    /// Takes what was told by now; nothing of it before its time, if nothing may be.
    async fn look(&mut self, early: bool) {
        let mut events = self.events();
        while let Some(event) = events.try_next().await.unwrap() {
            let number = event.number;
            if number > self.read {
                self.read = number;
                self.take(event.event.kind, early);
            }
        }
    }

    /// Waits until everything was told that is waited for, and sees that nothing was told twice.
    async fn until_told(&mut self, early: bool) {
        let each = self.sent.values().map(|sent| sent.dues.len());
        let wanted = RECIPIENTS.len() * each.sum::<usize>();
        let mut events = self.events();
        while self.told_so_far() < wanted {
            let event = soon("something falls due", events.next()).await.unwrap();
            if event.number > self.read {
                self.read = event.number;
                self.take(event.event.kind, early);
            }
        }
        let twice = self.told.values().find(|times| **times != 1);
        assert_eq!(twice, None);
    }

    fn told_so_far(&self) -> usize {
        let told = self.told.keys();
        told.filter(|(alert, _, due)| self.sent[alert].dues.contains(due))
            .count()
    }

    fn events(&self) -> EventReader {
        // Commits nothing, and so begins anew.
        self.net.desk(LYON).client().events("dues").all()
    }

    fn take(&mut self, kind: EventKind, early: bool) {
        let (alert, recipient, due) = match kind {
            EventKind::Overdue {
                alert, recipient, ..
            } => (alert, recipient, Due::Overdue),
            EventKind::Notice {
                alert,
                recipient,
                kind: NoticeKind::Released,
            } => (alert, recipient, Due::Step),
            EventKind::Notice {
                alert,
                recipient,
                kind: NoticeKind::Unseen,
            } => (alert, recipient, Due::Unseen),
            EventKind::State {
                alert,
                recipient,
                state,
            } if state.state() == ObligationState::Expired => (alert, recipient, Due::Expired),
            _ => return,
        };
        let Some(sent) = self.sent.get(&alert) else {
            return;
        };
        let after = match due {
            Due::Overdue => sent.ack_within,
            Due::Step => sent.ack_within + DEPUTY_LATER,
            Due::Unseen | Due::Expired => sent.expires_after,
        };
        let passed = sent.before.elapsed();
        let is_early = passed < Duration::from_millis(after.ms());
        assert!(early || !is_early, "{due:?} of {alert} after {passed:?}");
        let told = self.told.entry((alert, recipient.to_string(), due));
        *told.or_default() += 1;
    }

    /// What is signed about all of them, and told, says of each whether it is uncertain.
    async fn assert_all_uncertain(&self, uncertain: bool) {
        let mut said = 0;
        for alert in self.sent.keys() {
            let track = self.net.desk(LYON).client().track(*alert).await.unwrap();
            for tracked in track.recipients {
                let notices = tracked.notices.iter().map(|one| one.statement.uncertain);
                let expiries = tracked.expiries.iter().map(|one| one.statement.uncertain);
                for one in notices.chain(expiries) {
                    assert_eq!(one, uncertain);
                    said += 1;
                }
            }
        }
        assert!(said >= self.sent.len() * RECIPIENTS.len());
        let mut events = self.events();
        while let Some(event) = events.try_next().await.unwrap() {
            if let EventKind::Overdue {
                alert,
                uncertain: told,
                ..
            } = event.event.kind
                && self.sent.contains_key(&alert)
            {
                assert_eq!(told, uncertain);
            }
        }
    }
}

/// Between any two of them the wall goes hours forward or back, and somebody is started again.
#[tokio::test(flavor = "multi_thread")]
async fn deadlines_are_kept_through_restarts_while_somebody_sets_the_clock() {
    let mut world = Unanswered::begin().await;
    let second = Span::from_seconds(1);
    for within_ms in [1_500, 2_000, 2_500, 3_000] {
        let ack_within = Span::from_ms(within_ms);
        world.send(ack_within, Span::from_hours(1), ASKED).await;
        world.send(ack_within, ack_within + second, ENDED).await;
    }
    for turn in 1..=4 {
        let hours = Span::from_hours(5 * turn);
        match turn % 2 {
            0 => world.machine.set_ahead(hours),
            _ => world.machine.set_behind(hours),
        }
        world.look(false).await;
        match turn / 2 % 2 {
            0 => world.restart_relay().await,
            _ => world.restart_desk().await,
        }
        world.look(false).await;
    }
    world.until_told(false).await;
    world.assert_all_uncertain(false).await;
    world.net.stop().await;
}

/// Whoever finds the wall set back counts on from where it was; whoever finds it set forward
/// believes that so much has passed.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_set_while_the_machine_was_off_is_said_and_nothing_is_missed() {
    let mut world = Unanswered::begin().await;
    let day = Span::from_days(1);
    // Longer than anybody waits here.
    for hours in [1, 2, 3] {
        world.send(Span::from_hours(hours), day, ASKED).await;
    }
    world
        .off_and_on(|machine| machine.set_behind(Span::from_hours(7)))
        .await;
    world.look(false).await;
    world
        .off_and_on(|machine| machine.set_ahead(Span::from_hours(7)))
        .await;
    world.until_told(true).await;
    world.assert_all_uncertain(true).await;
    world.net.stop().await;
}
