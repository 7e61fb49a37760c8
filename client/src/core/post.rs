//! Receipts on their way to relays: made once, posted until a relay has them.

use maille_common::address::{ContactAddress, Name};
use maille_common::codec::Exact;
use maille_common::evidence::{Receipt, SealedNote, sign};
use maille_common::extension::Extensions;
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::record::write_record;
use maille_common::terms::{Actor, Reason, Stage};
use maille_common::time::Timestamp;
use maille_common::wire::{PostReceipt, RefusalCode};
use maille_durable::{Batch, CommitNumber, Scan, Table};

use super::desk::{Desk, StepError};
use super::records::{PostRecord, PostedRecord, ReceiptRecord, RelayRecord, RowRecord};
use super::tables;

/// Whom a receipt answers, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The envelope that came in.
    pub(super) envelope: AlertId,
    /// The alert it carries.
    pub(super) alert: AlertId,
    /// The contact that sent it.
    pub(super) to: ContactAddress,
    /// The contact whose obligation it is.
    pub(super) recipient: ContactAddress,
    /// It was released to this contact in the recipient's place.
    pub(super) as_deputy: bool,
}

/// A receipt that has to be posted, as often as it was put down. It may be put down again while it
/// is on its way: a relay may take it before it has the alert, ask again with the alert, and only
/// then have its first answer noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DuePost {
    /// The receipt.
    pub receipt: Hash,
    /// Another's answer about this alert of one's own, which is passed on.
    forwarded: Option<AlertId>,
    turn: u32,
}

impl DuePost {
    /// Another's answer about an alert of one's own.
    pub(super) fn forwarded(receipt: Hash, alert: AlertId, turn: u32) -> Self {
        Self {
            receipt,
            forwarded: Some(alert),
            turn,
        }
    }
}

/// What an officer adds to a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Officer {
    /// `H("officer", salt | name)`.
    pub(super) officer: Hash,
    /// The note, sealed to the sender.
    pub(super) note: Option<SealedNote>,
}

impl Desk {
    /// Makes and keeps a receipt, the next in the row to this sender; its hash.
    pub(super) fn make_receipt(
        &self,
        batch: &mut Batch,
        stamp: &Stamp,
        (stage, reason): (Stage, Reason),
        officer: Option<&Officer>,
        now: Timestamp,
    ) -> Result<Hash, StepError> {
        let key = tables::contact(&stamp.to);
        let row = self.find::<RowRecord>(tables::ROW, &key)?;
        let row = row.filter(|row| row.epoch == self.epoch);
        let number = row.map_or(1, |row| row.number + 1);
        let note = officer.and_then(|officer| officer.note.clone());
        let receipt = Receipt {
            version: Receipt::VERSION,
            alert: stamp.alert,
            recipient: stamp.recipient.clone(),
            contact: self.identity.contact.clone(),
            device: self.identity.device,
            stage,
            actor: if officer.is_some() {
                Actor::Officer
            } else {
                Actor::System
            },
            reason,
            officer: officer.map_or(Hash::ZERO, |officer| officer.officer),
            note: note.as_ref().map_or(Hash::ZERO, SealedNote::hash),
            time: now,
            roster: self.roster.hash(),
            bundle: self.ring.number(),
            epoch: self.epoch,
            number,
            previous: row.map_or(Hash::ZERO, |row| row.previous),
            extensions: Extensions::empty(),
        };
        let exact = Exact::of(receipt).expect("a receipt without extensions is within its limit");
        let signed = sign(&self.identity.signing, vec![exact]).remove(0);
        let hash = signed.hash();
        let row = RowRecord {
            epoch: self.epoch,
            number,
            previous: hash,
        };
        batch.put(tables::ROW, &key, &write_record(&row));
        let posted = PostReceipt {
            receipt: signed,
            note,
            to: stamp.to.clone(),
        };
        let record = ReceiptRecord { posted };
        batch.put_pieces(tables::RECEIPT, hash.as_bytes(), &write_record(&record));
        Ok(hash)
    }

