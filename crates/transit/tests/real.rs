//! The real feeds of `../shared/data` (or `$BELFRY_TEST_DATA`): every pair of stops is asked at several times, and answered as
//! the slow answer does.

mod oracle;

use belfry_connect_gtfs::{Date, Limits, StopIndex, Zip, read};
use belfry_transit::{Day, Footpaths, Query, Router, StraightLines, Timetable};
use std::path::PathBuf;

/// Compares every `step`-th pair. Returns how many journeys there were.
fn compare(file: &str, date: &str, step: usize) -> Option<usize> {
    let root = std::env::var_os("BELFRY_TEST_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let Ok(bytes) = std::fs::read(root.join(file)) else {
        println!("{file} is not here (set BELFRY_TEST_DATA): nothing was tested");
        return None;
    };
    let (feed, _) = read(&mut Zip::new(std::io::Cursor::new(bytes)).expect("an archive"), &Limits::default(), None);
    let date = Date::parse(date).expect("a date");
    let table = Timetable::build(&feed, &Day::new(date)).expect("small");
    let paths = Footpaths::new(&feed, &StraightLines::new(&feed, 600));
    let courses = oracle::courses(&feed, date);
    let mut router = Router::new(&table, &paths);
    let stops = feed.stops.len();
    let (mut pairs, mut journeys) = (0, 0);
    for number in (0..stops * stops).step_by(step) {
        let (from, to) = (StopIndex((number / stops) as u32), StopIndex((number % stops) as u32));
        for hour in [0, 7, 12, 23] {
            let query = Query { rides: 4, ..Query::between_stops(&paths, from, to, hour * 3600 + 300) };
            let found = router.journeys(&query);
            let told: Vec<_> = found.iter().map(|journey| (journey.rides(), journey.arrive)).collect();
            assert_eq!(told, oracle::pareto(&oracle::arrivals(&courses, stops, &paths, &query)), "{query:?}");
            found.iter().for_each(|journey| oracle::feasible(&table, &paths, &query, journey));
            (pairs, journeys) = (pairs + 1, journeys + found.iter().filter(|journey| journey.rides() > 0).count());
        }
    }
    println!("{file}: {} runs, {pairs} questions, {journeys} journeys, all as the slow answer", table.runs().len());
    Some(journeys)
}

#[test]
fn beatty_is_answered_as_the_slow_answer_does() {
    // A Saturday, on which the trips to Amargosa Valley run.
    let Some(journeys) = compare("gtfs/beatty-sample-feed.zip", "20070609", 1) else { return };
    assert!(journeys > 100, "{journeys}");
    // Removed by calendar_dates.txt: a Monday without the daily service.
    let Some(fewer) = compare("gtfs/beatty-sample-feed.zip", "20070604", 1) else { return };
    assert!(fewer < journeys, "{fewer}");
}

#[test]
fn the_small_feeds_are_answered_as_the_slow_answer_does() {
    let Some(journeys) = compare("gtfs-rt/testagency.zip", "20170222", 1) else { return };
    assert!(journeys > 50, "{journeys}");
    let Some(journeys) = compare("gtfs-rt/bullrunner-gtfs.zip", "20160210", 97) else { return };
    assert!(journeys > 50, "{journeys}");
}
