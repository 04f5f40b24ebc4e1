//! Ways on foot: the trait through which a road router answers, and the footpaths between stops made with it and with the
//! feed's own transfers. Knows no road.

use belfry_connect_gtfs::{Feed, StopIndex, TransferKind};
use belfry_kernel::Position;
use hashbrown::HashMap;

/// A stop and the time to it (or from it) on foot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reach {
    /// The stop.
    pub stop: StopIndex,
    /// Seconds, 0 or more.
    pub seconds: i32,
}

/// What a router on foot answers. Ways longer than it deems walkable are left out.
pub trait Walking {
    /// The stops that can be reached from a place.
    fn stops_from(&self, place: Position) -> Vec<Reach>;
    /// The stops from which a place can be reached.
    fn stops_to(&self, place: Position) -> Vec<Reach>;
    /// Seconds from one place to another.
    fn direct(&self, from: Position, to: Position) -> Option<i32>;
}

/// Footpaths between stops, and the time that a change at one stop needs. One footpath at a time: they are not chained.
#[derive(Clone, Debug, Default)]
pub struct Footpaths {
    from: Vec<Vec<Reach>>,
    to: Vec<Vec<Reach>>,
    change: Vec<Option<i32>>,
}

impl Footpaths {
    /// The footpaths of a feed. Its transfers (transfers.txt) for all routes and trips come before the walked times: a least
    /// time replaces, an impossible one removes; those for some routes or trips only are not applied.
    pub fn new(feed: &Feed, walking: &dyn Walking) -> Self {
        let mut paths = Self {
            from: vec![Vec::new(); feed.stops.len()],
            to: vec![Vec::new(); feed.stops.len()],
            change: vec![Some(0); feed.stops.len()],
        };
        let mut told: HashMap<(StopIndex, StopIndex), Option<i32>> = HashMap::new();
        for transfer in feed.transfers.iter().filter(|transfer| !transfer.narrowed) {
            let seconds =
                transfer.seconds.map(|seconds| i32::try_from(seconds).unwrap_or(i32::MAX / 4).min(i32::MAX / 4));
            let told_time = match transfer.kind {
                TransferKind::Impossible => None,
                TransferKind::Minimum => Some(seconds.unwrap_or(0)),
                // A good place to change says nothing of how long it takes.
                TransferKind::Recommended | TransferKind::Timed => continue,
            };
            if transfer.from == transfer.to {
                paths.change[transfer.from.at()] = told_time;
            } else {
                told.insert((transfer.from, transfer.to), told_time);
            }
        }
        for (stop, from) in feed.stops.iter().zip((0..).map(StopIndex)) {
            let Some(position) = stop.position else { continue };
            for reach in walking.stops_from(position) {
                if reach.stop != from && !told.contains_key(&(from, reach.stop)) {
                    paths.from[from.at()].push(reach);
                }
            }
        }
        for ((from, to), seconds) in told {
            paths.from[from.at()].extend(seconds.map(|seconds| Reach { stop: to, seconds }));
        }
        for (reaches, from) in paths.from.iter_mut().zip((0..).map(StopIndex)) {
            reaches.sort_unstable();
            for reach in reaches {
                paths.to[reach.stop.at()].push(Reach { stop: from, seconds: reach.seconds });
            }
        }
        paths
    }

    /// Footpaths from a stop to others.
    pub fn from(&self, stop: StopIndex) -> &[Reach] {
        &self.from[stop.at()]
    }

    /// Footpaths from other stops to this one.
    pub fn to(&self, stop: StopIndex) -> &[Reach] {
        &self.to[stop.at()]
    }

    /// Seconds between an arrival and the next departure at the same stop; none where one cannot change.
    pub fn change(&self, stop: StopIndex) -> Option<i32> {
        self.change[stop.at()]
    }
}
