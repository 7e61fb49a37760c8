//! Contacts and their devices: who is gone, ends, or has nothing left to be reached with.

use maille_common::roster::{Annex, Contact, Device};
use maille_common::time::Timestamp;

use super::{Warnings, pairs_of_keys};
use crate::authority::network::Network;

pub(super) fn judge(
    found: &mut Warnings,
    before: Option<&Network<'_>>,
    after: &Network<'_>,
    now: Timestamp,
) {
    for new in after.annexes() {
        let old = before.and_then(|network| network.annex(&new.organisation));
        if old == Some(new) {
            continue;
        }
        officer_names(found, old, new);
        for contact in old.iter().flat_map(|annex| &annex.contacts) {
            if after.contact(&contact.address).is_none() {
                found.cut_off(
                    "contact-removed",
                    format!("`{}` and its devices are cut off.", contact.address),
                );
            }
        }
        for contact in &new.contacts {
            match before.and_then(|network| network.contact(&contact.address)) {
                Some(old) => changed(found, old, contact, now),
                None => added(found, contact, now),
            }
        }
    }
}

fn officer_names(found: &mut Warnings, old: Option<&Annex>, new: &Annex) {
    if new.officer_names && old.is_some_and(|old| !old.officer_names) {
        found.weakened(
            "officer-names-travel",
            format!(
                "The names of officers of `{}` travel in their answers from now on.",
                new.organisation
            ),
        );
    }
}

fn added(found: &mut Warnings, new: &Contact, now: Timestamp) {
    if !has_device(new, now) {
        no_device(found, new);
    }
}

fn no_device(found: &mut Warnings, contact: &Contact) {
    found.cut_off(
        "no-device",
        format!(
            "`{}` has no device with keys: nobody can send to it.",
            contact.address
        ),
    );
}

fn changed(found: &mut Warnings, old: &Contact, new: &Contact, now: Timestamp) {
    let address = &new.address;
    term(found, old, new, now);
    if has_device(old, now) && !has_device(new, now) {
        no_device(found, new);
    }
    let (before, after) = (last_keys_end(old), last_keys_end(new));
    if let Some(end) = after.filter(|end| *end > now && before != after) {
        found.cut_off(
            "keys-end",
            format!("The last keys of `{address}` end at {end}: nobody can send to it after."),
        );
    }
    for device in &old.devices {
        let kept = new.devices.iter().find(|kept| kept.id == device.id);
        device_changed(found, address, device, kept);
    }
    pairs_of_keys::judge(found, old, new, now);
    if new.system_acknowledges && !old.system_acknowledges {
        found.weakened(
            "program-stops-escalation",
            format!(
                "At `{address}`, a program may stop escalations without an officer from now on."
            ),
        );
    }
}

/// From when and until when it is designated.
fn term(found: &mut Warnings, old: &Contact, new: &Contact, now: Timestamp) {
    let address = &new.address;
    if new.valid_from > now && new.valid_from > old.valid_from {
        found.cut_off(
            "contact-not-yet",
            format!("`{address}` is cut off until {}.", new.valid_from),
        );
    }
    let Some(end) = new.valid_to.filter(|_| new.valid_to != old.valid_to) else {
        return;
    };
    if end <= now {
        found.cut_off(
            "contact-ended",
            format!("`{address}` is cut off at once: its time ended at {end}."),
        );
    } else {
        let days = end.since(now).ms() / (24 * 60 * 60 * 1000);
        found.cut_off(
            "contact-ends",
            format!("`{address}` is cut off at {end}, {}.", in_days(days)),
        );
    }
}

fn in_days(days: u64) -> String {
    match days {
        0 => "in less than a day".to_owned(),
        1 => "in one day".to_owned(),
        _ => format!("in {days} days"),
    }
}

fn device_changed(
    found: &mut Warnings,
    address: &maille_common::address::ContactAddress,
    old: &Device,
    new: Option<&Device>,
) {
    let id = old.id.short();
    let Some(new) = new else {
        return found.cut_off(
            "device-removed",
            format!(
                "The device {id} of `{address}` is cut off: it neither sends nor receives any more."
            ),
        );
    };
    let stays = |pair: &maille_common::roster::DeviceKeys| {
        let mut kept = new.keys.iter();
        kept.any(|kept| (kept.transport, kept.signing) == (pair.transport, pair.signing))
    };
    let (newest, older) = match old.keys.as_slice() {
        [newest, older @ ..] => (Some(newest), older),
        [] => (None, &[][..]),
    };
    if newest.is_some_and(|newest| !stays(newest)) && older.iter().any(stays) {
        found.cut_off(
            "newest-device-keys-go",
            format!(
                "The newest keys of the device {id} of `{address}` go, and older ones stay: it was \
                 restored from a backup, or somebody else has its old keys. Telephone it first."
            ),
        );
    }
    if !old.keys.is_empty() && !old.keys.iter().any(stays) {
        found.cut_off(
            "device-keys-replaced",
            format!(
                "No key of the device {id} of `{address}` stays: it is cut off until it runs with \
                 the new ones."
            ),
        );
    }
}

fn has_device(contact: &Contact, now: Timestamp) -> bool {
    contact.devices.iter().any(|device| device.has_keys_at(now))
}

/// When the last keys of a contact end; none where some do not, or there are none.
fn last_keys_end(contact: &Contact) -> Option<Timestamp> {
    let keys = contact.devices.iter().flat_map(|device| &device.keys);
    let ends: Option<Vec<Timestamp>> = keys.map(|pair| pair.valid_to).collect();
    ends?.into_iter().max()
}
