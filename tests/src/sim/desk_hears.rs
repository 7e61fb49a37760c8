//! What the shell of a desk does with what comes from a relay.

use maille_client::core::{Collected, IncidentKind, SendError};
use maille_common::address::Name;
use maille_common::codec::List;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::sealing::{SealingRing, SignedBundle};
use maille_common::time::Span;
use maille_common::wire::{Answer, HelloAnswer, Push, Refusal, RefusalCode, Request};

use super::line::{Ask, Asked, Message, Stage};
use super::party::Party;
use super::world::{Event, World, is_heartbeat};

impl World {
    /// A message arrives; at whom it did.
    pub(crate) fn arrives(
        &mut self,
        desk: usize,
        relay: usize,
        connection: u64,
        message: Message,
    ) -> Option<Party> {
        let (line, now) = (&mut self.lines[desk][relay], self.now);
        let over = line.number != connection || line.dead || line.stage == Stage::Down;
        if over {
            return None;
        }
        match message {
            Message::Ask(ticket, ask) => {
                if self.relays[relay].core.is_some() {
                    self.relay_hears(relay, desk, connection, ticket, ask);
                }
                Some(Party::Relay(relay))
            }
            Message::Answer(ticket, answer, roster) => {
                self.desk_hears(desk, relay, ticket, answer, roster);
                Some(Party::Desk(desk))
            }
            // It waits in its stream until the greeting is over.
            Message::Push(_) if line.stage != Stage::Up => {
                line.pushed_by = line.pushed_by.max(now + 100);
                let again = Event::Arrive(desk, relay, connection, Box::new(message));
                self.at(100, again);
                None
            }
            // Something that was pushed before it waits.
            Message::Push(ref push) if is_heartbeat(push) && now <= line.pushed_by => {
                let waits = line.pushed_by - now + 1;
                let again = Event::Arrive(desk, relay, connection, Box::new(message));
                self.at(waits, again);
                None
            }
            Message::Push(push) => {
                self.takes_push(desk, relay, push);
                Some(Party::Desk(desk))
            }
            Message::Roster(ticket, roster) => {
                let line = &mut self.lines[desk][relay];
                line.theirs = line.theirs.max(roster);
                let asked = ticket.and_then(|ticket| line.asked.remove(&ticket));
                let greeted = asked.is_some() && line.stage == Stage::Greeting;
                if greeted {
                    line.stage = Stage::Up;
                }
                self.takes_roster(Party::Desk(desk), roster);
                if greeted {
                    self.wake(desk);
                }
                Some(Party::Desk(desk))
            }
        }
    }

