//! The timetable of a generated county, drawn up as a GTFS feed, and any feed written out as GTFS tables. The first stop's
//! departures are even; running times are those of free roads and a little more, so that a bus can keep them.

use super::{County, Roads};
use crate::draw::Draw;
use crate::plane::Point;
use belfry_connect_gtfs::{
    Agency, Boarding, Date, Feed, Memory, Route, RouteIndex, Service, ServiceIndex, Shape, ShapeIndex, ShapePoint,
    Stop, StopIndex, StopKind, StopTime, Trip,
};
use compact_str::{CompactString, format_compact};
use hashbrown::HashMap;
use std::fmt::Write as _;

/// Metres between stops in a settlement, and outside.
const BETWEEN: [f64; 2] = [430.0, 1_100.0];
/// Share by which running times are longer than on free roads.
const EASE: f64 = 1.3;
/// Seconds at a stop.
pub const DWELL: i32 = 20;
/// First and last departure, seconds of the day.
const HOURS: (i32, i32) = (5 * 3_600 + 1_800, 22 * 3_600 + 1_800);

/// Draws lines from the villages through the town, there and back.
pub fn draw_up(county: &County, draw: &mut Draw) -> Feed {
    let mut feed = Feed::default();
    let zone = format_compact!("Etc/GMT{:+}", -county.ahead_s / 3_600);
    feed.agencies.push(Agency { id: "county".into(), name: "County buses".into(), timezone: zone });
    let range = Date::new(2020, 1, 1).zip(Date::new(2099, 12, 31));
    feed.services.push(Service { id: "daily".into(), weekdays: 0x7f, range, added: Vec::new(), removed: Vec::new() });
    let roads = &county.roads;
    let Some(hub) = county.settlements.first().and_then(|town| roads.nearest_node(town.at)) else { return feed };
    let mut stops: HashMap<u32, StopIndex> = HashMap::new();
    let town = &county.settlements[0];
    let lines = (county.settlements.len() - 1 + roads.nodes.len() / 900).clamp(1, 14);
    for line in 0..lines {
        let outer = match county.settlements.get(1 + line) {
            Some(village) => village.at,
            None => town.at.off(draw.between(0.0, std::f64::consts::TAU), town.radius * 0.9),
        };
        let opposite = town.at.off(town.at.direction(outer) + std::f64::consts::PI, town.radius * 0.8);
        let ends = roads.nearest_node(outer).zip(roads.nearest_node(opposite));
        let Some((from, to)) = ends.filter(|(a, b)| a != b && *a != hub && *b != hub) else { continue };
        let halves = roads.path(from, hub, |_| true).zip(roads.path(hub, to, |_| true));
        let Some((mut path, rest)) = halves else { continue };
        path.extend(rest);
        let number = feed.routes.len() as u32 + 1;
        feed.routes.push(Route {
            id: format_compact!("line-{number}"),
            agency: Some(0),
            short_name: format_compact!("{number}"),
            long_name: format_compact!("Line {number}"),
            kind: 3,
            color: Some([0x000b_5fa5, 0x00a5_3b0b, 0x002e_7d32, 0x006a_1b9a][number as usize % 4]),
        });
        let headway = if number % 2 == 1 { 1_200 } else { 1_800 };
        let back: Vec<u32> = path.iter().rev().copied().collect();
        for (direction, (start, path)) in (0..).zip([(from, path), (to, back)]) {
            let first = HOURS.0 + (draw.below(10) * 60) as i32;
            line_trips(county, &mut feed, &mut stops, start, &path, direction, first, headway);
        }
    }
    feed
}

