//! The values of the eight kinds of attribute (clauses 4.5.2, 4.5.3, 4.5.18 to 4.5.24, 4.7). Holds no member but the
//! value's own.

use super::fault::{Fault, shown};
use super::{Field, Mode, NULL, Reader, member};
use crate::entity::{Objects, Terms};
use crate::geojson::parse_geometry;
use crate::{AttributeKind, Json, Value};
use belfry_kernel::Iri;
use compact_str::CompactString;
use smallvec::SmallVec;

impl Json {
    /// Whether it is an object.
    pub(super) fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }
}

/// `"urn:ngsi-ld:null"`, or the one form of it that this kind has (clause 4.5.0).
fn is_null(kind: AttributeKind, json: &Json) -> bool {
    match json {
        Json::Str(text) => text == NULL,
        Json::Array(items) => match (kind, items.as_slice()) {
            (AttributeKind::ListProperty | AttributeKind::ListRelationship, [one]) => {
                one.as_str() == Some(NULL) || one.get("object").and_then(Json::as_str) == Some(NULL)
            }
            _ => false,
        },
        Json::Object(members) => match (kind, members.as_slice()) {
            (AttributeKind::LanguageProperty, [(tag, text)]) => tag == "@none" && text.as_str() == Some(NULL),
            _ => false,
        },
        _ => false,
    }
}

