//! Letters of a reconciliation are opened, and refused, as PROTOCOL V1 says; equal holdings have
//! equal digests.

use maille_common::codec::encode;
use maille_common::content::{
    ContentFault, DayDigest, Digest, Handed, Holding, Item, Place, Reconciliation, Step,
};
use maille_common::envelope::{Content, ShownEntries, SignedEnvelope};
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::terms::Kind;

use crate::vectors::reconciliations::letter;
use crate::world::*;

fn sealed(letter: &Reconciliation) -> Letter {
    let heartbeat = Letter::heartbeat(NOW);
    let core = maille_common::envelope::Core {
        kind: Kind::Reconciliation,
        ..heartbeat.core
    };
    Letter {
        core,
        content: encode(letter),
        ..Letter::heartbeat(NOW)
    }
}

fn holding(day: u32, alert: u8, sent: bool, statements: &[u8]) -> Holding {
    let hashes = statements.iter().map(|byte| Hash::from_bytes([*byte; 32]));
    Holding {
        place: Place {
            day,
            alert: AlertId::from_bytes([alert; 32]),
        },
        sent,
        in_place: false,
        lost: false,
        statements: sorted(hashes.collect::<Vec<_>>()),
    }
}

#[test]
fn a_letter_is_opened_by_the_device_it_addresses_and_under_the_rule_of_either_direction() {
    let same = letter(Step::Same);
    let opened = receive(&share(&sealed(&same).seal(), 3), 3).unwrap();
    assert_eq!(*opened.content(), Content::Reconciliation(Box::new(same)));
}

#[test]
fn a_letter_of_another_version_or_of_other_words_is_refused() {
    let newer = Reconciliation {
        version: 2,
        ..letter(Step::Same)
    };
    refused(&share(&sealed(&newer).seal(), 3), 3, "E15");
    let words = Letter {
        content: encode(&alert()),
        ..sealed(&letter(Step::Same))
    };
    refused(&share(&words.seal(), 3), 3, "E15");
}

#[test]
fn v1_days_alerts_and_items_stand_once_in_their_order_and_within_the_window() {
    let day = |day, alerts| DayDigest {
        day,
        sent: Digest {
            alerts,
            root: Hash::ZERO,
        },
        received: Digest::of([]),
    };
    let digests = |days: Vec<DayDigest>| Step::Digests {
        from: 100,
        after: Place::START,
        days: sorted(days),
    };
    let last = 100 + limits::RECONCILED_DAYS - 1;
    let held = |held: Vec<Holding>| Step::Holdings {
        days: sorted([100]),
        held: sorted(held),
        upto: None,
        handed: Handed::NOTHING,
    };
    let item = |held| Item {
        place: Place::START,
        statement: Hash::ZERO,
        held,
    };
    let closing = |items: Vec<Item>| Step::Closing {
        items: sorted(items),
        whole: true,
    };
    for good in [
        digests(vec![day(100, 1), day(last, 1)]),
        held(vec![holding(100, 1, true, &[]), holding(100, 2, true, &[])]),
        closing(vec![item(true)]),
    ] {
        assert_eq!(letter(good).check(), Ok(()));
    }
    for bad in [
        digests(vec![day(99, 1)]),
        digests(vec![day(last + 1, 1)]),
        digests(vec![day(100, 1), day(100, 2)]),
        held(vec![
            holding(100, 1, true, &[]),
            holding(100, 1, true, &[1]),
        ]),
        closing(vec![item(false), item(true)]),
    ] {
        assert_eq!(letter(bad).check(), Err(ContentFault::Disorder));
    }
}

#[test]
fn a_digest_tells_alerts_statements_what_is_lost_and_standing_in_anothers_place_apart() {
    let one = holding(1, 1, true, &[1, 2]);
    let in_place = Holding {
        in_place: true,
        ..one.clone()
    };
    let lost = Holding {
        lost: true,
        ..one.clone()
    };
    let all = [
        Digest::of([]),
        Digest::of([&one]),
        Digest::of([&in_place]),
        Digest::of([&lost]),
        Digest::of([&holding(1, 1, true, &[1])]),
        Digest::of([&holding(1, 2, true, &[1, 2])]),
        Digest::of([&one, &holding(1, 2, true, &[])]),
    ];
    for (at, digest) in all.iter().enumerate() {
        assert!(!all[at + 1..].contains(digest));
    }
}

/// What one side sent the other has received: mirrored, their days are the same.
#[test]
fn both_sides_of_equal_holdings_have_the_same_days() {
    let mine = [
        holding(1, 1, true, &[1]),
        holding(1, 2, false, &[2, 3]),
        holding(5, 1, false, &[]),
    ];
    let theirs = mine.clone().map(|one| Holding {
        sent: !one.sent,
        ..one
    });
    let days = DayDigest::of_all(&mine);
    assert_eq!(days.len(), 2);
    let mirrored = DayDigest::of_all(&theirs).into_iter();
    assert!(mirrored.map(DayDigest::mirrored).eq(days));
}

/// Towards a device that lacks an alert: whom else it addressed is nothing to it.
#[test]
fn the_signed_part_that_is_shown_to_one_device_proves_its_entries_and_names_no_other() {
    let whole = SignedEnvelope::of_submission(&Letter::alert().seal());
    let shown = whole.shown_to(&device(3));
    assert_eq!(shown.id(), whole.id());
    let named: Vec<_> = shown.entries.iter().map(|entry| entry.device).collect();
    assert_eq!(named, [device(3)]);
    let proven = shown.clone().verify(&roster(), None).unwrap();
    assert!(!proven.is_whole());
    // What was shown to somebody can be shown to that one alone.
    assert_eq!(shown.shown_to(&device(3)), shown);
    assert_eq!(shown.shown_to(&device(4)).entries.iter().count(), 0);
    let mut forged = whole.shown_to(&device(3));
    let ShownEntries::Some(entries) = forged.entries else {
        panic!("one device was shown all");
    };
    let mut entries = entries.into_vec();
    entries[0].entry.device = device(4);
    forged.entries = ShownEntries::Some(list(entries));
    let refused = forged.verify(&roster(), None).unwrap_err();
    assert_eq!(refused.check(), "E11");
}
