//! The obligation: one per alert and recipient contact, a pure function of a set of evidence (I6).
//!
//! Each state holds by the *presence* of evidence and never by its absence, so adding evidence only
//! raises the highest state that holds: the state climbs, whatever the order of arrival.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{ContactAddress, DeviceId};
use crate::check::Check;
use crate::evidence::{Expiry, Proven, Receipt};
use crate::hash::Hash;
use crate::identifier::AlertId;
use crate::terms::{AckRule, Actor, Reason, Stage};
use crate::time::Timestamp;

/// What somebody owes an answer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obligation {
    /// The alert.
    pub alert: AlertId,
    /// The contact that owes the answer.
    pub recipient: ContactAddress,
    /// The devices its original envelope addressed `now` for this recipient. An addendum's do not
    /// count: the condition "returned by every device" must not be undone by what comes later.
    pub addressed: BTreeSet<DeviceId>,
    /// Whose acknowledgement ends it.
    pub ack_rule: AckRule,
    /// Whether a program's acknowledgement stops an escalation (the contact's setting in the
    /// roster).
    pub system_acknowledges: bool,
}

/// One piece of proven evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// A receipt of a recipient's or deputy's device.
    Receipt(Proven<Receipt>),
    /// The sender's clock.
    Expiry(Proven<Expiry>),
    /// A verified cancel of the sender's contact.
    Cancel {
        /// The cancel's own id.
        id: AlertId,
        /// The alert it cancels.
        alert: AlertId,
        /// When it was written.
        time: Timestamp,
    },
}

/// The states, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObligationState {
    /// Somebody still owes an answer.
    Open,
    /// The sender's clock passed the expiry.
    Expired,
    /// The sender took the alert back.
    Cancelled,
    /// Not taken, with a reason.
    Refused,
    /// Taken on.
    Acknowledged,
}

impl ObligationState {
    /// The word for people and machines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Refused => "refused",
            Self::Acknowledged => "acknowledged",
        }
    }

    /// Whether the obligation has ended.
    pub fn is_closed(self) -> bool {
        self != Self::Open
    }
}

impl std::fmt::Display for ObligationState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Which evidence made a state hold, and when by its signer's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Proof {
    /// By the signer's clock.
    pub time: Timestamp,
    /// The hash of the statement, or the id of the cancel.
    pub hash: Hash,
}

/// Where an obligation stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The highest state that holds.
    pub state: ObligationState,
    /// Every state that holds, with its earliest proof: "acknowledged 14:52, after expiry 14:30".
    pub proofs: BTreeMap<ObligationState, Proof>,
    /// How far the alert came, each with its earliest proof.
    pub stages: BTreeMap<Stage, Proof>,
    /// Devices that could not open it, with the reason.
    pub returned: BTreeMap<DeviceId, Reason>,
    /// Whether an answer that counts as a person's stopped the escalation.
    pub escalation_stopped: bool,
}

