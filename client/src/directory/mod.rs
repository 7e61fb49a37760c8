//! The directory: whom the roster designates, and whom a pattern or list means.
//!
//! Everything is expanded and judged here, before anything is sent: no relay is asked.

use maille_common::address::ContactAddress;
use maille_common::pattern::{PatternError, Selector};
use maille_common::roster::{Contact, Designation, ExpandError, Roster};
use maille_common::terms::Standing;
use maille_common::time::Timestamp;
use thiserror::Error;

mod hours;
mod preview;

pub use hours::{LocalMoment, local_moment, on_duty};
pub use preview::{DeputyShown, DeviceShown, Preview, PreviewedRecipient};
pub(crate) use preview::{Terms, preview};

/// A contact as the address book shows it.
#[derive(Debug, Clone)]
pub struct ContactCard {
    /// What the roster says: names, role, languages, telephones, devices.
    pub contact: Contact,
    /// The standing of its organisation.
    pub standing: Standing,
    /// Whether it is designated now.
    pub designation: Designation,
    /// A rule lets this desk write to it.
    pub writable: bool,
    /// A rule lets it write to this desk.
    pub writes: bool,
}

/// Why nobody, or not everybody, is meant.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecipientError {
    /// Nobody was named.
    #[error("Nobody is addressed; name at least one contact, pattern or @list.")]
    Nobody,
    /// Not an address, pattern or list.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// It means nobody in this roster.
    #[error(transparent)]
    Expand(#[from] ExpandError),
}

impl RecipientError {
    /// The stable code of this fault, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Nobody => "no-recipient",
            Self::Pattern(_) => "not-a-recipient",
            Self::Expand(error) => error.code(),
        }
    }
}

/// The contacts that addresses, patterns and `@lists` mean, each once, without the sender itself.
///
/// Every one of them has to mean somebody. The sender stays only where it is named outright: a
/// pattern such as `**` is not meant to write home.
pub fn expand(
    roster: &Roster,
    to: &[String],
    sender: &ContactAddress,
) -> Result<Vec<ContactAddress>, RecipientError> {
    if to.is_empty() {
        return Err(RecipientError::Nobody);
    }
    let selectors = to
        .iter()
        .map(|text| text.trim().parse())
        .collect::<Result<Vec<Selector>, _>>()?;
    let mut contacts = roster.expand(&selectors)?;
    let named = selectors.contains(&Selector::from(sender));
    contacts.retain(|contact| contact != sender || named);
    if contacts.is_empty() {
        return Err(RecipientError::Nobody);
    }
    Ok(contacts)
}

/// Every contact of the roster, by address.
pub(crate) fn cards(roster: &Roster, me: &ContactAddress, now: Timestamp) -> Vec<ContactCard> {
    let card = |entry: maille_common::roster::ContactEntry<'_>| {
        let address = &entry.contact.address;
        ContactCard {
            contact: entry.contact.clone(),
            standing: entry.organisation.standing,
            designation: roster.designated(address, now),
            writable: roster.rule_allows(me, address).is_some(),
            writes: roster.rule_allows(address, me).is_some(),
        }
    };
    roster.contacts().map(card).collect()
}

#[cfg(test)]
mod tests;
