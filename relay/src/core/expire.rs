//! Deadlines, and the end of keeping: the relay says what it has not seen, and says what it drops.

use std::collections::BTreeSet;

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::blob::BlobId;
use maille_common::evidence::Notice;
use maille_common::identifier::AlertId;
use maille_common::record::{read_record, write_record};
use maille_common::terms::{NoticeKind, Status};
use maille_common::time::{Reading, Span, Timestamp};
use maille_durable::{Batch, CommitNumber, Scan};

use super::counted::Moment;
use super::escalation::Escalated;
use super::mailbox::Mailing;
use super::quota::RelayBudget;
use super::records::{AlertRecord, AnswerRecord, EntryRecord, SenderRecord};
use super::relay::{RelayCore, StepError};
use super::tables;

/// What came of a look at the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// Everything done is durable when this is.
    pub settled: CommitNumber,
    /// Devices for which something new waits.
    pub wake: BTreeSet<DeviceId>,
    /// Attachments that no alert names any more.
    pub unnamed: Vec<BlobId>,
    /// What was done about deputies.
    pub escalated: Vec<Escalated>,
    /// How long until something is due again, if anything is at all.
    pub next: Option<Span>,
}

/// What is done in one look, so that a long backlog does not hold up submissions.
pub(super) const DUE_AT_ONCE: usize = 256;

/// What a notice is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    /// The alert, also where an addendum to it is meant.
    pub(super) alert: AlertId,
    pub(super) sender: &'a ContactAddress,
    pub(super) status: Status,
    pub(super) recipient: &'a ContactAddress,
    /// Since when the relay has it, in counted time.
    pub(super) accepted: Timestamp,
}

impl<'a> About<'a> {
    /// Of an envelope that is kept, and one of its recipients.
    pub(super) fn of(
        record: &'a AlertRecord,
        envelope: &AlertId,
        recipient: &'a ContactAddress,
    ) -> Self {
        Self {
            alert: record.extends.unwrap_or(*envelope),
            sender: &record.sender,
            status: record.status,
            recipient,
            accepted: record.accepted,
        }
    }
}

impl RelayCore {
    /// Does what is due by the clocks as they stand now.
    ///
    /// Where nobody acknowledged in time, deputies are asked. At the expiry of an alert its sender
    /// reads "nothing seen by me" for each recipient that has answered nothing; after the relay's
    /// grace, seven days or more, the alert goes, and both sides get a signed tombstone for each
    /// device that never answered.
    pub fn tick(&mut self, reading: Reading) -> Result<Tick, StepError> {
        self.look_at_clocks(reading);
        self.keep_count()?;
        let now = self.present();
        let mut tick = Tick {
            settled: self.store.newest(),
            wake: BTreeSet::new(),
            unnamed: Vec::new(),
            escalated: Vec::new(),
            next: None,
        };
        self.judge_anew(now, &mut tick)?;
        self.take_steps(now, &mut tick)?;
        self.take_dates(now, &mut tick)?;
        tick.settled = self.store.newest();
        let next = [self.next_date()?, self.next_step()?];
        let next = next.into_iter().flatten().min();
        tick.next = next.map(|next| next.since(now.counted));
        Ok(tick)
    }

    /// Alerts that expired, and alerts that are kept no longer.
    fn take_dates(&mut self, now: Moment, tick: &mut Tick) -> Result<(), StepError> {
        let end = tables::after(&now.counted.unix_ms().to_be_bytes());
        let rows = self
            .store
            .scan(Scan::range(tables::DUE, &[], &end, DUE_AT_ONCE))?;
        for (key, _) in rows {
            let Some((_, alert)) = tables::due_parts(&key) else {
                continue;
            };
            let mut batch = Batch::new();
            batch.urgent().delete(tables::DUE, &key);
            let mut mailing = Mailing::default();
            self.alert_is_due(&mut batch, &mut mailing, alert, now, &mut tick.unnamed)?;
            tick.wake.extend(mailing.finish(&mut batch));
            self.append(batch)?;
        }
        Ok(())
    }

    /// When an alert expires or goes next, in counted time.
    fn next_date(&self) -> Result<Option<Timestamp>, StepError> {
        let first = self.store.scan(Scan::table(tables::DUE, 1))?;
        Ok(first
            .first()
            .and_then(|(key, _)| tables::due_parts(key))
            .map(|(time, _)| time))
    }

