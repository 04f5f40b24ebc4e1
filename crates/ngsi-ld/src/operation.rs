//! The rules of each operation on entities (ETSI GS CIM 009 clauses 5.5.8, 5.5.11, 5.5.12, 5.6): the current entity, a
//! fragment and the present moment in, the new entity and what changed out. Pure: no storage, no clock, no notification.

mod append;
mod attribute;
mod batch;
mod create;
mod delete;
mod instance;
mod loss;
mod merge;
mod totals;
mod update;

pub use append::append_attributes;
pub use attribute::{delete_attribute, delete_attributes, delete_scope, patch_attribute, replace_attribute};
pub use batch::{BatchKind, apply_batch_item};
pub use create::{create_entity, replace_entity};
pub use delete::delete_entity;
pub use loss::Head;
pub use merge::{MergeOptions, merge_entity};
pub use totals::{check_bytes, check_totals, instance_bytes, json_bytes};
pub use update::update_attributes;

use crate::{Attribute, Entity, Name};
use belfry_kernel::Iri;

/// What happened to an attribute instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// It was not there before.
    Created,
    /// It was written anew and says something else than before.
    Updated,
    /// It was written anew and says what it said before (clause 5.8.6: no change to be notified).
    Repeated,
    /// It is not there any more.
    Deleted,
}

/// One attribute instance that was written or deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// The attribute.
    pub name: Name,
    /// The instance.
    pub dataset_id: Option<Iri>,
    /// What happened to it.
    pub change: Change,
    /// What a deleted one was, where the operation had it in its hands.
    pub last: Option<Box<Attribute>>,
}

/// An attribute that an operation left alone (clause 5.2.19).
#[derive(Clone, Debug, PartialEq)]
pub struct NotUpdated {
    /// The attribute.
    pub name: Name,
    /// The instance.
    pub dataset_id: Option<Iri>,
    /// Why, for the client.
    pub reason: &'static str,
}

/// What an operation decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The entity as it is to be from now on; none when it is deleted.
    pub entity: Option<Entity>,
    /// Whether the entity itself is new.
    pub created: bool,
    /// Every attribute instance that was written or deleted, in the order in which it was decided.
    pub changes: Vec<Changed>,
    /// Whether types, scopes or expiry of the entity changed.
    pub entity_changed: bool,
    /// What was asked for and not done.
    pub not_updated: Vec<NotUpdated>,
}

impl Outcome {
    fn new(entity: Entity) -> Self {
        Self {
            entity: Some(entity),
            created: false,
            changes: Vec::new(),
            entity_changed: false,
            not_updated: Vec::new(),
        }
    }

    /// Whether there is anything to be stored.
    pub fn is_change(&self) -> bool {
        self.created || self.entity.is_none() || self.entity_changed || !self.changes.is_empty()
    }

    /// The names that were written or deleted, each once, in order: `updated` of the update result (clause 5.2.18).
    pub fn updated(&self) -> Vec<Name> {
        let mut names = Vec::new();
        for changed in &self.changes {
            if !names.contains(&changed.name) {
                names.push(changed.name);
            }
        }
        names
    }
}
