//! What a key holder reads before signing.

use crate::roster::difference::Difference;
use crate::roster::fixture::*;
use crate::roster::*;
use crate::terms::Urgency;
use crate::time::Span;

fn changed(change: impl Fn(&mut AuthorityPart)) -> Difference {
    let mut new = next_part(&part_1());
    change(&mut new);
    Difference::between(Some(&first_part()), &new)
}

#[test]
fn a_renewal_changes_nothing_but_dates() {
    let difference = changed(|part| part.renew_by = time(9));
    assert!(difference.is_empty(), "{difference}");
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
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

#[test]
fn what_an_authority_part_takes_away_is_shown() {
    let gone = changed(|part| {
        let rest = part
            .organisations
            .iter()
            .filter(|found| found.name.as_str() != "ngo");
        part.organisations = sorted(rest.cloned().collect::<Vec<_>>());
    });
    assert_eq!(gone.lines[0].to_string(), "- organisation `ngo`");
    let stricter = changed(|part| {
        let mut rules = part.rules.to_vec();
        rules[0] = rule("**", "**", &[Urgency::Immediate]);
        part.rules = list(rules);
    });
    assert_eq!(stricter.lines.len(), 1);
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
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}
