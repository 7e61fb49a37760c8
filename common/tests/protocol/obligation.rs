//! The obligation is a pure function of a set of evidence (PROTOCOL section 7).

use std::collections::BTreeSet;
use std::sync::LazyLock;

use maille_common::codec::Exact;
use maille_common::evidence::{
    Evidence, Expiry, Obligation, ObligationState, Receipt, Standing, sign,
};
use maille_common::identifier::AlertId;
use maille_common::roster::Roster;
use maille_common::terms::{AckRule, Actor, Reason, Stage};
use maille_common::time::Span;
use proptest::prelude::*;

use crate::evidence::{ALERT, act, expiry, receipt, signed};
use crate::world::*;

static ROSTER: LazyLock<Roster> = LazyLock::new(roster);

fn owed(ack_rule: AckRule) -> Obligation {
    Obligation {
        alert: ALERT,
        recipient: address("beta/desk"),
        addressed: BTreeSet::from([device(3), device(4)]),
        ack_rule,
        system_acknowledges: false,
    }
}

fn proven(receipt: Receipt, by: u8) -> Evidence {
    Evidence::Receipt(signed(receipt, by).verify(&ROSTER).unwrap())
}

fn returned(by: u8, reason: Reason) -> Evidence {
    let receipt = Receipt {
        device: device(by),
        stage: Stage::Returned,
        reason,
        ..receipt()
    };
    proven(receipt, by)
}

fn expired(at_ms: u64) -> Evidence {
    let expiry = Expiry {
        time: NOW + Span::from_ms(at_ms),
        ..expiry()
    };
    let signed = sign(&key(1), vec![Exact::of(expiry).unwrap()]).remove(0);
    Evidence::Expiry(signed.verify(&ROSTER, &address("alpha/desk")).unwrap())
}

fn cancelled() -> Evidence {
    Evidence::Cancel {
        id: AlertId::from_bytes([0xcc; 32]),
        alert: ALERT,
        time: NOW,
    }
}

fn by_system() -> Receipt {
    Receipt {
        stage: Stage::Acknowledged,
        ..receipt()
    }
}

/// For `gamma/desk`, which the alert addressed as well.
fn by_gamma(receipt: Receipt) -> Receipt {
    Receipt {
        recipient: address("gamma/desk"),
        contact: address("gamma/desk"),
        device: device(5),
        ..receipt
    }
}

/// Evidence of every kind, some of it about something else.
static ALL: LazyLock<Vec<Evidence>> = LazyLock::new(|| {
    let later = |receipt: Receipt| Receipt {
        time: NOW + Span::from_minutes(5),
        ..receipt
    };
    let acknowledged = act(Stage::Acknowledged, Reason::None);
    let other_alert = Receipt {
        alert: AlertId::from_bytes([2; 32]),
        ..acknowledged.clone()
    };
    vec![
        proven(receipt(), 3),
        proven(later(receipt()), 3),
        proven(act(Stage::Read, Reason::None), 3),
        proven(act(Stage::Refused, Reason::NotOurs), 3),
        proven(acknowledged.clone(), 3),
        proven(later(acknowledged.clone()), 3),
        proven(by_system(), 3),
        proven(by_gamma(acknowledged), 5),
        proven(by_gamma(act(Stage::Refused, Reason::Other)), 5),
        proven(other_alert, 3),
        returned(3, Reason::KeyGone),
        returned(3, Reason::WrapBroken),
        returned(4, Reason::StoreFull),
        returned(4, Reason::KeyGone),
        expired(0),
        expired(1),
        cancelled(),
    ]
});

/// Whether nothing that stood before was lost.
fn climbs(before: &Standing, after: &Standing) -> bool {
    let stopped = !before.escalation_stopped || after.escalation_stopped;
    let proofs = before
        .proofs
        .keys()
        .all(|state| after.proofs.contains_key(state));
    let stages = before
        .stages
        .keys()
        .all(|stage| after.stages.contains_key(stage));
    before.state <= after.state && stopped && proofs && stages
}

proptest! {
    #[test]
    fn the_state_depends_on_the_set_alone_and_never_falls(
        picks in prop::collection::vec(0..17_usize, 0..12),
        shuffled in Just(()).prop_perturb(|(), mut random| random.next_u64()),
        first in any::<bool>(),
    ) {
        let obligation = owed(if first { AckRule::First } else { AckRule::Each });
        let pieces: Vec<&Evidence> = picks.iter().map(|pick| &ALL[*pick]).collect();
        let standing = obligation.standing(pieces.iter().copied());
        let mut other_order = pieces.clone();
        other_order.sort_by_key(|piece| {
            let place = pieces.iter().position(|other| std::ptr::eq(*other, *piece)).unwrap();
            (place as u64 + 1).wrapping_mul(shuffled | 1)
        });
        prop_assert_eq!(&obligation.standing(other_order.iter().copied()), &standing);
        let twice = pieces.iter().chain(&other_order).copied();
        prop_assert_eq!(&obligation.standing(twice), &standing);
        for more in ALL.iter() {
            let added = obligation.standing(pieces.iter().copied().chain([more]));
            prop_assert!(climbs(&standing, &added), "{standing:?} and {more:?}: {added:?}");
        }
    }
}

