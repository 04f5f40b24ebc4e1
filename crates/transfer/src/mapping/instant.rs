//! When a row was true: one text with a format, or calendar columns; zones and their ambiguous hours. Reads no clock.

use super::columns::Columns;
use super::section::Section;
use super::template::Template;
use crate::source::Row;
use belfry_kernel::Time;
use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime;
use jiff::tz::{Disambiguation, TimeZone};

/// How the instant of a row is read.
#[derive(Clone, Debug)]
pub struct InstantRule {
    parts: Parts,
    zone: Option<TimeZone>,
    zone_name: String,
    ambiguous: Ambiguous,
}

#[derive(Clone, Debug)]
enum Parts {
    Text {
        template: Template,
        format: Format,
    },
    Calendar {
        year: usize,
        month: Option<usize>,
        day: Option<usize>,
        day_of_year: Option<usize>,
        clock: [Option<usize>; 3],
    },
}

#[derive(Clone, Debug)]
enum Format {
    /// ISO 8601, leniently: `T` or a space, seconds or none, a bare date is its midnight.
    Iso,
    /// Seconds since 1970, with a fraction or not.
    Unix,
    /// Milliseconds since 1970.
    UnixMillis,
    /// strftime letters.
    Letters(String),
}

/// What is done with a local time that a change of clocks skips or repeats.
#[derive(Clone, Copy, Debug)]
enum Ambiguous {
    Earlier,
    Later,
    Reject,
}

impl InstantRule {
    /// Reads a `[time]` table.
    pub(super) fn read(section: &Section<'_>, columns: &mut Columns) -> Option<Self> {
        let mut column = |key| section.text(key).map(|name| columns.add(name.value, name.offset));
        let year = column("year");
        let calendar = (column("month"), column("day"), column("day_of_year"));
        let clock = [column("hour"), column("minute"), column("second")];
        let single = section.text("column").map(|name| Template::column(columns.add(name.value, name.offset)));
        let text = section.text("text").and_then(|text| Template::parse(&text, columns, section.document));
        let format = match section.text("format") {
            None => Format::Iso,
            Some(word) if word.value == "iso" => Format::Iso,
            Some(word) if word.value == "unix" => Format::Unix,
            Some(word) if word.value == "unix_ms" => Format::UnixMillis,
            Some(letters) => {
                if let Err(why) = check_letters(letters.value) {
                    section.document.refuse(letters.offset, format!("time.format: {why}"), None);
                }
                Format::Letters(letters.value.to_owned())
            }
        };
        let zone_name = section.text("zone");
        let zone = zone_name.as_ref().and_then(|name| {
            read_zone(name.value).or_else(|| {
                let message = format!(
                    "time.zone: {:?} is no time zone; write one such as \"Europe/Vaduz\", \"UTC\" or \"+02:00\"",
                    name.value
                );
                section.document.refuse(name.offset, message, None);
                None
            })
        });
        let words = [("earlier", Ambiguous::Earlier), ("later", Ambiguous::Later), ("reject", Ambiguous::Reject)];
        let ambiguous = section.choice("ambiguous", &words).unwrap_or(Ambiguous::Earlier);
        section.finish();
        let parts = match (year, single, text) {
            (Some(year), None, None) => {
                let (month, day, day_of_year) = calendar;
                if day_of_year.is_some() && (month.is_some() || day.is_some()) {
                    section.missing("time: day_of_year goes with year alone, without month and day");
                    return None;
                }
                Parts::Calendar { year, month, day, day_of_year, clock }
            }
            (None, Some(template), None) | (None, None, Some(template)) => Parts::Text { template, format },
            _ => {
                section.missing("time: say where it comes from with one of column = \"…\", text = \"{A} {B}\", or year = \"…\" with day_of_year or month and day");
                return None;
            }
        };
        Some(Self { parts, zone, zone_name: zone_name.map_or_else(String::new, |n| n.value.to_owned()), ambiguous })
    }

    /// The column to name when the time of a row is wrong.
    pub(super) fn column(&self) -> Option<usize> {
        match &self.parts {
            Parts::Text { template, .. } => template.first_column(),
            Parts::Calendar { year, .. } => Some(*year),
        }
    }

