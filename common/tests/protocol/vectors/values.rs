//! One value of every format, from fixed keys and fixed randomness.

use maille_common::blob::{BlobId, BlobRef, ManifestBuilder};
use maille_common::codec::{Bytes, Exact};
use maille_common::content::{
    Alert, Code, Evaluation, External, GapAnswer, GapAnswers, Handling, Heartbeat, Missing, Part,
    PartBlob, PartContent, ToldFork, ToldForks,
};
use maille_common::crypto::chunked::{ContentKey, sealed_len};
use maille_common::evidence::{SealedNote, Signed, SignedReceipt, Statement, sign};
use maille_common::extension::{Extension, Extensions};
use maille_common::hash::{FileHash, Hash};
use maille_common::identifier::{AlertId, Epoch, Incarnation};
use maille_common::local_text::LocalText;
use maille_common::roster::{Roster, RosterDocuments, SignedRenewal, SignedSuspension, Subject};
use maille_common::sealing::SignedBundle;
use maille_common::terms::{
    Category, Certainty, GapEnd, HandlingCode, InformationGrade, Numbered, PartRole, Response,
    Severity, SourceGrade, Tlp,
};
use maille_common::time::Span;
use maille_common::vectors::Vectors;
use maille_common::wire::{
    Answer, BlobStanding, Hello, HelloAnswer, PostReceipt, Push, Refusal, RefusalCode, Request,
    Seen,
};

use crate::evidence::{accepted, expiry, notice, receipt, relay_time};
use crate::notes::{note, sealed_note};
use crate::types::{bundle, signed_request, suspension};
use crate::world::*;

const HASH: Hash = Hash::from_bytes([7; 32]);
const ALERT: AlertId = AlertId::from_bytes([0xa1; 32]);
const BLOB: BlobId = BlobId::from_bytes([0xb1; 32]);

pub(crate) fn check_all(check: &mut Vectors) {
    roster_formats(check);
    envelope_formats(check);
    evidence_formats(check);
    requests(check);
    answers(check);
    pushes(check);
}

fn small_letter() -> Letter {
    Letter {
        to: vec![(3, maille_common::terms::Release::Now, 0, 0)],
        ..Letter::alert()
    }
}

pub(crate) fn signed<S: Statement>(statement: S, by: u8) -> Signed<S> {
    sign(&key(by), vec![Exact::of(statement).unwrap()]).remove(0)
}

fn signed_bundle() -> SignedBundle {
    SignedBundle::sign(bundle(), &key(1))
}

fn signed_suspension() -> SignedSuspension {
    SignedSuspension::sign(&key(100), suspension()).unwrap()
}

fn extensions() -> Extensions {
    sorted([Extension {
        number: 9,
        critical: false,
        value: Bytes::new(*b"later").unwrap(),
    }])
}

fn roster_formats(check: &mut Vectors) {
    let documents = documents(|_| ());
    check.value("anchor", &anchor());
    check.value("authority", &documents.authority[0]);
    check.value("annex", &documents.annexes[1]);
    check.value("suspension", &signed_suspension());
    for (name, subject) in [
        (
            "subject-organisation",
            Subject::Organisation("beta".parse().unwrap()),
        ),
        ("subject-contact", Subject::Contact(address("beta/desk"))),
    ] {
        check.value(name, &subject);
    }
    let signed = signed_request();
    check.value("request", &signed);
    let renewal = SignedRenewal::sign(signed, &key(2));
    check.value("renewals", &list::<_, 1024>([renewal]));
    check.value("bundle", &signed_bundle());
    check.value("heads", roster().heads());
    check.value("documents", &small_documents());
}

fn small_documents() -> RosterDocuments {
    RosterDocuments {
        authority: list([]),
        annexes: list([documents(|_| ()).annexes[3].clone()]),
        suspensions: list([signed_suspension()]),
    }
}

fn envelope_formats(check: &mut Vectors) {
    let submission = small_letter().seal();
    check.value("core", submission.env.core.value());
    check.value("env", submission.env.value());
    check.value("entry", &submission.entries[0].entry);
    check.value("submission", &submission);
    check.value("delivery", &share(&submission, 3));
    let addendum = crate::addenda::addendum(&Letter::alert().seal(), 2, &[4]);
    check.value("addendum", &share(&addendum, 4));
    let opened = receive(&share(&submission, 3), 3).unwrap();
    check.value("stream-position", &opened.position());
    check.value("alert", &full_alert());
    check.value("heartbeat", &heartbeat());
    check.value("gap-answers", &gap_answers());
    check.value("told-forks", &told_forks());
    let mut builder = ManifestBuilder::new();
    builder.update(b"a sealed attachment").unwrap();
    check.value("manifest", &builder.finish().unwrap());
}

