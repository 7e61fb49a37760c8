//! A network's keys and documents, and the ceremonies on them.

use std::collections::BTreeMap;

use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::codec::{Exact, List, SortedList, Text};
use maille_common::crypto::ed25519::{SigningKey, VerifyingKey};
use maille_common::extension::Extensions;
use maille_common::hash::Hash;
use maille_common::local_text::LocalText;
use maille_common::randomness::Randomness;
use maille_common::roster::{
    Anchor, Annex, AuthorityKey, AuthorityPart, Contact, Deputy, Device, DeviceKeys, DeviceRequest,
    Organisation, Relay, RelayKeys, RosterDocuments, Rule, SignedAnnex, SignedAuthority,
    SignedSuspension, Subject, Suspension, UrgencyDefault, Version, sign_annex, sign_authority,
};
use maille_common::terms::{Reach, Standing, Urgency};
use maille_common::time::{Span, Timestamp};

use crate::randomness::Seeded;

mod anew;
mod crowd;
mod rotation;

pub use rotation::Seeds;

/// When every test network was founded: 2024-01-01T00:00:00Z, before any clock that runs a test.
pub const FOUNDED: Timestamp = Timestamp::from_unix_ms(1_704_067_200_000);

/// A device with its private keys.
#[derive(Debug)]
pub struct TestDevice {
    /// The contact it acts for.
    pub contact: ContactAddress,
    /// Its id.
    pub id: DeviceId,
    /// The seed of its transport key.
    pub transport: [u8; 32],
    /// The seed of its signing key.
    pub signing: [u8; 32],
    /// Those of the keys that it offers, and that it does not use yet, and when it made them.
    pub next: Option<(Seeds, Timestamp)>,
}

/// A relay with its private keys.
#[derive(Debug)]
pub struct TestRelay {
    /// Its name.
    pub name: Name,
    /// The seed of its transport key.
    pub transport: [u8; 32],
    /// The seed of its signing key.
    pub signing: [u8; 32],
    /// Those of the keys that were announced, and that it does not use yet.
    pub next: Option<Seeds>,
}

/// A network whose authority is 2 of 3, and all of whose keys are in one hand: for tests only.
#[derive(Debug)]
pub struct Network {
    random: Seeded,
    authority: Vec<SigningKey>,
    part: AuthorityPart,
    annexes: Vec<Annex>,
    /// From when the keys of devices that are admitted are valid.
    keys_from: Timestamp,
    /// By organisation, where it signs its annex itself.
    annex_keys: BTreeMap<String, SigningKey>,
    documents: RosterDocuments,
    /// Its devices.
    pub devices: Vec<TestDevice>,
    /// Its relays.
    pub relays: Vec<TestRelay>,
}

fn name(text: &str) -> Name {
    text.parse()
        .unwrap_or_else(|_| panic!("{text:?} is no name"))
}

/// The address of a contact, for tests.
pub fn address(text: &str) -> ContactAddress {
    text.parse()
        .unwrap_or_else(|_| panic!("{text:?} is no address"))
}

fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::new(text).unwrap_or_else(|_| panic!("{text:?} is too long"))
}

impl Network {
    /// Founds a network with these organisations as members, each with its home relays.
    ///
    /// Every relay named gets keys; its addresses are added by [`Network::locate`].
    pub fn found(seed: u64, organisations: &[(&str, &[&str])]) -> Self {
        let mut random = Seeded::new(seed);
        let authority: Vec<SigningKey> = (0..3)
            .map(|_| SigningKey::from_seed(random.array()))
            .collect();
        let holders = ["north", "south", "west"];
        let keys = authority
            .iter()
            .zip(holders)
            .map(|(key, organisation)| AuthorityKey {
                key: key.verifying_key(),
                organisation: name(organisation),
                holder: text(organisation),
            });
        let part = AuthorityPart {
            version: Version::ONE,
            network: text("test"),
            reach: Reach::Loopback,
            number: 1,
            previous: Hash::ZERO,
            issued: FOUNDED,
            renew_by: FOUNDED + Span::from_days(365),
            threshold: 2,
            keys: SortedList::new(keys.collect::<Vec<_>>()).unwrap(),
            organisations: SortedList::empty(),
            relays: SortedList::empty(),
            lists: SortedList::empty(),
            defaults: List::new(Urgency::ALL.iter().map(defaults).collect::<Vec<_>>()).unwrap(),
            rules: List::new(vec![rule("**", "**")]).unwrap(),
            lifted: SortedList::empty(),
            extensions: Extensions::empty(),
        };
        let documents = RosterDocuments::default();
        let (devices, relays, annexes) = (Vec::new(), Vec::new(), Vec::new());
        let mut network = Self {
            random,
            authority,
            part,
            annexes,
            keys_from: FOUNDED,
            annex_keys: BTreeMap::new(),
            documents,
            devices,
            relays,
        };
        for holder in holders {
            network.enter(holder, &[]);
        }
        for (organisation, homes) in organisations {
            network.enter(organisation, homes);
        }
        network
    }

