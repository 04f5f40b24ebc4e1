//! A small feed of our own, sound and then dirty in one place after another: what is noted, what is dropped, what is kept.

use belfry_connect_gtfs::{Boarding, Date, Feed, Folder, Limits, Memory, Report, Rule, Severity, TripIndex, read};

const SOUND: &[(&str, &str)] = &[
    ("agency.txt", "agency_id,agency_name,agency_url,agency_timezone\nT,Town,https://town.example,Europe/Madrid\n"),
    (
        "stops.txt",
        "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n\
         A,Market,40.0,-3.0,0,\nB,Bridge,40.01,-3.0,0,\nC,School,40.02,-3.0,0,ST\nD,Mill,40.03,-3.0,0,\nST,Station,40.02,-3.0,1,\n",
    ),
    ("routes.txt", "route_id,route_short_name,route_type,route_color\nR,1,3,00AAff\n"),
    (
        "calendar.txt",
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n\
         W,1,1,1,1,1,0,0,20260101,20261231\n",
    ),
    ("calendar_dates.txt", "service_id,date,exception_type\nW,20260106,2\nW,20260110,1\nX,20260111,1\n"),
    ("trips.txt", "route_id,service_id,trip_id,shape_id\nR,W,one,S\nR,X,two,\n"),
    (
        "stop_times.txt",
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence,pickup_type,shape_dist_traveled\n\
         one,23:50:00,23:50:00,A,1,,0\none,,,B,5,,30\none,,,C,7,1,40\none,24:30:00,24:30:00,D,9,,100\n\
         two,8:00:00,8:01:00,D,2,,\ntwo,,,C,4,,\ntwo,,,B,6,,\ntwo,8:31:00,8:31:00,A,8,,\n",
    ),
    (
        "shapes.txt",
        "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence,shape_dist_traveled\n\
         S,40.03,-3.0,20,100\nS,40.0,-3.0,10,0\n",
    ),
    ("frequencies.txt", "trip_id,start_time,end_time,headway_secs,exact_times\ntwo,9:00:00,10:00:00,600,1\n"),
    ("transfers.txt", "from_stop_id,to_stop_id,transfer_type,min_transfer_time\nC,D,2,120\n"),
    (
        "feed_info.txt",
        "feed_publisher_name,feed_publisher_url,feed_lang,feed_version\nTown,https://town.example,es,7\n",
    ),
    ("pathways.txt", "pathway_id\nP\n"),
];

/// The sound feed with one piece of one table replaced, read.
fn feed(file: &str, from: &str, to: &str) -> (Feed, Report) {
    let mut tables = Memory::default();
    for (name, text) in SOUND {
        let text = if *name == file { text.replacen(from, to, 1) } else { (*text).to_owned() };
        assert!(*name != file || from == to || text.contains(to), "{from:?} is in {file}");
        tables.0.insert((*name).to_owned(), text.into_bytes());
    }
    read(&mut tables, &Limits::default(), Date::parse("20260601"))
}

#[test]
fn a_sound_feed_is_read_whole_without_a_notice() {
    let (feed, report) = feed("", "", "");
    let expired = report.notices.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(expired, ["warning: calendar.txt end_date: the service \"X\" ended before 20260601 (expired_calendar)"]);
    assert_eq!((feed.stops.len(), feed.trips.len(), feed.stop_times.len(), feed.transfers.len()), (5, 2, 8, 1));
    assert!(report.dropped.is_empty());
    let times = feed.times(TripIndex(0));
    // 40 minutes over a distance of 100: by distance.
    assert_eq!(times.iter().map(|time| time.arrival).collect::<Vec<_>>(), [85_800, 86_520, 86_760, 88_200]);
    assert!(times[1].interpolated && !times[3].interpolated && times[2].pickup == Boarding::None);
    // 30 minutes over three stops without distances: evenly.
    let evenly: Vec<_> = feed.times(TripIndex(1)).iter().map(|time| time.arrival).collect();
    assert_eq!(evenly, [28_800, 29_460, 30_060, 30_660]);
    assert_eq!(feed.shapes[0].points.iter().map(|point| point.lat).collect::<Vec<_>>(), [40.0, 40.03]);
    let days = ["20260105", "20260106", "20260110", "20260111"].map(|day| {
        let day = Date::parse(day).expect("a day");
        (feed.services[0].runs(day), feed.services[1].runs(day))
    });
    assert_eq!(days, [(true, false), (false, false), (true, false), (false, true)]);
}

