//! Maps over the documents in force, built once per change: 100,000 devices are planned.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::chains::{Chains, Hashed};
use super::{Contact, Device, KeyTerm, SignedAnnex, SignedSuspension, Subject};
use crate::address::{ContactAddress, DeviceId, Name};
use crate::check::Check;
use crate::crypto::ed25519::VerifyingKey;
use crate::hash::Hash;
use crate::pattern::{Pattern, Selector};

/// Where a contact stands.
#[derive(Debug, Clone)]
pub(super) struct ContactPlace {
    annex: Arc<SignedAnnex>,
    at: usize,
}

impl ContactPlace {
    pub(super) fn annex(&self) -> &super::Annex {
        &self.annex.annex
    }

    pub(super) fn contact(&self) -> &Contact {
        &self.annex.annex.contacts[self.at]
    }
}

/// Where a device stands.
#[derive(Debug, Clone)]
pub(super) struct DevicePlace {
    pub(super) contact: ContactPlace,
    at: usize,
}

impl DevicePlace {
    pub(super) fn device(&self) -> &Device {
        &self.contact.contact().devices[self.at]
    }

    fn keys(&self) -> impl Iterator<Item = VerifyingKey> {
        self.device()
            .keys
            .iter()
            .flat_map(|keys| [keys.transport, keys.signing])
    }
}

/// A rule with its patterns parsed and its lists written out.
#[derive(Debug)]
pub(super) struct ParsedRule {
    pub(super) from: Vec<Pattern>,
    pub(super) to: Vec<Pattern>,
}

/// All maps.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) contacts: BTreeMap<ContactAddress, ContactPlace>,
    pub(super) devices: HashMap<DeviceId, DevicePlace>,
    pub(super) devices_by_transport: HashMap<VerifyingKey, DeviceId>,
    /// Devices that count nowhere, since another annex has their id or a key of theirs (R8).
    pub(super) contested: HashSet<DeviceId>,
    pub(super) relays_by_transport: HashMap<VerifyingKey, Name>,
    pub(super) relay_keys: HashMap<Name, Vec<KeyTerm>>,
    pub(super) lists: HashMap<String, Vec<Pattern>>,
    /// The rules, in the order of the part.
    pub(super) rules: Vec<ParsedRule>,
    /// For each organisation the rules whose sender's side can match a contact of it.
    pub(super) rules_from: HashMap<Name, Vec<usize>>,
    pub(super) suspended: Suspended,
}

/// Suspensions in force, by subject; the first by hash where several are about one.
#[derive(Debug, Default)]
pub(super) struct Suspended {
    organisations: HashMap<Name, Arc<SignedSuspension>>,
    contacts: HashMap<ContactAddress, Arc<SignedSuspension>>,
    devices: HashMap<(Name, DeviceId), Arc<SignedSuspension>>,
}

impl Index {
    pub(super) fn build(chains: &Chains) -> Self {
        let mut index = Self {
            suspended: Suspended::build(chains),
            ..Self::default()
        };
        index.add_relays(chains);
        index.add_rules(chains);
        index.add_contacts(chains);
        index.add_devices();
        index
    }

    fn add_relays(&mut self, chains: &Chains) {
        for relay in &chains.part().relays {
            for keys in &relay.keys {
                self.relays_by_transport
                    .insert(keys.transport, relay.name.clone());
            }
        }
        for part in &chains.authority {
            let part = part.document.part.value();
            for relay in &part.relays {
                let terms = self.relay_keys.entry(relay.name.clone()).or_default();
                for keys in &relay.keys {
                    match terms.iter_mut().find(|term| term.key == keys.signing) {
                        Some(term) => (term.to, term.current) = (None, true),
                        None => terms.push(KeyTerm {
                            key: keys.signing,
                            from: part.issued,
                            to: None,
                            current: true,
                            newest: true,
                        }),
                    }
                }
            }
            for (name, terms) in &mut self.relay_keys {
                let relay = part.relay(name);
                for term in terms.iter_mut().filter(|term| term.current) {
                    let stays = |keys: &super::RelayKeys| keys.signing == term.key;
                    if !relay.is_some_and(|relay| relay.keys.iter().any(stays)) {
                        (term.to, term.current) = (Some(part.issued), false);
                    }
                }
            }
        }
    }

    fn add_rules(&mut self, chains: &Chains) {
        let part = chains.part();
        for list in &part.lists {
            let patterns = list
                .patterns
                .iter()
                .filter_map(|pattern| pattern.parse().ok());
            self.lists.insert(list.name.to_string(), patterns.collect());
        }
        for rule in &part.rules {
            let rule = ParsedRule {
                from: self.patterns(&rule.from),
                to: self.patterns(&rule.to),
            };
            self.rules.push(rule);
        }
        for organisation in &part.organisations {
            let (name, standing) = (&organisation.name, organisation.standing);
            let can_send = |rule: &ParsedRule| {
                rule.from
                    .iter()
                    .any(|pattern| pattern.may_match(name, standing))
            };
            let rules = self
                .rules
                .iter()
                .enumerate()
                .filter(|(_, rule)| can_send(rule));
            let rules: Vec<usize> = rules.map(|(at, _)| at).collect();
            self.rules_from.insert(name.clone(), rules);
        }
    }

