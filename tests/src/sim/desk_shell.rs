//! What the shell of a desk does: connects, asks when its commit is durable, and looks at clocks.

use std::sync::Arc;

use maille_client::core::{Desk, SendError};
use maille_common::address::Name;
use maille_common::codec::List;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::hash::Hash;
use maille_common::randomness::Randomness;
use maille_common::sealing::{BundleOwner, SealingRing, SignedBundle};
use maille_common::time::{Span, Timestamp};
use maille_common::wire::Request;
use maille_durable::{CommitNumber, Store};

use super::line::{Ask, Asked, Message, Stage};
use super::mutation::Mutation;
use super::party::{DeskThen, Party};
use super::shape::{MADE, MINUTE};
use super::world::{Event, World};

/// Envelopes under way over one connection at a time.
const UNDER_WAY: usize = 4;
/// Receipts and confirmations that are looked at in one round.
const ROUND: usize = 512;

impl World {
    pub(crate) fn relay_name(&self, relay: usize) -> Name {
        self.shape.relays[relay].name.clone()
    }

    /// The desk of a process that runs, after a look at its clocks; and its wall.
    pub(crate) fn desk(&mut self, desk: usize) -> Option<(&mut Desk, Timestamp)> {
        let held = &mut self.desks[desk];
        let reading = held.clock.reading(self.now);
        let core = held.core.as_mut()?;
        core.look_at_clocks(reading);
        Some((core, reading.wall))
    }

    /// The same, with the randomness of the run.
    pub(crate) fn desk_with_chance(
        &mut self,
        desk: usize,
    ) -> Option<(&mut Desk, Timestamp, &mut impl Randomness)> {
        let held = &mut self.desks[desk];
        let reading = held.clock.reading(self.now);
        let core = held.core.as_mut()?;
        core.look_at_clocks(reading);
        Some((core, reading.wall, &mut self.random))
    }

    /// A desk is started, and everything it does begins.
    pub(crate) fn starts_desk(&mut self, desk: usize) {
        let held = &mut self.desks[desk];
        // A machine that is off until later starts then.
        if held.outside || held.core.is_some() || self.now < held.clock.up_since() {
            return;
        }
        held.open(&self.shape, desk, self.now);
        let (life, round) = (held.life.number, held.life.round);
        let newest = held
            .core
            .as_ref()
            .map_or(0, |core| core.newest_published().unwrap());
        if std::mem::take(&mut held.ring_lost) && newest >= held.ring_number() {
            self.overtakes_bundle(desk, newest);
        }
        self.trace
            .line(self.now, || format!("desk {desk} starts, life {life}"));
        self.at(0, Event::Round(Party::Desk(desk), life, round));
        for relay in 0..self.relays.len() {
            let soon = self.chance.below(500);
            self.at(soon, Event::Dial(desk, relay));
        }
        self.desk_restarted(desk);
    }

    /// A desk connects to a relay, if it can.
    pub(crate) fn dials(&mut self, desk: usize, relay: usize) {
        let device = self.shape.desks[desk].device;
        if self.desks[desk].core.is_none() || self.lines[desk][relay].stage != Stage::Down {
            return;
        }
        let admitted = self.shape.rosters[self.relays[relay].roster].may_connect(&device);
        let parted = self.lines[desk][relay].parted_until > self.now;
        if self.relays[relay].core.is_none() || parted || !admitted {
            return self.dials_later(desk, relay);
        }
        self.connections += 1;
        let connection = self.connections;
        self.lines[desk][relay].begin(connection);
        self.relays[relay].greets_nobody_yet(desk, connection);
        self.says_hello(desk, relay, 0);
    }

    fn dials_later(&mut self, desk: usize, relay: usize) {
        let line = &mut self.lines[desk][relay];
        line.failures = line.failures.saturating_add(1);
        let longest = 1_000u64 << line.failures.min(6);
        let pause = 500 + self.chance.below(longest.min(MINUTE));
        self.at(pause, Event::Dial(desk, relay));
    }

    pub(crate) fn says_hello(&mut self, desk: usize, relay: usize, tries: u32) {
        let (name, challenge) = (self.relay_name(relay), self.random.array());
        let Some((core, _)) = self.desk(desk) else {
            return;
        };
        let hello = core.hello(&name, challenge).unwrap();
        let asked = Asked::Hello(challenge, tries);
        self.asks(desk, relay, Ask::Request(Request::Hello(hello)), asked);
    }

    /// The desk's side of a connection ends.
    pub(crate) fn ends(&mut self, desk: usize, relay: usize) {
        self.lines[desk][relay].end();
        let name = self.relay_name(relay);
        if let Some((core, _)) = self.desk(desk) {
            core.parted(&name);
        }
        self.dials_later(desk, relay);
    }

