//! Networks to run seeds on. Keys, rosters and the exchange of sealing keys are the same for all
//! seeds and prove nothing anew, so each network is made once for a process, and its stores are
//! copied.

use std::sync::{Arc, OnceLock};

use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::codec::List;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::roster::Roster;
use maille_common::sealing::{Bundle, BundleOwner, SealingRing, SignedBundle};
use maille_common::time::Span;

use super::disk::Records;
use super::plan::Plan;
use super::world::World;
use crate::network::{FOUNDED, Network};
use crate::randomness::Seeded;

/// When the stores of a network were made, in virtual time.
pub(crate) const MADE: u64 = 10 * 24 * HOUR;
pub(crate) const MINUTE: u64 = 60_000;
pub(crate) const HOUR: u64 = 60 * MINUTE;

/// A relay of a network.
#[derive(Debug)]
pub(crate) struct RelayFact {
    pub(crate) name: Name,
    pub(crate) signing: [u8; 32],
}

/// A device of a network.
#[derive(Debug)]
pub(crate) struct DeskFact {
    pub(crate) contact: ContactAddress,
    pub(crate) device: DeviceId,
    pub(crate) signing: [u8; 32],
    pub(crate) ring: Vec<u8>,
    pub(crate) bundle: SignedBundle,
}

/// A network with its rosters in order, and the stores of everybody in it.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) relays: Vec<RelayFact>,
    pub(crate) desks: Vec<DeskFact>,
    pub(crate) rosters: Vec<Arc<Roster>>,
    /// The device that the second roster admits.
    pub(crate) admitted: usize,
    /// The device that the third roster removes.
    pub(crate) removed: usize,
    pub(crate) relay_records: Vec<Records>,
    pub(crate) desk_records: Vec<Records>,
}

/// How many networks there are.
pub(crate) const SHAPES: u64 = 5;

/// The network of a seed.
pub(crate) fn shape_of(seed: u64) -> Arc<Shape> {
    static MADE_ONCE: [OnceLock<Arc<Shape>>; 5] = [const { OnceLock::new() }; 5];
    let index = usize::try_from(seed % SHAPES).unwrap_or(0);
    Arc::clone(MADE_ONCE[index].get_or_init(|| Arc::new(made(index))))
}

/// The networks: relays of each organisation, devices of each contact, deputies, rules.
fn found(index: usize) -> (Network, &'static [&'static str], &'static str, &'static str) {
    let minutes = Span::from_minutes;
    let one: &[&str] = &["north"];
    let two: &[&str] = &["north", "south"];
    let other: &[&str] = &["south"];
    let homes = match index {
        0 | 3 => [one, one, one],
        1 => [one, other, two],
        2 => [two, two, two],
        _ => [one, other, other],
    };
    let organisations = [("alpha", homes[0]), ("beta", homes[1]), ("gamma", homes[2])];
    let mut network = Network::found(100 + u64::try_from(index).unwrap_or(0), &organisations);
    let contacts: &[&str] = match index {
        0 => &["alpha/desk", "beta/desk", "beta/desk", "gamma/desk"],
        1 => &["alpha/desk", "beta/desk", "gamma/desk", "gamma/desk"],
        2 => &["alpha/desk", "alpha/desk", "beta/desk", "gamma/desk"],
        3 => &[
            "alpha/desk",
            "beta/desk",
            "beta/desk",
            "beta/desk",
            "gamma/desk",
        ],
        _ => &[
            "alpha/desk",
            "beta/desk",
            "beta/watch",
            "beta/watch",
            "gamma/desk",
        ],
    };
    for contact in contacts {
        network.admit(contact);
    }
    match index {
        0 | 3 => network.deputise("beta/desk", "gamma/desk", minutes(10)),
        1 => network.deputise("beta/desk", "gamma/desk", minutes(5)),
        2 => {
            network.deputise("beta/desk", "gamma/desk", minutes(5));
            network.deputise("beta/desk", "alpha/desk", minutes(15));
        }
        _ => {
            network.deputise("gamma/desk", "beta/desk", minutes(5));
            network.let_programs_acknowledge("gamma/desk");
            network.rules(&[
                ("alpha/**", "**"),
                ("beta/**", "alpha/**"),
                ("gamma/**", "beta/**"),
            ]);
        }
    }
    let (admits, removes) = match index {
        0 => ("gamma/desk", "beta/desk"),
        1 => ("beta/desk", "gamma/desk"),
        2 => ("beta/desk", "alpha/desk"),
        3 => ("alpha/desk", "beta/desk"),
        _ => ("beta/desk", "beta/watch"),
    };
    (network, contacts, admits, removes)
}

fn made(index: usize) -> Shape {
    let (mut network, contacts, admits, removes) = found(index);
    let anchor = network.anchor();
    let first = network.publish();
    let mut rosters = vec![Roster::found(anchor, &first).expect("the roster is well made")];
    let mut grow = |network: &mut Network| {
        let mut next = rosters[rosters.len() - 1].clone();
        next.apply(&network.publish()).expect("the roster goes on");
        rosters.push(next);
    };
    let admitted = contacts.len();
    let _ = network.admit(admits);
    grow(&mut network);
    let removed = contacts.iter().rposition(|contact| *contact == removes);
    let removed = removed.expect("the contact has devices");
    let id = network.devices[removed].id;
    network.remove(&id);
    grow(&mut network);
    network.dismiss_deputies("beta/desk");
    grow(&mut network);

    let mut random = Seeded::new(u64::try_from(index).unwrap_or(0));
    let desks = network.devices.iter().map(|held| {
        let mut ring = SealingRing::new();
        let key = SigningKey::from_seed(held.signing);
        let owner = BundleOwner {
            contact: &held.contact,
            device: held.id,
            key: &key,
            renewal: None,
        };
        let now = FOUNDED + Span::from_ms(MADE);
        let made = ring
            .next_bundle(owner, now, &mut random)
            .expect("the ring has room");
        // The keys of the weeks in which seeds begin: to parse the others in each record that is
        // read takes longer than everything else.
        let bundle = made.bundle.value();
        let keys = bundle.keys.iter().take(4).cloned().collect::<Vec<_>>();
        let fewer = Bundle {
            keys: List::new(keys).expect("fewer than before"),
            ..bundle.clone()
        };
        let bundle = SignedBundle::sign(fewer, &key);
        DeskFact {
            contact: held.contact.clone(),
            device: held.id,
            signing: held.signing,
            ring: ring.to_bytes().to_vec(),
            bundle,
        }
    });
    let desks: Vec<DeskFact> = desks.collect();
    let relays = network.relays.iter().map(|held| RelayFact {
        name: held.name.clone(),
        signing: held.signing,
    });
    let relays: Vec<RelayFact> = relays.collect();
    let bare = Shape {
        relay_records: vec![Records::new(); relays.len()],
        desk_records: vec![Records::new(); desks.len()],
        relays,
        desks,
        rosters: rosters.into_iter().map(Arc::new).collect(),
        admitted,
        removed,
    };
    exchanged(bare)
}

/// Everybody meets everybody for a while, so that all sealing keys are known.
fn exchanged(shape: Shape) -> Shape {
    let shape = Arc::new(shape);
    let mut world = World::new(Arc::clone(&shape), &Plan::quiet(), false);
    world.run();
    let (relay_records, desk_records) = world.records();
    drop(world);
    let shape = Arc::into_inner(shape).expect("its world is gone");
    Shape {
        relay_records,
        desk_records,
        ..shape
    }
}
