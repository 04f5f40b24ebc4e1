//! A GTFS feed of tables: read, made into a timetable, asked. Every reference of what was read holds, times never go back.

use belfry_connect_gtfs::{Date, Limits, Memory, StopIndex, TripIndex, read};
use belfry_transit::{Day, Footpaths, Query, Router, StraightLines, Timetable};

/// Runs the target: tables, each after a line `=== name`.
pub fn run(data: &[u8]) {
    let mut tables = Memory::default();
    let mut name = String::new();
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_prefix(b"=== ") {
            Some(next) => name = String::from_utf8_lossy(next).trim().to_owned(),
            None => tables.0.entry(name.clone()).or_default().extend_from_slice(line),
        }
    }
    let limits = Limits { rows: 2000, notices: 5, ..Limits::default() };
    let (feed, report) = read(&mut tables, &limits, Date::parse("20260601"));
    for rows in report.rows.values() {
        assert!(rows.dropped <= rows.read, "{rows:?}");
    }
    for (trip, index) in feed.trips.iter().zip(0..) {
        assert!(trip.route.at() < feed.routes.len() && trip.service.at() < feed.services.len());
        let times = feed.times(TripIndex(index));
        assert!(times.len() >= 2);
        assert!(times.iter().all(|time| time.stop.at() < feed.stops.len() && time.arrival <= time.departure));
        assert!(
            times.windows(2).all(|pair| pair[0].departure <= pair[1].arrival && pair[0].sequence < pair[1].sequence)
        );
    }
    let date = Date::parse("20260106").expect("a date");
    let Ok(table) = Timetable::build(&feed, &Day { max_events: 20_000, ..Day::new(date) }) else { return };
    if feed.stops.is_empty() {
        return;
    }
    let paths = Footpaths::new(&feed, &StraightLines::new(&feed, 600));
    let mut router = Router::new(&table, &paths);
    let last = StopIndex(feed.stops.len() as u32 - 1);
    for journey in router.journeys(&Query::between_stops(&paths, StopIndex(0), last, 7 * 3600)) {
        assert!(7 * 3600 <= journey.depart && journey.depart <= journey.arrive);
    }
    assert!(table.board(&feed, StopIndex(0), 0, 10).len() <= 10);
}
