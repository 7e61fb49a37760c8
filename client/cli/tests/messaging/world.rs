//! A network of one relay and two desks, on loopback.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::time::Duration;

use maille_client::authority::{
    ContactPlan, DevicePlan, HolderPlan, NetworkPlan, OrganisationPlan, PlanError, RelayKeysPlan,
    RelayPlan, RosterFolder, RulePlan, found, suspend,
};
use maille_client::clock::{Clock, SystemClock};
use maille_client::entropy::OsRandomness as Random;
use maille_client::home::{Cost, Home, NewHome, NewOfficer, Passphrase, Protection, format_anchor};
use maille_client::{Client, ClientConfig};
use maille_common::address::{DeviceId, Name};
use maille_common::codec::{Text, from_hex};
use maille_common::crypto::ed25519::{SigningKey, VerifyingKey};
use maille_common::randomness::Randomness;
use maille_common::roster::{Anchor, Roster, Subject};
use maille_common::terms::Reach;
use maille_relay::{Config, NewRelay, OsRandomness, Relay, RelayFolder, RunningRelay, Setup, init};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::desk::Desk;
use crate::publishing::{publish, published};

const NETWORK: &str = "testing";

/// What the officers on duty are let in by.
pub(crate) const PASSPHRASE: &str = "five small grey harbour cats";

/// The network, its relay, and the homes of two desks.
pub(crate) struct World {
    folder: TempDir,
    runtime: Runtime,
    relay: Option<RunningRelay>,
    relay_folder: RelayFolder,
    address: SocketAddr,
    plan: NetworkPlan,
    anchor: Anchor,
    roster: Roster,
}

impl World {
    /// A relay that runs; desks whose homes open with a key of the machine, `A. Diallo` on duty at
    /// Lyon and `S. Ben Ali` at Tunis.
    pub(crate) fn new() -> Self {
        Self::of(|_| {})
    }

    /// The same, with something else about its plan.
    pub(crate) fn of(change: impl FnOnce(&mut NetworkPlan)) -> Self {
        Self::with("night desk", &[], change)
    }

    /// The same, with devices that are called so, and a relay that is said to be at these
    /// addresses as well, after the one where it is.
    pub(crate) fn with(
        label: &str,
        addresses: &[&str],
        change: impl FnOnce(&mut NetworkPlan),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = key();
        let mut plan = plan(&key);
        change(&mut plan);
        let anchor = found(&plan, SystemClock.now()).unwrap().anchor;
        let relay_folder = RelayFolder::new(folder.path().join("relay"));
        plan.relays = vec![new_relay(&folder, &relay_folder, &anchor)];
        for organisation in &mut plan.organisations {
            organisation.home_relays = vec![name("hub")];
        }
        for (contact, home, officer) in [(0, "lyon", "A. Diallo"), (1, "tunis", "S. Ben Ali")] {
            let home = folder.path().join(home);
            admit(&mut plan, contact, &home, (&anchor, label), officer);
        }
        let roster = published(&plan, &key, &anchor);
        RosterFolder::at(relay_folder.roster())
            .save(&roster.documents())
            .unwrap();
        let runtime = Runtime::new().unwrap();
        let address = kept_address();
        let relay = runtime.block_on(start(&relay_folder, address, 0));
        let addresses = addresses.iter().map(|address| (*address).to_owned());
        plan.relays[0].addresses = std::iter::once(address.to_string())
            .chain(addresses)
            .collect();
        let roster = publish(&plan, &key, &anchor, roster);
        runtime
            .block_on(relay.offer_roster(roster.documents()))
            .unwrap();
        for home in ["lyon", "tunis"] {
            let home = folder.path().join(home);
            RosterFolder::of_home(&home)
                .save(&roster.documents())
                .unwrap();
        }
        Self {
            folder,
            runtime,
            relay: Some(relay),
            relay_folder,
            address,
            plan,
            anchor,
            roster,
        }
    }

