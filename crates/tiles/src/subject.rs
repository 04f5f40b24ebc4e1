//! What a feature of the map is: the typed schema of the layers, and from which zoom on each thing is shown. Holds no tag of
//! any map's source; [`crate::osm`] has those of OpenStreetMap.

mod poi;

pub use poi::Poi;

use crate::mvt::Value;
use crate::theme::Theme;
use crate::word::words;

words! {
    /// What the ground is.
    Landuse {
        /// Trees.
        Wood = "wood",
        /// Bushes and heath.
        Scrub = "scrub",
        /// Grass and meadows.
        Grass = "grass",
        /// Parks and gardens.
        Park = "park",
        /// Fields.
        Farmland = "farmland",
        /// Orchards and vineyards.
        Orchard = "orchard",
        /// Wetlands.
        Wetland = "wetland",
        /// Sand, gravel, river banks.
        Sand = "sand",
        /// Bare rock and scree.
        Rock = "rock",
        /// Ice.
        Glacier = "glacier",
        /// Where people live.
        Residential = "residential",
        /// Shops and offices.
        Commercial = "commercial",
        /// Works, railways, quarries.
        Industrial = "industrial",
        /// Grounds of schools.
        Education = "education",
        /// Grounds of hospitals.
        Health = "health",
        /// Cemeteries.
        Cemetery = "cemetery",
        /// Grounds for sport.
        Pitch = "pitch",
        /// Car parks.
        Parking = "parking",
        /// Squares and other paved ground for those on foot.
        Square = "square",
    }
}

words! {
    /// What water is.
    Water {
        /// Standing water.
        Lake = "lake",
        /// A river, as an area or a line.
        River = "river",
        /// A brook.
        Stream = "stream",
        /// Built to carry water.
        Canal = "canal",
        /// A ditch or drain.
        Ditch = "ditch",
        /// A basin or reservoir.
        Basin = "basin",
        /// A pool to swim in.
        Pool = "pool",
    }
}

words! {
    /// What a border is around.
    Boundary {
        /// A country.
        Country = "country",
        /// A state or region.
        Region = "region",
        /// A county or district.
        District = "district",
        /// A municipality.
        Municipality = "municipality",
    }
}

words! {
    /// Kinds of roads and ways, the most important first.
    RoadClass {
        /// Motorway.
        Motorway = "motorway",
        /// Trunk road.
        Trunk = "trunk",
        /// Primary road.
        Primary = "primary",
        /// Secondary road.
        Secondary = "secondary",
        /// Tertiary road.
        Tertiary = "tertiary",
        /// Railway.
        Rail = "rail",
        /// A street of a settlement or a small road between.
        Street = "street",
        /// Ferry.
        Ferry = "ferry",
        /// Tram, light rail, narrow railway of a town.
        Tram = "tram",
        /// A street for those on foot.
        Pedestrian = "pedestrian",
        /// Drives and yards.
        Service = "service",
        /// Tracks of fields and forests.
        Track = "track",
        /// For bicycles.
        Cycleway = "cycleway",
        /// For those on foot.
        Path = "path",
        /// Steps.
        Steps = "steps",
    }
}

words! {
    /// Kinds of places, the most important first.
    PlaceKind {
        /// A country.
        Country = "country",
        /// A state or region.
        Region = "region",
        /// A city.
        City = "city",
        /// A town.
        Town = "town",
        /// A village.
        Village = "village",
        /// A part of a town.
        Suburb = "suburb",
        /// A hamlet.
        Hamlet = "hamlet",
        /// A small part of a town.
        Neighbourhood = "neighbourhood",
        /// A name of the land, where nobody lives.
        Locality = "locality",
    }
}

words! {
    /// How an entity is, the worst last.
    State {
        /// As it should be.
        Normal = "normal",
        /// Not heard of for longer than its rule says.
        Stale = "stale",
        /// Something to look at.
        Warning = "warning",
        /// Something to act upon.
        Alarm = "alarm",
    }
}

