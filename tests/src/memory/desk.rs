//! A desk: opened, killed, rolled back, given an order.

use std::sync::Arc;

use maille_client::core::{Desk, DeskIdentity, ExtendError, Extended, Extension, Order, Sent};
use maille_common::address::DeviceId;
use maille_common::content::Alert;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::identifier::AlertId;
use maille_common::roster::Roster;
use maille_common::sealing::{Bundle, BundleOwner, SealingRing, SignedBundle};
use maille_common::terms::{AckRule, Kind, Status, Urgency};
use maille_common::time::Span;
use maille_durable::Store;

use super::MemoryWorld;
use super::disk::{MemoryDisk, Room};
use crate::network::address;

/// A desk with the bundle it publishes.
#[derive(Debug)]
pub struct MemoryDesk {
    /// The core.
    pub desk: Desk,
    pub(super) bundle: SignedBundle,
    pub(super) store: Arc<MemoryDisk>,
    pub(super) saved: Option<Arc<MemoryDisk>>,
}

impl MemoryWorld {
    /// Starts a desk over an empty store.
    pub fn start_desk(&mut self, device: &DeviceId, roster: Arc<Roster>) {
        let held = self.network.device(device);
        let identity = DeskIdentity {
            contact: held.contact.clone(),
            device: held.id,
            signing: SigningKey::from_seed(held.signing),
        };
        let mut ring = SealingRing::new();
        let owner = BundleOwner {
            contact: &identity.contact,
            device: held.id,
            key: &identity.signing,
            renewal: None,
        };
        let bundle = ring.next_bundle(owner, self.now, &mut self.random).unwrap();
        let store = Arc::new(MemoryDisk::default());
        self.open_desk(device, roster, (ring, bundle), store);
    }

    fn open_desk(
        &mut self,
        device: &DeviceId,
        roster: Arc<Roster>,
        (ring, bundle): (SealingRing, SignedBundle),
        store: Arc<MemoryDisk>,
    ) {
        let held = self.network.device(device);
        let identity = DeskIdentity {
            contact: held.contact.clone(),
            device: held.id,
            signing: SigningKey::from_seed(held.signing),
        };
        let desk = Desk::open(
            Arc::clone(&store) as Arc<dyn Store>,
            identity,
            roster,
            ring,
            self.reading(),
        )
        .unwrap();
        let saved = self.desks.remove(device).and_then(|desk| desk.saved);
        self.desks.insert(
            *device,
            MemoryDesk {
                desk,
                bundle,
                store,
                saved,
            },
        );
    }

    /// A desk's process is killed and started again over the same store.
    pub fn kill_desk(&mut self, device: &DeviceId) {
        let store = Arc::clone(&self.desks[device].store);
        self.reopen_desk(device, store);
    }

    /// The machine of a desk goes off, perhaps for ever: nobody meets it, and it looks at no clock.
    pub fn switch_off(&mut self, device: &DeviceId) {
        let desk = self.desks.remove(device).unwrap();
        self.off.insert(*device, desk);
    }

    /// The machine of a desk is there again.
    pub fn switch_on(&mut self, device: &DeviceId) {
        let desk = self.off.remove(device).unwrap();
        self.desks.insert(*device, desk);
        self.kill_desk(device);
    }

    /// A desk is closed, gets another roster as a file, and is opened.
    pub fn reopen_with_roster(&mut self, device: &DeviceId, roster: Arc<Roster>) {
        let held = &self.desks[device];
        let ring = SealingRing::from_bytes(&held.desk.ring().to_bytes()).unwrap();
        let keys = (ring, held.bundle.clone());
        let store = Arc::clone(&held.store);
        self.open_desk(device, roster, keys, store);
    }

    fn reopen_desk(&mut self, device: &DeviceId, store: Arc<MemoryDisk>) {
        let held = &self.desks[device];
        let ring = SealingRing::from_bytes(&held.desk.ring().to_bytes()).unwrap();
        let keys = (ring, held.bundle.clone());
        let roster = Arc::clone(held.desk.roster());
        self.open_desk(device, roster, keys, store);
    }

