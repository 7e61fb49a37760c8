//! The annex of one organisation: its contacts and their devices.

use super::{RosterError, Version, annex_check};
use crate::address::{ContactAddress, DeviceId, Name};
use crate::codec::{Decode, Encode, List, SortedList, Text};
use crate::crypto::ed25519::VerifyingKey;
use crate::extension::Extensions;
use crate::hash::Hash;
use crate::limits;
use crate::local_text::LocalText;
use crate::time::{Span, Timestamp};

/// One version of an organisation's own part of the roster, chained to the one before.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Annex {
    /// The version of this structure.
    pub version: Version,
    /// The name of the network, as in the anchor.
    pub network: Text<64>,
    /// The organisation.
    pub organisation: Name,
    /// The place in the organisation's chain, from 1.
    pub number: u64,
    /// The hash of the annex before; zero for annex 1.
    pub previous: Hash,
    /// When it was written.
    pub issued: Timestamp,
    /// Past this it is shown as stale. Nothing is refused for it (I8).
    pub renew_by: Timestamp,
    /// Whether the organisation lets its officers' names travel in notes.
    pub officer_names: bool,
    /// The contacts, each beginning with the organisation's name.
    pub contacts: SortedList<Contact, { limits::CONTACTS_MAX }>,
    /// Suspensions signed by this organisation that are over.
    ///
    /// Only the annex in force counts, so each annex repeats what the one before listed: a
    /// suspension that is no longer listed is in force again.
    pub lifted: SortedList<Hash, 256>,
    /// Room for later versions.
    pub extensions: Extensions,
}

impl Annex {
    /// Checks everything about the annex that needs no other document (PROTOCOL R1, R8).
    ///
    /// A roster does so itself; this is for whoever writes an annex, before it goes round for
    /// signatures.
    pub fn check(&self) -> Result<(), RosterError> {
        annex_check::check_annex(self, &self.network)
    }
}

/// A designated point of contact: a stable role, with the devices that act for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Contact {
    /// The address.
    pub address: ContactAddress,
    /// Its names for people.
    pub names: SortedList<LocalText, 16>,
    /// What it is there for.
    pub role: Text<128>,
    /// The languages read there (BCP 47), the preferred one first.
    pub languages: List<Text<35>, 16>,
    /// The time zone of its hours (IANA), such as `Europe/Paris`.
    pub time_zone: Text<64>,
    /// When somebody is on duty. None: day and night.
    pub hours: List<DutyHours, 16>,
    /// Telephone numbers, the preferred one first.
    pub telephones: List<Text<32>, 8>,
    /// Who is asked, step by step, when this contact does not answer.
    pub deputies: List<Deputy, { limits::DEPUTY_STEPS_MAX }>,
    /// Whether an acknowledgement by a program stops an escalation.
    pub system_acknowledges: bool,
    /// From when it is designated.
    pub valid_from: Timestamp,
    /// Until when, if that is known.
    pub valid_to: Option<Timestamp>,
    /// The devices that act for it.
    pub devices: SortedList<Device, { limits::DEVICES_MAX }>,
}

/// Hours of the local day on which somebody is on duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct DutyHours {
    /// The days, bit 0 Monday to bit 6 Sunday.
    pub days: u8,
    /// The first minute of duty, from midnight, at most 1,439.
    pub from_minute: u16,
    /// The minute duty ends, at most 1,440; before `from_minute`, the duty runs past midnight.
    pub to_minute: u16,
}

impl DutyHours {
    /// All seven days.
    pub const EVERY_DAY: u8 = 0x7f;

    /// Whether days and minutes exist.
    pub(super) fn is_possible(&self) -> bool {
        const DAY_MINUTES: u16 = 24 * 60;
        self.days & !Self::EVERY_DAY == 0
            && self.from_minute < DAY_MINUTES
            && self.to_minute <= DAY_MINUTES
    }
}

/// A contact that is asked when another does not answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Deputy {
    /// The contact, of any organisation.
    pub contact: ContactAddress,
    /// How long after the end of the step before; after `ack_within` for the first.
    pub after: Span,
}

/// One installation that acts for a contact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Device {
    /// Its id, which outlives its keys.
    pub id: DeviceId,
    /// What it is called on site.
    pub label: Text<64>,
    /// Its keys, the newest first; two while they overlap.
    pub keys: List<DeviceKeys, 2>,
}

impl Device {
    /// Whether one of its key pairs is valid at this time.
    pub fn has_keys_at(&self, at: Timestamp) -> bool {
        self.keys.iter().any(|keys| keys.is_valid_at(at))
    }
}

/// The two keys of a device.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct DeviceKeys {
    /// Proves the device in the TLS handshake.
    pub transport: VerifyingKey,
    /// Signs what the device sends and answers.
    pub signing: VerifyingKey,
    /// From when they are valid.
    pub valid_from: Timestamp,
    /// Until when, if that is known.
    pub valid_to: Option<Timestamp>,
}

impl DeviceKeys {
    /// Whether they are valid at this time; `valid_to` itself is outside.
    pub fn is_valid_at(&self, at: Timestamp) -> bool {
        self.valid_from <= at && self.valid_to.is_none_or(|end| at < end)
    }
}
