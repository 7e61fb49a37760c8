//! A party looks at its clocks and does what is due. The clocks are asked of the protocol; what
//! people may expect of them is held against each act, in the model's own words.

use maille_common::evidence::{ClockAct, Clocks};

use crate::case::{ACK_WITHIN, Case, Party, STEP_AFTER, StepOf};
use crate::ledger::{ClockQuestion, Ledger};
use crate::pieces::{FIRST, Piece};
use crate::state::{Addendum, State, number};

/// The clocks of a party, if it counts yet.
pub(crate) fn clocks(
    ledger: &Ledger,
    state: &State,
    party: Party,
) -> Result<Option<std::rc::Rc<Clocks>>, String> {
    let Some(now) = state.elapsed(party) else {
        return Ok(None);
    };
    let question = ClockQuestion {
        party,
        evidence: state.evidence(party),
        known: state.known(party),
        now,
        mended: state.mended,
    };
    ledger.clocks(question).map(Some)
}

/// What is due and is this party's to do.
pub(crate) fn due(
    ledger: &Ledger,
    state: &State,
    party: Party,
) -> Result<Option<ClockAct>, String> {
    let clocks = clocks(ledger, state, party)?;
    let acts = clocks
        .iter()
        .flat_map(|clocks| &clocks.due)
        .map(|clock| clock.act);
    let mut mine = acts.filter(|act| match act {
        ClockAct::Answer(_) => party == Party::Sender,
        _ => true,
    });
    Ok(mine.next())
}

/// Does all that is due, and checks that nothing is left. Where nothing is due, nothing changes.
pub(crate) fn look(ledger: &Ledger, state: &State, party: Party) -> Result<State, String> {
    let mut after = *state;
    for _ in 0..16 {
        let Some(act) = due(ledger, &after, party)? else {
            nothing_is_left(ledger.case, &after, party)?;
            return Ok(after);
        };
        may(ledger.case, &after, party, act)?;
        perform(&mut after, party, act);
    }
    Err(format!("the clocks of {party:?} never come to rest"))
}

fn perform(state: &mut State, party: Party, act: ClockAct) {
    let now = state.elapsed(party);
    let did = match party {
        Party::Sender => &mut state.sender_did,
        Party::Relay => &mut state.relay_did,
    };
    match act {
        ClockAct::Overdue => did.overdue = true,
        ClockAct::PassOver(_) => did.passed_over = true,
        ClockAct::Release(step) => did.released[usize::from(step) - 1] = now,
        ClockAct::Await(_) => {}
        ClockAct::Answer(_) => state.addendum = Addendum::Made,
        ClockAct::Expire if party == Party::Relay => did.expiry = true,
        ClockAct::Expire => {
            state.sender = state.sender.with(Piece::Expiry);
            state.signed = state.signed.with(Piece::Expiry);
        }
    }
}

/// Nothing is said or asked twice, before its time, or after an end.
fn may(case: &Case, state: &State, party: Party, act: ClockAct) -> Result<(), String> {
    let now = state.elapsed(party).unwrap_or_default();
    let did = state.did(party);
    let evidence = state.evidence(party);
    let ended = case.end(evidence).is_closed();
    let answered = case.is_answered(evidence);
    let place = |step: u8| usize::from(step) - 1;
    let fault = match act {
        ClockAct::Overdue if did.overdue => "it is told as overdue twice",
        ClockAct::Overdue if ended => "it is told as overdue after its end",
        ClockAct::Overdue if now < ACK_WITHIN => "it is told as overdue before its time",
        ClockAct::Expire if did.expiry => "a relay says twice what it has not seen",
        ClockAct::Expire if ended => "it expires after its end",
        ClockAct::Expire if now < case.expires_after => "it expires before its time",
        ClockAct::Answer(device) if device != FIRST || !evidence.has(Piece::GoneFirst) => {
            "new wraps are made for a device that has its key"
        }
        ClockAct::Answer(_) if state.addendum != Addendum::None => "a gone key is answered twice",
        ClockAct::Answer(_) if ended => "a gone key is answered after the end",
        ClockAct::PassOver(_) | ClockAct::Release(_) if answered => {
            "a deputy is asked although somebody answered"
        }
        ClockAct::PassOver(_) | ClockAct::Release(_) if now >= case.expires_after => {
            "a deputy is asked after the expiry"
        }
        ClockAct::PassOver(step) if case.releases(party, place(step), state.mended) => {
            "a step is passed over that a deputy can take"
        }
        ClockAct::PassOver(_) if did.passed_over => "a step is passed over twice",
        ClockAct::PassOver(_) if now < ACK_WITHIN => "a step is passed over before its time",
        ClockAct::Release(step) if !case.releases(party, place(step), state.mended) => {
            "a party releases a step that is not its own"
        }
        ClockAct::Release(step) if did.released[place(step)].is_some() => "a deputy is asked twice",
        ClockAct::Release(step) if now < turn(case, state, party, place(step)) => {
            "a deputy is asked before its time"
        }
        _ => return Ok(()),
    };
    Err(format!("{fault} ({party:?}, {act:?}, after {now} ticks)"))
}

/// What is due is done: nobody waits for anything that was to be said by now.
fn nothing_is_left(case: &Case, state: &State, party: Party) -> Result<(), String> {
    let Some(now) = state.elapsed(party) else {
        return Ok(());
    };
    let did = state.did(party);
    let evidence = state.evidence(party);
    let open = !case.end(evidence).is_closed();
    let fault = if open && now >= ACK_WITHIN && !did.overdue {
        "nobody says that it is overdue"
    } else if open && now >= case.expires_after && !did.expiry {
        "nobody says that it expired"
    } else if open
        && party == Party::Sender
        && evidence.has(Piece::GoneFirst)
        && state.addendum == Addendum::None
    {
        "a gone key is not answered"
    } else if !case.is_answered(evidence) && now < case.expires_after {
        for place in 0..case.steps.len() {
            let is_mine = case.releases(party, place, state.mended);
            if is_mine && now >= turn(case, state, party, place) && did.released[place].is_none() {
                return Err(format!("step {} is not asked ({party:?})", number(place)));
            }
        }
        let removed = case.steps[0] == StepOf::Removed && party == Party::Relay && !state.mended;
        if !removed || now < ACK_WITHIN || did.passed_over || did.released[0].is_some() {
            return Ok(());
        }
        "nobody says that a step was passed over"
    } else {
        return Ok(());
    };
    Err(format!("{fault} ({party:?}, after {now} ticks)"))
}

/// When a step may be asked at the earliest, by a party's count: a delay after the one before it
/// was, and nobody waits for a deputy who is gone.
fn turn(case: &Case, state: &State, party: Party, place: usize) -> u8 {
    let mut before = ACK_WITHIN;
    for (earlier, step) in case.steps.iter().enumerate().take(place) {
        let gone = *step == StepOf::Removed && party == Party::Relay && !state.mended;
        before = match state.released(party, earlier) {
            Some(released) => released,
            None if gone => before,
            None => before + STEP_AFTER,
        };
    }
    before + STEP_AFTER
}
