//! Escalations: each is due once, and the wraps it would hand over are kept.

use maille_common::address::DeviceId;
use maille_common::identifier::AlertId;

use super::super::records::{EntryRecord, EscalationRecord};
use super::super::tables;
use super::walk::Rows;
use super::{AccountError, Books, short};

/// Goes through the tables of escalations.
pub(super) fn go_through(books: &mut Books<'_>) -> Result<(), AccountError> {
    check_running(books)?;
    check_due(books)?;
    check_held(books)?;
    check_asked(books)
}

fn check_running(books: &mut Books<'_>) -> Result<(), AccountError> {
    let mut rows = Rows::of(books.store, tables::ESCALATION);
    while let Some((key, bytes)) = rows.next()? {
        books.keep_going()?;
        let Some((alert, recipient)) = tables::escalation_parts(&key) else {
            books.fault(None, "An escalation has a key that is none.");
            continue;
        };
        books.account.escalations_running += 1;
        let Some(record) = books.understand::<EscalationRecord>(&bytes, Some(&alert)) else {
            continue;
        };
        let due = tables::step_due(record.due, &alert, recipient);
        if !books.has(tables::STEP_DUE, &due)? {
            books.fault(
                Some(&alert),
                "Its deputies would be asked, and nothing says when.",
            );
        }
    }
    Ok(())
}

fn check_due(books: &mut Books<'_>) -> Result<(), AccountError> {
    let mut rows = Rows::of(books.store, tables::STEP_DUE);
    while let Some((key, _)) = rows.next()? {
        books.keep_going()?;
        let Some((time, alert, recipient)) = tables::step_due_parts(&key) else {
            books.fault(None, "The date of an escalation has a key that is none.");
            continue;
        };
        let key = tables::escalation(&alert, recipient);
        let record = books.read::<EscalationRecord>(tables::ESCALATION, &key, Some(&alert))?;
        if record.is_none_or(|record| record.due != time) {
            books.fault(
                Some(&alert),
                "A date is kept for its deputies, and no escalation has it.",
            );
        }
    }
    Ok(())
}

fn check_held(books: &mut Books<'_>) -> Result<(), AccountError> {
    let mut held = 0;
    let mut rows = Rows::of(books.store, tables::HELD);
    while let Some((key, _)) = rows.next()? {
        books.keep_going()?;
        let parts = tables::held_parts(&key).zip(key.first_chunk::<{ AlertId::LEN }>());
        let Some(((_, device, index), alert)) = parts else {
            books.fault(None, "A wrap is held back under a key that is none.");
            continue;
        };
        held += 1;
        let alert = AlertId::from_bytes(*alert);
        if !is_held(books, &alert, &device, index)? {
            let device = short(&device);
            let sentence = format!("The wrap of device {device} is held back, and is not here.");
            books.fault(Some(&alert), sentence);
        }
    }
    if held != books.account.wraps_held {
        let there = books.account.wraps_held;
        let sentence = format!("{held} wraps are said to be held back; {there} are.");
        books.fault(None, sentence);
    }
    Ok(())
}

/// Whoever was asked in another's place has a share, and not one that is held back.
fn check_asked(books: &mut Books<'_>) -> Result<(), AccountError> {
    let mut rows = Rows::of(books.store, tables::ASKED);
    while let Some((key, _)) = rows.next()? {
        books.keep_going()?;
        let parts = tables::held_parts(&key).zip(key.first_chunk::<{ AlertId::LEN }>());
        let Some(((_, device, index), alert)) = parts else {
            books.fault(None, "A deputy was asked under a key that is none.");
            continue;
        };
        let alert = AlertId::from_bytes(*alert);
        let key = tables::entry(&alert, &device, index);
        let entry = books.read::<EntryRecord>(tables::ENTRY, &key, Some(&alert))?;
        if entry.is_none_or(|entry| entry.is_held()) {
            let device = short(&device);
            let sentence = format!("Device {device} is said to be asked, and was given nothing.");
            books.fault(Some(&alert), sentence);
        }
    }
    Ok(())
}

fn is_held(
    books: &mut Books<'_>,
    alert: &AlertId,
    device: &DeviceId,
    index: u32,
) -> Result<bool, AccountError> {
    let key = tables::entry(alert, device, index);
    let entry = books.read::<EntryRecord>(tables::ENTRY, &key, Some(alert))?;
    Ok(entry.is_some_and(|entry| entry.is_held()))
}
