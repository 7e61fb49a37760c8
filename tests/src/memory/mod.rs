//! Relays and desks in memory and in virtual time, before any socket exists.
//!
//! A link is a function call that can lose a request, lose an answer, or be down. The same cores
//! run behind QUIC; what passes here passes there unless the shell is wrong.

mod clocks;
mod desk;
mod disk;
mod heartbeat;
mod keys;
mod mail;
mod meeting;
mod reconcile;
mod relay;
mod wrong;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use maille_client::core::SendError;
use maille_common::address::DeviceId;
use maille_common::roster::Roster;
use maille_common::time::{BootTime, Span, Timestamp};

use crate::network::{FOUNDED, Network};
use crate::randomness::Seeded;

pub use desk::{MemoryDesk, order};
pub use disk::Room;
pub use meeting::Fault;
pub(crate) use meeting::{Shelf, answered, taken};
use relay::MemoryRelay;
pub use wrong::Wrong;

/// Relays and desks.
#[derive(Debug)]
pub struct MemoryWorld {
    /// The network.
    pub network: Network,
    /// Virtual time, as every wall shows it.
    pub now: Timestamp,
    /// The clock that nobody sets, of the one machine on which everybody is.
    boot: BootTime,
    random: Seeded,
    shelf: meeting::Shelf,
    relays: BTreeMap<String, MemoryRelay>,
    desks: BTreeMap<DeviceId, MemoryDesk>,
    /// Desks whose machines are off.
    off: BTreeMap<DeviceId, MemoryDesk>,
    /// What the next exchanges do.
    pub faults: Vec<Fault>,
    /// Relays that cannot be reached.
    pub down: BTreeSet<String>,
    /// Relays that take every roster and go on with the one they have.
    pub frozen: BTreeSet<String>,
    /// Mail that no relay pushes, by device and number.
    pub withheld: BTreeSet<(DeviceId, u64)>,
    /// Reconciliations that were brought to relays so far.
    letters: u64,
}

impl MemoryWorld {
    /// Starts every relay and device of a network; the roster is published first.
    pub fn new(mut network: Network) -> Self {
        let documents = network.publish();
        let roster = Arc::new(Roster::found(network.anchor(), &documents).unwrap());
        let mut world = Self {
            now: FOUNDED + Span::from_hours(1),
            boot: BootTime {
                id: [1; 16],
                since: Span::from_hours(1),
            },
            random: Seeded::new(7),
            shelf: meeting::Shelf::default(),
            relays: BTreeMap::new(),
            desks: BTreeMap::new(),
            off: BTreeMap::new(),
            faults: Vec::new(),
            down: BTreeSet::new(),
            frozen: BTreeSet::new(),
            withheld: BTreeSet::new(),
            letters: 0,
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

    /// Does what is due by the clocks of all relays and desks.
    pub fn tick(&mut self) {
        let reading = self.reading();
        for relay in self.relays.values_mut() {
            while relay.core.tick(reading).unwrap().next == Some(Span::ZERO) {}
        }
        for held in self.desks.values_mut() {
            held.desk.tick(reading).unwrap();
            match held.desk.send_addenda(self.now, &mut self.random) {
                // They are made later.
                Err(SendError::Step(error)) if error.is_disk_full() => {}
                sent => drop(sent.unwrap()),
            }
        }
    }
}
