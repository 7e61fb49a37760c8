//! The clocks, rule by rule.

use super::*;
use crate::evidence::{ObligationState, Proof};
use crate::hash::Hash;
use crate::time::Timestamp;

const fn minutes(minutes: u64) -> Span {
    Span::from_minutes(minutes)
}

/// Acknowledge within 30 minutes; deputies after 10 more and after 20 more; a day in all.
fn deadlines(first: Taker, second: Taker) -> Deadlines {
    let step = |after, taker| Step {
        after: minutes(after),
        taker,
    };
    Deadlines {
        ack_within: minutes(30),
        expires_after: Span::from_days(1),
        steps: vec![step(10, first), step(20, second)],
    }
}

fn standing(state: ObligationState, escalation_stopped: bool) -> Standing {
    let proof = Proof {
        time: Timestamp::EPOCH,
        hash: Hash::ZERO,
    };
    let closed = state.is_closed().then_some((state, proof));
    Standing {
        state,
        proofs: closed.into_iter().collect(),
        stages: BTreeMap::new(),
        returned: BTreeMap::new(),
        escalation_stopped,
    }
}

fn open() -> Standing {
    standing(ObligationState::Open, false)
}

fn clock(due: Span, act: ClockAct) -> Clock {
    Clock { due, act }
}

/// Overdue was told, and these steps were released.
fn released<const N: usize>(steps: [(u8, Span); N]) -> Progress {
    Progress {
        overdue_told: true,
        released: BTreeMap::from(steps),
        ..Progress::default()
    }
}

#[test]
fn the_recipient_has_ack_within_then_the_deputies_are_asked_and_the_sender_expires_last() {
    let deadlines = deadlines(Taker::Here, Taker::Here);
    let clocks = deadlines.clocks(&open(), &Progress::default(), Span::ZERO);
    assert!(clocks.due.is_empty());
    let acts = [
        clock(minutes(30), ClockAct::Overdue),
        clock(minutes(40), ClockAct::Release(1)),
        clock(Span::from_days(1), ClockAct::Expire),
    ];
    assert_eq!(clocks.running, acts);
    let owners = acts.map(|clock| clock.owner());
    let [recipient, deputy, sender] = owners;
    assert_eq!(recipient, ClockOwner::Recipient);
    assert_eq!(deputy, ClockOwner::Deputy(1));
    assert_eq!(sender, ClockOwner::Sender);
    assert_eq!(clocks.next_due(), Some(minutes(30)));
}

#[test]
fn what_falls_due_at_now_is_due_and_told_once() {
    let deadlines = deadlines(Taker::Here, Taker::Here);
    let early = minutes(30) - Span::from_ms(1);
    let clocks = deadlines.clocks(&open(), &Progress::default(), early);
    assert!(clocks.due.is_empty());
    let clocks = deadlines.clocks(&open(), &Progress::default(), minutes(30));
    assert_eq!(clocks.due, [clock(minutes(30), ClockAct::Overdue)]);
    let clocks = deadlines.clocks(&open(), &released([]), minutes(30));
    assert_eq!(
        clocks.next(),
        Some(clock(minutes(40), ClockAct::Release(1)))
    );
}

#[test]
fn a_step_released_late_leaves_its_deputies_the_whole_delay_of_the_next() {
    let deadlines = deadlines(Taker::Here, Taker::Here);
    let progress = released([(1, minutes(90))]);
    let clocks = deadlines.clocks(&open(), &progress, minutes(90));
    let second = clock(minutes(110), ClockAct::Release(2));
    assert_eq!(clocks.next(), Some(second));
    let progress = released([(1, minutes(90)), (2, minutes(110))]);
    let clocks = deadlines.clocks(&open(), &progress, minutes(110));
    assert_eq!(clocks.next().map(|clock| clock.act), Some(ClockAct::Expire));
}

#[test]
fn a_step_that_nobody_can_take_does_not_wait_and_is_said_once() {
    let deadlines = deadlines(Taker::Nobody, Taker::Here);
    let clocks = deadlines.clocks(&open(), &released([]), minutes(29));
    assert_eq!(
        clocks.next(),
        Some(clock(minutes(30), ClockAct::PassOver(1)))
    );
    let said = Progress {
        passed_over: BTreeSet::from([1]),
        ..released([])
    };
    let clocks = deadlines.clocks(&open(), &said, minutes(30));
    assert_eq!(
        clocks.next(),
        Some(clock(minutes(50), ClockAct::Release(2)))
    );
}

#[test]
fn a_step_passed_over_that_can_be_taken_after_all_is_released_then() {
    let deadlines = deadlines(Taker::Here, Taker::Here);
    let said = Progress {
        passed_over: BTreeSet::from([1]),
        ..released([(2, minutes(50))])
    };
    let clocks = deadlines.clocks(&open(), &said, minutes(60));
    assert_eq!(clocks.due, [clock(minutes(40), ClockAct::Release(1))]);
}

