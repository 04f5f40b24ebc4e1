//! Tiles of made maps: what is on them, in which order, what is left out; the same features give the same bytes.

#[path = "support/mod.rs"]
#[expect(dead_code, reason = "this test reads no map")]
mod support;

use belfry_kernel::{Geometry, Position};
use belfry_tiles::mvt::{Limits, Value, decode};
use belfry_tiles::{
    Address, CollectionBuilder, Cutter, Landuse, Names, Options, PlaceKind, Road, RoadClass, SINGLE_ZOOM, Shape, State,
    Subject, Themes, Water,
};
use support::valid;

const MIDDLE: Position = Position { lon: 9.52, lat: 47.14, alt: None };

fn at(east: f64, north: f64) -> Position {
    Position { lon: MIDDLE.lon + east, lat: MIDDLE.lat + north, alt: None }
}

fn square(east: f64, north: f64, size: f64) -> Shape {
    let corners = [(0.0, 0.0), (size, 0.0), (size, size), (0.0, size), (0.0, 0.0)];
    Shape::new(&Geometry::Polygon(vec![corners.map(|(x, y)| at(east + x, north + y)).to_vec()])).expect("a square")
}

fn street(number: &str, class: RoadClass) -> Subject<'_> {
    Subject::Road(Road { class, link: false, tunnel: false, bridge: false, oneway: false, number })
}

#[test]
fn pieces_of_a_road_are_one_and_names_of_areas_are_points() {
    let mut map = CollectionBuilder::default();
    for piece in 0..5 {
        let from = f64::from(piece) * 0.001;
        let line = Geometry::LineString(vec![at(from, 0.0), at(from + 0.001, 0.0)]);
        map.add(
            Some(piece as u64),
            street("28", RoadClass::Primary),
            Names::new("High Street"),
            Shape::new(&line).unwrap(),
        );
    }
    let mut names = Names::new("Gampriner Seele");
    names.add("en", "Soul Lake");
    map.add(Some(9), Subject::Water { kind: Water::Lake, tunnel: false }, names, square(-0.01, -0.01, 0.008));
    let map = map.build();
    let tile = Cutter::new(Options::default()).cut(&map, Address::at(MIDDLE, 12), Themes::BASEMAP).unwrap();
    valid(&tile.bytes);
    let decoded = decode(&tile.bytes, &Limits::default()).unwrap();
    let names: Vec<&str> = decoded.layers.iter().map(|layer| layer.name).collect();
    assert_eq!(names, ["water", "road"]);
    let road = &decoded.layers[1];
    assert_eq!((road.features.len(), road.field(&road.features[0], "ref")), (1, Some(Value::Text("28"))));
    let water = &decoded.layers[0];
    assert_eq!(water.features.len(), 2);
    assert_eq!(water.field(&water.features[0], "name"), None);
    assert_eq!(water.field(&water.features[1], "name:en"), Some(Value::Text("Soul Lake")));
    // Without the language it is not carried.
    let none = Options { languages: vec![], ..Options::default() };
    let tile = Cutter::new(none).cut(&map, Address::at(MIDDLE, 12), Themes::BASEMAP).unwrap();
    let decoded = decode(&tile.bytes, &Limits::default()).unwrap();
    assert_eq!(decoded.layers[0].field(&decoded.layers[0].features[1], "name:en"), None);
}

/// A town of many buildings, a wood, its name.
fn town(turned: bool) -> CollectionBuilder {
    let mut map = CollectionBuilder::default();
    let mut buildings: Vec<u64> = (0..3000).collect();
    if turned {
        buildings.reverse();
    }
    let wood = |map: &mut CollectionBuilder| {
        map.add(Some(1_000_000), Subject::Landuse(Landuse::Wood), Names::default(), square(0.0, 0.0, 0.01));
    };
    let name = |map: &mut CollectionBuilder| {
        let town = Subject::Place { kind: PlaceKind::Town, capital: false, population: 5000 };
        map.add(Some(1_000_001), town, Names::new("Vaduz"), Shape::new(&Geometry::Point(MIDDLE)).expect("a point"));
    };
    if !turned {
        wood(&mut map);
    }
    for id in buildings {
        let (x, y) = ((id % 60) as f64, (id / 60) as f64);
        let size = 0.0001 + id as f64 * 1e-9;
        map.add(Some(id), Subject::Building { height: None }, Names::default(), square(x * 2e-4, y * 2e-4, size));
    }
    name(&mut map);
    if turned {
        wood(&mut map);
    }
    map
}

