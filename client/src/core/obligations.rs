//! The ledger: what is open, in both directions, whose turn it is and until when.
//!
//! A pure function of the desk's store and of a given `now`. What comes next is asked of the same
//! function that relay and sender go by, `Deadlines::clocks` of the protocol.

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::evidence::{ClockAct, ObligationState};
use maille_common::identifier::AlertId;
use maille_common::terms::{Kind, Stage, Status, Urgency};
use maille_common::time::Timestamp;

use super::desk::{Desk, StepError};
use super::duty::Taken;
use super::refusals::Refusal;

mod answers;
mod received;
mod schedule;
mod sent;

pub(super) use sent::weight_of;

/// Who owes whom an acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// This contact, for itself or in another's place.
    OwedByUs,
    /// The other contact, to this one.
    OwedToUs,
}

/// What is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Awaited {
    /// An acknowledgement, or a refusal.
    Acknowledgement,
    /// An answer in substance: the alert was acknowledged, and its sender asked for a reply.
    Answer,
}

/// What comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComingAct {
    /// A clock of the obligation falls due.
    Clock(ClockAct),
    /// The answer that was asked for is late, and it is told so.
    Unanswered,
}

/// Something that will happen unless somebody acts before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coming {
    /// When; none for a new wrap, which is due already.
    pub time: Option<Timestamp>,
    /// What.
    pub act: ComingAct,
    /// Whose turn it is: who has to acknowledge, is asked in another's place, or signs the end.
    pub contact: ContactAddress,
    /// The device of this contact that does it: the one that sent the alert, or a colleague in its
    /// place. None where it is another's to do.
    pub by: Option<DeviceId>,
}

/// An obligation that has not ended, or that deputies are still asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenObligation {
    /// The alert.
    pub alert: AlertId,
    /// What it is.
    pub kind: Kind,
    /// Real, a drill, or a test.
    pub status: Status,
    /// How soon somebody has to act.
    pub urgency: Urgency,
    /// What it is about; none once the content was purged.
    pub subject: Option<String>,
    /// Who owes whom.
    pub direction: Direction,
    /// The other contact: who sent what came, or who has to acknowledge what went.
    pub contact: ContactAddress,
    /// Whose obligation it is: the other contact, this one, or one in whose place it was asked.
    pub recipient: ContactAddress,
    /// This contact was asked in the recipient's place.
    pub in_place: bool,
    /// Since it was committed here, or came here.
    pub since: Timestamp,
    /// What is owed.
    pub awaits: Awaited,
    /// Where it stands by the evidence that is here.
    pub state: ObligationState,
    /// How far it came; none while nobody has it.
    pub stage: Option<Stage>,
    /// When it has to be acknowledged.
    pub ack_due: Timestamp,
    /// When it has to be answered; none where no answer was asked for.
    pub answer_due: Option<Timestamp>,
    /// When it ends.
    pub expires: Timestamp,
    /// Nobody acknowledged, or answered, in time.
    pub overdue: bool,
    /// The machine was started anew meanwhile, and a clock that may have been set had a part.
    pub uncertain: bool,
    /// What comes, next first. Empty: every clock has run out, and only an answer ends it.
    pub coming: Vec<Coming>,
    /// The other contact's telephones.
    pub telephones: Vec<String>,
    /// The languages spoken there, the preferred one first.
    pub languages: Vec<String>,
    /// Who has it in hand, where somebody has said so.
    pub taken: Option<Taken>,
    /// Who does not take it, and why; of what this contact owes, nobody.
    pub refusals: Vec<Refusal>,
}

/// Which part of the ledger is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerPage {
    /// So many are left out from the top.
    pub skip: usize,
    /// At most so many.
    pub limit: usize,
    /// Exercises and tests as well.
    pub drills: bool,
}

/// A part of the ledger, overdue first, then by what falls due first; what is not real comes last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// The part.
    pub obligations: Vec<OpenObligation>,
    /// How many are open and real.
    pub total: usize,
    /// How many of them are overdue.
    pub overdue: usize,
    /// How many exercises and tests stand in the list, behind everything that is real.
    pub drills: usize,
    /// How many exercises and tests are left out.
    pub hidden: usize,
}

impl Desk {
    /// What is open at `now`, by this desk's own clock and by what it knows.
    pub fn ledger(&self, page: LedgerPage, now: Timestamp) -> Result<Ledger, StepError> {
        let mut open = self.owed_to_us(now)?;
        open.extend(self.owed_by_us(now)?);
        open.extend(self.answers_owed(now)?);
        let all = open.len();
        open.retain(|obligation| page.drills || obligation.status == Status::Actual);
        let hidden = all - open.len();
        open.sort_by_cached_key(|obligation| {
            let due = if obligation.overdue {
                obligation.due()
            } else {
                obligation.next_time()
            };
            let (alert, recipient) = (obligation.alert, obligation.recipient.clone());
            (
                obligation.status != Status::Actual,
                !obligation.overdue,
                due,
                obligation.direction,
                alert,
                recipient,
            )
        });
        let real = open.iter().filter(|one| one.status == Status::Actual);
        let total = real.clone().count();
        let (drills, overdue) = (open.len() - total, real.filter(|one| one.overdue).count());
        let mut obligations: Vec<_> = open.into_iter().skip(page.skip).take(page.limit).collect();
        for obligation in &mut obligations {
            obligation.subject = self.subject_of(&obligation.alert)?;
        }
        Ok(Ledger {
            obligations,
            total,
            overdue,
            drills,
            hidden,
        })
    }

    /// The telephones of a contact, and the languages spoken there.
    pub fn reached_by(&self, contact: &ContactAddress) -> (Vec<String>, Vec<String>) {
        let Some(entry) = self.roster.contact(contact) else {
            return (Vec::new(), Vec::new());
        };
        let telephones = entry.contact.telephones.iter();
        let languages = entry.contact.languages.iter();
        (
            telephones
                .map(|number| number.as_str().to_owned())
                .collect(),
            languages.map(|tag| tag.as_str().to_owned()).collect(),
        )
    }
}

impl OpenObligation {
    /// What comes next.
    pub fn next(&self) -> Option<&Coming> {
        self.coming.first()
    }

    /// When what is owed has to be there.
    pub fn due(&self) -> Timestamp {
        match (self.awaits, self.answer_due) {
            (Awaited::Answer, Some(due)) => due,
            _ => self.ack_due,
        }
    }

    /// When something comes next; a new wrap is due since the beginning.
    fn next_time(&self) -> Timestamp {
        match self.next() {
            Some(next) => next.time.unwrap_or(self.since),
            None => self.expires,
        }
    }
}
