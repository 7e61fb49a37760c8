//! An answer comes in: it confirms a delivery, and goes to the sender.

use std::collections::BTreeSet;

use maille_common::address::DeviceId;
use maille_common::evidence::{Proven, Receipt, ReceiptFault};
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::record::{read_record, write_record};
use maille_common::roster::Roster;
use maille_common::terms::Stage;
use maille_common::time::Timestamp;
use maille_common::wire::{Answer, PostReceipt, RefusalCode};
use maille_durable::Batch;

use super::mailbox::Mailing;
use super::records::{AlertRecord, EntryRecord, EnvelopeRecord, ReceiptRecord, TakenRecord};
use super::relay::{RelayCore, Step, StepError};
use super::tables;

/// A posted receipt whose signature and entitlement are proven.
#[derive(Debug, Clone)]
pub struct VerifiedReceipt {
    proven: Proven<Receipt>,
    posted: PostReceipt,
    /// Who posts it.
    by: DeviceId,
    /// The sender of the alert passes it on.
    forwarded: bool,
}

/// Proves a posted receipt by the roster (PROTOCOL Q1 to Q3); `connected` is who posts it: the
/// contact that acts, or the sender of the alert, who passes it on.
pub fn verify_receipt(
    posted: PostReceipt,
    roster: &Roster,
    connected: &DeviceId,
) -> Result<VerifiedReceipt, RefusalCode> {
    let receipt: &Receipt = &posted.receipt.statement;
    let forwarded = !roster.acts_for(connected, &receipt.contact);
    if forwarded && !roster.acts_for(connected, &posted.to) {
        return Err(RefusalCode::NotYourContact);
    }
    let note = posted
        .note
        .as_ref()
        .map(maille_common::evidence::SealedNote::hash);
    // Notes do not reach whoever learns of a receipt by a reconciliation.
    let left_out = forwarded && note.is_none();
    if !left_out && note.unwrap_or(Hash::ZERO) != receipt.note {
        return Err(RefusalCode::Hash);
    }
    // A rule A -> B carries everything about A's alerts both ways (DESIGN §3).
    let allowed =
        receipt.recipient == posted.to || roster.allows_either_way(&posted.to, &receipt.recipient);
    if !allowed {
        return Err(RefusalCode::NoRule);
    }
    match posted.receipt.clone().verify(roster) {
        Ok(proven) => Ok(VerifiedReceipt {
            proven,
            posted,
            by: *connected,
            forwarded,
        }),
        Err(ReceiptFault::Signature(_)) => Err(RefusalCode::Signature),
        Err(ReceiptFault::NotEntitled { .. }) => Err(RefusalCode::NotYourContact),
        Err(_) => Err(RefusalCode::Malformed),
    }
}

impl VerifiedReceipt {
    /// What it says.
    pub(super) fn statement(&self) -> &Receipt {
        self.proven.statement()
    }

    /// Its hash.
    pub(super) fn hash(&self) -> Hash {
        self.proven.hash()
    }

    /// Its record, before anybody is mailed it.
    pub(super) fn unread(&self) -> ReceiptRecord {
        ReceiptRecord {
            receipt: self.posted.receipt.clone(),
            note: self.posted.note.clone(),
            readers: 0,
            kept: false,
        }
    }
}