    /// The instant of a row.
    pub(super) fn instant(&self, row: &Row, is_missing: impl Fn(&str) -> bool) -> Result<Time, String> {
        match &self.parts {
            Parts::Text { template, format } => {
                let text = template.fill(row, is_missing).map_err(|_| "the time is missing".to_owned())?;
                self.read_text(text.trim(), format)
            }
            Parts::Calendar { year, month, day, day_of_year, clock } => {
                let number = |index: Option<usize>, name: &str, or: i64| -> Result<i64, String> {
                    let Some(index) = index else { return Ok(or) };
                    let text = row.text(index).ok_or_else(|| format!("the {name} is missing"))?;
                    let text = text.trim();
                    let whole = text.strip_suffix(".0").or_else(|| text.strip_suffix(".00")).unwrap_or(text);
                    whole.parse().map_err(|_| format!("the {name} {text:?} is not a whole number"))
                };
                let out = |what: &'static str| move |_| format!("there is no such {what}");
                let year = i16::try_from(number(Some(*year), "year", 0)?).map_err(|_| "there is no such year")?;
                let date = match day_of_year {
                    Some(_) => {
                        let day = i16::try_from(number(*day_of_year, "day of the year", 1)?)
                            .map_err(|_| "there is no such day of the year")?;
                        let first = Date::new(year, 1, 1).map_err(out("year"))?;
                        first
                            .with()
                            .day_of_year(day)
                            .build()
                            .map_err(|_| format!("the year {year} has no day {day}"))?
                    }
                    None => {
                        let month = number(*month, "month", 1)?;
                        let day = number(*day, "day", 1)?;
                        let (m, d) = (i8::try_from(month).unwrap_or(0), i8::try_from(day).unwrap_or(0));
                        Date::new(year, m, d).map_err(|_| format!("there is no day {year:04}-{month:02}-{day:02}"))?
                    }
                };
                let field =
                    |at: usize, name: &str| Ok::<i8, String>(i8::try_from(number(clock[at], name, 0)?).unwrap_or(-1));
                let (hour, minute, second) = (field(0, "hour")?, field(1, "minute")?, field(2, "second")?);
                // Hour 24 is the midnight that ends the day.
                let (date, hour) = if hour == 24 && minute == 0 && second == 0 {
                    (date.tomorrow().map_err(out("day"))?, 0)
                } else {
                    (date, hour)
                };
                let civil = date.at(0, 0, 0, 0).with().hour(hour).minute(minute).second(second).build();
                self.local(civil.map_err(|_| "there is no such time of day".to_owned())?)
            }
        }
    }

    fn read_text(&self, text: &str, format: &Format) -> Result<Time, String> {
        match format {
            Format::Iso => self.read_iso(text),
            Format::Unix => unix(text, 1e6),
            Format::UnixMillis => unix(text, 1e3),
            Format::Letters(letters) => {
                let parsed = strtime::parse(letters, text)
                    .map_err(|_| format!("{text:?} is not a time of the form {letters:?}"))?;
                if parsed.offset().is_some()
                    && let Ok(stamp) = parsed.to_timestamp()
                {
                    return in_range(stamp.as_microsecond());
                }
                let civil = parsed.to_datetime().map_err(|_| format!("{text:?} is no date and time"))?;
                self.local(civil)
            }
        }
    }

    fn read_iso(&self, text: &str) -> Result<Time, String> {
        if let Ok(time) = Time::parse(text) {
            return Ok(time);
        }
        let wrong = || format!("{text:?} is not a time; give its format, such as time.format = \"%d.%m.%Y %H:%M\"");
        if text.len() > 64 || !text.is_ascii() {
            return Err(wrong());
        }
        if let Ok(stamp) = text.parse::<jiff::Timestamp>() {
            return in_range(stamp.as_microsecond());
        }
        let civil: DateTime = text.parse().map_err(|_| wrong())?;
        self.local(civil)
    }

    fn local(&self, civil: DateTime) -> Result<Time, String> {
        let Some(zone) = &self.zone else {
            return Err(format!("{civil} has no time zone; say which one it is in with time.zone, such as \"UTC\""));
        };
        let found = zone.to_ambiguous_zoned(civil);
        let how = match self.ambiguous {
            Ambiguous::Earlier => Disambiguation::Compatible,
            Ambiguous::Later => Disambiguation::Later,
            Ambiguous::Reject => Disambiguation::Reject,
        };
        let zoned = found.disambiguate(how).map_err(|_| {
            format!("{civil} is there twice or not at all in {}, where the clocks change then", self.zone_name)
        })?;
        in_range(zoned.timestamp().as_microsecond())
    }
}

fn read_zone(name: &str) -> Option<TimeZone> {
    if matches!(name, "UTC" | "Z" | "GMT") {
        return Some(TimeZone::UTC);
    }
    if name.starts_with(['+', '-']) {
        let parsed = strtime::parse("%:z", name).or_else(|_| strtime::parse("%z", name)).ok()?;
        return parsed.offset().map(TimeZone::fixed);
    }
    TimeZone::get(name).ok()
}

/// Formats are checked on a sample: what can print an instant can read one.
fn check_letters(letters: &str) -> Result<(), String> {
    let sample = DateTime::constant(2024, 2, 29, 13, 14, 15, 0).in_tz("UTC").map_err(|e| e.to_string())?;
    let printed = strtime::format(letters, &sample).map_err(|e| format!("{letters:?}: {e}"))?;
    strtime::parse(letters, &printed)
        .and_then(|parsed| parsed.to_date())
        .map(drop)
        .map_err(|_| format!("{letters:?} holds no whole date; it needs at least a year with month and day or day of the year, such as \"%d.%m.%Y\" or \"%Y-%j\""))
}

fn unix(text: &str, micros: f64) -> Result<Time, String> {
    let wrong = || format!("{text:?} is not a number of seconds or milliseconds since 1970");
    if let Ok(whole) = text.parse::<i64>() {
        return in_range(whole.checked_mul(micros as i64).ok_or_else(wrong)?);
    }
    let number: f64 = text.parse().map_err(|_| wrong())?;
    let scaled = number * micros;
    if !scaled.is_finite() || scaled.abs() > 9e18 {
        return Err(wrong());
    }
    in_range(scaled.round() as i64)
}

fn in_range(micros: i64) -> Result<Time, String> {
    let time = Time::from_micros(micros);
    if time.micros() == micros { Ok(time) } else { Err("the time is outside the years 1 to 9999".to_owned()) }
}
