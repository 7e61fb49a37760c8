//! Bytes of strangers: what is sent, and what travels in files.

use std::fmt::Debug;

use maille_common::address::Name;
use maille_common::archive::{ArchiveRecord, Follower};
use maille_common::blob::Manifest;
use maille_common::codec::{Decode, Encode, decode, encode};
use maille_common::content::{Alert, GapAnswers, Heartbeat, Reconciliation, ToldForks};
use maille_common::crypto::padding;
use maille_common::envelope::{
    Core, Delivery, Entry, Env, SealedEnvelope, SignedEnvelope, StreamPosition, Submission,
};
use maille_common::evidence::{
    Note, SealedNote, SignedAccepted, SignedExpiry, SignedNotice, SignedReceipt, SignedRelayTime,
};
use maille_common::export::{Export, Piece};
use maille_common::hash::{Hash, hash};
use maille_common::label::Label;
use maille_common::roster::difference::Difference;
use maille_common::roster::files::read_documents;
use maille_common::roster::{
    Anchor, Annex, AuthorityPart, Renewals, RosterDocuments, RosterHeads, SignedRequest, Subject,
};
use maille_common::sealing::SignedBundle;
use maille_common::wire::{Answer, Push, Request, RequestHead};

/// The hash and the signature at the end of an export.
const SEAL_LEN: usize = 32 + 64;

/// Decodes a value, which has to be the bytes it came from: one value, one encoding.
fn decoded<T: Decode<()> + Encode + Debug>(bytes: &[u8]) -> Option<T> {
    let value: T = decode(bytes).ok()?;
    assert!(encode(&value) == bytes, "a second encoding of {value:?}");
    Some(value)
}

/// Whether these bytes are a value of that type.
fn reads<T: Decode<()> + Encode + Debug>(bytes: &[u8]) -> bool {
    decoded::<T>(bytes).is_some()
}

pub(super) fn request(bytes: &[u8]) -> bool {
    let head = bytes.first_chunk().map(|head| RequestHead::parse(*head));
    let Some(Ok(head)) = head else {
        return false;
    };
    bytes.len() <= head.bytes_max() && reads::<Request>(bytes)
}

pub(super) fn answer(bytes: &[u8]) -> bool {
    reads::<Answer>(bytes)
}

pub(super) fn push(bytes: &[u8]) -> bool {
    match decoded(bytes) {
        Some(Push::Delivery { delivery, .. }) => SealedEnvelope::new(*delivery).is_ok(),
        other => other.is_some(),
    }
}

pub(super) fn certificate(bytes: &[u8]) -> bool {
    maille_link::parsers::certificate(bytes)
}

pub(super) fn envelope(bytes: &[u8]) -> bool {
    let Some(delivery) = decoded::<Delivery>(bytes) else {
        return false;
    };
    // Where the entry says it stands in the tree, before anybody hashes a path.
    let recipients = delivery.env.core.recipients.len();
    let _ = delivery.entry.is_well_formed(recipients);
    let _ = delivery.entry.is_for_recipient();
    SealedEnvelope::new(delivery).is_ok()
}

pub(super) fn submission(bytes: &[u8]) -> bool {
    let Some(submission) = decoded::<Submission>(bytes) else {
        return false;
    };
    let recipients = submission.env.core.recipients.len();
    for entry in submission.entries.iter() {
        let _ = entry.entry.is_well_formed(recipients);
        let _ = entry.entry.place();
    }
    submission.env.core.check().is_ok()
}

pub(super) fn envelope_part(bytes: &[u8]) -> bool {
    let core = decoded::<Core>(bytes).is_some_and(|core| core.check().is_ok());
    core || reads::<Env>(bytes) || reads::<Entry>(bytes) || reads::<SignedEnvelope>(bytes)
}

pub(super) fn wrap(bytes: &[u8]) -> bool {
    reads::<StreamPosition>(bytes)
}

/// What stands in a body once it is opened. Its signer is known, and may be dishonest.
pub(super) fn content(bytes: &[u8]) -> bool {
    if padding::unpad(bytes).is_ok_and(|plain| plain.len() < bytes.len() && content(plain)) {
        return true;
    }
    if let Some(heartbeat) = decoded::<Heartbeat>(bytes) {
        let _ = (heartbeat.answers(), heartbeat.forks());
        return heartbeat.check().is_ok();
    }
    if let Some(letter) = decoded::<Reconciliation>(bytes) {
        return letter.check().is_ok();
    }
    if let Some(alert) = decoded::<Alert>(bytes) {
        let _ = alert.subject(&["fr", "en"]);
        let _ = maille_common::drill::DrillMarks::of(&alert);
        // Attachments are named in the envelope, which is not here: that fault alone is no news.
        let _ = alert.check(&[]);
        return true;
    }
    reads::<GapAnswers>(bytes) || reads::<ToldForks>(bytes)
}

