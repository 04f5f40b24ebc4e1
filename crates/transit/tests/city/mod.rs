//! A city made by rule: a square grid of streets with lines along them both ways, some across, about 130,000 stop times on
//! a working day. The same for the same size.

use belfry_connect_gtfs::Memory;
use std::fmt::Write as _;

/// Streets each way.
const SIDE: usize = 32;

fn clock(seconds: i32) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The tables of the city.
pub fn tables() -> Memory {
    let mut stops = String::from("stop_id,stop_name,stop_lat,stop_lon\n");
    for y in 0..SIDE {
        for x in 0..SIDE {
            // About 400 m apart, a little out of line.
            let lat = 41.0 + y as f64 * 0.0036 + ((x * 7 + y * 3) % 5) as f64 * 0.0001;
            let lon = 1.0 + x as f64 * 0.0048 + ((x * 5 + y * 11) % 7) as f64 * 0.0001;
            let _ = writeln!(stops, "{x}-{y},Street {x} corner {y},{lat:.6},{lon:.6}");
        }
    }
    let mut lines: Vec<Vec<(usize, usize)>> = Vec::new();
    for street in 0..SIDE {
        lines.push((0..SIDE).map(|at| (street, at)).collect());
        lines.push((0..SIDE).map(|at| (at, street)).collect());
    }
    lines.push((0..SIDE).map(|at| (at, at)).collect());
    lines.push((0..SIDE).map(|at| (at, SIDE - 1 - at)).collect());
    let mut routes = String::from("route_id,route_short_name,route_type\n");
    let (mut trips, mut times) = ("route_id,service_id,trip_id,direction_id\n".to_owned(), String::new());
    times.push_str("trip_id,arrival_time,departure_time,stop_id,stop_sequence\n");
    for (line, places) in lines.iter().enumerate() {
        let _ = writeln!(routes, "L{line},{line},3");
        for direction in 0..2 {
            let headway = 1700 + (line as i32 % 5) * 300;
            let mut start = 5 * 3600 + (line as i32 * 97 + direction * 311) % headway;
            let mut number = 0;
            while start < 24 * 3600 {
                let trip = format!("{line}/{direction}/{number}");
                let _ = writeln!(trips, "L{line},D,{trip},{direction}");
                let mut now = start;
                for at in 0..places.len() {
                    let (x, y) = if direction == 0 { places[at] } else { places[places.len() - 1 - at] };
                    let wait = if at % 8 == 7 { 30 } else { 10 };
                    let _ = writeln!(times, "{trip},{},{},{x}-{y},{at}", clock(now), clock(now + wait));
                    // Slower in rush hours.
                    let rush = matches!(now / 3600, 7..=9 | 17..=19);
                    now += wait + if rush { 110 } else { 80 };
                }
                start += headway;
                number += 1;
            }
        }
    }
    let mut out = Memory::default();
    for (name, text) in [
        ("agency.txt", "agency_name,agency_url,agency_timezone\nCity,https://city.example,Europe/Madrid\n".to_owned()),
        (
            "calendar.txt",
            "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n\
             D,1,1,1,1,1,0,0,20260101,20261231\n"
                .to_owned(),
        ),
        ("routes.txt", routes),
        ("stops.txt", stops),
        ("trips.txt", trips),
        ("stop_times.txt", times),
    ] {
        out.0.insert(name.to_owned(), text.into_bytes());
    }
    out
}
