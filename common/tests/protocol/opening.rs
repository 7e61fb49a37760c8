//! From a verified envelope to its words (PROTOCOL E13 to E16).

use maille_common::blob::{BlobId, BlobRef};
use maille_common::codec::{Bytes, encode};
use maille_common::content::{Alert, Heartbeat};
use maille_common::envelope::{
    Arrival, Content, IncomingStream, OpenFault, SealedEnvelope, StreamPosition, Submission, seal,
};
use maille_common::extension::Extension;
use maille_common::hash::Hash;
use maille_common::terms::{Reason, Urgency};

use crate::world::*;

#[test]
fn e13_a_wrap_for_another_key_device_or_core_does_not_open() {
    let letter = Letter::alert();
    let delivery = share(&letter.seal(), 3);
    let verified = SealedEnvelope::new(delivery)
        .unwrap()
        .verify(&roster(), &device(3), NOW)
        .unwrap();
    let gone = verified.clone().open(None).unwrap_err();
    assert_eq!(gone.reason(), Reason::KeyGone);
    let broken = verified.open(Some(&sealing(4))).unwrap_err();
    assert_eq!(broken, OpenFault::WrapBroken);
    // Device 4's wrap, signed by a dishonest sender as device 3's.
    let keys = letter.keys();
    let mut draft = letter.draft(&keys);
    for addressee in &mut draft.addressees {
        addressee.public = sealing(4).public_key();
    }
    let sent = seal(draft, &mut Fixed(1)).unwrap().submission;
    refused(&share(&sent, 3), 3, "E13");
    // A core changed after sealing, and signed again.
    let forged = forge_core(&letter.seal(), &[1], |core| core.urgency = Urgency::Past);
    refused(&share(&forged, 3), 3, "E13");
}

#[test]
fn e14_a_body_of_another_key_does_not_open() {
    let (sent, other) = (
        Letter::alert().seal(),
        Letter {
            seed: 77,
            ..Letter::alert()
        }
        .seal(),
    );
    let forged = forge(&sent, &[1], |env| env.body_hash = other.env.body_hash);
    let forged = Submission {
        body: other.body,
        ..forged
    };
    refused(&share(&forged, 3), 3, "E14");
}

fn opening(content: Vec<u8>) -> OpenFault {
    let letter = Letter {
        content,
        ..Letter::alert()
    };
    let sealed = SealedEnvelope::new(share(&letter.seal(), 3)).unwrap();
    let verified = sealed.verify(&roster(), &device(3), NOW).unwrap();
    verified.open(Some(&sealing(3))).unwrap_err()
}

#[test]
fn e15_content_that_is_not_of_its_form_is_returned_with_its_reason() {
    assert_eq!(opening(vec![]), OpenFault::ContentMalformed);
    let trailing = [encode(&alert()), vec![0]].concat();
    assert_eq!(opening(trailing), OpenFault::ContentMalformed);
    let wordless = Alert {
        subjects: list([]),
        ..alert()
    };
    assert_eq!(opening(encode(&wordless)), OpenFault::ContentMalformed);
    let newer = opening(encode(&Alert {
        version: 2,
        ..alert()
    }));
    assert_eq!(newer.reason(), Reason::VersionUnknown);
}

#[test]
fn e15_an_unknown_critical_extension_is_returned_as_such() {
    let extended = |critical| Alert {
        extensions: sorted([Extension {
            number: 9,
            critical,
            value: Bytes::new(*b"?").unwrap(),
        }]),
        ..alert()
    };
    let fault = opening(encode(&extended(true)));
    assert_eq!(fault, OpenFault::CriticalExtension(9));
    assert_eq!(fault.reason(), Reason::CriticalExtension);
    let letter = Letter {
        content: encode(&extended(false)),
        ..Letter::alert()
    };
    assert!(receive(&share(&letter.seal(), 3), 3).is_ok());
}

#[test]
fn e15_a_heartbeat_is_checked_like_an_alert() {
    let letter = Letter::heartbeat(NOW);
    let opened = receive(&share(&letter.seal(), 3), 3).unwrap();
    let Content::Heartbeat(heartbeat) = opened.content() else {
        panic!("a heartbeat");
    };
    let start = StreamPosition {
        number: 0,
        ..opened.position()
    };
    assert_eq!(opened.position(), start, "it adds nothing to the stream");
    let newer = Letter {
        content: encode(&Heartbeat {
            version: 2,
            ..heartbeat.clone()
        }),
        ..letter
    };
    refused(&share(&newer.seal(), 3), 3, "E15");
    let words = Letter {
        content: encode(&alert()),
        ..Letter::heartbeat(NOW)
    };
    refused(&share(&words.seal(), 3), 3, "E15");
}

#[test]
fn e15_attachments_are_named_by_envelope_and_content_alike() {
    let reference = BlobRef {
        id: BlobId::from_bytes([1; 32]),
        length: 5,
    };
    let letter = Letter {
        blobs: vec![reference],
        ..Letter::alert()
    };
    refused(&share(&letter.seal(), 3), 3, "E15");
}

#[test]
fn e16_the_position_of_a_first_alert_follows_the_start_of_its_stream() {
    let opened = receive(&share(&Letter::alert().seal(), 3), 3).unwrap();
    let mut stream = IncomingStream::start(&device(1), EPOCH, &device(3));
    let arrival = stream.receive(&opened.position(), opened.link());
    assert_eq!(arrival, Arrival::InOrder);
    let mut other = IncomingStream::start(&device(2), EPOCH, &device(3));
    let arrival = other.receive(&opened.position(), opened.link());
    assert_eq!(arrival, Arrival::Fork);
    assert_ne!(opened.position().chain, Hash::ZERO);
}
