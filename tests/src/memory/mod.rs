//! Relays and desks in memory and in virtual time, before any socket exists.
//!
//! A link is a function call that can lose a request, lose an answer, or be down. The same cores
//! run behind QUIC; what passes here passes there unless the shell is wrong.

mod heartbeat;
mod mail;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use maille_client::core::{
    Collected, Desk, DeskIdentity, Order, SendError, Sent, StepError as DeskStepError,
};
use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::blob::BlobId;
use maille_common::content::Alert;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::envelope::Submission;
use maille_common::identifier::AlertId;
use maille_common::randomness::Randomness;
use maille_common::roster::{Roster, RosterDocuments};
use maille_common::sealing::{BundleOwner, SealingRing, SignedBundle};
use maille_common::terms::{AckRule, Kind, Status, Urgency};
use maille_common::time::{Span, Timestamp};
use maille_common::wire::{Answer, Push};
use maille_durable::{CommitNumber, MemoryStore, Store, StoreError};
use maille_relay::core::{
    Account, BlobShelf, RelayBudget, RelayCore, RelayIdentity, Step, StepError, account,
    verify_receipt,
};

use crate::network::{FOUNDED, Network, address};
use crate::randomness::Seeded;

mod disk;

use disk::MemoryDisk;
pub use disk::Room;

const DAY: Span = Span::from_days(1);

/// What a link does to one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The relay never hears the request.
    RequestLost,
    /// The relay does it, and the desk never hears the answer.
    AnswerLost,
}

/// A desk with the bundle it publishes.
#[derive(Debug)]
pub struct MemoryDesk {
    /// The core.
    pub desk: Desk,
    bundle: SignedBundle,
    store: Arc<MemoryDisk>,
    saved: Option<Arc<MemoryDisk>>,
}

/// A relay with its store, and an old copy of it.
#[derive(Debug)]
struct MemoryRelay {
    core: RelayCore,
    store: Arc<MemoryDisk>,
    saved: Option<Arc<MemoryDisk>>,
}

/// Relays and desks.
#[derive(Debug)]
pub struct MemoryWorld {
    /// The network.
    pub network: Network,
    /// Virtual time.
    pub now: Timestamp,
    random: Seeded,
    relays: BTreeMap<String, MemoryRelay>,
    desks: BTreeMap<DeviceId, MemoryDesk>,
    /// What the next exchanges do.
    pub faults: Vec<Fault>,
    /// Relays that cannot be reached.
    pub down: BTreeSet<String>,
}

struct NoBlobs;

impl BlobShelf for NoBlobs {
    fn is_whole(&self, _: &BlobId) -> bool {
        false
    }
}

impl MemoryWorld {
    /// Starts every relay and device of a network; the roster is published first.
    pub fn new(mut network: Network) -> Self {
        let documents = network.publish();
        let roster = Arc::new(Roster::found(network.anchor(), &documents).unwrap());
        let mut world = Self {
            now: FOUNDED + Span::from_hours(1),
            random: Seeded::new(7),
            relays: BTreeMap::new(),
            desks: BTreeMap::new(),
            faults: Vec::new(),
            down: BTreeSet::new(),
            network,
        };
        let relays: Vec<String> = world
            .network
            .relays
            .iter()
            .map(|relay| relay.name.to_string())
            .collect();
        for relay in relays {
            world.start_relay(&relay, Arc::clone(&roster));
        }
        let devices: Vec<DeviceId> = world.network.devices.iter().map(|held| held.id).collect();
        for device in devices {
            world.start_desk(&device, Arc::clone(&roster));
        }
        world
    }

    /// Starts a relay over an empty store: a new incarnation.
    pub fn start_relay(&mut self, relay: &str, roster: Arc<Roster>) {
        self.open_relay(relay, roster, Arc::new(MemoryDisk::default()));
    }

