//! A run: one queue of events in virtual time, and everybody who takes part.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use maille_durable::{CommitNumber, Store};

use super::checker::Checker;
use super::disk::Records;
use super::line::{Line, Message};
use super::party::{DeskParty, Party, RelayParty};
use super::plan::{Fault, Further, Plan};
use super::shape::{MINUTE, Shape};
use super::trace::Trace;
use crate::crash::chance::Chance;
use crate::randomness::Seeded;

use maille_common::identifier::AlertId;
use maille_common::terms::Kind;
use maille_common::wire::Push;

/// More than any run needs: whoever goes round in circles is found.
const STEPS_MAX: u64 = 300_000;

/// What happens at a moment.
#[derive(Debug)]
pub(crate) enum Event {
    /// A message arrives over a connection of a desk and a relay.
    Arrive(usize, usize, u64, Box<Message>),
    /// A sync of a life ended.
    Synced(Party, u32, CommitNumber),
    /// A desk tries to connect to a relay.
    Dial(usize, usize),
    /// A connection is noticed to be over.
    CutNoticed(usize, usize, u64),
    /// A keeper, or a relay, looks at its clocks.
    Round(Party, u32, u32),
    /// A desk looks what relays have to be given.
    Wake(usize, u32),
    /// A process is started again.
    Restart(Party),
    /// Something goes wrong.
    Fault(Fault),
    /// Somebody gives an order.
    Order(usize),
    /// An officer does more about an order.
    Further(usize, Further),
    /// An officer looks at an alert.
    Look(usize, AlertId),
    /// An officer decides about an alert.
    Decide(usize, AlertId),
    /// The device that was lost leaves the roster.
    Removal,
    /// A roster reaches a party in another way than over a connection.
    RosterArrives(Party, usize),
}

/// Everything of one run.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) shape: Arc<Shape>,
    pub(crate) plan: Plan,
    pub(crate) now: u64,
    queue: BTreeMap<(u64, u64), Event>,
    serial: u64,
    /// When desks wake, by their lives: however often it is asked for, they wake once.
    pub(crate) wakes: BTreeSet<(usize, u32, u64)>,
    pub(crate) connections: u64,
    pub(crate) tickets: u64,
    pub(crate) chance: Chance,
    pub(crate) random: Seeded,
    pub(crate) relays: Vec<RelayParty>,
    pub(crate) desks: Vec<DeskParty>,
    /// By desk, then by relay.
    pub(crate) lines: Vec<Vec<Line>>,
    /// The newest roster that was signed.
    pub(crate) roster: usize,
    /// The device that was lost is to be removed.
    pub(crate) removal_due: bool,
    pub(crate) checker: Checker,
    pub(crate) trace: Trace,
    pub(crate) steps: u64,
    /// Faults have stopped.
    pub(crate) calm: bool,
    /// Nobody decides anything after this, so that every answer has time to arrive.
    pub(crate) last_word: u64,
}

impl World {
    /// Everybody is about to start.
    pub(crate) fn new(shape: Arc<Shape>, plan: &Plan, traced: bool) -> Self {
        let now = plan.begins;
        let relays = (0..shape.relays.len()).map(|index| RelayParty::new(&shape, index, now));
        let desks = (0..shape.desks.len()).map(|index| DeskParty::new(&shape, index, now));
        let (relays, desks): (Vec<_>, Vec<_>) = (relays.collect(), desks.collect());
        let lines = desks
            .iter()
            .map(|_| relays.iter().map(|_| Line::new()).collect());
        let mut world = Self {
            now,
            queue: BTreeMap::new(),
            serial: 0,
            wakes: BTreeSet::new(),
            connections: 0,
            tickets: 0,
            chance: Chance::about(plan.seed, &[2]),
            random: Seeded::new(plan.seed),
            lines: lines.collect(),
            roster: 0,
            removal_due: false,
            checker: Checker::new(desks.len()),
            trace: Trace::new(traced),
            steps: 0,
            calm: false,
            last_word: u64::MAX,
            plan: plan.clone(),
            relays,
            desks,
            shape,
        };
        for relay in 0..world.relays.len() {
            world.at(0, Event::Restart(Party::Relay(relay)));
        }
        for desk in 0..world.desks.len() {
            world.at(0, Event::Restart(Party::Desk(desk)));
        }
        for (at, fault) in &plan.faults {
            world.at(at - now, Event::Fault(*fault));
        }
        for (index, order) in plan.orders.iter().enumerate() {
            world.at(order.at - now, Event::Order(index));
        }
        world
    }

