//! Kinds of roads: who may use one by default, and how much it matters. Speeds are with the profiles.

use super::tags::Tags;
use crate::class::{Class, Classes};

/// What a road is, by its tag `highway`, or a ferry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `motorway` and `motorway_link`.
    Motorway,
    /// `trunk` and its links.
    Trunk,
    /// `primary` and its links.
    Primary,
    /// `secondary` and its links.
    Secondary,
    /// `tertiary` and its links.
    Tertiary,
    /// `unclassified`, `road`.
    Unclassified,
    /// `residential`.
    Residential,
    /// `living_street`.
    LivingStreet,
    /// `service`.
    Service,
    /// `track`.
    Track,
    /// `busway`, `bus_guideway`.
    Busway,
    /// `pedestrian`.
    Pedestrian,
    /// `cycleway`.
    Cycleway,
    /// `path`.
    Path,
    /// `bridleway`.
    Bridleway,
    /// `footway`, `corridor`.
    Footway,
    /// `steps`.
    Steps,
    /// A ferry or a train that carries vehicles.
    Ferry,
}

impl Kind {
    /// The kind and whether it is a link (a ramp); nothing for what is no road, or not yet or no longer one.
    pub(crate) fn of(tags: &Tags<'_>) -> Option<(Self, bool)> {
        if ["ferry", "shuttle_train"].iter().any(|route| tags.is("route", route)) {
            return Some((Self::Ferry, false));
        }
        let highway = tags.get("highway")?;
        let (name, link) = highway.strip_suffix("_link").map_or((highway, false), |name| (name, true));
        let kind = match name {
            "motorway" => Self::Motorway,
            "trunk" => Self::Trunk,
            "primary" => Self::Primary,
            "secondary" => Self::Secondary,
            "tertiary" => Self::Tertiary,
            "unclassified" | "road" => Self::Unclassified,
            "residential" => Self::Residential,
            "living_street" => Self::LivingStreet,
            "service" => Self::Service,
            "track" => Self::Track,
            "busway" | "bus_guideway" => Self::Busway,
            "pedestrian" => Self::Pedestrian,
            "cycleway" => Self::Cycleway,
            "path" => Self::Path,
            "bridleway" => Self::Bridleway,
            "footway" | "corridor" => Self::Footway,
            "steps" => Self::Steps,
            _ => return None,
        };
        Some((kind, link))
    }

    /// Who may use it when nothing else is said. A fire engine fits where a car does, and in pedestrian zones.
    pub(crate) fn default_access(self, tags: &Tags<'_>) -> Classes {
        let foot = Classes::from(Class::Foot);
        match self {
            Self::Motorway => Classes::MOTOR,
            Self::Trunk if tags.is("motorroad", "yes") => Classes::MOTOR,
            Self::Trunk | Self::Primary | Self::Secondary | Self::Tertiary | Self::Unclassified => {
                if tags.is("motorroad", "yes") { Classes::MOTOR } else { Classes::ALL }
            }
            Self::Residential | Self::LivingStreet | Self::Service | Self::Track => Classes::ALL,
            Self::Busway => Classes::EMERGENCY,
            Self::Pedestrian => foot.or(Classes::EMERGENCY),
            Self::Cycleway | Self::Path => Classes::SOFT,
            Self::Bridleway | Self::Footway | Self::Steps | Self::Ferry => foot,
        }
    }

    /// Whether an access key of those on call must name them before they may: too narrow, or stairs, by its kind.
    pub(crate) fn is_narrow(self) -> bool {
        matches!(self, Self::Cycleway | Self::Path | Self::Bridleway | Self::Footway | Self::Steps)
    }

    /// Importance at a junction, the lower the more: who comes from a less important road yields.
    pub(crate) fn rank(self) -> u8 {
        match self {
            Self::Motorway => 0,
            Self::Trunk => 1,
            Self::Primary => 2,
            Self::Secondary => 3,
            Self::Tertiary => 4,
            Self::Unclassified | Self::Residential => 5,
            Self::LivingStreet | Self::Service | Self::Busway | Self::Pedestrian | Self::Ferry => 6,
            Self::Track => 7,
            _ => 8,
        }
    }
}
