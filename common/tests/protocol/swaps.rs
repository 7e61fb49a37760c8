//! What a relay can do to a delivery: exchange its parts for those of others, flip bits, keep a
//! signature back. All of it is refused, and nothing of it answered.

use maille_common::codec::encode;
use maille_common::envelope::{Delivery, SealedEnvelope};
use maille_common::terms::{Kind, Release, Urgency};

use crate::world::*;

/// A part of a delivery, and how it is taken over from another.
type Swap = (&'static str, fn(&mut Delivery, &Delivery));

const SWAPS: [Swap; 9] = [
    ("env", |into, from| into.env = from.env.clone()),
    ("signatures", |into, from| {
        into.signatures = from.signatures.clone();
    }),
    ("proof", |into, from| into.proof = from.proof.clone()),
    ("entry", |into, from| into.entry = from.entry.clone()),
    ("wrap", |into, from| into.wrap = from.wrap),
    ("body", |into, from| into.body = from.body.clone()),
    ("original", |into, from| {
        into.original = from.original.clone();
    }),
    ("entry and wrap", |into, from| {
        into.entry = from.entry.clone();
        into.wrap = from.wrap;
    }),
    ("entry, wrap and proof", |into, from| {
        into.entry = from.entry.clone();
        into.wrap = from.wrap;
        into.proof = from.proof.clone();
    }),
];

fn deliveries() -> Vec<(u8, Delivery)> {
    let first = Letter::alert();
    let mut second = Letter {
        seed: 900,
        ..Letter::alert()
    };
    second.core = core(Kind::Alert, 1, &["beta/desk"]);
    second.core.created = NOW - maille_common::time::Span::from_ms(1);
    let sent = [first.seal(), second.seal()];
    let shares = sent
        .iter()
        .flat_map(|sent| [(3, share(sent, 3)), (4, share(sent, 4))]);
    let mut all: Vec<_> = shares.collect();
    for original in sent {
        let addendum = crate::addenda::addendum(&original, 1, &[4]);
        all.push((4, share(&addendum, 4)));
    }
    all
}

#[test]
fn a_part_of_another_delivery_is_refused() {
    let all = deliveries();
    for (place, (me, delivery)) in all.iter().enumerate() {
        assert!(receive(delivery, *me).is_ok());
        for (other_place, (_, other)) in all.iter().enumerate() {
            for (part, swap) in SWAPS {
                let mut swapped = delivery.clone();
                swap(&mut swapped, other);
                let unchanged = swapped == *delivery;
                let taken = receive(&swapped, *me).is_ok();
                assert_eq!(taken, unchanged, "{part} of {other_place} in {place}");
                assert!(
                    !is_answered(swapped, *me),
                    "{part} of {other_place} in {place}"
                );
            }
        }
    }
}

/// Whether a fault of the delivery is answered to its sender.
fn is_answered(delivery: Delivery, me: u8) -> bool {
    let verified = SealedEnvelope::new(delivery).map(|it| it.verify(&roster(), &device(me), NOW));
    verified.is_ok_and(|verified| verified.is_err_and(|fault| fault.is_answerable()))
}

#[test]
fn a_core_of_another_alert_under_the_same_signature_is_refused() {
    let (first, second) = (&deliveries()[0].1, &deliveries()[2].1);
    let mut env = first.env.value().clone();
    env.core = second.env.core.clone();
    let mut swapped = first.clone();
    swapped.env = maille_common::codec::Exact::of(env).unwrap();
    refused(&swapped, 3, "E5");
}

/// An answer to what a relay altered would stand for the alert it never handed over.
#[test]
fn every_flipped_bit_of_a_small_delivery_is_refused_and_answered_to_nobody() {
    let letter = Letter {
        to: vec![(3, Release::Now, 0, 0), (4, Release::Now, 0, 0)],
        ..Letter::alert()
    };
    let delivery = share(&letter.seal(), 3);
    let bytes = encode(&delivery);
    assert!(receive(&delivery, 3).is_ok());
    let roster = roster();
    let mut flipped = bytes.clone();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            flipped[at] ^= 1 << bit;
            if let Ok(sealed) = SealedEnvelope::parse(&flipped) {
                let fault = sealed.verify(&roster, &device(3), NOW).unwrap_err();
                assert!(!fault.is_answerable(), "byte {at}, bit {bit}: {fault}");
            }
            flipped[at] ^= 1 << bit;
        }
    }
}

#[test]
fn e5_a_second_signature_that_a_relay_keeps_back_is_answered_to_nobody() {
    let letter = Letter {
        signers: vec![1, 2],
        ..Letter::to_gamma(Urgency::Immediate)
    };
    let mut delivery = share(&letter.seal(), 5);
    delivery.signatures = list([delivery.signatures[0].clone()]);
    let sealed = SealedEnvelope::new(delivery).unwrap();
    let fault = sealed.verify(&roster(), &device(5), NOW).unwrap_err();
    assert_eq!((fault.check(), fault.is_answerable()), ("E5", false));
    assert!(fault.is_signed(), "the first signature holds");
}
