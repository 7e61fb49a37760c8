//! Receipts, notices and expiries come in; what does not verify is an incident and changes nothing.

use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::codec::Exact;
use maille_common::envelope::Core;
use maille_common::evidence::{
    Evidence, Expiry, Note, Proven, Receipt, SealedNote, SignedNotice, SignedReceipt, open_note,
    sign,
};
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::record::{read_record, write_record};
use maille_common::terms::{Kind, Status};
use maille_common::time::Timestamp;
use maille_durable::{Batch, CommitNumber, Scan};

use super::desk::{Desk, StepError};
use super::events::EventKind;
use super::incidents::{IncidentKind, words};
use super::records::EvidenceRecord;
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
        match self.prove_receipt(receipt, note.as_ref())? {
            Ok(proven) => self.keep_receipt(&mut batch, &proven, note, now)?,
            Err(check) => {
                let kind = IncidentKind::Receipt {
                    check: words(&check),
                };
                self.incident(&mut batch, kind, None, now)?;
            }
        }
        self.settle(batch)
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
        match notice.clone().verify(&self.roster) {
            Ok(proven) if proven.statement().relay == *relay => {
                let statement = proven.statement();
                let key = tables::evidence(&statement.alert, &proven.hash());
                let record = EvidenceRecord::Notice {
                    notice,
                    received: now,
                };
                batch.put_pieces(tables::EVIDENCE, &key, &write_record(&record));
                let kind = EventKind::Notice {
                    alert: statement.alert,
                    recipient: statement.recipient.clone(),
                    kind: statement.kind,
                };
                let status = self.status_of(&statement.alert)?;
                self.event(&mut batch, kind, status, now)?;
            }
            _ => {
                let kind = IncidentKind::RelayStatement {
                    relay: relay.clone(),
                };
                self.incident(&mut batch, kind, None, now)?;
            }
        }
        self.settle(batch)
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
                    evidence.extend(receipt.verify_again(&self.roster).map(Evidence::Receipt));
                }
                EvidenceRecord::Expiry { expiry } => {
                    evidence.extend(expiry.verify(&self.roster, &sender).map(Evidence::Expiry));
                }
                EvidenceRecord::Cancel { id, time } => {
                    evidence.push(Evidence::Cancel {
                        id,
                        alert: *alert,
                        time,
                    });
                }
                EvidenceRecord::Notice { .. } => {}
            }
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
        let before = self.states_of(&alert)?;
        let added = [Evidence::Cancel { id, alert, time }];
        let status = self.status_of(&alert)?;
        self.tell_changes(batch, &alert, &before, &added, status, now)
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

    /// Q1 to Q4; the number of the check that refuses.
    pub(super) fn prove_receipt(
        &self,
        receipt: SignedReceipt,
        note: Option<&SealedNote>,
    ) -> Result<Result<Proven<Receipt>, &'static str>, StepError> {
        let alert = receipt.statement.alert;
        // Q4: about something this contact sent, or holds as one of several recipients.
        if self.sender_of(&alert)?.is_none() {
            return Ok(Err("Q4"));
        }
        let proven = match receipt.verify(&self.roster) {
            Ok(proven) => proven,
            Err(fault) => return Ok(Err(fault.check())),
        };
        let noted = note.map_or(Hash::ZERO, SealedNote::hash);
        let names_note = noted == Hash::ZERO || noted == proven.statement().note;
        Ok(if names_note { Ok(proven) } else { Err("Q1") })
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
        let before = self.states_of(&receipt.alert)?;
        let record = EvidenceRecord::Receipt {
            receipt: proven.signed().clone(),
            note,
            received: now,
        };
        batch.put_pieces(tables::EVIDENCE, &key, &write_record(&record));
        let status = self.status_of(&receipt.alert)?;
        if self.sender_of(&receipt.alert)?.as_ref() == Some(&self.identity.contact) {
            self.follow_row(batch, proven, now)?;
            self.note_gone_key(batch, receipt, now)?;
            let kind = EventKind::Receipt {
                alert: receipt.alert,
                recipient: receipt.recipient.clone(),
                stage: receipt.stage,
                reason: receipt.reason,
            };
            self.event(batch, kind, status, now)?;
        }
        let added = Evidence::Receipt(proven.clone());
        self.tell_changes(batch, &receipt.alert, &before, &[added], status, now)
    }

    /// Of the alert, in whichever box it is.
    pub(super) fn status_of(&self, alert: &AlertId) -> Result<Status, StepError> {
        use super::records::OutboxRecord;
        let sent: Option<OutboxRecord> = self.find_long(tables::OUTBOX, alert.as_bytes())?;
        if let Some(sent) = sent {
            return Ok(sent.core.status);
        }
        Ok(self
            .inbox_record(alert)?
            .map_or(Status::Actual, |record| record.core.status))
    }
}