    /// Does something with a desk that no command of ours would, in this process.
    pub(crate) fn with_client<T>(&self, home: &str, act: impl AsyncFnOnce(&Client) -> T) -> T {
        self.runtime.block_on(async {
            let config = ClientConfig::new(self.path(home));
            let client = Client::open(config).await.unwrap();
            assert!(client.ready(Duration::from_secs(60)).await);
            let done = act(&client).await;
            client.shutdown().await;
            done
        })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Where trust in the network begins.
    pub(crate) fn anchor(&self) -> &Anchor {
        &self.anchor
    }

    pub(crate) fn lyon(&self) -> Desk {
        Desk::of(self.path("lyon"))
    }

    pub(crate) fn tunis(&self) -> Desk {
        Desk::of(self.path("tunis"))
    }

    /// Both desks have connected once, so that their keys are known.
    pub(crate) fn introduced(self) -> Self {
        self.tunis().done(&["status"]);
        self.lyon().done(&["status"]);
        self.tunis().done(&["status"]);
        self
    }

    /// A folder with the roster as it is known everywhere, and one with a newer authority part,
    /// which nobody has but the authority.
    pub(crate) fn rosters(&self) -> [PathBuf; 2] {
        let mut plan = self.plan.clone();
        plan.lists
            .insert("europe".to_owned(), vec!["interpol/**".to_owned()]);
        let newer = publish(&plan, &key(), &self.anchor, self.roster.clone());
        [("known", &self.roster), ("newer", &newer)].map(|(name, roster)| self.save(name, roster))
    }

    /// A folder with a roster in which somebody else was admitted as the device of Tunis.
    pub(crate) fn usurped(&self) -> PathBuf {
        let mut plan = self.plan.clone();
        let contact = &mut plan.organisations[1].contacts.as_mut().unwrap()[0];
        let (mut random, now) = (Random::new(), SystemClock.now());
        let new = NewHome {
            anchor: self.anchor.clone(),
            contact: contact.address.clone(),
            device: self.roster.devices_of(&contact.address)[0],
            label: Text::new("night desk").unwrap(),
        };
        let path = self.path("usurper");
        let home = Home::create(&path, new, Protection::Machine, now, &mut random).unwrap();
        let request = Box::new(home.device_request(now));
        contact.devices = Some(vec![DevicePlan::Request(request)]);
        let usurped = publish(&plan, &key(), &self.anchor, self.roster.clone());
        self.save("usurped", &usurped)
    }

    /// Publishes something else about the plan to the relay, which takes it into use; a folder with
    /// that roster, to be handed to whoever the relay hands nothing.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut NetworkPlan)) -> PathBuf {
        change(&mut self.plan);
        let roster = publish(&self.plan, &key(), &self.anchor, self.roster.clone());
        self.take(roster)
    }

    /// Why a plan in which something else is said makes no documents.
    pub(crate) fn refuses(&self, change: impl FnOnce(&mut NetworkPlan)) -> PlanError {
        let mut plan = self.plan.clone();
        change(&mut plan);
        plan.build(Some(&self.roster), SystemClock.now())
            .unwrap_err()
    }

    /// The same with a suspension by the key of the authority.
    pub(crate) fn suspend(&mut self, subject: Subject, reason: &str) -> PathBuf {
        let now = SystemClock.now();
        let documents = suspend(&self.roster, subject, reason, &key(), now).unwrap();
        let mut roster = self.roster.clone();
        roster.apply(&documents).unwrap();
        self.take(roster)
    }

    fn take(&mut self, roster: Roster) -> PathBuf {
        let relay = self.relay.as_ref().unwrap();
        let offered = relay.offer_roster(roster.documents());
        self.runtime.block_on(offered).unwrap();
        self.roster = roster;
        self.save("changed", &self.roster)
    }

    fn save(&self, name: &str, roster: &Roster) -> PathBuf {
        let folder = RosterFolder::at(self.path(name));
        folder.save(&roster.documents()).unwrap();
        folder.path().to_owned()
    }

    /// The relay's disk loses the sealed files of attachments.
    pub(crate) fn lose_attachments(&self) {
        let mut lost = 0;
        for folder in fs::read_dir(self.relay_folder.blobs()).unwrap() {
            for file in fs::read_dir(folder.unwrap().path()).unwrap() {
                fs::remove_file(file.unwrap().path()).unwrap();
                lost += 1;
            }
        }
        assert!(lost > 0, "there are some");
    }

    pub(crate) fn stop_relay(&mut self) {
        let relay = self.relay.take().unwrap();
        self.runtime.block_on(relay.shutdown()).unwrap();
    }

    /// Starts it again where it was.
    pub(crate) fn start_relay(&mut self) {
        self.start_relay_with(0);
    }

    /// Starts it again, on a disk with less room than it leaves free.
    pub(crate) fn start_relay_low_on_disk(&mut self) {
        self.start_relay_with(u64::MAX);
    }

