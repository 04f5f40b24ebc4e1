//! Measures a city-size feed made by rule: loading, building the day, realtime, journeys between stops and a range.
//! `cargo run --release -p belfry-transit --example city`

#[path = "../tests/city/mod.rs"]
mod city;

use belfry_connect_gtfs::realtime::{Message, TripRef, TripUpdate};
use belfry_connect_gtfs::{Date, Limits, StopIndex, read};
use belfry_transit::{Day, Footpaths, Query, Router, StraightLines, Timetable, updated};
use std::time::Instant;

fn main() {
    let mut tables = city::tables();
    let start = Instant::now();
    let (feed, report) = read(&mut tables, &Limits::default(), None);
    let load = start.elapsed();
    let dropped: u64 = report.dropped.values().sum();
    let (stops, trips, times) = (feed.stops.len(), feed.trips.len(), feed.stop_times.len());
    println!("feed: {stops} stops, {trips} trips, {times} stop times, {dropped} rows dropped; read in {load:.1?}");

    let date = Date::parse("20260106").expect("a date");
    let start = Instant::now();
    let table = Timetable::build(&feed, &Day::new(date)).expect("a city fits");
    println!(
        "timetable of a day: {} patterns, {} runs in {:.1?}",
        table.pattern_count(),
        table.runs().len(),
        start.elapsed()
    );
    let start = Instant::now();
    let paths = Footpaths::new(&feed, &StraightLines::new(&feed, 600));
    println!("footpaths (straight lines, 600 s): {:.1?}", start.elapsed());

    let late = feed.trips.iter().step_by(4).enumerate().map(|(number, trip)| {
        let named = TripRef { trip: trip.id.to_string(), start_date: Some(date), ..TripRef::default() };
        let delay = Some(number as i32 % 60 * 60 - 120);
        (format!("{number}"), TripUpdate { trip: named, delay, ..TripUpdate::default() })
    });
    let message = Message { trips: late.collect(), ..Message::default() };
    let start = Instant::now();
    let (now, unmatched) = updated(&table, &feed, &message, 0);
    let (count, patterns) = (message.trips.len(), now.pattern_count());
    println!("{count} delays upon it, {} unmatched: {patterns} patterns in {:.1?}", unmatched.len(), start.elapsed());

    for (name, table) in [("planned", &table), ("with delays", &now)] {
        journeys(name, table, &paths);
    }
}

fn journeys(name: &str, table: &Timetable, paths: &Footpaths) {
    let mut router = Router::new(table, paths);
    let mut state = 7_u64;
    let mut below = |end: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % end
    };
    let (mut single, mut range, mut found, mut rides) = (Vec::new(), Vec::new(), 0, 0);
    for number in 0..1000 {
        let stops = table.stop_count() as u64;
        let (from, to) = (StopIndex(below(stops) as u32), StopIndex(below(stops) as u32));
        let query = Query::between_stops(paths, from, to, (6 * 3600 + below(14 * 3600)) as i32);
        let start = Instant::now();
        let journeys = router.journeys(&query);
        single.push(start.elapsed());
        found += usize::from(!journeys.is_empty());
        rides += journeys.last().map_or(0, belfry_transit::Journey::rides);
        if number % 20 == 0 {
            let start = Instant::now();
            router.range(&query, query.depart + 3600);
            range.push(start.elapsed());
        }
    }
    single.sort_unstable();
    range.sort_unstable();
    let (median, high, most) = (single[500], single[990], single[999]);
    println!(
        "{name}: 1,000 pairs, {found} found, {:.1} rides: median {median:.2?}, 99 % {high:.2?}, most {most:.2?}",
        rides as f64 / 1000.0
    );
    println!("{name}: all journeys of an hour (rRAPTOR), 50 pairs: median {:.2?}, most {:.2?}", range[25], range[49]);
}
