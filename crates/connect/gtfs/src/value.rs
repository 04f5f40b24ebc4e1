//! Dates and times as GTFS writes them. Holds no time zone: a service day is a civil date, a time the seconds since its
//! noon less twelve hours (GTFS Schedule, field types "Date" and "Time").

use belfry_kernel::Time;
use std::fmt;

const DAY: i64 = 86_400_000_000;
/// The latest hour of a trip that is taken: ten days after its service day began.
const MAX_HOURS: i32 = 240;

/// A civil date, days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i32);

impl Date {
    /// A date that exists, years 1 to 9999.
    pub fn new(year: i64, month: u32, day: u32) -> Option<Self> {
        let days = Time::from_date(year, month, day)?.micros().div_euclid(DAY);
        i32::try_from(days).ok().map(Self)
    }

    /// Parses `YYYYMMDD`.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 8 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Self::new(text[..4].parse().ok()?, text[4..6].parse().ok()?, text[6..].parse().ok()?)
    }

    /// Days since 1970-01-01.
    pub fn days(self) -> i32 {
        self.0
    }

    /// The date so many days later.
    #[must_use]
    pub fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Day of the week, Monday 0 to Sunday 6.
    pub fn weekday(self) -> u8 {
        // 1970-01-01 was a Thursday.
        (i64::from(self.0) + 3).rem_euclid(7) as u8
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = Time::from_micros(i64::from(self.0).saturating_mul(DAY)).date();
        write!(f, "{year:04}{month:02}{day:02}")
    }
}

/// Parses `H:MM:SS` to `HHH:MM:SS` as seconds of the service day; hours beyond 24 are of the following days, to 240.
pub fn parse_time(text: &str) -> Option<i32> {
    let mut parts = text.split(':');
    let mut part = |digits: std::ops::RangeInclusive<usize>, below: i32| -> Option<i32> {
        let text = parts.next()?;
        let fits = digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| text.parse().ok()).flatten().filter(|value| *value < below)
    };
    let (hours, minutes, seconds) = (part(1..=3, MAX_HOURS)?, part(2..=2, 60)?, part(2..=2, 60)?);
    parts.next().is_none().then_some(hours * 3600 + minutes * 60 + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_civil_and_know_their_weekday() {
        let date = Date::parse("20070604").expect("a date");
        assert_eq!((date.weekday(), date.to_string()), (0, "20070604".into()));
        assert_eq!(date.plus(-1).weekday(), 6);
        for wrong in ["20070230", "2007064", "2007-6-4", "", "20071301", "+2007064"] {
            assert_eq!(Date::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn times_go_beyond_midnight_but_not_beyond_reason() {
        for (text, seconds) in [("0:00:00", 0), ("08:05:09", 29_109), ("24:40:00", 88_800), ("100:00:00", 360_000)] {
            assert_eq!(parse_time(text), Some(seconds), "{text}");
        }
        for wrong in ["8:00", "8:60:00", "8:00:60", "-1:00:00", "240:00:00", "8:0:00", "8:00:00:00", "", "+8:00:00"] {
            assert_eq!(parse_time(wrong), None, "{wrong}");
        }
    }
}
