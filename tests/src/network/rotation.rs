//! Keys that change: of the authority, of an organisation's annex, of relays and of devices.

use maille_client::authority::{RenewError, renew};
use maille_client::core::OfferedKeys;
use maille_common::address::{ContactAddress, DeviceId};
use maille_common::codec::{List, SortedList};
use maille_common::crypto::ed25519::SigningKey;
use maille_common::randomness::Randomness;
use maille_common::roster::{
    AuthorityKey, Device, DeviceKeys, DeviceRequest, Head, Organisation, RelayKeys, Roster,
    RosterDocuments, SignedRenewal, SignedRequest, Version,
};
use maille_common::time::{Span, Timestamp};

use super::{Network, TestDevice, public, text};

/// How long a part and an annex are good for.
const YEAR: Span = Span::from_days(365);

/// The seeds of a transport and a signing key.
pub type Seeds = ([u8; 32], [u8; 32]);

impl TestDevice {
    /// The keys that it offers.
    pub fn offered(&self) -> Option<OfferedKeys> {
        let ((transport, signing), made) = self.next?;
        Some(OfferedKeys {
            transport: public(transport),
            signing: public(signing),
            made,
        })
    }

    /// What its bundle says of them.
    pub fn renewal(&self) -> Option<SignedRenewal> {
        let ((transport, signing), made) = self.next?;
        let request = DeviceRequest {
            version: Version::ONE,
            network: text("test"),
            contact: self.contact.clone(),
            device: self.id,
            label: text("test"),
            transport: public(transport),
            signing: public(signing),
            created: made,
        };
        let keys = [signing, transport].map(SigningKey::from_seed);
        let request = SignedRequest::sign(request, &keys[0], &keys[1]).unwrap();
        let present = SigningKey::from_seed(self.signing);
        Some(SignedRenewal::sign(request, &present))
    }
}

impl Network {
    /// What is issued from now on is dated so, and good for a year.
    pub fn date(&mut self, now: Timestamp) {
        (self.part.issued, self.part.renew_by) = (now, now + YEAR);
        for annex in &mut self.annexes {
            (annex.issued, annex.renew_by) = (now, now + YEAR);
        }
    }

    /// One key holder of the authority makes another key, and the old set signs the part that
    /// names it. All documents so far.
    pub fn rotate_authority(&mut self, holder: usize) -> RosterDocuments {
        let _ = self.publish();
        self.pin_annexes();
        let (old, fresh) = (&self.authority[holder], self.random.array());
        let (old, fresh) = (old.verifying_key(), SigningKey::from_seed(fresh));
        let keys = self.part.keys.iter().map(|held| match held.key == old {
            true => AuthorityKey {
                key: fresh.verifying_key(),
                ..held.clone()
            },
            false => held.clone(),
        });
        self.part.keys = SortedList::new(keys.collect::<Vec<_>>()).unwrap();
        let documents = self.publish();
        self.authority[holder] = fresh;
        documents
    }

    /// An organisation gets another key for its annex, its only one. All documents so far.
    pub fn rotate_annex_key(&mut self, organisation: &str) -> RosterDocuments {
        let _ = self.publish();
        self.pin_annexes();
        let fresh = SigningKey::from_seed(self.random.array());
        self.change_organisation(organisation, |entry| {
            entry.annex_threshold = 1;
            entry.annex_keys = SortedList::new(vec![fresh.verifying_key()]).unwrap();
        });
        let documents = self.publish();
        self.annex_keys.insert(organisation.to_owned(), fresh);
        documents
    }

    /// A relay's next keys stand in the roster beside those it has. It uses them later.
    pub fn announce_relay_keys(&mut self, relay: &str) -> RosterDocuments {
        let next: Seeds = (self.random.array(), self.random.array());
        let held = self
            .relays
            .iter_mut()
            .find(|held| held.name.as_str() == relay);
        let held = held.unwrap();
        held.next = Some(next);
        let keys = [next, (held.transport, held.signing)].map(|(transport, signing)| RelayKeys {
            transport: public(transport),
            signing: public(signing),
        });
        let mut entries = self.part.relays.as_slice().to_vec();
        for entry in entries
            .iter_mut()
            .filter(|entry| entry.name.as_str() == relay)
        {
            entry.keys = List::new(keys.to_vec()).unwrap();
        }
        self.part.relays = SortedList::new(entries).unwrap();
        self.publish()
    }

