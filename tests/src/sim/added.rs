//! Officers extend what their contact has sent: a further recipient, or a deputy who is asked
//! before its step. What then has to hold: who was added gets the alert and owes an answer.

use std::collections::BTreeSet;
use std::sync::Arc;

use maille_client::core::{ExtendError, Extension, Order, SendError};
use maille_common::address::ContactAddress;
use maille_common::evidence::ObligationState;
use maille_common::identifier::AlertId;
use maille_common::terms::Release;

use super::checker::Added;
use super::mutation::Mutation;
use super::party::{DeskThen, Party, desk_of};
use super::plan::{Further, Later, picked};
use super::world::World;

impl World {
    /// An officer at a desk adds somebody to an alert of its contact.
    pub(crate) fn extends(
        &mut self,
        desk: usize,
        alert: &AlertId,
        order: &Order,
        further: Further,
    ) {
        let as_deputy = further.what == Later::AskDeputy;
        let whom = match as_deputy {
            true => self.deputies_of(desk, order),
            false => self.not_asked(desk, order),
        };
        let Some(contact) = picked(&whom, further.drawn) else {
            return;
        };
        let one = vec![contact.clone()];
        let extension = match as_deputy {
            true => Extension {
                deputies: one,
                ..Extension::default()
            },
            false => Extension {
                to: one,
                ..Extension::default()
            },
        };
        let Some((core, wall, random)) = self.desk_with_chance(desk) else {
            return;
        };
        let extended = match core.extend(alert, &extension, wall, random) {
            Ok(extended) => extended,
            Err(ExtendError::Refused(SendError::Step(error))) => {
                panic!("the store failed: {error}")
            }
            // It has ended, is not here, or no rule allows it: nothing was promised.
            Err(_) => return,
        };
        self.trace.line(self.now, || {
            let verb = if as_deputy { "asks" } else { "adds" };
            format!("desk {desk} {verb} {contact} to {}", alert.prefix())
        });
        let added = self.added_by(desk, contact.clone(), as_deputy, extended.addendum);
        let Some(sent) = self.checker.alerts.get_mut(alert) else {
            return;
        };
        sent.added.push(added);
        let place = sent.added.len() - 1;
        self.desk_then(desk, DeskThen::Extended(*alert, place));
        self.plans_round(Party::Desk(desk), 1);
    }

    fn added_by(
        &mut self,
        desk: usize,
        contact: ContactAddress,
        as_deputy: bool,
        addendum: Option<AlertId>,
    ) -> Added {
        let (shape, boots) = (Arc::clone(&self.shape), self.desks[desk].clock.boots);
        let mut addressed = BTreeSet::new();
        if let (Some(addendum), Some((core, _))) = (addendum, self.desk(desk)) {
            let submission = core.submission(&addendum).unwrap();
            let entries = submission.iter().flat_map(|it| it.entries.iter());
            let now = entries.filter(|it| it.entry.release == Release::Now);
            addressed.extend(now.filter_map(|it| desk_of(&shape, &it.entry.device)));
        }
        Added {
            contact,
            as_deputy,
            by: desk,
            at: self.now,
            boots,
            promised: false,
            addendum,
            addressed,
            lost: false,
            state: ObligationState::Open,
        }
    }

    /// The contacts that an alert may be sent to as well.
    fn not_asked(&self, desk: usize, order: &Order) -> Vec<ContactAddress> {
        let me = &self.shape.desks[desk].contact;
        let contacts = self.shape.desks.iter().map(|fact| &fact.contact);
        let contacts: BTreeSet<_> = contacts.collect();
        let others = contacts.into_iter();
        let others = others.filter(|it| *it != me && !order.recipients.contains(it));
        others.cloned().collect()
    }

    /// The deputies of those whom an alert was sent to.
    fn deputies_of(&self, desk: usize, order: &Order) -> Vec<ContactAddress> {
        let roster = &self.shape.rosters[self.desks[desk].roster];
        let deputies = order.recipients.iter().flat_map(|to| roster.deputies(to));
        deputies.map(|deputy| deputy.contact.clone()).collect()
    }

    /// `extend` returns: from now on it is promised.
    pub(crate) fn extend_returned(&mut self, desk: usize, alert: AlertId, place: usize) {
        let (shape, now) = (Arc::clone(&self.shape), self.now);
        let sent = self.checker.alerts.get_mut(&alert);
        let Some(added) = sent.and_then(|sent| sent.added.get_mut(place)) else {
            return;
        };
        added.promised = true;
        let Some(addendum) = added.addendum else {
            return;
        };
        let image = self.desks[desk].image(&shape, desk, now);
        if image.submission(&addendum).unwrap().is_none() {
            let what = format!("{alert} was extended at desk {desk}, and that is not durable");
            self.checker.violated("I1", what);
        }
    }

