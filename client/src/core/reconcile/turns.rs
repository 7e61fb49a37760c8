//! The side that answers. It keeps of each device only the newest round that this began: what it
//! says follows from what it holds.

use std::collections::BTreeSet;

use maille_common::check::Check;
use maille_common::codec::SortedList;
use maille_common::content::{DayDigest, Handed, Holding, Item, Reconciliation, RoundId, Step};
use maille_common::extension::Extensions;
use maille_common::limits;
use maille_common::randomness::Randomness;
use maille_common::record::write_record;
use maille_common::time::{Span, Timestamp};
use maille_durable::Batch;

use super::between::{Between, Peer};
use super::compare::{Extent, compare};
use super::records::TurnRecord;
use crate::core::desk::Desk;
use crate::core::order::SendError;
use crate::core::tables;

/// What became of a letter that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Took {
    /// It was answered.
    Answered,
    /// There is nothing to say to it.
    Done,
    /// It is answered when a relay is free, or a key is known.
    Waits,
}

/// A turn and the moment it is taken at.
struct Turn<'a> {
    peer: Peer<'a>,
    known: TurnRecord,
    now: Timestamp,
}

impl Desk {
    /// Answers a letter of a round that the other device began (PROTOCOL V5). A letter that was
    /// answered before, or belongs to an earlier turn, says nothing.
    pub(super) fn answer_letter(
        &mut self,
        batch: &mut Batch,
        peer: Peer<'_>,
        letter: &Reconciliation,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<Took, SendError> {
        let key = peer.device.as_bytes();
        let known: Option<TurnRecord> = self.find(tables::TURN, key)?;
        if let Step::Digests { from, after, days } = &letter.step {
            let again = known.is_some_and(|known| known.round == letter.round);
            if Check::V5.refuses(again) {
                return Ok(Took::Done);
            }
            let known = TurnRecord {
                round: letter.round,
                turn: RoundId::from_bytes(random.array()),
                from: *from,
                after: *after,
                answered: 0,
                since: self.counted(now),
            };
            let turn = Turn { peer, known, now };
            return self.answer_digests(batch, &turn, days, random);
        }
        let same = |known: &TurnRecord| {
            Check::V5.holds(known.round == letter.round && known.turn == letter.turn)
        };
        let Some(known) = known.filter(same) else {
            return Ok(Took::Done);
        };
        let turn = Turn { peer, known, now };
        match (&letter.step, known.answered) {
            (
                Step::Holdings {
                    days,
                    held,
                    upto,
                    handed,
                },
                1,
            ) => {
                let extent = Extent {
                    days: days.iter().copied().collect(),
                    after: known.after,
                    upto: *upto,
                };
                self.answer_holdings(batch, &turn, (held, &extent), handed, random)
            }
            (Step::Closing { items, whole }, 2) => {
                self.answer_closing(batch, &turn, (items, *whole), random)
            }
            _ => Ok(Took::Done),
        }
    }

    fn answer_digests(
        &mut self,
        batch: &mut Batch,
        turn: &Turn<'_>,
        theirs: &[DayDigest],
        random: &mut impl Randomness,
    ) -> Result<Took, SendError> {
        let between = self.between(turn.peer, turn.known.from, turn.now)?;
        let held = between.holdings(turn.known.from);
        let days = differing(&DayDigest::of_all(&held), theirs);
        let step = if days.is_empty() {
            Step::Same
        } else {
            let mut extent = Extent {
                days,
                after: turn.known.after,
                upto: None,
            };
            let held = extent.cut(held);
            holdings(&extent, held, Handed::NOTHING)
        };
        self.reply(batch, turn, step, random)
    }

    fn answer_holdings(
        &mut self,
        batch: &mut Batch,
        turn: &Turn<'_>,
        (theirs, extent): (&[Holding], &Extent),
        handed: &Handed,
        random: &mut impl Randomness,
    ) -> Result<Took, SendError> {
        let Turn { peer, now, .. } = *turn;
        let _ = self.take_statements(peer.contact, handed, now)?;
        let between = self.between(peer, turn.known.from, now)?;
        let mut difference = compare(&between, theirs, extent);
        let handed = self.hand_over(peer, (&mut difference, &between), now, random)?;
        self.reply(batch, turn, Step::Evidence { handed }, random)
    }

    /// What differed and is held on one side only stays different. Where the other side has not
    /// waited for what was handed over to it, it may be on its way.
    fn answer_closing(
        &mut self,
        batch: &mut Batch,
        turn: &Turn<'_>,
        (theirs, whole): (&[Item], bool),
        random: &mut impl Randomness,
    ) -> Result<Took, SendError> {
        let Turn { peer, known, now } = *turn;
        let between = self.between(peer, known.from, now)?;
        let items = held_now(&between, theirs);
        let apart: Vec<Item> = items
            .iter()
            .zip(theirs)
            .filter(|(mine, theirs)| mine.held != theirs.held)
            .map(|(mine, _)| *mine)
            .collect();
        let waited = self.counted(now).since(known.since);
        let items = SortedList::new(items).expect("as many items as came, each another one");
        let step = Step::Closing { items, whole: true };
        let took = self.reply(batch, turn, step, random)?;
        let counts = whole || waited >= Span::from_ms(limits::RECONCILE_AGAIN_MS / 2);
        if took == Took::Answered && counts {
            let _ = self.tell_apart(batch, peer, &apart, now)?;
        }
        Ok(took)
    }

    fn reply(
        &self,
        batch: &mut Batch,
        turn: &Turn<'_>,
        step: Step,
        random: &mut impl Randomness,
    ) -> Result<Took, SendError> {
        let Turn { peer, known, now } = *turn;
        let letter = letter(known.round, known.turn, step);
        if !self.write_letter(batch, (peer, false), &letter, now, random)? {
            return Ok(Took::Waits);
        }
        let record = TurnRecord {
            answered: known.answered + 1,
            since: self.counted(now),
            ..known
        };
        let key = peer.device.as_bytes();
        batch.put(tables::TURN, key, &write_record(&record));
        Ok(Took::Answered)
    }
}

/// A letter of this version.
pub(super) fn letter(round: RoundId, turn: RoundId, step: Step) -> Reconciliation {
    Reconciliation {
        version: Reconciliation::VERSION,
        round,
        turn,
        step,
        extensions: Extensions::empty(),
    }
}

pub(super) fn holdings(extent: &Extent, held: Vec<Holding>, handed: Handed) -> Step {
    let days: Vec<u32> = extent.days.iter().copied().collect();
    Step::Holdings {
        days: SortedList::new(days).expect("days of one window, each once"),
        held: SortedList::new(held).expect("a cut list of what differs by its place"),
        upto: extent.upto,
        handed,
    }
}

/// The same items, as this device holds them now.
pub(super) fn held_now(between: &Between, items: &[Item]) -> Vec<Item> {
    let now = |item: &Item| Item {
        held: between.holds(&item.place.alert, &item.statement),
        ..*item
    };
    items.iter().map(now).collect()
}

/// The days whose digests are not the same on both sides.
fn differing(mine: &[DayDigest], theirs: &[DayDigest]) -> BTreeSet<u32> {
    let mine: BTreeSet<DayDigest> = mine.iter().copied().collect();
    let theirs = theirs.iter().map(|day| day.mirrored()).collect();
    let days = mine.symmetric_difference(&theirs);
    days.map(|day| day.day).collect()
}
