//! The checker: it stands outside the processes, survives every fault, and knows every promise.
//!
//! It is pure: it hears reports and says what they violate. What it is told about a world that is
//! over it forgets, and keeps counters.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use maille_common::terms::Stage;
use serde::Serialize;

use super::letter::{Answer, LetterId, Letters};
use super::report::{Report, ReportedStanding, Role, Seen, Standing};
use super::violation::{Broken, Violation};

mod findings;
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
    /// Letters of each sender that are not settled with every recipient, by number.
    open: BTreeMap<u8, BTreeSet<u64>>,
    lives: BTreeMap<Role, String>,
    committed: BTreeMap<Role, u64>,
    /// The newest event heard of each desk.
    newest: BTreeMap<Role, u64>,
    /// The power is cut under running processes, which may then say that they stop.
    pub(crate) may_stop: bool,
    pub(crate) counts: Counts,
    violations: Vec<Violation>,
}

/// One letter.
#[derive(Debug, Clone, Default)]
struct Entry {
    id: Option<String>,
    /// `send` returned.
    promised: bool,
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
    /// Obligations shown as new.
    pub(crate) shown_new: u64,
    /// Showings marked as possibly seen.
    pub(crate) shown_again: u64,
    /// Obligations that ended as the letter wants, with the sender's proof.
    pub(crate) settled: u64,
    /// Sends that were repeated under their reference and found done.
    pub(crate) found_sent: u64,
    /// Sends refused by a store that had stopped.
    pub(crate) not_sent: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: &Self) {
        self.letters += other.letters;
        self.acknowledged += other.acknowledged;
        self.accepted += other.accepted;
        self.shown_new += other.shown_new;
        self.shown_again += other.shown_again;
        self.settled += other.settled;
        self.found_sent += other.found_sent;
        self.not_sent += other.not_sent;
    }
}

