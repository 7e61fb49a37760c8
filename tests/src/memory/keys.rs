//! Keys that change while everybody goes on: what a desk does about its own by itself, and a relay
//! that begins to use those that were announced.

use maille_common::address::DeviceId;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::sealing::{BundleOwner, SealingRing, SignedBundle};

use super::MemoryWorld;

impl MemoryWorld {
    /// Every desk does about its keys what is due, as its keeper does: it makes and erases sealing
    /// keys, and signs with the keys that its roster has for it by now.
    pub fn keep_keys(&mut self) {
        let devices: Vec<DeviceId> = self.desks.keys().copied().collect();
        for device in devices {
            self.keep_keys_of(&device);
        }
    }

    /// The same for one desk.
    pub fn keep_keys_of(&mut self, device: &DeviceId) {
        let now = self.now;
        let switched = self.use_next_keys(device);
        let work = self.desk(device).key_work(now).unwrap();
        if !switched && !work.is_any() {
            return;
        }
        let mut ring = self.ring_of(device);
        if let Some(until) = work.erase_until {
            ring.erase_expired(until, until);
        }
        if switched || work.bundle_due {
            let bundle = self.next_bundle(device, &mut ring);
            self.desks.get_mut(device).unwrap().bundle = bundle;
        }
        self.desk(device).replace_ring(ring);
    }

    /// A copy of a desk's sealing keys, as whoever copies its home has them.
    pub fn ring_of(&self, device: &DeviceId) -> SealingRing {
        SealingRing::from_bytes(&self.desks[device].desk.ring().to_bytes()).unwrap()
    }

    /// A relay uses the keys that were announced, from its next start on.
    pub fn switch_relay_keys(&mut self, relay: &str) {
        self.network.switch_relay_keys(relay);
        self.kill_relay(relay);
    }

    fn next_bundle(&mut self, device: &DeviceId, ring: &mut SealingRing) -> SignedBundle {
        let key = SigningKey::from_seed(self.network.device(device).signing);
        let contact = self.network.device(device).contact.clone();
        let owner = BundleOwner {
            contact: &contact,
            device: *device,
            key: &key,
        };
        ring.next_bundle(owner, self.now, &mut self.random).unwrap()
    }

    /// Whether the desk's roster has the next keys of its device, which it uses from now on.
    fn use_next_keys(&mut self, device: &DeviceId) -> bool {
        let Some((_, signing)) = self.network.device(device).next else {
            return false;
        };
        let key = SigningKey::from_seed(signing);
        let keys = self.desk(device).roster().signing_keys_now(device);
        if !keys.contains(&key.verifying_key()) {
            return false;
        }
        self.network.switch_device_keys(device);
        self.desk(device).sign_with(key);
        true
    }
}
