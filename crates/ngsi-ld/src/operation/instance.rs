//! Work on the attribute instances of an entity that every operation shares: finding a place, stamping times, types and
//! scopes. Holds no rule of one operation.

use super::{Change, Changed};
use crate::form::Field;
use crate::{Attribute, Entity, Name};
use belfry_kernel::{Iri, Time};
use compact_str::CompactString;
use smallvec::SmallVec;

/// An entity in the middle of an operation, and what has changed so far.
pub(super) struct Draft {
    pub(super) entity: Entity,
    pub(super) changes: Vec<Changed>,
    pub(super) entity_changed: bool,
    pub(super) now: Time,
}

impl Draft {
    pub(super) fn new(entity: Entity, now: Time) -> Self {
        Self { entity, changes: Vec::new(), entity_changed: false, now }
    }

    /// Where this instance is.
    pub(super) fn find(&self, name: Name, dataset_id: Option<&Iri>) -> Option<usize> {
        self.entity.attributes.iter().position(|a| a.name == name && a.dataset_id.as_ref() == dataset_id)
    }

    pub(super) fn note(&mut self, name: Name, dataset_id: Option<Iri>, change: Change) {
        self.changes.push(Changed { name, dataset_id, change, last: None });
    }

    /// Adds an instance that is not there yet, next to those of its name, the default one first.
    pub(super) fn add(&mut self, attribute: Attribute) {
        self.note(attribute.name, attribute.dataset_id.clone(), Change::Created);
        let attributes = &mut self.entity.attributes;
        let first = attributes.iter().position(|a| a.name == attribute.name);
        let at = match (first, &attribute.dataset_id) {
            (None, _) => attributes.len(),
            (Some(first), None) => first,
            (Some(_), Some(_)) => {
                attributes.iter().rposition(|a| a.name == attribute.name).map_or(attributes.len(), |i| i + 1)
            }
        };
        attributes.insert(at, attribute);
    }

    /// Puts an instance in the place of the one at `at`; the time of its creation stays.
    pub(super) fn replace(&mut self, at: usize, mut attribute: Attribute) {
        let old = &self.entity.attributes[at];
        attribute.created_at = old.created_at;
        keep_created(&mut attribute.sub, &old.sub);
        let change = written(old, &attribute);
        self.note(attribute.name, attribute.dataset_id.clone(), change);
        self.entity.attributes[at] = attribute;
    }

    /// Deletes the instance at `at`.
    pub(super) fn remove(&mut self, at: usize) {
        let old = self.entity.attributes.remove(at);
        let (name, dataset_id, last) = (old.name, old.dataset_id.clone(), Some(Box::new(old)));
        self.changes.push(Changed { name, dataset_id, change: Change::Deleted, last });
    }

    /// Adds the types that the entity does not have.
    pub(super) fn add_types(&mut self, types: &SmallVec<[Name; 1]>) {
        for name in types {
            if !self.entity.types.contains(name) {
                self.entity.types.push(*name);
                self.entity_changed = true;
            }
        }
    }

    /// Sets the scopes.
    pub(super) fn set_scopes(&mut self, scopes: Vec<CompactString>) {
        if self.entity.scopes != scopes {
            self.entity.scopes = scopes;
            self.entity_changed = true;
        }
    }

    /// Sets or removes the scopes, as a fragment says.
    pub(super) fn change_scopes(&mut self, scopes: Field<Vec<CompactString>>) {
        match scopes {
            Field::Set(scopes) => self.set_scopes(scopes),
            Field::Delete => self.set_scopes(Vec::new()),
            Field::Keep => {}
        }
    }

    /// Adds the scopes that the entity does not have.
    pub(super) fn add_scopes(&mut self, scopes: Vec<CompactString>) {
        for scope in scopes {
            if !self.entity.scopes.contains(&scope) {
                self.entity.scopes.push(scope);
                self.entity_changed = true;
            }
        }
    }

    /// Sets the expiry.
    pub(super) fn set_expiry(&mut self, expires_at: crate::form::Field<Time>) {
        let before = self.entity.expires_at;
        expires_at.apply(&mut self.entity.expires_at);
        self.entity_changed |= before != self.entity.expires_at;
    }

    /// The outcome; the entity counts as modified when something was written.
    pub(super) fn finish(mut self) -> super::Outcome {
        if self.entity_changed || !self.changes.is_empty() {
            self.entity.modified_at = self.now;
        }
        super::Outcome {
            changes: self.changes,
            entity_changed: self.entity_changed,
            ..super::Outcome::new(self.entity)
        }
    }
}

/// What writing one instance over another is: an update only if it says something else.
pub(super) fn written(before: &Attribute, after: &Attribute) -> Change {
    if before.says_same(after) { Change::Repeated } else { Change::Updated }
}

/// Sub-attributes that were there before keep the time of their creation.
pub(super) fn keep_created(new: &mut [Attribute], old: &[Attribute]) {
    for attribute in new {
        if let Some(before) = old.iter().find(|a| a.name == attribute.name && a.dataset_id == attribute.dataset_id) {
            attribute.created_at = before.created_at;
            keep_created(&mut attribute.sub, &before.sub);
        }
    }
}

/// Sets both times of an instance and everything below it.
pub(super) fn stamp(attribute: &mut Attribute, now: Time) {
    attribute.created_at = now;
    attribute.modified_at = now;
    for sub in &mut attribute.sub {
        stamp(sub, now);
    }
}
