//! Every state that can be reached, breadth first, each looked at once.

use std::fmt;

use crate::case::Party;
use crate::ledger::{Ledger, climbs};
use crate::looks::look;
use crate::network::{Event, events};
use crate::quick::QuickMap;
use crate::settling::Settling;
use crate::state::State;

/// A whole exploration without a violation.
#[derive(Debug)]
pub(crate) struct Explored {
    pub(crate) name: &'static str,
    pub(crate) states: usize,
    pub(crate) events: usize,
    pub(crate) depth: usize,
}

/// A property that does not hold, and what led there.
#[derive(Debug)]
pub(crate) struct Violation {
    pub(crate) what: String,
    case: &'static str,
    path: Vec<State>,
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            states,
            events,
            depth,
        } = self;
        write!(f, "{name}: {states} states, {events} events, depth {depth}")
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}, in the case `{}`, by this path:",
            self.what, self.case
        )?;
        self.path
            .iter()
            .try_for_each(|state| writeln!(f, "  {state:?}"))
    }
}

/// Explores a case to the end, or to the first violation.
pub(crate) fn explore(ledger: &Ledger) -> Result<Explored, Violation> {
    let settling = Settling::default();
    let start = State::committed();
    let mut reached = vec![(start, 0)];
    let mut places = QuickMap::default();
    places.insert(start, 0);
    let (mut place, mut seen, mut depth, mut level_ends) = (0, 0, 0, 1);
    while let Some((state, _)) = reached.get(place).copied() {
        let violation = |what: String| Violation {
            what,
            case: ledger.case.name,
            path: path_to(&reached, place),
        };
        settling.ends(ledger, &state).map_err(violation)?;
        let nexts = nexts(ledger, &state).map_err(violation)?;
        seen += nexts.len();
        for next in nexts {
            places.entry(next).or_insert_with(|| {
                reached.push((next, place));
                reached.len() - 1
            });
        }
        place += 1;
        if place == level_ends && place < reached.len() {
            depth += 1;
            level_ends = reached.len();
        }
    }
    Ok(Explored {
        name: ledger.case.name,
        states: reached.len(),
        events: seen,
        depth,
    })
}

/// Everything that may come next; no party's ledger falls by it.
fn nexts(ledger: &Ledger, state: &State) -> Result<Vec<State>, String> {
    let mut nexts = Vec::new();
    for (event, next) in events(ledger.case, state) {
        let again = matches!(event, Event::ArrivesAgain(_));
        if again && next != *state {
            return Err(format!(
                "a frame that comes twice changes something: {event:?}"
            ));
        }
        nexts.push(next);
    }
    for party in [Party::Sender, Party::Relay] {
        nexts.push(look(ledger, state, party)?);
    }
    for next in &nexts {
        for party in [Party::Sender, Party::Relay] {
            let (before, after) = (state.evidence(party), next.evidence(party));
            if before == after {
                continue;
            }
            let (before, after) = (ledger.standing(before)?, ledger.standing(after)?);
            if !climbs(&before, &after) {
                return Err(format!(
                    "the ledger of {party:?} falls: {before:?} to {after:?}"
                ));
            }
        }
    }
    Ok(nexts)
}

fn path_to(reached: &[(State, usize)], mut place: usize) -> Vec<State> {
    let mut path = vec![reached[place].0];
    while place != 0 {
        place = reached[place].1;
        path.push(reached[place].0);
    }
    path.reverse();
    path
}
