//! The contour of a grid at zero as polygons: marching squares. Each side of a square is crossed once at most, strictly between its ends, and
//! the lines within a square do not cross, so rings are simple and no two touch. Knows no roads.

use belfry_kernel::Position;

use super::field::Field;
use crate::plane::Plane;

/// A ring in metres, not closed.
type Ring = Vec<[f64; 2]>;

/// No side.
const NONE: u32 = u32::MAX;

/// Crossings keep this share of a side away from its ends.
const RIM: f64 = 0.05;

/// Shells with their holes; rings smaller than `least_m2` are left out. Shells run counterclockwise (RFC 7946 section 3.1.6).
pub(super) fn polygons(field: &Field, plane: Plane, least_m2: f64) -> Vec<Vec<Vec<Position>>> {
    let rings = rings(field).into_iter().map(|ring| (area(&ring), ring)).filter(|(area, _)| area.abs() >= least_m2);
    let (mut shells, holes): (Vec<_>, Vec<_>) = rings.partition(|(area, _)| *area > 0.0);
    // The smallest shell around a hole is its own.
    shells.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut polygons: Vec<Vec<Ring>> = shells.into_iter().map(|(_, shell)| vec![shell]).collect();
    for (_, hole) in holes {
        if let Some(polygon) = polygons.iter_mut().find(|polygon| contains(&polygon[0], hole[0])) {
            polygon.push(hole);
        }
    }
    let close = |ring: Ring| -> Vec<Position> {
        ring.iter().chain(ring.first()).map(|metres| plane.to_point(*metres).into()).collect()
    };
    polygons.into_iter().map(|rings| rings.into_iter().map(close).collect()).collect()
}

/// The rings around what is inside, with the inside on their left.
fn rings(field: &Field) -> Vec<Ring> {
    // Sides are numbered by the point at their start: even ones go east, odd ones north.
    let mut next = vec![NONE; 2 * field.left.len()];
    let mut starts = Vec::new();
    for row in 0..field.rows - 1 {
        for column in 0..field.columns - 1 {
            let at = row * field.columns + column;
            for (from, to) in lines(field, at) {
                next[from as usize] = to;
                starts.push(from);
            }
        }
    }
    let mut rings = Vec::new();
    for start in starts {
        let mut ring = Vec::new();
        let mut side = start;
        while next[side as usize] != NONE {
            ring.push(crossing(field, side));
            side = std::mem::replace(&mut next[side as usize], NONE);
        }
        if ring.len() > 2 {
            rings.push(ring);
        }
    }
    rings
}

/// The lines through the square whose first corner is a point, from side to side.
fn lines(field: &Field, at: usize) -> impl Iterator<Item = (u32, u32)> {
    let corners = [at, at + 1, at + field.columns + 1, at + field.columns];
    let values = corners.map(|corner| field.left[corner]);
    let inside = values.map(|value| value > 0.0);
    let case = inside.iter().enumerate().fold(0, |case, (bit, inside)| case | usize::from(*inside) << bit);
    let (south, east) = (2 * at as u32, 2 * (at + 1) as u32 + 1);
    let (north, west) = (2 * (at + field.columns) as u32, 2 * at as u32 + 1);
    // A saddle: the middle decides whether the two inner corners are joined.
    let joined = values.iter().sum::<f32>() > 0.0;
    let (one, two) = match case {
        1 => (Some((south, west)), None),
        2 => (Some((east, south)), None),
        3 => (Some((east, west)), None),
        4 => (Some((north, east)), None),
        5 if joined => (Some((south, east)), Some((north, west))),
        5 => (Some((south, west)), Some((north, east))),
        6 => (Some((north, south)), None),
        7 => (Some((north, west)), None),
        8 => (Some((west, north)), None),
        9 => (Some((south, north)), None),
        10 if joined => (Some((west, south)), Some((east, north))),
        10 => (Some((east, south)), Some((west, north))),
        11 => (Some((east, north)), None),
        12 => (Some((west, east)), None),
        13 => (Some((south, east)), None),
        14 => (Some((west, south)), None),
        _ => (None, None),
    };
    [one, two].into_iter().flatten()
}

