//! The county as an OpenStreetMap file (API 0.6 XML): roads, waters, woods, settlements, houses, places, fields, stops. Ids are small
//! numbers of its own; nobody may take it for a part of the real map.

use super::json::put;
use crate::county::{County, PlaceKind, WaterKind};
use crate::draw::{hash, share};
use crate::plane::Point;
use std::f64::consts::{PI, TAU};
use std::fmt::Write as _;

struct Writer<'a> {
    county: &'a County,
    nodes: String,
    ways: String,
    next: u64,
    way: u64,
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn tags(out: &mut String, tags: &[(&str, &str)]) {
    for (key, value) in tags.iter().filter(|(_, value)| !value.is_empty()) {
        put!(out, "<tag k=\"{key}\" v=\"{}\"/>", escaped(value));
    }
}

impl Writer<'_> {
    fn node(&mut self, at: Point, of: &[(&str, &str)]) -> u64 {
        let id = self.next;
        self.next += 1;
        let [lon, lat] = self.county.plane.degrees(at);
        put!(self.nodes, "<node id=\"{id}\" version=\"1\" lat=\"{lat:.7}\" lon=\"{lon:.7}\"");
        if of.is_empty() {
            self.nodes.push_str("/>\n");
        } else {
            self.nodes.push('>');
            tags(&mut self.nodes, of);
            self.nodes.push_str("</node>\n");
        }
        id
    }

    fn way(&mut self, nodes: impl Iterator<Item = u64>, of: &[(&str, &str)]) {
        put!(self.ways, "<way id=\"{}\" version=\"1\">", self.way);
        self.way += 1;
        for node in nodes {
            put!(self.ways, "<nd ref=\"{node}\"/>");
        }
        tags(&mut self.ways, of);
        self.ways.push_str("</way>\n");
    }

    fn ring(&mut self, corners: &[Point], of: &[(&str, &str)]) {
        let nodes: Vec<u64> = corners.iter().map(|corner| self.node(*corner, &[])).collect();
        self.way(nodes.iter().copied().chain(nodes.first().copied()), of);
    }
}

/// A place with an uneven outline of about this radius, the same each time for the same salt.
fn blob(county: &County, middle: Point, radius: f64, salt: u64) -> Vec<Point> {
    const CORNERS: u32 = 36;
    let wave = |turns: u32, corner: u32| {
        let phase = share(hash(county.seed, salt, turns.into())) * TAU;
        (f64::from(turns * corner) / f64::from(CORNERS) * TAU + phase).sin()
    };
    let outline = (0..CORNERS).map(|corner| {
        let uneven = 1.0 + 0.12 * wave(2, corner) + 0.09 * wave(3, corner) + 0.05 * wave(5, corner);
        middle.off(f64::from(corner) / f64::from(CORNERS) * TAU, radius * uneven)
    });
    outline.collect()
}

/// Where woods stand: on hills and where the ground is higher than around, away from what is built and tilled. They are near enough to
/// each other to grow together.
fn woods(county: &County) -> impl Iterator<Item = (Point, f64, u64)> {
    const APART: f64 = 600.0;
    let steps = (county.reach_m / APART).ceil().min(200.0) as i64;
    let height = |at: Point| county.terrain.height(at);
    let valley = height(Point::new(0.0, county.terrain.river_y(0.0)));
    let cells = (-steps..=steps).flat_map(move |x| (-steps..=steps).map(move |y| (x, y)));
    cells.filter_map(move |(x, y)| {
        let salt = hash(county.seed, (x + steps) as u64, (y + steps) as u64);
        let shaken = |n| (share(hash(salt, 72, n)) - 0.5) * APART * 0.5;
        let at = Point::new(x as f64 * APART + shaken(0), y as f64 * APART + shaken(1));
        let around = [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)];
        let around = around.map(|(dx, dy)| height(Point::new(at.x + dx * 1_400.0, at.y + dy * 1_400.0)));
        let is_hill = height(at) > valley + 60.0 && height(at) > around.iter().sum::<f64>() / 4.0 + 2.0;
        let away = |other: Point, metres: f64| other.to(at) > metres;
        let is_free = county.settlements.iter().all(|s| away(s.at, s.radius + 700.0))
            && county.parcels.iter().all(|parcel| parcel.corners.iter().all(|corner| away(*corner, 650.0)));
        (is_hill && is_free).then_some((at, 420.0 + 130.0 * share(hash(salt, 73, 0)), salt))
    })
}