    fn open_relay(&mut self, relay: &str, roster: Arc<Roster>, store: Arc<MemoryDisk>) {
        let held = self.network.relay(relay);
        let identity = RelayIdentity {
            name: held.name.clone(),
            signing: SigningKey::from_seed(held.signing),
        };
        let budget = RelayBudget::default();
        let kept = Arc::clone(&store) as Arc<dyn Store>;
        let core =
            RelayCore::open(kept, identity, budget, roster, self.now, &mut self.random).unwrap();
        let saved = self.relays.remove(relay).and_then(|relay| relay.saved);
        self.relays
            .insert(relay.to_owned(), MemoryRelay { core, store, saved });
    }

    /// Makes a copy of a relay's store.
    pub fn save_relay(&mut self, relay: &str) {
        let held = self.relays.get_mut(relay).unwrap();
        held.saved = Some(Arc::new(held.store.copy()));
    }

    /// Puts the copy in place of the store.
    pub fn restore_relay(&mut self, relay: &str) {
        let held = &self.relays[relay];
        let (roster, saved) = (Arc::clone(held.core.roster()), held.saved.clone().unwrap());
        self.open_relay(relay, roster, saved);
    }

    /// A relay loses its disk.
    pub fn lose_relay(&mut self, relay: &str) {
        let roster = Arc::clone(self.relays[relay].core.roster());
        self.start_relay(relay, roster);
    }

    /// Starts a desk over an empty store.
    pub fn start_desk(&mut self, device: &DeviceId, roster: Arc<Roster>) {
        let held = self.network.device(device);
        let identity = DeskIdentity {
            contact: held.contact.clone(),
            device: held.id,
            signing: SigningKey::from_seed(held.signing),
        };
        let mut ring = SealingRing::new();
        let owner = BundleOwner {
            contact: &identity.contact,
            device: held.id,
            key: &identity.signing,
        };
        let bundle = ring.next_bundle(owner, self.now, &mut self.random).unwrap();
        let store = Arc::new(MemoryDisk::default());
        self.open_desk(device, roster, (ring, bundle), store);
    }

    fn open_desk(
        &mut self,
        device: &DeviceId,
        roster: Arc<Roster>,
        (ring, bundle): (SealingRing, SignedBundle),
        store: Arc<MemoryDisk>,
    ) {
        let held = self.network.device(device);
        let identity = DeskIdentity {
            contact: held.contact.clone(),
            device: held.id,
            signing: SigningKey::from_seed(held.signing),
        };
        let desk = Desk::open(
            Arc::clone(&store) as Arc<dyn Store>,
            identity,
            roster,
            ring,
            self.now,
        )
        .unwrap();
        let saved = self.desks.remove(device).and_then(|desk| desk.saved);
        self.desks.insert(
            *device,
            MemoryDesk {
                desk,
                bundle,
                store,
                saved,
            },
        );
    }

    /// A desk's process is killed and started again over the same store.
    pub fn kill_desk(&mut self, device: &DeviceId) {
        let store = Arc::clone(&self.desks[device].store);
        self.reopen_desk(device, store);
    }

    fn reopen_desk(&mut self, device: &DeviceId, store: Arc<MemoryDisk>) {
        let held = &self.desks[device];
        let ring = SealingRing::from_bytes(&held.desk.ring().to_bytes()).unwrap();
        let keys = (ring, held.bundle.clone());
        let roster = Arc::clone(held.desk.roster());
        self.open_desk(device, roster, keys, store);
    }

    /// A relay hands over the first thing that waits for a desk; the answer is not posted yet.
    pub fn hand_over(&mut self, relay: &str, device: &DeviceId) -> Option<Collected> {
        let waiting = self.relay(relay).waiting(device, 1).unwrap();
        let number = waiting.first().unwrap().number;
        let push = self.relay(relay).push(device, number).unwrap().unwrap();
        self.take_push(device, &relay.parse().unwrap(), push)
    }

    /// Makes a copy of a desk's store. Its sealing keys are elsewhere.
    pub fn save_desk(&mut self, device: &DeviceId) {
        let held = self.desks.get_mut(device).unwrap();
        held.saved = Some(Arc::new(held.store.copy()));
    }

