//! A roster as text for people.

use std::fmt::Write;

use maille_common::local_text::LocalText;
use maille_common::roster::{AuthorityPart, Contact, Roster};

/// Everything a roster says, one thing a line.
pub(crate) fn readable(roster: &Roster) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_roster(&mut text, roster);
    text
}

fn write_roster(text: &mut String, roster: &Roster) -> std::fmt::Result {
    let part = roster.authority();
    writeln!(text, "network      {}", part.network)?;
    writeln!(text, "roster       {}", roster.hash())?;
    writeln!(text, "part         {}, issued {}", part.number, part.issued)?;
    writeln!(text, "renew by     {}", part.renew_by)?;
    writeln!(text, "reach        {}", part.reach)?;
    writeln!(
        text,
        "authority    {} of {} keys",
        part.threshold,
        part.keys.len()
    )?;
    for key in &part.keys {
        writeln!(
            text,
            "  {}  {}, {}",
            key.key, key.organisation, &*key.holder
        )?;
    }
    write_relays(text, part)?;
    writeln!(text, "rules")?;
    for rule in &part.rules {
        writeln!(text, "  {} may send to {}", &*rule.from, &*rule.to)?;
    }
    for list in &part.lists {
        let patterns: Vec<&str> = list.patterns.iter().map(|pattern| &**pattern).collect();
        writeln!(text, "list @{}: {}", &*list.name, patterns.join(", "))?;
    }
    for organisation in &part.organisations {
        writeln!(text, "\n{} ({})", organisation.name, organisation.standing)?;
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

fn write_relays(text: &mut String, part: &AuthorityPart) -> std::fmt::Result {
    for relay in &part.relays {
        let addresses: Vec<&str> = relay.addresses.iter().map(|address| &**address).collect();
        let (name, operator) = (&relay.name, &relay.organisation);
        writeln!(
            text,
            "relay        {name}, of {operator}, at {} (UDP)",
            addresses.join(", ")
        )?;
        for keys in &relay.keys {
            writeln!(text, "  transport  {}", keys.transport)?;
            writeln!(text, "  signing    {}", keys.signing)?;
        }
    }
    Ok(())
}

fn write_contact(text: &mut String, contact: &Contact) -> std::fmt::Result {
    writeln!(text, "  contact {}", contact.address)?;
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
        writeln!(text, "    telephone {}", &**number)?;
    }
    for device in &contact.devices {
        writeln!(text, "    device {} ({})", device.id, &*device.label)?;
        for keys in &device.keys {
            writeln!(text, "      transport {}", keys.transport)?;
            writeln!(text, "      signing   {}", keys.signing)?;
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
