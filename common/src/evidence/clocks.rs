//! The clocks of an obligation: whose runs next, when it falls due, and what falls due then.
//!
//! A pure function of the evidence and of what was done so far, as the obligation is one of the
//! evidence. Time is what elapsed: for a relay since its durable Accepted, for a sender since its
//! commit. Both ask the same function, each with what it knows, and so does whoever shows it. The
//! rules have numbers (PROTOCOL section 7, the clocks).

use std::collections::{BTreeMap, BTreeSet};

use crate::address::DeviceId;
use crate::check::Check;
use crate::envelope::Core;
use crate::evidence::Standing;
use crate::roster::Deputy;
use crate::terms::Reason;
use crate::time::Span;

/// By when an obligation is to be answered, and who is asked in steps when it is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadlines {
    /// Without an acknowledgement after this it is overdue, and the first step begins.
    pub ack_within: Span,
    /// After this the obligation ends.
    pub expires_after: Span,
    /// The steps of deputies; the first is number 1.
    pub steps: Vec<Step>,
}

/// One step of an escalation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step {
    /// How long after the end of the step before; after `ack_within` for the first.
    pub after: Span,
    /// Who can release it.
    pub taker: Taker,
}

/// Whether a step can be taken, as one party sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Taker {
    /// This party releases it: a relay that holds wraps its deputies can still collect, or a sender
    /// that can make them.
    Here,
    /// Another party does, by its own clock: to a sender the relay that holds the wraps, to a relay
    /// the sender, whose addendum reaches deputies that collect elsewhere.
    Elsewhere,
    /// Nobody: the deputy is gone, suspended, or has no device with a valid sealing key.
    Nobody,
}

/// What was done about an obligation's clocks, as a party holds it durably: a relay by the notices
/// it signed and the addenda it took, a sender by its own records and the notices it got.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Progress {
    /// Whether it was told as overdue.
    pub overdue_told: bool,
    /// Whether a relay said at the expiry what it has not seen. A sender signs, which is evidence.
    pub expiry_told: bool,
    /// Steps released, each with what had elapsed.
    pub released: BTreeMap<u8, Span>,
    /// Steps of which was said that nobody can take them.
    pub passed_over: BTreeSet<u8>,
    /// Devices that got new wraps after they last said that their key is gone.
    pub answered: BTreeSet<DeviceId>,
}

/// A clock that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clock {
    /// When it falls due, on the same scale as `now`.
    pub due: Span,
    /// What falls due then.
    pub act: ClockAct,
}

/// What falls due. At one moment, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClockAct {
    /// The sender seals the content key anew to a device whose key is gone: an addendum.
    Answer(DeviceId),
    /// It is told as overdue: nobody acknowledged within `ack_within`.
    Overdue,
    /// It is said that nobody can take this step, and the next one begins.
    PassOver(u8),
    /// The wraps of this step's deputies are released, and it is said so.
    Release(u8),
    /// Nothing to do here: another party releases this step.
    Await(u8),
    /// The sender signs that the obligation expired. A relay's clock cannot end it (I6): a relay
    /// says at most that it has seen nothing.
    Expire,
}

/// Whose clock it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClockOwner {
    /// The recipient's, to acknowledge.
    Recipient,
    /// The deputies' of this step, who are asked next.
    Deputy(u8),
    /// The sender's, to answer a return or to sign the expiry.
    Sender,
}

/// The clocks of an obligation at one moment, earliest first. None: they have all ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clocks {
    /// What has fallen due and is not done. Doing it may start another clock: ask again.
    pub due: Vec<Clock>,
    /// What falls due later.
    pub running: Vec<Clock>,
}

impl Deadlines {
    /// The deadlines of an envelope for one recipient.
    ///
    /// `deputies` are the recipient's by the roster; `taker` says who can release a step, by its
    /// number from 1.
    pub fn of(core: &Core, deputies: &[Deputy], taker: impl Fn(u8, &Deputy) -> Taker) -> Self {
        let steps = (1..).zip(deputies).map(|(number, deputy)| Step {
            after: deputy.after,
            taker: taker(number, deputy),
        });
        Self {
            ack_within: core.ack_within,
            expires_after: core.expires_after,
            steps: steps.collect(),
        }
    }

