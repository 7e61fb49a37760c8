//! A network of one key holder, published as its plan says.

use maille_client::authority::{NetworkPlan, Proposal, found};
use maille_client::clock::{Clock, SystemClock};
use maille_common::crypto::ed25519::SigningKey;
use maille_common::roster::{Anchor, Roster};

/// Founds the network and publishes all of it.
pub(crate) fn published(plan: &NetworkPlan, key: &SigningKey, anchor: &Anchor) -> Roster {
    let founding = found(plan, SystemClock.now()).unwrap();
    let signed = founding.proposal.sign(key, anchor, None).unwrap();
    let roster = Roster::found(anchor.clone(), &signed.publish(anchor, None).unwrap()).unwrap();
    publish(plan, key, anchor, roster)
}

/// Publishes what a plan changes.
pub(crate) fn publish(
    plan: &NetworkPlan,
    key: &SigningKey,
    anchor: &Anchor,
    mut roster: Roster,
) -> Roster {
    let draft = plan.build(Some(&roster), SystemClock.now()).unwrap();
    for proposal in draft.proposals().unwrap() {
        let signed: Proposal = proposal.sign(key, anchor, Some(&roster)).unwrap();
        let documents = signed.publish(anchor, Some(&roster)).unwrap();
        roster.apply(&documents).unwrap();
    }
    roster
}
