//! Questions for journeys, and journeys.

use crate::footpath::{Footpaths, Reach, Walking};
use crate::timetable::RunIndex;
use belfry_connect_gtfs::StopIndex;
use belfry_kernel::Position;

/// From where to where, and when. Times are seconds of the service day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Stops where one can board first, with the time to them.
    pub access: Vec<Reach>,
    /// Stops where one can leave last, with the time from them.
    pub egress: Vec<Reach>,
    /// Seconds for the whole way on foot, if that can be walked.
    pub walk: Option<i32>,
    /// The earliest departure.
    pub depart: i32,
    /// The most rides, at most [`crate::MAX_RIDES`].
    pub rides: usize,
}

impl Query {
    /// From one stop to another, or from and to those around them.
    pub fn between_stops(paths: &Footpaths, from: StopIndex, to: StopIndex, depart: i32) -> Self {
        let with = |stop, around: &[Reach]| {
            let mut all = vec![Reach { stop, seconds: 0 }];
            all.extend_from_slice(around);
            all
        };
        let walk = if from == to { Some(0) } else { paths.from(from).iter().find(|r| r.stop == to).map(|r| r.seconds) };
        Self { access: with(from, paths.from(from)), egress: with(to, paths.to(to)), walk, depart, rides: 6 }
    }

    /// From one place to another.
    pub fn between_places(walking: &dyn Walking, from: Position, to: Position, depart: i32) -> Self {
        let (access, egress) = (walking.stops_from(from), walking.stops_to(to));
        Self { access, egress, walk: walking.direct(from, to), depart, rides: 6 }
    }
}

/// A journey. Times are seconds of the service day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journey {
    /// When to set out, at the latest.
    pub depart: i32,
    /// When one is there.
    pub arrive: i32,
    /// Its legs, in order.
    pub legs: Vec<Leg>,
}

impl Journey {
    /// How many rides it has.
    pub fn rides(&self) -> usize {
        self.legs.iter().filter(|leg| matches!(leg, Leg::Ride(_))).count()
    }
}

/// A part of a journey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leg {
    /// On foot; an end that is no stop is where the journey begins or ends.
    Walk {
        /// From.
        from: Option<StopIndex>,
        /// To.
        to: Option<StopIndex>,
        /// Setting out.
        depart: i32,
        /// Being there.
        arrive: i32,
    },
    /// In a vehicle.
    Ride(Ride),
}

/// A ride.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ride {
    /// The run.
    pub run: RunIndex,
    /// Position among the run's stops where one boards.
    pub board: usize,
    /// Position where one leaves.
    pub alight: usize,
    /// Where one boards.
    pub from: StopIndex,
    /// Where one leaves.
    pub to: StopIndex,
    /// Departure.
    pub depart: i32,
    /// Arrival.
    pub arrive: i32,
}