    fn enter(&mut self, organisation: &str, homes: &[&str]) {
        for home in homes {
            if !self.relays.iter().any(|relay| relay.name.as_str() == *home) {
                self.add_relay(home, organisation);
            }
        }
        let entry = Organisation {
            name: name(organisation),
            standing: Standing::Member,
            names: SortedList::empty(),
            home_relays: List::new(homes.iter().map(|home| name(home)).collect::<Vec<_>>())
                .unwrap(),
            annex_threshold: 0,
            annex_keys: SortedList::empty(),
            pin: None,
        };
        let mut entries = self.part.organisations.as_slice().to_vec();
        entries.push(entry);
        self.part.organisations = SortedList::new(entries).unwrap();
        self.annexes.push(Annex {
            version: Version::ONE,
            network: text("test"),
            organisation: name(organisation),
            number: 0,
            previous: Hash::ZERO,
            issued: FOUNDED,
            renew_by: FOUNDED + Span::from_days(365),
            officer_names: true,
            contacts: SortedList::empty(),
            lifted: SortedList::empty(),
            extensions: Extensions::empty(),
        });
    }

    fn add_relay(&mut self, relay: &str, organisation: &str) {
        let (transport, signing) = (self.random.array(), self.random.array());
        let keys = RelayKeys {
            transport: public(transport),
            signing: public(signing),
        };
        let entry = Relay {
            name: name(relay),
            organisation: name(organisation),
            addresses: List::new(vec![text("127.0.0.1:9")]).unwrap(),
            keys: List::new(vec![keys]).unwrap(),
        };
        let mut entries = self.part.relays.as_slice().to_vec();
        entries.push(entry);
        self.part.relays = SortedList::new(entries).unwrap();
        self.relays.push(TestRelay {
            name: name(relay),
            transport,
            signing,
            next: None,
        });
    }

    /// Puts a relay's address into the next authority part.
    pub fn locate(&mut self, relay: &str, at: &str) {
        let mut entries = self.part.relays.as_slice().to_vec();
        for entry in entries
            .iter_mut()
            .filter(|entry| entry.name.as_str() == relay)
        {
            entry.addresses = List::new(vec![text(at)]).unwrap();
        }
        self.part.relays = SortedList::new(entries).unwrap();
    }

    /// Makes an organisation an observer in the next authority part.
    pub fn observe(&mut self, organisation: &str) {
        let mut entries = self.part.organisations.as_slice().to_vec();
        for entry in entries
            .iter_mut()
            .filter(|entry| entry.name.as_str() == organisation)
        {
            entry.standing = Standing::Observer;
        }
        self.part.organisations = SortedList::new(entries).unwrap();
    }

    /// Leaves an organisation out of the next authority part; what it was.
    pub fn leave_out(&mut self, organisation: &str) -> Organisation {
        let all = self.part.organisations.iter().cloned();
        let (out, kept): (Vec<_>, Vec<_>) =
            all.partition(|entry| entry.name.as_str() == organisation);
        self.part.organisations = SortedList::new(kept).unwrap();
        out.into_iter().next().unwrap()
    }

    /// Replaces the rules in the next authority part.
    pub fn rules(&mut self, rules: &[(&str, &str)]) {
        let rules = rules
            .iter()
            .map(|(from, to)| rule(from, to))
            .collect::<Vec<_>>();
        self.part.rules = List::new(rules).unwrap();
    }

