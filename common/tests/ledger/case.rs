//! The cases: who may do what. Each is explored whole, so together they are one model in which the
//! reactions of devices and officers are chosen at the start.

use maille_common::evidence::{Deadlines, Obligation, ObligationState, Step, Taker};
use maille_common::terms::AckRule;
use maille_common::time::Span;

use crate::pieces::{ALERT, FIRST, Piece, Pieces, SECOND, recipient};

/// One tick of the model's clock.
pub(crate) const fn ticks(ticks: u8) -> Span {
    Span::from_minutes(ticks as u64)
}

/// The clock of the exploration stops here.
pub(crate) const TICKS_MAX: u8 = 4;

/// Without an acknowledgement after this it is overdue. Each step waits as long once more.
pub(crate) const ACK_WITHIN: u8 = 1;
pub(crate) const STEP_AFTER: u8 = 1;

/// Who counts a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Party {
    Sender,
    Relay,
}

/// Who takes a step of deputies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepOf {
    /// Its deputy collects at the relay, which holds the wraps.
    Relay,
    /// Its deputy collects elsewhere: the sender makes an addendum.
    Sender,
    /// Nobody, until a roster brings its deputy back.
    Removed,
}

/// One setting.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) ack_rule: AckRule,
    pub(crate) system_acknowledges: bool,
    pub(crate) expires_after: u8,
    pub(crate) steps: &'static [StepOf],
    /// The step whose wraps reach the one deputy of the model.
    pub(crate) deputy_step: u8,
    /// What a device may answer of itself when the alert arrives; none of these: it opens it.
    pub(crate) returns: &'static [Piece],
    /// What people, programs and other recipients may do, in any order and at any time, or not.
    pub(crate) acts: &'static [Piece],
}

impl Case {
    pub(crate) const ALL: [&'static Self; 7] = [
        &Self::OFFICERS,
        &Self::RETURNS,
        &Self::GONE_KEY,
        &Self::PROGRAMS,
        &Self::TRUSTED_PROGRAMS,
        &Self::ELSEWHERE,
        &Self::FIRST,
    ];

    /// Officers of both devices and of the deputy act, and the sender may take it back.
    pub(crate) const OFFICERS: Self = Self {
        name: "officers",
        ack_rule: AckRule::Each,
        system_acknowledges: false,
        expires_after: 3,
        steps: &[StepOf::Relay],
        deputy_step: 1,
        returns: &[],
        acts: &[
            Piece::AckFirst,
            Piece::RefuseSecond,
            Piece::AckDeputy,
            Piece::Cancel,
            Piece::Strays,
        ],
    };

    /// Devices cannot open it, and the first step has lost its deputy.
    pub(crate) const RETURNS: Self = Self {
        name: "returns",
        expires_after: 4,
        steps: &[StepOf::Removed, StepOf::Relay],
        deputy_step: 2,
        returns: &[
            Piece::GoneFirst,
            Piece::BrokenFirst,
            Piece::BrokenSecond,
            Piece::BrokenDeputy,
        ],
        acts: &[],
        ..Self::OFFICERS
    };

    /// A device without its key gets new wraps, and its officer acknowledges.
    pub(crate) const GONE_KEY: Self = Self {
        name: "gone key",
        returns: &[Piece::GoneFirst],
        acts: &[Piece::AckFirst, Piece::AckDeputy],
        ..Self::OFFICERS
    };

    /// A program acknowledges, which stops nobody from being asked.
    pub(crate) const PROGRAMS: Self = Self {
        name: "programs",
        expires_after: 4,
        steps: &[StepOf::Relay, StepOf::Relay],
        acts: &[Piece::ProgramFirst, Piece::RefuseSecond, Piece::AckDeputy],
        ..Self::OFFICERS
    };

