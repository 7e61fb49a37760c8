//! Sealing keys that a relay hands out: old, foreign, forged, broken.

use maille_client::core::IncidentKind;
use maille_common::address::DeviceId;
use maille_common::codec::{List, decode, encode};
use maille_common::crypto::hpke::SealingSecretKey;
use maille_common::sealing::{Bundle, SealingKeyId, SignedBundle};
use maille_common::wire::{Answer, RefusalCode};
use maille_tests::hostile::{Cast, share};
use maille_tests::randomness::Seeded;

/// The keys that Tunis publishes, with others in their place.
fn with_other_keys(cast: &Cast, number: u64, seed: u8) -> Bundle {
    let mut bundle = cast.world.bundle(&cast.tunis).clone();
    bundle.number = number;
    let mut keys = bundle.keys.to_vec();
    for key in &mut keys {
        key.public = SealingSecretKey::from_seed([seed; 32]).public_key();
    }
    bundle.keys = List::new(keys).unwrap();
    bundle
}

fn public_of(seed: u8) -> SealingKeyId {
    SealingKeyId::of(&SealingSecretKey::from_seed([seed; 32]).public_key())
}

/// A relay answers Lyon with these keys; to which key of Tunis it seals then, and the incidents.
fn sealed_to(cast: &mut Cast, bundles: Vec<SignedBundle>) -> (SealingKeyId, Vec<IncidentKind>) {
    let (now, lyon, tunis) = (cast.world.now, cast.lyon, cast.tunis);
    let desk = cast.world.desk(&lyon);
    let _ = desk
        .learn_bundles(bundles, now, &mut Seeded::new(3))
        .unwrap();
    let sent = cast.sent("To whichever key");
    let incidents = cast.world.desk(&lyon).incidents_after(0, 10).unwrap();
    let incidents = incidents.into_iter().map(|(_, incident)| incident.kind);
    (share(&sent, &tunis).entry.key, incidents.collect())
}

fn bundle_incident(device: DeviceId) -> Vec<IncidentKind> {
    vec![IncidentKind::Bundle { device }]
}

#[test]
fn keys_that_another_device_or_the_relay_signed_are_used_by_nobody() {
    let mut cast = Cast::gathered();
    let honest = SealingKeyId::of(&cast.sealing(&cast.tunis));
    let newer = cast.world.bundle(&cast.tunis).number + 1;
    let relay = cast.world.network.relay("tunis").signing;
    let relay = maille_common::crypto::ed25519::SigningKey::from_seed(relay);
    for signer in [cast.key(&cast.dakar), cast.key(&cast.second), relay] {
        let foreign = SignedBundle::sign(with_other_keys(&cast, newer, 7), &signer);
        let (key, incidents) = sealed_to(&mut cast, vec![foreign]);
        assert_eq!(key, honest);
        assert!(incidents.ends_with(&bundle_incident(cast.tunis)));
    }
}

/// What another device signed truly, with this one's name written over its own.
#[test]
fn keys_of_another_device_are_not_taken_for_this_ones() {
    let mut cast = Cast::gathered();
    let honest = SealingKeyId::of(&cast.sealing(&cast.tunis));
    let dakars = cast.world.bundle(&cast.dakar).clone();
    let truly = SignedBundle::sign(dakars.clone(), &cast.key(&cast.dakar));
    let renamed = Bundle {
        device: cast.tunis,
        contact: Cast::TUNIS.parse().unwrap(),
        number: dakars.number + 1,
        ..dakars
    };
    let mut moved = SignedBundle::sign(renamed, &cast.key(&cast.dakar));
    moved.signature = truly.signature;
    let (key, incidents) = sealed_to(&mut cast, vec![truly, moved]);
    assert_eq!(key, honest);
    assert_eq!(incidents, bundle_incident(cast.tunis));
}

#[test]
fn keys_that_are_older_than_those_seen_are_void() {
    let mut cast = Cast::gathered();
    let (tunis, number) = (cast.tunis, cast.world.bundle(&cast.tunis).number);
    let old = SignedBundle::sign(cast.world.bundle(&tunis).clone(), &cast.key(&tunis));
    let newer = SignedBundle::sign(with_other_keys(&cast, number + 1, 8), &cast.key(&tunis));
    let (key, incidents) = sealed_to(&mut cast, vec![newer]);
    assert_eq!((key, incidents), (public_of(8), vec![]));
    let (key, incidents) = sealed_to(&mut cast, vec![old]);
    assert_eq!((key, incidents), (public_of(8), vec![]));
}

#[test]
fn two_bundles_of_one_number_are_an_incident_and_the_first_one_stays() {
    let mut cast = Cast::gathered();
    let (tunis, number) = (cast.tunis, cast.world.bundle(&cast.tunis).number);
    let honest = SealingKeyId::of(&cast.sealing(&tunis));
    let forked = SignedBundle::sign(with_other_keys(&cast, number, 9), &cast.key(&tunis));
    let (key, incidents) = sealed_to(&mut cast, vec![forked]);
    assert_eq!((key, incidents), (honest, bundle_incident(tunis)));
}

/// A coefficient beyond the modulus, and a key of nothing but ones: neither is ever sealed to.
#[test]
fn a_bundle_with_a_key_that_is_none_is_not_read() {
    let cast = Cast::gathered();
    let bundle = with_other_keys(&cast, 1, 7);
    let signed = SignedBundle::sign(bundle.clone(), &cast.key(&cast.tunis));
    let bytes = encode(&signed);
    let public = bundle.keys[0].public.as_bytes();
    let at = bytes
        .windows(64)
        .position(|at| at == &public[..64])
        .unwrap();
    assert!(decode::<SignedBundle>(&bytes).is_ok());
    for broken in [at..at + 2, at..at + 1_184] {
        let mut bytes = bytes.clone();
        bytes[broken].fill(0xff);
        let fault = decode::<SignedBundle>(&bytes).unwrap_err();
        assert_eq!(fault.code(), "invalid-value", "{fault}");
    }
}

#[test]
fn a_relay_takes_keys_from_their_own_device_alone_and_none_that_are_older() {
    let mut cast = Cast::gathered();
    let (tunis, dakar) = (cast.tunis, cast.dakar);
    let number = cast.world.bundle(&tunis).number;
    let sign = |cast: &Cast, number, by| {
        SignedBundle::sign(with_other_keys(cast, number, 7), &cast.key(by))
    };
    let forked = sign(&cast, number, &tunis);
    let stolen = sign(&cast, number + 1, &tunis);
    let forged = sign(&cast, number + 1, &dakar);
    let old = sign(&cast, number.saturating_sub(1), &tunis);
    for (by, bundle, code) in [
        (dakar, stolen, RefusalCode::NotYourContact),
        (tunis, forged, RefusalCode::Signature),
        (tunis, forked, RefusalCode::Conflict),
        (tunis, old, RefusalCode::BundleOlder),
    ] {
        let now = cast.world.now;
        let step = cast.world.relay("tunis");
        let step = step.publish(&by, &bundle, now).unwrap();
        let Answer::Refused(refusal) = step.answer else {
            panic!("{:?}", step.answer);
        };
        assert_eq!(refusal.code, code);
    }
}
