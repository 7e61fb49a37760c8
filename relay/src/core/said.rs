//! What devices said about an alert that is kept. Whoever is handed the alert later, a new device
//! or a desk restored from a backup, gets it as well: it was mailed once, to those who were there.

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::evidence::Receipt;
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::record::{RecordFault, read_record, write_record};
use maille_common::terms::Stage;
use maille_common::wire::Answer;
use maille_durable::Batch;

use super::mailbox::Mailing;
use super::receipts::VerifiedReceipt;
use super::records::{AlertRecord, EntryRecord, ReceiptRecord, SaidRecord, ToldRecord};
use super::relay::{RelayCore, Step, StepError};
use super::tables;

/// Receipts about one alert.
pub(super) struct Said(Vec<(Hash, ReceiptRecord)>);

/// The answers that an envelope was given before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAnswer {
    pub(super) envelope: AlertId,
    pub(super) answer: Answer,
}

impl KnownAnswer {
    /// The answer, as it is given again.
    pub fn answer(&self) -> &Answer {
        &self.answer
    }
}

/// To whom an alert went, as far as it decides who learns what.
#[derive(Clone, Copy)]
pub(super) struct Parties<'a> {
    pub(super) sender: &'a ContactAddress,
    /// Whom the device that is told serves, itself or in another's place.
    pub(super) served: &'a [ContactAddress],
    /// One acknowledgement frees all.
    pub(super) first: bool,
}

impl Parties<'_> {
    /// Whether a contact has to learn of a receipt (PROTOCOL section 7).
    fn concern(&self, receipt: &Receipt, contact: &ContactAddress) -> bool {
        let ends = receipt.stage >= Stage::Acknowledged;
        let frees_all = self.first && receipt.stage == Stage::Acknowledged;
        self.sender == contact
            || (receipt.stage >= Stage::Read && receipt.contact == *contact)
            || (ends && (receipt.recipient == *contact || self.served.contains(&receipt.recipient)))
            || (frees_all && !self.served.is_empty())
    }
}

impl AlertRecord {
    /// To whom it went, for a device that serves these.
    pub(super) fn parties<'a>(&'a self, served: &'a [ContactAddress]) -> Parties<'a> {
        Parties {
            sender: &self.sender,
            served,
            first: self.first,
        }
    }
}

impl RelayCore {
    /// Keeps a receipt beside its alert, the first of each stage of a device; whether it is new.
    ///
    /// That a device could not open it, or has its attachments, is nobody else's to act on.
    pub(super) fn keep_said(
        &self,
        batch: &mut Batch,
        mailing: &mut Mailing,
        receipt: &VerifiedReceipt,
    ) -> Result<(), StepError> {
        let statement = receipt.statement();
        if matches!(statement.stage, Stage::Complete | Stage::Returned) {
            return Ok(());
        }
        let (alert, device) = (&statement.alert, &statement.device);
        let stage = statement.stage.code();
        let key = tables::said(alert, &statement.recipient, device, stage);
        if self.store.get(tables::SAID, &key)?.is_some() {
            return Ok(());
        }
        let hash = receipt.hash();
        let said = write_record(&SaidRecord { receipt: hash });
        batch.put(tables::SAID, &key, &said);
        mailing.receipt(self, receipt)?.kept = true;
        Ok(())
    }

    /// What was said about an alert.
    pub(super) fn said_about(&self, alert: &AlertId) -> Result<Said, StepError> {
        let mut said = Vec::new();
        for (_, bytes) in self.rows(tables::SAID, alert.as_bytes(), usize::MAX)? {
            let SaidRecord { receipt } = read_record(&bytes)?;
            let missing = RecordFault::Missing { name: "receipt" };
            let record = self.find_long(tables::RECEIPT, tables::statement(&receipt))?;
            said.push((receipt, record.ok_or(missing)?));
        }
        Ok(Said(said))
    }

