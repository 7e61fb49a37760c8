//! What the parties ask: the real functions of the protocol, or those with one rule taken out.
//!
//! Both are pure, so each question is asked once and its answer kept.

use std::cell::RefCell;
use std::rc::Rc;

use maille_common::evidence::{Clock, Clocks, Evidence, Obligation, Standing};

use crate::case::{Case, Party, ticks};
use crate::mutation::Mutation;
use crate::pieces::{Piece, Pieces};
use crate::quick::QuickMap;
use crate::state::Known;

/// A question about clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ClockQuestion {
    /// Who asks.
    pub(crate) party: Party,
    /// With which evidence.
    pub(crate) evidence: Pieces,
    /// Having done and heard what.
    pub(crate) known: Known,
    /// After how many ticks.
    pub(crate) now: u8,
    /// Whether the removed deputy is back.
    pub(crate) mended: bool,
}

pub(crate) struct Ledger {
    pub(crate) case: &'static Case,
    mutation: Option<Mutation>,
    obligation: Obligation,
    standings: RefCell<QuickMap<Pieces, Rc<Standing>>>,
    clocks: RefCell<QuickMap<ClockQuestion, Rc<Clocks>>>,
}

impl Ledger {
    pub(crate) fn real(case: &'static Case) -> Self {
        Self {
            case,
            mutation: None,
            obligation: case.obligation(),
            standings: RefCell::default(),
            clocks: RefCell::default(),
        }
    }

    pub(crate) fn without(case: &'static Case, mutation: Mutation) -> Self {
        Self {
            mutation: Some(mutation),
            ..Self::real(case)
        }
    }

    /// Where a party with this evidence stands. Agreement: in whatever order the pieces came, and
    /// however often, the answer is the same; else it says in which order it is not.
    pub(crate) fn standing(&self, set: Pieces) -> Result<Rc<Standing>, String> {
        if let Some(known) = self.standings.borrow().get(&set) {
            return Ok(known.clone());
        }
        let standing = Rc::new(self.standing_in_order(set.collect()));
        for order in orders(set) {
            if self.standing_in_order(order.clone()) != *standing {
                return Err(format!(
                    "two parties with the same evidence disagree: {order:?}"
                ));
            }
        }
        let mut standings = self.standings.borrow_mut();
        standings.insert(set, standing.clone());
        Ok(standing)
    }

    fn standing_in_order(&self, pieces: Vec<Piece>) -> Standing {
        match self.mutation {
            None => real_standing(&self.obligation, &pieces),
            Some(mutation) => mutation.standing(&self.obligation, pieces),
        }
    }

    /// The clocks of a party.
    pub(crate) fn clocks(&self, question: ClockQuestion) -> Result<Rc<Clocks>, String> {
        if let Some(known) = self.clocks.borrow().get(&question) {
            return Ok(known.clone());
        }
        let standing = self.standing(question.evidence)?;
        let deadlines = self.case.deadlines(question.party, question.mended);
        let progress = question.known.progress(self.case);
        let now = ticks(question.now);
        let clocks = Rc::new(match self.mutation {
            None => deadlines.clocks(&standing, &progress, now),
            Some(mutation) => mutation.clocks(&deadlines, &standing, &progress, now),
        });
        let mut known = self.clocks.borrow_mut();
        known.insert(question, clocks.clone());
        Ok(clocks)
    }
}

/// The real function.
pub(crate) fn real_standing(obligation: &Obligation, pieces: &[Piece]) -> Standing {
    let evidence = pieces.iter().flat_map(|piece| piece.evidence());
    obligation.standing(evidence)
}

/// The real function, over evidence that a mutation chose.
pub(crate) fn standing_of(obligation: &Obligation, evidence: &[&Evidence]) -> Standing {
    obligation.standing(evidence.iter().copied())
}

/// Sorts clocks as they are asked for: by what is due at `now`, earliest first.
pub(crate) fn clocks_of(mut all: Vec<Clock>, now: u64) -> Clocks {
    all.sort_unstable();
    let later = all.partition_point(|clock| clock.due.ms() <= now);
    let running = all.split_off(later);
    Clocks { due: all, running }
}

/// Whether nothing that stood before was lost.
pub(crate) fn climbs(before: &Standing, after: &Standing) -> bool {
    let stopped = !before.escalation_stopped || after.escalation_stopped;
    let kept = before
        .proofs
        .keys()
        .all(|state| after.proofs.contains_key(state));
    before.state <= after.state && stopped && kept
}

/// Orders in which a set may have arrived: every one of up to five pieces; of more, each pair
/// first and last in both orders. Then every piece twice, and the last once more.
fn orders(set: Pieces) -> Vec<Vec<Piece>> {
    let pieces: Vec<Piece> = set.collect();
    let mut orders = Vec::new();
    if pieces.len() <= 5 {
        permute(&mut pieces.clone(), 0, &mut orders);
    } else {
        for first in &pieces {
            for last in pieces.iter().filter(|last| *last != first) {
                let others = pieces
                    .iter()
                    .filter(|piece| *piece != first && *piece != last);
                orders.push(
                    [first]
                        .into_iter()
                        .chain(others)
                        .chain([last])
                        .copied()
                        .collect(),
                );
            }
        }
    }
    let again = pieces.iter().rev().chain(&pieces);
    orders.push(again.copied().collect());
    orders
}

fn permute(pieces: &mut [Piece], from: usize, orders: &mut Vec<Vec<Piece>>) {
    if from == pieces.len() {
        orders.push(pieces.to_vec());
        return;
    }
    for place in from..pieces.len() {
        pieces.swap(from, place);
        permute(pieces, from + 1, orders);
        pieces.swap(from, place);
    }
}
