//! Delays, skipped stops and cancellations upon a small timetable: boards and journeys follow, the plan stays beside.

use belfry_connect_gtfs::realtime::{
    Event, Message, StopRelation, StopUpdate, TripRef, TripRelation, TripUpdate, decode, encode,
};
use belfry_connect_gtfs::{Date, Feed, Limits, Memory, StopIndex, read};
use belfry_transit::{Day, Footpaths, Query, Router, Status, StraightLines, Timetable, updated};

/// Instant at which the service day began, seconds since 1970.
const BEGIN: i64 = 1_767_654_000;

/// Two trips from A by B to C, ten minutes a hop, at 8:00 and 8:30; one that is repeated from C to D.
fn feed() -> Feed {
    let mut tables = Memory::default();
    for (name, text) in [
        ("agency.txt", "agency_name,agency_url,agency_timezone\nT,https://t.example,UTC\n"),
        ("routes.txt", "route_id,route_short_name,route_type\nR,1,3\n"),
        (
            "stops.txt",
            "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\nA,A,40,-3,0,\nB,B,40.1,-3,0,ST\n\
             C,C,40.2,-3,0,\nD,D,40.3,-3,0,\nST,Station,40.1,-3,1,\n",
        ),
        ("trips.txt", "route_id,service_id,trip_id\nR,W,one\nR,W,two\nR,W,loop\n"),
        (
            "stop_times.txt",
            "trip_id,arrival_time,departure_time,stop_id,stop_sequence\none,8:00:00,8:00:00,A,1\none,8:10:00,8:10:00,B,2\n\
             one,8:20:00,8:20:00,C,3\ntwo,8:30:00,8:30:00,A,1\ntwo,8:40:00,8:40:00,B,2\ntwo,8:50:00,8:50:00,C,3\n\
             loop,0:00:00,0:00:00,C,1\nloop,0:10:00,0:10:00,D,2\n",
        ),
        ("frequencies.txt", "trip_id,start_time,end_time,headway_secs,exact_times\nloop,8:00:00,9:00:00,1200,0\n"),
        ("calendar_dates.txt", "service_id,date,exception_type\nW,20260106,1\n"),
    ] {
        tables.0.insert(name.to_owned(), text.as_bytes().to_vec());
    }
    read(&mut tables, &Limits::default(), None).0
}

fn plan(feed: &Feed) -> Timetable {
    Timetable::build(feed, &Day::new(Date::parse("20260106").expect("a date"))).expect("small")
}

fn update(trip: TripRef, stops: Vec<StopUpdate>) -> Message {
    let message = Message {
        timestamp: Some(1),
        trips: vec![("e".into(), TripUpdate { trip, stops, ..TripUpdate::default() })],
        ..Message::default()
    };
    // As it comes from outside.
    decode(&encode(&message)).expect("a message").0
}

fn trip(id: &str) -> TripRef {
    TripRef { trip: id.into(), ..TripRef::default() }
}

fn late(sequence: u32, delay: i32) -> StopUpdate {
    let arrival = Some(Event { delay: Some(delay), ..Event::default() });
    StopUpdate { sequence: Some(sequence), arrival, ..StopUpdate::default() }
}

/// Arrivals with 0, 1, ... rides from one stop to another.
fn arrivals(feed: &Feed, table: &Timetable, from: u32, to: u32, depart: i32) -> Vec<(usize, i32)> {
    let paths = Footpaths::new(feed, &StraightLines::new(feed, 300));
    let query = Query::between_stops(&paths, StopIndex(from), StopIndex(to), depart);
    let journeys = Router::new(table, &paths).journeys(&query);
    journeys.iter().map(|journey| (journey.rides(), journey.arrive)).collect()
}

