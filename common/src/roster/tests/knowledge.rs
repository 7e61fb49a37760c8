//! Comparing with others, and handing over what they lack.

use std::slice::from_ref;

use crate::codec::{decode, encode};
use crate::roster::fixture::*;
use crate::roster::*;

fn interpol_2() -> SignedAnnex {
    signed_annex(
        next_annex(&interpol_1(), &[contact("interpol/hq", &[110])]),
        &INTERPOL,
    )
}

fn part_2() -> SignedAuthority {
    let mut part = next_part(&part_1());
    part.renew_by = time(3_000_000);
    signed_part(part, &AUTHORITY)
}

fn with(documents: &RosterDocuments) -> Roster {
    let mut roster = roster();
    roster.apply(documents).unwrap();
    roster
}

#[test]
fn heads_are_the_same_or_an_ancestor_or_ahead() {
    let old = roster();
    let device = Subject::Device(address("europol/nl/cyber"), device(200).id);
    for documents in [
        set(&[part_2()], &[], &[]),
        set(&[], &[interpol_2()], &[]),
        set(&[], &[], &[suspension(device, 20)]),
    ] {
        let new = with(&documents);
        assert_eq!(new.compare(new.heads()), Comparison::Same);
        assert_eq!(new.compare(old.heads()), Comparison::Ancestor);
        assert_eq!(old.compare(new.heads()), Comparison::Ahead);
    }
}

#[test]
fn a_lifting_is_newer_than_the_suspension() {
    let subject = Subject::Contact(address("interpol/hq"));
    let suspended = suspension(subject, 1);
    let mut part = next_part(&part_1());
    part.lifted = sorted([suspended.hash()]);
    let stopped = with(&set(&[], &[], &[suspended]));
    let lifted = with(&set(&[signed_part(part, &AUTHORITY)], &[], &[]));
    assert_eq!(stopped.compare(lifted.heads()), Comparison::Ahead);
    assert_eq!(lifted.compare(stopped.heads()), Comparison::Ancestor);
}

#[test]
fn two_desks_apart_hand_over_and_agree() {
    let mut left = with(&set(&[part_2()], &[], &[]));
    let mut right = with(&set(&[], &[interpol_2()], &[]));
    assert_eq!(left.compare(right.heads()), Comparison::Apart);
    assert_eq!(right.compare(left.heads()), Comparison::Apart);
    let (left_was, right_was) = (left.heads().clone(), right.heads().clone());
    let (to_left, to_right) = (
        right.documents_since(&left_was),
        left.documents_since(&right_was),
    );
    left.apply(&to_left).unwrap();
    right.apply(&to_right).unwrap();
    assert_eq!(left.hash(), right.hash());
    assert_eq!(left, right);
    for roster in [left, right] {
        assert_eq!(roster.compare(&left_was), Comparison::Ancestor);
        assert_eq!(roster.compare(&right_was), Comparison::Ancestor);
    }
}

#[test]
fn a_second_document_of_one_place_is_a_fork() {
    let other = signed_annex(next_annex(&interpol_1(), &[]), &INTERPOL);
    let left = with(&set(&[], &[interpol_2()], &[]));
    let right = with(&set(&[], &[other], &[]));
    assert_eq!(left.compare(right.heads()), Comparison::Fork);
    let mut part = next_part(&part_1());
    part.threshold = 1;
    let left = with(&set(&[part_2()], &[], &[]));
    let right = with(&set(&[signed_part(part, &AUTHORITY)], &[], &[]));
    assert_eq!(left.compare(right.heads()), Comparison::Fork);
}

#[test]
fn an_ancestor_hash_is_known_and_its_heads_are_given_back() {
    let mut roster = roster();
    let mut states = vec![(roster.hash(), roster.heads().clone())];
    let subject = Subject::Contact(address("interpol/hq"));
    let suspended = suspension(subject, 10);
    let mut annex = next_annex(&interpol_2(), &[]);
    annex.lifted = sorted([suspended.hash()]);
    for documents in [
        set(&[part_2()], &[], &[]),
        set(&[], &[interpol_2()], &[suspended]),
        set(&[], &[signed_annex(annex, &INTERPOL)], &[]),
    ] {
        roster.apply(&documents).unwrap();
        states.push((roster.hash(), roster.heads().clone()));
    }
    for (hash, heads) in &states {
        assert_eq!(roster.heads_of(hash).as_ref(), Some(heads));
        assert_eq!(heads.hash(), *hash);
    }
    assert_eq!(roster.knows(&states[0].0), Knowledge::Ancestor);
    assert_eq!(roster.knows(&roster.hash()), Knowledge::Current);
    assert_eq!(roster.knows(&Hash::ZERO), Knowledge::Unknown);
    assert_eq!(roster.heads_of(&Hash::ZERO), None);
}