    /// A desk asks something when everything it has read is durable (I1).
    pub(crate) fn asks(&mut self, desk: usize, relay: usize, ask: Ask, asked: Asked) {
        self.tickets += 1;
        let (ticket, line) = (self.tickets, &mut self.lines[desk][relay]);
        line.asked.insert(ticket, asked);
        let then = DeskThen::Ask(relay, line.number, ticket, Box::new(ask));
        self.desk_then(desk, then);
    }

    /// Something is done when the newest commit is durable.
    pub(crate) fn desk_then(&mut self, desk: usize, then: DeskThen) {
        let held = &mut self.desks[desk];
        let early = match self.plan.knobs.mutation {
            Some(Mutation::DeskSaysTooEarly) => matches!(then, DeskThen::Ask(..)),
            Some(Mutation::SendReturnsTooEarly) => matches!(then, DeskThen::Returned(..)),
            _ => false,
        };
        let gate = if early {
            CommitNumber(0)
        } else {
            held.disk.newest()
        };
        held.out.push_back((gate, then));
    }

    /// Lets go what rests on durable commits.
    pub(crate) fn desk_leaves(&mut self, desk: usize) {
        loop {
            let held = &mut self.desks[desk];
            let synced = held.disk.synced();
            let Some(at) = held.out.iter().position(|(gate, _)| *gate <= synced) else {
                return;
            };
            let Some((_, then)) = held.out.remove(at) else {
                return;
            };
            match then {
                DeskThen::Ask(relay, connection, ticket, ask) => {
                    if self.lines[desk][relay].number == connection {
                        self.check_ask(desk, &ask);
                        self.trace_ask(desk, relay, &ask);
                        self.travels(desk, relay, Message::Ask(ticket, *ask));
                    }
                }
                DeskThen::Returned(order, alert) => self.send_returned(desk, order, alert),
                DeskThen::OnScreen(alert, new) => self.on_screen(desk, alert, new),
                DeskThen::Acted(alert, act, served) => self.acted(desk, alert, &act, served),
                DeskThen::Extended(alert, place) => self.extend_returned(desk, alert, place),
            }
        }
    }

    fn trace_ask(&mut self, desk: usize, relay: usize, ask: &Ask) {
        self.trace.line(self.now, || {
            let what = match ask {
                Ask::FetchRoster => "fetch roster".to_owned(),
                Ask::OfferRoster(roster) => format!("offer roster {roster}"),
                Ask::Request(Request::Submit(submission)) => {
                    let core = &submission.env.core;
                    format!("submit {} {}", core.kind.name(), submission.id().prefix())
                }
                Ask::Request(Request::Receipt(posted)) => {
                    let receipt = &posted.receipt.statement;
                    format!("{} {}", receipt.stage.name(), receipt.alert.prefix())
                }
                Ask::Request(Request::Confirm { numbers, .. }) => format!("confirm {numbers:?}"),
                Ask::Request(Request::Hello(_)) => "hello".to_owned(),
                Ask::Request(Request::PublishBundle(_)) => "publish bundle".to_owned(),
                Ask::Request(_) => "fetch bundles".to_owned(),
            };
            format!("desk {desk} -> relay {relay}: {what}")
        });
    }

    /// A desk looks what its relays have to be given.
    pub(crate) fn wake(&mut self, desk: usize) {
        for relay in 0..self.relays.len() {
            if self.lines[desk][relay].stage == Stage::Up {
                self.wake_line(desk, relay);
            }
        }
    }

    fn wake_line(&mut self, desk: usize, relay: usize) {
        let name = self.relay_name(relay);
        let line = &self.lines[desk][relay];
        if self.desks[desk].roster > line.theirs && !line.awaits(|it| matches!(it, Asked::Roster)) {
            let mine = self.desks[desk].roster;
            self.asks(desk, relay, Ask::OfferRoster(mine), Asked::Roster);
        }
        self.publishes(desk, relay, &name);
        self.posts(desk, relay, &name);
        self.confirms(desk, relay, &name);
        self.submits(desk, relay, &name);
        self.fetches_bundles(desk, relay);
    }

    fn publishes(&mut self, desk: usize, relay: usize, name: &Name) {
        if self.lines[desk][relay].awaits(|it| matches!(it, Asked::Publish(_) | Asked::Overtake)) {
            return;
        }
        let bundle = self.desks[desk].bundle.clone();
        let Some((core, _)) = self.desk(desk) else {
            return;
        };
        if !core.home_relays().contains(name) || !core.bundle_wanted(name).unwrap() {
            return;
        }
        let number = bundle.bundle.number;
        let ask = Ask::Request(Request::PublishBundle(Box::new(bundle)));
        self.asks(desk, relay, ask, Asked::Publish(number));
    }

