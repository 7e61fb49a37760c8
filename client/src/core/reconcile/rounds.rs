//! The side that asks: once a day each device that alerts went to or came from, and whenever
//! somebody wants it.

use maille_common::address::DeviceId;
use maille_common::codec::{List, SortedList};
use maille_common::content::{
    DayDigest, Handed, Holding, Item, Place, Reconciliation, RoundId, Step,
};
use maille_common::limits;
use maille_common::randomness::Randomness;
use maille_common::terms::Status;
use maille_common::time::{Span, Timestamp};
use maille_durable::Batch;

use super::between::Peer;
use super::compare::{Extent, compare};
use super::plan::{pause, put_round};
use super::records::{ReportRecord, RoundEnd, RoundRecord, RoundStage};
use super::report::{add_alerts, add_apart, report_days, report_there};
use super::turns::{Took, held_now, holdings, letter};
use crate::core::desk::{Desk, StepError};
use crate::core::events::EventKind;
use crate::core::order::SendError;

impl Desk {
    /// Begins what is due, closes what everything has come for, and ends what was not answered.
    /// Whether it wrote a letter.
    pub(super) fn move_round(
        &mut self,
        device: &DeviceId,
        record: RoundRecord,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<bool, SendError> {
        let counted = self.counted(now);
        let is_stale =
            |since: Timestamp| counted.since(since) >= Span::from_ms(limits::RECONCILE_STALE_MS);
        match record.stage {
            RoundStage::Resting if record.next.is_some_and(|next| next <= counted) => {
                self.begin_round(device, record, now, random)
            }
            RoundStage::Resting => Ok(false),
            RoundStage::Asked { since, .. }
            | RoundStage::Compared { since, .. }
            | RoundStage::Closing { since, .. }
                if is_stale(since) =>
            {
                let mut batch = Batch::new();
                self.end_round(
                    &mut batch,
                    device,
                    record,
                    RoundEnd::Unanswered,
                    (now, random),
                )?;
                self.settle(batch)?;
                Ok(false)
            }
            RoundStage::Compared { .. } => self.close_round(device, record, now, random),
            RoundStage::Asked { .. } | RoundStage::Closing { .. } => Ok(false),
        }
    }

    fn begin_round(
        &mut self,
        device: &DeviceId,
        mut record: RoundRecord,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<bool, SendError> {
        let to = record.to.clone();
        let peer = Peer {
            device,
            contact: &to,
        };
        let from = first_day(now);
        record.from = from;
        let held = self.between(peer, from, now)?.holdings(from);
        let digests = DayDigest::of_all(&held);
        if record.pages == 0 {
            record.report = ReportRecord::begun(Some(now));
        }
        report_days(&mut record.report, &digests);
        let round = RoundId::from_bytes(random.array());
        let step = Step::Digests {
            from,
            after: record.after,
            days: SortedList::new(digests).expect("days of one window, each once"),
        };
        let mut batch = Batch::new();
        let letter = letter(round, RoundId::NONE, step);
        if !self.write_letter(&mut batch, (peer, true), &letter, now, random)? {
            return Ok(false);
        }
        let since = self.counted(now);
        record.stage = RoundStage::Asked { round, since };
        put_round(&mut batch, device, &record);
        self.settle_if_roomy(batch)?;
        Ok(true)
    }

    /// Takes an answer to a letter of this side (PROTOCOL V5).
    pub(super) fn take_answer(
        &mut self,
        batch: &mut Batch,
        (device, mut record): (&DeviceId, RoundRecord),
        answer: &Reconciliation,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<Took, SendError> {
        match (&answer.step, &mut record.stage) {
            (Step::Same, RoundStage::Asked { .. }) => {
                self.end_round(batch, device, record, RoundEnd::Same, (now, random))?;
                Ok(Took::Done)
            }
            (
                Step::Holdings {
                    days, held, upto, ..
                },
                RoundStage::Asked { .. },
            ) => {
                let extent = Extent {
                    days: days.iter().copied().collect(),
                    after: record.after,
                    upto: *upto,
                };
                let theirs = (held.as_slice(), extent);
                self.answer_back(batch, (device, record), theirs, answer.turn, (now, random))
            }
            (
                Step::Evidence { handed },
                RoundStage::Compared {
                    turn, theirs, more, ..
                },
            ) if *turn == answer.turn => {
                *theirs = Some(List::new(handed.again.to_vec()).expect("within the same limit"));
                *more |= handed.more;
                self.take_handed(&mut record, handed, now)?;
                put_round(batch, device, &record);
                Ok(Took::Done)
            }
            // It had been waited for in vain.
            (Step::Evidence { handed }, RoundStage::Closing { turn, .. })
                if *turn == answer.turn =>
            {
                self.take_handed(&mut record, handed, now)?;
                put_round(batch, device, &record);
                Ok(Took::Done)
            }
            (Step::Closing { items, .. }, RoundStage::Closing { turn, .. })
                if *turn == answer.turn =>
            {
                self.closing_came(batch, (device, record), items, (now, random))
            }
            _ => Ok(Took::Done),
        }
    }

    fn take_handed(
        &self,
        record: &mut RoundRecord,
        handed: &Handed,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let taken = self.take_statements(&record.to, handed, now)?;
        record.report.taken = record.report.taken.saturating_add(taken);
        add_alerts(&mut record.report.again_there, handed.again.iter().copied());
        Ok(())
    }

    /// The other side lists what it holds: it is told what is held here, and handed what it lacks.
    fn answer_back(
        &mut self,
        batch: &mut Batch,
        (device, mut record): (&DeviceId, RoundRecord),
        (theirs, mut extent): (&[Holding], Extent),
        turn: RoundId,
        (now, random): (Timestamp, &mut impl Randomness),
    ) -> Result<Took, SendError> {
        let RoundStage::Asked { round, .. } = record.stage else {
            return Ok(Took::Done);
        };
        let to = record.to.clone();
        let peer = Peer {
            device,
            contact: &to,
        };
        let between = self.between(peer, record.from, now)?;
        let held = extent.cut(between.holdings(record.from));
        report_there(&mut record.report, &extent, theirs);
        let mut difference = compare(&between, theirs, &extent);
        if difference.items.is_empty() {
            record.stage = RoundStage::Closing {
                round,
                turn,
                since: self.counted(now),
                items: SortedList::empty(),
                again: false,
                upto: extent.upto,
            };
            self.end_round(batch, device, record, RoundEnd::Same, (now, random))?;
            return Ok(Took::Done);
        }
        let handed = self.hand_over(peer, (&mut difference, &between), now, random)?;
        let given = u32::try_from(handed.statements.len()).unwrap_or(u32::MAX);
        let ours = handed.again.to_vec();
        let letter = letter(round, turn, holdings(&extent, held, handed));
        if !self.write_letter(batch, (peer, true), &letter, now, random)? {
            return Ok(Took::Waits);
        }
        record.report.given = record.report.given.saturating_add(given);
        add_alerts(&mut record.report.again, ours.iter().copied());
        let items: Vec<Item> = difference.items.into_iter().collect();
        record.stage = RoundStage::Compared {
            round,
            turn,
            since: self.counted(now),
            items: SortedList::new(items).expect("a difference has no more than a letter"),
            ours: List::new(ours).expect("a difference has no more than a letter"),
            theirs: None,
            more: difference.more,
            upto: extent.upto,
        };
        put_round(batch, device, &record);
        Ok(Took::Answered)
    }

    /// Says what is held now of all that differed, when everything has come, or was waited for.
    fn close_round(
        &mut self,
        device: &DeviceId,
        mut record: RoundRecord,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<bool, SendError> {
        let RoundStage::Compared {
            round,
            turn,
            since,
            items,
            ours,
            theirs,
            more,
            upto,
        } = record.stage.clone()
        else {
            return Ok(false);
        };
        let waited = self.counted(now).since(since) >= Span::from_ms(limits::RECONCILE_AGAIN_MS);
        let sent_again = ours
            .iter()
            .chain(theirs.iter().flat_map(|theirs| theirs.iter()));
        let (mut come, mut again) = (theirs.is_some(), false);
        for alert in sent_again {
            let here = self.has_come(device, alert)?;
            (come, again) = (come && here, again || here);
        }
        if !come && !waited {
            return Ok(false);
        }
        let mut batch = Batch::new();
        if more && record.pages < limits::RECONCILE_PAGES_MAX {
            self.end_round(&mut batch, device, record, RoundEnd::Mended, (now, random))?;
            self.settle(batch)?;
            return Ok(false);
        }
        let to = record.to.clone();
        let peer = Peer {
            device,
            contact: &to,
        };
        let between = self.between(peer, record.from, now)?;
        let items = SortedList::new(held_now(&between, &items)).expect("as many as they were");
        let whole = theirs.is_some();
        let step = Step::Closing {
            items: items.clone(),
            whole,
        };
        let letter = letter(round, turn, step);
        if !self.write_letter(&mut batch, (peer, true), &letter, now, random)? {
            return Ok(false);
        }
        record.stage = RoundStage::Closing {
            round,
            turn,
            since: self.counted(now),
            items,
            again,
            upto,
        };
        put_round(&mut batch, device, &record);
        self.settle_if_roomy(batch)?;
        Ok(true)
    }

    /// The other side says what it holds now: what one side alone holds stays different.
    fn closing_came(
        &mut self,
        batch: &mut Batch,
        (device, mut record): (&DeviceId, RoundRecord),
        theirs: &[Item],
        (now, random): (Timestamp, &mut impl Randomness),
    ) -> Result<Took, SendError> {
        let RoundStage::Closing { items, .. } = &record.stage else {
            return Ok(Took::Done);
        };
        let to = record.to.clone();
        let peer = Peer {
            device,
            contact: &to,
        };
        let between = self.between(peer, record.from, now)?;
        let current = held_now(&between, items);
        let mut apart = Vec::new();
        for (mine, now) in items.iter().zip(&current) {
            let of_item = |one: &&Item| (one.place, one.statement) == (mine.place, mine.statement);
            let there = theirs.iter().find(of_item).is_some_and(|one| one.held);
            // What came here since the letter went is no difference any more.
            if there != mine.held && there != now.held {
                apart.push(*mine);
            }
        }
        let end = match apart.is_empty() {
            true => RoundEnd::Mended,
            false => RoundEnd::Apart,
        };
        let apart = self.tell_apart(batch, peer, &apart, now)?;
        add_apart(&mut record.report.apart, apart);
        self.end_round(batch, device, record, end, (now, random))?;
        Ok(Took::Done)
    }

    /// A round ends. Where it did not compare everything, or sent alerts again about which there is
    /// evidence, the next one follows at once.
    fn end_round(
        &self,
        batch: &mut Batch,
        device: &DeviceId,
        mut record: RoundRecord,
        end: RoundEnd,
        (now, random): (Timestamp, &mut impl Randomness),
    ) -> Result<(), StepError> {
        let worst = record.report.end.max(Some(end));
        let (upto, repeats) = match &record.stage {
            RoundStage::Closing { upto, again, .. } => (*upto, *again),
            RoundStage::Compared { .. } => (None, true),
            RoundStage::Resting | RoundStage::Asked { .. } => (None, false),
        };
        let goes_on = (upto.is_some() || repeats)
            && end != RoundEnd::Unanswered
            && record.pages < limits::RECONCILE_PAGES_MAX;
        record.stage = RoundStage::Resting;
        record.report.end = worst;
        if goes_on {
            record.pages += 1;
            // What is compared again begins where this round began.
            record.after = upto.filter(|_| !repeats).unwrap_or(record.after);
            record.next = Some(self.counted(now));
        } else {
            (record.pages, record.after) = (0, Place::START);
            record.next = match self.partners(now)?.contains_key(device) {
                true => Some(self.counted(now) + pause(random)),
                false => None,
            };
            if let Some(end) = worst.filter(|worst| *worst != RoundEnd::Same) {
                let (device, contact) = (*device, record.to.clone());
                let kind = EventKind::Reconciled {
                    device,
                    contact,
                    end,
                };
                self.event(batch, kind, Status::Actual, now)?;
            }
        }
        put_round(batch, device, &record);
        Ok(())
    }
}

/// The first day of the window: two days of it are ahead, for clocks that are.
fn first_day(now: Timestamp) -> u32 {
    Place::day_of(now).saturating_sub(limits::RECONCILED_DAYS - 3)
}
