//! What a desk was seen to do, from its events once they are durable: who got what, whose clock ran
//! out, and where each obligation stands by which evidence.

use std::collections::BTreeSet;

use maille_client::core::{EventKind, IncidentKind, NumberedEvent, Track, TrackedRecipient};
use maille_common::address::ContactAddress;
use maille_common::evidence::ObligationState;
use maille_common::hash::Hash;
use maille_common::identifier::AlertId;
use maille_common::terms::{AckRule, Kind, Stage};

use super::checker::DeskFacts;
use super::mutation::Mutation;
use super::party::desk_of;
use super::plan::Fault;
use super::shape::MINUTE;
use super::world::{Event, World};

/// How much earlier than by virtual time a deadline may be seen to end: a look at a clock is one
/// event, and what it shows another.
pub(crate) const SLACK_MS: u64 = 1_000;

impl World {
    /// Everything at a desk is durable: looks at what happened there since.
    pub(crate) fn check_events(&mut self, desk: usize) {
        let cursor = self.checker.desks[desk].cursor;
        let drills = self.plan.knobs.mutation == Some(Mutation::DrillsAmongTheReal);
        let Some((core, _)) = self.desk(desk) else {
            return;
        };
        if core.newest_event().unwrap() != cursor {
            let events = core.events_after(cursor, 1_000, true).unwrap();
            let real = core.events_after(cursor, 1_000, drills).unwrap();
            self.check_real(desk, &events, &real);
            let mut changed = BTreeSet::new();
            for numbered in events {
                self.checker.desks[desk].cursor = numbered.number;
                changed.extend(self.happened(desk, &numbered.event.kind));
            }
            for alert in changed {
                self.evaluate(desk, &alert);
            }
        }
        self.check_deadlines(desk);
    }

    /// Whoever asks for real alerts alone is told of those, and of no drill.
    fn check_real(&mut self, desk: usize, events: &[NumberedEvent], real: &[NumberedEvent]) {
        let told: BTreeSet<u64> = real.iter().map(|event| event.number).collect();
        for event in events {
            let (EventKind::Arrived { alert, .. }
            | EventKind::State { alert, .. }
            | EventKind::Overdue { alert, .. }) = &event.event.kind
            else {
                continue;
            };
            let order = self.checker.order_of(alert);
            let is_real = order.map(|order| order.status.is_actual());
            if is_real.is_some_and(|is_real| is_real != told.contains(&event.number)) {
                let what = format!("desk {desk} takes a drill for real, or not: {event:?}");
                self.checker.violated("drill", what);
            }
        }
    }

    /// One event; the alert whose obligations it may have moved.
    fn happened(&mut self, desk: usize, kind: &EventKind) -> Option<AlertId> {
        self.trace
            .line(self.now, || format!("desk {desk}: {kind:?}"));
        match kind {
            EventKind::Arrived { alert, from, .. } => {
                self.arrived(desk, alert, from);
                None
            }
            EventKind::Receipt { alert, .. } | EventKind::State { alert, .. } => Some(*alert),
            EventKind::Overdue {
                alert, recipient, ..
            } if self.checker.sender_of(alert) != Some(desk) => {
                self.owed_is_late(desk, alert, recipient);
                None
            }
            EventKind::Overdue {
                alert, recipient, ..
            } => {
                let early = self.elapsed(desk, alert).zip(self.checker.order_of(alert));
                let early =
                    early.filter(|(elapsed, order)| elapsed + SLACK_MS < order.ack_within.ms());
                if early.is_some() {
                    let what = format!("desk {desk} calls {alert} overdue before its time");
                    self.checker.violated("I4", what);
                }
                let sent = self.checker.alerts.get_mut(alert);
                if !sent.is_some_and(|sent| sent.overdue.insert(recipient.clone())) {
                    let what = format!("desk {desk} calls {alert} overdue a second time");
                    self.checker.violated("I4", what);
                }
                None
            }
            EventKind::AskedAsDeputy { alert, .. } => {
                let after = 1 + self.chance.below(10 * MINUTE);
                self.at(after, Event::Decide(desk, *alert));
                None
            }
            EventKind::Incident { number } => {
                self.incident(desk, *number);
                None
            }
            _ => None,
        }
    }

