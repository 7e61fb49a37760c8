//! Real relays and real desks: QUIC on loopback, sled folders, keys made where they live.
//!
//! Every relay listens on port 0 first and keeps that port when it is started again. Nothing here
//! sleeps: a test waits for an event, under one deadline that only a failure meets.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use maille_client::clock::ManualClock;
use maille_client::core::{EventKind, NumberedEvent, Received};
use maille_client::entropy::OsRandomness;
use maille_client::home::{Home, NewHome, Protection};
use maille_client::{By, Client, ClientConfig, Message, Milestone};
use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::codec::{Text, encode};
use maille_common::identifier::AlertId;
use maille_common::randomness::Randomness;
use maille_common::roster::RosterDocuments;
use maille_durable::{Batch, DurableStore, Options, Store, StoreId, boot_id};
use maille_link::Limits;
use maille_relay::core::{Account, body_place};
use maille_relay::{
    Clock, Config, Day, Manifest, NewRelay, Relay, RelayFolder, RunningRelay, Setup, SystemClock,
    account_of_stopped, backup, init, restore,
};
use tempfile::TempDir;

use crate::kept_address::kept_address;
use crate::machine::Machine;
use crate::network::{FOUNDED, Network, address};

mod anew;
mod plan;

pub use anew::Anew;
pub use plan::NetPlan;

/// Longer than anything takes on a slow machine; met only by a failure.
const DEADLINE: Duration = Duration::from_secs(60);

/// A network at work.
#[derive(Debug)]
pub struct TestNet {
    folder: TempDir,
    /// The authority's side.
    pub network: Network,
    relays: BTreeMap<String, NetRelay>,
    desks: BTreeMap<String, TestDesk>,
    /// Where relays and homes lie that do not lie in the test's own folder.
    places: BTreeMap<String, PathBuf>,
    /// The machine on which everybody is, where it is not this one.
    machine: Option<Machine>,
}

#[derive(Debug)]
struct NetRelay {
    folder: RelayFolder,
    address: SocketAddr,
    /// What stays free on its volume, where that is not the default.
    low_water_bytes: Option<u64>,
    /// What connections may take, where that is not the default.
    limits: Option<Limits>,
    running: Option<RunningRelay>,
}

/// A desk and its home.
#[derive(Debug)]
pub struct TestDesk {
    /// The contact.
    pub contact: ContactAddress,
    /// The device.
    pub device: DeviceId,
    /// The home's folder.
    pub home: PathBuf,
    client: Option<Client>,
    /// Where it reaches relays, where that is not where they are.
    ways: BTreeMap<String, SocketAddr>,
    /// A clock that the test drives.
    clock: Option<ManualClock>,
}

/// Waits for something that has to happen.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("this did not happen within {DEADLINE:?}: {what}"),
    }
}

impl TestNet {
    /// Founds a network, starts its relays and opens a desk for each contact.
    pub async fn start(organisations: &[(&str, &[&str])], contacts: &[&str]) -> Self {
        NetPlan::new(organisations, contacts).start().await
    }

    /// The anchor's file.
    pub fn anchor(&self) -> PathBuf {
        self.folder.path().join("anchor.toml")
    }

    /// A folder of the test's own.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder in which a relay or home lies.
    fn place(&self, whose: &str) -> &Path {
        self.places.get(whose).map_or(self.path(), PathBuf::as_path)
    }

    fn make_relay(&mut self, relay: &str, organisation: &str) {
        if self.relays.contains_key(relay) {
            return;
        }
        let folder = RelayFolder::new(self.place(relay).join(format!("relay-{relay}")));
        let new = NewRelay {
            name: relay.parse().unwrap(),
            organisation: organisation.parse().unwrap(),
            network: "test".to_owned(),
            addresses: vec!["127.0.0.1:9".to_owned()],
            listen: Some(([127, 0, 0, 1], 0).into()),
            anchor: self.anchor(),
        };
        let request = init(&folder, &new, &mut OsRandomness::new()).unwrap();
        let (transport, signing) = (request.transport.parse(), request.signing.parse());
        self.network
            .key_relay(relay, transport.unwrap(), signing.unwrap());
        let held = NetRelay {
            folder,
            address: kept_address(),
            low_water_bytes: None,
            limits: None,
            running: None,
        };
        self.relays.insert(relay.to_owned(), held);
    }

    /// Makes a home for a contact, and admits its device in the next roster.
    pub fn make_home(&mut self, contact: &str) {
        self.make_another_home(contact, contact);
    }

    /// Makes a home for a contact that has others; its desk goes by a name of its own.
    pub fn make_another_home(&mut self, contact: &str, desk_name: &str) {
        let device = DeviceId::from_bytes(OsRandomness::new().array());
        let name = format!("home-{}", desk_name.replace('/', "-"));
        let home = self.place(desk_name).join(name);
        let new = NewHome {
            anchor: self.network.anchor(),
            contact: address(contact),
            device,
            label: Text::new("test").unwrap(),
        };
        let random = &mut OsRandomness::new();
        let made = Home::create(&home, new, Protection::Machine, FOUNDED, random).unwrap();
        let request = made.device_request(FOUNDED);
        self.network.admit_request(request.request.value());
        let desk = TestDesk {
            contact: address(contact),
            device,
            home,
            client: None,
            ways: BTreeMap::new(),
            clock: None,
        };
        self.desks.insert(desk_name.to_owned(), desk);
    }

