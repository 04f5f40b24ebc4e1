//! Whatever geometry comes, what is drawn is valid or nothing: crossing itself, across the antimeridian, at the poles, of no
//! length, of a million places.

#[path = "support/mod.rs"]
#[expect(dead_code, reason = "this test reads no map")]
mod support;

use belfry_kernel::{Geometry, Position};
use belfry_tiles::draw::{Drawing, Pen};
use belfry_tiles::{Address, Shape};
use proptest::prelude::*;
use support::valid_drawing;

/// Coordinates of which many are the same, at an edge, or near to one another.
fn position() -> impl Strategy<Value = Position> {
    let lon = prop_oneof![
        4 => -180.0..=180.0_f64,
        2 => (0..8_i32).prop_map(|n| 9.5 + f64::from(n) * 1e-4),
        1 => prop_oneof![Just(-180.0), Just(180.0), Just(0.0), Just(179.999_999_9)],
    ];
    let lat = prop_oneof![
        4 => -90.0..=90.0_f64,
        2 => (0..8_i32).prop_map(|n| 47.1 + f64::from(n) * 1e-4),
        1 => prop_oneof![Just(-90.0), Just(90.0), Just(0.0), Just(85.051_128_8)],
    ];
    (lon, lat).prop_map(|(lon, lat)| Position { lon, lat, alt: None })
}

/// Coordinates on a small lattice: rings of these touch and cross themselves everywhere.
fn knot() -> impl Strategy<Value = Position> {
    (0..6_i32, 0..6_i32).prop_map(|(x, y)| Position {
        lon: 9.5 + f64::from(x) * 3e-4,
        lat: 47.1 + f64::from(y) * 2e-4,
        alt: None,
    })
}

fn closed(mut ring: Vec<Position>) -> Vec<Position> {
    ring.extend(ring.first().copied());
    ring
}

fn geometry() -> impl Strategy<Value = Geometry> {
    let many = |max| prop::collection::vec(position(), 1..max);
    let ring = || {
        prop_oneof![
            prop::collection::vec(position(), 1..40).prop_map(closed),
            prop::collection::vec(knot(), 3..60).prop_map(closed),
            prop::collection::vec(knot(), 3..12).prop_map(closed),
        ]
    };
    let polygon = move || prop::collection::vec(ring(), 1..5);
    prop_oneof![
        position().prop_map(Geometry::Point),
        many(20).prop_map(Geometry::MultiPoint),
        many(60).prop_map(Geometry::LineString),
        prop::collection::vec(many(10), 1..5).prop_map(Geometry::MultiLineString),
        polygon().prop_map(Geometry::Polygon),
        prop::collection::vec(polygon(), 1..4).prop_map(Geometry::MultiPolygon),
    ]
}

/// Tiles of all zooms, more of them where the geometries are.
fn tile() -> impl Strategy<Value = Address> {
    let near = (0..=22_u8).prop_map(|zoom| Address::at(Position { lon: 9.5008, lat: 47.1005, alt: None }, zoom));
    let any = (0..=22_u8, position()).prop_map(|(zoom, place)| Address::at(place, zoom));
    prop_oneof![2 => near, 1 => any]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_drawn_is_valid(geometry in geometry(), tiles in prop::collection::vec(tile(), 1..6)) {
        let Ok(shape) = Shape::new(&geometry) else { return Ok(()) };
        let mut pen = Pen::default();
        let anchor = shape.anchor();
        prop_assert!(anchor.lon.abs() <= 180.0 && anchor.lat.is_finite());
        for tile in tiles {
            let drawn = pen.draw(&shape, tile);
            if let Some(drawing) = &drawn {
                valid_drawing(drawing);
                prop_assert_eq!(drawing.form(), shape.form());
            }
            prop_assert_eq!(drawn, Pen::default().draw(&shape, tile));
        }
    }

    #[test]
    fn a_point_is_on_one_tile_of_a_zoom(place in position(), zoom in 0..=5_u8) {
        let shape = Shape::new(&Geometry::Point(place)).unwrap();
        let world = belfry_kernel::geo::Bounds { min: [-180.0, -90.0], max: [180.0, 90.0] };
        let mut pen = Pen::default();
        let on: Vec<Address> = Address::cover(&world, zoom).filter(|tile| pen.draw(&shape, *tile).is_some()).collect();
        if place.lat.abs() < 85.051 && place.lon < 180.0 {
            prop_assert_eq!(on, vec![Address::at(place, zoom)]);
        } else if place.lat.abs() < 85.051 {
            // The antimeridian is the western edge of the world.
            let west = Position { lon: -180.0, ..place };
            prop_assert_eq!(on, vec![Address::at(west, zoom)]);
        } else if place.lat.abs() > 85.052 {
            prop_assert!(on.is_empty());
        }
    }

    #[test]
    fn knots_keep_their_area(rings in prop::collection::vec(knot(), 3..30).prop_map(closed)) {
        // On the grid of a deep tile nothing is simplified, so an even cover stays what it was, within the snapping.
        let Ok(shape) = Shape::new(&Geometry::Polygon(vec![rings])) else { return Ok(()) };
        let tile = Address::at(Position { lon: 9.5008, lat: 47.1005, alt: None }, 15);
        if let Some(Drawing::Polygons(polygons)) = Pen::default().draw(&shape, tile) {
            let total: i64 = polygons.iter().flatten().map(|ring| belfry_tiles::grid::twice_area(ring)).sum();
            prop_assert!(total > 0);
        }
    }
}

