//! Who did what at this desk, in which words. A receipt hides the name from everybody but the
//! sender, so it cannot tell the next officer.

use std::collections::BTreeSet;

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::codec::Text;
use maille_common::identifier::AlertId;
use maille_common::record::write_record;
use maille_common::terms::{Kind, Stage, Status, Urgency};
use maille_common::time::Timestamp;
use maille_durable::Batch;

use super::act::ActError;
use super::desk::{Desk, StepError};
use super::records::{DutyRecord, InboxRecord, OutboxRecord};
use super::tables;

/// Who has an alert in hand, and what they wrote to its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Read, acknowledged, or refused.
    pub stage: Stage,
    /// The contact that did it: the recipient, or whoever was asked in its place.
    pub contact: ContactAddress,
    /// The device at which it was done.
    pub device: DeviceId,
    /// What its organisation calls that device; empty where it is not in the roster any more.
    pub label: String,
    /// It was done at this desk.
    pub here: bool,
    /// The officer; none for a program, and where the organisation does not name its officers.
    pub officer: Option<String>,
    /// By the clock of whoever did it.
    pub time: Timestamp,
    /// The note to the sender; empty for none.
    pub note: String,
}

/// An alert that this contact has acknowledged, and not written back about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
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
    /// Who sent it.
    pub from: ContactAddress,
    /// When it arrived.
    pub received: Timestamp,
    /// Who acknowledged it, and in which words.
    pub taken: Taken,
}

/// Who has written back about what, in either direction.
#[derive(Debug, Default)]
pub(super) struct Replies {
    /// Alert, and to whom this contact wrote about it.
    pub(super) sent: BTreeSet<(AlertId, ContactAddress)>,
    /// Alert, and who wrote to this contact about it.
    pub(super) received: BTreeSet<(AlertId, ContactAddress)>,
}

impl Desk {
    /// What this contact acknowledged since then and nobody has written back about, oldest first:
    /// whoever comes on duty keeps what was promised.
    pub fn promises(&self, since: Timestamp) -> Result<Vec<Promise>, StepError> {
        let replies = self.replies()?;
        let mut promises = Vec::new();
        for (alert, record) in self.inbox_records()? {
            let from = record.core.sender.clone();
            if replies.sent.contains(&(alert, from.clone())) {
                continue;
            }
            let Some(taken) = self.promised(&alert, &record)? else {
                continue;
            };
            if taken.time < since {
                continue;
            }
            promises.push(Promise {
                alert,
                kind: record.kind,
                status: record.core.status,
                urgency: record.core.urgency,
                subject: self.subject_of(&alert)?,
                from,
                received: record.received,
                taken,
            });
        }
        promises.sort_by_key(|promise| (promise.taken.time, promise.alert));
        Ok(promises)
    }

    /// Who of this contact acknowledged an alert, at this desk or at another: whoever comes on duty
    /// here keeps what a colleague promised, too.
    fn promised(&self, alert: &AlertId, record: &InboxRecord) -> Result<Option<Taken>, StepError> {
        if let Some(taken) = self.duty(alert, Stage::Acknowledged)? {
            return Ok(Some(taken));
        }
        let me = &self.identity.contact;
        for capacity in self.capacities(alert, record)? {
            let taken = self.taken_here(alert, &capacity.recipient)?;
            let ours = |taken: &Taken| taken.stage == Stage::Acknowledged && taken.contact == *me;
            if let Some(taken) = taken.filter(ours) {
                return Ok(Some(taken));
            }
        }
        Ok(None)
    }

    /// The same of an alert by its id.
    pub(super) fn promised_here(&self, alert: &AlertId) -> Result<Option<Taken>, StepError> {
        match self.inbox_record(alert)? {
            Some(record) => self.promised(alert, &record),
            None => Ok(None),
        }
    }

    /// Notes who did it, for those who come on duty later.
    pub(super) fn note_duty(
        &self,
        batch: &mut Batch,
        (alert, stage): (&AlertId, Stage),
        officer: Option<&str>,
        note: &str,
        time: Timestamp,
    ) -> Result<(), ActError> {
        let officer = officer
            .map(|name| Text::new(name).map_err(|long| ActError::NameTooLong(long.found)))
            .transpose()?;
        let note = Text::new(note).map_err(|long| ActError::NoteTooLong(long.found))?;
        let record = DutyRecord {
            officer,
            time,
            note,
        };
        let key = tables::act(alert, stage.code());
        batch.put(tables::DUTY, &key, &write_record(&record));
        Ok(())
    }

    /// Who did it here; none where nobody did, or before this was noted.
    pub(super) fn duty(&self, alert: &AlertId, stage: Stage) -> Result<Option<Taken>, StepError> {
        let key = tables::act(alert, stage.code());
        let found: Option<DutyRecord> = self.find(tables::DUTY, &key)?;
        Ok(found.map(|duty| self.taken_by(duty, stage)))
    }

    fn taken_by(&self, duty: DutyRecord, stage: Stage) -> Taken {
        Taken {
            stage,
            contact: self.identity.contact.clone(),
            device: self.identity.device,
            label: self.label_of(&self.identity.contact, &self.identity.device),
            here: true,
            officer: duty.officer.map(|name| name.as_str().to_owned()),
            time: duty.time,
            note: duty.note.as_str().to_owned(),
        }
    }

    /// The names and words go with the content.
    pub(super) fn forget_duty(&self, batch: &mut Batch, alert: &AlertId) -> Result<(), StepError> {
        for key in self.keys_of(tables::DUTY, alert.as_bytes())? {
            batch.delete(tables::DUTY, &key);
        }
        Ok(())
    }

    /// Every reply that is here, sent or received, or sent by another device of this contact.
    pub(super) fn replies(&self) -> Result<Replies, StepError> {
        let mut replies = Replies::default();
        for key in self.pieced_keys(tables::OUTBOX)? {
            let record: OutboxRecord = self.need_long(tables::OUTBOX, &key)?;
            if let (Kind::Reply, Some(alert)) = (record.core.kind, record.core.refers_to()) {
                let to = record.core.recipients.iter().cloned();
                replies.sent.extend(to.map(|to| (alert, to)));
            }
        }
        for (_, record) in self.inbox_records()? {
            let (Kind::Reply, Some(alert)) = (record.kind, record.core.refers_to()) else {
                continue;
            };
            if record.core.sender == self.identity.contact {
                let to = record.core.recipients.iter().cloned();
                replies.sent.extend(to.map(|to| (alert, to)));
            } else {
                replies.received.insert((alert, record.core.sender.clone()));
            }
        }
        Ok(replies)
    }

    /// What an alert is about, sent or received; none once the content was purged.
    pub(super) fn subject_of(&self, alert: &AlertId) -> Result<Option<String>, StepError> {
        if self.is_purged(alert)? {
            return Ok(None);
        }
        let content = match self.received(alert)? {
            Some(received) => Some(received.content),
            None => self.sent_content(alert)?,
        };
        Ok(content.map(|content| content.subject(&[]).to_owned()))
    }
}
