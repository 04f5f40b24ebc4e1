//! Coordinates as OSRM writes them into a path: `lon,lat;lon,lat…`, or a polyline, and perhaps `.json` behind. Snaps nothing.

use super::line;
use belfry_kit::{Error, Position};

/// An error of a request's form, with OSRM's word for it.
pub(crate) fn invalid(code: &'static str, text: impl Into<String>) -> Error {
    Error::bad_data(text).coded(code)
}

/// Reads between `least` and `most` coordinates.
///
/// # Errors
/// `BadRequestData` with the code `InvalidQuery` or `TooBig`.
pub(crate) fn parse(text: &str, least: usize, most: usize) -> Result<Vec<Position>, Error> {
    let text = text.strip_suffix(".json").unwrap_or(text);
    let packed = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(')'));
    let all = match (packed("polyline("), packed("polyline6(")) {
        (Some(line), _) => line::decode(line, 5).ok_or_else(|| invalid("InvalidQuery", "the polyline is malformed"))?,
        (_, Some(line)) => line::decode(line, 6).ok_or_else(|| invalid("InvalidQuery", "the polyline is malformed"))?,
        _ => {
            let pairs = text.split(';').take(most + 1);
            pairs.enumerate().map(|(at, pair)| position(at, pair)).collect::<Result<Vec<_>, _>>()?
        }
    };
    if all.len() > most {
        return Err(invalid(
            "TooBig",
            format!("more than {most} coordinate{}: no more are taken here", if most == 1 { "" } else { "s" }),
        ));
    }
    if all.len() < least {
        return Err(invalid("InvalidQuery", format!("at least {least} coordinates are needed, between semicolons")));
    }
    all.iter().enumerate().try_for_each(|(at, place)| check(at, *place))?;
    Ok(all)
}

fn position(at: usize, pair: &str) -> Result<Position, Error> {
    let numbers = pair.split_once(',').and_then(|(lon, lat)| Some((lon.parse().ok()?, lat.parse().ok()?)));
    let wrong = || invalid("InvalidQuery", format!("coordinate {at} is not of the form longitude,latitude"));
    numbers.map(|(lon, lat)| Position { lon, lat, alt: None }).ok_or_else(wrong)
}

/// Whether a position is on the globe.
pub(crate) fn check(at: usize, place: Position) -> Result<(), Error> {
    if place.lon.abs() <= 180.0 && place.lat.abs() <= 90.0 {
        Ok(())
    } else {
        Err(invalid("InvalidValue", format!("coordinate {at} is not on the globe: longitude first, then latitude")))
    }
}

/// One element for each coordinate, between semicolons; an empty one is none.
///
/// # Errors
/// `BadRequestData` with the code `InvalidOptions` for another number of them, `InvalidValue` for one that is wrong.
pub(crate) fn each<T>(
    name: &str,
    text: Option<&str>,
    count: usize,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<Option<T>>, Error> {
    let Some(text) = text else { return Ok((0..count).map(|_| None).collect()) };
    let all: Vec<&str> = text.split(';').take(count + 1).collect();
    if all.len() != count {
        return Err(invalid("InvalidOptions", format!("{name}: there must be one for each coordinate")));
    }
    let read = |one: &&str| match *one {
        "" => Ok(None),
        one => read(one).map(Some).ok_or_else(|| {
            let one: String = one.chars().take(40).collect();
            invalid("InvalidValue", format!("{name}: {one:?} is none"))
        }),
    };
    all.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_read_in_each_form() {
        let two = parse("9.5,47.1;9.6,47.2", 2, 5).unwrap();
        assert_eq!(two.len(), 2);
        assert_eq!(parse("9.5,47.1;9.6,47.2.json", 2, 5).unwrap(), two);
        let line = line::encode(&two, 5);
        assert_eq!(parse(&format!("polyline({line})"), 2, 5).unwrap(), two);
        assert_eq!(parse(&format!("polyline6({}).json", line::encode(&two, 6)), 2, 5).unwrap(), two);
        for (text, code) in [
            ("9.5,47.1", "InvalidQuery"),
            ("", "InvalidQuery"),
            ("9.5;47.1", "InvalidQuery"),
            ("9.5,47.1;x,y", "InvalidQuery"),
            ("9.5,47.1;NaN,47", "InvalidValue"),
            ("47.1,9.5;147.2,99.6", "InvalidValue"),
            ("1,1;2,2;3,3;4,4;5,5;6,6", "TooBig"),
            ("polyline(\u{7f})", "InvalidQuery"),
        ] {
            assert_eq!(parse(text, 2, 5).unwrap_err().code(), Some(code), "{text}");
        }
    }

    #[test]
    fn there_is_one_element_for_each_coordinate() {
        let read = |text: &str| text.parse::<f64>().ok();
        assert_eq!(each("radiuses", Some("1;;3"), 3, read).unwrap(), [Some(1.0), None, Some(3.0)]);
        assert_eq!(each("radiuses", None, 2, read).unwrap(), [None, None]);
        assert_eq!(each("radiuses", Some("1;2"), 3, read).unwrap_err().code(), Some("InvalidOptions"));
        assert_eq!(each("radiuses", Some("1;2;3;4"), 3, read).unwrap_err().code(), Some("InvalidOptions"));
        assert_eq!(each("radiuses", Some("1;x"), 2, read).unwrap_err().code(), Some("InvalidValue"));
    }
}
