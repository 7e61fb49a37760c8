//! Organisations that a part leaves out, and what whoever kept all documents founds anew.

use std::slice::from_ref;

use crate::address::{ContactAddress, DeviceId};
use crate::roster::fixture::*;
use crate::roster::*;
use crate::time::{Span, Timestamp};

const MOMENT: Span = Span::from_ms(1);
const DAY: Span = Span::from_days(1);

fn desk() -> (DeviceId, ContactAddress) {
    (device(400).id, address("ngo/desk"))
}

/// The part that follows, without the observer, so much later.
fn without_ngo(before: &SignedAuthority, after: Span) -> SignedAuthority {
    let part = next_part(before);
    let mut organisations = part.organisations.into_vec();
    organisations.retain(|found| found.name != name("ngo"));
    let part = AuthorityPart {
        organisations: sorted(organisations),
        issued: before.part.issued + after,
        ..part
    };
    signed_part(part, &AUTHORITY)
}

/// The part that follows, with the observer again, and this annex pinned.
fn with_ngo(
    before: &SignedAuthority,
    after: Span,
    pinned: Option<&SignedAnnex>,
) -> SignedAuthority {
    let part = next_part(before);
    let mut organisations = part.organisations.into_vec();
    let first = first_part().organisations;
    organisations.extend(
        first
            .iter()
            .filter(|found| found.name == name("ngo"))
            .cloned(),
    );
    let part = AuthorityPart {
        organisations: sorted(organisations),
        issued: before.part.issued + after,
        ..part
    };
    let part = match pinned {
        Some(annex) => pinning(part, annex),
        None => part,
    };
    signed_part(part, &AUTHORITY)
}

/// An annex of the observer that follows, issued then.
fn ngo_after(before: &SignedAnnex, issued: Timestamp, contacts: &[Contact]) -> SignedAnnex {
    let annex = Annex {
        issued,
        ..next_annex(before, contacts)
    };
    signed_annex(annex, &[40])
}

fn all_first() -> [SignedAnnex; 4] {
    [interpol_1(), europol_1(), afripol_1(), ngo_1()]
}

/// A roster that takes these one after the other, and one founded on all of them at once.
fn both(sets: &[RosterDocuments]) -> [Roster; 2] {
    let mut kept = set(&[part_1()], &all_first(), &[]);
    let mut live = roster();
    for documents in sets {
        live.apply(documents).unwrap();
        kept = kept.join(documents.clone()).unwrap();
    }
    let anew = Roster::found(anchor(), &kept).unwrap();
    assert_eq!(anew, live);
    [live, anew]
}

/// PROTOCOL Q3: a part that leaves an organisation out removes its devices, as an annex does.
#[test]
fn a_device_of_an_organisation_that_left_answers_for_what_was_made_until_a_day_later() {
    let (id, contact) = desk();
    let two = without_ngo(&part_1(), Span::from_days(30));
    let left = two.part.issued;
    for roster in both(&[set(from_ref(&two), &[], &[])]) {
        assert!(roster.device(&id).is_none());
        // What it signed stays proven.
        assert_eq!(roster.signing_keys_for(&id, &contact), [public(401)]);
        assert!(roster.is_device_about(&id, &contact, left + DAY - MOMENT));
        assert!(!roster.is_device_about(&id, &contact, left + DAY));
    }
    // Further parts move nothing.
    let three = without_ngo(&two, Span::from_days(30));
    for roster in both(&[set(&[two, three], &[], &[])]) {
        assert!(!roster.is_device_about(&id, &contact, left + DAY));
    }
}

#[test]
fn a_device_that_an_annex_removed_before_its_organisation_left_was_removed_then() {
    let (id, contact) = desk();
    let gone = ngo_after(&ngo_1(), time(5_000), &[]);
    let two = without_ngo(&part_1(), Span::from_days(30));
    for roster in both(&[set(&[], from_ref(&gone), &[]), set(&[two], &[], &[])]) {
        assert!(roster.is_device_about(&id, &contact, time(5_000) + DAY - MOMENT));
        assert!(!roster.is_device_about(&id, &contact, time(5_000) + DAY));
    }
}

