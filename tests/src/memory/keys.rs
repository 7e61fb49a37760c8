//! Keys that change while everybody goes on: what desks and relays do about their own.

use std::collections::BTreeMap;
use std::sync::Arc;

use maille_client::core::{PairWork, pair_work};
use maille_common::address::{ContactAddress, DeviceId};
use maille_common::crypto::ed25519::SigningKey;
use maille_common::randomness::Randomness;
use maille_common::roster::SignedRenewal;
use maille_common::sealing::{BundleOwner, SealingRing, SignedBundle};
use maille_common::wire::Answer;
use maille_relay::core::{NextKeys, PublicKeys};

use super::MemoryWorld;
use crate::network::public;

impl MemoryWorld {
    /// Every desk does about its keys what is due, as its keeper does: it makes and erases sealing
    /// keys, makes and offers its next two keys, and uses them once its roster has them.
    pub fn keep_keys(&mut self) {
        let devices: Vec<DeviceId> = self.desks.keys().copied().collect();
        for device in devices {
            self.keep_keys_of(&device);
        }
    }

    /// The same for one desk.
    pub fn keep_keys_of(&mut self, device: &DeviceId) {
        let now = self.now;
        let changed = self.tend_pair(device);
        let work = self.desk(device).key_work(now).unwrap();
        if !changed && !work.is_any() {
            return;
        }
        let mut ring = self.ring_of(device);
        if let Some(until) = work.erase_until {
            ring.erase_expired(until, until);
        }
        if changed || work.bundle_due {
            let bundle = self.next_bundle(device, &mut ring);
            self.desks.get_mut(device).unwrap().bundle = bundle;
        }
        self.desk(device).replace_ring(ring);
    }

    /// What the devices of all organisations offer in the bundles that relays hold: what `maille
    /// device renewals` finds at a desk of each.
    pub fn renewals(&mut self) -> Vec<SignedRenewal> {
        let mut newest: BTreeMap<DeviceId, SignedBundle> = BTreeMap::new();
        let relays: Vec<String> = self.relays.keys().cloned().collect();
        let held = self.network.devices.iter();
        let asking: Vec<(DeviceId, ContactAddress)> =
            held.map(|held| (held.id, held.contact.clone())).collect();
        for relay in relays {
            let core = self.relay(&relay);
            for (device, contact) in &asking {
                let contacts = core.roster().contacts();
                let own = contacts.map(|entry| entry.contact.address.clone());
                let own = own.filter(|own| own.organisation() == contact.organisation());
                let own: Vec<ContactAddress> = own.collect();
                let Answer::Bundles(bundles) = core.bundles(device, &own).unwrap().answer else {
                    continue;
                };
                for bundle in bundles.iter() {
                    let held = newest.entry(bundle.bundle.device).or_insert(bundle.clone());
                    if held.bundle.number < bundle.bundle.number {
                        *held = bundle.clone();
                    }
                }
            }
        }
        let bundles = newest.into_values();
        bundles
            .filter_map(|bundle| bundle.bundle.renewal())
            .collect()
    }

    /// A copy of a desk's sealing keys, as whoever copies its home has them.
    pub fn ring_of(&self, device: &DeviceId) -> SealingRing {
        SealingRing::from_bytes(&self.desks[device].desk.ring().to_bytes()).unwrap()
    }

    /// A relay looks at its next keys, as it does every minute and at each start: it uses them
    /// where it judges that they are due. Where they stood.
    pub fn keep_keys_of_relay(&mut self, relay: &str) -> NextKeys {
        let reading = self.reading();
        let held = self.network.relay(relay);
        let pair = |(transport, signing)| PublicKeys {
            transport: public(transport),
            signing: public(signing),
        };
        let present = pair((held.transport, held.signing));
        let next = held.next.map(pair);
        let core = self.relay(relay);
        core.look_at_clocks(reading);
        let stands = core.next_keys(&present, next).unwrap();
        if stands.is_due() {
            self.network.switch_relay_keys(relay);
            let signing = SigningKey::from_seed(self.network.relay(relay).signing);
            self.relay(relay).replace_signing(signing);
        }
        stands
    }

    fn next_bundle(&mut self, device: &DeviceId, ring: &mut SealingRing) -> SignedBundle {
        let held = self.network.device(device);
        let (key, renewal) = (SigningKey::from_seed(held.signing), held.renewal());
        let contact = held.contact.clone();
        let owner = BundleOwner {
            contact: &contact,
            device: *device,
            key: &key,
            renewal: renewal.as_ref(),
        };
        ring.next_bundle(owner, self.now, &mut self.random).unwrap()
    }

    /// Makes the next two keys of a desk, or takes them into use; whether anything was done.
    fn tend_pair(&mut self, device: &DeviceId) -> bool {
        let now = self.now;
        let held = self.network.device(device);
        let (in_use, offered) = (public(held.signing), held.offered());
        let roster = Arc::clone(self.desk(device).roster());
        match pair_work(&roster, device, &in_use, offered.as_ref(), now) {
            Some(PairWork::Make) => {
                let seeds = (self.random.array(), self.random.array());
                self.network.make_next_keys(device, seeds, now);
            }
            Some(PairWork::Take) => {
                self.network.switch_device_keys(device);
                let key = SigningKey::from_seed(self.network.device(device).signing);
                self.desk(device).sign_with(key);
            }
            None => return false,
        }
        true
    }
}
