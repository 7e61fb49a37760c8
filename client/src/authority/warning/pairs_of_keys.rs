//! Pairs of keys of a device that stays: one that goes while it counts, and ends that are moved.

use maille_common::address::ContactAddress;
use maille_common::roster::{Contact, Device, DeviceKeys};
use maille_common::time::Timestamp;

use super::Warnings;

pub(super) fn judge(found: &mut Warnings, old: &Contact, new: &Contact, now: Timestamp) {
    for device in &old.devices {
        let mut devices = new.devices.iter();
        if let Some(kept) = devices.find(|kept| kept.id == device.id) {
            dropped(found, &old.address, (device, kept), now);
            end_moved(found, &old.address, (device, kept), now);
        }
    }
}

/// The pair behind the newest goes before its end. Where the newest goes, or all do, other
/// sentences say more.
fn dropped(
    found: &mut Warnings,
    address: &ContactAddress,
    (old, new): (&Device, &Device),
    now: Timestamp,
) {
    let newest_stays = old
        .keys
        .first()
        .is_some_and(|pair| in_it(new, pair).is_some());
    let behind = old.keys.iter().skip(1);
    for pair in behind.filter(|pair| pair.is_valid_at(now) && in_it(new, pair).is_none()) {
        if newest_stays {
            let until = match pair.valid_to {
                Some(end) => format!("until {end}"),
                None => "without end".to_owned(),
            };
            found.cut_off(
                "overlapping-keys-go",
                format!(
                    "Keys of the device {} of `{address}` go that count {until}: alerts under way \
                     that it signed with them are refused, and a desk that was away since before \
                     it renewed them does not come back. Wait until they have ended.",
                    old.id.short()
                ),
            );
        }
    }
}

/// An end that somebody wrote comes later than they wrote, or not at all.
fn end_moved(
    found: &mut Warnings,
    address: &ContactAddress,
    (old, new): (&Device, &Device),
    now: Timestamp,
) {
    for pair in &old.keys {
        let Some(end) = pair.valid_to.filter(|end| *end > now) else {
            continue;
        };
        let Some(kept) = in_it(new, pair) else {
            continue;
        };
        if kept.valid_to.is_none_or(|later| later > end) {
            let to = match kept.valid_to {
                Some(later) => format!("{later}"),
                None => "no end".to_owned(),
            };
            found.weakened(
                "keys-end-later",
                format!(
                    "Keys of the device {} of `{address}` end later than was written: at {end} \
                     before, and now {to}. Where that end was meant, replace the device instead.",
                    old.id.short()
                ),
            );
        }
    }
}

fn in_it<'a>(device: &'a Device, pair: &DeviceKeys) -> Option<&'a DeviceKeys> {
    let mut keys = device.keys.iter();
    keys.find(|kept| (kept.transport, kept.signing) == (pair.transport, pair.signing))
}