    /// Gives a relay keys that were made elsewhere, in the next authority part.
    pub fn key_relay(&mut self, relay: &str, transport: VerifyingKey, signing: VerifyingKey) {
        let mut entries = self.part.relays.as_slice().to_vec();
        for entry in entries
            .iter_mut()
            .filter(|entry| entry.name.as_str() == relay)
        {
            entry.keys = List::new(vec![RelayKeys { transport, signing }]).unwrap();
        }
        self.part.relays = SortedList::new(entries).unwrap();
    }

    /// The keys of devices that are admitted from now on are valid from then.
    pub fn key_devices_from(&mut self, from: Timestamp) {
        self.keys_from = from;
    }

    /// Admits a device whose keys were made where they live, in the next annex.
    pub fn admit_request(&mut self, request: &DeviceRequest) {
        self.admit_device(
            &request.contact,
            request.device,
            request.transport,
            request.signing,
        );
    }

    /// Admits a device for a contact, which is made if there is none, in the next annex.
    pub fn admit(&mut self, contact: &str) -> DeviceId {
        let contact = address(contact);
        let id = DeviceId::from_bytes(self.random.array());
        let (transport, signing) = (self.random.array(), self.random.array());
        self.admit_device(&contact, id, public(transport), public(signing));
        self.devices.push(TestDevice {
            contact,
            id,
            transport,
            signing,
            next: None,
        });
        id
    }

    fn admit_device(
        &mut self,
        contact: &ContactAddress,
        id: DeviceId,
        transport: VerifyingKey,
        signing: VerifyingKey,
    ) {
        let keys = DeviceKeys {
            transport,
            signing,
            valid_from: self.keys_from,
            valid_to: None,
        };
        let device = Device {
            id,
            label: text("test"),
            keys: List::new(vec![keys]).unwrap(),
        };
        self.change_contact(contact, |contact| {
            let mut devices = contact.devices.as_slice().to_vec();
            devices.push(device);
            contact.devices = SortedList::new(devices).unwrap();
        });
    }

    /// Gives a device to another contact in the next annex, with its keys.
    pub fn move_device(&mut self, device: &DeviceId, to: &str) {
        self.remove(device);
        let to = address(to);
        let moved = self.devices.iter_mut().find(|known| known.id == *device);
        let moved = moved.unwrap();
        moved.contact = to.clone();
        let (transport, signing) = (public(moved.transport), public(moved.signing));
        self.admit_device(&to, *device, transport, signing);
    }

    /// Takes a device out of the next annex.
    pub fn remove(&mut self, device: &DeviceId) {
        let contacts = self.annexes.iter().flat_map(|annex| annex.contacts.iter());
        let holds = |contact: &&Contact| contact.devices.iter().any(|held| held.id == *device);
        let contact = contacts.into_iter().find(holds).unwrap().address.clone();
        self.change_contact(&contact, |contact| {
            let devices = contact.devices.iter().filter(|held| held.id != *device);
            contact.devices = SortedList::new(devices.cloned().collect::<Vec<_>>()).unwrap();
        });
    }

    /// Takes a contact out of the next annex; what it was.
    pub fn dissolve(&mut self, contact: &str) -> Contact {
        let contact = address(contact);
        let mut dissolved = None;
        for annex in &mut self.annexes {
            let all = annex.contacts.iter().cloned();
            let (out, kept): (Vec<_>, Vec<_>) = all.partition(|held| held.address == contact);
            dissolved = dissolved.or(out.into_iter().next());
            annex.contacts = SortedList::new(kept).unwrap();
        }
        dissolved.unwrap()
    }

    /// Makes a contact again as it was, in the next annex.
    pub fn restore(&mut self, contact: &Contact) {
        self.change_contact(&contact.address, |made| *made = contact.clone());
    }

    /// Lifts every suspension in the next authority part.
    pub fn lift_suspensions(&mut self) {
        let hashes = self
            .documents
            .suspensions
            .iter()
            .map(|signed| signed.hash());
        self.part.lifted = SortedList::new(hashes.collect::<Vec<_>>()).unwrap();
    }

