//! What the clock on a contact's wall shows, and whether somebody is on duty under it.

use jiff::tz::TimeZone;
use maille_common::roster::{Contact, DutyHours};
use maille_common::time::Timestamp;

/// A moment on the wall of a contact's office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalMoment {
    /// The hour, 0 to 23.
    pub hour: u8,
    /// The minute, 0 to 59.
    pub minute: u8,
    /// The day of the week, 0 Monday to 6 Sunday.
    pub weekday: u8,
    /// Minutes that the wall is ahead of UTC.
    pub offset_minutes: i32,
    /// The time zone, as the roster has it.
    pub time_zone: String,
}

const DAY_MINUTES: u16 = 24 * 60;

impl LocalMoment {
    /// Minutes since the local midnight.
    fn minutes(&self) -> u16 {
        u16::from(self.hour) * 60 + u16::from(self.minute)
    }
}

/// `09:05 +02:00`.
impl std::fmt::Display for LocalMoment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.offset_minutes < 0 { '-' } else { '+' };
        let offset = self.offset_minutes.unsigned_abs();
        let (hours, minutes) = (offset / 60, offset % 60);
        let shown = format!(
            "{:02}:{:02} {sign}{hours:02}:{minutes:02}",
            self.hour, self.minute
        );
        f.pad(&shown)
    }
}

/// The moment at a contact. None where its time zone is not known on this machine.
pub fn local_moment(contact: &Contact, now: Timestamp) -> Option<LocalMoment> {
    let zone = TimeZone::get(contact.time_zone.as_str()).ok()?;
    let unix_ms = i64::try_from(now.unix_ms()).ok()?;
    let local = jiff::Timestamp::from_millisecond(unix_ms)
        .ok()?
        .to_zoned_datetime(zone);
    Some(LocalMoment {
        hour: u8::try_from(local.hour()).ok()?,
        minute: u8::try_from(local.minute()).ok()?,
        weekday: u8::try_from(local.weekday().to_monday_zero_offset()).ok()?,
        offset_minutes: local.offset().seconds() / 60,
        time_zone: contact.time_zone.as_str().to_owned(),
    })
}

/// Whether somebody is on duty at that moment. A contact without hours is there day and night.
pub fn on_duty(contact: &Contact, moment: &LocalMoment) -> bool {
    contact.hours.is_empty() || contact.hours.iter().any(|hours| covers(hours, moment))
}

/// Whether a stretch of duty covers the moment, begun today or, past midnight, yesterday.
fn covers(hours: &DutyHours, moment: &LocalMoment) -> bool {
    let on = |weekday: u8| hours.days >> weekday & 1 == 1;
    let (from, to, minute) = (hours.from_minute, hours.to_minute, moment.minutes());
    if from <= to {
        return on(moment.weekday) && (from..to).contains(&minute);
    }
    let yesterday = (moment.weekday + 6) % 7;
    (on(moment.weekday) && (from..DAY_MINUTES).contains(&minute)) || (on(yesterday) && minute < to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(weekday: u8, hour: u8, minute: u8) -> LocalMoment {
        let time_zone = "UTC".to_owned();
        LocalMoment {
            hour,
            minute,
            weekday,
            offset_minutes: 0,
            time_zone,
        }
    }

    #[test]
    fn office_hours_end_with_their_last_minute() {
        // Monday to Friday, 08:30 to 18:00.
        let office = DutyHours {
            days: 0b001_1111,
            from_minute: 510,
            to_minute: 1080,
        };
        assert!(!covers(&office, &at(0, 8, 29)));
        assert!(covers(&office, &at(0, 8, 30)));
        assert!(covers(&office, &at(4, 17, 59)));
        assert!(!covers(&office, &at(4, 18, 0)));
        assert!(!covers(&office, &at(5, 12, 0)));
    }

    #[test]
    fn a_night_shift_runs_into_the_morning_after() {
        // From Friday 22:00 to Saturday 06:00.
        let night = DutyHours {
            days: 0b001_0000,
            from_minute: 1320,
            to_minute: 360,
        };
        assert!(covers(&night, &at(4, 23, 0)));
        assert!(covers(&night, &at(5, 5, 59)));
        assert!(!covers(&night, &at(5, 6, 0)));
        assert!(!covers(&night, &at(4, 5, 0)));
        // From Sunday night into Monday.
        let sunday = DutyHours {
            days: 0b100_0000,
            ..night
        };
        assert!(covers(&sunday, &at(0, 1, 0)));
    }

    #[test]
    fn the_offset_is_shown_with_its_sign() {
        let moment = LocalMoment {
            offset_minutes: -210,
            ..at(0, 9, 5)
        };
        assert_eq!(moment.to_string(), "09:05 -03:30");
        assert_eq!(at(0, 0, 0).to_string(), "00:00 +00:00");
    }
}
