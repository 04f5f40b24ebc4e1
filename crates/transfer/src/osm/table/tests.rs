//! The table of the house, and what is wrong with other tables.

use super::*;

fn types(tags: &[Tag<'_>], shape: Shape) -> Vec<String> {
    Table::standard().kinds_of(tags, shape).iter().map(|kind| kind.entity.clone()).collect()
}

#[test]
fn objects_are_of_the_kinds_of_their_tags() {
    use Shape::{ClosedWay, OpenWay, Point, Relation};
    type Case<'a> = (&'a [Tag<'a>], Shape, &'a [&'a str]);
    let cases: &[Case<'_>] = &[
        (&[("highway", "residential")], OpenWay, &["RoadSegment"]),
        (&[("highway", "residential")], ClosedWay, &["RoadSegment"]),
        (&[("highway", "residential")], Point, &[]),
        (&[("highway", "proposed")], OpenWay, &[]),
        (&[("highway", "pedestrian"), ("area", "yes")], Relation, &["RoadSegment"]),
        (
            &[("building", "school"), ("amenity", "school"), ("addr:housenumber", "1")],
            ClosedWay,
            &["Building", "School"],
        ),
        (&[("building", "no")], ClosedWay, &[]),
        (&[("building:part", "yes")], ClosedWay, &["BuildingPart"]),
        (&[("building:part", "yes"), ("building", "yes")], ClosedWay, &["Building"]),
        (&[("addr:housenumber", "1"), ("addr:street", "Mill Lane")], Point, &["AddressPoint"]),
        (&[("addr:street", "Mill Lane")], Point, &[]),
        (&[("emergency", "fire_hydrant")], Point, &["FireHydrant"]),
        (&[("emergency", "yes"), ("amenity", "hospital")], ClosedWay, &["Hospital"]),
        (&[("amenity", "doctors"), ("healthcare", "doctor")], Point, &["Clinic"]),
        (&[("amenity", "parking"), ("parking", "lane")], ClosedWay, &["OnStreetParking"]),
        (&[("amenity", "parking"), ("parking", "surface")], ClosedWay, &["OffStreetParking"]),
        (&[("highway", "bus_stop"), ("public_transport", "platform")], Point, &["PublicTransportStop"]),
        (&[("public_transport", "platform")], OpenWay, &["PublicTransportStop"]),
        (&[("landuse", "reservoir")], ClosedWay, &["WaterBody"]),
        (&[("landuse", "forest")], Relation, &["LandUse"]),
        (&[("landuse", "quarry")], Point, &[]),
        (&[("natural", "wood")], OpenWay, &[]),
        (&[("boundary", "administrative"), ("admin_level", "8")], Relation, &["AdministrativeArea"]),
        (&[("boundary", "administrative"), ("admin_level", "8")], OpenWay, &[]),
        (&[("leisure", "park"), ("natural", "wood")], ClosedWay, &["Park", "LandUse"]),
        (&[("place", "village")], Point, &["Settlement"]),
        (&[("shop", "bakery"), ("addr:housenumber", "3")], Point, &["PointOfInterest"]),
        (&[("barrier", "fence")], OpenWay, &[]),
    ];
    for (tags, shape, expected) in cases {
        assert_eq!(types(tags, *shape), *expected, "{tags:?} {shape:?}");
    }
}

#[test]
fn a_table_says_what_is_wrong_and_where() {
    let cases = [
        ("road line highway=* RoadSegment -", "1:1: a kind has six columns"),
        ("# ok\nroad lines highway=* RoadSegment - -", "2:6: a shape is"),
        ("road line highway RoadSegment - -", "1:11: tags are"),
        ("road line !highway RoadSegment - -", "1:11: tags are"),
        ("road line highway=a||b RoadSegment - -", "1:11: tags are"),
        ("road line highway=* roadSegment - -", "1:21: a type is"),
        (
            "road line highway=* RoadSegment - widht",
            "1:35: there is no such attribute or group; did you mean \"width\"?",
        ),
        ("# nothing", "there is no kind in it"),
    ];
    for (text, expected) in cases {
        let why = Table::parse(Path::new("k"), text).unwrap_err().to_string();
        assert!(why.contains(expected), "{text}: {why}");
    }
    let own = Table::parse(Path::new("k"), "@size height,width\nx point man_made=mast Mast {tower:type} @size,ref\n")
        .unwrap();
    let kinds = own.kinds_of(&[("man_made", "mast")], Shape::Point);
    assert_eq!(own.attributes_of(kinds[0]).map(|a| a.name.as_str()).collect::<Vec<_>>(), ["height", "width", "ref"]);
}

#[test]
fn no_attribute_is_of_a_name_that_the_door_refuses() {
    let deny = belfry_ngsi_ld::form::Deny::default();
    let table = Table::standard();
    for name in table.attributes.iter().map(|a| a.name.as_str()).chain(FIXED) {
        assert!(deny.reason(name).is_none(), "{name}");
    }
}
