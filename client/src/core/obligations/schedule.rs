//! What comes until an obligation ends, if nobody acts: the clocks, asked at every point in time at
//! which one of them falls due.

use maille_common::evidence::{Clock, ClockAct, Deadlines, Progress, Standing};
use maille_common::time::Span;

/// The clocks in the order in which they fall due after `now`; before them the addenda that are due
/// and wait for keys.
pub(super) fn schedule(
    deadlines: &Deadlines,
    standing: &Standing,
    mut progress: Progress,
    now: Span,
) -> Vec<Clock> {
    let due = deadlines.clocks(standing, &progress, now).due.into_iter();
    let mut coming: Vec<Clock> = due
        .filter(|clock| matches!(clock.act, ClockAct::Answer(_)))
        .collect();
    let mut at = now;
    loop {
        // What falls due by this desk's own clock is done then.
        progress.overdue_told |= deadlines.ack_within <= at;
        progress.expiry_told |= deadlines.expires_after <= at;
        let running = deadlines.clocks(standing, &progress, at).running;
        let Some(next) = running.first().map(|clock| clock.due) else {
            return coming;
        };
        for clock in running.into_iter().filter(|clock| clock.due == next) {
            if let ClockAct::Release(step) = clock.act {
                progress.released.insert(step, clock.due);
            }
            coming.push(clock);
        }
        at = next;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use maille_common::evidence::{ObligationState, Step, Taker};

    use super::*;

    fn deadlines() -> Deadlines {
        let step = |minutes, taker| Step {
            after: Span::from_minutes(minutes),
            taker,
        };
        Deadlines {
            ack_within: Span::from_minutes(30),
            expires_after: Span::from_hours(2),
            steps: vec![
                step(10, Taker::Elsewhere),
                step(20, Taker::Elsewhere),
                step(300, Taker::Elsewhere),
            ],
        }
    }

    fn standing() -> Standing {
        Standing {
            state: ObligationState::Open,
            proofs: BTreeMap::new(),
            stages: BTreeMap::new(),
            returned: BTreeMap::new(),
            escalation_stopped: false,
        }
    }

    fn coming(standing: &Standing, minutes: u64) -> Vec<(u64, ClockAct)> {
        let now = Span::from_minutes(minutes);
        let clocks = schedule(&deadlines(), standing, Progress::default(), now);
        let shown = clocks.into_iter();
        shown
            .map(|clock| (clock.due.ms() / 60_000, clock.act))
            .collect()
    }

    #[test]
    fn every_clock_until_the_end_is_told_once_and_in_its_order() {
        let all = [
            (30, ClockAct::Overdue),
            (40, ClockAct::Await(1)),
            (60, ClockAct::Await(2)),
            (120, ClockAct::Expire),
        ];
        assert_eq!(coming(&standing(), 0), all);
        assert_eq!(coming(&standing(), 29), all);
        assert_eq!(
            coming(&standing(), 30),
            all[1..],
            "what is due does not come"
        );
        assert_eq!(coming(&standing(), 59), all[2..]);
        assert_eq!(coming(&standing(), 119), all[3..]);
        assert_eq!(coming(&standing(), 120), []);
    }

    #[test]
    fn after_a_programs_acknowledgement_only_deputies_come() {
        let acknowledged = Standing {
            state: ObligationState::Acknowledged,
            ..standing()
        };
        let steps = [(40, ClockAct::Await(1)), (60, ClockAct::Await(2))];
        assert_eq!(coming(&acknowledged, 5), steps);
        let stopped = Standing {
            escalation_stopped: true,
            ..acknowledged
        };
        assert_eq!(coming(&stopped, 5), []);
    }
}
