//! Checks R1 to R6 on the authority's chain.

use crate::codec::{Bytes, Text, decode, encode};
use crate::extension::Extension;
use crate::roster::fixture::*;
use crate::roster::*;
use crate::terms::{Reach, Standing};

/// Founding on a changed part 1, properly signed, is refused by this check.
#[track_caller]
fn part_1_refused(change: impl Fn(&mut AuthorityPart), check: &str) -> RosterError {
    let mut part = first_part();
    change(&mut part);
    let documents = set(&[signed_part(part, &AUTHORITY)], &[], &[]);
    let error = Roster::found(anchor(), &documents).unwrap_err();
    assert_eq!(error.check(), check, "{error}");
    error
}

#[test]
fn a_network_is_founded_on_its_anchor() {
    let roster = Roster::found(anchor(), &set(&[part_1()], &[], &[])).unwrap();
    assert_eq!(roster.authority(), &first_part());
    assert_eq!(roster.heads().authority.number, 1);
    assert_eq!(roster.heads().hash(), roster.hash());
    assert_eq!(roster.authority().reach, Reach::Loopback);
}

#[test]
fn a_part_of_another_version_is_refused_as_such() {
    let mut bytes = encode(&first_part());
    bytes[0] = 2;
    let error = decode::<AuthorityPart>(&bytes).unwrap_err();
    assert!(
        error.to_string().contains("the version is not 1"),
        "{error}"
    );
}

#[test]
fn r1_another_network_is_refused() {
    part_1_refused(|part| part.network = text("other"), "R1");
    let mut annex = first_annex("interpol", &[]);
    annex.network = text("other");
    let before = Roster::found(anchor(), &set(&[part_1()], &[], &[])).unwrap();
    refused(
        &before,
        &set(&[], &[signed_annex(annex, &INTERPOL)], &[]),
        "R1",
    );
}

#[test]
fn r1_an_unknown_critical_extension_is_refused_and_another_kept() {
    let extension = |critical| Extension {
        number: 7,
        critical,
        value: Bytes::default(),
    };
    part_1_refused(|part| part.extensions = sorted([extension(true)]), "R1");
    let mut part = first_part();
    part.extensions = sorted([extension(false)]);
    let documents = set(&[signed_part(part, &AUTHORITY)], &[], &[]);
    assert!(Roster::found(anchor(), &documents).is_ok());
}

#[test]
fn r1_two_items_of_one_name_are_refused() {
    let twice = |part: &mut AuthorityPart| {
        let mut organisations = part.organisations.clone().into_vec();
        organisations.push(organisation("interpol", 1, &[11]));
        part.organisations = sorted(organisations);
    };
    let error = part_1_refused(twice, "R1");
    assert!(
        error.to_string().contains("organisation `interpol`"),
        "{error}"
    );
}

#[test]
fn r2_part_1_has_no_part_before_it() {
    part_1_refused(|part| part.previous = Hash::from_bytes([1; 32]), "R2");
    let error = Roster::found(anchor(), &set(&[], &[], &[])).unwrap_err();
    assert_eq!((error.check(), error.is_incomplete()), ("R2", true));
}

#[test]
fn r2_part_1_needs_the_signatures_of_the_anchor() {
    for keys in [&[][..], &[1], &[1, 4], &[1, 2, 4], &[4, 5]] {
        let documents = set(&[signed_part(first_part(), keys)], &[], &[]);
        let error = Roster::found(anchor(), &documents).unwrap_err();
        assert_eq!(error.check(), "R2", "{keys:?}");
    }
    for keys in [&[1, 2][..], &[2, 3], &[1, 2, 3]] {
        let documents = set(&[signed_part(first_part(), keys)], &[], &[]);
        assert!(Roster::found(anchor(), &documents).is_ok(), "{keys:?}");
    }
}

#[test]
fn r2_one_key_does_not_count_twice() {
    let good = signed_part(first_part(), &[1]);
    let mut signatures = good.signatures.clone().into_vec();
    let mut forged = signatures[0].clone();
    forged.signature = crate::crypto::ed25519::Signature::from_bytes([0; 64]);
    signatures.push(forged);
    let twice = SignedAuthority {
        signatures: sorted(signatures),
        ..good
    };
    let error = Roster::found(anchor(), &set(&[twice], &[], &[])).unwrap_err();
    assert_eq!(error.check(), "R2");
}

#[test]
fn r3_a_part_follows_by_hash_and_is_signed_by_the_keys_before_it() {
    let roster = roster();
    let one = part_1();
    let wrong = AuthorityPart {
        previous: Hash::from_bytes([9; 32]),
        ..next_part(&one)
    };
    refused(
        &roster,
        &set(&[signed_part(wrong, &AUTHORITY)], &[], &[]),
        "R3",
    );
    for keys in [&[1][..], &[1, 10], &[1, 2, 10]] {
        let two = signed_part(next_part(&one), keys);
        refused(&roster, &set(&[two], &[], &[]), "R3");
    }
    let two = signed_part(next_part(&one), &AUTHORITY);
    let three = signed_part(next_part(&two), &AUTHORITY);
    let error = refused(&roster, &set(&[three], &[], &[]), "R3");
    assert!(error.is_incomplete(), "{error}");
    let zero = AuthorityPart {
        number: 0,
        ..next_part(&one)
    };
    refused(
        &roster,
        &set(&[signed_part(zero, &AUTHORITY)], &[], &[]),
        "R3",
    );
}

