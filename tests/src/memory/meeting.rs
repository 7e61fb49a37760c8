//! A desk meets a relay: one exchange after the other, any of which may be lost.

use std::collections::BTreeSet;
use std::sync::Arc;

use maille_client::core::{Collected, Desk, SendError, StepError as DeskStepError};
use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::blob::BlobId;
use maille_common::envelope::{Submission, VerifiedSubmission};
use maille_common::hash::Hash;
use maille_common::randomness::Randomness;
use maille_common::roster::{Comparison, Roster};
use maille_common::terms::Kind;
use maille_common::time::Timestamp;
use maille_common::wire::{Answer, Push};
use maille_durable::{CommitNumber, StoreError};
use maille_relay::core::{BlobShelf, Step, StepError, verify_receipt};

use super::MemoryWorld;

/// What a link does to one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The relay never hears the request.
    RequestLost,
    /// The relay does it, and the desk never hears the answer.
    AnswerLost,
}

/// The attachments that are at every relay.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shelf(pub(super) BTreeSet<BlobId>);

impl BlobShelf for Shelf {
    fn is_whole(&self, blob: &BlobId) -> bool {
        self.0.contains(blob)
    }
}

impl MemoryWorld {
    /// An attachment is whole at every relay.
    pub fn shelve(&mut self, blob: BlobId) {
        self.shelf.0.insert(blob);
    }

    /// A desk connects to a relay and does all there is to do, once.
    pub fn meet(&mut self, device: &DeviceId, relay: &str) {
        if self.down.contains(relay) {
            return;
        }
        let name: Name = relay.parse().unwrap();
        if !self.relays[relay].core.roster().may_connect(device)
            || !self.greet(device, relay, &name)
        {
            return;
        }
        self.publish_bundle(device, relay, &name);
        self.fetch_bundles(device, relay);
        self.submit_due(device, relay, &name);
        self.collect_waiting(device, relay, &name);
        self.post_due(device, relay);
        self.confirm_due(device, relay, &name);
    }

    /// A desk that is connected brings a relay what it has to be given.
    pub fn bring_due(&mut self, device: &DeviceId, relay: &str) {
        let name: Name = relay.parse().unwrap();
        self.submit_due(device, relay, &name);
    }

    /// A desk that is connected takes what a relay pushes, and answers.
    pub fn collect_due(&mut self, device: &DeviceId, relay: &str) {
        let name: Name = relay.parse().unwrap();
        self.collect_waiting(device, relay, &name);
        self.post_due(device, relay);
        self.confirm_due(device, relay, &name);
    }

    /// A desk connects to a relay and does nothing else.
    pub fn greet(&mut self, device: &DeviceId, relay: &str, name: &Name) -> bool {
        for _ in 0..2 {
            let challenge = self.random.array();
            let hello = self.desk(device).hello(name, challenge).unwrap();
            let step = self.exchange(relay, |world| {
                let (now, random) = (world.now, &mut world.random);
                let core = &mut world.relays.get_mut(relay).unwrap().core;
                answered(core.hello(device, &hello, now, random))
            });
            let Some(Step {
                answer: Answer::Hello(answer),
                ..
            }) = step
            else {
                return false;
            };
            let now = self.now;
            let greeting = self
                .desk(device)
                .greeted(name, &challenge, *answer, now)
                .unwrap();
            self.spread(device, relay);
            if !greeting.again {
                return true;
            }
        }
        false
    }

    /// One exchange with a relay, subject to the next fault; `None` where the desk heard nothing.
    fn exchange(&mut self, relay: &str, step: impl FnOnce(&mut Self) -> Step) -> Option<Step> {
        let fault = if self.faults.is_empty() {
            Fault::None
        } else {
            self.faults.remove(0)
        };
        match fault {
            Fault::None => Some(step(self)),
            Fault::RequestLost => None,
            Fault::AnswerLost => {
                let _ = step(self);
                None
            }
        }
        .filter(|_| !self.down.contains(relay))
    }

