//! Every record pinned to the byte: a relay reads what an earlier one stored.

use maille_common::blob::Manifest;
use maille_common::codec::List;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::envelope::{Delivery, Submission};
use maille_common::identifier::Epoch;
use maille_common::vectors::{Vectors, annotate_choices, annotate_fields, sent};

use super::*;

annotate_fields! {
    MetaRecord { incarnation, since }
    AlertRecord {
        status, sender, recipients, class, first, accepted, expires, blobs, entries, bytes,
        unseen_told, purged, extends,
    }
    EnvelopeRecord { env, signatures, original }
    EntriesRecord { entries }
    EntryRecord { entry, wrap, proof, mail, answered }
    AnswerRecord { accepted }
    DeviceRecord { epoch, mailbox, accepted, waiting, waiting_bytes, bundle }
    MailRecord { class, bytes, mail }
    ReceiptRecord { receipt, note, readers, kept }
    SaidRecord { receipt }
    ToldRecord { epoch }
    NoticeRecord { notice }
    BundleRecord { bundle }
    SenderRecord { alerts, bytes }
    EndedRecord { stages, tombstone }
    TakenRecord { epoch, receipts }
    EscalationRecord { from, ack_within, expires_after, due, released, passed_over }
    ReleasedStep { step, elapsed }
    StopRecord { answered, officer, cancelled, exercise_cancelled }
    ClockRecord { count }
    KnownKeysRecord { transport, signing, known }
}

annotate_choices! {
    Mail {
        0 Delivery { alert, index }
        1 Receipt { receipt }
        2 Notice { notice }
    }
}

const NOW: Timestamp = Timestamp::from_unix_ms(1_795_420_800_000);
const ALERT: AlertId = AlertId::from_bytes([0xa1; 32]);
const STATEMENT: Hash = Hash::from_bytes([0xc1; 32]);

#[test]
fn every_record_has_its_pinned_bytes_and_they_are_read_back() {
    let mut vectors = Vectors::of(env!("CARGO_MANIFEST_DIR"), "vectors/records");
    alerts(&mut vectors);
    mailboxes(&mut vectors);
    vectors.record(
        "description",
        &MetaRecord {
            incarnation: Incarnation::from_bytes([8; 16]),
            since: NOW,
        },
    );
    let (alerts, bytes) = (7, 70_000);
    vectors.record("sender", &SenderRecord { alerts, bytes });
    let (stages, tombstone) = (0b1101, true);
    vectors.record("ended", &EndedRecord { stages, tombstone });
    let (epoch, receipts) = (Epoch(3), 258);
    vectors.record("taken", &TakenRecord { epoch, receipts });
    escalations(&mut vectors);
    vectors.has_every_record(NAMES);
    vectors.has_every_choice::<Mail>();
    vectors.end();
}

/// An alert whole, and an addendum past its retention.
fn alerts(vectors: &mut Vectors) {
    let submission: Submission = sent("submission");
    let delivery: Delivery = sent("delivery");
    let core = submission.env.core.value();
    let alert = AlertRecord {
        status: core.status,
        sender: core.sender.clone(),
        recipients: List::new(core.recipients.to_vec()).unwrap(),
        class: core.urgency.code(),
        first: true,
        accepted: NOW,
        expires: NOW + core.expires_after,
        blobs: List::new([sent::<Manifest>("manifest").id()]).unwrap(),
        entries: 1,
        bytes: 4_500,
        unseen_told: false,
        purged: false,
        extends: None,
    };
    vectors.record("alert", &alert);
    let addendum = AlertRecord {
        first: false,
        blobs: List::empty(),
        purged: true,
        extends: Some(ALERT),
        ..alert
    };
    vectors.record("alert-purged-addendum", &addendum);
    let envelope = EnvelopeRecord {
        env: submission.env,
        signatures: submission.signatures,
        original: None,
    };
    vectors.record("envelope", &envelope);
    let addendum: Delivery = sent("addendum");
    assert!(addendum.original.is_some());
    let envelope = EnvelopeRecord {
        env: addendum.env,
        signatures: addendum.signatures,
        original: addendum.original,
    };
    vectors.record("envelope-of-addendum", &envelope);
    let entries = EntriesRecord {
        entries: List::new([delivery.entry.clone()]).unwrap(),
    };
    vectors.record("entries", &entries);
    let entry = EntryRecord {
        entry: delivery.entry,
        wrap: delivery.wrap,
        proof: delivery.proof,
        mail: 258,
        answered: true,
    };
    vectors.record("entry", &entry);
    let accepted = sent("accepted");
    vectors.record("answer", &AnswerRecord { accepted });
}

fn mailboxes(vectors: &mut Vectors) {
    let device = DeviceRecord {
        epoch: Epoch(3),
        mailbox: 258,
        accepted: 4,
        waiting: 2,
        waiting_bytes: 5_000,
        bundle: 6,
    };
    vectors.record("device", &device);
    let alert = ALERT;
    let (receipt, notice) = (STATEMENT, STATEMENT);
    for (name, mail) in [
        ("mail-0-delivery", Mail::Delivery { alert, index: 1 }),
        ("mail-1-receipt", Mail::Receipt { receipt }),
        ("mail-2-notice", Mail::Notice { notice }),
    ] {
        let (class, bytes) = (1, 2_500);
        vectors.record(name, &MailRecord { class, bytes, mail });
    }
    let receipt = ReceiptRecord {
        receipt: sent("receipt"),
        note: Some(sent("sealed-note")),
        readers: 2,
        kept: true,
    };
    vectors.record("receipt", &receipt);
    let receipt = STATEMENT;
    vectors.record("said", &SaidRecord { receipt });
    let epoch = Epoch(3);
    vectors.record("told", &ToldRecord { epoch });
    let notice = sent("notice");
    vectors.record("notice", &NoticeRecord { notice });
    let bundle = sent("bundle");
    vectors.record("bundle", &BundleRecord { bundle });
}

fn escalations(vectors: &mut Vectors) {
    let released = ReleasedStep {
        step: 2,
        elapsed: Span::from_minutes(41),
    };
    let escalation = EscalationRecord {
        from: NOW,
        ack_within: Span::from_minutes(30),
        expires_after: Span::from_hours(24),
        due: NOW + Span::from_minutes(61),
        released: List::new(vec![released]).unwrap(),
        passed_over: List::new(vec![1, 3]).unwrap(),
    };
    vectors.record("escalation", &escalation);
    let stop = StopRecord {
        answered: true,
        officer: false,
        cancelled: true,
        exercise_cancelled: false,
    };
    vectors.record("stop", &stop);
    vectors.record("clock", &ClockRecord { count: count() });
    let [transport, signing] = [7, 8].map(|seed| SigningKey::from_seed([seed; 32]).verifying_key());
    let known = Span::from_days(40);
    let record = KnownKeysRecord {
        transport,
        signing,
        known,
    };
    vectors.record("known-keys", &record);
}

/// The wall was set back by an hour while the machine was off.
fn count() -> Count {
    let boot = |id: u8, since| maille_common::time::BootTime {
        id: [id; 16],
        since,
    };
    let before = maille_common::time::Reading {
        wall: NOW,
        boot: boot(1, Span::from_hours(9)),
    };
    let after = maille_common::time::Reading {
        wall: NOW - Span::from_hours(1),
        boot: boot(2, Span::from_seconds(20)),
    };
    Count::begin(before).read(after)
}
