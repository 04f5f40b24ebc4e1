//! The timetable as vehicles drive it: patterns with their lines on the ground, and trips by start. Made from any feed.

use super::Roads;
use crate::plane::{Plane, Point, length, to_line};
use belfry_connect_gtfs::{Feed, TripIndex};
use belfry_kernel::Position;
use hashbrown::HashMap;

/// Metres between the places at which a leg looks for the road below it.
const SAMPLE: f64 = 60.0;
/// A road further away than this is not the one that is driven. Metres.
const ON_ROAD: f64 = 35.0;

/// A line, as passengers call it.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its `route_id`.
    pub id: String,
    /// What stands on the vehicle.
    pub name: String,
}

/// A way to drive a line: stops and running times.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// The line on the ground.
    pub line: Vec<Point>,
    /// The halts, in order.
    pub halts: Vec<Halt>,
    /// Roads below each leg, from halt to halt.
    pub legs: Vec<Vec<u32>>,
}

/// A halt of a pattern.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Halt {
    /// The stop, an index of the feed.
    pub stop: u32,
    /// `stop_sequence`.
    pub sequence: u32,
    /// Seconds after the trip's first departure.
    pub arrival: i32,
    /// Seconds after the trip's first departure.
    pub departure: i32,
    /// Metres along the line.
    pub metres: f64,
}

/// A trip on every day on which its service runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The trip.
    pub trip: TripIndex,
    /// Its pattern, an index.
    pub pattern: u32,
    /// First departure, seconds of the service day.
    pub start: i32,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct Service {
    /// Patterns.
    pub patterns: Vec<Pattern>,
    /// By start.
    pub runs: Vec<Run>,
}

/// What makes two trips drive alike: the shape, and each halt's stop, arrival and departure.
type Alike = (u32, Vec<(u32, i32, i32)>);

impl Service {
    /// Reads a feed. Trips with fewer than two stops that have a place are left out.
    pub fn of(feed: &Feed, roads: &Roads, plane: &Plane) -> Self {
        let mut out = Self::default();
        let mut known: HashMap<Alike, Option<u32>> = HashMap::new();
        for (number, trip) in (0..).zip(&feed.trips) {
            let rows = feed.times(TripIndex(number));
            let Some(first) = rows.first() else { continue };
            let key: Alike = (
                trip.shape.map_or(u32::MAX, |shape| shape.0),
                rows.iter().map(|r| (r.stop.0, r.arrival - first.departure, r.departure - first.departure)).collect(),
            );
            let pattern = *known.entry(key).or_insert_with(|| {
                let pattern = pattern(feed, TripIndex(number), roads, plane)?;
                out.patterns.push(pattern);
                Some(out.patterns.len() as u32 - 1)
            });
            let Some(pattern) = pattern else { continue };
            let frequencies = &feed.frequencies[trip.frequencies.start as usize..trip.frequencies.end as usize];
            let mut run = |start| out.runs.push(Run { trip: TripIndex(number), pattern, start });
            if frequencies.is_empty() {
                run(first.departure);
            }
            for f in frequencies {
                (f.start..f.end).step_by(f.headway.max(60) as usize).for_each(&mut run);
            }
        }
        out.runs.sort_by_key(|run| (run.start, run.trip));
        out
    }
}

fn pattern(feed: &Feed, trip: TripIndex, roads: &Roads, plane: &Plane) -> Option<Pattern> {
    let rows = feed.times(trip);
    let first = rows.first()?.departure;
    let placed: Vec<(Point, &belfry_connect_gtfs::StopTime)> =
        rows.iter().filter_map(|row| Some((plane.point(feed.stops[row.stop.at()].position?), row))).collect();
    if placed.len() < 2 {
        return None;
    }
    let shape = feed.trips[trip.at()].shape.map(|shape| &feed.shapes[shape.at()].points);
    let drawn: Vec<Point> =
        shape.into_iter().flatten().map(|p| plane.point(Position { lon: p.lon, lat: p.lat, alt: None })).collect();
    let line = if drawn.len() > 1 { drawn } else { placed.iter().map(|(at, _)| *at).collect() };
    let whole = length(&line);
    let (mut from, mut halts) = (0.0_f64, Vec::with_capacity(placed.len()));
    for (i, (at, row)) in placed.iter().enumerate() {
        // The first place along the line, after the halt before, that is near enough to be meant.
        let metres = match i {
            0 => 0.0,
            _ if i + 1 == placed.len() => whole,
            _ => next_along(&line, *at, from),
        };
        from = metres.max(from);
        halts.push(Halt {
            stop: row.stop.0,
            sequence: row.sequence,
            arrival: row.arrival - first,
            departure: row.departure - first,
            metres: from,
        });
    }
    let legs = halts.windows(2).map(|pair| below(roads, &line, pair[0].metres, pair[1].metres)).collect();
    Some(Pattern { line, halts, legs })
}

/// Metres along the line at which it comes nearest to a place, within the next 3 km after `from`.
fn next_along(line: &[Point], at: Point, from: f64) -> f64 {
    let (mut walked, mut best) = (0.0, (f64::INFINITY, from));
    for pair in line.windows(2) {
        let long = pair[0].to(pair[1]);
        if walked + long >= from && walked <= from + 3_000.0 {
            let (metres, share) = at.to_stretch(pair[0], pair[1]);
            let place = (walked + share * long).max(from);
            if metres < best.0 - 1.0 {
                best = (metres, place);
            }
        }
        walked += long;
    }
    if best.0.is_finite() { best.1 } else { to_line(at, line).1.max(from) }
}

fn below(roads: &Roads, line: &[Point], from: f64, to: f64) -> Vec<u32> {
    let mut found: Vec<u32> = Vec::new();
    let mut metres = from;
    while metres < to {
        let (at, _) = crate::plane::along(line, metres);
        if let Some((segment, far, _)) = roads.nearest(at)
            && far < ON_ROAD
            && !found.contains(&segment)
        {
            found.push(segment);
        }
        metres += SAMPLE;
    }
    found
}