    /// A relay uses the keys that were announced.
    pub fn switch_relay_keys(&mut self, relay: &str) {
        let held = self
            .relays
            .iter_mut()
            .find(|held| held.name.as_str() == relay);
        let held = held.unwrap();
        (held.transport, held.signing) = held.next.take().unwrap();
    }

    /// The organisations take up what their devices offer, as `maille authority renew` does. All
    /// documents so far.
    pub fn take_up(
        &mut self,
        roster: &Roster,
        renewals: &[SignedRenewal],
        overlap: Span,
        now: Timestamp,
    ) -> RosterDocuments {
        for annex in &mut self.annexes {
            let own = renewals.iter().filter(|renewal| {
                let contact = &renewal.request.request.contact;
                contact.organisation() == annex.organisation
            });
            let own: Vec<SignedRenewal> = own.cloned().collect();
            match renew(roster, &own, overlap, now) {
                Ok(renewed) => {
                    assert_eq!(renewed.unusable, []);
                    annex.contacts = renewed.annex.contacts;
                }
                Err(RenewError::Nothing { unusable }) => assert_eq!(unusable, []),
                Err(error) => panic!("{error}"),
            }
        }
        self.publish()
    }

    /// A device makes its next keys, and goes on with those it has.
    pub fn make_next_keys(&mut self, device: &DeviceId, seeds: Seeds, now: Timestamp) {
        let held = self.devices.iter_mut().find(|held| held.id == *device);
        held.unwrap().next = Some((seeds, now));
    }

    /// The keys of a device count until then. All documents so far.
    pub fn end_device(&mut self, device: &DeviceId, at: Timestamp) -> RosterDocuments {
        let contact = self.device(device).contact.clone();
        self.change_device(device, &contact, |device| {
            let keys = device.keys.iter().map(|keys| DeviceKeys {
                valid_to: Some(at),
                ..keys.clone()
            });
            device.keys = List::new(keys.collect::<Vec<_>>()).unwrap();
        });
        self.publish()
    }

    /// The next annex leaves out the keys of a device that stand behind others.
    pub fn forget_former_keys(&mut self, device: &DeviceId, contact: &ContactAddress) {
        self.change_device(device, contact, |device| {
            device.keys = List::new(device.keys[..1].to_vec()).unwrap();
        });
    }

    /// A device uses the keys that it offered.
    pub fn switch_device_keys(&mut self, device: &DeviceId) {
        let held = self.devices.iter_mut().find(|held| held.id == *device);
        let held = held.unwrap();
        ((held.transport, held.signing), _) = held.next.take().unwrap();
    }

    fn change_device(
        &mut self,
        device: &DeviceId,
        contact: &ContactAddress,
        change: impl FnOnce(&mut Device),
    ) {
        self.change_contact(contact, |contact| {
            let mut devices = contact.devices.as_slice().to_vec();
            change(devices.iter_mut().find(|held| held.id == *device).unwrap());
            devices.sort_unstable();
            contact.devices = SortedList::new(devices).unwrap();
        });
    }

    fn change_organisation(&mut self, name: &str, change: impl FnOnce(&mut Organisation)) {
        let mut entries = self.part.organisations.as_slice().to_vec();
        let named = |entry: &&mut Organisation| entry.name.as_str() == name;
        change(entries.iter_mut().find(named).unwrap());
        self.part.organisations = SortedList::new(entries).unwrap();
    }

    /// The next part vouches for every annex so far, which the keys that signed it do no longer
    /// once others take their place (PROTOCOL R7).
    fn pin_annexes(&mut self) {
        let mut entries = self.part.organisations.as_slice().to_vec();
        for entry in &mut entries {
            let issued = self.documents.annexes.iter();
            let issued = issued.filter(|signed| signed.annex.organisation == entry.name);
            let newest = issued.max_by_key(|signed| signed.annex.number);
            entry.pin = newest.map(|newest| Head {
                number: newest.annex.number,
                hash: newest.hash(),
            });
        }
        self.part.organisations = SortedList::new(entries).unwrap();
    }
}
