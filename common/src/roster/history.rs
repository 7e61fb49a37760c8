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
use super::{AnnexHead, AuthorityPart, Head, KeyTerm, RosterHeads, SignedAnnex};
use crate::address::{ContactAddress, DeviceId, Name};
use crate::codec::SortedList;
use crate::crypto::ed25519::VerifyingKey;
use crate::hash::Hash;
use crate::limits;
use crate::time::Timestamp;

/// The number of every annex of an earlier anchor: before the first one of this anchor.
const BEFORE_THIS_ANCHOR: u64 = 0;

/// The memory of one roster.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    states: Vec<State>,
    by_hash: HashMap<Hash, usize>,
    newest: Option<RosterHeads>,
    annexes: BTreeMap<Name, BTreeMap<u64, Vec<Hash>>>,
    keys: HashMap<DeviceId, Vec<Former>>,
    /// Every key that a device had, of either kind, and every key of an earlier anchor's documents.
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

/// A signing key in annexes that are no longer in force.
#[derive(Debug, Clone)]
struct Former {
    contact: ContactAddress,
    /// As the last annex passed has it that names it for the contact.
    term: KeyTerm,
    last: u64,
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

    /// Whether nothing was recorded yet: a roster is being founded.
    pub(super) fn is_empty(&self) -> bool {
        self.newest.is_none()
    }

    /// The hashes known for one place of an organisation's chain: mostly none or one; more where
    /// an annex was withdrawn and replaced.
    pub(super) fn annex_hashes(&self, organisation: &Name, number: u64) -> &[Hash] {
        let places = self.annexes.get(organisation);
        places
            .and_then(|places| places.get(&number))
            .map_or(&[], Vec::as_slice)
    }

    /// The newest annex of an organisation that was in force and is not any more.
    pub(super) fn last_annex(&self, organisation: &Name) -> Option<Head> {
        let places = self.annexes.get(organisation)?;
        places.iter().rev().find_map(|(&number, hashes)| {
            let mut hashes = hashes.iter();
            let hash = *hashes.find(|hash| self.remembered.contains(*hash))?;
            Some(Head { number, hash })
        })
    }

    /// Signing keys of a device in annexes that are no longer in force, and for which contact. Of
    /// one that acts for `now` in the annex in force none of them is the newest for that.
    pub(super) fn signing_keys(
        &self,
        device: &DeviceId,
        now: Option<&ContactAddress>,
        chains: &Chains,
    ) -> Vec<(ContactAddress, KeyTerm)> {
        let known = self.keys.get(device).into_iter().flatten();
        let term_of = |former: &Former| {
            let acted = (*device, former.contact.clone());
            let is_last = self.devices.get(&acted) == Some(&former.last);
            match former.term.newest && is_last && now != Some(&former.contact) {
                true => former.term,
                false => {
                    let left = self.ended(&former.contact, former.last, chains);
                    former.term.left(left)
                }
            }
        };
        known
            .map(|former| (former.contact.clone(), term_of(former)))
            .collect()
    }

    /// Whether a device had this key in an annex that is no longer in force, or anybody by a
    /// document of an earlier anchor.
    pub(super) fn has_had(&self, key: &VerifyingKey) -> bool {
        self.had.contains(key)
    }

    /// When the annex or part was issued that named a deputy of a contact no more; none where no
    /// annex that did is known.
    pub(super) fn dismissed(
        &self,
        deputy: &ContactAddress,
        principal: &ContactAddress,
        chains: &Chains,
    ) -> Option<Timestamp> {
        let named = *self.deputies.get(&(principal.clone(), deputy.clone()))?;
        self.ended(principal, named, chains)
    }

    /// When the annex was issued that named a device for a contact no more, or the part that left
    /// its organisation out; none where no annex that did, or nothing that came after it, is known.
    pub(super) fn removed(
        &self,
        device: &DeviceId,
        contact: &ContactAddress,
        chains: &Chains,
    ) -> Option<Timestamp> {
        let named = *self.devices.get(&(*device, contact.clone()))?;
        self.ended(contact, named, chains)
    }

    /// When that ended which the annex of this number, of a contact's organisation, was the last
    /// one to name.
    fn ended(&self, contact: &ContactAddress, named: u64, chains: &Chains) -> Option<Timestamp> {
        let organisation = contact.organisation();
        let later = self.issued.get(&organisation).and_then(|issued| {
            let mut later = issued.range((Bound::Excluded(named), Bound::Unbounded));
            later.next().map(|(_, issued)| *issued)
        });
        chains.last_in_force(&organisation, named, later)
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

    /// Takes over hashes, keys and who acted for whom from what a roster of another anchor held and
    /// remembered. Its devices have left, unless an annex of this anchor names them.
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
        // What was in force there is passed as well.
        let mut passed = before.clone();
        for annex in chains.annexes.values().flat_map(|chain| chain.iter()) {
            passed.remember_acting(annex);
        }
        for device in passed.keys.keys() {
            for (contact, term) in passed.signing_keys(device, None, chains) {
                self.acted(*device, &contact, BEFORE_THIS_ANCHOR);
                let former = Former {
                    contact,
                    term,
                    last: BEFORE_THIS_ANCHOR,
                };
                self.remember_key(*device, former);
            }
        }
        for (principal, deputy) in passed.deputies.keys() {
            self.answered(principal, deputy, BEFORE_THIS_ANCHOR);
        }
        self.had.extend(&passed.had);
        for part in &chains.authority {
            self.had.extend(keys_of(&part.document.part));
        }
    }

    /// A device acted for a contact by the annex of this number.
    fn acted(&mut self, device: DeviceId, contact: &ContactAddress, annex: u64) {
        let last = self.devices.entry((device, contact.clone())).or_default();
        *last = annex.max(*last);
    }

    /// A deputy answered for a contact by the annex of this number.
    fn answered(&mut self, principal: &ContactAddress, deputy: &ContactAddress, annex: u64) {
        let pair = (principal.clone(), deputy.clone());
        let last = self.deputies.entry(pair).or_default();
        *last = annex.max(*last);
    }

    /// Remembers a key as the last annex has it that is known to name it.
    fn remember_key(&mut self, device: DeviceId, former: Former) {
        let known = self.keys.entry(device).or_default();
        let same = |known: &&mut Former| {
            (known.term.key, &known.contact) == (former.term.key, &former.contact)
        };
        match known.iter_mut().find(same) {
            Some(known) if known.last < former.last => *known = former,
            Some(_) => {}
            None => known.push(former),
        }
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
                self.answered(&contact.address, &deputy.contact, annex.number());
            }
            for device in &contact.devices {
                self.acted(device.id, &contact.address, annex.number());
                for (behind, keys) in device.keys.iter().enumerate() {
                    self.had.extend([keys.transport, keys.signing]);
                    let former = Former {
                        contact: contact.address.clone(),
                        term: KeyTerm::former(keys, behind),
                        last: annex.number(),
                    };
                    self.remember_key(device.id, former);
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

/// The keys that an authority part names: of relays, of its holders, and of annexes.
pub(super) fn keys_of(part: &AuthorityPart) -> impl Iterator<Item = &VerifyingKey> {
    let relays = part.relays.iter().flat_map(|relay| &relay.keys);
    let relays = relays.flat_map(|pair| [&pair.transport, &pair.signing]);
    let holders = part.keys.iter().map(|holder| &holder.key);
    let annexes = part.organisations.iter();
    relays
        .chain(holders)
        .chain(annexes.flat_map(|organisation| organisation.annex_keys.iter()))
}
