//! What ends is told 30, 7 and 1 days ahead, and who can do something about it.

use crate::roster::fixture::*;
use crate::roster::*;
use crate::time::{Span, Timestamp};

const END: Timestamp = Timestamp::from_unix_ms(2_000_000_000_000);

/// What a roster tells at so many days before the end, of what `wanted` names.
fn told(roster: &Roster, wanted: &Ends, days: u64) -> Option<EndStage> {
    let endings = roster.endings(END - Span::from_days(days));
    let found = endings.into_iter().find(|ending| ending.what == *wanted)?;
    assert_eq!(found.at, END);
    Some(found.stage)
}

/// At 31, 30, 8, 7, 2, 1 and 0 days before.
fn stages(roster: &Roster, wanted: &Ends) -> Vec<Option<EndStage>> {
    let days = [31, 30, 8, 7, 2, 1, 0];
    days.map(|days| told(roster, wanted, days)).to_vec()
}

fn warned() -> Vec<Option<EndStage>> {
    let (month, week, day) = (EndStage::Month, EndStage::Week, EndStage::Day);
    let known = [month, month, week, week, day, EndStage::Over].map(Some);
    [&[None][..], &known].concat()
}

/// The small network, with one contact of interpol as the change makes it.
fn with(change: impl FnOnce(&mut Contact)) -> Roster {
    let mut roster = roster();
    let mut desk = contact("interpol/hq", &[110]);
    change(&mut desk);
    let annex = signed_annex(next_annex(&interpol_1(), &[desk]), &INTERPOL);
    roster.apply(&set(&[], &[annex], &[])).unwrap();
    roster
}

#[test]
fn the_authority_part_is_warned_of() {
    let before = part_1();
    let part = AuthorityPart {
        renew_by: END,
        ..next_part(&before)
    };
    let mut roster = roster();
    roster
        .apply(&set(&[signed_part(part, &AUTHORITY)], &[], &[]))
        .unwrap();
    assert_eq!(stages(&roster, &Ends::Authority), warned());
    assert_eq!(Ends::Authority.organisation(), None);
}

#[test]
fn an_annex_is_warned_of() {
    let desk = contact("interpol/hq", &[110]);
    let annex = Annex {
        renew_by: END,
        ..next_annex(&interpol_1(), &[desk])
    };
    let mut roster = roster();
    roster
        .apply(&set(&[], &[signed_annex(annex, &INTERPOL)], &[]))
        .unwrap();
    let ends = Ends::Annex(name("interpol"));
    assert_eq!(stages(&roster, &ends), warned());
    assert_eq!(ends.organisation(), Some(name("interpol")));
}

#[test]
fn the_end_of_a_designation_is_warned_of() {
    let roster = with(|desk| desk.valid_to = Some(END));
    let ends = Ends::Contact(address("interpol/hq"));
    assert_eq!(stages(&roster, &ends), warned());
    assert_eq!(ends.organisation(), Some(name("interpol")));
    // Long after, it is no news.
    let later = roster.endings(END + Span::from_days(30));
    assert!(later.iter().all(|ending| ending.what != ends));
}

#[test]
fn the_end_of_the_last_keys_of_a_device_is_warned_of() {
    let keys = |number, valid_to| DeviceKeys {
        valid_to,
        ..device_keys(number)
    };
    let with_keys = |newest, before| {
        with(|desk| {
            let mut held = desk.devices[0].clone();
            held.keys = list([keys(114, newest), keys(110, before)]);
            desk.devices = sorted([held]);
        })
    };
    let ends = Ends::Device(address("interpol/hq"), device(110).id);
    let earlier = Some(END - Span::from_days(40));
    assert_eq!(stages(&with_keys(Some(END), earlier), &ends), warned());
    // Where others count on, nobody is warned.
    assert_eq!(stages(&with_keys(None, Some(END)), &ends), [None; 7]);
    let later = Some(END + Span::from_days(365));
    assert_eq!(stages(&with_keys(later, Some(END)), &ends), [None; 7]);
}

#[test]
fn each_stage_of_an_end_is_news_once_and_again_after_the_end_was_put_off() {
    let now = Timestamp::EPOCH + Span::from_days(100);
    let ending = |days| Ending::of(Ends::Authority, now + Span::from_days(days), now).unwrap();
    let mut told = EndingsTold::default();
    assert_eq!(told.news(vec![ending(20)]), [ending(20)]);
    assert_eq!(told.news(vec![ending(19)]), []);
    assert_eq!(told.news(vec![ending(6)]), [ending(6)]);
    assert_eq!(told.news(Vec::new()), []);
    assert_eq!(told.news(vec![ending(6)]), [ending(6)]);
}
