//! Queries: the same answer as a plain look at every entity, whatever indexes the store keeps.

use super::{Bench, Check};
use crate::entity::{entity, name, number, point, put, relationship, text};
use belfry_kernel::{Error, Kind, Time};
use belfry_ngsi_ld::context::{Limits, NoRemote};
use belfry_ngsi_ld::form::{Rendering, View, write_entity};
use belfry_ngsi_ld::query::{EntityQuery, GeoQuery, Naming, OrderBy, ScopeQuery, Selector, TypeSelection, filter};
use belfry_ngsi_ld::{AttributeKind, Context, Entity, Name};
use belfry_ports::{ChangeSet, Lent, Page, Paged, Search, Stop, Store};
use smallvec::smallvec;
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) fn checks() -> Vec<(&'static str, Check)> {
    vec![
        ("queries answer as a look at every entity does", |b| Box::pin(as_a_scan(b))),
        ("pages join up to the whole answer", |b| Box::pin(pages(b))),
        ("what is lent reads as what is made", |b| Box::pin(lent(b))),
        ("a search that may look at few entities answers or gives up", |b| Box::pin(looks(b))),
        ("what expired is listed and left out", |b| Box::pin(expiry(b))),
        ("types and attributes in use are counted", |b| Box::pin(types(b))),
    ]
}

pub(super) const EVERYTHING: Page = Page { offset: 0, limit: usize::MAX, bytes: usize::MAX, count: true };

/// Numbers that look random and are the same in every run (Knuth, TAOCP 3.3.4, the multiplier of MMIX).
pub(super) struct Lcg(pub(super) u64);

impl Lcg {
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

fn some_entity(i: u64, random: &mut Lcg, now: Time) -> Entity {
    let mut attributes = vec![number("level", random.below(50) as f64 / 2.0, now)];
    if random.below(2) == 0 {
        attributes.push(text("name", ["ann", "bob", "bobby", "eve"][random.below(4) as usize], now));
    }
    if random.below(2) == 0 {
        attributes.push(relationship("feeds", &format!("urn:s:{}", random.below(20)), now));
    }
    if random.below(3) > 0 {
        attributes.push(point("location", random.below(100) as f64 / 100.0, random.below(100) as f64 / 100.0, now));
    }
    let mut made = entity(&format!("urn:s:{i}"), ["Pump", "Valve", "Tank"][random.below(3) as usize], attributes, now);
    if random.below(3) == 0 {
        made.scopes.push(["/a", "/a/b", "/c"][random.below(3) as usize].into());
    }
    made
}

fn queries() -> Vec<EntityQuery> {
    let context = Context::core();
    let naming = Naming::new(context);
    let of = |term: &str| format!("https://belfry.test/{term}");
    let typed = |text: &str| EntityQuery {
        selectors: vec![Selector {
            types: TypeSelection::parse(text, &naming).expect("a selection"),
            ..Selector::default()
        }],
        ..EntityQuery::default()
    };
    let mut all = vec![EntityQuery::default(), typed(&of("Pump")), typed(&format!("{}|{}", of("Pump"), of("Tank")))];
    // A context for the names of the test, so that conditions can use short terms.
    let terms = br#"{"@context":{"level":"https://belfry.test/level","name":"https://belfry.test/name",
        "feeds":"https://belfry.test/feeds","nothing":"https://belfry.test/nothing","here":"https://belfry.test/location"}}"#;
    let short = Context::build_from_bytes(terms, &NoRemote, &Limits::default()).expect("a context");
    let naming = Naming::new(&short);
    for q in [
        "level>10",
        "level>=10;level<=12",
        "level==3.5",
        "level==1..4",
        "level==1,2,3",
        "name==\"bob\"",
        "name>\"bob\"",
        "name~=\"^bo\"",
        "feeds==urn:s:3",
        "level!=4",
        "name",
        "level<5|name==\"eve\"",
        "level>100",
        "nothing>1",
        "(level>3;name)|feeds",
        "level==\"text\"",
        "name<\"c\";level>2",
    ] {
        let q = filter::parse(q, &naming, filter::Expansion::default()).expect(q);
        all.push(EntityQuery { q: Some(q.clone()), ..EntityQuery::default() });
        all.push(EntityQuery { q: Some(q), ..typed("https://belfry.test/Valve") });
    }
    for scope in ["/a", "/a/#", "/+/b", "/a|/c", "/x"] {
        let scope = ScopeQuery::parse(scope, &naming).expect(scope);
        all.push(EntityQuery { scope: Some(scope), ..EntityQuery::default() });
    }
    for (relation, geometry, coordinates) in [
        ("near;maxDistance==15000", "Point", "[0.5,0.5]"),
        ("near;minDistance==60000", "Point", "[0.5,0.5]"),
        ("within", "Polygon", "[[[0.2,0.2],[0.6,0.2],[0.6,0.6],[0.2,0.6],[0.2,0.2]]]"),
        ("disjoint", "Polygon", "[[[0.2,0.2],[0.6,0.2],[0.6,0.6],[0.2,0.6],[0.2,0.2]]]"),
        ("intersects", "LineString", "[[0.1,0.1],[0.1,0.9]]"),
        ("equals", "Point", "[0.5,0.5]"),
    ] {
        let geo = GeoQuery::parse(relation, geometry, coordinates, Some("here"), &naming).expect(relation);
        all.push(EntityQuery { geo: Some(geo.clone()), ..EntityQuery::default() });
        all.push(EntityQuery { geo: Some(geo), ..typed("https://belfry.test/Pump") });
    }
    all
}

