//! Two plaintexts under one ciphertext: AES-GCM alone does not bind a key, the commitment does.

use maille_client::core::{Collected, IncidentKind};
use maille_common::address::DeviceId;
use maille_common::codec::{Exact, encode};
use maille_common::content::Alert;
use maille_common::crypto::chunked::{self, ContentKey, SALT_LEN};
use maille_common::crypto::padding;
use maille_common::envelope::{
    Content, Core, Link, OpenFault, OutgoingStream, RevealFault, SignedEnvelope, StreamPosition,
    Submission, body_context, body_hash, core_hash,
};
use maille_common::identifier::AlertId;
use maille_common::terms::{Kind, PartRole, Reason};
use maille_common::wire::Push;
use maille_tests::hostile::gcm::{BLOCK, collide, derived};
use maille_tests::hostile::{Cast, ForgedWrap, Forgery, share};

const ONE: [u8; 32] = [0x11; 32];
const OTHER: [u8; 32] = [0x22; 32];
const SALT: [u8; SALT_LEN] = [0x33; SALT_LEN];
const WORDS: &str = "Arrest nobody.";
const OTHER_WORDS: &[u8; 32] = b"Arrest everybody who comes by.  ";

/// A chunk that opens under two keys, and the commitment of each.
struct TwoFaced {
    chunk: Vec<u8>,
    commitments: [[u8; 32]; 2],
    /// Where the other words stand in the other plaintext.
    other_words: usize,
}

fn key(bytes: [u8; 32]) -> ContentKey {
    ContentKey::from_bytes(bytes)
}

fn context(core: &Core) -> Vec<u8> {
    body_context(&Exact::of(core.clone()).unwrap())
}

/// Under the one key it is a whole alert; its payload, which may be any bytes, holds the block that
/// makes the tag, and what the other key reads as other words.
fn two_faced(core: &Core) -> TwoFaced {
    const FILLER: [u8; 160] = [0xab; 160];
    let alert =
        Alert::draft("Instructions")
            .text(WORDS)
            .payload("application/octet-stream", "", FILLER);
    let plain = padding::pad(&encode(&alert.build().unwrap()));
    let payload = plain.windows(FILLER.len()).position(|at| at == FILLER);
    let start = payload.unwrap().next_multiple_of(BLOCK);
    let context = context(core);
    let (one, commitment) = derived(&key(ONE), &SALT, &context);
    let (other, other_commitment) = derived(&key(OTHER), &SALT, &context);
    let mut ciphertext = one.stream(&plain);
    let mut other_plain = other.stream(&ciphertext);
    other_plain[start..start + OTHER_WORDS.len()].copy_from_slice(OTHER_WORDS);
    let words = start..start + OTHER_WORDS.len();
    ciphertext[words.clone()].copy_from_slice(&other.stream(&other_plain)[words]);
    let free = start + OTHER_WORDS.len();
    TwoFaced {
        chunk: collide(&one, &other, ciphertext, free),
        commitments: [commitment, other_commitment],
        other_words: start,
    }
}

fn body(faces: &TwoFaced, commitment: &[u8; 32]) -> Vec<u8> {
    [&SALT[..], commitment, &faces.chunk].concat()
}

/// The first alert of Lyon, whose two recipients got different keys to one body.
fn envelope(cast: &mut Cast, faces: &TwoFaced, core: &Core, face: usize) -> Submission {
    let lyon = cast.lyon;
    let body = body(faces, &faces.commitments[face]);
    let epoch = cast.world.desk(&lyon).epoch();
    let link = Link {
        core: core_hash(&Exact::of(core.clone()).unwrap()),
        body: body_hash(&body),
    };
    let wrap = |device: DeviceId, contact: &str, content: [u8; 32]| {
        let stream = OutgoingStream::start(&lyon, epoch, &device).extended(&link);
        let to = (device, &cast.sealing(&device));
        ForgedWrap {
            recipient: core.recipient_index(&contact.parse().unwrap()).unwrap(),
            ..ForgedWrap::sealed(to, core, (&key(content), &stream.newest()), content[0])
        }
    };
    let forgery = Forgery {
        core: core.clone(),
        wraps: vec![
            wrap(cast.tunis, Cast::TUNIS, ONE),
            wrap(cast.hague, Cast::HAGUE, OTHER),
        ],
        original: None,
        body,
    };
    forgery.signed(&[cast.signer(&lyon)])
}

fn words_of(content: &Content) -> Vec<u8> {
    let Content::Alert(alert) = content else {
        panic!("{content:?}");
    };
    let text = alert.parts.iter().find(|part| part.role == PartRole::Text);
    encode(&text.unwrap().content)
}

fn core(cast: &mut Cast) -> Core {
    let lyon = cast.lyon;
    cast.core(&lyon, &[Cast::TUNIS, Cast::HAGUE])
}

