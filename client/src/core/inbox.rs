//! What this desk has received. Only opened alerts stand here.

use maille_common::address::ContactAddress;
use maille_common::content::Alert;
use maille_common::crypto::chunked::{self, ContentKey};
use maille_common::crypto::padding;
use maille_common::envelope::{Core, Env, body_context};
use maille_common::identifier::{AlertId, AlertIdPrefix};
use maille_common::record::{RecordFault, read_record, write_record};
use maille_common::terms::{AckRule, Kind, Stage, Status, Urgency};
use maille_common::time::Timestamp;
use maille_durable::{Batch, CommitNumber, Scan};

use super::amend::Amendment;
use super::desk::{Desk, StepError};
use super::duty::Taken;
use super::principals::Principal;
use super::records::{DeliveryRecord, DeputyRecord, InboxRecord};
use super::tables;

/// One line of the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxEntry {
    /// The alert.
    pub id: AlertId,
    /// What it is.
    pub kind: Kind,
    /// Real, a drill, or a test.
    pub status: Status,
    /// How soon somebody has to act.
    pub urgency: Urgency,
    /// Who sent it.
    pub from: ContactAddress,
    /// For whom it is answered here: this contact, or a principal; none for a copy of what was
    /// sent.
    pub recipient: Option<ContactAddress>,
    /// In whose place this contact was asked, the recipient included.
    pub deputy_for: Vec<Principal>,
    /// The sender's clock when it was committed.
    pub created: Timestamp,
    /// This desk's clock when it arrived.
    pub received: Timestamp,
    /// When it has to be acknowledged, counted from its arrival; where it came in several
    /// capacities, what is open and due first.
    pub ack_due: Timestamp,
    /// What its sender has said about it since.
    pub amendments: Vec<Amendment>,
    /// The alert it is about.
    pub refers_to: Option<AlertId>,
    /// What that is: real, a drill, or a test; none where it is not held here.
    pub about: Option<Status>,
    /// The highest stage this device signed.
    pub stage: Stage,
    /// Somebody answered it: this device, another of its contact, or a deputy.
    pub answered: bool,
    /// Who has it in hand, where somebody has said so.
    pub taken: Option<Taken>,
    /// It was being shown when the desk stopped, or came before the desk lost its store, so
    /// somebody may have seen it (I5).
    pub possibly_seen: bool,
    /// Attachments that are not here yet.
    pub blobs_missing: u32,
}

impl InboxEntry {
    /// The cancel that took it back, if its sender did.
    pub fn cancel(&self) -> Option<&Amendment> {
        self.amendments.iter().find(|said| said.is_cancel())
    }

    /// Whether an answer is owed, for this contact or in another's place, that nobody has given.
    pub fn is_open(&self) -> bool {
        let mine = self.recipient.is_some() && !self.answered;
        mine || self.deputy_for.iter().any(|principal| !principal.answered)
    }

    /// Whether it claims to be actual about an exercise, or an exercise about what is actual: its
    /// reader is to be told, for one of the two was taken for the other.
    pub fn contradicts_its_exercise(&self) -> bool {
        self.about
            .is_some_and(|about| about.is_actual() != self.status.is_actual())
    }
}

/// An alert with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Its line of the inbox.
    pub entry: InboxEntry,
    /// The plain part of its envelope.
    pub core: Core,
    /// What it says.
    pub content: Alert,
}

impl Desk {
    /// The inbox, newest arrival last.
    pub fn inbox(&self) -> Result<Vec<InboxEntry>, StepError> {
        let mut entries = Vec::new();
        for (id, record) in self.inbox_records()? {
            entries.push(self.inbox_entry(id, &record)?);
        }
        entries.sort_by_key(|entry| (entry.received, entry.id));
        Ok(entries)
    }

    /// One alert of the inbox with its words.
    pub fn received(&self, alert: &AlertId) -> Result<Option<Received>, StepError> {
        let Some(record) = self.inbox_record(alert)? else {
            return Ok(None);
        };
        let kept: DeliveryRecord = self.need_long(tables::DELIVERY, alert.as_bytes())?;
        let delivery = kept.delivery;
        let env: &Env = delivery
            .original
            .as_ref()
            .map_or(&delivery.env, |original| &original.env);
        let content = reopen(&record.content_key, env, &delivery.body)?;
        Ok(Some(Received {
            entry: self.inbox_entry(*alert, &record)?,
            core: record.core.value().clone(),
            content,
        }))
    }

    /// Marks an alert as being shown: after a crash it is shown again as "possibly seen" (I5).
    pub fn showing(&mut self, alert: &AlertId) -> Result<CommitNumber, StepError> {
        let mut batch = Batch::new();
        if let Some(mut record) = self.inbox_record(alert)?
            && !record.shown
        {
            record.shown = true;
            batch.put_pieces(tables::INBOX, alert.as_bytes(), &write_record(&record));
        }
        self.settle(batch)
    }

    /// The ids, sent, received or lost, that an officer may mean.
    pub fn matching(&self, prefix: &AlertIdPrefix) -> Result<Vec<AlertId>, StepError> {
        let mut found = Vec::new();
        for table in [tables::INBOX, tables::OUTBOX, tables::ENVELOPE] {
            for key in self.pieced_keys(table)? {
                let id = tables::alert_at_end(&key);
                let Some(id) = id.filter(|id| prefix.matches(id) && !found.contains(id)) else {
                    continue;
                };
                // Of what is lost the signed part is here; addenda stand with their alerts.
                if table != tables::ENVELOPE || self.signed_core(&id)?.is_some() {
                    found.push(id);
                }
            }
        }
        Ok(found)
    }