#[test]
fn a_step_of_another_party_is_waited_for_and_left_to_it() {
    let deadlines = deadlines(Taker::Elsewhere, Taker::Here);
    let clocks = deadlines.clocks(&open(), &released([]), minutes(30));
    assert_eq!(clocks.next(), Some(clock(minutes(40), ClockAct::Await(1))));
    let clocks = deadlines.clocks(&open(), &released([]), minutes(40));
    assert!(clocks.due.is_empty());
    assert_eq!(
        clocks.next(),
        Some(clock(minutes(60), ClockAct::Release(2)))
    );
    let heard = released([(1, minutes(45))]);
    let clocks = deadlines.clocks(&open(), &heard, minutes(50));
    assert_eq!(
        clocks.next(),
        Some(clock(minutes(65), ClockAct::Release(2)))
    );
}

#[test]
fn after_the_expiry_nobody_is_asked_any_more() {
    let deadlines = deadlines(Taker::Here, Taker::Nobody);
    let clocks = deadlines.clocks(&open(), &released([]), Span::from_days(1));
    let expire = clock(Span::from_days(1), ClockAct::Expire);
    assert_eq!(clocks.due, [expire]);
    assert!(clocks.running.is_empty());
    let short = Deadlines {
        expires_after: minutes(40),
        ..deadlines
    };
    let clocks = short.clocks(&open(), &released([]), minutes(30));
    assert_eq!(clocks.running, [clock(minutes(40), ClockAct::Expire)]);
}

#[test]
fn a_look_that_comes_too_late_tells_overdue_before_it_expires() {
    let deadlines = deadlines(Taker::Here, Taker::Here);
    let clocks = deadlines.clocks(&open(), &Progress::default(), Span::from_days(2));
    let acts: Vec<ClockAct> = clocks.due.iter().map(|clock| clock.act).collect();
    assert_eq!(acts, [ClockAct::Overdue, ClockAct::Expire]);
}

#[test]
fn a_relay_that_said_what_it_has_not_seen_has_no_clock_left() {
    let told = Progress {
        expiry_told: true,
        ..released([])
    };
    let deadlines = deadlines(Taker::Here, Taker::Here);
    let clocks = deadlines.clocks(&open(), &told, Span::from_days(1));
    assert!(clocks.have_ended());
}

#[test]
fn an_end_stops_every_clock() {
    let deadlines = deadlines(Taker::Here, Taker::Here);
    for state in [
        ObligationState::Expired,
        ObligationState::Cancelled,
        ObligationState::Refused,
        ObligationState::Acknowledged,
    ] {
        let mut ended = standing(state, true);
        ended.returned = BTreeMap::from([(DeviceId::NONE, Reason::KeyGone)]);
        let clocks = deadlines.clocks(&ended, &Progress::default(), Span::from_days(3));
        assert!(clocks.have_ended(), "{state}: {clocks:?}");
        assert_eq!(clocks.next(), None);
    }
}

#[test]
fn where_a_program_acknowledged_the_deputies_are_asked_all_the_same() {
    let deadlines = deadlines(Taker::Here, Taker::Here);
    let by_program = standing(ObligationState::Acknowledged, false);
    let clocks = deadlines.clocks(&by_program, &Progress::default(), minutes(30));
    assert!(clocks.due.is_empty());
    assert_eq!(clocks.running, [clock(minutes(40), ClockAct::Release(1))]);
    let progress = released([(1, minutes(40)), (2, minutes(60))]);
    let clocks = deadlines.clocks(&by_program, &progress, minutes(60));
    assert!(clocks.have_ended());
}

#[test]
fn a_gone_key_is_the_senders_to_answer_at_once_and_other_returns_are_not() {
    let deadlines = deadlines(Taker::Here, Taker::Here);
    let (gone, broken) = (DeviceId::from_bytes([3; 16]), DeviceId::from_bytes([4; 16]));
    let mut returned = open();
    returned.returned = BTreeMap::from([(gone, Reason::KeyGone), (broken, Reason::WrapBroken)]);
    let clocks = deadlines.clocks(&returned, &Progress::default(), minutes(1));
    let answer = clock(Span::ZERO, ClockAct::Answer(gone));
    assert_eq!(clocks.due, [answer]);
    assert_eq!(answer.owner(), ClockOwner::Sender);
    // What cannot be answered yet holds up no other clock.
    assert_eq!(clocks.next_due(), Some(minutes(30)));
    let progress = Progress {
        answered: BTreeSet::from([gone]),
        ..Progress::default()
    };
    let clocks = deadlines.clocks(&returned, &progress, minutes(1));
    assert!(clocks.due.is_empty());
}

#[test]
fn an_escalation_that_was_stopped_asks_nobody() {
    let deadlines = deadlines(Taker::Here, Taker::Here);
    let stopped = standing(ObligationState::Acknowledged, true);
    let clocks = deadlines.clocks(&stopped, &released([]), minutes(40));
    assert!(clocks.have_ended());
    let goes_on = standing(ObligationState::Acknowledged, false);
    let clocks = deadlines.clocks(&goes_on, &released([]), minutes(40));
    assert_eq!(clocks.due, [clock(minutes(40), ClockAct::Release(1))]);
}
