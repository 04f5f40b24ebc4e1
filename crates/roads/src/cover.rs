//! Which edges a geometry lies on: a closed stretch drawn as a line, an accident as a point, a flood as an area. Knows no
//! classes and changes no cost.

use belfry_kernel::{Geometry, Position};
use hashbrown::HashMap;
use rstar::AABB;

use crate::network::Edge;
use crate::plane::{DEGREE_M, Plane, Point, distance_m};
use crate::router::Roads;

/// Positions of a geometry that are looked at; of one with more, every second, third ….
const MOST_POSITIONS: usize = 2_000;
/// Pairs of a segment of the geometry and a segment of road that are looked at.
const MOST_PAIRS: usize = 500_000;
/// Metres of a link that lie along a line before the link counts, or half of a shorter link.
const ALONG_M: f64 = 15.0;
/// Cosine of the angle between a road and a line along it, at most: 37 degrees.
const ALONG_COS: f64 = 0.8;
/// Metres between the places of a road that are tested against an area.
const STEP_M: f64 = 5.0;

impl Roads {
    /// The edges that a geometry lies on, each once, in order. Along a line: those that run along it within so many metres, in
    /// its direction. At a point: both of the nearest link within so many metres. In an area: both of every link that enters it.
    pub fn covered(&self, geometry: &Geometry, within_m: f64) -> Vec<Edge> {
        let mut edges = Vec::new();
        match geometry {
            Geometry::Point(position) => self.at(*position, within_m, &mut edges),
            Geometry::MultiPoint(all) => {
                thinned(all).into_iter().for_each(|point| self.at(point.into(), within_m, &mut edges));
            }
            Geometry::LineString(line) => self.along(&thinned(line), within_m, &mut edges),
            Geometry::MultiLineString(lines) => {
                lines.iter().take(MOST_POSITIONS).for_each(|line| self.along(&thinned(line), within_m, &mut edges));
            }
            Geometry::Polygon(rings) => self.inside(rings, &mut edges),
            Geometry::MultiPolygon(all) => {
                all.iter().take(MOST_POSITIONS).for_each(|rings| self.inside(rings, &mut edges));
            }
        }
        edges.sort_unstable();
        edges.dedup();
        edges
    }

    fn at(&self, position: Position, within_m: f64, edges: &mut Vec<Edge>) {
        if let Some(snap) = self.index.around(&self.network, position.into()).next()
            && snap.distance_m <= within_m
        {
            edges.extend(snap.edges().map(|(edge, _)| edge));
        }
    }

    fn along(&self, line: &[Point], within_m: f64, edges: &mut Vec<Edge>) {
        let mut metres: HashMap<Edge, f64> = HashMap::new();
        let mut pairs = 0;
        for pair in line.windows(2) {
            let plane = Plane::around(pair[0]);
            let to = plane.to_metres(pair[1]);
            let length = to[0].hypot(to[1]);
            if length < 0.1 || !length.is_finite() {
                continue;
            }
            let direction = [to[0] / length, to[1] / length];
            for (link, segment) in self.index.between(pair[0], pair[1], within_m) {
                pairs += 1;
                if pairs > MOST_PAIRS {
                    return;
                }
                let points = self.network.points(link as usize);
                let [a, b] = [points[segment as usize], points[segment as usize + 1]].map(|p| plane.to_metres(p));
                if let Some((covered, forth)) = overlap(a, b, direction, length, within_m) {
                    *metres.entry(Edge(2 * link + u32::from(!forth))).or_default() += covered;
                }
            }
        }
        let enough = |edge: Edge| (0.5 * self.network.length_m(edge)).min(ALONG_M);
        edges.extend(metres.iter().filter(|(edge, metres)| **metres >= enough(**edge)).map(|(edge, _)| *edge));
    }

