//! One contact that writes, and devices of others that are written to.

use std::sync::Arc;

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::codec::{SortedList, encode};
use maille_common::content::Alert;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::crypto::hpke::{SealingPublicKey, SealingSecretKey};
use maille_common::envelope::{
    Addressee, Core, Delivery, Draft, OutgoingStream, Sealed, Signer, seal,
};
use maille_common::identifier::{AlertId, Epoch};
use maille_common::limits;
use maille_common::randomness::Randomness;
use maille_common::roster::Roster;
use maille_common::sealing::SealingKeyId;
use maille_common::terms::{AckRule, Kind, Release, Status, Urgency};
use maille_common::time::{BootTime, Reading, Span, Timestamp};
use maille_common::wire::Push;
use maille_durable::{MemoryStore, Store};
use maille_relay::core::{RelayBudget, RelayCore, RelayIdentity};

use crate::memory::Shelf;
use crate::network::{FOUNDED, Network, address};
use crate::randomness::Seeded;

/// Where everybody collects.
const RELAY: &str = "lyon";

/// What is written, as often as it takes.
const WORDS: &str = "Vehicle seen at the northern crossing; plates do not match the papers. ";

/// Bytes of an alert's text: a page.
const TEXT_BYTES: usize = 1536;

/// Who writes to whom.
#[derive(Debug)]
pub(super) struct Post {
    pub(super) roster: Arc<Roster>,
    pub(super) now: Timestamp,
    network: Network,
    contact: ContactAddress,
    device: DeviceId,
    signing: SigningKey,
    readers: Vec<Reader>,
    content: Vec<u8>,
}

/// A device that is written to.
#[derive(Debug)]
pub(super) struct Reader {
    contact: ContactAddress,
    pub(super) device: DeviceId,
    public: SealingPublicKey,
    pub(super) secret: SealingSecretKey,
}

impl Post {
    /// A writer, and so many devices that are written to, of as few contacts as may have them.
    pub(super) fn to(devices: usize) -> Self {
        let mut network = Network::found(606, &[("interpol", &[RELAY]), ("europol", &[RELAY])]);
        let mut random = Seeded::new(606);
        let contact = address("interpol/lyon");
        let device = network.admit(contact.as_str());
        let reader = |number: usize| {
            let contact = address(&format!("europol/d{:03}", number / limits::DEVICES_MAX));
            let secret = SealingSecretKey::from_seed(random.array());
            Reader {
                device: network.admit(contact.as_str()),
                contact,
                public: secret.public_key(),
                secret,
            }
        };
        let readers = (0..devices).map(reader).collect();
        let documents = network.publish();
        let words = WORDS.chars().cycle().take(TEXT_BYTES).collect::<String>();
        let alert = Alert::draft(("en", "A vehicle")).text(("en", words));
        Self {
            roster: Arc::new(Roster::found(network.anchor(), &documents).unwrap()),
            now: FOUNDED + Span::from_hours(1),
            signing: SigningKey::from_seed(network.device(&device).signing),
            network,
            contact,
            device,
            readers,
            content: encode(&alert.build().unwrap()),
        }
    }

    /// The first of those that are written to.
    pub(super) fn reader(&self) -> &Reader {
        &self.readers[0]
    }

    /// Seals an alert to all of them, the first one of each stream.
    pub(super) fn seal(&self, random: &mut Seeded) -> Sealed {
        let draft = Draft {
            core: self.core(),
            content: &self.content,
            blobs: Vec::new(),
            addressees: self.addressees(),
            epoch: Epoch(1),
            signers: vec![Signer {
                device: self.device,
                key: &self.signing,
            }],
        };
        seal(draft, random).unwrap()
    }

    /// The alert of [`Post::seal`] as it reaches the first of them, and the batch that its relay
    /// wrote into `store` is the newest one there.
    pub(super) fn delivery(&self, store: Arc<dyn Store>) -> (AlertId, Delivery) {
        let sealed = self.seal(&mut Seeded::new(1));
        let verified = sealed
            .submission
            .verify(&self.roster, &self.device, self.now);
        let verified = verified.unwrap();
        let mut relay = self.relay(store);
        let step = relay.submit(&self.device, &verified, &Shelf::default(), self.now);
        drop(step.unwrap());
        match relay.push(&self.reader().device, 1).unwrap() {
            Some(Push::Delivery { delivery, .. }) => (sealed.id, *delivery),
            other => panic!("the alert waits at its relay: {other:?}"),
        }
    }

    /// The same, where nobody asks what the relay wrote.
    pub(super) fn delivered(&self) -> Delivery {
        self.delivery(Arc::new(MemoryStore::new())).1
    }

    fn relay(&self, store: Arc<dyn Store>) -> RelayCore {
        let held = self.network.relay(RELAY);
        let identity = RelayIdentity {
            name: held.name.clone(),
            signing: SigningKey::from_seed(held.signing),
        };
        let reading = Reading {
            wall: self.now,
            boot: BootTime {
                id: [1; 16],
                since: Span::from_hours(1),
            },
        };
        let (budget, roster) = (RelayBudget::default(), Arc::clone(&self.roster));
        RelayCore::open(
            store,
            identity,
            budget,
            roster,
            reading,
            &mut Seeded::new(2),
        )
        .unwrap()
    }

    fn core(&self) -> Core {
        let mut recipients: Vec<ContactAddress> = self.contacts().cloned().collect();
        recipients.dedup();
        Core {
            version: Core::VERSION,
            kind: Kind::Alert,
            status: Status::Actual,
            sender: self.contact.clone(),
            device: self.device,
            roster: self.roster.hash(),
            created: self.now,
            ack_within: Span::from_minutes(30),
            expires_after: Span::from_hours(24),
            ack_rule: AckRule::Each,
            urgency: Urgency::Immediate,
            recipients: SortedList::new(recipients).unwrap(),
            reference: AlertId::NONE,
        }
    }

    fn contacts(&self) -> impl Iterator<Item = &ContactAddress> {
        self.readers.iter().map(|reader| &reader.contact)
    }

    fn addressees(&self) -> Vec<Addressee> {
        let addressee = |(number, reader): (usize, &Reader)| Addressee {
            device: reader.device,
            release: Release::Now,
            recipient: u16::try_from(number / limits::DEVICES_MAX).unwrap(),
            step: 0,
            key: SealingKeyId::of(&reader.public),
            public: reader.public.clone(),
            stream: Some(OutgoingStream::start(
                &self.device,
                Epoch(1),
                &reader.device,
            )),
        };
        self.readers.iter().enumerate().map(addressee).collect()
    }
}
