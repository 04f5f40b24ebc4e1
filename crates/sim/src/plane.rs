//! The county's ground as a plane in metres around its middle, and back to degrees. Good for a county (an error of a few
//! metres at 30 km), not for a continent.

use belfry_kernel::Position;

/// Metres in a degree of latitude (mean of WGS 84).
const DEGREE: f64 = 111_195.0;

/// A place, metres east and north of the middle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// Metres east.
    pub x: f64,
    /// Metres north.
    pub y: f64,
}

impl Point {
    /// From its coordinates.
    pub const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    /// Metres to another.
    pub fn to(self, other: Self) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    /// The place `share` of the way to another.
    #[must_use]
    pub fn toward(self, other: Self, share: f64) -> Self {
        Self { x: self.x + (other.x - self.x) * share, y: self.y + (other.y - self.y) * share }
    }

    /// The place so many metres away in a direction (radians from east, counter-clockwise).
    #[must_use]
    pub fn off(self, direction: f64, metres: f64) -> Self {
        Self { x: self.x + direction.cos() * metres, y: self.y + direction.sin() * metres }
    }

    /// The direction to another, radians from east.
    pub fn direction(self, other: Self) -> f64 {
        (other.y - self.y).atan2(other.x - self.x)
    }

    /// Metres to the nearest place of a stretch, and the share along it where that is.
    pub fn to_stretch(self, a: Self, b: Self) -> (f64, f64) {
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        let square = dx * dx + dy * dy;
        let along =
            if square > 0.0 { (((self.x - a.x) * dx + (self.y - a.y) * dy) / square).clamp(0.0, 1.0) } else { 0.0 };
        (self.to(a.toward(b, along)), along)
    }
}

/// Where the plane touches the globe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plane {
    lon: f64,
    lat: f64,
    /// Metres in a degree of longitude here.
    east: f64,
}

impl Plane {
    /// The plane around a middle. Beyond 85 degrees of latitude it is put at 85.
    pub fn new(middle: Position) -> Self {
        let lat = middle.lat.clamp(-85.0, 85.0);
        Self { lon: middle.lon, lat, east: DEGREE * lat.to_radians().cos() }
    }

    /// The middle's latitude, degrees.
    pub fn lat(&self) -> f64 {
        self.lat
    }

    /// The middle's longitude, degrees.
    pub fn lon(&self) -> f64 {
        self.lon
    }

    /// A place in degrees, as metres.
    pub fn point(&self, position: Position) -> Point {
        Point { x: (position.lon - self.lon) * self.east, y: (position.lat - self.lat) * DEGREE }
    }

    /// A place in metres, as longitude and latitude in degrees, rounded to the seventh digit (a centimetre).
    pub fn degrees(&self, point: Point) -> [f64; 2] {
        let rounded = |x: f64| (x * 1e7).round() / 1e7;
        [rounded(self.lon + point.x / self.east), rounded(self.lat + point.y / DEGREE)]
    }
}

/// Where a line is at so many metres from its start, and its direction there. Beyond its ends: the end.
pub fn along(line: &[Point], metres: f64) -> (Point, f64) {
    let mut left = metres.max(0.0);
    for pair in line.windows(2) {
        let length = pair[0].to(pair[1]);
        if left <= length && length > 0.0 {
            return (pair[0].toward(pair[1], left / length), pair[0].direction(pair[1]));
        }
        left -= length;
    }
    let direction = match line {
        [.., a, b] => a.direction(*b),
        _ => 0.0,
    };
    (line.last().copied().unwrap_or_default(), direction)
}

/// The length of a line, metres.
pub fn length(line: &[Point]) -> f64 {
    line.windows(2).map(|pair| pair[0].to(pair[1])).sum()
}

/// Metres from a place to a line, and how far along it that is.
pub fn to_line(from: Point, line: &[Point]) -> (f64, f64) {
    let mut best = (f64::INFINITY, 0.0);
    let mut walked = 0.0;
    for pair in line.windows(2) {
        let (metres, share) = from.to_stretch(pair[0], pair[1]);
        let long = pair[0].to(pair[1]);
        if metres < best.0 {
            best = (metres, walked + share * long);
        }
        walked += long;
    }
    if let [only] = line {
        best = (from.to(*only), 0.0);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_and_metres_go_both_ways() {
        let plane = Plane::new(Position { lon: 9.5, lat: 46.8, alt: None });
        for point in [Point::new(0.0, 0.0), Point::new(12_345.6, -9_876.5)] {
            let [lon, lat] = plane.degrees(point);
            assert!(plane.point(Position { lon, lat, alt: None }).to(point) < 0.02);
        }
        let [_, lat] = plane.degrees(Point::new(0.0, 111_195.0));
        assert!((lat - 47.8).abs() < 1e-6);
    }

    #[test]
    fn lines_are_walked_to_their_end() {
        let line = [Point::new(0.0, 0.0), Point::new(10.0, 0.0), Point::new(10.0, 5.0)];
        assert_eq!(length(&line), 15.0);
        assert_eq!(along(&line, 12.0).0, Point::new(10.0, 2.0));
        assert_eq!(along(&line, 99.0).0, Point::new(10.0, 5.0));
        assert_eq!(to_line(Point::new(13.0, 4.0), &line), (3.0, 14.0));
    }
}
