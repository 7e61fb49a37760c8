//! What each report says about what was promised.

use super::{Checker, bit};
use crate::crash::letter::LetterId;
use crate::crash::report::{Report, ReportedStanding, Role, Seen, Standing};
use crate::crash::violation::{Broken, Violation};

impl Checker {
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
            (_, Report::Up { life }) => self.lives(role, life),
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
                if !self.may_stop.contains(&role) {
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
            (_, Report::Books { wrong }) => {
                for wrong in wrong {
                    self.violate(Violation::at(Broken::Books, role, wrong));
                }
            }
            (_, Report::Committed { event }) => self.commit(role, event),
            (_, Report::Stops { code, sentence }) => {
                let why = format!("{code}: {sentence}");
                if self.may_stop.contains(&role) {
                    self.stops.push((role, why));
                } else {
                    self.violate(Violation::at(Broken::Stopped, role, why));
                }
            }
            _ => {}
        }
    }

    fn lives(&mut self, role: Role, life: String) {
        let known = self.lives.entry(role).or_insert_with(|| life.clone());
        if *known != life {
            let what = format!("{known} became {life}");
            *known = life;
            if self.may_begin_anew.contains(&role) {
                return self.begin_anew(role);
            }
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
                for (recipient, what) in self.early.remove(id).unwrap_or_default() {
                    self.seen((letter.sender, recipient), id, what, false);
                }
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
        let Some(letter) = self.by_id.get(id).copied() else {
            let early = self.early.entry(id.to_owned()).or_default();
            return early.push((recipient, what));
        };
        if letter.sender != sender {
            return;
        }
        let Some(obligation) = self.obligation(letter, recipient) else {
            return;
        };
        let standing = &mut obligation.standing;
        match what {
            Seen::Accepted => {
                let first = standing.accepted == 0;
                standing.accepted = standing.accepted.max(1);
                self.counts.accepted += u64::from(first);
            }
            // It is tried again, or said to somebody; a refusal by a relay ends no obligation.
            Seen::Rejected(_) => self.counts.rejected += 1,
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
    pub(super) fn compare(&mut self, letter: LetterId, recipient: u8, found: &Standing) {
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
        self.counts.accepted += u64::from(known.accepted == 0 && found.accepted > 0);
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
}