/// Where the contour crosses a side.
fn crossing(field: &Field, side: u32) -> [f64; 2] {
    let start = side as usize / 2;
    let goes_north = side % 2 == 1;
    let end = if goes_north { start + field.columns } else { start + 1 };
    let (a, b) = (f64::from(field.left[start]), f64::from(field.left[end]));
    let share = (a / (a - b)).clamp(RIM, 1.0 - RIM);
    let (column, row) = ((start % field.columns) as f64, (start / field.columns) as f64);
    let (x, y) = if goes_north { (column, row + share) } else { (column + share, row) };
    [field.origin[0] + x * field.step, field.origin[1] + y * field.step]
}

/// Square metres; positive when the ring runs counterclockwise.
fn area(ring: &Ring) -> f64 {
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum::<f64>() / 2.0
}

fn contains(ring: &Ring, [x, y]: [f64; 2]) -> bool {
    let next = ring.iter().cycle().skip(1);
    let crosses = |(a, b): (&[f64; 2], &[f64; 2])| {
        (a[1] > y) != (b[1] > y) && x < a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
    };
    ring.iter().zip(next).filter(|pair| crosses(*pair)).count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::Point;

    /// A field from letters: `#` is inside.
    fn field(rows: &[&str]) -> Field {
        let left = rows.iter().rev().flat_map(|row| row.chars().map(|c| if c == '#' { 1.0 } else { -1.0 })).collect();
        Field { columns: rows[0].len(), rows: rows.len(), step: 10.0, origin: [0.0, 0.0], left }
    }

    #[test]
    fn shells_and_their_holes() {
        for (rows, holes) in [
            (&["...", ".#.", "..."][..], vec![0]),
            (&["......", ".#..#.", "......"], vec![0, 0]),
            (&[".....", ".###.", ".#.#.", ".###.", "....."], vec![1]),
            (&["....", ".#..", "..#.", "...."], vec![0, 0]),
            (&[".......", ".#####.", ".#...#.", ".#.#.#.", ".#...#.", ".#####.", "......."], vec![0, 1]),
            (&["...", "...", "..."], vec![]),
        ] {
            let polygons = polygons(&field(rows), Plane::around(Point { lon: 9.5, lat: 47.0 }), 0.0);
            assert_eq!(polygons.iter().map(|polygon| polygon.len() - 1).collect::<Vec<_>>(), holes, "{rows:?}");
            for ring in polygons.iter().flatten() {
                assert!(ring.len() > 3 && ring.first() == ring.last());
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_field_gives_valid_polygons(inside in proptest::collection::vec(-1.0_f32..1.0, 100)) {
            let mut field = field(&["............"; 12]);
            for (at, value) in inside.iter().enumerate() {
                field.left[(at / 10 + 1) * 12 + at % 10 + 1] = *value;
            }
            let ring = |ring: Vec<Position>| -> geo::LineString { ring.iter().map(|at| (at.lon, at.lat)).collect() };
            let polygons = polygons(&field, Plane::around(Point { lon: 9.5, lat: 47.0 }), 0.0);
            let area: geo::MultiPolygon = polygons
                .into_iter()
                .map(|rings| {
                    let mut rings = rings.into_iter().map(ring);
                    geo::Polygon::new(rings.next().expect("a shell"), rings.collect())
                })
                .collect();
            proptest::prop_assert!(geo::Validation::is_valid(&area), "{area:?}");
        }
    }

    #[test]
    fn shells_run_counterclockwise_and_holes_clockwise() {
        let rings = rings(&field(&[".....", ".###.", ".#.#.", ".###.", "....."]));
        let mut areas: Vec<_> = rings.iter().map(area).collect();
        areas.sort_by(f64::total_cmp);
        assert!(areas.len() == 2 && areas[0] < 0.0 && areas[1] > 0.0 && areas[1] > -areas[0]);
    }
}
