//! What a key holder reads before signing.

use crate::codec::List;
use crate::roster::difference::Difference;
use crate::roster::fixture::*;
use crate::roster::*;
use crate::terms::{Standing, Urgency};
use crate::time::Span;

fn changed(change: impl Fn(&mut AuthorityPart)) -> Difference {
    let mut new = next_part(&part_1());
    change(&mut new);
    Difference::between(Some(&first_part()), &new)
}

#[track_caller]
fn warns(difference: &Difference, of: &str) {
    let found = difference
        .warnings
        .iter()
        .any(|warning| warning.contains(of));
    assert!(found, "{difference}");
}

#[test]
fn a_renewal_changes_nothing_but_dates() {
    let difference = changed(|part| part.renew_by = time(9));
    assert!(
        difference.is_empty() && difference.warnings.is_empty(),
        "{difference}"
    );
}

#[test]
fn a_first_part_is_shown_whole() {
    let text = Difference::between(None, &first_part()).to_string();
    for expected in [
        "+ authority key ",
        "+ organisation `interpol`, member: interpol (en)",
        "+ relay `relay-1` of `interpol` at localhost:4433",
        "+ list `@cyber`, pattern `*/*/cyber`",
        "+ rule `interpol/fr/cyber` → `ngo/**`, two persons for immediate",
        "! The observer `ngo` is admitted.",
        "! The rule `interpol/fr/cyber` → `ngo/**` takes in the observer `ngo`.",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

#[test]
fn cutting_somebody_off_is_warned_of() {
    let gone = changed(|part| {
        let rest = part
            .organisations
            .iter()
            .filter(|found| found.name.as_str() != "ngo");
        part.organisations = sorted(rest.cloned().collect::<Vec<_>>());
    });
    assert_eq!(gone.lines[0].to_string(), "- organisation `ngo`");
    warns(&gone, "`ngo` and all its contacts and devices are cut off.");
    let homeless = changed(|part| {
        *part = with_organisation(part.clone(), "ngo", |found| {
            found.home_relays = List::empty();
        });
    });
    warns(&homeless, "no home relay");
    let rekeyed = changed(|part| {
        let mut relays = part.relays.clone().into_vec();
        relays[0].keys = list([relay_keys(910)]);
        part.relays = sorted(relays);
    });
    warns(&rekeyed, "nobody can connect");
}

#[test]
fn locking_the_authority_out_is_warned_of() {
    warns(&changed(|part| part.threshold = 4), "locked out");
    warns(&changed(|part| part.threshold = 3), "if one is lost");
    warns(&changed(|part| part.threshold = 1), "Fewer key holders");
    let annex = changed(|part| {
        *part = with_organisation(part.clone(), "europol", |found| found.annex_threshold = 3);
    });
    warns(&annex, "`europol` is locked out");
}

#[test]
fn weakening_a_rule_is_warned_of() {
    let dropped = changed(|part| {
        part.rules = list([
            rule("**", "**", &[]),
            rule("interpol/fr/cyber", "ngo/**", &[]),
        ]);
    });
    warns(&dropped, "one person alone may send at urgency `immediate`");
    let removed = changed(|part| part.rules = list(&part.rules[..1]));
    warns(&removed, "can no longer send");
    let stricter = changed(|part| {
        let mut rules = part.rules.to_vec();
        rules[0] = rule("**", "**", &[Urgency::Immediate]);
        part.rules = list(rules);
    });
    assert_eq!(stricter.lines.len(), 1);
    assert!(stricter.warnings.is_empty(), "{stricter}");
    let standing = changed(|part| {
        *part = with_organisation(part.clone(), "ngo", |found| {
            found.standing = Standing::Member;
        });
    });
    warns(&standing, "wildcards reach it from now on");
}

#[test]
fn annex_keys_that_change_without_a_pin_are_warned_of() {
    let rotate = |part: AuthorityPart| {
        with_organisation(part, "interpol", |found| {
            found.annex_keys = sorted([public(11)]);
        })
    };
    warns(
        &changed(|part| *part = rotate(part.clone())),
        "fall out of force",
    );
    let pinned = changed(|part| *part = pinning(rotate(part.clone()), &interpol_1()));
    assert!(pinned.warnings.is_empty(), "{pinned}");
}

#[test]
fn an_annex_is_shown_contact_by_contact() {
    let old = interpol_1().annex.into_value();
    let mut desk = contact("interpol/fr/cyber", &[100, 120]);
    desk.hours = list([DutyHours {
        days: 0x1f,
        from_minute: 480,
        to_minute: 1050,
    }]);
    desk.deputies = list([Deputy {
        contact: address("interpol/hq"),
        after: Span::from_minutes(10),
    }]);
    let new = Annex {
        contacts: sorted([desk.clone()]),
        ..old.clone()
    };
    let difference = Difference::between_annexes(Some(&old), &new);
    let text = difference.to_string();
    for expected in [
        "~ contact `interpol/fr/cyber`, hours: day and night → Mo Tu We Th Fr 08:00-17:30",
        "~ contact `interpol/fr/cyber`, deputies: none → `interpol/hq` after 10m",
        "+ device 78000000 of `interpol/fr/cyber`, desk: ",
        "- contact `interpol/hq`",
        "! `interpol/hq` and its devices are cut off.",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    let back = Difference::between_annexes(Some(&new), &old);
    warns(&back, "has no deputy left");
    let empty = Difference::between_annexes(
        None,
        &first_annex("interpol", &[contact("interpol/a", &[])]),
    );
    warns(&empty, "no device with keys");
}

#[test]
fn a_suspension_no_longer_listed_as_lifted_is_warned_of() {
    let mut old = interpol_1().annex.into_value();
    old.lifted = sorted([Hash::from_bytes([1; 32])]);
    let new = interpol_1().annex.into_value();
    warns(
        &Difference::between_annexes(Some(&old), &new),
        "comes into force again",
    );
}
