//! Durations in milliseconds.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

use thiserror::Error;

use super::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use crate::codec::{Decode, Encode};

/// A duration in milliseconds. Shown as `1d2h`, `15m`, `1s500ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
pub struct Span(u64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// Milliseconds.
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms)
    }

    /// Seconds.
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(SECOND_MS))
    }

    /// Minutes.
    pub const fn from_minutes(minutes: u64) -> Self {
        Self(minutes.saturating_mul(MINUTE_MS))
    }

    /// Hours.
    pub const fn from_hours(hours: u64) -> Self {
        Self(hours.saturating_mul(HOUR_MS))
    }

    /// Days of 24 hours.
    pub const fn from_days(days: u64) -> Self {
        Self(days.saturating_mul(DAY_MS))
    }

    /// The duration in milliseconds.
    pub const fn ms(self) -> u64 {
        self.0
    }

    /// So many times the duration; saturates.
    pub const fn times(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

/// Saturates.
impl Add for Span {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// Saturates at zero.
impl Sub for Span {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl From<Span> for std::time::Duration {
    fn from(span: Span) -> Self {
        Self::from_millis(span.0)
    }
}

/// The units of a [`Span`], longest first.
const UNITS: [(&str, u64); 5] = [
    ("d", DAY_MS),
    ("h", HOUR_MS),
    ("m", MINUTE_MS),
    ("s", SECOND_MS),
    ("ms", 1),
];

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.pad("0s");
        }
        let mut text = String::new();
        let mut rest = self.0;
        for (unit, unit_ms) in UNITS {
            if rest >= unit_ms {
                text += &format!("{}{unit}", rest / unit_ms);
                rest %= unit_ms;
            }
        }
        f.pad(&text)
    }
}

/// Reads `15m`, `1h30m`, `250ms`: whole numbers with a unit each, the longest unit first.
impl FromStr for Span {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Self, NotASpan> {
        parse_span(text).ok_or(NotASpan)
    }
}

/// A text is not a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("A duration is expected in the form 15m or 1h30m, with the units d, h, m, s and ms.")]
pub struct NotASpan;

fn parse_span(text: &str) -> Option<Span> {
    let mut rest = text;
    let mut total: u64 = 0;
    let mut units = UNITS.iter();
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        // Units already passed are gone from the iterator, so none comes twice or out of order.
        let (_, unit_ms) = units.find(|(unit, _)| *unit == &rest[..letters])?;
        rest = &rest[letters..];
        total = total.checked_add(number.checked_mul(*unit_ms)?)?;
        if rest.is_empty() {
            return Some(Span(total));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spans_are_shown_and_read_in_units() {
        for (span, text) in [
            (Span::ZERO, "0s"),
            (Span::from_minutes(15), "15m"),
            (Span::from_minutes(90), "1h30m"),
            (Span::from_ms(1_500), "1s500ms"),
            (Span::from_days(14), "14d"),
        ] {
            assert_eq!(span.to_string(), text);
            assert_eq!(text.parse(), Ok(span));
        }
        for text in [
            "",
            "15",
            "m",
            "15 m",
            "1m1h",
            "1m1m",
            "1x",
            "-1m",
            "99999999999999999d",
            "0",
        ] {
            assert_eq!(text.parse::<Span>(), Err(NotASpan), "{text}");
        }
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Span::from_days(u64::MAX), Span::from_ms(u64::MAX));
        assert_eq!(Span::from_days(1).times(u64::MAX), Span::from_ms(u64::MAX));
        assert_eq!(
            Span::from_ms(u64::MAX) + Span::from_hours(1),
            Span::from_ms(u64::MAX)
        );
        assert_eq!(Span::from_ms(1) - Span::from_ms(2), Span::ZERO);
    }

    proptest! {
        #[test]
        fn every_span_reads_back_what_it_shows(ms: u64) {
            let span = Span::from_ms(ms);
            prop_assert_eq!(span.to_string().parse(), Ok(span));
        }

        #[test]
        fn reading_a_span_never_panics(text in ".{0,40}") {
            let _ = text.parse::<Span>();
        }
    }
}
