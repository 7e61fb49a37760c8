//! The ledger with one rule taken out.
//!
//! The code that ships has no switch for this: a mutation asks the real functions another question,
//! or changes their answer, in such a way that exactly one rule is as if it were not there. Each
//! names the case whose exploration has to notice.

mod clocks;
mod standing;

use crate::case::Case;

/// Declares each mutation with the rule it takes out and the case that notices.
macro_rules! mutations {
    ($($(#[$meta:meta])+ $name:ident, $rule:literal, $case:ident;)+) => {
        /// One rule less.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Mutation {
            $($(#[$meta])+ $name,)+
        }

        impl Mutation {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The number of the rule in PROTOCOL section 7.
            pub(crate) fn rule(self) -> &'static str {
                match self {
                    $(Self::$name => $rule,)+
                }
            }

            /// The case that has to notice.
            pub(crate) fn case(self) -> &'static Case {
                match self {
                    $(Self::$name => &Case::$case,)+
                }
            }
        }
    };
}

mutations! {
    /// An acknowledgement of another alert counts.
    OtherAlertsReceiptCounts, "O1", OFFICERS;
    /// A cancel of another alert counts.
    OtherAlertsCancelCounts, "O1", OFFICERS;
    /// Another recipient's refusal counts.
    OthersRefusalCounts, "O1", OFFICERS;
    /// Another recipient's expiry counts.
    OthersExpiryCounts, "O1", OFFICERS;
    /// An acknowledgement ends nothing.
    AcknowledgementEndsNothing, "O2", OFFICERS;
    /// Under `first`, another recipient's acknowledgement frees nobody.
    FirstFreesNobody, "O3", FIRST;
    /// Under `each`, another recipient's acknowledgement frees all.
    EachFreesAll, "O3", OFFICERS;
    /// An officer's refusal ends nothing.
    RefusalEndsNothing, "O4", OFFICERS;
    /// Returned by every device ends nothing.
    ReturnsEndNothing, "O5", RETURNS;
    /// A gone key counts as any other return.
    GoneKeyCounts, "O6", RETURNS;
    /// A device counts that the original did not address at once.
    DeputysReturnCounts, "O7", RETURNS;
    /// A device that returns it twice counts as two.
    RepeatedReturnCounts, "O7", RETURNS;
    /// A cancel ends nothing.
    CancelEndsNothing, "O8", OFFICERS;
    /// An expiry ends nothing.
    ExpiryEndsNothing, "O9", OFFICERS;
    /// The lowest state counts.
    LowestCounts, "O10", OFFICERS;
    /// The acknowledgement that came last is the proof.
    LastProofStands, "O11", OFFICERS;
    /// An officer's acknowledgement does not stop an escalation.
    OfficerStopsNothing, "O12", OFFICERS;
    /// Every program's acknowledgement stops an escalation.
    EveryProgramStops, "O13", PROGRAMS;
    /// No program's acknowledgement stops an escalation.
    NoProgramStops, "O13", TRUSTED_PROGRAMS;
    /// No end but an acknowledgement stops an escalation.
    OtherEndsStopNothing, "O14", OFFICERS;
    /// A program's acknowledgement starts it again.
    ProgramStartsAgain, "O14", PROGRAMS;
    /// An end ends no clock.
    EndStopsNoClock, "C1", OFFICERS;
    /// Nothing is ever overdue.
    NeverOverdue, "C2", OFFICERS;
    /// Overdue is told again and again.
    OverdueAgain, "C2", OFFICERS;
    /// No step is released.
    NoStep, "C3", OFFICERS;
    /// A step has no delay.
    NoDelay, "C3", OFFICERS;
    /// All steps run at once.
    AllStepsAtOnce, "C3", PROGRAMS;
    /// A step that was released late counts as in time.
    LatenessIgnored, "C4", PROGRAMS;
    /// A step is released again and again.
    ReleasedAgain, "C4", OFFICERS;
    /// A step that nobody can take waits out its delay.
    VacantStepWaits, "C5", RETURNS;
    /// A step that nobody can take is passed over in silence.
    PassedOverInSilence, "C5", RETURNS;
    /// A step passed over is said again and again.
    PassedOverAgain, "C5", RETURNS;
    /// A step passed over stays so, though its deputy is back.
    PassedOverForGood, "C5", RETURNS;
    /// A party releases what is another's.
    ReleasesOthersSteps, "C6", ELSEWHERE;
    /// Another party's step has no delay.
    OthersStepNotAwaited, "C6", ELSEWHERE;
    /// Another party's step is waited for until its release is heard of.
    OthersStepAwaitedForEver, "C6", ELSEWHERE;
    /// A stopped escalation goes on.
    StopIgnored, "C7", OFFICERS;
    /// Every end stops an escalation, a program's acknowledgement as well.
    EveryEndStops, "C7", PROGRAMS;
    /// Deputies are asked after the expiry.
    AsksAfterExpiry, "C8", OFFICERS;
    /// Nothing ever expires.
    NeverExpires, "C9", OFFICERS;
    /// A relay says again and again what it has not seen.
    ExpiryAgain, "C9", OFFICERS;
    /// A gone key is not answered.
    GoneKeyUnanswered, "C10", RETURNS;
    /// A gone key is answered again and again.
    AnsweredAgain, "C10", RETURNS;
    /// Every return is answered.
    EveryReturnAnswered, "C10", RETURNS;
}
