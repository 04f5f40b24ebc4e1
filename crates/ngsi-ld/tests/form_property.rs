//! Whatever entity there is: written in a lossless form and read again, it is the same; and no bytes make the reader panic.

use belfry_kernel::{Geometry, Iri, Position, Time};
use belfry_ngsi_ld::form::{Limits, Mode, Representation, View, read_entity, read_fragment, write_entity};
use belfry_ngsi_ld::{Attribute, Context, Entity, Json, Name, Objects, Terms, Value};
use compact_str::CompactString;
use proptest::prelude::*;
use smallvec::SmallVec;

fn name(index: usize) -> Name {
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

fn json() -> impl Strategy<Value = Json> {
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
    prop_oneof![
        position().prop_map(Geometry::Point),
        prop::collection::vec(position(), 2..5).prop_map(Geometry::LineString),
        prop::collection::vec(position(), 1..5).prop_map(Geometry::MultiPoint),
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
    (0_usize..10, value(), prop::option::of(time()), prop::option::of("[A-Z0-9]{1,3}"), prop::option::of(time()))
        .prop_map(move |(i, value, observed_at, unit, expires_at)| {
            let unit_code = matches!(value, Value::Property(_) | Value::List(_)).then_some(unit).flatten();
            Attribute {
                name: name(i),
                dataset_id: None,
                value,
                observed_at,
                unit_code: unit_code.map(CompactString::from),
                created_at: Time::default(),
                modified_at: Time::default(),
                expires_at,
                sub: sub.clone(),
            }
        })
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

fn entity() -> impl Strategy<Value = Entity> {
    let sub = prop::collection::vec(attribute(Vec::new()), 0..3).prop_map(apart);
    let attributes = prop::collection::vec(sub.prop_flat_map(attribute), 0..6).prop_map(apart);
    (iri(), types(), prop::collection::btree_set("/[A-Za-z][a-z0-9_]{0,8}", 0..3), attributes, prop::option::of(time()))
        .prop_map(|(id, mut types, scopes, attributes, expires_at)| {
            if types.is_empty() {
                types.push(name(0));
            }
            Entity {
                id,
                types,
                scopes: scopes.into_iter().map(CompactString::from).collect(),
                attributes,
                created_at: Time::default(),
                modified_at: Time::default(),
                expires_at,
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lossless_forms_read_back(entity in entity(), sys_attrs in any::<bool>(), concise in any::<bool>()) {
        let representation = if concise { Representation::Concise } else { Representation::Normalized };
        let mut entity = entity;
        if !sys_attrs {
            // Expiry is shown with the system's times only (clause 6.3.11).
            entity.expires_at = None;
            for attribute in &mut entity.attributes {
                attribute.expires_at = None;
                attribute.sub.iter_mut().for_each(|s| s.expires_at = None);
            }
        }
        let view = View { representation, sys_attrs, ..View::default() };
        let mut out = Vec::new();
        write_entity(&entity, Context::core(), &view, None, &mut out);
        let read = read_entity(&out, Context::core(), &Limits::default());
        let shown = String::from_utf8_lossy(&out).into_owned();
        prop_assert_eq!(read.map_err(|e| TestCaseError::fail(format!("{e}: {shown}")))?, entity, "{}", shown);
    }

    #[test]
    fn any_json_is_read_or_refused(json in json(), attribute in json(), mode in 0..5) {
        let mode = [Mode::Full, Mode::Temporal, Mode::Update, Mode::Partial, Mode::Merge][mode as usize];
        let _ = read_fragment(json.to_string().as_bytes(), Context::core(), &Limits::default(), mode);
        let body = format!(r#"{{"id":"urn:x:1","type":"T","a":{attribute}}}"#);
        let _ = read_fragment(body.as_bytes(), Context::core(), &Limits::default(), mode);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_entity(&bytes, Context::core(), &Limits::default());
    }
}
