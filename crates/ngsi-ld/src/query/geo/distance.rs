//! Distances on the sphere between geometries, metres. Points by the haversine formula; lines are GeoJSON's, straight in
//! longitude and latitude, and no geometry crosses the antimeridian (RFC 7946 section 3.1.9), though distances do.

use super::relation;
use belfry_kernel::{Geometry, Position};

/// The mean radius of the Earth (IUGG), metres.
pub const EARTH_RADIUS_METRES: f64 = 6_371_008.8;

/// Lines are measured in pieces of at most so many degrees, within which a chord finds the nearest point.
const PIECE_DEGREES: f64 = 0.5;

/// Lines shorter than this are as good as their chord.
const FINE_DEGREES: f64 = 0.01;

/// The shortest distance between two geometries, 0 when they have a point in common. Its work grows with the product of
/// their numbers of positions: see [`within`] for a cheaper question.
pub fn metres(a: &Geometry, b: &Geometry) -> f64 {
    search(a, b, f64::INFINITY, 0.0)
}

/// Whether two geometries come within `limit` metres of each other.
pub fn within(a: &Geometry, b: &Geometry, limit: f64) -> bool {
    search(a, b, limit.next_up(), limit) <= limit
}

/// The shortest distance when it is under `least`, else `least`; any distance up to `enough` ends the search.
fn search(a: &Geometry, b: &Geometry, least: f64, enough: f64) -> f64 {
    if let (Geometry::Point(a), Geometry::Point(b)) = (a, b) {
        return between(*a, *b).min(least);
    }
    let points = |g: &Geometry| matches!(g, Geometry::Point(_) | Geometry::MultiPoint(_));
    if !(points(a) && points(b)) && relation::intersect(a, b) {
        return 0.0;
    }
    let least = from_positions(a, b, least, enough);
    from_positions(b, a, least, enough)
}

/// The distance of two positions by the haversine formula.
pub fn between(a: Position, b: Position) -> f64 {
    let (lat_a, lat_b) = (a.lat.to_radians(), b.lat.to_radians());
    let half_lat = ((lat_b - lat_a) / 2.0).sin();
    let half_lon = ((b.lon - a.lon).to_radians() / 2.0).sin();
    let h = half_lat * half_lat + lat_a.cos() * lat_b.cos() * half_lon * half_lon;
    2.0 * EARTH_RADIUS_METRES * h.sqrt().min(1.0).asin()
}

/// [`search`] from the positions of `a` to the positions and lines of `b`.
fn from_positions(a: &Geometry, b: &Geometry, mut least: f64, enough: f64) -> f64 {
    let mut line = |from: Position, to: Position| {
        let (south, north) = (from.lat.min(to.lat), from.lat.max(to.lat));
        for p in a.positions() {
            // No way between two latitudes is shorter than along a meridian.
            let gap = (south - p.lat).max(p.lat - north).max(0.0);
            if least <= enough {
                return;
            }
            if gap.to_radians() * EARTH_RADIUS_METRES < least {
                least = least.min(to_line(*p, from, to));
            }
        }
    };
    let mut chain = |positions: &[Position]| {
        for pair in positions.windows(2) {
            line(pair[0], pair[1]);
        }
    };
    match b {
        Geometry::Point(p) => line(*p, *p),
        Geometry::MultiPoint(all) => all.iter().for_each(|p| line(*p, *p)),
        Geometry::LineString(all) => chain(all),
        Geometry::MultiLineString(all) | Geometry::Polygon(all) => all.iter().for_each(|l| chain(l)),
        Geometry::MultiPolygon(all) => all.iter().flatten().for_each(|ring| chain(ring)),
    }
    least
}

/// The distance of a position to the line between two others.
fn to_line(p: Position, from: Position, to: Position) -> f64 {
    let (lon, lat) = (to.lon - from.lon, to.lat - from.lat);
    if lon == 0.0 && lat == 0.0 {
        return between(p, from);
    }
    let at = |t: f64| Position { lon: from.lon + lon * t, lat: from.lat + lat * t, alt: None };
    let target = vector(p);
    // The share of the way from t0 to t1 at which the chord between them is nearest.
    let foot = |t0: f64, t1: f64| {
        let (start, end) = (vector(at(t0)), vector(at(t1)));
        let along = [end[0] - start[0], end[1] - start[1], end[2] - start[2]];
        let away = [target[0] - start[0], target[1] - start[1], target[2] - start[2]];
        let length = dot(along, along);
        let share = if length > 0.0 { (dot(away, along) / length).clamp(0.0, 1.0) } else { 0.0 };
        t0 + (t1 - t0) * share
    };
    let pieces = (lon.abs().max(lat.abs()) / PIECE_DEGREES).ceil().max(1.0);
    let mut least = f64::INFINITY;
    let mut nearest = 0.0;
    for i in 0..pieces as u32 {
        let t = foot(f64::from(i) / pieces, f64::from(i + 1) / pieces);
        let distance = between(p, at(t));
        if distance < least {
            (least, nearest) = (distance, t);
        }
    }
    if lon.abs().max(lat.abs()) < FINE_DEGREES {
        return least;
    }
    // A line of latitude bends away from its chord: look again with shorter chords around the place found.
    let mut reach = 0.2 / pieces;
    for _ in 0..3 {
        let t = foot((nearest - reach).max(0.0), (nearest + reach).min(1.0));
        let distance = between(p, at(t));
        if distance < least {
            (least, nearest) = (distance, t);
        }
        reach /= 8.0;
    }
    least
}

fn vector(p: Position) -> [f64; 3] {
    let (lon, lat) = (p.lon.to_radians(), p.lat.to_radians());
    [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}
