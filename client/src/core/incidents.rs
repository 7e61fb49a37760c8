//! What should not have happened: kept with its number, shown until somebody has looked.

use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::codec::{Decode, Encode, List, Text, coded, coded_choice};
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::record::{read_record, write_record};
use maille_common::roster::Designation;
use maille_common::terms::{GapEnd, Numbered, Status};
use maille_common::time::Timestamp;
use maille_durable::{Batch, CommitNumber, Scan};

use super::desk::{Desk, StepError};
use super::events::EventKind;
use super::reconcile::AlertApart;
use super::tables;

coded! {
    /// Something that should not have happened.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Incident {
        /// The desk's clock.
        pub time: Timestamp,
        /// The alert it is about, where it is about one.
        pub alert: Option<AlertId>,
        /// What happened.
        pub kind: IncidentKind,
    }
}

coded_choice! {
    /// What should not have happened.
    #[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
    pub enum IncidentKind {
        /// A delivery failed a check before its writer was proven, or is not the signed one: the
        /// relay, or somebody before it, made or changed it.
        Delivery {
            /// The relay it came from.
            relay: Name,
            /// The check of PROTOCOL that refused it.
            check: Text<8>,
            /// The fault in words.
            fault: Text<512>,
        },
        /// A proven envelope was refused or could not be opened, and was answered with Returned.
        Returned {
            /// Who sent it.
            from: ContactAddress,
            /// The fault in words.
            fault: Text<512>,
        },
        /// A relay's statement does not verify.
        RelayStatement {
            /// The relay.
            relay: Name,
        },
        /// A receipt does not verify.
        Receipt {
            /// The check of PROTOCOL that refused it.
            check: Text<8>,
        },
        /// A device's receipts have a hole: somebody withholds one (PROTOCOL Q5).
        ReceiptsMissing {
            /// The device.
            device: DeviceId,
            /// The first number missing.
            from: u64,
            /// The last number missing.
            to: u64,
        },
        /// A device told two stories under one number (PROTOCOL E16, Q5).
        Fork {
            /// The device.
            device: DeviceId,
        },
        /// Alerts of a device are missing (PROTOCOL E16).
        AlertsMissing {
            /// The device.
            device: DeviceId,
            /// The first number missing.
            from: u64,
            /// The last number missing.
            to: u64,
        },
        /// A roster hash stayed unknown for ten minutes (PROTOCOL R11).
        RosterUnknown {
            /// The relay that brought what names it.
            relay: Name,
        },
        /// Roster documents contradict each other or do not verify.
        Roster {
            /// The fault in words.
            fault: Text<512>,
        },
        /// A bundle contradicts one already seen (PROTOCOL K3).
        Bundle {
            /// The device.
            device: DeviceId,
        },
        /// This device's store had been rolled back.
        RolledBack,
        /// An agency's system said that it wants no more webhooks of this name.
        WebhookGone {
            /// Its name in the settings.
            name: Text<64>,
        },
        /// What this device and another one hold of the alerts between them differs, and stays so
        /// after they have handed each other everything (PROTOCOL V8).
        Apart {
            /// The other contact.
            contact: ContactAddress,
            /// Its device.
            device: DeviceId,
            /// Of alerts that were made on this day, in days since 1970-01-01.
            day: u32,
            /// How many alerts.
            count: u32,
            /// The first of them, with what differs and what became of each.
            alerts: List<AlertApart, { IncidentKind::NAMED_MAX }>,
        },
        /// An alert that is missing will not come, and its sender says what became of it (PROTOCOL
        /// G5).
        AlertLost {
            /// The device that sent it.
            device: DeviceId,
            /// Its number.
            number: u64,
            /// Where it stands with this contact.
            end: GapEnd,
        },
        /// Alerts are missing that their sender does not know itself (PROTOCOL G6).
        AlertsForgotten {
            /// The device.
            device: DeviceId,
            /// The first number.
            from: u64,
            /// The last number.
            to: u64,
        },
        /// A device misses alerts of this desk that this desk does not know (PROTOCOL G4).
        AskedUnknown {
            /// The device.
            device: DeviceId,
            /// The first number.
            from: u64,
            /// The last number.
            to: u64,
        },
        /// A contact shows that a device of this contact told two stories under one number
        /// (PROTOCOL G8).
        ForkTold {
            /// The device of this contact.
            device: DeviceId,
            /// Of what.
            of: Numbered,
            /// The number.
            number: u64,
            /// Who told it.
            by: ContactAddress,
        },
        /// The roster in use has this device no more, or not as one that may act.
        Excluded {
            /// Why: ended, suspended, or unknown where a document took it out.
            designation: Designation,
            /// What is out: the device, its contact or its organisation, in words.
            subject: Text<160>,
            /// The document that says so, in words; empty where none is known.
            document: Text<160>,
            /// The hash of that document; zero where none is known.
            hash: Hash,
            /// When that was written; when it ended, for a designation whose time is over.
            at: Timestamp,
            /// Who signed it, in words.
            signers: Text<512>,
            /// The reason that a suspension gives.
            reason: Text<512>,
        },
        /// A relay refuses the key of this device, which the roster in use has.
        NotAdmitted {
            /// The relay.
            relay: Name,
            /// The number of the authority part in use here.
            authority: u64,
        },
    }
}

