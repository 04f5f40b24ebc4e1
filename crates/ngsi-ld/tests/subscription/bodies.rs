//! Bodies of notifications in each form.

use super::members::{json, now, read};
use belfry_ngsi_ld::form::{Limits, read_entity};
use belfry_ngsi_ld::subscription::{Changed, Notice, NotificationHead, Triggers, write_notification};
use belfry_ngsi_ld::{Attribute, Context, Entity, Json};

fn car(speed: i64) -> Entity {
    let text = format!(
        r#"{{"id":"urn:c:1","type":"Car","speed":{{"type":"Property","value":{speed}}},
        "owner":{{"type":"Relationship","object":"urn:p:1"}},
        "location":{{"type":"GeoProperty","value":{{"type":"Point","coordinates":[8,40]}}}}}}"#
    );
    let mut entity = read_entity(text.as_bytes(), Context::core(), &Limits::default()).unwrap();
    (entity.created_at, entity.modified_at) = (now(), now());
    entity
}

fn body(notification: &str, notice: &Notice<'_>) -> Json {
    let text = format!(
        r#"{{"id":"urn:s:1","type":"Subscription","entities":[{{"type":"Car"}}],"notification":{notification}}}"#
    );
    let subscription = read(&text, Context::core()).unwrap();
    let head = NotificationHead { id: "urn:n:1", notified_at: now(), context: Context::core() };
    let mut out = Vec::new();
    write_notification(&subscription, &subscription.view(), &head, std::slice::from_ref(notice), &mut out);
    json(std::str::from_utf8(&out).unwrap())
}

fn of<'a>(entity: &'a Entity, changes: &'a [Changed<'a>]) -> Notice<'a> {
    Notice::Entity { entity, changes }
}

fn first(body: &Json) -> &Json {
    match body.get("data") {
        Some(Json::Array(items)) => &items[0],
        other => panic!("{other:?}"),
    }
}

#[test]
fn forms() {
    let entity = car(5);
    let plain = body(r#"{"endpoint":{"uri":"http://h"}}"#, &of(&entity, &[]));
    assert_eq!(plain.get("type").unwrap().as_str(), Some("Notification"));
    assert_eq!(plain.get("subscriptionId").unwrap().as_str(), Some("urn:s:1"));
    assert_eq!(plain.get("notifiedAt").unwrap().as_str(), Some("2026-05-01T00:00:00Z"));
    assert!(plain.get("@context").is_none());
    assert_eq!(first(&plain).get("speed").unwrap().to_string(), r#"{"type":"Property","value":5}"#);

    let simple =
        body(r#"{"format":"simplified","attributes":["speed"],"endpoint":{"uri":"http://h"}}"#, &of(&entity, &[]));
    assert_eq!(first(&simple).to_string(), r#"{"id":"urn:c:1","type":"Car","speed":5}"#);

    let picked = body(r#"{"format":"concise","pick":["id","owner"],"endpoint":{"uri":"http://h"}}"#, &of(&entity, &[]));
    assert_eq!(first(&picked).to_string(), r#"{"id":"urn:c:1","owner":{"object":"urn:p:1"}}"#);

    let ld = body(r#"{"endpoint":{"uri":"http://h","accept":"application/ld+json"}}"#, &of(&entity, &[]));
    assert!(ld.get("@context").is_some());

    let geo = body(r#"{"endpoint":{"uri":"http://h","accept":"application/geo+json"}}"#, &of(&entity, &[]));
    let data = geo.get("data").unwrap();
    assert_eq!(data.get("type").unwrap().as_str(), Some("FeatureCollection"));
    assert!(data.get("@context").is_some());
    let Some(Json::Array(features)) = data.get("features") else { panic!("{data}") };
    assert_eq!(features[0].get("geometry").unwrap().to_string(), r#"{"type":"Point","coordinates":[8,40]}"#);

    let bare = r#"{"endpoint":{"uri":"http://h","accept":"application/geo+json","receiverInfo":[{"key":"Prefer","value":"body=json"}]}}"#;
    assert!(body(bare, &of(&entity, &[])).get("data").unwrap().get("@context").is_none());
}

#[test]
fn changes_and_deletions() {
    let (before, after) = (car(4), car(5));
    let instance = |entity: &'static str| before.attributes.iter().find(|a| a.name.as_str().ends_with(entity)).unwrap();
    let change = |a: &'static str, kind| {
        let a: &Attribute = instance(a);
        Changed { name: a.name, dataset_id: None, kind, before: Some(a) }
    };
    let updated = [change("/speed", Triggers::ATTRIBUTE_UPDATED), change("/owner", Triggers::ATTRIBUTE_UPDATED)];
    let shown = body(r#"{"showChanges":true,"endpoint":{"uri":"http://h"}}"#, &of(&after, &updated));
    assert_eq!(first(&shown).get("speed").unwrap().to_string(), r#"{"type":"Property","value":5,"previousValue":4}"#);
    assert_eq!(first(&shown).get("owner").unwrap().get("previousObject").unwrap().as_str(), Some("urn:p:1"));
    let concise =
        body(r#"{"showChanges":true,"format":"concise","endpoint":{"uri":"http://h"}}"#, &of(&after, &updated));
    assert_eq!(first(&concise).get("speed").unwrap().to_string(), r#"{"value":5,"previousValue":4}"#);

    let mut less = car(5);
    less.attributes.retain(|a| !a.name.as_str().ends_with("/speed"));
    let gone = [change("/speed", Triggers::ATTRIBUTE_DELETED)];
    let plain = body(r#"{"endpoint":{"uri":"http://h"}}"#, &of(&less, &gone));
    assert_eq!(first(&plain).get("speed").unwrap().as_str(), Some("urn:ngsi-ld:null"));
    let full = body(r#"{"showChanges":true,"endpoint":{"uri":"http://h"}}"#, &of(&less, &gone));
    assert_eq!(
        first(&full).get("speed").unwrap().to_string(),
        r#"{"type":"Property","value":"urn:ngsi-ld:null","previousValue":4}"#
    );

    let deleted = Notice::Deleted { entity: &after, at: now() };
    let plain = body(r#"{"endpoint":{"uri":"http://h"}}"#, &deleted);
    assert_eq!(first(&plain).to_string(), r#"{"id":"urn:c:1","type":"Car","deletedAt":"2026-05-01T00:00:00Z"}"#);
    let full = body(r#"{"showChanges":true,"endpoint":{"uri":"http://h"}}"#, &deleted);
    assert_eq!(first(&full).get("speed").unwrap().get("previousValue").unwrap().to_string(), "5");
}
