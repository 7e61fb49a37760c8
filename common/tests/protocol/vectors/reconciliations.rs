//! One letter of each step of a reconciliation.

use maille_common::content::{
    DayDigest, Digest, GivenStatement, Handed, Holding, Item, Place, Reconciliation, RoundId, Step,
};
use maille_common::envelope::SignedEnvelope;
use maille_common::extension::Extensions;
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::vectors::Vectors;

use super::values::signed;
use crate::evidence::{expiry, receipt};
use crate::world::{Letter, device, list, sorted};

const PLACE: Place = Place {
    day: 20_000,
    alert: AlertId::from_bytes([0xa1; 32]),
};
const STATEMENT: Hash = Hash::from_bytes([7; 32]);

pub(crate) fn check_all(check: &mut Vectors) {
    let holding = Holding {
        place: PLACE,
        sent: true,
        in_place: false,
        lost: false,
        statements: sorted([STATEMENT]),
    };
    let day = DayDigest {
        day: PLACE.day,
        sent: Digest::of([&holding]),
        received: Digest::of([]),
    };
    let lost = SignedEnvelope::of_submission(&Letter::alert().seal()).shown_to(&device(3));
    let handed = Handed {
        statements: list([
            GivenStatement::Receipt {
                receipt: signed(receipt(), 3),
                note: None,
            },
            GivenStatement::Expiry(signed(expiry(), 1)),
            GivenStatement::Envelope(Box::new(lost)),
        ]),
        again: sorted([PLACE.alert]),
        more: true,
    };
    let item = Item {
        place: PLACE,
        statement: Hash::ZERO,
        held: true,
    };
    for (name, step) in [
        (
            "reconciliation-0-digests",
            Step::Digests {
                from: 19_971,
                after: Place::START,
                days: sorted([day]),
            },
        ),
        ("reconciliation-1-same", Step::Same),
        (
            "reconciliation-2-holdings",
            Step::Holdings {
                days: sorted([PLACE.day]),
                held: sorted([holding]),
                upto: Some(PLACE),
                handed: Handed::NOTHING,
            },
        ),
        ("reconciliation-3-evidence", Step::Evidence { handed }),
        (
            "reconciliation-4-closing",
            Step::Closing {
                items: sorted([item]),
                whole: true,
            },
        ),
    ] {
        check.value(name, &letter(step));
    }
}

pub(crate) fn letter(step: Step) -> Reconciliation {
    Reconciliation {
        version: Reconciliation::VERSION,
        round: RoundId::from_bytes([0xe1; 16]),
        turn: RoundId::from_bytes([0xe2; 16]),
        step,
        extensions: Extensions::empty(),
    }
}
