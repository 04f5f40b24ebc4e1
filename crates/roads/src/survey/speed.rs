//! Signed and implied speed limits, surfaces, and other numbers of tags with their units. Holds no speeds of vehicles.

use super::tags::Tags;

/// What is under the wheels, from `surface`, or else `tracktype`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Surface {
    /// Asphalt, concrete.
    #[default]
    Paved,
    /// Setts, paving stones, plates.
    Stones,
    /// Compacted, fine gravel.
    Compacted,
    /// Gravel, unpaved.
    Gravel,
    /// Earth, ground.
    Earth,
    /// Grass, sand, mud.
    Soft,
}

impl Surface {
    pub(crate) fn of(tags: &Tags<'_>, is_track: bool) -> Self {
        let surface =
            tags.get("surface").and_then(|surface| match surface.split([':', ';']).next().unwrap_or(surface) {
                "asphalt" | "paved" | "concrete" | "chipseal" | "metal" | "tartan" => Some(Self::Paved),
                "paving_stones" | "sett" | "cobblestone" | "unhewn_cobblestone" | "bricks" | "wood" | "grass_paver" => {
                    Some(Self::Stones)
                }
                "compacted" | "fine_gravel" => Some(Self::Compacted),
                "gravel" | "unpaved" | "pebblestone" | "rock" => Some(Self::Gravel),
                "ground" | "dirt" | "earth" | "clay" | "woodchips" => Some(Self::Earth),
                "grass" | "sand" | "mud" | "snow" | "ice" => Some(Self::Soft),
                _ => None,
            });
        let grade = tags.get("tracktype").and_then(|grade| match grade {
            "grade1" => Some(Self::Paved),
            "grade2" => Some(Self::Compacted),
            "grade3" => Some(Self::Gravel),
            "grade4" => Some(Self::Earth),
            "grade5" => Some(Self::Soft),
            _ => None,
        });
        surface.or(grade).unwrap_or(if is_track { Self::Gravel } else { Self::Paved })
    }
}

/// Where there is no limit, as on some motorways.
const UNLIMITED: f32 = 130.0;

/// A speed limit in km/h: `50`, `30 mph`, `10 knots`, `walk`, `none`, `DE:urban`, `CH:zone30`. Of several the lowest.
pub(crate) fn speed(text: &str) -> Option<f32> {
    let one = |text: &str| {
        let text = text.trim();
        match text {
            "none" => return Some(UNLIMITED),
            "walk" => return Some(7.0),
            _ => {}
        }
        if let Some((country, zone)) = text.split_once(':') {
            return implied(country, zone);
        }
        let (number, factor) = if let Some(number) = text.strip_suffix("mph") {
            (number, 1.609_344)
        } else if let Some(number) = text.strip_suffix("knots") {
            (number, 1.852)
        } else {
            (text.strip_suffix("km/h").unwrap_or(text), 1.0)
        };
        let speed = number.trim().parse::<f32>().ok()? * factor;
        (1.0..=300.0).contains(&speed).then_some(speed)
    };
    text.split(';').filter_map(one).min_by(f32::total_cmp)
}

/// What a country's law implies for a zone (<https://wiki.openstreetmap.org/wiki/Default_speed_limits>); for other
/// countries what is most common.
fn implied(country: &str, zone: &str) -> Option<f32> {
    let zone = zone.trim_start_matches(':');
    if let Some(number) = zone.strip_prefix("zone") {
        return number.trim_start_matches(':').parse().ok().filter(|speed| (5.0..=130.0).contains(speed));
    }
    Some(match (country, zone) {
        ("DE", "motorway") => UNLIMITED,
        (_, "motorway") => {
            if ["CH", "BE", "NL"].contains(&country) {
                120.0
            } else {
                130.0
            }
        }
        ("DE" | "AT", "rural") => 100.0,
        (_, "rural") => 80.0,
        ("DE", "trunk") => UNLIMITED,
        (_, "trunk") => 100.0,
        (_, "urban") => 50.0,
        (_, "living_street" | "walk") => 7.0,
        (_, "bicycle_road") => 30.0,
        (_, number) => return number.parse().ok().filter(|speed| (5.0..=130.0).contains(speed)),
    })
}

