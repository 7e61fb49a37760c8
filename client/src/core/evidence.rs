//! Receipts, notices and expiries come in; what does not verify is an incident and changes nothing.

use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::check::Check;
use maille_common::codec::Exact;
use maille_common::envelope::Core;
use maille_common::evidence::{
    Evidence, Expiry, Note, Notice, Proven, Receipt, ReceiptFault, SealedNote, SignedNotice,
    SignedReceipt, open_note, sign,
};
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::record::{read_record, write_record};
use maille_common::terms::{Kind, NoticeKind, Stage, Status};
use maille_common::time::Timestamp;
use maille_durable::{Batch, CommitNumber, Scan};

use super::desk::{Desk, StepError};
use super::events::EventKind;
use super::incidents::{IncidentKind, words};
use super::records::{EvidenceRecord, ReceiptRecord};
use super::tables;

impl Desk {
    /// Takes a receipt from a relay's push; its mail is confirmed in any case.
    pub fn receipt_came(
        &mut self,
        relay: &Name,
        number: u64,
        receipt: SignedReceipt,
        note: Option<SealedNote>,
        now: Timestamp,
    ) -> Result<CommitNumber, StepError> {
        let mut batch = Batch::new();
        self.count_mail(&mut batch, relay, number)?;
        batch.put(tables::CONFIRM, &tables::confirm(relay, number), &[]);
        match self.prove_receipt(receipt, note.as_ref()) {
            Ok(proven) => self.take_receipt(&mut batch, &proven, note, now)?,
            Err(check) => self.doubt_receipt(&mut batch, check, now)?,
        }
        self.settle(batch)
    }

    /// Q4: about something this contact sent, or holds; what it is about may still be on its way.
    fn take_receipt(
        &self,
        batch: &mut Batch,
        proven: &Proven<Receipt>,
        note: Option<SealedNote>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let receipt = proven.statement();
        let hash = proven.hash();
        let mine = receipt.device == self.identity.device;
        if mine
            && self
                .store
                .pieces(tables::RECEIPT, hash.as_bytes())?
                .is_some()
        {
            // It comes back with an addendum, and stands among what this device gave.
            return Ok(());
        }
        if Check::Q4.holds(self.sender_of(&receipt.alert)?.is_some()) {
            return self.keep_receipt(batch, proven, note, now);
        }
        match self.keep_early(batch, proven, note, now)? {
            true => Ok(()),
            false => self.doubt_receipt(batch, "Q4", now),
        }
    }

    fn doubt_receipt(
        &self,
        batch: &mut Batch,
        check: &str,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let kind = IncidentKind::Receipt {
            check: words(&check),
        };
        self.incident(batch, kind, None, now)
    }

    /// Takes a notice from a relay's push; its mail is confirmed in any case.
    pub fn notice_came(
        &mut self,
        relay: &Name,
        number: u64,
        notice: SignedNotice,
        now: Timestamp,
    ) -> Result<CommitNumber, StepError> {
        let mut batch = Batch::new();
        self.count_mail(&mut batch, relay, number)?;
        batch.put(tables::CONFIRM, &tables::confirm(relay, number), &[]);
        match notice.verify(&self.roster) {
            Ok(proven) if proven.statement().relay == *relay => {
                self.take_notice(&mut batch, relay, &proven, now)?;
            }
            _ => self.doubt_relay(&mut batch, relay, now)?,
        }
        self.settle(batch)
    }

    /// Keeps what a relay told as evidence. A tombstone of this device is told to the one who asks
    /// for the alert again, and to its sender once for each recipient.
    fn take_notice(
        &self,
        batch: &mut Batch,
        relay: &Name,
        proven: &Proven<Notice>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let notice = proven.statement();
        let (alert, recipient) = (&notice.alert, &notice.recipient);
        let mine = self.buries_mine(notice);
        if mine && !self.may_answer_for(recipient) {
            // A relay that kept it for a deputy said so truly, whoever was dismissed meanwhile.
            return match self.was_deputy_of(recipient) {
                true => Ok(()),
                false => self.doubt_relay(batch, &notice.relay, now),
            };
        }
        if mine && !self.has_room_for_unseen()? {
            return self.doubt_relay(batch, &notice.relay, now);
        }
        let repeated = notice.kind == NoticeKind::Tombstone && self.is_buried(alert, recipient)?;
        let key = tables::evidence(alert, &proven.hash());
        let record = EvidenceRecord::Notice {
            notice: proven.signed().clone(),
            received: now,
        };
        batch.put_pieces(tables::EVIDENCE, &key, &write_record(&record));
        self.note_released(batch, relay, notice, now)?;
        if mine {
            return self.note_unseen(batch, notice, now);
        }
        if repeated {
            return Ok(());
        }
        let kind = EventKind::Notice {
            alert: *alert,
            recipient: recipient.clone(),
            kind: notice.kind,
        };
        self.event(batch, kind, self.status_of(alert)?, now)
    }

