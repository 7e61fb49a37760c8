//! Nothing that is signed verifies as anything else.

use maille_common::address::DeviceId;
use maille_common::codec::{Decode, Exact, SortedList, decode, encode};
use maille_common::crypto::batch;
use maille_common::crypto::ed25519::Signature;
use maille_common::envelope::{Env, SealedEnvelope};
use maille_common::evidence::{Signed, Statement, sign};
use maille_common::hash::{Hash, hash};
use maille_common::label::Label;
use maille_common::roster::{
    DeviceRequest, KeySignature, SignedAnnex, SignedAuthority, SignedRenewal, SignedRequest,
    SignedSuspension, Subject, Suspension, Version,
};
use maille_common::sealing::{Bundle, SignedBundle};
use maille_common::time::Span;

use crate::evidence::{accepted, expiry, notice, receipt, relay_time};
use crate::world::*;

/// Every type is signed by this one key, so that only type and label keep them apart.
const SIGNER: u8 = 1;

/// What was signed as what: the bytes, and the signature.
struct Sample {
    kind: &'static str,
    bytes: Vec<u8>,
    signature: Signature,
}

/// Whether bytes and signature pass as a type.
type Verifier = (&'static str, fn(&[u8], Signature) -> bool);

fn over_hash(kind: &'static str, bytes: Vec<u8>, labels: (Label, Label)) -> Sample {
    let signature = key(SIGNER).sign(labels.1, &hash(labels.0, &[&bytes]));
    Sample {
        kind,
        bytes,
        signature,
    }
}

fn statement<S: Statement>(kind: &'static str, statement: S) -> Sample {
    let signed = sign(&key(SIGNER), vec![Exact::of(statement).unwrap()]).remove(0);
    Sample {
        kind,
        bytes: signed.statement.bytes().to_vec(),
        signature: signed.signature.signature,
    }
}

pub(crate) fn bundle() -> Bundle {
    Bundle {
        version: 1,
        contact: contact_of(1),
        device: device(1),
        number: 1,
        previous: Hash::ZERO,
        issued: NOW,
        reads: list([1]),
        keys: list([maille_common::sealing::SealingKey {
            valid_from: NOW,
            valid_to: NOW + Span::from_days(7),
            public: sealing(1).public_key(),
        }]),
        extensions: SortedList::empty(),
    }
}

pub(crate) fn suspension() -> Suspension {
    Suspension {
        version: Version::ONE,
        network: text("test"),
        subject: Subject::Device(contact_of(3), device(3)),
        issued: NOW,
        reason: text("stolen"),
        key: key(SIGNER).verifying_key(),
    }
}

pub(crate) fn request() -> DeviceRequest {
    DeviceRequest {
        version: Version::ONE,
        network: text("test"),
        contact: contact_of(1),
        device: DeviceId::from_bytes([9; 16]),
        label: text("desk 3"),
        transport: key(51).verifying_key(),
        signing: key(SIGNER).verifying_key(),
        created: NOW,
    }
}

pub(crate) fn signed_request() -> SignedRequest {
    SignedRequest::sign(request(), &key(SIGNER), &key(51)).unwrap()
}

fn samples() -> Vec<Sample> {
    let env = Letter::alert().seal().env;
    let annex = documents(|_| ()).annexes[0].annex.bytes().to_vec();
    vec![
        over_hash(
            "envelope",
            env.bytes().to_vec(),
            (Label::ENVELOPE, Label::ENVELOPE_SIGNATURE),
        ),
        over_hash(
            "authority",
            encode(&part()),
            (Label::AUTHORITY, Label::AUTHORITY_SIGNATURE),
        ),
        over_hash("annex", annex, (Label::ANNEX, Label::ANNEX_SIGNATURE)),
        over_hash(
            "suspension",
            encode(&suspension()),
            (Label::SUSPENSION, Label::SUSPENSION_SIGNATURE),
        ),
        over_hash(
            "request",
            encode(&request()),
            (Label::REQUEST, Label::REQUEST_SIGNATURE),
        ),
        over_hash(
            "renewal",
            encode(&signed_request()),
            (Label::RENEWAL, Label::RENEWAL_SIGNATURE),
        ),
        over_hash(
            "bundle",
            encode(&bundle()),
            (Label::BUNDLE, Label::BUNDLE_SIGNATURE),
        ),
        over_hash(
            "export",
            exported().0,
            (Label::EXPORT, Label::EXPORT_SIGNATURE),
        ),
        statement("receipt", receipt()),
        statement("accepted", accepted()),
        statement("notice", notice()),
        statement("expiry", expiry()),
        statement("relay time", relay_time()),
    ]
}

/// What the hash of an export is over, and its signature.
fn exported() -> (Vec<u8>, Signature) {
    let mut bytes = crate::export::Case::new().export().to_bytes();
    let signature = Signature::from_bytes(*bytes.last_chunk().unwrap());
    bytes.truncate(bytes.len() - Hash::LEN - Signature::LEN);
    (bytes, signature)
}

fn holds(label: Label, signed: &Hash, signature: Signature) -> bool {
    let key = key(SIGNER).verifying_key();
    key.verify(label, signed, &signature).is_ok()
}

/// The type's own verification; the bytes need not even be of the type.
fn passes<S: Statement>(bytes: &[u8], signature: Signature) -> bool {
    let key = key(SIGNER).verifying_key();
    let signature = batch::BatchSignature {
        index: 0,
        count: 1,
        path: list([]),
        signature,
    };
    let label_holds = batch::verify(&key, S::SIGNATURE, bytes, &signature).is_ok();
    let parsed: Option<Signed<S>> = Exact::parse(bytes.to_vec()).ok().map(|statement| Signed {
        statement,
        signature,
    });
    let proven = parsed.is_some_and(|signed| signed.prove(&[key]).is_ok());
    assert!(!proven || label_holds);
    label_holds
}

fn parses<T: Decode<()>>(bytes: &[u8]) -> bool {
    decode::<T>(bytes).is_ok()
}

const VERIFIERS: [Verifier; 13] = [
    ("envelope", |bytes, signature| {
        let id = Hash::from_bytes(*Env::id(bytes).as_bytes());
        holds(Label::ENVELOPE_SIGNATURE, &id, signature)
    }),
    ("authority", |bytes, signature| {
        let signed = maille_common::roster::authority_hash(bytes);
        holds(Label::AUTHORITY_SIGNATURE, &signed, signature)
    }),
    ("annex", |bytes, signature| {
        let signed = maille_common::roster::annex_hash(bytes);
        holds(Label::ANNEX_SIGNATURE, &signed, signature)
    }),
    ("suspension", |bytes, signature| {
        let signed = maille_common::roster::suspension_hash(bytes);
        holds(Label::SUSPENSION_SIGNATURE, &signed, signature)
    }),
    ("request", |bytes, signature| {
        let signed = hash(Label::REQUEST, &[bytes]);
        holds(Label::REQUEST_SIGNATURE, &signed, signature)
    }),
    ("renewal", |bytes, signature| {
        let signed = hash(Label::RENEWAL, &[bytes]);
        holds(Label::RENEWAL_SIGNATURE, &signed, signature)
    }),
    ("bundle", |bytes, signature| {
        let signed = hash(Label::BUNDLE, &[bytes]);
        holds(Label::BUNDLE_SIGNATURE, &signed, signature)
    }),
    ("export", |bytes, signature| {
        let signed = hash(Label::EXPORT, &[bytes]);
        holds(Label::EXPORT_SIGNATURE, &signed, signature)
    }),
    ("receipt", passes::<maille_common::evidence::Receipt>),
    ("accepted", passes::<maille_common::evidence::Accepted>),
    ("notice", passes::<maille_common::evidence::Notice>),
    ("expiry", passes::<maille_common::evidence::Expiry>),
    ("relay time", passes::<maille_common::evidence::RelayTime>),
];

#[test]
fn nothing_that_is_signed_verifies_as_another_type() {
    for sample in samples() {
        for (kind, verify) in VERIFIERS {
            let taken = verify(&sample.bytes, sample.signature);
            assert_eq!(taken, kind == sample.kind, "{} as {kind}", sample.kind);
        }
    }
}

#[test]
fn the_signatures_of_this_matrix_are_those_that_the_product_makes() {
    let of = |kind: &str| {
        let sample = samples().into_iter().find(|sample| sample.kind == kind);
        sample.unwrap().signature
    };
    let signed = SignedBundle::sign(bundle(), &key(SIGNER));
    assert_eq!(signed.signature, of("bundle"));
    let signed = SignedSuspension::sign(&key(SIGNER), suspension()).unwrap();
    assert_eq!(signed.signature, of("suspension"));
    let signed = signed_request();
    assert_eq!(signed.by_signing, of("request"));
    let renewal = SignedRenewal::sign(signed, &key(SIGNER));
    assert_eq!(renewal.by_present, of("renewal"));
    let envelope = Letter::alert().seal();
    assert_eq!(envelope.signatures[0].signature, of("envelope"));
    let proposal = SignedAuthority::propose(part()).unwrap();
    let KeySignature { signature, .. } =
        maille_common::roster::sign_authority(&key(SIGNER), proposal.part.bytes());
    assert_eq!(signature, of("authority"));
    let annex = &documents(|_| ()).annexes[0];
    let KeySignature { signature, .. } =
        maille_common::roster::sign_annex(&key(SIGNER), annex.annex.bytes());
    assert_eq!(signature, of("annex"));
    assert_eq!(exported().1, of("export"));
}

#[test]
fn a_delivery_is_read_as_nothing_else() {
    let bytes = encode(&share(&Letter::alert().seal(), 3));
    assert!(SealedEnvelope::parse(&bytes).is_ok());
    assert!(!parses::<SignedBundle>(&bytes) && !parses::<SignedAnnex>(&bytes));
    assert!(!parses::<SignedAuthority>(&bytes) && !parses::<SignedSuspension>(&bytes));
    assert!(!parses::<Signed<maille_common::evidence::Receipt>>(&bytes));
}