fn heartbeat() -> Heartbeat {
    Heartbeat {
        version: 1,
        next_due: NOW + Span::from_hours(1),
        bundle: 2,
        missing: list([Missing {
            device: device(3),
            epoch: EPOCH,
            from: 4,
            to: 6,
        }]),
        extensions: extensions(),
    }
}

/// The value of extension 1 of a heartbeat.
fn gap_answers() -> GapAnswers {
    let again = GapAnswer {
        device: device(3),
        epoch: EPOCH,
        from: 4,
        to: 4,
        alert: AlertId::from_bytes([7; 32]),
        end: GapEnd::Open,
        again: true,
    };
    let unknown = GapAnswer {
        from: 5,
        to: 6,
        alert: AlertId::NONE,
        end: GapEnd::Unknown,
        again: false,
        ..again
    };
    list([again, unknown])
}

/// The value of extension 2 of a heartbeat.
fn told_forks() -> ToldForks {
    list([ToldFork {
        device: device(3),
        of: Numbered::Alerts,
        epoch: EPOCH,
        number: 4,
        first: Hash::from_bytes([7; 32]),
        second: Hash::from_bytes([8; 32]),
    }])
}

/// Content with every field.
fn full_alert() -> Alert {
    let local = |language: &str, words: &str| LocalText {
        language: text(language),
        text: text(words),
    };
    let inline = |role, bytes: &[u8]| Part {
        role,
        media_type: text(Part::PLAIN_TEXT),
        schema: text("misp"),
        language: text("en"),
        name: text("words.txt"),
        content: PartContent::Inline(Bytes::new(bytes).unwrap()),
    };
    let attached = Part {
        content: PartContent::Blob(PartBlob {
            index: 0,
            key: ContentKey::from_bytes([6; 32]),
            length: 1000,
            digest: FileHash::of(b"plain"),
        }),
        ..inline(PartRole::Attachment, b"")
    };
    let full = Alert {
        version: 1,
        subjects: list([local("en", "Ransomware"), local("ar", "برنامج الفدية")]),
        categories: list([Category::Security, Category::Infra]),
        severity: Severity::Severe,
        certainty: Certainty::Likely,
        events: list([Code {
            scheme: text("SAME"),
            value: text("CEM"),
        }]),
        responses: list([Response::Assess]),
        tlp: Tlp::AmberStrict,
        handling: list([Handling {
            code: HandlingCode::H3,
            text: text("Ask before use in court."),
        }]),
        evaluation: Some(Evaluation {
            source: SourceGrade::B,
            information: InformationGrade::Two,
        }),
        onset: Some(NOW),
        areas: list([local("fr", "Lyon")]),
        answer_within: Some(Span::from_hours(4)),
        external: list([External {
            channel: text("siena"),
            reference: text("2026-1183"),
        }]),
        incidents: list([text("op-lynx")]),
        related: list([ALERT]),
        parts: list([
            inline(PartRole::Text, "Look for the sender.".as_bytes()),
            inline(PartRole::Payload, b"{}"),
            attached,
        ]),
        signed_by: text("A. Moreau"),
        extensions: extensions(),
    };
    let blob = BlobRef {
        id: BLOB,
        length: sealed_len(1000),
    };
    full.check(&[blob]).unwrap();
    full
}

fn signed_receipt() -> SignedReceipt {
    let noted = maille_common::evidence::Receipt {
        note: sealed_note(&note()).hash(),
        extensions: extensions(),
        ..crate::evidence::act(
            maille_common::terms::Stage::Acknowledged,
            maille_common::terms::Reason::None,
        )
    };
    signed(noted, 3)
}

fn sealed() -> SealedNote {
    sealed_note(&note())
}

fn evidence_formats(check: &mut Vectors) {
    check.value("receipt", &signed_receipt());
    let second = maille_common::evidence::Receipt {
        number: 2,
        previous: signed(receipt(), 3).hash(),
        ..receipt()
    };
    let batch = vec![Exact::of(receipt()).unwrap(), Exact::of(second).unwrap()];
    check.value("receipt-of-two", &sign(&key(3), batch).remove(1));
    check.value("accepted", &signed(accepted(), RELAY));
    check.value("notice", &signed(notice(), RELAY));
    check.value("expiry", &signed(expiry(), 1));
    check.value("relay-time", &signed(relay_time(), RELAY));
    check.value("note", &note());
    check.value("sealed-note", &sealed());
}

