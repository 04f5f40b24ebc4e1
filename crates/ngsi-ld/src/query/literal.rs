//! The constants of a `q` condition and how they compare with stored values: numbers as numbers, texts by code
//! points, dates and times as instants (ETSI GS CIM 009 clause 4.9). Knows no attribute.

use crate::query::Term;
use crate::query::term::is_name;
use crate::{Json, Name};
use belfry_kernel::Time;
use compact_str::CompactString;
use std::cmp::Ordering;
use std::fmt;

/// A constant.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// A whole number that fits 64 bits.
    Int(i64),
    /// Any other number; finite.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
    /// A quoted text.
    Text(CompactString),
    /// An instant.
    DateTime(Time),
    /// A calendar day, as its first instant.
    Date(Time),
    /// A time of day, microseconds since midnight UTC.
    TimeOfDay(i64),
    /// An unquoted URI.
    Uri(CompactString),
    /// A term that `expandValues` had expanded.
    Term(Term),
}

impl Literal {
    /// A date (`YYYY-MM-DD`), its first instant.
    pub fn parse_date(text: &str) -> Option<Time> {
        let b = text.as_bytes();
        if b.len() != 10 || b[4] != b'-' || b[7] != b'-' {
            return None;
        }
        Time::from_date(number(&b[0..4])?, number(&b[5..7])? as u32, number(&b[8..10])? as u32)
    }

    /// A time of day (`hh:mm:ss[.f+]Z`), microseconds since midnight. Digits beyond microseconds are dropped.
    pub fn parse_time_of_day(text: &str) -> Option<i64> {
        let b = text.as_bytes().strip_suffix(b"Z")?;
        if b.len() < 8 || b[2] != b':' || b[5] != b':' {
            return None;
        }
        let (hour, minute, second) = (number(&b[0..2])?, number(&b[3..5])?, number(&b[6..8])?);
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let mut micros = ((hour * 60 + minute) * 60 + second) * 1_000_000;
        match &b[8..] {
            [] => {}
            [b'.' | b',', digits @ ..] if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
                let mut scale = 100_000;
                for d in digits {
                    micros += i64::from(d - b'0') * scale;
                    scale /= 10;
                }
            }
            _ => return None,
        }
        Some(micros)
    }

    /// How a stored JSON value stands to this constant; none when their types differ.
    pub fn compare_json(&self, value: &Json) -> Option<Ordering> {
        match (value, self) {
            (Json::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            (Json::Int(a), Self::Float(b)) => compare_int_float(*a, *b),
            (Json::Float(a), Self::Int(b)) => compare_int_float(*b, *a).map(Ordering::reverse),
            (Json::Float(a), Self::Float(b)) => a.partial_cmp(b),
            (Json::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Json::Str(a), _) => self.compare_text(a),
            (Json::Object(_), _) => {
                value.get("@value").filter(|v| !matches!(v, Json::Object(_))).and_then(|v| self.compare_json(v))
            }
            _ => None,
        }
    }

    /// How a stored text stands to this constant; none when their types differ.
    pub fn compare_text(&self, value: &str) -> Option<Ordering> {
        match self {
            Self::Text(text) | Self::Uri(text) => Some(value.cmp(text)),
            Self::DateTime(at) => Time::parse(value).ok().map(|t| t.cmp(at)),
            Self::Date(day) => Self::parse_date(value).map(|d| d.cmp(day)),
            Self::TimeOfDay(micros) => Self::parse_time_of_day(value).map(|t| t.cmp(micros)),
            Self::Term(term) => {
                if value == term.text {
                    return Some(Ordering::Equal);
                }
                term.name.map(|name| value.cmp(name.as_str()))
            }
            Self::Int(_) | Self::Float(_) | Self::Bool(_) => None,
        }
    }

    /// How an instant of the system (`observedAt`, `modifiedAt`, …) stands to this constant.
    pub fn compare_time(&self, value: Time) -> Option<Ordering> {
        match self {
            Self::DateTime(at) => Some(value.cmp(at)),
            _ => None,
        }
    }

    /// Whether a vocabulary term is this constant.
    pub fn equals_name(&self, value: Name) -> bool {
        match self {
            Self::Term(term) => term.name == Some(value),
            Self::Text(text) | Self::Uri(text) => value.as_str() == text,
            _ => false,
        }
    }

    /// Whether the two are of one type, so that they can bound a range.
    pub(crate) fn same_type(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Int(_) | Self::Float(_), Self::Int(_) | Self::Float(_)) => true,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

fn compare_int_float(a: i64, b: f64) -> Option<Ordering> {
    let order = (a as f64).partial_cmp(&b)?;
    // Beyond 2^53 neighbouring integers share a double: decide on the exact values.
    if order == Ordering::Equal { Some(i128::from(a).cmp(&(b as i128))) } else { Some(order) }
}

fn number(b: &[u8]) -> Option<i64> {
    b.iter().try_fold(0, |n, d| d.is_ascii_digit().then(|| n * 10 + i64::from(d - b'0')))
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(i) => write!(f, "{i}"),
            Self::Float(x) => f.write_str(ryu::Buffer::new().format_finite(*x)),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Text(text) => write!(f, "{}", Json::Str(text.clone())),
            Self::DateTime(t) => write!(f, "{t}"),
            Self::Date(t) => t.with_text(|text| f.write_str(&text[..10])),
            Self::TimeOfDay(micros) => Time::from_micros(*micros).with_text(|text| f.write_str(&text[11..])),
            Self::Uri(text) => f.write_str(text),
            Self::Term(term) if is_name(&term.text) => write!(f, "{term}"),
            // Anything else is taken for a term only between quotes.
            Self::Term(term) => write!(f, "{}", Json::Str(term.text.clone())),
        }
    }
}