/// Winds around a place many times, crossing itself everywhere.
fn wound(count: u32) -> Vec<Position> {
    let places = |i: u32| {
        let turn = f64::from(i) * 0.001;
        let radius = 0.2 + 0.1 * (turn * 37.0).sin();
        Position { lon: 9.5 + radius * turn.cos(), lat: 47.1 + radius * turn.sin(), alt: None }
    };
    (0..count).map(places).collect()
}

#[test]
fn a_line_of_a_million_places_and_rings_that_cross_themselves_a_million_times_are_drawn_in_time() {
    let star = |corners: u32| {
        let turn = std::f64::consts::TAU * f64::from(corners / 2) / f64::from(corners);
        let corner = |i: u32| (f64::from(i) * turn).sin_cos();
        closed(
            (0..corners)
                .map(corner)
                .map(|(y, x)| Position { lon: 9.7 + x / 10.0, lat: 47.1 + y / 10.0, alt: None })
                .collect(),
        )
    };
    let shapes = [
        Geometry::LineString(wound(1_000_000)),
        Geometry::Polygon(vec![closed(wound(100_000))]),
        Geometry::Polygon(vec![star(1001)]),
        Geometry::Polygon(vec![star(20_001)]),
    ];
    for geometry in &shapes {
        let shape = Shape::new(geometry).unwrap();
        let mut pen = Pen::default();
        for zoom in [0, 8, 12, 14, 22] {
            let tile = Address::at(Position { lon: 9.7, lat: 47.1, alt: None }, zoom);
            let start = std::time::Instant::now();
            let drawn = pen.draw(&shape, tile);
            // Without the limit of crossings it is minutes; on a quiet machine, optimised, a tenth of a second.
            assert!(start.elapsed().as_secs() < 20, "zoom {zoom}: {:?}", start.elapsed());
            drawn.iter().for_each(valid_drawing);
        }
    }
}

#[test]
fn the_world_and_what_lies_across_the_antimeridian_are_on_their_tiles() {
    let ring =
        |places: &[(f64, f64)]| places.iter().map(|&(lon, lat)| Position { lon, lat, alt: None }).collect::<Vec<_>>();
    let world = ring(&[(-180.0, -90.0), (180.0, -90.0), (180.0, 90.0), (-180.0, 90.0), (-180.0, -90.0)]);
    let world = Shape::new(&Geometry::Polygon(vec![world])).unwrap();
    for tile in [Address::WORLD, Address::new(3, 0, 7).unwrap(), Address::new(22, 5, 1 << 20).unwrap()] {
        let Some(Drawing::Polygons(polygons)) = Pen::default().draw(&world, tile) else { panic!("{tile}") };
        assert!(polygons.iter().all(|rings| rings.len() == 1));
        polygons.iter().flatten().for_each(|ring| assert!(ring.len() == 4, "{tile} {ring:?}"));
    }
    let island = ring(&[(179.0, -17.0), (-179.0, -17.0), (-179.0, -16.0), (179.0, -16.0), (179.0, -17.0)]);
    let island = Shape::new(&Geometry::Polygon(vec![island])).unwrap();
    for lon in [179.5, -179.5] {
        let tile = Address::at(Position { lon, lat: -16.5, alt: None }, 8);
        assert!(matches!(Pen::default().draw(&island, tile), Some(Drawing::Polygons(_))), "{tile}");
    }
    assert!(Pen::default().draw(&island, Address::at(Position { lon: 0.0, lat: -16.5, alt: None }, 8)).is_none());
}