/// What a feature is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Subject<'a> {
    /// Ground.
    Landuse(Landuse),
    /// Water.
    Water {
        /// What it is.
        kind: Water,
        /// Whether it flows under ground here.
        tunnel: bool,
    },
    /// A border.
    Boundary(Boundary),
    /// A road.
    Road(Road<'a>),
    /// A building.
    Building {
        /// Metres above the ground, when known.
        height: Option<u16>,
    },
    /// A settlement.
    Place {
        /// What it is.
        kind: PlaceKind,
        /// Whether a country or region is governed from it.
        capital: bool,
        /// People in it; 0 when not known.
        population: u32,
    },
    /// A point of interest.
    Poi(Poi),
    /// A house number.
    Address(&'a str),
    /// An entity.
    Live {
        /// Its identifier.
        entity: &'a str,
        /// Its type.
        kind: &'a str,
        /// How it is.
        state: State,
    },
}

/// A road, way or rail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Road<'a> {
    /// What it is.
    pub class: RoadClass,
    /// Whether it only joins others of its class.
    pub link: bool,
    /// Whether it is under ground.
    pub tunnel: bool,
    /// Whether it is on a bridge.
    pub bridge: bool,
    /// Whether it is driven one way only.
    pub oneway: bool,
    /// Its number, as on the signs; empty when it has none.
    pub number: &'a str,
}

