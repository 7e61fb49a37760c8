//! Many contacts at once.

use maille_common::address::{ContactAddress, DeviceId};
use maille_common::codec::{List, SortedList};
use maille_common::randomness::Randomness;
use maille_common::roster::{Contact, Device, DeviceKeys};

use super::{Network, address, empty_contact, public, text};

impl Network {
    /// Fills an organisation that has no contacts with so many, of one device each, in the next
    /// annex. Nobody keeps their private keys: they can be asked about, and do nothing.
    pub fn admit_crowd(
        &mut self,
        organisation: &str,
        count: usize,
    ) -> Vec<(ContactAddress, DeviceId)> {
        let (valid_from, random) = (self.keys_from, &mut self.random);
        let mut crowd = Vec::with_capacity(count);
        let mut contact = |number: usize| {
            let id = DeviceId::from_bytes(random.array());
            let keys = DeviceKeys {
                transport: public(random.array()),
                signing: public(random.array()),
                valid_from,
                valid_to: None,
            };
            let device = Device {
                id,
                label: text("test"),
                keys: List::new(vec![keys]).unwrap(),
            };
            let contact = address(&format!("{organisation}/desk-{number:04}"));
            crowd.push((contact.clone(), id));
            Contact {
                devices: SortedList::new(vec![device]).unwrap(),
                ..empty_contact(&contact)
            }
        };
        let contacts: Vec<Contact> = (0..count).map(&mut contact).collect();
        let mut annexes = self.annexes.iter_mut();
        let annex = annexes.find(|annex| annex.organisation.as_str() == organisation);
        annex.unwrap().contacts = SortedList::new(contacts).unwrap();
        crowd
    }
}
