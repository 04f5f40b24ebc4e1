//! The body of a notification (ETSI GS CIM 009 clauses 5.3.1, 5.8.6, 6.3.8): entities as the subscription wants them.
//! Entities shown as they are go straight into the buffer; deletions and values before take a way through a tree.

use super::{Accept, Changed, Subscription, Triggers};
use crate::form::NULL;
use crate::form::write::{Representation, View, write_entity, write_feature};
use crate::json::write_str;
use crate::{Attribute, AttributeKind, Context, Entity, Json, Name, Value};
use belfry_kernel::{Iri, Time};
use compact_str::CompactString;

/// What stands around the entities.
#[derive(Clone, Copy, Debug)]
pub struct NotificationHead<'a> {
    /// The notification's own identifier.
    pub id: &'a str,
    /// When it was made.
    pub notified_at: Time,
    /// The context that names are compacted with.
    pub context: &'a Context,
}

/// One entity of a notification.
#[derive(Clone, Copy, Debug)]
pub enum Notice<'a> {
    /// As it is now.
    Entity {
        /// The entity.
        entity: &'a Entity,
        /// What changed; for deleted attributes and values before. Empty when periodic.
        changes: &'a [Changed<'a>],
    },
    /// Gone.
    Deleted {
        /// Its last image.
        entity: &'a Entity,
        /// When it went.
        at: Time,
    },
}

impl Subscription {
    /// How entities are shown.
    pub fn view(&self) -> View {
        let n = &self.notification;
        View {
            representation: n.format,
            sys_attrs: n.sys_attrs,
            languages: self.languages.clone(),
            id: n.shows_id,
            types: n.shows_type,
            scope: n.shows_scope,
            select: n.select.clone(),
            datasets: self.datasets.clone(),
        }
    }

    fn context_in_body(&self) -> bool {
        match self.notification.endpoint.accept {
            Accept::Json => false,
            Accept::JsonLd => true,
            Accept::GeoJson => !self.prefers_plain_body(),
        }
    }

    /// Whether the receiver asked for GeoJSON without `@context` (clause 6.3.8).
    fn prefers_plain_body(&self) -> bool {
        self.notification
            .endpoint
            .receiver_info
            .iter()
            .any(|(k, v)| k.eq_ignore_ascii_case("prefer") && &**v == "body=json")
    }

    /// Whether the context goes into a Link header.
    pub fn links_context(&self) -> bool {
        !self.context_in_body()
    }
}

/// Appends a notification. `view` is what [`Subscription::view`] gave.
pub fn write_notification(
    subscription: &Subscription,
    view: &View,
    head: &NotificationHead<'_>,
    notices: &[Notice<'_>],
    out: &mut Vec<u8>,
) {
    let member = subscription.context_in_body().then(|| head.context.reference().text());
    out.extend_from_slice(b"{\"id\":");
    write_str(head.id, out);
    out.extend_from_slice(b",\"type\":\"Notification\",\"subscriptionId\":");
    write_str(subscription.id.as_str(), out);
    out.extend_from_slice(b",\"notifiedAt\":\"");
    head.notified_at.with_text(|text| out.extend_from_slice(text.as_bytes()));
    out.extend_from_slice(b"\",\"data\":");
    let geo = subscription.notification.endpoint.accept == Accept::GeoJson;
    out.extend_from_slice(if geo { b"{\"type\":\"FeatureCollection\",\"features\":[".as_slice() } else { b"[" });
    for (at, notice) in notices.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_notice(subscription, view, head.context, notice, geo, out);
    }
    out.push(b']');
    if geo {
        if let Some(text) = member {
            out.extend_from_slice(b",\"@context\":");
            out.extend_from_slice(text);
        }
        out.push(b'}');
    } else if let Some(text) = member {
        out.extend_from_slice(b",\"@context\":");
        out.extend_from_slice(text);
    }
    out.push(b'}');
}