    fn desk_hears(
        &mut self,
        desk: usize,
        relay: usize,
        ticket: u64,
        answer: Answer,
        roster: usize,
    ) {
        let Some(asked) = self.lines[desk][relay].asked.remove(&ticket) else {
            return;
        };
        let name = self.relay_name(relay);
        match (asked, answer) {
            (Asked::Hello(challenge, tries), Answer::Hello(answer)) => {
                self.is_greeted(desk, relay, (&challenge, tries), *answer, roster);
            }
            (Asked::Hello(..), _) => return self.cut(desk, relay),
            (Asked::Submit(alert), answer) => {
                self.lines[desk][relay].submitting.remove(&alert);
                let Some((core, wall)) = self.desk(desk) else {
                    return;
                };
                match answer {
                    Answer::Accepted(answers) => {
                        let answers = answers.into_vec();
                        core.answered(&name, &alert, answers, wall).unwrap();
                    }
                    Answer::Refused(refusal) => {
                        let wait = wait_after(&refusal);
                        core.submission_failed(&name, &alert, wait, wall).unwrap();
                    }
                    other => panic!("a submission was answered with {other:?}"),
                }
                // A letter may wait for the one before it; the keeper looks within a minute.
                if self.plan.knobs.compares {
                    self.plans_round(Party::Desk(desk), 1);
                }
            }
            (Asked::Post(post), answer) => {
                let now = self.now;
                let outcome = match answer {
                    Answer::Done => Ok(()),
                    Answer::Refused(refusal) => Err(refusal.code),
                    other => panic!("a receipt was answered with {other:?}"),
                };
                let line = &mut self.lines[desk][relay];
                let unknown = outcome == Err(RefusalCode::UnknownAlert);
                if unknown && line.set_aside(post.receipt, now) {
                    return self.wake(desk);
                }
                line.aside.remove(&post.receipt);
                if outcome.is_err_and(passes) {
                    line.posts_from = now + 2_000;
                    self.wakes_later(desk, 2_000);
                }
                let Some((core, _)) = self.desk(desk) else {
                    return;
                };
                core.posted(&name, post, outcome).unwrap();
            }
            (Asked::Confirm(numbers), _) => {
                let Some((core, _)) = self.desk(desk) else {
                    return;
                };
                core.confirmed(&name, &numbers).unwrap();
            }
            (Asked::Publish(number), Answer::Done) => {
                let Some((core, _)) = self.desk(desk) else {
                    return;
                };
                core.bundle_published(&name, number).unwrap();
            }
            (Asked::Publish(_), Answer::Refused(refusal)) => {
                let overtaken = [RefusalCode::BundleOlder, RefusalCode::Conflict];
                if overtaken.contains(&refusal.code) {
                    let me = self.shape.desks[desk].contact.clone();
                    let contacts = List::new(vec![me]).unwrap();
                    let ask = Ask::Request(Request::FetchBundles { contacts });
                    return self.asks(desk, relay, ask, Asked::Overtake);
                }
                return;
            }
            (Asked::Bundles, Answer::Bundles(bundles)) => {
                self.learns_bundles(desk, bundles.into_vec());
            }
            (Asked::Overtake, Answer::Bundles(bundles)) => {
                self.overtakes(desk, bundles.as_slice());
            }
            (Asked::Roster, Answer::Done) => {
                let line = &mut self.lines[desk][relay];
                line.theirs = line.theirs.max(roster);
            }
            _ => return,
        }
        self.wake(desk);
    }

    fn is_greeted(
        &mut self,
        desk: usize,
        relay: usize,
        (challenge, tries): (&[u8; 16], u32),
        answer: HelloAnswer,
        roster: usize,
    ) {
        let name = self.relay_name(relay);
        let Some((core, wall)) = self.desk(desk) else {
            return;
        };
        let greeting = match core.greeted(&name, challenge, answer, wall) {
            Ok(greeting) => greeting,
            Err(error) => {
                let roster = self.desks[desk].roster;
                panic!("desk {desk} with roster {roster} does not believe relay {relay}: {error}");
            }
        };
        if greeting.rolled_back {
            self.desk_rolled_back(desk);
        }
        if greeting.again {
            if tries < 3 {
                return self.says_hello(desk, relay, tries + 1);
            }
            return self.cut(desk, relay);
        }
        let (mine, line) = (self.desks[desk].roster, &mut self.lines[desk][relay]);
        line.theirs = roster;
        line.failures = 0;
        if roster > mine {
            return self.asks(desk, relay, Ask::FetchRoster, Asked::Roster);
        }
        line.stage = Stage::Up;
    }

    fn learns_bundles(&mut self, desk: usize, bundles: Vec<SignedBundle>) {
        let Some((core, wall, random)) = self.desk_with_chance(desk) else {
            return;
        };
        match core.learn_bundles(bundles, wall, random) {
            Ok(_) | Err(SendError::Seal(_)) => {}
            Err(error) => panic!("sealing keys were not learned: {error}"),
        }
    }

    /// The relay holds a newer bundle of this device: its ring was lost, and this one overtakes.
    fn overtakes(&mut self, desk: usize, bundles: &[SignedBundle]) {
        let fact = &self.shape.desks[desk];
        let key = SigningKey::from_seed(fact.signing).verifying_key();
        let mine = |signed: &&SignedBundle| {
            signed.bundle.device == fact.device && signed.verify(&key).is_ok()
        };
        let numbers = bundles
            .iter()
            .filter(mine)
            .map(|signed| signed.bundle.number);
        if let Some(newest) = numbers.max() {
            self.overtakes_bundle(desk, newest);
        }
    }