    /// Lets a contact's designation end, in the next annex.
    pub fn end_designation(&mut self, contact: &str, at: Option<Timestamp>) {
        self.change_contact(&address(contact), |contact| contact.valid_to = at);
    }

    /// Gives an organisation other home relays in the next authority part.
    pub fn move_homes(&mut self, organisation: &str, homes: &[&str]) {
        let mut entries = self.part.organisations.as_slice().to_vec();
        for entry in entries
            .iter_mut()
            .filter(|entry| entry.name.as_str() == organisation)
        {
            let homes: Vec<Name> = homes.iter().map(|home| home.parse().unwrap()).collect();
            entry.home_relays = List::new(homes).unwrap();
        }
        self.part.organisations = SortedList::new(entries).unwrap();
    }

    /// Asks for two persons by every rule, or by none, in the next authority part.
    pub fn ask_for_two_persons(&mut self, asked: bool) {
        let mut rules = self.part.rules.as_slice().to_vec();
        for rule in &mut rules {
            let urgencies = if asked { Urgency::ALL } else { &[] };
            rule.two_persons = SortedList::new(urgencies.to_vec()).unwrap();
        }
        self.part.rules = List::new(rules).unwrap();
    }

    /// Suspends a contact by one authority key, and returns all documents so far.
    pub fn suspend_contact(&mut self, contact: &str) -> RosterDocuments {
        self.suspend_subject(Subject::Contact(address(contact)))
    }

    /// Gives a contact a deputy in the next annex.
    pub fn deputise(&mut self, contact: &str, deputy: &str, after: Span) {
        self.change_contact(&address(contact), |contact| {
            let mut deputies = contact.deputies.as_slice().to_vec();
            deputies.push(Deputy {
                contact: address(deputy),
                after,
            });
            contact.deputies = List::new(deputies).unwrap();
        });
    }

    /// Lets a program's acknowledgement count as a person's for a contact, in the next annex.
    pub fn let_programs_acknowledge(&mut self, contact: &str) {
        self.change_contact(&address(contact), |contact| {
            contact.system_acknowledges = true;
        });
    }

    /// Takes all deputies of a contact away in the next annex.
    pub fn dismiss_deputies(&mut self, contact: &str) {
        self.change_contact(&address(contact), |contact| {
            contact.deputies = List::empty();
        });
    }

    fn change_contact(&mut self, contact: &ContactAddress, change: impl FnOnce(&mut Contact)) {
        let organisation = contact.organisation();
        let annex = self
            .annexes
            .iter_mut()
            .find(|annex| annex.organisation == organisation);
        let annex = annex.unwrap_or_else(|| panic!("{organisation} is not in the network"));
        let mut contacts = annex.contacts.as_slice().to_vec();
        let at = contacts
            .iter()
            .position(|held| held.address == *contact)
            .unwrap_or_else(|| {
                contacts.push(empty_contact(contact));
                contacts.len() - 1
            });
        change(&mut contacts[at]);
        annex.contacts = SortedList::new(contacts).unwrap();
    }

