//! Operations on one attribute: partial update (clause 5.6.4), replace (5.6.19), delete (5.6.5).

use super::Outcome;
use super::instance::{Draft, written};
use super::merge::{MergeOptions, merge_instance};
use crate::form::AttributeFragment;
use crate::{Entity, Name};
use belfry_kernel::{Error, Iri, Time};

/// Changes members of one attribute instance, leaving those that the fragment does not mention (5.5.8). NGSI-LD Null as
/// the value deletes the instance.
///
/// # Errors
/// `ResourceNotFound` when the entity does not have the instance; `BadRequestData` when the fragment states another
/// kind, or a new sub-attribute is not complete.
pub fn patch_attribute(current: Entity, fragment: AttributeFragment, now: Time) -> Result<Outcome, Error> {
    let mut draft = Draft::new(current, now);
    let at = place(&draft, fragment.name, fragment.dataset_id.as_ref())?;
    if fragment.deletes() {
        draft.remove(at);
        return Ok(draft.finish());
    }
    let target = &mut draft.entity.attributes[at];
    let kind = target.value.kind();
    if let Some(stated) = fragment.kind
        && stated != kind
        && !fragment.bare
    {
        return Err(Error::bad_data(format!(
            "attribute '{}': it is a {} and cannot become a {}",
            target.name,
            kind.as_str(),
            stated.as_str()
        )));
    }
    let before = target.clone();
    merge_instance(target, fragment, &MergeOptions::default(), now, false)?;
    let change = written(&before, target);
    draft.note(before.name, before.dataset_id, change);
    Ok(draft.finish())
}

/// Replaces one attribute instance as a whole.
///
/// # Errors
/// `ResourceNotFound` when the entity does not have the instance; `BadRequestData` when the fragment is not complete.
pub fn replace_attribute(current: Entity, fragment: AttributeFragment, now: Time) -> Result<Outcome, Error> {
    let mut draft = Draft::new(current, now);
    let at = place(&draft, fragment.name, fragment.dataset_id.as_ref())?;
    draft.replace(at, fragment.into_attribute(now)?);
    Ok(draft.finish())
}

/// Deletes the default instance, that of `dataset_id`, or with `all` every instance.
///
/// # Errors
/// `ResourceNotFound` when the entity does not have it.
pub fn delete_attribute(
    current: Entity,
    name: Name,
    dataset_id: Option<&Iri>,
    all: bool,
    now: Time,
) -> Result<Outcome, Error> {
    let mut draft = Draft::new(current, now);
    if all {
        if !draft.entity.has(name) {
            return Err(absent(name, None));
        }
        while let Some(at) = draft.entity.attributes.iter().position(|a| a.name == name) {
            draft.remove(at);
        }
    } else {
        let at = place(&draft, name, dataset_id)?;
        draft.remove(at);
    }
    Ok(draft.finish())
}

/// Deletes every instance of the attributes of these names, or with `keep` of all others (clause 5.6.21.4).
pub fn delete_attributes(current: Entity, names: &[Name], keep: bool, now: Time) -> Outcome {
    let mut draft = Draft::new(current, now);
    for at in (0..draft.entity.attributes.len()).rev() {
        if names.contains(&draft.entity.attributes[at].name) != keep {
            draft.remove(at);
        }
    }
    draft.finish()
}

/// Deletes the entity's scope, which is addressed like an attribute (clause 5.6.5.4).
///
/// # Errors
/// `ResourceNotFound` when it has none.
pub fn delete_scope(current: Entity, now: Time) -> Result<Outcome, Error> {
    if current.scopes.is_empty() {
        return Err(Error::not_found("the entity has no scope"));
    }
    let mut draft = Draft::new(current, now);
    draft.set_scopes(Vec::new());
    Ok(draft.finish())
}

fn place(draft: &Draft, name: Name, dataset_id: Option<&Iri>) -> Result<usize, Error> {
    draft.find(name, dataset_id).ok_or_else(|| absent(name, dataset_id))
}

fn absent(name: Name, dataset_id: Option<&Iri>) -> Error {
    Error::not_found(match dataset_id {
        Some(id) => format!("the entity has no attribute '{name}' with the datasetId {id}"),
        None => format!("the entity has no attribute '{name}'"),
    })
}