    /// A desk says that it owes an acknowledgement: once, and not before its time.
    fn owed_is_late(&mut self, desk: usize, alert: &AlertId, recipient: &ContactAddress) {
        // Whatever this desk counts began after the alert was sent, if its machine was up then.
        let up_since = self.desks[desk].clock.up_since();
        let sent = self.checker.alerts.get(alert);
        let sent = sent.filter(|sent| up_since <= sent.at);
        let run = sent.map(|sent| self.now - sent.at);
        let (order, sent_by) = (self.checker.order_of(alert), self.checker.sender_of(alert));
        let early = run
            .zip(order)
            .is_some_and(|(run, order)| run + SLACK_MS < order.ack_within.ms());
        if early || order.is_none() {
            let what = format!("desk {desk} owes {alert} before its time");
            self.checker.violated("I4", what);
        }
        let times = self.checker.desks[desk]
            .owed_late
            .entry((*alert, recipient.clone()));
        let times = times.and_modify(|times| *times += 1).or_insert(1);
        // A colleague of whoever sent it may be asked in the recipient's place as well.
        let me = &self.shape.desks[desk].contact;
        let mut rosters = self.shape.rosters.iter();
        let sender = sent_by.map(|sender| &self.shape.desks[sender].contact);
        let both = sender == Some(me) && rosters.any(|roster| roster.is_deputy(me, recipient));
        if *times > 1 + u32::from(both) {
            let what = format!("desk {desk} owes {alert} for {recipient} a second time");
            self.checker.violated("I4", what);
        }
    }

    /// An alert stands in an inbox: it was sent so, to this desk, and came once.
    fn arrived(&mut self, desk: usize, alert: &AlertId, from: &ContactAddress) {
        let again = !self.checker.desks[desk].arrived.insert(*alert);
        self.checker.ever_arrived.insert((desk, *alert));
        let Some((core, _)) = self.desk(desk) else {
            return;
        };
        let received = core.received(alert).unwrap();
        let (entry, content) = received.map(|it| (it.entry, it.content)).unzip();
        let came_for = entry.and_then(|entry| entry.recipient);
        // What came in another's place is told once more when the contact's own copy comes.
        let own = came_for.is_some_and(|first| first != self.shape.desks[desk].contact);
        let told_anew = |facts: &mut DeskFacts| own && facts.arrived_for_itself.insert(*alert);
        let anew = again && told_anew(&mut self.checker.desks[desk]);
        if again && !anew {
            let what = format!("{alert} arrives at desk {desk} as new a second time");
            self.checker.violated("I5", what);
        }
        let me = &self.shape.desks[desk].contact;
        let (Some(order), Some(sender)) =
            (self.checker.order_of(alert), self.checker.sender_of(alert))
        else {
            let what = format!("{alert} arrives at desk {desk}, and nobody sent it");
            return self.checker.violated("I3", what);
        };
        let author = &self.shape.desks[sender].contact;
        let rosters = self.shape.rosters.iter();
        let mut principals = rosters.flat_map(|roster| roster.principals_of(me));
        let asked = self.checker.is_for(alert, me)
            || principals.any(|principal| self.checker.is_for(alert, &principal));
        let told = me == author || asked;
        if from != author || !told || content.as_ref() != Some(&order.content) {
            let what = format!("{alert} arrives at desk {desk} by {from}, not as it was sent");
            self.checker.violated("I3", what);
        }
        let after = 1 + self.chance.below(5 * MINUTE);
        let next = match anew {
            true => Event::Decide(desk, *alert),
            false => Event::Look(desk, *alert),
        };
        self.at(after, next);
    }

    /// How long ago an alert was sent, where no start of the machine lies between.
    fn elapsed(&self, desk: usize, alert: &AlertId) -> Option<u64> {
        let sent = self.checker.alerts.get(alert)?;
        let same = sent.desk == desk && sent.boots == self.desks[desk].clock.boots;
        same.then(|| self.now - sent.at)
    }

    /// Where the obligations of an alert stand at the desk that sent it.
    pub(crate) fn evaluate(&mut self, desk: usize, alert: &AlertId) {
        self.evaluate_added(desk, alert);
        if self.checker.sender_of(alert) != Some(desk) {
            return self.evaluate_copy(desk, alert);
        }
        let Some((core, wall)) = self.desk(desk) else {
            return;
        };
        let Some(track) = core.track(alert, wall).unwrap() else {
            return;
        };
        for recipient in &track.recipients {
            self.check_standing(desk, alert, &track, recipient);
        }
        let now = self.now;
        let Some(sent) = self.checker.alerts.get_mut(alert) else {
            return;
        };
        let open = sent.states.len() < track.recipients.len()
            || sent.states.values().any(|state| !state.is_closed());
        if !open && sent.closed.is_none() {
            sent.closed = Some(now);
            self.sweeps_early(desk, alert);
        }
    }