#[test]
fn one_ciphertext_and_tag_open_under_two_keys_of_aes_gcm_to_two_texts() {
    let mut cast = Cast::gathered();
    let core = core(&mut cast);
    let (faces, context) = (two_faced(&core), context(&core));
    let read = |bytes| derived(&key(bytes), &SALT, &context).0.open(&faces.chunk);
    let (one, other) = (read(ONE).unwrap(), read(OTHER).unwrap());
    let at = faces.other_words;
    assert_eq!(other[at..at + OTHER_WORDS.len()], OTHER_WORDS[..]);
    assert!(one.windows(WORDS.len()).any(|at| at == WORDS.as_bytes()));
    assert_eq!(read([0x44; 32]), None, "under no third key");
    // It is the cipher of our bodies: what it opens, they are made of.
    let honest = chunked::seal(&key(ONE), &SALT, &context, &one);
    assert_eq!(honest[SALT_LEN..SALT_LEN + 32], faces.commitments[0]);
    let (cipher, _) = derived(&key(ONE), &SALT, &context);
    assert_eq!(cipher.open(&honest[SALT_LEN + 32..]).unwrap(), one);
}

#[test]
fn an_envelope_with_two_plaintexts_opens_for_the_recipient_to_whom_it_is_committed_alone() {
    let mut cast = Cast::gathered();
    let core = core(&mut cast);
    let faces = two_faced(&core);
    let (tunis, hague) = (cast.tunis, cast.hague);
    let sent = envelope(&mut cast, &faces, &core, 0);
    let opened = cast.judged(&tunis, &encode(&share(&sent, &tunis))).unwrap();
    let words = words_of(opened.content());
    assert!(words.windows(WORDS.len()).any(|at| at == WORDS.as_bytes()));
    let refused = cast.refused(&hague, &encode(&share(&sent, &hague)));
    assert_eq!(refused, "E14 body-broken");
    // Committed to the other key, it is the first that does not open it.
    let sent = envelope(&mut cast, &faces, &core, 1);
    let refused = cast.refused(&tunis, &encode(&share(&sent, &tunis)));
    assert_eq!(refused, "E14 body-broken");
    // And what the other key opens is then no content: E15, never words.
    let refused = cast.refused(&hague, &encode(&share(&sent, &hague)));
    assert_eq!(refused, "E15 content-malformed");
}

#[test]
fn whoever_was_given_the_second_key_answers_that_the_body_does_not_open() {
    let mut cast = Cast::gathered();
    let core = core(&mut cast);
    let faces = two_faced(&core);
    let sent = envelope(&mut cast, &faces, &core, 0);
    let (alert, hague, relay) = (sent.id(), cast.hague, "amman".parse().unwrap());
    let push = Push::Delivery {
        number: 1,
        delivery: Box::new(share(&sent, &hague)),
    };
    let collected = cast.world.take_push(&hague, &relay, push).unwrap();
    let Collected::Returned { reason, .. } = collected else {
        panic!("{collected:?}");
    };
    assert_eq!(reason, Reason::BodyBroken);
    let incidents = cast.world.desk(&hague).incidents_after(0, 10).unwrap();
    assert_eq!(incidents[0].1.alert, Some(alert));
    assert!(matches!(incidents[0].1.kind, IncidentKind::Returned { .. }));
    assert!(cast.world.desk(&hague).inbox().unwrap().is_empty());
}

#[test]
fn an_addendum_with_the_second_key_opens_nothing() {
    let mut cast = Cast::gathered();
    let lyon = cast.lyon;
    let core = core(&mut cast);
    let faces = two_faced(&core);
    let original = envelope(&mut cast, &faces, &core, 0);
    let extends = SignedEnvelope::of_submission(&original).original();
    let added = Core {
        kind: Kind::Addendum,
        reference: original.id(),
        ..cast.core(&lyon, &[Cast::DAKAR])
    };
    let (dakar, epoch) = (cast.dakar, cast.world.desk(&lyon).epoch());
    let outside = StreamPosition::outside(epoch);
    for (content, refused) in [(OTHER, Some("E14 body-broken")), (ONE, None)] {
        let to = (dakar, &cast.sealing(&dakar));
        let forgery = Forgery {
            core: added.clone(),
            body: original.body.to_vec(),
            wraps: vec![ForgedWrap::sealed(to, &added, (&key(content), &outside), 3)],
            original: Some(extends.clone()),
        };
        let sent = forgery.signed(&[cast.signer(&lyon)]);
        let judged = cast.judged(&dakar, &encode(&share(&sent, &dakar)));
        assert_eq!(judged.err().as_deref(), refused);
    }
}

#[test]
fn the_second_key_reveals_nothing_to_whoever_reads_an_export() {
    let mut cast = Cast::gathered();
    let core = core(&mut cast);
    let faces = two_faced(&core);
    let sent = envelope(&mut cast, &faces, &core, 0);
    let lyon = cast.lyon;
    let roster = cast.world.desk(&lyon).roster().clone();
    let proven = SignedEnvelope::of_submission(&sent)
        .verify(&roster, None)
        .unwrap();
    assert_ne!(proven.id(), AlertId::NONE);
    assert!(proven.reveal(&key(ONE), &sent.body).is_ok());
    let refused = proven.reveal(&key(OTHER), &sent.body).unwrap_err();
    assert_eq!(refused, RevealFault::Open(OpenFault::BodyBroken));
}
