//! Random small feeds: journeys and ranges are those of the slow answer, and each can be made.

mod oracle;

use belfry_connect_gtfs::{Date, Feed, Limits, Memory, StopIndex, read};
use belfry_transit::{Day, Footpaths, Query, Router, StraightLines, Timetable};
use proptest::prelude::*;
use std::fmt::Write as _;

const STOPS: usize = 8;

/// A trip: the stops with minutes to the next and of waiting, the first departure, how it repeats, how it is boarded.
#[derive(Clone, Debug)]
struct Course {
    stops: Vec<(usize, i32, i32, u8)>,
    start: i32,
    headway: Option<i32>,
    service: u8,
}

fn course() -> impl Strategy<Value = Course> {
    let stop = (0..STOPS, 0..12_i32, 0..3_i32, 0..12_u8);
    let stops = prop::collection::vec(stop, 2..7);
    (stops, 0..1600_i32, prop::option::weighted(0.2, 5..40_i32), 0..3_u8)
        .prop_map(|(stops, start, headway, service)| Course { stops, start, headway, service })
}

fn clock(minutes: i32) -> String {
    format!("{:02}:{:02}:00", minutes / 60, minutes % 60)
}

fn feed(places: &[(i32, i32)], courses: &[Course], transfers: &[(usize, usize, u8)]) -> Feed {
    let mut stops = String::from("stop_id,stop_name,stop_lat,stop_lon\n");
    for (at, (x, y)) in places.iter().enumerate() {
        let _ = writeln!(stops, "{at},S{at},{:.5},{:.5}", 40.0 + f64::from(*y) / 1000.0, f64::from(*x) / 1000.0 - 3.0);
    }
    let (mut trips, mut times) = ("route_id,service_id,trip_id\n".to_owned(), String::new());
    times.push_str("trip_id,arrival_time,departure_time,stop_id,stop_sequence,pickup_type,drop_off_type\n");
    let mut frequencies = String::from("trip_id,start_time,end_time,headway_secs\n");
    for (number, course) in courses.iter().enumerate() {
        let _ = writeln!(trips, "R,S{},{number}", course.service);
        let mut now = course.start;
        for (place, (stop, ride, wait, boarding)) in course.stops.iter().enumerate() {
            let (arrival, departure) = (clock(now), clock(now + wait));
            let (pickup, drop_off) = (u8::from(*boarding == 0), u8::from(*boarding == 1));
            let _ = writeln!(times, "{number},{arrival},{departure},{stop},{place},{pickup},{drop_off}");
            now += wait + ride;
        }
        if let Some(headway) = course.headway {
            let (start, end) = (clock(course.start), clock(course.start + 3 * headway));
            let _ = writeln!(frequencies, "{number},{start},{end},{}", headway * 60);
        }
    }
    let mut changes = String::from("from_stop_id,to_stop_id,transfer_type,min_transfer_time\n");
    for (from, to, kind) in transfers {
        let _ = writeln!(changes, "{from},{to},{kind},{}", 60 + 30 * from);
    }
    let days = "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n\
                S0,1,1,1,1,1,1,1,20260101,20261231\nS1,1,0,0,0,0,0,0,20260101,20261231\nS2,0,1,0,1,0,1,1,20260101,20261231\n";
    let mut tables = Memory::default();
    for (name, text) in [
        ("agency.txt", "agency_name,agency_url,agency_timezone\nT,https://t.example,UTC\n"),
        ("routes.txt", "route_id,route_short_name,route_type\nR,1,3\n"),
        ("stops.txt", &stops),
        ("trips.txt", &trips),
        ("stop_times.txt", &times),
        ("frequencies.txt", &frequencies),
        ("transfers.txt", &changes),
        ("calendar.txt", days),
    ] {
        tables.0.insert(name.to_owned(), text.as_bytes().to_vec());
    }
    let (feed, report) = read(&mut tables, &Limits::default(), None);
    assert!(report.dropped.is_empty(), "{:?}", report.notices);
    feed
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn journeys_are_those_of_the_slow_answer(
        places in prop::collection::vec((0..20_i32, 0..20_i32), STOPS),
        courses in prop::collection::vec(course(), 1..14),
        transfers in prop::collection::vec((0..STOPS, 0..STOPS, 2..4_u8), 0..4),
        (from, to, depart, rides) in (0..STOPS as u32, 0..STOPS as u32, -60..1500_i32, 0..6_usize),
    ) {
        let feed = feed(&places, &courses, &transfers);
        // A Tuesday: services of the day before and after it differ.
        let date = Date::parse("20260106").expect("a date");
        let table = Timetable::build(&feed, &Day::new(date)).expect("small");
        let lines = StraightLines::new(&feed, 500);
        let paths = Footpaths::new(&feed, &lines);
        let all = oracle::courses(&feed, date);
        let mut router = Router::new(&table, &paths);
        let query = Query { rides, ..Query::between_stops(&paths, StopIndex(from), StopIndex(to), depart * 60) };
        let found = router.journeys(&query);
        let pairs: Vec<_> = found.iter().map(|journey| (journey.rides(), journey.arrive)).collect();
        prop_assert_eq!(pairs, oracle::pareto(&oracle::arrivals(&all, STOPS, &paths, &query)));
        found.iter().for_each(|journey| oracle::feasible(&table, &paths, &query, journey));

        let query = Query { walk: None, ..query };
        let range = router.range(&query, i32::MAX);
        range.iter().for_each(|journey| oracle::feasible(&table, &paths, &query, journey));
        for later in [0, 7, 31, 95, 240] {
            let query = Query { depart: query.depart + later * 60, ..query.clone() };
            let best = oracle::arrivals(&all, STOPS, &paths, &query);
            for (rides, best) in best.into_iter().enumerate() {
                let fits = |journey: &&belfry_transit::Journey| journey.depart >= query.depart && journey.rides() <= rides;
                let found = range.iter().filter(fits).map(|journey| journey.arrive).min().unwrap_or(i32::MAX);
                prop_assert_eq!(found, best, "{} rides, {} minutes later", rides, later);
            }
        }
    }

    #[test]
    fn boards_show_every_departure_in_order(
        courses in prop::collection::vec(course(), 1..14),
        (stop, from, most) in (0..STOPS as u32, 0..1500_i32, 1..20_usize),
    ) {
        let feed = feed(&[(0, 0); STOPS], &courses, &[]);
        let date = Date::parse("20260106").expect("a date");
        let table = Timetable::build(&feed, &Day::new(date)).expect("small");
        let found: Vec<_> = table.board(&feed, StopIndex(stop), from * 60, most).iter().map(|d| d.expected).collect();
        let mut wanted = Vec::new();
        for course in oracle::courses(&feed, date) {
            let calls = course[..course.len() - 1].iter();
            wanted.extend(calls.filter(|c| c.0 == stop as usize && c.3 && c.2 >= from * 60).map(|c| c.2));
        }
        wanted.sort_unstable();
        wanted.truncate(most);
        prop_assert_eq!(found, wanted);
    }
}
