//! Keys that a proposal puts beside the ones before, and until when it has both count.

use std::fmt;

use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::limits;
use maille_common::roster::{Device, DeviceKeys, Relay, RelayKeys, Roster};
use maille_common::time::{Span, Timestamp};

use super::proposal::{Proposal, ProposalError};

/// Whose keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeysOf {
    /// A device of a contact.
    Device(ContactAddress, DeviceId),
    /// A relay.
    Relay(Name),
}

/// `` the device 1a2b3c4d of `interpol/fr/lyon` ``
impl fmt::Display for KeysOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(contact, device) => {
                write!(f, "the device {} of `{contact}`", device.short())
            }
            Self::Relay(relay) => write!(f, "the relay `{relay}`"),
        }
    }
}

/// The time in which keys of before count beside the next ones: whoever was away hears of those.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// Whose keys they are.
    pub whose: KeysOf,
    /// From when: the time at which the document was proposed, as everybody counts.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

impl Overlap {
    /// How much of it is left.
    pub fn left(&self, now: Timestamp) -> Span {
        self.until.since(now)
    }
}

impl Proposal {
    /// When it was proposed: what it says counts from then.
    pub fn issued(&self) -> Timestamp {
        match self {
            Self::Authority(signed) => signed.part.issued,
            Self::Annex(signed) => signed.annex.issued,
        }
    }

    /// The overlaps that begin with it, of keys that the roster in force does not name.
    pub fn overlaps(&self, roster: Option<&Roster>) -> Vec<Overlap> {
        let Some(roster) = roster else {
            return Vec::new();
        };
        match self {
            Self::Authority(signed) => {
                let relays = signed.part.relays.iter();
                relays
                    .filter_map(|relay| of_relay(roster, relay, signed.part.issued))
                    .collect()
            }
            Self::Annex(signed) => {
                let contacts = signed.annex.contacts.iter();
                let devices = contacts.flat_map(|contact| {
                    let devices = contact.devices.iter();
                    devices.filter_map(|device| of_device(roster, &contact.address, device))
                });
                devices.collect()
            }
        }
    }

    /// Refuses a proposal that has lain for so long that keys of before would have ended, or next
    /// ones be in use, before anybody heard of it: whoever was away finds no way back.
    pub fn overlaps_last(
        &self,
        roster: Option<&Roster>,
        now: Timestamp,
    ) -> Result<(), ProposalError> {
        let over = self.overlaps(roster).into_iter();
        match over.min_by_key(|overlap| overlap.until) {
            Some(overlap) if overlap.until <= now => Err(ProposalError::OverlapOver {
                document: self.name(),
                issued: self.issued(),
                overlap,
            }),
            _ => Ok(()),
        }
    }
}

/// PROTOCOL section 3: the pair behind a new one counts until its end.
fn of_device(roster: &Roster, contact: &ContactAddress, device: &Device) -> Option<Overlap> {
    let known = roster.device(&device.id)?;
    let knows = |pair: &DeviceKeys| {
        let mut held = known.device.keys.iter();
        held.any(|held| (held.transport, held.signing) == (pair.transport, pair.signing))
    };
    let [newest, behind @ ..] = device.keys.as_slice() else {
        return None;
    };
    let until = behind.iter().filter(|pair| knows(pair)).max_by_key(|pair| {
        let end = pair.valid_to;
        (end.is_none(), end)
    });
    let until = until.filter(|_| !knows(newest))?.valid_to?;
    Some(Overlap {
        whose: KeysOf::Device(contact.clone(), device.id),
        from: newest.valid_from,
        until,
    })
}

/// A relay takes keys into use so long after the part that first names them was proposed.
fn of_relay(roster: &Roster, relay: &Relay, issued: Timestamp) -> Option<Overlap> {
    let known = roster.relay(&relay.name)?;
    let knows = |pair: &RelayKeys| known.keys.contains(pair);
    let announced = relay.keys.iter().any(|pair| !knows(pair));
    let stays = relay.keys.iter().any(knows);
    (announced && stays).then(|| Overlap {
        whose: KeysOf::Relay(relay.name.clone()),
        from: issued,
        until: issued + Span::from_ms(limits::RELAY_KEYS_OVERLAP_MS),
    })
}
