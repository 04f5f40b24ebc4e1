//! Random queries over random states: whatever a store makes of a query, the answer is that of a look at every entity.

use super::query::{EVERYTHING, Lcg, ids};
use super::{Bench, Check};
use crate::entity::{attribute, delete, entity, name, number, point, put, relationship, text};
use belfry_kernel::Time;
use belfry_ngsi_ld::context::{Limits, NoRemote};
use belfry_ngsi_ld::query::{EntityQuery, Naming, Pattern, Selector, TypeSelection, filter};
use belfry_ngsi_ld::{Attribute, Context, Entity, Json, Value};
use belfry_ports::ChangeSet;
use std::time::Duration;

pub(super) fn checks() -> Vec<(&'static str, Check)> {
    vec![("random queries answer as a look at every entity does", |b| Box::pin(as_a_scan(b)))]
}

const ROUNDS: u64 = 4;
const ENTITIES: u64 = 600;
const QUERIES: usize = 120;

const TYPES: [&str; 3] = ["Pump", "Valve", "Tank"];
const NAMES: [&str; 8] = ["ann", "anna", "bob", "bobby", "bo", "", "éva", "\u{10FFFF}"];
const CITIES: [&str; 5] = ["Berlin", "Bern", "Bergen", "Köln", "B"];

fn pick<T: Copy>(random: &mut Lcg, from: &[T]) -> T {
    from[random.below(from.len() as u64) as usize]
}

fn json(text: &str) -> Json {
    Json::parse(text.as_bytes(), 16).expect("the test's own JSON")
}