    /// Puts the copy in place of the store.
    pub fn restore_desk(&mut self, device: &DeviceId) {
        let saved = self.desks[device].saved.clone().unwrap();
        self.reopen_desk(device, saved);
    }

    /// A desk loses its store, and keeps its keys.
    pub fn lose_desk(&mut self, device: &DeviceId) {
        self.reopen_desk(device, Arc::default());
    }

    /// The disk of a relay has so much room from now on.
    pub fn relay_room(&mut self, relay: &str, room: Room) {
        self.relays[relay].store.set_room(room);
    }

    /// The disk of a desk has so much room from now on.
    pub fn desk_room(&mut self, device: &DeviceId, room: Room) {
        self.desks[device].store.set_room(room);
    }

    /// A desk.
    pub fn desk(&mut self, device: &DeviceId) -> &mut Desk {
        &mut self.desks.get_mut(device).unwrap().desk
    }

    /// A relay.
    pub fn relay(&mut self, relay: &str) -> &mut RelayCore {
        &mut self.relays.get_mut(relay).unwrap().core
    }

    /// Time passes.
    pub fn pass(&mut self, span: Span) {
        self.now = self.now + span;
    }

    /// A roster reaches a relay.
    pub fn spread_to_relay(&mut self, relay: &str, documents: &RosterDocuments) {
        let core = self.relay(relay);
        let mut roster = Roster::clone(core.roster());
        roster.apply(documents).unwrap();
        core.replace_roster(Arc::new(roster));
    }

    /// Sends an alert, and answers with its id.
    pub fn send(&mut self, from: &DeviceId, to: &[&str], subject: &str) -> AlertId {
        let order = order(to, subject);
        self.order(from, &order).id
    }

    /// Sends an order.
    pub fn order(&mut self, from: &DeviceId, order: &Order) -> Sent {
        let (now, random) = (self.now, &mut self.random);
        let desk = &mut self.desks.get_mut(from).unwrap().desk;
        desk.send(order, now, random).unwrap()
    }

    /// One exchange with a relay, subject to the next fault; `None` where the desk heard nothing.
    fn exchange(&mut self, relay: &str, step: impl FnOnce(&mut Self) -> Step) -> Option<Step> {
        let fault = if self.faults.is_empty() {
            Fault::None
        } else {
            self.faults.remove(0)
        };
        match fault {
            Fault::None => Some(step(self)),
            Fault::RequestLost => None,
            Fault::AnswerLost => {
                let _ = step(self);
                None
            }
        }
        .filter(|_| !self.down.contains(relay))
    }

    /// A desk connects to a relay and does all there is to do, once.
    pub fn meet(&mut self, device: &DeviceId, relay: &str) {
        if self.down.contains(relay) {
            return;
        }
        let name: Name = relay.parse().unwrap();
        if !self.relays[relay].core.roster().may_connect(device)
            || !self.greet(device, relay, &name)
        {
            return;
        }
        self.publish_bundle(device, relay, &name);
        self.fetch_bundles(device, relay);
        self.submit_due(device, relay, &name);
        self.collect_waiting(device, relay, &name);
        self.post_due(device, relay, &name);
        self.confirm_due(device, relay, &name);
    }

    /// Everybody meets every relay until nothing moves.
    pub fn settle(&mut self) {
        let relays: Vec<String> = self.relays.keys().cloned().collect();
        let devices: Vec<DeviceId> = self.desks.keys().copied().collect();
        for _ in 0..4 {
            for device in &devices {
                for relay in &relays {
                    self.meet(device, relay);
                }
            }
        }
        for relay in &relays {
            let account = self.account(relay);
            assert!(account.is_sound(), "the books of {relay}: {account:#?}");
        }
    }

    /// The books of a relay for the present day.
    pub fn account(&self, relay: &str) -> Account {
        let since_midnight = self.now.since(Timestamp::EPOCH).ms() % DAY.ms();
        let midnight = self.now - Span::from_ms(since_midnight);
        let store = &*self.relays[relay].store;
        account(store, midnight..midnight + DAY, &|| true).unwrap()
    }

