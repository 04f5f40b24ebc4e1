//! Merge entity (clause 5.6.17) with the algorithm of 5.5.12: RFC 7396 carried to every depth, NGSI-LD Null deleting.

use super::Outcome;
use super::instance::{Draft, written};
use crate::entity::{Objects, Terms};
use crate::form::fragment::drop_nulls;
use crate::form::{AttributeFragment, EntityFragment, Field, NULL};
use crate::geojson::{parse_geometry, write_geometry};
use crate::{Attribute, AttributeKind, Context, Entity, Json, Value};
use belfry_kernel::{Error, Iri, Time};
use compact_str::CompactString;
use hashbrown::HashMap;
use smallvec::SmallVec;

/// What a client may say about all attributes of a merge.
#[derive(Clone, Default)]
pub struct MergeOptions<'a> {
    /// The observedAt of attributes that had one and are given none (clause 5.6.17.4).
    pub observed_at: Option<Time>,
    /// The language of texts that are given for LanguageProperties.
    pub lang: Option<CompactString>,
    /// Expands bare texts that are given for VocabProperties.
    pub context: Option<&'a Context>,
}

/// Merges the fragment into the entity.
///
/// # Errors
/// `BadRequestData` when a new attribute is not complete, or a bare value cannot be one of the attribute's kind.
pub fn merge_entity(
    current: Entity,
    fragment: EntityFragment,
    options: &MergeOptions<'_>,
    now: Time,
) -> Result<Outcome, Error> {
    let mut draft = Draft::new(current, now);
    for attribute in fragment.attributes {
        match draft.find(attribute.name, attribute.dataset_id.as_ref()) {
            Some(at) if attribute.deletes() => draft.remove(at),
            None if attribute.deletes() => {}
            Some(at) => {
                let target = &mut draft.entity.attributes[at];
                let before = target.clone();
                merge_instance(target, attribute, options, now, true)?;
                let change = written(&before, target);
                draft.note(before.name, before.dataset_id, change);
            }
            None => draft.add(attribute.into_attribute(now)?),
        }
    }
    draft.add_types(&fragment.types);
    draft.change_scopes(fragment.scopes);
    draft.set_expiry(fragment.expires_at);
    Ok(draft.finish())
}

/// Merges one instance. `deep` goes into JSON values (5.5.12); otherwise the value is replaced (5.5.8).
pub(super) fn merge_instance(
    target: &mut Attribute,
    fragment: AttributeFragment,
    options: &MergeOptions<'_>,
    now: Time,
    deep: bool,
) -> Result<(), Error> {
    let dated = fragment.observed_at.is_given();
    match fragment.value {
        Field::Set(value) if fragment.bare => merge_bare(target, value, options, deep)?,
        Field::Set(value) if deep && !fragment.stated => merge_implied(target, value)?,
        Field::Set(value) => merge_value(&mut target.value, value, deep),
        Field::Keep | Field::Delete => {}
    }
    match fragment.object_types {
        Field::Set(types) => target.value.set_object_types(types),
        Field::Delete => target.value.set_object_types(SmallVec::new()),
        Field::Keep => {}
    }
    if !matches!(target.value, Value::Property(_) | Value::List(_) | Value::Geo(_)) {
        target.unit_code = None;
    }
    fragment.observed_at.apply(&mut target.observed_at);
    if let Some(at) = options.observed_at
        && !dated
        && target.observed_at.is_some()
    {
        target.observed_at = Some(at);
    }
    fragment.unit_code.apply(&mut target.unit_code);
    fragment.expires_at.apply(&mut target.expires_at);
    for sub in fragment.sub {
        let at = target.sub.iter().position(|s| s.name == sub.name && s.dataset_id == sub.dataset_id);
        match at {
            Some(at) if sub.deletes() => drop(target.sub.remove(at)),
            None if sub.deletes() => {}
            Some(at) if deep => merge_instance(&mut target.sub[at], sub, options, now, deep)?,
            Some(at) => {
                let created_at = target.sub[at].created_at;
                target.sub[at] = Attribute { created_at, ..sub.into_attribute(now)? };
            }
            None => {
                let sub = sub.into_attribute(now)?;
                let place = target.sub.iter().rposition(|s| s.name == sub.name).map_or(target.sub.len(), |i| i + 1);
                target.sub.insert(place, sub);
            }
        }
    }
    target.modified_at = now;
    Ok(())
}

fn merge_value(target: &mut Value, mut value: Value, deep: bool) {
    match (target, &mut value) {
        (Value::Property(old), Value::Property(new)) if deep => merge_json(old, std::mem::replace(new, Json::Null)),
        (Value::Language(old), Value::Language(new)) if deep => {
            for (tag, text) in std::mem::take(new) {
                let at = old.iter().position(|(t, _)| *t == tag);
                match (at, text.as_str() == Some(NULL)) {
                    (Some(at), true) => drop(old.remove(at)),
                    (None, true) => {}
                    (Some(at), false) => old[at].1 = text,
                    (None, false) => old.push((tag, text)),
                }
            }
        }
        (
            Value::Relationship { objects: old, object_types },
            Value::Relationship { objects: new, object_types: new_types },
        ) => {
            *old = new.clone();
            if !new_types.is_empty() {
                object_types.clone_from(new_types);
            }
        }
        (
            Value::ListRelationship { objects: old, object_types },
            Value::ListRelationship { objects: new, object_types: new_types },
        ) => {
            *old = std::mem::take(new);
            if !new_types.is_empty() {
                object_types.clone_from(new_types);
            }
        }
        (target, _) => {
            drop_nulls(&mut value);
            *target = value;
        }
    }
}