    /// The patterns of one side of a rule. That both sides parse was checked (PROTOCOL R5).
    fn patterns(&self, side: &str) -> Vec<Pattern> {
        match side.parse() {
            Ok(Selector::Pattern(pattern)) => vec![pattern],
            Ok(Selector::List(list)) => self.lists.get(&list).cloned().unwrap_or_default(),
            Err(_) => Vec::new(),
        }
    }

    fn add_contacts(&mut self, chains: &Chains) {
        for Hashed { document, .. } in chains.annexes_in_force() {
            for (at, contact) in document.annex.contacts.iter().enumerate() {
                let place = ContactPlace {
                    annex: Arc::clone(document),
                    at,
                };
                self.contacts.insert(contact.address.clone(), place);
            }
        }
    }

    /// R8: what stands in two annexes counts in neither. What is suspended contests nobody, so that
    /// suspending whoever took another's id or key mends it.
    fn add_devices(&mut self) {
        let mut active = Vec::new();
        let mut suspended = Vec::new();
        for contact in self.contacts.values() {
            for (at, device) in contact.contact().devices.iter().enumerate() {
                let place = DevicePlace {
                    contact: contact.clone(),
                    at,
                };
                let address = &contact.contact().address;
                match self.suspended.device(address, &device.id) {
                    None => active.push(place),
                    Some(_) => suspended.push(place),
                }
            }
        }
        let relays = self
            .relay_keys
            .values()
            .flatten()
            .filter(|term| term.current);
        let mut taken: HashSet<VerifyingKey> = relays.map(|term| term.key).collect();
        taken.extend(self.relays_by_transport.keys());
        let mut ids = HashSet::new();
        for places in [active, suspended] {
            self.add_uncontested(places, &mut taken, &mut ids);
        }
    }

    /// Adds devices whose id and keys are neither taken nor claimed twice among these.
    fn add_uncontested(
        &mut self,
        places: Vec<DevicePlace>,
        taken: &mut HashSet<VerifyingKey>,
        ids: &mut HashSet<DeviceId>,
    ) {
        let mut id_claims: HashMap<DeviceId, u32> = HashMap::new();
        let mut key_claims: HashMap<VerifyingKey, u32> = HashMap::new();
        for place in &places {
            *id_claims.entry(place.device().id).or_default() += 1;
            for key in place.keys() {
                *key_claims.entry(key).or_default() += 1;
            }
        }
        for place in places {
            let id = place.device().id;
            let contested = ids.contains(&id)
                || id_claims[&id] > 1
                || place
                    .keys()
                    .any(|key| taken.contains(&key) || key_claims[&key] > 1);
            if Check::R8.refuses(contested) {
                if !ids.contains(&id) {
                    self.contested.insert(id);
                }
                continue;
            }
            for keys in &place.device().keys {
                self.devices_by_transport.insert(keys.transport, id);
            }
            self.devices.insert(id, place);
        }
        ids.extend(id_claims.into_keys());
        taken.extend(key_claims.into_keys());
    }
}

impl Suspended {
    fn build(chains: &Chains) -> Self {
        let mut suspended = Self::default();
        let in_force: HashSet<Hash> = chains
            .suspensions_in_force()
            .map(|(hash, _)| hash)
            .collect();
        for (hash, signed) in &chains.suspensions {
            if !in_force.contains(hash) {
                continue;
            }
            let signed = Arc::clone(signed);
            match signed.suspension.subject.clone() {
                Subject::Organisation(name) => {
                    suspended.organisations.entry(name).or_insert(signed);
                }
                Subject::Contact(address) => {
                    suspended.contacts.entry(address).or_insert(signed);
                }
                Subject::Device(address, id) => {
                    let place = (address.organisation(), id);
                    suspended.devices.entry(place).or_insert(signed);
                }
            }
        }
        suspended
    }

    /// The suspension in force of a subject, or of what it belongs to.
    pub(super) fn subject(&self, subject: &Subject) -> Option<&SignedSuspension> {
        match subject {
            Subject::Organisation(name) => self.organisations.get(name).map(Arc::as_ref),
            Subject::Contact(address) => self.contact(address),
            Subject::Device(address, id) => self.device(address, id),
        }
    }

    pub(super) fn contact(&self, address: &ContactAddress) -> Option<&SignedSuspension> {
        let organisation = self.organisations.get(&address.organisation());
        organisation
            .or_else(|| self.contacts.get(address))
            .map(Arc::as_ref)
    }

    /// A device is meant wherever in its organisation it stands, so that moving it to another
    /// contact does not restore it.
    pub(super) fn device(
        &self,
        address: &ContactAddress,
        id: &DeviceId,
    ) -> Option<&SignedSuspension> {
        self.contact(address).or_else(|| {
            let place = (address.organisation(), *id);
            self.devices.get(&place).map(Arc::as_ref)
        })
    }
}