    /// Makes a copy of a desk's store. Its sealing keys are elsewhere.
    pub fn save_desk(&mut self, device: &DeviceId) {
        let held = self.desks.get_mut(device).unwrap();
        held.saved = Some(Arc::new(held.store.copy()));
    }

    /// Puts the copy in place of the store.
    pub fn restore_desk(&mut self, device: &DeviceId) {
        let saved = self.desks[device].saved.clone().unwrap();
        self.reopen_desk(device, saved);
    }

    /// A desk loses its store, and keeps its keys.
    pub fn lose_desk(&mut self, device: &DeviceId) {
        self.reopen_desk(device, Arc::default());
    }

    /// A desk loses its sealing keys, and makes others; its store stays.
    pub fn lose_sealing_keys(&mut self, device: &DeviceId) {
        let held = &self.desks[device];
        let (store, lost) = (Arc::clone(&held.store), held.bundle.bundle.value().number);
        let roster = Arc::clone(held.desk.roster());
        let (contact, signing) = {
            let identity = held.desk.identity();
            (identity.contact.clone(), identity.signing.verifying_key())
        };
        let key = SigningKey::from_seed(self.network.device(device).signing);
        assert_eq!(key.verifying_key(), signing);
        let owner = BundleOwner {
            contact: &contact,
            device: *device,
            key: &key,
            renewal: None,
        };
        let mut ring = SealingRing::new();
        let bundle = loop {
            let bundle = ring.next_bundle(owner, self.now, &mut self.random).unwrap();
            if bundle.bundle.value().number > lost {
                break bundle;
            }
        };
        self.open_desk(device, roster, (ring, bundle), store);
    }

    /// The disk of a desk has so much room from now on.
    pub fn desk_room(&mut self, device: &DeviceId, room: Room) {
        self.desks[device].store.set_room(room);
    }

    /// How many records a desk has read in its life.
    pub fn desk_reads(&self, device: &DeviceId) -> u64 {
        self.desks[device].store.reads()
    }

    /// The sealing keys that a desk publishes.
    pub fn bundle(&self, device: &DeviceId) -> &Bundle {
        &self.desks[device].bundle.bundle
    }

    /// A desk.
    pub fn desk(&mut self, device: &DeviceId) -> &mut Desk {
        &mut self.desks.get_mut(device).unwrap().desk
    }

    /// Sends an alert, and answers with its id.
    pub fn send(&mut self, from: &DeviceId, to: &[&str], subject: &str) -> AlertId {
        let order = order(to, subject);
        self.order(from, &order).id
    }

    /// Sends an order.
    pub fn order(&mut self, from: &DeviceId, order: &Order) -> Sent {
        let (now, random) = (self.now, &mut self.random);
        let desk = &mut self.desks.get_mut(from).unwrap().desk;
        desk.send(order, now, random).unwrap()
    }
}

impl MemoryWorld {
    /// Says something about an alert of the same contact, to everybody who holds it.
    pub fn amend(&mut self, from: &DeviceId, kind: Kind, alert: AlertId, subject: &str) -> AlertId {
        let amendment = Order {
            kind,
            refers_to: Some(alert),
            ..order(&[], subject)
        };
        self.order(from, &amendment).id
    }

    /// Extends an alert of this contact.
    pub fn extend(
        &mut self,
        from: &DeviceId,
        alert: &AlertId,
        extension: &Extension,
    ) -> Result<Extended, ExtendError> {
        let (now, random) = (self.now, &mut self.random);
        let desk = &mut self.desks.get_mut(from).unwrap().desk;
        desk.extend(alert, extension, now, random)
    }
}

/// An order with the usual deadlines.
pub fn order(to: &[&str], subject: &str) -> Order {
    let content = Alert::draft(subject).text(subject).build().unwrap();
    Order {
        kind: Kind::Alert,
        status: Status::Actual,
        urgency: Urgency::Immediate,
        recipients: to.iter().map(|to| address(to)).collect(),
        content,
        blobs: Vec::new(),
        ack_within: Span::from_minutes(30),
        expires_after: Span::from_hours(24),
        ack_rule: AckRule::Each,
        refers_to: None,
        reference: None,
    }
}
