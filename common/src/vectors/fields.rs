//! The fields of every format, in their order.

use crate::address::{ContactAddress, DeviceId, Name};
use crate::archive::ChainId;
use crate::blob::{BlobId, BlobRef, Manifest};
use crate::content::{
    Alert, Code, DayDigest, Digest, Evaluation, External, GapAnswer, GivenStatement, Handed,
    Handling, Heartbeat, Holding, Item, Missing, Part, PartBlob, PartContent, Place,
    Reconciliation, RoundId, Step, ToldFork,
};
use crate::crypto::batch::BatchSignature;
use crate::crypto::chunked::ContentKey;
use crate::crypto::ed25519::{Signature, VerifyingKey};
use crate::crypto::hpke::SealingPublicKey;
use crate::envelope::{
    Core, Delivery, DeviceSignature, Entry, EntryProof, Env, Link, Original, ShownEntries,
    ShownEntry, SignedEnvelope, StreamPosition, Submission, SubmittedEntry,
};
use crate::evidence::{
    Accepted, Expiry, Note, NoteWrap, Notice, Receipt, RelayTime, SealedNote, Signed, Statement,
};
use crate::export::{ExportHead, Piece};
use crate::extension::Extension;
use crate::hash::Hash;
use crate::identifier::{AlertId, Epoch, Incarnation};
use crate::local_text::LocalText;
use crate::roster::{
    Anchor, Annex, AnnexHead, AuthorityKey, AuthorityPart, Contact, Deputy, Designation, Device,
    DeviceKeys, DeviceRequest, DutyHours, EndStage, Ends, Head, KeySignature, NamedList,
    Organisation, Relay, RelayKeys, RosterDocuments, RosterHeads, Rule, SignedAnnex,
    SignedAuthority, SignedRenewal, SignedRequest, SignedSuspension, Subject, Suspension,
    UrgencyDefault, Version,
};
use crate::sealing::{Bundle, SealingKey, SealingKeyId, SignedBundle};
use crate::terms::{
    AcceptReason, AckRule, Actor, Category, Certainty, GapEnd, HandlingCode, InformationGrade,
    Kind, NoticeKind, Numbered, Outcome, PartRole, Reach, Reason, Release, Response, Severity,
    SourceGrade, Stage, Standing, Status, Tlp, Urgency,
};
use crate::time::{BootTime, Count, Span, Timestamp};
use crate::wire::{
    Answer, BlobStanding, Hello, HelloAnswer, PostReceipt, Push, Refusal, RefusalCode, Request,
    Seen,
};

use super::page::{Annotate, Page, items, plain, shown};

macro_rules! leaves {
    ($how:ident: $($type:ty),+ $(,)?) => {$(
        impl Annotate for $type {
            fn annotate(&self, page: &mut Page, path: &str) {
                $how(self, page, path);
            }
        }
    )+};
}

/// Names the fields of structs in the order of their encoding.
#[macro_export]
macro_rules! annotate_fields {
    ($($type:ty { $($field:ident),+ $(,)? })+) => {$(
        impl $crate::vectors::Annotate for $type {
            fn annotate(&self, page: &mut $crate::vectors::Page, path: &str) {
                $($crate::vectors::Annotate::annotate(
                    &self.$field,
                    page,
                    &format!("{path}.{}", stringify!($field)),
                );)+
            }
        }
    )+};
}

leaves!(shown: bool, u8, u16, u32, u64, Kind, Status, Urgency, Severity, Certainty, Category,
    Response, Tlp, HandlingCode, SourceGrade, InformationGrade, AckRule, PartRole, Stage, Actor,
    Reason, Standing, Reach, Outcome, AcceptReason, NoticeKind, Release, RefusalCode,
    GapEnd, Numbered, Designation, EndStage);
leaves!(plain: RoundId, Hash, AlertId, DeviceId, BlobId, Incarnation, Epoch, ChainId,
    SealingKeyId, Signature, VerifyingKey, SealingPublicKey, ContentKey, Version, Name,
    ContactAddress, Timestamp, Span);

