//! The checker: it stands outside the processes, survives every fault, and knows every promise.
//!
//! It is pure: it hears reports and says what they violate. What it is told about a world that is
//! over it forgets, and keeps counters.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use maille_common::terms::Stage;
use serde::Serialize;

use super::letter::{Answer, LetterId, Letters};
use super::report::{Role, Seen, Standing};
use super::violation::Violation;

mod findings;
mod hearing;
mod losses;
#[cfg(test)]
mod tests;

pub(crate) use findings::{Findings, HeldAlert, KeptAlert};
pub(crate) use losses::Loss;

/// States as `Standing::state` counts them.
pub(crate) const REFUSED: u8 = 3;
pub(crate) const ACKNOWLEDGED: u8 = 4;

/// The promises of one world.
#[derive(Debug, Clone)]
pub(crate) struct Checker {
    letters: Letters,
    book: BTreeMap<LetterId, Entry>,
    by_id: HashMap<String, LetterId>,
    /// What events said of alerts whose `send` has not been heard to return.
    early: HashMap<String, Vec<(u8, Seen)>>,
    /// Letters of each sender that are not settled with every recipient, by number.
    open: BTreeMap<u8, BTreeSet<u64>>,
    lives: BTreeMap<Role, String>,
    committed: BTreeMap<Role, u64>,
    /// The newest event heard of each desk.
    newest: BTreeMap<Role, u64>,
    /// Whose disk fails, or whose power is cut: they may say that they stop.
    pub(crate) may_stop: BTreeSet<Role>,
    /// What those said who stopped so.
    pub(crate) stops: Vec<(Role, String)>,
    /// Whose store may be found damaged, and begin a new life.
    pub(crate) may_begin_anew: BTreeSet<Role>,
    pub(crate) counts: Counts,
    violations: Vec<Violation>,
}

/// One letter.
#[derive(Debug, Clone, Default)]
struct Entry {
    id: Option<String>,
    /// `send` returned.
    promised: bool,
    /// The store of its sender is gone, and nobody owes it any more.
    forgotten: bool,
    obligations: Vec<Obligation>,
}

/// One letter and one of its recipients.
#[derive(Debug, Clone)]
struct Obligation {
    recipient: u8,
    answer: Answer,
    /// The event by which it was shown, whether as new or not.
    shown_by: Option<u64>,
    shown_as_new: bool,
    /// It may have been shown: what was told was told after the moment that was kept.
    perhaps_shown: bool,
    acted: bool,
    /// It had ended when the recipient's keys went, and everything sealed to them with them.
    ended_before: bool,
    standing: Standing,
}

/// What is kept of worlds that are over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    /// Letters whose `send` returned.
    pub(crate) letters: u64,
    /// Their obligations: alerts times recipients.
    pub(crate) acknowledged: u64,
    /// Obligations whose sender holds a relay's Accepted.
    pub(crate) accepted: u64,
    /// Answers of relays that did not accept, for the moment.
    pub(crate) rejected: u64,
    /// Obligations shown as new.
    pub(crate) shown_new: u64,
    /// Showings marked as possibly seen.
    pub(crate) shown_again: u64,
    /// Obligations that ended as the letter wants, with the sender's proof.
    pub(crate) settled: u64,
    /// Sends that were repeated under their reference and found done.
    pub(crate) found_sent: u64,
    /// Sends refused by a store that had stopped, or had no room.
    pub(crate) not_sent: u64,
    /// Damaged stores that were set aside.
    pub(crate) begun_anew: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: &Self) {
        self.letters += other.letters;
        self.acknowledged += other.acknowledged;
        self.accepted += other.accepted;
        self.rejected += other.rejected;
        self.shown_new += other.shown_new;
        self.shown_again += other.shown_again;
        self.settled += other.settled;
        self.found_sent += other.found_sent;
        self.not_sent += other.not_sent;
        self.begun_anew += other.begun_anew;
    }
}

impl Checker {
    pub(crate) fn new(letters: Letters) -> Self {
        Self {
            letters,
            book: BTreeMap::new(),
            by_id: HashMap::new(),
            early: HashMap::new(),
            open: BTreeMap::new(),
            lives: BTreeMap::new(),
            committed: BTreeMap::new(),
            newest: BTreeMap::new(),
            may_stop: BTreeSet::new(),
            stops: Vec::new(),
            may_begin_anew: BTreeSet::new(),
            counts: Counts::default(),
            violations: Vec::new(),
        }
    }

    /// The letters.
    pub(crate) fn letters(&self) -> &Letters {
        &self.letters
    }

    /// A sender is given a letter to send.
    pub(crate) fn grant(&mut self, letter: LetterId) {
        let recipients = self.letters.letter(letter).recipients;
        let obligations = recipients.into_iter().map(|recipient| Obligation {
            recipient,
            answer: self.letters.answer(letter, recipient),
            shown_by: None,
            shown_as_new: false,
            perhaps_shown: false,
            acted: false,
            ended_before: false,
            standing: Standing::default(),
        });
        let obligations = obligations.collect();
        let entry = Entry {
            obligations,
            ..Entry::default()
        };
        self.book.insert(letter, entry);
        self.reopen(letter);
    }

    /// A letter that may have been sent, unless it is known.
    pub(crate) fn grant_again(&mut self, letter: LetterId) {
        if !self.book.contains_key(&letter) {
            self.grant(letter);
        }
    }