    /// A copy of a relay's store, to do with as one likes.
    pub fn store_of(&self, relay: &str) -> MemoryStore {
        self.relays[relay].store.copy_store()
    }

    /// A desk connects to a relay and does nothing else.
    pub fn greet(&mut self, device: &DeviceId, relay: &str, name: &Name) -> bool {
        for _ in 0..2 {
            let challenge = self.random.array();
            let hello = self.desk(device).hello(name, challenge).unwrap();
            let step = self.exchange(relay, |world| {
                let (now, random) = (world.now, &mut world.random);
                let core = &mut world.relays.get_mut(relay).unwrap().core;
                answered(core.hello(device, &hello, now, random))
            });
            let Some(Step {
                answer: Answer::Hello(answer),
                ..
            }) = step
            else {
                return false;
            };
            let now = self.now;
            let greeting = self
                .desk(device)
                .greeted(name, &challenge, *answer, now)
                .unwrap();
            self.spread(device, relay);
            if !greeting.rolled_back {
                return true;
            }
        }
        false
    }

    /// Whoever is ahead hands the chain over (PROTOCOL R11).
    fn spread(&mut self, device: &DeviceId, relay: &str) {
        let theirs = Arc::clone(self.relays[relay].core.roster());
        let mine = Arc::clone(self.desk(device).roster());
        if theirs.hash() == mine.hash() {
            return;
        }
        let mut joined = Roster::clone(&mine);
        joined.apply(&theirs.documents_since(mine.heads())).unwrap();
        let mut back = Roster::clone(&theirs);
        back.apply(&mine.documents_since(theirs.heads())).unwrap();
        let now = self.now;
        self.desk(device)
            .replace_roster(Arc::new(joined), now)
            .unwrap();
        self.relay(relay).replace_roster(Arc::new(back));
    }

    fn publish_bundle(&mut self, device: &DeviceId, relay: &str, name: &Name) {
        let home = self.desk(device).home_relays().contains(name);
        if !home || !self.desk(device).bundle_wanted(name).unwrap() {
            return;
        }
        let bundle = self.desks[device].bundle.clone();
        let step = self.exchange(relay, |world| {
            answered(world.relays[relay].core.publish(device, &bundle))
        });
        if step.is_some_and(|step| step.answer == Answer::Done) {
            let number = bundle.bundle.value().number;
            self.desk(device).bundle_published(name, number).unwrap();
        }
    }

    fn fetch_bundles(&mut self, device: &DeviceId, relay: &str) {
        let wanted: Vec<ContactAddress> = self
            .desk(device)
            .bundles_wanted()
            .unwrap()
            .into_iter()
            .collect();
        let step = self.exchange(relay, |world| {
            world.relays[relay].core.bundles(device, &wanted).unwrap()
        });
        if let Some(Step {
            answer: Answer::Bundles(bundles),
            ..
        }) = step
        {
            let (now, random) = (self.now, &mut self.random);
            let desk = &mut self.desks.get_mut(device).unwrap().desk;
            match desk.learn_bundles(bundles.into_vec(), now, random) {
                // They are fetched again later.
                Err(SendError::Step(DeskStepError::Store(StoreError::DiskFull { .. }))) => {}
                learned => drop(learned.unwrap()),
            }
        }
    }

    fn submit_due(&mut self, device: &DeviceId, relay: &str, name: &Name) {
        let now = self.now;
        for alert in self.desk(device).submissions_due(name, now, 100).unwrap() {
            let submission = self.desk(device).submission(&alert).unwrap().unwrap();
            let step = self.exchange(relay, |world| world.submit(device, relay, submission));
            match step {
                Some(Step {
                    answer: Answer::Accepted(answers),
                    ..
                }) => {
                    let answers = answers.into_vec();
                    self.desk(device)
                        .answered(name, &alert, answers, now)
                        .unwrap();
                }
                Some(_) | None => {
                    self.desk(device)
                        .submission_failed(name, &alert, None, now)
                        .unwrap();
                }
            }
        }
    }

