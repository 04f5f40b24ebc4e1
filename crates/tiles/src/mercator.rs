//! The projection of web maps (EPSG:3857) onto the unit square: x from 0 at 180° west to 1 at 180° east, y from 0 at the
//! northern edge to 1 at the southern. Knows no tile.

use std::f64::consts::PI;

/// Where the square ends: degrees north and south. What lies nearer to a pole is on no tile.
pub const LATITUDE_LIMIT: f64 = 85.051_128_779_806_6;

/// The latitude beyond which projecting would go to infinity: taken as this, which is far outside of the square.
const POLAR: f64 = 89.99;

/// The x of a longitude in degrees.
pub fn x(lon: f64) -> f64 {
    lon / 360.0 + 0.5
}

/// The y of a latitude in degrees; finite at the poles too.
pub fn y(lat: f64) -> f64 {
    let sine = lat.clamp(-POLAR, POLAR).to_radians().sin();
    0.5 - ((1.0 + sine) / (1.0 - sine)).ln() / (4.0 * PI)
}

/// The longitude of an x, degrees.
pub fn lon(x: f64) -> f64 {
    (x - 0.5) * 360.0
}

/// The latitude of a y, degrees.
pub fn lat(y: f64) -> f64 {
    (PI * (1.0 - 2.0 * y)).sinh().atan().to_degrees()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for (given, there) in [(0.0, 0.5), (LATITUDE_LIMIT, 0.0), (-LATITUDE_LIMIT, 1.0)] {
            assert!((y(given) - there).abs() < 1e-12, "{given}");
        }
        for degrees in [-85.0, -47.1, 0.0, 12.3, 66.6, 85.05] {
            assert!((lat(y(degrees)) - degrees).abs() < 1e-9);
        }
        assert_eq!((x(-180.0), x(0.0), x(180.0)), (0.0, 0.5, 1.0));
        assert_eq!(lon(0.75), 90.0);
    }

    #[test]
    fn the_poles_are_finite_and_outside() {
        assert!(y(90.0) < -0.9 && y(90.0) > -2.0);
        assert!(y(-90.0) > 1.9 && y(-90.0) < 3.0);
    }
}
