//! Envelopes that a relay takes together: judged in their order, answered under one signature.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test that calls it"
)]

use maille_common::address::DeviceId;
use maille_common::envelope::Submission;
use maille_common::evidence::SignedAccepted;
use maille_common::identifier::AlertId;
use maille_common::terms::AcceptReason;
use maille_common::wire::Answer;
use maille_durable::StoreError;
use maille_relay::core::{RelayBudget, Step, StepError};
use maille_tests::memory::MemoryWorld;
use maille_tests::network::Network;

const RELAY: &str = "hub";
const TUNIS: &str = "cmai/tunis";

struct Together {
    world: MemoryWorld,
    lyon: DeviceId,
    tunis: DeviceId,
}

impl Together {
    fn new() -> Self {
        let mut network = Network::found(71, &[("interpol", &[RELAY]), ("cmai", &[RELAY])]);
        let (lyon, tunis) = (network.admit("interpol/lyon"), network.admit(TUNIS));
        let mut world = MemoryWorld::new(network);
        world.settle();
        Self { world, lyon, tunis }
    }

    /// What lyon has to bring to its relay.
    fn written(&mut self, subjects: &[&str]) -> Vec<(DeviceId, Submission)> {
        let lyon = self.lyon;
        let alerts = subjects
            .iter()
            .map(|subject| self.world.send(&lyon, &[TUNIS], subject));
        let alerts: Vec<AlertId> = alerts.collect();
        let desk = self.world.desk(&lyon);
        let kept = alerts
            .iter()
            .map(|alert| desk.submission(alert).unwrap().unwrap());
        kept.map(|submission| (lyon, submission)).collect()
    }

    fn bring(&mut self, brought: &[(DeviceId, Submission)]) -> Vec<Result<Step, StepError>> {
        self.world.submit_together(RELAY, brought.to_vec())
    }

    fn waiting(&mut self) -> usize {
        let tunis = self.tunis;
        self.world.relay(RELAY).waiting(&tunis, 100).unwrap().len()
    }
}

/// The one answer of a step about one recipient.
fn accepted(step: &Result<Step, StepError>) -> SignedAccepted {
    match &step.as_ref().unwrap().answer {
        Answer::Accepted(answers) => answers[0].clone(),
        other => panic!("{other:?}"),
    }
}

fn numbers(steps: &[Result<Step, StepError>]) -> Vec<u64> {
    steps
        .iter()
        .map(|step| accepted(step).statement.number)
        .collect()
}

#[test]
fn envelopes_that_come_together_are_numbered_in_their_order_and_answered_under_one_signature() {
    let mut together = Together::new();
    let brought = together.written(&["one", "two", "three"]);
    let steps = together.bring(&brought);
    let answers: Vec<SignedAccepted> = steps.iter().map(accepted).collect();
    let first = answers[0].statement.number;
    assert_eq!(numbers(&steps), [first, first + 1, first + 2]);
    let roster = together.world.relay(RELAY).roster().clone();
    for (answer, (_, submission)) in answers.iter().zip(&brought) {
        assert_eq!(answer.signature.signature, answers[0].signature.signature);
        assert_eq!(answer.signature.count, 3);
        assert_eq!(answer.statement.alert, submission.id());
        // Each stands alone as evidence.
        assert!(answer.clone().verify(&roster).is_ok());
    }
    assert_eq!(together.waiting(), 3);
}

#[test]
fn the_same_envelope_twice_in_a_group_is_taken_once_and_answered_alike() {
    let mut together = Together::new();
    let mut brought = together.written(&["one", "two"]);
    brought.insert(1, brought[0].clone());
    let steps = together.bring(&brought);
    assert_eq!(accepted(&steps[0]), accepted(&steps[1]));
    assert_eq!(
        accepted(&steps[2]).statement.number,
        accepted(&steps[0]).statement.number + 1
    );
    assert_eq!(together.waiting(), 2);
}

#[test]
fn a_budget_counts_what_stands_before_in_the_same_group() {
    let mut together = Together::new();
    let budgets = [
        (
            AcceptReason::SenderQuota,
            RelayBudget {
                sender_alerts_max: 2,
                ..RelayBudget::default()
            },
        ),
        (
            AcceptReason::MailboxFull,
            RelayBudget {
                mailbox_mail_max: 4,
                ..RelayBudget::default()
            },
        ),
    ];
    for (reason, budget) in budgets {
        together.world.relay_budget(RELAY, budget);
        let brought = together.written(&["one", "two", "three"]);
        let steps = together.bring(&brought);
        let reasons: Vec<_> = steps
            .iter()
            .map(|step| accepted(step).statement.reason)
            .collect();
        assert_eq!(reasons, [AcceptReason::None, AcceptReason::None, reason]);
    }
}

/// Its number is free again: a hole in the row would look like an answer that was withheld.
#[test]
fn what_the_disk_refuses_in_the_middle_leaves_no_hole_in_the_row_of_answers() {
    let mut together = Together::new();
    let brought = together.written(&["one", "two", "three", "four"]);
    together.world.relay_refuses_behind(RELAY, 1);
    let steps = together.bring(&brought);
    let refused = steps[1].as_ref().unwrap_err();
    assert!(matches!(
        refused,
        StepError::Store(StoreError::DiskFull { .. })
    ));
    let first = accepted(&steps[0]).statement.number;
    assert_eq!(numbers(&steps[2..]), [first + 1, first + 2]);
    assert_eq!(together.waiting(), 3);
    let again = together.bring(&brought[1..2]);
    assert_eq!(numbers(&again), [first + 3]);
    let lyon = together.lyon;
    together.world.settle();
    assert_eq!(
        together.world.desk(&lyon).incidents_after(0, 10).unwrap(),
        []
    );
}
