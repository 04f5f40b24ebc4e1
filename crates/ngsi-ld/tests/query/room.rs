//! The entity that the tables ask about, with one attribute of each kind.

use belfry_kernel::{Geometry, Iri, Position, Time};
use belfry_ngsi_ld::query::{Expr, Naming, filter, parse_names};
use belfry_ngsi_ld::{Attribute, Context, Entity, Json, Name, Objects, Terms, Value};
use smallvec::smallvec;

pub fn naming() -> Naming<'static> {
    Naming::new(Context::core())
}

pub fn name(term: &str) -> Name {
    Context::core().expand(term).unwrap()
}

pub fn iri(text: &str) -> Iri {
    Iri::parse(text).unwrap()
}

pub fn time(text: &str) -> Time {
    Time::parse(text).unwrap()
}

pub fn now() -> Time {
    time("2026-07-01T00:00:00Z")
}

pub fn json(text: &str) -> Json {
    Json::parse(text.as_bytes(), 16).unwrap()
}

pub fn attribute(term: &str, value: Value) -> Attribute {
    Attribute {
        name: name(term),
        dataset_id: None,
        value,
        observed_at: None,
        unit_code: None,
        created_at: time("2026-01-02T00:00:00Z"),
        modified_at: time("2026-06-02T00:00:00Z"),
        expires_at: None,
        sub: Vec::new(),
    }
}

pub fn property(term: &str, text: &str) -> Attribute {
    attribute(term, Value::Property(json(text)))
}

pub fn relationship(term: &str, target: &str) -> Attribute {
    attribute(term, Value::Relationship { objects: Objects::One(iri(target)), object_types: smallvec![] })
}

pub fn point(lon: f64, lat: f64) -> Geometry {
    Geometry::Point(Position { lon, lat, alt: None })
}

pub fn entity(id: &str, kind: &str, attributes: Vec<Attribute>) -> Entity {
    Entity {
        id: iri(id),
        types: smallvec![name(kind)],
        scopes: Vec::new(),
        attributes,
        created_at: time("2026-01-01T00:00:00Z"),
        modified_at: time("2026-06-01T00:00:00Z"),
        expires_at: None,
    }
}

pub fn room() -> Entity {
    let mut accuracy = property("accuracy", "0.5");
    accuracy.sub.push(property("method", r#""gps""#));
    let mut temperature = property("temperature", "21.5");
    temperature.observed_at = Some(time("2026-05-01T12:00:00Z"));
    temperature.unit_code = Some("CEL".into());
    temperature.sub.push(accuracy);
    let mut second = property("temperature", "30");
    second.dataset_id = Some(iri("urn:ds:2"));
    let mut expired = property("old", "1");
    expired.expires_at = Some(now());
    let mut lasting = property("lasting", "1");
    lasting.expires_at = Some(time("2026-08-01T00:00:00Z"));
    let label = vec![("en".into(), json(r#""red""#)), ("de".into(), json(r#"["rot","Katze"]"#))];
    let gender = name("https://example.org/Male");
    let stops =
        Value::ListRelationship { objects: vec![iri("urn:stop:1"), iri("urn:stop:2")], object_types: smallvec![] };
    let near = Value::Relationship {
        objects: Objects::Many(vec![iri("urn:room:2"), iri("urn:room:3")]),
        object_types: smallvec![],
    };
    let mut room = entity(
        "urn:ngsi-ld:Room:1",
        "Room",
        vec![
            temperature,
            second,
            property("count", "5"),
            property("big", "9007199254740993"),
            property("name", r#""Eiffel""#),
            property("tags", r#"["blue","red",7]"#),
            property("open", "true"),
            property("address", r#"{"city":"Berlin","geo":{"zip":10115},"none":[]}"#),
            property("when", r#""2026-03-01T12:00:00Z""#),
            property("typed", r#"{"@type":"DateTime","@value":"2026-03-01T12:00:00+02:00"}"#),
            property("day", r#""2026-03-01""#),
            property("clock", r#""08:30:00.5Z""#),
            property("link", r#""https://example.org/a;b""#),
            relationship("inPark", "urn:ngsi-ld:Park:1"),
            attribute("near", near),
            attribute("label", Value::Language(label)),
            attribute("gender", Value::Vocab(Terms::One(gender))),
            attribute("raw", Value::Json(json(r#"{"id":"85a6","value":"Overstay","none":null}"#))),
            attribute("list", Value::List(vec![json("1"), json("2"), json(r#""x""#)])),
            attribute("stops", stops),
            attribute("location", Value::Geo(point(13.4, 52.5))),
            expired,
            lasting,
        ],
    );
    room.types.push(name("Place"));
    room.scopes = vec!["/Madrid/Gardens/North".into(), "CompanyA".into()];
    room
}

pub fn parse(text: &str) -> Result<Expr, belfry_kernel::Error> {
    parse_expanding(text, "")
}

/// Parses with these names as `expandValues`.
pub fn parse_expanding(text: &str, names: &str) -> Result<Expr, belfry_kernel::Error> {
    let terms = if names.is_empty() { Vec::new() } else { parse_names("expandValues", names, &naming())? };
    filter::parse(text, &naming(), filter::Expansion(&terms))
}
