//! Names of organisations and relays, addresses of contacts, ids of devices.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::codec::{Text, coded_as, fixed_bytes};
use crate::limits;

/// The name of an organisation or a relay: `interpol`, `europol-relay-2`.
///
/// 1 to 32 bytes of `[a-z0-9]` and inner hyphens. One organisation has one spelling, so names
/// compare and sort by their bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Text<{ limits::NAME_BYTES_MAX }>);

impl Name {
    /// The name.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        let refuse = |fault| NameError {
            name: shortened(name),
            fault,
        };
        let text = Text::new(name).map_err(|_| refuse(NameFault::TooLong))?;
        match name_fault(name) {
            None => Ok(Self(text)),
            Some(fault) => Err(refuse(fault)),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

coded_as!(
    Name as Text<{ limits::NAME_BYTES_MAX }>,
    |name| &name.0,
    |text| {
        match name_fault(&text) {
            None => Ok(Name(text)),
            Some(_) => Err("a name is not of small letters, digits and inner hyphens"),
        }
    }
);

/// A text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{name}` is not a name: {fault}.")]
pub struct NameError {
    /// What was given, shortened.
    pub name: String,
    /// What is wrong with it.
    pub fault: NameFault,
}

/// What is wrong with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NameFault {
    /// It has no letter.
    #[error("it is empty")]
    Empty,
    /// It is longer than [`limits::NAME_BYTES_MAX`].
    #[error("it is longer than {} bytes", limits::NAME_BYTES_MAX)]
    TooLong,
    /// It begins or ends with a hyphen.
    #[error("a hyphen stands at its beginning or end")]
    OuterHyphen,
    /// It has another character than those allowed.
    #[error("only small letters a to z, digits and hyphens are allowed, and it has {0:?}")]
    Character(char),
}

/// What is wrong with the letters of a name, its length aside.
pub(crate) fn name_fault(name: &str) -> Option<NameFault> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() {
        Some(NameFault::Empty)
    } else if let Some(other) = name.chars().find(|&c| !allowed(c)) {
        Some(NameFault::Character(other))
    } else if name.starts_with('-') || name.ends_with('-') {
        Some(NameFault::OuterHyphen)
    } else {
        None
    }
}

/// The address of a contact: `interpol/fr/cyber`. A stable role, not a person.
///
/// 2 to 5 names joined by `/`, 128 bytes at most; the first is the organisation. Addresses compare
/// and sort by their bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContactAddress(Text<{ limits::ADDRESS_BYTES_MAX }>);

impl ContactAddress {
    /// The address.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The segments, the organisation first.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.as_str().split('/')
    }

    /// The name of the organisation the contact belongs to.
    pub fn organisation(&self) -> Name {
        let first = self.segments().next().unwrap_or_default();
        Name(Text::new(first).expect("a segment of an address was checked to be a name"))
    }

    /// Whether the contact belongs to this organisation. Does not allocate.
    pub fn is_of(&self, organisation: &Name) -> bool {
        self.segments().next() == Some(organisation.as_str())
    }
}

impl FromStr for ContactAddress {
    type Err = AddressError;

    fn from_str(address: &str) -> Result<Self, AddressError> {
        let refuse = |fault| AddressError {
            address: shortened(address),
            fault,
        };
        let text = Text::new(address).map_err(|_| refuse(AddressFault::TooLong))?;
        match address_fault(address) {
            None => Ok(Self(text)),
            Some(fault) => Err(refuse(fault)),
        }
    }
}

impl fmt::Display for ContactAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ContactAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContactAddress({self})")
    }
}

coded_as!(
    ContactAddress as Text<{ limits::ADDRESS_BYTES_MAX }>,
    |address| &address.0,
    |text| match address_fault(&text) {
        None => Ok(ContactAddress(text)),
        Some(_) => Err("an address is not of 2 to 5 names joined by slashes"),
    },
);

/// A text is not the address of a contact.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{address}` is not the address of a contact: {fault}.")]
pub struct AddressError {
    /// What was given, shortened.
    pub address: String,
    /// What is wrong with it.
    pub fault: AddressFault,
}

