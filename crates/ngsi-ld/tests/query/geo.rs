//! Geo-queries (clause 4.10): what holds, what is refused, distances that are known, boxes that lose nothing.

use crate::room::{attribute, entity, json, naming, now, point, time};
use belfry_kernel::{Geometry, Kind, Position};
use belfry_ngsi_ld::Value;
use belfry_ngsi_ld::geojson::parse_geometry;
use belfry_ngsi_ld::query::geo::distance::metres;
use belfry_ngsi_ld::query::{EntityQuery, GeoQuery};
use proptest::prelude::*;

const SQUARE: &str = "[[[0,0],[4,0],[4,4],[0,4],[0,0]]]";
const HOLED: &str = "[[[0,0],[4,0],[4,4],[0,4],[0,0]],[[1,1],[3,1],[3,3],[1,3],[1,1]]]";

fn query(georel: &str, geometry: &str, coordinates: &str) -> GeoQuery {
    GeoQuery::parse(georel, geometry, coordinates, None, &naming())
        .unwrap_or_else(|e| panic!("{georel} {geometry}: {e}"))
}

fn shape(kind: &str, coordinates: &str) -> Geometry {
    parse_geometry(&json(&format!(r#"{{"type":"{kind}","coordinates":{coordinates}}}"#))).unwrap()
}

#[test]
fn relations() {
    let table: &[(&str, &str, &str, &str, &str, bool)] = &[
        ("within", "Polygon", SQUARE, "Point", "[2,2]", true),
        ("within", "Polygon", SQUARE, "Point", "[5,2]", false),
        ("within", "Polygon", SQUARE, "Point", "[0,2]", false), // the edge is not within
        ("within", "Polygon", HOLED, "Point", "[2,2]", false),
        ("within", "Polygon", HOLED, "Point", "[0.5,2]", true),
        ("within", "Polygon", SQUARE, "LineString", "[[1,1],[3,3]]", true),
        ("within", "Polygon", SQUARE, "LineString", "[[1,1],[5,3]]", false),
        ("within", "Polygon", SQUARE, "Polygon", "[[[1,1],[2,1],[2,2],[1,1]]]", true),
        ("within", "Polygon", SQUARE, "Polygon", SQUARE, true),
        ("within", "Polygon", SQUARE, "MultiPoint", "[[1,1],[2,2]]", true),
        ("within", "Polygon", SQUARE, "MultiPoint", "[[1,1],[9,9]]", false),
        ("within", "MultiPolygon", "[[[[0,0],[1,0],[1,1],[0,0]]],[[[5,5],[9,5],[9,9],[5,5]]]]", "Point", "[8,6]", true),
        ("within", "LineString", "[[0,0],[4,4]]", "Point", "[2,2]", true),
        ("contains", "Point", "[2,2]", "Polygon", SQUARE, true),
        ("contains", "Point", "[2,2]", "Polygon", HOLED, false),
        ("contains", "Point", "[9,2]", "Polygon", SQUARE, false),
        ("contains", "Point", "[2,2]", "Point", "[2,2]", true),
        ("contains", "Polygon", "[[[1,1],[2,1],[2,2],[1,1]]]", "Polygon", SQUARE, true),
        ("intersects", "Polygon", SQUARE, "Point", "[4,4]", true),
        ("intersects", "Polygon", SQUARE, "LineString", "[[-1,2],[5,2]]", true),
        ("intersects", "Polygon", SQUARE, "LineString", "[[-1,5],[5,5]]", false),
        ("intersects", "LineString", "[[0,0],[2,2]]", "LineString", "[[0,2],[2,0]]", true),
        ("intersects", "MultiLineString", "[[[0,0],[2,2]],[[9,9],[8,9]]]", "MultiPoint", "[[7,7],[8.5,9]]", true),
        ("intersects", "Polygon", HOLED, "Point", "[2,2]", false),
        ("disjoint", "Polygon", SQUARE, "Point", "[5,5]", true),
        ("disjoint", "Polygon", SQUARE, "Point", "[4,4]", false),
        ("disjoint", "Polygon", HOLED, "Point", "[2,2]", true),
        ("equals", "Point", "[2,2]", "Point", "[2,2]", true),
        ("equals", "Point", "[2,2]", "Point", "[2,2,100]", true),
        ("equals", "Point", "[2,2]", "Point", "[2,2.000001]", false),
        ("equals", "Polygon", SQUARE, "Polygon", "[[[4,0],[4,4],[0,4],[0,0],[2,0],[4,0]]]", true),
        ("equals", "Polygon", SQUARE, "Polygon", HOLED, false),
        ("equals", "LineString", "[[0,0],[2,2]]", "LineString", "[[2,2],[1,1],[0,0]]", true),
        ("overlaps", "Polygon", SQUARE, "Polygon", "[[[2,2],[6,2],[6,6],[2,6],[2,2]]]", true),
        ("overlaps", "Polygon", SQUARE, "Polygon", "[[[1,1],[2,1],[2,2],[1,1]]]", false),
        ("overlaps", "Polygon", SQUARE, "Polygon", "[[[4,0],[8,0],[8,4],[4,4],[4,0]]]", false),
        ("overlaps", "LineString", "[[0,0],[4,0]]", "LineString", "[[2,0],[6,0]]", true),
        ("overlaps", "Polygon", SQUARE, "Point", "[2,2]", false),
        ("near;maxDistance==2000", "Point", "[8,40]", "Point", "[8,40]", true),
        ("near;maxDistance==2000", "Point", "[8,40]", "Point", "[8.02,40]", true),
        ("near;maxDistance==1000", "Point", "[8,40]", "Point", "[8.02,40]", false),
        ("near;minDistance==1000", "Point", "[8,40]", "Point", "[8.02,40]", true),
        ("near;minDistance==2000", "Point", "[8,40]", "Point", "[8.02,40]", false),
        ("near;maxDistance==1e-3", "Point", "[8,40]", "Point", "[8,40]", true),
        ("near;maxDistance==1", "Polygon", SQUARE, "Point", "[2,2]", true),
        ("near;minDistance==1", "Polygon", SQUARE, "Point", "[2,2]", false),
        ("near;maxDistance==112000", "Point", "[5,2]", "Polygon", SQUARE, true),
        ("near;maxDistance==110000", "Point", "[5,2]", "Polygon", SQUARE, false),
        ("near;maxDistance==112000", "Point", "[2,2]", "Polygon", HOLED, true),
        ("near;maxDistance==110000", "Point", "[2,2]", "Polygon", HOLED, false),
        ("near;maxDistance==23000", "Point", "[179.9,0]", "Point", "[-179.9,0]", true),
        ("near;maxDistance==22000", "Point", "[179.9,0]", "Point", "[-179.9,0]", false),
    ];
    for (georel, kind, coordinates, target_kind, target, expected) in table {
        let query = query(georel, kind, coordinates);
        let target = shape(target_kind, target);
        assert_eq!(query.matches_geometry(&target), *expected, "{target:?} {query}");
    }
}

#[test]
fn an_area_without_extent_is_no_offence() {
    let flat = "[[[[0,2],[-180,-90],[17.56,0],[0,2]]],[[[3,0],[3,0],[3,0],[3,0]],[[0,0],[0,1],[0,0],[0,0]]]]";
    for georel in ["within", "contains", "equals", "overlaps", "intersects", "disjoint"] {
        query(georel, "MultiPolygon", flat).matches_geometry(&point(0.0, 0.0));
        query(georel, "Point", "[0,0]").matches_geometry(&shape("MultiPolygon", flat));
    }
}

#[test]
fn known_distances() {
    let place = |lon, lat| point(lon, lat);
    for (a, b, expected, within) in [
        (place(0.0, 0.0), place(1.0, 0.0), 111_195.08, 0.1),
        (place(0.0, 0.0), place(0.0, 1.0), 111_195.08, 0.1),
        (place(0.0, 90.0), place(77.0, 90.0), 0.0, 1e-6),
        (place(0.0, 0.0), place(180.0, 0.0), 20_015_114.4, 1.0),
        // Paris to London
        (place(2.3522, 48.8566), place(-0.1278, 51.5074), 343_556.5, 10.0),
        // to the middle of a line along the equator, and to its end
        (place(2.0, 1.0), shape("LineString", "[[0,0],[4,0]]"), 111_195.08, 0.1),
        (place(5.0, 0.0), shape("LineString", "[[0,0],[4,0]]"), 111_195.08, 0.1),
        // to a line along the 60th parallel, straight in degrees
        (place(2.0, 61.0), shape("LineString", "[[0,60],[4,60]]"), 111_195.08, 0.1),
        (shape("LineString", "[[0,0],[4,4]]"), shape("LineString", "[[0,4],[4,0]]"), 0.0, 0.0),
        (shape("LineString", "[[0,0],[4,0]]"), shape("LineString", "[[2,1],[2,5]]"), 111_195.08, 0.1),
        (shape("MultiPoint", "[[9,9],[0,1]]"), shape("MultiPoint", "[[0,0],[-9,-9]]"), 111_195.08, 0.1),
        (shape("MultiPolygon", &format!("[{SQUARE}]")), shape("Polygon", SQUARE), 0.0, 0.0),
    ] {
        let got = metres(&a, &b);
        assert!((got - expected).abs() <= within, "{a:?} {b:?}: {got}");
        assert!((metres(&b, &a) - got).abs() < 1e-6, "{a:?} {b:?}: both ways");
    }
}

#[test]
fn refused_with_a_reason() {
    for (georel, geometry, coordinates, reason) in [
        ("nearby", "Point", "[8,40]", "georel: character 0: expected near, within"),
        ("near", "Point", "[8,40]", "expected `;maxDistance==`"),
        ("near;maxDistance", "Point", "[8,40]", "expected maxDistance=="),
        ("near;maxDistance=5", "Point", "[8,40]", "expected maxDistance=="),
        ("near;maxDistance==", "Point", "[8,40]", "metres above 0"),
        ("near;maxDistance==0", "Point", "[8,40]", "metres above 0"),
        ("near;maxDistance==-5", "Point", "[8,40]", "metres above 0"),
        ("near;maxDistance==inf", "Point", "[8,40]", "metres above 0"),
        ("near;maxDistance==1e999", "Point", "[8,40]", "metres above 0"),
        ("near;distance==5", "Point", "[8,40]", "character 5: expected maxDistance or minDistance"),
        ("near;maxDistance==5;minDistance==1", "Point", "[8,40]", "expected the end"),
        ("within;maxDistance==5", "Point", "[8,40]", "expected the end"),
        ("within", "Circle", "[8,40]", "geometry: the type of a geometry"),
        ("within", "GeometryCollection", "[8,40]", "GeometryCollection"),
        ("within", "Point", "8,40", "coordinates: expected an array"),
        ("within", "Point", "", "coordinates: expected an array"),
        ("within", "Point", "[8]", "two or three numbers"),
        ("within", "Point", "[181,40]", "longitude 181"),
        ("within", "Point", "[8,-91]", "latitude -91"),
        ("within", "Point", "[[8,40]]", "two or three numbers"),
        ("within", "Polygon", "[8,40]", "array"),
        ("within", "Polygon", "[[[0,0],[1,0],[1,1],[0,1]]]", "not closed"),
        ("within", "Polygon", "[[[0,0],[1,0],[0,0]]]", "4 positions"),
        ("within", "LineString", "[[0,0]]", "2 positions"),
        ("within", "Point", "[[[[[[[[1]]]]]]]]", "coordinates: expected an array"),
    ] {
        let error = GeoQuery::parse(georel, geometry, coordinates, None, &naming()).unwrap_err();
        assert_eq!(error.kind(), Kind::BadRequestData);
        assert!(error.public().contains(reason), "{georel} {geometry} {coordinates}: {error}");
    }
    assert!(GeoQuery::parse("within", "Point", "[8,40]", Some("a b"), &naming()).is_err());
    for (georel, most) in [("within", 10_000), ("near;maxDistance==5", 2000)] {
        let parse = |n| {
            let many = format!("[{}]", vec!["[1,1]"; n].join(","));
            GeoQuery::parse(georel, "MultiPoint", &many, None, &naming())
        };
        assert!(parse(most).is_ok());
        assert!(parse(most + 1).unwrap_err().public().contains(&most.to_string()));
    }
}

#[test]
fn the_property_is_location_unless_said_otherwise() {
    let mut expired = attribute("operationSpace", Value::Geo(point(8.0, 40.0)));
    expired.expires_at = Some(time("2026-01-01T00:00:00Z"));
    let mut second = attribute("location", Value::Geo(point(8.0, 40.0)));
    second.dataset_id = Some(crate::room::iri("urn:ds:2"));
    let thing = entity(
        "urn:x:1",
        "Thing",
        vec![
            attribute("location", Value::Geo(point(1.0, 1.0))),
            second,
            attribute("observationSpace", Value::Geo(point(20.0, 20.0))),
            expired,
            crate::room::property("plain", "[20,20]"),
        ],
    );
    for (coordinates, property, expected) in [
        ("[1,1]", None, true),
        ("[8,40]", None, true),
        ("[20,20]", None, false),
        ("[20,20]", Some("observationSpace"), true),
        ("[8,40]", Some("operationSpace"), false),
        ("[20,20]", Some("plain"), false),
        ("[20,20]", Some("neverHeardOf"), false),
    ] {
        let geo = GeoQuery::parse("near;maxDistance==5", "Point", coordinates, property, &naming()).unwrap();
        assert_eq!(
            geo,
            GeoQuery::from_json("near;maxDistance==5", "Point", &json(coordinates), property, &naming()).unwrap()
        );
        let query = EntityQuery { geo: Some(geo), ..EntityQuery::default() };
        assert_eq!(query.matches(&thing, now()), expected, "{coordinates} {property:?}");
    }
    let disjoint = GeoQuery::parse("disjoint", "Point", "[1,2]", Some("neverHeardOf"), &naming()).unwrap();
    assert!(!disjoint.matches(&thing, now()), "an entity without the property never matches");
}

#[test]
fn boxes_at_the_antimeridian_and_the_poles() {
    let boxes = |georel, coordinates| query(georel, "Point", coordinates).search_boxes();
    assert_eq!(boxes("disjoint", "[0,0]"), None);
    assert_eq!(boxes("near;minDistance==5", "[0,0]"), None);
    assert_eq!(boxes("near;maxDistance==30000000", "[0,0]"), None);
    assert_eq!(boxes("within", "[3,4]").unwrap()[0].min, [3.0, 4.0]);
    let one = boxes("near;maxDistance==111195", "[10,60]").unwrap();
    assert_eq!(one.len(), 1);
    assert!((one[0].min[0] - 8.0).abs() < 0.01 && (one[0].max[1] - 61.0).abs() < 0.01, "{one:?}");
    let split = boxes("near;maxDistance==111195", "[-179.5,0]").unwrap();
    assert_eq!(split.len(), 2);
    assert!(
        (split[1].min[0] - 179.5).abs() < 0.01 && split[1].max[0] == 180.0 && split[0].min[0] == -180.0,
        "{split:?}"
    );
    let pole = boxes("near;maxDistance==111195", "[10,89.5]").unwrap();
    assert_eq!((pole[0].min[0], pole[0].max), (-180.0, [180.0, 90.0]));
}

fn position() -> impl Strategy<Value = Position> {
    let free = (-180.0..=180.0_f64, -90.0..=90.0_f64);
    // Positions on a coarse grid, so that shapes touch, share edges and fold over themselves.
    let grid = (-3..=3_i32, -3..=3_i32).prop_map(|(x, y)| (f64::from(x), f64::from(y)));
    let edge = (
        prop::sample::select(vec![-180.0, -179.99, 179.99, 180.0]),
        prop::sample::select(vec![-90.0, -89.9, 0.0, 90.0]),
    );
    prop_oneof![3 => grid, 1 => free, 1 => edge].prop_map(|(lon, lat)| Position { lon, lat, alt: None })
}

fn ring() -> impl Strategy<Value = Vec<Position>> {
    prop::collection::vec(position(), 3..7).prop_map(|mut ring| {
        ring.push(ring[0]);
        ring
    })
}

fn geometry() -> impl Strategy<Value = Geometry> {
    prop_oneof![
        position().prop_map(Geometry::Point),
        prop::collection::vec(position(), 1..5).prop_map(Geometry::MultiPoint),
        prop::collection::vec(position(), 2..6).prop_map(Geometry::LineString),
        prop::collection::vec(prop::collection::vec(position(), 2..5), 1..3).prop_map(Geometry::MultiLineString),
        prop::collection::vec(ring(), 1..3).prop_map(Geometry::Polygon),
        prop::collection::vec(prop::collection::vec(ring(), 1..3), 1..3).prop_map(Geometry::MultiPolygon),
    ]
}

/// Shapes of which it is beyond doubt what lies within: points, single lines and triangles that have an extent.
fn proper() -> impl Strategy<Value = Geometry> {
    let triangle = prop::collection::vec(position(), 3).prop_map(|mut ring| {
        let (b, c) = (ring[1], ring[2]);
        if (b.lon - ring[0].lon) * (c.lat - ring[0].lat) == (c.lon - ring[0].lon) * (b.lat - ring[0].lat) {
            ring = [(0.0, 0.0), (3.0, 0.0), (1.0, 2.0)].map(|(lon, lat)| Position { lon, lat, alt: None }).to_vec();
        }
        ring.push(ring[0]);
        ring
    });
    prop_oneof![
        position().prop_map(Geometry::Point),
        prop::collection::vec(position(), 1..5).prop_map(Geometry::MultiPoint),
        prop::collection::vec(position(), 2..3).prop_map(Geometry::LineString),
        triangle.prop_map(|ring| Geometry::Polygon(vec![ring])),
    ]
}

const RELATIONS: [&str; 8] = [
    "within",
    "contains",
    "intersects",
    "equals",
    "disjoint",
    "overlaps",
    "near;maxDistance==50000",
    "near;minDistance==50000",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// Shapes that fold over themselves too: the answer may be anything, but there is one.
    #[test]
    fn relations_never_panic(a in geometry(), b in geometry(), which in 0..8_usize) {
        let mut text = Vec::new();
        belfry_ngsi_ld::geojson::write_coordinates(&a, &mut text);
        let text = String::from_utf8(text).unwrap();
        let query = GeoQuery::parse(RELATIONS[which], a.kind(), &text, None, &naming()).unwrap();
        prop_assert_eq!(query.reference(), &a);
        let matches = query.matches_geometry(&b);
        if let (true, Some(boxes)) = (matches, query.search_boxes()) {
            let bounds = b.bounds();
            let touch = boxes.iter().any(|x| (0..2).all(|i| x.min[i] <= bounds.max[i] && bounds.min[i] <= x.max[i]));
            prop_assert!(touch, "{:?} matches {} but no box of {:?}", b, query, boxes);
        }
    }

    /// A point and the set of that one point stand the same way, though they are decided differently.
    #[test]
    fn short_cuts_for_points_agree(a in proper(), p in position()) {
        let mut text = Vec::new();
        belfry_ngsi_ld::geojson::write_coordinates(&a, &mut text);
        let text = String::from_utf8(text).unwrap();
        let within = query("within", a.kind(), &text);
        let (one, set) = (Geometry::Point(p), Geometry::MultiPoint(vec![p]));
        prop_assert_eq!(within.matches_geometry(&one), within.matches_geometry(&set), "within");
        let place = format!("{},{}", p.lon, p.lat);
        let one = query("contains", "Point", &format!("[{place}]"));
        let set = query("contains", "MultiPoint", &format!("[[{place}]]"));
        prop_assert_eq!(one.matches_geometry(&a), set.matches_geometry(&a), "contains");
    }

    /// The short cuts never change what the distance says.
    #[test]
    fn near_is_the_distance(a in geometry(), b in geometry(), share in 0.5..2.0_f64) {
        let distance = metres(&a, &b);
        let limit = (distance * share).max(1e-3);
        let mut text = Vec::new();
        belfry_ngsi_ld::geojson::write_coordinates(&a, &mut text);
        let text = String::from_utf8(text).unwrap();
        let near = |relation| GeoQuery::parse(&format!("near;{relation}=={limit}"), a.kind(), &text, None, &naming()).unwrap();
        prop_assert_eq!(near("maxDistance").matches_geometry(&b), distance <= limit, "{} {}", distance, limit);
        prop_assert_eq!(near("minDistance").matches_geometry(&b), distance > limit, "{} {}", distance, limit);
    }

    /// Whatever is near lies in a box, at any distance and anywhere.
    #[test]
    fn boxes_lose_nothing(a in position(), b in position(), distance in 1.0..2e7_f64, close in any::<bool>()) {
        let distance = if close { metres(&Geometry::Point(a), &Geometry::Point(b)).max(1e-3) } else { distance };
        let text = format!("[{},{}]", a.lon, a.lat);
        let query = GeoQuery::parse(&format!("near;maxDistance=={distance}"), "Point", &text, None, &naming()).unwrap();
        if let (true, Some(boxes)) = (query.matches_geometry(&Geometry::Point(b)), query.search_boxes()) {
            let inside = |x: &belfry_kernel::geo::Bounds| x.min[0] <= b.lon && b.lon <= x.max[0] && x.min[1] <= b.lat && b.lat <= x.max[1];
            prop_assert!(boxes.iter().any(inside), "{b:?} is near {a:?} but in no box of {boxes:?}");
        }
    }
}
