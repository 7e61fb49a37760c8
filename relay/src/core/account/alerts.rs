//! Alert by alert: what was accepted, and what became of each device's share.

use std::collections::BTreeMap;

use maille_common::address::DeviceId;
use maille_common::envelope::OWN_RECIPIENT;
use maille_common::identifier::AlertId;
use maille_common::terms::{Outcome, Release, Stage};

use super::super::records::{
    AlertRecord, AnswerRecord, EndedRecord, EntryRecord, Mail, MailRecord, SenderRecord,
};
use super::super::tables;
use super::walk::{Ids, Rows};
use super::{AccountError, Books, Ledger, short};

/// What the alerts add up to, to be held against what other records say.
#[derive(Default)]
pub(super) struct Sums {
    /// Kept of each sender, by the key of its record.
    pub(super) senders: BTreeMap<[u8; 32], SenderRecord>,
    /// The highest number of an answer given to each device.
    pub(super) answers: BTreeMap<DeviceId, u64>,
}

/// Everything stored under one alert's id.
struct Alert {
    id: AlertId,
    record: AlertRecord,
    has_envelope: bool,
    has_body: bool,
    entries: Vec<EntryRecord>,
    answers: BTreeMap<u16, AnswerRecord>,
    ended: BTreeMap<(u16, DeviceId), EndedRecord>,
}

/// Goes through every table whose keys begin with an alert, side by side.
pub(super) fn go_through(books: &mut Books<'_>) -> Result<Sums, AccountError> {
    let mut sums = Sums::default();
    let mut alerts = Ids::<32>::of(books.store, tables::ALERT)?;
    let mut envelopes = Ids::<32>::of(books.store, tables::ENVELOPE)?;
    let mut bodies = Ids::<32>::of(books.store, tables::BODY)?;
    let mut entries = Rows::of(books.store, tables::ENTRY);
    let mut answers = Rows::of(books.store, tables::ANSWER);
    let mut ended = Rows::of(books.store, tables::ENDED);
    loop {
        books.keep_going()?;
        let heads = [
            alerts.peek(),
            envelopes.peek(),
            bodies.peek(),
            entries.peek_id()?,
            answers.peek_id()?,
            ended.peek_id()?,
        ];
        let Some(key) = heads.into_iter().flatten().min() else {
            return Ok(sums);
        };
        let id = AlertId::from_bytes(key);
        let is_known = alerts.take(&key)?;
        let (has_envelope, has_body) = (envelopes.take(&key)?, bodies.take(&key)?);
        let entries = read_entries(books, &id, entries.all_of(&key)?)?;
        let answers = read_answers(books, &id, answers.all_of(&key)?, &mut sums);
        let ended = read_ended(books, &id, ended.all_of(&key)?);
        let accepted = enter_accepted(books, &answers);
        if !is_known {
            // Of an envelope that was accepted for nobody, the answers alone are kept.
            let is_refused = accepted.is_empty() && entries.is_empty() && ended.is_empty();
            if !is_refused || has_envelope || has_body {
                books.fault(
                    Some(&id),
                    "Parts of the alert are here, and its record is not.",
                );
            }
            continue;
        }
        let record = books.read_long::<AlertRecord>(tables::ALERT, &key, Some(&id))?;
        let Some(record) = record else { continue };
        let alert = Alert {
            id,
            record,
            has_envelope,
            has_body,
            entries,
            answers,
            ended,
        };
        check_kept(books, &alert, &mut sums)?;
        check_answers(books, &alert);
        let mut shares = BTreeMap::<u16, Vec<Share>>::new();
        for entry in &alert.entries {
            let share = check_entry(books, &alert, entry)?;
            shares.entry(entry.entry.recipient).or_default().push(share);
        }
        for (recipient, is_of_day) in accepted {
            let shares = shares.get(&recipient).map_or(&[][..], Vec::as_slice);
            if let Some(line) = end_of(books, &alert, recipient, shares) {
                enter(books, is_of_day, line);
            }
        }
    }
}

