//! Counted time: a line on which deadlines stand that nobody moves by setting a clock.

use super::{Span, Timestamp};
use crate::codec::coded;

/// One look at a machine's clocks, both at the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The present, as somebody has set it.
    pub wall: Timestamp,
    /// The time since the machine was started.
    pub boot: BootTime,
}

coded! {
    /// The time since a machine was started. It counts while the machine sleeps; nobody sets it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct BootTime {
        /// Differs from every other start of every machine.
        pub id: [u8; 16],
        /// Since then.
        pub since: Span,
    }
}

coded! {
    /// Where counted time stands, and by which clocks.
    ///
    /// It begins as the wall's time and goes on by the boot-time clock, also while the process is
    /// not there. Only what passed between two starts of the machine is taken from the wall, which
    /// may have been set meanwhile: that is a *gap*, and every deadline that lies across one is
    /// uncertain. Counted time never goes back.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Count {
        pub(crate) counted: Timestamp,
        pub(crate) wall: Timestamp,
        pub(crate) boot: BootTime,
        /// The end of the last gap; 1970 for none.
        pub(crate) gap: Timestamp,
    }
}

impl Count {
    /// A count that is kept at least so often has little to take from the wall after a crash.
    pub const KEPT_EVERY: Span = Span::from_minutes(1);

    /// How far the wall may drift from the count before it is kept anew.
    const DRIFT: Span = Span::from_ms(100);

    /// Begins to count.
    pub fn begin(reading: Reading) -> Self {
        Self {
            counted: reading.wall,
            wall: reading.wall,
            boot: reading.boot,
            gap: Timestamp::EPOCH,
        }
    }

    /// Goes on to another look.
    #[must_use]
    pub fn read(self, reading: Reading) -> Self {
        let Reading { wall, boot } = reading;
        let (passed, gap) = match self.ran_until(&boot) {
            Some(passed) => (passed, self.gap),
            None => {
                let passed = wall.since(self.wall);
                (passed, self.counted + passed)
            }
        };
        Self {
            counted: self.counted + passed,
            wall,
            boot,
            gap,
        }
    }

    /// What has passed until a later look for which nobody's word is taken: none of it where the
    /// machine was started in between, for then the wall alone says how long it was off.
    pub fn surely_until(&self, later: &Self) -> Span {
        self.ran_until(&later.boot).unwrap_or(Span::ZERO)
    }

    /// How long the machine ran until then; none where it was started in between.
    fn ran_until(&self, boot: &BootTime) -> Option<Span> {
        let same_boot = boot.id == self.boot.id && boot.since >= self.boot.since;
        same_boot.then(|| boot.since - self.boot.since)
    }

    /// The present, at the last look.
    pub fn now(&self) -> Timestamp {
        self.counted
    }

    /// A moment of the wall in counted time, provided that nobody set the wall since the last look.
    pub fn at(&self, wall: Timestamp) -> Timestamp {
        self.counted + wall.since(self.wall) - self.wall.since(wall)
    }

    /// A moment of counted time as the wall shows it now.
    pub fn wall_at(&self, counted: Timestamp) -> Timestamp {
        self.wall + counted.since(self.counted) - self.counted.since(counted)
    }

    /// Whether what has been counted since a moment lies across a gap.
    pub fn is_uncertain(&self, since: Timestamp) -> bool {
        since < self.gap
    }

