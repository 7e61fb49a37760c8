//! One rule less of the clocks: rules C1 to C10.

use maille_common::evidence::{
    Clock, ClockAct, Clocks, Deadlines, ObligationState, Progress, Standing, Step, Taker,
};
use maille_common::terms::Reason;
use maille_common::time::Span;

use super::Mutation;
use crate::ledger::clocks_of;

impl Mutation {
    /// The clocks by the real function, without this rule.
    pub(crate) fn clocks(
        self,
        deadlines: &Deadlines,
        standing: &Standing,
        progress: &Progress,
        now: Span,
    ) -> Clocks {
        if self == Self::AllStepsAtOnce {
            return steps_at_once(deadlines, standing, progress, now);
        }
        let asked = self.deadlines(deadlines, progress);
        let done = self.progress(progress, deadlines);
        let mut clocks = all(&asked.clocks(&self.seen(standing), &done, now));
        clocks.retain(|clock| !self.drops(clock));
        match self {
            Self::VacantStepWaits => {
                for clock in &mut clocks {
                    if let ClockAct::PassOver(step) = clock.act {
                        clock.due = clock.due + deadlines.steps[usize::from(step) - 1].after;
                    }
                }
            }
            Self::OthersStepAwaitedForEver => {
                let taker = |step: u8| deadlines.steps[usize::from(step) - 1].taker;
                clocks.retain(|clock| match clock.act {
                    ClockAct::Release(step) => taker(step) == Taker::Here,
                    _ => true,
                });
            }
            Self::AsksAfterExpiry => {
                let late = Deadlines {
                    expires_after: Span::from_days(90),
                    ..deadlines.clone()
                };
                clocks.retain(|clock| !is_of_step(clock));
                let late = all(&late.clocks(standing, progress, now));
                clocks.extend(late.into_iter().filter(is_of_step));
            }
            _ => {}
        }
        clocks_of(clocks, now.ms())
    }

    fn deadlines(self, deadlines: &Deadlines, progress: &Progress) -> Deadlines {
        let mut changed = deadlines.clone();
        for (number, step) in (1..).zip(&mut changed.steps) {
            let passed_over = progress.passed_over.contains(&number);
            *step = match (self, step.taker) {
                (Self::NoDelay, Taker::Here) => Step {
                    after: Span::ZERO,
                    ..*step
                },
                (Self::PassedOverInSilence, Taker::Nobody)
                | (Self::OthersStepNotAwaited, Taker::Elsewhere) => Step {
                    after: Span::ZERO,
                    taker: Taker::Elsewhere,
                },
                (Self::PassedOverForGood, _) if passed_over => Step {
                    taker: Taker::Nobody,
                    ..*step
                },
                (Self::ReleasesOthersSteps | Self::OthersStepAwaitedForEver, Taker::Elsewhere) => {
                    Step {
                        taker: Taker::Here,
                        ..*step
                    }
                }
                _ => *step,
            };
        }
        changed
    }

    fn progress(self, progress: &Progress, deadlines: &Deadlines) -> Progress {
        let mut changed = progress.clone();
        match self {
            Self::OverdueAgain => changed.overdue_told = false,
            Self::ExpiryAgain => changed.expiry_told = false,
            Self::PassedOverAgain => changed.passed_over.clear(),
            Self::ReleasedAgain => changed.released.clear(),
            Self::AnsweredAgain => changed.answered.clear(),
            Self::LatenessIgnored => {
                let mut in_time = deadlines.ack_within;
                for (number, step) in (1..).zip(&deadlines.steps) {
                    in_time = in_time + step.after;
                    changed
                        .released
                        .entry(number)
                        .and_modify(|at| *at = in_time);
                }
            }
            _ => {}
        }
        changed
    }

    fn seen(self, standing: &Standing) -> Standing {
        let mut seen = standing.clone();
        match self {
            Self::EndStopsNoClock => seen.state = ObligationState::Open,
            Self::StopIgnored => seen.escalation_stopped = false,
            Self::EveryEndStops => seen.escalation_stopped |= seen.state.is_closed(),
            Self::EveryReturnAnswered => {
                let reasons = seen.returned.values_mut();
                reasons.for_each(|reason| *reason = Reason::KeyGone);
            }
            _ => {}
        }
        seen
    }

    fn drops(self, clock: &Clock) -> bool {
        match clock.act {
            ClockAct::Overdue => self == Self::NeverOverdue,
            ClockAct::Release(_) => self == Self::NoStep,
            ClockAct::Expire => self == Self::NeverExpires,
            ClockAct::Answer(_) => self == Self::GoneKeyUnanswered,
            ClockAct::PassOver(_) | ClockAct::Await(_) => false,
        }
    }
}

/// Each step by itself, as if it were the first.
fn steps_at_once(
    deadlines: &Deadlines,
    standing: &Standing,
    progress: &Progress,
    now: Span,
) -> Clocks {
    let mut clocks = Vec::new();
    for (number, step) in (1..).zip(&deadlines.steps) {
        let alone = Deadlines {
            steps: vec![*step],
            ..deadlines.clone()
        };
        let released = progress.released.get(&number).map(|at| (1, *at));
        let progress = Progress {
            released: released.into_iter().collect(),
            ..progress.clone()
        };
        for mut clock in all(&alone.clocks(standing, &progress, now)) {
            match &mut clock.act {
                ClockAct::Release(step) | ClockAct::Await(step) | ClockAct::PassOver(step) => {
                    *step = number;
                }
                _ if number > 1 => continue,
                _ => {}
            }
            clocks.push(clock);
        }
    }
    clocks_of(clocks, now.ms())
}

fn all(clocks: &Clocks) -> Vec<Clock> {
    clocks.due.iter().chain(&clocks.running).copied().collect()
}

fn is_of_step(clock: &Clock) -> bool {
    matches!(
        clock.act,
        ClockAct::PassOver(_) | ClockAct::Release(_) | ClockAct::Await(_)
    )
}
