//! Every key of the desk's store, in one place: fixed width, big-endian.
//!
//! Keys stand in the clear, so they hold ids and hashes only, never names.

use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::codec::encode;
use maille_common::content::{Reconciliation, Step};
use maille_common::hash::{Hash, hash};
use maille_common::identifier::{AlertId, Epoch};
use maille_common::label::Label;
use maille_common::roster::Ends;
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
    /// Facts about the store itself.
    META = 1;
    /// alert → `OutboxRecord`, in pieces.
    OUTBOX = 2;
    /// alert → the submission, in pieces.
    SUBMISSION = 3;
    /// caller's reference → `ReferenceRecord`.
    REFERENCE = 4;
    /// relay, alert → `TargetRecord`.
    TARGET = 5;
    /// relay, due time, alert → nothing: what a relay has to be given.
    PENDING = 6;
    /// receiving device → `OutgoingRecord`.
    STREAM_OUT = 7;
    /// sending device, epoch → `IncomingRecord`, in pieces.
    STREAM_IN = 8;
    /// alert → `InboxRecord`, in pieces.
    INBOX = 9;
    /// alert → the delivery it came in, in pieces.
    DELIVERY = 10;
    /// envelope → `KnownRecord`: every id ever answered, kept for ever (I5).
    KNOWN = 11;
    /// sender contact → `RowRecord`: the row of receipts to it.
    ROW = 12;
    /// receipt → the posted receipt, in pieces.
    RECEIPT = 13;
    /// relay, receipt → `PostRecord`: what has to be posted where.
    POST = 14;
    /// alert, statement → `EvidenceRecord`, in pieces.
    EVIDENCE = 15;
    /// alert, relay, recipient → `AcceptedRecord`, in pieces.
    ACCEPTED = 16;
    /// signing device, epoch → `IncomingRowRecord`: the row of its receipts to us.
    ROW_IN = 17;
    /// number → `Event`.
    EVENT = 18;
    /// reader's name → `CursorRecord`.
    READER = 19;
    /// number → `Incident`.
    INCIDENT = 20;
    /// device → `BundleRecord`, in pieces: its newest.
    PEER_BUNDLE = 21;
    /// relay → `RelayRecord`.
    RELAY = 22;
    /// device, alert → `LackingRecord`: a device that should have an alert and has no wrap yet.
    LACKING = 23;
    /// envelope, relay → `HeldRecord`, in pieces: a delivery under a roster not known yet. Nothing
    /// about it is proven, so one relay's copy does not take the place of another's.
    HELD = 24;
    /// counted time, alert → nothing: when something about an alert is due.
    DUE = 25;
    /// relay, mailbox number → nothing: mail to confirm.
    CONFIRM = 26;
    /// alert, stage → `ActRecord`: the receipt this device gave for that act.
    ACT = 27;
    /// alert, addendum → nothing.
    EXTENDS = 28;
    /// numbering device, epoch, kind of row, first missing number → `HoleRecord`: receipts and
    /// alerts that others overtook.
    HOLE = 29;
    /// sending device, epoch → `HeardRecord`.
    STREAM_HEARD = 30;
    /// relay → `PostedRecord`.
    POSTED = 31;
    /// envelope, principal → `KnownRecord`: as `KNOWN`, of a wrap that this contact got as deputy.
    KNOWN_AS_DEPUTY = 32;
    /// alert, principal → `DeputyRecord`: in whose place this contact was asked besides.
    DEPUTY_FOR = 33;
    /// alert, stage, principal → `ActRecord`: as `ACT`, in another's place.
    ACT_FOR = 34;
    /// One record: where counted time stands.
    CLOCK = 35;
    /// alert, stage → `DutyRecord`: who did it here.
    DUTY = 36;
    /// alert → `AnswerByRecord`, in pieces: an answer was asked for.
    ANSWER_BY = 37;
    /// counted time, alert → nothing: when an answer that was asked for is due.
    ANSWER_DUE = 38;
    /// counted time, alert, recipient → nothing: when an acknowledgement that this contact owes is
    /// due.
    OWED_DUE = 39;
    /// roster → `HeadsRecord`, in pieces: every roster that was in use here.
    HEADS = 40;
    /// envelope → `EnvelopeRecord`, in pieces: what stays when wraps and content go.
    ENVELOPE = 41;
    /// receiving device → `WrittenRecord`: who was written to within 14 days.
    WRITTEN = 42;
    /// relay, contact → `HeartbeatRecord`.
    HEARTBEAT = 43;
    /// sending device → `PeerRecord`.
    PEER = 44;
    /// sending device → `UnreadRecord`.
    UNREAD = 45;
    /// device, alert, principal → `AskedDeputyRecord`: a deputy that waits for an addendum.
    ASKED_DEPUTY = 46;
    /// alert, update or cancel → nothing: what was said about it since.
    ABOUT = 47;
    /// alert, receipt → `EarlyRecord`, in pieces: receipts about what is not here.
    EARLY = 48;
    /// alert → `UnseenRecord`: what went at a relay before it was collected.
    UNSEEN = 49;
    /// relay, envelope → `LetterRecord`: a letter of a reconciliation that a relay has to be given.
    LETTER = 50;
    /// sending device, round, place in it → `ArrivedRecord`, in pieces: letters not looked at yet.
    ARRIVED = 51;
    /// device → `RoundRecord`, in pieces: the rounds that this device begins with it.
    ROUND = 52;
    /// device → `TurnRecord`: the newest round that it began.
    TURN = 53;
    /// device, alert → `AgainRecord`: what was sent to it again.
    AGAIN = 54;
    /// device, day → `ApartRecord`: what was told to stay different.
    APART = 55;
    /// receiving device, epoch, number → `GivenRecord`.
    GIVEN = 56;
    /// asking device, epoch, first number → `AskedRecord`.
    ASKED = 57;
    /// numbering device, epoch, kind of row, number → `TakenRecord`: what came under it.
    TAKEN = 58;
    /// numbering device, epoch, kind of row, number → `ForkRecord`.
    FORK_SEEN = 59;
    /// numbering device, epoch, kind of row, number → `ToldForkRecord`.
    FORK_TOLD = 60;
    /// envelope → `StandInRecord`, in pieces: what a colleague sent.
    STAND_IN = 61;
    /// receiving device → `WrittenRecord`: whom an addendum of this device addressed.
    ADDED = 62;
    /// relay, alert, receipt → `PostRecord`: others' answers that a relay has to be passed on.
    FORWARD = 63;
    /// The same → nothing: the relay has it.
    FORWARDED = 64;
    /// organisation → `HomesRecord`: the home relays by which receipts were posted.
    HOMES = 65;
    /// One record: sealing keys to be erased, and how long mail for them had time to come.
    ERASURE = 66;
    /// relay → `RosterShownRecord`: the roster that it showed last.
    ROSTER_SHOWN = 67;
    /// One key → nothing: content was purged, and its bytes may still be in files of the store.
    ERASE_DUE = 70;
    /// One record: how far the archive has come.
    ARCHIVE = 71;
    /// attachment → nothing: what is still to be copied to the archive.
    ARCHIVE_BLOB = 72;
    /// One record: what was told of why the roster has this device no more.
    EXCLUDED = 73;
    /// relay → `NotAdmittedRecord`: it refuses the key of this device.
    NOT_ADMITTED = 74;
    /// what ends → `EndingToldRecord`: how near it was when that was told.
    ENDING_TOLD = 75;
    /// One record: what was told of this device's own keys.
    KEYS_TOLD = 76;
}

