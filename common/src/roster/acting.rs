//! Who acts for whom: what envelopes, receipts and directories ask of a roster.

use super::{Designation, DeviceKeys, KeyTerm, Roster, Subject};
use crate::address::{ContactAddress, DeviceId, Name};
use crate::check::Check;
use crate::crypto::ed25519::VerifyingKey;
use crate::limits;
use crate::time::{Span, Timestamp};

/// How long it takes until everybody has heard who acts for whom no more.
const SPREADS: Span = Span::from_ms(limits::DISMISSED_MS);

impl Designation {
    /// Whether it is designated.
    pub fn is_valid(self) -> bool {
        self == Self::Valid
    }

    /// The same, where it was designated and is not any more, or is not known; none where it may
    /// act, or its time has not begun.
    pub fn out(self) -> Option<Self> {
        match self {
            Self::Valid | Self::NotYet => None,
            Self::Ended | Self::Suspended | Self::Unknown => Some(self),
        }
    }
}

impl Roster {
    /// Whether the device acts for the contact in the roster in force, and is not suspended.
    pub fn acts_for(&self, device: &DeviceId, contact: &ContactAddress) -> bool {
        let subject = Subject::Device(contact.clone(), *device);
        self.is_device_of(device, contact) && self.suspended(&subject).is_none()
    }

    /// The contact a device acts for, unless it is suspended.
    pub fn contact_of(&self, device: &DeviceId) -> Option<ContactAddress> {
        let contact = self.device(device)?.contact.address.clone();
        self.acts_for(device, &contact).then_some(contact)
    }

    /// Whether the device stands in the roster and is not suspended: only then may it connect (I9).
    pub fn may_connect(&self, device: &DeviceId) -> bool {
        self.contact_of(device).is_some()
    }

    /// The devices of a contact that are not suspended, in the order of the annex.
    pub fn devices_of(&self, contact: &ContactAddress) -> Vec<DeviceId> {
        let Some(entry) = self.contact(contact) else {
            return Vec::new();
        };
        let devices = entry.contact.devices.iter().map(|device| device.id);
        devices
            .filter(|device| self.acts_for(device, contact))
            .collect()
    }

    /// The signing keys by which a device's bundle counts now (PROTOCOL K2): the newest it has in
    /// the roster in force, and the one behind it until that ends. The newest has no end here,
    /// since time alone stops no alert (I8); one that was replaced may have been taken meanwhile.
    pub(crate) fn signing_keys_now(&self, device: &DeviceId, now: Timestamp) -> Vec<VerifyingKey> {
        let pairs = self.device(device).into_iter();
        let pairs = pairs.flat_map(|entry| entry.device.keys.iter().enumerate());
        pairs
            .filter(|(behind, pair)| *behind == 0 || pair.valid_to.is_none_or(|end| now < end))
            .map(|(_, pair)| pair.signing)
            .collect()
    }

    /// Whether a device had this transport key before the one that it has now, and its time is
    /// over (PROTOCOL T1): whoever was away for so long has the newer one as well. The newest never
    /// ends.
    pub fn has_ended(&self, transport: &VerifyingKey, now: Timestamp) -> bool {
        let entry = self.device_by_transport_key(transport).into_iter();
        let mut behind = entry.flat_map(|entry| entry.device.keys.iter().skip(1));
        let is_over = |pair: &DeviceKeys| pair.valid_to.is_some_and(|end| end <= now);
        let ended = behind.any(|pair| pair.transport == *transport && is_over(pair));
        Check::T1.refuses(ended)
    }

    /// The signing keys a device has had while it acted for a contact: what it signed for that
    /// contact stays proven, and what it signs for another proves nothing about this one.
    pub fn signing_keys_for(
        &self,
        device: &DeviceId,
        contact: &ContactAddress,
    ) -> Vec<VerifyingKey> {
        self.device_signing_keys(device)
            .into_iter()
            .filter(|(acted_for, _)| acted_for == contact)
            .map(|(_, term)| term.key)
            .collect()
    }

    /// Whether a device has this signing key as its newest in the roster in force.
    pub fn is_newest_key(&self, key: &VerifyingKey, device: &DeviceId) -> bool {
        let newest = self
            .device(device)
            .and_then(|entry| entry.device.keys.first());
        newest.is_some_and(|pair| pair.signing == *key)
    }

