//! Every key of the relay's store, in one place: fixed width, big-endian, so that order in the
//! store is order in time, number and urgency.

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::blob::BlobId;
use maille_common::hash::{Hash, hash};
use maille_common::identifier::AlertId;
use maille_common::label::Label;
use maille_common::time::Timestamp;
use maille_durable::Table;
pub(super) use maille_durable::after_prefix as after;

macro_rules! tables {
    ($($(#[$meta:meta])* $name:ident = $number:literal;)+) => {
        $($(#[$meta])* pub(super) const $name: Table = Table($number);)+

        /// Every table by its name: each has its keys pinned.
        #[cfg(test)]
        const TABLES: &[(&str, Table)] = &[$((stringify!($name), $name)),+];
    };
}

tables! {
    /// Facts about the store itself: one record.
    META = 1;
    /// alert → `AlertRecord`, in pieces.
    ALERT = 2;
    /// alert → the env, signatures and original, in pieces.
    ENVELOPE = 3;
    /// alert → the sealed body, in pieces, the bytes as they came. Of an addendum: the original's.
    BODY = 4;
    /// alert, device, entry index → `EntryRecord`.
    ENTRY = 5;
    /// alert, recipient index → `AnswerRecord`: what the sender was told.
    ANSWER = 6;
    /// device → `DeviceRecord`.
    DEVICE = 7;
    /// device, number → `MailRecord`.
    MAIL = 8;
    /// device, class, number → nothing: what still waits, urgent first.
    WAITING = 9;
    /// receipt hash → the posted receipt and its note, in pieces.
    RECEIPT = 10;
    /// notice hash → the signed notice, in pieces.
    NOTICE = 11;
    /// device → its newest signed bundle, in pieces.
    BUNDLE = 12;
    /// counted time, alert → nothing: when something about the alert is due.
    DUE = 13;
    /// original, addendum → nothing.
    EXTENDS = 14;
    /// device, alert, entry index → nothing: what this store keeps for a device, answered or not.
    ADDRESSED = 15;
    /// blob, alert → nothing: which alerts name an attachment.
    NAMED = 16;
    /// sender contact → `SenderRecord`.
    SENDER = 17;
    /// receipt hash → nothing: receipts that were mailed, so that a repetition is not (I5).
    RECEIPT_SEEN = 18;
    /// alert, recipient index, device → `EndedRecord`, for ever.
    ENDED = 19;
    /// device → `TakenRecord`.
    TAKEN = 20;
    /// alert, recipient index, step, device, entry index → nothing: wraps that no deputy has been
    /// given yet.
    HELD = 21;
    /// alert, recipient index → `EscalationRecord`: deputies may still be asked.
    ESCALATION = 22;
    /// counted time, alert, recipient index → nothing: when a step of an escalation is due.
    STEP_DUE = 23;
    /// alert, contact → `StopRecord`: what stops an escalation that has not begun here.
    STOPPED = 24;
    /// One record: where counted time stands.
    CLOCK = 25;
    /// alert, recipient contact, device, stage → `SaidRecord`: what devices said about an alert
    /// that is kept.
    SAID = 40;
    /// envelope, device → `ToldRecord`: who brought it again, and was told what was said about it.
    TOLD = 41;
    /// envelope → `EntriesRecord`, in pieces, where copies for the sender's devices are kept.
    ENTRIES = 42;
    /// As [`HELD`]: wraps that deputies have been given, who learn of an answer.
    ASKED = 43;
    /// alert, recipient contact → nothing: its sender was told that nothing of it was seen here.
    UNSEEN = 44;
    /// One record: how long it is known here that the roster names the next pair of keys.
    KNOWN_KEYS = 45;
}

/// The one key of [`META`].
pub(super) const META_KEY: &[u8] = b"relay";

/// The one key of [`CLOCK`].
pub(super) const CLOCK_KEY: &[u8] = b"count";

/// The one key of [`KNOWN_KEYS`].
pub(super) const KNOWN_KEYS_KEY: &[u8] = b"next";

/// The key of a contact: its name has no fixed width, its hash has.
pub(super) fn contact(address: &ContactAddress) -> [u8; 32] {
    *hash(Label::CONTACT, &[address.as_str().as_bytes()]).as_bytes()
}

pub(super) fn entry(alert: &AlertId, device: &DeviceId, index: u32) -> Vec<u8> {
    [
        alert.as_bytes(),
        &device.as_bytes()[..],
        &index.to_be_bytes(),
    ]
    .concat()
}

pub(super) fn entries_of(alert: &AlertId, device: &DeviceId) -> Vec<u8> {
    [&alert.as_bytes()[..], device.as_bytes()].concat()
}

pub(super) fn answer(alert: &AlertId, recipient: u16) -> Vec<u8> {
    [&alert.as_bytes()[..], &recipient.to_be_bytes()].concat()
}

pub(super) fn mail(device: &DeviceId, number: u64) -> Vec<u8> {
    [&device.as_bytes()[..], &number.to_be_bytes()].concat()
}

pub(super) fn waiting(device: &DeviceId, class: u8, number: u64) -> Vec<u8> {
    [&device.as_bytes()[..], &[class], &number.to_be_bytes()].concat()
}

/// The number at the end of a [`waiting`] key.
pub(super) fn waiting_number(key: &[u8]) -> Option<u64> {
    key.last_chunk::<8>()
        .map(|number| u64::from_be_bytes(*number))
}

pub(super) fn due(time: Timestamp, alert: &AlertId) -> Vec<u8> {
    [&time.unix_ms().to_be_bytes()[..], alert.as_bytes()].concat()
}

/// The parts of a [`due`] key.
pub(super) fn due_parts(key: &[u8]) -> Option<(Timestamp, AlertId)> {
    let (time, alert) = key.split_first_chunk::<8>()?;
    let alert = <[u8; 32]>::try_from(alert).ok()?;
    let time = Timestamp::from_unix_ms(u64::from_be_bytes(*time));
    Some((time, AlertId::from_bytes(alert)))
}

pub(super) fn extends(original: &AlertId, addendum: &AlertId) -> Vec<u8> {
    [&original.as_bytes()[..], addendum.as_bytes()].concat()
}

pub(super) fn addressed(device: &DeviceId, alert: &AlertId, index: u32) -> Vec<u8> {
    [
        &device.as_bytes()[..],
        alert.as_bytes(),
        &index.to_be_bytes(),
    ]
    .concat()
}

/// The parts of an [`addressed`] key.
pub(super) fn addressed_parts(key: &[u8]) -> Option<(AlertId, u32)> {
    let (alert, index) = key.get(DeviceId::LEN..)?.split_first_chunk::<32>()?;
    let index = <[u8; 4]>::try_from(index).ok()?;
    Some((AlertId::from_bytes(*alert), u32::from_be_bytes(index)))
}

pub(super) fn ended(alert: &AlertId, recipient: u16, device: &DeviceId) -> Vec<u8> {
    [
        &alert.as_bytes()[..],
        &recipient.to_be_bytes(),
        device.as_bytes(),
    ]
    .concat()
}

/// Recipient and device of an [`ended`] key.
pub(super) fn ended_parts(key: &[u8]) -> Option<(u16, DeviceId)> {
    let (recipient, device) = key.get(AlertId::LEN..)?.split_first_chunk::<2>()?;
    let device = <[u8; DeviceId::LEN]>::try_from(device).ok()?;
    let recipient = u16::from_be_bytes(*recipient);
    Some((recipient, DeviceId::from_bytes(device)))
}

/// The beginning of the [`held`] keys of one step.
pub(super) fn held_for(alert: &AlertId, recipient: u16, step: u8) -> Vec<u8> {
    [
        &alert.as_bytes()[..],
        &recipient.to_be_bytes(),
        &step.to_be_bytes(),
    ]
    .concat()
}

pub(super) fn held(
    (alert, recipient, step): (&AlertId, u16, u8),
    device: &DeviceId,
    index: u32,
) -> Vec<u8> {
    [
        &held_for(alert, recipient, step)[..],
        device.as_bytes(),
        &index.to_be_bytes(),
    ]
    .concat()
}

/// Step, device and entry index of a [`held`] key.
pub(super) fn held_parts(key: &[u8]) -> Option<(u8, DeviceId, u32)> {
    let (step, rest) = key.get(AlertId::LEN + 2..)?.split_first()?;
    let (device, index) = rest.split_first_chunk::<{ DeviceId::LEN }>()?;
    let index = u32::from_be_bytes(<[u8; 4]>::try_from(index).ok()?);
    Some((*step, DeviceId::from_bytes(*device), index))
}

pub(super) fn escalation(alert: &AlertId, recipient: u16) -> Vec<u8> {
    [&alert.as_bytes()[..], &recipient.to_be_bytes()].concat()
}

/// The parts of an [`escalation`] key, which stand at the end of a [`step_due`] key as well.
pub(super) fn escalation_parts(key: &[u8]) -> Option<(AlertId, u16)> {
    let (alert, recipient) = key.split_first_chunk::<{ AlertId::LEN }>()?;
    let recipient = u16::from_be_bytes(<[u8; 2]>::try_from(recipient).ok()?);
    Some((AlertId::from_bytes(*alert), recipient))
}

pub(super) fn step_due(time: Timestamp, alert: &AlertId, recipient: u16) -> Vec<u8> {
    [
        &time.unix_ms().to_be_bytes()[..],
        &escalation(alert, recipient),
    ]
    .concat()
}

/// The parts of a [`step_due`] key.
pub(super) fn step_due_parts(key: &[u8]) -> Option<(Timestamp, AlertId, u16)> {
    let (time, escalation) = key.split_first_chunk::<8>()?;
    let (alert, recipient) = escalation_parts(escalation)?;
    let time = Timestamp::from_unix_ms(u64::from_be_bytes(*time));
    Some((time, alert, recipient))
}

pub(super) fn stopped(alert: &AlertId, by: &ContactAddress) -> Vec<u8> {
    [*alert.as_bytes(), contact(by)].concat()
}

pub(super) fn told(envelope: &AlertId, device: &DeviceId) -> Vec<u8> {
    entries_of(envelope, device)
}

pub(super) fn said(
    alert: &AlertId,
    recipient: &ContactAddress,
    device: &DeviceId,
    stage: u8,
) -> Vec<u8> {
    [
        alert.as_bytes(),
        &contact(recipient)[..],
        device.as_bytes(),
        &[stage],
    ]
    .concat()
}

/// The key of the recipient, device and code of the stage of a [`said`] key.
pub(super) fn said_parts(key: &[u8]) -> Option<([u8; 32], DeviceId, u8)> {
    let (recipient, rest) = key.get(AlertId::LEN..)?.split_first_chunk::<32>()?;
    let (device, stage) = rest.split_first_chunk::<{ DeviceId::LEN }>()?;
    let [stage] = stage else { return None };
    Some((*recipient, DeviceId::from_bytes(*device), *stage))
}

pub(super) fn unseen(alert: &AlertId, recipient: &ContactAddress) -> Vec<u8> {
    [*alert.as_bytes(), contact(recipient)].concat()
}

pub(super) fn named(blob: &BlobId, alert: &AlertId) -> Vec<u8> {
    [&blob.as_bytes()[..], alert.as_bytes()].concat()
}

pub(super) fn statement(hash: &Hash) -> &[u8] {
    hash.as_bytes()
}

#[cfg(test)]
mod tests;
