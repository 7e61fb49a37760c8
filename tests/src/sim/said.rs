//! What is said: by then it has to be durable (I1), what is kept has to stay (I2), and an order is
//! one alert (I5).

use std::collections::BTreeSet;
use std::sync::Arc;

use maille_client::core::{Act, Sent};
use maille_common::address::ContactAddress;
use maille_common::identifier::AlertId;
use maille_common::limits;
use maille_common::terms::{Kind, Outcome, Release, Stage};
use maille_common::wire::{Answer, Request};
use maille_durable::Batch;
use maille_durable::Store;
use maille_relay::core::Step;

use super::checker::SentAlert;
use super::line::Ask;
use super::mutation::Mutation;
use super::party::{Party, desk_of};
use super::shape::MINUTE;
use super::world::{Event, World};

impl World {
    /// Everything that has to hold after every step.
    pub(crate) fn check_step(&mut self, party: Option<Party>) {
        match party {
            Some(Party::Desk(desk)) => {
                self.check_removed_at_desk(desk);
                let held = &self.desks[desk];
                if held.core.is_some() && held.disk.newest() == held.disk.synced() {
                    self.check_events(desk);
                }
            }
            Some(Party::Relay(relay)) => self.check_removed_at_relay(relay),
            None => {}
        }
    }

    /// The outbox took an order.
    pub(crate) fn check_sent(&mut self, given: usize, sent: &Sent) {
        let (desk, id) = (self.checker.given[given].desk, sent.id);
        if !self.checker.given[given].ids.insert(id) {
            return;
        }
        let clash = self.checker.alerts.contains_key(&id);
        let shape = Arc::clone(&self.shape);
        let Some((core, _)) = self.desk(desk) else {
            return;
        };
        let submission = core.submission(&id).unwrap();
        let entries = submission.iter().flat_map(|it| it.entries.iter());
        let now = entries.filter(|entry| entry.entry.release != Release::After);
        let addressed: BTreeSet<usize> = now
            .filter_map(|entry| desk_of(&shape, &entry.entry.device))
            .collect();
        let alert = SentAlert {
            given,
            desk,
            at: self.now,
            boots: self.desks[desk].clock.boots,
            promised: false,
            outbox_lost: false,
            addressed,
            overdue: BTreeSet::new(),
            states: std::collections::BTreeMap::new(),
            closed: None,
            added: Vec::new(),
        };
        self.checker.alerts.insert(id, alert);
        if clash || submission.is_none() {
            let what = format!("desk {desk} took an order as {id}, which is not a new envelope");
            self.checker.violated("I5", what);
        }
    }

    /// `send` returns: the outbox has to survive a power cut.
    pub(crate) fn check_returned(&mut self, desk: usize, alert: AlertId) {
        let (shape, now) = (Arc::clone(&self.shape), self.now);
        let image = self.desks[desk].image(&shape, desk, now);
        if image.submission(&alert).unwrap().is_none() {
            let what = format!("send of {alert} returned at desk {desk}, and it is not durable");
            self.checker.violated("I1", what);
        }
        if let Some(sent) = self.checker.alerts.get_mut(&alert) {
            sent.promised = true;
        }
    }

    /// A request leaves a desk.
    pub(crate) fn check_ask(&mut self, desk: usize, ask: &Ask) {
        let (shape, now) = (Arc::clone(&self.shape), self.now);
        match ask {
            Ask::Request(Request::Submit(submission)) => {
                let id = submission.id();
                // They owe nobody anything, and are made anew.
                if matches!(
                    submission.env.core.kind,
                    Kind::Heartbeat | Kind::Reconciliation
                ) {
                    return;
                }
                let image = self.desks[desk].image(&shape, desk, now);
                if image.submission(&id).unwrap().is_none() {
                    let what = format!("{id} leaves desk {desk}, whose outbox is not durable");
                    self.checker.violated("I1", what);
                }
                let known = &mut self.checker.submissions;
                let first = known
                    .entry(id)
                    .or_insert_with(|| submission.as_ref().clone());
                if *first != **submission {
                    let what = format!("desk {desk} submits other bytes as {id}");
                    self.checker.violated("I5", what);
                }
                self.check_one_id(id);
            }
            Ask::Request(Request::Receipt(posted)) => {
                let receipt = &posted.receipt.statement;
                let image = self.desks[desk].image(&shape, desk, now);
                let returned = receipt.stage == Stage::Returned;
                if returned {
                    self.checker.ever_returned.insert((desk, receipt.alert));
                } else if image.plain_part(&receipt.alert).unwrap().is_none() {
                    let (stage, alert) = (receipt.stage.name(), receipt.alert);
                    let what = format!("desk {desk} says {stage} of {alert}, not durably");
                    self.checker.violated("I1", what);
                }
            }
            _ => {}
        }
    }