    /// Makes a bundle that voids every earlier one up to `newest`.
    pub(crate) fn overtakes_bundle(&mut self, desk: usize, newest: u64) {
        let wall = self.desks[desk].clock.reading(self.now).wall;
        let mut ring = SealingRing::from_bytes(&self.desks[desk].ring).unwrap();
        ring.begin_after(newest);
        let bundle = self.next_bundle(desk, &mut ring, wall);
        self.desks[desk].take_ring(ring, bundle);
    }

    fn takes_push(&mut self, desk: usize, relay: usize, push: Push) {
        let name = self.relay_name(relay);
        self.trace.line(self.now, || {
            let what = match &push {
                Push::Delivery { number, delivery } => {
                    format!("{} {number}", delivery.env.core.kind.name())
                }
                Push::Receipt {
                    number, receipt, ..
                } => {
                    let receipt = &receipt.statement;
                    format!(
                        "{} {} {number}",
                        receipt.stage.name(),
                        receipt.alert.prefix()
                    )
                }
                Push::Notice { number, notice } => {
                    format!("notice {} {number}", notice.statement.kind.name())
                }
                Push::RosterNews { .. } => "roster".to_owned(),
            };
            format!("desk {desk} <- relay {relay}: {what}")
        });
        if self.is_letter_lost(&push) {
            return;
        }
        let heartbeat = is_heartbeat(&push);
        let before = heartbeat.then(|| self.alerts_missed(desk));
        let taken = self.desk_takes(desk, &name, push);
        let hostile = self.plan.knobs.hostile == Some(relay);
        // Whatever else went wrong: what a heartbeat accuses its relay of, that has done (G9).
        if !hostile && before.is_some_and(|before| self.alerts_missed(desk) > before) {
            let incidents = self.desk(desk).map(|(core, _)| core.incidents_after(0, 9));
            let what = format!("desk {desk} accuses relay {relay}, which is honest: {incidents:?}");
            self.checker.violated("I4", what);
        }
        let Some(taken) = taken else { return };
        // The keeper looks at letters.
        if matches!(taken, Collected::Reconciliation { .. }) {
            self.plans_round(Party::Desk(desk), 1);
        }
        if matches!(taken, Collected::Held { .. }) {
            let line = &self.lines[desk][relay];
            if !line.awaits(|it| matches!(it, Asked::Roster)) {
                self.asks(desk, relay, Ask::FetchRoster, Asked::Roster);
            }
        }
        self.wake(desk);
    }

    fn alerts_missed(&mut self, desk: usize) -> usize {
        let Some((core, _)) = self.desk(desk) else {
            return 0;
        };
        let incidents = core.incidents_after(0, usize::MAX).unwrap().into_iter();
        let missed = |kind: &IncidentKind| matches!(kind, IncidentKind::AlertsMissing { .. });
        incidents.filter(|(_, one)| missed(&one.kind)).count()
    }

    fn desk_takes(&mut self, desk: usize, name: &Name, push: Push) -> Option<Collected> {
        let (core, wall) = self.desk(desk)?;
        let taken = crate::memory::taken(core, name, push, wall);
        self.wake(desk);
        taken
    }
}

/// When an envelope that was refused is brought again, as the shell decides it.
fn wait_after(refusal: &Refusal) -> Option<Span> {
    match refusal.code {
        _ if refusal.retry_after > Span::ZERO => Some(refusal.retry_after),
        RefusalCode::BlobMissing | RefusalCode::UnknownRoster => None,
        code if passes(code) => None,
        _ => Some(Span::from_minutes(5)),
    }
}

fn passes(code: RefusalCode) -> bool {
    matches!(
        code,
        RefusalCode::Busy
            | RefusalCode::DiskLow
            | RefusalCode::StoreFailed
            | RefusalCode::Quota
            | RefusalCode::HelloFirst
    )
}
