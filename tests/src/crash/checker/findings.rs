//! What fresh opens of all stores show, weighed against everything that was promised.

use std::collections::BTreeMap;

use maille_common::terms::Stage;

use super::{ACKNOWLEDGED, Checker, Obligation, REFUSED, bit};
use crate::crash::letter::{Answer, LetterId};
use crate::crash::report::{ReportedStanding, Role, Standing};
use crate::crash::violation::{Broken, Violation};

/// How a desk refuses a receipt about an alert that it does not know (PROTOCOL Q4).
const UNKNOWN_ALERT: &str = "\"Q4\"";

/// What the stores hold when nothing runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Findings {
    /// The outbox of each sender, by alert.
    pub(crate) outboxes: BTreeMap<u8, BTreeMap<String, KeptAlert>>,
    /// The inbox of each recipient, by alert.
    pub(crate) inboxes: BTreeMap<u8, BTreeMap<String, HeldAlert>>,
    /// What desks hold against somebody.
    pub(crate) accusations: Vec<(Role, String)>,
    /// Stores that do not open.
    pub(crate) unopened: Vec<(Role, String)>,
    /// What is wrong in the relay's books.
    pub(crate) books: Vec<String>,
}

/// An alert of an outbox.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeptAlert {
    pub(crate) standings: Vec<ReportedStanding>,
    /// Pieces of evidence that do not verify.
    pub(crate) unproven: u32,
}

/// An alert of an inbox.
#[derive(Debug, Clone)]
pub(crate) struct HeldAlert {
    pub(crate) letter: Option<LetterId>,
    pub(crate) hash: String,
    /// The highest stage the device signed, by its code.
    pub(crate) stage: u8,
    /// How often the desk's stream of events says that it arrived.
    pub(crate) arrivals: u32,
}

impl Checker {
    /// Weighs what the stores hold.
    pub(crate) fn weigh(&mut self, findings: &Findings) {
        for (role, why) in &findings.unopened {
            self.violate(Violation::at(Broken::DoesNotOpen, *role, why));
        }
        for (role, whom) in &findings.accusations {
            // Answers come to alerts of which its lost store knew.
            if self.has_forgotten(*role) && whom.contains(UNKNOWN_ALERT) {
                continue;
            }
            self.violate(Violation::at(Broken::Accusation, *role, whom));
        }
        for wrong in &findings.books {
            self.violate(Violation::at(Broken::Books, Role::Relay, wrong));
        }
        self.weigh_promises(findings);
        self.look_for_strangers(findings);
    }

    fn weigh_promises(&mut self, findings: &Findings) {
        let unopened = |role| findings.unopened.iter().any(|(other, _)| *other == role);
        let letters: Vec<LetterId> = self.book.keys().copied().collect();
        for letter in letters {
            let entry = self.book[&letter].clone();
            let owed = entry.promised && !entry.forgotten;
            let Some(id) = entry.id.clone().filter(|_| owed) else {
                continue;
            };
            if unopened(Role::Sender(letter.sender)) {
                continue;
            }
            let outbox = findings.outboxes.get(&letter.sender);
            let Some(kept) = outbox.and_then(|outbox| outbox.get(&id)) else {
                let at = letter.to_string();
                self.violate(Violation::new(Broken::PromiseForgotten, at));
                continue;
            };
            if kept.unproven > 0 {
                let at = format!("{letter}: {} pieces", kept.unproven);
                self.violate(Violation::new(Broken::UnprovenEvidence, at));
            }
            for obligation in entry.obligations {
                if unopened(Role::Recipient(obligation.recipient)) {
                    continue;
                }
                let standings = kept.standings.iter();
                let mut mine = standings.filter(|it| it.recipient == obligation.recipient);
                let standing = mine.next().map(|found| found.standing).unwrap_or_default();
                let inbox = findings.inboxes.get(&obligation.recipient);
                let held = inbox.and_then(|inbox| inbox.get(&id));
                self.compare(letter, obligation.recipient, &standing);
                self.weigh_one(letter, &obligation, &standing, held);
            }
        }
    }

    /// One obligation: what the sender can prove, and what the recipient has.
    fn weigh_one(
        &mut self,
        letter: LetterId,
        obligation: &Obligation,
        standing: &Standing,
        held: Option<&HeldAlert>,
    ) {
        let recipient = obligation.recipient;
        let broken = |code| Violation::of(code, letter, recipient);
        let delivered = standing.stages & bit(Stage::Delivered as u8) != 0;
        let receipted = standing.stages != 0;
        if held.is_none() && obligation.ended_before {
            return;
        }
        let Some(held) = held else {
            if receipted {
                self.violate(broken(Broken::FalseReceipt));
            }
            if standing.state == 0 || receipted {
                self.violate(broken(Broken::Lost));
            }
            return;
        };
        if held.letter != Some(letter) || held.hash != self.letters.letter(letter).hash() {
            self.violate(broken(Broken::WrongContent));
        }
        if held.arrivals > 1 {
            self.violate(broken(Broken::TwiceAsNew));
        }
        if held.arrivals == 0 {
            self.violate(broken(Broken::Lost));
        }
        // It was delivered, and the sender was never told: it is on nobody's list any more.
        if !delivered && standing.state == 0 {
            self.violate(broken(Broken::NotSettled));
        }
        let (acknowledged, refused) = (Stage::Acknowledged as u8, Stage::Refused as u8);
        for (stage, answer) in [
            (acknowledged, Answer::Acknowledge),
            (refused, Answer::Refuse),
        ] {
            let claimed = standing.stages & bit(stage) != 0;
            if claimed
                && (obligation.answer != answer || held.stage != stage)
                && !obligation.ended_before
            {
                self.violate(broken(Broken::FalseReceipt));
            }
        }
        let state = match obligation.answer {
            Answer::Acknowledge => ACKNOWLEDGED,
            Answer::Refuse => REFUSED,
            Answer::Leave => 0,
        };
        if obligation.acted && standing.state != state {
            self.violate(broken(Broken::ActLost));
        }
    }

    /// Whatever a recipient holds was sent to it, under the id that the sender has for it.
    fn look_for_strangers(&mut self, findings: &Findings) {
        for (recipient, inbox) in &findings.inboxes {
            for (id, held) in inbox {
                let entry = held.letter.and_then(|letter| self.book.get(&letter));
                let known = entry.is_some_and(|entry| {
                    let mine = entry.obligations.iter();
                    let addressed = mine.map(|it| it.recipient).any(|it| it == *recipient);
                    addressed && entry.id.as_ref().is_none_or(|known| known == id)
                });
                if !known {
                    let at = format!("recipient {recipient}, alert {id}");
                    self.violate(Violation::new(Broken::Stranger, at));
                }
            }
        }
        for (sender, outbox) in &findings.outboxes {
            for id in outbox.keys().filter(|id| !self.by_id.contains_key(*id)) {
                // Committed, and killed before `send` returned, and not asked for again.
                let unpromised = !self.unpromised(*sender).is_empty();
                if !unpromised {
                    let at = format!("sender {sender}, alert {id}");
                    self.violations.push(Violation::new(Broken::Stranger, at));
                }
            }
        }
    }
}
