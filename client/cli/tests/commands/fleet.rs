//! A network of many desks and one relay, in this process, on loopback.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use maille_client::authority::{
    ContactPlan, DeputyPlan, DevicePlan, HolderPlan, NetworkPlan, OrganisationPlan, RelayKeysPlan,
    RelayPlan, RosterFolder, RulePlan, found,
};
use maille_client::clock::{Clock, SystemClock};
use maille_client::entropy::OsRandomness as Random;
use maille_client::home::{Cost, Home, NewHome, NewOfficer, Passphrase, Protection, format_anchor};
use maille_client::{By, Client, ClientConfig, EventKind};
use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::codec::{Text, from_hex};
use maille_common::crypto::ed25519::{SigningKey, VerifyingKey};
use maille_common::randomness::Randomness;
use maille_common::roster::Anchor;
use maille_common::terms::Reach;
use maille_common::time::Span;
use maille_relay::{Config, NewRelay, OsRandomness, Relay, RelayFolder, RunningRelay, Setup, init};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::publishing::{publish, published};

const NETWORK: &str = "testing";
const RELAY: &str = "hub";
/// Longer than a relay takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who is at a desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Staff {
    /// An officer who acknowledges whatever comes.
    Present,
    /// Nobody any more; the desk was there once, so its keys are known.
    Away,
    /// Whoever runs the commands, as this officer.
    Commands(&'static str),
    /// Nobody yet: it was admitted, and never opened.
    Never,
    /// It has no device.
    NoDevice,
    /// Its designation has ended.
    Ended,
}

/// One desk.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) address: String,
    pub(crate) staff: Staff,
    pub(crate) telephone: Option<&'static str>,
    /// Each with how long after the step before it is asked.
    pub(crate) deputies: Vec<(&'static str, Span)>,
}

/// Desks at work. The homes lie in the folder, each named after its country or town.
pub(crate) struct Fleet {
    runtime: Runtime,
    relay: Option<RunningRelay>,
    present: Vec<Client>,
}

impl Post {
    pub(crate) fn new(address: impl Into<String>, staff: Staff) -> Self {
        Self {
            address: address.into(),
            staff,
            telephone: None,
            deputies: Vec::new(),
        }
    }

    fn contact(&self) -> ContactAddress {
        self.address.parse().unwrap()
    }

    fn home(&self, folder: &Path) -> PathBuf {
        let words: Vec<&str> = self.address.split('/').collect();
        folder.join(words[words.len() - 2])
    }

    fn has_device(&self) -> bool {
        !matches!(self.staff, Staff::NoDevice)
    }

    fn was_there(&self) -> bool {
        matches!(
            self.staff,
            Staff::Present | Staff::Away | Staff::Commands(_)
        )
    }
}

impl Fleet {
    /// Founds the network, and has everybody there once, so that all know the keys of all.
    pub(crate) fn at(folder: &Path, posts: &[Post]) -> Self {
        let key = SigningKey::from_seed([7; 32]);
        let mut plan = plan(&key, posts);
        let anchor = found(&plan, SystemClock.now()).unwrap().anchor;
        let relay_folder = RelayFolder::new(folder.join("relay"));
        plan.relays = vec![new_relay(folder, &relay_folder, &anchor)];
        for organisation in &mut plan.organisations {
            organisation.home_relays = vec![name(RELAY)];
        }
        for post in posts.iter().filter(|post| post.has_device()) {
            admit(&mut plan, post, folder, &anchor);
        }
        let roster = published(&plan, &key, &anchor);
        RosterFolder::at(relay_folder.roster())
            .save(&roster.documents())
            .unwrap();
        let runtime = Runtime::new().unwrap();
        let relay = runtime.block_on(start(&relay_folder));
        // Only now is it known where the relay listens.
        plan.relays[0].addresses = vec![relay.address().to_string()];
        let roster = publish(&plan, &key, &anchor, roster);
        runtime
            .block_on(relay.offer_roster(roster.documents()))
            .unwrap();
        for post in posts.iter().filter(|post| post.was_there()) {
            RosterFolder::of_home(&post.home(folder))
                .save(&roster.documents())
                .unwrap();
        }
        let present = runtime.block_on(everybody(folder, posts));
        Self {
            runtime,
            relay: Some(relay),
            present,
        }
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let present = std::mem::take(&mut self.present);
        let relay = self.relay.take();
        self.runtime.block_on(async {
            let mut closing = JoinSet::new();
            for client in present {
                closing.spawn(async move { client.shutdown().await });
            }
            closing.join_all().await;
            if let Some(relay) = relay {
                relay.shutdown().await.unwrap();
            }
        });
    }
}

/// Opens every desk; those whose officers are present stay.
async fn everybody(folder: &Path, posts: &[Post]) -> Vec<Client> {
    let (commands, others): (Vec<_>, Vec<_>) = posts
        .iter()
        .filter(|post| post.was_there())
        .partition(|post| matches!(post.staff, Staff::Commands(_)));
    let mut opening = JoinSet::new();
    for post in others {
        opening.spawn(open(post.clone(), post.home(folder)));
    }
    let mut present: Vec<Client> = opening.join_all().await.into_iter().flatten().collect();
    // Whoever sends comes last, when all keys are at the relay.
    for post in commands {
        present.extend(open(post.clone(), post.home(folder)).await);
    }
    present
}

