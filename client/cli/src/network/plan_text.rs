//! A roster as `network.toml`: what `maille authority apply` would read to lead to this roster.

use std::collections::BTreeMap;

use maille_common::local_text::LocalText;
use maille_common::roster::{Contact, Device, DutyHours, Organisation, Roster};
use serde::Serialize;

use crate::sentence::network;

/// The names of days, as plans write them, from Monday.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

#[derive(Serialize)]
struct Plan {
    network: String,
    reach: String,
    threshold: u8,
    lists: BTreeMap<String, Vec<String>>,
    key: Vec<Key>,
    relay: Vec<Relay>,
    rule: Vec<Rule>,
    organisation: Vec<Body>,
}

#[derive(Serialize)]
struct Key {
    key: String,
    organisation: String,
    holder: String,
}

#[derive(Serialize)]
struct Relay {
    name: String,
    organisation: String,
    addresses: Vec<String>,
    keys: Vec<Pair>,
}

#[derive(Serialize)]
struct Pair {
    transport: String,
    signing: String,
}

#[derive(Serialize)]
struct Rule {
    from: String,
    to: String,
}

#[derive(Serialize)]
struct Body {
    name: String,
    standing: String,
    home_relays: Vec<String>,
    names: BTreeMap<String, String>,
    contact: Vec<Desk>,
}

#[derive(Serialize)]
struct Desk {
    address: String,
    role: String,
    languages: Vec<String>,
    time_zone: String,
    hours: Vec<String>,
    telephones: Vec<String>,
    names: BTreeMap<String, String>,
    device: Vec<Machine>,
}

#[derive(Serialize)]
struct Machine {
    id: String,
    label: String,
    keys: Vec<Pair>,
}

/// The plan of a roster without deputies, second persons or keys of organisations' own, as those
/// that are founded here.
pub(crate) fn plan_text(roster: &Roster) -> String {
    let part = roster.authority();
    let plan = Plan {
        network: part.network.to_string(),
        reach: part.reach.to_string(),
        threshold: part.threshold,
        lists: part
            .lists
            .iter()
            .map(|list| (list.name.to_string(), texts(&list.patterns)))
            .collect(),
        key: part
            .keys
            .iter()
            .map(|key| Key {
                key: key.key.to_string(),
                organisation: key.organisation.to_string(),
                holder: key.holder.to_string(),
            })
            .collect(),
        relay: part
            .relays
            .iter()
            .map(|relay| Relay {
                name: relay.name.to_string(),
                organisation: relay.organisation.to_string(),
                addresses: texts(&relay.addresses),
                keys: relay
                    .keys
                    .iter()
                    .map(|keys| Pair {
                        transport: keys.transport.to_string(),
                        signing: keys.signing.to_string(),
                    })
                    .collect(),
            })
            .collect(),
        rule: part
            .rules
            .iter()
            .map(|rule| Rule {
                from: rule.from.to_string(),
                to: rule.to.to_string(),
            })
            .collect(),
        organisation: part
            .organisations
            .iter()
            .map(|body| body_of(roster, body))
            .collect(),
    };
    let text = toml::to_string(&plan).expect("texts, lists and tables of them are always TOML");
    format!("# {}\n{text}", network::PlanHead)
}

fn body_of(roster: &Roster, body: &Organisation) -> Body {
    let contacts = roster
        .annex(&body.name)
        .into_iter()
        .flat_map(|annex| &annex.contacts);
    Body {
        name: body.name.to_string(),
        standing: body.standing.to_string(),
        home_relays: texts(&body.home_relays),
        names: names(&body.names),
        contact: contacts.map(desk_of).collect(),
    }
}

fn desk_of(contact: &Contact) -> Desk {
    Desk {
        address: contact.address.to_string(),
        role: contact.role.to_string(),
        languages: texts(&contact.languages),
        time_zone: contact.time_zone.to_string(),
        hours: contact.hours.iter().map(hours).collect(),
        telephones: texts(&contact.telephones),
        names: names(&contact.names),
        device: contact.devices.iter().map(machine_of).collect(),
    }
}

fn machine_of(device: &Device) -> Machine {
    Machine {
        id: device.id.to_string(),
        label: device.label.to_string(),
        keys: device
            .keys
            .iter()
            .map(|keys| Pair {
                transport: keys.transport.to_string(),
                signing: keys.signing.to_string(),
            })
            .collect(),
    }
}

fn hours(hours: &DutyHours) -> String {
    let on = |day: &usize| hours.days >> day & 1 == 1;
    let days: Vec<&str> = (0..DAYS.len()).filter(on).map(|day| DAYS[day]).collect();
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    format!(
        "{} {}-{}",
        days.join(","),
        clock(hours.from_minute),
        clock(hours.to_minute)
    )
}

fn names(names: &[LocalText]) -> BTreeMap<String, String> {
    names
        .iter()
        .map(|name| (name.language.to_string(), name.text.to_string()))
        .collect()
}

fn texts<T: ToString>(items: &[T]) -> Vec<String> {
    items.iter().map(T::to_string).collect()
}
