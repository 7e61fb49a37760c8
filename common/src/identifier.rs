//! The names of alerts and of the lives of stores, and how people read and type them.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use thiserror::Error;

use crate::codec::{Decode, Encode, fixed_bytes, from_hex};

fixed_bytes! {
    /// Names one alert for ever: `H("envelope", env)`.
    ///
    /// `Display` writes all of it; people see [`AlertId::prefix`].
    pub struct AlertId([u8; 32]);
}

impl AlertId {
    /// All zero: stands where no alert is named.
    pub const NONE: Self = Self([0; 32]);

    /// The first 40 bits, as people see the id: `7QK4-M2DX`.
    pub fn prefix(&self) -> AlertIdPrefix {
        AlertIdPrefix::of(self, AlertIdPrefix::SHOWN_CHARACTERS * BITS_PER_CHARACTER)
    }
}

fixed_bytes! {
    /// One life of a relay's store. A relay that lost its disk, or was rolled back, takes another.
    pub struct Incarnation([u8; 16]);
}

/// One life of a device's store, greater than every earlier one of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The life after this one. Saturates, which takes one life per nanosecond for 584 years.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Crockford's base32: digits and letters without I, L, O and U.
const ALPHABET: [char; 32] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J',
    'K', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Y', 'Z',
];

const BITS_PER_CHARACTER: usize = 5;

/// The beginning of an alert id, as people type it.
///
/// Up to eight characters of Crockford's base32, of either case, hyphens anywhere or nowhere, O
/// read as 0 and I and L as 1; or all 64 hexadecimal digits. A prefix names an alert only where a
/// single one of those held begins with it: whoever looks it up must say so when there are two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AlertIdPrefix {
    /// The bits of the prefix, then zeros.
    bytes: [u8; AlertId::LEN],
    bits: usize,
}

impl AlertIdPrefix {
    /// How many characters people see.
    pub const SHOWN_CHARACTERS: usize = 8;

    /// Whether the id begins with this prefix.
    pub fn matches(&self, id: &AlertId) -> bool {
        Self::of(id, self.bits) == *self
    }

    /// The least and the greatest id with this prefix: where an index in order of ids is read.
    pub fn range(&self) -> RangeInclusive<AlertId> {
        let mut last = self.bytes;
        for bit in self.bits..AlertId::LEN * 8 {
            last[bit / 8] |= 0x80 >> (bit % 8);
        }
        AlertId::from_bytes(self.bytes)..=AlertId::from_bytes(last)
    }

    fn of(id: &AlertId, bits: usize) -> Self {
        let mut bytes = *id.as_bytes();
        for bit in bits..AlertId::LEN * 8 {
            bytes[bit / 8] &= !(0x80 >> (bit % 8));
        }
        Self { bytes, bits }
    }

    /// The five bits of the character at this place.
    fn character(&self, place: usize) -> char {
        let bit = |bit: usize| usize::from(self.bytes[bit / 8] >> (7 - bit % 8) & 1);
        let first = place * BITS_PER_CHARACTER;
        let value = (first..first + BITS_PER_CHARACTER).fold(0, |value, at| value << 1 | bit(at));
        ALPHABET[value]
    }
}

impl From<AlertId> for AlertIdPrefix {
    fn from(id: AlertId) -> Self {
        Self::of(&id, AlertId::LEN * 8)
    }
}

/// `7QK4-M2DX`, or all hexadecimal digits of a whole id.
impl fmt::Display for AlertIdPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.bits > Self::SHOWN_CHARACTERS * BITS_PER_CHARACTER {
            return AlertId::from_bytes(self.bytes).fmt(f);
        }
        let mut text = String::new();
        for place in 0..self.bits / BITS_PER_CHARACTER {
            if place == Self::SHOWN_CHARACTERS / 2 {
                text.push('-');
            }
            text.push(self.character(place));
        }
        f.pad(&text)
    }
}

impl FromStr for AlertIdPrefix {
    type Err = NotAnAlertId;

    fn from_str(text: &str) -> Result<Self, NotAnAlertId> {
        let text = text.trim();
        if let Ok(bytes) = from_hex(text) {
            return Ok(Self::from(AlertId::from_bytes(bytes)));
        }
        let mut prefix = Self {
            bytes: [0; AlertId::LEN],
            bits: 0,
        };
        for character in text.chars().filter(|&c| c != '-') {
            let value = value_of(character).ok_or(NotAnAlertId)?;
            if prefix.bits == Self::SHOWN_CHARACTERS * BITS_PER_CHARACTER {
                return Err(NotAnAlertId);
            }
            for place in (0..BITS_PER_CHARACTER).rev() {
                let bit = u8::from(value >> place & 1 == 1);
                prefix.bytes[prefix.bits / 8] |= bit << (7 - prefix.bits % 8);
                prefix.bits += 1;
            }
        }
        if prefix.bits == 0 {
            Err(NotAnAlertId)
        } else {
            Ok(prefix)
        }
    }
}

