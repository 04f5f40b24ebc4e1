//! How large an entity may become: the limits of one body, applied to what an operation makes of the entity, however many
//! bodies it took. Reads nothing and changes nothing.

use super::{Change, Outcome};
use crate::form::Limits;
use crate::{Attribute, Entity, Json, Value};
use belfry_kernel::Error;

/// Refuses an outcome that makes the entity larger than it may be. What only takes away is never refused, so that an entity
/// that is too large (the limits were lowered) can be made smaller.
///
/// # Errors
/// `BadRequestData` saying what there is too much of.
pub fn check_totals(outcome: &Outcome, limits: &Limits) -> Result<(), Error> {
    let Some(entity) = &outcome.entity else { return Ok(()) };
    let any = |kinds: &[Change]| outcome.changes.iter().any(|changed| kinds.contains(&changed.change));
    if outcome.entity_changed || outcome.created {
        at_most("types", entity.types.len(), limits.types)?;
        at_most("scopes", entity.scopes.len(), limits.scopes)?;
    }
    if any(&[Change::Created]) {
        at_most("attribute instances", entity.attributes.len(), limits.attributes)?;
        check_instances(entity, limits)?;
    }
    if any(&[Change::Created, Change::Updated]) {
        check_bytes(entity, limits)?;
    }
    Ok(())
}

/// The bytes of an entity: those of its attributes and of what its values say. Texts and member names count their bytes,
/// everything else eight, an attribute instance 64 beside.
///
/// # Errors
/// `BadRequestData` when one value, or all of it, is larger than it may be.
pub fn check_bytes(entity: &Entity, limits: &Limits) -> Result<(), Error> {
    let mut bytes = 0;
    for attribute in &entity.attributes {
        bytes += attribute_bytes(attribute, 1, limits).map_err(|error| under(attribute, &error))?;
    }
    if bytes > limits.entity_bytes {
        return Err(Error::bad_data(format!("the entity would be larger than {} bytes", limits.entity_bytes)));
    }
    Ok(())
}

/// The bytes of a JSON value: texts and member names count theirs, everything else eight.
pub fn json_bytes(json: &Json) -> usize {
    match json {
        Json::Str(text) => text.len(),
        Json::Array(items) => 8 + items.iter().map(json_bytes).sum::<usize>(),
        Json::Object(members) => 8 + members.iter().map(|(key, value)| key.len() + json_bytes(value)).sum::<usize>(),
        _ => 8,
    }
}

/// Instances of one name stand together.
fn check_instances(entity: &Entity, limits: &Limits) -> Result<(), Error> {
    for all in entity.attributes.chunk_by(|a, b| a.name == b.name) {
        if all.len() > limits.instances {
            return Err(under(&all[0], &too_many("instances", limits.instances)));
        }
    }
    Ok(())
}

fn attribute_bytes(attribute: &Attribute, level: usize, limits: &Limits) -> Result<usize, Error> {
    if !attribute.sub.is_empty() {
        at_most("sub-attributes", attribute.sub.len(), limits.sub_attributes)?;
        at_most("levels", level + 1, limits.levels)?;
    }
    check_value(&attribute.value, limits)?;
    let value = value_bytes(&attribute.value);
    // The reader limits targets and positions by their number and by the body.
    let counted = attribute.value.targets().is_empty() && !matches!(attribute.value, Value::Geo(_));
    if counted && value > limits.value_bytes {
        return Err(Error::bad_data(format!("its value would be larger than {} bytes", limits.value_bytes)));
    }
    let mut bytes = 64 + value;
    for sub in &attribute.sub {
        bytes += attribute_bytes(sub, level + 1, limits)?;
    }
    Ok(bytes)
}

/// The bytes of an attribute instance, counted as [`check_bytes`] does, whatever its size.
pub fn instance_bytes(attribute: &Attribute) -> usize {
    64 + value_bytes(&attribute.value) + attribute.sub.iter().map(instance_bytes).sum::<usize>()
}

fn value_bytes(value: &Value) -> usize {
    match value {
        Value::Property(json) | Value::Json(json) => json_bytes(json),
        Value::List(items) => 8 + items.iter().map(json_bytes).sum::<usize>(),
        Value::Language(map) => map.iter().map(|(_, text)| json_bytes(text)).sum(),
        Value::Vocab(terms) => 8 * terms.as_slice().len(),
        Value::Geo(geometry) => 16 * geometry.positions().count(),
        Value::Relationship { .. } | Value::ListRelationship { .. } => {
            value.targets().iter().map(|target| target.as_str().len()).sum()
        }
    }
}

fn check_value(value: &Value, limits: &Limits) -> Result<(), Error> {
    match value {
        Value::Language(map) => at_most("languages", map.len(), limits.languages),
        Value::Vocab(terms) => {
            at_most("terms", terms.as_slice().len(), limits.types)?;
            for name in terms.as_slice() {
                if let Some(reason) = limits.deny.reason(name.as_str()) {
                    return Err(Error::bad_data(format!("the term '{}' is refused: {reason}", name.as_str())));
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn at_most(what: &str, count: usize, limit: usize) -> Result<(), Error> {
    if count > limit { Err(too_many(what, limit)) } else { Ok(()) }
}

fn too_many(what: &str, limit: usize) -> Error {
    Error::bad_data(format!("there would be more than {limit} {what}"))
}

fn under(attribute: &Attribute, error: &Error) -> Error {
    Error::bad_data(format!("attribute '{}': {}", attribute.name, error.public()))
}
