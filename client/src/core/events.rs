//! One numbered stream of events. A reader has a name and a durable cursor, so that a program that
//! stops goes on where it was.

use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::codec::{Decode, Encode, coded, coded_choice};
use maille_common::identifier::AlertId;
use maille_common::record::{read_record, write_record};
use maille_common::roster::{EndStage, Ends};
use maille_common::terms::{AcceptReason, GapEnd, Kind, NoticeKind, Reason, Stage, Status};
use maille_common::time::Timestamp;
use maille_durable::{Batch, CommitNumber, Scan};

use super::desk::{Desk, StepError};
use super::ledger::CodedState;
use super::pair::KeysTrouble;
use super::reconcile::RoundEnd;
use super::records::CursorRecord;
use super::tables;

coded! {
    /// Something happened at this desk.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Event {
        /// The desk's clock.
        pub time: Timestamp,
        /// Of the alert it is about; incidents count as actual.
        pub status: Status,
        /// What happened.
        pub kind: EventKind,
    }
}

coded_choice! {
    /// What happened.
    #[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
    pub enum EventKind {
        /// An envelope stands in the outbox.
        Sent {
            /// The envelope.
            alert: AlertId,
        },
        /// A relay answered for one recipient.
        Answered {
            /// The alert.
            alert: AlertId,
            /// The relay.
            relay: Name,
            /// The recipient.
            recipient: ContactAddress,
            /// Accepted, or why not.
            reason: AcceptReason,
        },
        /// Something arrived.
        Arrived {
            /// The alert.
            alert: AlertId,
            /// What it is.
            kind: Kind,
            /// Who sent it.
            from: ContactAddress,
        },
        /// A recipient's device came to a stage with something this contact sent.
        Receipt {
            /// The alert.
            alert: AlertId,
            /// The recipient.
            recipient: ContactAddress,
            /// How far it came.
            stage: Stage,
            /// Why it was refused or returned.
            reason: Reason,
        },
        /// An obligation climbed to a state.
        State {
            /// The alert.
            alert: AlertId,
            /// The recipient.
            recipient: ContactAddress,
            /// The new state.
            state: CodedState,
        },
        /// An obligation is overdue by this desk's clock: of somebody who got what was sent from
        /// here, or of this contact, for itself or in another's place.
        Overdue {
            /// The alert.
            alert: AlertId,
            /// The recipient.
            recipient: ContactAddress,
            /// The machine was started anew meanwhile, and a clock that may have been set had a
            /// part.
            uncertain: bool,
        },
        /// A relay told something.
        Notice {
            /// The alert.
            alert: AlertId,
            /// The recipient.
            recipient: ContactAddress,
            /// What it told.
            kind: NoticeKind,
        },
        /// This desk answered an alert.
        Acted {
            /// The alert.
            alert: AlertId,
            /// How.
            stage: Stage,
        },
        /// Something happened that should not have.
        Incident {
            /// Its number in the list of incidents.
            number: u64,
        },
        /// A relay began a new incarnation; what is open goes there again.
        NewIncarnation {
            /// The relay.
            relay: Name,
        },
        /// Another roster came into use.
        Roster {
            /// The number of its authority part.
            number: u64,
        },
        /// Somebody did not acknowledge, and this contact is asked in its place.
        AskedAsDeputy {
            /// The alert.
            alert: AlertId,
            /// Who did not.
            principal: ContactAddress,
        },
        /// Somebody acknowledged, and has not written back by when an answer was asked for.
        Unanswered {
            /// The alert.
            alert: AlertId,
            /// Who owes the answer; at its own desk this contact.
            recipient: ContactAddress,
        },
        /// A device that wrote to this one is not heard of any more.
        Silent {
            /// The device.
            device: DeviceId,
            /// Its contact.
            contact: ContactAddress,
            /// When it was heard last.
            since: Timestamp,
        },
        /// A silent device is heard of again.
        HeardAgain {
            /// The device.
            device: DeviceId,
            /// Its contact.
            contact: ContactAddress,
        },
        /// Another device read, acknowledged or refused what came here: it may be done with. Or a
        /// deputy that collects elsewhere has it, and was asked in this contact's place.
        ActedElsewhere {
            /// The alert.
            alert: AlertId,
            /// Whose obligation it is.
            recipient: ContactAddress,
            /// The contact that acted.
            contact: ContactAddress,
            /// The device.
            device: DeviceId,
            /// How.
            stage: Stage,
        },
        /// A relay dropped an alert for this device that was never collected.
        ExpiredUnseen {
            /// The alert.
            alert: AlertId,
            /// Who sent it, and is to be asked to send it again.
            from: ContactAddress,
            /// Whose obligation it was.
            recipient: ContactAddress,
            /// When the relay accepted it.
            accepted: Timestamp,
        },
        /// What this device and another one hold of the alerts between them differed.
        Reconciled {
            /// The device.
            device: DeviceId,
            /// Its contact.
            contact: ContactAddress,
            /// What became of it.
            end: RoundEnd,
        },
        /// An alert that was missing, which was an incident, is here.
        GapFilled {
            /// The alert.
            alert: AlertId,
            /// The device that sent it.
            device: DeviceId,
            /// Its contact.
            contact: ContactAddress,
        },
        /// An alert that is missing will not come, and needs not: this contact, or somebody in its
        /// place, answered it at another device.
        GapEnded {
            /// The alert.
            alert: AlertId,
            /// The device that sent it.
            device: DeviceId,
            /// Its contact.
            contact: ContactAddress,
            /// How it ended.
            end: GapEnd,
        },
        /// A device misses what a relay has accepted for it, and it goes to it again: somebody
        /// keeps it back, or lost it.
        SentAgain {
            /// The alert.
            alert: AlertId,
            /// The device that misses it.
            device: DeviceId,
            /// Whose device it is.
            contact: ContactAddress,
        },
        /// The archive cannot be written, or can again; alerts come and go meanwhile.
        Archive {
            /// It cannot.
            failing: bool,
        },
        /// Something ends soon that this contact's organisation or the authority can prolong, or it
        /// has ended: told once for each stage.
        Ends {
            /// What.
            what: Ends,
            /// When.
            at: Timestamp,
            /// How near that is.
            stage: EndStage,
        },
        /// The keys that this device offers wait for its organisation, or the roster has others for
        /// it than it holds: told again as long as that lasts.
        Keys {
            /// Which of the two.
            trouble: KeysTrouble,
            /// When it offered them, or from when the others are valid.
            since: Timestamp,
        },
    }
}

