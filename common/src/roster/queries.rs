//! Questions about organisations, contacts and devices. All answers come from maps.

use super::{
    Annex, Contact, Deputy, Device, Head, KeyTerm, Organisation, Relay, Roster, Subject, Suspension,
};
use crate::address::{ContactAddress, DeviceId, Name};
use crate::check::Check;
use crate::codec::coded_enum;
use crate::crypto::ed25519::VerifyingKey;
use crate::terms::Standing;
use crate::time::Timestamp;

/// A contact in force, with what it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct ContactEntry<'a> {
    /// The contact.
    pub contact: &'a Contact,
    /// Its organisation.
    pub organisation: &'a Organisation,
    /// The annex it stands in.
    pub annex: &'a Annex,
}

/// A device in force, with the contact it acts for.
#[derive(Debug, Clone, Copy)]
pub struct DeviceEntry<'a> {
    /// The contact.
    pub contact: &'a Contact,
    /// The device.
    pub device: &'a Device,
}

coded_enum! {
    /// Whether a contact or device is designated at a point in time.
    pub enum Designation: u8 {
        /// It is.
        Valid = 1 => "valid",
        /// Its time has not begun.
        NotYet = 2 => "not-yet",
        /// Its time has ended.
        Ended = 3 => "ended",
        /// It, or what it belongs to, is suspended.
        Suspended = 4 => "suspended",
        /// The roster does not have it, or the device counts nowhere (PROTOCOL R8).
        Unknown = 5 => "unknown",
    }
}

impl Roster {
    /// The organisation of this name.
    pub fn organisation(&self, name: &Name) -> Option<&Organisation> {
        self.authority().organisation(name)
    }

    /// The standing of the organisation of a contact, also of one the roster does not have.
    pub fn standing(&self, address: &ContactAddress) -> Option<Standing> {
        self.organisation(&address.organisation())
            .map(|found| found.standing)
    }

    /// The annex in force of an organisation.
    pub fn annex(&self, organisation: &Name) -> Option<&Annex> {
        let chain = self.chains.annexes.get(organisation)?;
        chain.last().map(|annex| annex.document.annex.value())
    }

    /// The newest annex known of an organisation: the one in force, or the last one of an
    /// organisation that left. Where that comes back, its part pins it (PROTOCOL R6).
    pub fn newest_annex(&self, organisation: &Name) -> Option<Head> {
        let in_force = self.heads().annex(organisation).map(|head| head.head());
        in_force.or_else(|| self.history.last_annex(organisation))
    }

    /// Organisations whose pinned annex is not held, so that their contacts are unknown.
    pub fn awaited(&self) -> impl Iterator<Item = (&Name, Head)> {
        self.authority()
            .organisations
            .iter()
            .filter_map(|organisation| {
                let pin = organisation.pin?;
                let held = self.chains.annexes.contains_key(&organisation.name);
                (!held).then_some((&organisation.name, pin))
            })
    }