    /// One order under one reference is one alert for everybody.
    fn check_one_id(&mut self, id: AlertId) {
        let Some(sent) = self.checker.alerts.get(&id) else {
            return;
        };
        let ids = &self.checker.given[sent.given].ids;
        let left = ids
            .iter()
            .filter(|id| self.checker.submissions.contains_key(id));
        if left.count() > 1 && !sent.outbox_lost {
            let what = format!("one order left as several alerts, the last of them {id}");
            self.checker.violated("I5", what);
        }
    }

    /// An answer leaves a relay.
    pub(crate) fn check_answer(&mut self, relay: usize, desk: usize, answer: &Answer) {
        self.trace.line(self.now, || {
            let what = match answer {
                Answer::Refused(refusal) => format!("refused {}", refusal.code.name()),
                Answer::Accepted(answers) => {
                    let reasons = answers.iter().map(|it| it.statement.reason.name());
                    format!("accepted {:?}", reasons.collect::<Vec<_>>())
                }
                Answer::Hello(_) => "hello".to_owned(),
                Answer::Bundles(bundles) => format!("{} bundles", bundles.len()),
                _ => "done".to_owned(),
            };
            format!("relay {relay} -> desk {desk}: {what}")
        });
        let Answer::Accepted(answers) = answer else {
            return;
        };
        let (shape, now) = (Arc::clone(&self.shape), self.now);
        let device = shape.desks[desk].device;
        let taken = |it: &&maille_common::evidence::SignedAccepted| {
            it.statement.outcome == Outcome::Accepted
        };
        if answers.is_empty() || answers.iter().filter(taken).count() < answers.len() {
            return;
        }
        let Some(alert) = answers.first().map(|it| it.statement.alert) else {
            return;
        };
        let Some(submission) = self.checker.submissions.get(&alert) else {
            return;
        };
        // Nobody is told again what was answered to a device that has left the roster since.
        if self.desks[desk].outside {
            return;
        }
        let held = &mut self.relays[relay];
        let known = held
            .image(&shape, relay, now)
            .known_answer(&device, submission);
        let durable = known.unwrap().map(|known| known.answer().clone());
        if durable.as_ref() != Some(answer) {
            let what = format!("relay {relay} says that it accepted {alert}, not durably");
            self.checker.violated("I1", what);
        }
    }

    /// A relay's core has accepted something.
    pub(crate) fn check_accepted(&mut self, relay: usize, step: &Step) {
        let Answer::Accepted(answers) = &step.answer else {
            return;
        };
        let now = self.now;
        for accepted in answers.iter().map(|it| &it.statement) {
            self.relays[relay]
                .accepted
                .entry(accepted.alert)
                .or_insert(now);
        }
    }

    /// The outbox keeps what is open, and 14 days more; nobody takes from the inbox at all.
    fn check_removed_at_desk(&mut self, desk: usize) {
        for (_, key) in self.desks[desk].disk.take_removed() {
            let Ok(id) = <[u8; 32]>::try_from(&key[..]) else {
                continue;
            };
            let id = AlertId::from_bytes(id);
            let Some(sent) = self.checker.alerts.get(&id) else {
                continue;
            };
            let mine = sent.desk == desk;
            let kept_ms = sent.closed.map(|closed| self.now.saturating_sub(closed));
            let over = kept_ms.is_some_and(|kept| kept + MINUTE >= limits::OUTBOX_GRACE_MS);
            let uncertain = self.desks[desk].clock.boots > 0;
            if !(mine && (over || (uncertain && sent.closed.is_some()))) {
                let what = format!("desk {desk} removes something of {id} before its time");
                self.checker.violated("I2", what);
            }
        }
    }