    /// Whoever is ahead hands the chain over (PROTOCOL R11).
    fn spread(&mut self, device: &DeviceId, relay: &str) {
        let theirs = Arc::clone(self.relays[relay].core.roster());
        let mine = Arc::clone(self.desk(device).roster());
        let (now, name) = (self.now, relay.parse().unwrap());
        let desk = self.desk(device);
        let shown = desk.relay_shows_roster(&name, theirs.heads(), now);
        if matches!(shown.unwrap().0, Comparison::Same | Comparison::Fork) {
            return;
        }
        let mut joined = Roster::clone(&mine);
        joined.apply(&theirs.documents_since(mine.heads())).unwrap();
        let mut back = Roster::clone(&theirs);
        back.apply(&mine.documents_since(theirs.heads())).unwrap();
        let desk = self.desk(device);
        desk.replace_roster(Arc::new(joined), now).unwrap();
        if back.hash() != theirs.hash() {
            desk.relay_took_roster(&name).unwrap();
        }
        if !self.frozen.contains(relay) {
            self.relay(relay).replace_roster(Arc::new(back));
        }
    }

    fn publish_bundle(&mut self, device: &DeviceId, relay: &str, name: &Name) {
        let home = self.desk(device).home_relays().contains(name);
        if !home || !self.desk(device).bundle_wanted(name).unwrap() {
            return;
        }
        let bundle = self.desks[device].bundle.clone();
        let step = self.exchange(relay, |world| {
            let now = world.now;
            answered(world.relay(relay).publish(device, &bundle, now))
        });
        if step.is_some_and(|step| step.answer == Answer::Done) {
            let number = bundle.bundle.value().number;
            self.desk(device).bundle_published(name, number).unwrap();
        }
    }

    fn fetch_bundles(&mut self, device: &DeviceId, relay: &str) {
        let wanted: Vec<ContactAddress> = self
            .desk(device)
            .bundles_wanted()
            .unwrap()
            .into_iter()
            .collect();
        let step = self.exchange(relay, |world| {
            world.relays[relay].core.bundles(device, &wanted).unwrap()
        });
        if let Some(Step {
            answer: Answer::Bundles(bundles),
            ..
        }) = step
        {
            let (now, random) = (self.now, &mut self.random);
            let desk = &mut self.desks.get_mut(device).unwrap().desk;
            match desk.learn_bundles(bundles.into_vec(), now, random) {
                // They are fetched again later.
                Err(SendError::Step(DeskStepError::Store(StoreError::DiskFull { .. }))) => {}
                learned => drop(learned.unwrap()),
            }
        }
    }

    pub(super) fn submit_due(&mut self, device: &DeviceId, relay: &str, name: &Name) {
        let now = self.now;
        for alert in self.desk(device).submissions_due(name, now, 100).unwrap() {
            let submission = self.desk(device).submission(&alert).unwrap().unwrap();
            let step = self.exchange(relay, |world| world.submit(device, relay, submission));
            match step {
                Some(Step {
                    answer: Answer::Accepted(answers),
                    ..
                }) => {
                    let answers = answers.into_vec();
                    self.desk(device)
                        .answered(name, &alert, answers, now)
                        .unwrap();
                }
                Some(_) | None => {
                    self.desk(device)
                        .submission_failed(name, &alert, None, now)
                        .unwrap();
                }
            }
        }
    }

    /// A submission at a relay, as its shell does it.
    pub fn submit(&mut self, device: &DeviceId, relay: &str, submission: Submission) -> Step {
        let now = self.now;
        let core = self.relay(relay);
        let verified = match submission.verify_or_return(core.roster(), device, now) {
            Ok(verified) => verified,
            Err(returned) => {
                let known = core.known_answer(device, &returned.0).unwrap();
                return answered(core.answer_again(device, known.expect("it is proven, or known")));
            }
        };
        self.letters += u64::from(verified.core().kind == Kind::Reconciliation);
        let reading = self.reading();
        let core = &mut self.relays.get_mut(relay).unwrap().core;
        core.look_at_clocks(reading);
        answered(core.submit(device, &verified, &self.shelf, now))
    }

    /// What several devices bring at once, taken together.
    pub fn submit_together(
        &mut self,
        relay: &str,
        brought: Vec<(DeviceId, Submission)>,
    ) -> Vec<Result<Step, StepError>> {
        let (now, reading) = (self.now, self.reading());
        let core = &mut self.relays.get_mut(relay).unwrap().core;
        let proven = brought.into_iter().map(|(device, submission)| {
            let proven = submission.verify(core.roster(), &device, now);
            (device, proven.unwrap())
        });
        let proven: Vec<(DeviceId, VerifiedSubmission)> = proven.collect();
        core.look_at_clocks(reading);
        core.submit_all(&proven, &self.shelf, now)
    }

