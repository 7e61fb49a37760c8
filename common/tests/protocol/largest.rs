//! The largest legal value of each type comes back, within the limit of its frame.
//!
//! The decoder gives each input a budget of memory by its length (`codec.rs`); these values, and
//! those with as many of the smallest items as allowed, must stay within it.

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::blob::{BlobId, BlobRef, ManifestBuilder};
use maille_common::codec::{Bytes, Decode, Encode, Exact, decode, encode};
use maille_common::content::{
    Alert, Code, External, Handling, Heartbeat, Missing, Part, PartContent,
};
use maille_common::crypto::batch;
use maille_common::crypto::ed25519::VerifyingKey;
use maille_common::envelope::{
    Delivery, DeviceSignature, Entry, EntryProof, Env, Original, Submission, SubmittedEntry,
};
use maille_common::evidence::{NoteWrap, SealedNote, Signed};
use maille_common::extension::{Extension, Extensions};
use maille_common::hash::Hash;
use maille_common::identifier::{AlertId, Epoch, Incarnation};
use maille_common::limits;
use maille_common::local_text::LocalText;
use maille_common::roster::{
    Annex, AnnexHead, AuthorityPart, Contact, Deputy, Device, DutyHours, Head, NamedList,
    Organisation, RosterDocuments, RosterHeads, Rule,
};
use maille_common::sealing::{Bundle, SealingKey, SealingKeyId, SignedBundle};
use maille_common::terms::{Category, HandlingCode, PartRole, Release, Response};
use maille_common::time::Span;
use maille_common::wire::{
    ANSWER_BYTES_MAX, Answer, BlobStanding, PUSH_BYTES_MAX, PostReceipt, Push, Request, RequestHead,
};

use crate::evidence::{accepted, receipt};
use crate::world::*;

mod reconciliations;
mod rosters;

use rosters::local;

#[track_caller]
fn comes_back<T: Encode + Decode<()> + PartialEq>(value: &T) -> usize {
    let bytes = encode(value);
    match decode::<T>(&bytes) {
        Ok(decoded) => assert!(decoded == *value, "another value came back"),
        Err(error) => panic!("{} bytes: {error}", bytes.len()),
    }
    bytes.len()
}

#[track_caller]
fn fits(request: &Request) {
    let bytes = encode(request);
    let (head, _) = bytes.split_first_chunk().unwrap();
    let max = RequestHead::parse(*head).unwrap().bytes_max();
    let length = comes_back(request);
    assert!(length <= max, "{length} of {max} bytes");
}

fn hash_of(number: usize) -> Hash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
    Hash::from_bytes(bytes)
}

fn id_of(number: usize) -> DeviceId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
    DeviceId::from_bytes(bytes)
}

/// 128 bytes in five segments.
fn long_address(number: usize) -> ContactAddress {
    let long = "a".repeat(32);
    let last = format!("{number:028}");
    address(&format!("{long}/{long}/{}/{last}", "a".repeat(32)))
}

fn extensions() -> Extensions {
    let extension = |number| Extension {
        number,
        critical: false,
        value: Bytes::new(vec![7; limits::EXTENSION_BYTES_MAX]).unwrap(),
    };
    sorted((0..32).map(extension).collect::<Vec<_>>())
}

fn env(count: usize) -> Exact<Env, { limits::ENV_BYTES_MAX }> {
    let recipients: Vec<_> = (0..limits::RECIPIENTS_MAX).map(long_address).collect();
    let core = maille_common::envelope::Core {
        recipients: sorted(recipients),
        ..Letter::alert().core
    };
    let blob = |number| BlobRef {
        id: BlobId::from_bytes(*hash_of(number).as_bytes()),
        length: 1,
    };
    Exact::of(Env {
        core: Exact::of(core).unwrap(),
        body_hash: Hash::ZERO,
        body_length: limits::BODY_BYTES_MAX as u64,
        blobs: list((0..limits::BLOBS_MAX).map(blob).collect::<Vec<_>>()),
        entries: u32::try_from(count).unwrap(),
        root: Hash::ZERO,
    })
    .unwrap()
}