impl IncidentKind {
    /// So many alerts are named by one incident.
    pub const NAMED_MAX: usize = 32;
}

impl Desk {
    /// Incidents after `number`, oldest first, at most `limit`.
    pub fn incidents_after(
        &self,
        number: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Incident)>, StepError> {
        let key = number.saturating_add(1).to_be_bytes();
        let scan = Scan {
            from: &key,
            ..Scan::table(tables::INCIDENT, limit)
        };
        let rows = self.store.scan(scan)?;
        let read = |(key, bytes): &(Vec<u8>, Vec<u8>)| {
            Ok((
                tables::number_at_end(key).unwrap_or_default(),
                read_record(bytes)?,
            ))
        };
        rows.iter().map(read).collect()
    }

    /// Keeps an incident about roster documents that contradict each other or do not verify.
    pub fn report_roster(
        &mut self,
        fault: &str,
        now: Timestamp,
    ) -> Result<CommitNumber, StepError> {
        let mut batch = Batch::new();
        let kind = IncidentKind::Roster {
            fault: words(&fault),
        };
        self.incident(&mut batch, kind, None, now)?;
        self.settle(batch)
    }

    /// Keeps an incident about an agency's system that wants no more webhooks.
    pub fn report_webhook_gone(
        &mut self,
        name: &str,
        now: Timestamp,
    ) -> Result<CommitNumber, StepError> {
        let mut batch = Batch::new();
        let kind = IncidentKind::WebhookGone { name: words(&name) };
        self.incident(&mut batch, kind, None, now)?;
        self.settle(batch)
    }

    /// Adds an incident, and the event that tells of it, to a batch.
    pub(super) fn incident(
        &self,
        batch: &mut Batch,
        kind: IncidentKind,
        alert: Option<AlertId>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let rows = self
            .store
            .scan(Scan::table(tables::INCIDENT, 1).descending())?;
        let newest = rows
            .first()
            .and_then(|(key, _)| tables::number_at_end(key))
            .unwrap_or(0);
        let number = newest.max(self.last_incident.get()) + 1;
        self.last_incident.set(number);
        let incident = Incident {
            time: now,
            alert,
            kind,
        };
        batch.put(
            tables::INCIDENT,
            &number.to_be_bytes(),
            &write_record(&incident),
        );
        self.event(batch, EventKind::Incident { number }, Status::Actual, now)
    }
}

/// A fault's words, cut to what an incident keeps.
pub(super) fn words<const MAX: usize>(fault: &impl std::fmt::Display) -> Text<MAX> {
    let mut words = fault.to_string();
    let mut end = words.len().min(MAX);
    while !words.is_char_boundary(end) {
        end -= 1;
    }
    words.truncate(end);
    Text::new(words).unwrap_or_default()
}
