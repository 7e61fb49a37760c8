//! The authority's chain as it grows: forks, pins, rotations.

use std::slice::from_ref;

use crate::roster::fixture::*;
use crate::roster::*;

#[test]
fn r5_a_fork_is_kept_as_evidence_and_refused() {
    let two = signed_part(next_part(&part_1()), &AUTHORITY);
    let mut other = next_part(&part_1());
    other.rules = list([]);
    let other = signed_part(other, &[2, 3]);
    let mut roster = roster();
    roster.apply(&set(from_ref(&two), &[], &[])).unwrap();
    let before = roster.hash();
    let error = roster.apply(&set(from_ref(&other), &[], &[])).unwrap_err();
    assert_eq!(error.check(), "R5");
    assert_eq!(roster.hash(), before);
    assert_eq!(roster.forks().len(), 1);
    assert_eq!(roster.forks()[0].held_hash(), two.hash());
    assert_eq!(roster.forks()[0].other_hash(), other.hash());
    // Offered again, it is the same evidence.
    roster.apply(&set(&[other], &[], &[])).unwrap_err();
    assert_eq!(roster.forks().len(), 1);
}

#[test]
fn r5_an_unsigned_second_part_is_no_fork() {
    let two = signed_part(next_part(&part_1()), &AUTHORITY);
    let mut roster = roster();
    roster.apply(&set(&[two], &[], &[])).unwrap();
    let mut other = next_part(&part_1());
    other.rules = list([]);
    let error = roster
        .apply(&set(&[signed_part(other, &[1])], &[], &[]))
        .unwrap_err();
    assert_eq!(error.check(), "R3");
    assert!(roster.forks().is_empty());
}

#[test]
fn r6_a_pin_does_not_go_back() {
    let annex_1 = interpol_1();
    let annex_2 = signed_annex(next_annex(&annex_1, &[]), &INTERPOL);
    let two = signed_part(pinning(next_part(&part_1()), &annex_2), &AUTHORITY);
    let mut roster = roster();
    roster.apply(&set(from_ref(&two), &[annex_2], &[])).unwrap();
    let lower = signed_part(pinning(next_part(&two), &annex_1), &AUTHORITY);
    refused(&roster, &set(&[lower], &[], &[]), "R6");
    let none = with_organisation(next_part(&two), "interpol", |found| found.pin = None);
    refused(
        &roster,
        &set(&[signed_part(none, &AUTHORITY)], &[], &[]),
        "R6",
    );
}

#[test]
fn r6_an_organisation_that_left_comes_back_where_it_was() {
    let without = |part: AuthorityPart| {
        let organisations = part.organisations.into_vec();
        let rest = organisations
            .into_iter()
            .filter(|found| found.name.as_str() != "ngo");
        AuthorityPart {
            organisations: sorted(rest.collect::<Vec<_>>()),
            ..part
        }
    };
    let two = signed_part(pinning(next_part(&part_1()), &ngo_1()), &AUTHORITY);
    let three = signed_part(without(next_part(&two)), &AUTHORITY);
    let mut roster = roster();
    let applied = roster
        .apply(&set(&[two.clone(), three.clone()], &[], &[]))
        .unwrap();
    assert_eq!(applied.annexes[0].to, None);
    assert!(roster.contact(&address("ngo/desk")).is_none());
    let back = |pinned: bool| {
        let part = AuthorityPart {
            number: 4,
            previous: three.hash(),
            ..two.part.value().clone()
        };
        let part = with_organisation(part, "ngo", |found| {
            found.pin = found.pin.filter(|_| pinned);
        });
        set(&[signed_part(part, &AUTHORITY)], &[], &[])
    };
    refused(&roster, &back(false), "R6");
    roster.apply(&back(true)).unwrap();
    assert_eq!(
        roster
            .awaited()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>(),
        ["ngo"]
    );
    roster.apply(&set(&[], &[ngo_1()], &[])).unwrap();
    assert!(roster.contact(&address("ngo/desk")).is_some());
    assert_eq!(roster.awaited().count(), 0);
}

#[test]
fn five_parts_rotate_every_key_and_change_the_threshold() {
    let keys = |numbers: [u16; 3]| {
        sorted::<_, 16>([
            authority_key(numbers[0], "interpol"),
            authority_key(numbers[1], "europol"),
            authority_key(numbers[2], "afripol"),
        ])
    };
    let mut parts = vec![part_1()];
    for (new, threshold, signers) in [
        ([4, 2, 3], 2, &[1, 2][..]),
        ([4, 5, 3], 3, &[2, 4]),
        ([4, 5, 6], 3, &[3, 4, 5]),
        ([7, 5, 6], 1, &[4, 5, 6]),
    ] {
        let mut part = next_part(parts.last().unwrap());
        (part.keys, part.threshold) = (keys(new), threshold);
        parts.push(signed_part(part, signers));
    }
    let roster = Roster::found(anchor(), &set(&parts, &[], &[])).unwrap();
    assert_eq!(roster.authority().number, 5);
    // By the keys of the anchor nothing is signed any more; one of the newest is enough.
    let six = next_part(parts.last().unwrap());
    refused(
        &roster,
        &set(&[signed_part(six.clone(), &[1, 2, 3])], &[], &[]),
        "R3",
    );
    let mut roster = roster;
    let applied = roster
        .apply(&set(&[signed_part(six, &[7])], &[], &[]))
        .unwrap();
    assert_eq!(applied.authority, Some((5, 6)));
    // Too few signatures in the middle stop the whole chain.
    parts[3] = signed_part(parts[3].part.value().clone(), &[3, 4]);
    let error = Roster::found(anchor(), &set(&parts, &[], &[])).unwrap_err();
    assert_eq!(error.check(), "R3");
}
