//! Distances, bearings and projections on the globe, near enough for a town: a sphere of the earth's mean radius
//! (6,371,008.8 m, IUGG), flat around the place at hand. Knows no roads.

use belfry_kernel::Position;

/// Metres a degree of latitude.
pub(crate) const DEGREE_M: f64 = 111_195.08;

/// A place: degrees.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Point {
    pub(crate) lon: f64,
    pub(crate) lat: f64,
}

impl From<Position> for Point {
    fn from(position: Position) -> Self {
        Self { lon: position.lon, lat: position.lat }
    }
}

impl From<Point> for Position {
    fn from(point: Point) -> Self {
        Self { lon: point.lon, lat: point.lat, alt: None }
    }
}

/// Degrees of longitude between two meridians by the shorter way, -180 to 180.
fn longitude_step(from: f64, to: f64) -> f64 {
    let step = to - from;
    if step > 180.0 {
        step - 360.0
    } else if step < -180.0 {
        step + 360.0
    } else {
        step
    }
}

/// A flat map around a place: metres east and north of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plane {
    origin: Point,
    /// Metres a degree of longitude; never zero, so that the poles have a map too.
    lon_m: f64,
}

impl Plane {
    pub(crate) fn around(origin: Point) -> Self {
        Self { origin, lon_m: DEGREE_M * origin.lat.to_radians().cos().max(1e-6) }
    }

    pub(crate) fn to_metres(self, point: Point) -> [f64; 2] {
        [longitude_step(self.origin.lon, point.lon) * self.lon_m, (point.lat - self.origin.lat) * DEGREE_M]
    }

    /// Metres at which the flat map ends: at the antimeridian and the poles.
    pub(crate) fn rim(self) -> ([f64; 2], [f64; 2]) {
        let edge =
            |sign: f64| [(180.0 * sign - self.origin.lon) * self.lon_m, (90.0 * sign - self.origin.lat) * DEGREE_M];
        (edge(-1.0), edge(1.0))
    }

    /// The way back. Longitudes stay within -180 and 180, latitudes within -90 and 90.
    pub(crate) fn to_point(self, [x, y]: [f64; 2]) -> Point {
        let lon = (self.origin.lon + x / self.lon_m).clamp(-180.0, 180.0);
        Point { lon, lat: (self.origin.lat + y / DEGREE_M).clamp(-90.0, 90.0) }
    }
}

/// Metres between two places.
pub(crate) fn distance_m(a: Point, b: Point) -> f64 {
    let middle = Point { lon: a.lon, lat: f64::midpoint(a.lat, b.lat) };
    let step = longitude_step(a.lon, b.lon) * DEGREE_M * middle.lat.to_radians().cos();
    step.hypot((b.lat - a.lat) * DEGREE_M)
}

/// Degrees clockwise from north, 0 to 360; 0 between equal places.
pub(crate) fn bearing(a: Point, b: Point) -> f64 {
    let [x, y] = Plane::around(a).to_metres(b);
    x.atan2(y).to_degrees().rem_euclid(360.0)
}

/// The turn from one bearing to another, -180 (left) to 180 (right) degrees.
pub(crate) fn turn_angle(from: f64, to: f64) -> f64 {
    (to - from + 180.0).rem_euclid(360.0) - 180.0
}

/// The place on a segment nearest to the origin of the metres: its share of the way, and its distance in metres.
pub(crate) fn nearest_on(a: [f64; 2], b: [f64; 2]) -> (f64, f64) {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let length = dx * dx + dy * dy;
    let share = if length > 0.0 { (-(a[0] * dx + a[1] * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
    (share, (a[0] + share * dx).hypot(a[1] + share * dy))
}

/// The place at a share of the way from one to the other.
pub(crate) fn between(a: Point, b: Point, share: f64) -> Point {
    let lon = a.lon + longitude_step(a.lon, b.lon) * share;
    let lon = if lon.abs() > 180.0 { lon - 360.0 * lon.signum() } else { lon };
    Point { lon, lat: a.lat + (b.lat - a.lat) * share }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(lon: f64, lat: f64) -> Point {
        Point { lon, lat }
    }

    #[test]
    fn distances_also_across_the_antimeridian_and_at_the_poles() {
        for (a, b, metres) in [
            (at(0.0, 0.0), at(0.0, 1.0), 111_195.0),
            (at(0.0, 60.0), at(1.0, 60.0), 55_597.0),
            (at(179.999, 0.0), at(-179.999, 0.0), 222.4),
            (at(10.0, 90.0), at(-170.0, 90.0), 0.0),
            (at(7.0, 50.0), at(7.0, 50.0), 0.0),
        ] {
            assert!((distance_m(a, b) - metres).abs() < 1.0, "{a:?} {b:?}: {}", distance_m(a, b));
            let back = Plane::around(a).to_point(Plane::around(a).to_metres(b));
            assert!(back.lon.is_finite() && back.lat.is_finite());
        }
        let middle = between(at(179.0, 0.0), at(-179.0, 0.0), 0.75);
        assert!((middle.lon - -179.5).abs() < 1e-9);
    }

    #[test]
    fn bearings_and_turns() {
        let here = at(9.5, 47.0);
        for (there, degrees) in
            [(at(9.5, 48.0), 0.0), (at(9.6, 47.0), 90.0), (at(9.5, 46.0), 180.0), (at(9.4, 47.0), 270.0)]
        {
            assert!((bearing(here, there) - degrees).abs() < 1e-6);
        }
        for (from, to, turn) in [(0.0, 90.0, 90.0), (350.0, 10.0, 20.0), (10.0, 350.0, -20.0), (0.0, 180.0, -180.0)] {
            assert!((turn_angle(from, to) - turn).abs() < 1e-9);
        }
    }
}
