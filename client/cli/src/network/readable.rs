//! A roster as text for people.

use std::fmt::{Display, Write};

use maille_common::local_text::LocalText;
use maille_common::roster::{AuthorityPart, Contact, Roster};

use crate::sentence::{network as words, term};

/// Everything a roster says, one thing a line.
pub(crate) fn readable(roster: &Roster) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_roster(&mut text, roster);
    text
}

fn write_roster(text: &mut String, roster: &Roster) -> std::fmt::Result {
    let part = roster.authority();
    let (number, issued, count) = (&part.number, &part.issued, &part.keys.len());
    let issued = words::PartIssued { number, issued };
    let keys = words::KeysNeeded {
        threshold: &part.threshold,
        count,
    };
    write_line(text, &words::Network, &part.network)?;
    write_line(text, &words::Roster, &roster.hash())?;
    write_line(text, &words::Part, &issued)?;
    write_line(text, &words::RenewBy, &part.renew_by)?;
    write_line(text, &words::Reach, &term::Reach { word: &part.reach })?;
    write_line(text, &words::Authority, &keys)?;
    for key in &part.keys {
        writeln!(
            text,
            "  {}  {}, {}",
            key.key, key.organisation, &*key.holder
        )?;
    }
    write_relays(text, part)?;
    writeln!(text, "{}", words::Rules)?;
    for rule in &part.rules {
        let (from, to) = (&&*rule.from, &&*rule.to);
        writeln!(text, "  {}", words::MaySend { from, to })?;
    }
    for list in &part.lists {
        let patterns: Vec<&str> = list.patterns.iter().map(|pattern| &**pattern).collect();
        let (name, patterns) = (&&*list.name, &patterns.join(", "));
        writeln!(text, "{}", words::List { name, patterns })?;
    }
    for organisation in &part.organisations {
        let standing = term::Standing {
            word: &organisation.standing,
        };
        writeln!(text, "\n{} ({standing})", organisation.name)?;
        write_names(text, "  ", &organisation.names)?;
        for contact in roster
            .annex(&organisation.name)
            .iter()
            .flat_map(|annex| &annex.contacts)
        {
            write_contact(text, contact)?;
        }
    }
    Ok(())
}

/// A thing and what it is, in two columns.
fn write_line(text: &mut String, name: &dyn Display, what: &dyn Display) -> std::fmt::Result {
    writeln!(text, "{name:12} {what}")
}

fn write_relays(text: &mut String, part: &AuthorityPart) -> std::fmt::Result {
    for relay in &part.relays {
        let addresses: Vec<&str> = relay.addresses.iter().map(|address| &**address).collect();
        let reached = words::RelayAt {
            name: &relay.name,
            operator: &relay.organisation,
            addresses: &addresses.join(", "),
        };
        write_line(text, &words::Relay, &reached)?;
        for keys in &relay.keys {
            writeln!(text, "  {:10} {}", words::Transport, keys.transport)?;
            writeln!(text, "  {:10} {}", words::Signing, keys.signing)?;
        }
    }
    Ok(())
}

fn write_contact(text: &mut String, contact: &Contact) -> std::fmt::Result {
    writeln!(text, "  {} {}", words::Contact, contact.address)?;
    write_names(text, "    ", &contact.names)?;
    let languages: Vec<&str> = contact
        .languages
        .iter()
        .map(|language| &**language)
        .collect();
    let role = &*contact.role;
    writeln!(
        text,
        "    {role}; {}; {}",
        languages.join(", "),
        &*contact.time_zone
    )?;
    for number in &contact.telephones {
        writeln!(text, "    {} {}", words::Telephone, &**number)?;
    }
    for device in &contact.devices {
        let (name, id, label) = (words::Device, device.id, &*device.label);
        writeln!(text, "    {name} {id} ({label})")?;
        for keys in &device.keys {
            writeln!(text, "      {:9} {}", words::Transport, keys.transport)?;
            writeln!(text, "      {:9} {}", words::Signing, keys.signing)?;
        }
    }
    Ok(())
}

fn write_names(text: &mut String, indent: &str, names: &[LocalText]) -> std::fmt::Result {
    for name in names {
        writeln!(text, "{indent}{}  {}", &*name.language, &*name.text)?;
    }
    Ok(())
}
