//! The NGSI-LD information model in types: an entity, its attribute instances, the eight kinds of value.
//! ETSI GS CIM 009 clauses 4.2, 4.5, 5.2.4 to 5.2.7, 5.2.32 to 5.2.38. Holds no JSON form and no rule of an operation.

use crate::{Json, Name};
use belfry_kernel::{Geometry, Iri, Time};
use compact_str::CompactString;
use smallvec::SmallVec;

/// An entity (clause 5.2.4): identifier, one or more types, scopes, attribute instances and the system's own times.
#[derive(Clone, Debug, PartialEq)]
pub struct Entity {
    /// Its identifier.
    pub id: Iri,
    /// Its types, expanded; at least one, no duplicates, in the order given.
    pub types: SmallVec<[Name; 1]>,
    /// Its scopes, such as `/Madrid/Gardens` (clause 4.18).
    pub scopes: Vec<CompactString>,
    /// Attribute instances. Those of one name stand together, one for each dataset id; the default instance first.
    pub attributes: Vec<Attribute>,
    /// When it was created here.
    pub created_at: Time,
    /// When it was last modified here.
    pub modified_at: Time,
    /// When it expires and is removed by itself.
    pub expires_at: Option<Time>,
}

/// Datasets that begin so hold means that a store made of older instances. No client writes one: it would be kept for
/// ever as they are, and lie among them.
pub const MEANS_DATASET: &str = "urn:belfry:avg:";

/// One attribute instance (clauses 4.5.1 to 4.5.5), or a sub-attribute of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// Expanded name.
    pub name: Name,
    /// Which of several instances (clause 4.5.5); none for the default one.
    pub dataset_id: Option<Iri>,
    /// What kind it is and its value.
    pub value: Value,
    /// When the value was true in the world (clause 4.8).
    pub observed_at: Option<Time>,
    /// UN/CEFACT unit code of a numeric Property (clause 4.5.2).
    pub unit_code: Option<CompactString>,
    /// When this instance was created here.
    pub created_at: Time,
    /// When it was last modified here.
    pub modified_at: Time,
    /// When this instance expires.
    pub expires_at: Option<Time>,
    /// Properties of the property, relationships of the relationship (clause 4.5.1); same shape, one level or more.
    pub sub: Vec<Attribute>,
}

/// The kinds of attribute and their values.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Property (4.5.2): any JSON but null.
    Property(Json),
    /// GeoProperty (4.5.3).
    Geo(Geometry),
    /// Relationship (4.5.4): one target, or several as an unordered list.
    Relationship {
        /// The targets; `one` tells whether the client wrote a single text.
        objects: Objects,
        /// Types that the targets have (`objectType`), expanded.
        object_types: SmallVec<[Name; 1]>,
    },
    /// LanguageProperty (4.5.18): language tag to text, or to several texts.
    Language(Vec<(CompactString, Json)>),
    /// VocabProperty (4.5.20): one or several terms, expanded.
    Vocab(Terms),
    /// JsonProperty (4.5.24): opaque JSON, never expanded.
    Json(Json),
    /// ListProperty (4.5.21): an ordered list.
    List(Vec<Json>),
    /// ListRelationship (4.5.22): an ordered list of targets.
    ListRelationship {
        /// The targets in order.
        objects: Vec<Iri>,
        /// Types that the targets have, expanded.
        object_types: SmallVec<[Name; 1]>,
    },
}

/// The targets of a Relationship, remembering which JSON form the client used.
#[derive(Clone, Debug, PartialEq)]
pub enum Objects {
    /// `"object": "urn:…"`
    One(Iri),
    /// `"object": ["urn:…", …]`
    Many(Vec<Iri>),
}

/// The terms of a VocabProperty, remembering which JSON form the client used.
#[derive(Clone, Debug, PartialEq)]
pub enum Terms {
    /// `"vocab": "term"`
    One(Name),
    /// `"vocab": ["term", …]`
    Many(Vec<Name>),
}

