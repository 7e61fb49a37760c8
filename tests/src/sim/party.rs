//! A relay and a desk of a run: a core, its disk and its clocks, and what waits to leave.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use maille_client::core::{Act, Desk, DeskIdentity};
use maille_common::address::{ContactAddress, DeviceId};
use maille_common::crypto::ed25519::SigningKey;
use maille_common::identifier::AlertId;
use maille_common::roster::Roster;
use maille_common::sealing::{SealingRing, SignedBundle};
use maille_common::time::Reading;
use maille_common::wire::Answer;
use maille_durable::{CommitNumber, Store};
use maille_relay::core::{RelayBudget, RelayCore, RelayIdentity};

use super::clock::MachineClock;
use super::disk::{DurableImage, SimDisk};
use super::line::Ask;
use super::shape::{DeskFact, RelayFact, Shape};
use crate::randomness::Seeded;

/// Who has clocks, a disk, and lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Party {
    Relay(usize),
    Desk(usize),
}

/// What a relay does when a commit is durable.
#[derive(Debug)]
pub(crate) enum RelayThen {
    /// Answers a request of a desk over a connection.
    Answer(usize, u64, u64, Answer),
    /// Looks what waits for a desk.
    Look(usize),
    /// Pushes a piece of mail over a connection.
    Push(usize, u64, u64),
}

/// What a desk does when a commit is durable.
#[derive(Debug)]
pub(crate) enum DeskThen {
    /// Asks a relay over a connection.
    Ask(usize, u64, u64, Box<Ask>),
    /// `send` returns to whoever gave the order.
    Returned(usize, AlertId),
    /// An alert is on the screen, as new or not.
    OnScreen(AlertId, bool),
    /// An officer's answer stands, for these.
    Acted(AlertId, Act, BTreeSet<ContactAddress>),
    /// `extend` returns: whom it added, by its place.
    Extended(AlertId, usize),
}

/// The process that dies and is started again.
#[derive(Debug)]
pub(crate) struct Life {
    /// Counts starts.
    pub(crate) number: u32,
    /// A sync is under way.
    pub(crate) syncing: bool,
    /// Counts the rounds that were planned; an earlier plan is void.
    pub(crate) round: u32,
}

/// A connection as the relay sees it.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    pub(crate) connection: u64,
    pub(crate) greeted: bool,
    pub(crate) pushed: BTreeSet<u64>,
}

/// A relay.
#[derive(Debug)]
pub(crate) struct RelayParty {
    pub(crate) core: Option<RelayCore>,
    pub(crate) disk: Arc<SimDisk>,
    pub(crate) clock: MachineClock,
    pub(crate) life: Life,
    pub(crate) roster: usize,
    pub(crate) out: VecDeque<(CommitNumber, RelayThen)>,
    pub(crate) present: BTreeMap<usize, Presence>,
    /// When this life of the store accepted what.
    pub(crate) accepted: BTreeMap<AlertId, u64>,
    image: Option<RelayCore>,
}

/// A desk.
#[derive(Debug)]
pub(crate) struct DeskParty {
    pub(crate) core: Option<Desk>,
    pub(crate) disk: Arc<SimDisk>,
    pub(crate) clock: MachineClock,
    pub(crate) life: Life,
    pub(crate) roster: usize,
    pub(crate) out: VecDeque<(CommitNumber, DeskThen)>,
    /// The file of the private halves, which is durable before a bundle is published.
    pub(crate) ring: Vec<u8>,
    pub(crate) bundle: SignedBundle,
    /// The file of the ring was lost, and the next start makes up for it.
    pub(crate) ring_lost: bool,
    /// Not admitted yet, or removed.
    pub(crate) outside: bool,
    /// When its keeper looked at the clocks last.
    pub(crate) looked: Option<u64>,
    image: Option<Desk>,
}

impl Life {
    pub(crate) fn new() -> Self {
        Self {
            number: 0,
            syncing: false,
            round: 0,
        }
    }

    /// The process dies.
    pub(crate) fn end(&mut self) {
        self.number += 1;
        self.round += 1;
        self.syncing = false;
    }
}

fn relay_core(
    fact: &RelayFact,
    store: Arc<dyn Store>,
    roster: &Arc<Roster>,
    reading: Reading,
    random: &mut Seeded,
) -> RelayCore {
    let identity = RelayIdentity {
        name: fact.name.clone(),
        signing: SigningKey::from_seed(fact.signing),
    };
    let (budget, roster) = (RelayBudget::default(), Arc::clone(roster));
    RelayCore::open(store, identity, budget, roster, reading, random)
        .expect("a disk that only loses what was not durable opens")
}

