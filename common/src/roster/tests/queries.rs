//! What a roster answers.

use std::slice::from_ref;

use crate::codec::List;
use crate::pattern::Selector;
use crate::roster::fixture::*;
use crate::roster::*;
use crate::terms::{Standing, Urgency};
use crate::time::Span;

fn selectors(texts: &[&str]) -> Vec<Selector> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn contacts_devices_and_relays_are_found() {
    let roster = roster();
    let entry = roster.contact(&address("ngo/desk")).unwrap();
    assert_eq!(entry.organisation.standing, Standing::Observer);
    assert_eq!(entry.annex.organisation, name("ngo"));
    let addresses: Vec<_> = roster
        .contacts()
        .map(|entry| entry.contact.address.as_str())
        .collect();
    let expected = [
        "afripol/hq",
        "europol/nl/cyber",
        "interpol/fr/cyber",
        "interpol/hq",
        "ngo/desk",
    ];
    assert_eq!(addresses, expected);
    let by_id = roster.device(&device(200).id).unwrap();
    let by_key = roster.device_by_transport_key(&public(200)).unwrap();
    assert_eq!(by_id.device, by_key.device);
    assert_eq!(by_id.contact.address, address("europol/nl/cyber"));
    // The signing key opens no connection.
    assert!(roster.device_by_transport_key(&public(201)).is_none());
    assert_eq!(
        roster.relay_by_transport_key(&public(900)).unwrap().name,
        name("relay-1")
    );
    assert_eq!(
        roster.home_relays(&name("europol"))[0].name,
        name("relay-1")
    );
    assert_eq!(
        roster.defaults(Urgency::Past).ack_within,
        Span::from_minutes(15)
    );
}

#[test]
fn a_device_has_its_newer_and_older_keys_while_they_overlap() {
    let mut roster = roster();
    let mut desk = contact("interpol/hq", &[110]);
    let mut rotated = desk.devices[0].clone();
    rotated.keys = list([device_keys(114), device_keys(110)]);
    desk.devices = sorted([rotated.clone()]);
    let two = signed_annex(next_annex(&interpol_1(), from_ref(&desk)), &INTERPOL);
    roster.apply(&set(&[], from_ref(&two), &[])).unwrap();
    for transport in [110, 114] {
        assert!(roster.device_by_transport_key(&public(transport)).is_some());
    }
    rotated.keys = list([device_keys(114)]);
    desk.devices = sorted([rotated]);
    let three = signed_annex(next_annex(&two, &[desk]), &INTERPOL);
    roster.apply(&set(&[], &[three], &[])).unwrap();
    assert!(roster.device_by_transport_key(&public(110)).is_none());
    let terms = roster.device_signing_keys(&device(110).id);
    let found: Vec<_> = terms
        .iter()
        .map(|(_, term)| (term.key, term.current))
        .collect();
    assert_eq!(found, [(public(115), true), (public(111), false)]);
}

/// What a former key's end is, is said by the last annex that names it, whenever that comes: what
/// was read from a disk has the newest annex first.
#[test]
fn q3_the_end_of_a_former_key_does_not_depend_on_the_order_of_annexes() {
    let keys = |number, to: Option<u64>| DeviceKeys {
        valid_to: to.map(time),
        ..device_keys(number)
    };
    let mut annexes = vec![interpol_1()];
    for (issued, pairs) in [
        (20, vec![keys(114, None), keys(110, Some(50))]),
        (30, vec![keys(118, None), keys(114, Some(60))]),
        (40, vec![keys(118, None)]),
    ] {
        let mut desk = contact("interpol/hq", &[110]);
        let mut changed = desk.devices[0].clone();
        changed.keys = list(pairs);
        desk.devices = sorted([changed]);
        let mut next = next_annex(annexes.last().unwrap(), &[desk]);
        next.issued = time(issued);
        annexes.push(signed_annex(next, &INTERPOL));
    }
    let (id, contact) = (device(110).id, address("interpol/hq"));
    let ends = |roster: &Roster| {
        let of = |number| {
            let terms = roster.device_signing_keys(&id).into_iter();
            let mut terms = terms.filter(|(of, _)| *of == contact);
            let found = terms.find(|(_, term)| term.key == public(number));
            found.unwrap().1.end()
        };
        [of(111), of(115), of(119)]
    };
    // The first one is left out before its end, and the second by the last annex.
    let expected = [Some(time(30)), Some(time(40)), None];
    let mut grown = roster();
    for annex in &annexes[1..] {
        grown.apply(&set(&[], from_ref(annex), &[])).unwrap();
    }
    assert_eq!(ends(&grown), expected);
    // The authority pins the last, and whoever comes then is shown the others later.
    let part = signed_part(pinning(next_part(&part_1()), &annexes[3]), &AUTHORITY);
    let others = [europol_1(), afripol_1(), ngo_1()];
    let late = [&others[..], from_ref(&annexes[3])].concat();
    let mut late = Roster::found(anchor(), &set(&[part_1(), part], &late, &[])).unwrap();
    late.apply(&set(&[], &annexes[..3], &[])).unwrap();
    assert_eq!(ends(&late), expected);
}

