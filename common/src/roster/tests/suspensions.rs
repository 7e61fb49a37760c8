//! Check R9: fast to suspend, slow to restore.

use std::slice::from_ref;

use crate::codec::Text;
use crate::roster::fixture::*;
use crate::roster::*;

fn one(suspension: &SignedSuspension) -> RosterDocuments {
    set(&[], &[], from_ref(suspension))
}

fn desk() -> Subject {
    Subject::Contact(address("interpol/fr/cyber"))
}

#[test]
fn r9_one_key_suspends_at_once() {
    for (subject, by) in [
        (Subject::Organisation(name("interpol")), 3),
        (desk(), 2),
        (desk(), 10),
        (
            Subject::Device(address("interpol/fr/cyber"), device(100).id),
            10,
        ),
    ] {
        let mut roster = roster();
        let before = roster.hash();
        let suspension = suspension(subject.clone(), by);
        let applied = roster.apply(&one(&suspension)).unwrap();
        assert_eq!(applied.suspended, [suspension.hash()]);
        assert_ne!(roster.hash(), before);
        assert!(roster.suspended(&subject).is_some());
        let designation = roster.designated_device(&device(100).id, time(5_000));
        assert_eq!(designation, Designation::Suspended, "{subject}");
        assert_eq!(roster.knows(&before), Knowledge::Ancestor);
    }
}

#[test]
fn r9_an_annex_key_suspends_only_its_own() {
    let roster = roster();
    refused(&roster, &one(&suspension(desk(), 20)), "R9");
    refused(&roster, &one(&suspension(desk(), 99)), "R9");
    // Not even its own organisation as a whole.
    let whole = Subject::Organisation(name("interpol"));
    refused(&roster, &one(&suspension(whole, 10)), "R9");
}

#[test]
fn r9_a_suspension_needs_its_signature() {
    let mut forged = suspension(desk(), 10);
    forged.signature = suspension(desk(), 20).signature;
    refused(&roster(), &one(&forged), "R9");
}

#[test]
fn r1_a_suspension_for_another_network_is_refused() {
    let mut other = suspension(desk(), 10).suspension.into_value();
    other.network = Text::new("other").unwrap();
    let other = SignedSuspension::sign(&key(10), other).unwrap();
    refused(&roster(), &one(&other), "R1");
}

#[test]
fn r9_the_organisation_lifts_its_own_suspension_and_not_the_authoritys() {
    let mut roster = roster();
    let own = suspension(desk(), 10);
    let authoritys = suspension(desk(), 1);
    roster
        .apply(&set(&[], &[], &[own.clone(), authoritys.clone()]))
        .unwrap();
    let mut annex = next_annex(&interpol_1(), &interpol_1().annex.contacts);
    annex.lifted = sorted([own.hash(), authoritys.hash()]);
    let applied = roster
        .apply(&set(&[], &[signed_annex(annex, &INTERPOL)], &[]))
        .unwrap();
    assert_eq!(applied.restored, [own.hash()]);
    assert!(roster.suspended(&desk()).is_some());

    let mut two = next_part(&part_1());
    two.lifted = sorted([authoritys.hash()]);
    let few = signed_part(two.clone(), &[1]);
    refused(&roster, &set(&[few], &[], &[]), "R3");
    let applied = roster
        .apply(&set(&[signed_part(two, &AUTHORITY)], &[], &[]))
        .unwrap();
    assert_eq!(applied.restored, [authoritys.hash()]);
    assert!(roster.suspended(&desk()).is_none());
}

#[test]
fn r9_a_lifted_suspension_that_is_replayed_stays_lifted() {
    let suspended = suspension(desk(), 2);
    let mut two = next_part(&part_1());
    two.lifted = sorted([suspended.hash()]);
    let two = signed_part(two, &AUTHORITY);
    // A later part need not repeat it.
    let mut three = next_part(&two);
    three.lifted = sorted([]);
    let three = signed_part(three, &AUTHORITY);
    let mut roster = roster();
    roster.apply(&set(&[two, three], &[], &[])).unwrap();
    let before = roster.hash();
    let applied = roster.apply(&one(&suspended)).unwrap();
    assert!(!applied.is_change());
    assert_eq!(roster.hash(), before);
    assert!(roster.suspended(&desk()).is_none());
}

#[test]
fn r9_a_key_rotated_out_may_still_suspend() {
    let rotated = with_organisation(next_part(&part_1()), "interpol", |organisation| {
        organisation.annex_keys = sorted([public(11)]);
    });
    let two = signed_part(pinning(rotated, &interpol_1()), &AUTHORITY);
    let mut roster = roster();
    roster.apply(&set(&[two], &[], &[])).unwrap();
    roster.apply(&one(&suspension(desk(), 10))).unwrap();
    assert!(roster.suspended(&desk()).is_some());
}

#[test]
fn moving_a_suspended_device_to_another_desk_does_not_restore_it() {
    let mut roster = roster();
    let subject = Subject::Device(address("interpol/fr/cyber"), device(100).id);
    roster.apply(&one(&suspension(subject, 10))).unwrap();
    let moved = next_annex(&interpol_1(), &[contact("interpol/hq", &[100])]);
    roster
        .apply(&set(&[], &[signed_annex(moved, &INTERPOL)], &[]))
        .unwrap();
    let designation = roster.designated_device(&device(100).id, time(5_000));
    assert_eq!(designation, Designation::Suspended);
    assert_eq!(
        roster.designated(&address("interpol/hq"), time(5_000)),
        Designation::Valid
    );
}

#[test]
fn there_is_a_limit_to_suspensions_in_force() {
    let many: Vec<SignedSuspension> = (0..=SUSPENSIONS_MAX)
        .map(|number| {
            let mut id = [0; 16];
            id[..8].copy_from_slice(&u64::try_from(number).unwrap().to_le_bytes());
            let id = crate::address::DeviceId::from_bytes(id);
            suspension(Subject::Device(address("interpol/hq"), id), 10)
        })
        .collect();
    let mut roster = roster();
    roster.apply(&set(&[], &[], &many[1..])).unwrap();
    refused(&roster, &one(&many[0]), "R1");
    assert_eq!(roster.heads().suspensions.len(), SUSPENSIONS_MAX);
}
