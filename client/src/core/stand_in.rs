//! A colleague stands in for the device that sent something (PROTOCOL E20): when it is this
//! device's turn to do what has to be done, and what it keeps to know it.
//!
//! Every device of the contact tells what is overdue. What has to be *done* is done by the sending
//! device, and by the others one after the other if it was not done by then: none waits for one
//! that will never come, and they do not all do it at once.

use maille_common::address::DeviceId;
use maille_common::check::Check;
use maille_common::codec::{List, coded};
use maille_common::envelope::{Core, Entry, OpenedAlert};
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::record::write_record;
use maille_common::terms::{Kind, Release};
use maille_common::time::{Span, Timestamp};
use maille_durable::Batch;

use super::desk::{Desk, StepError};
use super::own::OwnEnvelope;
use super::tables;

/// After this a colleague does what the sending device has not done.
const AFTER: Span = Span::from_ms(limits::STAND_IN_AFTER_MS);
/// From one colleague to the next.
const STEP: Span = Span::from_ms(limits::STAND_IN_STEP_MS);

coded! {
    /// What a device keeps about an envelope that a colleague of its contact sent.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(super) struct StandInRecord {
        /// When its copy came, in counted time: when it was made, another machine's clock says.
        pub(super) began: Timestamp,
        /// Since when this device may stand in, in counted time: since the copy came, or since the
        /// sending device does not act any more.
        pub(super) since: Timestamp,
        /// The sending device did not act for the contact when that was last looked at.
        pub(super) alone: bool,
        /// It was told as overdue here.
        pub(super) overdue_told: bool,
        /// When its last obligation ended, in counted time.
        pub(super) closed: Option<Timestamp>,
        /// The devices it addressed, as in the outbox of the device that sent it; none where that
        /// is not known, for the copy came by an addendum.
        pub(super) addressed: Option<
            List<(DeviceId, u16, Release, u8), { limits::ENTRIES_MAX }>,
        >,
    }
}

/// When a device does what has to be done about an envelope of its contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    /// So long after it is due.
    pub(super) behind: Span,
    /// And so long after this moment, in counted time, if that is later.
    pub(super) since: Timestamp,
    /// The sending device does not act any more.
    pub(super) alone: bool,
}

impl Turn {
    /// Of the device that sent it.
    pub(super) const SENDING: Self = Self {
        behind: Span::ZERO,
        since: Timestamp::EPOCH,
        alone: false,
    };

    /// When this device does what is due then, in counted time.
    pub(super) fn at(self, due: Timestamp) -> Timestamp {
        due.max(self.since) + self.behind
    }

    /// How much had elapsed, one turn ago, since the clocks began: what was due then and is not
    /// done is this device's to do. None before its first turn.
    pub(super) fn elapsed(self, began: Timestamp, counted: Timestamp) -> Option<Span> {
        let has_come = self.at(Timestamp::EPOCH) <= counted;
        has_come.then(|| counted.since(began + self.behind))
    }
}

/// By how much a device is behind in what has to be done about an envelope of its contact.
///
/// `acting` are the contact's devices that act, in the roster's order.
pub(super) fn behind(acting: &[DeviceId], sending: &DeviceId, me: &DeviceId) -> Span {
    if me == sending {
        return Span::ZERO;
    }
    let after = match acting.contains(sending) {
        true => AFTER,
        false => Span::ZERO,
    };
    let mut colleagues = acting.iter().filter(|device| *device != sending);
    let place = colleagues.position(|device| device == me);
    let place = place.unwrap_or(acting.len());
    after + STEP.times(u64::try_from(place).unwrap_or(u64::MAX))
}

impl Desk {
    /// The devices of this contact that act for it now.
    fn acting(&self) -> Vec<DeviceId> {
        let wall = self.as_wall_shows(self.counted_now());
        let devices = self.roster.devices_of(&self.identity.contact).into_iter();
        devices
            .filter(|device| self.roster.designated_device(device, wall).is_valid())
            .collect()
    }

    /// When it is this device's turn about an envelope that `sending` sent.
    pub(super) fn turn(&self, sending: &DeviceId, since: Timestamp) -> Turn {
        let acting = self.acting();
        Turn {
            behind: behind(&acting, sending, &self.identity.device),
            since,
            alone: !acting.contains(sending),
        }
    }

    /// The device that does first what has to be done about what `sending` sent.
    pub(super) fn first_to_act(&self, sending: &DeviceId) -> Option<DeviceId> {
        let acting = self.acting();
        let sending = acting.iter().find(|device| *device == sending);
        sending.or(acting.first()).copied()
    }

    pub(super) fn stand_in(&self, envelope: &AlertId) -> Result<Option<StandInRecord>, StepError> {
        self.find_long(tables::STAND_IN, envelope.as_bytes())
    }

    /// What this device keeps about an envelope of a colleague; where nothing is kept, nothing is
    /// told of it either.
    pub(super) fn stand_in_or_none(
        &self,
        envelope: &AlertId,
        core: &Core,
    ) -> Result<StandInRecord, StepError> {
        Ok(self.stand_in(envelope)?.unwrap_or(StandInRecord {
            began: self.counted(core.created).min(self.counted_now()),
            since: self.counted_now(),
            alone: false,
            overdue_told: true,
            closed: None,
            addressed: None,
        }))
    }