fn entry(number: usize) -> SubmittedEntry {
    SubmittedEntry {
        entry: Entry {
            device: id_of(number),
            release: Release::Now,
            recipient: 0,
            step: 0,
            key: SealingKeyId::from_bytes([1; 32]),
            wrap: hash_of(number),
        },
        wrap: [1; limits::WRAP_BYTES],
    }
}

fn two_signatures() -> Vec<DeviceSignature> {
    signatures(b"anything", &[1, 2])
}

fn body() -> Bytes<{ limits::BODY_BYTES_MAX }> {
    Bytes::new(vec![9; limits::BODY_BYTES_MAX]).unwrap()
}

fn original() -> Option<Original> {
    Some(Original {
        env: env(0),
        signatures: list(two_signatures()),
    })
}

#[test]
fn a_submission_with_every_recipient_entry_and_byte() {
    let entries: Vec<_> = (0..limits::ENTRIES_MAX).map(entry).collect();
    fits(&Request::Submit(Box::new(Submission {
        env: env(limits::ENTRIES_MAX),
        signatures: list(two_signatures()),
        entries: list(entries),
        original: original(),
        body: body(),
    })));
}

#[test]
fn a_delivery_with_every_recipient_and_byte() {
    let submitted = entry(1);
    let delivery = Delivery {
        env: env(limits::ENTRIES_MAX),
        signatures: list(two_signatures()),
        proof: EntryProof {
            index: 1,
            path: list(vec![Hash::ZERO; limits::PATH_MAX]),
        },
        entry: submitted.entry,
        wrap: submitted.wrap,
        entries: list(
            (0..limits::ENTRIES_MAX)
                .map(|at| entry(at).entry)
                .collect::<Vec<_>>(),
        ),
        original: original(),
        body: body(),
    };
    let length = comes_back(&Push::Delivery {
        number: 1,
        delivery: Box::new(delivery),
    });
    assert!(length <= PUSH_BYTES_MAX);
}

fn full_bundle() -> SignedBundle {
    let bundle = Bundle {
        contact: long_address(1),
        reads: list(vec![1; 8]),
        keys: list(vec![
            SealingKey {
                valid_from: NOW,
                valid_to: NOW,
                public: sealing(1).public_key(),
            };
            limits::SEALING_KEYS_MAX
        ]),
        extensions: extensions(),
        ..crate::types::bundle()
    };
    SignedBundle::sign(bundle, &key(1))
}

#[test]
fn a_bundle_with_every_key_and_extension() {
    fits(&Request::PublishBundle(Box::new(full_bundle())));
    let plain = SignedBundle::sign(
        Bundle {
            extensions: sorted([]),
            ..full_bundle().bundle.into_value()
        },
        &key(1),
    );
    let answer = Answer::Bundles(list(vec![plain; 256]));
    assert!(comes_back(&answer) <= ANSWER_BYTES_MAX);
}

fn wide_signature() -> batch::BatchSignature {
    batch::BatchSignature {
        index: 0,
        count: 65_536,
        path: list(vec![Hash::ZERO; 16]),
        signature: key(1).sign(maille_common::label::Label::RECEIPT, &Hash::ZERO),
    }
}

fn note_of_all_readers(bytes: usize) -> SealedNote {
    let wrap = |number| NoteWrap {
        device: id_of(number),
        key: SealingKeyId::from_bytes([1; 32]),
        sealed: Bytes::new(vec![1; bytes]).unwrap(),
    };
    SealedNote {
        wraps: sorted((0..limits::NOTE_WRAPS_MAX).map(wrap).collect::<Vec<_>>()),
    }
}

#[test]
fn a_receipt_with_every_extension_and_reader_of_its_note() {
    let full = maille_common::evidence::Receipt {
        recipient: long_address(1),
        contact: long_address(2),
        extensions: extensions(),
        ..receipt()
    };
    let receipt = Signed {
        statement: Exact::of(full).unwrap(),
        signature: wide_signature(),
    };
    fits(&Request::Receipt(Box::new(PostReceipt {
        receipt: receipt.clone(),
        note: Some(note_of_all_readers(limits::NOTE_SEALED_BYTES_MAX)),
        to: long_address(3),
    })));
    let push = Push::Receipt {
        number: 1,
        receipt: Box::new(receipt),
        note: Some(note_of_all_readers(limits::NOTE_SEALED_BYTES_MAX)),
    };
    assert!(comes_back(&push) <= PUSH_BYTES_MAX);
}

