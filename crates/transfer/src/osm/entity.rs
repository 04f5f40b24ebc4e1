//! The entity of an object and a kind: names, address, category, the attributes of the table, location, where it is from.
//! Sends nothing.

use super::names::property;
use super::object::Object;
use super::place::Drawn;
use super::table::{Category, Kind, Reading, Table, tag};
use super::{address, names};
use belfry_connect_osm::Tag;
use belfry_ngsi_ld::Json;
use compact_str::CompactString;

/// What all entities of one import have in common.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    /// The name of the extract.
    pub(super) extract: String,
    /// Its edition, an instant as NGSI-LD writes it.
    pub(super) edition: String,
}

/// An entity, and the tags that it lost since they could not be read.
pub(super) struct Made {
    pub(super) entity: Json,
    /// `key=value` texts.
    pub(super) unread: Vec<String>,
}

/// Makes the entity.
pub(super) fn make(
    table: &Table,
    kind: &Kind,
    (object, tags): (Object, &[Tag<'_>]),
    drawn: &Drawn,
    stamp: &Stamp,
) -> Made {
    let mut unread = Vec::new();
    let mut members: Vec<(CompactString, Json)> = Vec::with_capacity(16);
    members.push(("id".into(), object.entity_id(&kind.entity).as_str().into()));
    members.push(("type".into(), kind.entity.as_str().into()));
    members.append(&mut names::attributes(tags));
    if let Some(category) = category(kind, tags) {
        members.push(("category".into(), property(category)));
    }
    if let Some(address) = address::attribute(tags) {
        members.push(("address".into(), address));
    }
    for attribute in table.attributes_of(kind) {
        let found = attribute.tags.iter().find_map(|key| Some((key, tag(tags, key)?)));
        let Some((key, text)) = found else { continue };
        match attribute.reading.value(text) {
            // A hydrant without a bridge needs no word for it: only what is there is said.
            Some(Json::Bool(false)) if attribute.reading == Reading::Truth && text == "no" && is_structure(key) => {}
            Some(value) => {
                let mut instance = vec![("type".into(), Json::from("Property")), ("value".into(), value)];
                if let Some(unit) = &attribute.unit {
                    instance.push(("unitCode".into(), unit.as_str().into()));
                }
                members.push((attribute.name.as_str().into(), Json::Object(instance)));
            }
            None => unread.push(format!("{key}={text}")),
        }
    }
    match kind.entity.as_str() {
        "RoadSegment" => {
            if let Some(kilometres) = drawn.kilometres() {
                let instance = vec![
                    ("type".into(), Json::from("Property")),
                    ("value".into(), Json::number(kilometres)),
                    ("unitCode".into(), "KMT".into()),
                ];
                members.push(("length".into(), Json::Object(instance)));
            }
        }
        "PublicTransportStop" => members.push(("transportationType".into(), property(carriers(tags)))),
        _ => {}
    }
    let location = vec![("type".into(), Json::from("GeoProperty")), ("value".into(), drawn.geojson())];
    members.push(("location".into(), Json::Object(location)));
    members.push(("source".into(), property(object.address().as_str().into())));
    members.push(("extract".into(), property(stamp.extract.as_str().into())));
    members.push(("edition".into(), edition(stamp)));
    Made { entity: Json::Object(members), unread }
}

/// The attribute `edition`.
pub(super) fn edition(stamp: &Stamp) -> Json {
    let value = vec![("@type".into(), Json::from("DateTime")), ("@value".into(), stamp.edition.as_str().into())];
    property(Json::Object(value))
}

fn is_structure(key: &str) -> bool {
    matches!(key, "bridge" | "tunnel")
}

fn category(kind: &Kind, tags: &[Tag<'_>]) -> Option<Json> {
    let word = match &kind.category {
        Category::None if kind.entity == "RoadSegment" => return road_category(tags),
        Category::None => return None,
        Category::Word(word) => word.as_str(),
        Category::Tag(key) => tag(tags, key)?,
    };
    // Several values of one tag are several categories.
    let words: Vec<Json> = word.split(';').map(str::trim).filter(|w| !w.is_empty()).map(Json::from).collect();
    (!words.is_empty()).then_some(Json::Array(words))
}

/// `oneway`, `toll` and `link`, as the model of road segments has them.
fn road_category(tags: &[Tag<'_>]) -> Option<Json> {
    let mut words: Vec<Json> = Vec::new();
    if is_oneway(tags) {
        words.push("oneway".into());
    }
    if tag(tags, "toll") == Some("yes") {
        words.push("toll".into());
    }
    if tag(tags, "highway").is_some_and(|value| value.ends_with("_link")) {
        words.push("link".into());
    }
    (!words.is_empty()).then_some(Json::Array(words))
}

fn is_oneway(tags: &[Tag<'_>]) -> bool {
    match tag(tags, "oneway") {
        Some("yes" | "true" | "1" | "-1" | "reverse") => true,
        Some(_) => false,
        None => {
            tag(tags, "highway") == Some("motorway") || matches!(tag(tags, "junction"), Some("roundabout" | "circular"))
        }
    }
}

/// Whether traffic runs against the direction in which the way is drawn: its line is turned, so that the direction of a
/// one-way road is that of its line.
pub(super) fn runs_backwards(tags: &[Tag<'_>]) -> bool {
    matches!(tag(tags, "oneway"), Some("-1" | "reverse"))
}

/// What stops at a stop, by the numbers of GTFS route types.
fn carriers(tags: &[Tag<'_>]) -> Json {
    const CARRIERS: [(&str, i64); 8] = [
        ("tram", 0),
        ("light_rail", 0),
        ("subway", 1),
        ("train", 2),
        ("bus", 3),
        ("trolleybus", 3),
        ("ferry", 4),
        ("funicular", 7),
    ];
    let mut found: Vec<i64> = CARRIERS.iter().filter(|(key, _)| tag(tags, key) == Some("yes")).map(|c| c.1).collect();
    if tag(tags, "highway") == Some("bus_stop") {
        found.push(3);
    }
    if tag(tags, "railway") == Some("tram_stop") {
        found.push(0);
    }
    if tag(tags, "railway") == Some("platform") {
        found.push(2);
    }
    if found.is_empty() {
        found.push(3);
    }
    found.sort_unstable();
    found.dedup();
    Json::Array(found.into_iter().map(Json::Int).collect())
}