pub(super) fn ids<'a>(entities: impl IntoIterator<Item = &'a Entity>) -> BTreeSet<String> {
    entities.into_iter().map(|e| e.id.to_string()).collect()
}

async fn as_a_scan(b: &mut Bench<'_>) {
    let mut random = Lcg(7);
    let mut model: Vec<Entity> = Vec::new();
    for round in 0..4_u64 {
        let mut set = Vec::new();
        for i in 0..400 {
            let made = some_entity((round * 250 + i) % 1000, &mut random, Time::default());
            model.retain(|e| e.id != made.id);
            model.push(made.clone());
            set.push(made);
        }
        b.store()
            .write(Box::new(move |read, _| {
                let entities = set.into_iter().map(|e| put(read, e)).collect::<Result<_, _>>()?;
                Ok(ChangeSet { entities, ..ChangeSet::default() })
            }))
            .await
            .expect("a write");
        let gone = model.swap_remove(random.below(model.len() as u64) as usize).id;
        b.store().write(Box::new(move |read, _| crate::entity::delete(read, gone.as_str()))).await.expect("a write");
        // Twice: the first round may make the store build indexes.
        for attempt in 0..2 {
            for (i, query) in queries().iter().enumerate() {
                let now = Time::from_micros(1);
                let wanted = ids(model.iter().filter(|e| query.matches(e, now)));
                let answer = b.store().query(query, None, EVERYTHING, now).expect("an answer");
                assert_eq!(
                    answer.entities.len(),
                    wanted.len(),
                    "round {round}, attempt {attempt}, query {i}: {query:?}"
                );
                assert_eq!(ids(&answer.entities), wanted, "round {round}, query {i}");
                assert_eq!(answer.count, Some(wanted.len()), "round {round}, query {i}");
            }
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        }
        if round == 2 {
            b.restart();
        }
    }
}

/// Writes so many entities, made from a seed, in one commit.
async fn write_some(b: &mut Bench<'_>, count: u64, seed: u64) {
    let mut random = Lcg(seed);
    let made: Vec<Entity> = (0..count).map(|i| some_entity(i, &mut random, Time::default())).collect();
    b.store()
        .write(Box::new(move |read, _| {
            let entities = made.into_iter().map(|e| put(read, e)).collect::<Result<_, _>>()?;
            Ok(ChangeSet { entities, ..ChangeSet::default() })
        }))
        .await
        .expect("a write");
}

async fn pages(b: &mut Bench<'_>) {
    write_some(b, 500, 3).await;
    for query in queries() {
        let now = Time::from_micros(1);
        let whole = b.store().query(&query, None, EVERYTHING, now).expect("an answer").entities;
        let mut joined = Vec::new();
        for offset in (0..).step_by(7) {
            let page = b
                .store()
                .query(&query, None, Page { offset, limit: 7, bytes: usize::MAX, count: false }, now)
                .expect("an answer");
            assert_eq!(page.more, offset + 7 < whole.len());
            let more = page.more;
            joined.extend(page.entities);
            if !more {
                break;
            }
        }
        assert!(joined == whole, "pages differ from the whole answer: {query:?}");
        // A page of few bytes ends early, has at least one entity, and the next begins where it ended.
        let mut joined = Vec::new();
        for bytes in [1, 1000].into_iter().cycle() {
            let page = Page { offset: joined.len(), limit: 7, bytes, count: true };
            let page = b.store().query(&query, None, page, now).expect("an answer");
            assert_eq!(page.count, Some(whole.len()));
            assert_eq!(page.entities.is_empty(), whole.len() == joined.len());
            assert!(bytes > 1 || page.entities.len() <= 1);
            joined.extend(page.entities);
            assert_eq!(page.more, joined.len() < whole.len());
            if !page.more {
                break;
            }
        }
        assert!(joined == whole, "short pages differ from the whole answer: {query:?}");
    }
}