impl RelayCore {
    /// Takes a receipt: where the alert is kept it confirms the delivery, and it goes into the
    /// mailboxes of those concerned who collect here: the sender, the contact that acts, the
    /// recipient, and who was asked in its place.
    pub fn receipt(&mut self, receipt: &VerifiedReceipt) -> Result<Step, StepError> {
        let statement = receipt.proven.statement();
        // It was proven before it came here, and another roster may be in use since (I9).
        if !self.roster.may_connect(&receipt.by) {
            return Ok(self.refuse(RefusalCode::NotDesignated));
        }
        let alert = self.alert_or_addendum(&statement.alert)?;
        let to = &receipt.posted.to;
        if alert.as_ref().is_some_and(|alert| alert.sender != *to) {
            return Ok(self.refuse(RefusalCode::NotYourContact));
        }
        let home = self.is_home_of(to);
        let concerned =
            home || self.is_home_of(&statement.recipient) || self.is_home_of(&statement.contact);
        // Of a sender nothing is taken but about its own alert.
        if alert.is_none() && (receipt.forwarded || !concerned) {
            return Ok(self.refuse(RefusalCode::UnknownAlert));
        }
        let mut batch = Batch::new();
        batch.urgent();
        let mut mailing = Mailing::default();
        let made = self.made(receipt)?;
        // Whoever took a key that was renewed away frees no mailbox: what waits is for the device.
        let ended = made.is_some_and(|made| receipt.proven.is_by_ended_key(&self.roster, made));
        if !ended {
            self.answer_entries(&mut batch, &mut mailing, statement)?;
        }
        let counts = !ended && self.counts(receipt, made);
        if counts {
            // The alert may come yet, where this relay lost its disk: nobody is asked then in the
            // place of who has answered.
            self.stop_by_receipt(&mut batch, statement)?;
            if alert.as_ref().is_some_and(|alert| !alert.purged) {
                self.keep_said(&mut batch, &mut mailing, receipt)?;
            }
        }
        let hash = receipt.hash();
        let known = self
            .store
            .get(tables::RECEIPT_SEEN, tables::statement(&hash))?
            .is_some();
        if !known {
            batch.put(tables::RECEIPT_SEEN, tables::statement(&hash), &[]);
            // Of what others bring a device does not know: it would take its store for an old copy.
            if receipt.by == statement.device {
                self.count_taken(&mut batch, statement)?;
            }
            let envelopes = self.envelopes_of(&statement.alert)?;
            // One that does not count is its sender's to judge: its place in the row is taken.
            let readers = match counts {
                true => self.readers(receipt, alert.as_ref(), home)?,
                false if home => self.roster.devices_of(to).into_iter().collect(),
                false => BTreeSet::new(),
            };
            for device in readers {
                let class = self.class_beside(&envelopes, alert.as_ref(), &device)?;
                mailing.receipt(self, receipt)?;
                mailing.put_receipt(self, &mut batch, (&device, class), &hash)?;
            }
        }
        let wake = mailing.finish(&mut batch);
        self.settle(batch, Answer::Done, wake)
    }

    /// Whether its device may answer for its recipient: a deputy that was dismissed meanwhile may,
    /// or a device that was removed or suspended, about an alert that was made before
    /// (PROTOCOL Q3).
    fn counts(&self, receipt: &VerifiedReceipt, made: Option<Timestamp>) -> bool {
        // It is not known when an alert was made that is not here.
        let is_entitled = |made| receipt.proven.is_entitled(&self.roster, made);
        self.answers_now(receipt.statement()) || made.is_some_and(is_entitled)
    }

    /// Whether its device acts for its contact now, and that answers for its recipient.
    fn answers_now(&self, receipt: &Receipt) -> bool {
        let (contact, recipient) = (&receipt.contact, &receipt.recipient);
        let answers = contact == recipient || self.roster.is_deputy(contact, recipient);
        answers && self.roster.acts_for(&receipt.device, contact)
    }

    /// When the alert was made that a receipt is about, where it is kept here and that matters:
    /// the newest key of whoever answers now counts about all of them.
    fn made(&self, receipt: &VerifiedReceipt) -> Result<Option<Timestamp>, StepError> {
        let (statement, key) = (receipt.statement(), receipt.proven.key());
        let is_newest = self.roster.is_newest_key(key, &statement.device);
        if is_newest && self.answers_now(statement) {
            return Ok(None);
        }
        for envelope in self.envelopes_of(&statement.alert)? {
            let kept: Option<EnvelopeRecord> =
                self.find_long(tables::ENVELOPE, envelope.as_bytes())?;
            if let Some(kept) = kept {
                let alert = kept.original.map_or(kept.env, |original| original.env);
                return Ok(Some(alert.core.created));
            }
        }
        Ok(None)
    }

    /// Counts the receipts of a device's newest epoch: by that number, shown at each greeting, a
    /// device that only receives notices that its store is an old copy.
    fn count_taken(&self, batch: &mut Batch, receipt: &Receipt) -> Result<(), StepError> {
        let taken = self.taken_of(&receipt.device)?;
        let receipts = match taken.filter(|taken| taken.epoch >= receipt.epoch) {
            Some(taken) if taken.epoch > receipt.epoch => return Ok(()),
            Some(taken) => taken.receipts + 1,
            None => 1,
        };
        let taken = TakenRecord {
            epoch: receipt.epoch,
            receipts,
        };
        let key = receipt.device.as_bytes();
        batch.put(tables::TAKEN, key, &write_record(&taken));
        Ok(())
    }

    /// The receipts of a device that were taken here.
    pub(super) fn taken_of(&self, device: &DeviceId) -> Result<Option<TakenRecord>, StepError> {
        self.find(tables::TAKEN, device.as_bytes())
    }