    /// Signs and issues what has changed, and returns all documents so far.
    pub fn publish(&mut self) -> RosterDocuments {
        let mut authority = self.documents.authority.as_slice().to_vec();
        let last = authority
            .last()
            .map(|signed: &SignedAuthority| signed.hash());
        let changed = authority.last().is_none_or(|signed| {
            let known: &AuthorityPart = &signed.part;
            let next = AuthorityPart {
                number: known.number,
                previous: known.previous,
                ..self.part.clone()
            };
            next != *known
        });
        if changed {
            self.part.number = u64::try_from(authority.len()).unwrap() + 1;
            self.part.previous = last.unwrap_or(Hash::ZERO);
            let part = Exact::of(self.part.clone()).unwrap();
            let signatures = self.authority[..2]
                .iter()
                .map(|key| sign_authority(key, part.bytes()));
            let signatures = SortedList::new(signatures.collect::<Vec<_>>()).unwrap();
            authority.push(SignedAuthority { part, signatures });
        }
        let mut annexes = self.documents.annexes.as_slice().to_vec();
        let part = &self.part;
        let is_in = |annex: &&mut Annex| part.organisation(&annex.organisation).is_some();
        for annex in self.annexes.iter_mut().filter(is_in) {
            let issued = annexes
                .iter()
                .filter(|signed: &&SignedAnnex| signed.annex.organisation == annex.organisation);
            let known = issued.max_by_key(|signed| signed.annex.number);
            let is_same = |known: &SignedAnnex| {
                (&known.annex.contacts, known.annex.renew_by) == (&annex.contacts, annex.renew_by)
            };
            let same = known.is_some_and(is_same) || (known.is_none() && annex.contacts.is_empty());
            if same {
                continue;
            }
            annex.number = known.map_or(0, |known| known.annex.number) + 1;
            annex.previous = known.map_or(Hash::ZERO, SignedAnnex::hash);
            let exact = Exact::of(annex.clone()).unwrap();
            let own = self.annex_keys.get(annex.organisation.as_str());
            let keys = own.map_or(&self.authority[..2], std::slice::from_ref);
            let signatures = keys.iter().map(|key| sign_annex(key, exact.bytes()));
            let signatures = SortedList::new(signatures.collect::<Vec<_>>()).unwrap();
            annexes.push(SignedAnnex {
                annex: exact,
                signatures,
            });
        }
        self.documents.authority = List::new(authority).unwrap();
        self.documents.annexes = List::new(annexes).unwrap();
        self.documents.clone()
    }

    /// Suspends a device by one authority key, and returns all documents so far.
    pub fn suspend(&mut self, device: &DeviceId) -> RosterDocuments {
        let contact = self.devices.iter().find(|held| held.id == *device).unwrap();
        let subject = Subject::Device(contact.contact.clone(), *device);
        self.suspend_subject(subject)
    }

    fn suspend_subject(&mut self, subject: Subject) -> RosterDocuments {
        let suspension = Suspension {
            version: Version::ONE,
            network: text("test"),
            subject,
            issued: FOUNDED,
            reason: text("lost"),
            key: self.authority[2].verifying_key(),
        };
        let signed = SignedSuspension::sign(&self.authority[2], suspension).unwrap();
        let mut suspensions = self.documents.suspensions.as_slice().to_vec();
        suspensions.push(signed);
        self.documents.suspensions = List::new(suspensions).unwrap();
        self.documents.clone()
    }

    /// Where trust in the network begins.
    pub fn anchor(&self) -> Anchor {
        let keys = self
            .authority
            .iter()
            .map(SigningKey::verifying_key)
            .collect::<Vec<_>>();
        Anchor {
            version: Version::ONE,
            network: text("test"),
            threshold: 2,
            keys: SortedList::new(keys).unwrap(),
        }
    }

    /// A device by its id.
    pub fn device(&self, id: &DeviceId) -> &TestDevice {
        self.devices.iter().find(|held| held.id == *id).unwrap()
    }

    /// A relay by its name.
    pub fn relay(&self, relay: &str) -> &TestRelay {
        self.relays
            .iter()
            .find(|held| held.name.as_str() == relay)
            .unwrap()
    }
}

/// The public half of a seed.
pub fn public(seed: [u8; 32]) -> VerifyingKey {
    SigningKey::from_seed(seed).verifying_key()
}

fn rule(from: &str, to: &str) -> Rule {
    Rule {
        from: text(from),
        to: text(to),
        two_persons: SortedList::empty(),
    }
}

fn defaults(urgency: &Urgency) -> UrgencyDefault {
    UrgencyDefault {
        urgency: *urgency,
        ack_within: Span::from_minutes(30),
        expires_after: Span::from_hours(24),
    }
}

fn empty_contact(contact: &ContactAddress) -> Contact {
    let english = LocalText {
        language: text("en"),
        text: text(contact.as_str()),
    };
    Contact {
        address: contact.clone(),
        names: SortedList::new(vec![english]).unwrap(),
        role: text("24/7 point of contact"),
        languages: List::new(vec![text("en")]).unwrap(),
        time_zone: text("Europe/Paris"),
        hours: List::empty(),
        telephones: List::new(vec![text("+33 4 00 00 00 00")]).unwrap(),
        deputies: List::empty(),
        system_acknowledges: false,
        valid_from: FOUNDED,
        valid_to: None,
        devices: SortedList::empty(),
    }
}
