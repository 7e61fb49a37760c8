//! The records that lead from one thing to another, and those that add up: each is held against
//! what it names.

use std::collections::{BTreeMap, BTreeSet};

use maille_common::blob::BlobId;
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;

use super::super::records::{
    AlertRecord, Mail, MailRecord, ReceiptRecord, SaidRecord, SenderRecord,
};
use super::super::tables;
use super::alerts::Sums;
use super::walk::{Ids, Rows};
use super::{AccountError, Books};

/// Goes through the remaining tables.
pub(super) fn go_through(books: &mut Books<'_>, sums: &Sums) -> Result<(), AccountError> {
    check_addressed(books)?;
    check_named(books)?;
    check_extends(books)?;
    check_due(books)?;
    check_senders(books, sums)?;
    check_said(books)?;
    check_evidence(books)
}

fn check_addressed(books: &mut Books<'_>) -> Result<(), AccountError> {
    let mut rows = Rows::of(books.store, tables::ADDRESSED);
    while let Some((key, _)) = rows.next()? {
        books.keep_going()?;
        let parts = tables::addressed_parts(&key).zip(key.first_chunk());
        let Some(((alert, index), device)) = parts else {
            books.fault(None, "A device's list has a key that is none.");
            continue;
        };
        let device = maille_common::address::DeviceId::from_bytes(*device);
        if !books.has(tables::ENTRY, &tables::entry(&alert, &device, index))? {
            books.fault(
                Some(&alert),
                "A device's list names a share that is not here.",
            );
        }
    }
    Ok(())
}

fn check_named(books: &mut Books<'_>) -> Result<(), AccountError> {
    let mut rows = Rows::of(books.store, tables::NAMED);
    while let Some((key, _)) = rows.next()? {
        books.keep_going()?;
        let Some((blob, alert)) = two(&key) else {
            books.fault(None, "An attachment is held under a key that is none.");
            continue;
        };
        let (blob, alert) = (BlobId::from_bytes(blob), AlertId::from_bytes(alert));
        let names = |alert: AlertRecord| alert.blobs.contains(&blob);
        if !kept(books, &alert)?.is_some_and(names) {
            books.fault(
                Some(&alert),
                "An attachment is held for it that it does not name.",
            );
        }
    }
    Ok(())
}

fn check_extends(books: &mut Books<'_>) -> Result<(), AccountError> {
    let mut rows = Rows::of(books.store, tables::EXTENDS);
    while let Some((key, _)) = rows.next()? {
        books.keep_going()?;
        let Some((original, addendum)) = two(&key) else {
            books.fault(None, "An addendum stands under a key that is none.");
            continue;
        };
        let addendum = AlertId::from_bytes(addendum);
        let extends = Some(AlertId::from_bytes(original));
        if kept(books, &addendum)?.is_none_or(|alert| alert.extends != extends) {
            books.fault(
                Some(&addendum),
                "An alert names it as its addendum, wrongly.",
            );
        }
    }
    Ok(())
}

/// Every alert that is kept has one date on which something about it is due; no other has.
fn check_due(books: &mut Books<'_>) -> Result<(), AccountError> {
    let mut dates = 0u64;
    let mut rows = Rows::of(books.store, tables::DUE);
    while let Some((key, _)) = rows.next()? {
        books.keep_going()?;
        dates += 1;
        let Some((_, alert)) = tables::due_parts(&key) else {
            books.fault(None, "A date has a key that is none.");
            continue;
        };
        if kept(books, &alert)?.is_none() {
            books.fault(Some(&alert), "A date is kept for it, and it is not kept.");
        }
    }
    if dates == books.account.alerts_kept {
        return Ok(());
    }
    // Only now are all of them remembered, to name those that have none.
    let mut dated = BTreeSet::new();
    let mut rows = Rows::of(books.store, tables::DUE);
    while let Some((key, _)) = rows.next()? {
        dated.extend(tables::due_parts(&key).map(|(_, alert)| alert));
    }
    let mut alerts = Ids::<32>::of(books.store, tables::ALERT)?;
    while let Some(id) = alerts.peek() {
        alerts.take(&id)?;
        let id = AlertId::from_bytes(id);
        if !dated.contains(&id) && kept(books, &id)?.is_some() {
            books.fault(Some(&id), "It is kept, and nothing says until when.");
        }
    }
    if dated.len() as u64 != dates {
        books.fault(
            None,
            "An alert has more than one date on which something is due.",
        );
    }
    Ok(())
}