    /// The devices that have to learn of a receipt.
    fn readers(
        &self,
        receipt: &VerifiedReceipt,
        alert: Option<&AlertRecord>,
        home: bool,
    ) -> Result<BTreeSet<DeviceId>, StepError> {
        let statement = receipt.proven.statement();
        let mut contacts = BTreeSet::new();
        if home {
            contacts.insert(receipt.posted.to.clone());
        }
        // The contact's own other devices learn what it did with the alert.
        if statement.stage >= Stage::Read && self.is_home_of(&statement.contact) {
            contacts.insert(statement.contact.clone());
        }
        // Whoever was answered for by a deputy learns of it.
        let concerns = statement.stage >= Stage::Acknowledged || self.says_asked(statement);
        if concerns && self.is_home_of(&statement.recipient) {
            contacts.insert(statement.recipient.clone());
        }
        // With `ack_rule = first` one acknowledgement frees the others, who receive it signed.
        if let (Some(alert), Stage::Acknowledged) = (alert, statement.stage)
            && alert.first
        {
            let kept = self.envelopes_kept(&statement.alert)?;
            let recipients = kept.iter().flat_map(|(_, kept)| kept.recipients.iter());
            contacts.extend(recipients.filter(|to| self.is_home_of(to)).cloned());
        }
        let devices = contacts
            .iter()
            .flat_map(|contact| self.roster.devices_of(contact));
        let mut readers: BTreeSet<DeviceId> = devices.collect();
        // So does who was asked in its place, and may leave it now.
        readers.extend(self.asked_about(statement)?);
        readers.remove(&statement.device);
        readers.remove(&receipt.by);
        Ok(readers)
    }

    /// Marks the device's entries as answered, and takes their mail out of its mailbox. A device
    /// that acts for several recipients answers for each.
    fn answer_entries(
        &self,
        batch: &mut Batch,
        mailing: &mut Mailing,
        receipt: &Receipt,
    ) -> Result<(), StepError> {
        for alert in self.envelopes_of(&receipt.alert)? {
            let Some(record) = self.find_long::<AlertRecord>(tables::ALERT, alert.as_bytes())?
            else {
                continue;
            };
            let prefix = tables::entries_of(&alert, &receipt.device);
            for (key, bytes) in self.rows(tables::ENTRY, &prefix, usize::MAX)? {
                let mut entry: EntryRecord = read_record(&bytes)?;
                let principal = record.recipients.get(usize::from(entry.entry.recipient));
                // A copy of what was sent has no recipient: its sender answers for itself.
                let serves = principal.unwrap_or(&record.sender);
                if entry.is_held() || *serves != receipt.recipient {
                    continue;
                }
                let stage = (receipt.stage, receipt.reason);
                self.note_stage(batch, &alert, &entry.entry, stage)?;
                if entry.answered {
                    continue;
                }
                mailing.take(self, batch, &receipt.device, entry.mail)?;
                entry.answered = true;
                batch.put(tables::ENTRY, &key, &write_record(&entry));
            }
        }
        Ok(())
    }

    /// Whether a receipt tells its recipient that a deputy was asked. One that collects elsewhere
    /// was asked there, and no notice of this relay says so.
    pub(super) fn says_asked(&self, receipt: &Receipt) -> bool {
        let in_place = receipt.contact != receipt.recipient;
        in_place && receipt.stage == Stage::Delivered && !self.is_home_of(&receipt.contact)
    }

    /// An alert that is kept here, or one of its addenda where the original went elsewhere.
    pub(super) fn alert_or_addendum(
        &self,
        alert: &AlertId,
    ) -> Result<Option<AlertRecord>, StepError> {
        for envelope in self.envelopes_of(alert)? {
            let record = self.find_long(tables::ALERT, envelope.as_bytes())?;
            if record.is_some() {
                return Ok(record);
            }
        }
        Ok(None)
    }

    /// An alert and its addenda, which are answered under the alert's id.
    pub(super) fn envelopes_of(&self, alert: &AlertId) -> Result<Vec<AlertId>, StepError> {
        let prefix = alert.as_bytes();
        let addendum = |key: Vec<u8>| key.last_chunk::<32>().map(|id| AlertId::from_bytes(*id));
        let addenda = self
            .rows(tables::EXTENDS, prefix, usize::MAX)?
            .into_iter()
            .filter_map(|(key, _)| addendum(key));
        Ok(std::iter::once(*alert).chain(addenda).collect())
    }
}