impl Obligation {
    /// Where it stands by this evidence, in any order, any number of times.
    pub fn standing<'a>(&self, evidence: impl IntoIterator<Item = &'a Evidence>) -> Standing {
        let mut standing = Standing {
            state: ObligationState::Open,
            proofs: BTreeMap::new(),
            stages: BTreeMap::new(),
            returned: BTreeMap::new(),
            escalation_stopped: false,
        };
        let mut returns = BTreeMap::new();
        // What is about another alert, or another recipient, passes by.
        for piece in evidence {
            self.weigh(piece, &mut standing, &mut returns);
        }
        self.sum_returns(&mut standing, &returns);
        let highest = standing.proofs.keys().next_back().copied();
        let counted = highest.filter(|_| Check::O10.stands());
        standing.state = counted.unwrap_or(ObligationState::Open);
        // Any end but an acknowledgement, even where a later acknowledgement stands above it.
        let mut ends = standing.proofs.keys();
        standing.escalation_stopped |=
            Check::O14.stands() && ends.any(|state| *state != ObligationState::Acknowledged);
        standing
    }

    fn weigh(
        &self,
        piece: &Evidence,
        standing: &mut Standing,
        returns: &mut BTreeMap<DeviceId, Proof>,
    ) {
        match piece {
            Evidence::Receipt(receipt)
                if Check::O1.holds(receipt.statement().alert == self.alert) =>
            {
                self.weigh_receipt(receipt, standing, returns);
            }
            Evidence::Expiry(expiry) if Check::O9.stands() => {
                let Expiry {
                    alert,
                    recipient,
                    time,
                    ..
                } = expiry.statement();
                if Check::O1.holds(*alert == self.alert && *recipient == self.recipient) {
                    let proof = Proof {
                        time: *time,
                        hash: expiry.hash(),
                    };
                    hold(&mut standing.proofs, ObligationState::Expired, proof);
                }
            }
            Evidence::Cancel { id, alert, time }
                if Check::O8.stands() && Check::O1.holds(*alert == self.alert) =>
            {
                let proof = Proof {
                    time: *time,
                    hash: Hash::from_bytes(*id.as_bytes()),
                };
                hold(&mut standing.proofs, ObligationState::Cancelled, proof);
            }
            Evidence::Receipt(_) | Evidence::Expiry(_) | Evidence::Cancel { .. } => {}
        }
    }

    fn weigh_receipt(
        &self,
        proven: &Proven<Receipt>,
        standing: &mut Standing,
        returns: &mut BTreeMap<DeviceId, Proof>,
    ) {
        let receipt = proven.statement();
        let proof = Proof {
            time: receipt.time,
            hash: proven.hash(),
        };
        let mine = Check::O1.holds(receipt.recipient == self.recipient);
        let frees_all = Check::O3.stands() && self.ack_rule == AckRule::First;
        if mine {
            hold(&mut standing.stages, receipt.stage, proof);
        }
        match receipt.stage {
            Stage::Acknowledged if (mine && Check::O2.stands()) || frees_all => {
                hold(&mut standing.proofs, ObligationState::Acknowledged, proof);
                // Another recipient's program is judged by nobody's setting.
                standing.escalation_stopped |= match receipt.actor {
                    Actor::Officer => Check::O12.stands(),
                    Actor::System => Check::O13.holds(mine && self.system_acknowledges),
                };
            }
            Stage::Refused if mine && Check::O4.stands() => {
                hold(&mut standing.proofs, ObligationState::Refused, proof);
            }
            Stage::Returned if mine => {
                let reason = standing
                    .returned
                    .entry(receipt.device)
                    .or_insert(receipt.reason);
                *reason = receipt.reason.min(*reason);
                // A gone key is answered with an addendum, so it is no end.
                let is_end = Check::O6.holds(receipt.reason != Reason::KeyGone);
                if is_end && Check::O7.holds(self.addressed.contains(&receipt.device)) {
                    hold(returns, receipt.device, proof);
                }
            }
            _ => {}
        }
    }

    /// Refused is also the sum of Returned from every device addressed.
    fn sum_returns(&self, standing: &mut Standing, returns: &BTreeMap<DeviceId, Proof>) {
        let every = !self.addressed.is_empty() && returns.len() >= self.addressed.len();
        if !every || !Check::O5.stands() {
            return;
        }
        if let Some(last) = returns.values().max() {
            hold(&mut standing.proofs, ObligationState::Refused, *last);
        }
    }
}

/// Keeps the earliest proof, by time and then hash, so that equal sets give equal standings.
fn hold<K: Ord>(proofs: &mut BTreeMap<K, Proof>, key: K, proof: Proof) {
    proofs
        .entry(key)
        .and_modify(|known| {
            if Check::O11.holds(proof < *known) {
                *known = proof;
            }
        })
        .or_insert(proof);
}
