//! Features of a GeoJSON FeatureCollection (RFC 7946), one at a time: under a mapping, all properties as they are, or
//! entities that were exported as features. Sends nothing.

use super::element::Elements;
use super::entity::{Form, json, normalized, wrong};
use super::table::map_row;
use super::{Cell, Feature, Item, Items, Refusal, Row};
use crate::TransferError;
use crate::mapping::Mapping;
use belfry_kernel::Iri;
use belfry_ngsi_ld::Json;
use compact_str::CompactString;
use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;

/// What features become.
#[derive(Clone, Debug)]
pub enum Rule {
    /// What a mapping says; `@id` and `@geometry` are columns too, and `a.b` is the member `b` of the property `a`.
    Mapping(Arc<Mapping>),
    /// Entities of one type, with all properties and the geometry as `location`.
    Plain {
        /// The type of the entities.
        kind: String,
        /// The id, with properties in braces, as in a mapping.
        id: Arc<Mapping>,
    },
    /// Features that are entities already, as Belfry exports them (clause 4.5.16).
    Entities(Form),
}

/// The features of a file.
pub fn features(reader: impl BufRead + Send + 'static, file: Arc<Path>, rule: Rule) -> Items {
    let mut elements = Elements::new(reader, Some("features"));
    Box::new(std::iter::from_fn(move || match elements.read() {
        Ok(Some((line, bytes))) => {
            let outcome = json(bytes).and_then(|feature| pieces(&feature, &rule));
            Some(Ok(Item { file: file.clone(), line, outcome }))
        }
        Ok(None) => None,
        Err(broken) => Some(Err(wrong(&file, broken))),
    }))
}

/// Features that another reader makes, each with its place from 1.
pub fn made(
    features: impl Iterator<Item = Result<Feature, TransferError>> + Send + 'static,
    file: Arc<Path>,
    rule: Rule,
) -> Items {
    Box::new(features.map(move |found| {
        let (line, feature) = found?;
        let outcome = feature.and_then(|feature| pieces(&feature, &rule));
        Ok(Item { file: file.clone(), line, outcome })
    }))
}

fn pieces(feature: &Json, rule: &Rule) -> Result<Vec<Json>, Refusal> {
    if feature.get("type").and_then(Json::as_str) != Some("Feature") {
        return Err(Refusal::of("it is not a Feature: its type says otherwise"));
    }
    match rule {
        Rule::Mapping(mapping) => map_row(mapping, &row(feature, mapping)),
        Rule::Plain { kind, id } => plain(feature, kind, id),
        Rule::Entities(form) => entity(feature, *form),
    }
}

fn row(feature: &Json, mapping: &Mapping) -> Row {
    let cells = mapping
        .columns
        .names()
        .iter()
        .map(|name| cell(feature, name).map_or(Cell::Absent, |json| Cell::Json(json.clone())));
    Row { cells: cells.collect() }
}

fn cell<'f>(feature: &'f Json, name: &str) -> Option<&'f Json> {
    let found = match name {
        "@id" => feature.get("id"),
        "@geometry" => feature.get("geometry"),
        name => {
            let properties = feature.get("properties")?;
            properties.get(name).or_else(|| name.split('.').try_fold(properties, |json, part| json.get(part)))
        }
    };
    found.filter(|json| !matches!(json, Json::Null))
}

fn plain(feature: &Json, kind: &str, id: &Mapping) -> Result<Vec<Json>, Refusal> {
    // The mapping of the id holds one constant attribute, so that it makes an entity of every feature.
    let made = map_row(id, &row(feature, id))?;
    let Some(id) = made.first().and_then(|entity| entity.get("id")).cloned() else {
        return Err(Refusal::of("the feature has no id"));
    };
    let mut members: Vec<(CompactString, Json)> = vec![("id".into(), id), ("type".into(), kind.into())];
    if let Some(Json::Object(properties)) = feature.get("properties") {
        for (name, value) in properties {
            if matches!(value, Json::Null) {
                continue;
            }
            let term = term(name);
            if term.is_empty() || members.iter().any(|(known, _)| *known == term) {
                let reason = "its name makes no attribute name of its own; a mapping can give it one";
                return Err(Refusal { field: Some(name.to_string()), entity: None, reason: reason.to_owned() });
            }
            members.push((term, attribute("Property", value.clone())));
        }
    }
    if let Some(geometry) = cell(feature, "@geometry")
        && !members.iter().any(|(name, _)| name == "location")
    {
        members.push(("location".into(), attribute("GeoProperty", geometry.clone())));
    }
    Ok(vec![Json::Object(members)])
}

fn attribute(kind: &str, value: Json) -> Json {
    Json::Object(vec![("type".into(), kind.into()), ("value".into(), value)])
}

/// A property's name as a term: what is no letter, digit or underscore joins words in camel case.
fn term(name: &str) -> CompactString {
    if name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.is_empty() {
        return name.into();
    }
    let mut out = CompactString::default();
    let mut raise = false;
    for c in name.chars() {
        if !(c.is_alphanumeric() || c == '_') {
            raise = !out.is_empty();
        } else if std::mem::take(&mut raise) {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
    }
    out
}

fn entity(feature: &Json, form: Form) -> Result<Vec<Json>, Refusal> {
    let id = feature.get("id").and_then(Json::as_str).filter(|id| Iri::parse(id).is_ok());
    let typed = feature.get("properties").and_then(|p| p.get("type")).is_some();
    let (Some(id), true) = (id, typed) else {
        return Err(Refusal::of(
            "the feature is no entity (its id is no URI, or its properties have no type); import it with --type and --id, or with a mapping",
        ));
    };
    let mut members: Vec<(CompactString, Json)> = vec![("id".into(), id.into())];
    let geometry = cell(feature, "@geometry").cloned();
    let context = feature.get("@context").cloned();
    if let Some(Json::Object(properties)) = feature.get("properties").cloned() {
        members.extend(properties);
    }
    // The geometry repeats one of the GeoProperties; where it does not, it is the location.
    let repeats =
        members.iter().any(|(_, value)| Some(value) == geometry.as_ref() || value.get("value") == geometry.as_ref());
    if let Some(geometry) = geometry.filter(|_| !repeats) {
        let location = if form == Form::Keyvalues { geometry } else { attribute("GeoProperty", geometry) };
        members.push(("location".into(), location));
    }
    members.extend(context.map(|context| ("@context".into(), context)));
    Ok(vec![normalized(Json::Object(members), form)?])
}
