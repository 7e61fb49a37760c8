//! No part of one delivery goes with another: two alerts, two recipients, every part exchanged.

use maille_common::envelope::Delivery;
use maille_common::terms::Kind;

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
            }
        }
    }
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
