//! Checks R7 and R8 on the organisations' annexes.

use std::slice::from_ref;

use crate::codec::List;
use crate::roster::fixture::*;
use crate::roster::*;

fn one(annex: SignedAnnex) -> RosterDocuments {
    set(&[], &[annex], &[])
}

#[test]
fn an_organisation_replaces_a_device_by_itself() {
    let mut roster = roster();
    let contacts = [contact("interpol/fr/cyber", &[120])];
    let annex = signed_annex(next_annex(&interpol_1(), &contacts), &INTERPOL);
    let applied = roster.apply(&one(annex)).unwrap();
    assert_eq!(applied.authority, None);
    let change = AnnexChange {
        organisation: name("interpol"),
        from: Some(1),
        to: Some(2),
    };
    assert_eq!(applied.annexes, [change]);
    assert!(roster.device(&device(100).id).is_none());
    assert!(roster.device(&device(120).id).is_some());
    assert!(roster.contact(&address("interpol/hq")).is_none());
}

#[test]
fn r7_an_annex_is_signed_by_the_organisations_own_keys_in_force() {
    let roster = roster();
    let interpol = next_annex(&interpol_1(), &[]);
    for keys in [&[][..], &[1, 2], &[20, 21], &[10, 1]] {
        refused(&roster, &one(signed_annex(interpol.clone(), keys)), "R7");
    }
    let europol = next_annex(&europol_1(), &[]);
    for keys in [&[20][..], &[21], &[1, 2, 3]] {
        refused(&roster, &one(signed_annex(europol.clone(), keys)), "R7");
    }
    // Where an organisation has no key, the authority signs by its own rule.
    let afripol = next_annex(&afripol_1(), &[]);
    refused(&roster, &one(signed_annex(afripol.clone(), &[3])), "R7");
    roster
        .clone()
        .apply(&one(signed_annex(afripol, &[2, 3])))
        .unwrap();
}

#[test]
fn r7_an_annex_follows_by_hash_without_gaps() {
    let roster = roster();
    let two = signed_annex(next_annex(&interpol_1(), &[]), &INTERPOL);
    let three = signed_annex(next_annex(&two, &[]), &INTERPOL);
    let error = refused(&roster, &one(three.clone()), "R7");
    assert!(error.is_incomplete(), "{error}");
    let mut wrong = next_annex(&interpol_1(), &[]);
    wrong.previous = Hash::from_bytes([9; 32]);
    refused(&roster, &one(signed_annex(wrong, &INTERPOL)), "R7");
    let mut roster = roster;
    roster.apply(&set(&[], &[three, two], &[])).unwrap();
    assert_eq!(roster.annex(&name("interpol")).unwrap().number, 3);
}

#[test]
fn r7_an_annex_of_an_unknown_organisation_is_refused() {
    let annex = signed_annex(first_annex("nobody", &[]), &INTERPOL);
    refused(&roster(), &one(annex), "R7");
}

#[test]
fn r7_a_pinned_annex_needs_no_signature() {
    let pinned = signed_annex(next_annex(&interpol_1(), &[]), &[]);
    let two = signed_part(pinning(next_part(&part_1()), &pinned), &AUTHORITY);
    let mut roster = roster();
    refused(&roster, &one(pinned.clone()), "R7");
    roster.apply(&set(&[two], &[pinned], &[])).unwrap();
    assert_eq!(roster.annex(&name("interpol")).unwrap().number, 2);
}

#[test]
fn r7_a_part_without_the_annex_it_pins_is_refused() {
    let annex = signed_annex(next_annex(&interpol_1(), &[]), &INTERPOL);
    let two = signed_part(pinning(next_part(&part_1()), &annex), &AUTHORITY);
    let error = refused(&roster(), &set(from_ref(&two), &[], &[]), "R7");
    assert!(error.is_incomplete(), "{error}");
    let documents = set(&[two], &[], &[]).join(one(annex)).unwrap();
    roster().apply(&documents).unwrap();
}

