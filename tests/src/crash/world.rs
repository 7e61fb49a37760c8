//! A network on disk: one relay, senders and recipients, each with keys made where they live.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use maille_client::entropy::OsRandomness;
use maille_client::home::{Home, NewHome, Protection, format_anchor};
use maille_common::address::{ContactAddress, DeviceId};
use maille_common::codec::{Text, encode};
use maille_common::crypto::ed25519::VerifyingKey;
use maille_common::randomness::Randomness;
use maille_common::roster::RosterDocuments;
use maille_common::time::Span;
use maille_relay::{NewRelay, RelayFolder, RelayKeyPair, init};

use super::report::Role;
use crate::network::{FOUNDED, Network, address};

/// The relay's name.
pub(crate) const RELAY: &str = "lyon";

const SENDERS: &str = "interpol/desk-";
const RECIPIENTS: &str = "cmai/desk-";

/// Free bytes below which the relay refuses; the volumes of `cut` are small.
const LOW_WATER_MIB: u64 = 16;

/// A network's folders.
#[derive(Debug)]
pub(crate) struct World {
    folder: PathBuf,
    network: Network,
    devices: Vec<(Role, DeviceId)>,
    /// A device was removed: its mail waits at the relay for nobody, until its retention.
    pub(crate) someone_left: bool,
    pub(crate) senders: u8,
    pub(crate) recipients: u8,
}

impl World {
    /// Makes keys and folders in an empty folder, and gives everybody the same roster.
    pub(crate) fn found(folder: &Path, senders: u8, recipients: u8) -> Self {
        let random = &mut OsRandomness::new();
        let homes: &[&str] = &[RELAY];
        let seed = u64::from_le_bytes(random.array());
        let network = Network::found(seed, &[("interpol", homes), ("cmai", homes)]);
        fs::create_dir_all(folder).expect("the folder of a world can be made");
        put(
            &folder.join("anchor.toml"),
            format_anchor(&network.anchor()).as_bytes(),
        );
        let mut world = Self {
            folder: folder.to_owned(),
            network,
            devices: Vec::new(),
            someone_left: false,
            senders,
            recipients,
        };
        world.make_relay();
        for role in world.desks() {
            world.make_desk(role);
        }
        world.publish();
        world
    }

    /// Every desk.
    pub(crate) fn desks(&self) -> Vec<Role> {
        let senders = (0..self.senders).map(Role::Sender);
        senders
            .chain((0..self.recipients).map(Role::Recipient))
            .collect()
    }

    /// Everybody, the relay first.
    pub(crate) fn everybody(&self) -> Vec<Role> {
        [vec![Role::Relay], self.desks()].concat()
    }

    /// The world's folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of one of them: a relay's, or a home.
    pub(crate) fn folder_of(&self, role: Role) -> PathBuf {
        self.folder.join(role.to_string())
    }

    /// The durable store of one of them.
    pub(crate) fn store_of(&self, role: Role) -> PathBuf {
        match role {
            Role::Relay => RelayFolder::new(self.folder_of(role)).store(),
            _ => self.folder_of(role).join("store"),
        }
    }

    /// The device of a desk.
    pub(crate) fn device_of(&self, role: Role) -> Option<DeviceId> {
        let mut devices = self.devices.iter().rev();
        devices
            .find(|(held, _)| *held == role)
            .map(|(_, device)| *device)
    }

    fn make_relay(&mut self) {
        let folder = RelayFolder::new(self.folder_of(Role::Relay));
        let new = NewRelay {
            name: RELAY.parse().expect("a name"),
            organisation: "interpol".parse().expect("a name"),
            network: "test".to_owned(),
            addresses: vec!["127.0.0.1:9".to_owned()],
            listen: Some(([127, 0, 0, 1], 0).into()),
            anchor: self.folder.join("anchor.toml"),
        };
        let request = init(&folder, &new, &mut OsRandomness::new()).expect("a fresh relay");
        let keys = (request.transport.parse(), request.signing.parse());
        let (transport, signing) = (keys.0.expect("a key"), keys.1.expect("a key"));
        self.network.key_relay(RELAY, transport, signing);
        let config = fs::read_to_string(folder.config()).expect("relay.toml");
        // Before any table of the file.
        let config = format!("low_water_mib = {LOW_WATER_MIB}\n{config}");
        put(&folder.config(), config.as_bytes());
    }