/// Opens a desk; it stays if its officer is present.
async fn open(post: Post, home: PathBuf) -> Option<Client> {
    let client = Client::open(ClientConfig::new(home)).await.unwrap();
    client.settled(PATIENCE).await;
    assert!(
        client.ready(PATIENCE).await,
        "{} is not ready",
        post.address
    );
    if post.staff == Staff::Present {
        tokio::spawn(acknowledge_all(client.clone()));
        return Some(client);
    }
    client.shutdown().await;
    None
}

/// An officer who takes on whatever comes, also in another's place.
async fn acknowledge_all(client: Client) {
    let mut events = client.events("officer").all();
    // It ends when the desk closes.
    while let Ok(numbered) = events.next().await {
        let (EventKind::Arrived { alert, .. } | EventKind::AskedAsDeputy { alert, .. }) =
            numbered.event.kind
        else {
            continue;
        };
        // Asked twice about one alert, the second acknowledgement finds it done.
        let _ = client
            .acknowledge(alert, By::Officer("duty officer"), "")
            .await;
    }
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn plan(key: &SigningKey, posts: &[Post]) -> NetworkPlan {
    let mut plan = NetworkPlan::of_holders(NETWORK, 1, &[]);
    plan.keys = vec![HolderPlan {
        key: key.verifying_key(),
        organisation: posts[0].contact().organisation(),
        holder: "General Secretariat".to_owned(),
    }];
    plan.reach = Reach::Loopback;
    plan.rules = vec![RulePlan::new("**", "**")];
    for post in posts {
        let of = post.contact().organisation();
        if !plan.organisations.iter().any(|known| known.name == of) {
            let mut organisation = OrganisationPlan::new(of.clone());
            organisation.officer_names = Some(true);
            organisation.contacts = Some(Vec::new());
            plan.organisations.push(organisation);
        }
        let found = plan.organisations.iter_mut().find(|known| known.name == of);
        let contacts = found.unwrap().contacts.as_mut().unwrap();
        contacts.push(contact(post));
    }
    plan
}

fn contact(post: &Post) -> ContactPlan {
    let mut contact = ContactPlan::new(post.contact());
    contact.role = "duty desk".to_owned();
    contact.telephones = post.telephone.iter().map(ToString::to_string).collect();
    contact.languages = ["en", "fr", "ar"].map(str::to_owned).to_vec();
    contact.valid_from = Some("2026-01-01T00:00:00Z".parse().unwrap());
    if post.staff == Staff::Ended {
        contact.valid_to = Some("2026-01-02T00:00:00Z".parse().unwrap());
    }
    let deputies = post.deputies.iter();
    contact.deputies = deputies
        .map(|(deputy, after)| DeputyPlan {
            contact: deputy.parse().unwrap(),
            after: *after,
        })
        .collect();
    contact
}

fn new_relay(folder: &Path, relay: &RelayFolder, anchor: &Anchor) -> RelayPlan {
    let anchor_file = folder.join("anchor.toml");
    fs::write(&anchor_file, format_anchor(anchor)).unwrap();
    let new = NewRelay {
        name: name(RELAY),
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

/// A home with a machine's key, and whoever runs the commands on duty there.
fn admit(plan: &mut NetworkPlan, post: &Post, folder: &Path, anchor: &Anchor) {
    let mut random = Random::new();
    let new = NewHome {
        anchor: anchor.clone(),
        contact: post.contact(),
        device: DeviceId::from_bytes(random.array()),
        label: Text::new("duty desk").unwrap(),
    };
    let (path, now) = (post.home(folder), SystemClock.now());
    let mut home = Home::create(&path, new, Protection::Machine, now, &mut random).unwrap();
    let request = Box::new(home.device_request(now));
    let contacts = plan.organisations.iter_mut();
    let mut contacts = contacts.flat_map(|one| one.contacts.as_mut().unwrap());
    let contact = contacts.find(|one| one.address == post.contact()).unwrap();
    contact.devices = Some(vec![DevicePlan::Request(request)]);
    if let Staff::Commands(officer) = post.staff {
        let passphrase = Passphrase::new("five small grey harbour cats");
        let new = NewOfficer {
            name: officer,
            passphrase: &passphrase,
            cost: Cost::STANDARD,
        };
        home.add_officer(new, now, &mut random).unwrap();
        let duty = format!("officer = '{officer}'\nsince = '{now}'\n");
        fs::write(path.join("officer.toml"), duty).unwrap();
    }
}

async fn start(folder: &RelayFolder) -> RunningRelay {
    let mut config = Config::new(name(RELAY), NETWORK);
    let anywhere: SocketAddr = "127.0.0.1:0".parse().unwrap();
    config.listen = anywhere;
    config.low_water_bytes = 0;
    Relay::start(Setup::new(folder.clone(), config))
        .await
        .unwrap()
}