#[test]
fn k2_a_pair_behind_a_newer_one_counts_until_its_end_and_the_newest_beyond_its_own() {
    let ends = |base, to: Option<u64>| DeviceKeys {
        valid_to: to.map(time),
        ..device_keys(base)
    };
    let with = |keys: &[DeviceKeys]| {
        let mut roster = roster();
        let mut desk = contact("interpol/hq", &[110]);
        let mut changed = desk.devices[0].clone();
        changed.keys = list(keys);
        desk.devices = sorted([changed]);
        let annex = signed_annex(next_annex(&interpol_1(), &[desk]), &INTERPOL);
        roster.apply(&set(&[], &[annex], &[])).unwrap();
        roster
    };
    let (id, newest, behind) = (device(110).id, public(115), public(111));
    let renewed = with(&[ends(114, Some(90)), ends(110, Some(50))]);
    assert_eq!(renewed.signing_keys_now(&id, time(49)), [newest, behind]);
    assert_eq!(renewed.signing_keys_now(&id, time(50)), [newest]);
    assert_eq!(renewed.signing_keys_now(&id, time(90)), [newest]);
    let never = with(&[ends(114, None), ends(110, None)]);
    assert_eq!(never.signing_keys_now(&id, time(1_000)), [newest, behind]);
}

#[test]
fn a_relays_former_keys_judge_old_statements() {
    let mut roster = roster();
    let mut two = next_part(&part_1());
    let mut relays = two.relays.into_vec();
    relays[0].keys = list([relay_keys(910)]);
    two.relays = sorted(relays);
    let issued = two.issued;
    roster
        .apply(&set(&[signed_part(two, &AUTHORITY)], &[], &[]))
        .unwrap();
    let terms = roster.relay_signing_keys(&name("relay-1"));
    let found: Vec<_> = terms
        .iter()
        .map(|term| (term.key, term.to, term.current))
        .collect();
    assert_eq!(
        found,
        [
            (public(901), Some(issued), false),
            (public(911), None, true)
        ]
    );
    assert!(terms[0].counts_at(time(1_500)) && !terms[0].counts_at(issued));
    assert!(roster.relay_by_transport_key(&public(900)).is_none());
}

#[test]
fn what_no_rule_allows_is_refused() {
    let roster = roster();
    let (desk, observer) = (address("interpol/fr/cyber"), address("ngo/desk"));
    let allows = |from: &str, to: &str| {
        roster
            .rule_allows(&address(from), &address(to))
            .map(|rule| rule.to.to_string())
    };
    assert_eq!(
        allows("interpol/hq", "europol/nl/cyber").as_deref(),
        Some("**")
    );
    // The wildcard rule lets no observer in, on neither side.
    assert_eq!(allows("interpol/hq", "ngo/desk"), None);
    assert_eq!(allows("ngo/desk", "interpol/hq"), None);
    assert_eq!(
        allows("interpol/fr/cyber", "ngo/desk").as_deref(),
        Some("ngo/**")
    );
    assert_eq!(allows("nobody/x", "interpol/hq"), None);
    assert!(roster.two_persons_required(&desk, &observer, Urgency::Immediate));
    assert!(!roster.two_persons_required(&desk, &observer, Urgency::Expected));
    let peer = address("europol/nl/cyber");
    assert!(!roster.two_persons_required(&desk, &peer, Urgency::Immediate));
}