    /// Something that a colleague sent came: its clocks run here as well.
    pub(super) fn note_stand_in(
        &self,
        batch: &mut Batch,
        opened: &OpenedAlert,
    ) -> Result<(), StepError> {
        let envelope = opened.envelope();
        let delivery = envelope.delivery();
        let (came, alert) = (envelope.id(), opened.id());
        let is_copy = delivery.entry.release == Release::Own;
        let entries = is_copy.then(|| delivery.entries.iter());
        let entries = entries.map(|entries| entries.map(in_record).collect::<Vec<_>>());
        let addressed = entries
            .map(|entries| List::new(entries).expect("as many as entries, within the same limit"));
        if envelope.core().kind == Kind::Addendum {
            self.begin_stand_in(batch, &came, envelope.core(), addressed)?;
            // Of the alert it brings, and of whom that addressed, nothing more is known.
            self.begin_stand_in(batch, &alert, opened.core(), None)
        } else {
            self.begin_stand_in(batch, &came, envelope.core(), addressed)
        }
    }

    fn begin_stand_in(
        &self,
        batch: &mut Batch,
        envelope: &AlertId,
        core: &Core,
        addressed: Option<List<(DeviceId, u16, Release, u8), { limits::ENTRIES_MAX }>>,
    ) -> Result<(), StepError> {
        let is_known = self.is_sent_here(envelope)? || self.stand_in(envelope)?.is_some();
        if is_known || !Check::E20.stands() {
            return Ok(());
        }
        let since = self.counted_now();
        let turn = self.turn(&core.device, since);
        let record = StandInRecord {
            began: since,
            since,
            alone: turn.alone,
            overdue_told: false,
            closed: None,
            addressed,
        };
        let bytes = write_record(&record);
        batch.put_pieces(tables::STAND_IN, envelope.as_bytes(), &bytes);
        // What was answered since comes behind its copy, and is waited for.
        let tell = core.ack_due(since).max(since + STEP);
        for due in [tell, turn.at(core.expiry(since))] {
            batch.put(tables::DUE, &tables::due(due, envelope), &[]);
        }
        Ok(())
    }

    /// Whether the sending device acts may have changed with the roster: the next turns are counted
    /// from then on.
    pub(super) fn look_at_turn(
        &self,
        batch: &mut Batch,
        envelope: &OwnEnvelope,
    ) -> Result<Turn, StepError> {
        let Some(record) = self.stand_in(&envelope.id)? else {
            return Ok(envelope.turn);
        };
        let turn = self.turn(&envelope.core.device, record.since);
        if turn.alone == record.alone {
            return Ok(turn);
        }
        let (since, alone) = (self.counted_now(), turn.alone);
        let record = StandInRecord {
            since,
            alone,
            ..record
        };
        let bytes = write_record(&record);
        batch.put_pieces(tables::STAND_IN, envelope.id.as_bytes(), &bytes);
        Ok(Turn { since, ..turn })
    }

    /// Changes what is kept about an envelope of a colleague.
    pub(super) fn change_stand_in(
        &self,
        batch: &mut Batch,
        envelope: &AlertId,
        change: impl FnOnce(StandInRecord) -> StandInRecord,
    ) -> Result<(), StepError> {
        if let Some(record) = self.stand_in(envelope)? {
            let bytes = write_record(&change(record));
            batch.put_pieces(tables::STAND_IN, envelope.as_bytes(), &bytes);
        }
        Ok(())
    }
}

fn in_record(entry: &Entry) -> (DeviceId, u16, Release, u8) {
    (entry.device, entry.recipient, entry.release, entry.step)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn device(byte: u8) -> DeviceId {
        DeviceId::from_bytes([byte; 16])
    }

    fn minutes(acting: &[u8], sending: u8, me: u8) -> u64 {
        let acting: Vec<DeviceId> = acting.iter().copied().map(device).collect();
        behind(&acting, &device(sending), &device(me)).ms() / 60_000
    }

    #[test]
    fn the_sending_device_comes_first_and_each_colleague_has_a_turn_of_its_own() {
        assert_eq!(
            [1, 2, 3, 4].map(|me| minutes(&[1, 2, 3, 4], 2, me)),
            [10, 0, 11, 12]
        );
    }

    #[test]
    fn nobody_waits_for_a_device_that_does_not_act_any_more() {
        assert_eq!([1, 3, 4].map(|me| minutes(&[1, 3, 4], 2, me)), [0, 1, 2]);
    }

    #[test]
    fn whoever_does_not_act_itself_comes_behind_all_others() {
        assert_eq!(minutes(&[1, 3], 2, 9), 2);
    }

    #[test]
    fn a_turn_is_counted_from_when_something_is_due_or_from_when_it_became_this_devices() {
        let at = Timestamp::from_unix_ms;
        let turn = Turn {
            behind: Span::from_ms(10),
            since: at(100),
            alone: false,
        };
        assert_eq!(
            [50, 100, 150].map(|due| turn.at(at(due)).unix_ms()),
            [110, 110, 160]
        );
        assert_eq!(turn.elapsed(at(90), at(109)), None);
        assert_eq!(turn.elapsed(at(90), at(110)), Some(Span::from_ms(10)));
        assert_eq!(
            Turn::SENDING.elapsed(at(90), at(110)),
            Some(Span::from_ms(20))
        );
    }
}