    /// Hands a roster to a desk before it is opened.
    pub fn give_roster(&self, contact: &str, documents: &RosterDocuments) {
        let roster = self.desks[contact].home.join("roster");
        std::fs::create_dir_all(&roster).unwrap();
        std::fs::write(roster.join("network.part"), encode(documents)).unwrap();
    }

    /// Starts a relay, on the port it had before.
    pub async fn start_relay(&mut self, relay: &str) {
        let held = self.relays.get_mut(relay).unwrap();
        let mut config = Config::read(&held.folder.config()).unwrap();
        config.listen = held.address;
        config.metrics = None;
        config.low_water_bytes = held.low_water_bytes.unwrap_or(config.low_water_bytes);
        config.limits = held.limits.clone().unwrap_or(config.limits);
        let mut setup = Setup::new(held.folder.clone(), config);
        if let Some(machine) = &self.machine {
            setup.clock = Arc::new(machine.clone());
        }
        let running = Relay::start(setup).await.unwrap();
        held.running = Some(running);
    }

    /// Stops a relay as SIGTERM does.
    pub async fn stop_relay(&mut self, relay: &str) {
        let running = self.relays.get_mut(relay).unwrap().running.take().unwrap();
        soon("the relay stops", running.shutdown()).await.unwrap();
    }

    /// A relay at work.
    pub fn relay(&self, relay: &str) -> &RunningRelay {
        self.relays[relay].running.as_ref().unwrap()
    }

    /// A relay's folder.
    pub fn relay_folder(&self, relay: &str) -> &Path {
        self.relays[relay].folder.root()
    }

    /// Takes a relay's whole store away while it is stopped.
    pub fn lose_store(&self, relay: &str) {
        std::fs::remove_dir_all(self.relays[relay].folder.store()).unwrap();
    }

    /// Backs a relay up while it serves, or when it is stopped.
    pub async fn back_up(&self, relay: &str, target: &Path) -> Manifest {
        let folder = self.relays[relay].folder.clone();
        let target = target.to_path_buf();
        let made = tokio::task::spawn_blocking(move || backup(&folder, &target, true));
        made.await.unwrap().unwrap()
    }

    /// A relay that is stopped loses its machine, and is restored on another from a backup.
    pub fn restore_relay(&self, relay: &str, from: &Path) {
        let folder = &self.relays[relay].folder;
        std::fs::remove_dir_all(folder.root()).unwrap();
        restore(from, folder, &mut OsRandomness::new()).unwrap();
    }

    /// The books of a relay at work, or of one that is stopped, for the present day.
    pub async fn account(&self, relay: &str) -> Account {
        let held = &self.relays[relay];
        let day = Day::of(SystemClock.now());
        if let Some(running) = &held.running {
            return running.account(day).await.unwrap();
        }
        let folder = held.folder.clone();
        let made = tokio::task::spawn_blocking(move || account_of_stopped(&folder, day));
        made.await.unwrap().unwrap()
    }

    /// The sealed body of an alert, as it lies in the store of a relay that is stopped.
    pub fn stored_body(&self, relay: &str, alert: &AlertId) -> Vec<u8> {
        let store = self.open_store(relay);
        let (table, key) = body_place(alert);
        let body = store.pieces(table, &key).unwrap().unwrap();
        store.close().unwrap();
        body
    }

    /// What the owner of a relay's folder can do while it is stopped: another body in the place of
    /// an alert's, or none. The record is a good one, so the relay notices nothing.
    pub fn replace_body(&self, relay: &str, alert: &AlertId, body: Option<&[u8]>) {
        let store = self.open_store(relay);
        let (table, key) = body_place(alert);
        let mut batch = Batch::new();
        match body {
            Some(body) => batch.put_pieces(table, &key, body),
            None => batch.delete_pieces(table, &key),
        };
        store.commit(batch).unwrap();
        store.close().unwrap();
    }

    fn open_store(&self, relay: &str) -> DurableStore {
        let folder = self.relays[relay].folder.store();
        let id = StoreId(OsRandomness::new().array());
        let (store, opening) =
            DurableStore::open(&folder, &Options::new(id, boot_id(), "tests")).unwrap();
        assert!(!opening.created, "the relay has a store");
        store
    }

    /// A desk reaches a relay here from its next opening on: through a forwarder.
    pub fn route(&mut self, contact: &str, relay: &str, address: SocketAddr) {
        let desk = self.desks.get_mut(contact).unwrap();
        desk.ways.insert(relay.to_owned(), address);
    }