    /// Lets the relay keep any number of alerts for a mailbox.
    pub(crate) fn lift_budgets(&self) {
        let path = RelayFolder::new(self.folder_of(Role::Relay)).config();
        let config = fs::read_to_string(&path).expect("relay.toml");
        let config = format!(
            "{config}\n[budget]\nmailbox_mail_max = 100000000\nsender_alerts_max = 100000000\n"
        );
        fs::write(path, config).expect("relay.toml can be written");
    }

    /// The relay's key of connections.
    pub(crate) fn relay_transport_key(&self) -> VerifyingKey {
        let folder = RelayFolder::new(self.folder_of(Role::Relay));
        let keys = RelayKeyPair::load(&folder).expect("a relay has keys");
        keys.transport.verifying_key()
    }

    /// Makes a home with new keys, and admits its device in the next roster.
    pub(crate) fn make_desk(&mut self, role: Role) {
        let random = &mut OsRandomness::new();
        let device = DeviceId::from_bytes(random.array());
        let new = NewHome {
            anchor: self.network.anchor(),
            contact: contact_of(role),
            device,
            label: Text::new("rig").expect("a short label"),
        };
        let home = self.folder_of(role);
        let made = Home::create(&home, new, Protection::Machine, FOUNDED, random);
        let request = made.expect("a fresh home").device_request(FOUNDED);
        self.network.admit_request(request.request.value());
        self.devices.push((role, device));
    }

    /// A desk's contact is asked in another's place, so long after nobody acknowledged, from the
    /// next roster on.
    pub(crate) fn deputise(&mut self, principal: Role, deputy: Role, after: Span) {
        let (principal, deputy) = (contact_of(principal), contact_of(deputy));
        self.network
            .deputise(principal.as_str(), deputy.as_str(), after);
    }

    /// Takes a desk's device out of the next roster.
    pub(crate) fn remove_device(&mut self, role: Role) {
        let device = self.device_of(role).expect("a desk has a device");
        self.network.remove(&device);
        self.someone_left = true;
    }

    /// Signs what changed, and puts it into everybody's folder; a running relay looks there.
    pub(crate) fn publish(&mut self) -> RosterDocuments {
        let documents = self.network.publish();
        for role in self.everybody() {
            let roster = self.folder_of(role).join("roster");
            fs::create_dir_all(&roster).expect("the folder of a roster can be made");
            put(&roster.join("network.part"), &encode(&documents));
        }
        documents
    }
}

/// Writes a file that survives a power cut, as whoever sets up a machine would.
fn put(path: &Path, bytes: &[u8]) {
    let fresh = path.with_extension("new");
    let written = File::create(&fresh).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        let mut folders = path.ancestors().skip(1).take(4);
        folders.try_for_each(|folder| File::open(folder)?.sync_all())
    });
    written.expect("a world's file can be written");
}

/// The contact of a desk.
pub(crate) fn contact_of(role: Role) -> ContactAddress {
    match role {
        Role::Sender(index) => address(&format!("{SENDERS}{index}")),
        Role::Recipient(index) => address(&recipient_address(index)),
        Role::Relay | Role::Store => unreachable!("{role} is no contact"),
    }
}

/// The address of a recipient.
pub(crate) fn recipient_address(index: u8) -> String {
    format!("{RECIPIENTS}{index}")
}

/// The recipient at an address.
pub(crate) fn recipient_index(contact: &ContactAddress) -> Option<u8> {
    contact.as_str().strip_prefix(RECIPIENTS)?.parse().ok()
}
