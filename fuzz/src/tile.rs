//! Geometries drawn on tiles: whatever they are, what comes out is read again.

use belfry_kernel::{Geometry, Position};
use belfry_tiles::draw::{Drawing, Pen};
use belfry_tiles::grid::twice_area;
use belfry_tiles::{Address, Shape};

/// Runs the target: a byte for the kind, one for the zoom, then places of four bytes each.
pub fn run(data: &[u8]) {
    let [kind, zoom, rest @ ..] = data else { return };
    let places: Vec<Position> = rest.chunks_exact(4).map(place).collect();
    let Some(&first) = places.first() else { return };
    let close = |ring: &[Position]| {
        let mut ring = ring.to_vec();
        ring.extend(ring.first().copied());
        ring
    };
    let rings = || places.chunks(usize::from(kind / 5).max(3)).map(close).collect::<Vec<_>>();
    let geometry = match kind % 5 {
        0 => Geometry::MultiPoint(places.clone()),
        1 => Geometry::LineString(places.clone()),
        2 => Geometry::Polygon(vec![close(&places)]),
        3 => Geometry::Polygon(rings()),
        _ => Geometry::MultiPolygon(rings().into_iter().map(|ring| vec![ring]).collect()),
    };
    let Ok(shape) = Shape::new(&geometry) else { return };
    let anchor = shape.anchor();
    assert!(anchor.lon.abs() <= 180.0 && anchor.lat.is_finite());
    let mut pen = Pen::default();
    for tile in [Address::at(first, zoom % 23), Address::at(anchor, zoom % 23), Address::WORLD] {
        if let Some(Drawing::Polygons(polygons)) = pen.draw(&shape, tile) {
            for rings in polygons {
                for (index, ring) in rings.iter().enumerate() {
                    assert!(ring.len() > 2 && (twice_area(ring) > 0) == (index == 0), "{ring:?}");
                }
            }
        }
    }
}

/// Coarse, so that places meet: 65,536 longitudes, and latitudes of which the last bits are near to one another.
fn place(bytes: &[u8]) -> Position {
    let word = |at: usize| f64::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    Position { lon: word(0) / 65_535.0 * 360.0 - 180.0, lat: word(2) / 65_535.0 * 180.0 - 90.0, alt: None }
}