/// The JSON text of what is lent.
fn shown(lent: &dyn Lent) -> Result<String, Error> {
    let view = View { sys_attrs: true, ..View::default() };
    let rendering = Rendering { context: Context::core(), view: &view, feature: None, context_member: None };
    let mut out = Vec::new();
    lent.write(&rendering, &mut out)?;
    String::from_utf8(out).map_err(Error::internal)
}

fn written(entity: &Entity) -> String {
    let mut out = Vec::new();
    write_entity(entity, Context::core(), &View { sys_attrs: true, ..View::default() }, None, &mut out);
    String::from_utf8(out).expect("JSON is UTF-8")
}

async fn lent(b: &mut Bench<'_>) {
    let at = |s: i64| Time::from_micros(s * 1_000_000);
    let mut random = Lcg(11);
    let mut made: Vec<Entity> = (0..50).map(|i| some_entity(i, &mut random, at(0))).collect();
    made[0].attributes[0].expires_at = Some(at(10));
    made[1].expires_at = Some(at(10));
    b.store()
        .write(Box::new(move |read, _| {
            let entities = made.into_iter().map(|e| put(read, e)).collect::<Result<_, _>>()?;
            Ok(ChangeSet { entities, ..ChangeSet::default() })
        }))
        .await
        .expect("a write");
    for now in [at(9), at(10)] {
        let mut all = Vec::new();
        for i in 0..51 {
            let id = format!("urn:s:{i}");
            let mut found = b.store().entity(&id).expect("a read").filter(|e| e.expires_at.is_none_or(|t| t > now));
            if let Some(entity) = &mut found {
                entity.attributes.retain(|a| a.expires_at.is_none_or(|t| t > now));
            }
            let mut text = None;
            let there = b.store().visit(&id, now, &mut |lent| {
                assert_eq!(lent.make()?, *found.as_ref().expect("it is there"));
                assert_eq!((lent.id().as_str(), lent.types().len()), (id.as_str(), 1));
                text = Some(shown(lent)?);
                Ok(())
            });
            assert_eq!(there.expect("a visit"), found.is_some(), "{id}");
            assert_eq!(text, found.as_ref().map(written));
            all.extend(found);
        }
        let mut texts = BTreeSet::new();
        let query = EntityQuery::default();
        let search = Search { query: &query, order: None, page: EVERYTHING, now, looks: usize::MAX, stop: Stop::NEVER };
        let paged = b.store().find(&search, &mut |lent| {
            texts.insert(shown(lent)?);
            Ok(())
        });
        let wanted = Paged { given: all.len(), count: Some(all.len()), more: false };
        assert_eq!(paged.expect("an answer"), Some(wanted));
        assert_eq!(texts, all.iter().map(written).collect());
    }
    let refused = b.store().visit("urn:s:3", at(0), &mut |_| Err(Error::not_found("not this one")));
    assert_eq!(refused.expect_err("the visitor's error").kind(), Kind::ResourceNotFound);
}

async fn looks(b: &mut Bench<'_>) {
    write_some(b, 1000, 13).await;
    let naming = Naming::new(Context::core());
    let order = OrderBy::parse("id", None, None, &naming).expect("an order");
    for query in &queries() {
        for (order, count) in [(None, false), (None, true), (Some(&order), false)] {
            let page = Page { offset: 1, limit: 5, bytes: usize::MAX, count };
            let now = Time::from_micros(1);
            let found = |looks: usize| {
                let mut ids = Vec::new();
                let paged =
                    b.store().find(&Search { query, order, page, now, looks, stop: Stop::NEVER }, &mut |lent| {
                        ids.push(lent.id());
                        Ok(())
                    });
                paged.expect("an answer").map(|paged| (paged, ids))
            };
            let whole = found(usize::MAX);
            assert!(whole.is_some(), "without a limit there is an answer: {query:?}");
            for looks in [1, 6, 100, 2000] {
                let narrow = found(looks);
                assert!(narrow.is_none() || narrow == whole, "{looks} looks: {query:?}");
            }
            let every_one = *query == EntityQuery::default() && order.is_some();
            assert!(!every_one || found(100).is_none(), "to put 1000 entities in order takes a look at each");
        }
    }
    // Long work is given up when it is to stop, and short work does not ask.
    let query = EntityQuery::default();
    let stopped = |order, limit| {
        let page = Page { offset: 0, limit, bytes: usize::MAX, count: false };
        let stop = Stop::when(&|| true);
        let search = Search { query: &query, order, page, now: Time::from_micros(1), looks: usize::MAX, stop };
        b.store().find(&search, &mut |_| Ok(()))
    };
    assert_eq!(stopped(Some(&order), 5).expect_err("all are looked at").kind(), Kind::Timeout);
    assert_eq!(stopped(None, 5).expect("an answer").map(|paged| paged.given), Some(5));
}

