//! What one decision of an application makes of the state: a draft that reads the state as it is at its place in the log
//! and gathers changes. The rules of writing hold here as at the door: limits, and the names that are refused.

use crate::Rules;
use crate::ctx::key_of;
use belfry_kernel::{Error, Iri, Time};
use belfry_ngsi_ld::form::Deny;
use belfry_ngsi_ld::operation::{self, Outcome};
use belfry_ngsi_ld::{Attribute, Entity, Value};
use belfry_ports::{ChangeSet, Collection, Current, DocumentChange, Read, Sample, change_of, with_gone};
use std::sync::Arc;

/// A change of the state in the making.
pub struct Draft<'r> {
    read: &'r dyn Read,
    now: Time,
    rules: &'r Rules,
    app: &'r str,
    set: ChangeSet,
    /// Entities as this draft makes them; none for those that it deletes.
    made: Vec<(Iri, Option<Arc<Entity>>)>,
}

impl<'r> Draft<'r> {
    pub(crate) fn new(read: &'r dyn Read, now: Time, rules: &'r Rules, app: &'r str) -> Self {
        Self { read, now, rules, app, set: ChangeSet::default(), made: Vec::new() }
    }

    pub(crate) fn into_set(self) -> ChangeSet {
        self.set
    }

    /// The instant of the commit that this will be.
    pub fn now(&self) -> Time {
        self.now
    }

    /// The entity of this identifier as it is, this draft's changes included, without what has expired of it.
    ///
    /// # Errors
    /// `Internal` when stored bytes prove damaged.
    pub fn entity(&self, id: &str) -> Result<Option<Arc<Entity>>, Error> {
        Ok(self.current(id)?.entity)
    }

    /// Puts an entity as a whole: it is new, or takes the place of the one that is there.
    ///
    /// # Errors
    /// `BadRequestData` when it is too large or a name of it is refused; `Internal`.
    pub fn put(&mut self, entity: Entity) -> Result<(), Error> {
        let id = entity.id.clone();
        self.change(id, move |current, now| match current {
            Some(current) => operation::replace_entity(Some(&current), entity, now),
            None => operation::create_entity(None, entity, now),
        })
    }

    /// Deletes an entity.
    ///
    /// # Errors
    /// `ResourceNotFound` when it is not there; `Internal`.
    pub fn delete(&mut self, id: Iri) -> Result<(), Error> {
        let same = id.clone();
        self.change(id, move |current, _| operation::delete_entity(&same, current.as_ref()))
    }

    /// Changes an entity by a rule of [`belfry_ngsi_ld::operation`], or one like it.
    ///
    /// # Errors
    /// Those of `operate`; `BadRequestData` when what it makes is too large or a name of it is refused; `Internal`.
    pub fn change(
        &mut self,
        id: Iri,
        operate: impl FnOnce(Option<Entity>, Time) -> Result<Outcome, Error>,
    ) -> Result<(), Error> {
        let keep_before = self.rules.keep_before;
        let mut current = self.current(id.as_str())?;
        let gone = current.gone();
        let before = current.entity.take();
        let mut outcome = operate(before.as_deref().cloned(), self.now)?;
        operation::check_totals(&outcome, &self.rules.limits)?;
        if let Some(entity) = &outcome.entity {
            if entity.id != id {
                return Err(Error::internal("a rule made another entity than the one that it was given"));
            }
            check_names(entity, &self.rules.limits.deny)?;
        }
        let Some(mut change) = change_of(&mut outcome, before.as_ref(), keep_before) else { return Ok(()) };
        with_gone(&mut change, gone);
        let after = match &change {
            belfry_ports::EntityChange::Put { entity, .. } => Some(entity.clone()),
            belfry_ports::EntityChange::Delete { .. } => None,
        };
        self.made.retain(|(other, _)| *other != id);
        self.made.push((id, after));
        self.set.entities.extend(current.ended.into_iter().chain([change]));
        Ok(())
    }

    /// Adds an instance to the past of an entity, which is not changed by that.
    pub fn append(&mut self, id: Iri, types: Vec<belfry_ngsi_ld::Name>, attribute: Attribute) {
        self.set.samples.push(Sample::Append { id, types, attribute });
    }

    /// The application's document of this key, this draft's changes included.
    ///
    /// # Errors
    /// `Internal` when stored bytes prove damaged.
    pub fn document(&self, key: &str) -> Result<Option<Arc<[u8]>>, Error> {
        self.document_in(Collection::App, &key_of(self.app, key))
    }

    /// Puts a document of the application, or removes it.
    pub fn put_document(&mut self, key: &str, bytes: Option<Arc<[u8]>>) {
        let key = key_of(self.app, key);
        self.put_in(Collection::App, key, bytes);
    }

    pub(crate) fn document_in(&self, collection: Collection, key: &str) -> Result<Option<Arc<[u8]>>, Error> {
        let own = self.set.documents.iter().rev().find(|d| d.collection == collection && *d.key == *key);
        match own {
            Some(change) => Ok(change.bytes.clone()),
            None => self.read.document(collection, key),
        }
    }

    pub(crate) fn put_in(&mut self, collection: Collection, key: String, bytes: Option<Arc<[u8]>>) {
        self.set.documents.push(DocumentChange { collection, key: key.into(), bytes });
    }

    fn current(&self, id: &str) -> Result<Current, Error> {
        if let Some((_, made)) = self.made.iter().find(|(other, _)| other.as_str() == id) {
            // It was looked at when it was made: nothing of it has expired since.
            return Ok(Current::of(made.clone(), self.now, false));
        }
        Ok(Current::of(self.read.entity(id)?, self.now, self.rules.keep_before))
    }
}

/// Refuses an entity one of whose names identifies or tracks a person: what an application makes passes the same door as
/// what a client sends.
fn check_names(entity: &Entity, deny: &Deny) -> Result<(), Error> {
    for name in &entity.types {
        refuse(name.as_str(), deny.reason(name.as_str()))?;
    }
    entity.attributes.iter().try_for_each(|attribute| check_attribute(attribute, deny))
}

fn check_attribute(attribute: &Attribute, deny: &Deny) -> Result<(), Error> {
    let name = attribute.name.as_str();
    refuse(name, deny.reason(name))?;
    match &attribute.value {
        Value::Property(json) | Value::Json(json) => {
            if let Some((member, reason)) = deny.inside(json) {
                refuse(member, Some(reason))?;
            }
        }
        Value::List(items) => {
            for (member, reason) in items.iter().filter_map(|json| deny.inside(json)) {
                refuse(member, Some(reason))?;
            }
        }
        Value::Vocab(terms) => {
            for term in terms.as_slice() {
                refuse(term.as_str(), deny.reason(term.as_str()))?;
            }
        }
        Value::Geo(_) | Value::Language(_) | Value::Relationship { .. } | Value::ListRelationship { .. } => {}
    }
    attribute.sub.iter().try_for_each(|sub| check_attribute(sub, deny))
}

fn refuse(name: &str, reason: Option<&str>) -> Result<(), Error> {
    match reason {
        Some(reason) => Err(Error::bad_data(format!("{name} is refused: {reason}"))),
        None => Ok(()),
    }
}