    /// Letters of a sender that were given to it, and whose `send` has not returned.
    pub(crate) fn unpromised(&self, sender: u8) -> Vec<u64> {
        let letters = self.open_letters().filter(|letter| letter.sender == sender);
        let letters = letters.filter(|letter| !self.book[letter].promised);
        letters.map(|letter| letter.number).collect()
    }

    /// Letters of a sender that are not settled with every recipient.
    pub(crate) fn open_of(&self, sender: u8) -> usize {
        self.open.get(&sender).map_or(0, BTreeSet::len)
    }

    /// Whether everything that was promised is settled.
    pub(crate) fn is_quiet(&self) -> bool {
        self.open.values().all(BTreeSet::is_empty)
    }

    /// Whether every letter that was given out is promised, and accepted for every recipient.
    pub(crate) fn is_accepted(&self) -> bool {
        let letters = u64::try_from(self.book.len()).unwrap_or(u64::MAX);
        self.counts.letters == letters && self.counts.accepted >= self.counts.acknowledged
    }

    /// What is not accepted, in a few words.
    pub(crate) fn tell_unaccepted(&self) -> String {
        let first = self.unaccepted().next();
        format!(
            "not everything was accepted, the first: {first:?}; {:?}",
            self.counts
        )
    }

    /// Alerts of a sender that are not accepted for everybody, at most so many. A recipient whose
    /// keys were not known got an addendum, and the answer to that goes by another id.
    pub(crate) fn unaccepted_ids(&self, sender: u8, limit: usize) -> Vec<String> {
        let entries = self
            .unaccepted()
            .filter(|(letter, _)| letter.sender == sender);
        entries
            .filter_map(|(_, entry)| entry.id.clone())
            .take(limit)
            .collect()
    }

    fn unaccepted(&self) -> impl Iterator<Item = (&LetterId, &Entry)> {
        let lacks = |entry: &Entry| entry.obligations.iter().any(|it| it.standing.accepted == 0);
        self.book.iter().filter(move |(_, entry)| lacks(entry))
    }

    /// What is not settled, in a few words.
    pub(crate) fn tell_open(&self) -> String {
        let first = self.open_letters().next();
        let first = first.map(|letter| (letter, &self.book[&letter]));
        let count = self.open_letters().count();
        format!("{count} letters are not settled, the first: {first:?}")
    }

    /// Alerts of a sender that are not settled, at most so many.
    pub(crate) fn open_ids(&self, sender: u8, limit: usize) -> Vec<String> {
        let letters = self.open_letters().filter(|letter| letter.sender == sender);
        let ids = letters.filter_map(|letter| self.book[&letter].id.clone());
        ids.take(limit).collect()
    }

    fn open_letters(&self) -> impl Iterator<Item = LetterId> {
        let all = self.open.iter();
        all.flat_map(|(sender, numbers)| {
            let sender = *sender;
            numbers.iter().map(move |number| LetterId {
                sender,
                number: *number,
            })
        })
    }

    fn reopen(&mut self, letter: LetterId) {
        self.open
            .entry(letter.sender)
            .or_default()
            .insert(letter.number);
    }

    /// The alerts at a place in the book: a sample of what was promised to compare with.
    pub(crate) fn sample(&self, at: u64, limit: usize) -> Vec<(LetterId, String, Vec<u8>)> {
        let count = u64::try_from(self.book.len()).unwrap_or(u64::MAX).max(1);
        let from = usize::try_from(at % count).unwrap_or_default();
        let entries = self.book.iter().skip(from).take(limit);
        let entries = entries.filter(|(_, entry)| !entry.forgotten);
        let known = entries.filter_map(|(letter, entry)| {
            let recipients = entry.obligations.iter().filter(|it| it.shown_by.is_some());
            let recipients = recipients.map(|obligation| obligation.recipient).collect();
            Some((*letter, entry.id.clone()?, recipients))
        });
        known.collect()
    }

    /// Takes what was violated so far.
    pub(crate) fn take_violations(&mut self) -> Vec<Violation> {
        std::mem::take(&mut self.violations)
    }

    pub(crate) fn violate(&mut self, violation: Violation) {
        self.violations.push(violation);
    }

    /// Takes a letter off the open ones when everything about it has come as it must.
    fn settle(&mut self, letter: LetterId) {
        let entry = &self.book[&letter];
        if entry.promised && entry.obligations.iter().all(Obligation::is_settled) {
            let count = u64::try_from(entry.obligations.len()).unwrap_or_default();
            let open = self.open.entry(letter.sender).or_default();
            if open.remove(&letter.number) {
                self.counts.settled += count;
            }
        }
    }

    fn obligation(&mut self, letter: LetterId, recipient: u8) -> Option<&mut Obligation> {
        let obligations = &mut self.book.get_mut(&letter)?.obligations;
        obligations
            .iter_mut()
            .find(|held| held.recipient == recipient)
    }
}

impl Obligation {
    fn is_settled(&self) -> bool {
        let answered = match self.answer {
            Answer::Acknowledge => self.standing.state == ACKNOWLEDGED,
            Answer::Refuse => self.standing.state == REFUSED,
            Answer::Leave => self.standing.stages & bit(Stage::Delivered as u8) != 0,
        };
        answered && (self.shown_by.is_some() || self.perhaps_shown || self.ended_before)
    }
}

/// The bit of a stage in `Standing::stages`.
pub(crate) fn bit(stage: u8) -> u8 {
    1 << (stage & 7)
}