    fn doubt_relay(
        &self,
        batch: &mut Batch,
        relay: &Name,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let kind = IncidentKind::RelayStatement {
            relay: relay.clone(),
        };
        self.incident(batch, kind, None, now)
    }

    /// Everything proven that is kept about an alert.
    pub(super) fn evidence_of(&self, alert: &AlertId) -> Result<Vec<Evidence>, StepError> {
        let Some(sender) = self.sender_of(alert)? else {
            return Ok(Vec::new());
        };
        let mut evidence = Vec::new();
        for record in self.evidence_records(alert)? {
            match record {
                EvidenceRecord::Receipt { receipt, .. } => {
                    let proven = self.prove_again(receipt);
                    evidence.extend(proven.map(Evidence::Receipt));
                }
                EvidenceRecord::Expiry { expiry } => {
                    evidence.extend(expiry.verify(&self.roster, &sender).map(Evidence::Expiry));
                }
                EvidenceRecord::Cancel { id, time } => {
                    // PROTOCOL E17: it may have come before the alert, from anybody.
                    let core = self.known_core(&id)?;
                    let real = self.status_of(alert)?.is_actual();
                    let counts = |core: &Core| {
                        let theirs = core.sender == sender;
                        Check::E17.holds(theirs && core.status.is_actual() == real)
                    };
                    if !core.is_some_and(|core| counts(&core)) {
                        continue;
                    }
                    evidence.push(Evidence::Cancel {
                        id,
                        alert: *alert,
                        time,
                    });
                }
                EvidenceRecord::Notice { .. } => {}
            }
        }
        for ReceiptRecord { posted } in self.own_acts(alert)? {
            let mine = self.prove_again(posted.receipt);
            evidence.extend(mine.map(Evidence::Receipt));
        }
        Ok(evidence)
    }

    pub(super) fn evidence_records(
        &self,
        alert: &AlertId,
    ) -> Result<Vec<EvidenceRecord>, StepError> {
        let prefix = alert.as_bytes();
        let end = tables::after(prefix);
        let rows = self
            .store
            .scan(Scan::range(tables::EVIDENCE, prefix, &end, usize::MAX))?;
        let mut records = Vec::new();
        for (key, _) in rows {
            let Some((whole, [0, 0, 0, 0])) = key.split_last_chunk::<4>() else {
                continue;
            };
            let bytes = self.store.pieces(tables::EVIDENCE, whole)?;
            records.extend(bytes.map(|bytes| read_record(&bytes)).transpose()?);
        }
        Ok(records)
    }

    /// The devices of which any receipt about an alert is kept.
    pub(super) fn answered_devices(&self, alert: &AlertId) -> Result<Vec<DeviceId>, StepError> {
        let records = self.evidence_records(alert)?;
        let device = |record: &EvidenceRecord| match record {
            EvidenceRecord::Receipt { receipt, .. } => Some(receipt.statement.device),
            _ => None,
        };
        Ok(records.iter().filter_map(device).collect())
    }

    /// Reads the note beside a receipt, where it is sealed to this device.
    pub fn note_of(&self, receipt: &Receipt, note: &SealedNote) -> Option<Note> {
        let me = &self.identity.device;
        let key = note.key_for(me).and_then(|key| self.ring.secret(&key));
        open_note(note, &receipt.alert, &receipt.device, me, key).ok()
    }

    /// Keeps a cancel as evidence about the alert it takes back, whichever side it is on.
    pub(super) fn note_cancel(
        &self,
        batch: &mut Batch,
        cancel: &AlertId,
        core: &Core,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let (Kind::Cancel, Some(alert)) = (core.kind, core.refers_to()) else {
            return Ok(());
        };
        let (id, time) = (*cancel, core.created);
        let key = tables::evidence(&alert, &Hash::from_bytes(*cancel.as_bytes()));
        let record = EvidenceRecord::Cancel { id, time };
        batch.put_pieces(tables::EVIDENCE, &key, &write_record(&record));
        let status = self.status_of(&alert)?;
        // PROTOCOL E17: an exercise takes back nothing that is real.
        if Check::E17.refuses(status.is_actual() != core.status.is_actual()) {
            return Ok(());
        }
        let before = self.stood(&alert)?;
        let added = [Evidence::Cancel { id, alert, time }];
        self.tell_changes(batch, &alert, before, &added, status, now)
    }

    /// Signs that this desk's clock passed the expiry of an obligation (I6).
    pub(super) fn expire(
        &self,
        batch: &mut Batch,
        (alert, recipient): (&AlertId, &ContactAddress),
        now: Timestamp,
        uncertain: bool,
    ) -> Result<Option<Evidence>, StepError> {
        let expiry = Expiry {
            version: Expiry::VERSION,
            alert: *alert,
            recipient: recipient.clone(),
            device: self.identity.device,
            time: now,
            roster: self.roster.hash(),
            uncertain,
        };
        let exact = Exact::of(expiry).expect("an expiry has fixed fields and one address");
        let expiry = sign(&self.identity.signing, vec![exact]).remove(0);
        let key = tables::evidence(alert, &expiry.hash());
        let record = EvidenceRecord::Expiry {
            expiry: expiry.clone(),
        };
        batch.put_pieces(tables::EVIDENCE, &key, &write_record(&record));
        // A device that is not designated any more signs in vain: the obligation stays open.
        Ok(expiry
            .verify(&self.roster, &self.identity.contact)
            .ok()
            .map(Evidence::Expiry))
    }

