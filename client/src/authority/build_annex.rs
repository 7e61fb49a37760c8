//! The annex that a plan makes of one organisation.

use maille_common::codec::SortedList;
use maille_common::extension::Extensions;
use maille_common::hash::Hash;
use maille_common::roster::{
    Annex, Contact, Deputy, Device, DeviceKeys, Roster, SignedRequest, Version,
};
use maille_common::time::Timestamp;

use super::build::{PlanError, is_due, list, local_texts, sorted, text, union};
use super::plan::{
    ContactPlan, DeputyPlan, DevicePlan, KeyPairPlan, NetworkPlan, OrganisationPlan,
};

impl NetworkPlan {
    /// The next annex of an organisation; none where the plan does not speak of its contacts, or
    /// nothing changes.
    pub(super) fn annex(
        &self,
        organisation: &OrganisationPlan,
        previous: Option<&Roster>,
        now: Timestamp,
    ) -> Result<Option<Annex>, PlanError> {
        let Some(contacts) = &organisation.contacts else {
            return Ok(None);
        };
        let name = &organisation.name;
        let old = previous.and_then(|roster| roster.annex(name));
        let head = previous.and_then(|roster| roster.newest_annex(name));
        let contacts = contacts.iter().map(|planned| {
            if !planned.address.is_of(name) {
                let (organisation, contact) = (name.clone(), planned.address.clone());
                return Err(PlanError::ForeignContact {
                    organisation,
                    contact,
                });
            }
            let before = old.and_then(|annex| known(annex, planned));
            planned.build(before, &self.network, now)
        });
        let next = Annex {
            version: Version::ONE,
            network: text("network", &self.network)?,
            organisation: name.clone(),
            number: head.map_or(1, |head| head.number.saturating_add(1)),
            previous: head.map_or(Hash::ZERO, |head| head.hash),
            issued: now,
            renew_by: now + self.renew_after,
            officer_names: organisation
                .officer_names
                .unwrap_or(old.is_some_and(|annex| annex.officer_names)),
            contacts: sorted("contacts of an organisation", contacts)?,
            lifted: union(
                "lifted of an organisation",
                old.map_or(&[], |annex| &annex.lifted),
                &organisation.lifted,
            )?,
            extensions: old.map_or_else(Extensions::empty, |annex| annex.extensions.clone()),
        };
        next.check()?;
        let unchanged = match old {
            Some(old) => self.says_the_same_annex(old, &next, now),
            None => next.contacts.is_empty(),
        };
        Ok((!unchanged).then_some(next))
    }

    fn says_the_same_annex(&self, old: &Annex, next: &Annex, now: Timestamp) -> bool {
        let dated = Annex {
            number: old.number,
            previous: old.previous,
            issued: old.issued,
            renew_by: old.renew_by,
            ..next.clone()
        };
        dated == *old && !is_due(old.renew_by, self.renew_after, now)
    }
}

fn known<'a>(annex: &'a Annex, planned: &ContactPlan) -> Option<&'a Contact> {
    annex
        .contacts
        .iter()
        .find(|contact| contact.address == planned.address)
}

impl ContactPlan {
    fn build(
        &self,
        old: Option<&Contact>,
        network: &str,
        now: Timestamp,
    ) -> Result<Contact, PlanError> {
        let address = &self.address;
        let known = old.map_or(&[][..], |old| &old.devices);
        let devices = match &self.devices {
            None => old.map_or_else(SortedList::empty, |old| old.devices.clone()),
            Some(planned) => sorted(
                &format!("devices of `{address}`"),
                planned
                    .iter()
                    .map(|device| device.build(self, known, network, now)),
            )?,
        };
        let languages = self
            .languages
            .iter()
            .map(|language| text("languages", language));
        let telephones = self
            .telephones
            .iter()
            .map(|number| text("telephones", number));
        Ok(Contact {
            address: address.clone(),
            names: local_texts(&format!("names of `{address}`"), &self.names)?,
            role: text(&format!("role of `{address}`"), &self.role)?,
            languages: list(&format!("languages of `{address}`"), languages)?,
            time_zone: text(&format!("time_zone of `{address}`"), &self.time_zone)?,
            hours: list(
                &format!("hours of `{address}`"),
                self.hours.iter().map(|&hours| Ok(hours)),
            )?,
            telephones: list(&format!("telephones of `{address}`"), telephones)?,
            deputies: list(
                &format!("deputies of `{address}`"),
                self.deputies.iter().map(deputy),
            )?,
            system_acknowledges: self.system_acknowledges,
            valid_from: self
                .valid_from
                .or(old.map(|old| old.valid_from))
                .unwrap_or(now),
            valid_to: self.valid_to,
            devices,
        })
    }
}

fn deputy(planned: &DeputyPlan) -> Result<Deputy, PlanError> {
    Ok(Deputy {
        contact: planned.contact.clone(),
        after: planned.after,
    })
}

impl DevicePlan {
    fn build(
        &self,
        contact: &ContactPlan,
        known: &[Device],
        network: &str,
        now: Timestamp,
    ) -> Result<Device, PlanError> {
        match self {
            Self::Keys { id, label, keys } => Ok(Device {
                id: *id,
                label: text("label of a device", label)?,
                keys: list(
                    "keys of a device",
                    keys.iter().map(|pair| Ok(pair.build(known, now))),
                )?,
            }),
            Self::Request(request) => requested(request, contact, known, network, now),
            Self::File { .. } => Err(PlanError::Unread {
                contact: contact.address.clone(),
            }),
        }
    }
}

impl KeyPairPlan {
    fn build(&self, known: &[Device], now: Timestamp) -> DeviceKeys {
        let mut pairs = known.iter().flat_map(|device| &device.keys);
        let old =
            pairs.find(|pair| pair.transport == self.transport && pair.signing == self.signing);
        DeviceKeys {
            transport: self.transport,
            signing: self.signing,
            valid_from: self
                .valid_from
                .or(old.map(|old| old.valid_from))
                .unwrap_or(now),
            valid_to: self.valid_to,
        }
    }
}

fn requested(
    signed: &SignedRequest,
    contact: &ContactPlan,
    known: &[Device],
    network: &str,
    now: Timestamp,
) -> Result<Device, PlanError> {
    let address = &contact.address;
    let verified = signed.verify(network);
    let verified = verified.map_err(|source| PlanError::Request {
        contact: address.clone(),
        source,
    })?;
    let request = verified.request();
    if request.contact != *address {
        let (contact, asked) = (address.clone(), request.contact.clone());
        return Err(PlanError::OtherContact { contact, asked });
    }
    let pair = KeyPairPlan {
        transport: request.transport,
        signing: request.signing,
        valid_from: None,
        valid_to: None,
    };
    Ok(Device {
        id: request.device,
        label: request.label.clone(),
        keys: list(
            "keys of a device",
            std::iter::once(Ok(pair.build(known, now))),
        )?,
    })
}
