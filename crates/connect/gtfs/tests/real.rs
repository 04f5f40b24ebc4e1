//! The real feeds of `../shared/data` (or `$BELFRY_TEST_DATA`): what is read of each, what is dropped and why.

use belfry_connect_gtfs::{Feed, Limits, Report, Rule, Severity, Zip, read};
use std::path::PathBuf;

fn feed(file: &str) -> Option<(Feed, Report)> {
    let root = std::env::var_os("BELFRY_TEST_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/data"), PathBuf::from);
    let Ok(bytes) = std::fs::read(root.join(file)) else {
        println!("{file} is not here (set BELFRY_TEST_DATA): nothing was tested");
        return None;
    };
    let mut zip = Zip::new(std::io::Cursor::new(bytes)).expect("an archive");
    let (feed, report) = read(&mut zip, &Limits::default(), None);
    println!("{file}: {} stops, {} trips, {} stop times", feed.stops.len(), feed.trips.len(), feed.stop_times.len());
    for notice in &report.notices {
        println!("  {notice}");
    }
    for ((table, rule), rows) in &report.dropped {
        println!("  dropped: {rows} rows of {table}: {}", rule.code());
    }
    Some((feed, report))
}

/// Everything that was noted, as code and count.
fn counts(report: &Report) -> Vec<(&'static str, u64)> {
    let mut counts: Vec<_> = report.counts.iter().map(|(rule, count)| (rule.code(), *count)).collect();
    counts.sort_unstable();
    counts
}

fn dropped(report: &Report) -> Vec<(&'static str, Rule, u64)> {
    report.dropped.iter().map(|((table, rule), rows)| (*table, *rule, *rows)).collect()
}

#[test]
fn beatty_has_its_column_errors_told_and_loses_nothing() {
    let Some((feed, report)) = feed("gtfs/beatty-sample-feed.zip") else { return };
    assert_eq!((feed.stops.len(), feed.routes.len(), feed.trips.len(), feed.stop_times.len()), (11, 10, 19, 45));
    assert_eq!((feed.services.len(), feed.frequencies.len(), feed.transfers.len()), (6, 11, 3));
    assert_eq!(
        counts(&report),
        [
            ("invalid_row_length", 23),
            ("location_without_parent_station", 1),
            ("missing_recommended_file", 1),
            ("stop_without_stop_time", 1),
            ("unknown_column", 1),
        ]
    );
    let column = report.notices.iter().find(|notice| notice.rule == Rule::UnknownColumn).expect("a notice");
    assert_eq!(
        (column.file.as_str(), column.line, column.field.as_str()),
        ("stop_times.txt", Some(1), "drop_off_time")
    );
    // Short rows lack optional columns only: none is dropped.
    assert_eq!(dropped(&report), []);
}

#[test]
fn the_test_agency_keeps_its_sound_trips() {
    let Some((feed, report)) = feed("gtfs-rt/testagency.zip") else { return };
    assert_eq!((feed.stops.len(), feed.trips.len(), feed.stop_times.len()), (24, 32, 78));
    assert_eq!(
        counts(&report),
        [
            ("empty_row", 1),
            ("fast_travel_between_consecutive_stops", 4),
            ("foreign_key_violation", 2),
            ("invalid_integer", 2),
            ("missing_recommended_file", 1),
            ("stop_time_with_arrival_before_previous_departure_time", 1),
            ("stop_without_stop_time", 4),
            ("unknown_column", 2),
            ("unusable_trip", 1),
        ]
    );
    // The loop of the trip 18.bogus, and with it the trip.
    assert_eq!(
        dropped(&report),
        [("stop_times.txt", Rule::StopTimeBackwards, 1), ("trips.txt", Rule::UnusableTrip, 1),]
    );
    let Some((feed, report)) = self::feed("gtfs-rt/testagency2.zip") else { return };
    assert_eq!((feed.stops.len(), feed.trips.len(), feed.stop_times.len()), (24, 32, 78));
    assert_eq!(report.count(Rule::StopTimeBackwards), 1);
}

#[test]
fn the_campus_feed_is_read_in_full() {
    let Some((feed, report)) = feed("gtfs-rt/bullrunner-gtfs.zip") else { return };
    assert_eq!((feed.stops.len(), feed.trips.len(), feed.stop_times.len()), (125, 15, 473));
    assert_eq!(counts(&report), [("leading_or_trailing_whitespaces", 1), ("missing_recommended_file", 1)]);
    assert_eq!(dropped(&report), []);
}

#[test]
fn a_feed_of_wrong_files_is_empty_and_says_why() {
    let Some((feed, report)) = feed("gtfs-rt/badgtfs.zip") else { return };
    assert!(feed.stops.is_empty() && feed.trips.is_empty());
    assert_eq!(
        counts(&report),
        [
            ("missing_calendar_and_calendar_date_files", 1),
            ("missing_recommended_file", 1),
            ("missing_required_file", 5),
            ("unknown_file", 2),
        ]
    );
    assert!(report.of_severity(Severity::Error) == 6 && dropped(&report).is_empty());
}