#[test]
fn heads_learned_make_a_foreign_hash_known() {
    let mut ours = with(&set(&[part_2()], &[interpol_2()], &[]));
    let foreign = with(&set(&[], &[interpol_2()], &[]));
    assert_eq!(ours.knows(&foreign.hash()), Knowledge::Unknown);
    assert_eq!(ours.learn_heads(foreign.heads()), Comparison::Ancestor);
    assert_eq!(ours.knows(&foreign.hash()), Knowledge::Ancestor);
}

#[test]
fn heads_that_were_ahead_are_known_once_we_have_grown() {
    let mut ours = roster();
    let foreign = with(&set(&[part_2()], &[], &[]));
    assert_eq!(ours.learn_heads(foreign.heads()), Comparison::Ahead);
    assert_eq!(ours.knows(&foreign.hash()), Knowledge::Unknown);
    ours.apply(&set(&[part_2()], &[interpol_2()], &[])).unwrap();
    assert_eq!(ours.knows(&foreign.hash()), Knowledge::Ancestor);
}

#[test]
fn an_annex_below_the_pin_that_was_never_seen_is_old_and_no_fork() {
    let pinned = signed_part(pinning(next_part(&part_1()), &interpol_2()), &AUTHORITY);
    let three = signed_annex(next_annex(&interpol_2(), &[]), &INTERPOL);
    let pin_3 = signed_part(pinning(next_part(&pinned), &three), &AUTHORITY);
    let documents = set(&[part_1(), pinned, pin_3], &[three], &[]);
    let late = Roster::found(anchor(), &documents).unwrap();
    let old = Roster::found(anchor(), &set(&[part_1()], &[interpol_1()], &[])).unwrap();
    assert_eq!(late.compare(old.heads()), Comparison::Ancestor);
}

#[test]
fn what_the_other_lacks_is_given_and_nothing_else() {
    let subject = Subject::Contact(address("interpol/hq"));
    let suspended = suspension(subject, 10);
    let documents = set(&[part_2()], &[interpol_2()], &[suspended]);
    let new = with(&documents);
    assert_eq!(new.documents_since(roster().heads()), documents);
    assert!(new.documents_since(new.heads()).is_empty());
    // To somebody with nothing, everything.
    let all = new.documents_since(&RosterHeads::none());
    assert_eq!(Roster::found(anchor(), &all).unwrap(), new);
    assert_eq!(Roster::found(anchor(), &new.documents()).unwrap(), new);
    // What is pinned replaces what came before it.
    let pinned = signed_part(pinning(next_part(&part_2()), &interpol_2()), &AUTHORITY);
    let mut pinning = new.clone();
    pinning.apply(&set(from_ref(&pinned), &[], &[])).unwrap();
    let lacking = pinning.documents_since(roster().heads());
    assert_eq!(lacking.authority.as_slice(), [part_2(), pinned]);
    assert_eq!(lacking.annexes.as_slice(), [interpol_2()]);
}

#[test]
fn documents_known_already_change_nothing() {
    let mut roster = with(&set(&[part_2()], &[interpol_2()], &[]));
    let before = roster.clone();
    let applied = roster.apply(&before.documents()).unwrap();
    assert!(!applied.is_change());
    assert_eq!(roster, before);
    assert!(
        !roster
            .apply(&RosterDocuments::default())
            .unwrap()
            .is_change()
    );
}

#[test]
fn large_sets_are_cut_into_frames_and_joined_again() {
    let documents = with(&set(&[part_2()], &[interpol_2()], &[])).documents();
    let sets = documents.clone().split(2_000);
    assert!(sets.len() > 2);
    for set in &sets {
        assert!(set.count() == 1 || encode(set).len() <= 2_000);
    }
    let joined = sets
        .into_iter()
        .reduce(|all, set| all.join(set).unwrap())
        .unwrap();
    assert_eq!(joined, documents);
    assert_eq!(decode(&encode(&joined)), Ok(documents.clone()));
    assert_eq!(documents.clone().split(usize::MAX), [documents]);
}
