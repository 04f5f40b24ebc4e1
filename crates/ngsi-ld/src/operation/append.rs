//! Append attributes (clause 5.6.3), overwriting or not.

use super::instance::Draft;
use super::{NotUpdated, Outcome};
use crate::Entity;
use crate::form::{EntityFragment, Field};
use belfry_kernel::{Error, Time};

/// Adds the fragment's attributes to the entity. Instances that are there already are replaced, or left alone when
/// `overwrite` is false; then they are among what was not updated.
///
/// # Errors
/// `BadRequestData` when an attribute of the fragment is not complete.
pub fn append_attributes(
    current: Entity,
    fragment: EntityFragment,
    overwrite: bool,
    now: Time,
) -> Result<Outcome, Error> {
    let mut draft = Draft::new(current, now);
    let mut not_updated = Vec::new();
    for attribute in fragment.attributes {
        match draft.find(attribute.name, attribute.dataset_id.as_ref()) {
            None => draft.add(attribute.into_attribute(now)?),
            Some(at) if overwrite => draft.replace(at, attribute.into_attribute(now)?),
            Some(_) => not_updated.push(NotUpdated {
                name: attribute.name,
                dataset_id: attribute.dataset_id,
                reason: "it is there already, and the request does not overwrite",
            }),
        }
    }
    draft.add_types(&fragment.types);
    match fragment.scopes {
        Field::Set(scopes) if overwrite => draft.set_scopes(scopes),
        Field::Set(scopes) => draft.add_scopes(scopes),
        Field::Keep | Field::Delete => {}
    }
    if overwrite || draft.entity.expires_at.is_none() {
        draft.set_expiry(fragment.expires_at);
    }
    Ok(Outcome { not_updated, ..draft.finish() })
}
