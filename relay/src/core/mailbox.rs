//! What waits for a device: numbered without gaps, offered urgent first, kept until confirmed.

use std::collections::{BTreeMap, BTreeSet};

use maille_common::address::DeviceId;
use maille_common::codec::{Bytes, DecodeError, List};
use maille_common::envelope::{Core, Delivery};
use maille_common::evidence::SignedNotice;
use maille_common::hash::{Hash, hash};
use maille_common::identifier::{AlertId, Incarnation};
use maille_common::label::Label;
use maille_common::record::{Record, RecordFault, read_record, write_record};
use maille_common::terms::{Kind, Release, Urgency};
use maille_common::time::Timestamp;
use maille_common::wire::{Answer, Push, RefusalCode};
use maille_durable::{Batch, Scan};

use super::floors::Floors;
use super::receipts::VerifiedReceipt;
use super::records::{
    AlertRecord, DeviceRecord, EntriesRecord, EntryRecord, EnvelopeRecord, Mail, MailRecord,
    NoticeRecord, ReceiptRecord,
};
use super::relay::{RelayCore, Step, StepError};
use super::tables;

/// A piece of mail that waits, without its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waiting {
    /// The code of its urgency: 1 is the most urgent.
    pub class: u8,
    /// Its number in the mailbox.
    pub number: u64,
}

/// Changes to mailboxes within one batch: several pieces may go to one device.
#[derive(Debug, Default)]
pub(super) struct Mailing {
    devices: BTreeMap<DeviceId, DeviceRecord>,
    receipts: BTreeMap<Hash, ReceiptRecord>,
    woken: BTreeSet<DeviceId>,
}

impl Mailing {
    /// What is known of a device, this batch included.
    pub(super) fn device(
        &mut self,
        core: &RelayCore,
        device: &DeviceId,
    ) -> Result<&mut DeviceRecord, StepError> {
        if !self.devices.contains_key(device) {
            self.devices.insert(*device, core.device(device)?);
        }
        Ok(self.devices.entry(*device).or_insert(DeviceRecord::NEW))
    }

    /// Puts a piece of mail at the end of a device's mailbox, and returns its number.
    pub(super) fn put(
        &mut self,
        core: &RelayCore,
        batch: &mut Batch,
        device: &DeviceId,
        record: &MailRecord,
    ) -> Result<u64, StepError> {
        let known = self.device(core, device)?;
        known.mailbox += 1;
        known.waiting += 1;
        known.waiting_bytes += record.bytes;
        let number = known.mailbox;
        batch.put(
            tables::MAIL,
            &tables::mail(device, number),
            &write_record(record),
        );
        batch.put(
            tables::WAITING,
            &tables::waiting(device, record.class, number),
            &[],
        );
        self.woken.insert(*device);
        Ok(number)
    }

    /// Takes a piece of mail out of a device's mailbox.
    pub(super) fn take(
        &mut self,
        core: &RelayCore,
        batch: &mut Batch,
        device: &DeviceId,
        number: u64,
    ) -> Result<Option<Mail>, StepError> {
        let key = tables::mail(device, number);
        let Some(record) = core.find::<MailRecord>(tables::MAIL, &key)? else {
            return Ok(None);
        };
        batch.delete(tables::MAIL, &key);
        batch.delete(
            tables::WAITING,
            &tables::waiting(device, record.class, number),
        );
        let known = self.device(core, device)?;
        known.waiting = known.waiting.saturating_sub(1);
        known.waiting_bytes = known.waiting_bytes.saturating_sub(record.bytes);
        Ok(Some(record.mail))
    }

    /// A receipt that came in, to be mailed or kept.
    pub(super) fn receipt(
        &mut self,
        core: &RelayCore,
        receipt: &VerifiedReceipt,
    ) -> Result<&mut ReceiptRecord, StepError> {
        let hash = receipt.hash();
        self.stored(core, &hash)?;
        let record = self.receipts.entry(hash);
        Ok(record.or_insert_with(|| receipt.unread()))
    }

    /// A receipt that is in the store, to be mailed.
    pub(super) fn hold(&mut self, hash: Hash, record: &ReceiptRecord) {
        self.receipts.entry(hash).or_insert_with(|| record.clone());
    }

    /// Puts a receipt into a device's mailbox.
    pub(super) fn put_receipt(
        &mut self,
        core: &RelayCore,
        batch: &mut Batch,
        (device, class): (&DeviceId, u8),
        hash: &Hash,
    ) -> Result<(), StepError> {
        let Some(record) = self.receipts.get_mut(hash) else {
            return Ok(());
        };
        record.readers = record.readers.saturating_add(1);
        let bytes = write_record(record).len();
        let mail = MailRecord {
            class,
            bytes: u64::try_from(bytes).unwrap_or(u64::MAX),
            mail: Mail::Receipt { receipt: *hash },
        };
        self.put(core, batch, device, &mail)?;
        Ok(())
    }

