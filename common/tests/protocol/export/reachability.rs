//! What an export of a drill shows: who was reached, by whose clock, and why others were not.

use maille_common::codec::{Exact, encode};
use maille_common::content::Alert;
use maille_common::drill::{
    DrillId, DrillMarks, Outcome, Reachability, ReachedContact, Unreachable,
};
use maille_common::envelope::Core;
use maille_common::evidence::{Accepted, Notice, Receipt, sign};
use maille_common::export::Piece;
use maille_common::terms::{
    AcceptReason, Actor, Kind, Outcome as Answer, Reason, Release, Stage, Status, Urgency,
};
use maille_common::time::{Span, Timestamp};

use super::case::{Case, later};
use crate::evidence::{accepted, act, notice, receipt};
use crate::world::*;

fn marks() -> DrillMarks {
    DrillMarks {
        id: DrillId::draw(&mut Fixed(9)),
        to: vec!["**".parse().unwrap()],
    }
}

fn content() -> Alert {
    let draft = Alert::draft(("en", "EXERCISE")).text(("en", "Acknowledge."));
    marks().mark(draft).build().unwrap()
}

/// From alpha to everybody it may write to: beta, whose deputy gamma is, and gamma itself.
fn drill() -> Letter {
    let core = Core {
        status: Status::Exercise,
        ..core(Kind::Alert, 1, &["beta/desk", "gamma/desk"])
    };
    Letter {
        core,
        content: encode(&content()),
        to: vec![
            (3, Release::Now, 0, 0),
            (4, Release::Now, 0, 0),
            (5, Release::Now, 1, 0),
            (5, Release::After, 0, 1),
        ],
        ..Letter::alert()
    }
}

fn reachability(case: Case) -> Reachability {
    case.proven().reachability.unwrap()
}

fn of(shown: &Reachability, contact: &str) -> ReachedContact {
    let found = shown
        .contacts
        .iter()
        .find(|one| one.contact == address(contact));
    found.unwrap().clone()
}

fn answered_by_relay(case: &Case, recipient: &str, reason: AcceptReason) -> Piece {
    let outcome = match reason {
        AcceptReason::None => Answer::Accepted,
        _ => Answer::Refused,
    };
    let stated = Accepted {
        alert: case.alert.id(),
        roster: case.roster.hash(),
        recipient: address(recipient),
        outcome,
        reason,
        ..accepted()
    };
    Piece::Accepted(sign(&key(RELAY), vec![Exact::of(stated).unwrap()]).remove(0))
}

#[test]
fn who_answered_is_told_with_the_times_of_their_own_clocks() {
    let case = Case::of(drill())
        .answered(4, later(2, receipt()))
        .answered(3, later(1, receipt()))
        .answered(4, later(7, act(Stage::Acknowledged, Reason::None)))
        .revealed();
    let shown = reachability(case);
    assert_eq!(shown.drill, Some(marks().id));
    assert_eq!((shown.status, shown.sent), (Status::Exercise, NOW));
    let beta = of(&shown, "beta/desk");
    assert_eq!(beta.outcome, Outcome::Acknowledged);
    assert!(beta.is_reached() && !beta.is_by_deputy());
    let delivered = beta.delivered.unwrap();
    assert_eq!(delivered.device, device(3), "the first one");
    assert_eq!(delivered.after, Some(Span::from_minutes(1)));
    let acknowledged = beta.acknowledged.unwrap();
    assert_eq!((acknowledged.device, acknowledged.step), (device(4), 0));
    assert_eq!(acknowledged.after, Some(Span::from_minutes(7)));
    assert_eq!(acknowledged.actor, Actor::Officer);
}

#[test]
fn a_deputy_that_took_it_on_is_told_with_its_step_and_does_not_make_the_contact_reached() {
    let case = Case::of(drill());
    let released = Notice {
        alert: case.alert.id(),
        roster: case.roster.hash(),
        ..notice()
    };
    let released = sign(&key(RELAY), vec![Exact::of(released).unwrap()]).remove(0);
    let delivered = later(41, receipt());
    let acknowledged = later(42, act(Stage::Acknowledged, Reason::None));
    let case = case
        .with(Piece::Notice(released))
        .answered(5, delivered)
        .answered(5, acknowledged);
    let beta = of(&reachability(case), "beta/desk");
    assert_eq!(beta.outcome, Outcome::Acknowledged);
    assert!(!beta.is_reached() && beta.is_by_deputy());
    assert_eq!(beta.step_asked, 1);
    let by = beta.acknowledged.unwrap();
    assert_eq!((by.contact, by.step), (address("gamma/desk"), 1));
}

