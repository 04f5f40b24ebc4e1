//! Instants and periods: microseconds UTC, and the ISO 8601 texts that NGSI-LD exchanges (ETSI GS CIM 009 clause 4.6.3).
//! Reads no clock.

use std::fmt;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// An instant, microseconds since 1970-01-01T00:00:00Z. Covers the years 0001 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(i64);

/// Why a text is not an instant or a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not an ISO 8601 date and time.
    #[error("it is not an ISO 8601 date and time such as 2026-03-01T12:00:00Z")]
    Form,
    /// A field out of its range (month 13, hour 25, 30 February).
    #[error("a field of it is out of range")]
    Range,
    /// A time without zone; NGSI-LD times are UTC, offsets are accepted and converted.
    #[error("it has no time zone: end it with Z or an offset")]
    NoZone,
    /// Not an ISO 8601 period.
    #[error("it is not an ISO 8601 period such as PT1H")]
    Period,
}

impl Time {
    /// The earliest instant that is taken, 0001-01-01T00:00:00Z.
    pub const MIN: Self = Self(-62_135_596_800 * SECOND);
    /// The latest, 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(253_402_300_800 * SECOND - 1);

    /// From microseconds since the epoch, clamped to the years 0001 to 9999.
    pub const fn from_micros(micros: i64) -> Self {
        if micros < Self::MIN.0 {
            Self::MIN
        } else if micros > Self::MAX.0 {
            Self::MAX
        } else {
            Self(micros)
        }
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// This instant and `micros` more (or less), clamped.
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self::from_micros(self.0.saturating_add(micros))
    }

    /// Year, month 1-12, day 1-31 of the proleptic Gregorian calendar (H. Hinnant, "chrono-compatible low-level date
    /// algorithms", civil_from_days).
    pub fn date(self) -> (i64, u32, u32) {
        civil_from_days(self.0.div_euclid(DAY))
    }