    /// A receipt goes to the relay the alert came from, where it is the confirmation, and to the
    /// home relays of the sender's organisation. In another's place it goes to the home relays of
    /// that one's as well, which may be others.
    pub(super) fn post(
        &self,
        batch: &mut Batch,
        from: &Name,
        stamp: &Stamp,
        receipt: &Hash,
    ) -> Result<(), StepError> {
        self.post_again(batch, from, receipt)?;
        self.note_homes(batch, stamp)?;
        let principal = stamp.as_deputy.then_some(&stamp.recipient);
        for contact in [Some(&stamp.to), principal].into_iter().flatten() {
            let homes = self.roster.home_relay_names(&contact.organisation());
            for relay in homes.iter().take(2) {
                self.post_again(batch, relay, receipt)?;
            }
        }
        Ok(())
    }

    /// A receipt goes to one relay, perhaps once more, even while it is on its way. Within one
    /// batch only one receipt does.
    pub(super) fn post_again(
        &self,
        batch: &mut Batch,
        relay: &Name,
        receipt: &Hash,
    ) -> Result<(), StepError> {
        self.post_all_again(batch, relay, std::slice::from_ref(receipt))
    }

    /// The same of several receipts, all that go to this relay within one batch.
    pub(super) fn post_all_again(
        &self,
        batch: &mut Batch,
        relay: &Name,
        receipts: &[Hash],
    ) -> Result<(), StepError> {
        let mut new = 0;
        for receipt in receipts {
            let key = tables::post(relay, receipt);
            let turn = self.turn_of(&key)?;
            new += u64::from(turn.is_none());
            put_post(batch, &key, turn);
        }
        if new > 0 {
            let before = match self.posted_to(relay)? {
                Some(receipts) => receipts,
                // Those of earlier epochs count as well: too many are counted rather than too few.
                None => count(self.posts_of(relay)?.len()),
            };
            self.count_posts(batch, relay, before + new);
        }
        Ok(())
    }

    /// How often a receipt that is not taken was put down.
    fn turn_of(&self, post: &[u8]) -> Result<Option<u32>, StepError> {
        self.turn_in(tables::POST, post)
    }

    pub(super) fn turn_in(&self, table: Table, post: &[u8]) -> Result<Option<u32>, StepError> {
        let record = self.find::<PostRecord>(table, post)?;
        Ok(record.map(|record| record.turn))
    }

    /// How many receipts were put down for a relay in this epoch.
    fn posted_to(&self, relay: &Name) -> Result<Option<u64>, StepError> {
        let posted: Option<PostedRecord> = self.find(tables::POSTED, &tables::relay(relay))?;
        let posted = posted.filter(|posted| posted.epoch == self.epoch);
        Ok(posted.map(|posted| posted.receipts))
    }

    fn count_posts(&self, batch: &mut Batch, relay: &Name, receipts: u64) {
        let epoch = self.epoch;
        let posted = write_record(&PostedRecord { epoch, receipts });
        batch.put(tables::POSTED, &tables::relay(relay), &posted);
    }

    /// Whether a relay took more receipts of this epoch than were ever put down for it: then this
    /// store is an old copy.
    pub(super) fn has_forgotten_receipts(
        &self,
        relay: &Name,
        taken: u64,
    ) -> Result<bool, StepError> {
        Ok(taken > self.posted_to(relay)?.unwrap_or(0))
    }

    fn posts_of(&self, relay: &Name) -> Result<Vec<Vec<u8>>, StepError> {
        self.keys_of(tables::POST, &tables::relay(relay))
    }

    /// A relay began a new incarnation: it gets every receipt kept again (I2).
    pub(super) fn repost_all(&self, batch: &mut Batch, relay: &Name) -> Result<(), StepError> {
        let rows = self.store.scan(Scan::table(tables::RECEIPT, usize::MAX))?;
        let mut receipts = 0;
        for (key, _) in rows {
            // The keys of pieces end with the number of the piece; the first names the receipt.
            let Some((hash, [0, 0, 0, 0])) = key.split_last_chunk::<4>() else {
                continue;
            };
            if let Some(receipt) = tables::hash_at_end(hash) {
                let key = tables::post(relay, &receipt);
                put_post(batch, &key, self.turn_of(&key)?);
                receipts += 1;
            }
        }
        let before = self.posted_to(relay)?.unwrap_or(0);
        self.count_posts(batch, relay, before + receipts);
        Ok(())
    }