#[test]
fn each_fault_is_told_with_its_place_and_costs_its_row_alone() {
    use Rule as R;
    // Table, what is replaced by what, rule, line, rows dropped of the table, stop times and trips left.
    type Case = (&'static str, &'static str, &'static str, Rule, Option<u64>, u64, usize, usize);
    let cases: &[Case] = &[
        ("stops.txt", "B,Bridge,40.01,-3.0", "B,Bridge,0,0", R::PointNearOrigin, Some(3), 0, 8, 2),
        ("stops.txt", "B,Bridge,40.01", "B,Bridge,91", R::NumberOutOfRange, Some(3), 0, 8, 2),
        ("stops.txt", "B,Bridge,40.01", "B,Bridge,89.9", R::PointNearPole, Some(3), 0, 8, 2),
        ("stops.txt", "B,Bridge,40.01", "B,Bridge,x", R::InvalidFloat, Some(3), 0, 8, 2),
        ("stops.txt", "B,Bridge,40.01", "B,Bridge,", R::StopWithoutLocation, Some(3), 0, 8, 2),
        ("stops.txt", "B,Bridge", "A,Bridge", R::DuplicateKey, Some(3), 1, 6, 2),
        ("stops.txt", "0,ST", "0,NOWHERE", R::ForeignKeyViolation, Some(4), 0, 8, 2),
        ("stops.txt", "0,ST", "0,A", R::WrongParentKind, Some(4), 0, 8, 2),
        ("stops.txt", "D,Mill", "E,End,40.0,-3.1,0,\nD,Mill", R::StopWithoutStopTime, None, 0, 8, 2),
        ("stops.txt", "B,Bridge,40.01,-3.0,0,", "B,\"Bridge,40.01,-3.0,0,", R::CsvParsingFailed, Some(3), 1, 6, 2),
        ("routes.txt", "R,1,3,00AAff", "R,,3,00AAff", R::RouteWithoutName, Some(2), 0, 8, 2),
        ("routes.txt", "00AAff", "blue", R::InvalidColor, Some(2), 0, 8, 2),
        ("routes.txt", "R,1,3", "R,1,x", R::InvalidInteger, Some(2), 1, 0, 0),
        ("calendar.txt", "20261231", "20251231", R::RangeOutOfOrder, Some(2), 1, 8, 2),
        ("calendar.txt", "20260101", "20260231", R::InvalidDate, Some(2), 1, 8, 2),
        ("calendar_dates.txt", "20260106,2", "20260106,3", R::UnexpectedEnumValue, Some(2), 1, 8, 2),
        ("trips.txt", "R,X,two", "R,Q,two", R::ForeignKeyViolation, Some(3), 1, 4, 1),
        ("trips.txt", "R,X,two", "R,X,one", R::DuplicateKey, Some(3), 1, 4, 1),
        ("trips.txt", "one,S", "one,Q", R::ForeignKeyViolation, Some(2), 0, 8, 2),
        ("trips.txt", "one,S", "one,S,x", R::InvalidRowLength, Some(2), 1, 4, 1),
        ("trips.txt", "two,\n", "two\n", R::InvalidRowLength, Some(3), 0, 8, 2),
        ("trips.txt", "two,\n", "two,\nR,W,three,\n", R::UnusedTrip, None, 1, 8, 2),
        ("stop_times.txt", "24:30:00,24:30:00,D", "23:30:00,23:30:00,D", R::StopTimeBackwards, Some(2), 3, 4, 1),
        ("stop_times.txt", "8:31:00,8:31:00", "8:31:00,", R::StopTimeHalf, Some(9), 0, 8, 2),
        ("stop_times.txt", "8:31:00,8:31:00", ",", R::MissingTripEdge, Some(9), 3, 4, 1),
        ("stop_times.txt", "8:00:00,8:01:00", "8:01:00,8:00:00", R::RangeOutOfOrder, Some(6), 3, 4, 1),
        ("stop_times.txt", "8:31:00,8:31:00", "8:31,8:31:00", R::InvalidTime, Some(9), 3, 4, 1),
        ("stop_times.txt", "A,8,", "A,6,", R::DuplicateKey, Some(9), 3, 4, 1),
        ("stop_times.txt", "B,5,,30", "B,5,,50", R::DecreasingStopTimeDistance, Some(4), 0, 8, 2),
        ("stop_times.txt", "D,9,,100", "D,9,,101", R::TripBeyondShape, None, 0, 8, 2),
        ("stop_times.txt", "B,6", "Q,6", R::ForeignKeyViolation, Some(8), 1, 7, 2),
        ("stop_times.txt", "pickup_type", "picup_type", R::UnknownColumn, Some(1), 0, 8, 2),
        ("stop_times.txt", "stop_id", "stop", R::MissingRequiredColumn, Some(1), 8, 0, 0),
        ("stops.txt", "B,Bridge,40.01", "B,Bridge,41.01", R::FastTravel, None, 0, 8, 2),
        ("shapes.txt", "10,0", "10,0\nS,40.03,-3.0,30,50", R::DecreasingShapeDistance, Some(4), 0, 8, 2),
        ("shapes.txt", "40.03,-3.0,20", "140.03,-3.0,20", R::NumberOutOfRange, Some(2), 1, 8, 2),
        ("frequencies.txt", "600,1\n", "600,1\ntwo,9:30:00,11:00:00,60,1\n", R::OverlappingFrequency, Some(3), 1, 8, 2),
        ("frequencies.txt", "600", "0", R::NumberOutOfRange, Some(2), 1, 8, 2),
        ("frequencies.txt", "10:00:00", "9:00:00", R::RangeEqual, Some(2), 1, 8, 2),
        ("transfers.txt", "C,D", "C,Q", R::ForeignKeyViolation, Some(2), 1, 8, 2),
        ("agency.txt", "https://", "town:", R::InvalidUrl, Some(2), 0, 8, 2),
        ("agency.txt", "T,Town", "\nT,Town", R::EmptyRow, Some(2), 0, 8, 2),
        ("stops.txt", "stop_name", "stop_id", R::DuplicatedColumn, Some(1), 0, 8, 2),
        ("stops.txt", "stop_name", "", R::EmptyColumnName, Some(1), 0, 8, 2),
        ("stops.txt", "A,Market", "A,\"Mar\nket\"", R::NewLineInValue, Some(2), 0, 8, 2),
        ("stops.txt", "D,Mill,40.03,-3.0,0", "D,Mill,40.03,-3.0,2", R::LocationWithoutParent, Some(5), 0, 8, 2),
        ("stops.txt", "D,Mill,40.03,-3.0,0", "D,Mill,40.03,-3.0,2", R::UnexpectedStopTime, Some(5), 0, 8, 2),
        ("stops.txt", "ST,Station,40.02,-3.0,1,", "ST,Station,40.02,-3.0,1,A", R::StationWithParent, Some(6), 0, 8, 2),
        ("routes.txt", "00AAff\n", "00AAff\nQ,1,3,\n", R::DuplicateRouteName, None, 0, 8, 2),
        ("agency.txt", "Europe/Madrid", "in town", R::InvalidTimezone, Some(2), 0, 8, 2),
        (
            "agency.txt",
            "Madrid\n",
            "Madrid\nU,Other,https://o.example,Europe/Paris\n",
            R::InconsistentTimezone,
            Some(3),
            0,
            8,
            2,
        ),
        ("shapes.txt", "10,0\n", "10,0\nS,40.0,-3.0,15,0\n", R::EqualShapeDistance, Some(4), 0, 8, 2),
        ("shapes.txt", "10,0\n", "10,0\nT,40.0,-3.0,1,\n", R::SinglePointShape, None, 0, 8, 2),
        ("shapes.txt", "10,0\n", "10,0\nT,40.0,-3.0,1,\n", R::UnusedShape, None, 0, 8, 2),
        ("trips.txt", "trip_id", " trip_id", R::SurroundingSpace, Some(1), 0, 8, 2),
        ("transfers.txt", SOUND[9].1, "", R::EmptyFile, None, 0, 8, 2),
        ("frequencies.txt", "600,1", "2147483647,1", R::ExpiredCalendar, None, 0, 8, 2),
    ];
    for (file, from, to, rule, line, dropped, times, trips) in cases {
        let (feed, report) = feed(file, from, to);
        let at = |n: &&belfry_connect_gtfs::Notice| n.rule == *rule && (n.line == *line);
        let all: Vec<_> = report.notices.iter().map(ToString::to_string).collect();
        let found = report.notices.iter().find(at);
        assert!(found.is_some(), "{file} {to:?}: {rule:?} at {line:?} in {all:#?}");
        let rows = report.rows.iter().find(|(name, _)| *name == file).map(|(_, rows)| rows.dropped);
        assert_eq!(rows, Some(*dropped), "{file} {to:?}: {all:#?}");
        assert_eq!((feed.stop_times.len(), feed.trips.len()), (*times, *trips), "{file} {to:?}: {all:#?}");
    }
}

#[test]
fn missing_tables_and_limits_are_told() {
    let (feed, report) = read(&mut Memory::default(), &Limits::default(), None);
    assert!(feed.stops.is_empty());
    assert_eq!((report.count(Rule::MissingRequiredFile), report.count(Rule::MissingCalendars)), (5, 1));
    let mut tables = Memory::default();
    for (name, text) in SOUND {
        tables.0.insert(format!("feed/{name}"), text.as_bytes().to_vec());
    }
    let few = Limits { rows: 3, notices: 2, ..Limits::default() };
    let (feed, report) = read(&mut tables.clone(), &few, None);
    assert_eq!((feed.stops.len(), report.count(Rule::TooManyRows)), (3, 2));
    assert_eq!(report.count(Rule::InSubfolder), 12);
    assert_eq!(report.notices.iter().filter(|notice| notice.rule == Rule::InSubfolder).count(), 2);
    let small = Limits { table_bytes: 100, ..Limits::default() };
    let (_, report) = read(&mut tables, &small, None);
    assert!(report.count(Rule::TooManyRows) >= 2 && report.of_severity(Severity::Error) > 0);
}

#[test]
fn one_wrong_time_in_a_long_trip_costs_one_row() {
    let mut rows = String::from("trip_id,arrival_time,departure_time,stop_id,stop_sequence\n");
    for n in 0..20 {
        let hour = if n == 3 { 18 } else { 8 };
        rows.push_str(&format!("one,{hour}:{n:02}:00,{hour}:{n:02}:30,A,{n}\n"));
    }
    let mut tables = Memory::default();
    tables.0.extend(SOUND.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())));
    tables.0.insert("stop_times.txt".into(), rows.into_bytes());
    let (feed, report) = read(&mut tables, &Limits::default(), None);
    assert_eq!((feed.stop_times.len(), report.count(Rule::StopTimeBackwards)), (19, 1));
    assert_eq!(report.notices.iter().find(|n| n.rule == Rule::StopTimeBackwards).and_then(|n| n.line), Some(5));
}