    /// One receipt after the other, in the order of their row.
    fn posts(&mut self, desk: usize, relay: usize, name: &Name) {
        let now = self.now;
        let line = &self.lines[desk][relay];
        if line.posts_from > now || line.awaits(|it| matches!(it, Asked::Post(_))) {
            return;
        }
        let aside = line.aside.clone();
        let silenced = self.plan.knobs.mutation == Some(Mutation::ReturnedUnsaid);
        let Some((core, _)) = self.desk(desk) else {
            return;
        };
        let mut posts = core.posts_due(name, ROUND).unwrap();
        posts.sort_by_key(|(_, posted)| {
            let receipt = &posted.receipt.statement;
            (receipt.epoch, receipt.number)
        });
        if silenced {
            use maille_common::terms::Stage::{Refused, Returned};
            posts.retain(|(_, it)| !matches!(it.receipt.statement.stage, Refused | Returned));
        }
        let waits = |receipt: &Hash| aside.get(receipt).is_some_and(|(_, until)| *until > now);
        let later = posts
            .iter()
            .filter_map(|(post, _)| aside.get(&post.receipt));
        let later = later
            .map(|(_, until)| *until)
            .filter(|until| *until > now)
            .min();
        let first = posts.into_iter().find(|(post, _)| !waits(&post.receipt));
        match (first, later) {
            (Some((post, posted)), _) => {
                let ask = Ask::Request(Request::Receipt(Box::new(posted)));
                self.asks(desk, relay, ask, Asked::Post(post));
            }
            (None, Some(until)) => self.wakes_later(desk, until - now),
            (None, None) => {}
        }
    }

    fn confirms(&mut self, desk: usize, relay: usize, name: &Name) {
        if self.lines[desk][relay].awaits(|it| matches!(it, Asked::Confirm(_))) {
            return;
        }
        let Some((core, _)) = self.desk(desk) else {
            return;
        };
        let numbers = core.confirms_due(name, ROUND).unwrap();
        let incarnation = core.incarnation_of(name).unwrap();
        let (Some(incarnation), false) = (incarnation, numbers.is_empty()) else {
            return;
        };
        let list = List::new(numbers.clone()).unwrap();
        let numbers_sent = Request::Confirm {
            incarnation,
            numbers: list,
        };
        let asked = Asked::Confirm(numbers);
        self.asks(desk, relay, Ask::Request(numbers_sent), asked);
    }

    fn submits(&mut self, desk: usize, relay: usize, name: &Name) {
        let under_way = self.lines[desk][relay].submitting.clone();
        let Some((core, wall)) = self.desk(desk) else {
            return;
        };
        let due = core.submissions_due(name, wall, UNDER_WAY * 2).unwrap();
        let next = core.next_submission_besides(name, &under_way).unwrap();
        for alert in due {
            let line = &mut self.lines[desk][relay];
            if line.submitting.len() >= UNDER_WAY || !line.submitting.insert(alert) {
                continue;
            }
            if self.is_addition_kept_back(&alert) {
                continue;
            }
            let Some((core, wall)) = self.desk(desk) else {
                return;
            };
            match core.submission(&alert).unwrap() {
                Some(submission) => {
                    let ask = Ask::Request(Request::Submit(Box::new(submission)));
                    self.asks(desk, relay, ask, Asked::Submit(alert));
                }
                None => {
                    let wait = Some(Span::from_minutes(5));
                    core.submission_failed(name, &alert, wait, wall).unwrap();
                    self.lines[desk][relay].submitting.remove(&alert);
                }
            }
        }
        if let Some(next) = next.filter(|next| *next > wall) {
            // A wall that is set meanwhile is noticed by the keeper's rounds.
            self.wakes_later(desk, next.since(wall).ms().min(MINUTE));
        }
    }

    fn fetches_bundles(&mut self, desk: usize, relay: usize) {
        if self.lines[desk][relay].awaits(|it| matches!(it, Asked::Bundles | Asked::Overtake)) {
            return;
        }
        let (now, shape, roster) = (self.now, Arc::clone(&self.shape), self.desks[desk].roster);
        let name = &shape.relays[relay].name;
        let homes = |contact: &maille_common::address::ContactAddress| {
            let homes = shape.rosters[roster].home_relay_names(&contact.organisation());
            homes.contains(name)
        };
        let Some((core, _)) = self.desk(desk) else {
            return;
        };
        let lacking = core.lacking().unwrap();
        let lacks = lacking.iter().any(|lacking| homes(&lacking.recipient));
        let line = &mut self.lines[desk][relay];
        if line.bundles_from > now {
            let wait = line.bundles_from - now;
            // What lacks now is asked after within a minute, as by the shell.
            if lacks && wait > MINUTE {
                line.bundles_from = now;
                line.bundles_pause = 1_000;
            } else if lacks {
                return self.wakes_later(desk, wait);
            } else {
                return;
            }
        }
        let line = &mut self.lines[desk][relay];
        let making = self.plan.begins == MADE;
        let refresh = if making { MINUTE / 2 } else { 60 * MINUTE };
        line.bundles_from = now + if lacks { line.bundles_pause } else { refresh };
        line.bundles_pause = if lacks {
            (line.bundles_pause * 2).min(MINUTE)
        } else {
            1_000
        };
        if making && now < MADE + MINUTE {
            self.wakes_later(desk, refresh);
        } else if !lacks && !self.may_lack_keys(desk) {
            return;
        }
        let Some((core, _)) = self.desk(desk) else {
            return;
        };
        let wanted = core
            .bundles_wanted()
            .unwrap()
            .into_iter()
            .filter(|it| homes(it));
        let wanted: Vec<_> = wanted.collect();
        if wanted.is_empty() {
            return;
        }
        let contacts = List::new(wanted).unwrap();
        let ask = Ask::Request(Request::FetchBundles { contacts });
        self.asks(desk, relay, ask, Asked::Bundles);
    }

