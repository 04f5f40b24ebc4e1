//! The instant of observation as devices write it: ISO 8601 or a number since the epoch. Reads no clock.

use belfry_kernel::Time;

/// Seconds up to here, then milliseconds, microseconds, nanoseconds: the magnitudes do not overlap from 1973 to 5138.
const LARGEST_SECONDS: f64 = 1e11;

/// Reads a text: ISO 8601 with zone, or a number as [`from_number`] takes it.
pub fn observed_at(text: &str) -> Option<Time> {
    let text = text.trim();
    match Time::parse(text) {
        Ok(t) => Some(t),
        Err(_) => text.parse().ok().and_then(from_number),
    }
}

/// Reads seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by size. `None` when not finite, negative or zero.
pub(crate) fn from_number(n: f64) -> Option<Time> {
    if !n.is_finite() || n <= 0.0 {
        return None;
    }
    let micros = if n < LARGEST_SECONDS {
        n * 1e6
    } else if n < LARGEST_SECONDS * 1e3 {
        n * 1e3
    } else if n < LARGEST_SECONDS * 1e6 {
        n
    } else if n < LARGEST_SECONDS * 1e9 {
        n / 1e3
    } else {
        return None;
    };
    Some(Time::from_micros(micros.round() as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magnitudes() {
        for (text, t) in [
            ("2026-03-01T12:00:00Z", Some("2026-03-01T12:00:00Z")),
            ("1772366400", Some("2026-03-01T12:00:00Z")),
            ("1772366400.25", Some("2026-03-01T12:00:00.250Z")),
            ("1772366400250", Some("2026-03-01T12:00:00.250Z")),
            ("1772366400000001", Some("2026-03-01T12:00:00.000001Z")),
            ("1772366400000000000", Some("2026-03-01T12:00:00Z")),
            ("0", None),
            ("-5", None),
            ("NaN", None),
            ("1e30", None),
            ("yesterday", None),
            ("2026-03-01T12:00:00", None),
        ] {
            assert_eq!(observed_at(text).map(|t| t.to_string()).as_deref(), t, "{text}");
        }
    }
}