#[test]
fn an_organisation_that_comes_back_counts_again_from_there() {
    let (id, contact) = desk();
    let two = without_ngo(&part_1(), Span::from_days(30));
    let three = with_ngo(&two, Span::from_days(30), Some(&ngo_1()));
    let back = three.part.issued;
    let documents = [
        set(from_ref(&two), &[], &[]),
        set(from_ref(&three), &[ngo_1()], &[]),
    ];
    for roster in both(&documents) {
        assert!(roster.acts_for(&id, &contact));
        assert!(roster.is_device_about(&id, &contact, back + Span::from_days(900)));
    }
    // It is removed by an annex of the time after, and by nothing of before.
    let gone = ngo_after(&ngo_1(), back + Span::from_days(9), &[]);
    let end = gone.annex.issued + DAY;
    let with_annex = [&documents[..], &[set(&[], from_ref(&gone), &[])]].concat();
    for roster in both(&with_annex) {
        assert!(roster.is_device_about(&id, &contact, end - MOMENT));
        assert!(!roster.is_device_about(&id, &contact, end));
    }
    // It leaves for the second time.
    let four = without_ngo(&three, Span::from_days(30));
    let again = four.part.issued;
    for roster in both(&[&documents[..], &[set(&[four], &[], &[])]].concat()) {
        assert!(roster.is_device_about(&id, &contact, again + DAY - MOMENT));
        assert!(!roster.is_device_about(&id, &contact, again + DAY));
    }
}

#[test]
fn a_device_that_does_not_come_back_with_its_organisation_was_removed_when_that_left() {
    let (id, contact) = desk();
    let two = without_ngo(&part_1(), Span::from_days(30));
    let left = two.part.issued;
    // Written shortly before the part that has the organisation again, or pinned by that.
    let early = ngo_after(&ngo_1(), left + Span::from_days(29), &[]);
    let late = ngo_after(&ngo_1(), left + Span::from_days(31), &[]);
    let unpinned = with_ngo(&two, Span::from_days(30), None);
    let pinned = with_ngo(&two, Span::from_days(30), Some(&late));
    for (three, annexes) in [(unpinned, &[ngo_1(), early][..]), (pinned, from_ref(&late))] {
        let documents = [
            set(from_ref(&two), &[], &[]),
            set(from_ref(&three), annexes, &[]),
        ];
        for roster in both(&documents) {
            assert!(roster.contact(&contact).is_none());
            assert!(roster.is_device_about(&id, &contact, left + DAY - MOMENT));
            assert!(!roster.is_device_about(&id, &contact, left + DAY));
        }
    }
}

/// PROTOCOL Q3: who was a deputy of its contact, and who of it is a deputy of another.
#[test]
fn deputies_from_and_of_an_organisation_that_left_answer_until_a_day_later() {
    let (id, observer) = desk();
    let (europol, interpol) = (address("europol/nl/cyber"), address("interpol/hq"));
    let deputy = |contact: &ContactAddress| {
        list([Deputy {
            contact: contact.clone(),
            after: Span::ZERO,
        }])
    };
    let mut of_ngo = contact("ngo/desk", &[400]);
    of_ngo.deputies = deputy(&europol);
    let mut of_interpol = contact("interpol/hq", &[110]);
    of_interpol.deputies = deputy(&observer);
    let annexes = [
        ngo_after(&ngo_1(), time(5_000), &[of_ngo]),
        signed_annex(next_annex(&interpol_1(), &[of_interpol]), &INTERPOL),
    ];
    let two = without_ngo(&part_1(), Span::from_days(30));
    let end = two.part.issued + DAY;
    for roster in both(&[set(&[], &annexes, &[]), set(&[two], &[], &[])]) {
        assert!(roster.is_deputy_about(&europol, &observer, end - MOMENT));
        assert!(!roster.is_deputy_about(&europol, &observer, end));
        // The other annex names it still: its devices are what counts no more.
        assert!(roster.is_deputy(&observer, &interpol));
        assert!(roster.is_device_about(&id, &observer, end - MOMENT));
        assert!(!roster.is_device_about(&id, &observer, end));
        assert!(roster.devices_of(&observer).is_empty());
    }
}

#[test]
fn whoever_kept_all_documents_founds_a_roster_where_a_pin_passed_what_nothing_links_to_it() {
    let two = signed_annex(next_annex(&interpol_1(), &[]), &INTERPOL);
    let three = signed_annex(next_annex(&two, &[]), &INTERPOL);
    let pin = signed_part(pinning(next_part(&part_1()), &three), &AUTHORITY);
    for roster in both(&[set(&[pin], &[three], &[])]) {
        let hq = address("interpol/hq");
        assert_eq!(roster.signing_keys_for(&device(110).id, &hq), [public(111)]);
    }
}

#[test]
fn whoever_kept_all_documents_founds_a_roster_where_an_annex_was_withdrawn() {
    let hq = address("interpol/hq");
    let evil = signed_annex(
        next_annex(&interpol_1(), &[contact("interpol/hq", &[500])]),
        &INTERPOL,
    );
    let further = signed_annex(
        next_annex(&evil, &[contact("interpol/hq", &[510])]),
        &INTERPOL,
    );
    let rotated = with_organisation(next_part(&part_1()), "interpol", |organisation| {
        organisation.annex_keys = sorted([public(11)]);
    });
    let two = signed_part(pinning(rotated, &interpol_1()), &AUTHORITY);
    let good = signed_annex(next_annex(&interpol_1(), &[]), &[11]);
    let documents = [
        set(&[], &[evil, further], &[]),
        set(&[two], &[], &[]),
        set(&[], &[good], &[]),
    ];
    for roster in both(&documents) {
        assert!(roster.signing_keys_for(&device(510).id, &hq).is_empty());
    }
}

