//! What follows from a state when nothing fails any more and nobody acts: the obligation ends, and
//! not silently. And what follows when nothing ever connects again: the sender is told all the
//! same, by its own clock.

use std::cell::RefCell;

use maille_common::evidence::ObligationState;

use crate::case::{Case, Party};
use crate::ledger::Ledger;
use crate::looks::{clocks, due, look};
use crate::network::{arrive, ticked, under_way};
use crate::pieces::Pieces;
use crate::quick::QuickSet;
use crate::state::{Link, State};

/// Far above what any continuation needs.
const STEPS_MAX: usize = 200;

/// The continuations, each state of which is known to end well.
#[derive(Default)]
pub(crate) struct Settling {
    fault_free: RefCell<QuickSet<State>>,
    cut_off: RefCell<QuickSet<State>>,
}

/// One step of a continuation; none when everything is at rest.
type Next = fn(&Ledger, &State) -> Result<Option<State>, String>;
type Check = fn(&Ledger, &State) -> Result<(), String>;

impl Settling {
    /// Follows both continuations to their ends, or to a state that is known.
    pub(crate) fn ends(&self, ledger: &Ledger, state: &State) -> Result<(), String> {
        follow(ledger, *state, &self.fault_free, next, ended_well)?;
        let alone = alone(state);
        follow(ledger, alone, &self.cut_off, next_alone, ended_told)
    }
}

fn follow(
    ledger: &Ledger,
    from: State,
    well: &RefCell<QuickSet<State>>,
    next: Next,
    check: Check,
) -> Result<(), String> {
    let mut path = vec![from];
    let mut now = from;
    while !well.borrow().contains(&now) {
        let Some(next) = next(ledger, &now)? else {
            check(ledger, &now)?;
            break;
        };
        if path.len() > STEPS_MAX {
            return Err("the continuation does not end".to_owned());
        }
        path.push(next);
        now = next;
    }
    well.borrow_mut().extend(path);
    Ok(())
}

/// One step: connections first, then what is under way, then clocks, then time.
fn next(ledger: &Ledger, state: &State) -> Result<Option<State>, String> {
    if state.down != 0 {
        return Ok(Some(State { down: 0, ..*state }));
    }
    if let Some(frame) = under_way(ledger.case, state).first() {
        return Ok(arrive(ledger.case, state, *frame).first().copied());
    }
    for party in [Party::Sender, Party::Relay] {
        if due(ledger, state, party)?.is_some() {
            return look(ledger, state, party).map(Some);
        }
    }
    for party in [Party::Sender, Party::Relay] {
        let clocks = clocks(ledger, state, party)?;
        if clocks.is_some_and(|clocks| clocks.next_due().is_some()) {
            return Ok(Some(ticked(state)));
        }
    }
    Ok(None)
}

/// It ended as people and clocks ended it, the sender can prove it, and nobody was left out.
fn ended_well(ledger: &Ledger, state: &State) -> Result<(), String> {
    let case: &Case = ledger.case;
    let standing = ledger.standing(state.sender)?;
    let done = case.end(state.signed);
    if state.sender != state.signed {
        let missing = state.signed.without(state.sender);
        return Err(format!("evidence never reaches the sender: {missing:?}"));
    }
    if !standing.state.is_closed() {
        return Err("everything is at rest, and the obligation is open".to_owned());
    }
    if standing.state != done {
        let shown = standing.state;
        return Err(format!(
            "it ended as {done}, and the sender is shown {shown}"
        ));
    }
    if !standing.proofs.contains_key(&standing.state) {
        return Err(format!("it ended as {done} without a proof"));
    }
    if done == ObligationState::Expired && !state.sender_did.overdue {
        return Err("it expired, and nobody had been told that it was overdue".to_owned());
    }
    if state.heard != state.tellable() {
        return Err("the relay told what the sender never heard".to_owned());
    }
    Ok(())
}

/// What the sender has and knows, and nothing of the others.
fn alone(state: &State) -> State {
    State {
        signed: state.sender,
        relay: Pieces::NONE,
        down: Link::ALL.iter().fold(0, |down, link| down | link.bit()),
        delivered: [false; 3],
        mended: false,
        ..*state
    }
}

/// One step of a sender that nothing reaches: its clocks, then time.
fn next_alone(ledger: &Ledger, state: &State) -> Result<Option<State>, String> {
    if due(ledger, state, Party::Sender)?.is_some() {
        return look(ledger, state, Party::Sender).map(Some);
    }
    let clocks = clocks(ledger, state, Party::Sender)?;
    let runs = clocks.is_some_and(|clocks| clocks.next_due().is_some());
    Ok(runs.then(|| ticked(state)))
}

/// The sender's obligation ended before its own eyes.
fn ended_told(ledger: &Ledger, state: &State) -> Result<(), String> {
    let standing = ledger.standing(state.sender)?;
    if !standing.state.is_closed() {
        return Err("a sender that is cut off keeps an obligation open for ever".to_owned());
    }
    if standing.state == ObligationState::Expired && !state.sender_did.overdue {
        return Err("a sender that is cut off is not told that it is overdue".to_owned());
    }
    Ok(())
}