#[test]
fn patterns_and_lists_are_expanded_to_contacts() {
    let roster = roster();
    let expand = |texts: &[&str]| {
        let found = roster.expand(&selectors(texts)).unwrap();
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        expand(&["@cyber"]),
        ["afripol/hq", "europol/nl/cyber", "interpol/fr/cyber"]
    );
    assert_eq!(
        expand(&["interpol/**", "interpol/hq"]),
        ["interpol/fr/cyber", "interpol/hq"]
    );
    assert_eq!(expand(&["ngo/*"]), ["ngo/desk"]);
    assert_eq!(expand(&["**"]).len(), 4);
    assert_eq!(expand(&[]).len(), 0);
}

#[test]
fn a_pattern_that_matches_nobody_is_an_error() {
    let roster = roster();
    let error = roster
        .expand(&selectors(&["**", "interpol/de"]))
        .unwrap_err();
    assert_eq!(error.code(), "nobody-matches");
    assert!(
        error
            .to_string()
            .starts_with("`interpol/de` matches no contact"),
        "{error}"
    );
    let error = roster.expand(&selectors(&["*/desk"])).unwrap_err();
    assert_eq!(error.code(), "nobody-matches");
    let error = roster.expand(&selectors(&["@fire"])).unwrap_err();
    assert_eq!(error.code(), "unknown-list");
}

#[test]
fn a_designation_has_a_beginning_and_an_end() {
    let mut desk = contact("interpol/hq", &[110]);
    (desk.valid_from, desk.valid_to) = (time(100), Some(time(200)));
    desk.deputies = List::new([Deputy {
        contact: address("europol/nl/cyber"),
        after: Span::from_minutes(5),
    }])
    .unwrap();
    let annex = signed_annex(next_annex(&interpol_1(), &[desk]), &INTERPOL);
    let mut roster = roster();
    roster.apply(&set(&[], &[annex], &[])).unwrap();
    let hq = address("interpol/hq");
    for (at, expected) in [
        (99, Designation::NotYet),
        (100, Designation::Valid),
        (199, Designation::Valid),
        (200, Designation::Ended),
    ] {
        assert_eq!(roster.designated(&hq, time(at)), expected);
        assert_eq!(
            roster.designated_device(&device(110).id, time(at)),
            expected
        );
    }
    let gone = address("interpol/fr/cyber");
    assert_eq!(roster.designated(&gone, time(150)), Designation::Unknown);
    assert_eq!(roster.deputies(&hq)[0].contact, address("europol/nl/cyber"));
    assert!(roster.deputies(&gone).is_empty());
}

#[test]
fn a_device_is_designated_while_its_keys_are_valid() {
    let mut desk = contact("interpol/hq", &[]);
    let keys = DeviceKeys {
        valid_from: time(100),
        valid_to: Some(time(200)),
        ..device_keys(110)
    };
    desk.devices = sorted([Device {
        keys: list([keys]),
        ..device(110)
    }]);
    let annex = signed_annex(next_annex(&interpol_1(), &[desk]), &INTERPOL);
    let mut roster = roster();
    roster.apply(&set(&[], &[annex], &[])).unwrap();
    for (at, expected) in [
        (99, Designation::NotYet),
        (100, Designation::Valid),
        (200, Designation::Ended),
    ] {
        assert_eq!(
            roster.designated_device(&device(110).id, time(at)),
            expected
        );
    }
}

