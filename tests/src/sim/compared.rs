//! Reconciliations, when nothing fails any more: whoever exchanged alerts compares what it holds,
//! and where nothing was lost nothing differs.

use maille_client::core::{ReconcileError, Reconciled, RoundEnd};
use maille_common::address::ContactAddress;
use maille_common::terms::Kind;
use maille_common::wire::Push;

use super::mutation::Mutation;
use super::party::{Party, desk_of};
use super::plan::Fault;
use super::shape::MINUTE;
use super::world::World;

/// Longer than a round takes in which nothing is sent again.
const ROUND_MS: u64 = 10 * MINUTE;
/// Longer than one in which something is.
const MENDING_MS: u64 = 75 * MINUTE;

impl World {
    /// Everybody compares with everybody. An expiry, which its sender alone has signed, is handed
    /// over by the first round, and so is what was lost. What one device of a contact knows alone
    /// goes on from device to device, one further in each round; so nothing differs after as many
    /// rounds as there are devices, and no alert is missing after the first.
    pub(crate) fn compare_all(&mut self) {
        if !self.plan.knobs.compares || self.plan.knobs.hostile.is_some() {
            return;
        }
        let whole = self.is_whole();
        // As often as a keeper looks at letters that had to wait for each other.
        self.plan.knobs.round_ms = MINUTE;
        self.ask_all();
        self.run_until(self.now + if whole { ROUND_MS } else { MENDING_MS });
        if whole {
            self.judge_compared(&[RoundEnd::Same, RoundEnd::Mended]);
        }
        for round in 0..=self.desks.len() {
            if self.checker.is_violated() {
                return;
            }
            self.ask_all();
            self.run_until(self.now + ROUND_MS);
            if self.are_same() {
                break;
            }
            if round < self.desks.len() {
                self.judge_compared(&[RoundEnd::Same, RoundEnd::Mended]);
            }
        }
        if !self.checker.is_violated() {
            self.judge_compared(&[RoundEnd::Same]);
        }
    }

    /// Whether the newest round of everybody found nothing.
    fn are_same(&mut self) -> bool {
        let mut same = true;
        for desk in 0..self.desks.len() {
            for contact in self.contacts() {
                let Some((core, _)) = self.desk(desk) else {
                    continue;
                };
                for compared in core.reconciled(&contact).unwrap() {
                    same &=
                        !self.is_judged(desk, &compared) || compared.end == Some(RoundEnd::Same);
                }
            }
        }
        same
    }

    /// Nobody lost anything, and everybody is still there.
    fn is_whole(&self) -> bool {
        self.plan.faults.iter().all(|(_, fault)| {
            !matches!(
                fault,
                Fault::LoseRelay(_)
                    | Fault::LoseDesk(_)
                    | Fault::LoseKeys(_)
                    | Fault::NextRoster
                    | Fault::LoseDevice(_)
            )
        })
    }

    fn contacts(&self) -> Vec<ContactAddress> {
        let mut contacts: Vec<_> = self
            .shape
            .desks
            .iter()
            .map(|it| it.contact.clone())
            .collect();
        contacts.sort();
        contacts.dedup();
        contacts
    }

    fn ask_all(&mut self) {
        for desk in 0..self.desks.len() {
            for contact in self.contacts() {
                let Some((core, wall)) = self.desk(desk) else {
                    continue;
                };
                match core.reconcile_with(&contact, wall) {
                    Ok(_) | Err(ReconcileError::NotAPartner(_) | ReconcileError::NoDevice(_)) => {}
                    Err(ReconcileError::Step(error)) => panic!("the store failed: {error}"),
                }
            }
            self.plans_round(Party::Desk(desk), 1);
            self.settle(Some(Party::Desk(desk)));
        }
    }

    fn judge_compared(&mut self, ends: &[RoundEnd]) {
        for desk in 0..self.desks.len() {
            for contact in self.contacts() {
                let Some((core, _)) = self.desk(desk) else {
                    continue;
                };
                for compared in core.reconciled(&contact).unwrap() {
                    self.judge_round(desk, &compared, ends);
                }
            }
        }
    }

    /// Whoever lost an outbox does not know what it sent, which stays different.
    fn is_judged(&self, desk: usize, compared: &Reconciled) -> bool {
        let out =
            |desk: usize| self.desks[desk].outside || self.checker.desks[desk].stores_lost > 0;
        let there = desk_of(&self.shape, &compared.device);
        there.is_some_and(|other| !out(other) && !out(desk))
    }

    /// A round has ended in one of these ways, and no alert is missing on either side.
    fn judge_round(&mut self, desk: usize, compared: &Reconciled, ends: &[RoundEnd]) {
        if !self.is_judged(desk, compared) {
            return;
        }
        let ended = compared.end.is_some_and(|end| ends.contains(&end));
        let missing = [&compared.again, &compared.again_there];
        let differs = !compared.apart.is_empty() || missing.iter().any(|alerts| !alerts.is_empty());
        if !ended || differs {
            let what = format!("desk {desk} compares, and something differs: {compared:?}");
            self.checker.violated("reconciliation", what);
        }
    }

    /// Whether a letter of a reconciliation vanishes on its way, on purpose.
    pub(crate) fn is_letter_lost(&self, push: &Push) -> bool {
        let is_letter = match push {
            Push::Delivery { delivery, .. } => delivery.env.core.kind == Kind::Reconciliation,
            _ => false,
        };
        is_letter && self.plan.knobs.mutation == Some(Mutation::LettersLost)
    }
}
