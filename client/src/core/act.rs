//! An officer, or the system, reads, acknowledges or refuses: the only source of those receipts.

use maille_common::address::ContactAddress;
use maille_common::codec::Text;
use maille_common::evidence::{Note, NoteReader, officer_hash, seal_note};
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::randomness::Randomness;
use maille_common::record::write_record;
use maille_common::terms::{Actor, Reason, Stage};
use maille_common::time::Timestamp;
use maille_durable::{Batch, CommitNumber};
use thiserror::Error;

use super::desk::{Desk, StepError};
use super::events::EventKind;
use super::post::{Officer, Stamp};
use super::principals::Capacity;
use super::records::{ActRecord, ReceiptRecord};
use super::tables;

/// Why an officer does not take an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefuseReason {
    /// Another contact's business.
    NotOurs {
        /// Whose, if one knows.
        suggested: Option<ContactAddress>,
    },
    /// The same matter is known already.
    Duplicate {
        /// Of this alert.
        of: AlertId,
    },
    /// It cannot be read.
    CannotOpen,
    /// The law does not allow it.
    NoLegalBasis,
    /// The handling conditions cannot be kept.
    Handling,
    /// Another reason, in the note.
    Other,
}

/// What is done with an alert of the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// An officer has looked at it.
    Read,
    /// It is taken on.
    Acknowledge,
    /// It is not taken.
    Refuse(RefuseReason),
}

/// A receipt that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acted {
    /// Its hash.
    pub receipt: Hash,
    /// The sender can read who acted and the note. `false`: its sealing keys are not known here.
    pub note_sealed: bool,
    /// The same had been done before; nothing new was signed.
    pub already: bool,
    /// It holds when this is durable.
    pub settled: CommitNumber,
}

/// Why an act was not done.
#[derive(Debug, Error)]
pub enum ActError {
    /// No such alert here.
    #[error("alert {0} is not in the inbox; `maille inbox` lists what is")]
    Unknown(AlertId),
    /// A copy of what this contact sent.
    #[error("alert {0} was sent by this contact, so there is nothing to answer")]
    Own(AlertId),
    /// It was refused, and is not taken on by the system afterwards.
    #[error("only an officer refuses an alert or says that it was read; sign in as one first")]
    OfficerOnly,
    /// A program has no words of its own: a note is sealed with the name of the officer who wrote
    /// it.
    #[error("a note is an officer's; sign in as one first, or leave it out")]
    NoteWithoutOfficer,
    /// The note is too long.
    #[error("the note has {0} bytes, and 2,048 are the most")]
    NoteTooLong(usize),
    /// The name is too long.
    #[error("the officer's name has {0} bytes, and 128 are the most")]
    NameTooLong(usize),
    /// The store.
    #[error(transparent)]
    Step(#[from] StepError),
}

impl ActError {
    /// The stable code of this fault, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknown-alert",
            Self::Own(_) => "own-alert",
            Self::OfficerOnly => "officer-only",
            Self::NoteWithoutOfficer => "note-without-officer",
            Self::NoteTooLong(_) => "note-too-long",
            Self::NameTooLong(_) => "name-too-long",
            Self::Step(error) => error.code(),
        }
    }
}

impl Act {
    fn stage(&self) -> Stage {
        match self {
            Self::Read => Stage::Read,
            Self::Acknowledge => Stage::Acknowledged,
            Self::Refuse(_) => Stage::Refused,
        }
    }

    fn reason(&self) -> Reason {
        let Self::Refuse(reason) = self else {
            return Reason::None;
        };
        match reason {
            RefuseReason::NotOurs { .. } => Reason::NotOurs,
            RefuseReason::Duplicate { .. } => Reason::Duplicate,
            RefuseReason::CannotOpen => Reason::CannotOpen,
            RefuseReason::NoLegalBasis => Reason::NoLegalBasis,
            RefuseReason::Handling => Reason::Handling,
            RefuseReason::Other => Reason::Other,
        }
    }
}