/// A value whose kind is but implied by its member `value`: parts of a geometry are merged into the geometry that is
/// there, instead of putting a Property in its place.
fn merge_implied(target: &mut Attribute, value: Value) -> Result<(), Error> {
    if let (Value::Geo(old), Value::Property(patch)) = (&target.value, &value) {
        let mut text = Vec::with_capacity(128);
        write_geometry(old, &mut text);
        let mut json = Json::parse(&text, 8)?;
        merge_json(&mut json, patch.clone());
        let geometry = parse_geometry(&json)
            .map_err(|e| Error::bad_data(format!("attribute '{}': value: {}", target.name, e.public())))?;
        target.value = Value::Geo(geometry);
    } else {
        merge_value(&mut target.value, value, true);
    }
    Ok(())
}

/// RFC 7396 with NGSI-LD Null for null.
fn merge_json(target: &mut Json, patch: Json) {
    let Json::Object(members) = patch else {
        *target = patch;
        return;
    };
    if !matches!(target, Json::Object(_)) {
        *target = Json::Object(Vec::new());
    }
    let Json::Object(into) = target else { return };
    // By key, once looking through the members for each of the patch's would cost more.
    let mut places: Option<HashMap<CompactString, usize>> = (into.len().saturating_mul(members.len()) > 1024)
        .then(|| into.iter().enumerate().map(|(at, (key, _))| (key.clone(), at)).collect());
    let mut removed = false;
    for (key, value) in members {
        let at = match &places {
            Some(places) => places.get(&key).copied(),
            None => into.iter().position(|(k, _)| *k == key),
        };
        match (at, value.as_str() == Some(NULL)) {
            (Some(at), true) => {
                // Left in its place until the end, so that the places stay right.
                into[at].1 = Json::from(NULL);
                removed = true;
            }
            (None, true) => {}
            (Some(at), false) => merge_json(&mut into[at].1, value),
            (None, false) => {
                let mut new = Json::Null;
                merge_json(&mut new, value);
                if let Some(places) = &mut places {
                    places.insert(key.clone(), into.len());
                }
                into.push((key, new));
            }
        }
    }
    if removed {
        into.retain(|(_, value)| value.as_str() != Some(NULL));
    }
}

/// A bare value does not change the attribute's kind (clause 5.6.17.4): it is read as one of that kind.
fn merge_bare(target: &mut Attribute, value: Value, options: &MergeOptions<'_>, deep: bool) -> Result<(), Error> {
    let kind = target.value.kind();
    if value.kind() == kind {
        merge_value(&mut target.value, value, deep);
        return Ok(());
    }
    let name = target.name;
    let refused = |what: &str| Error::bad_data(format!("attribute '{name}': {what}, since it is a {}", kind.as_str()));
    let Value::Property(json) = value else {
        // A bare geometry for something that was no GeoProperty.
        return match kind {
            AttributeKind::Property => {
                target.value = value;
                Ok(())
            }
            _ => Err(refused("the value cannot be a geometry")),
        };
    };
    let uri = |json: &Json| {
        json.as_str()
            .and_then(|text| Iri::parse(text).ok())
            .ok_or_else(|| refused("the value must be a URI or an array of URIs"))
    };
    let new = match (kind, json) {
        (AttributeKind::Relationship, Json::Array(items)) if !items.is_empty() => Value::Relationship {
            objects: Objects::Many(items.iter().map(uri).collect::<Result<_, _>>()?),
            object_types: SmallVec::new(),
        },
        (AttributeKind::Relationship, json) => {
            Value::Relationship { objects: Objects::One(uri(&json)?), object_types: SmallVec::new() }
        }
        (AttributeKind::ListRelationship, Json::Array(items)) => Value::ListRelationship {
            objects: items.iter().map(uri).collect::<Result<_, _>>()?,
            object_types: SmallVec::new(),
        },
        (AttributeKind::ListProperty, Json::Array(items)) => Value::List(items),
        (AttributeKind::JsonProperty, json) => Value::Json(json),
        (AttributeKind::LanguageProperty, Json::Str(text)) => {
            let tag = options.lang.clone().unwrap_or_else(|| "@none".into());
            merge_value(&mut target.value, Value::Language(vec![(tag, Json::Str(text))]), true);
            return Ok(());
        }
        (AttributeKind::VocabProperty, Json::Str(text)) => match options.context {
            Some(context) => Value::Vocab(Terms::One(context.expand(&text)?)),
            None => return Err(refused("the value must be an object with vocab")),
        },
        (AttributeKind::VocabProperty, Json::Array(items)) if options.context.is_some() && !items.is_empty() => {
            let context = options.context.ok_or_else(|| refused("the value must be an object with vocab"))?;
            let term = |item: &Json| match item.as_str() {
                Some(text) => context.expand(text),
                None => Err(refused("the value must be terms")),
            };
            Value::Vocab(Terms::Many(items.iter().map(term).collect::<Result<_, _>>()?))
        }
        (_, json) => {
            let what = format!("the value cannot be {}", json.kind());
            return Err(refused(&what));
        }
    };
    merge_value(&mut target.value, new, deep);
    Ok(())
}
