//! Turn restrictions as relations tell them (<https://wiki.openstreetmap.org/wiki/Relation:restriction>): whom they bind, and
//! between which ways. Knows no network yet.

use super::tags::Tags;
use crate::class::{Class, Classes};

/// The kinds of members that a restriction has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberKind {
    /// A node.
    Node,
    /// A way.
    Way,
    /// Another relation, which no restriction has.
    Relation,
}

/// Over what a restriction leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    Node(i64),
    /// Ways, in order.
    Ways(Vec<i64>),
}

/// One restriction, for the classes that it binds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Restriction {
    /// Whether this is the only way on, and not the one that is forbidden.
    pub(crate) only: bool,
    pub(crate) from: Vec<i64>,
    pub(crate) via: Via,
    pub(crate) to: Vec<i64>,
    pub(crate) classes: Classes,
}

/// What a relation says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) restrictions: Vec<Restriction>,
    /// Tags that bind at certain hours alone.
    pub(crate) conditional: u64,
    /// Why it is not a restriction that can be kept, if it is meant to be one.
    pub(crate) broken: Option<&'static str>,
}

/// The classes that a mode of transport names.
fn mode(name: &str) -> Classes {
    match name {
        "" | "vehicle" => Classes::MOTOR.with(Class::Bicycle),
        "motor_vehicle" => Classes::MOTOR,
        "motorcar" => Class::Car.into(),
        "hgv" | "goods" => Class::Truck.into(),
        "bicycle" => Class::Bicycle.into(),
        "foot" => Class::Foot.into(),
        "emergency" => Classes::EMERGENCY,
        _ => Classes::NONE,
    }
}

/// Reads a relation. One that is no restriction gives an empty reading.
pub(crate) fn read<'m>(tags: &Tags<'_>, members: impl Iterator<Item = (MemberKind, i64, &'m str)>) -> Reading {
    let mut reading = Reading::default();
    if !tags.get("type").is_some_and(|kind| kind == "restriction" || kind.starts_with("restriction:")) {
        return reading;
    }
    let (mut from, mut to, mut nodes, mut ways) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (kind, id, role) in members {
        match (role, kind) {
            ("from", MemberKind::Way) => from.push(id),
            ("to", MemberKind::Way) => to.push(id),
            ("via", MemberKind::Node) => nodes.push(id),
            ("via", MemberKind::Way) => ways.push(id),
            _ => {}
        }
    }
    let via = match (nodes.as_slice(), ways.is_empty()) {
        ([node], true) => Via::Node(*node),
        ([], false) => Via::Ways(ways),
        _ => {
            reading.broken = Some("via is neither one node nor ways");
            return reading;
        }
    };
    if from.is_empty() || to.is_empty() {
        reading.broken = Some("from or to is missing");
        return reading;
    }
    let excepted = tags.get("except").unwrap_or_default().split(';').map(|name| {
        let name = name.trim();
        if name.is_empty() { Classes::NONE } else { mode(name) }
    });
    let excepted = excepted.fold(Classes::NONE, Classes::or);
    for (key, value) in tags.iter() {
        let Some(rest) = key.strip_prefix("restriction") else { continue };
        let name = rest.strip_prefix(':').unwrap_or(rest);
        if name.ends_with("conditional") {
            reading.conditional += 1;
            continue;
        }
        let only = value.starts_with("only_");
        if !only && !value.starts_with("no_") {
            reading.broken = Some("neither no_* nor only_*");
            continue;
        }
        let classes = mode(name).minus(excepted);
        if !classes.is_empty() {
            let (from, via, to) = (from.clone(), via.clone(), to.clone());
            reading.restrictions.push(Restriction { only, from, via, to, classes });
        }
    }
    reading
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_they_bind() {
        let members = [(MemberKind::Way, 1, "from"), (MemberKind::Node, 2, "via"), (MemberKind::Way, 3, "to")];
        let vehicles = Classes::MOTOR.with(Class::Bicycle);
        for (tags, only, classes) in [
            (&[("restriction", "no_left_turn")][..], false, vehicles),
            (&[("restriction", "only_straight_on")], true, vehicles),
            (&[("restriction:hgv", "no_right_turn")], false, Class::Truck.into()),
            (&[("restriction", "no_u_turn"), ("except", "bicycle;psv")], false, Classes::MOTOR),
            (&[("restriction", "no_u_turn"), ("except", "emergency")], false, vehicles.minus(Classes::EMERGENCY)),
            (&[("restriction:bus", "no_u_turn")], false, Classes::NONE),
        ] {
            let tags: Vec<_> = tags.iter().copied().chain([("type", "restriction")]).collect();
            let reading = read(&Tags::new(&tags), members.into_iter());
            let found: Vec<_> = reading.restrictions.iter().map(|r| (r.only, r.classes)).collect();
            let expected = if classes.is_empty() { Vec::new() } else { vec![(only, classes)] };
            assert_eq!(found, expected, "{tags:?}");
        }
    }

    #[test]
    fn what_is_broken_or_bound_to_hours_is_said() {
        let tags = [("type", "restriction"), ("restriction:conditional", "no_left_turn @ (07:00-09:00)")];
        let whole = [(MemberKind::Way, 1, "from"), (MemberKind::Node, 2, "via"), (MemberKind::Way, 3, "to")];
        assert_eq!(read(&Tags::new(&tags), whole.into_iter()).conditional, 1);
        let tags = [("type", "restriction"), ("restriction", "no_left_turn")];
        for members in [&whole[..2], &whole[1..], &[whole[0], whole[2]]] {
            assert!(read(&Tags::new(&tags), members.iter().copied()).broken.is_some());
        }
        let other = [("type", "multipolygon")];
        assert_eq!(read(&Tags::new(&other), whole.into_iter()), Reading::default());
    }
}
