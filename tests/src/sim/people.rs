//! Who gives orders, and officers who look at what came: at once, late or never.

use std::collections::BTreeSet;

use maille_client::core::{Act, ActError, Order, RefuseReason, SendError};
use maille_common::address::ContactAddress;
use maille_common::identifier::AlertId;
use maille_common::terms::{AckRule, Kind, Stage, Status};
use maille_common::time::Span;

use super::checker::Given;
use super::mutation::Mutation;
use super::party::{DeskThen, Party};
use super::plan::{Further, Later};
use super::shape::MINUTE;
use super::world::{Event, World};
use crate::memory;

impl World {
    /// Somebody gives a planned order; at which desk.
    pub(crate) fn gives_order(&mut self, planned: usize) -> usize {
        let order = self.plan.orders[planned].clone();
        if self.calm || self.desks[order.desk].core.is_none() {
            if !self.calm && !self.desks[order.desk].outside {
                self.at(5 * MINUTE, Event::Order(planned));
            }
            return order.desk;
        }
        let me = self.shape.desks[order.desk].contact.clone();
        let mut others: Vec<ContactAddress> = self
            .shape
            .desks
            .iter()
            .map(|fact| fact.contact.clone())
            .filter(|contact| *contact != me)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let first = usize::try_from(order.drawn % 64).unwrap_or(0) % others.len();
        let chosen = others.swap_remove(first);
        let mut to = vec![chosen.as_str().to_owned()];
        if let (Some(other), 0) = (others.first(), order.drawn / 64 % 3) {
            to.push(other.as_str().to_owned());
        }
        let to: Vec<&str> = to.iter().map(String::as_str).collect();
        let made = Order {
            ack_within: Span::from_ms(order.ack_within_ms),
            expires_after: Span::from_ms(order.expires_after_ms),
            ack_rule: if order.first {
                AckRule::First
            } else {
                AckRule::Each
            },
            status: match order.exercise {
                true => Status::Exercise,
                false => Status::Actual,
            },
            reference: Some(format!("order {planned}")),
            ..memory::order(&to, &format!("alert {planned}"))
        };
        let further = order.further;
        self.is_given(order.desk, made, further);
        order.desk
    }

    /// A new order is handed in until `send` returns.
    fn is_given(&mut self, desk: usize, order: Order, further: Vec<Further>) {
        let given = self.checker.given.len();
        self.checker.given.push(Given {
            desk,
            order,
            further,
            ids: BTreeSet::new(),
            returned: false,
        });
        self.hands_in(given);
    }

    /// Hands an order in, for the first time or again after the desk died.
    pub(crate) fn hands_in(&mut self, given: usize) {
        // Once faults have stopped nothing new is owed: what is has to end.
        if self.calm {
            return;
        }
        let (desk, order) = {
            let given = &self.checker.given[given];
            (given.desk, given.order.clone())
        };
        let Some((core, wall, random)) = self.desk_with_chance(desk) else {
            return;
        };
        let sent = match core.send(&order, wall, random) {
            Ok(sent) => sent,
            Err(SendError::Step(error)) => panic!("the store failed: {error}"),
            // Not allowed, not designated, or no key fits: nothing was promised.
            Err(_) => {
                self.checker.given[given].returned = true;
                return;
            }
        };
        self.trace.line(self.now, || {
            let to: Vec<&str> = order
                .recipients
                .iter()
                .map(ContactAddress::as_str)
                .collect();
            let (kind, id) = (order.kind.name(), sent.id.prefix());
            format!("desk {desk} sends {kind} {id} to {to:?}")
        });
        self.check_sent(given, &sent);
        self.desk_then(desk, DeskThen::Returned(given, sent.id));
        self.plans_round(Party::Desk(desk), 1);
    }

    /// `send` has returned: from now on it is promised.
    pub(crate) fn send_returned(&mut self, desk: usize, given: usize, alert: AlertId) {
        self.check_returned(desk, alert);
        let known = &mut self.checker.given[given];
        let first = !std::mem::replace(&mut known.returned, true);
        let further = if first {
            known.further.clone()
        } else {
            Vec::new()
        };
        for further in further {
            self.at(further.after, Event::Further(given, further));
        }
    }

