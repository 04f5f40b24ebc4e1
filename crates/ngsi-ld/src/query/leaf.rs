//! What an index by value holds: the simple values inside an attribute's value that a comparison of `q` may meet
//! (ETSI GS CIM 009 clause 4.9), and the simple value that a constant looks for. Holds no index.

use crate::query::Literal;
use crate::{Attribute, Json, Name, Value};
use compact_str::CompactString;
use smallvec::{SmallVec, smallvec};

/// A simple value. Values of different kinds are never equal.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum Leaf<'a> {
    /// A boolean.
    Bool(bool),
    /// A number; large integers are rounded to the nearest double, so that a lookup must include its bounds.
    Number(f64),
    /// A text, a target of a relationship, a term of a vocabulary (expanded), a text of some language.
    Text(&'a str),
}

/// Where in an entity an index by value looks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The attribute, then sub-attributes below it; at least one.
    pub names: SmallVec<[Name; 1]>,
    /// Members of its compound value, or a language tag; empty for the whole value.
    pub members: SmallVec<[CompactString; 1]>,
}

impl Place {
    /// The value of a top-level attribute.
    pub fn of(name: Name) -> Self {
        Self { names: smallvec![name], members: SmallVec::new() }
    }

    /// The top-level attribute that it is in.
    pub fn attribute(&self) -> Name {
        self.names[0]
    }

    /// Hands out every simple value at this place in an instance of [`Self::attribute`]: an entity satisfies
    /// [`Conjunct::Value`](super::Conjunct::Value) only through one of these.
    pub fn leaves<'a>(&self, instance: &'a Attribute, visit: &mut dyn FnMut(Leaf<'a>)) {
        self.below(&self.names[1..], instance, visit);
    }

    fn below<'a>(&self, names: &[Name], attribute: &'a Attribute, visit: &mut dyn FnMut(Leaf<'a>)) {
        match names.split_first() {
            Some((name, deeper)) => {
                attribute.sub.iter().filter(|a| a.name == *name).for_each(|a| self.below(deeper, a, visit));
            }
            None if self.members.is_empty() => leaves(&attribute.value, visit),
            None => leaves_below(&attribute.value, &self.members, visit),
        }
    }
}

/// As [`leaves`], below members in brackets.
fn leaves_below<'a>(value: &'a Value, members: &[CompactString], visit: &mut dyn FnMut(Leaf<'a>)) {
    match (value, members) {
        (Value::Property(json) | Value::Json(json), _) => {
            if let Some(json) = members.iter().try_fold(json, |json, member| json.get(member)) {
                of_json(json, visit);
            }
        }
        (Value::Language(map), [tag]) => {
            let of_tag = map.iter().filter(|(t, _)| t.eq_ignore_ascii_case(tag));
            of_tag.for_each(|(_, texts)| of_json(texts, visit));
        }
        (Value::Geo(geometry), [member]) if member == "type" => visit(Leaf::Text(geometry.kind())),
        _ => {}
    }
}

/// Hands out every simple value that a condition on the attribute's whole value (without a path in brackets) may be
/// satisfied by.
pub fn leaves<'a>(value: &'a Value, visit: &mut dyn FnMut(Leaf<'a>)) {
    match value {
        Value::Property(json) | Value::Json(json) => of_json(json, visit),
        Value::List(items) => items.iter().for_each(|item| of_simple(item, visit)),
        Value::Language(map) => map.iter().for_each(|(_, texts)| of_json(texts, visit)),
        Value::Vocab(terms) => terms.as_slice().iter().for_each(|term| visit(Leaf::Text(term.as_str()))),
        Value::Relationship { .. } | Value::ListRelationship { .. } => {
            value.targets().iter().for_each(|target| visit(Leaf::Text(target.as_str())));
        }
        Value::Geo(_) => {}
    }
}

fn of_json<'a>(json: &'a Json, visit: &mut dyn FnMut(Leaf<'a>)) {
    match json {
        Json::Array(items) => items.iter().for_each(|item| of_simple(item, visit)),
        one => of_simple(one, visit),
    }
}

fn of_simple<'a>(json: &'a Json, visit: &mut dyn FnMut(Leaf<'a>)) {
    match json {
        Json::Bool(b) => visit(Leaf::Bool(*b)),
        Json::Int(i) => visit(Leaf::Number(*i as f64)),
        Json::Float(f) => visit(Leaf::Number(*f)),
        Json::Str(text) => visit(Leaf::Text(text)),
        Json::Object(_) => match json.get("@value") {
            Some(Json::Object(_) | Json::Array(_)) | None => {}
            Some(inner) => of_simple(inner, visit),
        },
        Json::Null | Json::Array(_) => {}
    }
}

impl Literal {
    /// The simple value that this constant looks for; none when no single one will do: an instant has many texts, an
    /// expanded term is found by its IRI and as it was written.
    pub fn leaf(&self) -> Option<Leaf<'_>> {
        match self {
            Self::Bool(b) => Some(Leaf::Bool(*b)),
            Self::Int(i) => Some(Leaf::Number(*i as f64)),
            Self::Float(f) => Some(Leaf::Number(*f)),
            Self::Text(text) | Self::Uri(text) => Some(Leaf::Text(text)),
            Self::DateTime(_) | Self::Date(_) | Self::TimeOfDay(_) | Self::Term(_) => None,
        }
    }
}
