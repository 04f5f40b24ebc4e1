//! Create entity (clause 5.6.1) and replace entity (5.6.18).

use super::instance::{keep_created, stamp, written};
use super::{Change, Changed, Outcome};
use crate::Entity;
use belfry_kernel::{Error, Kind, Time};

/// Creates the entity.
///
/// # Errors
/// `AlreadyExists` when one of this id is there (`current`, unless it has expired).
pub fn create_entity(current: Option<&Entity>, mut entity: Entity, now: Time) -> Result<Outcome, Error> {
    if current.is_some_and(|c| c.expires_at.is_none_or(|at| at > now)) {
        return Err(Error::new(Kind::AlreadyExists, format!("the entity {} exists already", entity.id)));
    }
    entity.created_at = now;
    entity.modified_at = now;
    for attribute in &mut entity.attributes {
        stamp(attribute, now);
    }
    let changes = entity
        .attributes
        .iter()
        .map(|a| Changed { name: a.name, dataset_id: a.dataset_id.clone(), change: Change::Created, last: None })
        .collect();
    Ok(Outcome { created: true, changes, ..Outcome::new(entity) })
}

/// Replaces the entity's whole content; the times of creation of the entity and of the instances that stay are kept.
///
/// # Errors
/// `ResourceNotFound` when there is none.
pub fn replace_entity(current: Option<&Entity>, mut entity: Entity, now: Time) -> Result<Outcome, Error> {
    let current = current.ok_or_else(|| Error::not_found(format!("there is no entity {}", entity.id)))?;
    entity.created_at = current.created_at;
    entity.modified_at = now;
    let mut changes = Vec::with_capacity(entity.attributes.len());
    for attribute in &mut entity.attributes {
        stamp(attribute, now);
        let before = current.instance(attribute.name, attribute.dataset_id.as_ref());
        if let Some(before) = before {
            attribute.created_at = before.created_at;
            keep_created(&mut attribute.sub, &before.sub);
        }
        let change = before.map_or(Change::Created, |before| written(before, attribute));
        changes.push(Changed { name: attribute.name, dataset_id: attribute.dataset_id.clone(), change, last: None });
    }
    for old in &current.attributes {
        if entity.instance(old.name, old.dataset_id.as_ref()).is_none() {
            let (dataset_id, last) = (old.dataset_id.clone(), Some(Box::new(old.clone())));
            changes.push(Changed { name: old.name, dataset_id, change: Change::Deleted, last });
        }
    }
    let entity_changed =
        entity.types != current.types || entity.scopes != current.scopes || entity.expires_at != current.expires_at;
    Ok(Outcome { changes, entity_changed, ..Outcome::new(entity) })
}