    /// Mails a device what it has to know about an alert that it is handed, or asks about, now.
    pub(super) fn mail_said(
        &self,
        batch: &mut Batch,
        mailing: &mut Mailing,
        (said, parties): (&Said, Parties<'_>),
        (device, class): (&DeviceId, u8),
    ) -> Result<(), StepError> {
        let Some(contact) = self.roster.contact_of(device) else {
            return Ok(());
        };
        for (hash, record) in &said.0 {
            let receipt: &Receipt = &record.receipt.statement;
            let own = receipt.device == *device;
            let asked = self.says_asked(receipt) && receipt.recipient == contact;
            if own || asked || parties.concern(receipt, &contact) {
                mailing.hold(*hash, record);
                mailing.put_receipt(self, batch, (device, class), hash)?;
            }
        }
        Ok(())
    }

    /// Answers whoever brings a known envelope again, and mails it what was said about the alert: a
    /// sender restored from a backup does not know.
    pub fn answer_again(
        &mut self,
        device: &DeviceId,
        known: KnownAnswer,
    ) -> Result<Step, StepError> {
        let KnownAnswer { envelope, answer } = known;
        let envelope = &envelope;
        let record: Option<AlertRecord> = self.find_long(tables::ALERT, envelope.as_bytes())?;
        let Some(record) = record.filter(|record| !record.purged) else {
            return Ok(self.reply(answer));
        };
        let said = self.said_about(&record.extends.unwrap_or(*envelope))?;
        // Once in each life of its store: what a relay refuses is brought again every few minutes.
        let epoch = self.device(device)?.epoch;
        let key = tables::told(envelope, device);
        let told: Option<ToldRecord> = self.find(tables::TOLD, &key)?;
        if said.0.is_empty() || told.is_some_and(|told| told.epoch >= epoch) {
            return Ok(self.reply(answer));
        }
        let mut batch = Batch::new();
        batch.put(tables::TOLD, &key, &write_record(&ToldRecord { epoch }));
        let mut mailing = Mailing::default();
        let place = (device, Self::CLASS_EVIDENCE);
        // Whoever submits is the sender.
        let parties = record.parties(&[]);
        self.mail_said(&mut batch, &mut mailing, (&said, parties), place)?;
        let wake = mailing.finish(&mut batch);
        batch.urgent();
        self.settle(batch, answer, wake)
    }

    /// Forgets what was said about an alert that goes, unless another envelope of it stays.
    pub(super) fn drop_said(
        &self,
        batch: &mut Batch,
        mailing: &mut Mailing,
        envelope: &AlertId,
        record: &AlertRecord,
    ) -> Result<(), StepError> {
        for (key, _) in self.rows(tables::TOLD, envelope.as_bytes(), usize::MAX)? {
            batch.delete(tables::TOLD, &key);
        }
        let alert = record.extends.unwrap_or(*envelope);
        for other in self.envelopes_of(&alert)? {
            let kept: Option<AlertRecord> = self.find_long(tables::ALERT, other.as_bytes())?;
            if other != *envelope && kept.is_some_and(|kept| !kept.purged) {
                return Ok(());
            }
        }
        for (key, bytes) in self.rows(tables::SAID, alert.as_bytes(), usize::MAX)? {
            batch.delete(tables::SAID, &key);
            let SaidRecord { receipt } = read_record(&bytes)?;
            mailing.let_go(self, &receipt)?;
        }
        Ok(())
    }

    /// The class under which a receipt is mailed: not before the alert itself, where that still
    /// waits for the device.
    pub(super) fn class_beside(
        &self,
        envelopes: &[AlertId],
        alert: Option<&AlertRecord>,
        device: &DeviceId,
    ) -> Result<u8, StepError> {
        let Some(alert) = alert else {
            return Ok(Self::CLASS_EVIDENCE);
        };
        for envelope in envelopes {
            let prefix = tables::entries_of(envelope, device);
            for (_, bytes) in self.rows(tables::ENTRY, &prefix, usize::MAX)? {
                let entry: EntryRecord = read_record(&bytes)?;
                if !entry.answered && !entry.is_held() {
                    return Ok(alert.class);
                }
            }
        }
        Ok(Self::CLASS_EVIDENCE)
    }
}
