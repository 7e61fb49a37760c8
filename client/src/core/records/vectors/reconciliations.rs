//! What is kept of reconciliations: one vector for each record, and for each stage of a round.

use maille_common::codec::SortedList;
use maille_common::content::{Item, Place, Reconciliation, RoundId, Step};
use maille_common::evidence::ObligationState;
use maille_common::extension::Extensions;
use maille_common::vectors::{Annotate, Page};

use super::*;
use crate::core::reconcile::{AlertApart, DayRecord, Differs, ReportRecord, RoundEnd, RoundStage};

annotate_fields! {
    LetterRecord { device, asks }
    ArrivedRecord { from, device, letter, came }
    RoundRecord { to, next, stage, from, after, pages, report }
    ReportRecord { asked, end, days, given, taken, again, again_there, apart }
    DayRecord { day, sent, sent_there, received, received_there }
    TurnRecord { round, turn, from, after, answered, since }
    AgainRecord { at }
    ApartRecord { told }
    AlertApart { alert, differs, state }
}

impl Annotate for Differs {
    fn annotate(&self, page: &mut Page, path: &str) {
        page.line(&format!("{path}: {self}"), &encode(self));
    }
}

annotate_choices! {
    RoundStage {
        0 Resting
        1 Asked { round, since }
        2 Compared { round, turn, since, items, ours, theirs, more, upto }
        3 Closing { round, turn, since, items, again, upto }
    }
}

const ROUND: RoundId = RoundId::from_bytes([0xe1; 16]);
const TURN: RoundId = RoundId::from_bytes([0xe2; 16]);
const PLACE: Place = Place {
    day: 20_000,
    alert: ALERT,
};

pub(super) fn all(vectors: &mut Vectors) {
    let (round, turn, since) = (ROUND, TURN, NOW);
    let letter = LetterRecord {
        device: DEVICE,
        asks: true,
    };
    vectors.record("letter", &letter);
    let arrived = ArrivedRecord {
        from: cyber(),
        device: DEVICE,
        letter: Reconciliation {
            version: 1,
            round,
            turn,
            step: Step::Same,
            extensions: Extensions::empty(),
        },
        came: NOW,
    };
    vectors.record("letter-arrived", &arrived);
    let known = TurnRecord {
        round,
        turn,
        from: 19_971,
        after: Place::START,
        answered: 2,
        since,
    };
    vectors.record("turn", &known);
    vectors.record("again", &AgainRecord { at: NOW });
    vectors.record("apart", &ApartRecord { told: STATEMENT });
    let items = SortedList::new([Item {
        place: PLACE,
        statement: STATEMENT,
        held: false,
    }]);
    let items = items.unwrap();
    let compared = RoundStage::Compared {
        round,
        turn,
        since,
        items: items.clone(),
        ours: List::new([ALERT]).unwrap(),
        theirs: Some(List::empty()),
        more: true,
        upto: Some(PLACE),
    };
    let closing = RoundStage::Closing {
        round,
        turn,
        since,
        items,
        again: true,
        upto: None,
    };
    for (name, stage) in [
        ("round-0-resting", RoundStage::Resting),
        ("round-1-asked", RoundStage::Asked { round, since }),
        ("round-2-compared", compared),
        ("round-3-closing", closing),
    ] {
        vectors.record(name, &of_stage(stage));
    }
}

/// Cancelled, and never there.
pub(super) fn apart_alert() -> AlertApart {
    AlertApart {
        alert: ALERT,
        differs: Differs::MissingThere,
        state: ObligationState::Cancelled.into(),
    }
}

fn of_stage(stage: RoundStage) -> RoundRecord {
    let day = DayRecord {
        day: 20_000,
        sent: 1,
        sent_there: 2,
        received: 3,
        received_there: 4,
    };
    RoundRecord {
        to: cyber(),
        next: Some(NOW),
        stage,
        from: 19_971,
        after: Place::START,
        pages: 1,
        report: ReportRecord {
            asked: Some(NOW),
            end: Some(RoundEnd::Apart),
            days: List::new([day]).unwrap(),
            given: 5,
            taken: 6,
            again: List::new([ALERT]).unwrap(),
            again_there: List::empty(),
            apart: List::new([apart_alert()]).unwrap(),
        },
    }
}