    /// The contact of this address.
    pub fn contact(&self, address: &ContactAddress) -> Option<ContactEntry<'_>> {
        self.entry(self.index.contacts.get(address)?)
    }

    /// All contacts, by address.
    pub fn contacts(&self) -> impl Iterator<Item = ContactEntry<'_>> {
        self.index
            .contacts
            .values()
            .filter_map(|place| self.entry(place))
    }

    /// The deputies of a contact, in the order of their steps. None for an unknown contact.
    pub fn deputies(&self, address: &ContactAddress) -> &[Deputy] {
        self.contact(address)
            .map_or(&[], |entry| &entry.contact.deputies)
    }

    /// When a deputy of a contact was dismissed; none for one that is its deputy, or never was.
    pub(super) fn dismissed(
        &self,
        deputy: &ContactAddress,
        principal: &ContactAddress,
    ) -> Option<Timestamp> {
        if self.is_deputy(deputy, principal) {
            return None;
        }
        self.history.dismissed(deputy, principal, &self.chains)
    }

    /// When a device was taken from a contact; none for one that acts for it, or never did.
    pub(super) fn removed(&self, device: &DeviceId, contact: &ContactAddress) -> Option<Timestamp> {
        if self.is_device_of(device, contact) {
            return None;
        }
        self.history.removed(device, contact, &self.chains)
    }

    /// Whether the roster in force names a device for a contact, suspended or not.
    pub(super) fn is_device_of(&self, device: &DeviceId, contact: &ContactAddress) -> bool {
        self.device(device)
            .is_some_and(|entry| entry.contact.address == *contact)
    }

    /// The device with this id, suspended or not. A contested one is in no roster (PROTOCOL R8).
    pub fn device(&self, id: &DeviceId) -> Option<DeviceEntry<'_>> {
        let place = self.index.devices.get(id)?;
        Some(DeviceEntry {
            contact: place.contact.contact(),
            device: place.device(),
        })
    }

    /// The device with this transport key, newest or overlapping (PROTOCOL T1).
    pub fn device_by_transport_key(&self, key: &VerifyingKey) -> Option<DeviceEntry<'_>> {
        self.device(self.index.devices_by_transport.get(key)?)
    }

    /// Devices that count nowhere, because another annex has their id or a key of theirs (R8).
    pub fn contested_devices(&self) -> impl Iterator<Item = &DeviceId> {
        self.index.contested.iter()
    }

    /// Every signing key a device is known to have had, and for which contact: those in force
    /// first, then those of earlier annexes this roster has seen.
    pub fn device_signing_keys(&self, id: &DeviceId) -> Vec<(ContactAddress, KeyTerm)> {
        let entry = self.device(id);
        let acts_for = entry.map(|entry| &entry.contact.address);
        let current = entry.into_iter().flat_map(|entry| {
            let keys = entry.device.keys.iter().enumerate();
            keys.map(move |(behind, keys)| {
                let term = KeyTerm::current(keys, behind);
                (entry.contact.address.clone(), term)
            })
        });
        let mut terms: Vec<(ContactAddress, KeyTerm)> = current.collect();
        for former in self.history.signing_keys(id, acts_for, &self.chains) {
            let same = |(contact, term): &(ContactAddress, KeyTerm)| {
                (contact, term.key) == (&former.0, former.1.key)
            };
            if !terms.iter().any(same) {
                terms.push(former);
            }
        }
        terms
    }

    /// The relay of this name.
    pub fn relay(&self, name: &Name) -> Option<&Relay> {
        self.authority().relay(name)
    }

    /// The relay with this transport key (PROTOCOL T1).
    pub fn relay_by_transport_key(&self, key: &VerifyingKey) -> Option<&Relay> {
        self.relay(self.index.relays_by_transport.get(key)?)
    }

    /// Every signing key a relay had in any part of the authority's chain.
    pub fn relay_signing_keys(&self, name: &Name) -> &[KeyTerm] {
        self.index.relay_keys.get(name).map_or(&[], Vec::as_slice)
    }

    /// The relays where an organisation's devices collect, the preferred one first.
    pub fn home_relays(&self, organisation: &Name) -> Vec<&Relay> {
        let organisation = self.organisation(organisation);
        let names = organisation
            .into_iter()
            .flat_map(|found| &found.home_relays);
        names.filter_map(|name| self.relay(name)).collect()
    }

    /// The suspension in force of a subject, or of the contact or organisation it belongs to.
    pub fn suspended(&self, subject: &Subject) -> Option<&Suspension> {
        let signed = self.index.suspended.subject(subject)?;
        Some(signed.suspension.value())
    }

    /// The suspensions in force, by hash.
    pub fn suspensions(&self) -> impl Iterator<Item = &Suspension> {
        self.chains
            .suspensions_in_force()
            .map(|(_, signed)| signed.suspension.value())
    }

    /// Whether a contact is designated at this time.
    pub fn designated(&self, address: &ContactAddress, at: Timestamp) -> Designation {
        let Some(entry) = self.contact(address) else {
            return Designation::Unknown;
        };
        if self.index.suspended.contact(address).is_some() {
            return Designation::Suspended;
        }
        let contact = entry.contact;
        if at < contact.valid_from {
            Designation::NotYet
        } else if contact.valid_to.is_some_and(|end| end <= at) {
            Designation::Ended
        } else {
            Designation::Valid
        }
    }

    /// Whether a device may act at this time: its contact is designated, and one of its key pairs
    /// is valid.
    pub fn designated_device(&self, id: &DeviceId, at: Timestamp) -> Designation {
        let Some(entry) = self.device(id) else {
            return Designation::Unknown;
        };
        let address = &entry.contact.address;
        if self.index.suspended.device(address, id).is_some() {
            return Designation::Suspended;
        }
        match self.designated(address, at) {
            Designation::Valid if entry.device.has_keys_at(at) => Designation::Valid,
            Designation::Valid if entry.device.keys.iter().any(|keys| at < keys.valid_from) => {
                Designation::NotYet
            }
            Designation::Valid => Designation::Ended,
            other => other,
        }
    }

    /// Whether the authority part or an annex in force is past its `renew_by` (PROTOCOL R10). Said
    /// everywhere, refuses nothing.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        let is_past = self.authority().renew_by < now || self.stale_annexes(now).next().is_some();
        Check::R10.stands() && is_past
    }

    /// The organisations whose annex in force is past its `renew_by`.
    pub fn stale_annexes(&self, now: Timestamp) -> impl Iterator<Item = &Name> {
        let annexes = self
            .chains
            .annexes_in_force()
            .map(|held| held.document.annex.value());
        let stale = annexes.filter(move |annex| annex.renew_by < now);
        stale.map(|annex| &annex.organisation)
    }

    fn entry<'a>(&'a self, place: &'a super::index::ContactPlace) -> Option<ContactEntry<'a>> {
        Some(ContactEntry {
            contact: place.contact(),
            organisation: self.organisation(&place.annex().organisation)?,
            annex: place.annex(),
        })
    }
}