#[expect(clippy::too_many_arguments, reason = "what a direction of a line is made from")]
fn line_trips(
    county: &County,
    feed: &mut Feed,
    stops: &mut HashMap<u32, StopIndex>,
    start: u32,
    path: &[u32],
    direction: u8,
    first: i32,
    headway: i32,
) {
    let roads = &county.roads;
    let route = RouteIndex(feed.routes.len() as u32 - 1);
    let line = roads.line(start, path);
    let halts = halts(county, roads, start, path);
    let shape = ShapeIndex(feed.shapes.len() as u32);
    let mut walked = 0.0;
    let mut points = Vec::with_capacity(line.len());
    for (i, point) in line.iter().enumerate() {
        walked += if i > 0 { line[i - 1].to(*point) } else { 0.0 };
        let [lon, lat] = county.plane.degrees(*point);
        points.push(ShapePoint { lon, lat, distance: Some((walked * 10.0_f64).round() / 10.0) });
    }
    feed.shapes.push(Shape { id: format_compact!("shape-{}-{direction}", route.0 + 1), points });
    let rows: Vec<(StopIndex, i32, f64)> = halts
        .iter()
        .map(|halt| {
            let stop = *stops.entry(halt.node).or_insert_with(|| {
                let index = StopIndex(feed.stops.len() as u32);
                feed.stops.push(stop(county, roads, halt.node, index));
                index
            });
            (stop, halt.seconds, (halt.metres * 10.0).round() / 10.0)
        })
        .collect();
    let headsign = rows.last().map_or(CompactString::default(), |(stop, ..)| feed.stops[stop.at()].name.clone());
    let mut at = first;
    while at <= HOURS.1 {
        let begin = feed.stop_times.len() as u32;
        let last = rows.len() - 1;
        for (row, (stop, seconds, metres)) in rows.iter().enumerate() {
            let arrival = at + seconds;
            feed.stop_times.push(StopTime {
                stop: *stop,
                sequence: row as u32 + 1,
                arrival,
                departure: if row == 0 || row == last { arrival } else { arrival + DWELL },
                pickup: Boarding::Regular,
                drop_off: Boarding::Regular,
                distance: Some(*metres),
                interpolated: false,
            });
        }
        feed.trips.push(Trip {
            id: format_compact!("t{}-{direction}-{:02}{:02}", route.0 + 1, at / 3_600, at / 60 % 60),
            route,
            service: ServiceIndex(0),
            headsign: headsign.clone(),
            direction: Some(direction),
            block: CompactString::default(),
            shape: Some(shape),
            times: begin..feed.stop_times.len() as u32,
            frequencies: 0..0,
        });
        at += headway;
    }
}

/// A node at which a line halts: seconds after the first departure until the arrival, metres from the start.
struct Halt {
    node: u32,
    seconds: i32,
    metres: f64,
}

fn halts(county: &County, roads: &Roads, start: u32, path: &[u32]) -> Vec<Halt> {
    let mut halts = vec![Halt { node: start, seconds: 0, metres: 0.0 }];
    let (mut node, mut metres, mut running) = (start, 0.0, 0.0);
    let (mut since, mut clock) = (0.0, 0);
    for (i, segment) in path.iter().enumerate() {
        node = roads.other(*segment, node);
        let length = f64::from(roads.segments[*segment as usize].length);
        (metres, since) = (metres + length, since + length);
        running += roads.millis(*segment) as f64 / 1_000.0;
        let at = roads.nodes[node as usize];
        let settled = county.settlements.iter().any(|s| s.at.to(at) < s.radius);
        let far_enough = since >= if settled { BETWEEN[0] } else { BETWEEN[1] };
        if far_enough || i + 1 == path.len() {
            // Up to the next ten seconds: a timetable is not drawn up finer.
            let leg = ((running * EASE / 10.0).ceil() * 10.0) as i32 + DWELL;
            clock += leg;
            halts.push(Halt { node, seconds: clock, metres });
            clock += DWELL;
            (since, running) = (0.0, 0.0);
        }
    }
    halts
}

fn stop(county: &County, roads: &Roads, node: u32, index: StopIndex) -> Stop {
    let at = roads.nodes[node as usize];
    let [lon, lat] = county.plane.degrees(Point::new(at.x + 4.0, at.y + 3.0));
    let street = roads.at(node).first().map_or("", |segment| roads.way(*segment).name.as_str());
    Stop {
        id: format_compact!("stop-{}", index.0 + 1),
        name: format_compact!("{} {}", street.split(',').next().unwrap_or(street), index.0 + 1),
        code: CompactString::default(),
        platform: CompactString::default(),
        position: Some(belfry_kernel::Position { lon, lat, alt: None }),
        kind: StopKind::Platform,
        parent: None,
    }
}