fn amenity(kind: PlaceKind) -> (&'static str, &'static str) {
    match kind {
        PlaceKind::Hall => ("amenity", "townhall"),
        PlaceKind::School => ("amenity", "school"),
        PlaceKind::Clinic => ("amenity", "clinic"),
        PlaceKind::FireStation => ("amenity", "fire_station"),
        PlaceKind::BusDepot => ("amenity", "bus_depot"),
        PlaceKind::WasteYard => ("amenity", "waste_transfer_station"),
        PlaceKind::WaterWorks => ("man_made", "water_works"),
        PlaceKind::SewageWorks => ("man_made", "wastewater_plant"),
        PlaceKind::Block => ("building", "apartments"),
        PlaceKind::Shelter => ("amenity", "shelter"),
    }
}

/// The whole file.
pub fn document(county: &County) -> String {
    let mut w = Writer { county, nodes: String::new(), ways: String::new(), next: 1, way: 1 };
    for at in &county.roads.nodes {
        w.node(*at, &[]);
    }
    for way in &county.roads.ways {
        let speed = format!("{:.0}", way.speed);
        let bridge = if way.bridge { "yes" } else { "" };
        w.way(
            way.nodes.iter().map(|node| u64::from(*node) + 1),
            &[("highway", way.class.tag()), ("name", &way.name), ("maxspeed", &speed), ("bridge", bridge)],
        );
    }
    for reach in &county.rivers.reaches {
        let nodes: Vec<u64> = reach.line.iter().map(|at| w.node(*at, &[])).collect();
        let kind = match reach.kind {
            WaterKind::River => "river",
            WaterKind::Stream => "stream",
            WaterKind::Canal => "canal",
        };
        w.way(nodes.into_iter(), &[("waterway", kind), ("name", &reach.name)]);
    }
    for (at, radius, salt) in woods(county) {
        w.ring(&blob(county, at, radius, salt), &[("landuse", "forest")]);
    }
    for (number, reservoir) in (0..).zip(&county.rivers.reservoirs) {
        let radius = (reservoir.surface / PI).sqrt();
        // Behind its dam, away from the water that leaves it.
        let below = county.rivers.reaches.get(reservoir.below as usize).and_then(|reach| reach.line.get(1));
        let behind = below.map_or(reservoir.at, |below| reservoir.at.off(below.direction(reservoir.at), radius));
        let outline = blob(county, behind, radius, 81 + number);
        w.ring(&outline, &[("natural", "water"), ("water", "reservoir"), ("name", &reservoir.name)]);
    }
    for (number, settlement) in (0_u64..).zip(&county.settlements) {
        // Houses stand a little beyond the last streets.
        let outline = blob(county, settlement.at, settlement.radius, 91 + number);
        w.ring(&outline, &[("landuse", "residential")]);
        w.node(settlement.at, &[("place", if number == 0 { "town" } else { "village" }), ("name", &settlement.name)]);
    }
    for place in &county.places {
        let (key, value) = amenity(place.kind);
        w.node(place.at, &[(key, value), ("name", &place.name)]);
    }
    for park in &county.car_parks {
        w.node(park.at, &[("amenity", "parking"), ("name", &park.name), ("capacity", &park.spaces.to_string())]);
    }
    for stop in &county.feed.stops {
        if let Some(position) = stop.position {
            w.node(county.plane.point(position), &[("highway", "bus_stop"), ("name", &stop.name)]);
        }
    }
    for parcel in &county.parcels {
        let landuse = match parcel.crop.name() {
            "Apples" => "orchard",
            "Grapes" => "vineyard",
            "Lucerne" => "meadow",
            _ => "farmland",
        };
        w.ring(&parcel.corners, &[("landuse", landuse), ("crop", parcel.crop.name())]);
    }
    for house in &county.houses {
        let (at, half) = (house.at(), 5.0);
        let corner = |dx: f64, dy: f64| Point::new(at.x + dx * half, at.y + dy * half);
        w.ring(&[corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0)], &[("building", "house")]);
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<osm version=\"0.6\" generator=\"belfry simulated county\">\n{}{}</osm>\n",
        w.nodes, w.ways
    )
}
