//! Holes in what another device numbers: in the row of its receipts to this contact (Q5), and in
//! the stream of its alerts to this device (E16).
//!
//! Each piece of mail is pushed by itself, urgent ones first, and may come through several relays,
//! so a later one can overtake an earlier one. A hole is therefore kept, and looked at once a
//! minute while a relay of ours is connected, or when one is greeted, which then pushes everything
//! again. What ten looks have not brought is missing; what a relay was entrusted with is so at once
//! (`entrusted.rs`). A desk that is not connected accuses nobody. An alert that is missing is
//! asked for before that, and after it as well.

use std::collections::BTreeMap;

use maille_common::address::{DeviceId, Name};
use maille_common::check::Check;
use maille_common::identifier::Epoch;
use maille_common::limits;
use maille_common::record::{read_record, write_record};
use maille_common::terms::Numbered;
use maille_common::time::{Span, Timestamp};
use maille_durable::{Batch, Scan};

use super::desk::{Desk, StepError};
use super::incidents::IncidentKind;
use super::records::{HoleIn, HoleRecord};
use super::silence::put_unread;
use super::tables;

/// The least time between two looks: a relay that is greeted over and over, and a clock that
/// jumped, shorten nothing.
const LOOK_EVERY: Span = Span::from_minutes(1);

/// What is numbered, by whom, in which life of its store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    code: u8,
    device: DeviceId,
    epoch: Epoch,
}

impl Row {
    const RECEIPTS: u8 = 0;
    const ALERTS: u8 = 1;

    /// A device's receipts to this contact.
    pub(super) const fn receipts(device: DeviceId, epoch: Epoch) -> Self {
        let code = Self::RECEIPTS;
        Self {
            code,
            device,
            epoch,
        }
    }

    /// A device's alerts to this device.
    pub(super) const fn alerts(device: DeviceId, epoch: Epoch) -> Self {
        let code = Self::ALERTS;
        Self {
            code,
            device,
            epoch,
        }
    }

    /// The row of what a device numbers.
    pub(super) const fn of(numbered: Numbered, device: DeviceId, epoch: Epoch) -> Self {
        match numbered {
            Numbered::Alerts => Self::alerts(device, epoch),
            Numbered::Receipts => Self::receipts(device, epoch),
        }
    }

    /// The key of a number in it, or of a hole by its first number.
    pub(super) fn key(&self, number: u64) -> Vec<u8> {
        tables::hole(&self.device, self.epoch, self.code, number)
    }
}

impl HoleRecord {
    fn key(&self) -> Vec<u8> {
        let row = match self.of {
            HoleIn::Receipts { .. } => Row::receipts(self.device, self.epoch),
            HoleIn::Alerts => Row::alerts(self.device, self.epoch),
        };
        row.key(self.from)
    }

    /// One of its receipts came: what is left of it lies on either side.
    pub(super) fn fill(&self, batch: &mut Batch, number: u64, [left, right]: [HoleIn; 2]) {
        batch.delete(tables::HOLE, &self.key());
        if number > self.from {
            let (of, to) = (left, number - 1);
            put_hole(batch, &Self { of, to, ..*self });
        }
        if number < self.to {
            let (of, from) = (right, number + 1);
            put_hole(batch, &Self { of, from, ..*self });
        }
    }

    /// Some of its alerts came, or will never come: what is left of it lies on either side.
    pub(super) fn cut(&self, batch: &mut Batch, from: u64, to: u64) {
        batch.delete(tables::HOLE, &self.key());
        if from > self.from {
            let to = from - 1;
            put_hole(batch, &Self { to, ..*self });
        }
        if to < self.to {
            let from = to + 1;
            put_hole(batch, &Self { from, ..*self });
        }
    }

    /// Whether it was told as an incident: it is then kept to be asked for.
    pub(super) fn is_told(&self) -> bool {
        self.looks >= limits::HOLE_LOOKS
    }

    /// Whether its sender is asked for it.
    fn may_be_asked_for(&self) -> bool {
        Check::G1.stands() && self.of == HoleIn::Alerts && self.looks >= limits::HOLE_ASK_LOOKS
    }

    pub(super) fn missing(&self) -> IncidentKind {
        let Self {
            device, from, to, ..
        } = *self;
        match self.of {
            HoleIn::Receipts { .. } => IncidentKind::ReceiptsMissing { device, from, to },
            HoleIn::Alerts => IncidentKind::AlertsMissing { device, from, to },
        }
    }
}

/// Keeps a hole, to be looked at.
pub(super) fn put_hole(batch: &mut Batch, hole: &HoleRecord) {
    batch.put(tables::HOLE, &hole.key(), &write_record(hole));
}

impl Desk {
    /// A connection ended: this relay brings nothing until it is greeted again.
    pub fn parted(&mut self, relay: &Name) {
        self.listening.remove(relay);
        self.unordered.remove(relay);
    }