annotate_fields! {
    Anchor { version, network, threshold, keys }
    AuthorityPart {
        version, network, reach, number, previous, issued, renew_by, threshold, keys,
        organisations, relays, lists, defaults, rules, lifted, extensions,
    }
    AuthorityKey { key, organisation, holder }
    Organisation {
        name, standing, names, home_relays, annex_threshold, annex_keys, pin,
    }
    LocalText { language, text }
    Relay { name, organisation, addresses, keys }
    RelayKeys { transport, signing }
    NamedList { name, patterns }
    UrgencyDefault { urgency, ack_within, expires_after }
    Rule { from, to, two_persons }
    Head { number, hash }
    AnnexHead { organisation, number, hash }
    RosterHeads { authority, annexes, suspensions }
    RosterDocuments { authority, annexes, suspensions }
    SignedAuthority { part, signatures }
    SignedAnnex { annex, signatures }
    SignedSuspension { suspension, signature }
    KeySignature { key, signature }
    Annex {
        version, network, organisation, number, previous, issued, renew_by, officer_names,
        contacts, lifted, extensions,
    }
    Contact {
        address, names, role, languages, time_zone, hours, telephones, deputies,
        system_acknowledges, valid_from, valid_to, devices,
    }
    DutyHours { days, from_minute, to_minute }
    Deputy { contact, after }
    Device { id, label, keys }
    DeviceKeys { transport, signing, valid_from, valid_to }
    Suspension { version, network, subject, issued, reason, key }
    DeviceRequest { version, network, contact, device, label, transport, signing, created }
    SignedRequest { request, by_signing, by_transport }
    SignedRenewal { request, by_present }
    Extension { number, critical, value }
    Bundle {
        version, contact, device, number, previous, issued, reads, keys, extensions,
    }
    SealingKey { valid_from, valid_to, public }
    SignedBundle { bundle, signature }
    Core {
        version, kind, status, sender, device, roster, created, ack_within, expires_after,
        ack_rule, urgency, recipients, reference,
    }
    Env { core, body_hash, body_length, blobs, entries, root }
    BlobRef { id, length }
    DeviceSignature { device, signature }
    Entry { device, release, recipient, step, key, wrap }
    SubmittedEntry { entry, wrap }
    EntryProof { index, path }
    StreamPosition { epoch, number, chain }
    Link { core, body }
    Original { env, signatures }
    Submission { env, signatures, entries, original, body }
    Delivery { env, signatures, proof, entry, wrap, entries, original, body }
    BatchSignature { index, count, path, signature }
    Receipt {
        version, alert, recipient, contact, device, stage, actor, reason, officer, note, time,
        roster, bundle, epoch, number, previous, extensions,
    }
    Accepted {
        version, relay, incarnation, number, device, alert, recipient, outcome, reason,
        retry_after, time, roster,
    }
    Notice {
        version, relay, incarnation, alert, status, sender, recipient, kind, step, device, accepted,
        time, roster, uncertain,
    }
    Expiry { version, alert, recipient, device, time, roster, uncertain }
    RelayTime { version, relay, incarnation, challenge, time, roster }
    BootTime { id, since }
    Count { counted, wall, boot, gap }
    Note { version, salt, officer, text, suggested, duplicate_of }
    NoteWrap { device, key, sealed }
    SealedNote { wraps }
    Alert {
        version, subjects, categories, severity, certainty, events, responses, tlp, handling,
        evaluation, onset, areas, answer_within, external, incidents, related, parts, signed_by,
        extensions,
    }
    Code { scheme, value }
    Handling { code, text }
    Evaluation { source, information }
    External { channel, reference }
    Part { role, media_type, schema, language, name, content }
    PartBlob { index, key, length, digest }
    Heartbeat { version, next_due, bundle, missing, extensions }
    Missing { device, epoch, from, to }
    Reconciliation { version, round, turn, step, extensions }
    Place { day, alert }
    DayDigest { day, sent, received }
    Digest { alerts, root }
    Holding { place, sent, in_place, lost, statements }
    Handed { statements, again, more }
    Item { place, statement, held }
    GapAnswer { device, epoch, from, to, alert, end, again }
    ToldFork { device, of, epoch, number, first, second }
    Hello { versions, device, roster, epoch, challenge, seen }
    Seen { incarnation, mailbox, accepted }
    PostReceipt { receipt, note, to }
    HelloAnswer { version, time, roster, mailbox, accepted, epoch, receipts }
    Refusal { code, retry_after }
    BlobStanding { missing }
    ShownEntry { proof, entry }
    SignedEnvelope { env, signatures, entries }
    ExportHead { version, network, alert, contact, device, time, roster }
}

