//! Making entities and change sets in tests, briefly.

use belfry_kernel::{Geometry, Iri, Position, Time};
use belfry_ngsi_ld::entity::Objects;
use belfry_ngsi_ld::{Attribute, Entity, Json, Name, Value};
use belfry_ports::{Change, ChangeKind, ChangeSet, EntityChange, Read};
use smallvec::smallvec;
use std::sync::Arc;

/// The interned name of a short term under `https://belfry.test/`.
pub fn name(term: &str) -> Name {
    Name::intern(&format!("https://belfry.test/{term}")).expect("tests use few names")
}

/// An attribute with this value, at `now`.
pub fn attribute(term: &str, value: Value, now: Time) -> Attribute {
    Attribute {
        name: name(term),
        dataset_id: None,
        value,
        observed_at: None,
        unit_code: None,
        created_at: now,
        modified_at: now,
        expires_at: None,
        sub: Vec::new(),
    }
}

/// A numeric property.
pub fn number(term: &str, value: f64, now: Time) -> Attribute {
    attribute(term, Value::Property(Json::number(value)), now)
}

/// A text property.
pub fn text(term: &str, value: &str, now: Time) -> Attribute {
    attribute(term, Value::Property(Json::Str(value.into())), now)
}

/// A relationship to one target.
pub fn relationship(term: &str, target: &str, now: Time) -> Attribute {
    let objects = Objects::One(Iri::parse(target).expect("a test's target is an IRI"));
    attribute(term, Value::Relationship { objects, object_types: smallvec![] }, now)
}

/// A point.
pub fn point(term: &str, lon: f64, lat: f64, now: Time) -> Attribute {
    attribute(term, Value::Geo(Geometry::Point(Position { lon, lat, alt: None })), now)
}

/// An entity of one type.
pub fn entity(id: &str, of_type: &str, attributes: Vec<Attribute>, now: Time) -> Entity {
    Entity {
        id: Iri::parse(id).expect("a test's identifier is an IRI"),
        types: smallvec![name(of_type)],
        scopes: Vec::new(),
        attributes,
        created_at: now,
        modified_at: now,
        expires_at: None,
    }
}

/// The change that makes `after` of what is there: created, or with the instances that differ.
pub fn put(read: &dyn Read, after: Entity) -> Result<EntityChange, belfry_kernel::Error> {
    let before = read.entity(after.id.as_str())?;
    let mut changes = Vec::new();
    for a in &after.attributes {
        let old = before.as_ref().and_then(|b| b.instance(a.name, a.dataset_id.as_ref()));
        let kind = if old.is_some() { ChangeKind::Updated } else { ChangeKind::Created };
        if old != Some(a) {
            changes.push(Change { name: a.name, dataset_id: a.dataset_id.clone(), kind, before: None });
        }
    }
    for old in before.iter().flat_map(|b| &b.attributes) {
        if after.instance(old.name, old.dataset_id.as_ref()).is_none() {
            let dataset_id = old.dataset_id.clone();
            changes.push(Change { name: old.name, dataset_id, kind: ChangeKind::Deleted, before: None });
        }
    }
    let head = before
        .as_ref()
        .is_some_and(|b| b.types != after.types || b.scopes != after.scopes || b.expires_at != after.expires_at);
    Ok(EntityChange::Put { created: before.is_none(), head, changes, entity: Arc::new(after) })
}

/// The change that deletes an entity, if it is there.
pub fn delete(read: &dyn Read, id: &str) -> Result<ChangeSet, belfry_kernel::Error> {
    Ok(read
        .entity(id)?
        .map_or_else(ChangeSet::default, |last| ChangeSet::of(EntityChange::Delete { id: last.id.clone(), last })))
}