/// The value of a character as people type it.
fn value_of(character: char) -> Option<usize> {
    let read = match character.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    ALPHABET.iter().position(|&known| known == read)
}

/// A text is not the beginning of an alert id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("An alert is named by up to eight characters, as in `7QK4-M2DX`, or by all 64 digits.")]
pub struct NotAnAlertId;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::{decode, encode};

    fn id(start: [u8; 5]) -> AlertId {
        let mut bytes = [0xff; 32];
        bytes[..5].copy_from_slice(&start);
        AlertId::from_bytes(bytes)
    }

    #[test]
    fn people_see_eight_characters_of_crockford_base32() {
        assert_eq!(id([0; 5]).prefix().to_string(), "0000-0000");
        assert_eq!(id([0xff; 5]).prefix().to_string(), "ZZZZ-ZZZZ");
        // 00111 10111 10011 00100 10100 00010 01101 11101
        assert_eq!(
            id([0x3d, 0xe6, 0x4a, 0x09, 0xbd]).prefix().to_string(),
            "7QK4-M2DX"
        );
    }

    #[test]
    fn an_id_is_found_as_people_type_it() {
        let id = id([0x3d, 0xe6, 0x4a, 0x09, 0xbd]);
        for typed in [
            "7QK4-M2DX",
            "7qk4m2dx",
            " 7QK4 ",
            "7-q-k",
            "7",
            &id.to_string(),
        ] {
            assert!(
                typed.parse::<AlertIdPrefix>().unwrap().matches(&id),
                "{typed}"
            );
        }
        for typed in ["8", "7QK4-M2DY", "7QK5"] {
            assert!(
                !typed.parse::<AlertIdPrefix>().unwrap().matches(&id),
                "{typed}"
            );
        }
        let other = "1010".parse::<AlertIdPrefix>();
        assert_eq!("iOlo".parse::<AlertIdPrefix>(), other);
        assert_eq!("Il-oO".parse::<AlertIdPrefix>(), "1100".parse());
    }

    #[test]
    fn what_names_no_alert_is_refused() {
        for typed in [
            "",
            "-",
            " ",
            "7QK4-M2DXA",
            "7QU4",
            "7QK4 M2DX",
            "é",
            "ſ",
            &"a".repeat(63),
        ] {
            assert_eq!(typed.parse::<AlertIdPrefix>(), Err(NotAnAlertId), "{typed}");
        }
    }

    #[test]
    fn an_epoch_follows_an_epoch() {
        assert_eq!(Epoch(7).next(), Epoch(8));
        assert_eq!(Epoch(u64::MAX).next(), Epoch(u64::MAX));
        assert_eq!(encode(&Epoch(7)), [7, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(decode(&encode(&Epoch(7))), Ok(Epoch(7)));
    }

    proptest! {
        #[test]
        fn every_shown_prefix_reads_back(bytes: [u8; 32]) {
            let id = AlertId::from_bytes(bytes);
            prop_assert_eq!(id.prefix().to_string().parse(), Ok(id.prefix()));
            prop_assert_eq!(id.to_string().parse(), Ok(AlertIdPrefix::from(id)));
        }

        #[test]
        fn what_matches_lies_in_the_range(
            bytes: [u8; 32],
            other: [u8; 32],
            typed in "[0-9A-Z]{1,8}",
        ) {
            let id = AlertId::from_bytes(bytes);
            for length in 1..=8_usize {
                let shown = id.prefix().to_string().replace('-', "");
                let prefix: AlertIdPrefix = shown[..length].parse().unwrap();
                prop_assert!(prefix.matches(&id) && prefix.range().contains(&id));
                prop_assert_eq!(prefix.to_string().replace('-', ""), &shown[..length]);
            }
            if let Ok(prefix) = typed.parse::<AlertIdPrefix>() {
                let other = AlertId::from_bytes(other);
                prop_assert_eq!(prefix.matches(&other), prefix.range().contains(&other));
            }
        }

        #[test]
        fn reading_a_prefix_never_panics(typed in ".{0,80}") {
            let _ = typed.parse::<AlertIdPrefix>();
        }
    }
}