#[test]
fn r3_a_signature_over_changed_bytes_is_refused() {
    let two = signed_part(next_part(&part_1()), &AUTHORITY);
    let mut changed = next_part(&part_1());
    changed.rules = list([]);
    let mut forged = signed_part(changed, &[]);
    forged.signatures = two.signatures;
    refused(&roster(), &set(&[forged], &[], &[]), "R3");
}

#[test]
fn r4_a_threshold_can_be_met_and_is_not_zero() {
    part_1_refused(|part| part.threshold = 0, "R4");
    part_1_refused(|part| part.threshold = 4, "R4");
    for threshold in [0, 3] {
        let change = |organisation: &mut Organisation| organisation.annex_threshold = threshold;
        let change = |part: &mut AuthorityPart| {
            *part = with_organisation(part.clone(), "europol", change);
        };
        part_1_refused(change, "R4");
    }
    for threshold in [0, 4] {
        let anchor = Anchor {
            threshold,
            ..anchor()
        };
        let error = Roster::found(anchor, &set(&[part_1()], &[], &[])).unwrap_err();
        assert_eq!(error.check(), "R4");
    }
}

#[test]
fn r4_each_key_is_with_another_member() {
    let keys = |third| {
        move |part: &mut AuthorityPart| {
            let first = [authority_key(1, "interpol"), authority_key(2, "europol")];
            part.keys = sorted([&first[..], &[authority_key(3, third)]].concat());
        }
    };
    part_1_refused(keys("interpol"), "R4");
    part_1_refused(keys("ngo"), "R4");
}

#[test]
fn r4_a_key_that_is_not_strict_never_decodes() {
    // The neutral element, of order 1, in the place of the first authority key.
    let bytes = encode(&first_part());
    let place = bytes
        .windows(32)
        .position(|window| window == public(1).as_bytes())
        .unwrap();
    let mut changed = bytes.clone();
    changed[place..place + 32].fill(0);
    changed[place] = 1;
    assert!(decode::<AuthorityPart>(&changed).is_err());
}

#[test]
fn r5_every_name_used_is_defined() {
    let relay = |part: &mut AuthorityPart| {
        *part = with_organisation(part.clone(), "ngo", |organisation| {
            organisation.home_relays = list([name("relay-9")]);
        });
    };
    part_1_refused(relay, "R5");
    let operator = |part: &mut AuthorityPart| {
        let mut relays = part.relays.clone().into_vec();
        relays[0].organisation = name("nobody");
        part.relays = sorted(relays);
    };
    part_1_refused(operator, "R5");
    let holder = |part: &mut AuthorityPart| {
        part.keys = sorted([authority_key(1, "nobody"), authority_key(2, "europol")]);
    };
    part_1_refused(holder, "R5");
}

#[test]
fn r5_every_list_and_rule_parses() {
    for side in ["interpol", "@unknown", "a/**/b", "", "@"] {
        part_1_refused(|part| part.rules = list([rule(side, "**", &[])]), "R5");
        part_1_refused(|part| part.rules = list([rule("**", side, &[])]), "R5");
    }
    let lists = |name: &'static str, pattern: &'static str| {
        move |part: &mut AuthorityPart| {
            part.lists = sorted([NamedList {
                name: text(name),
                patterns: list([text(pattern)]),
            }]);
        }
    };
    part_1_refused(lists("cyber", "@cyber"), "R5");
    part_1_refused(lists("cyber", "a"), "R5");
    part_1_refused(lists("Cyber!", "**"), "R5");
}

#[test]
fn r5_defaults_are_complete_and_in_order() {
    let missing = |part: &mut AuthorityPart| part.defaults = list(&part.defaults[1..]);
    part_1_refused(missing, "R5");
    let swapped = |part: &mut AuthorityPart| {
        let mut defaults = part.defaults.to_vec();
        defaults.swap(0, 1);
        part.defaults = list(defaults);
    };
    part_1_refused(swapped, "R5");
}

#[test]
fn r8_a_relay_has_two_keys_of_its_own() {
    let keys = |keys: [RelayKeys; 2]| {
        move |part: &mut AuthorityPart| {
            let mut relays = part.relays.clone().into_vec();
            relays[0].keys = list(keys.clone());
            part.relays = sorted(relays);
        }
    };
    let same = RelayKeys {
        transport: public(950),
        signing: public(950),
    };
    part_1_refused(keys([relay_keys(900), same]), "R8");
    part_1_refused(keys([relay_keys(900), relay_keys(901)]), "R8");
}

#[test]
fn a_proposal_collects_one_signature_of_each_key() {
    let proposal = SignedAuthority::propose(first_part()).unwrap();
    let sent: SignedAuthority = decode(&encode(&proposal)).unwrap();
    let signature = sign_authority(&key(1), sent.part.bytes());
    let once = sent.with(signature.clone()).unwrap();
    let twice = once.clone().with(signature).unwrap();
    assert_eq!(once, twice);
    assert_eq!(once.hash(), proposal.hash());
}

#[test]
fn standing_and_text_limits_hold_on_the_wire() {
    assert!(decode::<Standing>(&[3]).is_err());
    assert!(Text::<64>::new("x".repeat(65)).is_err());
}
