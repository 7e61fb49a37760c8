//! The end of a run: faults have stopped, and every obligation has to end in what its sender can
//! prove, every alert at whom it is for, and every queue empty.

use std::collections::BTreeSet;

use maille_common::address::ContactAddress;
use maille_common::evidence::{ObligationState, SignedAccepted};
use maille_common::identifier::AlertId;
use maille_common::terms::{Outcome, Urgency};
use maille_common::time::{Span, Timestamp};
use maille_relay::core::account;

use maille_client::core::Act;

use super::checker::SentAlert;
use super::plan::Fault;
use super::shape::{HOUR, MINUTE};
use super::world::World;

const DAY: Span = Span::from_days(1);

impl World {
    /// Until when it takes everything to end by itself.
    pub(crate) fn rest_until(&mut self) -> u64 {
        let least = match (self.plan.knobs.hostile, self.checker.given.is_empty()) {
            (Some(_), _) => 3 * HOUR + HOUR / 2,
            (None, true) => 11 * MINUTE,
            (None, false) => 40 * MINUTE,
        };
        let alerts: Vec<(AlertId, usize)> = self
            .checker
            .alerts
            .iter()
            .filter(|(_, sent)| !sent.outbox_lost)
            .map(|(id, sent)| (*id, sent.desk))
            .collect();
        let off = self.longest_off();
        let mut longest = off + least;
        for (alert, desk) in alerts {
            let (ahead, sent) = (self.desks[desk].clock.reading(self.now).wall, alert);
            let order = self.checker.order_of(&sent);
            let mut left = order.map_or(0, |order| order.expires_after.ms());
            if let Some((core, wall)) = self.desk(desk)
                && let Some(track) = core.track(&alert, wall).unwrap()
            {
                let ends = track
                    .recipients
                    .iter()
                    .map(|it| it.expires.since(ahead).ms());
                left = ends.max().unwrap_or(0);
            }
            // Where a machine is off, what is left begins when it is on.
            longest = longest.max(off + left + 40 * MINUTE);
        }
        let late = |sent: &&SentAlert| !sent.added.is_empty() || sent.outbox_lost;
        for sent in self.checker.alerts.values().filter(late) {
            let order = &self.checker.given[sent.given].order;
            longest = longest.max(off + order.expires_after.ms() + 40 * MINUTE);
        }
        self.now + longest
    }

    /// How long it takes until every machine is on.
    fn longest_off(&self) -> u64 {
        let relays = self.relays.iter().map(|relay| &relay.clock);
        let clocks = self.desks.iter().map(|desk| &desk.clock).chain(relays);
        let off = clocks.map(|clock| clock.up_since().saturating_sub(self.now));
        off.max().unwrap_or(0)
    }

    /// What has to be so when nothing fails any more.
    pub(crate) fn judge_rest(&mut self) {
        let ids: Vec<AlertId> = self.checker.alerts.keys().copied().collect();
        for id in ids {
            self.judge_alert(&id);
            self.judge_added(&id);
            self.judge_inherited(&id);
        }
        for relay in 0..self.relays.len() {
            self.judge_relay(relay);
        }
        self.judge_withheld();
    }

    fn judge_alert(&mut self, alert: &AlertId) {
        let Some(sent) = self.checker.alerts.get(alert) else {
            return;
        };
        if sent.outbox_lost || self.checker.desks[sent.desk].gone {
            return;
        }
        let (by, addressed) = (sent.desk, sent.addressed.clone());
        self.evaluate(by, alert);
        let Some((core, wall)) = self.desk(by) else {
            return self
                .checker
                .violated("rest", format!("desk {by} does not run"));
        };
        let Some(track) = core.track(alert, wall).unwrap() else {
            let what = format!("{alert} is not known any more to desk {by}, which sent it");
            return self.checker.violated("I2", what);
        };
        let mut returned = BTreeSet::new();
        let kept = self.kept_from_sender(by, alert);
        for recipient in &track.recipients {
            let (contact, standing) = (&recipient.contact, &recipient.standing);
            returned.extend(standing.returned.keys().copied());
            let proven = standing.proofs.contains_key(&standing.state);
            if (!standing.state.is_closed() || !proven) && !kept.contains(contact) {
                let what = format!("{alert} has not ended for {contact}: {}", standing.state);
                self.checker.violated("rest", what);
            }
            let answered = self.answered(alert, contact);
            if answered.is_some_and(|answered| standing.state < answered) {
                let what = format!("{contact} answered {alert}, and its sender never heard");
                self.checker.violated("I7", what);
            }
        }
        let me = self.shape.desks[by].contact.clone();
        let own = |desk: &usize| self.shape.desks[*desk].contact == me;
        // Where no relay of the sender's takes it for any recipient, nobody keeps the copies for
        // the sender's other devices.
        let homes = self.shape.rosters[0].home_relay_names(&me.organisation());
        let at_home = |it: &SignedAccepted| {
            it.statement.outcome == Outcome::Accepted && homes.contains(&it.statement.relay)
        };
        let mut accepted = track.recipients.iter().flat_map(|it| it.accepted.iter());
        let nobody = !accepted.any(at_home);
        let copied = |desk: &usize| !(own(desk) && nobody);
        let owed = addressed
            .into_iter()
            .filter(|desk| *desk != by && copied(desk));
        for desk in owed.collect::<Vec<_>>() {
            let device = self.shape.desks[desk].device;
            if !returned.contains(&device) {
                self.judge_delivered(alert, desk);
            }
        }
    }

