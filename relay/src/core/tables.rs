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

/// Facts about the store itself: one record.
pub(super) const META: Table = Table(1);
/// The one key of [`META`].
pub(super) const META_KEY: &[u8] = b"relay";
/// alert → `AlertRecord`, in pieces.
pub(super) const ALERT: Table = Table(2);
/// alert → the env, signatures and original, in pieces.
pub(super) const ENVELOPE: Table = Table(3);
/// alert → the sealed body, in pieces. Of an addendum: the original's.
pub(super) const BODY: Table = Table(4);
/// alert, device, entry index → `EntryRecord`.
pub(super) const ENTRY: Table = Table(5);
/// alert, recipient index → `AnswerRecord`: what the sender was told.
pub(super) const ANSWER: Table = Table(6);
/// device → `DeviceRecord`.
pub(super) const DEVICE: Table = Table(7);
/// device, number → `MailRecord`.
pub(super) const MAIL: Table = Table(8);
/// device, class, number → nothing: what still waits, urgent first.
pub(super) const WAITING: Table = Table(9);
/// receipt hash → the posted receipt and its note, in pieces.
pub(super) const RECEIPT: Table = Table(10);
/// notice hash → the signed notice, in pieces.
pub(super) const NOTICE: Table = Table(11);
/// device → its newest signed bundle, in pieces.
pub(super) const BUNDLE: Table = Table(12);
/// time, alert → nothing: when something about the alert is due.
pub(super) const DUE: Table = Table(13);
/// original, addendum → nothing.
pub(super) const EXTENDS: Table = Table(14);
/// device, alert, entry index → nothing: what this store keeps for a device, answered or not.
pub(super) const ADDRESSED: Table = Table(15);
/// blob, alert → nothing: which alerts name an attachment.
pub(super) const NAMED: Table = Table(16);
/// sender contact → `SenderRecord`.
pub(super) const SENDER: Table = Table(17);

/// receipt hash → nothing: receipts that were mailed, so that a repetition is not (I5).
pub(super) const RECEIPT_SEEN: Table = Table(18);
/// alert, recipient index, device → `EndedRecord`, for ever.
pub(super) const ENDED: Table = Table(19);

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

pub(super) fn named(blob: &BlobId, alert: &AlertId) -> Vec<u8> {
    [&blob.as_bytes()[..], alert.as_bytes()].concat()
}

pub(super) fn statement(hash: &Hash) -> &[u8] {
    hash.as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_order_by_device_then_urgency_then_number() {
        let device = DeviceId::from_bytes([1; 16]);
        let keys = [
            waiting(&device, 1, 255),
            waiting(&device, 1, 256),
            waiting(&device, 2, 1),
            waiting(&DeviceId::from_bytes([2; 16]), 0, 0),
        ];
        assert!(keys.is_sorted());
        assert_eq!(waiting_number(&keys[1]), Some(256));
    }

    #[test]
    fn due_keys_order_by_time() {
        let alert = AlertId::from_bytes([9; 32]);
        let early = due(Timestamp::from_unix_ms(255), &alert);
        let late = due(Timestamp::from_unix_ms(256), &AlertId::from_bytes([0; 32]));
        assert!(early < late);
        assert_eq!(
            due_parts(&early),
            Some((Timestamp::from_unix_ms(255), alert))
        );
    }
}