    /// The clocks when `now` has elapsed.
    pub fn clocks(&self, standing: &Standing, progress: &Progress, now: Span) -> Clocks {
        let mut all = Vec::new();
        // An end ends them, but an escalation goes on until it is stopped itself.
        if Check::C1.holds(!standing.state.is_closed()) {
            all.extend(answers(standing, progress));
            if Check::C2.stands() && !progress.overdue_told {
                let due = self.ack_within;
                all.push(Clock {
                    due,
                    act: ClockAct::Overdue,
                });
            }
            if Check::C9.stands() && !progress.expiry_told {
                let due = self.expires_after;
                all.push(Clock {
                    due,
                    act: ClockAct::Expire,
                });
            }
        }
        if Check::C7.holds(!standing.escalation_stopped) {
            all.extend(self.next_step(progress, now));
        }
        all.sort_unstable();
        let later = all.partition_point(|clock| clock.due <= now);
        let running = all.split_off(later);
        Clocks { due: all, running }
    }

    /// One step after the other: the first that has not ended.
    fn next_step(&self, progress: &Progress, now: Span) -> Option<Clock> {
        let mut end = self.ack_within;
        for (number, step) in (1..).zip(&self.steps) {
            // Late or not, its deputies have the whole delay of the next.
            if let Some(released) = progress.released.get(&number)
                && Check::C4.stands()
            {
                end = end.max(*released);
                continue;
            }
            let due = end + step.after;
            let (due, act) = match step.taker {
                Taker::Here => (due, ClockAct::Release(number)),
                // Whether the other party did it is not known, only that it was time.
                Taker::Elsewhere if Check::C6.stands() && due <= now => {
                    end = due;
                    continue;
                }
                // Said once; should somebody take it after all, its own time stands.
                Taker::Nobody if progress.passed_over.contains(&number) => continue,
                Taker::Nobody if Check::C5.stands() => (end, ClockAct::PassOver(number)),
                Taker::Elsewhere | Taker::Nobody => (due, ClockAct::Await(number)),
            };
            // Expiry ends the asking, also where no look at the clock was in time.
            let in_time = Check::C8.holds(due.max(now) < self.expires_after);
            return (in_time && Check::C3.stands()).then_some(Clock { due, act });
        }
        None
    }
}

/// A gone key is answered at once, once for each time it is told.
fn answers(standing: &Standing, progress: &Progress) -> impl Iterator<Item = Clock> {
    let gone = standing
        .returned
        .iter()
        .filter(|(_, reason)| Check::C10.stands() && **reason == Reason::KeyGone);
    let unanswered = gone.filter(|(device, _)| !progress.answered.contains(device));
    unanswered.map(|(device, _)| Clock {
        due: Span::ZERO,
        act: ClockAct::Answer(*device),
    })
}

impl Clocks {
    /// The clock that runs next; none when they have all ended.
    pub fn next(&self) -> Option<Clock> {
        self.due.first().or(self.running.first()).copied()
    }

    /// When to look again: what falls due after now. What is due already needs no timer.
    pub fn next_due(&self) -> Option<Span> {
        self.running.first().map(|clock| clock.due)
    }

    /// Whether no clock runs any more.
    pub fn have_ended(&self) -> bool {
        self.due.is_empty() && self.running.is_empty()
    }
}

impl Clock {
    /// Whose clock it is.
    pub fn owner(&self) -> ClockOwner {
        match self.act {
            ClockAct::Overdue => ClockOwner::Recipient,
            ClockAct::PassOver(step) | ClockAct::Release(step) | ClockAct::Await(step) => {
                ClockOwner::Deputy(step)
            }
            ClockAct::Answer(_) | ClockAct::Expire => ClockOwner::Sender,
        }
    }
}

#[cfg(test)]
mod tests;
