//! Points in time and durations, in milliseconds. There is no clock here: `now` is an argument.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

use thiserror::Error;

use crate::codec::coded_as;

mod count;
mod span;

pub use count::{BootTime, Count, Reading};
pub use span::{NotASpan, Span};

const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// At most the last millisecond of the year 9999, the end of RFC 3339: so every timestamp can be
/// shown, and what the wire says beyond is refused. Shown as `2026-11-23T19:45:47.123Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// 1970-01-01T00:00:00.000Z.
    pub const EPOCH: Self = Self(0);

    /// 9999-12-31T23:59:59.999Z.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// A point in time so many milliseconds after 1970; what is later than [`Self::MAX`] is that.
    pub const fn from_unix_ms(unix_ms: u64) -> Self {
        if unix_ms <= Self::MAX.0 {
            Self(unix_ms)
        } else {
            Self::MAX
        }
    }

    /// Milliseconds since 1970.
    pub const fn unix_ms(self) -> u64 {
        self.0
    }

    /// The time that passed since an earlier point, or zero if it is not earlier.
    pub const fn since(self, earlier: Self) -> Span {
        Span::from_ms(self.0.saturating_sub(earlier.0))
    }

    fn checked(unix_ms: u64) -> Result<Self, &'static str> {
        if unix_ms <= Self::MAX.0 {
            Ok(Self(unix_ms))
        } else {
            Err("a time is after the year 9999")
        }
    }
}

coded_as!(Timestamp as u64, |time| &time.0, Timestamp::checked);

/// Saturates at [`Timestamp::MAX`].
impl Add<Span> for Timestamp {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        Self::from_unix_ms(self.0.saturating_add(span.ms()))
    }
}

/// Saturates at [`Timestamp::EPOCH`].
impl Sub<Span> for Timestamp {
    type Output = Self;

    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.ms()))
    }
}

/// RFC 3339 in UTC, to the millisecond.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date_of(self.0 / DAY_MS);
        let (hour, minute) = (self.0 / HOUR_MS % 24, self.0 / MINUTE_MS % 60);
        let (second, ms) = (self.0 / SECOND_MS % 60, self.0 % SECOND_MS);
        let text =
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z");
        f.pad(&text)
    }
}

/// Reads RFC 3339 in UTC, `2026-11-23T19:45:47Z`, with no fraction or one of three digits.
impl FromStr for Timestamp {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        parse_rfc3339(text).ok_or(NotATime)
    }
}

/// A text is not a time in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("A time is expected in the form 2026-11-23T19:45:47Z or 2026-11-23T19:45:47.123Z.")]
pub struct NotATime;

fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let (date_time, ms) = match text.strip_suffix('Z')?.split_once('.') {
        Some((date_time, fraction)) => (date_time, number(fraction, 3)?),
        None => (text.strip_suffix('Z')?, 0),
    };
    let (date, time) = date_time.split_once('T')?;
    let [year, month, day] = split(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = split(time, ':', [2, 2, 2])?;
    if hour > 23 || minute > 59 || second > 59 || year < 1970 {
        return None;
    }
    let days = days_to(year, month, day)?;
    Some(Timestamp(
        days * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS + ms,
    ))
}

/// Splits three numbers of fixed widths.
fn split(text: &str, separator: char, widths: [usize; 3]) -> Option<[u64; 3]> {
    let mut parts = text.split(separator);
    let mut next = |width| number(parts.next()?, width);
    let numbers = [next(widths[0])?, next(widths[1])?, next(widths[2])?];
    parts.next().is_none().then_some(numbers)
}

/// Reads a number of exactly so many digits.
fn number(text: &str, width: usize) -> Option<u64> {
    let plain = text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// Year, month and day of the day so many days after 1970-01-01 (Gregorian).
///
/// Counts from 0000-03-01, so that the leap day is the last of its year; 719,468 days lie between,
/// and 400 years have 146,097. The algorithm is Howard Hinnant's `civil_from_days`.
fn date_of(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

/// Days from 1970-01-01 to a date of that year or later, if the date exists.
fn days_to(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year_from_march = if month <= 2 { year - 1 } else { year };
    let month_from_march = if month <= 2 { month + 9 } else { month - 3 };
    let (era, year_of_era) = (year_from_march / 400, year_from_march % 400);
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    // The 31st of a short month comes back as another date.
    (date_of(days) == (year, month, day)).then_some(days)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::{decode, encode};

    #[test]
    fn known_times_are_shown_as_rfc_3339() {
        for (unix_ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_000_000_000_000, "2001-09-09T01:46:40.000Z"),
            (1_795_463_147_123, "2026-11-23T19:45:47.123Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (Timestamp::MAX.unix_ms(), "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Timestamp::from_unix_ms(unix_ms).to_string(), text);
            assert_eq!(text.parse(), Ok(Timestamp::from_unix_ms(unix_ms)));
        }
        assert_eq!(
            "1970-01-01T00:00:01Z".parse(),
            Ok(Timestamp::from_unix_ms(1_000))
        );
    }

    #[test]
    fn what_is_not_a_time_is_refused() {
        for text in [
            "",
            "Z",
            "2026-11-23",
            "2026-11-23T19:45:47",
            "2026-11-23 19:45:47Z",
            "2026-11-23T19:45:47+01:00",
            "2026-11-23T19:45:47.1Z",
            "2026-11-23T24:00:00Z",
            "2026-11-23T23:59:60Z",
            "2026-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "+026-11-23T19:45:47Z",
            "2026-11-23T19:45:47.123Z\n",
            "2026-11-23T19:45:47.1é",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(NotATime), "{text}");
        }
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Timestamp::MAX + Span::from_ms(u64::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::EPOCH - Span::from_days(1), Timestamp::EPOCH);
        assert_eq!(Timestamp::EPOCH.since(Timestamp::MAX), Span::ZERO);
        assert_eq!(Timestamp::from_unix_ms(u64::MAX), Timestamp::MAX);
    }

    #[test]
    fn a_time_after_the_year_9999_is_refused_on_the_wire() {
        let last = encode(&Timestamp::MAX);
        assert_eq!(decode(&last), Ok(Timestamp::MAX));
        assert!(decode::<Timestamp>(&(Timestamp::MAX.unix_ms() + 1).to_le_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn every_timestamp_reads_back_what_it_shows(ms in 0..=Timestamp::MAX.unix_ms()) {
            let time = Timestamp::from_unix_ms(ms);
            prop_assert_eq!(time.to_string().parse(), Ok(time));
        }

        #[test]
        fn reading_a_time_never_panics(text in ".{0,40}") {
            let _ = text.parse::<Timestamp>();
        }
    }
}
