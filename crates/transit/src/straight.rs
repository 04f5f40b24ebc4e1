//! A stand-in for a router on foot: straight lines, made longer by a constant. It knows no river and no fence; where roads
//! are loaded, their router takes its place.

use crate::footpath::{Reach, Walking};
use belfry_connect_gtfs::{Feed, StopIndex, StopKind};
use belfry_kernel::Position;
use rstar::primitives::GeomWithData;
use rstar::{AABB, RTree};

/// Metres a degree of latitude.
const DEGREE: f64 = 111_195.0;
/// How much longer a way through streets is than the straight line.
const DETOUR: f64 = 1.3;
/// Metres a second of somebody who walks without haste.
const SPEED: f64 = 1.25;

/// Straight lines to the stops around.
pub struct StraightLines {
    tree: RTree<GeomWithData<[f64; 2], StopIndex>>,
    max_seconds: i32,
}

impl StraightLines {
    /// Lines to the platforms of a feed, of at most so many seconds.
    pub fn new(feed: &Feed, max_seconds: i32) -> Self {
        let platforms = feed.stops.iter().zip((0..).map(StopIndex)).filter(|(stop, _)| stop.kind == StopKind::Platform);
        let points = platforms.filter_map(|(stop, index)| {
            stop.position.map(|position| GeomWithData::new([position.lon, position.lat], index))
        });
        Self { tree: RTree::bulk_load(points.collect()), max_seconds }
    }

    fn seconds(from: [f64; 2], to: [f64; 2]) -> f64 {
        let east = (to[0] - from[0] + 540.0).rem_euclid(360.0) - 180.0;
        let (east, north) = (east * f64::midpoint(from[1], to[1]).to_radians().cos(), to[1] - from[1]);
        east.hypot(north) * DEGREE * DETOUR / SPEED
    }
}

impl Walking for StraightLines {
    fn stops_from(&self, place: Position) -> Vec<Reach> {
        let north = f64::from(self.max_seconds) * SPEED / DETOUR / DEGREE;
        let east = (north / (place.lat.abs() + north).min(89.9).to_radians().cos()).min(180.0);
        let mut found = Vec::new();
        // Also across the antimeridian.
        for turn in [-360.0, 0.0, 360.0] {
            let middle = place.lon + turn;
            let around = AABB::from_corners([middle - east, place.lat - north], [middle + east, place.lat + north]);
            for point in self.tree.locate_in_envelope(around) {
                let seconds = Self::seconds([place.lon, place.lat], *point.geom()).ceil() as i32;
                if seconds <= self.max_seconds {
                    found.push(Reach { stop: point.data, seconds });
                }
            }
        }
        found.sort_unstable();
        found.dedup_by_key(|reach| reach.stop);
        found
    }

    fn stops_to(&self, place: Position) -> Vec<Reach> {
        self.stops_from(place)
    }

    fn direct(&self, from: Position, to: Position) -> Option<i32> {
        let seconds = Self::seconds([from.lon, from.lat], [to.lon, to.lat]).ceil();
        (seconds <= f64::from(self.max_seconds)).then_some(seconds as i32)
    }
}
