//! The slow answer: every ride of every trip, read from the feed itself, round by round and without pruning. Shares no code
//! with the router but the footpaths.

use belfry_connect_gtfs::{Boarding, Date, Feed, StopIndex, TripIndex};
use belfry_transit::{Footpaths, Journey, Leg, Query, Timetable};

/// A call: stop, arrival, departure, may board, may leave.
type Call = (usize, i32, i32, bool, bool);

/// Every run around a date, times from the date's beginning.
pub fn courses(feed: &Feed, date: Date) -> Vec<Vec<Call>> {
    let mut out = Vec::new();
    for (trip, index) in feed.trips.iter().zip(0..) {
        let times = feed.times(TripIndex(index));
        for day in -1..=1 {
            if !feed.services[trip.service.at()].runs(date.plus(day)) {
                continue;
            }
            let mut starts = vec![times[0].departure];
            if !trip.frequencies.is_empty() {
                starts.clear();
                for frequency in feed.frequencies.iter().filter(|frequency| frequency.trip == TripIndex(index)) {
                    starts.extend((frequency.start..frequency.end).step_by(frequency.headway as usize));
                }
            }
            for start in starts.into_iter().filter(|start| start + day * 86_400 < 30 * 3600) {
                let shift = start - times[0].departure + day * 86_400;
                let call = |time: &belfry_connect_gtfs::StopTime| {
                    let (pickup, drop_off) = (time.pickup != Boarding::None, time.drop_off != Boarding::None);
                    (time.stop.at(), time.arrival + shift, time.departure + shift, pickup, drop_off)
                };
                let course: Vec<Call> = times.iter().map(call).collect();
                // The timetable leaves out what ended before its day.
                if course[course.len() - 1].1 >= 0 {
                    out.push(course);
                }
            }
        }
    }
    out
}

/// The earliest arrival with at most so many rides, for 0, 1, 2, ... rides; `i32::MAX` for never.
pub fn arrivals(courses: &[Vec<Call>], stops: usize, paths: &Footpaths, query: &Query) -> Vec<i32> {
    const NEVER: i32 = i32::MAX;
    let (mut arrive, mut board) = (vec![NEVER; stops], vec![NEVER; stops]);
    for reach in &query.access {
        board[reach.stop.at()] = board[reach.stop.at()].min(query.depart + reach.seconds);
    }
    let mut out = vec![query.walk.map_or(NEVER, |walk| query.depart + walk)];
    for _ in 0..query.rides {
        for course in courses {
            for (at, (from, _, departure, pickup, _)) in course.iter().enumerate() {
                if !pickup || board[*from] > *departure {
                    continue;
                }
                for (to, arrival, _, _, drop_off) in &course[at + 1..] {
                    if *drop_off {
                        arrive[*to] = arrive[*to].min(*arrival);
                    }
                }
            }
        }
        for stop in (0..stops).filter(|stop| arrive[*stop] != NEVER) {
            let index = StopIndex(stop as u32);
            if let Some(change) = paths.change(index) {
                board[stop] = board[stop].min(arrive[stop] + change);
            }
            for path in paths.from(index) {
                board[path.stop.at()] = board[path.stop.at()].min(arrive[stop] + path.seconds);
            }
        }
        let there = |reach: &belfry_transit::Reach| arrive[reach.stop.at()].saturating_add(reach.seconds);
        out.push(query.egress.iter().map(there).min().unwrap_or(NEVER).min(out[out.len() - 1]));
    }
    out
}

/// The Pareto set of rides and arrival.
pub fn pareto(arrivals: &[i32]) -> Vec<(usize, i32)> {
    let mut out: Vec<(usize, i32)> = Vec::new();
    for (rides, arrival) in arrivals.iter().enumerate() {
        if *arrival < out.last().map_or(i32::MAX, |(_, best)| *best) {
            out.push((rides, *arrival));
        }
    }
    out
}

/// Checks that a journey can be made: every leg starts where and not before the one before it ends, and every ride is one
/// of the timetable.
pub fn feasible(table: &Timetable, paths: &Footpaths, query: &Query, journey: &Journey) {
    let mut now = journey.depart;
    let mut at: Option<StopIndex> = None;
    assert!(journey.depart >= query.depart, "{journey:?}");
    for (number, leg) in journey.legs.iter().enumerate() {
        match leg {
            Leg::Walk { from, to, depart, arrive } => {
                assert!(*depart >= now && *from == at, "{journey:?}");
                if let (Some(from), Some(to)) = (from, to) {
                    let path = paths.from(*from).iter().find(|path| path.stop == *to).expect("a footpath");
                    assert_eq!(path.seconds, arrive - depart);
                }
                (now, at) = (*arrive, *to);
            }
            Leg::Ride(ride) => {
                let (stops, events) = (table.stops_of(ride.run), table.events_of(ride.run));
                assert!(at.is_none_or(|at| at == ride.from) && ride.board < ride.alight, "{journey:?}");
                let after_ride = number > 0 && matches!(journey.legs[number - 1], Leg::Ride(_));
                let change = if after_ride { paths.change(ride.from).expect("one can change") } else { 0 };
                assert!(now + change <= ride.depart, "{journey:?}");
                assert_eq!((stops[ride.board], stops[ride.alight]), (ride.from, ride.to));
                assert_eq!((events[ride.board].departure, events[ride.alight].arrival), (ride.depart, ride.arrive));
                (now, at) = (ride.arrive, Some(ride.to));
            }
        }
    }
    assert_eq!(now, journey.arrive);
}
