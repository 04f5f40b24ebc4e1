//! Who may use a road or pass a barrier: access tags by class, from the general key to the particular one
//! (<https://wiki.openstreetmap.org/wiki/Key:access>), and one-ways. Holds no defaults of kinds of roads.

use super::tags::Tags;
use crate::class::{Class, Classes};

/// The keys that speak of a class, the most particular last.
fn keys(class: Class) -> &'static [&'static str] {
    match class {
        Class::FireEngine | Class::Ambulance => &["access", "vehicle", "motor_vehicle", "emergency"],
        Class::Car => &["access", "vehicle", "motor_vehicle", "motorcar"],
        Class::Truck => &["access", "vehicle", "motor_vehicle", "goods", "hgv"],
        Class::Bicycle => &["access", "vehicle", "bicycle"],
        Class::Foot => &["access", "foot"],
    }
}

/// What a value says to a class.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Open,
    /// Only to get to what lies there.
    Zone,
    Closed,
    /// Nothing that changes what holds already.
    Silent,
}

fn word(class: Class, key: &str, value: &str) -> Word {
    match value {
        "yes" | "permissive" | "designated" | "official" | "public" | "discouraged" | "dismount"
        | "optional_sidepath" => Word::Open,
        "emergency" if class.is_emergency() => Word::Open,
        "emergency" => Word::Closed,
        // On call, what belongs to somebody is open, and bans of vehicles do not bind: only `access=no` and `emergency=no` do.
        "no" if class.is_emergency() && !["access", "emergency"].contains(&key) => Word::Silent,
        "no" | "use_sidepath" => Word::Closed,
        "private" | "permit" | "residents" | "destination" | "customers" | "delivery" | "agricultural" | "forestry"
        | "military"
            if class.is_emergency() =>
        {
            Word::Open
        }
        "private" | "permit" | "residents" | "destination" | "customers" => Word::Zone,
        "delivery" if class == Class::Truck => Word::Zone,
        "delivery" | "agricultural" | "forestry" | "military" => Word::Closed,
        _ => Word::Silent,
    }
}

/// Who may, and who of them only to get to what lies there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) open: Classes,
    pub(crate) zone: Classes,
}

/// The way along a road's nodes, or against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Forward,
    Backward,
}

/// Who may, by the tags; `default` where they say nothing. With a direction, keys of that direction speak last.
pub(crate) fn access(tags: &Tags<'_>, default: Classes, direction: Option<Direction>) -> Access {
    let mut access = Access { open: default, zone: Classes::NONE };
    let suffix = match direction {
        Some(Direction::Forward) => "forward",
        Some(Direction::Backward) => "backward",
        None => "",
    };
    for class in Class::ALL {
        for key in keys(class) {
            for value in [tags.get(key), tags.under(key, suffix)].into_iter().flatten() {
                // Of several values the first counts, as writers put the chief one first.
                let value = value.split(';').next().unwrap_or(value).trim();
                let (open, zone) = match word(class, key, value) {
                    Word::Silent => continue,
                    Word::Open => (true, false),
                    Word::Zone => (true, true),
                    Word::Closed => (false, false),
                };
                access.open = if open { access.open.with(class) } else { access.open.without(class) };
                access.zone = if zone { access.zone.with(class) } else { access.zone.without(class) };
            }
        }
    }
    access
}

/// Classes that may go along a road's nodes, and against them, as far as one-ways go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Oneway {
    pub(crate) forward: Classes,
    pub(crate) backward: Classes,
    /// A value such as `reversible`, which depends on the hour.
    pub(crate) unclear: bool,
}