fn requests(check: &mut Vectors) {
    let incarnation = Incarnation::from_bytes([8; 16]);
    let hello = Hello {
        versions: list([1]),
        device: device(1),
        roster: HASH,
        epoch: EPOCH,
        challenge: [9; 16],
        seen: Some(Seen {
            incarnation,
            mailbox: 5,
            accepted: 2,
        }),
    };
    check.value("request-0-hello", &Request::Hello(hello));
    let submission = Box::new(small_letter().seal());
    check.value("request-1-submit", &Request::Submit(submission));
    let posted = PostReceipt {
        receipt: signed_receipt(),
        note: Some(sealed()),
        to: address("alpha/desk"),
    };
    check.value("request-2-receipt", &Request::Receipt(Box::new(posted)));
    let confirm = Request::Confirm {
        incarnation,
        numbers: list([3, 5]),
    };
    check.value("request-3-confirm", &confirm);
    let publish = Request::PublishBundle(Box::new(signed_bundle()));
    check.value("request-4-publish-bundle", &publish);
    let contacts = list([address("beta/desk"), address("gamma/desk")]);
    check.value(
        "request-5-fetch-bundles",
        &Request::FetchBundles { contacts },
    );
    let have = Roster::heads(&roster()).clone();
    check.value("request-6-fetch-roster", &Request::FetchRoster { have });
    let offer = Request::OfferRoster(Box::new(small_documents()));
    check.value("request-7-offer-roster", &offer);
    check.value(
        "request-8-fetch-heads",
        &Request::FetchHeads { roster: HASH },
    );
    let mut builder = ManifestBuilder::new();
    builder.update(b"a sealed attachment").unwrap();
    let offer = Request::OfferBlob(builder.finish().unwrap());
    check.value("request-9-offer-blob", &offer);
    let (alert, blob, index) = (ALERT, BLOB, 1);
    let bytes = Bytes::new(*b"a piece").unwrap();
    check.value(
        "request-10-put-piece",
        &Request::PutPiece { blob, index, bytes },
    );
    check.value(
        "request-11-fetch-manifest",
        &Request::FetchManifest { alert, blob },
    );
    check.value(
        "request-12-fetch-piece",
        &Request::FetchPiece { alert, blob, index },
    );
}

fn answers(check: &mut Vectors) {
    let refusal = Refusal::retry(RefusalCode::Busy, Span::from_seconds(5));
    check.value("answer-0-refused", &Answer::Refused(refusal));
    let hello = HelloAnswer {
        version: 1,
        time: signed(relay_time(), RELAY),
        roster: roster().heads().clone(),
        mailbox: 5,
        accepted: 2,
        epoch: Epoch(3),
        receipts: 7,
    };
    check.value("answer-1-hello", &Answer::Hello(Box::new(hello)));
    let accepted = list([signed(accepted(), RELAY)]);
    check.value("answer-2-accepted", &Answer::Accepted(accepted));
    check.value("answer-3-done", &Answer::Done);
    check.value(
        "answer-4-bundles",
        &Answer::Bundles(list([signed_bundle()])),
    );
    let documents = Box::new(small_documents());
    check.value("answer-5-roster", &Answer::Roster(documents));
    check.value("answer-6-heads", &Answer::Heads(roster().heads().clone()));
    let missing = list([(0, 3), (7, 7)]);
    let standing = Answer::BlobStanding(BlobStanding { missing });
    check.value("answer-7-blob-standing", &standing);
    let mut builder = ManifestBuilder::new();
    builder.update(b"a sealed attachment").unwrap();
    check.value(
        "answer-8-manifest",
        &Answer::Manifest(builder.finish().unwrap()),
    );
    let piece = Bytes::new(*b"a piece").unwrap();
    check.value("answer-9-piece", &Answer::Piece(piece));
}

fn pushes(check: &mut Vectors) {
    let delivery = Box::new(share(&small_letter().seal(), 3));
    check.value(
        "push-0-delivery",
        &Push::Delivery {
            number: 1,
            delivery,
        },
    );
    let push = Push::Receipt {
        number: 2,
        receipt: Box::new(signed_receipt()),
        note: None,
    };
    check.value("push-1-receipt", &push);
    let notice = Box::new(signed(notice(), RELAY));
    check.value("push-2-notice", &Push::Notice { number: 3, notice });
    check.value("push-3-roster-news", &Push::RosterNews { roster: HASH });
}