#[test]
fn the_same_features_give_the_same_bytes_whatever_their_order() {
    let address = Address::at(MIDDLE, 14);
    let cut = |turned, options| Cutter::new(options).cut(&town(turned).build(), address, Themes::BASEMAP).unwrap();
    for bytes in [500_000, 20_000] {
        let options = Options { bytes, ..Options::default() };
        assert_eq!(cut(false, options.clone()), cut(true, options));
    }
}

#[test]
fn what_matters_least_is_left_out_first_and_the_limit_holds() {
    let map = town(false).build();
    let address = Address::at(MIDDLE, 14);
    let whole = Cutter::new(Options::default()).cut(&map, address, Themes::BASEMAP).unwrap();
    assert_eq!(whole.left_out, 0);
    let shown = valid(&whole.bytes);
    assert_eq!(shown, whole.shown);
    for bytes in [whole.bytes.len() / 2, 2_000, 300, 10, 0] {
        let tile = Cutter::new(Options { bytes, ..Options::default() }).cut(&map, address, Themes::BASEMAP).unwrap();
        assert!(tile.bytes.len() <= bytes, "{} of {bytes}", tile.bytes.len());
        assert_eq!(tile.shown + tile.left_out, shown);
        let decoded = decode(&tile.bytes, &Limits::default()).unwrap();
        let has = |name: &str| decoded.layers.iter().any(|layer| layer.name == name);
        if bytes >= 300 {
            assert!(has("landuse") && has("place"), "{bytes}");
        }
    }
    // With little memory the least important are let go while others still come.
    let tight = Options { memory_bytes: 100_000, ..Options::default() };
    let tile = Cutter::new(tight).cut(&map, address, Themes::BASEMAP).unwrap();
    assert!(tile.left_out > 0 && tile.shown + tile.left_out == shown);
    let decoded = decode(&tile.bytes, &Limits::default()).unwrap();
    assert!(decoded.layers.iter().any(|layer| layer.name == "place"));
}

#[test]
fn entities_are_gathered_until_there_is_room_and_the_worst_state_is_seen() {
    let mut map = CollectionBuilder::default();
    for n in 0..500_u32 {
        let entity = format!("urn:ngsi-ld:WaterObserved:{n:03}");
        let state = if n == 77 { State::Alarm } else { State::Normal };
        let subject = Subject::Live { entity: &entity, kind: "WaterObserved", state };
        let place = Geometry::Point(at(f64::from(n) * 1e-6, 0.0));
        map.add(None, subject, Names::new("Gauge"), Shape::new(&place).unwrap());
    }
    let map = map.build();
    let mut cutter = Cutter::new(Options::default());
    let far = cutter.cut(&map, Address::at(MIDDLE, 10), Themes::LIVE).unwrap();
    valid(&far.bytes);
    let decoded = decode(&far.bytes, &Limits::default()).unwrap();
    let [live] = &decoded.layers[..] else { panic!("{decoded:?}") };
    let [one] = &live.features[..] else { panic!("{live:?}") };
    assert_eq!(live.field(one, "count"), Some(Value::Uint(500)));
    assert_eq!(live.field(one, "state"), Some(Value::Text("alarm")));
    assert_eq!(live.field(one, "entity"), None);
    // Where normal ones are not shown, the alarm is.
    let world = cutter.cut(&map, Address::WORLD, Themes::LIVE).unwrap();
    let decoded = decode(&world.bytes, &Limits::default()).unwrap();
    let alarm = &decoded.layers[0];
    assert_eq!(alarm.field(&alarm.features[0], "entity"), Some(Value::Text("urn:ngsi-ld:WaterObserved:077")));
    let near = cutter.cut(&map, Address::at(MIDDLE, SINGLE_ZOOM), Themes::LIVE).unwrap();
    assert_eq!((near.shown, valid(&near.bytes)), (500, 500));
    assert!(cutter.cut(&map, Address::at(MIDDLE, 12), Themes::BASEMAP).unwrap().bytes.is_empty());
}
