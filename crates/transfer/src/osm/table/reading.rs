//! How the text of a tag becomes a value: numbers with their units, lists, yes and no. The forms are those of
//! <https://wiki.openstreetmap.org/wiki/Map_features/Units>. Knows no attribute.

use belfry_ngsi_ld::Json;

/// How a value is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::osm) enum Reading {
    /// As it stands.
    Text,
    /// A list, with `;` between.
    Words,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `no` is false, everything else true.
    Truth,
    /// Kilometres an hour.
    Speed,
    /// Metres.
    Metres,
    /// Tonnes of 1,000 kg.
    Tonnes,
    /// Cubic metres.
    Cubic,
    /// Wheelchair access as GTFS numbers it: 1 yes, 2 no.
    Boarding,
}

/// The longest text that becomes a value, bytes: OpenStreetMap's own limit is 255 characters.
const MAX_TEXT: usize = 1020;

impl Reading {
    /// The names that the table uses.
    pub(super) const NAMES: [&str; 10] =
        ["text", "words", "integer", "number", "truth", "speed", "metres", "tonnes", "cubic", "boarding"];

    pub(super) fn parse(name: &str) -> Option<Self> {
        const ALL: [Reading; 10] = [
            Reading::Text,
            Reading::Words,
            Reading::Integer,
            Reading::Number,
            Reading::Truth,
            Reading::Speed,
            Reading::Metres,
            Reading::Tonnes,
            Reading::Cubic,
            Reading::Boarding,
        ];
        Self::NAMES.iter().position(|known| *known == name).map(|at| ALL[at])
    }

    /// The value of a text; none when it cannot be read so.
    pub(in crate::osm) fn value(self, text: &str) -> Option<Json> {
        let text = text.trim();
        if text.is_empty() || text.len() > MAX_TEXT {
            return None;
        }
        Some(match self {
            Self::Text => text.into(),
            Self::Words => {
                let words: Vec<Json> =
                    text.split(';').map(str::trim).filter(|word| !word.is_empty()).map(Json::from).collect();
                if words.is_empty() {
                    return None;
                }
                Json::Array(words)
            }
            Self::Integer => {
                let number = number(text)?;
                if number.fract() != 0.0 || number.abs() > 1e15 {
                    return None;
                }
                Json::Int(number as i64)
            }
            Self::Number => Json::number(number(text)?),
            Self::Truth => Json::Bool(!matches!(text, "no" | "false" | "0" | "none")),
            Self::Speed => {
                positive(measure(text, &[("km/h", 1.0), ("kmh", 1.0), ("mph", 1.609_344), ("knots", 1.852)], 1.0)?)?
            }
            Self::Metres => {
                positive(feet(text).or_else(|| measure(text, &[("km", 1000.0), ("m", 1.0), ("ft", 0.3048)], 1.0))?)?
            }
            Self::Tonnes => positive(measure(text, &[("kg", 0.001), ("t", 1.0), ("lbs", 0.000_453_592_37)], 1.0)?)?,
            Self::Cubic => positive(measure(text, &[("m³", 1.0), ("m3", 1.0), ("l", 0.001)], 0.001)?)?,
            Self::Boarding => match text {
                "yes" | "designated" | "limited" => Json::Int(1),
                "no" => Json::Int(2),
                _ => return None,
            },
        })
    }
}

fn number(text: &str) -> Option<f64> {
    // Rust reads "inf" and "1e9" too, which no mapper means.
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+'));
    text.parse::<f64>().ok().filter(|n| plain && n.is_finite())
}

fn positive(number: f64) -> Option<Json> {
    // Rounded, so that 30 mph is the same number on every machine and in every extract.
    let rounded = (number * 1000.0).round() / 1000.0;
    (rounded > -12_000.0 && rounded < 1e9).then(|| Json::number(rounded))
}

/// A number with one of these units, or with none.
fn measure(text: &str, units: &[(&str, f64)], bare: f64) -> Option<f64> {
    for (unit, factor) in units {
        if let Some(rest) = text.strip_suffix(unit) {
            return number(rest.trim_end()).map(|n| n * factor);
        }
    }
    number(text).map(|n| n * bare)
}

/// Feet and inches: `12'`, `12'6"`.
fn feet(text: &str) -> Option<f64> {
    let (feet, rest) = text.split_once('\'')?;
    let inches = match rest.trim() {
        "" => 0.0,
        rest => number(rest.strip_suffix('"')?.trim())?,
    };
    Some(number(feet.trim())? * 0.3048 + inches * 0.0254)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_with_their_units() {
        let cases: &[(Reading, &str, Option<&str>)] = &[
            (Reading::Speed, "50", Some("50")),
            (Reading::Speed, "30 mph", Some("48.28")),
            (Reading::Speed, "80 km/h", Some("80")),
            (Reading::Speed, "signals", None),
            (Reading::Speed, "DE:urban", None),
            (Reading::Speed, "inf", None),
            (Reading::Speed, "1e3", None),
            (Reading::Metres, "3.5", Some("3.5")),
            (Reading::Metres, "3.5 m", Some("3.5")),
            (Reading::Metres, "12'6\"", Some("3.81")),
            (Reading::Metres, "12'", Some("3.658")),
            (Reading::Metres, "12'6", None),
            (Reading::Metres, "1.2km", Some("1200")),
            (Reading::Metres, "-3", Some("-3")),
            (Reading::Tonnes, "3.5", Some("3.5")),
            (Reading::Tonnes, "7500 kg", Some("7.5")),
            (Reading::Tonnes, "default", None),
            (Reading::Cubic, "50000", Some("50")),
            (Reading::Cubic, "50 m3", Some("50")),
            (Reading::Integer, "2", Some("2")),
            (Reading::Integer, "2.5", None),
            (Reading::Integer, "2;3", None),
            (Reading::Integer, "99999999999999999999", None),
            (Reading::Truth, "no", Some("false")),
            (Reading::Truth, "viaduct", Some("true")),
            (Reading::Words, "A 4; B 27 ;", Some("[\"A 4\",\"B 27\"]")),
            (Reading::Words, ";", None),
            (Reading::Boarding, "yes", Some("1")),
            (Reading::Boarding, "unknown", None),
            (Reading::Text, "  ", None),
        ];
        for (reading, text, expected) in cases {
            let found = reading.value(text).map(|json| json.to_string());
            assert_eq!(found.as_deref(), *expected, "{reading:?} {text}");
        }
        assert_eq!(Reading::Text.value(&"x".repeat(2000)), None);
    }
}