    fn alert_is_due(
        &self,
        batch: &mut Batch,
        mailing: &mut Mailing,
        alert: AlertId,
        now: Moment,
        unnamed: &mut Vec<BlobId>,
    ) -> Result<(), StepError> {
        let Some(mut record) = self.find_long::<AlertRecord>(tables::ALERT, alert.as_bytes())?
        else {
            return Ok(());
        };
        let entries = self.entries(&alert)?;
        if self.is_unanswered_kind(&alert)? {
            self.purge(batch, mailing, alert, record, &entries, unnamed)?;
            return self.forget_heartbeat(batch, &alert);
        }
        if !record.unseen_told {
            self.tell_unseen(batch, mailing, alert, &record, &entries, now)?;
            record.unseen_told = true;
            batch.put_pieces(tables::ALERT, alert.as_bytes(), &write_record(&record));
        }
        let end = record.expires + self.budget.grace.max(RelayBudget::GRACE_LEAST);
        if now.counted < end {
            batch.put(tables::DUE, &tables::due(end, &alert), &[]);
            return Ok(());
        }
        self.tell_tombstones(batch, mailing, alert, &record, &entries, now)?;
        self.purge(batch, mailing, alert, record, &entries, unnamed)
    }

    fn tell_unseen(
        &self,
        batch: &mut Batch,
        mailing: &mut Mailing,
        alert: AlertId,
        record: &AlertRecord,
        entries: &[EntryRecord],
        now: Moment,
    ) -> Result<(), StepError> {
        let answers = self.answers_to(&record.extends.unwrap_or(alert))?;
        let mut notices = Vec::new();
        for (index, recipient) in record.recipients.iter().enumerate() {
            let is_handed = |entry: &EntryRecord| {
                usize::from(entry.entry.recipient) == index && !entry.is_held()
            };
            if !entries.iter().any(is_handed) {
                continue;
            }
            let about = About::of(record, &alert, recipient);
            let told = tables::unseen(&about.alert, recipient);
            let is_told = self.store.get(tables::UNSEEN, &told)?.is_some();
            if !is_told && !answers.has_any(recipient) {
                batch.put(tables::UNSEEN, &told, &[]);
                let kind = NoticeKind::Unseen;
                notices.push(self.notice(about, kind, DeviceId::NONE, now.wall));
            }
        }
        self.tell_sender(batch, mailing, record, notices)
    }

    fn tell_tombstones(
        &self,
        batch: &mut Batch,
        mailing: &mut Mailing,
        alert: AlertId,
        record: &AlertRecord,
        entries: &[EntryRecord],
        now: Moment,
    ) -> Result<(), StepError> {
        let answers = self.answers_to(&record.extends.unwrap_or(alert))?;
        let mut notices = Vec::new();
        for share in entries {
            let EntryRecord {
                entry, answered, ..
            } = share;
            let Some(recipient) = record.recipients.get(usize::from(entry.recipient)) else {
                continue;
            };
            // A deputy that was never asked owes no answer, and does not learn of the alert.
            if *answered || share.is_held() {
                continue;
            }
            let stages = answers.of(recipient, &entry.device);
            if stages == 0 {
                self.note_tombstone(batch, &alert, entry)?;
                let kind = NoticeKind::Tombstone;
                let about = About::of(record, &alert, recipient);
                notices.push(self.notice(about, kind, entry.device, now.wall));
            } else {
                self.note_stages(batch, &alert, entry, stages)?;
            }
        }
        for notice in self.sign(notices.clone()) {
            let device = notice.statement.device;
            self.mail_notice(batch, mailing, &notice, &device)?;
        }
        self.tell_sender(batch, mailing, record, notices)
    }

    /// Tells the sender: every device where its organisation collects here, and elsewhere the one
    /// that brought the alert, which comes by again.
    pub(super) fn tell_sender(
        &self,
        batch: &mut Batch,
        mailing: &mut Mailing,
        record: &AlertRecord,
        notices: Vec<Notice>,
    ) -> Result<(), StepError> {
        let collects_here = self.is_home_of(&record.sender);
        for notice in self.sign(notices) {
            let devices = match collects_here {
                true => self.roster.devices_of(&record.sender),
                false => self.submitter(record, &notice.statement)?,
            };
            for device in devices {
                self.mail_notice(batch, mailing, &notice, &device)?;
            }
        }
        Ok(())
    }