fn write_notice(
    subscription: &Subscription,
    view: &View,
    context: &Context,
    notice: &Notice<'_>,
    geo: bool,
    out: &mut Vec<u8>,
) {
    let shows_changes = subscription.notification.show_changes;
    match notice {
        Notice::Entity { entity, changes } => {
            let gone = |c: &&Changed<'_>| {
                c.kind == Triggers::ATTRIBUTE_DELETED
                    && view.select.shows(c.name)
                    && view.datasets.as_ref().is_none_or(|all| all.iter().any(|d| d.as_ref() == c.dataset_id))
            };
            let special = shows_changes || changes.iter().any(|c| gone(&c));
            if !special {
                return write_one(entity, context, view, geo, out);
            }
            let mut text = Vec::new();
            write_one(entity, context, view, geo, &mut text);
            let Ok(mut json) = Json::parse(&text, 128) else { return out.extend_from_slice(&text) };
            if let Some(members) = attributes_of(&mut json, geo) {
                for change in *changes {
                    if gone(&change) {
                        add(
                            members,
                            context.compact(change.name),
                            deleted_attribute(change, entity.modified_at, view, shows_changes, context),
                        );
                    } else if shows_changes && let Some(before) = change.before {
                        show_before(members, context.compact(change.name), change.dataset_id, before, view, context);
                    }
                }
            }
            json.write(out);
        }
        Notice::Deleted { entity, at } => {
            let mut bare = (*entity).clone();
            let last = std::mem::take(&mut bare.attributes);
            bare.scopes.clear();
            bare.expires_at = None;
            let mut text = Vec::new();
            write_one(&bare, context, view, geo, &mut text);
            let Ok(mut json) = Json::parse(&text, 128) else { return out.extend_from_slice(&text) };
            if let Some(members) = attributes_of(&mut json, geo) {
                members.push(("deletedAt".into(), at.with_text(|t| Json::from(t))));
                if shows_changes {
                    let shown = |a: &&Attribute| {
                        view.select.shows(a.name)
                            && view.datasets.as_ref().is_none_or(|all| all.contains(&a.dataset_id))
                    };
                    for attribute in last.iter().filter(shown) {
                        let change = Changed {
                            name: attribute.name,
                            dataset_id: attribute.dataset_id.as_ref(),
                            kind: Triggers::ATTRIBUTE_DELETED,
                            before: Some(attribute),
                        };
                        let value = deleted_attribute(&change, *at, view, true, context);
                        add(members, context.compact(attribute.name), value);
                    }
                }
            }
            json.write(out);
        }
    }
}

fn write_one(entity: &Entity, context: &Context, view: &View, geo: bool, out: &mut Vec<u8>) {
    if geo {
        match Name::intern("https://uri.etsi.org/ngsi-ld/location") {
            Ok(location) => write_feature(entity, context, view, location, None, out),
            Err(_) => write_entity(entity, context, view, None, out),
        }
    } else {
        write_entity(entity, context, view, None, out);
    }
}

type Members = Vec<(CompactString, Json)>;

fn attributes_of(json: &mut Json, geo: bool) -> Option<&mut Members> {
    let Json::Object(members) = json else { return None };
    if !geo {
        return Some(members);
    }
    match members.iter_mut().find(|(key, _)| key == "properties") {
        Some((_, Json::Object(properties))) => Some(properties),
        _ => None,
    }
}

/// Adds an instance beside those of the same name.
fn add(members: &mut Members, key: &str, value: Json) {
    match members.iter_mut().find(|(k, _)| k == key) {
        Some((_, Json::Array(items))) => items.push(value),
        Some((_, one)) => *one = Json::Array(vec![std::mem::replace(one, Json::Null), value]),
        None => members.push((key.into(), value)),
    }
}

