//! An entity lent: looked at where it lies, in types or in the bytes of a store, without being made. What renders entities
//! reads them so. Holds no form and no encoding.

use crate::form::Select;
use crate::{Attribute, AttributeKind, Entity, Name, Value};
use belfry_kernel::{Iri, Time};
use compact_str::CompactString;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::convert::Infallible;

/// The head of an entity with its attributes, as in [`Entity`].
pub struct EntityRef<'a, S> {
    /// Its identifier.
    pub id: &'a str,
    /// Its types.
    pub types: SmallVec<[Name; 1]>,
    /// Its scopes.
    pub scopes: SmallVec<[&'a str; 2]>,
    /// When it was created here.
    pub created_at: Time,
    /// When it was last modified here.
    pub modified_at: Time,
    /// When it expires.
    pub expires_at: Option<Time>,
    /// Its attribute instances.
    pub attributes: S,
}

/// One attribute instance, as in [`Attribute`].
pub struct AttributeRef<'a, S: Source<'a>> {
    /// Expanded name.
    pub name: Name,
    /// Which of several instances.
    pub dataset_id: Option<&'a str>,
    /// Its value.
    pub value: S::Value,
    /// When the value was true.
    pub observed_at: Option<Time>,
    /// Unit code.
    pub unit_code: Option<&'a str>,
    /// When it was created here.
    pub created_at: Time,
    /// When it was last modified here.
    pub modified_at: Time,
    /// When it expires.
    pub expires_at: Option<Time>,
    /// Its sub-attributes, when it has any.
    pub sub: Option<S>,
}

/// Attribute instances, those of one name together.
pub trait Source<'a>: Copy {
    /// Why they cannot be read.
    type Fault;
    /// Where a value lies.
    type Value: ValueSource<'a, Fault = Self::Fault>;

    /// Each in turn. Nothing comes after a fault.
    fn attributes(self) -> impl Iterator<Item = Result<AttributeRef<'a, Self>, Self::Fault>>;
}

/// A value where it lies.
pub trait ValueSource<'a>: Copy {
    /// Why it cannot be read.
    type Fault;

    /// Its kind.
    fn kind(self) -> AttributeKind;

    /// Appends the value of a Property or JsonProperty as compact JSON text. Of another kind: `false`, and nothing is appended.
    ///
    /// # Errors
    /// When it cannot be read; what was appended until then is of no use.
    fn write_json(self, out: &mut Vec<u8>) -> Result<bool, Self::Fault>;

    /// The value, made where it does not lie as one.
    ///
    /// # Errors
    /// When it cannot be read.
    fn get(self) -> Result<Cow<'a, Value>, Self::Fault>;
}

impl<'a, S: Source<'a>> EntityRef<'a, S> {
    /// Whether it has an attribute that a selection shows.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn has_shown(&self, select: &Select) -> Result<bool, S::Fault> {
        for attribute in self.attributes.attributes() {
            if select.shows(attribute?.name) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl<'a, S: Source<'a>> EntityRef<'a, S> {
    /// The entity, with those of its attributes that `wanted` names.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn make(&self, wanted: impl Fn(Name) -> bool) -> Result<Entity, S::Fault> {
        Ok(Entity {
            id: Iri::from_checked(self.id),
            types: self.types.clone(),
            scopes: self.scopes.iter().map(|scope| CompactString::from(*scope)).collect(),
            attributes: make_all(self.attributes, wanted)?,
            created_at: self.created_at,
            modified_at: self.modified_at,
            expires_at: self.expires_at,
        })
    }
}

fn make_all<'a, S: Source<'a>>(of: S, wanted: impl Fn(Name) -> bool) -> Result<Vec<Attribute>, S::Fault> {
    let shown = of.attributes().filter(|a| a.as_ref().map_or(true, |a| wanted(a.name)));
    shown.map(|attribute| attribute?.make()).collect()
}

impl<'a, S: Source<'a>> AttributeRef<'a, S> {
    /// The attribute instance.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn make(&self) -> Result<Attribute, S::Fault> {
        Ok(Attribute {
            name: self.name,
            dataset_id: self.dataset_id.map(Iri::from_checked),
            value: self.value.get()?.into_owned(),
            observed_at: self.observed_at,
            unit_code: self.unit_code.map(CompactString::from),
            created_at: self.created_at,
            modified_at: self.modified_at,
            expires_at: self.expires_at,
            sub: self.sub.map_or(Ok(Vec::new()), |sub| make_all(sub, |_| true))?,
        })
    }
}

impl<'a> From<&'a Entity> for EntityRef<'a, &'a [Attribute]> {
    fn from(entity: &'a Entity) -> Self {
        Self {
            id: entity.id.as_str(),
            types: entity.types.clone(),
            scopes: entity.scopes.iter().map(|scope| scope.as_str()).collect(),
            created_at: entity.created_at,
            modified_at: entity.modified_at,
            expires_at: entity.expires_at,
            attributes: &entity.attributes,
        }
    }
}

impl<'a> From<&'a Attribute> for AttributeRef<'a, &'a [Attribute]> {
    fn from(attribute: &'a Attribute) -> Self {
        Self {
            name: attribute.name,
            dataset_id: attribute.dataset_id.as_ref().map(Iri::as_str),
            value: &attribute.value,
            observed_at: attribute.observed_at,
            unit_code: attribute.unit_code.as_deref(),
            created_at: attribute.created_at,
            modified_at: attribute.modified_at,
            expires_at: attribute.expires_at,
            sub: (!attribute.sub.is_empty()).then_some(&attribute.sub),
        }
    }
}

impl<'a> Source<'a> for &'a [Attribute] {
    type Fault = Infallible;
    type Value = &'a Value;

    fn attributes(self) -> impl Iterator<Item = Result<AttributeRef<'a, Self>, Infallible>> {
        self.iter().map(|attribute| Ok(attribute.into()))
    }
}

impl<'a> ValueSource<'a> for &'a Value {
    type Fault = Infallible;

    fn kind(self) -> AttributeKind {
        Value::kind(self)
    }

    fn write_json(self, out: &mut Vec<u8>) -> Result<bool, Infallible> {
        let (Value::Property(json) | Value::Json(json)) = self else { return Ok(false) };
        json.write(out);
        Ok(true)
    }

    fn get(self) -> Result<Cow<'a, Value>, Infallible> {
        Ok(Cow::Borrowed(self))
    }
}