    /// The recipient's contact lets its programs acknowledge.
    pub(crate) const TRUSTED_PROGRAMS: Self = Self {
        name: "trusted programs",
        system_acknowledges: true,
        acts: &[Piece::ProgramFirst, Piece::AckDeputy],
        ..Self::OFFICERS
    };

    /// The deputy collects at another relay, which the sender's own clock reaches.
    pub(crate) const ELSEWHERE: Self = Self {
        name: "elsewhere",
        expires_after: 4,
        steps: &[StepOf::Sender, StepOf::Relay],
        acts: &[Piece::AckFirst, Piece::AckDeputy],
        ..Self::OFFICERS
    };

    /// One recipient's acknowledgement frees all.
    pub(crate) const FIRST: Self = Self {
        name: "first",
        ack_rule: AckRule::First,
        acts: &[Piece::AckOther, Piece::AckFirst],
        ..Self::OFFICERS
    };

    pub(crate) fn obligation(&self) -> Obligation {
        Obligation {
            alert: ALERT,
            recipient: recipient(),
            addressed: [FIRST, SECOND].into(),
            ack_rule: self.ack_rule,
            system_acknowledges: self.system_acknowledges,
        }
    }

    /// The deadlines as a party sees them; `mended` says that the removed deputy is back.
    pub(crate) fn deadlines(&self, party: Party, mended: bool) -> Deadlines {
        let steps = self.steps.iter().map(|step| Step {
            after: ticks(STEP_AFTER),
            taker: match (step, party) {
                (StepOf::Relay, Party::Relay) | (StepOf::Sender, Party::Sender) => Taker::Here,
                (StepOf::Relay, Party::Sender) | (StepOf::Sender, Party::Relay) => Taker::Elsewhere,
                (StepOf::Removed, Party::Sender) => Taker::Elsewhere,
                (StepOf::Removed, Party::Relay) if mended => Taker::Here,
                (StepOf::Removed, Party::Relay) => Taker::Nobody,
            },
        });
        Deadlines {
            ack_within: ticks(ACK_WITHIN),
            expires_after: ticks(self.expires_after),
            steps: steps.collect(),
        }
    }

    /// Whether it is this party that releases the step at a place.
    pub(crate) fn releases(&self, party: Party, place: usize, mended: bool) -> bool {
        let step = &self.deadlines(party, mended).steps[place];
        step.taker == Taker::Here
    }

    /// Whether a step has lost its deputy.
    pub(crate) fn has_removed(&self) -> bool {
        self.steps.contains(&StepOf::Removed)
    }

    /// Whether the deputy's device is reached by the sender, past this relay.
    pub(crate) fn deputy_is_elsewhere(&self) -> bool {
        self.steps[usize::from(self.deputy_step) - 1] == StepOf::Sender
    }

    /// How the obligation has to end by what was done, in the words of I6 and I7.
    pub(crate) fn end(&self, done: Pieces) -> ObligationState {
        let mine = Pieces::of(&[Piece::AckFirst, Piece::ProgramFirst, Piece::AckDeputy]);
        let freed = self.ack_rule == AckRule::First && done.has(Piece::AckOther);
        let unopened = done.has(Piece::BrokenFirst) && done.has(Piece::BrokenSecond);
        if done.meets(mine) || freed {
            ObligationState::Acknowledged
        } else if done.has(Piece::RefuseSecond) || unopened {
            ObligationState::Refused
        } else if done.has(Piece::Cancel) {
            ObligationState::Cancelled
        } else if done.has(Piece::Expiry) {
            ObligationState::Expired
        } else {
            ObligationState::Open
        }
    }

    /// Whether somebody took it on or ended it, so that no deputy is to be asked any more.
    pub(crate) fn is_answered(&self, done: Pieces) -> bool {
        let program = Pieces::of(&[Piece::ProgramFirst]);
        let by_program = self.system_acknowledges && done.has(Piece::ProgramFirst);
        by_program || self.end(done.without(program)).is_closed()
    }
}
