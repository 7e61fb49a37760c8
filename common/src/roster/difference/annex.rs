//! The difference between two annexes.

use super::{Difference, Pair, joined, local, pairs};
use crate::roster::{Annex, Contact, Deputy, Device, DeviceKeys, DutyHours};
use crate::time::Timestamp;

pub(super) fn difference(old: Option<&Annex>, new: &Annex) -> Difference {
    let mut found = Difference::default();
    if let Some(old) = old {
        found.field(
            "officers' names in notes",
            &old.officer_names,
            &new.officer_names,
            yes,
        );
    }
    let contacts = old.map_or(&[][..], |old| &old.contacts);
    for (_, pair) in pairs(contacts, &new.contacts, |contact| &contact.address) {
        contact(&mut found, &pair);
    }
    let lifted = old.map_or(&[][..], |old| &old.lifted);
    for hash in new.lifted.iter().filter(|hash| !lifted.contains(hash)) {
        found.add(format!("lifted suspension {}", hash.short()));
    }
    for hash in lifted.iter().filter(|hash| !new.lifted.has(hash)) {
        found.remove(format!("lifted suspension {}", hash.short()));
    }
    found
}

fn contact(found: &mut Difference, pair: &Pair<'_, Contact>) {
    match (pair.old, pair.new) {
        (None, Some(new)) => {
            found.add(format!(
                "contact `{}`, {}: {}",
                new.address,
                new.role,
                local(&new.names)
            ));
            devices(found, &[], new);
        }
        (Some(old), None) => {
            found.remove(format!("contact `{}`", old.address));
        }
        (Some(old), Some(new)) => {
            contact_fields(found, old, new);
            devices(found, &old.devices, new);
        }
        (None, None) => {}
    }
}

fn contact_fields(found: &mut Difference, old: &Contact, new: &Contact) {
    let of = |field: &str| format!("contact `{}`, {field}", new.address);
    found.field(&of("names"), &old.names, &new.names, |names| local(names));
    found.field(&of("role"), &old.role, &new.role, ToString::to_string);
    found.field(&of("languages"), &old.languages, &new.languages, |list| {
        joined(list, ToString::to_string)
    });
    found.field(
        &of("time zone"),
        &old.time_zone,
        &new.time_zone,
        ToString::to_string,
    );
    found.field(&of("hours"), &old.hours, &new.hours, |hours| {
        match hours.is_empty() {
            true => "day and night".to_owned(),
            false => joined(hours, show_hours),
        }
    });
    found.field(
        &of("telephones"),
        &old.telephones,
        &new.telephones,
        |list| joined(list, ToString::to_string),
    );
    found.field(&of("deputies"), &old.deputies, &new.deputies, |list| {
        joined(list, show_deputy)
    });
    let system = of("a program's acknowledgement stops escalations");
    found.field(
        &system,
        &old.system_acknowledges,
        &new.system_acknowledges,
        yes,
    );
    found.field(
        &of("valid from"),
        &old.valid_from,
        &new.valid_from,
        Timestamp::to_string,
    );
    found.field(&of("valid to"), &old.valid_to, &new.valid_to, show_end);
}

fn devices(found: &mut Difference, old: &[Device], new: &Contact) {
    for (id, pair) in pairs(old, &new.devices, |device| device.id) {
        let show = |device: &Device| {
            let keys = joined(&device.keys, show_keys);
            format!(
                "device {} of `{}`, {}: {keys}",
                id.short(),
                new.address,
                device.label
            )
        };
        match (pair.old, pair.new) {
            (None, Some(new)) => found.add(show(new)),
            (Some(old), None) => found.remove(show(old)),
            (Some(old), Some(device)) => {
                let name = format!("device {} of `{}`", id.short(), new.address);
                found.field(
                    &format!("{name}, label"),
                    &old.label,
                    &device.label,
                    |label| label.to_string(),
                );
                found.set(&format!("{name}, keys"), &old.keys, &device.keys, show_keys);
            }
            (None, None) => {}
        }
    }
}

fn show_keys(keys: &DeviceKeys) -> String {
    let (transport, signing) = (keys.transport.short(), keys.signing.short());
    let end = show_end(&keys.valid_to);
    format!(
        "{transport} and {signing}, from {} to {end}",
        keys.valid_from
    )
}

fn show_end(end: &Option<Timestamp>) -> String {
    end.map_or("open".to_owned(), |end| end.to_string())
}

fn show_deputy(deputy: &Deputy) -> String {
    format!("`{}` after {}", deputy.contact, deputy.after)
}

fn show_hours(hours: &DutyHours) -> String {
    const DAYS: [&str; 7] = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];
    let on_duty = DAYS
        .iter()
        .enumerate()
        .filter(|(day, _)| hours.days >> day & 1 == 1);
    let days: Vec<&str> = on_duty.map(|(_, name)| *name).collect();
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    format!(
        "{} {}-{}",
        days.join(" "),
        clock(hours.from_minute),
        clock(hours.to_minute)
    )
}

fn yes(value: &bool) -> String {
    if *value { "yes" } else { "no" }.to_owned()
}
