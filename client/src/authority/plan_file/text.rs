//! Values that stand in a plan as text, read by their own [`FromStr`].

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use maille_common::roster::DutyHours;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// One value.
pub(in crate::authority) fn one<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    parse(&String::deserialize(deserializer)?)
}

/// A value that may be missing.
pub(in crate::authority) fn maybe<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    one(deserializer).map(Some)
}

/// A list of values.
pub(in crate::authority) fn many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    Vec::<String>::deserialize(deserializer)?
        .iter()
        .map(|text| parse(text))
        .collect()
}

/// A table whose keys are values.
pub(in crate::authority) fn keys<'de, D, K, V>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
where
    D: Deserializer<'de>,
    K: FromStr<Err: Display> + Ord,
    V: Deserialize<'de>,
{
    let table = BTreeMap::<String, V>::deserialize(deserializer)?;
    table
        .into_iter()
        .map(|(key, value)| Ok((parse(&key)?, value)))
        .collect()
}

/// Hours of duty.
pub(in crate::authority) fn hours<'de, D>(deserializer: D) -> Result<Vec<DutyHours>, D::Error>
where
    D: Deserializer<'de>,
{
    let lines = Vec::<String>::deserialize(deserializer)?;
    let read = |line: &String| {
        duty_hours(line).ok_or_else(|| {
            D::Error::custom(format_args!(
                "`{line}` is not hours of duty such as `mon-fri 08:00-18:00` or `daily 22:00-06:00`"
            ))
        })
    };
    lines.iter().map(read).collect()
}

fn parse<T: FromStr<Err: Display>, E: Error>(text: &str) -> Result<T, E> {
    text.parse().map_err(E::custom)
}

/// `DAYS FROM-TO`: days as `daily`, `mon-fri`, `sat,sun` or `never`; times of the local day.
pub(in crate::authority) fn duty_hours(line: &str) -> Option<DutyHours> {
    let (days, times) = line.trim().split_once(' ')?;
    let (from, to) = times.trim().split_once('-')?;
    let (from_minute, to_minute) = (minute(from)?, minute(to)?);
    let days = days
        .split(',')
        .try_fold(0, |all, part| Some(all | days_of(part)?))?;
    (from_minute < 24 * 60).then_some(DutyHours {
        days,
        from_minute,
        to_minute,
    })
}

/// The days of a week as they are written.
pub(in crate::authority) const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

fn days_of(part: &str) -> Option<u8> {
    let place = |name: &str| DAYS.iter().position(|day| *day == name);
    match part {
        "daily" => return Some(DutyHours::EVERY_DAY),
        "never" => return Some(0),
        _ => {}
    }
    let (first, last) = part.split_once('-').unwrap_or((part, part));
    let (first, last) = (place(first)?, place(last)?);
    (first <= last).then(|| (first..=last).fold(0, |days, day| days | 1 << day))
}

fn minute(clock: &str) -> Option<u16> {
    let (hour, minute) = clock.split_once(':')?;
    let two = |text: &str| {
        (text.len() == 2)
            .then(|| text.parse::<u16>().ok())
            .flatten()
    };
    let (hour, minute) = (two(hour)?, two(minute)?);
    (hour * 60 + minute <= 24 * 60 && minute < 60).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_of_duty_are_read() {
        let read =
            |line| duty_hours(line).map(|hours| (hours.days, hours.from_minute, hours.to_minute));
        assert_eq!(read("mon-fri 08:00-18:30"), Some((0b1_1111, 480, 1110)));
        assert_eq!(read("sat,sun 00:00-24:00"), Some((0b110_0000, 0, 1440)));
        assert_eq!(read("daily 22:00-06:00"), Some((0x7f, 1320, 360)));
        for line in [
            "",
            "mon",
            "fri-mon 08:00-09:00",
            "mon 8:00-09:00",
            "mon 24:00-24:00",
            "mon 08:60-09:00",
            "xxx 08:00-09:00",
            "mon 08:00-24:01",
            "mon 08:00",
            "mon 65535:99-00:00",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
