//! The measured world: a network on disk, a relay in a process of its own, desks and bare devices.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use maille_client::entropy::OsRandomness;
use maille_client::home::{Home, NewHome, Protection, format_anchor};
use maille_client::{Client, ClientConfig};
use maille_common::address::DeviceId;
use maille_common::codec::{Text, encode};
use maille_common::crypto::ed25519::VerifyingKey;
use maille_common::hash::Hash;
use maille_common::randomness::Randomness;
use maille_common::roster::Roster;
use maille_relay::{NewRelay, RelayFolder, RelayKeyPair, init};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::bare::{Bare, Line, RelayAt};
use super::now;
use super::patience;
use super::sealed::{Mailbox, Quill};
use crate::network::{FOUNDED, Network, address};
use crate::relay_process::RelayProcess;

/// The relay's name.
pub(super) const RELAY: &str = "lyon";

/// Bare contacts of one organisation, so that documents stay small.
const FLEET: usize = 256;
/// Desks opened, and connections made, at a time.
const AT_ONCE: usize = 16;

/// What is lifted of a relay's defaults: the tool is one sender, on one machine, that sends what a
/// network sends in weeks. Nothing here changes what an alert costs.
const LIFTED: &str = "
[budget]
sender_alerts_max = 100000000
sender_mib_max = 1048576
mailbox_mail_max = 100000000
mailbox_mib_max = 1048576

[connections]
connections_max = 20000
handshakes_max = 1024
handshakes_of_network_max = 1024
handshakes_unproven = 1024
unproven_per_second = 100000
network_at_once = 100000
network_per_second = 100000
";

/// Where a figure is measured.
#[derive(Debug, Clone, Args)]
pub(super) struct Place {
    /// The folder in which stores are made, on the disk that is measured [default: the folder of
    /// temporary files]
    #[arg(long)]
    dir: Option<PathBuf>,
}

/// Who is there besides the relay.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct People {
    /// Contacts with a home each.
    pub(super) desks: usize,
    /// Contacts whose devices have keys and no home.
    pub(super) bare: usize,
    /// Devices of each of those; one unless said.
    pub(super) devices_each: usize,
}

/// A network on disk.
#[derive(Debug)]
pub(super) struct World {
    folder: TempDir,
    pub(super) bare: Vec<Bare>,
    roster: Hash,
    key: VerifyingKey,
}

/// A world whose relay serves.
#[derive(Debug)]
pub(super) struct Serving {
    /// It ends before its folder goes.
    pub(super) relay: RelayProcess,
    pub(super) world: World,
}

impl Place {
    /// Founds a network there, and starts its relay.
    pub(super) fn serve(&self, people: People) -> Serving {
        let world = self.found(people);
        let relay = RelayProcess::start(&world.relay_folder());
        Serving { relay, world }
    }

    fn found(&self, people: People) -> World {
        let parent = self.dir.clone().unwrap_or_else(std::env::temp_dir);
        let folder = tempfile::Builder::new()
            .prefix("maille-load-")
            .tempdir_in(parent)
            .expect("a folder can be made there");
        let fleets: Vec<String> = (0..people.bare.div_ceil(FLEET))
            .map(|number| format!("fleet-{number}"))
            .collect();
        let homes: &[&str] = &[RELAY];
        let mut organisations = vec![("interpol", homes)];
        organisations.extend(fleets.iter().map(|fleet| (fleet.as_str(), homes)));
        let random = &mut OsRandomness::new();
        let mut network = Network::found(u64::from_le_bytes(random.array()), &organisations);
        let anchor = folder.path().join("anchor.toml");
        fs::write(&anchor, format_anchor(&network.anchor())).unwrap();
        let key = make_relay(folder.path(), &mut network);
        for desk in 0..people.desks {
            make_desk(folder.path(), &mut network, desk);
        }
        for number in 0..people.bare {
            for _ in 0..people.devices_each.max(1) {
                network.admit(&bare_address(number));
            }
        }
        network.date(now());
        let documents = network.publish();
        let roster = Roster::found(network.anchor(), &documents).expect("what was signed holds");
        let bare = network.devices.iter().map(|held| Bare {
            contact: held.contact.clone(),
            device: held.id,
            transport: held.transport,
            signing: held.signing,
        });
        let world = World {
            bare: bare.collect(),
            folder,
            roster: roster.hash(),
            key,
        };
        let everybody = (0..people.desks).map(|desk| world.home(desk));
        for folder in everybody.chain([world.relay_folder()]) {
            fs::create_dir_all(folder.join("roster")).unwrap();
            fs::write(folder.join("roster/network.part"), encode(&documents)).unwrap();
        }
        world
    }
}

impl World {
    /// The folder of everything.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The relay's folder.
    pub(super) fn relay_folder(&self) -> PathBuf {
        self.folder().join("relay")
    }

    /// The home of a desk.
    pub(super) fn home(&self, desk: usize) -> PathBuf {
        home(self.folder(), desk)
    }
}

impl Serving {
    /// Where the relay is.
    pub(super) fn at(&self) -> RelayAt {
        RelayAt {
            address: self.relay.address,
            key: self.world.key,
            roster: self.world.roster,
        }
    }

    /// Starts the relay again after it was killed.
    pub(super) fn start_again(&mut self) {
        self.relay = RelayProcess::start(&self.world.relay_folder());
    }

