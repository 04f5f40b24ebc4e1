//! Which queries are answered from indexes: a search that may look at few entities of many finds what it wants.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use belfry_kernel::Time;
use belfry_ngsi_ld::context::{Limits, NoRemote};
use belfry_ngsi_ld::query::{EntityQuery, Naming, Pattern, Selector, filter};
use belfry_ngsi_ld::{Context, Json, Value};
use belfry_ports::{ChangeSet, Page, Search, Store};
use belfry_store_embedded::{EmbeddedStore, Options};
use belfry_testkit::MockClock;
use belfry_testkit::entity::{attribute, entity, number, put, text};
use std::sync::Arc;
use std::time::{Duration, Instant};

const ENTITIES: u64 = 4000;
/// So many may be looked at: a hundredth of them.
const LOOKS: usize = 40;

async fn filled(dir: &std::path::Path) -> EmbeddedStore {
    let mut options = Options::new(dir.join("store"), Arc::new(MockClock::default()));
    options.index_from = 100;
    let store = EmbeddedStore::open(&options).unwrap();
    let made = |n: u64| {
        let address = format!(r#"{{"city":"city-{}","at":{{"floor":{}}}}}"#, n / 10, n / 20);
        let label = vec![("en".into(), Json::Str(format!("label {}", n / 10).into()))];
        let mut state = number("state", 1.0, Time::default());
        state.sub = vec![text("by", &format!("crew-{}", n / 10), Time::default())];
        let all = vec![
            text("name", &format!("sensor-{n:06}"), Time::default()),
            number("group", (n / 10) as f64, Time::default()),
            attribute("address", Value::Property(Json::parse(address.as_bytes(), 8).unwrap()), Time::default()),
            attribute("label", Value::Language(label), Time::default()),
            state,
        ];
        entity(&format!("urn:s:{n:06}"), "Sensor", all, Time::default())
    };
    store
        .write(Box::new(move |read, _| {
            let entities = (0..ENTITIES).map(|n| put(read, made(n))).collect::<Result<_, _>>()?;
            Ok(ChangeSet { entities, ..ChangeSet::default() })
        }))
        .await
        .unwrap();
    store
}

fn parse(q: &str) -> EntityQuery {
    let terms = ["name", "group", "address", "label", "state", "by"];
    let terms = terms.map(|t| format!(r#""{t}":"https://belfry.test/{t}""#)).join(",");
    let context = format!(r#"{{"@context":{{{terms}}}}}"#);
    let context = Context::build_from_bytes(context.as_bytes(), &NoRemote, &Limits::default()).unwrap();
    let q = filter::parse(q, &Naming::new(&context), filter::Expansion::default()).unwrap();
    EntityQuery { q: Some(q), ..EntityQuery::default() }
}

fn of_ids(pattern: &str) -> EntityQuery {
    let selector = Selector { id_pattern: Some(Pattern::parse(pattern).unwrap()), ..Selector::default() };
    EntityQuery { selectors: vec![selector], ..EntityQuery::default() }
}

/// The matches, unless more than so many entities would have to be looked at.
fn matches(store: &EmbeddedStore, query: &EntityQuery, looks: usize) -> Option<Vec<String>> {
    let page = Page { offset: 0, limit: 30, bytes: usize::MAX, count: true };
    let (mut ids, now) = (Vec::new(), Time::default());
    let paged =
        store.find(&Search { query, order: None, page, now, looks, stop: belfry_ports::Stop::NEVER }, &mut |lent| {
            ids.push(lent.id().to_string());
            Ok(())
        });
    paged.unwrap().map(|_| ids)
}

#[tokio::test(flavor = "multi_thread")]
async fn selective_ones_look_at_few_entities() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path()).await;
    for (query, found) in [
        (parse("name==\"sensor-000123\""), 1),
        (parse("name~=\"^sensor-00012\""), 10),
        (parse("name~=\"^sensor-00012[0-4]$\""), 5),
        (parse("group==7..8"), 20),
        (parse("address[city]==\"city-17\""), 10),
        (parse("address[city]~=\"^city-17$\""), 10),
        (parse("address[at.floor]==9"), 20),
        (parse("label[en]==\"label 30\""), 10),
        (parse("label[*]~=\"^label 30$\""), 10),
        (parse("state.by==\"crew-12\""), 10),
        (parse("group==7|name==\"sensor-000123\""), 11),
        (parse("group==7|address[city]==\"city-17\"|state.by~=\"^crew-12$\""), 30),
        (parse("(group==7;state.by==\"crew-7\")|(name~=\"^sensor-0012\";group==121)"), 20),
        (parse("(group==7|group==8);(state.by==\"crew-7\"|name==\"sensor-000001\")"), 10),
        (of_ids("^urn:s:00012"), 10),
        (of_ids("^urn:s:001234$"), 1),
    ] {
        let whole = matches(&store, &query, usize::MAX).unwrap();
        assert_eq!(whole.len(), found, "{query:?}");
        // The indexes that it lacks are built meanwhile.
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            match matches(&store, &query, LOOKS) {
                Some(few) => break assert_eq!(few, whole, "{query:?}"),
                None => assert!(Instant::now() < deadline, "it still looks at more than {LOOKS}: {query:?}"),
            }
            matches(&store, &query, usize::MAX).unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    // One alternative that nothing narrows, and a pattern without a beginning: no index helps.
    for query in [parse("group==7|name~=\"0\""), parse("name~=\"12\""), parse("name!~=\"^sensor\""), of_ids("12")] {
        matches(&store, &query, usize::MAX).unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(matches(&store, &query, LOOKS), None, "{query:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn indexes_follow_changes_of_what_they_hold() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path()).await;
    let (of_city, by_id) = (parse("address[city]==\"city-17\""), of_ids("^urn:s:00017"));
    for query in [&of_city, &by_id] {
        while matches(&store, query, LOOKS).is_none() {
            matches(&store, query, usize::MAX).unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    // One moves away, one is deleted, one comes.
    store
        .write(Box::new(|read, now| {
            let city = |name: &str| {
                let json = Json::parse(format!(r#"{{"city":"{name}"}}"#).as_bytes(), 8).unwrap();
                vec![attribute("address", Value::Property(json), now)]
            };
            let moved = put(read, entity("urn:s:000170", "Sensor", city("elsewhere"), now))?;
            let mut set = belfry_testkit::entity::delete(read, "urn:s:000171")?;
            set.entities.push(moved);
            set.entities.push(put(read, entity("urn:s:00017x", "Sensor", city("city-17"), now))?);
            Ok(set)
        }))
        .await
        .unwrap();
    let id = |n: &str| format!("urn:s:{n}");
    let mut left: Vec<String> = (2..10).map(|n| id(&format!("00017{n}"))).collect();
    left.push(id("00017x"));
    let sorted = |query: &EntityQuery| {
        let mut found = matches(&store, query, LOOKS).expect("the index is there");
        found.sort();
        found
    };
    assert_eq!(sorted(&of_city), left);
    left.insert(0, id("000170"));
    assert_eq!(sorted(&by_id), left);
}
