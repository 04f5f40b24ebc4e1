//! The index finds what a plain scan over all subscriptions finds, whatever came and went.

use super::members::{now, read};
use belfry_kernel::Iri;
use belfry_ngsi_ld::subscription::{Changed, Event, Match, Subscription, SubscriptionIndex, Triggers};
use belfry_ngsi_ld::{Attribute, Context, Entity, Json, Value};
use proptest::prelude::*;
use std::sync::Arc;

fn attribute(term: &str, value: i64) -> Attribute {
    Attribute {
        name: Context::core().expand(term).unwrap(),
        dataset_id: None,
        value: Value::Property(Json::Int(value)),
        observed_at: None,
        unit_code: None,
        created_at: now(),
        modified_at: now(),
        expires_at: None,
        sub: Vec::new(),
    }
}

prop_compose! {
    fn subscription()(
        number in 0..30u8,
        kind in 0..4u8,
        types in prop::collection::vec(0..4u8, 1..3),
        conjunction in any::<bool>(),
        watched in prop::collection::vec(0..4u8, 0..3),
        q in prop::option::of((0..5u8, 0..10i64)),
        triggers in prop::collection::vec(0..6usize, 0..3),
        periodic in 0..8u8,
    ) -> Arc<Subscription> {
        let types: Vec<String> = types.iter().map(|t| format!("T{t}")).collect();
        let types = if conjunction { format!("({})", types.join(";")) } else { types.join("|") };
        let entities = match kind {
            0 => format!(r#","entities":[{{"type":"{types}"}}]"#),
            1 => format!(r#","entities":[{{"type":"{types}","id":["urn:e:1","urn:e:2"]}}]"#),
            2 => r#","entities":[{"type":"*","idPattern":"[13]$"}]"#.to_owned(),
            _ => r#","localOnly":true"#.to_owned(),
        };
        let periodic = periodic == 0;
        let watched: Vec<String> = watched.iter().map(|w| format!("\"a{w}\"")).collect();
        let watched = if watched.is_empty() || periodic { String::new() } else { format!(r#","watchedAttributes":[{}]"#, watched.join(",")) };
        let q = q.map_or(String::new(), |(form, q)| match form {
            0 => format!(r#","q":"a0>{q}""#),
            1 => format!(r#","q":"a1!={q};a2""#),
            2 => format!(r#","q":"a0>{q}|a3<{q}""#),
            3 => format!(r#","q":"modifiedAt>2026-01-01T00:00:00Z|a1=={q}""#),
            _ => format!(r#","q":"(a0|a1);a2<{q}""#),
        });
        const NAMES: [&str; 6] = ["entityCreated", "entityUpdated", "entityDeleted", "attributeCreated", "attributeUpdated", "attributeDeleted"];
        let triggers: Vec<String> = triggers.iter().map(|t| format!("\"{}\"", NAMES[*t])).collect();
        let triggers = if triggers.is_empty() { String::new() } else { format!(r#","notificationTrigger":[{}]"#, triggers.join(",")) };
        let every = if periodic { r#","timeInterval":5"# } else { "" };
        let text = format!(r#"{{"id":"urn:s:{number}","type":"Subscription","notification":{{"endpoint":{{"uri":"http://h"}}}}{entities}{watched}{q}{triggers}{every}}}"#);
        Arc::new(read(&text, Context::core()).unwrap())
    }
}

#[derive(Clone, Debug)]
struct Case {
    id: u8,
    types: Vec<u8>,
    attributes: Vec<(u8, i64)>,
    changed: Vec<(usize, u8)>,
    created: bool,
    deleted: bool,
}

fn case() -> impl Strategy<Value = Case> {
    (
        0..5u8,
        prop::collection::vec(0..4u8, 1..3),
        prop::collection::vec((0..4u8, 0..12i64), 0..4),
        prop::collection::vec((0..4usize, 0..3u8), 0..3),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(id, types, attributes, changed, created, deleted)| Case {
            id,
            types,
            attributes,
            changed,
            created,
            deleted,
        })
}

proptest! {
    #[test]
    fn the_index_finds_what_a_scan_finds(
        all in prop::collection::vec(subscription(), 0..60),
        removed in prop::collection::vec(0..30u8, 0..10),
        cases in prop::collection::vec(case(), 1..20),
    ) {
        let mut index = SubscriptionIndex::default();
        let mut plain: Vec<Arc<Subscription>> = Vec::new();
        for one in all {
            plain.retain(|s| s.id != one.id);
            plain.push(one.clone());
            index.insert(one);
        }
        for number in removed {
            let id = format!("urn:s:{number}");
            plain.retain(|s| s.id.as_str() != id);
            index.remove(&id);
        }
        prop_assert_eq!(index.len(), plain.len());
        let mut scratch = Vec::new();
        for case in cases {
            let mut types: smallvec::SmallVec<[belfry_ngsi_ld::Name; 1]> = smallvec::SmallVec::new();
            for t in &case.types {
                let name = Context::core().expand(&format!("T{t}")).unwrap();
                if !types.contains(&name) {
                    types.push(name);
                }
            }
            let mut attributes: Vec<Attribute> = Vec::new();
            for (a, value) in &case.attributes {
                let one = attribute(&format!("a{a}"), *value);
                if !attributes.iter().any(|b| b.name == one.name) {
                    attributes.push(one);
                }
            }
            let entity = Entity {
                id: Iri::parse(&format!("urn:e:{}", case.id)).unwrap(),
                types,
                scopes: Vec::new(),
                attributes,
                created_at: now(),
                modified_at: now(),
                expires_at: None,
            };
            let kinds = [Triggers::ATTRIBUTE_CREATED, Triggers::ATTRIBUTE_UPDATED, Triggers::ATTRIBUTE_DELETED];
            let changes = case
                .changed
                .iter()
                .map(|(a, k)| Changed { name: attribute(&format!("a{a}"), 0).name, dataset_id: None, kind: kinds[*k as usize], before: None })
                .collect();
            let event = Event { entity: &entity, created: case.created, deleted: case.deleted.then(now), changes };
            let mut found: Vec<(String, Match)> = Vec::new();
            index.matching(&event, now(), None, &mut scratch, |s, how| found.push((s.id.to_string(), how)));
            let mut expected: Vec<(String, Match)> =
                plain.iter().filter_map(|s| Some((s.id.to_string(), s.matches(&event, now(), None)?))).collect();
            found.sort_by(|a, b| a.0.cmp(&b.0));
            expected.sort_by(|a, b| a.0.cmp(&b.0));
            prop_assert_eq!(found, expected);
        }
    }
}

#[test]
fn subscriptions_about_other_things_are_not_even_looked_at() {
    let mut index = SubscriptionIndex::default();
    for n in 0..10_000 {
        let about = match n % 7 {
            4 => format!(r#""localOnly":true,"q":"other{n}==1""#),
            5 => format!(r#""entities":[{{"type":"T0"}}],"q":"(other{n}>1|another{n});a0""#),
            6 => r#""entities":[{"type":"T0"}],"watchedAttributes":["a0"],"q":"other~=\"x\"""#.to_owned(),
            0 => format!(r#""entities":[{{"type":"Other{n}"}}]"#),
            1 => r#""entities":[{"type":"T0"}],"watchedAttributes":["other"]"#.to_owned(),
            2 => format!(r#""entities":[{{"type":"T0","id":"urn:other:{n}"}}]"#),
            _ => format!(r#""watchedAttributes":["other{n}"]"#),
        };
        let text = format!(
            r#"{{"id":"urn:s:{n}","type":"Subscription",{about},"notification":{{"endpoint":{{"uri":"http://h"}}}}}}"#
        );
        index.insert(Arc::new(read(&text, Context::core()).unwrap()));
    }
    let entity = Entity {
        id: Iri::parse("urn:e:1").unwrap(),
        types: smallvec::smallvec![Context::core().expand("T0").unwrap()],
        scopes: Vec::new(),
        attributes: vec![attribute("a0", 1)],
        created_at: now(),
        modified_at: now(),
        expires_at: None,
    };
    let name = entity.attributes[0].name;
    let changes =
        [Changed { name, dataset_id: None, kind: Triggers::ATTRIBUTE_UPDATED, before: None }].into_iter().collect();
    let event = Event { entity: &entity, created: false, deleted: None, changes };
    let mut scratch = Vec::new();
    index.matching(&event, now(), None, &mut scratch, |s, _| panic!("{}", s.id));
    // One or another may be found by what all have; never many.
    assert!(scratch.len() <= 2, "{} were looked at", scratch.len());
}