    /// The signing keys a device has had for a contact that prove nothing about an alert that was
    /// made then (PROTOCOL Q3): pairs that were replaced, and ended long before. Whoever was away
    /// meanwhile answers with one what was sealed to it before its end; nobody seals to it later.
    pub(crate) fn ended_keys_about(
        &self,
        device: &DeviceId,
        contact: &ContactAddress,
        made: Timestamp,
    ) -> Vec<VerifyingKey> {
        let has_ended = |term: &KeyTerm| term.end().is_some_and(|end| end + SPREADS <= made);
        self.device_signing_keys(device)
            .into_iter()
            .filter(|(acted_for, term)| acted_for == contact && has_ended(term))
            .map(|(_, term)| term.key)
            .collect()
    }

    /// The signing keys a relay has had.
    pub fn relay_keys_ever(&self, relay: &Name) -> Vec<VerifyingKey> {
        self.relay_signing_keys(relay)
            .iter()
            .map(|term| term.key)
            .collect()
    }

    /// Whether a rule lets one contact send to another.
    pub fn allows(&self, from: &ContactAddress, to: &ContactAddress) -> bool {
        self.rule_allows(from, to).is_some()
    }

    /// Whether a rule lets either of two contacts send to the other.
    pub fn allows_either_way(&self, one: &ContactAddress, other: &ContactAddress) -> bool {
        self.allows(one, other) || self.allows(other, one)
    }

    /// Whether a contact is a deputy of another.
    pub fn is_deputy(&self, contact: &ContactAddress, principal: &ContactAddress) -> bool {
        self.deputies(principal)
            .iter()
            .any(|deputy| deputy.contact == *contact)
    }

    /// Whether a contact is a deputy of another, or was one in an annex known here.
    pub fn was_deputy(&self, contact: &ContactAddress, principal: &ContactAddress) -> bool {
        self.is_deputy(contact, principal) || self.dismissed(contact, principal).is_some()
    }

    /// Whether a contact answers in another's place about an alert that was made then (PROTOCOL
    /// Q3). Whoever is dismissed while an alert is under way may have been asked, and answers.
    pub fn is_deputy_about(
        &self,
        contact: &ContactAddress,
        principal: &ContactAddress,
        made: Timestamp,
    ) -> bool {
        let dismissed = self.dismissed(contact, principal);
        self.is_deputy(contact, principal)
            || dismissed.is_some_and(|dismissed| made < dismissed + SPREADS)
    }

    /// Whether a device answers for a contact, which it acts for or did, about an alert that was
    /// made then (PROTOCOL Q3). Whoever is removed while an alert is under way may have it, and
    /// answers; what was made long after that no honest relay has handed over.
    ///
    /// One of which no annex is known that did without it is not judged by this.
    pub fn is_device_about(
        &self,
        device: &DeviceId,
        contact: &ContactAddress,
        made: Timestamp,
    ) -> bool {
        let removed = self.removed(device, contact);
        removed.is_none_or(|removed| made < removed + SPREADS)
    }

    /// Whether a device acts for a deputy of `principal`, at whichever step.
    pub fn acts_for_deputy_of(&self, device: &DeviceId, principal: &ContactAddress) -> bool {
        let contact = self.contact_of(device);
        contact.is_some_and(|contact| self.is_deputy(&contact, principal))
    }

    /// The contacts that have this one as a deputy.
    pub fn principals_of(&self, deputy: &ContactAddress) -> Vec<ContactAddress> {
        let entries = self.contacts().filter(|entry| {
            entry
                .contact
                .deputies
                .iter()
                .any(|named| named.contact == *deputy)
        });
        entries.map(|entry| entry.contact.address.clone()).collect()
    }

    /// Whether a program's acknowledgement counts as a person's for this contact.
    pub fn system_acknowledges(&self, contact: &ContactAddress) -> bool {
        self.contact(contact)
            .is_some_and(|entry| entry.contact.system_acknowledges)
    }

    /// Whether an organisation lets the names of its officers go out.
    pub fn discloses_officers(&self, organisation: &Name) -> bool {
        self.annex(organisation)
            .is_some_and(|annex| annex.officer_names)
    }

    /// The names of the relays where an organisation's devices collect, the preferred one first.
    pub fn home_relay_names(&self, organisation: &Name) -> Vec<Name> {
        self.home_relays(organisation)
            .iter()
            .map(|relay| relay.name.clone())
            .collect()
    }
}
