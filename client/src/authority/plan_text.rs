//! A description as text: what [`parse_plan`](super::parse_plan) reads, one thing a line.
//!
//! The same network gives the same text on every machine, so two of them are compared by any
//! `diff`, and reviewed on paper. Characters that a reader does not see, or that turn a line round,
//! are written as their numbers.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use maille_common::roster::DutyHours;

use super::plan::{ContactPlan, DevicePlan, KeyPairPlan, NetworkPlan, OrganisationPlan, RelayPlan};
use super::plan_file::text::DAYS;

/// The text of the whole description.
impl Display for NetworkPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "network = {}", quoted(&self.network))?;
        writeln!(f, "reach = \"{}\"", self.reach)?;
        writeln!(f, "renew_after = \"{}\"", self.renew_after)?;
        writeln!(f, "threshold = {}", self.threshold)?;
        array(f, "lifted", &self.lifted)?;
        for held in &self.keys {
            writeln!(f, "\n[[key]]")?;
            writeln!(f, "organisation = \"{}\"", held.organisation)?;
            writeln!(f, "holder = {}", quoted(&held.holder))?;
            writeln!(f, "key = \"{}\"", held.key)?;
        }
        for organisation in &self.organisations {
            writeln!(f, "\n{organisation}")?;
        }
        for relay in &self.relays {
            writeln!(f, "\n{relay}")?;
        }
        if !self.lists.is_empty() {
            writeln!(f, "\n[lists]")?;
        }
        for (name, patterns) in &self.lists {
            array(f, &quoted(name), patterns)?;
        }
        for (urgency, deadlines) in &self.defaults {
            writeln!(f, "\n[defaults.{urgency}]")?;
            writeln!(f, "ack_within = \"{}\"", deadlines.ack_within)?;
            writeln!(f, "expires_after = \"{}\"", deadlines.expires_after)?;
        }
        for rule in &self.rules {
            writeln!(f, "\n[[rule]]")?;
            writeln!(f, "from = {}", quoted(&rule.from))?;
            writeln!(f, "to = {}", quoted(&rule.to))?;
            array(f, "two_persons", &rule.two_persons)?;
        }
        Ok(())
    }
}

impl Display for OrganisationPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "[[organisation]]")?;
        writeln!(f, "name = \"{}\"", self.name)?;
        writeln!(f, "standing = \"{}\"", self.standing)?;
        names(f, &self.names)?;
        array(f, "home_relays", &self.home_relays)?;
        writeln!(f, "annex_threshold = {}", self.annex_threshold)?;
        array(f, "annex_keys", &self.annex_keys)?;
        if let Some(officer_names) = self.officer_names {
            writeln!(f, "officer_names = {officer_names}")?;
        }
        array(f, "lifted", &self.lifted)?;
        match &self.contacts {
            // An annex without contacts is something else than none that is spoken of.
            Some(contacts) if contacts.is_empty() => writeln!(f, "contact = []")?,
            Some(contacts) => {
                for contact in contacts {
                    writeln!(f, "\n{contact}")?;
                }
            }
            None => {}
        }
        Ok(())
    }
}

impl Display for ContactPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "[[organisation.contact]]")?;
        writeln!(f, "address = \"{}\"", self.address)?;
        names(f, &self.names)?;
        writeln!(f, "role = {}", quoted(&self.role))?;
        array(f, "languages", &self.languages)?;
        writeln!(f, "time_zone = {}", quoted(&self.time_zone))?;
        let hours: Vec<String> = self.hours.iter().map(hours).collect();
        array(f, "hours", &hours)?;
        array(f, "telephones", &self.telephones)?;
        writeln!(f, "deputies = [")?;
        for deputy in &self.deputies {
            let (contact, after) = (&deputy.contact, deputy.after);
            writeln!(f, "  {{ contact = \"{contact}\", after = \"{after}\" }},")?;
        }
        writeln!(f, "]")?;
        writeln!(f, "system_acknowledges = {}", self.system_acknowledges)?;
        if let Some(from) = self.valid_from {
            writeln!(f, "valid_from = \"{from}\"")?;
        }
        if let Some(to) = self.valid_to {
            writeln!(f, "valid_to = \"{to}\"")?;
        }
        match &self.devices {
            Some(devices) if devices.is_empty() => writeln!(f, "device = []")?,
            Some(devices) => {
                for device in devices {
                    writeln!(f, "\n{device}")?;
                }
            }
            None => {}
        }
        Ok(())
    }
}