#[test]
fn whoever_kept_both_sides_of_a_fork_that_a_pin_settled_founds_a_roster() {
    let first = signed_annex(next_annex(&interpol_1(), &[]), &INTERPOL);
    let further = signed_annex(next_annex(&first, &[]), &INTERPOL);
    let other = signed_annex(
        next_annex(&interpol_1(), &[contact("interpol/x", &[])]),
        &INTERPOL,
    );
    let two = signed_part(pinning(next_part(&part_1()), &other), &AUTHORITY);
    for roster in both(&[set(&[], &[first, further], &[]), set(&[two], &[other], &[])]) {
        assert!(roster.contact(&address("interpol/x")).is_some());
        assert_eq!(roster.forks().len(), 1);
    }
}

#[test]
fn r7_what_no_part_ever_made_good_founds_no_roster() {
    let two = without_ngo(&part_1(), Span::from_days(30));
    let forged = signed_annex(first_annex("ngo", &[contact("ngo/x", &[500])]), &[41]);
    let found = |annex: &SignedAnnex| {
        let annexes = [&all_first()[..3], from_ref(annex)].concat();
        Roster::found(anchor(), &set(&[part_1(), two.clone()], &annexes, &[]))
    };
    assert_eq!(found(&forged).unwrap_err().check(), "R7");
    found(&ngo_1()).unwrap();
    // Nor does what comes with the part that leaves its organisation out, to whoever was behind.
    let mut behind = roster();
    let later = ngo_after(&ngo_1(), time(5_000), &[contact("ngo/desk", &[410])]);
    let with = |annex: &SignedAnnex| set(from_ref(&two), &[ngo_1(), annex.clone()], &[]);
    refused(&behind, &with(&forged), "R7");
    behind.apply(&with(&later)).unwrap();
    let (_, desk) = desk();
    assert_eq!(behind.signing_keys_for(&device(410).id, &desk).len(), 1);
    // To a roster that stands, nobody brings what is not of it any more.
    let mut standing = found(&ngo_1()).unwrap();
    standing.apply(&set(&[], &[ngo_1()], &[])).unwrap();
    let later = ngo_after(&ngo_1(), time(5_000), &[]);
    refused(&standing, &set(&[], &[later], &[]), "R7");
}

/// PROTOCOL section 3: what an earlier anchor's documents named was removed when this one began.
#[test]
fn whom_an_earlier_anchor_named_and_this_one_does_not_left_with_it() {
    let (id, contact) = desk();
    let mut part = first_part();
    let mut organisations = part.organisations.into_vec();
    organisations.retain(|found| found.name != name("ngo"));
    part.organisations = sorted(organisations);
    part.issued = time(9_000);
    let documents = set(&[signed_part(part, &AUTHORITY)], &all_first()[..3], &[]);
    let mut after = Roster::found(anchor(), &documents).unwrap();
    assert!(after.is_device_about(&id, &contact, time(9_000) + DAY));
    after.succeed(&roster());
    assert_eq!(after.signing_keys_for(&id, &contact), [public(401)]);
    assert!(after.is_device_about(&id, &contact, time(9_000) + DAY - MOMENT));
    assert!(!after.is_device_about(&id, &contact, time(9_000) + DAY));
}

/// PROTOCOL R12: no key of an earlier anchor's documents is a next one.
#[test]
fn r12_keys_that_an_earlier_anchor_knew_are_known() {
    let mut before = roster();
    let moved = signed_annex(
        next_annex(&interpol_1(), &[contact("interpol/hq", &[130])]),
        &INTERPOL,
    );
    let mut relays = next_part(&part_1());
    relays.relays = sorted([Relay {
        keys: list([relay_keys(910)]),
        ..relays.relays[0].clone()
    }]);
    let two = signed_part(pinning(relays, &moved), &AUTHORITY);
    before.apply(&set(&[two], &[moved], &[])).unwrap();
    let mut part = first_part();
    part.relays = sorted([Relay {
        keys: list([relay_keys(920)]),
        ..part.relays[0].clone()
    }]);
    let documents = set(&[signed_part(part, &AUTHORITY)], &[], &[]);
    let mut after = Roster::found(anchor(), &documents).unwrap();
    // In force before, passed before, and of relays.
    let known = [130, 131, 110, 111, 200, 201, 900, 901, 910, 911];
    assert!(known.iter().all(|key| !after.has_had(&public(*key))));
    after.succeed(&before);
    for key in known {
        assert!(after.has_had(&public(key)), "{key}");
    }
    assert!(!after.has_had(&public(999)));
}
