//! Update attributes (clause 5.6.2, with the algorithm of 5.5.8).

use super::Outcome;
use super::instance::Draft;
use crate::Entity;
use crate::form::EntityFragment;
use belfry_kernel::{Error, Time};

/// Replaces, adds or deletes whole attribute instances: those that are there are replaced, or deleted by NGSI-LD Null;
/// the others are added (clause 5.6.2.4; a Null for an instance that is not there does nothing). A scope replaces the
/// entity's scope if it has one.
///
/// # Errors
/// `BadRequestData` when an attribute of the fragment is not complete.
pub fn update_attributes(current: Entity, fragment: EntityFragment, now: Time) -> Result<Outcome, Error> {
    let mut draft = Draft::new(current, now);
    for attribute in fragment.attributes {
        match draft.find(attribute.name, attribute.dataset_id.as_ref()) {
            Some(at) if attribute.deletes() => draft.remove(at),
            None if attribute.deletes() => {}
            Some(at) => draft.replace(at, attribute.into_attribute(now)?),
            None => draft.add(attribute.into_attribute(now)?),
        }
    }
    draft.add_types(&fragment.types);
    if !draft.entity.scopes.is_empty() {
        draft.change_scopes(fragment.scopes);
    }
    draft.set_expiry(fragment.expires_at);
    Ok(draft.finish())
}
