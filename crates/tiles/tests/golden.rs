//! A small archive beside this test, which decoders of others read in `web/src/map/archive.test.ts`: the tiles in it are those
//! that are made today. `BELFRY_UPDATE=1` writes it anew.

#[path = "support/mod.rs"]
#[expect(dead_code, reason = "this test reads no map")]
mod support;

use std::io::Cursor;
use std::path::Path;

use belfry_kernel::{Geometry, Position};
use belfry_tiles::pmtiles::{Limits, Metadata, Reader, Writer, id_of};
use belfry_tiles::{
    Address, Boundary, Collection, CollectionBuilder, Cutter, Landuse, Names, Options, PlaceKind, Poi, Road, RoadClass,
    Shape, Subject, Themes, Water,
};

fn at(east: f64, north: f64) -> Position {
    Position { lon: 9.52 + east, lat: 47.14 + north, alt: None }
}

fn square(east: f64, north: f64, size: f64) -> Vec<Position> {
    [(0.0, 0.0), (size, 0.0), (size, size), (0.0, size), (0.0, 0.0)].map(|(x, y)| at(east + x, north + y)).to_vec()
}

fn put(map: &mut CollectionBuilder, id: u64, subject: Subject<'_>, names: Names, geometry: &Geometry) {
    map.add(Some(id), subject, names, Shape::new(geometry).expect("it can be drawn"));
}

/// Something of every layer and of every kind of geometry.
fn town() -> Collection {
    let mut map = CollectionBuilder::default();
    let none = Names::default;
    // A wood around a clearing, in two parts.
    let wood = Geometry::MultiPolygon(vec![
        vec![square(-0.02, 0.0, 0.015), square(-0.016, 0.004, 0.005)],
        vec![square(-0.02, -0.02, 0.01)],
    ]);
    put(&mut map, 1, Subject::Landuse(Landuse::Wood), Names::new("Kirchwald"), &wood);
    let mut lake = Names::new("Weiher");
    lake.add("zh", "池塘");
    lake.add("ar", "بركة");
    let water = Subject::Water { kind: Water::Lake, tunnel: false };
    put(&mut map, 2, water, lake, &Geometry::Polygon(vec![square(0.005, 0.005, 0.01)]));
    let river = Geometry::LineString(
        (0..50).map(|n| at(f64::from(n) * 1e-3 - 0.025, (f64::from(n) / 4.0).sin() * 1e-3)).collect(),
    );
    put(&mut map, 3, Subject::Water { kind: Water::River, tunnel: false }, Names::new("Rhein"), &river);
    let border = Geometry::LineString(square(-0.025, -0.025, 0.05));
    put(&mut map, 4, Subject::Boundary(Boundary::Municipality), none(), &border);
    for piece in 0..4 {
        let from = f64::from(piece) * 0.005 - 0.01;
        let road = Road {
            class: RoadClass::Primary,
            link: false,
            tunnel: false,
            bridge: piece == 3,
            oneway: false,
            number: "28",
        };
        let line = Geometry::LineString(vec![at(from, -0.005), at(from + 0.005, -0.005)]);
        put(&mut map, 10 + piece as u64, Subject::Road(road), Names::new("Landstrasse"), &line);
    }
    put(
        &mut map,
        20,
        Subject::Building { height: Some(12) },
        none(),
        &Geometry::Polygon(vec![square(0.001, -0.004, 0.0005)]),
    );
    let mut vaduz = Names::new("Vaduz");
    vaduz.add("zh", "瓦杜茲");
    vaduz.add("ar", "فادوز");
    let place = Subject::Place { kind: PlaceKind::Town, capital: true, population: 5700 };
    put(&mut map, 21, place, vaduz, &Geometry::Point(at(0.0, 0.0)));
    put(&mut map, 22, Subject::Poi(Poi::FireStation), Names::new("Feuerwehr"), &Geometry::Point(at(0.0012, -0.0038)));
    put(&mut map, 23, Subject::Address("12a"), none(), &Geometry::Point(at(0.0012, -0.0037)));
    // A ring that crosses itself, and one across the antimeridian.
    let eight = vec![at(0.01, -0.01), at(0.014, -0.014), at(0.014, -0.01), at(0.01, -0.014), at(0.01, -0.01)];
    put(&mut map, 24, Subject::Landuse(Landuse::Park), none(), &Geometry::Polygon(vec![eight]));
    let far = |lon: f64, lat: f64| Position { lon, lat, alt: None };
    let island = vec![far(179.0, -17.0), far(-179.0, -17.0), far(-179.0, -16.0), far(179.0, -16.0), far(179.0, -17.0)];
    put(&mut map, 25, Subject::Landuse(Landuse::Wood), none(), &Geometry::Polygon(vec![island]));
    map.build()
}

fn tiles() -> Vec<(Address, Vec<u8>)> {
    let map = town();
    let mut cutter = Cutter::new(Options::default());
    let mut tiles: Vec<(Address, Vec<u8>)> = Vec::new();
    for zoom in [6, 8, 10, 12, 14, 17] {
        let box_of = belfry_kernel::geo::Bounds { min: [9.49, 47.11], max: [9.55, 47.17] };
        let mut addresses: Vec<Address> = Address::cover(&box_of, zoom).collect();
        if zoom < 9 {
            addresses.extend(Address::cover(
                &belfry_kernel::geo::Bounds { min: [178.0, -18.0], max: [-178.0, -15.0] },
                zoom,
            ));
        }
        for address in addresses {
            let tile = cutter.cut(&map, address, Themes::BASEMAP).expect("a map in memory is read");
            support::valid(&tile.bytes);
            if !tile.bytes.is_empty() {
                tiles.push((address, tile.bytes));
            }
        }
    }
    tiles.sort_by_key(|(address, _)| id_of(*address));
    tiles
}

#[test]
fn the_archive_that_others_read_holds_the_tiles_of_today() {
    let tiles = tiles();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/town.pmtiles");
    if std::env::var_os("BELFRY_UPDATE").is_some() {
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = Writer::new(&mut bytes).expect("memory");
        tiles.iter().for_each(|(address, tile)| writer.add(*address, tile).expect("in order"));
        writer.finish(&Metadata::basemap("Town", "© Nobody"), None).expect("memory");
        std::fs::write(&path, bytes.into_inner()).expect("the archive is written");
    }
    let archive = std::fs::read(&path).expect("the archive is read");
    let mut reader = Reader::open(Cursor::new(archive), Limits::default()).expect("an archive");
    let kept: Vec<(Address, Vec<u8>)> = reader.tiles().collect::<Result<_, _>>().expect("sound");
    assert!(kept == tiles, "tiles have changed: look at what, then run this test with BELFRY_UPDATE=1");
}