    /// The hole of a row in which a number lies.
    pub(super) fn hole_at(&self, row: Row, number: u64) -> Result<Option<HoleRecord>, StepError> {
        let (first, upto) = (row.key(0), tables::after(&row.key(number)));
        let range = Scan::range(tables::HOLE, &first, &upto, 1).descending();
        let Some((_, bytes)) = self.store.scan(range)?.pop() else {
            return Ok(None);
        };
        let hole: HoleRecord = read_record(&bytes)?;
        Ok((number <= hole.to).then_some(hole))
    }

    /// Forgets the holes in rows of receipts.
    pub(super) fn forget_holes_in_rows(&self, batch: &mut Batch) -> Result<(), StepError> {
        for (key, bytes) in self.store.scan(Scan::table(tables::HOLE, usize::MAX))? {
            let hole: HoleRecord = read_record(&bytes)?;
            if matches!(hole.of, HoleIn::Receipts { .. }) {
                batch.delete(tables::HOLE, &key);
            }
        }
        Ok(())
    }

    /// Counts a look at every hole, once a minute at most, while a relay of ours is connected;
    /// after the last one what would fill it is missing (I4).
    pub(super) fn look_for_missing(
        &mut self,
        batch: &mut Batch,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let homes = self.home_relays();
        let connected = homes.iter().any(|relay| self.listening.contains(relay));
        let too_soon = self
            .looked
            .is_some_and(|looked| looked <= now && now.since(looked) < LOOK_EVERY);
        if !connected || too_soon {
            return Ok(());
        }
        self.looked = Some(now);
        self.look_for_erasure(batch, now)?;
        self.look_for_silence(batch, now)?;
        self.look_for_early(batch, now)?;
        let mut unread = BTreeMap::new();
        for mut hole in self.holes()? {
            if hole.is_told() {
                if self.is_given_up(&hole, now) {
                    batch.delete(tables::HOLE, &hole.key());
                }
                continue;
            }
            if hole.rests.is_some_and(|until| self.counted(now) < until) {
                continue;
            }
            hole.looks += 1;
            if hole.is_told() && self.is_excused(&mut unread, &hole)? {
                batch.delete(tables::HOLE, &hole.key());
                continue;
            }
            if hole.is_told() {
                self.incident(batch, hole.missing(), Some(hole.alert), now)?;
            }
            if hole.is_told() && hole.of != HoleIn::Alerts {
                batch.delete(tables::HOLE, &hole.key());
            } else {
                put_hole(batch, &hole);
            }
        }
        for (device, alerts) in unread {
            put_unread(batch, &device, alerts);
        }
        Ok(())
    }

    /// Every hole.
    pub(super) fn holes(&self) -> Result<Vec<HoleRecord>, StepError> {
        let rows = self.store.scan(Scan::table(tables::HOLE, usize::MAX))?;
        let read = |(_, bytes): &(Vec<u8>, Vec<u8>)| Ok(read_record(bytes)?);
        rows.iter().map(read).collect()
    }

    /// The holes of a row that reach into these numbers.
    pub(super) fn holes_within(
        &self,
        row: Row,
        from: u64,
        to: u64,
    ) -> Result<Vec<HoleRecord>, StepError> {
        let (first, upto) = (row.key(0), tables::after(&row.key(to)));
        let rows = self
            .store
            .scan(Scan::range(tables::HOLE, &first, &upto, usize::MAX))?;
        let mut holes: Vec<HoleRecord> = Vec::new();
        for (_, bytes) in rows {
            holes.push(read_record(&bytes)?);
        }
        holes.retain(|hole| from <= hole.to);
        Ok(holes)
    }

    /// The holes that their senders are asked for (PROTOCOL G1): not those that alerts which were
    /// answered Returned account for.
    pub(super) fn holes_asked_for(&self) -> Result<Vec<HoleRecord>, StepError> {
        let mut unread = BTreeMap::new();
        let mut asked = Vec::new();
        for hole in self.holes()? {
            if hole.may_be_asked_for() && !self.is_excused(&mut unread, &hole)? {
                asked.push(hole);
            }
        }
        Ok(asked)
    }

    /// Whether a hole that was told is asked for no longer: its sender would send no heartbeats
    /// about it any more, or is gone.
    fn is_given_up(&self, hole: &HoleRecord, now: Timestamp) -> bool {
        let asked_for = self.counted(now).since(hole.since);
        asked_for >= Span::from_ms(limits::HOLE_ASKED_FOR_MS)
            || self.roster.contact_of(&hole.device).is_none()
    }

    /// Whether what is missing are alerts that were answered Returned before their number was read.
    pub(super) fn is_excused(
        &self,
        unread: &mut BTreeMap<DeviceId, u64>,
        hole: &HoleRecord,
    ) -> Result<bool, StepError> {
        if !matches!(hole.of, HoleIn::Alerts) {
            return Ok(false);
        }
        let device = hole.device;
        let known = match unread.get(&device) {
            Some(known) => *known,
            None => self.unread_of(&device)?,
        };
        let left = known.checked_sub(hole.to - hole.from + 1);
        unread.extend(left.map(|left| (device, left)));
        Ok(left.is_some())
    }
}