    pub(super) fn inbox_entry(
        &self,
        id: AlertId,
        record: &InboxRecord,
    ) -> Result<InboxEntry, StepError> {
        let core: &Core = &record.core;
        let about = match core.refers_to() {
            Some(about) => self.known_core(&about)?.map(|core| core.status),
            None => None,
        };
        // Where it came in another's place first, this contact answers for itself as well.
        let me = &self.identity.contact;
        let own: Option<DeputyRecord> =
            self.find(tables::DEPUTY_FOR, &tables::deputy_for(&id, me))?;
        let own = own.map(|own| own.stage);
        let mut entry = InboxEntry {
            id,
            kind: record.kind,
            status: core.status,
            urgency: core.urgency,
            from: core.sender.clone(),
            recipient: record.recipient.clone(),
            deputy_for: self.principals(&id, record)?,
            created: core.created,
            received: record.received,
            ack_due: core.ack_due(record.received),
            amendments: self.amendments(&id)?,
            refers_to: core.refers_to(),
            about,
            stage: record.stage,
            answered: is_answer(record.stage) && own.is_none_or(is_answer),
            taken: None,
            possibly_seen: record.shown && record.stage < Stage::Read,
            blobs_missing: record.blobs_missing,
        };
        if entry.is_open() {
            let others = self.others(&id)?;
            entry.possibly_seen |= others.had_before && record.stage < Stage::Read;
            let answered = |recipient: &ContactAddress| {
                let standing = self.standing_here(&id, core, recipient, &others);
                self.is_answered(recipient, &standing)
            };
            let first = record.recipient.as_ref();
            let mut due = None;
            for capacity in self.capacities(&id, record)? {
                if !is_answer(capacity.stage) && !answered(&capacity.recipient) {
                    due = due.into_iter().chain([capacity.ack_due()]).min();
                }
            }
            // Of several obligations, the one that is open and due first.
            entry.ack_due = due.unwrap_or(entry.ack_due);
            entry.answered = (is_answer(record.stage) || first.is_some_and(answered))
                && own.is_none_or(|stage| is_answer(stage) || answered(me));
            for principal in &mut entry.deputy_for {
                principal.answered |= answered(&principal.contact);
            }
        }
        if let Some(recipient) = &record.recipient {
            entry.taken = self.taken_here(&id, recipient)?;
            // One acknowledgement is enough, whosever it is.
            let other = entry.answered && core.ack_rule == AckRule::First;
            for recipient in core.recipients.iter().filter(|_| other) {
                if entry.taken.is_none() {
                    entry.taken = self.taken_here(&id, recipient)?;
                }
            }
        }
        Ok(entry)
    }

    pub(super) fn inbox_record(&self, alert: &AlertId) -> Result<Option<InboxRecord>, StepError> {
        self.find_long(tables::INBOX, alert.as_bytes())
    }

    pub(super) fn inbox_records(&self) -> Result<Vec<(AlertId, InboxRecord)>, StepError> {
        let mut records = Vec::new();
        for key in self.pieced_keys(tables::INBOX)? {
            let Some(id) = tables::alert_at_end(&key) else {
                continue;
            };
            let bytes = self.store.pieces(tables::INBOX, &key)?;
            let missing = RecordFault::Missing {
                name: "inbox entry",
            };
            records.push((id, read_record(&bytes.ok_or(missing)?)?));
        }
        Ok(records)
    }

    /// The keys of a table whose records stand in pieces, each once.
    pub(super) fn pieced_keys(
        &self,
        table: maille_durable::Table,
    ) -> Result<Vec<Vec<u8>>, StepError> {
        let rows = self.store.scan(Scan::table(table, usize::MAX))?;
        Ok(rows.into_iter().filter_map(whole_key).collect())
    }

    /// The same, of those that begin with `prefix`.
    pub(super) fn pieced_keys_of(
        &self,
        table: maille_durable::Table,
        prefix: &[u8],
    ) -> Result<Vec<Vec<u8>>, StepError> {
        let end = tables::after(prefix);
        let range = Scan::range(table, prefix, &end, usize::MAX);
        let rows = self.store.scan(range)?;
        Ok(rows.into_iter().filter_map(whole_key).collect())
    }
}

/// The key of a record in pieces, from the key of its first piece.
fn whole_key((key, _): (Vec<u8>, Vec<u8>)) -> Option<Vec<u8>> {
    match key.split_last_chunk::<4>() {
        Some((whole, [0, 0, 0, 0])) => Some(whole.to_vec()),
        _ => None,
    }
}

/// Whether a stage answers what is owed.
pub(super) fn is_answer(stage: Stage) -> bool {
    matches!(stage, Stage::Acknowledged | Stage::Refused)
}

/// Opens a body again that was opened when it arrived.
fn reopen(key: &ContentKey, env: &Env, body: &[u8]) -> Result<Alert, StepError> {
    let damaged = || RecordFault::Missing {
        name: "content of an inbox entry",
    };
    let padded = chunked::open(key, &body_context(&env.core), body).map_err(|_| damaged())?;
    let plain = padding::unpad(&padded).map_err(|_| damaged())?;
    Ok(maille_common::codec::decode(plain).map_err(|_| damaged())?)
}
