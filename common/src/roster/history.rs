//! What a roster remembers beyond the documents it holds.
//!
//! Hashes of rosters that were once in force, so that their hash in an envelope is known as an
//! ancestor; hashes of annexes that the pin passed, so that a second one for their place is seen;
//! signing keys and devices that left, and deputies that were dismissed, so that their receipts can
//! be judged.
//! None of it changes which documents are in force, so two rosters are equal whatever they
//! remember.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::ops::Bound;

use super::chains::{Chains, Growth, Hashed};
use super::{AnnexHead, Head, KeyTerm, RosterHeads, SignedAnnex};
use crate::address::{ContactAddress, DeviceId, Name};
use crate::codec::SortedList;
use crate::crypto::ed25519::VerifyingKey;
use crate::hash::Hash;
use crate::limits;
use crate::time::Timestamp;

/// The memory of one roster.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    states: Vec<State>,
    by_hash: HashMap<Hash, usize>,
    newest: Option<RosterHeads>,
    annexes: BTreeMap<Name, BTreeMap<u64, Vec<Hash>>>,
    keys: HashMap<DeviceId, Vec<(ContactAddress, KeyTerm)>>,
    /// Every key that a device had, of either kind.
    had: HashSet<VerifyingKey>,
    /// Principal and deputy: the last annex passed that named the one for the other.
    deputies: HashMap<(ContactAddress, ContactAddress), u64>,
    /// Device and the contact it acted for: the last annex passed that named the one for the other.
    devices: HashMap<(DeviceId, ContactAddress), u64>,
    /// When the annexes known of an organisation were issued.
    issued: BTreeMap<Name, BTreeMap<u64, Timestamp>>,
    /// Annexes whose keys and deputies are remembered.
    remembered: HashSet<Hash>,
    /// Hashes of others' rosters that were shown to be ancestors, and their order of coming.
    learned: HashSet<Hash>,
    learned_order: VecDeque<Hash>,
    /// Heads of others' rosters that were not ancestors when they came.
    foreign: VecDeque<RosterHeads>,
}

/// How the heads of one state differ from those of the state before.
#[derive(Debug, Clone)]
struct State {
    authority: Head,
    annexes: Vec<AnnexHead>,
    annexes_gone: Vec<Name>,
    suspended: Vec<Hash>,
    restored: Vec<Hash>,
}

impl History {
    /// Remembers what the chains hold now and what left them.
    pub(super) fn record(&mut self, chains: &Chains, growth: &Growth, heads: &RosterHeads) {
        for chain in chains.annexes.values() {
            chain.iter().for_each(|annex| self.record_annex(annex));
            for passed in &chain[..chain.len() - 1] {
                self.remember_acting(passed);
            }
        }
        for annex in &growth.past {
            self.record_annex(annex);
            self.remember_acting(annex);
        }
        self.record_state(heads);
    }

    /// The hashes known for one place of an organisation's chain: mostly none or one; more where
    /// an annex was withdrawn and replaced.
    pub(super) fn annex_hashes(&self, organisation: &Name, number: u64) -> &[Hash] {
        let places = self.annexes.get(organisation);
        places
            .and_then(|places| places.get(&number))
            .map_or(&[], Vec::as_slice)
    }

    /// Signing keys of a device in annexes that are no longer in force.
    pub(super) fn signing_keys(&self, device: &DeviceId) -> &[(ContactAddress, KeyTerm)] {
        self.keys.get(device).map_or(&[], Vec::as_slice)
    }

    /// Whether a device had this key in an annex that is no longer in force.
    pub(super) fn has_had(&self, key: &VerifyingKey) -> bool {
        self.had.contains(key)
    }

    /// When the annex was issued that named a deputy of a contact no more; none where no annex
    /// that did is known.
    pub(super) fn dismissed(
        &self,
        deputy: &ContactAddress,
        principal: &ContactAddress,
    ) -> Option<Timestamp> {
        let named = *self.deputies.get(&(principal.clone(), deputy.clone()))?;
        self.issued_after(principal, named)
    }

    /// When the annex was issued that named a device for a contact no more; none where no annex
    /// that did, or none that came after it, is known.
    pub(super) fn removed(&self, device: &DeviceId, contact: &ContactAddress) -> Option<Timestamp> {
        let named = *self.devices.get(&(*device, contact.clone()))?;
        self.issued_after(contact, named)
    }

    /// When the first annex known was issued that came after one of a contact's organisation.
    fn issued_after(&self, contact: &ContactAddress, number: u64) -> Option<Timestamp> {
        let issued = self.issued.get(&contact.organisation())?;
        let mut later = issued.range((Bound::Excluded(number), Bound::Unbounded));
        later.next().map(|(_, issued)| *issued)
    }

    /// Whether a roster with this hash was in force here, or was shown to be an ancestor.
    pub(super) fn is_ancestor(&self, hash: &Hash) -> bool {
        self.by_hash.contains_key(hash) || self.learned.contains(hash)
    }

    /// The heads of a state that was in force here.
    pub(super) fn heads_of(&self, hash: &Hash) -> Option<RosterHeads> {
        let last = *self.by_hash.get(hash)?;
        let mut annexes = BTreeMap::new();
        let mut suspensions = BTreeSet::new();
        for state in &self.states[..=last] {
            for gone in &state.annexes_gone {
                annexes.remove(gone);
            }
            for head in &state.annexes {
                annexes.insert(head.organisation.clone(), head.clone());
            }
            suspensions.extend(state.suspended.iter().copied());
            suspensions.retain(|hash| !state.restored.contains(hash));
        }
        Some(RosterHeads {
            authority: self.states[last].authority,
            annexes: SortedList::new(Vec::from_iter(annexes.into_values())).ok()?,
            suspensions: SortedList::new(Vec::from_iter(suspensions)).ok()?,
        })
    }