    /// The start of a civil day, UTC. `None` when the date does not exist or is out of range.
    pub fn from_date(year: i64, month: u32, day: u32) -> Option<Self> {
        if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
            return None;
        }
        Some(Self(days_from_civil(year, month, day) * DAY))
    }

    /// Parses `YYYY-MM-DDThh:mm:ss[(.|,)f+](Z|±hh:mm)`. Digits beyond microseconds are dropped; a leap second (`:60`)
    /// counts as the next second.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let b = text.as_bytes();
        if b.len() < 19 || !b.is_ascii() {
            return Err(TimeError::Form);
        }
        let two = |i: usize| -> Result<i64, TimeError> { digits(&b[i..i + 2]) };
        if b[4] != b'-' || b[7] != b'-' || !matches!(b[10], b'T' | b't') || b[13] != b':' || b[16] != b':' {
            return Err(TimeError::Form);
        }
        let year = digits(&b[0..4])?;
        let (month, day, hour, minute, second) = (two(5)?, two(8)?, two(11)?, two(14)?, two(17)?);
        if hour > 24 || minute > 59 || second > 60 || (hour == 24 && (minute > 0 || second > 0)) {
            return Err(TimeError::Range);
        }
        let start = Self::from_date(year, month as u32, day as u32).ok_or(TimeError::Range)?;
        let mut at = 19;
        let mut fraction = 0;
        if at < b.len() && matches!(b[at], b'.' | b',') {
            at += 1;
            let first = at;
            let mut scale = SECOND / 10;
            while at < b.len() && b[at].is_ascii_digit() {
                fraction += i64::from(b[at] - b'0') * scale;
                scale /= 10;
                at += 1;
            }
            if at == first {
                return Err(TimeError::Form);
            }
        }
        let offset = match &b[at..] {
            [] => return Err(TimeError::NoZone),
            [b'Z' | b'z'] => 0,
            [sign @ (b'+' | b'-'), rest @ ..] => {
                let (h, m) = match rest {
                    [_, _, b':', _, _] => (digits(&rest[0..2])?, digits(&rest[3..5])?),
                    [_, _, _, _] => (digits(&rest[0..2])?, digits(&rest[2..4])?),
                    [_, _] => (digits(rest)?, 0),
                    _ => return Err(TimeError::Form),
                };
                if h > 23 || m > 59 {
                    return Err(TimeError::Range);
                }
                (h * 60 + m) * 60 * if *sign == b'-' { -1 } else { 1 }
            }
            _ => return Err(TimeError::Form),
        };
        let micros = start.0 + ((hour * 60 + minute) * 60 + second - offset) * SECOND + fraction;
        if !(Self::MIN.0..=Self::MAX.0).contains(&micros) {
            return Err(TimeError::Range);
        }
        Ok(Self(micros))
    }

    /// Writes `YYYY-MM-DDThh:mm:ss[.fff[fff]]Z` into a stack buffer and hands it to `with`.
    pub fn with_text<R>(self, with: impl FnOnce(&str) -> R) -> R {
        let (year, month, day) = self.date();
        let in_day = self.0.rem_euclid(DAY);
        let (seconds, micros) = (in_day / SECOND, (in_day % SECOND) as u32);
        let mut b = *b"0000-00-00T00:00:00.000000Z";
        put(&mut b[0..4], year as u32);
        put(&mut b[5..7], month);
        put(&mut b[8..10], day);
        put(&mut b[11..13], (seconds / 3600) as u32);
        put(&mut b[14..16], (seconds / 60 % 60) as u32);
        put(&mut b[17..19], (seconds % 60) as u32);
        put(&mut b[20..26], micros);
        let end = if micros == 0 {
            19
        } else if micros % 1000 == 0 {
            23
        } else {
            26
        };
        b[end] = b'Z';
        with(std::str::from_utf8(&b[..=end]).expect("digits and punctuation are ASCII"))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_text(|t| f.write_str(t))
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An ISO 8601 period: calendar months apart from exact microseconds, since a month has no fixed length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Period {
    /// Calendar months (years count twelve).
    pub months: u32,
    /// Exact part, microseconds.
    pub micros: i64,
}

impl Period {
    /// Parses `P[nY][nM][nW][nD][T[nH][nM][n[.f]S]]`; at least one field.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let rest = text.strip_prefix('P').ok_or(TimeError::Period)?;
        let (mut months, mut micros, mut any, mut in_time, mut rank) = (0_i64, 0_i64, false, false, 0);
        let mut rest = rest;
        while !rest.is_empty() {
            if let Some(r) = rest.strip_prefix('T') {
                if in_time || r.is_empty() {
                    return Err(TimeError::Period);
                }
                (in_time, rest) = (true, r);
                continue;
            }
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').ok_or(TimeError::Period)?;
            let (number, tail) = rest.split_at(end);
            let unit = tail.as_bytes()[0];
            let (whole, fraction) = match number.find(['.', ',']) {
                Some(dot) if in_time && unit == b'S' => (&number[..dot], Some(&number[dot + 1..])),
                Some(_) => return Err(TimeError::Period),
                None => (number, None),
            };
            if whole.is_empty() || whole.len() > 9 {
                return Err(TimeError::Period);
            }
            let n = digits(whole.as_bytes()).map_err(|_| TimeError::Period)?;
            let (order, step) = match (in_time, unit) {
                (false, b'Y') => (1, None),
                (false, b'M') => (2, None),
                (false, b'W') => (3, Some(7 * DAY)),
                (false, b'D') => (4, Some(DAY)),
                (true, b'H') => (5, Some(3600 * SECOND)),
                (true, b'M') => (6, Some(60 * SECOND)),
                (true, b'S') => (7, Some(SECOND)),
                _ => return Err(TimeError::Period),
            };
            if order <= rank {
                return Err(TimeError::Period);
            }
            rank = order;
            match step {
                Some(step) => {
                    micros = n.checked_mul(step).and_then(|m| m.checked_add(micros)).ok_or(TimeError::Range)?;
                }
                None => months += n * if unit == b'Y' { 12 } else { 1 },
            }
            if let Some(f) = fraction {
                let mut scale = SECOND / 10;
                for d in f.bytes() {
                    if !d.is_ascii_digit() {
                        return Err(TimeError::Period);
                    }
                    micros += i64::from(d - b'0') * scale;
                    scale /= 10;
                }
            }
            any = true;
            rest = &tail[1..];
        }
        if !any || months > 12 * 9999 {
            return Err(TimeError::Period);
        }
        Ok(Self { months: months as u32, micros })
    }

    /// Whether it lasts no time at all (`PT0S`): for an aggregation, the whole range.
    pub fn is_zero(self) -> bool {
        self.months == 0 && self.micros == 0
    }

    /// `from` and `n` of this period more, on the calendar (31 January and one month is the last day of February).
    pub fn after(self, from: Time, n: u32) -> Time {
        let mut t = from;
        if self.months > 0 {
            let (year, month, day) = t.date();
            let total = year * 12 + i64::from(month) - 1 + i64::from(self.months) * i64::from(n);
            let (y, m) = (total.div_euclid(12), total.rem_euclid(12) as u32 + 1);
            if !(1..=9999).contains(&y) {
                return Time::MAX;
            }
            let in_day = t.0.rem_euclid(DAY);
            let date = Time::from_date(y, m, day.min(days_in_month(y, m))).expect("the day was cut to the month");
            t = Time(date.0 + in_day);
        }
        t.plus_micros(self.micros.saturating_mul(i64::from(n)))
    }
}

