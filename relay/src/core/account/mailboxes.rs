//! Mailbox by mailbox: what waits, and what the device's own record says of it.

use maille_common::address::DeviceId;
use maille_common::hash::Hash;

use super::super::records::{DeviceRecord, EntryRecord, Mail, MailRecord};
use super::super::tables;
use super::alerts::Sums;
use super::walk::Rows;
use super::{AccountError, Books, short, shown};

/// Goes through every table whose keys begin with a device, side by side.
pub(super) fn go_through(books: &mut Books<'_>, sums: &Sums) -> Result<(), AccountError> {
    let mut devices = Rows::of(books.store, tables::DEVICE);
    let mut mail = Rows::of(books.store, tables::MAIL);
    let mut waiting = Rows::of(books.store, tables::WAITING);
    loop {
        let heads = [
            devices.peek_id::<{ DeviceId::LEN }>()?,
            mail.peek_id()?,
            waiting.peek_id()?,
        ];
        let Some(key) = heads.into_iter().flatten().min() else {
            break;
        };
        let device = DeviceId::from_bytes(key);
        let record = match devices.next_of(&key)? {
            Some((_, bytes)) => books.understand::<DeviceRecord>(&bytes, None),
            None => {
                let device = short(&device);
                books.fault(
                    None,
                    format!("Mail waits for device {device}, which has no record."),
                );
                None
            }
        };
        let found = count_mail(books, &device, &mut mail)?;
        count_waiting(books, &device, &mut waiting)?;
        if let Some(record) = record {
            compare(books, &device, &record, &found, sums);
        }
    }
    for device in sums.answers.keys() {
        if !books.has(tables::DEVICE, device.as_bytes())? {
            let device = short(device);
            books.fault(
                None,
                format!("Device {device} was answered, and has no record."),
            );
        }
    }
    Ok(())
}

/// What a mailbox holds.
#[derive(Default)]
struct Found {
    pieces: u64,
    bytes: u64,
    highest: u64,
}

fn count_mail(
    books: &mut Books<'_>,
    device: &DeviceId,
    mail: &mut Rows<'_>,
) -> Result<Found, AccountError> {
    let mut found = Found::default();
    while let Some((key, bytes)) = mail.next_of(device.as_bytes())? {
        books.keep_going()?;
        let number = tables::waiting_number(&key).unwrap_or(0);
        found.pieces += 1;
        found.highest = found.highest.max(number);
        let Some(record) = books.understand::<MailRecord>(&bytes, None) else {
            continue;
        };
        found.bytes = found.bytes.saturating_add(record.bytes);
        let waiting = tables::waiting(device, record.class, number);
        if !books.has(tables::WAITING, &waiting)? {
            let device = short(device);
            let sentence = format!("Mail {number} of device {device} is in no queue.");
            books.fault(None, sentence);
        }
        check_named(books, device, number, &record.mail)?;
    }
    books.account.mail_waiting += found.pieces;
    Ok(found)
}

/// What a piece of mail names is here, and names it.
fn check_named(
    books: &mut Books<'_>,
    device: &DeviceId,
    number: u64,
    mail: &Mail,
) -> Result<(), AccountError> {
    let piece = format!("Mail {number} of device {}", short(device));
    match mail {
        Mail::Delivery { alert, index } => {
            let key = tables::entry(alert, device, *index);
            let entry = books.read::<EntryRecord>(tables::ENTRY, &key, Some(alert))?;
            let fits = entry.is_some_and(|entry| entry.mail == number && !entry.answered);
            if !fits {
                let id = shown(alert);
                let sentence = format!("{piece} hands over {id}, whose entry does not say so.");
                books.fault(Some(alert), sentence);
            }
        }
        Mail::Receipt { receipt } => {
            if !has_pieces(books, tables::RECEIPT, receipt)? {
                books.fault(None, format!("{piece} is a receipt that is not here."));
            }
        }
        Mail::Notice { notice } => {
            if !has_pieces(books, tables::NOTICE, notice)? {
                books.fault(None, format!("{piece} is a notice that is not here."));
            }
        }
    }
    Ok(())
}

fn has_pieces(
    books: &Books<'_>,
    table: maille_durable::Table,
    hash: &Hash,
) -> Result<bool, AccountError> {
    let first = [tables::statement(hash), &[0; 4]].concat();
    books.has(table, &first)
}

fn count_waiting(
    books: &mut Books<'_>,
    device: &DeviceId,
    waiting: &mut Rows<'_>,
) -> Result<(), AccountError> {
    while let Some((key, _)) = waiting.next_of(device.as_bytes())? {
        books.keep_going()?;
        let number = tables::waiting_number(&key).unwrap_or(0);
        let class = key.get(DeviceId::LEN).copied();
        let mail = tables::mail(device, number);
        let record = books.read::<MailRecord>(tables::MAIL, &mail, None)?;
        if record.is_none_or(|record| Some(record.class) != class) {
            let device = short(device);
            let sentence =
                format!("Number {number} is in the queue of device {device}, as no mail.");
            books.fault(None, sentence);
        }
    }
    Ok(())
}

fn compare(
    books: &mut Books<'_>,
    device: &DeviceId,
    record: &DeviceRecord,
    found: &Found,
    sums: &Sums,
) {
    let name = short(device);
    if (record.waiting, record.waiting_bytes) != (found.pieces, found.bytes) {
        let sentence = format!(
            "Device {name} is said to have {} pieces of {} bytes waiting; it has {} of {}.",
            record.waiting, record.waiting_bytes, found.pieces, found.bytes
        );
        books.fault(None, sentence);
    }
    if record.mailbox < found.highest {
        let (given, there) = (record.mailbox, found.highest);
        let sentence = format!(
            "The mailbox of device {name} gave out numbers up to {given}, and holds {there}."
        );
        books.fault(None, sentence);
    }
    let answered = sums.answers.get(device).copied().unwrap_or(0);
    if record.accepted < answered {
        let given = record.accepted;
        let sentence = format!(
            "Device {name} was given answers up to {given}, and answer {answered} is kept."
        );
        books.fault(None, sentence);
    }
}
