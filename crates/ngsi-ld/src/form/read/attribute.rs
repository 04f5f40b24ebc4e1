//! Attribute instances: telling the forms apart, then taking an instance to pieces, sub-attributes included
//! (clauses 4.5.2 to 4.5.5). Holds no value syntax.

use super::fault::{Fault, shown};
use super::{Field, Mode, NULL, Reader, member};
use crate::entity::MEANS_DATASET;
use crate::form::{AttributeFragment, PLAIN};
use crate::geojson::Shape;
use crate::{AttributeKind, Json, Name};
use belfry_kernel::Iri;
use compact_str::CompactString;

type Members = Vec<(CompactString, Json)>;

/// What an object in an attribute's place is.
enum Shown {
    /// An attribute with its members; the kind that it states or implies.
    Members(Option<AttributeKind>),
    /// A GeoJSON geometry alone.
    Geometry,
    /// A value alone.
    Value,
}

/// The kind that a value member implies; Property for `value`, whatever is in it.
fn implied(key: &str) -> Option<AttributeKind> {
    Some(match key {
        "value" => AttributeKind::Property,
        "object" => AttributeKind::Relationship,
        "languageMap" => AttributeKind::LanguageProperty,
        "vocab" => AttributeKind::VocabProperty,
        "json" => AttributeKind::JsonProperty,
        "valueList" => AttributeKind::ListProperty,
        "objectList" => AttributeKind::ListRelationship,
        _ => return None,
    })
}

/// Whether an object is a geometry: for the inference of GeoProperty (clause 4.5.2.3).
pub(super) fn is_geometry(json: &Json) -> bool {
    match json {
        Json::Object(members) if members.len() >= 2 => {
            json.get("coordinates").is_some_and(|c| matches!(c, Json::Array(_)))
                && json.get("type").and_then(Json::as_str).is_some_and(|t| Shape::parse(t).is_ok())
        }
        _ => false,
    }
}

/// Whether an item of an array is an attribute instance rather than a value.
fn is_instance(json: &Json) -> bool {
    let Json::Object(members) = json else { return false };
    members.iter().any(|(key, value)| match key.as_str() {
        "type" | "@type" => value.as_str().is_some_and(|t| AttributeKind::parse(t).is_some()),
        "datasetId" => true,
        key => implied(key).is_some(),
    })
}