/// What stands for an attribute that is gone: the bare null, or an object when more is to be said.
fn deleted_attribute(change: &Changed<'_>, at: Time, view: &View, shows_changes: bool, context: &Context) -> Json {
    let before = change.before.filter(|_| shows_changes);
    let more = before.is_some() || change.dataset_id.is_some() || view.sys_attrs;
    if view.representation == Representation::Simplified || !more {
        return Json::from(NULL);
    }
    let kind = change.before.map_or(AttributeKind::Property, |a| a.value.kind());
    let null = if kind == AttributeKind::LanguageProperty {
        Json::Object(vec![("@none".into(), Json::from(NULL))])
    } else {
        Json::from(NULL)
    };
    let mut members: Members = Vec::new();
    if view.representation == Representation::Normalized {
        members.push(("type".into(), Json::from(kind.as_str())));
    }
    members.push((kind.value_member().into(), null));
    if let Some(before) = before {
        members.push((previous(kind).into(), value_of(before, context)));
    }
    if let Some(id) = change.dataset_id {
        members.push(("datasetId".into(), Json::from(id.as_str())));
    }
    if view.sys_attrs {
        if let Some(last) = change.before {
            members.push(("createdAt".into(), last.created_at.with_text(|t| Json::from(t))));
            members.push(("modifiedAt".into(), last.modified_at.with_text(|t| Json::from(t))));
        }
        members.push(("deletedAt".into(), at.with_text(|t| Json::from(t))));
    }
    Json::Object(members)
}

/// Adds the value before to the instance that took its place.
fn show_before(
    members: &mut Members,
    key: &str,
    dataset_id: Option<&Iri>,
    before: &Attribute,
    view: &View,
    context: &Context,
) {
    let Some((_, value)) = members.iter_mut().find(|(k, _)| k == key) else { return };
    let kind = before.value.kind();
    let wanted = dataset_id.map(Iri::as_str);
    let of_dataset = |json: &&mut Json| json.get("datasetId").and_then(Json::as_str) == wanted;
    let instance = match value {
        Json::Array(items) if items.iter().any(|i| matches!(i, Json::Object(_))) => items.iter_mut().find(of_dataset),
        one => Some(one),
    };
    let Some(instance) = instance else { return };
    let previous = (CompactString::from(previous(kind)), value_of(before, context));
    match instance {
        Json::Object(inner) if inner.iter().any(|(k, _)| AttributeKind::ALL.iter().any(|(.., member)| k == member)) => {
            inner.push(previous);
        }
        // The concise form of a value that stands alone: it gets an object around it.
        bare if view.representation == Representation::Concise => {
            let value = std::mem::replace(bare, Json::Null);
            *bare = Json::Object(vec![("value".into(), value), previous]);
        }
        _ => {}
    }
}

fn previous(kind: AttributeKind) -> &'static str {
    match kind {
        AttributeKind::Property | AttributeKind::GeoProperty => "previousValue",
        AttributeKind::Relationship => "previousObject",
        AttributeKind::LanguageProperty => "previousLanguageMap",
        AttributeKind::VocabProperty => "previousVocab",
        AttributeKind::JsonProperty => "previousJson",
        AttributeKind::ListProperty => "previousValueList",
        AttributeKind::ListRelationship => "previousObjectList",
    }
}

/// The value of an attribute as its value member shows it.
fn value_of(attribute: &Attribute, context: &Context) -> Json {
    let alone = Entity {
        id: Iri::from_checked("urn:ngsi-ld:Nothing:0"),
        types: smallvec::smallvec![attribute.name],
        scopes: Vec::new(),
        attributes: vec![Attribute { dataset_id: None, ..attribute.clone() }],
        created_at: attribute.created_at,
        modified_at: attribute.modified_at,
        expires_at: None,
    };
    let view = View { id: false, types: false, ..View::default() };
    let mut text = Vec::new();
    write_entity(&alone, context, &view, None, &mut text);
    let member = attribute.value.kind().value_member();
    let shown = Json::parse(&text, 128).ok().and_then(|json| match json {
        Json::Object(members) => members.into_iter().next().and_then(|(_, v)| v.get(member).cloned()),
        _ => None,
    });
    shown.unwrap_or_else(|| match &attribute.value {
        Value::Property(json) | Value::Json(json) => json.clone(),
        _ => Json::Null,
    })
}