    fn inside(&self, rings: &[Vec<Position>], edges: &mut Vec<Edge>) {
        let rings: Vec<Vec<Point>> = rings.iter().take(MOST_POSITIONS).map(|ring| thinned(ring)).collect();
        let Some(outer) = rings.first().filter(|ring| !ring.is_empty()) else { return };
        let (mut low, mut high) = (outer[0], outer[0]);
        for point in outer {
            low = Point { lon: low.lon.min(point.lon), lat: low.lat.min(point.lat) };
            high = Point { lon: high.lon.max(point.lon), lat: high.lat.max(point.lat) };
        }
        let positions: usize = rings.iter().map(Vec::len).sum();
        let mut looks = 0;
        for (link, segment) in self.index.between(low, high, 0.0) {
            let known = edges.last().is_some_and(|edge| edge.link() == link as usize);
            if known {
                continue;
            }
            let points = self.network.points(link as usize);
            let (a, b) = (points[segment as usize], points[segment as usize + 1]);
            let steps = (distance_m(a, b) / STEP_M).ceil().clamp(1.0, 10_000.0) as usize;
            looks += positions * (steps + 1);
            if looks > 100 * MOST_PAIRS {
                return;
            }
            let within = |step: usize| {
                let place = crate::plane::between(a, b, step as f64 / steps as f64);
                // In the outer ring, and in no hole.
                is_inside(place, outer) && !rings[1..].iter().any(|hole| is_inside(place, hole))
            };
            if (0..=steps).any(within) {
                edges.extend([Edge(2 * link), Edge(2 * link + 1)]);
            }
        }
    }
}

/// Not more positions than are looked at, the last among them.
fn thinned(all: &[Position]) -> Vec<Point> {
    let every = all.len().div_ceil(MOST_POSITIONS).max(1);
    let last = (all.len() > 1 && !(all.len() - 1).is_multiple_of(every)).then(|| all[all.len() - 1]);
    all.iter().step_by(every).copied().chain(last).map(Point::from).collect()
}

/// How many metres of the road from `a` to `b` lie beside a line from the origin, within so many metres of it, and whether
/// they run its way; nothing when they cross it.
fn overlap(a: [f64; 2], b: [f64; 2], direction: [f64; 2], length: f64, within_m: f64) -> Option<(f64, bool)> {
    let step = [b[0] - a[0], b[1] - a[1]];
    let metres = step[0].hypot(step[1]);
    let cosine = (step[0] * direction[0] + step[1] * direction[1]) / metres;
    if metres < 0.1 || cosine.is_nan() || cosine.abs() < ALONG_COS {
        return None;
    }
    let along = |p: [f64; 2]| p[0] * direction[0] + p[1] * direction[1];
    let beside = |p: [f64; 2]| p[0] * direction[1] - p[1] * direction[0];
    // The share of the road where each of two lines over it is within its limits.
    let (first, second) = (share(along(a), along(b), 0.0, length), share(beside(a), beside(b), -within_m, within_m));
    let (from, to) = (first.0.max(second.0), first.1.min(second.1));
    (to > from).then_some(((to - from) * metres, cosine > 0.0))
}

/// Between which shares of its way from `start` to `end` a value lies within limits; an empty range when nowhere.
fn share(start: f64, end: f64, low: f64, high: f64) -> (f64, f64) {
    if (end - start).abs() < 1e-9 {
        return if (low..=high).contains(&start) { (0.0, 1.0) } else { (1.0, 0.0) };
    }
    let (one, other) = ((low - start) / (end - start), (high - start) / (end - start));
    (one.min(other).max(0.0), one.max(other).min(1.0))
}

/// Whether a place lies inside a ring, by the crossings of a ray to the east.
fn is_inside(place: Point, ring: &[Point]) -> bool {
    let mut inside = false;
    for (at, a) in ring.iter().enumerate() {
        let b = ring[(at + 1) % ring.len()];
        if (a.lat > place.lat) != (b.lat > place.lat) {
            let lon = a.lon + (b.lon - a.lon) * (place.lat - a.lat) / (b.lat - a.lat);
            inside ^= lon > place.lon;
        }
    }
    inside
}

impl crate::snap::Index {
    /// Segments whose box meets the box around two places, made larger by so many metres, by link and place in it.
    fn between(&self, a: Point, b: Point, margin_m: f64) -> impl Iterator<Item = (u32, u32)> + '_ {
        let (lat, margin) = (a.lat.min(b.lat), margin_m / DEGREE_M);
        let margin_lon = margin_m / (DEGREE_M * lat.to_radians().cos().max(1e-3));
        let low = [(a.lon.min(b.lon) - margin_lon) * self.squeeze(), lat - margin];
        let high = [(a.lon.max(b.lon) + margin_lon) * self.squeeze(), a.lat.max(b.lat) + margin];
        self.in_box(AABB::from_corners(low, high))
    }
}