fn check_senders(books: &mut Books<'_>, sums: &Sums) -> Result<(), AccountError> {
    let mut said: BTreeMap<[u8; 32], SenderRecord> = BTreeMap::new();
    let mut rows = Rows::of(books.store, tables::SENDER);
    while let Some((key, bytes)) = rows.next()? {
        let record = books.understand(&bytes, None);
        if let (Some(key), Some(record)) = (key.first_chunk(), record) {
            said.insert(*key, record);
        }
    }
    let senders: BTreeSet<_> = said.keys().chain(sums.senders.keys()).copied().collect();
    for sender in senders {
        let record = said.get(&sender).copied().unwrap_or_default();
        let found = sums.senders.get(&sender).copied().unwrap_or_default();
        if record != found {
            let name = Hash::from_bytes(sender).short();
            let sentence = format!(
                "The sender with the key {name} is said to keep {} alerts of {} bytes here; it \
                 keeps {} of {}.",
                record.alerts, record.bytes, found.alerts, found.bytes
            );
            books.fault(None, sentence);
        }
    }
    Ok(())
}

/// Every receipt and notice that is kept waits for as many readers as it says.
fn check_evidence(books: &mut Books<'_>) -> Result<(), AccountError> {
    let (mut readers, mut noticed) = (BTreeMap::<Hash, u32>::new(), BTreeSet::new());
    let mut mail = Rows::of(books.store, tables::MAIL);
    while let Some((_, bytes)) = mail.next()? {
        books.keep_going()?;
        // One that cannot be read was told with its mailbox.
        match maille_common::record::read_record::<MailRecord>(&bytes).map(|mail| mail.mail) {
            Ok(Mail::Receipt { receipt }) => *readers.entry(receipt).or_default() += 1,
            Ok(Mail::Notice { notice }) => drop(noticed.insert(notice)),
            Ok(Mail::Delivery { .. }) | Err(_) => {}
        }
    }
    let mut receipts = Ids::<32>::of(books.store, tables::RECEIPT)?;
    while let Some(id) = receipts.peek() {
        books.keep_going()?;
        receipts.take(&id)?;
        let Some(record) = books.read_long::<ReceiptRecord>(tables::RECEIPT, &id, None)? else {
            continue;
        };
        check_kept(books, &Hash::from_bytes(id), &record)?;
        let found = readers.get(&Hash::from_bytes(id)).copied().unwrap_or(0);
        if record.readers != found {
            let alert = record.receipt.statement.alert;
            let sentence = format!(
                "A receipt is said to have {} readers; it is mailed to {found}.",
                record.readers
            );
            books.fault(Some(&alert), sentence);
        }
    }
    let mut notices = Ids::<32>::of(books.store, tables::NOTICE)?;
    while let Some(id) = notices.peek() {
        notices.take(&id)?;
        if !noticed.contains(&Hash::from_bytes(id)) {
            books.fault(None, "A notice is kept that is mailed to nobody.");
        }
    }
    Ok(())
}

/// A receipt that is kept beside its alert stands there; one that is not has readers.
fn check_kept(
    books: &mut Books<'_>,
    hash: &Hash,
    record: &ReceiptRecord,
) -> Result<(), AccountError> {
    let receipt = &record.receipt.statement;
    let (alert, stage) = (receipt.alert, receipt.stage.code());
    let key = tables::said(&alert, &receipt.recipient, &receipt.device, stage);
    let said = books.read::<SaidRecord>(tables::SAID, &key, Some(&alert))?;
    let stands = said.is_some_and(|said| said.receipt == *hash);
    if stands != record.kept {
        books.fault(
            Some(&alert),
            "A receipt is kept beside it, or is not, as nothing says.",
        );
    }
    if !record.kept && record.readers == 0 {
        books.fault(Some(&alert), "A receipt is kept that nobody reads.");
    }
    Ok(())
}

/// What was said about an alert is here.
fn check_said(books: &mut Books<'_>) -> Result<(), AccountError> {
    let mut rows = Rows::of(books.store, tables::SAID);
    while let Some((_, bytes)) = rows.next()? {
        books.keep_going()?;
        let Some(SaidRecord { receipt }) = books.understand(&bytes, None) else {
            continue;
        };
        let first = [tables::statement(&receipt), &[0; 4]].concat();
        if !books.has(tables::RECEIPT, &first)? {
            books.fault(None, "What was said about an alert is not here.");
        }
    }
    Ok(())
}

/// An alert whose content is kept.
fn kept(books: &mut Books<'_>, alert: &AlertId) -> Result<Option<AlertRecord>, AccountError> {
    let record = books.read_long::<AlertRecord>(tables::ALERT, alert.as_bytes(), Some(alert))?;
    Ok(record.filter(|record| !record.purged))
}

/// The two halves of a key of two hashes.
fn two(key: &[u8]) -> Option<([u8; 32], [u8; 32])> {
    let (first, rest) = key.split_first_chunk::<32>()?;
    Some((*first, rest.try_into().ok()?))
}