impl Display for DevicePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "[[organisation.contact.device]]")?;
        let fresh;
        let (id, label, keys) = match self {
            Self::Keys { id, label, keys } => (id, label.as_str(), keys.as_slice()),
            Self::Request(signed) => {
                let request = signed.request.value();
                fresh = [KeyPairPlan {
                    transport: request.transport,
                    signing: request.signing,
                    valid_from: None,
                    valid_to: None,
                }];
                (&request.device, request.label.as_str(), &fresh[..])
            }
            Self::File { request, code } => {
                writeln!(f, "request = {}", quoted(&request.to_string_lossy()))?;
                return writeln!(f, "code = {}", quoted(code));
            }
        };
        writeln!(f, "id = \"{id}\"")?;
        writeln!(f, "label = {}", quoted(label))?;
        writeln!(f, "keys = [")?;
        for pair in keys {
            let (transport, signing) = (pair.transport, pair.signing);
            write!(
                f,
                "  {{ transport = \"{transport}\", signing = \"{signing}\""
            )?;
            if let Some(from) = pair.valid_from {
                write!(f, ", valid_from = \"{from}\"")?;
            }
            if let Some(to) = pair.valid_to {
                write!(f, ", valid_to = \"{to}\"")?;
            }
            writeln!(f, " }},")?;
        }
        writeln!(f, "]")
    }
}

impl Display for RelayPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "[[relay]]")?;
        writeln!(f, "name = \"{}\"", self.name)?;
        writeln!(f, "organisation = \"{}\"", self.organisation)?;
        array(f, "addresses", &self.addresses)?;
        writeln!(f, "keys = [")?;
        for keys in &self.keys {
            let (transport, signing) = (keys.transport, keys.signing);
            writeln!(
                f,
                "  {{ transport = \"{transport}\", signing = \"{signing}\" }},"
            )?;
        }
        writeln!(f, "]")
    }
}

fn names(f: &mut fmt::Formatter<'_>, names: &BTreeMap<String, String>) -> fmt::Result {
    let names = names.iter();
    let names: Vec<String> = names
        .map(|(language, name)| format!("{} = {}", quoted(language), quoted(name)))
        .collect();
    match names.is_empty() {
        true => writeln!(f, "names = {{}}"),
        false => writeln!(f, "names = {{ {} }}", names.join(", ")),
    }
}

fn array(f: &mut fmt::Formatter<'_>, key: &str, items: &[impl Display]) -> fmt::Result {
    let items: Vec<String> = items.iter().map(|item| quoted(&item.to_string())).collect();
    writeln!(f, "{key} = [{}]", items.join(", "))
}

/// `mon,tue 08:00-18:00`, as [`parse_hours`](super::parse_hours) reads it.
fn hours(hours: &DutyHours) -> String {
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let week = DAYS.iter().enumerate();
    let on_duty = week.filter(|(day, _)| hours.days >> day & 1 == 1);
    let days: Vec<&str> = on_duty.map(|(_, name)| *name).collect();
    let days = match days.len() {
        0 => "never".to_owned(),
        7 => "daily".to_owned(),
        _ => days.join(","),
    };
    format!(
        "{days} {}-{}",
        clock(hours.from_minute),
        clock(hours.to_minute)
    )
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if is_unseen(c) => quoted += &format!("\\U{:08X}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// What a terminal would obey, what turns a line round, and what has no picture.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::tests::{NOW, World, code};
    use crate::authority::{Proposal, admit, parse_hours, parse_plan};

    /// What is described and applied changes nothing: there is one truth.
    #[test]
    fn a_roster_described_and_applied_again_changes_nothing() {
        let mut world = World::new();
        let request = world.request("a/x", 7, 20);
        let annex = admit(&world.roster, &request, &code(&request), NOW).unwrap();
        let proposal = Proposal::of_annex(annex).unwrap();
        let proposed = proposal.describe(Some(&world.roster)).unwrap().to_string();
        world.publish(proposal, &[1, 2]);
        let plan = NetworkPlan::of_roster(&world.roster);
        let text = plan.to_string();
        assert_eq!(text, proposed);
        assert_eq!(parse_plan(&text).unwrap(), plan);
        assert!(plan.build(Some(&world.roster), NOW).unwrap().is_empty());
    }

    /// A name cannot pretend to be a line of the description, nor hide from a reader.
    #[test]
    fn whatever_people_wrote_stands_in_its_quotes_and_is_read_back() {
        let mut plan = World::new().plan;
        let contact = &mut plan.organisations[0].contacts.as_mut().unwrap()[0];
        let nasty = "a\"\nthreshold = 1 \\ # \u{202e}\u{0}\u{200b}\u{1f600} تونس";
        contact.role = nasty.to_owned();
        contact.names.insert("zh-Hant".to_owned(), nasty.to_owned());
        contact.hours = [
            "mon-fri 08:00-18:30",
            "daily 22:00-06:00",
            "never 00:00-24:00",
        ]
        .map(|line| parse_hours(line).unwrap())
        .to_vec();
        contact.devices = Some(Vec::new());
        plan.organisations[1].contacts = Some(Vec::new());
        plan.lists.insert(nasty.to_owned(), vec![nasty.to_owned()]);
        let text = plan.to_string();
        assert_eq!(parse_plan(&text).unwrap(), plan);
        assert!(text.chars().all(|c| c == '\n' || !is_unseen(c)), "{text}");
        assert_eq!(
            text.lines()
                .filter(|line| line.starts_with("threshold"))
                .count(),
            1
        );
    }
}