impl Reader<'_> {
    /// Reads what stands under one attribute's name: an instance, several, or a bare value. `level` is 1 for an
    /// attribute of the entity. `body` tells that it is the whole body of a request about this attribute: of a partial
    /// update, its members are members of the attribute even if none of them is a value.
    pub(super) fn instances(
        &self,
        term: &str,
        name: Name,
        value: Json,
        level: usize,
        body: bool,
        out: &mut Vec<AttributeFragment>,
    ) -> Result<(), Box<Fault>> {
        if level > self.limits.levels {
            return Err(Fault::new(format!("attributes are nested deeper than {} levels", self.limits.levels)));
        }
        let first = out.len();
        match value {
            Json::Array(items) if items.iter().any(is_instance) && !self.simplified => {
                if items.len() > self.limits.instances {
                    return Err(Fault::new(format!("it has more than {} instances", self.limits.instances)));
                }
                for item in items {
                    if !is_instance(&item) {
                        return Err(Fault::new("its array mixes attribute instances with something else"));
                    }
                    out.push(self.instance(term, name, item, level, body)?);
                }
                self.order(&mut out[first..])?;
            }
            Json::Object(mut members)
                if members.len() == 1 && members[0].0 == "dataset" && members[0].1.is_object() =>
            {
                let Some((_, Json::Object(datasets))) = members.pop() else { return Ok(()) };
                if datasets.len() > self.limits.instances {
                    return Err(Fault::new(format!("it has more than {} instances", self.limits.instances)));
                }
                for (dataset, value) in datasets {
                    let mut instance = self.instance(term, name, value, level, body)?;
                    instance.dataset_id = dataset_id(&Json::Str(dataset))?;
                    out.push(instance);
                }
                self.order(&mut out[first..])?;
            }
            other => out.push(self.instance(term, name, other, level, body)?),
        }
        Ok(())
    }

    /// The default instance first, and no dataset twice.
    fn order(&self, instances: &mut [AttributeFragment]) -> Result<(), Box<Fault>> {
        if self.mode == Mode::Temporal {
            return Ok(());
        }
        if let Some(at) = instances.iter().position(|i| i.dataset_id.is_none()) {
            instances[..=at].rotate_right(1);
        }
        for (at, instance) in instances.iter().enumerate() {
            if instances[..at].iter().any(|i| i.dataset_id == instance.dataset_id) {
                return Err(match &instance.dataset_id {
                    Some(id) => Fault::new(format!("datasetId: '{}' is given twice", shown(id.as_str()))),
                    None => Fault::new("it has two instances without datasetId"),
                });
            }
        }
        Ok(())
    }

    fn instance(
        &self,
        term: &str,
        name: Name,
        value: Json,
        level: usize,
        body: bool,
    ) -> Result<AttributeFragment, Box<Fault>> {
        let Json::Object(members) = value else {
            return self.bare(name, value);
        };
        match self.look(&members, body)? {
            Shown::Members(kind) => self.members(term, name, kind, members, level),
            Shown::Geometry => {
                let mut fragment = AttributeFragment::new(name);
                fragment.kind = Some(AttributeKind::GeoProperty);
                fragment.bare = true;
                fragment.value = self.value(AttributeKind::GeoProperty, Json::Object(members))?;
                Ok(fragment)
            }
            Shown::Value => self.bare(name, Json::Object(members)),
        }
    }

    /// A value without an attribute around it.
    fn bare(&self, name: Name, value: Json) -> Result<AttributeFragment, Box<Fault>> {
        let mut fragment = AttributeFragment::new(name);
        fragment.bare = true;
        fragment.value = self.value(AttributeKind::Property, value)?;
        fragment.kind = (!fragment.deletes()).then_some(AttributeKind::Property);
        Ok(fragment)
    }

    fn look(&self, members: &Members, body: bool) -> Result<Shown, Box<Fault>> {
        let (mut kind, mut value, mut described, mut foreign) = (None, None, false, None);
        for (key, json) in members {
            match key.as_str() {
                "type" | "@type" => match json.as_str() {
                    Some(text) => match AttributeKind::parse(text) {
                        Some(found) => kind = Some(found),
                        None => foreign = Some(text),
                    },
                    None => return Err(Fault::new(format!("type: it is a text, not {}", json.kind()))),
                },
                "observedAt" | "unitCode" | "datasetId" | "expiresAt" | "valueType" | "objectType" => described = true,
                key => {
                    if let Some(implied) = implied(key) {
                        value = value.or(Some((implied, json)));
                    }
                }
            }
        }
        if let Some(foreign) = foreign {
            if members.iter().any(|(key, json)| key == "coordinates" && matches!(json, Json::Array(_)))
                && (Shape::parse(foreign).is_ok() || foreign == "GeometryCollection")
            {
                return Ok(Shown::Geometry);
            }
            if self.simplified {
                return Ok(Shown::Value);
            }
            return Err(Fault::new(format!(
                "type: '{}' is not a kind of attribute (Property, GeoProperty, Relationship, LanguageProperty, VocabProperty, \
                 JsonProperty, ListProperty, ListRelationship)",
                shown(foreign)
            )));
        }
        if kind.is_some() {
            return Ok(Shown::Members(kind));
        }
        if self.simplified {
            // 4.5.4: only these three kinds keep their member, alone.
            return Ok(match value {
                Some((kind, _))
                    if members.len() == 1
                        && matches!(
                            kind,
                            AttributeKind::LanguageProperty
                                | AttributeKind::VocabProperty
                                | AttributeKind::JsonProperty
                        ) =>
                {
                    Shown::Members(Some(kind))
                }
                _ => Shown::Value,
            });
        }
        Ok(match value {
            Some((AttributeKind::Property, json)) if is_geometry(json) => {
                Shown::Members(Some(AttributeKind::GeoProperty))
            }
            Some((kind, _)) => Shown::Members(Some(kind)),
            None if (body || described) && self.mode.in_parts() => Shown::Members(None),
            None if described => {
                return Err(Fault::new(
                    "it has no value (value, object, languageMap, vocab, json, valueList or objectList)",
                ));
            }
            None => Shown::Value,
        })
    }

    fn members(
        &self,
        term: &str,
        name: Name,
        kind: Option<AttributeKind>,
        members: Members,
        level: usize,
    ) -> Result<AttributeFragment, Box<Fault>> {
        let mut fragment = AttributeFragment::new(name);
        fragment.kind = kind;
        let null = self.mode.in_parts();
        let mut given = false;
        for (key, json) in members {
            match key.as_str() {
                "type" | "@type" => fragment.stated = true,
                "createdAt" | "modifiedAt" | "deletedAt" | "instanceId" => {}
                "observedAt" => fragment.observed_at = member::time("observedAt", &json, null)?,
                "expiresAt" => fragment.expires_at = member::time("expiresAt", &json, null)?,
                "datasetId" => fragment.dataset_id = dataset_id(&json)?,
                "unitCode" => fragment.unit_code = self.unit_code(kind, json)?,
                "objectType" => {
                    if kind.is_some_and(|k| !matches!(k, AttributeKind::Relationship | AttributeKind::ListRelationship))
                    {
                        return Err(Fault::new("objectType: only relationships have it"));
                    }
                    fragment.object_types = match json.as_str() {
                        Some(NULL) if null => Field::Delete,
                        _ => Field::Set(self.types("objectType", &json)?),
                    };
                }
                "valueType" => self.plain("valueType", PLAIN[0].1, json, &mut fragment)?,
                "entityIdSealed" | "entityTypeSealed" if term == "ngsildproof" => {
                    let (member, iri) = if key == "entityIdSealed" { PLAIN[1] } else { PLAIN[2] };
                    self.plain(member, iri, json, &mut fragment)?;
                }
                "@context" => return Err(Fault::new("@context: it can stand at the top of the document only")),
                "entityIdSealed" | "entityTypeSealed" => {
                    return Err(Fault::new(format!("{key}: it can stand in ngsildproof only")));
                }
                "entity"
                | "entityList"
                | "lang"
                | "previousValue"
                | "previousObject"
                | "previousLanguageMap"
                | "previousVocab"
                | "previousJson"
                | "previousValueList"
                | "previousObjectList" => {
                    return Err(Fault::new(format!("{key}: only the platform writes it")));
                }
                key if implied(key).is_some() => {
                    let Some(kind) = kind else { return Ok(fragment) };
                    if key != kind.value_member() {
                        return Err(Fault::new(format!(
                            "{key}: a {} carries {} instead",
                            kind.as_str(),
                            kind.value_member()
                        )));
                    }
                    if given {
                        return Err(Fault::new(format!("{key}: it is given twice")));
                    }
                    given = true;
                    fragment.value = self.value(kind, json)?;
                }
                sub => {
                    if json == Json::Null {
                        return Err(Fault::new("null cannot stand here").under(sub));
                    }
                    let name = self.name(sub, true)?;
                    let before = fragment.sub.len();
                    self.instances(sub, name, json, level + 1, false, &mut fragment.sub)
                        .map_err(|fault| fault.under(sub))?;
                    if fragment.sub.len() > self.limits.sub_attributes {
                        return Err(Fault::new(format!(
                            "it has more than {} sub-attributes",
                            self.limits.sub_attributes
                        )));
                    }
                    if fragment.sub[..before].iter().any(|s| s.name == name) {
                        return Err(Fault::new("it is given twice").under(sub));
                    }
                    if !null && fragment.sub[before..].iter().any(AttributeFragment::deletes) {
                        return Err(Fault::new("urn:ngsi-ld:null cannot stand here").under(sub));
                    }
                }
            }
        }
        if !given && !null {
            let member = kind.map_or("value", AttributeKind::value_member);
            return Err(Fault::new(format!("{member}: it is missing")));
        }
        if let (Field::Set(value), Field::Set(_)) = (&mut fragment.value, &fragment.object_types)
            && let Field::Set(types) = std::mem::take(&mut fragment.object_types)
        {
            value.set_object_types(types);
        }
        Ok(fragment)
    }

    fn unit_code(&self, kind: Option<AttributeKind>, json: Json) -> Result<Field<CompactString>, Box<Fault>> {
        use AttributeKind::{GeoProperty, ListProperty, Property};
        match json {
            Json::Str(text) if text == NULL => {
                if self.mode.in_parts() {
                    Ok(Field::Delete)
                } else {
                    Err(Fault::new("unitCode: urn:ngsi-ld:null cannot stand here"))
                }
            }
            Json::Str(_) if kind.is_some_and(|k| !matches!(k, Property | ListProperty | GeoProperty)) => {
                Err(Fault::new(format!("unitCode: a {} has no unit", kind.map_or("", AttributeKind::as_str))))
            }
            Json::Str(text) if text.is_empty() || text.len() > 64 => Err(Fault::new("unitCode: it has 1 to 64 bytes")),
            Json::Str(text) => Ok(Field::Set(text)),
            other => Err(Fault::new(format!("unitCode: it is a text, not {}", other.kind()))),
        }
    }

    /// A plain member that is kept as a sub-attribute.
    fn plain(&self, member: &str, iri: &str, json: Json, fragment: &mut AttributeFragment) -> Result<(), Box<Fault>> {
        let Json::Str(text) = json else {
            return Err(Fault::new(format!("{member}: it is a text, not {}", json.kind())));
        };
        let mut plain = AttributeFragment::new(Name::intern(iri)?);
        plain.kind = Some(AttributeKind::Property);
        plain.value = if text != NULL {
            Field::Set(crate::Value::Property(Json::Str(text)))
        } else if self.mode.in_parts() {
            Field::Delete
        } else {
            return Err(Fault::new(format!("{member}: urn:ngsi-ld:null cannot stand here")));
        };
        fragment.sub.push(plain);
        Ok(())
    }
}

/// A dataset id; `@none` is the default instance (clause 4.5.5.1).
fn dataset_id(json: &Json) -> Result<Option<Iri>, Box<Fault>> {
    match json.as_str() {
        Some("@none") => Ok(None),
        Some(NULL) => Err(Fault::new("datasetId: it cannot be deleted")),
        Some(text) if text.starts_with(MEANS_DATASET) => Err(Fault::new(format!(
            "datasetId: {MEANS_DATASET}… is for the means that the system makes of its history"
        ))),
        _ => member::iri("datasetId", json).map(Some),
    }
}
