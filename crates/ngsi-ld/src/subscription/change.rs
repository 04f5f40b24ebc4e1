//! What subscriptions are matched against: one entity's change, borrowed from wherever it is held.

use super::Triggers;
use crate::{Attribute, Entity, Name};
use belfry_kernel::{Iri, Time};
use smallvec::SmallVec;

/// A change of one entity.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// The entity after the change; its last image when it was deleted.
    pub entity: &'a Entity,
    /// Whether it is new.
    pub created: bool,
    /// When it was deleted.
    pub deleted: Option<Time>,
    /// The attribute instances that changed.
    pub changes: SmallVec<[Changed<'a>; 8]>,
}

/// A change of one attribute instance.
#[derive(Clone, Copy, Debug)]
pub struct Changed<'a> {
    /// The attribute.
    pub name: Name,
    /// The instance.
    pub dataset_id: Option<&'a Iri>,
    /// What happened: one of the three kinds about attributes.
    pub kind: Triggers,
    /// The instance before, when it was kept.
    pub before: Option<&'a Attribute>,
}

impl Event<'_> {
    /// The names that an index looks up: of what changed, or of all attributes when the entity came or went.
    pub(super) fn names(&self) -> SmallVec<[Name; 8]> {
        let mut names = SmallVec::new();
        let mut add = |name| {
            if !names.contains(&name) {
                names.push(name);
            }
        };
        if self.deleted.is_some() {
            self.entity.attributes.iter().for_each(|a| add(a.name));
        } else {
            self.changes.iter().for_each(|c| add(c.name));
        }
        names
    }
}
