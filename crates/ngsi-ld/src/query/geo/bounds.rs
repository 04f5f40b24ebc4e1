//! The boxes within which everything lies that is at most so far from a box: what a spatial index is asked for.

use super::distance::EARTH_RADIUS_METRES;
use belfry_kernel::geo::Bounds;

/// The boxes around `bounds` and `metres` more, split at the antimeridian; none when that is the whole Earth.
pub(super) fn around(bounds: Bounds, metres: f64) -> Option<Vec<Bounds>> {
    // A hair more than asked, so that rounding never loses what lies on the edge.
    let angle = metres / EARTH_RADIUS_METRES * (1.0 + 1e-9) + 1e-12;
    let degrees = angle.to_degrees();
    let south = bounds.min[1] - degrees;
    let north = bounds.max[1] + degrees;
    let reaches_pole = south <= -90.0 || north >= 90.0;
    let widest = bounds.min[1].abs().max(bounds.max[1].abs()).to_radians();
    let sine = angle.sin() / widest.cos();
    let (south, north) = (south.max(-90.0), north.min(90.0));
    let all_round = reaches_pole || angle >= std::f64::consts::FRAC_PI_2 || !(0.0..1.0).contains(&sine);
    if all_round {
        return if south <= -90.0 && north >= 90.0 { None } else { Some(vec![row(-180.0, 180.0, south, north)]) };
    }
    let margin = sine.asin().to_degrees();
    let (west, east) = (bounds.min[0] - margin, bounds.max[0] + margin);
    Some(if east - west >= 360.0 {
        vec![row(-180.0, 180.0, south, north)]
    } else if west < -180.0 {
        // The far side may lie right on the antimeridian, which is written as 180 and as -180.
        vec![row(-180.0, east, south, north), row(west + 360.0, 180.0, south, north)]
    } else if east > 180.0 {
        vec![row(west, 180.0, south, north), row(-180.0, east - 360.0, south, north)]
    } else if west == -180.0 || east == 180.0 {
        vec![row(west, east, south, north), row(-east.signum() * 180.0, -east.signum() * 180.0, south, north)]
    } else {
        vec![row(west, east, south, north)]
    })
}

fn row(west: f64, east: f64, south: f64, north: f64) -> Bounds {
    Bounds { min: [west, south], max: [east, north] }
}
