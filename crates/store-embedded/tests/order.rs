//! Pages of an ordered answer: the right ones, however many match, and none so deep that it would have to hold them all.

use belfry_kernel::{Kind, Time};
use belfry_ngsi_ld::Context;
use belfry_ngsi_ld::query::{EntityQuery, Naming, OrderBy};
use belfry_ports::{ChangeSet, Page, Store};
use belfry_store_embedded::{EmbeddedStore, Options};
use belfry_testkit::MockClock;
use belfry_testkit::entity::{entity, number, put};
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_those_of_the_whole_answer_sorted() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::new(dir.path(), Arc::new(MockClock::default()));
    let store = EmbeddedStore::open(&options).unwrap();
    let total = 2500_u64;
    store
        .write(Box::new(move |read, now| {
            let mut set = ChangeSet::default();
            for n in 0..total {
                let mut level = number("level", ((n * 7919) % 500) as f64, now);
                level.name = Context::core().expand("level")?;
                set.entities.push(put(read, entity(&format!("urn:s:{n:04}"), "Sensor", vec![level], now))?);
            }
            Ok(set)
        }))
        .await
        .unwrap();
    let context = Context::core();
    let order = OrderBy::parse("level;desc", None, None, &Naming::new(context)).unwrap();
    let mut expected: Vec<(u64, String)> =
        (0..total).map(|n| (500 - (n * 7919) % 500, format!("urn:s:{n:04}"))).collect();
    expected.sort();
    let ask = |store: &EmbeddedStore, page| store.query(&EntityQuery::default(), Some(&order), page, Time::MIN);
    for (offset, limit) in [(0, 20), (0, 0), (700, 50), (2490, 20), (2500, 5), (0, 2500), (9000, 1000)] {
        for count in [false, true] {
            let answer = ask(&store, Page { offset, limit, bytes: usize::MAX, count }).unwrap();
            let ids: Vec<_> = answer.entities.iter().map(|e| e.id.as_str()).collect();
            let wanted: Vec<_> = expected.iter().skip(offset).take(limit).map(|(_, id)| id.as_str()).collect();
            assert_eq!(ids, wanted, "{offset}, {limit}");
            assert_eq!(answer.more, offset + limit < total as usize);
            assert_eq!(answer.count, count.then_some(total as usize));
        }
    }
    let refused = |store: &EmbeddedStore, offset, limit| {
        let page = Page { offset, limit, bytes: usize::MAX, count: false };
        let error = ask(store, page).unwrap_err();
        assert_eq!(error.kind(), Kind::TooComplexQuery);
        error.public().to_owned()
    };
    for (offset, limit) in [(9_990, 20), (usize::MAX, 1)] {
        assert!(refused(&store, offset, limit).contains("up to entity 10000 only (server.limits.sorted_max)"));
    }
    // Other limits.
    drop(store);
    let store = EmbeddedStore::open(&Options { sorted_max: 50, ..options.clone() }).unwrap();
    assert!(refused(&store, 40, 11).contains("up to entity 50 only"));
    drop(store);
    let store = EmbeddedStore::open(&Options { sorted_max_bytes: 1000, ..options }).unwrap();
    assert!(refused(&store, 0, 1000).contains("more than 1000 bytes"));
}