#[test]
fn r7_an_annex_by_a_key_rotated_out_is_refused() {
    let rotated = with_organisation(next_part(&part_1()), "interpol", |organisation| {
        organisation.annex_keys = sorted([public(11)]);
    });
    let two = signed_part(pinning(rotated, &interpol_1()), &AUTHORITY);
    let mut roster = roster();
    roster.apply(&set(&[two], &[], &[])).unwrap();
    let next = next_annex(&interpol_1(), &[]);
    refused(&roster, &one(signed_annex(next.clone(), &INTERPOL)), "R7");
    roster.apply(&one(signed_annex(next, &[11]))).unwrap();
}

#[test]
fn r7_an_annex_by_stolen_keys_falls_with_the_keys() {
    let evil = signed_annex(
        next_annex(&interpol_1(), &[contact("interpol/x", &[500])]),
        &INTERPOL,
    );
    let mut late = roster();
    let mut early = roster();
    early.apply(&one(evil.clone())).unwrap();
    let seen = early.hash();
    assert!(early.contact(&address("interpol/x")).is_some());

    let rotated = with_organisation(next_part(&part_1()), "interpol", |organisation| {
        organisation.annex_keys = sorted([public(11)]);
    });
    let two = signed_part(pinning(rotated, &interpol_1()), &AUTHORITY);
    let good = signed_annex(
        next_annex(&interpol_1(), &[contact("interpol/y", &[510])]),
        &[11],
    );
    let applied = early.apply(&set(from_ref(&two), &[], &[])).unwrap();
    assert_eq!(applied.withdrawn, [(name("interpol"), 2)]);
    late.apply(&set(&[two], &[], &[])).unwrap();
    assert_eq!(early, late);
    // Known to one as a state it passed through, to the other not at all.
    assert_eq!(early.knows(&seen), Knowledge::Ancestor);
    assert_eq!(late.knows(&seen), Knowledge::Unknown);
    for roster in [&mut early, &mut late] {
        roster.apply(&one(good.clone())).unwrap();
        assert!(roster.contact(&address("interpol/x")).is_none());
        assert!(roster.device_signing_keys(&device(500).id).is_empty());
        roster.apply(&one(evil.clone())).unwrap_err();
    }
    assert_eq!(early.hash(), late.hash());
}

#[test]
fn r5_two_annexes_of_one_place_are_a_fork() {
    let first = signed_annex(next_annex(&interpol_1(), &[]), &INTERPOL);
    let other = next_annex(&interpol_1(), &[contact("interpol/x", &[])]);
    let other = signed_annex(other, &INTERPOL);
    let error = refused(
        &roster(),
        &set(&[], &[first.clone(), other.clone()], &[]),
        "R5",
    );
    assert!(matches!(error, RosterError::Fork(_)), "{error}");
    let mut roster = roster();
    roster.apply(&one(first)).unwrap();
    refused(&roster, &one(other.clone()), "R5");
    roster.apply(&one(other)).unwrap_err();
    assert_eq!(roster.forks().len(), 1);
}

#[test]
fn the_authoritys_pin_settles_a_fork() {
    let first = signed_annex(next_annex(&interpol_1(), &[]), &INTERPOL);
    let other = next_annex(&interpol_1(), &[contact("interpol/x", &[])]);
    let other = signed_annex(other, &INTERPOL);
    let mut roster = roster();
    roster.apply(&one(first)).unwrap();
    let two = signed_part(pinning(next_part(&part_1()), &other), &AUTHORITY);
    let applied = roster.apply(&set(&[two], &[other], &[])).unwrap();
    assert_eq!(applied.withdrawn, [(name("interpol"), 2)]);
    assert!(roster.contact(&address("interpol/x")).is_some());
    assert_eq!(roster.forks().len(), 1);
}

#[test]
fn annexes_older_than_the_pin_are_known_by_their_link() {
    let two = signed_annex(next_annex(&interpol_1(), &[]), &INTERPOL);
    let three = signed_annex(next_annex(&two, &[]), &INTERPOL);
    let part_2 = signed_part(pinning(next_part(&part_1()), &three), &AUTHORITY);
    let documents = set(&[part_1(), part_2], &[three], &[]);
    let mut roster = Roster::found(anchor(), &documents).unwrap();
    // Annex 1 alone hangs in the air; with annex 2 it is linked to the pin.
    refused(&roster, &one(interpol_1()), "R7");
    assert!(roster.device_signing_keys(&device(100).id).is_empty());
    let applied = roster.apply(&set(&[], &[interpol_1(), two], &[])).unwrap();
    assert!(!applied.is_change());
    // So receipts by the keys of that time can still be judged.
    let (contact, term) = roster.device_signing_keys(&device(100).id)[0].clone();
    assert_eq!(
        (contact, term.key),
        (address("interpol/fr/cyber"), public(101))
    );
    assert!(!term.current);
    roster.apply(&one(interpol_1())).unwrap();
    // Another annex 1, once properly signed, is a fork even now.
    let other = signed_annex(first_annex("interpol", &[]), &INTERPOL);
    refused(&roster, &one(other), "R5");
    let forged = signed_annex(first_annex("interpol", &[]), &[20]);
    refused(&roster, &one(forged), "R7");
}

