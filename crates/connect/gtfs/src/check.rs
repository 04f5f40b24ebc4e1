//! The checks that need several tables at once. They note and change nothing.

use crate::model::{Feed, StopIndex, StopKind, StopTime, TripIndex};
use crate::notice::{Report, Rule};
use crate::value::Date;
use compact_str::CompactString;
use hashbrown::{HashMap, HashSet};

/// Runs them all.
pub fn run(feed: &Feed, today: Option<Date>, report: &mut Report) {
    stops(feed, report);
    routes(feed, report);
    shapes(feed, report);
    calendars(feed, today, report);
    speeds(feed, report);
    blocks(feed, report);
}

fn stops(feed: &Feed, report: &mut Report) {
    let used: HashSet<StopIndex> = feed.stop_times.iter().map(|time| time.stop).collect();
    for (stop, index) in feed.stops.iter().zip(0..) {
        if stop.kind == StopKind::Platform && !used.contains(&StopIndex(index)) {
            report.note(Rule::StopWithoutStopTime, "stops.txt", None, "stop_id", || {
                format!("nothing stops at {:?}", stop.id)
            });
        }
    }
}

fn routes(feed: &Feed, report: &mut Report) {
    let mut names = HashSet::new();
    for route in &feed.routes {
        if !names.insert((route.agency, route.kind, &route.short_name, &route.long_name)) {
            report.note(Rule::DuplicateRouteName, "routes.txt", None, "route_short_name", || {
                format!("the route {:?} has the names of another", route.id)
            });
        }
    }
}

fn shapes(feed: &Feed, report: &mut Report) {
    let mut longest = vec![None; feed.shapes.len()];
    for (trip, index) in feed.trips.iter().zip(0..) {
        let Some(shape) = trip.shape else { continue };
        let furthest = feed.times(TripIndex(index)).iter().filter_map(|time| time.distance).fold(0.0, f64::max);
        let longest: &mut Option<(f64, &CompactString)> = &mut longest[shape.at()];
        if longest.is_none_or(|(distance, _)| furthest > distance) {
            *longest = Some((furthest, &trip.id));
        }
    }
    for (shape, longest) in feed.shapes.iter().zip(longest) {
        if shape.points.len() == 1 {
            report.note(Rule::SinglePointShape, "shapes.txt", None, "shape_id", || {
                format!("the shape {:?} has one point", shape.id)
            });
        }
        let Some((furthest, trip)) = longest else {
            report.note(Rule::UnusedShape, "shapes.txt", None, "shape_id", || {
                format!("no trip goes along the shape {:?}", shape.id)
            });
            continue;
        };
        let length = shape.points.iter().filter_map(|point| point.distance).next_back();
        if length.is_some_and(|length| furthest > length) {
            report.note(Rule::TripBeyondShape, "stop_times.txt", None, "shape_dist_traveled", || {
                format!("the trip {trip:?} goes to {furthest}, beyond its shape {:?}", shape.id)
            });
        }
    }
}

fn calendars(feed: &Feed, today: Option<Date>, report: &mut Report) {
    let Some(today) = today else { return };
    for service in feed.services.iter().filter(|service| service.last().is_some_and(|last| last < today)) {
        report.note(Rule::ExpiredCalendar, "calendar.txt", None, "end_date", || {
            format!("the service {:?} ended before {today}", service.id)
        });
    }
}

/// Kilometres an hour beyond which a vehicle of a kind does not go, as the canonical validator has them.
fn top_speed(kind: u16) -> f64 {
    match kind {
        0 => 100.0,
        2 | 100..=199 => 500.0,
        4 => 80.0,
        5 => 30.0,
        6 | 7 => 50.0,
        1 | 3 | 11 | 12 => 150.0,
        _ => 200.0,
    }
}

fn speeds(feed: &Feed, report: &mut Report) {
    // Once for each pair of stops and kind; a line's hundred trips make one notice.
    let mut told = HashSet::new();
    for (trip, index) in feed.trips.iter().zip(0..) {
        let kind = feed.routes[trip.route.at()].kind;
        for pair in feed.times(TripIndex(index)).windows(2) {
            let Some(metres) = metres(feed, &pair[0], &pair[1]) else { continue };
            // Times are often told to the minute.
            let seconds = f64::from((pair[1].arrival - pair[0].departure).max(0)) + 60.0;
            let speed = metres / seconds * 3.6;
            if speed > top_speed(kind) && told.insert((kind, pair[0].stop, pair[1].stop)) {
                report.note(Rule::FastTravel, "stop_times.txt", None, "arrival_time", || {
                    let (from, to) = (&feed.stops[pair[0].stop.at()].id, &feed.stops[pair[1].stop.at()].id);
                    format!("the trip {:?} goes from {from:?} to {to:?} at {speed:.0} km/h", trip.id)
                });
            }
        }
    }
}

fn metres(feed: &Feed, from: &StopTime, to: &StopTime) -> Option<f64> {
    let (a, b) = (feed.stops[from.stop.at()].position?, feed.stops[to.stop.at()].position?);
    let (north, east) = ((b.lat - a.lat).to_radians(), (b.lon - a.lon).to_radians());
    let half =
        (north / 2.0).sin().powi(2) + a.lat.to_radians().cos() * b.lat.to_radians().cos() * (east / 2.0).sin().powi(2);
    Some(2.0 * 6_371_008.8 * half.clamp(0.0, 1.0).sqrt().asin())
}

/// Trips of one vehicle on the same days must not run at once. Services are compared by identity only.
fn blocks(feed: &Feed, report: &mut Report) {
    let mut blocks: HashMap<_, Vec<(i32, i32, u32)>> = HashMap::new();
    for (trip, index) in feed.trips.iter().zip(0..) {
        if trip.block.is_empty() || !trip.frequencies.is_empty() {
            continue;
        }
        let times = feed.times(TripIndex(index));
        let (Some(first), Some(last)) = (times.first(), times.last()) else { continue };
        blocks.entry((&trip.block, trip.service)).or_default().push((first.departure, last.arrival, index));
    }
    let mut blocks: Vec<_> = blocks.into_iter().collect();
    blocks.sort();
    for ((block, _), mut trips) in blocks {
        trips.sort_unstable();
        for pair in trips.windows(2).filter(|pair| pair[1].0 < pair[0].1) {
            report.note(Rule::BlockOverlap, "trips.txt", None, "block_id", || {
                let (a, b) = (&feed.trips[pair[0].2 as usize].id, &feed.trips[pair[1].2 as usize].id);
                format!("the trips {a:?} and {b:?} of the block {block:?} run at the same time")
            });
        }
    }
}
