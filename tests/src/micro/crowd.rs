//! A roster of many devices, and questions about them in an order that no cache foresees.

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::roster::{Anchor, Roster, RosterDocuments};

use crate::network::Network;

/// Contacts of one organisation.
const OF_ONE: usize = 1_000;

/// Relays, of which each organisation has two.
const RELAYS: [&str; 6] = ["amman", "dakar", "lyon", "oslo", "rabat", "tunis"];

/// From one question to the next: prime, and so every contact is asked about.
const STRIDE: usize = 7_919;

/// Contacts of one device each, as the documents and the roster of a network.
#[derive(Debug)]
pub(super) struct Crowd {
    pub(super) roster: Roster,
    pub(super) members: Vec<(ContactAddress, DeviceId)>,
    pub(super) anchor: Anchor,
    pub(super) documents: RosterDocuments,
}

impl Crowd {
    /// So many devices, a thousand in each organisation.
    pub(super) fn of(devices: usize) -> Self {
        let count = devices.div_ceil(OF_ONE);
        let names: Vec<String> = (0..count)
            .map(|number| format!("body-{number:03}"))
            .collect();
        let homes: Vec<[&str; 2]> = (0..count)
            .map(|number| [number, number + 1].map(|at| RELAYS[at % RELAYS.len()]))
            .collect();
        let found: Vec<(&str, &[&str])> = names
            .iter()
            .zip(&homes)
            .map(|(name, homes)| (name.as_str(), &homes[..]))
            .collect();
        let mut network = Network::found(707, &found);
        let everybody: Vec<String> = names.iter().map(|name| format!("{name}/**")).collect();
        let rules: Vec<(&str, &str)> = everybody.iter().map(|from| (from.as_str(), "**")).collect();
        network.rules(&rules);
        let mut members = Vec::new();
        for name in &names {
            let more = OF_ONE.min(devices - members.len());
            members.extend(network.admit_crowd(name, more));
        }
        let (documents, anchor) = (network.publish(), network.anchor());
        Self {
            roster: Roster::found(anchor.clone(), &documents).unwrap(),
            members,
            anchor,
            documents,
        }
    }

    /// The next after this one.
    pub(super) fn step(&self, at: &mut usize) -> usize {
        *at = (*at + STRIDE) % self.members.len();
        *at
    }
}