    /// Whom a colleague added, by what a relay may have kept from the sender: its terms are unknown
    /// there.
    fn kept_from_sender(&self, by: usize, alert: &AlertId) -> BTreeSet<ContactAddress> {
        let kept = self.checker.kept_from.contains(&(by, *alert));
        let sent = self.checker.alerts.get(alert).filter(|_| kept);
        let added = sent.into_iter().flat_map(|sent| &sent.added);
        let by_others = added.filter(|added| added.by != by);
        by_others.map(|added| added.contact.clone()).collect()
    }

    /// A device to which an alert was addressed, and which is still there, has it.
    pub(crate) fn judge_delivered(&mut self, alert: &AlertId, desk: usize) {
        if self.desks[desk].outside {
            return;
        }
        let kept = self.checker.kept_from.contains(&(desk, *alert));
        let key_gone = self.checker.ever_returned.contains(&(desk, *alert));
        // What relay and recipient both lost after it had come is not brought back.
        let lost = self.checker.desks[desk].stores_lost > 0;
        let had = self.checker.ever_arrived.contains(&(desk, *alert));
        if lost && had && self.relay_was_lost() {
            return;
        }
        let Some((core, _)) = self.desk(desk) else {
            return;
        };
        if core.plain_part(alert).unwrap().is_none() && !kept && !key_gone {
            let what = format!("{alert} was never delivered to desk {desk}");
            self.checker.violated("I8", what);
        }
    }

    fn relay_was_lost(&self) -> bool {
        let mut faults = self.plan.faults.iter();
        faults.any(|(_, fault)| matches!(fault, Fault::LoseRelay(_)))
    }

    /// The state that an answer for a recipient asks for, by its own devices or in its place, where
    /// one stands.
    pub(crate) fn answered(
        &self,
        alert: &AlertId,
        recipient: &ContactAddress,
    ) -> Option<ObligationState> {
        if self.checker.receipts_withheld {
            return None;
        }
        let answer = (*alert, recipient.clone());
        let facts = self.checker.desks.iter().zip(&self.shape.desks);
        let there = facts
            .filter(|(facts, desk)| !facts.gone && self.counts(alert, &desk.contact, recipient));
        let states = there.filter_map(|(facts, _)| match facts.acted.get(&answer)? {
            Act::Acknowledge => Some(ObligationState::Acknowledged),
            Act::Refuse(_) => Some(ObligationState::Refused),
            Act::Read => None,
        });
        states.max()
    }

    /// Whether an answer counts: not that of a deputy which was dismissed before the alert was made
    /// (PROTOCOL Q3), as somebody may hear of it later than that it was asked.
    fn counts(
        &self,
        alert: &AlertId,
        contact: &ContactAddress,
        recipient: &ContactAddress,
    ) -> bool {
        let Some(submission) = self.checker.submissions.get(alert) else {
            return true;
        };
        let (roster, made) = (
            &self.shape.rosters[self.roster],
            submission.env.core.created,
        );
        contact == recipient || roster.is_deputy_about(contact, recipient, made)
    }

    fn judge_relay(&mut self, relay: usize) {
        let reading = self.relays[relay].clock.reading(self.now);
        let since_midnight = reading.wall.since(Timestamp::EPOCH).ms() % DAY.ms();
        let midnight = reading.wall - Span::from_ms(since_midnight);
        let books = account(&*self.relays[relay].disk, midnight..midnight + DAY, &|| {
            true
        });
        let books = books.unwrap();
        if !books.is_sound() {
            let what = format!(
                "the books of relay {relay} do not balance: {:?}",
                books.faults
            );
            self.checker.violated("rest", what);
        }
        let hostile = self.plan.knobs.hostile == Some(relay);
        for desk in 0..self.desks.len() {
            let device = self.shape.desks[desk].device;
            let Some(core) = &self.relays[relay].core else {
                continue;
            };
            // A heartbeat or a letter may be under way at any time; nothing else is as little
            // urgent.
            let unowed = Urgency::Unknown.code();
            let mut waiting = core.waiting(&device, 64).unwrap();
            waiting.retain(|mail| mail.class < unowed);
            // What a removed device wrote is not believed any more, and answered to nobody (E4).
            let removed = self.roster >= 2;
            if !self.desks[desk].outside && !waiting.is_empty() && !hostile && !removed {
                let what = format!("mail waits at relay {relay} for desk {desk}: {waiting:?}");
                self.checker.violated("I7", what);
            }
        }
    }

    /// What a hostile relay kept back was noticed by whom it was for.
    fn judge_withheld(&mut self) {
        let quiet = self.plan.faults.is_empty();
        let kept: Vec<(usize, AlertId)> = self.checker.kept_from.iter().copied().collect();
        for (desk, alert) in kept.into_iter().filter(|_| quiet) {
            let Some(sent) = self.checker.alerts.get(&alert) else {
                continue;
            };
            let (by, numbered) = (sent.desk, sent.addressed.contains(&desk));
            let own = self.shape.desks[desk].contact == self.shape.desks[by].contact;
            let Some((core, _)) = self.desk(desk) else {
                continue;
            };
            let here = core.plain_part(&alert).unwrap().is_some();
            if numbered && !own && !here && !self.checker.missed.contains(&(desk, by)) {
                let what = format!("{alert} is kept from desk {desk}, which does not notice");
                self.checker.violated("I4", what);
            }
        }
    }
}