    /// One piece of mail fewer names a receipt.
    fn drop_reader(&mut self, core: &RelayCore, hash: &Hash) -> Result<(), StepError> {
        if let Some(record) = self.stored(core, hash)? {
            record.readers = record.readers.saturating_sub(1);
        }
        Ok(())
    }

    /// A receipt's alert goes; it stays for those alone who have not confirmed it.
    pub(super) fn let_go(&mut self, core: &RelayCore, hash: &Hash) -> Result<(), StepError> {
        if let Some(record) = self.stored(core, hash)? {
            record.kept = false;
        }
        Ok(())
    }

    fn stored(
        &mut self,
        core: &RelayCore,
        hash: &Hash,
    ) -> Result<Option<&mut ReceiptRecord>, StepError> {
        if !self.receipts.contains_key(hash) {
            let known = core.find_long(tables::RECEIPT, tables::statement(hash))?;
            self.receipts.extend(known.map(|known| (*hash, known)));
        }
        Ok(self.receipts.get_mut(hash))
    }

    /// Writes the mailboxes' heads and the receipts; the devices for which something new waits.
    pub(super) fn finish(self, batch: &mut Batch) -> BTreeSet<DeviceId> {
        for (hash, record) in &self.receipts {
            let key = tables::statement(hash);
            if record.readers == 0 && !record.kept {
                batch.delete_pieces(tables::RECEIPT, key);
            } else {
                batch.put_pieces(tables::RECEIPT, key, &write_record(record));
            }
        }
        for (device, record) in &self.devices {
            batch.put(tables::DEVICE, device.as_bytes(), &write_record(record));
        }
        self.woken
    }
}

impl RelayCore {
    /// The class of receipts and notices: as urgent as the most urgent alert, for a sender waits
    /// for them.
    pub(super) const CLASS_EVIDENCE: u8 = 1;

    /// The class of heartbeats, which are handed over behind everything else (PROTOCOL G9).
    pub const CLASS_LAST: u8 = Urgency::Unknown.code() + 1;

    /// The class of an envelope's mail.
    pub(super) fn class_of(core: &Core) -> u8 {
        match core.kind {
            Kind::Heartbeat => Self::CLASS_LAST,
            _ => core.urgency.code(),
        }
    }

    /// What waits for a device, urgent first, at most `limit`.
    pub fn waiting(&self, device: &DeviceId, limit: usize) -> Result<Vec<Waiting>, StepError> {
        self.waiting_above(device, &Floors::default(), limit)
    }

    /// The same, of a mailbox that is known to begin there.
    pub fn waiting_above(
        &self,
        device: &DeviceId,
        floors: &Floors,
        limit: usize,
    ) -> Result<Vec<Waiting>, StepError> {
        let parse = |key: &[u8]| {
            Some(Waiting {
                class: *key.get(DeviceId::LEN)?,
                number: tables::waiting_number(key)?,
            })
        };
        let end = tables::after(device.as_bytes());
        let ranges = floors.ranges();
        let mut waiting = Vec::new();
        for (at, (class, number)) in ranges.iter().enumerate() {
            let from = tables::waiting(device, *class, *number);
            // Nothing of the next class waits below its floor.
            let to = ranges
                .get(at + 1)
                .map(|(next, _)| tables::waiting(device, *next, 0));
            let to = to.as_ref().unwrap_or(&end);
            let left = limit - waiting.len();
            let rows = self
                .store
                .scan(Scan::range(tables::WAITING, &from, to, left))?;
            waiting.extend(rows.iter().filter_map(|(key, _)| parse(key)));
            if waiting.len() >= limit {
                break;
            }
        }
        Ok(waiting)
    }

    /// Whether a piece of mail still waits for its confirmation.
    pub fn still_waits(&self, device: &DeviceId, mail: &Waiting) -> Result<bool, StepError> {
        let key = tables::waiting(device, mail.class, mail.number);
        Ok(self.store.get(tables::WAITING, &key)?.is_some())
    }

    /// The push of a piece of mail; none if it was confirmed in the meantime.
    pub fn push(&self, device: &DeviceId, number: u64) -> Result<Option<Push>, StepError> {
        let key = tables::mail(device, number);
        let Some(record) = self.find::<MailRecord>(tables::MAIL, &key)? else {
            return Ok(None);
        };
        let push = match record.mail {
            Mail::Delivery { alert, index } => {
                self.delivery(device, &alert, index)?
                    .map(|delivery| Push::Delivery {
                        number,
                        delivery: Box::new(delivery),
                    })
            }
            Mail::Receipt { receipt } => {
                let key = tables::statement(&receipt);
                let record: Option<ReceiptRecord> = self.find_long(tables::RECEIPT, key)?;
                record.map(|ReceiptRecord { receipt, note, .. }| Push::Receipt {
                    number,
                    receipt: Box::new(receipt),
                    note,
                })
            }
            Mail::Notice { notice } => {
                let key = tables::statement(&notice);
                let record: Option<NoticeRecord> = self.find_long(tables::NOTICE, key)?;
                record.map(|NoticeRecord { notice }| Push::Notice {
                    number,
                    notice: Box::new(notice),
                })
            }
        };
        Ok(push)
    }