    /// Something happens so much later.
    pub(crate) fn at(&mut self, after: u64, event: Event) {
        self.serial += 1;
        self.queue.insert((self.now + after, self.serial), event);
    }

    /// Runs with faults, and then without, until everything that is owed has ended.
    pub(crate) fn run(&mut self) {
        self.run_until(self.plan.begins + self.plan.span);
        if self.checker.is_violated() {
            return;
        }
        self.calm_down();
        let end = self.rest_until();
        self.last_word = end - 10 * MINUTE;
        self.run_until(end);
        if !self.checker.is_violated() {
            self.judge_rest();
        }
        if !self.checker.is_violated() {
            self.compare_all();
        }
    }

    pub(crate) fn run_until(&mut self, end: u64) {
        while let Some(first) = self.queue.first_entry() {
            let (at, _) = *first.key();
            if at > end || self.checker.is_violated() {
                break;
            }
            let event = first.remove();
            self.now = at;
            self.steps += 1;
            if self.steps > STEPS_MAX {
                let what = format!("it comes to no rest within {STEPS_MAX} steps");
                return self.checker.violated("rest", what);
            }
            let party = self.happens(event);
            self.settle(party);
            self.check_step(party);
        }
        self.now = self.now.max(end);
    }

    /// Does what an event says; whose step it was.
    fn happens(&mut self, event: Event) -> Option<Party> {
        match event {
            Event::Arrive(desk, relay, connection, message) => {
                self.arrives(desk, relay, connection, *message)
            }
            Event::Synced(party, life, upto) => {
                self.synced(party, life, upto);
                Some(party)
            }
            Event::Dial(desk, relay) => {
                self.dials(desk, relay);
                Some(Party::Desk(desk))
            }
            Event::CutNoticed(desk, relay, connection) => {
                let line = &self.lines[desk][relay];
                if line.number == connection && line.dead {
                    self.ends(desk, relay);
                }
                Some(Party::Desk(desk))
            }
            Event::Round(Party::Desk(desk), life, round) => {
                let known = &self.desks[desk].life;
                if (known.number, known.round) == (life, round) {
                    self.keeper_looks(desk);
                }
                Some(Party::Desk(desk))
            }
            Event::Round(Party::Relay(relay), life, round) => {
                let known = &self.relays[relay].life;
                if (known.number, known.round) == (life, round) {
                    self.relay_looks(relay);
                }
                Some(Party::Relay(relay))
            }
            Event::Wake(desk, life) => {
                self.wakes.remove(&(desk, life, self.now));
                if self.desks[desk].life.number == life {
                    self.wake(desk);
                }
                Some(Party::Desk(desk))
            }
            Event::Restart(party) => {
                self.restarts(party);
                Some(party)
            }
            Event::Fault(fault) => {
                if !self.calm {
                    self.goes_wrong(fault);
                }
                None
            }
            Event::Order(order) => Some(Party::Desk(self.gives_order(order))),
            Event::Further(order, further) => Some(Party::Desk(self.goes_on(order, further))),
            Event::Look(desk, alert) => {
                self.officer_looks(desk, alert);
                Some(Party::Desk(desk))
            }
            Event::Decide(desk, alert) => {
                self.officer_decides(desk, alert);
                Some(Party::Desk(desk))
            }
            Event::Removal => {
                self.removes_lost();
                None
            }
            Event::RosterArrives(party, roster) => {
                self.takes_roster(party, roster);
                Some(party)
            }
        }
    }