    /// Opens a desk, and waits until it knows whom it can write to and can be written to itself.
    pub(super) async fn open(&self, desk: usize) -> Client {
        open(self.world.home(desk), self.relay.address.to_string()).await
    }

    /// Opens a desk, and waits for nothing.
    pub(super) async fn open_at_once(&self, desk: usize) -> Client {
        open_at_once(self.world.home(desk), self.relay.address.to_string()).await
    }

    /// Opens desks, several at a time.
    pub(super) async fn open_all(&self, desks: std::ops::Range<usize>) -> Vec<Client> {
        let address = self.relay.address.to_string();
        let opening = desks.map(|desk| open(self.world.home(desk), address.clone()));
        together(opening).await
    }

    /// Where alerts to a desk go that was open before and left its sealing keys.
    pub(super) fn mailbox(&self, desk: usize) -> Mailbox {
        let bytes = fs::read(self.world.home(desk).join("bundle")).expect("a bundle");
        Mailbox::of(&maille_common::codec::decode(&bytes).expect("a bundle is one"))
    }

    /// Connects bare devices, several at a time.
    pub(super) async fn connect(&self, bare: &[Bare]) -> Vec<Line> {
        let relay = self.at();
        let connecting = bare.iter().cloned().map(|bare| async move {
            let line = bare.connect(&relay).await;
            line.expect("the relay takes its connection")
        });
        together(connecting).await
    }

    /// Bare devices publish sealing keys and go away: from then on their mail waits.
    pub(super) async fn mailboxes(&self, bare: &[Bare]) -> Vec<Mailbox> {
        let relay = self.at();
        let publishing = bare.iter().cloned().map(|bare| async move {
            let line = bare.connect(&relay).await;
            bare.publish(&line.expect("the relay takes its connection"))
                .await
        });
        together(publishing).await
    }

    /// Senders without desks.
    pub(super) fn quills(&self, bare: &[Bare]) -> Vec<Quill> {
        let quill = |bare| Quill::of(bare, self.world.roster);
        bare.iter().map(quill).collect()
    }

    /// Waits until a metric of the relay has come so far; where it stands at last.
    pub(super) async fn until(&self, metric: &str, wanted: u64) -> u64 {
        let reached = patience(async {
            while self.relay.metric(metric) < wanted {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        });
        let _ = reached.await;
        self.relay.metric(metric)
    }
}

/// Does all of it, a few at a time, in order.
async fn together<T: Send + 'static>(
    work: impl Iterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let (mut under_way, mut done) = (JoinSet::new(), Vec::new());
    for (place, one) in work.enumerate() {
        if under_way.len() >= AT_ONCE {
            done.extend(under_way.join_next().await);
        }
        under_way.spawn(async move { (place, one.await) });
    }
    while let Some(one) = under_way.join_next().await {
        done.push(one);
    }
    let done = done.into_iter().map(|one| one.expect("nothing panics"));
    let mut done: Vec<(usize, T)> = done.collect();
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, one)| one).collect()
}

/// Opens a desk, and waits until it knows whom it can write to and can be written to itself.
pub(super) async fn open(home: PathBuf, relay: String) -> Client {
    let client = open_at_once(home, relay).await;
    assert!(client.ready(super::PATIENCE).await, "the relay is there");
    client
}

async fn open_at_once(home: PathBuf, relay: String) -> Client {
    let config = ClientConfig::new(home).relay_address(RELAY.parse().unwrap(), relay);
    Client::open(config).await.expect("the desk opens")
}

/// The address of a desk.
pub(super) fn desk_address(desk: usize) -> String {
    format!("interpol/desk-{desk}")
}

/// The address of a bare contact.
pub(super) fn bare_address(number: usize) -> String {
    format!("fleet-{}/desk-{number}", number / FLEET)
}

fn home(folder: &Path, desk: usize) -> PathBuf {
    folder.join(format!("desk-{desk}"))
}

fn make_relay(at: &Path, network: &mut Network) -> VerifyingKey {
    let folder = RelayFolder::new(at.join("relay"));
    let new = NewRelay {
        name: RELAY.parse().unwrap(),
        organisation: "interpol".parse().unwrap(),
        network: "test".to_owned(),
        addresses: vec!["127.0.0.1:9".to_owned()],
        listen: Some(([127, 0, 0, 1], 0).into()),
        anchor: at.join("anchor.toml"),
    };
    let request = init(&folder, &new, &mut OsRandomness::new()).expect("a fresh relay");
    let (transport, signing) = (request.transport.parse(), request.signing.parse());
    network.key_relay(RELAY, transport.unwrap(), signing.unwrap());
    let config = fs::read_to_string(folder.config()).expect("relay.toml");
    fs::write(folder.config(), config + LIFTED).unwrap();
    let keys = RelayKeyPair::load(&folder).expect("a relay has keys");
    keys.transport.verifying_key()
}

fn make_desk(at: &Path, network: &mut Network, desk: usize) {
    let random = &mut OsRandomness::new();
    let device = DeviceId::from_bytes(random.array());
    let new = NewHome {
        anchor: network.anchor(),
        contact: address(&desk_address(desk)),
        device,
        label: Text::new("load").unwrap(),
    };
    let made = Home::create(&home(at, desk), new, Protection::Machine, FOUNDED, random);
    let request = made.expect("a fresh home").device_request(FOUNDED);
    network.admit_request(request.request.value());
}
