//! Fragments of entities and attributes (clause 5.4): what a client wants changed, parsed and expanded.
//! Holds no rule of how it is applied; the operations do.

use super::NULL;
use crate::{Attribute, AttributeKind, Entity, Json, Name, Value};
use belfry_kernel::{Error, Iri, Time};
use compact_str::CompactString;
use smallvec::SmallVec;

/// A member of a fragment: absent, given, or NGSI-LD Null (clause 4.5.0).
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Field<T> {
    /// The fragment does not mention it.
    #[default]
    Keep,
    /// It is to have this value.
    Set(T),
    /// It is to be deleted.
    Delete,
}

impl<T> Field<T> {
    /// The given value.
    pub fn set(self) -> Option<T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Delete => None,
        }
    }

    /// Whether the fragment mentions it.
    pub fn is_given(&self) -> bool {
        !matches!(self, Self::Keep)
    }

    /// Applies it to an optional member.
    pub fn apply(self, to: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Set(value) => *to = Some(value),
            Self::Delete => *to = None,
        }
    }
}

/// An entity fragment (clause 5.4). What is created in full is one as well, until [`EntityFragment::into_entity`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EntityFragment {
    /// The identifier, when the body has it.
    pub id: Option<Iri>,
    /// Types to have, expanded; empty when not given.
    pub types: SmallVec<[Name; 1]>,
    /// Scopes.
    pub scopes: Field<Vec<CompactString>>,
    /// Expiry of the entity.
    pub expires_at: Field<Time>,
    /// Attribute instances; those of one name stand together, the default one first.
    pub attributes: Vec<AttributeFragment>,
}

/// One attribute instance of a fragment.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributeFragment {
    /// Expanded name.
    pub name: Name,
    /// Which instance.
    pub dataset_id: Option<Iri>,
    /// The kind that the text states or implies; none when the fragment says nothing about it.
    pub kind: Option<AttributeKind>,
    /// Whether the kind was stated (`type`), not implied by a member or guessed.
    pub stated: bool,
    /// Whether it was a bare value (concise without members, or simplified), so that the kind is but a guess.
    pub bare: bool,
    /// The value; [`Field::Delete`] deletes the whole instance.
    pub value: Field<Value>,
    /// When the value was true in the world.
    pub observed_at: Field<Time>,
    /// Unit code.
    pub unit_code: Field<CompactString>,
    /// Expiry of the instance.
    pub expires_at: Field<Time>,
    /// Types of a relationship's targets, when given apart from the targets.
    pub object_types: Field<SmallVec<[Name; 1]>>,
    /// Sub-attributes.
    pub sub: Vec<AttributeFragment>,
}

impl AttributeFragment {
    /// A fragment that says nothing yet.
    pub fn new(name: Name) -> Self {
        Self {
            name,
            dataset_id: None,
            kind: None,
            stated: false,
            bare: false,
            value: Field::Keep,
            observed_at: Field::Keep,
            unit_code: Field::Keep,
            expires_at: Field::Keep,
            object_types: Field::Keep,
            sub: Vec::new(),
        }
    }

    /// Whether it deletes its instance.
    pub fn deletes(&self) -> bool {
        matches!(self.value, Field::Delete)
    }

    /// The instance that it describes in full, its times set to `now`.
    ///
    /// # Errors
    /// `BadRequestData` when it has no value, or deletes something: nothing is there to be deleted.
    pub fn into_attribute(self, now: Time) -> Result<Attribute, Error> {
        let name = self.name;
        let incomplete = |what: &str| Error::bad_data(format!("attribute '{name}': {what}"));
        let mut value = match self.value {
            Field::Set(value) => value,
            Field::Keep => return Err(incomplete("it has no value")),
            Field::Delete => return Err(incomplete("urn:ngsi-ld:null deletes, but there is nothing to delete")),
        };
        if let Field::Set(types) = self.object_types {
            value.set_object_types(types);
        }
        let mut sub = Vec::new();
        if !self.sub.is_empty() {
            sub.reserve_exact(self.sub.len());
            for fragment in self.sub {
                if !fragment.deletes() {
                    sub.push(fragment.into_attribute(now)?);
                }
            }
        }
        drop_nulls(&mut value);
        Ok(Attribute {
            name,
            dataset_id: self.dataset_id,
            value,
            observed_at: self.observed_at.set(),
            unit_code: self.unit_code.set(),
            created_at: now,
            modified_at: now,
            expires_at: self.expires_at.set(),
            sub,
        })
    }
}

impl EntityFragment {
    /// The entity that it describes in full, its times set to `now`.
    ///
    /// # Errors
    /// `BadRequestData` when the id or the type is missing, or an attribute is not complete.
    pub fn into_entity(self, now: Time) -> Result<Entity, Error> {
        let id = self.id.ok_or_else(|| Error::bad_data("the entity has no id"))?;
        if self.types.is_empty() {
            return Err(Error::bad_data("the entity has no type"));
        }
        let mut attributes = Vec::with_capacity(self.attributes.len());
        for fragment in self.attributes {
            attributes.push(fragment.into_attribute(now)?);
        }
        Ok(Entity {
            id,
            types: self.types,
            scopes: self.scopes.set().unwrap_or_default(),
            attributes,
            created_at: now,
            modified_at: now,
            expires_at: self.expires_at.set(),
        })
    }
}

impl Value {
    /// Sets the types of a relationship's targets; nothing for other kinds.
    pub(crate) fn set_object_types(&mut self, types: SmallVec<[Name; 1]>) {
        if let Self::Relationship { object_types, .. } | Self::ListRelationship { object_types, .. } = self {
            *object_types = types;
        }
    }
}

/// Drops what a merge would have deleted inside a value that is new as a whole (RFC 7396 section 2).
pub(crate) fn drop_nulls(value: &mut Value) {
    match value {
        Value::Property(json) => drop_null_members(json),
        Value::Language(map) => map.retain(|(_, text)| text.as_str() != Some(NULL)),
        _ => {}
    }
}

fn drop_null_members(json: &mut Json) {
    if let Json::Object(members) = json {
        members.retain(|(_, value)| value.as_str() != Some(NULL));
        for (_, value) in members {
            drop_null_members(value);
        }
    }
}
