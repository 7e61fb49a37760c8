//! The longest letters of a reconciliation.

use maille_common::content::{
    DayDigest, Digest, GivenStatement, Handed, Holding, Item, Place, Reconciliation, Step,
};
use maille_common::extension::Extensions;
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::limits;

use super::{comes_back, hash_of};
use crate::evidence::receipt;
use crate::vectors::reconciliations::letter;
use crate::vectors::values::signed;
use crate::world::*;

fn place(number: usize) -> Place {
    Place {
        day: 100,
        alert: AlertId::from_bytes(*hash_of(number).as_bytes()),
    }
}

fn holdings(count: usize, statements: usize) -> Vec<Holding> {
    let hashes: Vec<Hash> = (0..statements).map(hash_of).collect();
    let holding = |number| Holding {
        place: place(number),
        sent: true,
        in_place: false,
        lost: false,
        statements: sorted(hashes.clone()),
    };
    (0..count).map(holding).collect()
}

/// As much as two devices put into one letter: each part of it within its limit of bytes.
#[test]
fn the_longest_letters_come_back_and_are_within_a_content() {
    let each = maille_common::codec::encode(&signed(receipt(), 3)).len() + 16;
    let handed = Handed {
        statements: list(vec![
            GivenStatement::Receipt {
                receipt: signed(receipt(), 3),
                note: None,
            };
            (limits::RECONCILE_BYTES_MAX / each)
                .min(limits::HANDED_MAX)
        ]),
        again: sorted(
            (0..limits::HANDED_MAX)
                .map(|at| place(at).alert)
                .collect::<Vec<_>>(),
        ),
        more: true,
    };
    let per_holding = limits::RECONCILE_BYTES_MAX / limits::HOLDINGS_MAX;
    let days = |from: u32| from..from + limits::RECONCILED_DAYS;
    let listed = |held: Vec<Holding>| Step::Holdings {
        days: sorted(days(100).collect::<Vec<_>>()),
        held: sorted(held),
        upto: Some(place(1)),
        handed: handed.clone(),
    };
    let items = (0..limits::HANDED_MAX).map(|at| Item {
        place: place(at),
        statement: Hash::ZERO,
        held: true,
    });
    let day = |day| DayDigest {
        day,
        sent: Digest::of([]),
        received: Digest::of([]),
    };
    for step in [
        Step::Digests {
            from: 100,
            after: Place::START,
            days: sorted(days(100).map(day).collect::<Vec<_>>()),
        },
        listed(holdings(limits::HOLDINGS_MAX, (per_holding - 43) / 32)),
        listed(holdings(
            limits::RECONCILE_BYTES_MAX / (limits::HOLDING_STATEMENTS_MAX * 32 + 43),
            limits::HOLDING_STATEMENTS_MAX,
        )),
        Step::Evidence {
            handed: handed.clone(),
        },
        Step::Closing {
            items: sorted(items.collect::<Vec<_>>()),
            whole: true,
        },
    ] {
        let longest = Reconciliation {
            extensions: Extensions::empty(),
            ..letter(step)
        };
        assert!(comes_back(&longest) <= limits::CONTENT_BYTES_MAX);
    }
}