#[test]
fn r10_a_stale_roster_says_so_and_serves() {
    let roster = roster();
    assert!(!roster.is_stale(time(1_000_000)));
    assert!(roster.is_stale(time(1_000_001)));
    assert_eq!(roster.stale_annexes(time(1_000_001)).count(), 0);
    assert_eq!(roster.stale_annexes(time(2_000_001)).count(), 4);
    let hq = address("interpol/hq");
    assert_eq!(roster.designated(&hq, time(9_000_000)), Designation::Valid);
    let mut renewed = roster.clone();
    let annex = signed_annex(next_annex(&interpol_1(), &[]), &INTERPOL);
    renewed.apply(&set(&[], &[annex], &[])).unwrap();
}

/// PROTOCOL Q3: a device that was removed may have the alert, from whoever had not heard.
#[test]
fn a_removed_device_answers_for_what_was_made_until_a_day_later() {
    let hq = address("interpol/hq");
    let (id, far) = (device(110).id, Span::from_days(900));
    let mut roster = roster();
    let about = |roster: &Roster, made| roster.is_device_about(&id, &hq, made);
    let two = signed_annex(
        next_annex(&interpol_1(), &[contact("interpol/hq", &[110, 130])]),
        &INTERPOL,
    );
    roster.apply(&set(&[], from_ref(&two), &[])).unwrap();
    assert!(about(&roster, two.annex.issued + far));
    let without = [contact("interpol/hq", &[130])];
    let three = signed_annex(next_annex(&two, &without), &INTERPOL);
    let four = signed_annex(next_annex(&three, &without), &INTERPOL);
    let end = three.annex.issued + Span::from_days(1);
    roster
        .apply(&set(&[], &[three, four.clone()], &[]))
        .unwrap();
    assert!(about(&roster, end - Span::from_ms(1)));
    assert!(!about(&roster, end));
    // Whoever begins with all the documents judges as whoever had them one by one.
    let anew = Roster::found(roster.anchor().clone(), &roster.documents()).unwrap();
    assert!(about(&anew, end - Span::from_ms(1)) && !about(&anew, end));
    // A device that comes back answers as ever.
    let five = signed_annex(
        next_annex(&four, &[contact("interpol/hq", &[110, 130])]),
        &INTERPOL,
    );
    roster.apply(&set(&[], from_ref(&five), &[])).unwrap();
    assert!(about(&roster, five.annex.issued + far));
}

/// PROTOCOL Q3: a deputy that was dismissed may have been asked before, by whoever had not heard.
#[test]
fn a_dismissed_deputy_answers_for_what_was_made_until_a_day_later() {
    let (principal, deputy) = (address("interpol/hq"), address("europol/nl/cyber"));
    let never = address("afripol/hq");
    let mut roster = roster();
    assert!(!roster.was_deputy(&deputy, &principal));
    let mut desk = contact("interpol/hq", &[110]);
    desk.deputies = list([Deputy {
        contact: deputy.clone(),
        after: Span::ZERO,
    }]);
    let two = signed_annex(next_annex(&interpol_1(), from_ref(&desk)), &INTERPOL);
    roster.apply(&set(&[], from_ref(&two), &[])).unwrap();
    let far = two.annex.issued + Span::from_days(900);
    assert!(roster.is_deputy_about(&deputy, &principal, far));
    desk.deputies = List::empty();
    let three = signed_annex(next_annex(&two, from_ref(&desk)), &INTERPOL);
    let four = signed_annex(next_annex(&three, from_ref(&desk)), &INTERPOL);
    let dismissed = three.annex.issued;
    roster.apply(&set(&[], &[three, four], &[])).unwrap();
    assert!(!roster.is_deputy(&deputy, &principal) && roster.was_deputy(&deputy, &principal));
    let end = dismissed + Span::from_days(1);
    let moment = Span::from_ms(1);
    assert!(roster.is_deputy_about(&deputy, &principal, end - moment));
    assert!(!roster.is_deputy_about(&deputy, &principal, end));
    assert!(!roster.was_deputy(&never, &principal));
    assert!(!roster.is_deputy_about(&never, &principal, dismissed));
    assert!(!roster.was_deputy(&principal, &deputy), "nor the other way");
}