    fn check_standing(
        &mut self,
        desk: usize,
        alert: &AlertId,
        track: &Track,
        recipient: &TrackedRecipient,
    ) {
        let (contact, state) = (&recipient.contact, recipient.standing.state);
        let Some(sent) = self.checker.alerts.get_mut(alert) else {
            return;
        };
        let before = sent.states.insert(contact.clone(), state);
        if before.is_some_and(|before| before > state) {
            let what = format!("{alert} fell to {state} for {contact} at desk {desk}");
            return self.checker.violated("I6", what);
        }
        // With `first`, what others answered is evidence here, too.
        let first = track.core.ack_rule == AckRule::First;
        let of = |other: &&TrackedRecipient| first || other.contact == *contact;
        let others = track.recipients.iter().filter(of);
        let mut set: Vec<Hash> = others
            .flat_map(|other| {
                let receipts = other.receipts.iter().map(|(receipt, _)| receipt.hash());
                receipts.chain(other.expiries.iter().map(|expiry| expiry.hash()))
            })
            .collect();
        set.extend(
            track
                .cancels
                .iter()
                .map(|it| Hash::from_bytes(*it.id.as_bytes())),
        );
        // Under `first` it may be of somebody whom a colleague added, whose addendum is on its way.
        let proof = recipient
            .standing
            .proofs
            .get(&state)
            .map(|proof| proof.hash);
        set.extend(proof.filter(|hash| !set.contains(hash)));
        set.sort_unstable();
        let key = (*alert, contact.clone(), set);
        let known = *self.checker.evidence.entry(key).or_insert(state);
        if known != state {
            let what = format!("{alert} is {known} and {state} for {contact} by equal evidence");
            return self.checker.violated("I6", what);
        }
        if !self.is_true(desk, alert, track, recipient) {
            let what = format!("{alert} is {state} for {contact} at desk {desk}, and it is not so");
            return self.checker.violated("I3", what);
        }
        for (receipt, _) in &recipient.receipts {
            let receipt = &receipt.statement;
            let Some(by) = desk_of(&self.shape, &receipt.device) else {
                continue;
            };
            let happened = match receipt.stage {
                Stage::Delivered | Stage::Complete => {
                    self.checker.ever_arrived.contains(&(by, *alert)) || self.is_image_of(by, alert)
                }
                Stage::Read => self.checker.read(by, alert),
                Stage::Acknowledged => self.checker.acknowledged(by, alert),
                Stage::Refused => self.checker.refused(by, alert),
                Stage::Returned => self.checker.ever_returned.contains(&(by, *alert)),
            };
            if !happened {
                let stage = receipt.stage.name();
                let what = format!("a receipt says {stage} of {alert} by desk {by}: it is not so");
                self.checker.violated("I1", what);
            }
        }
    }

    /// Whether an alert stands durably at a desk whose events nobody has read yet.
    fn is_image_of(&mut self, desk: usize, alert: &AlertId) -> bool {
        let shape = std::sync::Arc::clone(&self.shape);
        if self.desks[desk].core.is_none() {
            return true;
        }
        let image = self.desks[desk].image(&shape, desk, self.now);
        image.plain_part(alert).unwrap().is_some()
    }

    /// Whether somebody did what a state says.
    pub(crate) fn is_true(
        &self,
        desk: usize,
        alert: &AlertId,
        track: &Track,
        recipient: &TrackedRecipient,
    ) -> bool {
        let mut desks = 0..self.desks.len();
        match recipient.standing.state {
            ObligationState::Open => true,
            ObligationState::Expired => {
                let elapsed = self.elapsed(desk, alert);
                elapsed.is_none_or(|it| it + SLACK_MS >= track.core.expires_after.ms())
            }
            ObligationState::Cancelled => {
                // What is a drill takes back nothing that is real, nor the other way round.
                let status = self.checker.order_of(alert).map(|order| order.status);
                let takes_back = |id: &AlertId| {
                    let order = self.checker.order_of(id);
                    let is_cancel = |order: &&maille_client::core::Order| {
                        order.kind == Kind::Cancel
                            && order.refers_to == Some(*alert)
                            && Some(order.status) == status
                    };
                    order.filter(is_cancel).is_some()
                };
                track.cancels.iter().any(|cancel| takes_back(&cancel.id))
            }
            ObligationState::Refused => {
                let mut returned = recipient.standing.returned.keys();
                desks.any(|by| self.checker.refused(by, alert)) || returned.any(|_| true)
            }
            ObligationState::Acknowledged => desks.any(|by| self.checker.acknowledged(by, alert)),
        }
    }

