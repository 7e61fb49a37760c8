use proptest::prelude::*;

use super::*;
use crate::blob::{BlobId, BlobRef};
use crate::codec::{Bytes, DecodeError, List, SortedList, Text, decode, encode};
use crate::crypto::chunked::{ContentKey, sealed_len};
use crate::crypto::padding;
use crate::extension::Extension;
use crate::hash::{FileHash, Hash};
use crate::identifier::{AlertId, Epoch};
use crate::limits;
use crate::terms::{
    Category, Certainty, HandlingCode, InformationGrade, PartRole, Reason, Response, Severity,
    SourceGrade, Tlp,
};
use crate::time::{Span, Timestamp};

fn attachment(number: u8) -> AttachmentDraft {
    let length = 40_000 + u64::from(number);
    AttachmentDraft {
        media_type: "image/jpeg".to_owned(),
        name: format!("{number}.jpg"),
        blob: BlobRef {
            id: BlobId::from_bytes([number; 32]),
            length: sealed_len(length),
        },
        key: ContentKey::from_bytes([number; 32]),
        length,
        digest: FileHash::of(&[number]),
    }
}

fn full_draft() -> AlertDraft {
    Alert::draft(("en", "Ransomware"))
        .subject(("ar", "برنامج الفدية"))
        .category(Category::Security)
        .severity(Severity::Severe)
        .certainty(Certainty::Likely)
        .event("SAME", "CEM")
        .response(Response::Assess)
        .tlp(Tlp::Red)
        .handling(HandlingCode::H1)
        .condition("Ask before use in court.")
        .evaluation(Evaluation {
            source: SourceGrade::B,
            information: InformationGrade::Two,
        })
        .onset(Timestamp::from_unix_ms(7))
        .area(("fr", "Lyon"))
        .answer_within(Span::from_hours(4))
        .external("siena", "2026-1183")
        .incident("op-lynx")
        .related(AlertId::from_bytes([9; 32]))
        .text(("en", "Look for the sender."))
        .attachment(attachment(1))
        .payload("application/json", "misp", b"{}".as_slice())
        .attachment(attachment(2))
        .signed_by("A. Moreau")
}

#[test]
fn a_full_draft_becomes_an_alert_that_comes_back_from_its_padding() {
    let blobs = full_draft().blobs();
    let alert = full_draft().build().unwrap();
    assert_eq!(alert.check(&blobs), Ok(()));
    let padded = padding::pad(&encode(&alert));
    assert_eq!(decode(padding::unpad(&padded).unwrap()), Ok(alert.clone()));
    assert_eq!(alert.subject(&["ar"]), "برنامج الفدية");
    assert_eq!(alert.parts[0].text(), Some("Look for the sender."));
    let indices: Vec<u32> = alert
        .parts
        .iter()
        .filter_map(|part| match &part.content {
            PartContent::Blob(blob) => Some(blob.index),
            PartContent::Inline(_) => None,
        })
        .collect();
    assert_eq!(indices, [0, 1]);
    assert_eq!(alert.clone(), alert);
}

#[test]
fn the_key_of_an_attachment_does_not_print() {
    let alert = full_draft().build().unwrap();
    assert!(format!("{alert:?}").contains("ContentKey(..)"));
}

#[test]
fn the_bytes_of_a_small_alert_are_pinned() {
    let alert = Alert::draft(("en", "S"))
        .tlp(Tlp::Green)
        .text(("fr", "T"))
        .build()
        .unwrap();
    let mut expected = vec![1, 0];
    expected.extend([1, 0, 0, 0, 2, 0, 0, 0, b'e', b'n', 1, 0, 0, 0, b'S']);
    expected.extend([0, 0, 0, 0]); // categories
    expected.extend([5, 5]); // severity, certainty
    expected.extend([0; 8]); // events, responses
    expected.push(4); // tlp
    expected.extend([0, 0, 0, 0]); // handling
    expected.extend([0, 0]); // evaluation, onset
    expected.extend([0, 0, 0, 0]); // areas
    expected.push(0); // answer_within
    expected.extend([0; 12]); // external, incidents, related
    expected.extend([1, 0, 0, 0, 1]); // one part, text
    expected.extend([24, 0, 0, 0]);
    expected.extend(b"text/plain;charset=utf-8");
    expected.extend([0, 0, 0, 0, 2, 0, 0, 0, b'f', b'r', 0, 0, 0, 0]);
    expected.extend([0, 0, 0, 0, 1, 0, 0, 0, b'T']); // inline
    expected.extend([0; 8]); // signed_by, extensions
    assert_eq!(encode(&alert), expected);
}