    /// Whether what adds somebody stays at the desk that made it, on purpose.
    pub(crate) fn is_addition_kept_back(&self, envelope: &AlertId) -> bool {
        let mut added = self.checker.alerts.values().flat_map(|sent| &sent.added);
        self.plan.knobs.mutation == Some(Mutation::AdditionKeptBack)
            && added.any(|added| added.addendum == Some(*envelope))
    }

    /// A desk runs again: what it added before is there.
    pub(crate) fn check_added_at_start(&mut self, desk: usize) {
        let Some(core) = &self.desks[desk].core else {
            return;
        };
        let mut gone = Vec::new();
        for (alert, sent) in &mut self.checker.alerts {
            for added in sent.added.iter_mut().filter(|it| it.by == desk && !it.lost) {
                let Some(addendum) = added.addendum else {
                    continue;
                };
                if core.submission(&addendum).unwrap().is_some() || added.state.is_closed() {
                    continue;
                }
                added.lost = true;
                gone.extend(added.promised.then_some((*alert, added.contact.clone())));
            }
        }
        for (alert, contact) in gone {
            let what = format!("desk {desk} had added {contact} to {alert}, and does not know it");
            self.checker.violated("I2", what);
        }
    }

    /// How those stand whom a desk added to an alert.
    pub(crate) fn evaluate_added(&mut self, desk: usize, alert: &AlertId) {
        let adds = |added: &Added| added.by == desk && !added.lost && !added.as_deputy;
        let sent = self.checker.alerts.get(alert);
        if !sent.is_some_and(|sent| sent.added.iter().any(adds)) {
            return;
        }
        let Some((core, wall)) = self.desk(desk) else {
            return;
        };
        let track = core.track(alert, wall).unwrap();
        let mut fell = Vec::new();
        let Some(sent) = self.checker.alerts.get_mut(alert) else {
            return;
        };
        for added in sent.added.iter_mut().filter(|added| adds(added)) {
            let mut owed = track.iter().flat_map(|track| &track.recipients);
            let state = owed.find(|it| it.contact == added.contact);
            let state = state.map_or(ObligationState::Open, |it| it.standing.state);
            if state < added.state {
                fell.push(format!("{alert} fell to {state} for {}", added.contact));
            }
            added.state = state;
        }
        for what in fell {
            self.checker.violated("I6", what);
        }
    }

    /// What has expired for somebody who was added has ended at the desk that added it.
    pub(crate) fn late_for_added(&self, desk: usize, looked: u64) -> Vec<String> {
        let boots = self.desks[desk].clock.boots;
        let mut late = Vec::new();
        for (alert, sent) in &self.checker.alerts {
            let spans = &self.checker.given[sent.given].order;
            for added in sent.added.iter().filter(|it| it.by == desk && !it.lost) {
                let is_open = added.promised && !added.as_deputy && !added.state.is_closed();
                let run = looked.saturating_sub(added.at);
                if is_open && added.boots == boots && run >= spans.expires_after.ms() {
                    let contact = &added.contact;
                    late.push(format!(
                        "{alert} has expired for {contact}, whom desk {desk} added, and is open"
                    ));
                }
            }
        }
        late
    }

    /// Nothing fails any more: who was added has the alert, and what it owes has ended.
    pub(crate) fn judge_added(&mut self, alert: &AlertId) {
        let Some(sent) = self.checker.alerts.get(alert) else {
            return;
        };
        let promised = |added: &&Added| added.promised && !added.lost;
        let facts = sent.added.iter().filter(promised).map(|added| {
            let addressed: Vec<usize> = added.addressed.iter().copied().collect();
            (added.by, added.contact.clone(), added.as_deputy, addressed)
        });
        for (by, contact, as_deputy, addressed) in facts.collect::<Vec<_>>() {
            if self.desks[by].outside {
                continue;
            }
            self.evaluate_added(by, alert);
            let sent = self.checker.alerts.get(alert);
            let mut added = sent.iter().flat_map(|sent| &sent.added);
            let is_open = |it: &Added| {
                it.by == by && it.contact == contact && !it.as_deputy && !it.state.is_closed()
            };
            if !as_deputy && added.any(is_open) {
                let what = format!("{alert} has not ended for {contact}, whom desk {by} added");
                self.checker.violated("rest", what);
            }
            for desk in addressed {
                self.judge_delivered(alert, desk);
            }
        }
    }
}