    /// An officer of the contact that sent something does more about it; at which desk.
    pub(crate) fn goes_on(&mut self, given: usize, further: Further) -> usize {
        let known = &self.checker.given[given];
        let (alert, order) = (known.ids.first().copied(), known.order.clone());
        let desk = self.officer_of(known.desk, further.colleague);
        let Some(alert) = alert.filter(|_| !self.calm && self.desks[desk].core.is_some()) else {
            return desk;
        };
        let number = self.checker.given.len();
        let amiss = match order.status {
            Status::Actual => Status::Exercise,
            _ => Status::Actual,
        };
        let (kind, status) = match further.what {
            Later::Update => (Kind::Update, order.status),
            Later::Cancel => (Kind::Cancel, order.status),
            Later::CancelAmiss => (Kind::Cancel, amiss),
            Later::Add | Later::AskDeputy => {
                self.extends(desk, &alert, &order, further);
                return desk;
            }
        };
        let more = Order {
            kind,
            status,
            refers_to: Some(alert),
            reference: Some(format!("further {number}")),
            ..order
        };
        self.is_given(desk, more, Vec::new());
        desk
    }

    /// The desk at which an officer sits who does more about what another desk, or this, has sent.
    fn officer_of(&self, desk: usize, colleague: bool) -> usize {
        let contact = &self.shape.desks[desk].contact;
        let mut others = (0..self.desks.len()).filter(|other| {
            let held = &self.desks[*other];
            let same = self.shape.desks[*other].contact == *contact;
            *other != desk && same && !held.outside && held.core.is_some()
        });
        let wanted = colleague || self.desks[desk].outside;
        others.next().filter(|_| wanted).unwrap_or(desk)
    }

    /// An officer looks at what came: it is on the screen when that it is being shown is durable.
    pub(crate) fn officer_looks(&mut self, desk: usize, alert: AlertId) {
        let forgetful = self.plan.knobs.mutation == Some(Mutation::ShownTwice);
        let Some((core, _)) = self.desk(desk) else {
            return;
        };
        let Some(received) = core.received(&alert).unwrap() else {
            return;
        };
        if received.entry.stage >= Stage::Read {
            return;
        }
        let new = forgetful || !received.entry.possibly_seen;
        core.showing(&alert).unwrap();
        self.desk_then(desk, DeskThen::OnScreen(alert, new));
    }

    /// An alert is on the screen.
    pub(crate) fn on_screen(&mut self, desk: usize, alert: AlertId, new: bool) {
        if new {
            self.check_shown_new(desk, alert);
        }
        let diligence = self.plan.knobs.diligence;
        if self.chance.percent(diligence) {
            let unit = [MINUTE, 20 * MINUTE, 120 * MINUTE];
            let unit = unit[super::plan::index(&mut self.chance, 3)];
            let after = 1 + self.chance.below(unit);
            self.at(after, Event::Decide(desk, alert));
        }
    }

    /// An officer, or a program, decides about an alert.
    pub(crate) fn officer_decides(&mut self, desk: usize, alert: AlertId) {
        if self.now > self.last_word {
            return;
        }
        let (act, officer) = match self.chance.below(100) {
            0..60 => (Act::Acknowledge, Some("officer")),
            60..70 => (Act::Acknowledge, None),
            70..85 => (Act::Refuse(RefuseReason::Other), Some("officer")),
            _ => (Act::Read, Some("officer")),
        };
        let Some((core, wall, random)) = self.desk_with_chance(desk) else {
            return;
        };
        // A contact may answer for itself, in others' places, or both.
        let entry = core
            .received(&alert)
            .unwrap()
            .map(|received| received.entry);
        let served = entry.into_iter().flat_map(|entry| {
            let principals = entry.deputy_for.into_iter().map(|it| it.contact);
            entry.recipient.into_iter().chain(principals)
        });
        let served: BTreeSet<ContactAddress> = served.collect();
        match core.act(&alert, &act, officer, "", wall, random) {
            Ok(_) => {}
            Err(ActError::Own(_) | ActError::Unknown(_)) => return,
            Err(error) => panic!("an officer's answer was not taken: {error}"),
        }
        self.trace.line(self.now, || {
            format!("desk {desk}: {act:?} {}", alert.prefix())
        });
        self.checker.act(desk, alert, &act);
        self.desk_then(desk, DeskThen::Acted(alert, act, served));
        self.wake(desk);
        if self.chance.percent(15) && !self.calm {
            self.replies(desk, alert);
        }
    }

    fn replies(&mut self, desk: usize, alert: AlertId) {
        let Some(sender) = self.checker.sender_of(&alert) else {
            return;
        };
        let status = self.checker.order_of(&alert).map(|order| order.status);
        let number = self.checker.given.len();
        let to = self.shape.desks[sender].contact.clone();
        let reply = Order {
            kind: Kind::Reply,
            refers_to: Some(alert),
            status: status.unwrap_or(Status::Actual),
            reference: Some(format!("reply {number}")),
            ack_within: Span::from_minutes(10),
            expires_after: Span::from_minutes(60),
            ..memory::order(&[to.as_str()], "reply")
        };
        self.is_given(desk, reply, Vec::new());
    }
}