    /// What the keeper's newest look at the clocks must have found.
    fn check_deadlines(&mut self, desk: usize) {
        let Some(looked) = self.desks[desk].looked else {
            return;
        };
        let boots = self.desks[desk].clock.boots;
        let mut late = Vec::new();
        let mine = |sent: &&super::checker::SentAlert| {
            sent.desk == desk && !sent.outbox_lost && sent.boots == boots && sent.at <= looked
        };
        for (id, sent) in &self.checker.alerts {
            let Some(sent) = Some(sent).filter(mine) else {
                continue;
            };
            let order = &self.checker.given[sent.given].order;
            let run = looked - sent.at;
            for to in &order.recipients {
                let state = sent
                    .states
                    .get(to)
                    .copied()
                    .unwrap_or(ObligationState::Open);
                if state.is_closed() {
                    continue;
                }
                if run >= order.ack_within.ms() && !sent.overdue.contains(to) {
                    late.push(format!(
                        "{id} is overdue for {to}, and desk {desk} does not say so"
                    ));
                }
                if run >= order.expires_after.ms() {
                    late.push(format!(
                        "{id} has expired for {to}, and is open at desk {desk}"
                    ));
                }
            }
        }
        late.extend(self.late_for_added(desk, looked));
        for what in late {
            self.checker.violated("I4", what);
        }
    }

    /// The keeper has looked at the clocks; what it found is looked at when it is durable.
    pub(crate) fn check_clocks(&mut self, desk: usize) {
        self.desks[desk].looked = Some(self.now);
    }

    /// Whether a desk's contact has other devices.
    fn has_others(&self, desk: usize) -> bool {
        let me = &self.shape.desks[desk].contact;
        self.shape
            .desks
            .iter()
            .filter(|fact| fact.contact == *me)
            .count()
            > 1
    }

    /// An incident: where everybody is honest, nobody is accused.
    fn incident(&mut self, desk: usize, number: u64) {
        let Some((core, _)) = self.desk(desk) else {
            return;
        };
        let found = core.incidents_after(number - 1, 1).unwrap();
        let Some((_, incident)) = found.into_iter().next() else {
            return;
        };
        self.trace
            .line(self.now, || format!("desk {desk}: {:?}", incident.kind));
        let lost = self.plan.faults.iter().any(|(_, fault)| {
            matches!(
                fault,
                Fault::LoseDesk(_) | Fault::NextRoster | Fault::LoseDevice(_) | Fault::LoseRelay(_)
            )
        });
        let parted = self.plan.faults.iter().any(|(_, fault)| {
            matches!(
                fault,
                Fault::Partition(..) | Fault::CrashRelay(..) | Fault::JumpDesk(..)
            )
        });
        let missing = lost || parted || self.plan.knobs.hostile.is_some();
        let honest = match &incident.kind {
            IncidentKind::AlertsMissing { device, .. } => {
                let by = desk_of(&self.shape, device);
                self.checker.missed.extend(by.map(|by| (desk, by)));
                missing
            }
            // A receipt that overtook the copy of its alert leaves a hole there, too.
            IncidentKind::ReceiptsMissing { .. } => missing || self.has_others(desk),
            IncidentKind::Returned { .. } => lost || self.checker.keys_lost,
            IncidentKind::RosterUnknown { .. } => true,
            // What its sender does not hold any more is lost to whoever misses it.
            IncidentKind::AlertLost { .. } => missing,
            IncidentKind::AlertsForgotten { .. } | IncidentKind::AskedUnknown { .. } => lost,
            // What nobody keeps any more stays different, and what a relay keeps back.
            IncidentKind::Apart { .. } => {
                lost || self.checker.keys_lost || self.plan.knobs.hostile.is_some()
            }
            // A store that was lost looks like one that was put back.
            IncidentKind::RolledBack => self.checker.desks[desk].stores_lost > 0,
            // What a removed device wrote is not believed any more.
            IncidentKind::Delivery { check, .. } => check.as_str() == "E4" && self.roster >= 2,
            // A receipt may overtake the copy of its alert at another device of its contact.
            IncidentKind::Receipt { check } => lost || check.as_str() == "Q4",
            _ => false,
        };
        if !honest {
            let what = format!("desk {desk} accuses somebody honest: {:?}", incident.kind);
            self.checker.violated("I4", what);
        }
    }
}
