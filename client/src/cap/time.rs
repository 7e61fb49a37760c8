//! The times of CAP: local time and its distance from UTC.

use maille_common::time::{Span, Timestamp};

use super::error::{CapError, shortened};

/// Reads `2026-11-23T19:45:47+01:00` (CAP 1.2, section 3.3.2).
///
/// `Z` is read as well, which the standard forbids and senders write. `-00:00` is UTC.
pub(super) fn read(element: &'static str, value: &str) -> Result<Timestamp, CapError> {
    parse(value).ok_or_else(|| CapError::NotATime {
        element,
        value: shortened(value),
    })
}

fn parse(value: &str) -> Option<Timestamp> {
    const LOCAL_LEN: usize = "2026-11-23T19:45:47".len();
    let (local, offset) = value.split_at_checked(LOCAL_LEN)?;
    let local: Timestamp = format!("{local}Z").parse().ok()?;
    if offset == "Z" {
        return Some(local);
    }
    let (sign, distance) = offset.split_at_checked(1)?;
    let (hours, minutes) = distance.split_once(':')?;
    let span =
        Span::from_hours(two_digits(hours, 14)?) + Span::from_minutes(two_digits(minutes, 59)?);
    match sign {
        "+" if span.ms() <= local.unix_ms() => Some(local - span),
        "-" => Some(local + span),
        _ => None,
    }
}

fn two_digits(text: &str, max: u64) -> Option<u64> {
    let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| plain && *number <= max)
}