    fn start_relay_with(&mut self, low_water_bytes: u64) {
        let (folder, address) = (&self.relay_folder, self.address);
        let relay = self
            .runtime
            .block_on(start(folder, address, low_water_bytes));
        self.relay = Some(relay);
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if self.relay.is_some() {
            self.stop_relay();
        }
    }
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// Of the one who holds the authority.
fn key() -> SigningKey {
    SigningKey::from_seed([7; 32])
}

fn plan(key: &SigningKey) -> NetworkPlan {
    let mut plan = NetworkPlan::of_holders(NETWORK, 1, &[]);
    plan.keys = vec![HolderPlan {
        key: key.verifying_key(),
        organisation: name("interpol"),
        holder: "General Secretariat".to_owned(),
    }];
    plan.reach = Reach::Loopback;
    plan.rules = vec![RulePlan::new("**", "**")];
    plan.lists
        .insert("africa".to_owned(), vec!["afripol/**".to_owned()]);
    plan.organisations = vec![
        organisation(
            "interpol",
            "interpol/fr/lyon",
            "Bureau de Lyon",
            "+33 4 72 00 00 00",
        ),
        organisation(
            "afripol",
            "afripol/tn/tunis",
            "مكتب تونس",
            "+216 71 000 000",
        ),
    ];
    plan
}

fn organisation(of: &str, address: &str, called: &str, telephone: &str) -> OrganisationPlan {
    let mut contact = ContactPlan::new(address.parse().unwrap());
    contact.names.insert("und".to_owned(), called.to_owned());
    contact.role = "duty desk".to_owned();
    contact.time_zone = "UTC".to_owned();
    contact.telephones = vec![telephone.to_owned()];
    contact.languages = ["fr", "ar"].map(str::to_owned).to_vec();
    contact.valid_from = Some("2026-01-01T00:00:00Z".parse().unwrap());
    let mut organisation = OrganisationPlan::new(name(of));
    organisation.officer_names = Some(true);
    organisation.contacts = Some(vec![contact]);
    organisation
}

fn new_relay(folder: &TempDir, relay: &RelayFolder, anchor: &Anchor) -> RelayPlan {
    let anchor_file = folder.path().join("anchor.toml");
    fs::write(&anchor_file, format_anchor(anchor)).unwrap();
    let new = NewRelay {
        name: name("hub"),
        organisation: name("interpol"),
        network: NETWORK.to_owned(),
        addresses: vec!["127.0.0.1:1".to_owned()],
        listen: None,
        anchor: anchor_file,
    };
    let request = init(relay, &new, &mut OsRandomness::new()).unwrap();
    let key = |hex: &str| VerifyingKey::strict(from_hex(hex).unwrap()).unwrap();
    RelayPlan {
        name: new.name,
        organisation: new.organisation,
        addresses: new.addresses,
        keys: vec![RelayKeysPlan {
            transport: key(&request.transport),
            signing: key(&request.signing),
        }],
    }
}

/// A home with a machine's key and one officer, who is on duty.
fn admit(
    plan: &mut NetworkPlan,
    of: usize,
    path: &std::path::Path,
    (anchor, label): (&Anchor, &str),
    who: &str,
) {
    let contact = &mut plan.organisations[of].contacts.as_mut().unwrap()[0];
    let mut random = Random::new();
    let new = NewHome {
        anchor: anchor.clone(),
        contact: contact.address.clone(),
        device: DeviceId::from_bytes(random.array()),
        label: Text::new(label).unwrap(),
    };
    let now = SystemClock.now();
    let mut home = Home::create(path, new, Protection::Machine, now, &mut random).unwrap();
    let passphrase = Passphrase::new(PASSPHRASE);
    let cost = Cost::STANDARD;
    let officer = NewOfficer {
        name: who,
        passphrase: &passphrase,
        cost,
    };
    home.add_officer(officer, now, &mut random).unwrap();
    contact.devices = Some(vec![DevicePlan::Request(Box::new(
        home.device_request(now),
    ))]);
    drop(home);
    let duty = format!("officer = '{who}'\nsince = '{now}'\n");
    fs::write(path.join("officer.toml"), duty).unwrap();
}

/// An address that nobody has. Its port is not one of those that systems give to sockets by
/// themselves, or another socket would take it while the relay is down.
fn kept_address() -> SocketAddr {
    loop {
        let port = 12_000 + u16::from_le_bytes(Random::new().array()) % 20_000;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if UdpSocket::bind(address).is_ok() {
            return address;
        }
    }
}

async fn start(folder: &RelayFolder, listen: SocketAddr, low_water_bytes: u64) -> RunningRelay {
    let mut config = Config::new(name("hub"), NETWORK);
    config.listen = listen;
    config.low_water_bytes = low_water_bytes;
    Relay::start(Setup::new(folder.clone(), config))
        .await
        .unwrap()
}