fn read_entries(
    books: &mut Books<'_>,
    id: &AlertId,
    rows: Vec<(Vec<u8>, Vec<u8>)>,
) -> Result<Vec<EntryRecord>, AccountError> {
    let mut entries = Vec::with_capacity(rows.len());
    for (key, bytes) in rows {
        let Some(entry) = books.understand::<EntryRecord>(&bytes, Some(id)) else {
            continue;
        };
        let (device, index) = (entry.entry.device, entry.proof.index);
        if key != tables::entry(id, &device, index) {
            books.fault(Some(id), "An entry stands under the key of another.");
            continue;
        }
        if !books.has(tables::ADDRESSED, &tables::addressed(&device, id, index))? {
            let device = short(&device);
            books.fault(
                Some(id),
                format!("An entry for device {device} is not in that device's list."),
            );
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn read_answers(
    books: &mut Books<'_>,
    id: &AlertId,
    rows: Vec<(Vec<u8>, Vec<u8>)>,
    sums: &mut Sums,
) -> BTreeMap<u16, AnswerRecord> {
    let mut answers = BTreeMap::new();
    for (key, bytes) in rows {
        let recipient = key.last_chunk().map(|index| u16::from_be_bytes(*index));
        let answer = books.understand::<AnswerRecord>(&bytes, Some(id));
        let (Some(recipient), Some(answer)) = (recipient, answer) else {
            continue;
        };
        let statement = &answer.accepted.statement;
        if statement.alert != *id {
            books.fault(
                Some(id),
                "An answer to a submission is about another alert.",
            );
        }
        let newest = sums.answers.entry(statement.device).or_default();
        *newest = statement.number.max(*newest);
        answers.insert(recipient, answer);
    }
    answers
}

fn read_ended(
    books: &mut Books<'_>,
    id: &AlertId,
    rows: Vec<(Vec<u8>, Vec<u8>)>,
) -> BTreeMap<(u16, DeviceId), EndedRecord> {
    let mut ended = BTreeMap::new();
    for (key, bytes) in rows {
        match (
            tables::ended_parts(&key),
            books.understand(&bytes, Some(id)),
        ) {
            (Some(share), Some(record)) => drop(ended.insert(share, record)),
            (None, _) => books.fault(Some(id), "The key of a device's end is no such key."),
            _ => {}
        }
    }
    ended
}

/// Enters what was accepted, by the signed answers alone; the recipients and whether it was on the
/// day.
fn enter_accepted(
    books: &mut Books<'_>,
    answers: &BTreeMap<u16, AnswerRecord>,
) -> Vec<(u16, bool)> {
    let mut accepted = Vec::new();
    for (recipient, answer) in answers {
        let statement = &answer.accepted.statement;
        if statement.outcome != Outcome::Accepted {
            continue;
        }
        let is_of_day = books.day.contains(&statement.time);
        enter(books, is_of_day, |ledger| &mut ledger.accepted);
        accepted.push((*recipient, is_of_day));
    }
    accepted
}

/// A line of a ledger.
type Heading = fn(&mut Ledger) -> &mut u64;

fn enter(books: &mut Books<'_>, is_of_day: bool, line: Heading) {
    *line(&mut books.account.all) += 1;
    if is_of_day {
        *line(&mut books.account.day) += 1;
    }
}

/// An alert that is kept has all its parts, and counts for its sender; a purged one has none.
fn check_kept(books: &mut Books<'_>, alert: &Alert, sums: &mut Sums) -> Result<(), AccountError> {
    let (id, record) = (&alert.id, &alert.record);
    let has_copies = books.has(tables::ENTRIES, &[id.as_bytes(), &[0; 4][..]].concat())?;
    if record.purged {
        books.account.alerts_purged += 1;
        let has_parts = alert.has_envelope || alert.has_body || has_copies;
        if has_parts || !alert.entries.is_empty() {
            books.fault(
                Some(id),
                "The alert is purged, and parts of it are still here.",
            );
        }
        return Ok(());
    }
    books.account.alerts_kept += 1;
    let sender = sums
        .senders
        .entry(tables::contact(&record.sender))
        .or_default();
    sender.alerts += 1;
    sender.bytes = sender.bytes.saturating_add(record.bytes);
    if !alert.has_envelope {
        books.fault(Some(id), "The alert is kept, and its envelope is missing.");
    }
    if !alert.has_body {
        books.fault(Some(id), "The alert is kept, and its body is missing.");
    }
    let mut entries = alert.entries.iter();
    if !has_copies && entries.any(|share| share.entry.release == Release::Own) {
        let sentence = "Copies are kept for its sender, and not whom it was given to.";
        books.fault(Some(id), sentence);
    }
    for blob in record.blobs.iter() {
        if !books.has(tables::NAMED, &tables::named(blob, id))? {
            books.fault(Some(id), "An attachment of the alert is not held for it.");
        }
    }
    if let Some(original) = &record.extends
        && !books.has(tables::EXTENDS, &tables::extends(original, id))?
    {
        books.fault(Some(id), "The alert it extends does not know of it.");
    }
    Ok(())
}

/// Each recipient was answered, and only those that are recipients.
fn check_answers(books: &mut Books<'_>, alert: &Alert) {
    let recipients = &alert.record.recipients;
    for (index, recipient) in (0u16..).zip(recipients.iter()) {
        match alert.answers.get(&index) {
            None => books.fault(
                Some(&alert.id),
                format!("No answer about {recipient} is kept."),
            ),
            Some(answer) if answer.accepted.statement.recipient != *recipient => {
                let sentence = format!("The answer about {recipient} names another contact.");
                books.fault(Some(&alert.id), sentence);
            }
            Some(_) => {}
        }
    }
    if alert
        .answers
        .keys()
        .any(|index| usize::from(*index) >= recipients.len())
    {
        books.fault(
            Some(&alert.id),
            "An answer is about nobody the alert is for.",
        );
    }
}

/// Where a device's share is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Share {
    Answered,
    /// Its mail is in the mailbox.
    Waiting,
    /// Kept for a deputy, and not in a mailbox.
    Held,
    /// In none of these places: a fault.
    Lost,
}

fn check_entry(
    books: &mut Books<'_>,
    alert: &Alert,
    share: &EntryRecord,
) -> Result<Share, AccountError> {
    let (id, entry) = (&alert.id, &share.entry);
    let device = short(&entry.device);
    let is_accepted = alert
        .answers
        .get(&entry.recipient)
        .is_some_and(|answer| answer.accepted.statement.outcome == Outcome::Accepted);
    if entry.recipient != OWN_RECIPIENT && !is_accepted {
        let sentence = format!("Device {device} has a share for a contact that was not accepted.");
        books.fault(Some(id), sentence);
    }
    if share.mail == 0 {
        if entry.release == Release::After && !share.answered {
            books.account.wraps_held += 1;
            return Ok(Share::Held);
        }
        let sentence = format!("The share of device {device} was never put into its mailbox.");
        books.fault(Some(id), sentence);
        return Ok(Share::Lost);
    }
    let index = share.proof.index;
    let as_deputy = entry.release == Release::After || entry.asks_now();
    let place = (id, entry.recipient, entry.step);
    if as_deputy && !books.has(tables::ASKED, &tables::held(place, &entry.device, index))? {
        let sentence = format!("Device {device} was asked, and would not be told of an answer.");
        books.fault(Some(id), sentence);
    }
    let key = tables::mail(&entry.device, share.mail);
    let mail = books.read::<MailRecord>(tables::MAIL, &key, Some(id))?;
    let mail = mail.filter(|mail| mail.mail == Mail::Delivery { alert: *id, index });
    let ended = alert.ended.get(&(entry.recipient, entry.device));
    let (place, sentence) = match (share.answered, mail) {
        (true, Some(_)) => (
            Share::Answered,
            format!("Device {device} has answered, and its mail still waits."),
        ),
        (true, None) if !ended.is_some_and(EndedRecord::is_answered) => (
            Share::Lost,
            format!("Device {device} is said to have answered, with no stage."),
        ),
        (true, None) => return Ok(Share::Answered),
        (false, Some(mail)) if mail.class != alert.record.class => (
            Share::Waiting,
            format!("The mail of device {device} has another urgency."),
        ),
        (false, Some(_)) => return Ok(Share::Waiting),
        (false, None) => (
            Share::Lost,
            format!("Device {device} has not answered, and no mail waits for it."),
        ),
    };
    books.fault(Some(id), sentence);
    Ok(place)
}

/// The heading for what became of an accepted recipient; none where it is a fault, and then the
/// books do not balance.
fn end_of(
    books: &mut Books<'_>,
    alert: &Alert,
    recipient: u16,
    shares: &[Share],
) -> Option<Heading> {
    let of_recipient = alert.ended.iter().filter(|((of, _), _)| *of == recipient);
    let ended: Vec<&EndedRecord> = of_recipient.map(|(_, ended)| ended).collect();
    let any = |stages: &[Stage]| {
        let has_one = |ended: &&EndedRecord| stages.iter().any(|stage| ended.has(*stage));
        ended.iter().any(has_one)
    };
    if any(&[Stage::Acknowledged]) {
        return Some(|ledger| &mut ledger.acknowledged);
    }
    if any(&[Stage::Refused]) {
        return Some(|ledger| &mut ledger.refused);
    }
    if shares.contains(&Share::Waiting) {
        return Some(|ledger| &mut ledger.open);
    }
    if shares.contains(&Share::Lost) {
        return None;
    }
    if any(&[Stage::Delivered, Stage::Complete, Stage::Read]) {
        return Some(|ledger| &mut ledger.delivered);
    }
    if any(&[Stage::Returned]) {
        return Some(|ledger| &mut ledger.returned);
    }
    if ended.iter().any(|ended| ended.tombstone) {
        return Some(|ledger| &mut ledger.tombstoned);
    }
    let contact = alert.record.recipients.get(usize::from(recipient));
    let contact = contact.map_or_else(|| "nobody".to_owned(), ToString::to_string);
    let sentence =
        format!("It was accepted for {contact}; no device has a share of it, and none ever had.");
    books.fault(Some(&alert.id), sentence);
    None
}