/// The one key of [`META`].
pub(super) const META_KEY: &[u8] = b"desk";

/// The one key of [`ERASE_DUE`].
pub(super) const ERASE_KEY: &[u8] = b"erase";

/// The one key of [`ARCHIVE`].
pub(super) const ARCHIVE_KEY: &[u8] = b"archive";

/// The one key of [`EXCLUDED`].
pub(super) const EXCLUDED_KEY: &[u8] = b"device";

/// The one key of [`KEYS_TOLD`].
pub(super) const KEYS_TOLD_KEY: &[u8] = b"pair";

/// The one key of [`CLOCK`].
pub(super) const CLOCK_KEY: &[u8] = b"count";

/// The one key of [`ERASURE`].
pub(super) const ERASURE_KEY: &[u8] = b"keys";

/// The key of a relay: its name has no fixed width, its hash has.
pub(super) fn relay(name: &Name) -> [u8; 32] {
    *hash(Label::CONTACT, &[name.as_str().as_bytes()]).as_bytes()
}

/// The key of a contact.
pub(super) fn contact(address: &ContactAddress) -> [u8; 32] {
    *hash(Label::CONTACT, &[address.as_str().as_bytes()]).as_bytes()
}

/// The key of a word chosen outside: a caller's reference, a reader's name.
pub(super) fn word(word: &str) -> [u8; 32] {
    *hash(Label::REFERENCE, &[word.as_bytes()]).as_bytes()
}

