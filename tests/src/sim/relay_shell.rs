//! What the shell of a relay does: answers when its commit is durable, pushes, and looks at clocks.

use std::collections::BTreeSet;

use maille_common::address::DeviceId;
use maille_common::envelope::Submission;
use maille_common::roster::Knowledge;
use maille_common::time::Span;
use maille_common::wire::{Answer, Push, Refusal, RefusalCode, Request};
use maille_durable::{CommitNumber, Store};
use maille_relay::core::{Step, verify_receipt};

use super::line::{Ask, Message};
use super::mutation::Mutation;
use super::party::{Party, Presence, RelayParty, RelayThen, desk_of};
use super::shape::{HOUR, MINUTE};
use super::world::World;
use crate::memory::{Shelf, answered};

/// Pieces of mail under way to one device.
const WINDOW: usize = 16;

impl RelayParty {
    /// A connection begins.
    pub(crate) fn greets_nobody_yet(&mut self, desk: usize, connection: u64) {
        let presence = Presence {
            connection,
            ..Presence::default()
        };
        self.present.insert(desk, presence);
    }
}

impl World {
    /// A relay is started.
    pub(crate) fn starts_relay(&mut self, relay: usize) {
        let held = &mut self.relays[relay];
        if held.core.is_some() || self.now < held.clock.up_since() {
            return;
        }
        held.open(&self.shape, relay, self.now, &mut self.random);
        self.trace
            .line(self.now, || format!("relay {relay} starts"));
        let (life, round) = (held.life.number, held.life.round);
        self.at(
            0,
            super::world::Event::Round(Party::Relay(relay), life, round),
        );
        self.relay_restarted(relay);
    }

    /// A request arrives.
    pub(crate) fn relay_hears(
        &mut self,
        relay: usize,
        desk: usize,
        connection: u64,
        ticket: u64,
        ask: Ask,
    ) {
        let device = self.shape.desks[desk].device;
        let held = &self.relays[relay];
        let presence = held.present.get(&desk);
        let here = presence.is_some_and(|presence| presence.connection == connection);
        if !here {
            return;
        }
        let hello = matches!(ask, Ask::Request(Request::Hello(_)));
        if !hello && !presence.is_some_and(|presence| presence.greeted) {
            let refused = Answer::Refused(Refusal::permanent(RefusalCode::HelloFirst));
            return self.relay_then(relay, RelayThen::Answer(desk, connection, ticket, refused));
        }
        let step = match ask {
            Ask::Request(request) => self.decides(relay, &device, request),
            Ask::FetchRoster => {
                let roster = self.relays[relay].roster;
                return self.travels(desk, relay, Message::Roster(Some(ticket), roster));
            }
            Ask::OfferRoster(roster) => {
                self.takes_roster(Party::Relay(relay), roster);
                Step {
                    answer: Answer::Done,
                    settled: self.relays[relay].disk.newest(),
                    wake: BTreeSet::new(),
                }
            }
        };
        if let (true, Some(presence)) = (hello, self.relays[relay].present.get_mut(&desk)) {
            presence.greeted = true;
        }
        let accepted = matches!(step.answer, Answer::Accepted(_));
        let early = self.plan.knobs.mutation == Some(Mutation::RelaySaysTooEarly);
        let gate = if early { CommitNumber(0) } else { step.settled };
        let then = RelayThen::Answer(desk, connection, ticket, step.answer);
        self.relays[relay].out.push_back((gate, then));
        for woken in step.wake {
            self.wakes_device(relay, &woken);
        }
        // Confirmations and receipts make room in the window.
        self.relay_then(relay, RelayThen::Look(desk));
        if accepted {
            self.relay_looks(relay);
        }
    }

    fn decides(&mut self, relay: usize, device: &DeviceId, request: Request) -> Step {
        let held = &mut self.relays[relay];
        let reading = held.clock.reading(self.now);
        let core = held.core.as_mut().expect("whoever hears runs");
        match request {
            Request::Hello(hello) => {
                let before = core.incarnation();
                let step = answered(core.hello(device, &hello, reading.wall, &mut self.random));
                if core.incarnation() != before {
                    self.relay_rolled_back(relay);
                }
                step
            }
            Request::Submit(submission) => {
                let step = Self::submitted(held, device, *submission, reading);
                self.check_accepted(relay, &step);
                step
            }
            Request::Receipt(posted) => match verify_receipt(*posted, core.roster(), device) {
                Ok(verified) => answered(core.receipt(&verified)),
                Err(code) => refused(Refusal::permanent(code)),
            },
            Request::Confirm {
                incarnation,
                numbers,
            } => answered(core.confirm(device, incarnation, &numbers)),
            Request::PublishBundle(bundle) => answered(core.publish(device, &bundle, reading.wall)),
            Request::FetchBundles { contacts } => answered(core.bundles(device, &contacts)),
            other => panic!("nobody asks {other:?}"),
        }
    }

    /// An envelope is proven first; one that is known and not proven any more gets the answer that
    /// it got.
    fn submitted(
        held: &mut RelayParty,
        device: &DeviceId,
        submission: Submission,
        reading: maille_common::time::Reading,
    ) -> Step {
        let core = held.core.as_mut().expect("whoever hears runs");
        let used = submission.env.core.roster;
        let verified = match submission.verify_or_return(core.roster(), device, reading.wall) {
            Ok(verified) => verified,
            Err(returned) => {
                if let Some(known) = core.known_answer(device, &returned.0).unwrap() {
                    return answered(core.answer_again(device, known));
                }
                return refused(match core.roster().knows(&used) {
                    Knowledge::Unknown => {
                        Refusal::retry(RefusalCode::UnknownRoster, Span::from_seconds(1))
                    }
                    _ => Refusal::permanent(RefusalCode::NoRule),
                });
            }
        };
        core.look_at_clocks(reading);
        answered(core.submit(device, &verified, &Shelf::default(), reading.wall))
    }