    /// What of a party waits for the disk no more leaves; what does has a sync under way.
    pub(crate) fn settle(&mut self, party: Option<Party>) {
        match party {
            Some(Party::Relay(relay)) => {
                self.relay_leaves(relay);
                let held = &mut self.relays[relay];
                let (newest, synced) = (held.disk.newest(), held.disk.synced());
                if newest > synced && !held.life.syncing && held.core.is_some() {
                    held.life.syncing = true;
                    self.begin_sync(Party::Relay(relay), newest);
                }
            }
            Some(Party::Desk(desk)) => {
                self.desk_leaves(desk);
                let held = &mut self.desks[desk];
                let (newest, synced) = (held.disk.newest(), held.disk.synced());
                if newest > synced && !held.life.syncing && held.core.is_some() {
                    held.life.syncing = true;
                    self.begin_sync(Party::Desk(desk), newest);
                }
            }
            None => {}
        }
    }

    fn begin_sync(&mut self, party: Party, upto: CommitNumber) {
        let life = match party {
            Party::Relay(relay) => self.relays[relay].life.number,
            Party::Desk(desk) => self.desks[desk].life.number,
        };
        let takes = 1 + self.chance.below(self.plan.knobs.sync_ms.max(1));
        self.at(takes, Event::Synced(party, life, upto));
    }

    fn synced(&mut self, party: Party, life: u32, upto: CommitNumber) {
        let (held, disk) = match party {
            Party::Relay(relay) => {
                let held = &mut self.relays[relay];
                (&mut held.life, &held.disk)
            }
            Party::Desk(desk) => {
                let held = &mut self.desks[desk];
                (&mut held.life, &held.disk)
            }
        };
        if held.number == life {
            held.syncing = false;
            disk.sync(upto);
        }
    }

    /// Where everybody's stores stand.
    pub(crate) fn records(&self) -> (Vec<Records>, Vec<Records>) {
        let relays = self.relays.iter().map(|held| held.disk.records());
        let desks = self.desks.iter().map(|held| held.disk.records());
        (relays.collect(), desks.collect())
    }

    /// A message is on its way, unless the connection ends in its place.
    pub(crate) fn travels(&mut self, desk: usize, relay: usize, message: Message) {
        let (connection, knobs) = (self.lines[desk][relay].number, self.plan.knobs.clone());
        if self.lines[desk][relay].dead {
            return;
        }
        let faulty = !self.calm;
        if faulty && self.chance.below(1_000) < knobs.cut_permille {
            return self.cut(desk, relay);
        }
        let longest = if faulty { knobs.delay_ms } else { 100 };
        if faulty && self.chance.below(1_000) < knobs.twice_permille {
            let later = 1 + self.chance.below(4 * longest);
            let again = Box::new(message.clone());
            self.at(later, Event::Arrive(desk, relay, connection, again));
        }
        // Mostly soon, and now and then late: others overtake it.
        let late = self.chance.below(8) == 0;
        let delay = 1 + self
            .chance
            .below(if late { longest } else { 1 + longest / 10 });
        let (line, now) = (&mut self.lines[desk][relay], self.now);
        if let Message::Push(push) = &message {
            line.pushed_by = line.pushed_by.max(now + delay);
            let waits = line.pushed_by - now + 1;
            let delay = if is_heartbeat(push) { waits } else { delay };
            let arrival = Event::Arrive(desk, relay, connection, Box::new(message));
            return self.at(delay, arrival);
        }
        self.at(
            delay,
            Event::Arrive(desk, relay, connection, Box::new(message)),
        );
    }

    /// A connection ends; the desk notices at once, or when nothing comes for half a minute.
    pub(crate) fn cut(&mut self, desk: usize, relay: usize) {
        let connection = self.lines[desk][relay].number;
        self.lines[desk][relay].dead = true;
        self.relays[relay].present.remove(&desk);
        let silent = self.chance.percent(30);
        let after = if silent { MINUTE / 2 } else { 1 };
        self.at(after, Event::CutNoticed(desk, relay, connection));
    }
}

/// Whether a push is a heartbeat, which arrives behind whatever was pushed before it.
pub(crate) fn is_heartbeat(push: &Push) -> bool {
    match push {
        Push::Delivery { delivery, .. } => delivery.env.core.kind == Kind::Heartbeat,
        _ => false,
    }
}