/// The key of something that ends.
pub(super) fn ending(what: &Ends) -> [u8; 32] {
    *hash(Label::REFERENCE, &[&encode(what)]).as_bytes()
}

pub(super) fn held(envelope: &AlertId, name: &Name) -> Vec<u8> {
    [*envelope.as_bytes(), relay(name)].concat()
}

pub(super) fn target(name: &Name, alert: &AlertId) -> Vec<u8> {
    [relay(name), *alert.as_bytes()].concat()
}

pub(super) fn heartbeat(name: &Name, to: &ContactAddress) -> Vec<u8> {
    [relay(name), contact(to)].concat()
}

pub(super) fn pending(name: &Name, due: Timestamp, alert: &AlertId) -> Vec<u8> {
    [
        &relay(name)[..],
        &due.unix_ms().to_be_bytes(),
        alert.as_bytes(),
    ]
    .concat()
}

/// The last key of what a relay has to be given by `now`, and the first key after it.
pub(super) fn pending_until(name: &Name, now: Timestamp) -> Vec<u8> {
    after(&[&relay(name)[..], &now.unix_ms().to_be_bytes()].concat())
}

/// The due time in a [`pending`] key.
pub(super) fn pending_due(key: &[u8]) -> Option<Timestamp> {
    let due = key.get(32..)?.first_chunk::<8>()?;
    Some(Timestamp::from_unix_ms(u64::from_be_bytes(*due)))
}

/// The alert at the end of a key.
pub(super) fn alert_at_end(key: &[u8]) -> Option<AlertId> {
    key.last_chunk::<32>()
        .map(|alert| AlertId::from_bytes(*alert))
}

/// The statement at the end of a key.
pub(super) fn hash_at_end(key: &[u8]) -> Option<Hash> {
    key.last_chunk::<32>().map(|hash| Hash::from_bytes(*hash))
}

pub(super) fn stream_in(device: &DeviceId, epoch: Epoch) -> Vec<u8> {
    [&device.as_bytes()[..], &epoch.0.to_be_bytes()].concat()
}

/// A number of a stream, between the devices and in the epoch that [`stream_in`] names.
pub(super) fn given(device: &DeviceId, epoch: Epoch, number: u64) -> Vec<u8> {
    [&stream_in(device, epoch)[..], &number.to_be_bytes()].concat()
}

/// The device, epoch and number of a [`given`] key.
pub(super) fn given_of(key: &[u8]) -> Option<(DeviceId, Epoch, u64)> {
    let (device, rest) = key.split_first_chunk::<16>()?;
    let epoch = rest.first_chunk::<8>()?;
    let epoch = Epoch(u64::from_be_bytes(*epoch));
    Some((DeviceId::from_bytes(*device), epoch, number_at_end(rest)?))
}

/// A number, or a hole by its first one, in a row, of one kind, of the device that [`stream_in`]
/// names.
pub(super) fn hole(device: &DeviceId, epoch: Epoch, row: u8, from: u64) -> Vec<u8> {
    [&stream_in(device, epoch)[..], &[row], &from.to_be_bytes()].concat()
}

pub(super) fn post(name: &Name, receipt: &Hash) -> Vec<u8> {
    [relay(name), *receipt.as_bytes()].concat()
}

pub(super) fn forward(name: &Name, alert: &AlertId, receipt: &Hash) -> Vec<u8> {
    [relay(name), *alert.as_bytes(), *receipt.as_bytes()].concat()
}

/// Alert and receipt of a [`forward`] key.
pub(super) fn forward_parts(key: &[u8]) -> Option<(AlertId, Hash)> {
    let (alert, receipt) = key.get(32..)?.split_first_chunk::<32>()?;
    let receipt = <[u8; 32]>::try_from(receipt).ok()?;
    Some((AlertId::from_bytes(*alert), Hash::from_bytes(receipt)))
}