/// The limit of a road in a direction (`forward`, `backward`), km/h.
pub(crate) fn limit(tags: &Tags<'_>, direction: &str) -> Option<f32> {
    let signed = tags.under("maxspeed", direction).or_else(|| tags.get("maxspeed"));
    let typed = ["maxspeed:type", "source:maxspeed", "zone:maxspeed"];
    signed.and_then(speed).or_else(|| typed.iter().filter_map(|key| tags.get(key)).find_map(speed))
}

/// Metres (`3.5`, `3.5 m`, `11'6"`) or tonnes (`7.5`, `7.5 t`, `16000 lbs`).
pub(crate) fn measure(text: &str) -> Option<f32> {
    let text = text.trim();
    if let Some((feet, inches)) = text.split_once('\'') {
        let inches = inches.trim().trim_end_matches(['"', '\'']).trim();
        let inches = if inches.is_empty() { 0.0 } else { inches.parse::<f32>().ok()? };
        return Some(feet.trim().parse::<f32>().ok()? * 0.3048 + inches * 0.0254);
    }
    let (number, factor) = if let Some(number) = text.strip_suffix("lbs") {
        (number, 0.000_453_592)
    } else if let Some(number) = text.strip_suffix("kg") {
        (number, 0.001)
    } else {
        (text.trim_end_matches(['m', 't']), 1.0)
    };
    let value = number.trim().parse::<f32>().ok()? * factor;
    (value.is_finite() && value > 0.0).then_some(value)
}

/// Seconds of a duration: minutes, `HH:MM` or `HH:MM:SS`.
pub(crate) fn duration_s(text: &str) -> Option<f32> {
    let parts: Vec<f32> =
        text.trim().split(':').map(|part| part.parse::<u16>().ok().map(f32::from)).collect::<Option<_>>()?;
    match parts[..] {
        [minutes] => Some(minutes * 60.0),
        [hours, minutes] => Some(hours * 3600.0 + minutes * 60.0),
        [hours, minutes, seconds] => Some(hours * 3600.0 + minutes * 60.0 + seconds),
        _ => None,
    }
    .filter(|seconds| *seconds > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_with_units_and_by_law() {
        for (text, kmh) in [
            ("50", Some(50.0)),
            ("30 mph", Some(48.280_32)),
            ("30mph", Some(48.280_32)),
            ("10 knots", Some(18.52)),
            ("80 km/h", Some(80.0)),
            ("none", Some(130.0)),
            ("walk", Some(7.0)),
            ("50; 30", Some(30.0)),
            ("DE:urban", Some(50.0)),
            ("DE:rural", Some(100.0)),
            ("CH:rural", Some(80.0)),
            ("CH:motorway", Some(120.0)),
            ("DE:zone30", Some(30.0)),
            ("DE:zone:30", Some(30.0)),
            ("CH:30", Some(30.0)),
            ("signals", None),
            ("0", None),
            ("-5", None),
            ("1e9", None),
            ("nan", None),
            ("", None),
        ] {
            assert_eq!(speed(text), kmh, "{text}");
        }
    }

    #[test]
    fn the_limit_of_a_direction_comes_first() {
        let tags = [("maxspeed", "60"), ("maxspeed:backward", "40"), ("maxspeed:type", "DE:urban")];
        let tags = Tags::new(&tags);
        assert_eq!((limit(&tags, "forward"), limit(&tags, "backward")), (Some(60.0), Some(40.0)));
        assert_eq!(limit(&Tags::new(&[("source:maxspeed", "AT:urban")]), "forward"), Some(50.0));
    }

    #[test]
    fn measures_and_durations() {
        for (text, value) in [
            ("3.5", Some(3.5)),
            ("3.5 m", Some(3.5)),
            ("7.5t", Some(7.5)),
            ("10'", Some(3.048)),
            ("x", None),
            ("inf", None),
        ] {
            assert_eq!(measure(text), value, "{text}");
        }
        assert!((measure("11'6\"").unwrap() - 3.5052).abs() < 1e-4);
        for (text, seconds) in
            [("20", Some(1200.0)), ("01:30", Some(5400.0)), ("0:00:30", Some(30.0)), ("soon", None), ("0", None)]
        {
            assert_eq!(duration_s(text), seconds, "{text}");
        }
    }
}