impl Reader<'_> {
    /// Reads a value of this kind, or Null where the mode has it.
    pub(super) fn value(&self, kind: AttributeKind, json: Json) -> Result<Field<Value>, Box<Fault>> {
        let member = kind.value_member();
        if is_null(kind, &json) {
            return if self.mode.deletes_attributes() {
                Ok(Field::Delete)
            } else {
                Err(Fault::new(format!("{member}: urn:ngsi-ld:null cannot stand here")))
            };
        }
        if json == Json::Null {
            return Err(Fault::new(format!("{member}: null is no value (urn:ngsi-ld:null deletes)")));
        }
        Ok(Field::Set(match kind {
            AttributeKind::Property => {
                self.sound(member, &json, self.mode == Mode::Merge)?;
                Value::Property(json)
            }
            AttributeKind::JsonProperty => {
                self.sound(member, &json, true)?;
                Value::Json(json)
            }
            AttributeKind::GeoProperty => {
                let geometry = parse_geometry(&json).map_err(|e| Fault::new(format!("value: {}", e.public())))?;
                Value::Geo(geometry)
            }
            AttributeKind::Relationship => {
                Value::Relationship { objects: self.objects(json)?, object_types: SmallVec::new() }
            }
            AttributeKind::LanguageProperty => Value::Language(self.language_map(json)?),
            AttributeKind::VocabProperty => Value::Vocab(self.vocab(json)?),
            AttributeKind::ListProperty => match json {
                Json::Array(items) => {
                    for item in &items {
                        if *item == Json::Null {
                            return Err(Fault::new("valueList: null is no value"));
                        }
                    }
                    let list = Json::Array(items);
                    self.sound(member, &list, false)?;
                    let Json::Array(items) = list else { return Ok(Field::Keep) };
                    Value::List(items)
                }
                other => return Err(Fault::new(format!("valueList: it is an array, not {}", other.kind()))),
            },
            AttributeKind::ListRelationship => {
                Value::ListRelationship { objects: self.object_list(json)?, object_types: SmallVec::new() }
            }
        }))
    }

    /// Checks the size of a value, the terms inside it, and that Null does not stand in it.
    fn sound(&self, member: &str, json: &Json, null: bool) -> Result<(), Box<Fault>> {
        let mut bytes = 0;
        self.walk(member, json, null, &mut bytes)?;
        if bytes > self.limits.value_bytes {
            return Err(Fault::new(format!("{member}: it is larger than {} bytes", self.limits.value_bytes)));
        }
        Ok(())
    }

    fn walk(&self, member: &str, json: &Json, null: bool, bytes: &mut usize) -> Result<(), Box<Fault>> {
        match json {
            Json::Str(text) => *bytes += text.len(),
            Json::Array(items) => {
                *bytes += 8;
                for item in items {
                    self.walk(member, item, null, bytes)?;
                }
            }
            Json::Object(members) => {
                *bytes += 8;
                for (key, value) in members {
                    *bytes += key.len();
                    if !null && value.as_str() == Some(NULL) {
                        return Err(Fault::new(format!(
                            "{member}: urn:ngsi-ld:null cannot stand in it ('{}')",
                            shown(key)
                        )));
                    }
                    if let Some(reason) = self.limits.deny.reason(key) {
                        return Err(Fault::new(format!("{member}: the term '{}' is refused: {reason}", shown(key))));
                    }
                    self.walk(member, value, null, bytes)?;
                }
            }
            _ => *bytes += 8,
        }
        Ok(())
    }

    fn objects(&self, json: Json) -> Result<Objects, Box<Fault>> {
        match json {
            Json::Str(_) => member::iri("object", &json).map(Objects::One),
            Json::Array(items) => {
                self.some_targets("object", items.len())?;
                if items.is_empty() {
                    return Err(Fault::new("object: the array is empty"));
                }
                items.iter().map(|item| member::iri("object", item)).collect::<Result<_, _>>().map(Objects::Many)
            }
            other => Err(Fault::new(format!("object: it is a URI or an array of URIs, not {}", other.kind()))),
        }
    }

    fn object_list(&self, json: Json) -> Result<Vec<Iri>, Box<Fault>> {
        let Json::Array(items) = json else {
            return Err(Fault::new(format!("objectList: it is an array, not {}", json.kind())));
        };
        self.some_targets("objectList", items.len())?;
        items
            .iter()
            .map(|item| match item {
                Json::Object(members) => match members.as_slice() {
                    [(key, target)] if key == "object" => member::iri("objectList", target),
                    _ => Err(Fault::new("objectList: each one is a URI or an object with the one member object")),
                },
                other => member::iri("objectList", other),
            })
            .collect()
    }

    fn some_targets(&self, member: &str, count: usize) -> Result<(), Box<Fault>> {
        if count > self.limits.targets {
            return Err(Fault::new(format!("{member}: more than {} of them", self.limits.targets)));
        }
        Ok(())
    }

    fn vocab(&self, json: Json) -> Result<Terms, Box<Fault>> {
        let one = |text: &str| {
            if text.is_empty() || text.starts_with('@') || text.chars().any(|c| c.is_control()) {
                return Err(Fault::new(format!("vocab: '{}' is not a term", shown(text))));
            }
            let name = self.context.expand(text)?;
            match self.denied(text, name) {
                Some(why) => Err(Fault::new(format!("vocab: {why}"))),
                None => Ok(name),
            }
        };
        match json {
            Json::Str(text) => one(&text).map(Terms::One),
            Json::Array(items) => {
                if items.is_empty() {
                    return Err(Fault::new("vocab: the array is empty"));
                }
                if items.len() > self.limits.types {
                    return Err(Fault::new(format!("vocab: more than {} of them", self.limits.types)));
                }
                let mut terms = Vec::with_capacity(items.len());
                for item in &items {
                    let Json::Str(text) = item else {
                        return Err(Fault::new(format!("vocab: each one is a text, not {}", item.kind())));
                    };
                    terms.push(one(text)?);
                }
                Ok(Terms::Many(terms))
            }
            other => Err(Fault::new(format!("vocab: it is a text or an array of texts, not {}", other.kind()))),
        }
    }

    fn language_map(&self, json: Json) -> Result<Vec<(CompactString, Json)>, Box<Fault>> {
        let Json::Object(members) = json else {
            return Err(Fault::new(format!("languageMap: it is an object, not {}", json.kind())));
        };
        if members.is_empty() {
            return Err(Fault::new("languageMap: it is empty"));
        }
        if members.len() > self.limits.languages {
            return Err(Fault::new(format!("languageMap: more than {} languages", self.limits.languages)));
        }
        let mut bytes = 0;
        for (at, (tag, value)) in members.iter().enumerate() {
            if tag != "@none" && !is_language(tag) {
                return Err(Fault::new(format!("languageMap: '{}' is not a language tag", shown(tag))));
            }
            if members[..at].iter().any(|(other, _)| other == tag) {
                return Err(Fault::new(format!("languageMap: '{tag}' is given twice")));
            }
            match value {
                Json::Str(text) if text == NULL && self.mode != Mode::Merge => {
                    return Err(Fault::new(format!("languageMap: urn:ngsi-ld:null cannot stand in it ('{tag}')")));
                }
                Json::Str(text) => bytes += text.len(),
                Json::Array(texts) if !texts.is_empty() && texts.iter().all(|t| t.as_str().is_some()) => {
                    bytes += texts.iter().filter_map(Json::as_str).map(str::len).sum::<usize>();
                }
                _ => return Err(Fault::new(format!("languageMap: '{tag}' has neither a text nor an array of texts"))),
            }
        }
        if bytes > self.limits.value_bytes {
            return Err(Fault::new(format!("languageMap: it is larger than {} bytes", self.limits.value_bytes)));
        }
        Ok(members)
    }
}

/// The shape of an RFC 5646 language tag: letters first, then parts of letters and digits, each 1 to 8 long.
fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    parts.next().is_some_and(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphabetic()))
        && parts.all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()))
}