impl Subject<'_> {
    /// The layer it is in.
    pub fn theme(&self) -> Theme {
        match self {
            Self::Landuse(_) => Theme::Landuse,
            Self::Water { .. } => Theme::Water,
            Self::Boundary(_) => Theme::Boundary,
            Self::Road(_) => Theme::Road,
            Self::Building { .. } => Theme::Building,
            Self::Place { .. } => Theme::Place,
            Self::Poi(_) => Theme::Poi,
            Self::Address(_) => Theme::Address,
            Self::Live { .. } => Theme::Live,
        }
    }

    /// The first zoom at which it is shown. Areas that are too small on the tile are left out all the same.
    pub fn first_zoom(&self) -> u8 {
        match self {
            Self::Landuse(kind) => match kind {
                Landuse::Wood | Landuse::Glacier => 6,
                Landuse::Residential | Landuse::Farmland | Landuse::Rock => 8,
                Landuse::Commercial | Landuse::Industrial | Landuse::Wetland => 9,
                Landuse::Scrub | Landuse::Grass | Landuse::Orchard | Landuse::Sand | Landuse::Park => 10,
                Landuse::Education | Landuse::Health | Landuse::Cemetery | Landuse::Pitch => 12,
                Landuse::Parking | Landuse::Square => 14,
            },
            Self::Water { kind, .. } => match kind {
                Water::Lake => 4,
                Water::River => 7,
                Water::Basin | Water::Canal => 10,
                Water::Stream => 12,
                Water::Ditch | Water::Pool => 14,
            },
            Self::Boundary(kind) => match kind {
                Boundary::Country => 0,
                Boundary::Region => 4,
                Boundary::District => 8,
                Boundary::Municipality => 10,
            },
            Self::Road(road) => match road.class {
                RoadClass::Motorway => 5,
                RoadClass::Trunk => 6,
                RoadClass::Primary => 8,
                RoadClass::Secondary | RoadClass::Rail => 9,
                RoadClass::Tertiary => 10,
                RoadClass::Ferry => 11,
                RoadClass::Street | RoadClass::Tram => 12,
                RoadClass::Pedestrian | RoadClass::Service | RoadClass::Track | RoadClass::Cycleway => 13,
                RoadClass::Path => 14,
                RoadClass::Steps => 15,
            },
            Self::Building { .. } => 13,
            Self::Place { kind, capital, .. } => match kind {
                PlaceKind::Country => 2,
                PlaceKind::Region => 5,
                _ if *capital => 4,
                PlaceKind::City => 5,
                PlaceKind::Town => 7,
                PlaceKind::Village => 9,
                PlaceKind::Suburb => 11,
                PlaceKind::Hamlet => 12,
                PlaceKind::Neighbourhood => 13,
                PlaceKind::Locality => 14,
            },
            Self::Poi(kind) => kind.first_zoom(),
            Self::Address(_) => 17,
            Self::Live { state, .. } => match state {
                State::Alarm => 0,
                State::Warning => 4,
                State::Normal | State::Stale => 8,
            },
        }
    }

    /// How much it matters beside others of its layer: 0 is the most. Labels are placed and tiles are filled in this order.
    pub fn rank(&self) -> u32 {
        match self {
            Self::Place { kind, population, .. } => {
                // One step of kind outweighs any number of people: their logarithm is below 100.
                let people = f64::from((*population).max(1)).log10() * 10.0;
                (*kind as u32 + 1) * 100 - people as u32
            }
            Self::Road(road) => road.class as u32 * 2 + u32::from(road.link),
            Self::Poi(kind) => kind.rank(),
            Self::Live { state, .. } => 3 - *state as u32,
            other => u32::from(other.first_zoom()),
        }
    }

    /// Calls `put` with each of its fields besides its names.
    pub fn fields(&self, mut put: impl FnMut(&'static str, Value<'_>)) {
        let yes = |put: &mut dyn FnMut(&'static str, Value<'_>), key, value: bool| {
            if value {
                put(key, Value::Bool(true));
            }
        };
        match self {
            Self::Landuse(kind) => put("class", Value::Text(kind.name())),
            Self::Water { kind, tunnel } => {
                put("class", Value::Text(kind.name()));
                yes(&mut put, "tunnel", *tunnel);
            }
            Self::Boundary(kind) => put("class", Value::Text(kind.name())),
            Self::Road(road) => {
                put("class", Value::Text(road.class.name()));
                yes(&mut put, "link", road.link);
                yes(&mut put, "tunnel", road.tunnel);
                yes(&mut put, "bridge", road.bridge);
                yes(&mut put, "oneway", road.oneway);
                if !road.number.is_empty() {
                    put("ref", Value::Text(road.number));
                }
            }
            Self::Building { height } => {
                if let Some(height) = height {
                    put("height", Value::Uint(u64::from(*height)));
                }
            }
            Self::Place { kind, capital, .. } => {
                put("class", Value::Text(kind.name()));
                yes(&mut put, "capital", *capital);
                put("rank", Value::Uint(u64::from(self.rank())));
            }
            Self::Poi(kind) => {
                put("class", Value::Text(kind.name()));
                put("rank", Value::Uint(u64::from(self.rank())));
            }
            Self::Address(number) => put("number", Value::Text(number)),
            Self::Live { entity, kind, state } => {
                put("entity", Value::Text(entity));
                put("type", Value::Text(kind));
                put("state", Value::Text(state.name()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_different_and_plain() {
        let check = |names: Vec<&str>| {
            let mut sorted = names.clone();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), names.len());
            assert!(names.iter().all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_')));
        };
        check(Landuse::ALL.iter().map(|w| w.name()).collect());
        check(Water::ALL.iter().map(|w| w.name()).collect());
        check(RoadClass::ALL.iter().map(|w| w.name()).collect());
        check(PlaceKind::ALL.iter().map(|w| w.name()).collect());
        check(Poi::ALL.iter().map(|w| w.name()).collect());
        check(State::ALL.iter().map(|w| w.name()).collect());
    }

    #[test]
    fn what_matters_more_ranks_first() {
        let place = |kind, population| Subject::Place { kind, capital: false, population };
        let order = [
            place(PlaceKind::Country, 0),
            place(PlaceKind::City, 4_000_000_000),
            place(PlaceKind::City, 90_000),
            place(PlaceKind::Town, 20_000),
            place(PlaceKind::Village, 5_000),
            place(PlaceKind::Village, 0),
            place(PlaceKind::Locality, 0),
        ];
        assert!(order.windows(2).all(|pair| pair[0].rank() < pair[1].rank()));
        let live = |state| Subject::Live { entity: "urn:x", kind: "X", state };
        assert!(live(State::Alarm).rank() < live(State::Normal).rank());
        assert!(live(State::Alarm).first_zoom() < live(State::Normal).first_zoom());
    }
}
