//! How many bytes images take while they wait, near enough: what the structures and their texts take in memory. Knows
//! no limit.

use belfry_ngsi_ld::{Attribute, Entity, Json, Value};
use belfry_ports::Change;
use std::mem::size_of;

/// A text that is not longer lies within its structure.
const INLINE: usize = 24;

/// What an entity takes.
pub(crate) fn entity(e: &Entity) -> usize {
    size_of::<Entity>()
        + e.id.as_str().len()
        + e.scopes.iter().map(|scope| text(scope)).sum::<usize>()
        + e.attributes.iter().map(attribute).sum::<usize>()
}

/// What a change takes, what was before with it.
pub(crate) fn change(c: &Change) -> usize {
    size_of::<Change>() + c.before.as_deref().map_or(0, attribute)
}

fn attribute(a: &Attribute) -> usize {
    let dataset = a.dataset_id.as_ref().map_or(0, |id| id.as_str().len());
    size_of::<Attribute>() + dataset + value(&a.value) + a.sub.iter().map(attribute).sum::<usize>()
}

fn value(v: &Value) -> usize {
    match v {
        Value::Property(json) | Value::Json(json) => inner(json),
        Value::List(items) => items.iter().map(whole).sum(),
        Value::Language(map) => map.iter().map(|(tag, json)| INLINE + text(tag) + whole(json)).sum(),
        Value::Vocab(terms) => 8 * terms.as_slice().len(),
        Value::Geo(geometry) => 16 * geometry.positions().count(),
        Value::Relationship { .. } | Value::ListRelationship { .. } => {
            v.targets().iter().map(|target| 16 + target.as_str().len()).sum()
        }
    }
}

fn whole(json: &Json) -> usize {
    size_of::<Json>() + inner(json)
}

/// What a value takes besides the structure that it lies in.
fn inner(json: &Json) -> usize {
    match json {
        Json::Str(s) => text(s),
        Json::Array(items) => items.iter().map(whole).sum(),
        Json::Object(members) => members.iter().map(|(key, json)| INLINE + text(key) + whole(json)).sum(),
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Float(_) => 0,
    }
}

fn text(s: &str) -> usize {
    if s.len() > INLINE { s.len() } else { 0 }
}