/// Reads the one-way of a road; `implied` where its kind is one without saying so (motorways, roundabouts).
pub(crate) fn oneway(tags: &Tags<'_>, implied: bool) -> Oneway {
    let sense = |value: &str| match value {
        "yes" | "true" | "1" => Some((true, false)),
        "-1" | "reverse" => Some((false, true)),
        "no" | "false" | "0" | "alternating" => Some((true, true)),
        "reversible" => Some((false, false)),
        _ => None,
    };
    let general = tags.get("oneway").and_then(sense).unwrap_or((true, !implied));
    let mut oneway = Oneway { forward: Classes::NONE, backward: Classes::NONE, unclear: general == (false, false) };
    let opposite = ["cycleway", "cycleway:left", "cycleway:right", "cycleway:both"]
        .iter()
        .any(|key| tags.get(key).is_some_and(|value| value.starts_with("opposite")));
    for class in Class::ALL {
        let (forward, backward) = match class {
            Class::Foot => tags.get("oneway:foot").and_then(sense).unwrap_or((true, true)),
            Class::Bicycle if opposite => (true, true),
            Class::Bicycle => tags.get("oneway:bicycle").and_then(sense).unwrap_or(general),
            Class::Truck => tags.get("oneway:hgv").and_then(sense).unwrap_or(general),
            _ => tags.get("oneway:motor_vehicle").and_then(sense).unwrap_or(general),
        };
        if forward {
            oneway.forward = oneway.forward.with(class);
        }
        if backward {
            oneway.backward = oneway.backward.with(class);
        }
    }
    oneway
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(classes: Classes) -> String {
        Class::ALL.iter().zip("facthw".chars()).filter(|(class, _)| classes.has(**class)).map(|(_, c)| c).collect()
    }

    /// Tags as `key=value key=value`.
    fn parse(text: &str) -> Vec<(&str, &str)> {
        text.split_whitespace().filter_map(|tag| tag.split_once('=')).collect()
    }

    #[test]
    fn from_the_general_key_to_the_particular() {
        // f: fire engine, a: ambulance, c: car, t: truck, h: bicycle, w: on foot.
        for (text, open, zone) in [
            ("", "facthw", ""),
            ("access=no", "", ""),
            ("access=no foot=yes", "w", ""),
            ("access=no emergency=yes", "fa", ""),
            ("access=private", "facthw", "cthw"),
            ("access=private foot=yes", "facthw", "cth"),
            ("vehicle=no", "faw", ""),
            ("vehicle=no bicycle=yes", "fahw", ""),
            ("motor_vehicle=destination", "facthw", "ct"),
            ("motor_vehicle=agricultural", "fahw", ""),
            ("motor_vehicle=no motorcar=yes", "fachw", ""),
            ("hgv=no", "fachw", ""),
            ("hgv=delivery", "facthw", "t"),
            ("emergency=no", "cthw", ""),
            ("access=emergency", "fa", ""),
            ("bicycle=use_sidepath", "factw", ""),
            ("access=unheard_of", "facthw", ""),
            ("access=customers;permit", "facthw", "cthw"),
        ] {
            let tags = parse(text);
            let access = access(&Tags::new(&tags), Classes::ALL, None);
            assert_eq!((letters(access.open).as_str(), letters(access.zone).as_str()), (open, zone), "{text}");
        }
        let tags = parse("vehicle:backward=no bicycle:backward=yes");
        let by = |direction| letters(access(&Tags::new(&tags), Classes::ALL, Some(direction)).open);
        assert_eq!(by(Direction::Forward), "facthw");
        assert_eq!(by(Direction::Backward), "fahw", "those on call may, a ban of vehicles is law alone");
    }

    #[test]
    fn oneways() {
        for (text, implied, forward, backward) in [
            ("", false, "facthw", "facthw"),
            ("", true, "facthw", "w"),
            ("oneway=no", true, "facthw", "facthw"),
            ("oneway=yes", false, "facthw", "w"),
            ("oneway=-1", false, "w", "facthw"),
            ("oneway=yes oneway:bicycle=no", false, "facthw", "hw"),
            ("oneway=yes cycleway=opposite_lane", false, "facthw", "hw"),
            ("oneway=yes oneway:foot=yes", false, "facthw", ""),
            ("oneway:hgv=yes", false, "facthw", "fachw"),
            ("oneway=reversible", false, "w", "w"),
            ("oneway=alternating", true, "facthw", "facthw"),
        ] {
            let tags = parse(text);
            let oneway = oneway(&Tags::new(&tags), implied);
            assert_eq!(
                (letters(oneway.forward).as_str(), letters(oneway.backward).as_str()),
                (forward, backward),
                "{text}"
            );
            assert_eq!(oneway.unclear, text.contains("reversible"));
        }
    }
}