/// A contact's own word counts before a deputy's, also where the deputy's clock says earlier.
#[test]
fn a_contacts_own_device_is_told_before_a_deputys() {
    let case = Case::of(drill())
        .answered(5, receipt())
        .answered(3, later(60, receipt()));
    let beta = of(&reachability(case), "beta/desk");
    assert!(beta.is_reached());
    assert_eq!(beta.outcome, Outcome::Delivered);
    assert_eq!(beta.delivered.unwrap().device, device(3));
}

#[test]
fn a_clock_that_says_before_the_sending_gives_no_span() {
    let early = Receipt {
        time: Timestamp::from_unix_ms(NOW.unix_ms() - 1),
        ..receipt()
    };
    let case = Case::of(drill()).answered(3, early);
    let delivered = of(&reachability(case), "beta/desk").delivered.unwrap();
    assert_eq!(delivered.after, None);
}

#[test]
fn a_refusal_and_a_return_are_told_with_their_reasons() {
    let refused = Case::of(drill())
        .answered(3, receipt())
        .answered(3, later(1, act(Stage::Refused, Reason::NotOurs)));
    let outcome = of(&reachability(refused), "beta/desk").outcome;
    assert_eq!(outcome, Outcome::Refused(Reason::NotOurs));
    let returned = Receipt {
        stage: Stage::Returned,
        reason: Reason::KeyGone,
        ..receipt()
    };
    let shown = reachability(Case::of(drill()).answered(3, returned));
    let beta = of(&shown, "beta/desk");
    assert_eq!(beta.outcome.reason().as_deref(), Some("key-gone"));
    assert!(beta.delivered.is_none());
}

#[test]
fn who_gives_no_word_is_silent_where_a_relay_holds_it_and_else_unreachable_for_a_reason() {
    let case = Case::of(drill());
    let beta = answered_by_relay(&case, "beta/desk", AcceptReason::None);
    let gamma = answered_by_relay(&case, "gamma/desk", AcceptReason::NotCollectedHere);
    let shown = reachability(case.with(beta).with(gamma));
    assert_eq!(of(&shown, "beta/desk").outcome, Outcome::Silent);
    let refused = Unreachable::RefusedByRelay(AcceptReason::NotCollectedHere);
    let outcome = of(&shown, "gamma/desk").outcome;
    assert_eq!(outcome, Outcome::Unreachable(refused));
    let reason = outcome.reason().unwrap();
    assert_eq!(
        reason, "relay:not-collected-here",
        "as its word, not as ours"
    );

    let unsent = of(&reachability(Case::of(drill())), "beta/desk").outcome;
    assert_eq!(unsent, Outcome::Unreachable(Unreachable::NotSent));
    let mut keyless = drill();
    keyless
        .to
        .retain(|(_, release, recipient, _)| (*release, *recipient) != (Release::Now, 0));
    let outcome = of(&reachability(Case::of(keyless)), "beta/desk").outcome;
    assert_eq!(outcome, Outcome::Unreachable(Unreachable::NoKeys));
}

#[test]
fn who_was_meant_and_left_out_is_told_by_the_selectors_that_were_signed() {
    let shown = reachability(Case::of(drill()).revealed());
    let contacts: Vec<&str> = shown
        .contacts
        .iter()
        .map(|one| one.contact.as_str())
        .collect();
    assert_eq!(contacts, ["beta/desk", "delta/desk", "gamma/desk"]);
    let delta = of(&shown, "delta/desk");
    assert_eq!(delta.outcome, Outcome::Unreachable(Unreachable::NoRule));
    assert_eq!(delta.state, None);

    let core = Core {
        urgency: Urgency::Immediate,
        recipients: sorted([address("beta/desk")]),
        ..drill().core
    };
    let to = vec![(3, Release::Now, 0, 0), (4, Release::Now, 0, 0)];
    let immediate = Letter {
        core,
        to,
        ..drill()
    };
    let shown = reachability(Case::of(immediate).revealed());
    let outcome = of(&shown, "gamma/desk").outcome;
    assert_eq!(outcome, Outcome::Unreachable(Unreachable::TwoPersons));

    let sealed = reachability(Case::of(drill()));
    assert_eq!((sealed.drill, sealed.contacts.len()), (None, 2));
}

#[test]
fn of_what_is_actual_there_is_no_such_record() {
    let actual = Letter {
        core: Core {
            status: Status::Actual,
            ..drill().core
        },
        ..drill()
    };
    assert_eq!(Case::of(actual).revealed().proven().reachability, None);
}

/// A recipient knows its own entry alone: of others it could only guess.
#[test]
fn a_recipients_export_of_a_drill_has_no_such_record() {
    let sent = Case::of(drill());
    let shown = maille_common::envelope::SignedEnvelope::of_delivery(&share(&sent.alert, 3));
    let case = Case {
        pieces: vec![Piece::Envelope(Box::new(shown))],
        ..sent
    };
    let proven = case.answered(3, receipt()).exported_by(3).proven();
    assert_eq!(proven.reachability, None);
}