    /// Confirms receipts, notices, heartbeats and reconciliations of a mailbox. Other deliveries
    /// are confirmed by their signed receipts only, so their numbers are passed over.
    pub fn confirm(
        &mut self,
        device: &DeviceId,
        incarnation: Incarnation,
        numbers: &[u64],
    ) -> Result<Step, StepError> {
        if incarnation != self.incarnation {
            return Ok(self.refuse(RefusalCode::Conflict));
        }
        let mut batch = Batch::new();
        batch.urgent();
        let mut mailing = Mailing::default();
        for number in numbers {
            let key = tables::mail(device, *number);
            let record: Option<MailRecord> = self.find(tables::MAIL, &key)?;
            match record.map(|record| record.mail) {
                None => continue,
                Some(Mail::Delivery { alert, index }) => {
                    if !self.is_unanswered_kind(&alert)? {
                        continue;
                    }
                    self.heartbeat_heard(&mut batch, device, (&alert, index))?;
                }
                Some(Mail::Receipt { .. } | Mail::Notice { .. }) => {}
            }
            match mailing.take(self, &mut batch, device, *number)? {
                Some(Mail::Receipt { receipt }) => mailing.drop_reader(self, &receipt)?,
                Some(Mail::Notice { notice }) => {
                    batch.delete_pieces(tables::NOTICE, tables::statement(&notice));
                }
                _ => {}
            }
        }
        mailing.finish(&mut batch);
        self.settle(batch, Answer::Done, BTreeSet::new())
    }

    /// Mails a notice of this relay, one copy a device.
    pub(super) fn mail_notice(
        &self,
        batch: &mut Batch,
        mailing: &mut Mailing,
        notice: &SignedNotice,
        device: &DeviceId,
    ) -> Result<(), StepError> {
        let bytes = write_record(&NoticeRecord {
            notice: notice.clone(),
        });
        // Each device's copy has a key of its own, so that confirming one leaves the others.
        let key = hash(
            Label::NOTICE,
            &[notice.statement.bytes(), device.as_bytes()],
        );
        let mail = MailRecord {
            class: Self::CLASS_EVIDENCE,
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            mail: Mail::Notice { notice: key },
        };
        batch.put_pieces(tables::NOTICE, tables::statement(&key), &bytes);
        mailing.put(self, batch, device, &mail)?;
        Ok(())
    }

    /// One device's share of an alert, unless it is purged.
    fn delivery(
        &self,
        device: &DeviceId,
        alert: &AlertId,
        index: u32,
    ) -> Result<Option<Delivery>, StepError> {
        let envelope: Option<EnvelopeRecord> =
            self.find_long(tables::ENVELOPE, alert.as_bytes())?;
        let Some(EnvelopeRecord {
            env,
            signatures,
            original,
        }) = envelope
        else {
            return Ok(None);
        };
        let key = tables::entry(alert, device, index);
        let EntryRecord {
            entry, wrap, proof, ..
        } = self
            .find(tables::ENTRY, &key)?
            .ok_or(RecordFault::Missing {
                name: "entry of an envelope",
            })?;
        let body = self
            .store
            .pieces(tables::BODY, alert.as_bytes())?
            .ok_or(RecordFault::Missing { name: "body" })?;
        let body = Bytes::new(body).map_err(|too_long| RecordFault::Damaged {
            name: "body",
            fault: DecodeError::TooLong {
                limit: too_long.limit,
                found: too_long.found,
            },
        })?;
        let entries = match entry.release {
            Release::Own => {
                let missing = RecordFault::Missing {
                    name: EntriesRecord::NAME,
                };
                let kept: Option<EntriesRecord> =
                    self.find_long(tables::ENTRIES, alert.as_bytes())?;
                kept.ok_or(missing)?.entries
            }
            Release::Now | Release::After => List::empty(),
        };
        Ok(Some(Delivery {
            env,
            signatures,
            proof,
            entry,
            wrap,
            entries,
            original,
            body,
        }))
    }

    /// When the oldest alert with unanswered entries was accepted: mailboxes are in order of
    /// acceptance, so the first number of each device is enough.
    pub(super) fn oldest_waiting(&self) -> Result<Option<Timestamp>, StepError> {
        let mut oldest: Option<Timestamp> = None;
        for (device, _) in self.store.scan(Scan::table(tables::DEVICE, usize::MAX))? {
            for (_, bytes) in self.rows(tables::MAIL, &device, 1)? {
                let mail: MailRecord = read_record(&bytes)?;
                if let Mail::Delivery { alert, .. } = mail.mail {
                    let alert: Option<AlertRecord> =
                        self.find_long(tables::ALERT, alert.as_bytes())?;
                    let accepted = alert.map(|alert| alert.accepted);
                    oldest = [oldest, accepted].into_iter().flatten().min();
                }
            }
        }
        Ok(oldest.map(|oldest| self.as_wall_shows(oldest)))
    }
}
