//! Times as the people of this machine read them: by their own clock, with its offset.

use maille_common::time::Timestamp;

/// `2026-11-23 20:45:47 +01:00`, in the time zone of this machine.
pub(crate) fn local(time: Timestamp) -> String {
    in_zone(time, &jiff::tz::TimeZone::system())
}

fn in_zone(time: Timestamp, zone: &jiff::tz::TimeZone) -> String {
    let unix_ms = i64::try_from(time.unix_ms()).unwrap_or(i64::MAX);
    match jiff::Timestamp::from_millisecond(unix_ms) {
        Ok(instant) => {
            let zoned = instant.to_zoned_datetime(zone.clone());
            zoned.strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
        }
        // The last days of the year 9999 are beyond what a zone could move them to.
        Err(_) => time.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_with_its_offset() {
        let time: Timestamp = "2026-11-23T19:45:47.123Z".parse().unwrap();
        let paris = jiff::tz::TimeZone::fixed(jiff::tz::offset(1));
        assert_eq!(in_zone(time, &paris), "2026-11-23 20:45:47 +01:00");
        assert_eq!(
            in_zone(time, &jiff::tz::TimeZone::UTC),
            "2026-11-23 19:45:47 +00:00"
        );
    }
}