#[test]
fn trips_of_one_block_must_not_run_at_once() {
    let mut tables = Memory::default();
    tables.0.extend(SOUND.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())));
    tables.0.remove("frequencies.txt");
    let trips = "route_id,service_id,trip_id,block_id\nR,W,one,b\nR,W,two,b\n";
    tables.0.insert("trips.txt".into(), trips.into());
    let (_, report) = read(&mut tables.clone(), &Limits::default(), None);
    assert_eq!(report.count(Rule::BlockOverlap), 0);
    let times = SOUND[6].1.replace("8:31:00,8:31:00", "23:55:00,23:55:00");
    tables.0.insert("stop_times.txt".into(), times.into_bytes());
    let (_, report) = read(&mut tables, &Limits::default(), None);
    assert_eq!(report.count(Rule::BlockOverlap), 1);
}

#[test]
fn a_folder_is_read_as_an_archive_is() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in SOUND {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    std::fs::write(folder.path().join("notes.doc"), "x").expect("written");
    let names = std::fs::read_dir(folder.path()).expect("read").flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let mut tables = Folder::new(names, |name: &str| std::fs::File::open(folder.path().join(name)));
    let (feed, report) = read(&mut tables, &Limits::default(), None);
    assert_eq!((feed.stops.len(), feed.stop_times.len(), report.count(Rule::UnknownFile)), (5, 8, 1));
}

#[test]
fn an_archive_that_is_none_is_refused() {
    assert!(belfry_connect_gtfs::Zip::new(std::io::Cursor::new(b"stop_id\n".to_vec())).is_err());
}
