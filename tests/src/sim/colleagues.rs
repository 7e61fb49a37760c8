//! What a device sent that is lost for good: its colleagues, who hold copies, see it to its end.

use std::collections::BTreeSet;

use maille_client::core::Track;
use maille_common::evidence::ObligationState;
use maille_common::identifier::AlertId;

use super::mutation::Mutation;
use super::watch::SLACK_MS;
use super::world::World;

impl World {
    /// The other devices of a desk's contact that run.
    fn colleagues(&self, desk: usize) -> Vec<usize> {
        let contact = &self.shape.desks[desk].contact;
        let mut colleagues: Vec<usize> = (0..self.desks.len()).collect();
        colleagues.retain(|other| {
            let held = &self.desks[*other];
            let same = self.shape.desks[*other].contact == *contact;
            *other != desk && same && !held.outside && held.core.is_some()
        });
        colleagues
    }

    /// Whether nobody does anything for a colleague who is lost, on purpose.
    pub(crate) fn is_deaf_to_colleagues(&self, desk: usize) -> bool {
        let contact = &self.shape.desks[desk].contact;
        let mut facts = self.checker.desks.iter().zip(&self.shape.desks);
        self.plan.knobs.mutation == Some(Mutation::NobodyStandsIn)
            && facts.any(|(facts, fact)| facts.gone && fact.contact == *contact)
    }

    /// Where the obligations of an alert stand at another device of the contact that sent it.
    pub(crate) fn evaluate_copy(&mut self, desk: usize, alert: &AlertId) {
        let Some(sender) = self.checker.sender_of(alert) else {
            return;
        };
        if self.shape.desks[sender].contact != self.shape.desks[desk].contact {
            return;
        }
        let Some((core, wall)) = self.desk(desk) else {
            return;
        };
        let Some(track) = core.track(alert, wall).unwrap() else {
            return;
        };
        for recipient in &track.recipients {
            let (contact, state) = (&recipient.contact, recipient.standing.state);
            let known = (*alert, contact.clone());
            let before = self.checker.desks[desk].copies.insert(known, state);
            if before.is_some_and(|before| before > state) {
                let what = format!("{alert} fell to {state} for {contact} at desk {desk}");
                self.checker.violated("I6", what);
            }
            let early = state == ObligationState::Expired && self.is_early(desk, alert);
            if early || !self.is_true(desk, alert, &track, recipient) {
                let what = format!("{alert} is {state} for {contact} at desk {desk}: not so");
                self.checker.violated("I3", what);
            }
        }
    }

    /// Whether an alert cannot have expired yet, by whatever clock ran since it was sent.
    fn is_early(&self, desk: usize, alert: &AlertId) -> bool {
        let (Some(sent), Some(order)) =
            (self.checker.alerts.get(alert), self.checker.order_of(alert))
        else {
            return false;
        };
        let boots = [desk, sent.desk].map(|it| self.desks[it].clock.boots);
        self.now - sent.at + SLACK_MS < order.expires_after.ms() && boots == [0, sent.boots]
    }

    /// Nothing fails any more: what a device sent that is lost has ended at each colleague that
    /// holds a copy, and every device that it addressed has it, unless its contact has answered.
    pub(crate) fn judge_inherited(&mut self, alert: &AlertId) {
        let Some(sent) = self.checker.alerts.get(alert) else {
            return;
        };
        let (lost, addressed) = (sent.desk, sent.addressed.clone());
        if !self.checker.desks[lost].gone {
            return;
        }
        let mut unanswered = BTreeSet::new();
        for heir in self.colleagues(lost) {
            let Some((core, wall)) = self.desk(heir) else {
                continue;
            };
            if let Some(track) = core.track(alert, wall).unwrap() {
                let open = track.recipients.iter();
                let open = open.filter(|it| it.standing.state <= ObligationState::Expired);
                unanswered.extend(open.map(|it| it.contact.clone()));
                self.judge_heir(heir, alert, &track);
            }
        }
        // Until the lost device leaves the roster it may come back and bring the alert itself.
        let removed = self.roster >= 2;
        for desk in addressed.into_iter().filter(|_| removed) {
            // What a removed device wrote, and its recipient lost after it had come, no colleague
            // brings back.
            let had = self.checker.ever_arrived.contains(&(desk, *alert));
            let forgot = had && self.checker.desks[desk].stores_lost > 0;
            // Where the contact has answered, it is brought to no other device of it.
            if unanswered.contains(&self.shape.desks[desk].contact) && !forgot {
                self.judge_delivered(alert, desk);
            }
        }
    }

    fn judge_heir(&mut self, heir: usize, alert: &AlertId, track: &Track) {
        let device = self.shape.desks[heir].device;
        for recipient in &track.recipients {
            let (contact, standing) = (&recipient.contact, &recipient.standing);
            let proven = standing.proofs.contains_key(&standing.state);
            if !standing.state.is_closed() || !proven {
                let state = standing.state;
                let what = format!(
                    "{alert} of a lost device has not ended for {contact} at desk {heir}: {state}"
                );
                self.checker.violated("rest", what);
            }
            let answered = self.answered(alert, contact);
            if answered.is_some_and(|answered| standing.state < answered) {
                let what = format!(
                    "{contact} answered {alert} of a lost device, and desk {heir} never heard"
                );
                self.checker.violated("I7", what);
            }
            let mut expiries = recipient.expiries.iter();
            let ended_here = expiries.any(|expiry| expiry.statement.device == device);
            let owed = (*alert, contact.clone());
            if ended_here && !self.checker.desks[heir].owed_late.contains_key(&owed) {
                let what = format!(
                    "{alert} of a lost device expired for {contact}; desk {heir} never said late"
                );
                self.checker.violated("I4", what);
            }
        }
    }
}