    /// Remembers the hash of another's roster as an ancestor. The oldest is forgotten first.
    pub(super) fn learn_ancestor(&mut self, hash: Hash) {
        if self.by_hash.contains_key(&hash) || !self.learned.insert(hash) {
            return;
        }
        self.learned_order.push_back(hash);
        if self.learned_order.len() > limits::ROSTER_LEARNED_MAX
            && let Some(oldest) = self.learned_order.pop_front()
        {
            self.learned.remove(&oldest);
        }
    }

    /// Keeps the heads of another's roster, to judge them again when this one has grown.
    pub(super) fn keep_foreign(&mut self, heads: &RosterHeads) {
        if self.foreign.contains(heads) {
            return;
        }
        self.foreign.push_back(heads.clone());
        if self.foreign.len() > limits::ROSTER_FOREIGN_MAX {
            self.foreign.pop_front();
        }
    }

    /// Takes the heads out that were kept.
    pub(super) fn take_foreign(&mut self) -> VecDeque<RosterHeads> {
        std::mem::take(&mut self.foreign)
    }

    /// Takes over hashes and keys from what a roster of another anchor held and remembered. Its
    /// devices have left, unless an annex of this anchor names them.
    pub(super) fn succeed(&mut self, chains: &Chains, before: &Self) {
        let mut hashes: Vec<(usize, Hash)> = Vec::new();
        hashes.extend(before.by_hash.iter().map(|(hash, at)| (*at, *hash)));
        hashes.sort_unstable();
        for (_, hash) in hashes {
            self.learn_ancestor(hash);
        }
        for hash in &before.learned_order {
            self.learn_ancestor(*hash);
        }
        for (device, terms) in &before.keys {
            for (contact, term) in terms {
                self.add_former(*device, contact, *term);
            }
        }
        for annex in chains.annexes.values().flat_map(|chain| chain.iter()) {
            for contact in &annex.document.annex.contacts {
                for device in &contact.devices {
                    for keys in &device.keys {
                        self.add_former(device.id, &contact.address, KeyTerm::former(keys));
                    }
                }
            }
        }
    }

    fn add_former(&mut self, device: DeviceId, contact: &ContactAddress, term: KeyTerm) {
        let known = self.keys.entry(device).or_default();
        if !known
            .iter()
            .any(|(of, known)| (of, known.key) == (contact, term.key))
        {
            known.push((contact.clone(), term));
        }
        // Before the first annex of this anchor.
        self.devices.entry((device, contact.clone())).or_insert(0);
    }

    fn record_annex(&mut self, annex: &Hashed<SignedAnnex>) {
        let places = self
            .annexes
            .entry(annex.document.annex.organisation.clone())
            .or_default();
        let mut note = |number, hash| {
            let hashes: &mut Vec<Hash> = places.entry(number).or_default();
            if !hashes.contains(&hash) {
                hashes.push(hash);
            }
        };
        note(annex.number(), annex.hash);
        let stated = &annex.document.annex;
        let issued = self.issued.entry(stated.organisation.clone()).or_default();
        issued.insert(annex.number(), stated.issued);
        if let Some(before) = annex.number().checked_sub(1).filter(|&number| number > 0) {
            note(before, annex.previous());
        }
    }

    fn remember_acting(&mut self, annex: &Hashed<SignedAnnex>) {
        if !self.remembered.insert(annex.hash) {
            return;
        }
        for contact in &annex.document.annex.contacts {
            for deputy in &contact.deputies {
                let pair = (contact.address.clone(), deputy.contact.clone());
                let last = self.deputies.entry(pair).or_default();
                *last = annex.number().max(*last);
            }
            for device in &contact.devices {
                let acted = (device.id, contact.address.clone());
                let last = self.devices.entry(acted).or_default();
                *last = annex.number().max(*last);
                let known = self.keys.entry(device.id).or_default();
                for keys in &device.keys {
                    self.had.extend([keys.transport, keys.signing]);
                    known.retain(|(_, term)| term.key != keys.signing);
                    known.push((contact.address.clone(), KeyTerm::former(keys)));
                }
            }
        }
    }

    fn record_state(&mut self, heads: &RosterHeads) {
        if self.newest.as_ref() == Some(heads) {
            return;
        }
        let none = RosterHeads::none();
        let before = self.newest.as_ref().unwrap_or(&none);
        let state = State {
            authority: heads.authority,
            annexes: changed(&before.annexes, &heads.annexes),
            annexes_gone: before
                .annexes
                .iter()
                .map(|head| head.organisation.clone())
                .filter(|organisation| heads.annex(organisation).is_none())
                .collect(),
            suspended: changed(&before.suspensions, &heads.suspensions),
            restored: changed(&heads.suspensions, &before.suspensions),
        };
        self.states.push(state);
        self.by_hash.insert(heads.hash(), self.states.len() - 1);
        self.newest = Some(heads.clone());
    }
}

/// The items of the second list that the first has not.
fn changed<T: Ord + Clone, const MAX: usize>(
    before: &SortedList<T, MAX>,
    after: &SortedList<T, MAX>,
) -> Vec<T> {
    after
        .iter()
        .filter(|item| !before.has(item))
        .cloned()
        .collect()
}
