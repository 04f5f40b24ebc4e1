//! What does not move: the county's ground, water, roads, places, farms, pipes and timetable. Made from a seed
//! ([`County::generate`]) or from a real map and feed ([`County::imported`]). Holds no weather and no time.

pub mod farms;
mod generate;
mod grow;
pub mod import;
pub mod names;
pub mod pipes;
pub mod places;
pub mod roads;
pub mod service;
pub mod terrain;
pub mod timetable;
pub mod water;

pub use farms::{Crop, Farm, Parcel, Soil};
pub use generate::Outline;
pub use import::{Import, ImportError};
pub use pipes::{PipeNode, Pipes};
pub use places::{CarPark, House, Place, PlaceKind};
pub use roads::{Class, Roads, Segment, Way};
pub use service::{Line, Pattern, Service};
pub use terrain::Terrain;
pub use water::{Kind as WaterKind, Reach, Reservoir, Rivers};

use crate::plane::{Plane, Point};
use belfry_connect_gtfs::Feed;

/// A settlement.
#[derive(Clone, Debug, PartialEq)]
pub struct Settlement {
    /// Its name.
    pub name: String,
    /// Its middle.
    pub at: Point,
    /// Metres from the middle to its edge.
    pub radius: f64,
}

/// A county.
#[derive(Clone, Debug)]
pub struct County {
    /// What everything in it was drawn from.
    pub seed: u64,
    /// Its plane.
    pub plane: Plane,
    /// Seconds by which its clocks are ahead of UTC, all year.
    pub ahead_s: i32,
    /// Half the side of the square in which it lies, metres.
    pub reach_m: f64,
    /// Heights.
    pub terrain: Terrain,
    /// The town first, then the villages.
    pub settlements: Vec<Settlement>,
    /// Rivers, canals and reservoirs.
    pub rivers: Rivers,
    /// Roads.
    pub roads: Roads,
    /// Schools, clinics, stations, works.
    pub places: Vec<Place>,
    /// Houses along the streets.
    pub houses: Vec<House>,
    /// Car parks.
    pub car_parks: Vec<CarPark>,
    /// Farms.
    pub farms: Vec<Farm>,
    /// Fields.
    pub parcels: Vec<Parcel>,
    /// The water network.
    pub pipes: Pipes,
    /// The timetable, as a GTFS feed.
    pub feed: Feed,
    /// The timetable as buses drive it.
    pub service: Service,
}

impl County {
    /// Places of a kind, with their numbers.
    pub fn places_of(&self, kind: PlaceKind) -> impl Iterator<Item = (u32, &Place)> {
        (0..).zip(&self.places).filter(move |(_, place)| place.kind == kind)
    }

    /// Seconds of the local day at so many seconds since 1970, UTC.
    pub fn second_of_day(&self, unix_s: i64) -> u32 {
        (unix_s + i64::from(self.ahead_s)).rem_euclid(86_400) as u32
    }

    /// Days since 1970 on the local calendar.
    pub fn day(&self, unix_s: i64) -> i32 {
        (unix_s + i64::from(self.ahead_s)).div_euclid(86_400) as i32
    }

    /// A place that a scenario names: a settlement, a place, a river, a road or a farm, by its name in any case, or
    /// `upper valley` and `town`.
    pub fn find(&self, name: &str) -> Option<Point> {
        let wanted = name.trim().to_lowercase();
        self.names().find(|(known, _)| known.to_lowercase() == wanted).map(|(_, at)| at)
    }

    /// Every name that [`County::find`] knows.
    pub fn names(&self) -> impl Iterator<Item = (&str, Point)> {
        let fixed = [
            ("town", self.settlements.first().map(|town| town.at)),
            ("upper valley", self.rivers.upper_valley()),
            ("river", self.rivers.main_at(self.settlements.first().map_or(Point::default(), |town| town.at))),
            ("bridge", self.roads.main_bridge()),
        ];
        let fixed = fixed.into_iter().filter_map(|(name, at)| Some((name, at?)));
        let settlements = self.settlements.iter().map(|s| (s.name.as_str(), s.at));
        let places = self.places.iter().map(|p| (p.name.as_str(), p.at));
        let ways = self.roads.ways.iter().zip(&self.roads.middles).map(|(way, at)| (way.name.as_str(), *at));
        let farms = self.farms.iter().map(|f| (f.name.as_str(), f.at));
        let reservoirs = self.rivers.reservoirs.iter().map(|r| (r.name.as_str(), r.at));
        fixed.chain(settlements).chain(places).chain(ways).chain(farms).chain(reservoirs)
    }
}