fn some_attribute(random: &mut Lcg, now: Time) -> Attribute {
    let level = random.below(12) as f64 / 2.0 - 1.0;
    let long = "x".repeat(98 + random.below(6) as usize);
    match random.below(9) {
        0 => number("level", level, now),
        1 => text("name", pick(random, &NAMES), now),
        2 => text("name", &format!("{long}{}", pick(random, &NAMES)), now),
        3 => relationship("feeds", &format!("urn:s:{}", random.below(20)), now),
        4 => {
            let city = pick(random, &CITIES);
            let value =
                format!(r#"{{"city":"{city}","at":{{"floor":{level},"open":true}},"parts":[1,"{city}",{level}]}}"#);
            attribute("address", Value::Property(json(&value)), now)
        }
        5 => {
            let (en, de) = (pick(random, &NAMES), pick(random, &CITIES));
            let texts = vec![("en".into(), Json::Str(en.into())), ("DE".into(), json(&format!(r#"["{de}","rot"]"#)))];
            attribute("label", Value::Language(texts), now)
        }
        6 => attribute("tags", Value::Property(json(&format!(r#"["red",{level},true]"#))), now),
        7 => point("place", level, 1.0, now),
        _ => {
            let mut state = number("state", level, now);
            state.sub = vec![text("by", pick(random, &CITIES), now), number("sure", level, now)];
            state
        }
    }
}

fn some_entity(i: u64, random: &mut Lcg, now: Time) -> Entity {
    let mut attributes: Vec<Attribute> = Vec::new();
    for _ in 0..4 {
        let mut one = some_attribute(random, now);
        if attributes.iter().any(|a| a.name == one.name) {
            // A second instance, of which either may satisfy.
            one.dataset_id = Some(belfry_kernel::Iri::parse("urn:d:2").expect("an identifier"));
            if attributes.iter().any(|a| a.name == one.name && a.dataset_id == one.dataset_id) {
                continue;
            }
        }
        let at = attributes.iter().rposition(|a| a.name == one.name).map_or(attributes.len(), |at| at + 1);
        attributes.insert(at, one);
    }
    entity(&format!("urn:s:{i}"), pick(random, &TYPES), attributes, now)
}

/// A condition as a client writes it.
fn some_condition(random: &mut Lcg, depth: u32) -> String {
    if depth > 0 && random.below(2) == 0 {
        let mut inner = || some_condition(random, depth - 1);
        let (first, second, third) = (inner(), inner(), inner());
        return match random.below(4) {
            0 => format!("({first};{second})"),
            1 => format!("({first}|{second}|{third})"),
            _ => format!("({first}|{second})"),
        };
    }
    let number = random.below(12) as f64 / 2.0 - 1.0;
    let (one, two) = (pick(random, &NAMES), pick(random, &CITIES));
    let texts = [
        "name",
        "label",
        "label[en]",
        "label[de]",
        "label[*]",
        "address[city]",
        "state.by",
        "address[parts]",
        "tags",
        "feeds",
        "place[type]",
    ];
    let numbers = ["level", "state", "state.sure", "address[at.floor]", "address[parts]", "tags", "nothing", "address"];
    let order = pick(random, &["==", "!=", ">", ">=", "<", "<="]);
    match random.below(9) {
        0 => format!("{}{order}{number}", pick(random, &numbers)),
        1 => format!("{}=={number}..{}", pick(random, &numbers), number + random.below(3) as f64),
        2 => format!("{}=={number},{}", pick(random, &numbers), number + 1.0),
        3 => format!("{}{order}\"{two}\"", pick(random, &texts)),
        4 => format!("{}==\"{one}\",\"{two}\",\"red\"", pick(random, &texts)),
        5 => format!(
            "{}~=\"^{}\"",
            pick(random, &texts),
            pick(random, &["bo", "an+", "Ber", "B", "é", "x{100}", "re", "Bern$", "bo$", "$", "Be[rl]", "Poi"])
        ),
        6 => format!("{}~=\"^{}bo\"", pick(random, &texts), "x".repeat(96 + random.below(8) as usize)),
        7 => format!("feeds==urn:s:{}", random.below(20)),
        _ => pick(
            random,
            &["name", "address[at.open]==true", "label!~=\"^rot\"", "name~=\"b\"", "state.by", "tags==true"],
        )
        .to_owned(),
    }
}

fn some_query(random: &mut Lcg, naming: &Naming<'_>) -> EntityQuery {
    let mut query = EntityQuery::default();
    let mut selector = Selector::default();
    if random.below(3) == 0 {
        selector.types =
            TypeSelection::parse(&format!("https://belfry.test/{}", pick(random, &TYPES)), naming).expect("a type");
    }
    if random.below(4) == 0 {
        let start = pick(
            random,
            &["^urn:s:1", "^urn:s:12", "^urn:s:5[0-4]", "^urn:s:77$", "^urn:s:7777$", "^urn", "9$", "^urn:x"],
        );
        selector.id_pattern = Some(Pattern::parse(start).expect("a pattern"));
    }
    if selector != Selector::default() {
        query.selectors.push(selector);
    }
    if query.selectors.is_empty() || random.below(3) > 0 {
        let condition = some_condition(random, 2);
        query.q = Some(filter::parse(&condition, naming, filter::Expansion::default()).expect(&condition));
    }
    query
}

async fn as_a_scan(b: &mut Bench<'_>) {
    let terms = ["level", "name", "feeds", "address", "label", "tags", "place", "state", "by", "sure", "nothing"];
    let terms = terms.map(|t| format!(r#""{t}":"https://belfry.test/{t}""#)).join(",");
    let context = format!(r#"{{"@context":{{{terms}}}}}"#);
    let context = Context::build_from_bytes(context.as_bytes(), &NoRemote, &Limits::default()).expect("a context");
    let naming = Naming::new(&context);
    let (mut random, mut model) = (Lcg(29), Vec::<Entity>::new());
    // So that the name is known and no condition over it is empty from the first.
    name("nothing");
    for round in 0..ROUNDS {
        change(b, &mut random, &mut model).await;
        let queries: Vec<EntityQuery> = (0..QUERIES).map(|_| some_query(&mut random, &naming)).collect();
        // Again after a while: meanwhile the store may have built what would have helped. And after changes.
        for attempt in 0..3 {
            for query in &queries {
                let now = Time::from_micros(1);
                let wanted = ids(model.iter().filter(|e| query.matches(e, now)));
                let answer = b.store().query(query, None, EVERYTHING, now).expect("an answer");
                assert_eq!(ids(&answer.entities), wanted, "round {round}, attempt {attempt}: {query:?}");
                assert_eq!(answer.entities.len(), wanted.len(), "round {round}, attempt {attempt}: {query:?}");
            }
            match attempt {
                0 => tokio::time::sleep(Duration::from_millis(700)).await,
                _ => change(b, &mut random, &mut model).await,
            }
        }
        if round == 1 {
            b.restart();
        }
    }
}

/// Makes a third of the entities anew and deletes some.
async fn change(b: &mut Bench<'_>, random: &mut Lcg, model: &mut Vec<Entity>) {
    let mut made = Vec::new();
    for _ in 0..ENTITIES / 3 {
        let one = some_entity(random.below(ENTITIES), random, Time::default());
        model.retain(|e| e.id != one.id);
        model.push(one.clone());
        made.retain(|e: &Entity| e.id != one.id);
        made.push(one);
    }
    b.store()
        .write(Box::new(move |read, _| {
            let entities = made.into_iter().map(|e| put(read, e)).collect::<Result<_, _>>()?;
            Ok(ChangeSet { entities, ..ChangeSet::default() })
        }))
        .await
        .expect("a write");
    for _ in 0..10 {
        let gone = model.swap_remove(random.below(model.len() as u64) as usize).id;
        b.store().write(Box::new(move |read, _| delete(read, gone.as_str()))).await.expect("a write");
    }
}