pub(super) fn evidence(alert: &AlertId, statement: &Hash) -> Vec<u8> {
    [*alert.as_bytes(), *statement.as_bytes()].concat()
}

pub(super) fn accepted(alert: &AlertId, name: &Name, recipient: &ContactAddress) -> Vec<u8> {
    [*alert.as_bytes(), relay(name), contact(recipient)].concat()
}

pub(super) fn act(alert: &AlertId, stage: u8) -> Vec<u8> {
    [&alert.as_bytes()[..], &[stage]].concat()
}

pub(super) fn act_for(alert: &AlertId, stage: u8, principal: &ContactAddress) -> Vec<u8> {
    [&act(alert, stage)[..], &contact(principal)].concat()
}

/// An alert or envelope, and a contact whose obligation it is.
pub(super) fn deputy_for(alert: &AlertId, principal: &ContactAddress) -> Vec<u8> {
    [*alert.as_bytes(), contact(principal)].concat()
}

/// An alert, and an update or cancel of it.
pub(super) fn about(alert: &AlertId, amendment: &AlertId) -> Vec<u8> {
    extends(alert, amendment)
}

pub(super) fn asked_deputy(
    device: &DeviceId,
    envelope: &AlertId,
    principal: &ContactAddress,
) -> Vec<u8> {
    [&lacking(device, envelope)[..], &contact(principal)].concat()
}

/// The device and envelope of an [`asked_deputy`] key.
pub(super) fn asked_deputy_parts(key: &[u8]) -> Option<(DeviceId, AlertId)> {
    let (device, rest) = key.split_first_chunk::<16>()?;
    let envelope = rest.first_chunk::<32>()?;
    Some((
        DeviceId::from_bytes(*device),
        AlertId::from_bytes(*envelope),
    ))
}

pub(super) fn extends(alert: &AlertId, addendum: &AlertId) -> Vec<u8> {
    [*alert.as_bytes(), *addendum.as_bytes()].concat()
}

pub(super) fn lacking(device: &DeviceId, alert: &AlertId) -> Vec<u8> {
    [&device.as_bytes()[..], alert.as_bytes()].concat()
}

/// A letter of a round.
pub(super) fn arrived(device: &DeviceId, letter: &Reconciliation) -> Vec<u8> {
    let place = match letter.step {
        Step::Digests { .. } => 0,
        Step::Same => 1,
        Step::Holdings { .. } => 2,
        Step::Evidence { .. } => 3,
        Step::Closing { .. } => 4,
    };
    [&device.as_bytes()[..], letter.round.as_bytes(), &[place]].concat()
}

pub(super) fn apart(device: &DeviceId, day: u32) -> Vec<u8> {
    [&device.as_bytes()[..], &day.to_be_bytes()].concat()
}

pub(super) fn due(time: Timestamp, alert: &AlertId) -> Vec<u8> {
    [&time.unix_ms().to_be_bytes()[..], alert.as_bytes()].concat()
}

/// When something about one obligation of an alert is due.
pub(super) fn owed_due(time: Timestamp, alert: &AlertId, recipient: &ContactAddress) -> Vec<u8> {
    [&due(time, alert)[..], &contact(recipient)].concat()
}

/// The alert in an [`owed_due`] key, and the key of the [`contact`] whose obligation it is.
pub(super) fn owed_of(key: &[u8]) -> Option<(AlertId, [u8; 32])> {
    let alert = key.get(8..)?.first_chunk::<32>()?;
    let recipient = key.get(40..)?.first_chunk::<32>()?;
    Some((AlertId::from_bytes(*alert), *recipient))
}

/// The time in a [`due`] key.
pub(super) fn due_time(key: &[u8]) -> Option<Timestamp> {
    let time = key.first_chunk::<8>()?;
    Some(Timestamp::from_unix_ms(u64::from_be_bytes(*time)))
}

pub(super) fn confirm(name: &Name, number: u64) -> Vec<u8> {
    [&relay(name)[..], &number.to_be_bytes()].concat()
}

/// The number at the end of a key.
pub(super) fn number_at_end(key: &[u8]) -> Option<u64> {
    key.last_chunk::<8>()
        .map(|number| u64::from_be_bytes(*number))
}

#[cfg(test)]
mod tests;