    /// Something is done when the newest commit is durable.
    pub(crate) fn relay_then(&mut self, relay: usize, then: RelayThen) {
        let held = &mut self.relays[relay];
        let newest = held.disk.newest();
        held.out.push_back((newest, then));
    }

    pub(crate) fn wakes_device(&mut self, relay: usize, device: &DeviceId) {
        if let Some(desk) = desk_of(&self.shape, device) {
            self.relay_then(relay, RelayThen::Look(desk));
        }
    }

    /// Lets go what rests on durable commits.
    pub(crate) fn relay_leaves(&mut self, relay: usize) {
        loop {
            let held = &mut self.relays[relay];
            let synced = held.disk.synced();
            let Some(at) = held.out.iter().position(|(gate, _)| *gate <= synced) else {
                return;
            };
            let Some((_, then)) = held.out.remove(at) else {
                return;
            };
            match then {
                RelayThen::Answer(desk, connection, ticket, answer) => {
                    if self.lines[desk][relay].number == connection {
                        self.check_answer(relay, desk, &answer);
                        let roster = self.relays[relay].roster;
                        self.travels(desk, relay, Message::Answer(ticket, answer, roster));
                    }
                }
                RelayThen::Look(desk) => self.looks_what_waits(relay, desk),
                RelayThen::Push(desk, connection, number) => {
                    if self.lines[desk][relay].number == connection {
                        self.pushes(relay, desk, number);
                    }
                }
            }
        }
    }

    fn looks_what_waits(&mut self, relay: usize, desk: usize) {
        let device = self.mail_of(desk);
        let held = &mut self.relays[relay];
        let (Some(core), Some(presence)) = (&held.core, held.present.get_mut(&desk)) else {
            return;
        };
        if !presence.greeted {
            return;
        }
        let connection = presence.connection;
        let waiting = core
            .waiting(&device, WINDOW + presence.pushed.len())
            .unwrap();
        let numbers: BTreeSet<u64> = waiting.iter().map(|mail| mail.number).collect();
        presence.pushed.retain(|number| numbers.contains(number));
        for mail in waiting {
            if presence.pushed.len() < WINDOW && presence.pushed.insert(mail.number) {
                let newest = held.disk.newest();
                let push = RelayThen::Push(desk, connection, mail.number);
                held.out.push_back((newest, push));
            }
        }
    }

    /// Whose mail a desk is handed.
    fn mail_of(&self, desk: usize) -> DeviceId {
        let astray = self.plan.knobs.mutation == Some(Mutation::MailMisdirected);
        let other = (desk + 1) % self.shape.desks.len();
        self.shape.desks[if astray { other } else { desk }].device
    }

    fn pushes(&mut self, relay: usize, desk: usize, number: u64) {
        let device = self.mail_of(desk);
        let Some(core) = &self.relays[relay].core else {
            return;
        };
        let Some(push) = core.push(&device, number).unwrap() else {
            return;
        };
        if self.plan.knobs.mutation == Some(Mutation::OldMailUnpushed) {
            let wall = self.relays[relay].clock.reading(self.now).wall;
            let old = |push: &Push| match push {
                Push::Delivery { delivery, .. } => {
                    wall.since(delivery.env.core.created).ms() > HOUR / 6
                }
                _ => false,
            };
            if old(&push) {
                return;
            }
        }
        if !self.is_withheld(relay, desk, number, &push) {
            self.travels(desk, relay, Message::Push(push));
        }
    }

    /// A hostile relay keeps some mail back for good; once faults stop, only what it kept before.
    fn is_withheld(&mut self, relay: usize, desk: usize, number: u64, push: &Push) -> bool {
        if self.plan.knobs.hostile != Some(relay) {
            return false;
        }
        let incarnation = self.relays[relay]
            .core
            .as_ref()
            .map(|core| core.incarnation());
        let key = (relay, desk, incarnation, number);
        let drawn = self.chance.percent(15) && !self.calm;
        let known = self.checker.withheld(key, drawn);
        if known {
            let line = || format!("relay {relay} withholds mail {number} of desk {desk}");
            self.trace.line(self.now, line);
            self.checker.note_withheld(desk, push);
        }
        known
    }

    /// A relay does what is due by its clocks.
    pub(crate) fn relay_looks(&mut self, relay: usize) {
        let held = &mut self.relays[relay];
        let reading = held.clock.reading(self.now);
        let Some(core) = &mut held.core else { return };
        let tick = core.tick(reading).unwrap();
        for woken in &tick.wake {
            self.wakes_device(relay, woken);
        }
        let round = self.plan.knobs.round_ms.min(5 * MINUTE);
        let next = tick.next.map_or(round, |next| next.ms().clamp(1, round));
        self.plans_round(Party::Relay(relay), next);
    }
}

/// A refusal, which changes nothing and rests on nothing.
fn refused(why: Refusal) -> Step {
    Step {
        answer: Answer::Refused(why),
        settled: CommitNumber(0),
        wake: BTreeSet::new(),
    }
}