    /// A relay keeps what it accepted until a week after it expires.
    fn check_removed_at_relay(&mut self, relay: usize) {
        for (_, key) in self.relays[relay].disk.take_removed() {
            let Ok(id) = <[u8; 32]>::try_from(&key[..]) else {
                continue;
            };
            let id = AlertId::from_bytes(id);
            let Some(order) = self.checker.order_of(&id) else {
                continue;
            };
            let keeps_ms = order.expires_after.ms() + limits::RELAY_GRACE_MS;
            let held = &self.relays[relay];
            let accepted = held.accepted.get(&id).copied().unwrap_or(self.now);
            let over = self.now.saturating_sub(accepted) + MINUTE >= keeps_ms;
            if !over && held.clock.boots == 0 {
                let what = format!("relay {relay} removes something of {id} before its time");
                self.checker.violated("I2", what);
            }
        }
    }

    /// An alert is about to be shown as new.
    pub(crate) fn check_shown_new(&mut self, desk: usize, alert: AlertId) {
        if !self.checker.desks[desk].shown.insert(alert) {
            let what = format!("desk {desk} shows {alert} as new a second time");
            self.checker.violated("I5", what);
        }
    }

    /// An officer's answer stands.
    pub(crate) fn acted(
        &mut self,
        desk: usize,
        alert: AlertId,
        act: &Act,
        served: BTreeSet<ContactAddress>,
    ) {
        let acts = &mut self.checker.desks[desk].acted;
        for recipient in served {
            let known = acts.entry((alert, recipient)).or_insert(Act::Read);
            if *known != Act::Acknowledge && *act != Act::Read {
                *known = act.clone();
            }
        }
    }

    /// A desk runs again: what was promised is there, and what was not is handed in again.
    pub(crate) fn desk_restarted(&mut self, desk: usize) {
        let (mine, mut lost) = (self.checker.alerts.iter_mut(), Vec::new());
        let Some(core) = &self.desks[desk].core else {
            return;
        };
        for (id, sent) in mine.filter(|(_, sent)| sent.desk == desk && !sent.outbox_lost) {
            if core.submission(id).unwrap().is_some() || sent.closed.is_some() {
                continue;
            }
            if sent.promised {
                lost.push(("I2", format!("{id} was promised, and is not in the outbox")));
            }
            sent.outbox_lost = true;
        }
        for id in &self.checker.desks[desk].arrived {
            if core.plain_part(id).unwrap().is_none() {
                lost.push(("I1", format!("{id} had arrived, and is not in the inbox")));
            }
        }
        let open = core.inbox().unwrap();
        self.check_added_at_start(desk);
        for (invariant, what) in lost {
            self.checker
                .violated(invariant, format!("desk {desk}, started again: {what}"));
        }
        for entry in open.into_iter().filter(|entry| entry.stage < Stage::Read) {
            let after = 1 + self.chance.below(10 * MINUTE);
            self.at(after, Event::Look(desk, entry.id));
        }
        for given in 0..self.checker.given.len() {
            let known = &self.checker.given[given];
            if known.desk == desk && !known.returned {
                self.hands_in(given);
            }
        }
    }

    /// Of a relay nothing more is expected than what its image showed when it answered.
    pub(crate) fn relay_restarted(&mut self, relay: usize) {
        let core = self.relays[relay].core.as_ref();
        if core.is_some_and(maille_relay::core::RelayCore::began_incarnation) {
            self.relays[relay].accepted.clear();
        }
    }

    /// A desk finds itself rolled back, which nobody did.
    pub(crate) fn desk_rolled_back(&mut self, desk: usize) {
        if self.checker.desks[desk].stores_lost == 0 {
            let what = format!("desk {desk} takes itself for rolled back");
            self.checker.violated("I1", what);
        }
    }

    /// A relay finds itself rolled back, which nobody did.
    pub(crate) fn relay_rolled_back(&mut self, relay: usize) {
        let what = format!("relay {relay} takes itself for rolled back");
        self.checker.violated("I1", what);
    }

    /// An outbox that is swept too early, on purpose.
    pub(crate) fn sweeps_early(&mut self, desk: usize, alert: &AlertId) {
        if self.plan.knobs.mutation == Some(Mutation::OutboxSweptEarly) {
            let disk = &self.desks[desk].disk;
            let mut batch = Batch::new();
            for table in disk.tables_with(alert.as_bytes()) {
                batch.delete_pieces(table, alert.as_bytes());
            }
            disk.append(batch).unwrap();
        }
    }
}