fn digits(b: &[u8]) -> Result<i64, TimeError> {
    let mut n = 0;
    for d in b {
        if !d.is_ascii_digit() {
            return Err(TimeError::Form);
        }
        n = n * 10 + i64::from(d - b'0');
    }
    Ok(n)
}

fn put(into: &mut [u8], mut n: u32) {
    for d in into.iter_mut().rev() {
        *d = b'0' + (n % 10) as u8;
        n /= 10;
    }
}

fn is_leap(y: i64) -> bool {
    y % 4 == 0 && (y % 100 != 0 || y % 400 == 0)
}

fn days_in_month(y: i64, m: u32) -> u32 {
    match m {
        2 if is_leap(y) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_from_civil(y: i64, m: u32, d: u32) -> i64 {
    let y = if m <= 2 { y - 1 } else { y };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * (i64::from(m) + if m > 2 { -3 } else { 9 }) + 2) / 5 + i64::from(d) - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

fn civil_from_days(z: i64) -> (i64, u32, u32) {
    let z = z + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let d = (doy - (153 * mp + 2) / 5 + 1) as u32;
    let m = if mp < 10 { mp + 3 } else { mp - 9 } as u32;
    (yoe + era * 400 + i64::from(m <= 2), m, d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_prints() {
        for (text, printed) in [
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
            ("2026-02-28T23:59:59.5Z", "2026-02-28T23:59:59.500Z"),
            ("2026-02-28T23:59:59,000001Z", "2026-02-28T23:59:59.000001Z"),
            ("2024-02-29T12:00:00+02:00", "2024-02-29T10:00:00Z"),
            ("2024-02-29T24:00:00Z", "2024-03-01T00:00:00Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(Time::parse(text).map(|t| t.to_string()), Ok(printed.to_owned()), "{text}");
        }
        for (text, why) in [
            ("2026-02-30T00:00:00Z", TimeError::Range),
            ("2026-13-01T00:00:00Z", TimeError::Range),
            ("2026-01-01T25:00:00Z", TimeError::Range),
            ("2026-01-01T00:00:00", TimeError::NoZone),
            ("2026-01-01", TimeError::Form),
            ("2026-01-01 00:00:00Z", TimeError::Form),
            ("2026-01-01T00:00:00.Z", TimeError::Form),
            ("0001-01-01T00:00:00+01:00", TimeError::Range),
            ("２026-01-01T00:00:00Z", TimeError::Form),
        ] {
            assert_eq!(Time::parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn every_day_of_ten_thousand_years_round_trips() {
        let mut day = Time::MIN.0 / DAY;
        while day * DAY <= Time::MAX.0 {
            let (y, m, d) = civil_from_days(day);
            assert_eq!(days_from_civil(y, m, d), day);
            day += 1;
        }
    }

    #[test]
    fn periods() {
        assert_eq!(Period::parse("PT1H"), Ok(Period { months: 0, micros: 3600 * SECOND }));
        assert_eq!(Period::parse("P1Y2M3W4DT5H6M7.5S").map(|p| p.months), Ok(14));
        assert_eq!(Period::parse("PT0S").map(Period::is_zero), Ok(true));
        for bad in ["", "P", "PT", "1H", "PT1", "P1H", "PT1M1H", "P1.5D", "P1DT", "P-1D"] {
            assert!(Period::parse(bad).is_err(), "{bad}");
        }
        let from = Time::parse("2024-01-31T06:00:00Z").unwrap();
        assert_eq!(Period::parse("P1M").unwrap().after(from, 1).to_string(), "2024-02-29T06:00:00Z");
        assert_eq!(Period::parse("P1M").unwrap().after(from, 2).to_string(), "2024-03-31T06:00:00Z");
    }
}
