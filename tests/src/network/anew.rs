//! A network that is founded anew, by other holders of keys: everybody in it is as before.

use maille_common::codec::SortedList;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::hash::Hash;
use maille_common::randomness::Randomness;
use maille_common::roster::RosterDocuments;

use super::Network;

impl Network {
    /// Founds it anew: no signature leads from what was signed before to what is signed from now
    /// on. Organisations, relays and devices stay, with their keys; suspensions do not.
    pub fn found_anew(&mut self) -> RosterDocuments {
        for key in &mut self.authority {
            *key = SigningKey::from_seed(self.random.array());
        }
        let held = self.part.keys.as_slice().iter().cloned();
        let held = held.zip(&self.authority).map(|(mut held, key)| {
            held.key = key.verifying_key();
            held
        });
        self.part.keys = SortedList::new(held.collect::<Vec<_>>()).unwrap();
        for annex in &mut self.annexes {
            (annex.number, annex.previous) = (0, Hash::ZERO);
        }
        self.documents = RosterDocuments::default();
        self.publish()
    }
}