    /// Q1 to Q3; the number of the check that refuses.
    pub(super) fn prove_receipt(
        &self,
        receipt: SignedReceipt,
        note: Option<&SealedNote>,
    ) -> Result<Proven<Receipt>, &'static str> {
        let proven = match receipt.verify(&self.roster) {
            Ok(proven) => proven,
            Err(fault) => return Err(fault.check()),
        };
        self.proofs.borrow_mut().note(&proven);
        let noted = note.map_or(Hash::ZERO, SealedNote::hash);
        let names_note = noted == Hash::ZERO || noted == proven.statement().note;
        match Check::Q1.holds(names_note) {
            true => Ok(proven),
            false => Err("Q1"),
        }
    }

    /// Proves a receipt that was proven when it came, or that this device gave.
    pub(super) fn prove_again(
        &self,
        receipt: SignedReceipt,
    ) -> Result<Proven<Receipt>, ReceiptFault> {
        receipt.verify_again(&self.roster, &mut self.proofs.borrow_mut())
    }

    pub(super) fn keep_receipt(
        &self,
        batch: &mut Batch,
        proven: &Proven<Receipt>,
        note: Option<SealedNote>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let receipt = proven.statement();
        let key = tables::evidence(&receipt.alert, &proven.hash());
        if self.store.pieces(tables::EVIDENCE, &key)?.is_some() {
            return Ok(());
        }
        let mine = self.sender_of(&receipt.alert)?.as_ref() == Some(&self.identity.contact);
        let core = self.known_core(&receipt.alert)?;
        if !core.is_none_or(|core| proven.is_entitled(&self.roster, core.created)) {
            // PROTOCOL Q3: it does not count, and its place in the row is taken.
            if mine {
                self.follow_row(batch, proven, now)?;
            }
            return self.doubt_receipt(batch, "Q3", now);
        }
        let before = self.stood(&receipt.alert)?;
        let record = EvidenceRecord::Receipt {
            receipt: proven.signed().clone(),
            note,
            received: now,
        };
        batch.put_pieces(tables::EVIDENCE, &key, &write_record(&record));
        let status = self.status_of(&receipt.alert)?;
        if mine {
            self.follow_row(batch, proven, now)?;
            if receipt.stage != Stage::Returned {
                // Somebody has given it a wrap that it could open.
                let key = tables::lacking(&receipt.device, &receipt.alert);
                batch.delete(tables::LACKING, &key);
            }
            self.note_gone_key(batch, receipt, now)?;
            self.note_deputy(batch, receipt, now)?;
            if let Some(own) = self.own_alert(&receipt.alert)? {
                self.forward(batch, &own, (&proven.hash(), receipt), None)?;
            }
            let kind = EventKind::Receipt {
                alert: receipt.alert,
                recipient: receipt.recipient.clone(),
                stage: receipt.stage,
                reason: receipt.reason,
            };
            self.event(batch, kind, status, now)?;
        } else {
            self.tell_acted_elsewhere(batch, receipt, status, now)?;
        }
        let added = Evidence::Receipt(proven.clone());
        self.tell_changes(batch, &receipt.alert, before, &[added], status, now)
    }

    /// Whoever is on duty here need not do what is done.
    fn tell_acted_elsewhere(
        &self,
        batch: &mut Batch,
        receipt: &Receipt,
        status: Status,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let acted = matches!(
            receipt.stage,
            Stage::Read | Stage::Acknowledged | Stage::Refused
        );
        // A deputy that has it was asked, at a relay that this desk does not hear.
        let me = &self.identity.contact;
        let asked = receipt.stage == Stage::Delivered
            && (receipt.recipient == *me && receipt.contact != *me);
        if !(acted || asked) || receipt.device == self.identity.device {
            return Ok(());
        }
        let kind = EventKind::ActedElsewhere {
            alert: receipt.alert,
            recipient: receipt.recipient.clone(),
            contact: receipt.contact.clone(),
            device: receipt.device,
            stage: receipt.stage,
        };
        self.event(batch, kind, status, now)
    }

    /// Of the alert, in whichever box it is.
    pub(super) fn status_of(&self, alert: &AlertId) -> Result<Status, StepError> {
        use super::records::OutboxRecord;
        let sent: Option<OutboxRecord> = self.find_long(tables::OUTBOX, alert.as_bytes())?;
        if let Some(sent) = sent {
            return Ok(sent.core.status);
        }
        if let Some(received) = self.inbox_record(alert)? {
            return Ok(received.core.status);
        }
        let lost = self.signed_core(alert)?;
        Ok(lost.map_or(Status::Actual, |core| core.status))
    }
}