    /// The device that was answered about a recipient, while it acts for the sender.
    fn submitter(&self, record: &AlertRecord, notice: &Notice) -> Result<Vec<DeviceId>, StepError> {
        let recipients = (0u16..).zip(record.recipients.iter());
        let mut places = recipients.filter(|(_, contact)| **contact == notice.recipient);
        let Some((index, _)) = places.next() else {
            return Ok(Vec::new());
        };
        // A notice about an addendum's recipient names the alert.
        for envelope in self.envelopes_of(&notice.alert)? {
            let key = tables::answer(&envelope, index);
            let answer: Option<AnswerRecord> = self.find(tables::ANSWER, &key)?;
            let answer = answer.map(|answer| answer.accepted);
            let mine = answer.filter(|answer| answer.statement.recipient == notice.recipient);
            if let Some(answer) = mine {
                let device = answer.statement.device;
                let acts = self.roster.acts_for(&device, &record.sender);
                return Ok(acts.then_some(device).into_iter().collect());
            }
        }
        Ok(Vec::new())
    }

    /// Drops envelope, body and wraps. The id, the answers given and what ended each share stay for
    /// ever (I5).
    fn purge(
        &self,
        batch: &mut Batch,
        mailing: &mut Mailing,
        alert: AlertId,
        mut record: AlertRecord,
        entries: &[EntryRecord],
        unnamed: &mut Vec<BlobId>,
    ) -> Result<(), StepError> {
        for EntryRecord {
            entry,
            proof,
            mail,
            answered,
            ..
        } in entries
        {
            if *mail > 0 && !answered {
                mailing.take(self, batch, &entry.device, *mail)?;
            }
            let (device, index) = (&entry.device, proof.index);
            batch.delete(tables::ENTRY, &tables::entry(&alert, device, index));
            batch.delete(tables::ADDRESSED, &tables::addressed(device, &alert, index));
        }
        self.drop_said(batch, mailing, &alert, &record)?;
        self.drop_escalations(batch, &alert)?;
        batch.delete_pieces(tables::ENVELOPE, alert.as_bytes());
        batch.delete_pieces(tables::ENTRIES, alert.as_bytes());
        batch.delete_pieces(tables::BODY, alert.as_bytes());
        for blob in record.blobs.iter() {
            batch.delete(tables::NAMED, &tables::named(blob, &alert));
            unnamed.push(*blob);
        }
        if let Some(original) = record.extends {
            batch.delete(tables::EXTENDS, &tables::extends(&original, &alert));
        }
        let key = tables::contact(&record.sender);
        if let Some(mut sender) = self.find::<SenderRecord>(tables::SENDER, &key)? {
            sender.alerts = sender.alerts.saturating_sub(1);
            sender.bytes = sender.bytes.saturating_sub(record.bytes);
            batch.put(tables::SENDER, &key, &write_record(&sender));
        }
        record.purged = true;
        batch.put_pieces(tables::ALERT, alert.as_bytes(), &write_record(&record));
        Ok(())
    }

    fn entries(&self, alert: &AlertId) -> Result<Vec<EntryRecord>, StepError> {
        let prefix = alert.as_bytes();
        let rows = self.rows(tables::ENTRY, prefix, usize::MAX)?;
        rows.iter()
            .map(|(_, bytes)| Ok(read_record(bytes)?))
            .collect()
    }

    pub(super) fn notice(
        &self,
        about: About<'_>,
        kind: NoticeKind,
        device: DeviceId,
        now: Timestamp,
    ) -> Notice {
        Notice {
            version: Notice::VERSION,
            relay: self.identity.name.clone(),
            incarnation: self.incarnation,
            alert: about.alert,
            status: about.status,
            sender: about.sender.clone(),
            recipient: about.recipient.clone(),
            kind,
            step: 0,
            device,
            accepted: self.as_wall_shows(about.accepted),
            time: now,
            roster: self.roster.hash(),
            uncertain: self.is_uncertain(about.accepted),
        }
    }
}