/// An event with its place in the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedEvent {
    /// From 1, ascending.
    pub number: u64,
    /// What happened.
    pub event: Event,
}

impl Desk {
    /// Events after `number`, oldest first, at most `limit`. Exercises and tests only where `all`
    /// asks for them: the default stream is of real alerts.
    pub fn events_after(
        &self,
        number: u64,
        limit: usize,
        all: bool,
    ) -> Result<Vec<NumberedEvent>, StepError> {
        let mut events = Vec::new();
        let mut from = number.saturating_add(1);
        while events.len() < limit {
            let key = from.to_be_bytes();
            let scan = Scan {
                limit: limit.max(64),
                ..Scan::table(tables::EVENT, 0)
            };
            let rows = self.store.scan(Scan { from: &key, ..scan })?;
            let Some((last, _)) = rows.last() else { break };
            from = tables::number_at_end(last)
                .unwrap_or(u64::MAX)
                .saturating_add(1);
            for (key, bytes) in &rows {
                let number = tables::number_at_end(key).unwrap_or_default();
                let event: Event = read_record(bytes)?;
                if (all || event.status == Status::Actual) && events.len() < limit {
                    events.push(NumberedEvent { number, event });
                }
            }
        }
        Ok(events)
    }

    /// The cursor of a reader: the number of the last event it has taken, 0 at first.
    pub fn cursor(&self, reader: &str) -> Result<u64, StepError> {
        let record: Option<CursorRecord> = self.find(tables::READER, &tables::word(reader))?;
        Ok(record.map_or(0, |record| record.number))
    }

    /// Moves a reader's cursor forward; never back.
    pub fn advance(&mut self, reader: &str, number: u64) -> Result<CommitNumber, StepError> {
        let mut batch = Batch::new();
        if number > self.cursor(reader)? {
            let record = write_record(&CursorRecord { number });
            batch.put(tables::READER, &tables::word(reader), &record);
        }
        self.settle(batch)
    }

    /// Where a reader stands, who begins after all that has happened so far if nobody has read
    /// under this name before.
    ///
    /// The beginning is kept: what happens before the reader comes again is told to it.
    pub fn enter(&mut self, reader: &str) -> Result<(u64, CommitNumber), StepError> {
        let key = tables::word(reader);
        if let Some(record) = self.find::<CursorRecord>(tables::READER, &key)? {
            return Ok((record.number, self.store.newest()));
        }
        let number = self.newest_event()?;
        let mut batch = Batch::new();
        let record = write_record(&CursorRecord { number });
        batch.put(tables::READER, &key, &record);
        Ok((number, self.settle(batch)?))
    }

    /// The number of the newest event.
    pub fn newest_event(&self) -> Result<u64, StepError> {
        let rows = self
            .store
            .scan(Scan::table(tables::EVENT, 1).descending())?;
        Ok(rows
            .first()
            .and_then(|(key, _)| tables::number_at_end(key))
            .unwrap_or(0))
    }

    /// Adds an event to a batch.
    pub(super) fn event(
        &self,
        batch: &mut Batch,
        kind: EventKind,
        status: Status,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let number = self.newest_event()?.max(self.last_event.get()) + 1;
        self.last_event.set(number);
        let event = Event {
            time: now,
            status,
            kind,
        };
        batch.put(tables::EVENT, &number.to_be_bytes(), &write_record(&event));
        Ok(())
    }
}