fn state(ack_rule: AckRule, evidence: &[Evidence]) -> ObligationState {
    owed(ack_rule).standing(evidence).state
}

#[test]
fn without_evidence_the_obligation_is_open() {
    let standing = owed(AckRule::Each).standing([]);
    assert_eq!(standing.state, ObligationState::Open);
    assert!(!standing.escalation_stopped && !standing.state.is_closed());
}

#[test]
fn under_first_the_acknowledgement_of_any_recipient_frees_all() {
    let acknowledged = [proven(by_gamma(act(Stage::Acknowledged, Reason::None)), 5)];
    assert_eq!(
        state(AckRule::First, &acknowledged),
        ObligationState::Acknowledged
    );
    assert_eq!(state(AckRule::Each, &acknowledged), ObligationState::Open);
    let refused = [proven(by_gamma(act(Stage::Refused, Reason::Other)), 5)];
    assert_eq!(state(AckRule::First, &refused), ObligationState::Open);
}

#[test]
fn returned_by_every_device_is_refused_and_by_some_is_open() {
    let (third, fourth) = (
        returned(3, Reason::WrapBroken),
        returned(4, Reason::StoreFull),
    );
    let some = state(AckRule::Each, std::slice::from_ref(&third));
    assert_eq!(some, ObligationState::Open);
    let all = state(AckRule::Each, &[third, fourth]);
    assert_eq!(all, ObligationState::Refused);
}

#[test]
fn what_a_device_returns_that_was_not_addressed_refuses_nothing() {
    let owed = Obligation {
        addressed: BTreeSet::from([device(3)]),
        ..owed(AckRule::Each)
    };
    let standing = owed.standing(&[returned(4, Reason::WrapBroken)]);
    assert_eq!(standing.state, ObligationState::Open);
    let standing = owed.standing(&[returned(3, Reason::WrapBroken)]);
    assert_eq!(standing.state, ObligationState::Refused);
}

#[test]
fn a_cancel_ends_what_nobody_has_answered() {
    let standing = owed(AckRule::Each).standing(&[cancelled()]);
    assert_eq!(standing.state, ObligationState::Cancelled);
    assert!(standing.escalation_stopped);
}

#[test]
fn an_officers_acknowledgement_stops_the_escalation() {
    let acknowledged = proven(act(Stage::Acknowledged, Reason::None), 3);
    let standing = owed(AckRule::Each).standing(&[acknowledged]);
    assert!(standing.escalation_stopped);
}

#[test]
fn a_gone_key_refuses_nothing() {
    let gone = [returned(3, Reason::KeyGone), returned(4, Reason::KeyGone)];
    let standing = owed(AckRule::Each).standing(&gone);
    assert_eq!(standing.state, ObligationState::Open);
    assert_eq!(standing.returned.len(), 2);
    let nobody = Obligation {
        addressed: BTreeSet::new(),
        ..owed(AckRule::Each)
    };
    assert_eq!(nobody.standing(&gone).state, ObligationState::Open);
}

#[test]
fn an_acknowledgement_after_the_expiry_keeps_both_proofs() {
    let late = Receipt {
        time: NOW + Span::from_hours(30),
        ..act(Stage::Acknowledged, Reason::None)
    };
    let standing = owed(AckRule::Each).standing(&[expired(0), proven(late, 3)]);
    assert_eq!(standing.state, ObligationState::Acknowledged);
    let expiry = standing.proofs[&ObligationState::Expired];
    let acknowledged = standing.proofs[&ObligationState::Acknowledged];
    assert_eq!(expiry.time, NOW);
    assert_eq!(acknowledged.time, NOW + Span::from_hours(30));
}

#[test]
fn a_program_stops_an_escalation_only_where_the_roster_says_so() {
    let evidence = [proven(by_system(), 3)];
    let standing = owed(AckRule::Each).standing(&evidence);
    assert_eq!(standing.state, ObligationState::Acknowledged);
    assert!(!standing.escalation_stopped);
    let trusted = Obligation {
        system_acknowledges: true,
        ..owed(AckRule::Each)
    };
    assert!(trusted.standing(&evidence).escalation_stopped);
    assert_eq!(by_system().actor, Actor::System);
}

#[test]
fn a_programs_acknowledgement_does_not_start_an_escalation_again() {
    let refused = proven(act(Stage::Refused, Reason::NotOurs), 3);
    let before = owed(AckRule::Each).standing(std::slice::from_ref(&refused));
    assert!(before.escalation_stopped);
    let after = owed(AckRule::Each).standing(&[refused, proven(by_system(), 3)]);
    assert_eq!(after.state, ObligationState::Acknowledged);
    assert!(after.escalation_stopped);
}