pub(super) fn receipt(bytes: &[u8]) -> bool {
    let receipt: Option<SignedReceipt> = decoded(bytes);
    receipt.is_some_and(|receipt| receipt.statement.check().is_ok())
}

pub(super) fn statement(bytes: &[u8]) -> bool {
    reads::<SignedAccepted>(bytes)
        || reads::<SignedNotice>(bytes)
        || reads::<SignedExpiry>(bytes)
        || reads::<SignedRelayTime>(bytes)
}

pub(super) fn note(bytes: &[u8]) -> bool {
    if let Some(note) = decoded::<Note>(bytes) {
        let _ = note.suggested_contact();
        return true;
    }
    reads::<SealedNote>(bytes)
}

pub(super) fn bundle(bytes: &[u8]) -> bool {
    let Some(signed) = decoded::<SignedBundle>(bytes) else {
        return false;
    };
    let _ = signed.succession(&signed);
    true
}

pub(super) fn blob_manifest(bytes: &[u8]) -> bool {
    let Some(manifest) = decoded::<Manifest>(bytes) else {
        return false;
    };
    for index in [0, manifest.piece_count().saturating_sub(1), u32::MAX] {
        let _ = manifest.piece_range(index);
    }
    true
}

/// An evidence file without its hash and signature, which are put behind it.
pub(super) fn export(written: &[u8]) -> bool {
    let hash = hash(Label::EXPORT, &[written]);
    let bytes = [written, hash.as_bytes(), &[7; 64]].concat();
    match Export::parse(&bytes) {
        Ok(export) => {
            assert!(export.to_bytes() == bytes, "a second encoding of an export");
            true
        }
        Err(_) => false,
    }
}

/// A record of an archive without its hash, which is put behind it.
pub(super) fn archive(written: &[u8]) -> bool {
    let hash = hash(Label::ARCHIVE_RECORD, &[written]);
    let bytes = [written, hash.as_bytes()].concat();
    match ArchiveRecord::parse(&bytes) {
        Ok(record) => {
            assert!(record.to_bytes() == bytes, "a second encoding of a record");
            let mut follower = Follower::of(record.place().chain);
            let _ = follower.follow(&record);
            true
        }
        Err(_) => false,
    }
}

pub(super) fn without_hash(mut file: Vec<u8>) -> Vec<u8> {
    file.truncate(file.len().saturating_sub(Hash::LEN));
    file
}

pub(super) fn without_seal(mut file: Vec<u8>) -> Vec<u8> {
    file.truncate(file.len().saturating_sub(SEAL_LEN));
    file
}

pub(super) fn export_piece(bytes: &[u8]) -> bool {
    reads::<Piece>(bytes)
}

pub(super) fn roster(bytes: &[u8]) -> bool {
    let Ok(documents) = read_documents(bytes) else {
        return false;
    };
    for signed in documents.authority.iter() {
        look_at_authority(&signed.part);
    }
    for signed in documents.annexes.iter() {
        look_at_annex(&signed.annex);
    }
    true
}

pub(super) fn roster_part(bytes: &[u8]) -> bool {
    if let Some(part) = decoded::<AuthorityPart>(bytes) {
        look_at_authority(&part);
        return true;
    }
    if let Some(annex) = decoded::<Annex>(bytes) {
        look_at_annex(&annex);
        return true;
    }
    reads::<Anchor>(bytes) || reads::<Subject>(bytes) || reads::<RosterDocuments>(bytes)
}

/// What is done with an authority part before a signature counts: holders read what it changes.
pub(super) fn look_at_authority(part: &AuthorityPart) {
    let _ = part.check();
    let _ = Difference::between(None, part).to_string();
    let _ = Difference::between(Some(part), part).to_string();
}

pub(super) fn look_at_annex(annex: &Annex) {
    let _ = annex.check();
    let _ = Difference::between_annexes(None, annex).to_string();
    let _ = Difference::between_annexes(Some(annex), annex).to_string();
}

pub(super) fn heads(bytes: &[u8]) -> bool {
    let Some(heads) = decoded::<RosterHeads>(bytes) else {
        // Or several of them, as a relay keeps them.
        return maille_relay::parsers::heads(bytes);
    };
    let _ = (heads.check(), heads.hash());
    true
}

pub(super) fn device_request(bytes: &[u8]) -> bool {
    let Some(signed) = decoded::<SignedRequest>(bytes) else {
        return false;
    };
    let _: Name = signed.request.contact.organisation();
    true
}

pub(super) fn renewals(bytes: &[u8]) -> bool {
    let Some(renewals) = decoded::<Renewals>(bytes) else {
        return false;
    };
    for renewal in renewals.iter() {
        let _: Name = renewal.request.request.contact.organisation();
    }
    true
}