    /// Where a desk reaches each relay.
    pub fn relay_addresses(&self, contact: &str) -> Vec<(String, SocketAddr)> {
        let ways = &self.desks[contact].ways;
        let way = |(relay, held): (&String, &NetRelay)| {
            let address = ways.get(relay).copied().unwrap_or(held.address);
            (relay.clone(), address)
        };
        self.relays.iter().map(way).collect()
    }

    /// Opens a desk's client.
    pub async fn open_desk(&mut self, contact: &str) {
        let mut config = ClientConfig::new(&self.desks[contact].home);
        for (relay, address) in self.relay_addresses(contact) {
            let name: Name = relay.parse().unwrap();
            config = config.relay_address(name, address.to_string());
        }
        if let Some(clock) = &self.desks[contact].clock {
            config = config.clock(clock.clone());
        } else if let Some(machine) = &self.machine {
            config = config.clock(machine.clone());
        }
        let client = Client::open(config).await.unwrap();
        self.desks.get_mut(contact).unwrap().client = Some(client);
    }

    /// Closes a desk's client, as when its machine is switched off in order.
    pub async fn close_desk(&mut self, contact: &str) {
        let client = self.desks.get_mut(contact).unwrap().client.take().unwrap();
        soon("the desk closes", client.shutdown()).await;
    }

    /// A desk.
    pub fn desk(&self, contact: &str) -> &TestDesk {
        &self.desks[contact]
    }

    /// Lets a desk receive something, after which the sender knows its keys and nothing follows by
    /// addendum. Gives that first alert.
    pub async fn acquaint(&self, sender: &str, recipient: &str) -> AlertId {
        let subject = "So that the keys are known";
        let alert = self.desk(sender).send_to(&[recipient], subject).await;
        assert_eq!(self.desk(recipient).receive().await.entry.id, alert);
        self.desk(sender).wait(alert, Milestone::Delivered).await;
        alert
    }

    /// Waits until so many desks are connected to a relay. Its own count is the event: it falls
    /// when the relay hears of the end of a connection.
    pub async fn until_connected(&self, relay: &str, desks: u64) {
        let connected = async {
            while self.relay(relay).standing().await.unwrap().desks_connected != desks {
                tokio::task::yield_now().await;
            }
        };
        soon("so many desks are connected", connected).await;
    }

    /// Signs what changed in the network, and hands it to every relay.
    pub async fn publish(&mut self) -> RosterDocuments {
        let documents = self.network.publish();
        for held in self
            .relays
            .values()
            .filter_map(|held| held.running.as_ref())
        {
            held.offer_roster(documents.clone()).await.unwrap();
        }
        documents
    }

    /// Closes every desk and relay in order.
    pub async fn stop(mut self) {
        let contacts: Vec<String> = self.desks.keys().cloned().collect();
        for contact in contacts {
            if self.desks[&contact].client.is_some() {
                self.close_desk(&contact).await;
            }
        }
        let relays: Vec<String> = self.relays.keys().cloned().collect();
        for relay in relays {
            if self.relays[&relay].running.is_some() {
                self.stop_relay(&relay).await;
            }
        }
    }
}

impl TestDesk {
    /// The client.
    pub fn client(&self) -> &Client {
        self.client.as_ref().unwrap()
    }

    /// Sends an alert of a few words.
    pub async fn send_to(&self, recipients: &[&str], subject: &str) -> AlertId {
        let message = Message::text(subject, subject).to_all(recipients.iter().copied());
        self.client().send(message).await.unwrap().id
    }

    /// Waits until an alert has come to a milestone with every recipient.
    pub async fn wait(&self, alert: AlertId, milestone: Milestone) {
        soon(
            "the milestone",
            self.client().wait(alert, milestone, DEADLINE),
        )
        .await
        .unwrap();
    }

    /// Waits for the next arrival, and reads it.
    pub async fn receive(&self) -> Received {
        let mut events = self.client().events("receive").all();
        loop {
            let event = soon("an arrival", events.next()).await.unwrap();
            events.commit().await.unwrap();
            if let EventKind::Arrived { alert, .. } = event.event.kind {
                return self.client().received(alert).await.unwrap();
            }
        }
    }

    /// Waits for an event that this reader has not been shown yet.
    pub async fn until(&self, reader: &str, wanted: impl Fn(&EventKind) -> bool) -> NumberedEvent {
        let mut events = self.client().events(reader).all();
        loop {
            let event = soon("an event", events.next()).await.unwrap();
            events.commit().await.unwrap();
            if wanted(&event.event.kind) {
                return event;
            }
        }
    }

    /// Acknowledges as an officer.
    pub async fn acknowledge(&self, alert: AlertId) {
        let by = By::Officer("Amina");
        self.client().acknowledge(alert, by, "on it").await.unwrap();
    }

    /// How often something arrived as new.
    pub async fn arrivals(&self) -> usize {
        let mut events = self.client().events("count").all();
        let mut count = 0;
        while let Some(event) = events.try_next().await.unwrap() {
            count += usize::from(matches!(event.event.kind, EventKind::Arrived { .. }));
        }
        count
    }
}