/// What is wrong with an address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AddressFault {
    /// It is longer than [`limits::ADDRESS_BYTES_MAX`].
    #[error("it is longer than {} bytes", limits::ADDRESS_BYTES_MAX)]
    TooLong,
    /// It has too few or too many segments.
    #[error("it has {0} segments where 2 to 5 are expected, as in `interpol/fr/cyber`")]
    Segments(usize),
    /// A segment is not a name.
    #[error("in the segment `{segment}`, {fault}")]
    Segment {
        /// The segment.
        segment: String,
        /// What is wrong with it.
        fault: NameFault,
    },
}

/// What is wrong with the segments of an address, its length aside.
fn address_fault(address: &str) -> Option<AddressFault> {
    let count = address.split('/').count();
    if !limits::ADDRESS_SEGMENTS.contains(&count) {
        return Some(AddressFault::Segments(count));
    }
    address.split('/').find_map(|segment| {
        let fault = if segment.len() > limits::NAME_BYTES_MAX {
            NameFault::TooLong
        } else {
            name_fault(segment)?
        };
        Some(AddressFault::Segment {
            segment: shortened(segment),
            fault,
        })
    })
}

/// The beginning of a text a stranger gave, fit to stand in a sentence.
pub(crate) fn shortened(text: &str) -> String {
    const CHARACTERS: usize = 64;
    let mut start: String = text.chars().take(CHARACTERS).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}

fixed_bytes! {
    /// Names one device for ever, whatever its keys. Made by the device from 16 random bytes.
    pub struct DeviceId([u8; 16]);
}

impl DeviceId {
    /// All zero: stands where no device is named.
    pub const NONE: Self = Self([0; 16]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::{decode, encode};

    #[test]
    fn names_are_small_letters_digits_and_inner_hyphens() {
        for name in ["a", "interpol", "relay-2", "3", "a--b", &"x".repeat(32)] {
            assert_eq!(name.parse::<Name>().unwrap().as_str(), name);
        }
        for (name, fault) in [
            ("", NameFault::Empty),
            (&"x".repeat(33), NameFault::TooLong),
            ("-a", NameFault::OuterHyphen),
            ("a-", NameFault::OuterHyphen),
            ("Interpol", NameFault::Character('I')),
            ("inter pol", NameFault::Character(' ')),
            ("interpöl", NameFault::Character('ö')),
        ] {
            assert_eq!(name.parse::<Name>().unwrap_err().fault, fault, "{name}");
        }
    }

    #[test]
    fn an_address_has_two_to_five_segments_and_begins_with_its_organisation() {
        let address: ContactAddress = "interpol/fr/cyber".parse().unwrap();
        assert_eq!(address.organisation().as_str(), "interpol");
        assert!(address.is_of(&"interpol".parse().unwrap()));
        assert!(!address.is_of(&"inter".parse().unwrap()));
        for text in ["a", "a/b/c/d/e/f", "", "a//b", "/a/b", "a/b/", "a/*", "a/B"] {
            assert!(text.parse::<ContactAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_refusal_of_an_address_names_the_fault() {
        let error = "interpol/FR".parse::<ContactAddress>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`interpol/FR` is not the address of a contact: in the segment `FR`, only small \
             letters a to z, digits and hyphens are allowed, and it has 'F'."
        );
    }

    #[test]
    fn a_broken_address_is_refused_on_the_wire_too() {
        let broken = Text::<128>::new("interpol").unwrap();
        assert!(decode::<ContactAddress>(&encode(&broken)).is_err());
        let broken = Text::<32>::new("inter/pol").unwrap();
        assert!(decode::<Name>(&encode(&broken)).is_err());
    }

    proptest! {
        #[test]
        fn every_accepted_text_survives_the_wire_and_the_screen(text in "[a-c/*-]{0,12}") {
            if let Ok(address) = text.parse::<ContactAddress>() {
                prop_assert_eq!(decode(&encode(&address)), Ok(address.clone()));
                prop_assert_eq!(address.to_string(), text);
            }
        }

        #[test]
        fn addresses_sort_by_their_bytes(left in "a/[a-c-]{0,3}c", right in "a/[a-c-]{0,3}c") {
            if let (Ok(l), Ok(r)) = (left.parse::<ContactAddress>(), right.parse()) {
                prop_assert_eq!(l.cmp(&r), left.as_bytes().cmp(right.as_bytes()));
            }
        }
    }
}
