//! The real maps of `../shared/data` (or `$BELFRY_TEST_DATA`), where they are: every tile of some zooms is valid, an archive of them is
//! read back, and what must be on the map is.

#[path = "support/mod.rs"]
mod support;

use std::io::Cursor;

use belfry_tiles::mvt::{Limits, Value, decode};
use belfry_tiles::pmtiles::{self, Metadata, Reader, Writer, id_of};
use belfry_tiles::{Address, Collection, Cutter, Options, Themes};

fn tiles(map: &Collection, zooms: std::ops::RangeInclusive<u8>) -> Vec<(Address, Vec<u8>)> {
    let bounds = map.area().expect("not empty").degrees();
    let mut cutter = Cutter::new(Options::default());
    let mut tiles = Vec::new();
    for address in zooms.flat_map(|zoom| Address::cover(&bounds, zoom)) {
        let tile = cutter.cut(map, address, Themes::BASEMAP).expect("read");
        assert_eq!(support::valid(&tile.bytes), tile.shown, "{address}");
        assert_eq!(tile.left_out, 0, "{address}");
        if !tile.bytes.is_empty() {
            tiles.push((address, tile.bytes));
        }
    }
    tiles
}

fn hold(name: &str, deepest: u8) -> Option<Vec<(Address, Vec<u8>)>> {
    let (map, report) = support::map(&support::real(name)?).expect("the file is read");
    let map = map.build();
    println!("{name}: {} features; {report:?}", map.len());
    let mut tiles = tiles(&map, 6..=deepest);
    tiles.sort_by_key(|(address, _)| id_of(*address));
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = Writer::new(&mut bytes).expect("memory");
    for (address, tile) in &tiles {
        writer.add(*address, tile).expect("in order");
    }
    let bounds = map.area().map(|area| area.degrees());
    let summary = writer.finish(&Metadata::basemap(name, "© OpenStreetMap contributors"), bounds).expect("memory");
    println!("{summary:?}");
    let mut reader = Reader::open(bytes, pmtiles::Limits::default()).expect("an archive");
    let read: Vec<(Address, Vec<u8>)> = reader.tiles().collect::<Result<_, _>>().expect("sound");
    assert_eq!(read, tiles);
    Some(tiles)
}

/// Names in a layer of the tiles of a zoom.
fn names(tiles: &[(Address, Vec<u8>)], zoom: u8, layer: &str, key: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (_, bytes) in tiles.iter().filter(|(address, _)| address.z() == zoom) {
        let tile = decode(bytes, &Limits::default()).expect("valid");
        for layer in tile.layers.iter().filter(|found| found.name == layer) {
            for feature in &layer.features {
                if let Some(Value::Text(text)) = layer.field(feature, key) {
                    names.push(text.to_owned());
                }
            }
        }
    }
    names
}

#[test]
fn a_county() {
    let Some(tiles) = hold("liechtenstein.osm.pbf", 14) else { return };
    let places = names(&tiles, 10, "place", "name");
    for town in ["Vaduz", "Schaan", "Balzers", "Triesen", "Eschen", "Mauren", "Ruggell"] {
        assert!(places.iter().any(|name| name == town), "{town}: {places:?}");
    }
    assert!(names(&tiles, 9, "water", "name").iter().any(|name| name.contains("Rhein")));
    assert!(names(&tiles, 14, "poi", "class").iter().any(|class| class == "fire_station"));
    assert!(!names(&tiles, 8, "boundary", "class").is_empty());
}

#[test]
fn a_town() {
    let Some(tiles) = hold("bad-hersfeld.osm.xml.gz", 14) else { return };
    assert!(names(&tiles, 14, "road", "name").len() > 50);
}

#[test]
fn a_desert() {
    hold("beatty-nevada.osm", 14);
}