/// A feed as its tables (GTFS Schedule reference), ready to be zipped or written to a folder: what the simulator's own
/// timetable needs of them.
pub fn tables(feed: &Feed) -> Memory {
    let clock = |s: i32| format!("{:02}:{:02}:{:02}", s / 3_600, s / 60 % 60, s % 60);
    let cell = |text: &str| {
        if text.contains(['"', ',', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
    };
    let mut out = std::collections::BTreeMap::new();
    let mut put = |name: &str, head: &str, rows: &mut dyn Iterator<Item = String>| {
        let mut text = format!("{head}\n");
        rows.for_each(|row| {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "{row}");
        });
        out.insert(name.to_owned(), text.into_bytes());
    };
    put(
        "agency.txt",
        "agency_id,agency_name,agency_url,agency_timezone",
        &mut feed
            .agencies
            .iter()
            .map(|a| format!("{},{},https://buses.example.org,{}", cell(&a.id), cell(&a.name), a.timezone)),
    );
    put(
        "stops.txt",
        "stop_id,stop_name,stop_lat,stop_lon",
        &mut feed.stops.iter().filter_map(|s| {
            let at = s.position?;
            Some(format!("{},{},{:.7},{:.7}", cell(&s.id), cell(&s.name), at.lat, at.lon))
        }),
    );
    put(
        "routes.txt",
        "route_id,agency_id,route_short_name,route_long_name,route_type,route_color,route_text_color",
        &mut feed.routes.iter().map(|r| {
            let agency = r.agency.map_or("", |a| feed.agencies[a as usize].id.as_str());
            let color = r.color.unwrap_or(0xff_ffff);
            let text = if r.color.is_some() { "FFFFFF" } else { "000000" };
            format!(
                "{},{},{},{},{},{color:06X},{text}",
                cell(&r.id),
                cell(agency),
                cell(&r.short_name),
                cell(&r.long_name),
                r.kind
            )
        }),
    );
    put(
        "calendar.txt",
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date",
        &mut feed.services.iter().filter_map(|s| {
            let (from, to) = s.range?;
            let days: Vec<String> = (0..7).map(|day| (s.weekdays >> day & 1).to_string()).collect();
            Some(format!("{},{},{from},{to}", cell(&s.id), days.join(",")))
        }),
    );
    put(
        "trips.txt",
        "route_id,service_id,trip_id,trip_headsign,direction_id,shape_id",
        &mut feed.trips.iter().map(|t| {
            let shape = t.shape.map_or("", |s| feed.shapes[s.at()].id.as_str());
            let direction = t.direction.map_or(String::new(), |d| d.to_string());
            let (route, service) = (&feed.routes[t.route.at()].id, &feed.services[t.service.at()].id);
            format!("{},{},{},{},{direction},{shape}", cell(route), cell(service), cell(&t.id), cell(&t.headsign))
        }),
    );
    let times = feed.trips.iter().flat_map(|t| {
        feed.stop_times[t.times.start as usize..t.times.end as usize].iter().map(move |row| (&t.id, row))
    });
    put(
        "stop_times.txt",
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence,shape_dist_traveled",
        &mut times.map(|(trip, row)| {
            let stop = &feed.stops[row.stop.at()].id;
            let metres = row.distance.map_or(String::new(), |d| format!("{d:.1}"));
            let (arrival, departure) = (clock(row.arrival), clock(row.departure));
            format!("{},{arrival},{departure},{},{},{metres}", cell(trip), cell(stop), row.sequence)
        }),
    );
    put(
        "shapes.txt",
        "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence,shape_dist_traveled",
        &mut feed.shapes.iter().flat_map(|shape| {
            (1..).zip(&shape.points).map(move |(sequence, p)| {
                let metres = p.distance.map_or(String::new(), |d| format!("{d:.1}"));
                format!("{},{:.7},{:.7},{sequence},{metres}", shape.id, p.lat, p.lon)
            })
        }),
    );
    Memory(out)
}