    /// A submission at a relay, as its shell does it.
    pub fn submit(&mut self, device: &DeviceId, relay: &str, submission: Submission) -> Step {
        let core = &self.relays[relay].core;
        if let Some(known) = core.known_answer(device, &submission).unwrap() {
            return known;
        }
        let verified = submission.verify(core.roster(), device, self.now).unwrap();
        answered(core.submit(device, &verified, &NoBlobs, self.now))
    }

    fn collect_waiting(&mut self, device: &DeviceId, relay: &str, name: &Name) {
        for waiting in self.relays[relay].core.waiting(device, 100).unwrap() {
            let Some(push) = self.relays[relay]
                .core
                .push(device, waiting.number)
                .unwrap()
            else {
                continue;
            };
            self.take_push(device, name, push);
        }
    }

    /// A push reaches a desk.
    pub fn take_push(&mut self, device: &DeviceId, name: &Name, push: Push) -> Option<Collected> {
        let now = self.now;
        let desk = self.desk(device);
        match push {
            Push::Delivery { number, delivery } => {
                return Some(desk.collect(name, number, *delivery, now).unwrap());
            }
            Push::Receipt {
                number,
                receipt,
                note,
            } => {
                desk.receipt_came(name, number, *receipt, note, now)
                    .unwrap();
            }
            Push::Notice { number, notice } => {
                desk.notice_came(name, number, *notice, now).unwrap();
            }
            Push::RosterNews { .. } => {}
        }
        None
    }

    fn post_due(&mut self, device: &DeviceId, relay: &str, name: &Name) {
        for (hash, posted) in self.desk(device).posts_due(name, 100).unwrap() {
            let step = self.exchange(relay, |world| {
                let core = &world.relays[relay].core;
                let verified = verify_receipt(posted, core.roster(), device).unwrap();
                answered(core.receipt(&verified))
            });
            let outcome = match step.map(|step| step.answer) {
                Some(Answer::Done) => Ok(()),
                Some(Answer::Refused(refusal)) => Err(refusal.code),
                Some(other) => panic!("a receipt was answered with {other:?}"),
                None => continue,
            };
            self.desk(device).posted(name, &hash, outcome).unwrap();
        }
    }

    fn confirm_due(&mut self, device: &DeviceId, relay: &str, name: &Name) {
        let numbers = self.desk(device).confirms_due(name, 100).unwrap();
        let Some(incarnation) = self.desk(device).incarnation_of(name).unwrap() else {
            return;
        };
        let step = self.exchange(relay, |world| {
            let core = &world.relays[relay].core;
            answered(core.confirm(device, incarnation, &numbers))
        });
        if step.is_some_and(|step| step.answer == Answer::Done) {
            self.desk(device).confirmed(name, &numbers).unwrap();
        }
    }

    /// Does what is due by the clocks of all relays and desks.
    pub fn tick(&mut self) {
        for relay in self.relays.values() {
            let _ = relay.core.tick(self.now).unwrap();
        }
        let now = self.now;
        for held in self.desks.values_mut() {
            held.desk.tick(now).unwrap();
        }
    }
}

/// What a desk hears of a relay's step: of one that was not taken, that it was refused.
fn answered(taken: Result<Step, StepError>) -> Step {
    taken.unwrap_or_else(|error| Step {
        answer: Answer::Refused(error.refusal()),
        settled: CommitNumber(0),
        wake: BTreeSet::new(),
    })
}

/// An order with the usual deadlines.
pub fn order(to: &[&str], subject: &str) -> Order {
    let content = Alert::draft(subject).text(subject).build().unwrap();
    Order {
        kind: Kind::Alert,
        status: Status::Actual,
        urgency: Urgency::Immediate,
        recipients: to.iter().map(|to| address(to)).collect(),
        content,
        blobs: Vec::new(),
        ack_within: Span::from_minutes(30),
        expires_after: Span::from_hours(24),
        ack_rule: AckRule::Each,
        refers_to: None,
        reference: None,
    }
}
