//! Entities of every kind for property tests. Holds no property.

use belfry_kernel::{Geometry, Iri, Position, Time};
use belfry_ngsi_ld::{Attribute, Context, Entity, Json, Name, Objects, Terms, Value};
use compact_str::CompactString;
use proptest::prelude::*;
use smallvec::SmallVec;

/// One of ten attribute names and types.
pub fn name(index: usize) -> Name {
    const TERMS: [&str; 10] = [
        "temperature",
        "location",
        "a",
        "b_c",
        "x-y",
        "https://example.org/terms#d",
        "urn:term:e",
        "größe",
        "description",
        "ngsildproof",
    ];
    Context::core().expand(TERMS[index % TERMS.len()]).expect("a name")
}

fn iri() -> impl Strategy<Value = Iri> {
    "urn:[a-z]{1,4}:[A-Za-z0-9:._-]{1,30}".prop_map(|text| Iri::parse(&text).expect("a URI"))
}

fn text() -> impl Strategy<Value = CompactString> {
    prop_oneof![
        "[a-z]{0,30}",
        any::<String>(),
        Just("\"\\\u{1}\n".to_owned()),
        Just("2026-01-01T00:00:00Z".to_owned()),
    ]
    .prop_map(CompactString::from)
}

fn key() -> impl Strategy<Value = CompactString> {
    prop_oneof![
        3 => text(),
        1 => prop::sample::select(vec!["type", "value", "object", "datasetId", "coordinates", "json", "@type", "dataset", "unitCode"])
            .prop_map(CompactString::from),
    ]
}

/// Any JSON but null.
pub fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(Json::Int),
        (-1e300..1e300).prop_map(Json::Float),
        text().prop_map(Json::Str),
        Just(Json::from("Point")),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
            prop::collection::btree_map(key(), inner, 0..4).prop_map(|m| Json::Object(m.into_iter().collect())),
        ]
    })
}

fn geometry() -> impl Strategy<Value = Geometry> {
    let position = || {
        (-180.0..180.0, -90.0..90.0, prop::option::of(-400.0..9000.0)).prop_map(|(lon, lat, alt)| Position {
            lon,
            lat,
            alt,
        })
    };
    let rings = || {
        let ring = prop::collection::vec(position(), 3..5).prop_map(|mut ring| {
            ring.push(ring[0]);
            ring
        });
        prop::collection::vec(ring, 1..3)
    };
    prop_oneof![
        position().prop_map(Geometry::Point),
        prop::collection::vec(position(), 2..5).prop_map(Geometry::LineString),
        prop::collection::vec(position(), 1..5).prop_map(Geometry::MultiPoint),
        prop::collection::vec(prop::collection::vec(position(), 2..4), 1..3).prop_map(Geometry::MultiLineString),
        rings().prop_map(Geometry::Polygon),
        prop::collection::vec(rings(), 1..3).prop_map(Geometry::MultiPolygon),
    ]
}

fn types() -> impl Strategy<Value = SmallVec<[Name; 1]>> {
    prop::collection::btree_set(0_usize..10, 0..3).prop_map(|all| all.into_iter().map(name).collect())
}

fn value() -> impl Strategy<Value = Value> {
    let targets = || prop::collection::vec(iri(), 1..4);
    prop_oneof![
        6 => json().prop_map(Value::Property),
        1 => geometry().prop_map(Value::Geo),
        1 => (iri(), types()).prop_map(|(one, object_types)| Value::Relationship { objects: Objects::One(one), object_types }),
        1 => (targets(), types()).prop_map(|(many, object_types)| Value::Relationship { objects: Objects::Many(many), object_types }),
        1 => (targets(), types()).prop_map(|(objects, object_types)| Value::ListRelationship { objects, object_types }),
        1 => prop::collection::btree_map("[a-z]{2}(-[A-Z]{2})?|@none", text(), 1..4)
            .prop_map(|m| Value::Language(m.into_iter().map(|(tag, text)| (tag.into(), Json::Str(text))).collect())),
        1 => (0_usize..10).prop_map(|i| Value::Vocab(Terms::One(name(i)))),
        1 => prop::collection::vec(0_usize..10, 1..4).prop_map(|all| Value::Vocab(Terms::Many(all.into_iter().map(name).collect()))),
        1 => json().prop_map(Value::Json),
        1 => prop::collection::vec(json(), 0..4).prop_map(Value::List),
    ]
}

fn time() -> impl Strategy<Value = Time> {
    (-62_135_596_800_000_000_i64..253_402_300_799_000_000).prop_map(Time::from_micros)
}

fn attribute(sub: Vec<Attribute>) -> impl Strategy<Value = Attribute> {
    let times = (prop::option::of(time()), time(), time(), prop::option::of(time()));
    (0_usize..10, value(), times, prop::option::of("[A-Z0-9]{1,3}")).prop_map(
        move |(i, value, (observed_at, created_at, modified_at, expires_at), unit)| {
            let unit_code = matches!(value, Value::Property(_) | Value::List(_)).then_some(unit).flatten();
            Attribute {
                name: name(i),
                dataset_id: None,
                value,
                observed_at,
                unit_code: unit_code.map(CompactString::from),
                created_at,
                modified_at,
                expires_at,
                sub: sub.clone(),
            }
        },
    )
}

/// One instance for each name, or several apart by dataset.
fn apart(mut attributes: Vec<Attribute>) -> Vec<Attribute> {
    attributes.sort_by_key(|a| a.name);
    for at in 1..attributes.len() {
        let before = attributes[..at].iter().rev().take_while(|a| a.name == attributes[at].name).count();
        if before > 0 {
            attributes[at].dataset_id = Some(Iri::parse(&format!("urn:d:{before}")).expect("a URI"));
        }
    }
    attributes
}

/// Any entity that can come of a request: every kind of value, datasets, sub-attributes, scopes, times.
pub fn entity() -> impl Strategy<Value = Entity> {
    let sub = prop::collection::vec(attribute(Vec::new()), 0..3).prop_map(apart);
    let attributes = prop::collection::vec(sub.prop_flat_map(attribute), 0..6).prop_map(apart);
    (
        iri(),
        types(),
        prop::collection::btree_set("/[A-Za-z][a-z0-9_]{0,8}", 0..3),
        attributes,
        (time(), time(), prop::option::of(time())),
    )
        .prop_map(|(id, mut types, scopes, attributes, (created_at, modified_at, expires_at))| {
            if types.is_empty() {
                types.push(name(0));
            }
            Entity {
                id,
                types,
                scopes: scopes.into_iter().map(CompactString::from).collect(),
                attributes,
                created_at,
                modified_at,
                expires_at,
            }
        })
}
