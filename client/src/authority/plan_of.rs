//! A roster, or what a proposal would make of it, described as people describe a network.
//!
//! What [`build`](NetworkPlan::build) makes of the description on the same roster is nothing: so
//! whoever wants something else edits the description and applies it, and whoever reviews a roster
//! or a proposal reads what would be applied.

use std::collections::BTreeMap;

use maille_common::local_text::LocalText;
use maille_common::roster::{
    Annex, AuthorityPart, Contact, Device, Organisation, Relay, Roster, Rule,
};

use super::network::Network;
use super::plan::{
    ContactPlan, DeadlinePlan, DeputyPlan, DevicePlan, HolderPlan, KeyPairPlan, NetworkPlan,
    OrganisationPlan, RelayKeysPlan, RelayPlan, RulePlan,
};
use super::proposal::Proposal;

impl NetworkPlan {
    /// The network in force.
    pub fn of_roster(roster: &Roster) -> Self {
        Self::of(&Network::of(roster))
    }

    fn of(network: &Network<'_>) -> Self {
        let part: &AuthorityPart = network.part;
        let organisations = part.organisations.iter();
        let described = organisations
            .map(|organisation| of_organisation(organisation, network.annex(&organisation.name)));
        let keys = part.keys.iter().map(|held| HolderPlan {
            key: held.key,
            organisation: held.organisation.clone(),
            holder: held.holder.to_string(),
        });
        let lists = part.lists.iter().map(|list| {
            let patterns = list.patterns.iter().map(ToString::to_string);
            (list.name.to_string(), patterns.collect())
        });
        let defaults = part.defaults.iter().map(|default| {
            let deadlines = DeadlinePlan {
                ack_within: default.ack_within,
                expires_after: default.expires_after,
            };
            (default.urgency, deadlines)
        });
        Self {
            network: part.network.to_string(),
            reach: part.reach,
            renew_after: part.renew_by.since(part.issued),
            threshold: part.threshold,
            keys: keys.collect(),
            organisations: described.collect(),
            relays: part.relays.iter().map(of_relay).collect(),
            lists: lists.collect(),
            defaults: defaults.collect(),
            rules: part.rules.iter().map(of_rule).collect(),
            lifted: part.lifted.to_vec(),
        }
    }
}

impl Proposal {
    /// The network as it would be with the proposal in force. None for an annex of an organisation
    /// that the roster does not have.
    pub fn describe(&self, roster: Option<&Roster>) -> Option<NetworkPlan> {
        Some(NetworkPlan::of(&Network::after(self, roster)?))
    }
}

fn of_organisation(organisation: &Organisation, annex: Option<&Annex>) -> OrganisationPlan {
    OrganisationPlan {
        name: organisation.name.clone(),
        standing: organisation.standing,
        names: names(&organisation.names),
        home_relays: organisation.home_relays.to_vec(),
        annex_threshold: organisation.annex_threshold,
        annex_keys: organisation.annex_keys.to_vec(),
        officer_names: annex.map(|annex| annex.officer_names),
        contacts: annex.map(|annex| annex.contacts.iter().map(of_contact).collect()),
        lifted: annex.map_or_else(Vec::new, |annex| annex.lifted.to_vec()),
    }
}

fn of_contact(contact: &Contact) -> ContactPlan {
    let deputies = contact.deputies.iter().map(|deputy| DeputyPlan {
        contact: deputy.contact.clone(),
        after: deputy.after,
    });
    ContactPlan {
        address: contact.address.clone(),
        names: names(&contact.names),
        role: contact.role.to_string(),
        languages: texts(&contact.languages),
        time_zone: contact.time_zone.to_string(),
        hours: contact.hours.to_vec(),
        telephones: texts(&contact.telephones),
        deputies: deputies.collect(),
        system_acknowledges: contact.system_acknowledges,
        valid_from: Some(contact.valid_from),
        valid_to: contact.valid_to,
        devices: Some(contact.devices.iter().map(of_device).collect()),
    }
}

fn of_device(device: &Device) -> DevicePlan {
    let keys = device.keys.iter().map(|pair| KeyPairPlan {
        transport: pair.transport,
        signing: pair.signing,
        valid_from: Some(pair.valid_from),
        valid_to: pair.valid_to,
    });
    DevicePlan::Keys {
        id: device.id,
        label: device.label.to_string(),
        keys: keys.collect(),
    }
}

fn of_relay(relay: &Relay) -> RelayPlan {
    let keys = relay.keys.iter().map(|keys| RelayKeysPlan {
        transport: keys.transport,
        signing: keys.signing,
    });
    RelayPlan {
        name: relay.name.clone(),
        organisation: relay.organisation.clone(),
        addresses: texts(&relay.addresses),
        keys: keys.collect(),
    }
}

fn of_rule(rule: &Rule) -> RulePlan {
    RulePlan {
        from: rule.from.to_string(),
        to: rule.to.to_string(),
        two_persons: rule.two_persons.to_vec(),
    }
}

fn names(names: &[LocalText]) -> BTreeMap<String, String> {
    let names = names.iter();
    names
        .map(|name| (name.language.to_string(), name.text.to_string()))
        .collect()
}

fn texts(texts: &[impl ToString]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}