    /// Everybody has everybody's keys from the making of the network, unless somebody lost
    /// something, or came later.
    fn may_lack_keys(&self, desk: usize) -> bool {
        let lost = self.checker.keys_lost || self.checker.desks[desk].stores_lost > 0;
        lost || self.desks[desk].roster > 0
    }

    pub(crate) fn wakes_later(&mut self, desk: usize, after: u64) {
        let (life, after) = (self.desks[desk].life.number, after.max(1));
        if self.wakes.insert((desk, life, self.now + after)) {
            self.at(after, Event::Wake(desk, life));
        }
    }

    /// The keeper does what is due by the desk's own clock, whether or not a relay is there.
    pub(crate) fn keeper_looks(&mut self, desk: usize) {
        let asleep = self.plan.knobs.mutation == Some(Mutation::KeeperAsleep)
            || self.is_deaf_to_colleagues(desk);
        let (beats, compares) = (self.plan.knobs.beats, self.plan.knobs.compares);
        let reading = self.desks[desk].clock.reading(self.now);
        self.renews_keys(desk);
        let Some((core, wall, random)) = self.desk_with_chance(desk) else {
            return;
        };
        let mut next = None;
        if !asleep {
            next = core.tick(reading).unwrap().1;
        }
        if !asleep {
            made("an addendum", core.send_addenda(wall, random));
        }
        if beats {
            made("a heartbeat", core.beat(wall, random));
        }
        if compares {
            made("a letter", core.reconcile(wall, random));
        }
        let round = self.plan.knobs.round_ms;
        let next = next.map_or(round, |next| next.ms().clamp(1, round));
        self.plans_round(Party::Desk(desk), next);
        self.check_clocks(desk);
        self.wake(desk);
    }

    /// Renews or erases sealing keys, as once a minute behind QUIC.
    fn renews_keys(&mut self, desk: usize) {
        let Some((core, wall)) = self.desk(desk) else {
            return;
        };
        let relay_time = core.relay_time().unwrap().unwrap_or(Timestamp::EPOCH);
        let due = core.ring().is_due(wall);
        if !due && core.ring().expired(wall, relay_time).is_empty() {
            return;
        }
        let mut ring = SealingRing::from_bytes(&self.desks[desk].ring).unwrap();
        ring.erase_expired(wall, relay_time);
        let bundle = match due {
            true => self.next_bundle(desk, &mut ring, wall),
            false => self.desks[desk].bundle.clone(),
        };
        self.desks[desk].take_ring(ring, bundle);
    }

    pub(crate) fn next_bundle(
        &mut self,
        desk: usize,
        ring: &mut SealingRing,
        wall: Timestamp,
    ) -> SignedBundle {
        let fact = &self.shape.desks[desk];
        let key = SigningKey::from_seed(fact.signing);
        let owner = BundleOwner {
            contact: &fact.contact,
            device: fact.device,
            key: &key,
            renewal: None,
        };
        ring.next_bundle(owner, wall, &mut self.random).unwrap()
    }

    /// The next round of a party, in place of the one that was planned.
    pub(crate) fn plans_round(&mut self, party: Party, after: u64) {
        let life = match party {
            Party::Relay(relay) => &mut self.relays[relay].life,
            Party::Desk(desk) => &mut self.desks[desk].life,
        };
        life.round += 1;
        let (number, round) = (life.number, life.round);
        self.at(after.max(1), Event::Round(party, number, round));
    }
}

/// What a keeper makes is made later where it cannot be sealed yet.
fn made<T>(what: &str, made: Result<T, SendError>) {
    match made {
        Ok(_) | Err(SendError::Seal(_)) => {}
        Err(error) => panic!("{what} was not made: {error}"),
    }
}