    /// Whether this has to be kept in place of what is kept.
    pub fn differs_from(&self, kept: &Self) -> bool {
        let expected = kept.wall_at(self.counted);
        let drift = expected.since(self.wall).max(self.wall.since(expected));
        self.boot.id != kept.boot.id
            || drift > Self::DRIFT
            || self.counted.since(kept.counted) >= Self::KEPT_EVERY
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOON: Timestamp = Timestamp::from_unix_ms(1_795_435_200_000);

    fn reading(wall: Timestamp, boot: u8, since: Span) -> Reading {
        let id = [boot; 16];
        Reading {
            wall,
            boot: BootTime { id, since },
        }
    }

    #[test]
    fn within_a_boot_nobody_who_sets_the_wall_moves_the_count() {
        let count = Count::begin(reading(NOON, 1, Span::from_hours(5)));
        let minute = Span::from_minutes(1);
        for wall in [
            NOON + Span::from_days(400),
            NOON - Span::from_days(400),
            NOON,
        ] {
            let read = count.read(reading(wall, 1, Span::from_hours(5) + minute));
            assert_eq!(read.now(), NOON + minute);
            assert!(!read.is_uncertain(NOON));
            assert_eq!(read.at(wall + minute), NOON + minute + minute);
            assert_eq!(read.wall_at(NOON), wall - minute);
        }
    }

    #[test]
    fn between_two_boots_the_wall_is_believed_and_what_lies_across_is_uncertain() {
        let count = Count::begin(reading(NOON, 1, Span::from_hours(5)));
        let hour = Span::from_hours(1);
        let read = count.read(reading(NOON + hour, 2, Span::from_seconds(9)));
        assert_eq!(read.now(), NOON + hour);
        assert!(read.is_uncertain(NOON) && !read.is_uncertain(NOON + hour));
        let later = read.read(reading(NOON, 2, Span::from_seconds(10)));
        assert_eq!(later.now(), NOON + hour + Span::from_seconds(1));
        assert!(!later.is_uncertain(NOON + hour), "a deadline begun since");
        assert!(later.is_uncertain(NOON), "an older one stays uncertain");
    }

    #[test]
    fn what_surely_passed_is_what_the_machine_ran_and_no_word_of_the_wall() {
        let (hour, year) = (Span::from_hours(1), Span::from_days(365));
        let count = Count::begin(reading(NOON, 1, hour + hour));
        for (wall, boot, since, surely) in [
            (NOON + hour, 1, hour + hour + hour, hour),
            (NOON + year, 1, hour + hour, Span::ZERO),
            (NOON - year, 1, hour + hour + hour, hour),
            (NOON + hour, 2, hour, Span::ZERO),
            (NOON + year, 2, year, Span::ZERO),
            // A machine whose state was put back goes by another clock than before.
            (NOON + hour, 1, hour, Span::ZERO),
        ] {
            let later = count.read(reading(wall, boot, since));
            assert_eq!(count.surely_until(&later), surely, "{later:?}");
        }
    }

    #[test]
    fn a_wall_that_was_set_back_while_the_machine_was_off_takes_nothing_back() {
        let count = Count::begin(reading(NOON, 1, Span::from_hours(5)));
        let read = count.read(reading(Timestamp::EPOCH, 2, Span::ZERO));
        assert_eq!(read.now(), NOON);
        assert_eq!(
            read.at(Timestamp::EPOCH + Span::from_hours(1)),
            NOON + Span::from_hours(1)
        );
    }

    #[test]
    fn a_count_is_kept_anew_after_a_minute_a_step_of_the_wall_and_a_boot() {
        let kept = Count::begin(reading(NOON, 1, Span::ZERO));
        let second = Span::from_seconds(1);
        let minute = Span::from_minutes(1);
        for (read, differs) in [
            (reading(NOON + second, 1, second), false),
            (reading(NOON + minute, 1, minute), true),
            (reading(NOON + second + second, 1, second), true),
            (reading(NOON, 1, second), true),
            (reading(NOON + second, 2, second), true),
        ] {
            assert_eq!(kept.read(read).differs_from(&kept), differs, "{read:?}");
        }
    }

    proptest! {
        #[test]
        fn a_count_never_goes_back(
            looks in prop::collection::vec((any::<u64>(), 0..3u8, any::<u64>()), 1..20),
        ) {
            let mut count = Count::begin(reading(NOON, 0, Span::ZERO));
            for (wall, boot, since) in looks {
                let wall = Timestamp::from_unix_ms(wall);
                let read = count.read(reading(wall, boot, Span::from_ms(since)));
                prop_assert!(read.now() >= count.now());
                prop_assert!(!read.is_uncertain(read.now()));
                count = read;
            }
        }
    }
}