    /// A relay takes a submission that it has proven before.
    pub fn submit_proven(
        &mut self,
        device: &DeviceId,
        relay: &str,
        proven: &VerifiedSubmission,
    ) -> Step {
        let now = self.now;
        let core = &mut self.relays.get_mut(relay).unwrap().core;
        core.submit(device, proven, &self.shelf, now).unwrap()
    }

    fn collect_waiting(&mut self, device: &DeviceId, relay: &str, name: &Name) {
        for waiting in self.relays[relay].core.waiting(device, 100).unwrap() {
            if self.withheld.contains(&(*device, waiting.number)) {
                continue;
            }
            let Some(push) = self.relays[relay]
                .core
                .push(device, waiting.number)
                .unwrap()
            else {
                continue;
            };
            self.take_push(device, name, push);
        }
    }

    /// A relay hands over the first delivery that waits for a desk; the answer is not posted yet.
    pub fn hand_over(&mut self, relay: &str, device: &DeviceId) -> Option<Collected> {
        let number = *self.deliveries(relay, device).first().unwrap();
        let push = self.relay(relay).push(device, number).unwrap().unwrap();
        self.take_push(device, &relay.parse().unwrap(), push)
    }

    /// A push reaches a desk.
    pub fn take_push(&mut self, device: &DeviceId, name: &Name, push: Push) -> Option<Collected> {
        let now = self.now;
        let roster = match &push {
            Push::Delivery { delivery, .. } => Some(delivery.env.core.roster),
            _ => None,
        };
        let collected = taken(self.desk(device), name, push, now);
        if let (Some(Collected::Held { .. }), Some(roster)) = (&collected, roster) {
            self.resolve_roster(device, name, &roster);
        }
        collected
    }

    /// The desk asks for the heads of a roster that an envelope names, and judges what was held
    /// (PROTOCOL R11).
    fn resolve_roster(&mut self, device: &DeviceId, relay: &Name, roster: &Hash) {
        let Some(heads) = self.relays[relay.as_str()].core.roster().heads_of(roster) else {
            return;
        };
        let now = self.now;
        let mut known = Roster::clone(self.desk(device).roster());
        known.learn_heads(&heads);
        let desk = self.desk(device);
        desk.replace_roster(Arc::new(known), now).unwrap();
    }

    /// A desk posts the receipts that a relay has to be given.
    pub fn post_due(&mut self, device: &DeviceId, relay: &str) {
        let name = &relay.parse().unwrap();
        for (post, posted) in self.desk(device).posts_due(name, 100).unwrap() {
            let step = self.exchange(relay, |world| {
                let core = world.relay(relay);
                let verified = verify_receipt(posted, core.roster(), device).unwrap();
                answered(core.receipt(&verified))
            });
            let outcome = match step.map(|step| step.answer) {
                Some(Answer::Done) => Ok(()),
                Some(Answer::Refused(refusal)) => Err(refusal.code),
                Some(other) => panic!("a receipt was answered with {other:?}"),
                None => continue,
            };
            self.desk(device).posted(name, post, outcome).unwrap();
        }
    }

    fn confirm_due(&mut self, device: &DeviceId, relay: &str, name: &Name) {
        let numbers = self.desk(device).confirms_due(name, 100).unwrap();
        let Some(incarnation) = self.desk(device).incarnation_of(name).unwrap() else {
            return;
        };
        let step = self.exchange(relay, |world| {
            answered(world.relay(relay).confirm(device, incarnation, &numbers))
        });
        if step.is_some_and(|step| step.answer == Answer::Done) {
            self.desk(device).confirmed(name, &numbers).unwrap();
        }
    }
}

/// What a desk does with a push; what became of a delivery.
pub(crate) fn taken(
    desk: &mut Desk,
    relay: &Name,
    push: Push,
    now: Timestamp,
) -> Option<Collected> {
    match push {
        Push::Delivery { number, delivery } => {
            return Some(desk.collect(relay, number, *delivery, now).unwrap());
        }
        Push::Receipt {
            number,
            receipt,
            note,
        } => {
            desk.receipt_came(relay, number, *receipt, note, now)
                .unwrap();
        }
        Push::Notice { number, notice } => {
            desk.notice_came(relay, number, *notice, now).unwrap();
        }
        Push::RosterNews { .. } => {}
    }
    None
}

/// What a desk hears of a relay's step: of one that was not taken, that it was refused.
pub(crate) fn answered(taken: Result<Step, StepError>) -> Step {
    taken.unwrap_or_else(|error| Step {
        answer: Answer::Refused(error.refusal()),
        settled: CommitNumber(0),
        wake: BTreeSet::new(),
    })
}
