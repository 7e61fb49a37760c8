//! A network that is to be started: what of it is not as usual.

use std::collections::BTreeMap;
use std::path::Path;

use maille_client::clock::ManualClock;
use maille_client::entropy::OsRandomness;
use maille_client::home::format_anchor;
use maille_common::codec::encode;
use maille_common::randomness::Randomness;
use maille_common::time::{Span, Timestamp};
use maille_link::Limits;

use super::TestNet;
use crate::machine::Machine;
use crate::network::Network;

/// Organisations with their home relays, and the contacts that have a desk each.
#[derive(Debug)]
pub struct NetPlan {
    net: TestNet,
    contacts: Vec<String>,
    low_water_bytes: BTreeMap<String, u64>,
    limits: BTreeMap<String, Limits>,
    clocks: BTreeMap<String, ManualClock>,
    organisations: Vec<(String, Vec<String>)>,
    deputies: Vec<(String, String, Span)>,
}

impl NetPlan {
    /// Relays and homes in the test's own folder, everything at its default.
    pub fn new(organisations: &[(&str, &[&str])], contacts: &[&str]) -> Self {
        log_if_asked();
        let seed = OsRandomness::new().array::<1>()[0].into();
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        let organisation = |(name, relays): &(&str, &[&str])| (name.to_string(), owned(relays));
        Self {
            net: TestNet {
                folder: tempfile::tempdir().unwrap(),
                network: Network::found(seed, organisations),
                relays: BTreeMap::new(),
                desks: BTreeMap::new(),
                places: BTreeMap::new(),
                machine: None,
            },
            contacts: owned(contacts),
            low_water_bytes: BTreeMap::new(),
            limits: BTreeMap::new(),
            clocks: BTreeMap::new(),
            organisations: organisations.iter().map(organisation).collect(),
            deputies: Vec::new(),
        }
    }

    /// The folder of a relay, or the home of a contact, lies in this folder.
    #[must_use]
    pub fn place(mut self, whose: &str, folder: &Path) -> Self {
        self.net.places.insert(whose.to_owned(), folder.to_owned());
        self
    }

    /// A relay leaves so many bytes of its volume free.
    #[must_use]
    pub fn low_water(mut self, relay: &str, bytes: u64) -> Self {
        self.low_water_bytes.insert(relay.to_owned(), bytes);
        self
    }

    /// Connections may take so much of a relay.
    #[must_use]
    pub fn limits(mut self, relay: &str, limits: Limits) -> Self {
        self.limits.insert(relay.to_owned(), limits);
        self
    }

    /// A desk goes by a clock that the test drives.
    #[must_use]
    pub fn clock(mut self, contact: &str, clock: &ManualClock) -> Self {
        self.clocks.insert(contact.to_owned(), clock.clone());
        self
    }

    /// Everybody goes by the clocks of a machine that the test sets.
    #[must_use]
    pub fn machine(mut self, machine: &Machine) -> Self {
        self.net.machine = Some(machine.clone());
        self
    }

    /// The keys of all devices are valid from then.
    #[must_use]
    pub fn keys_from(mut self, from: Timestamp) -> Self {
        self.net.network.key_devices_from(from);
        self
    }

    /// A contact has a deputy, who is asked so long after the step before.
    #[must_use]
    pub fn deputy(mut self, contact: &str, deputy: &str, after: Span) -> Self {
        let deputy = (contact.to_owned(), deputy.to_owned(), after);
        self.deputies.push(deputy);
        self
    }

    /// Founds the network, starts its relays and opens a desk for each contact.
    pub async fn start(self) -> TestNet {
        let Self {
            mut net,
            contacts,
            low_water_bytes,
            limits,
            mut clocks,
            organisations,
            deputies,
        } = self;
        std::fs::write(net.anchor(), format_anchor(&net.network.anchor())).unwrap();
        for (organisation, relays) in &organisations {
            for relay in relays {
                net.make_relay(relay, organisation);
            }
        }
        for (relay, held) in &mut net.relays {
            held.low_water_bytes = low_water_bytes.get(relay).copied();
            held.limits = limits.get(relay).cloned();
        }
        for contact in &contacts {
            net.make_home(contact);
            let desk = net.desks.get_mut(contact).unwrap();
            desk.clock = clocks.remove(contact);
        }
        for (contact, deputy, after) in &deputies {
            net.network.deputise(contact, deputy, *after);
        }
        let documents = net.network.publish();
        let relays: Vec<String> = net.relays.keys().cloned().collect();
        for relay in relays {
            let folder = &net.relays[&relay].folder;
            std::fs::write(folder.roster().join("network.part"), encode(&documents)).unwrap();
            net.start_relay(&relay).await;
        }
        for contact in &contacts {
            net.give_roster(contact, &documents);
            net.open_desk(contact).await;
        }
        net
    }
}

/// Shows what relays and desks log where `RUST_LOG` asks for it.
fn log_if_asked() {
    if std::env::var_os("RUST_LOG").is_some() {
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        // Another test of the same process may have set it up already.
        let _ = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_test_writer()
            .try_init();
    }
}
