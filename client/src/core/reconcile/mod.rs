//! Reconciliation: two devices compare what they hold of the alerts between them, hand each other
//! the evidence that one of them lacks, and send again what is missing (PROTOCOL V1 to V8).
//!
//! | file | its noun |
//! |---|---|
//! | `between.rs` | what is held of the alerts between two devices |
//! | `sent.rs` | what this device holds to have sent |
//! | `received.rs` | what it holds to have received, and what is lost |
//! | `compare.rs` | what differs between two lists of that |
//! | `plan.rs` | when the next round begins |
//! | `rounds.rs` | the side that asks |
//! | `turns.rs` | the side that answers |
//! | `handed.rs` | evidence handed over, alerts sent again |
//! | `apart.rs` | what stays different |
//! | `letters.rs` | letters on their way, out and in |
//! | `report.rs` | what it showed, for people |
//! | `records.rs` | what is kept of all this |

mod apart;
mod between;
mod compare;
mod handed;
mod letters;
mod plan;
mod received;
mod records;
mod report;
mod rounds;
mod sent;
mod turns;

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::randomness::Randomness;
use maille_common::time::{Span, Timestamp};
use maille_durable::{Batch, CommitNumber};
use thiserror::Error;

use self::between::Peer;
pub(in crate::core) use self::records::{
    AgainRecord, ApartRecord, ArrivedRecord, LetterRecord, RoundRecord, RoundStage, TurnRecord,
};
pub use self::records::{AlertApart, Differs, RoundEnd};
#[cfg(test)]
pub(in crate::core) use self::records::{DayRecord, ReportRecord};
use self::turns::Took;
use super::desk::{Desk, StepError};
use super::order::SendError;
use super::tables;

/// Why nothing is compared with a contact.
#[derive(Debug, Error)]
pub enum ReconcileError {
    /// Nothing of the kind is designated.
    #[error(
        "{0} is not designated, or is this desk itself, or no rule connects it with this desk."
    )]
    NotAPartner(ContactAddress),
    /// It has no device.
    #[error("{0} has no device.")]
    NoDevice(ContactAddress),
    /// The store.
    #[error(transparent)]
    Step(#[from] StepError),
}

impl ReconcileError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAPartner(_) => "not-a-partner",
            Self::NoDevice(_) => "no-device",
            Self::Step(error) => error.code(),
        }
    }
}

/// The newest reconciliation with one device of a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled {
    /// The contact.
    pub contact: ContactAddress,
    /// The device.
    pub device: DeviceId,
    /// When it began.
    pub asked: Option<Timestamp>,
    /// How it ended; none while it is under way.
    pub end: Option<RoundEnd>,
    /// Each day of which anything is held on either side.
    pub days: Vec<DayCompared>,
    /// Statements that the other side lacked.
    pub given: u32,
    /// Statements that this side lacked.
    pub taken: u32,
    /// Alerts sent again from here.
    pub again: Vec<AlertId>,
    /// Alerts sent again from there.
    pub again_there: Vec<AlertId>,
    /// Alerts of which something stays different.
    pub apart: Vec<AlertApart>,
}

/// One day as both sides have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayCompared {
    /// Its midnight.
    pub day: Timestamp,
    /// Alerts sent from here.
    pub sent: u32,
    /// Of those, what was received there.
    pub received_there: u32,
    /// Alerts received here.
    pub received: u32,
    /// Of those, what was sent there.
    pub sent_there: u32,
}

impl Desk {
    /// Asks every device of a contact to compare, at the next [`Desk::reconcile`].
    pub fn reconcile_with(
        &mut self,
        contact: &ContactAddress,
        now: Timestamp,
    ) -> Result<CommitNumber, ReconcileError> {
        if !self.may_compare_with(contact, now) {
            return Err(ReconcileError::NotAPartner(contact.clone()));
        }
        let devices = self.roster.devices_of(contact);
        if devices.is_empty() {
            return Err(ReconcileError::NoDevice(contact.clone()));
        }
        let mut batch = Batch::new();
        for device in devices {
            self.ask_now(&mut batch, &device, contact, now);
        }
        Ok(self.settle(batch)?)
    }

    /// The newest reconciliation with each device of a contact.
    pub fn reconciled(&self, contact: &ContactAddress) -> Result<Vec<Reconciled>, StepError> {
        let mut reconciled = Vec::new();
        for device in self.roster.devices_of(contact) {
            if let Some(record) = self.round_with(&device)? {
                reconciled.push(of_record(device, record, self.counted_now()));
            }
        }
        Ok(reconciled)
    }

    /// Looks at the letters that came, and at every round: begins what is due, closes what is done.
    /// Whether relays have to be given anything.
    pub fn reconcile(
        &mut self,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<(CommitNumber, bool), SendError> {
        let mut wrote = false;
        for (key, arrived) in self.arrived()? {
            let mut batch = Batch::new();
            let took = self.look_at(&mut batch, &arrived, now, random)?;
            wrote |= took == Took::Answered;
            let age = self.counted(now).since(arrived.came);
            if took != Took::Waits || age >= Span::from_ms(limits::RECONCILE_STALE_MS) {
                batch.delete_pieces(tables::ARRIVED, &key);
            }
            self.settle(batch)?;
        }
        self.plan_rounds(now, random)?;
        for (device, record) in self.rounds()? {
            wrote |= self.move_round(&device, record, now, random)?;
        }
        Ok((self.store.newest(), wrote))
    }

    fn look_at(
        &mut self,
        batch: &mut Batch,
        arrived: &ArrivedRecord,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<Took, SendError> {
        let letter = &arrived.letter;
        let device = &arrived.device;
        // Whoever left since, or may not write any more, is not answered.
        if !self.roster.acts_for(device, &arrived.from)
            || !self.may_compare_with(&arrived.from, now)
        {
            return Ok(Took::Done);
        }
        let asked = self.round_with(device)?;
        let of_ours = asked.filter(|record| record.stage.round() == Some(letter.round));
        match of_ours {
            Some(record) => self.take_answer(batch, (device, record), letter, now, random),
            None => {
                let peer = Peer {
                    device,
                    contact: &arrived.from,
                };
                self.answer_letter(batch, peer, letter, now, random)
            }
        }
    }
}

impl RoundStage {
    fn round(&self) -> Option<maille_common::content::RoundId> {
        match self {
            Self::Resting => None,
            Self::Asked { round, .. }
            | Self::Compared { round, .. }
            | Self::Closing { round, .. } => Some(*round),
        }
    }
}

fn of_record(device: DeviceId, record: RoundRecord, now: Timestamp) -> Reconciled {
    let report = record.report;
    let due = record.next.is_some_and(|next| next <= now);
    let rests = record.stage == RoundStage::Resting && !due;
    let day = |day: &records::DayRecord| DayCompared {
        day: Timestamp::from_unix_ms(u64::from(day.day) * limits::DAY_MS),
        sent: day.sent,
        received_there: day.sent_there,
        received: day.received,
        sent_there: day.received_there,
    };
    Reconciled {
        contact: record.to,
        device,
        asked: report.asked,
        end: report.end.filter(|_| rests),
        days: report.days.iter().map(day).collect(),
        given: report.given,
        taken: report.taken,
        again: report.again.into_vec(),
        again_there: report.again_there.into_vec(),
        apart: report.apart.into_vec(),
    }
}
