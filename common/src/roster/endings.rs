//! What of a roster ends soon, and who can do something about it: warned 30, 7 and 1 days ahead.
//!
//! Nothing is refused for a part or an annex that is past its renewal (I8). Keys of relays, of the
//! authority and of annexes have no end of their own: they count until a part names others, and
//! what ends is the part or annex itself.

use std::collections::BTreeMap;

use super::{Contact, Device, Roster};
use crate::address::{ContactAddress, DeviceId, Name};
use crate::codec::{Decode, Encode, coded_enum};
use crate::time::{Span, Timestamp};

/// What is over is shown for so long: contacts and devices stay in their annex as evidence.
const SHOWN_AFTER: Span = Span::from_days(30);

coded_enum! {
    /// How near an end is.
    pub enum EndStage: u8 {
        /// Within 30 days.
        Month = 1 => "month",
        /// Within 7 days.
        Week = 2 => "week",
        /// Within one day.
        Day = 3 => "day",
        /// It has passed.
        Over = 4 => "over",
    }
}

impl EndStage {
    /// How near the end at `at` is; none while it is further than 30 days.
    pub fn of(at: Timestamp, now: Timestamp) -> Option<Self> {
        let within = |days| at <= now + Span::from_days(days);
        let stages = [
            (0, Self::Over),
            (1, Self::Day),
            (7, Self::Week),
            (30, Self::Month),
        ];
        let near = stages.into_iter().find(|(days, _)| within(*days));
        near.map(|(_, stage)| stage)
    }
}

/// What ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Ends {
    /// The authority part: its key holders write the next one.
    Authority,
    /// The annex of an organisation, which writes the next one.
    Annex(Name),
    /// The designation of a contact: its organisation prolongs it.
    Contact(ContactAddress),
    /// The last keys of a device: its organisation admits others.
    Device(ContactAddress, DeviceId),
    /// The newest sealing key that is known of a device: somebody has to switch it on.
    SealingKeys(ContactAddress, DeviceId),
}

impl Ends {
    /// The stable word for machines.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Authority => "authority",
            Self::Annex(_) => "annex",
            Self::Contact(_) => "contact",
            Self::Device(..) => "device",
            Self::SealingKeys(..) => "sealing-keys",
        }
    }

    /// The organisation that can do something about it; none where it is the authority.
    pub fn organisation(&self) -> Option<Name> {
        match self {
            Self::Authority => None,
            Self::Annex(organisation) => Some(organisation.clone()),
            Self::Contact(contact) | Self::Device(contact, _) | Self::SealingKeys(contact, _) => {
                Some(contact.organisation())
            }
        }
    }

    /// The contact that it is about.
    pub const fn contact(&self) -> Option<&ContactAddress> {
        match self {
            Self::Authority | Self::Annex(_) => None,
            Self::Contact(contact) | Self::Device(contact, _) | Self::SealingKeys(contact, _) => {
                Some(contact)
            }
        }
    }
}

/// Something that ends soon, or has ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ending {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Ends,
    /// How near it is.
    pub stage: EndStage,
}

impl Ending {
    /// An end, if it is near.
    pub fn of(what: Ends, at: Timestamp, now: Timestamp) -> Option<Self> {
        let stage = EndStage::of(at, now)?;
        Some(Self { at, what, stage })
    }
}

/// What was told to end soon, each with how near it was then: the logs of desks and relays name
/// each stage once.
#[derive(Debug, Default)]
pub struct EndingsTold(BTreeMap<Ends, EndStage>);

impl EndingsTold {
    /// Those that were not told so yet. What ends no more is forgotten.
    pub fn news(&mut self, mut endings: Vec<Ending>) -> Vec<Ending> {
        self.0
            .retain(|what, _| endings.iter().any(|ending| ending.what == *what));
        endings.retain(|ending| {
            self.0.insert(ending.what.clone(), ending.stage) != Some(ending.stage)
        });
        endings
    }
}

impl Roster {
    /// What of this roster ends within 30 days, or has ended, soonest first.
    pub fn endings(&self, now: Timestamp) -> Vec<Ending> {
        let part = [(Ends::Authority, self.authority().renew_by)];
        let annexes = self.chains.annexes_in_force().map(|held| {
            let annex = held.document.annex.value();
            (Ends::Annex(annex.organisation.clone()), annex.renew_by)
        });
        let contacts = self
            .contacts()
            .flat_map(|entry| ends_of(entry.contact))
            .filter(|(_, end)| now.since(*end) < SHOWN_AFTER);
        let ends = part.into_iter().chain(annexes).chain(contacts);
        let mut near: Vec<Ending> = ends
            .filter_map(|(what, at)| Ending::of(what, at, now))
            .collect();
        near.sort_unstable();
        near
    }
}

/// The ends of a contact and of its devices that are known.
fn ends_of(contact: &Contact) -> impl Iterator<Item = (Ends, Timestamp)> {
    let address = &contact.address;
    let own = contact.valid_to;
    let own = own.map(|end| (Ends::Contact(address.clone()), end));
    let devices = contact.devices.iter().filter_map(|device| {
        let end = last_end(device)?;
        Some((Ends::Device(address.clone(), device.id), end))
    });
    own.into_iter().chain(devices)
}

/// When the last keys of a device end; none where one pair has no end.
fn last_end(device: &Device) -> Option<Timestamp> {
    let ends: Option<Vec<Timestamp>> = device.keys.iter().map(|keys| keys.valid_to).collect();
    ends?.into_iter().max()
}
