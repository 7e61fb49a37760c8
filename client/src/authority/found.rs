//! Founding: the anchor of a network and the proposal of its first authority part.

use maille_common::codec::TooLong;
use maille_common::roster::{Anchor, Version};
use maille_common::time::Timestamp;
use thiserror::Error;

use super::build::{PlanError, sorted, text};
use super::plan::NetworkPlan;
use super::proposal::Proposal;

/// The beginning of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Founding {
    /// Handed over once, in person, to everybody who is to take part.
    pub anchor: Anchor,
    /// Part 1, for the signatures of the anchor's keys.
    pub proposal: Proposal,
}

/// Founds the network that a plan describes. Its annexes come later, built on the published part 1.
pub fn found(plan: &NetworkPlan, now: Timestamp) -> Result<Founding, FoundError> {
    let anchor = Anchor {
        version: Version::ONE,
        network: text("network", &plan.network)?,
        threshold: plan.threshold,
        keys: sorted("key", plan.keys.iter().map(|holder| Ok(holder.key)))?,
    };
    let draft = NetworkPlan {
        organisations: without_contacts(plan),
        ..plan.clone()
    };
    let part = draft.build(None, now)?.authority;
    let part = part.expect("a plan built on nothing always makes part 1");
    Ok(Founding {
        anchor,
        proposal: Proposal::of_authority(part)?,
    })
}

fn without_contacts(plan: &NetworkPlan) -> Vec<super::plan::OrganisationPlan> {
    let mut organisations = plan.organisations.clone();
    for organisation in &mut organisations {
        organisation.contacts = None;
    }
    organisations
}

/// Why a network cannot be founded like this.
#[derive(Debug, Error)]
pub enum FoundError {
    /// The plan is refused.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Part 1 is over its limit.
    #[error("The authority part is too long. {0}")]
    TooLong(#[from] TooLong),
}

impl FoundError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Plan(fault) => fault.code(),
            Self::TooLong(_) => "proposal-too-long",
        }
    }
}