impl Annotate for Manifest {
    fn annotate(&self, page: &mut Page, path: &str) {
        self.length().annotate(page, &format!("{path}.length"));
        items(self.pieces(), page, &format!("{path}.pieces"));
    }
}

impl<S: Statement + Annotate> Annotate for Signed<S> {
    fn annotate(&self, page: &mut Page, path: &str) {
        self.statement.annotate(page, &format!("{path}.statement"));
        self.signature.annotate(page, &format!("{path}.signature"));
    }
}

/// Names the variants of enums in order, each with its fields. A variant left out does not compile.
#[macro_export]
macro_rules! annotate_choices {
    ($($type:ident {$(
        $number:literal $variant:ident $(($($part:ident),+))? $({ $($field:ident),* })?
    )+})+) => {$(
        impl $crate::vectors::Choice for $type {
            const NAME: &'static str = stringify!($type);
            const VARIANTS: &'static [&'static str] = &[$(stringify!($variant)),+];
        }

        impl $crate::vectors::Annotate for $type {
            fn annotate(&self, page: &mut $crate::vectors::Page, path: &str) {
                match self {$(
                    $type::$variant $(($($part),+))? $({ $($field),* })? => {
                        page.choice::<Self>(path, $number, stringify!($variant));
                        $($($crate::vectors::Annotate::annotate(
                            $part, page, &format!("{path}.{}", stringify!($part)),
                        );)+)?
                        $($($crate::vectors::Annotate::annotate(
                            $field, page, &format!("{path}.{}", stringify!($field)),
                        );)*)?
                    }
                )+}
            }
        }
    )+};
}

annotate_choices! {
    Step {
        0 Digests { from, after, days }
        1 Same
        2 Holdings { days, held, upto, handed }
        3 Evidence { handed }
        4 Closing { items, whole }
    }
    GivenStatement { 0 Receipt { receipt, note } 1 Expiry(expiry) 2 Envelope(envelope) }
    Ends {
        0 Authority
        1 Annex(organisation)
        2 Contact(address)
        3 Device(address, id)
        4 SealingKeys(address, id)
    }
    Subject { 0 Organisation(name) 1 Contact(address) 2 Device(address, id) }
    PartContent { 0 Inline(bytes) 1 Blob(blob) }
    ShownEntries { 0 All(entries) 1 Some(entries) }
    Piece {
        0 Authority(signed)
        1 Annex(signed)
        2 Suspension(signed)
        3 Roster(heads)
        4 Envelope(signed)
        5 Accepted(signed)
        6 Receipt { receipt, note }
        7 Notice(signed)
        8 Expiry(signed)
        9 Content { key, body }
        10 Officer { receipt, salt, name }
    }
    Request {
        0 Hello(hello)
        1 Submit(submission)
        2 Receipt(posted)
        3 Confirm { incarnation, numbers }
        4 PublishBundle(bundle)
        5 FetchBundles { contacts }
        6 FetchRoster { have }
        7 OfferRoster(documents)
        8 FetchHeads { roster }
        9 OfferBlob(manifest)
        10 PutPiece { blob, index, bytes }
        11 FetchManifest { alert, blob }
        12 FetchPiece { alert, blob, index }
    }
    Answer {
        0 Refused(refusal)
        1 Hello(hello)
        2 Accepted(accepted)
        3 Done {}
        4 Bundles(bundles)
        5 Roster(documents)
        6 Heads(heads)
        7 BlobStanding(standing)
        8 Manifest(manifest)
        9 Piece(bytes)
    }
    Push {
        0 Delivery { number, delivery }
        1 Receipt { number, receipt, note }
        2 Notice { number, notice }
        3 RosterNews { roster }
    }
}