    /// The receipts that a relay has to be given, at most `limit`.
    pub fn posts_due(
        &self,
        relay: &Name,
        limit: usize,
    ) -> Result<Vec<(DuePost, PostReceipt)>, StepError> {
        let from = tables::relay(relay);
        let end = tables::after(&from);
        let mut posts = Vec::new();
        for (key, _) in self
            .store
            .scan(Scan::range(tables::POST, &from, &end, limit))?
        {
            let due = (tables::hash_at_end(&key), self.turn_of(&key)?);
            let (Some(receipt), Some(turn)) = due else {
                continue;
            };
            let record: ReceiptRecord = self.need_long(tables::RECEIPT, receipt.as_bytes())?;
            let due = DuePost {
                receipt,
                forwarded: None,
                turn,
            };
            posts.push((due, record.posted));
        }
        let left = limit.saturating_sub(posts.len());
        posts.extend(self.forwards_due(relay, left)?);
        Ok(posts)
    }

    /// Whether a relay has to be given receipts.
    pub(super) fn has_posts(&self, relay: &Name) -> Result<bool, StepError> {
        Ok(!self.posts_due(relay, 1)?.is_empty())
    }

    /// A relay has a receipt, or will never take it. One that was put down again meanwhile stays.
    pub fn posted(
        &mut self,
        relay: &Name,
        post: DuePost,
        outcome: Result<(), RefusalCode>,
    ) -> Result<CommitNumber, StepError> {
        let mut batch = Batch::new();
        let lasting = match outcome {
            Ok(()) => true,
            Err(code) => !matches!(
                code,
                RefusalCode::Busy
                    | RefusalCode::DiskLow
                    | RefusalCode::StoreFailed
                    | RefusalCode::Quota
                    | RefusalCode::HelloFirst
            ),
        };
        let (table, key) = match post.forwarded {
            None => (tables::POST, tables::post(relay, &post.receipt)),
            Some(alert) => {
                let key = tables::forward(relay, &alert, &post.receipt);
                (tables::FORWARD, key)
            }
        };
        if lasting && self.turn_in(table, &key)? == Some(post.turn) {
            batch.delete(table, &key);
            if post.forwarded.is_some() && outcome.is_ok() {
                batch.put(tables::FORWARDED, &key, &[]);
            }
        }
        self.settle(batch)
    }

    /// Receipts and notices of a relay's mailbox that are durable here and not confirmed yet.
    pub fn confirms_due(&self, relay: &Name, limit: usize) -> Result<Vec<u64>, StepError> {
        let from = tables::relay(relay);
        let end = tables::after(&from);
        let rows = self
            .store
            .scan(Scan::range(tables::CONFIRM, &from, &end, limit))?;
        Ok(rows
            .iter()
            .filter_map(|(key, _)| tables::number_at_end(key))
            .collect())
    }

    /// A relay began a new incarnation: a number of the old one may stand for other mail there now,
    /// which nobody here has seen.
    pub(super) fn forget_confirms(&self, batch: &mut Batch, relay: &Name) -> Result<(), StepError> {
        for key in self.keys_of(tables::CONFIRM, &tables::relay(relay))? {
            batch.delete(tables::CONFIRM, &key);
        }
        Ok(())
    }

    /// A relay has taken confirmations.
    pub fn confirmed(&mut self, relay: &Name, numbers: &[u64]) -> Result<CommitNumber, StepError> {
        let mut batch = Batch::new();
        for number in numbers {
            batch.delete(tables::CONFIRM, &tables::confirm(relay, *number));
        }
        self.settle(batch)
    }

    /// Remembers the highest number of a relay's mailbox, by which a rollback shows.
    pub(super) fn count_mail(
        &self,
        batch: &mut Batch,
        relay: &Name,
        number: u64,
    ) -> Result<(), StepError> {
        let key = tables::relay(relay);
        if let Some(mut record) = self.find::<RelayRecord>(tables::RELAY, &key)?
            && number > record.mailbox
        {
            record.mailbox = number;
            batch.put(tables::RELAY, &key, &write_record(&record));
        }
        Ok(())
    }

    /// The incarnation of a relay that this desk last spoke with.
    pub fn incarnation_of(
        &self,
        relay: &Name,
    ) -> Result<Option<maille_common::identifier::Incarnation>, StepError> {
        let known: Option<RelayRecord> = self.find(tables::RELAY, &tables::relay(relay))?;
        Ok(known.map(|known| known.incarnation))
    }
}

fn put_post(batch: &mut Batch, key: &[u8], before: Option<u32>) {
    let turn = before.unwrap_or(0).saturating_add(1);
    batch.put(tables::POST, key, &write_record(&PostRecord { turn }));
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