#[test]
fn the_bytes_of_a_blob_part_and_a_heartbeat_are_pinned() {
    let blob = PartBlob {
        index: 1,
        key: ContentKey::from_bytes([2; 32]),
        length: 3,
        digest: Hash::from_bytes([4; 32]),
    };
    let mut expected = vec![1, 0, 0, 0, 1, 0, 0, 0];
    expected.extend([2; 32]);
    expected.extend([3, 0, 0, 0, 0, 0, 0, 0]);
    expected.extend([4; 32]);
    assert_eq!(encode(&PartContent::Blob(blob)), expected);

    let missing = Missing {
        device: crate::address::DeviceId::from_bytes([5; 16]),
        epoch: Epoch(6),
        from: 7,
        to: 8,
    };
    let heartbeat = Heartbeat {
        version: 1,
        next_due: Timestamp::from_unix_ms(9),
        bundle: 10,
        missing: List::new([missing]).unwrap(),
        extensions: SortedList::empty(),
    };
    let mut expected = vec![
        1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
    ];
    expected.extend([5; 16]);
    for number in [6, 7, 8] {
        expected.extend([number, 0, 0, 0, 0, 0, 0, 0]);
    }
    expected.extend([0; 4]);
    assert_eq!(encode(&heartbeat), expected);
    assert_eq!(decode(&expected), Ok(heartbeat.clone()));
    assert_eq!(heartbeat.check(), Ok(()));
    let later = Heartbeat {
        version: 2,
        ..heartbeat
    };
    assert_eq!(later.check(), Err(ContentFault::Version(2)));
}

/// The fault of a full alert after one change.
fn fault(change: impl FnOnce(&mut Alert, &mut Vec<BlobRef>)) -> Option<ContentFault> {
    let mut blobs = full_draft().blobs();
    let mut alert = full_draft().build().unwrap();
    change(&mut alert, &mut blobs);
    alert.check(&blobs).err()
}

/// Changes one part.
fn part(alert: &mut Alert, index: usize, change: impl FnOnce(&mut Part)) {
    let mut parts = std::mem::take(&mut alert.parts).into_vec();
    change(&mut parts[index]);
    alert.parts = List::new(parts).unwrap();
}

fn blob(alert: &mut Alert, index: usize, change: impl FnOnce(&mut PartBlob)) {
    part(alert, index, |part| match &mut part.content {
        PartContent::Blob(blob) => change(blob),
        PartContent::Inline(_) => panic!("the part is inline"),
    });
}

#[test]
fn an_alert_without_subject_or_part_is_refused() {
    assert_eq!(fault(|_, _| ()), None);
    let no_subject = fault(|alert, _| alert.subjects = List::empty());
    assert_eq!(no_subject, Some(ContentFault::NoSubject));
    let no_part = fault(|alert, _| alert.parts = List::empty());
    assert_eq!(no_part, Some(ContentFault::NoPart));
    assert_eq!(no_part.unwrap().check(), "A1");
}

#[test]
fn texts_are_utf8_and_every_role_has_its_place() {
    let latin1 = PartContent::Inline(Bytes::new([0xe9]).unwrap());
    let broken = fault(|alert, _| part(alert, 0, |part| part.content = latin1.clone()));
    assert_eq!(broken, Some(ContentFault::TextNotUtf8 { part: 0 }));
    assert_eq!(
        fault(|alert, _| part(alert, 2, |part| part.content = latin1)),
        None
    );
    for (index, role) in [
        (0, PartRole::Attachment),
        (1, PartRole::Text),
        (1, PartRole::Payload),
        (2, PartRole::Attachment),
    ] {
        let fault = fault(|alert, _| part(alert, index, |part| part.role = role));
        assert_eq!(fault, Some(ContentFault::Place { part: index, role }));
    }
}

#[test]
fn blobs_and_parts_belong_to_each_other_one_to_one() {
    let unknown = fault(|alert, _| blob(alert, 3, |blob| blob.index = 2));
    assert_eq!(
        unknown,
        Some(ContentFault::UnknownBlob { part: 3, blob: 2 })
    );
    let twice = fault(|alert, _| blob(alert, 3, |blob| blob.index = 0));
    assert_eq!(
        twice,
        Some(ContentFault::BlobUsedTwice { part: 3, blob: 0 })
    );
    let unused = fault(|_, blobs| blobs.push(blobs[0]));
    assert_eq!(unused, Some(ContentFault::BlobUnused { blob: 2 }));
    let length = fault(|alert, _| blob(alert, 1, |blob| blob.length += 1));
    assert_eq!(length, Some(ContentFault::BlobLength { part: 1 }));
    let endless = fault(|alert, _| blob(alert, 1, |blob| blob.length = u64::MAX));
    assert_eq!(endless, Some(ContentFault::BlobLength { part: 1 }));
    assert_eq!(length.unwrap().check(), "A2");
}