impl Desk {
    /// Signs what an officer did; without one, the system acknowledges.
    ///
    /// Doing the same again signs nothing new. A later acknowledgement supersedes a refusal. Where
    /// this contact was asked in others' places as well, each of their obligations is answered.
    pub fn act(
        &mut self,
        alert: &AlertId,
        act: &Act,
        officer: Option<&str>,
        text: &str,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<Acted, ActError> {
        let record = self.inbox_record(alert)?.ok_or(ActError::Unknown(*alert))?;
        let capacities = self.capacities(alert, &record)?;
        // What came anew to another device of its own sender after a lost key is no obligation.
        let own = record.core.sender == self.identity.contact;
        if own || capacities.is_empty() {
            return Err(ActError::Own(*alert));
        }
        if officer.is_none() && *act != Act::Acknowledge {
            return Err(ActError::OfficerOnly);
        }
        if officer.is_none() && !text.is_empty() {
            return Err(ActError::NoteWithoutOfficer);
        }
        let mut done: Option<Acted> = None;
        for capacity in &capacities {
            let acted = match self.acted_before((alert, capacity), act, officer)? {
                Some(before) => before,
                None => self.act_as((alert, capacity), act, officer, text, now, random)?,
            };
            // What was signed now is told before what had been signed.
            if done
                .as_ref()
                .is_none_or(|done| done.already || !acted.already)
            {
                done = Some(acted);
            }
        }
        Ok(done.expect("there is a capacity, and each was acted for"))
    }

    /// Signs it for one obligation. Each is a commit of its own, for each receipt is a place in the
    /// row of this device's receipts.
    fn act_as(
        &mut self,
        (alert, capacity): (&AlertId, &Capacity),
        act: &Act,
        officer: Option<&str>,
        text: &str,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<Acted, ActError> {
        let mut record = self.inbox_record(alert)?.ok_or(ActError::Unknown(*alert))?;
        let to = record.core.sender.clone();
        let named = officer;
        let officer = match officer {
            Some(name) => {
                Some(self.sign_as(name, (alert, capacity), act, text, &to, now, random)?)
            }
            None => None,
        };
        let senders = self.roster.devices_of(&to);
        let note = officer.as_ref().and_then(|officer| officer.note.as_ref());
        let note_sealed = note.is_some_and(|note| {
            let mut wraps = note.wraps.iter();
            wraps.any(|wrap| senders.contains(&wrap.device))
        });
        let mut batch = Batch::new();
        let stamp = Stamp {
            envelope: capacity.envelope,
            alert: *alert,
            to,
            recipient: capacity.recipient.clone(),
            as_deputy: capacity.recipient != self.identity.contact,
        };
        let signed = (act.stage(), act.reason());
        let receipt = self.make_receipt(&mut batch, &stamp, signed, officer.as_ref(), now)?;
        for relay in self.home_relays() {
            self.post(&mut batch, &relay, &stamp, &receipt)?;
        }
        if !capacity.is_further() {
            record.stage = act.stage();
        }
        record.shown = true;
        let key = alert.as_bytes();
        batch.put_pieces(tables::INBOX, key, &write_record(&record));
        self.note_act(&mut batch, (alert, capacity), act.stage(), receipt)?;
        self.note_duty(&mut batch, (alert, act.stage()), named, text, now)?;
        let kind = EventKind::Acted {
            alert: *alert,
            stage: act.stage(),
        };
        self.event(&mut batch, kind, record.core.status, now)?;
        let settled = self.settle(batch)?;
        Ok(Acted {
            receipt,
            note_sealed,
            already: false,
            settled,
        })
    }

    /// The receipt already given for the same act, unless something else was done since. What a
    /// program did is not what an officer does (PROTOCOL O12, O13).
    fn acted_before(
        &self,
        (alert, capacity): (&AlertId, &Capacity),
        act: &Act,
        officer: Option<&str>,
    ) -> Result<Option<Acted>, StepError> {
        if matches!((capacity.stage, act), (Stage::Refused, Act::Acknowledge)) {
            return Ok(None);
        }
        let Some(ActRecord { receipt }) = self.act_noted(alert, capacity, act.stage())? else {
            return Ok(None);
        };
        let given: ReceiptRecord = self.need_long(tables::RECEIPT, receipt.as_bytes())?;
        let by_program = given.posted.receipt.statement.actor == Actor::System;
        if by_program && officer.is_some() {
            return Ok(None);
        }
        let settled = self.store.newest();
        Ok(Some(Acted {
            receipt,
            note_sealed: true,
            already: true,
            settled,
        }))
    }

    /// An officer's name and words, hidden from the relay, sealed to the sender's devices and to
    /// those of colleagues.
    #[expect(
        clippy::too_many_arguments,
        reason = "one private step of `act`, split for reading"
    )]
    fn sign_as(
        &self,
        name: &str,
        (alert, capacity): (&AlertId, &Capacity),
        act: &Act,
        text: &str,
        to: &ContactAddress,
        now: Timestamp,
        random: &mut impl Randomness,
    ) -> Result<Officer, ActError> {
        let salt = random.array();
        let disclosed = self
            .roster
            .discloses_officers(&self.identity.contact.organisation());
        let (suggested, duplicate_of) = match act {
            Act::Refuse(RefuseReason::NotOurs {
                suggested: Some(contact),
            }) => (contact.as_str(), AlertId::NONE),
            Act::Refuse(RefuseReason::Duplicate { of }) => ("", *of),
            _ => ("", AlertId::NONE),
        };
        let note = Note {
            version: Note::VERSION,
            salt,
            officer: Text::new(if disclosed { name } else { "" })
                .map_err(|too_long| ActError::NameTooLong(too_long.found))?,
            text: Text::new(text).map_err(|too_long| ActError::NoteTooLong(too_long.found))?,
            suggested: Text::new(suggested).expect("an address is within its own limit"),
            duplicate_of,
        };
        let readers = self.note_readers(to, &capacity.recipient, now)?;
        let note = match readers.is_empty() {
            true => None,
            false => seal_note(&note, alert, &self.identity.device, &readers, random).ok(),
        };
        Ok(Officer {
            officer: officer_hash(&salt, name),
            note,
        })
    }

    /// Who reads a note: the sender's devices first, then those of this contact, whose officers
    /// come on duty next, and of the contact in whose place it was asked.
    fn note_readers(
        &self,
        to: &ContactAddress,
        recipient: &ContactAddress,
        now: Timestamp,
    ) -> Result<Vec<NoteReader>, StepError> {
        let contacts = [to, &self.identity.contact, recipient];
        let devices = contacts
            .into_iter()
            .flat_map(|contact| self.roster.devices_of(contact));
        let mut readers: Vec<NoteReader> = Vec::new();
        for device in devices {
            if readers.iter().any(|reader| reader.device == device)
                || readers.len() == limits::NOTE_WRAPS_MAX
            {
                continue;
            }
            let Some(bundle) = self.bundle_of(&device)? else {
                continue;
            };
            if let Some(choice) = bundle.bundle.value().key_at(now) {
                let (key, public) = (choice.id, choice.key.public.clone());
                readers.push(NoteReader {
                    device,
                    key,
                    public,
                });
            }
        }
        // One wrap a device, ascending.
        readers.sort_by_key(|reader| reader.device);
        Ok(readers)
    }
}