async fn expiry(b: &mut Bench<'_>) {
    let at = |s: i64| Time::from_micros(s * 1_000_000);
    let mut short = entity("urn:s:1", "Sensor", vec![number("level", 1.0, at(0))], at(0));
    short.expires_at = Some(at(10));
    let long = entity("urn:s:2", "Sensor", vec![number("level", 2.0, at(0))], at(0));
    b.store()
        .write(Box::new(move |read, _| {
            Ok(ChangeSet { entities: vec![put(read, short)?, put(read, long)?], ..ChangeSet::default() })
        }))
        .await
        .expect("a write");
    for _ in 0..2 {
        assert_eq!(b.store().expired(at(9), 10).expect("a list"), []);
        assert_eq!(b.store().expired(at(10), 10).expect("a list").len(), 1);
        let found = b.store().query(&EntityQuery::default(), None, EVERYTHING, at(10)).expect("an answer");
        assert_eq!(ids(&found.entities), BTreeSet::from(["urn:s:2".to_owned()]));
        b.restart();
    }
}

async fn types(b: &mut Bench<'_>) {
    let store: &Arc<dyn Store> = b.store();
    for (id, of_type, extra) in [("urn:s:1", "A", true), ("urn:s:2", "A", false), ("urn:s:3", "B", false)] {
        let mut attributes = vec![number("level", 1.0, Time::default())];
        if extra {
            attributes.push(text("note", "x", Time::default()));
        }
        let made = entity(id, of_type, attributes, Time::default());
        store.write(Box::new(move |read, _| Ok(ChangeSet::of(put(read, made)?)))).await.expect("a write");
    }
    let made = Entity { types: smallvec![name("A"), name("B")], ..entity("urn:s:4", "A", vec![], Time::default()) };
    let one = relationship("level", "urn:s:1", Time::default());
    let made = Entity { attributes: vec![one], ..made };
    store.write(Box::new(move |read, _| Ok(ChangeSet::of(put(read, made)?)))).await.expect("a write");
    let (a, b, level, note) = (name("A"), name("B"), name("level"), name("note"));
    let by_name = |mut names: Vec<Name>| {
        names.sort_unstable();
        names
    };
    for (details, of_a) in [(false, vec![]), (true, by_name(vec![level, note]))] {
        let found = store.types(details).expect("types");
        let of_b = if details { vec![level] } else { vec![] };
        let mut wanted = vec![(a, 3, of_a), (b, 2, of_b)];
        wanted.sort_by_key(|(name, ..)| *name);
        assert_eq!(found.into_iter().map(|t| (t.name, t.entities, t.attributes)).collect::<Vec<_>>(), wanted);
    }
    for (details, of_level, of_note) in [(false, vec![], vec![]), (true, by_name(vec![a, b]), vec![a])] {
        let found = store.attributes(details).expect("attributes");
        let mut wanted = vec![(level, 4, of_level), (note, 1, of_note)];
        wanted.sort_by_key(|(name, ..)| *name);
        assert_eq!(found.into_iter().map(|t| (t.name, t.entities, t.types)).collect::<Vec<_>>(), wanted);
    }
    let both = vec![AttributeKind::Property, AttributeKind::Relationship];
    assert_eq!(store.kinds(None, Some(level)).expect("kinds"), [(level, both.clone())]);
    assert_eq!(store.kinds(Some(b), None).expect("kinds"), [(level, both)]);
    assert_eq!(store.kinds(Some(a), Some(note)).expect("kinds"), [(note, vec![AttributeKind::Property])]);
    assert_eq!(store.kinds(Some(name("C")), None).expect("kinds"), []);
}
