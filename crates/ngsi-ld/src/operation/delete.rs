//! Delete entity (clause 5.6.6).

use super::{Change, Changed, Outcome};
use crate::Entity;
use belfry_kernel::{Error, Iri};

/// Deletes the entity with all that it has.
///
/// # Errors
/// `ResourceNotFound` when there is none.
pub fn delete_entity(id: &Iri, current: Option<&Entity>) -> Result<Outcome, Error> {
    let current = current.ok_or_else(|| Error::not_found(format!("there is no entity {id}")))?;
    let changes = current
        .attributes
        .iter()
        .map(|a| Changed { name: a.name, dataset_id: a.dataset_id.clone(), change: Change::Deleted, last: None })
        .collect();
    Ok(Outcome { entity: None, created: false, changes, entity_changed: true, not_updated: Vec::new() })
}