impl Checker {
    pub(crate) fn new(letters: Letters) -> Self {
        Self {
            letters,
            book: BTreeMap::new(),
            by_id: HashMap::new(),
            open: BTreeMap::new(),
            lives: BTreeMap::new(),
            committed: BTreeMap::new(),
            newest: BTreeMap::new(),
            may_stop: false,
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

    /// Hears what was said after the moment to which the world was set back: it may be so.
    pub(crate) fn hear_perhaps(&mut self, role: Role, report: &Report) {
        let (Role::Recipient(recipient), Report::Shown { letter, .. }) = (role, report) else {
            return;
        };
        if let Some(obligation) = letter.and_then(|letter| self.obligation(letter, recipient)) {
            obligation.perhaps_shown = true;
        }
    }

    /// Hears one report.
    pub(crate) fn hear(&mut self, role: Role, report: Report) {
        match (role, report) {
            (_, Report::Up { life, .. }) => self.lives(role, life),
            (
                Role::Sender(sender),
                Report::Sent {
                    number,
                    id,
                    already,
                },
            ) => {
                self.counts.found_sent += u64::from(already);
                self.sent(LetterId { sender, number }, &id);
            }
            (Role::Sender(_), Report::NotSent { number, code }) => {
                self.counts.not_sent += 1;
                if !self.may_stop {
                    let what = format!("letter {number} was not taken: {code}");
                    self.violate(Violation::at(Broken::Stopped, role, what));
                }
            }
            (
                Role::Sender(sender),
                Report::Seen {
                    event,
                    id,
                    recipient,
                    what,
                },
            ) => {
                let is_news = self.is_news(role, event);
                self.seen((sender, recipient), &id, what, is_news);
            }
            (Role::Sender(_), Report::Tracked { id, standings }) => self.tracked(&id, &standings),
            (Role::Recipient(recipient), shown @ Report::Shown { event, .. }) => {
                self.is_news(role, event);
                self.shown(recipient, shown);
            }
            (Role::Recipient(recipient), Report::Acted { id }) => {
                let letter = self.by_id.get(&id).copied();
                if let Some(held) = letter.and_then(|letter| self.obligation(letter, recipient)) {
                    held.acted = true;
                }
            }
            (Role::Recipient(recipient), Report::Holds { id, hash }) => {
                self.holds(recipient, &id, hash.as_deref());
            }
            (_, Report::Committed { event }) => self.commit(role, event),
            (_, Report::Stops { code, sentence }) if !self.may_stop => {
                self.violate(Violation::at(
                    Broken::Stopped,
                    role,
                    format!("{code}: {sentence}"),
                ));
            }
            _ => {}
        }
    }

    fn lives(&mut self, role: Role, life: String) {
        let known = self.lives.entry(role).or_insert_with(|| life.clone());
        if *known != life {
            let what = format!("{known} became {life}");
            *known = life;
            self.violate(Violation::at(Broken::LifeChanged, role, what));
        }
    }

    fn sent(&mut self, letter: LetterId, id: &str) {
        self.identify(letter, id);
        let Some(entry) = self.book.get_mut(&letter) else {
            return;
        };
        if entry.promised {
            return;
        }
        entry.promised = true;
        self.counts.letters += 1;
        self.counts.acknowledged += u64::try_from(entry.obligations.len()).unwrap_or_default();
        self.settle(letter);
    }

    /// One letter is one alert, for ever.
    fn identify(&mut self, letter: LetterId, id: &str) {
        let Some(entry) = self.book.get_mut(&letter) else {
            let stranger = Violation::new(Broken::Stranger, format!("{letter}, alert {id}"));
            return self.violate(stranger);
        };
        match &entry.id {
            Some(known) if known != id => {
                let both = format!("{letter} is {known} and {id}");
                self.violate(Violation::new(Broken::TwoIds, both));
            }
            Some(_) => {}
            None => {
                entry.id = Some(id.to_owned());
                self.by_id.insert(id.to_owned(), letter);
            }
        }
    }

    fn shown(&mut self, recipient: u8, shown: Report) {
        let Report::Shown {
            event,
            id,
            letter,
            hash,
            possibly_seen,
        } = shown
        else {
            return;
        };
        let Some(letter) = letter.filter(|letter| self.book.contains_key(letter)) else {
            let at = format!("recipient {recipient}, alert {id}");
            return self.violate(Violation::new(Broken::Stranger, at));
        };
        self.identify(letter, &id);
        if hash != self.letters.letter(letter).hash() {
            self.violate(Violation::of(Broken::WrongContent, letter, recipient));
        }
        let Some(obligation) = self.obligation(letter, recipient) else {
            return self.violate(Violation::of(Broken::Stranger, letter, recipient));
        };
        // Two arrivals of one alert, or one arrival that is new twice.
        let twice = obligation.shown_by.is_some_and(|known| known != event)
            || (obligation.shown_as_new && !possibly_seen);
        obligation.shown_by = Some(event);
        if possibly_seen {
            self.counts.shown_again += 1;
        } else {
            obligation.shown_as_new = true;
            self.counts.shown_new += 1;
        }
        if twice {
            self.violate(Violation::of(Broken::TwiceAsNew, letter, recipient));
        }
        self.settle(letter);
    }

    fn seen(&mut self, (sender, recipient): (u8, u8), id: &str, what: Seen, is_news: bool) {
        // An event about a letter whose `send` has not returned yet.
        let Some(letter) = self.by_id.get(id).copied().filter(|it| it.sender == sender) else {
            return;
        };
        let Some(obligation) = self.obligation(letter, recipient) else {
            return;
        };
        let standing = &mut obligation.standing;
        match what {
            Seen::Accepted | Seen::Rejected => {
                let first = standing.accepted == 0;
                standing.accepted = standing.accepted.max(1);
                self.counts.accepted += u64::from(first && what == Seen::Accepted);
            }
            Seen::Receipt(stage) => {
                standing.stages |= bit(stage);
                standing.receipts = standing.receipts.max(standing.stages.count_ones());
            }
            Seen::State(state) if state < standing.state && is_news => {
                self.violate(Violation::of(Broken::StateFell, letter, recipient));
            }
            Seen::State(state) => standing.state = standing.state.max(state),
        }
        self.settle(letter);
    }

    fn tracked(&mut self, id: &str, standings: &[ReportedStanding]) {
        let Some(letter) = self.by_id.get(id).copied() else {
            return;
        };
        for found in standings {
            self.compare(letter, found.recipient, &found.standing);
        }
        self.settle(letter);
    }

    /// Compares with everything seen before, and remembers what is more.
    fn compare(&mut self, letter: LetterId, recipient: u8, found: &Standing) {
        let Some(obligation) = self.obligation(letter, recipient) else {
            return;
        };
        let known = obligation.standing;
        obligation.standing = Standing {
            state: known.state.max(found.state),
            stages: known.stages | found.stages,
            accepted: known.accepted.max(found.accepted),
            receipts: known.receipts.max(found.receipts),
        };
        if found.state < known.state {
            self.violate(Violation::of(Broken::StateFell, letter, recipient));
        }
        let fewer = found.stages & known.stages != known.stages
            || found.accepted < known.accepted
            || found.receipts < known.receipts;
        if fewer {
            self.violate(Violation::of(Broken::EvidenceFell, letter, recipient));
        }
    }

    fn holds(&mut self, recipient: u8, id: &str, hash: Option<&str>) {
        let Some(letter) = self.by_id.get(id).copied() else {
            return;
        };
        let was_shown = self
            .obligation(letter, recipient)
            .is_some_and(|it| it.shown_by.is_some());
        match hash {
            None if was_shown => self.violate(Violation::of(Broken::Lost, letter, recipient)),
            Some(hash) if hash != self.letters.letter(letter).hash() => {
                self.violate(Violation::of(Broken::WrongContent, letter, recipient));
            }
            _ => {}
        }
    }

    fn commit(&mut self, role: Role, event: u64) {
        let committed = self.committed.entry(role).or_default();
        if event < *committed {
            let what = format!("committed {event} after {committed}");
            self.violate(Violation::at(Broken::CursorFell, role, what));
        } else {
            *committed = event;
        }
    }

    /// Whether a desk tells an event for the first time; one that was committed must not come.
    fn is_news(&mut self, role: Role, event: u64) -> bool {
        let committed = self.committed.get(&role).copied().unwrap_or_default();
        if event <= committed {
            let what = format!("event {event} came after {committed} was committed");
            self.violate(Violation::at(Broken::CursorFell, role, what));
        }
        let newest = self.newest.entry(role).or_default();
        let is_news = event > *newest;
        *newest = event.max(*newest);
        is_news
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
