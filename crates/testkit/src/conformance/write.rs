//! Writes: whole or not at all, in order, seen by the next decision, there after a restart.

use super::{Bench, Check};
use crate::entity::{delete, entity, name, number, put, text};
use belfry_kernel::{Error, Kind, Time};
use belfry_ports::{ChangeSet, Collection, DocumentChange, Store};
use std::sync::Arc;

pub(super) fn checks() -> Vec<(&'static str, Check)> {
    vec![
        ("what is acknowledged is read", |b| Box::pin(acknowledged_is_read(b))),
        ("what is acknowledged survives a restart", |b| Box::pin(survives_restart(b))),
        ("a refused decision changes nothing", |b| Box::pin(refused_changes_nothing(b))),
        ("decisions run one after the other", |b| Box::pin(decisions_are_serial(b))),
        ("an empty change set is acknowledged without a commit", |b| Box::pin(empty_is_no_commit(b))),
        ("a decision that panics is an error and no end", |b| Box::pin(panics_are_errors(b))),
        ("documents are kept, listed in order and deleted", |b| Box::pin(documents(b))),
        ("a deleted entity is gone, also after a restart", |b| Box::pin(deleted_is_gone(b))),
        ("instants of commits never go back", |b| Box::pin(instants_ascend(b))),
    ]
}

async fn put_number(store: &Arc<dyn Store>, id: &str, value: f64) -> Result<Time, Error> {
    let id = id.to_owned();
    let commit = store
        .write(Box::new(move |read, now| {
            Ok(ChangeSet::of(put(read, entity(&id, "Sensor", vec![number("level", value, now)], now))?))
        }))
        .await?;
    Ok(commit.at)
}

fn level(store: &Arc<dyn Store>, id: &str) -> Option<f64> {
    let found = store.entity(id).expect("the store reads")?;
    let belfry_ngsi_ld::Value::Property(json) = &found.instance(name("level"), None)?.value else { return None };
    json.as_f64()
}

async fn acknowledged_is_read(b: &mut Bench<'_>) {
    for i in 0..50 {
        put_number(b.store(), &format!("urn:s:{i}"), f64::from(i)).await.expect("a write");
        assert_eq!(level(b.store(), &format!("urn:s:{i}")), Some(f64::from(i)));
    }
    assert_eq!(b.store().health().entities, 50);
}

async fn survives_restart(b: &mut Bench<'_>) {
    for i in 0..200 {
        put_number(b.store(), &format!("urn:s:{}", i % 20), f64::from(i)).await.expect("a write");
    }
    let before: Vec<_> = (0..20).map(|i| b.store().entity(&format!("urn:s:{i}")).expect("a read")).collect();
    let seq = b.store().health().seq;
    b.restart();
    let after: Vec<_> = (0..20).map(|i| b.store().entity(&format!("urn:s:{i}")).expect("a read")).collect();
    assert_eq!(before, after);
    assert_eq!(b.store().health().seq, seq);
}

async fn refused_changes_nothing(b: &mut Bench<'_>) {
    put_number(b.store(), "urn:s:1", 1.0).await.expect("a write");
    let seq = b.store().health().seq;
    let refused = b.store().write(Box::new(|_, _| Err(Error::new(Kind::AlreadyExists, "there is one")))).await;
    assert_eq!(refused.err().map(|e| e.kind()), Some(Kind::AlreadyExists));
    assert_eq!(b.store().health().seq, seq);
    assert_eq!(level(b.store(), "urn:s:1"), Some(1.0));
}

async fn decisions_are_serial(b: &mut Bench<'_>) {
    // Each decision adds one to what it reads: no update may be lost, whatever shares a batch.
    let mut acks = Vec::new();
    for _ in 0..500 {
        acks.push(b.store().write(Box::new(|read, now| {
            let old = read.entity("urn:s:count")?.map_or(0.0, |e| match &e.attributes[0].value {
                belfry_ngsi_ld::Value::Property(json) => json.as_f64().unwrap_or_default(),
                _ => f64::NAN,
            });
            Ok(ChangeSet::of(put(read, entity("urn:s:count", "Counter", vec![number("level", old + 1.0, now)], now))?))
        })));
    }
    let handles: Vec<_> = acks.into_iter().map(tokio::spawn).collect();
    for handle in handles {
        handle.await.expect("no panic").expect("a write");
    }
    assert_eq!(level(b.store(), "urn:s:count"), Some(500.0));
}

async fn empty_is_no_commit(b: &mut Bench<'_>) {
    let seq = b.store().health().seq;
    b.store().write(Box::new(|_, _| Ok(ChangeSet::default()))).await.expect("an answer");
    assert_eq!(b.store().health().seq, seq);
}

async fn panics_are_errors(b: &mut Bench<'_>) {
    let answer = b.store().write(Box::new(|_, _| panic!("on purpose"))).await;
    assert_eq!(answer.err().map(|e| e.kind()), Some(Kind::Internal));
    put_number(b.store(), "urn:s:1", 1.0).await.expect("the store goes on");
}

async fn documents(b: &mut Bench<'_>) {
    let set = |key: &str, bytes: Option<&[u8]>| {
        let change = DocumentChange { collection: Collection::Context, key: key.into(), bytes: bytes.map(Arc::from) };
        ChangeSet { documents: vec![change], ..ChangeSet::default() }
    };
    for key in ["b", "a", "c"] {
        let set = set(key, Some(key.as_bytes()));
        b.store().write(Box::new(move |_, _| Ok(set))).await.expect("a write");
    }
    let gone = set("b", None);
    b.store().write(Box::new(move |_, _| Ok(gone))).await.expect("a write");
    for _ in 0..2 {
        let keys: Vec<_> = b
            .store()
            .documents(Collection::Context, None, 10)
            .expect("a list")
            .into_iter()
            .map(|d| (d.key.to_string(), d.bytes.to_vec()))
            .collect();
        assert_eq!(keys, [("a".to_owned(), b"a".to_vec()), ("c".to_owned(), b"c".to_vec())]);
        assert_eq!(b.store().documents(Collection::Context, Some("a"), 10).expect("a list").len(), 1);
        assert!(b.store().documents(Collection::Subscription, None, 10).expect("a list").is_empty());
        b.restart();
    }
}

async fn deleted_is_gone(b: &mut Bench<'_>) {
    put_number(b.store(), "urn:s:1", 1.0).await.expect("a write");
    put_number(b.store(), "urn:s:2", 2.0).await.expect("a write");
    b.store().write(Box::new(|read, _| delete(read, "urn:s:1"))).await.expect("a write");
    for _ in 0..2 {
        assert_eq!(level(b.store(), "urn:s:1"), None);
        assert_eq!(level(b.store(), "urn:s:2"), Some(2.0));
        assert_eq!(b.store().health().entities, 1);
        b.restart();
    }
    let again = entity("urn:s:1", "Other", vec![text("note", "again", Time::default())], Time::default());
    b.store().write(Box::new(move |read, _| Ok(ChangeSet::of(put(read, again)?)))).await.expect("a write");
    assert_eq!(b.store().health().entities, 2);
}

async fn instants_ascend(b: &mut Bench<'_>) {
    let mut last = Time::MIN;
    for i in 0..20 {
        let at = put_number(b.store(), "urn:s:1", f64::from(i)).await.expect("a write");
        assert!(at > last, "commit {i}");
        last = at;
        // The clock steps back, and back again after a restart.
        b.clock.advance_micros(if i % 3 == 0 { -5_000_000 } else { 1_000 });
        if i == 10 {
            b.restart();
        }
    }
}