#[test]
fn only_h3_has_words() {
    let wordy = Handling {
        code: HandlingCode::H2,
        text: Text::new("secret").unwrap(),
    };
    let fault = fault(|alert, _| alert.handling = List::new([wordy]).unwrap());
    assert_eq!(fault, Some(ContentFault::HandlingText(HandlingCode::H2)));
    assert_eq!(fault.unwrap().check(), "A3");
    let mut draft = Alert::draft("S").text("T");
    draft.handling.push((HandlingCode::H0, "x".to_owned()));
    let error = draft.build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "The handling code H0 has a text, and only H3 may have one."
    );
}

#[test]
fn an_unknown_critical_extension_refuses_the_whole_before_anything_else() {
    let extension = |critical| {
        SortedList::new([Extension {
            number: 7,
            critical,
            value: Bytes::default(),
        }])
        .unwrap()
    };
    assert_eq!(fault(|alert, _| alert.extensions = extension(false)), None);
    let fault = fault(|alert, _| {
        alert.extensions = extension(true);
        alert.parts = List::empty();
    });
    assert_eq!(fault, Some(ContentFault::CriticalExtension(7)));
    assert_eq!(fault.unwrap().reason(), Reason::CriticalExtension);
    assert_eq!(ContentFault::Version(2).reason(), Reason::VersionUnknown);
    assert_eq!(ContentFault::NoPart.reason(), Reason::ContentMalformed);
}

#[test]
fn a_draft_over_a_limit_names_the_field() {
    let long = Alert::draft("S").subject(("fr", "é".repeat(129))).text("T");
    let error = long.build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "The text of subject 2 has 258 bytes, and at most 256 are allowed."
    );
    assert_eq!(error.code(), "draft-text-too-long");

    let many = (0..8).fold(Alert::draft("S"), |draft, _| draft.subject("S"));
    assert_eq!(
        many.build().unwrap_err().to_string(),
        "There are 9 subjects, and at most 8 are allowed."
    );

    let empty = Alert::draft("S").build();
    assert_eq!(empty, Err(DraftError::Content(ContentFault::NoPart)));
}

#[test]
fn texts_and_payloads_together_stay_within_one_body() {
    let half = vec![0; limits::CONTENT_BYTES_MAX / 2];
    let draft = Alert::draft("S")
        .payload("a/b", "", half.clone())
        .payload("a/b", "", half);
    let limit = limits::CONTENT_BYTES_MAX;
    assert!(matches!(
        draft.build(),
        Err(DraftError::TooLarge { limit: l, found }) if l == limit && found > limit
    ));
    let one = Alert::draft("S").payload("a/b", "", vec![0; limit + 1]);
    assert_eq!(
        one.build(),
        Err(DraftError::TooLarge {
            limit,
            found: limit + 1
        })
    );
}

#[test]
fn broken_content_is_refused_by_name() {
    let mut bytes = encode(&full_draft().build().unwrap());
    bytes.push(0);
    assert_eq!(
        decode::<Alert>(&bytes),
        Err(DecodeError::Trailing { bytes: 1 })
    );
    assert_eq!(decode::<Alert>(&[]), Err(DecodeError::Truncated));
    // The tenth subject.
    assert!(matches!(
        decode::<Alert>(&[1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        Err(DecodeError::TooLong { limit: 8, found: 9 })
    ));
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_no_alert_or_the_one_encoding_of_it(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        if let Ok(alert) = decode::<Alert>(&bytes) {
            prop_assert_eq!(encode(&alert), bytes.clone());
        }
        if let Ok(heartbeat) = decode::<Heartbeat>(&bytes) {
            prop_assert_eq!(encode(&heartbeat), bytes);
        }
    }

    #[test]
    fn a_changed_byte_never_panics(place in 0..400_usize, value: u8) {
        let mut bytes = encode(&full_draft().build().unwrap());
        let place = place % bytes.len();
        bytes[place] = value;
        if let Ok(alert) = decode::<Alert>(&bytes) {
            let _ = alert.check(&full_draft().blobs());
            prop_assert_eq!(encode(&alert), bytes);
        }
    }

    #[test]
    fn every_draft_of_words_survives_the_wire(
        subject in ".{0,60}",
        text in ".{0,200}",
        payload in proptest::collection::vec(any::<u8>(), 0..200),
        language in "[a-z]{2}(-[A-Z]{2})?",
    ) {
        let draft = Alert::draft((language.clone(), subject.clone()))
            .text((language.clone(), text.clone()))
            .payload("application/octet-stream", "", payload);
        let alert = draft.build().unwrap();
        prop_assert_eq!(alert.subject(&[&language]), subject.as_str());
        prop_assert_eq!(alert.parts[0].text(), Some(text.as_str()));
        prop_assert_eq!(decode(&encode(&alert)), Ok(alert));
    }
}