/// The kind of an attribute without its value: the `type` member of the normalized form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum AttributeKind {
    /// Property
    Property,
    /// GeoProperty
    GeoProperty,
    /// Relationship
    Relationship,
    /// LanguageProperty
    LanguageProperty,
    /// VocabProperty
    VocabProperty,
    /// JsonProperty
    JsonProperty,
    /// ListProperty
    ListProperty,
    /// ListRelationship
    ListRelationship,
}

impl AttributeKind {
    /// Every kind with the text of its `type` member and the member that carries its value.
    pub const ALL: [(Self, &'static str, &'static str); 8] = [
        (Self::Property, "Property", "value"),
        (Self::GeoProperty, "GeoProperty", "value"),
        (Self::Relationship, "Relationship", "object"),
        (Self::LanguageProperty, "LanguageProperty", "languageMap"),
        (Self::VocabProperty, "VocabProperty", "vocab"),
        (Self::JsonProperty, "JsonProperty", "json"),
        (Self::ListProperty, "ListProperty", "valueList"),
        (Self::ListRelationship, "ListRelationship", "objectList"),
    ];

    /// The text of the `type` member.
    pub fn as_str(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The member that carries the value.
    pub fn value_member(self) -> &'static str {
        Self::ALL[self as usize].2
    }

    /// The kind of this `type` text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name, _)| *name == text).map(|(kind, _, _)| *kind)
    }
}

impl Value {
    /// The kind.
    pub fn kind(&self) -> AttributeKind {
        match self {
            Self::Property(_) => AttributeKind::Property,
            Self::Geo(_) => AttributeKind::GeoProperty,
            Self::Relationship { .. } => AttributeKind::Relationship,
            Self::Language(_) => AttributeKind::LanguageProperty,
            Self::Vocab(_) => AttributeKind::VocabProperty,
            Self::Json(_) => AttributeKind::JsonProperty,
            Self::List(_) => AttributeKind::ListProperty,
            Self::ListRelationship { .. } => AttributeKind::ListRelationship,
        }
    }

    /// The relationship targets, empty for other kinds.
    pub fn targets(&self) -> &[Iri] {
        match self {
            Self::Relationship { objects: Objects::One(one), .. } => std::slice::from_ref(one),
            Self::Relationship { objects: Objects::Many(many), .. } => many,
            Self::ListRelationship { objects, .. } => objects,
            _ => &[],
        }
    }
}

impl Attribute {
    /// Whether both say the same, whatever the system's own times: then writing one over the other changes nothing
    /// (clause 5.8.6). The order of sub-attributes and of the members of objects says nothing.
    pub fn says_same(&self, other: &Self) -> bool {
        self.name == other.name
            && self.dataset_id == other.dataset_id
            && self.observed_at == other.observed_at
            && self.unit_code == other.unit_code
            && self.expires_at == other.expires_at
            && self.value.says_same(&other.value)
            && self.sub.len() == other.sub.len()
            && self.sub.iter().enumerate().all(|(at, sub)| {
                // Nearly always in the same place.
                other.sub.get(at).is_some_and(|o| sub.says_same(o)) || other.sub.iter().any(|o| sub.says_same(o))
            })
    }
}

impl Value {
    fn says_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Property(a), Self::Property(b)) | (Self::Json(a), Self::Json(b)) => a.says_same(b),
            (Self::List(a), Self::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.says_same(b)),
            (Self::Language(a), Self::Language(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(tag, text)| b.iter().any(|(other, same)| tag == other && text.says_same(same)))
            }
            (a, b) => a == b,
        }
    }
}

impl Terms {
    /// The terms.
    pub fn as_slice(&self) -> &[Name] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl Entity {
    /// The instances of this attribute, the default one first.
    pub fn instances(&self, name: Name) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter().filter(move |a| a.name == name)
    }

    /// The instance of this name and dataset.
    pub fn instance(&self, name: Name, dataset_id: Option<&Iri>) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.name == name && a.dataset_id.as_ref() == dataset_id)
    }

    /// Whether it has any instance of this attribute.
    pub fn has(&self, name: Name) -> bool {
        self.attributes.iter().any(|a| a.name == name)
    }
}