#[test]
fn a_delay_holds_until_the_next_stop_that_is_told() {
    let feed = feed();
    let (now, unmatched) = updated(&plan(&feed), &feed, &update(trip("one"), vec![late(2, 300)]), BEGIN);
    assert!(unmatched.is_empty());
    assert_eq!(arrivals(&feed, &now, 0, 2, 8 * 3600), [(1, 8 * 3600 + 1500)]);
    let board = now.board(&feed, StopIndex(4), 8 * 3600, 9);
    let times: Vec<_> = board.iter().map(|line| (line.planned, line.expected, line.stop.0)).collect();
    assert_eq!(times, [(29_400, 29_700, 1), (31_200, 31_200, 1)]);
    // By instant, and the late trip overtaken by the next one.
    let instant = Some(Event { time: Some(BEGIN + 32_000), ..Event::default() });
    let told = StopUpdate { stop: "B".into(), arrival: instant, ..StopUpdate::default() };
    let (now, _) = updated(&plan(&feed), &feed, &update(trip("one"), vec![told]), BEGIN);
    assert_eq!(arrivals(&feed, &now, 0, 2, 8 * 3600), [(1, 31_800)]);
    let (now, _) = updated(&plan(&feed), &feed, &update(trip("one"), vec![late(1, 600), late(3, 0)]), BEGIN);
    let events = now.events_of(now.board(&feed, StopIndex(0), 0, 1)[0].run).to_vec();
    assert_eq!(events.iter().map(|event| event.departure).collect::<Vec<_>>(), [29_400, 30_000, 30_000]);
}

#[test]
fn cancelled_trips_and_skipped_stops_are_shown_and_not_ridden() {
    let feed = feed();
    let gone = TripRef { relation: TripRelation::Canceled, ..trip("one") };
    let (now, _) = updated(&plan(&feed), &feed, &update(gone, Vec::new()), BEGIN);
    assert_eq!(arrivals(&feed, &now, 0, 2, 8 * 3600), [(1, 31_800)]);
    let status = |table: &Timetable, stop| -> Vec<Status> {
        table.board(&feed, StopIndex(stop), 8 * 3600, 9).iter().map(|line| line.status).collect()
    };
    assert_eq!(status(&now, 0), [Status::Cancelled, Status::Runs]);
    let skipped = StopUpdate { sequence: Some(2), relation: StopRelation::Skipped, ..StopUpdate::default() };
    let (now, _) = updated(&plan(&feed), &feed, &update(trip("one"), vec![skipped]), BEGIN);
    assert_eq!(status(&now, 1), [Status::Skipped, Status::Runs]);
    assert_eq!(arrivals(&feed, &now, 0, 1, 8 * 3600), [(1, 31_200)]);
    assert_eq!(arrivals(&feed, &now, 0, 2, 8 * 3600), [(1, 30_000)]);
}

#[test]
fn a_repeated_trip_is_matched_by_its_start_and_what_fits_nothing_is_told() {
    let feed = feed();
    let start = TripRef { start_time: Some(8 * 3600 + 1300), ..trip("loop") };
    let (now, unmatched) = updated(&plan(&feed), &feed, &update(start, vec![late(1, 240)]), BEGIN);
    assert!(unmatched.is_empty());
    let expected: Vec<_> = now.board(&feed, StopIndex(2), 8 * 3600, 9).iter().map(|line| line.expected).collect();
    assert_eq!(expected, [28_800, 30_240, 31_200]);
    let other_day = TripRef { start_date: Date::parse("20260107"), ..trip("one") };
    for (trip, why) in [
        (trip("loop"), "repeated"),
        (trip("nine"), "does not run"),
        (other_day, "no run"),
        (TripRef { relation: TripRelation::Added, ..trip("new") }, "not in the timetable"),
        (TripRef { route: "R".into(), ..TripRef::default() }, "a route and no trip"),
    ] {
        let (same, unmatched) = updated(&plan(&feed), &feed, &update(trip, vec![late(1, 60)]), BEGIN);
        assert!(unmatched.len() == 1 && unmatched[0].why.contains(why), "{unmatched:?}");
        assert_eq!(same, plan(&feed));
    }
}