#[test]
fn r8_a_contact_begins_with_its_organisation() {
    let annex = next_annex(&interpol_1(), &[contact("europol/nl", &[])]);
    refused(&roster(), &one(signed_annex(annex, &INTERPOL)), "R8");
}

#[test]
fn r8_devices_and_keys_stand_once_in_an_annex() {
    let roster = roster();
    let refused = |contacts: &[Contact]| {
        let annex = next_annex(&interpol_1(), contacts);
        refused(&roster, &one(signed_annex(annex, &INTERPOL)), "R8");
    };
    refused(&[contact("interpol/a", &[600]), contact("interpol/b", &[600])]);
    // The second device's transport key is the first one's signing key.
    refused(&[contact("interpol/a", &[600]), contact("interpol/b", &[601])]);
    let mut same = contact("interpol/a", &[]);
    let keys = DeviceKeys {
        signing: public(700),
        ..device_keys(700)
    };
    same.devices = sorted([Device {
        keys: list([keys]),
        ..device(700)
    }]);
    refused(&[same]);
}

#[test]
fn r8_a_device_in_two_annexes_counts_in_neither_until_it_is_mended() {
    let mut roster = roster();
    let thief = signed_annex(
        next_annex(&europol_1(), &[contact("europol/x", &[100])]),
        &EUROPOL,
    );
    roster.apply(&one(thief.clone())).unwrap();
    assert!(roster.device(&device(100).id).is_none());
    assert!(roster.device_by_transport_key(&public(100)).is_none());
    assert_eq!(
        roster.contested_devices().collect::<Vec<_>>(),
        [&device(100).id]
    );
    // Suspending whoever took it mends it at once.
    let mut mended = roster.clone();
    let organisation = Subject::Organisation(name("europol"));
    mended
        .apply(&set(&[], &[], &[suspension(organisation, 1)]))
        .unwrap();
    let entry = mended.device(&device(100).id).unwrap();
    assert_eq!(entry.contact.address, address("interpol/fr/cyber"));
    // So does an annex without it.
    roster
        .apply(&one(signed_annex(next_annex(&thief, &[]), &EUROPOL)))
        .unwrap();
    assert!(roster.device(&device(100).id).is_some());
    assert_eq!(roster.contested_devices().count(), 0);
}

#[test]
fn r8_a_device_with_the_key_of_a_relay_does_not_count() {
    let mut roster = roster();
    let annex = next_annex(&interpol_1(), &[contact("interpol/x", &[900])]);
    roster.apply(&one(signed_annex(annex, &INTERPOL))).unwrap();
    assert!(roster.device_by_transport_key(&public(900)).is_none());
    assert!(roster.relay_by_transport_key(&public(900)).is_some());
}

#[test]
fn r1_hours_that_no_day_has_are_refused() {
    let hours = |days, from_minute, to_minute| DutyHours {
        days,
        from_minute,
        to_minute,
    };
    for hours in [hours(0x80, 0, 60), hours(1, 1440, 60), hours(1, 0, 1441)] {
        let mut night = contact("interpol/hq", &[]);
        night.hours = list([hours]);
        let annex = signed_annex(next_annex(&interpol_1(), &[night]), &INTERPOL);
        refused(&roster(), &one(annex), "R1");
    }
    let mut night = contact("interpol/hq", &[]);
    night.hours = List::new([hours(0x7f, 1320, 360)]).unwrap();
    let annex = signed_annex(next_annex(&interpol_1(), &[night]), &INTERPOL);
    roster().apply(&one(annex)).unwrap();
}