fn desk_core(
    fact: &DeskFact,
    store: Arc<dyn Store>,
    roster: &Arc<Roster>,
    ring: &[u8],
    reading: Reading,
) -> Desk {
    let identity = DeskIdentity {
        contact: fact.contact.clone(),
        device: fact.device,
        signing: SigningKey::from_seed(fact.signing),
    };
    let ring = SealingRing::from_bytes(ring).expect("the file of the ring is whole");
    Desk::open(store, identity, Arc::clone(roster), ring, reading)
        .expect("a disk that only loses what was not durable opens")
}

impl RelayParty {
    pub(crate) fn new(shape: &Shape, index: usize, now: u64) -> Self {
        Self {
            core: None,
            disk: Arc::new(SimDisk::with(shape.relay_records[index].clone())),
            clock: MachineClock::started(u8::try_from(index).unwrap_or(0), now),
            life: Life::new(),
            roster: 0,
            out: VecDeque::new(),
            present: BTreeMap::new(),
            accepted: BTreeMap::new(),
            image: None,
        }
    }

    pub(crate) fn open(&mut self, shape: &Shape, index: usize, now: u64, random: &mut Seeded) {
        let store = Arc::clone(&self.disk) as Arc<dyn Store>;
        let (fact, roster) = (&shape.relays[index], &shape.rosters[self.roster]);
        let reading = self.clock.reading(now);
        self.core = Some(relay_core(fact, store, roster, reading, random));
        self.image = None;
    }

    /// The relay that a power cut would leave now.
    pub(crate) fn image(&mut self, shape: &Shape, index: usize, now: u64) -> &RelayCore {
        let (disk, roster) = (&self.disk, &shape.rosters[self.roster]);
        let reading = self.clock.reading(now);
        self.image.get_or_insert_with(|| {
            let store = Arc::new(DurableImage(Arc::clone(disk)));
            relay_core(
                &shape.relays[index],
                store,
                roster,
                reading,
                &mut Seeded::new(0),
            )
        })
    }

    /// Another roster came into use.
    pub(crate) fn take_roster(&mut self, roster: usize) {
        self.roster = roster;
        self.image = None;
    }

    /// The process ends, and nothing of it that was not on the disk is left.
    pub(crate) fn die(&mut self) {
        self.core = None;
        self.image = None;
        self.out.clear();
        self.present.clear();
        self.life.end();
    }
}

impl DeskParty {
    pub(crate) fn new(shape: &Shape, index: usize, now: u64) -> Self {
        let fact = &shape.desks[index];
        Self {
            core: None,
            disk: Arc::new(SimDisk::with(shape.desk_records[index].clone())),
            clock: MachineClock::started(100 + u8::try_from(index).unwrap_or(0), now),
            life: Life::new(),
            roster: 0,
            out: VecDeque::new(),
            ring: fact.ring.clone(),
            bundle: fact.bundle.clone(),
            ring_lost: false,
            outside: index == shape.admitted,
            looked: None,
            image: None,
        }
    }

    pub(crate) fn open(&mut self, shape: &Shape, index: usize, now: u64) {
        let store = Arc::clone(&self.disk) as Arc<dyn Store>;
        let (fact, roster) = (&shape.desks[index], &shape.rosters[self.roster]);
        let reading = self.clock.reading(now);
        self.core = Some(desk_core(fact, store, roster, &self.ring, reading));
        self.image = None;
    }

    /// The desk that a power cut would leave now.
    pub(crate) fn image(&mut self, shape: &Shape, index: usize, now: u64) -> &Desk {
        let (disk, roster) = (&self.disk, &shape.rosters[self.roster]);
        let reading = self.clock.reading(now);
        self.image.get_or_insert_with(|| {
            let store = Arc::new(DurableImage(Arc::clone(disk)));
            // Nothing is opened there that takes a key.
            let none = SealingRing::new().to_bytes();
            desk_core(&shape.desks[index], store, roster, &none, reading)
        })
    }

    /// The process ends, and nothing of it that was not on the disk is left.
    pub(crate) fn die(&mut self) {
        self.core = None;
        self.image = None;
        self.out.clear();
        self.looked = None;
        self.life.end();
    }

    /// The number of the newest bundle of sealing keys.
    pub(crate) fn ring_number(&self) -> u64 {
        self.bundle.bundle.number
    }

    /// Other sealing keys, whose file is durable.
    pub(crate) fn take_ring(&mut self, ring: SealingRing, bundle: SignedBundle) {
        self.ring = ring.to_bytes().to_vec();
        self.bundle = bundle;
        self.image = None;
        if let Some(core) = &mut self.core {
            core.replace_ring(ring);
        }
    }
}

/// The desk of a device.
pub(crate) fn desk_of(shape: &Shape, device: &DeviceId) -> Option<usize> {
    shape.desks.iter().position(|fact| fact.device == *device)
}