#[test]
fn an_answer_for_every_recipient() {
    let accepted = Signed {
        statement: Exact::of(maille_common::evidence::Accepted {
            recipient: long_address(1),
            ..accepted()
        })
        .unwrap(),
        signature: wide_signature(),
    };
    let answer = Answer::Accepted(list(vec![accepted; limits::RECIPIENTS_MAX]));
    assert!(comes_back(&answer) <= ANSWER_BYTES_MAX);
}

#[test]
fn requests_of_lists_with_every_item() {
    fits(&Request::Confirm {
        incarnation: Incarnation::from_bytes([1; 16]),
        numbers: list((0..1024).collect::<Vec<u64>>()),
    });
    fits(&Request::FetchBundles {
        contacts: list((0..64).map(long_address).collect::<Vec<_>>()),
    });
    fits(&Request::PutPiece {
        blob: BlobId::from_bytes([1; 32]),
        index: 0,
        bytes: Bytes::new(vec![1; limits::PIECE_BYTES]).unwrap(),
    });
    let missing = (0..1024).map(|at| (2 * at, 2 * at)).collect::<Vec<_>>();
    comes_back(&Answer::BlobStanding(BlobStanding {
        missing: list(missing),
    }));
    let piece = Bytes::new(vec![1; limits::PIECE_BYTES]).unwrap();
    assert!(comes_back(&Answer::Piece(piece)) <= ANSWER_BYTES_MAX);
}

#[test]
fn a_manifest_of_every_piece() {
    // A manifest of 256 GiB cannot be built here by hashing; its fields are written by hand.
    let mut builder = ManifestBuilder::new();
    builder.update(&[1]).unwrap();
    comes_back(&builder.finish().unwrap());
    let length = limits::PIECES_MAX as u64 * limits::PIECE_BYTES as u64;
    let pieces = vec![Hash::ZERO; limits::PIECES_MAX];
    let fields = encode(&(length, list::<Hash, { limits::PIECES_MAX }>(pieces)));
    let manifest = decode(&fields).unwrap();
    fits(&Request::OfferBlob(manifest));
}

#[test]
fn content_with_every_item() {
    let code = Code {
        scheme: text(""),
        value: text(""),
    };
    let external = External {
        channel: text(""),
        reference: text(""),
    };
    let handling = Handling {
        code: HandlingCode::H3,
        text: text(&"x".repeat(512)),
    };
    let part = |bytes: usize| Part {
        role: PartRole::Payload,
        media_type: text(""),
        schema: text(""),
        language: text(""),
        name: text(""),
        content: PartContent::Inline(Bytes::new(vec![b'x'; bytes]).unwrap()),
    };
    for (first, filled) in [(limits::CONTENT_BYTES_MAX - 300_000, true), (0, false)] {
        let mut parts = vec![part(0); Alert::PARTS_MAX];
        parts[0] = part(first);
        let locals = |count| (0..count).map(|at| local(at, filled)).collect::<Vec<_>>();
        let full = Alert {
            subjects: list(locals(Alert::SUBJECTS_MAX)),
            categories: list(Category::ALL),
            events: list(vec![code.clone(); Alert::EVENTS_MAX]),
            responses: list(Response::ALL),
            handling: list(vec![handling.clone(); Alert::HANDLING_MAX]),
            areas: list(locals(Alert::AREAS_MAX)),
            external: list(vec![external.clone(); Alert::EXTERNAL_MAX]),
            incidents: list(vec![text(""); Alert::INCIDENTS_MAX]),
            related: list(vec![AlertId::NONE; Alert::RELATED_MAX]),
            parts: list(parts),
            extensions: if filled { extensions() } else { sorted([]) },
            ..alert()
        };
        comes_back(&full);
    }
    comes_back(&Heartbeat {
        version: 1,
        next_due: NOW,
        bundle: 1,
        missing: list(vec![
            Missing {
                device: id_of(1),
                epoch: Epoch(1),
                from: 1,
                to: 2,
            };
            64
        ]),
        extensions: extensions(),
    });
}
