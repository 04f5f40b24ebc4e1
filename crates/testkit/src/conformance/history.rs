//! History: every instance, by both times, corrected and late ones in their places; the past as it stood.

use super::{Bench, Check};
use crate::entity::{delete, entity, name, number, put};
use belfry_kernel::Time;
use belfry_ngsi_ld::{Attribute, Entity, Json, Value};
use belfry_ports::temporal::{TemporalRange, TimeProperty};
use belfry_ports::{ChangeSet, EntityChange, Sample, Stop};

pub(super) fn checks() -> Vec<(&'static str, Check)> {
    vec![
        ("every instance is kept, in both orders", |b| Box::pin(every_instance(b))),
        ("the state as of an instant is what was seen then", |b| Box::pin(as_of(b))),
        ("what is added to the past alone was never current", |b| Box::pin(past_alone(b))),
        ("a limit counts what is given", |b| Box::pin(limits_after_filters(b))),
        ("aggregates are those of the samples", |b| Box::pin(aggregates(b))),
        ("instances can be added, replaced and removed", |b| Box::pin(corrections(b))),
        ("what has a past is found by its types", |b| Box::pin(by_type(b))),
        ("instances come one by one", |b| Box::pin(one_by_one(b))),
        ("a past that is deleted begins anew in the same commit", |b| Box::pin(past_begins_anew(b))),
        ("scopes are known by their time", |b| Box::pin(scopes_over_time(b))),
    ]
}

fn at(seconds: i64) -> Time {
    Time::from_micros(1_700_000_000_000_000 + seconds * 1_000_000)
}

fn everything(by: TimeProperty) -> TemporalRange {
    TemporalRange { by, from: Time::MIN, to: Time::MAX, last_n: None, limit: 100_000, every: false }
}

async fn observe(b: &Bench<'_>, id: &str, value: f64, observed: Time) -> Time {
    let id = id.to_owned();
    b.clock.advance_micros(1_000_000);
    let commit = b
        .store()
        .write(Box::new(move |read, now| {
            let mut level = number("level", value, now);
            level.observed_at = Some(observed);
            let before = read.entity(&id)?;
            let mut made = entity(&id, "Sensor", vec![], now);
            if let Some(before) = &before {
                made.created_at = before.created_at;
                level.created_at = before.attributes.first().map_or(now, |a| a.created_at);
            }
            made.attributes.push(level);
            Ok(ChangeSet::of(put(read, made)?))
        }))
        .await
        .expect("a write");
    commit.at
}

fn values(b: &Bench<'_>, id: &str, range: &TemporalRange) -> Vec<f64> {
    let found = b.store().evolution(id, Some(&[name("level")]), range).expect("a read").expect("it has history");
    found
        .instances
        .iter()
        .filter(|i| !i.deleted)
        .map(|i| match &i.attribute.value {
            Value::Property(json) => json.as_f64().expect("a number"),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn only_value(entity: &Entity) -> f64 {
    match entity.attributes.as_slice() {
        [Attribute { value: Value::Property(json), .. }] => json.as_f64().expect("a number"),
        other => panic!("{other:?}"),
    }
}

async fn every_instance(b: &mut Bench<'_>) {
    // The second arrives late: it was observed before the first.
    for (value, observed) in [(1.5, at(100)), (2.5, at(50)), (3.0, at(200)), (4.0, at(150))] {
        observe(b, "urn:s:1", value, observed).await;
    }
    for _ in 0..2 {
        assert_eq!(values(b, "urn:s:1", &everything(TimeProperty::ModifiedAt)), [1.5, 2.5, 3.0, 4.0]);
        assert_eq!(values(b, "urn:s:1", &everything(TimeProperty::ObservedAt)), [2.5, 1.5, 4.0, 3.0]);
        let between = TemporalRange { from: at(60), to: at(200), ..everything(TimeProperty::ObservedAt) };
        assert_eq!(values(b, "urn:s:1", &between), [1.5, 4.0]);
        let last = TemporalRange { last_n: Some(2), ..everything(TimeProperty::ObservedAt) };
        assert_eq!(values(b, "urn:s:1", &last), [4.0, 3.0]);
        b.restart();
    }
    assert!(b.store().evolution("urn:s:none", None, &everything(TimeProperty::ObservedAt)).expect("a read").is_none());
}

async fn as_of(b: &mut Bench<'_>) {
    let mut seen = Vec::new();
    for i in 0..40_i64 {
        let id = format!("urn:s:{}", i % 5);
        let commit_at = if i % 11 == 10 {
            b.clock.advance_micros(1_000_000);
            let gone = id.clone();
            b.store().write(Box::new(move |read, _| delete(read, &gone))).await.expect("a write").at
        } else {
            observe(b, &id, i as f64, at(i)).await
        };
        let state: Vec<_> = (0..5).map(|n| b.store().entity(&format!("urn:s:{n}")).expect("a read")).collect();
        seen.push((commit_at, state));
        if i == 20 {
            b.restart();
        }
    }
    for (instant, state) in &seen {
        for (n, wanted) in state.iter().enumerate() {
            let found = b.store().entity_at(&format!("urn:s:{n}"), *instant).expect("a read");
            assert_eq!(found.as_ref(), wanted.as_ref(), "urn:s:{n} at {instant}");
        }
        let all = state_at(b, *instant, Stop::NEVER, usize::MAX);
        assert_eq!(all.len(), state.iter().flatten().count(), "at {instant}");
        // Piece by piece it is the same, whoever ends a piece.
        assert_eq!(state_at(b, *instant, Stop::NEVER, 1), all, "at {instant}");
        assert_eq!(state_at(b, *instant, Stop::when(&|| true), usize::MAX), all, "at {instant}");
    }
    assert_eq!(b.store().entity_at("urn:s:0", Time::from_micros(1)).expect("a read"), None);
    let historic = b.store().historic(None, None, 3).expect("a list");
    assert_eq!(historic.len(), 3);
    assert_eq!(b.store().historic(None, Some(historic[2].as_str()), 10).expect("a list").len(), 2);
}

/// The state in pieces of at most so many entities.
fn state_at(b: &Bench<'_>, at: Time, stop: Stop<'_>, piece: usize) -> Vec<Entity> {
    let (mut all, mut after) = (Vec::new(), None::<belfry_kernel::Iri>);
    loop {
        let end = piece.saturating_add(all.len());
        let mut take = |entity| {
            all.push(entity);
            all.len() < end
        };
        let walked = b.store().state_at(at, after.as_ref().map(|id| id.as_str()), stop, &mut take);
        match walked.expect("a read") {
            Some(next) => {
                assert!(after.as_ref().is_none_or(|after| *after < next), "it goes on");
                after = Some(next);
            }
            None => return all,
        }
    }
}

async fn by_type(b: &mut Bench<'_>) {
    for n in 0..12 {
        let (id, kind) = (format!("urn:s:{n:02}"), if n % 3 == 0 { "Pump" } else { "Sensor" });
        let write =
            move |read: &dyn belfry_ports::Read, now| Ok(ChangeSet::of(put(read, entity(&id, kind, vec![], now))?));
        b.store().write(Box::new(write)).await.expect("a write");
    }
    for gone in ["urn:s:03", "urn:s:04"] {
        b.store().write(Box::new(move |read, _| delete(read, gone))).await.expect("a write");
    }
    let of_past = |types: Vec<_>| Sample::Append {
        id: belfry_kernel::Iri::from_checked("urn:s:05b"),
        types,
        attribute: number("level", 1.0, at(0)),
    };
    let pump = [name("Pump")];
    let ids = |b: &Bench<'_>, after: Option<&str>, limit| {
        let found = b.store().historic(Some(&pump), after, limit).expect("a list");
        found.iter().map(|id| id.as_str()[6..].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(b, None, 10), ["00", "03", "06", "09"]);
    for types in [vec![name("Sensor")], vec![name("Pump")], vec![]] {
        let set = ChangeSet { samples: vec![of_past(types)], ..ChangeSet::default() };
        b.store().write(Box::new(move |_, _| Ok(set))).await.expect("a write");
    }
    for _ in 0..2 {
        assert_eq!(ids(b, None, 10), ["00", "03", "05b", "06", "09"]);
        assert_eq!(ids(b, None, 2), ["00", "03"]);
        assert_eq!(ids(b, Some("urn:s:03"), 2), ["05b", "06"]);
        assert_eq!(b.store().historic(None, None, 100).expect("a list").len(), 13);
        let life = TemporalRange { limit: 0, ..everything(TimeProperty::ModifiedAt) };
        let known = b.store().evolution("urn:s:05b", None, &life).expect("a read").expect("it has history");
        assert_eq!(known.types, [name("Sensor"), name("Pump")]);
        let all = state_at(b, Time::MAX, Stop::NEVER, usize::MAX).len();
        assert_eq!(all, 10, "two are gone, one has a past alone");
        b.restart();
    }
    for id in ["urn:s:03", "urn:s:05b"] {
        let id = belfry_kernel::Iri::from_checked(id);
        let forget = Sample::Forget { id, name: None, dataset_id: None, all_datasets: true };
        let set = ChangeSet { samples: vec![forget], ..ChangeSet::default() };
        b.store().write(Box::new(move |_, _| Ok(set))).await.expect("a write");
    }
    assert_eq!(ids(b, None, 10), ["00", "06", "09"]);
}

async fn one_by_one(b: &mut Bench<'_>) {
    for i in 0..400_i64 {
        observe(b, "urn:s:1", i as f64, at(i)).await;
    }
    let mut seen = Vec::new();
    let range = TemporalRange { limit: usize::MAX, from: at(100), ..everything(TimeProperty::ObservedAt) };
    let visit = &mut |instance: belfry_ports::temporal::Instance| {
        seen.push(instance.attribute.observed_at);
        seen.len() < 200
    };
    assert!(b.store().instances("urn:s:1", Some(&[name("level")]), &range, visit).expect("a read"));
    assert_eq!(seen, (100..300).map(|i| Some(at(i))).collect::<Vec<_>>());
    assert!(!b.store().instances("urn:s:none", None, &range, &mut |_| true).expect("a read"));
    // A deletion is found behind any number of other instances.
    b.store().write(Box::new(move |read, _| delete(read, "urn:s:1"))).await.expect("a write");
    let one = TemporalRange { limit: 1, ..everything(TimeProperty::DeletedAt) };
    let gone = b.store().evolution("urn:s:1", Some(&[name("level")]), &one).expect("a read").expect("it has history");
    assert_eq!(gone.instances.iter().map(|i| i.deleted).collect::<Vec<_>>(), [true]);
}

async fn past_begins_anew(b: &mut Bench<'_>) {
    observe(b, "urn:s:1", 1.0, at(1)).await;
    let write = |read: &dyn belfry_ports::Read, now| {
        let mut made = entity("urn:s:1", "Sensor", vec![], now);
        made.attributes.push(number("level", 2.0, now));
        let id = made.id.clone();
        let forget = Sample::Forget { id, name: None, dataset_id: None, all_datasets: true };
        let mut change = put(read, made)?;
        if let EntityChange::Put { head, .. } = &mut change {
            // What is known of the entity itself is forgotten, too, and said again.
            *head = true;
        }
        Ok(ChangeSet { samples: vec![forget], ..ChangeSet::of(change) })
    };
    b.clock.advance_micros(1_000_000);
    b.store().write(Box::new(write)).await.expect("a write");
    for _ in 0..2 {
        assert_eq!(values(b, "urn:s:1", &everything(TimeProperty::ModifiedAt)), [2.0]);
        b.restart();
    }
}

async fn scopes_over_time(b: &mut Bench<'_>) {
    let mut instants = Vec::new();
    for scope in ["/a", "/b", "/c"] {
        b.clock.advance_micros(1_000_000);
        let write = move |read: &dyn belfry_ports::Read, now| {
            let mut made = entity("urn:s:1", "Sensor", vec![], now);
            made.scopes = vec![scope.into()];
            Ok(ChangeSet::of(put(read, made)?))
        };
        instants.push(b.store().write(Box::new(write)).await.expect("a write").at);
    }
    let scopes = |from, to| {
        let mut found = Vec::new();
        b.store()
            .scopes("urn:s:1", (from, to), &mut |scopes| {
                found.push(scopes.join(","));
                true
            })
            .expect("a read");
        found
    };
    assert_eq!(scopes(Time::MIN, Time::MAX), ["/a", "/b", "/c"]);
    assert_eq!(scopes(instants[0].plus_micros(10), instants[1].plus_micros(10)), ["/a", "/b"]);
    assert_eq!(scopes(instants[1].plus_micros(10), instants[2]), ["/b"]);
    assert_eq!(scopes(instants[2].plus_micros(10), Time::MAX), ["/c"]);
    // What was recorded of the time before the entity came had the scope that it came with.
    assert_eq!(scopes(at(-10), at(-5)), ["/a"]);
}

async fn aggregates(b: &mut Bench<'_>) {
    for i in 0..100_i64 {
        observe(b, "urn:s:1", (i % 10) as f64, at(i * 60)).await;
    }
    b.restart();
    let boundaries: Vec<Time> = (0..=10).map(|i| at(i * 600)).collect();
    let found = b
        .store()
        .aggregate("urn:s:1", None, TimeProperty::ObservedAt, &boundaries, true)
        .expect("a read")
        .expect("it has history");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].buckets.len(), 10);
    for bucket in &found[0].buckets {
        assert_eq!((bucket.count, bucket.distinct), (10, Some(10)));
        assert_eq!((bucket.min, bucket.max, bucket.sum), (Some(0.0), Some(9.0), Some(45.0)));
        assert!((bucket.avg.expect("numbers") - 4.5).abs() < 1e-12);
        assert!((bucket.stddev.expect("numbers") - 8.25_f64.sqrt()).abs() < 1e-9);
    }
}

async fn past_alone(b: &mut Bench<'_>) {
    let append = |id: &str, value: f64, seconds: i64| {
        let mut attribute = number("level", value, at(seconds));
        attribute.observed_at = Some(at(seconds));
        Sample::Append { id: belfry_kernel::Iri::from_checked(id), types: vec![name("Sensor")], attribute }
    };
    let live = observe(b, "urn:s:1", 7.0, at(100)).await;
    let mut samples: Vec<Sample> = (0..5).map(|i| append("urn:s:1", f64::from(i), i64::from(i))).collect();
    samples.push(append("urn:s:2", 1.0, 1));
    b.clock.advance_micros(1_000_000);
    let set = ChangeSet { samples, ..ChangeSet::default() };
    let late = b.store().write(Box::new(move |_, _| Ok(set))).await.expect("a write").at;
    for _ in 0..2 {
        for instant in [live, late, Time::MAX] {
            let then = b.store().entity_at("urn:s:1", instant).expect("a read").expect("it was there");
            assert_eq!(only_value(&then), 7.0, "at {instant}");
        }
        assert_eq!(b.store().entity_at("urn:s:2", Time::MAX).expect("a read"), None, "it never was in the state");
        assert_eq!(values(b, "urn:s:1", &everything(TimeProperty::ObservedAt)), [0.0, 1.0, 2.0, 3.0, 4.0, 7.0]);
        b.restart();
    }
    // Entities that come after, or change again, are current as ever.
    observe(b, "urn:s:1", 8.0, at(200)).await;
    observe(b, "urn:s:2", 9.0, at(200)).await;
    for (id, value) in [("urn:s:1", 8.0), ("urn:s:2", 9.0)] {
        let now = b.store().entity_at(id, Time::MAX).expect("a read").expect("it is there");
        assert_eq!(only_value(&now), value);
    }
}

async fn limits_after_filters(b: &mut Bench<'_>) {
    for i in 0..50 {
        observe(b, "urn:s:1", f64::from(i), at(i64::from(i))).await;
    }
    b.store().write(Box::new(|read, _| delete(read, "urn:s:1"))).await.expect("a write");
    let read = |by, last_n| {
        let range = TemporalRange { last_n, limit: 10, ..everything(by) };
        b.store().evolution("urn:s:1", None, &range).expect("a read").expect("it has history")
    };
    for last_n in [None, Some(5)] {
        let gone = read(TimeProperty::DeletedAt, last_n);
        assert!(!gone.more && gone.instances.len() == 1 && gone.instances[0].deleted, "{gone:?}");
    }
    let first = read(TimeProperty::CreatedAt, None);
    assert!(first.more && first.instances.len() == 10 && first.instances.iter().all(|i| !i.deleted));
    let last = read(TimeProperty::CreatedAt, Some(10));
    assert!(last.instances.len() == 10 && last.instances.iter().all(|i| !i.deleted), "{}", last.instances.len());
}

async fn corrections(b: &mut Bench<'_>) {
    let append = |value: f64, seconds: i64| {
        let mut attribute = number("level", value, at(seconds));
        attribute.observed_at = Some(at(seconds));
        Sample::Append { id: belfry_kernel::Iri::from_checked("urn:s:9"), types: vec![name("Sensor")], attribute }
    };
    let set = ChangeSet { samples: (0..5).map(|i| append(i as f64, i)).collect(), ..ChangeSet::default() };
    b.store().write(Box::new(move |_, _| Ok(set))).await.expect("a write");
    assert!(b.store().entity("urn:s:9").expect("a read").is_none(), "history alone was written");
    let all = everything(TimeProperty::ObservedAt);
    let evolution = b.store().evolution("urn:s:9", None, &all).expect("a read").expect("it has history");
    assert_eq!(evolution.types, [name("Sensor")]);
    let stamps: Vec<i64> = evolution.instances.iter().map(|i| i.stamp).collect();
    let mut corrected = evolution.instances[1].attribute.clone();
    corrected.value = Value::Property(Json::Float(10.5));
    let rewritten = at(86_400);
    corrected.modified_at = rewritten;
    let id = belfry_kernel::Iri::from_checked("urn:s:9");
    let set = ChangeSet {
        samples: vec![
            Sample::Replace { id: id.clone(), stamp: stamps[1], attribute: corrected },
            Sample::Remove { id: id.clone(), name: name("level"), dataset_id: None, stamp: stamps[3] },
        ],
        ..ChangeSet::default()
    };
    b.store().write(Box::new(move |_, _| Ok(set))).await.expect("a write");
    for _ in 0..2 {
        assert_eq!(values(b, "urn:s:9", &all), [0.0, 10.5, 2.0, 4.0]);
        let found = b.store().evolution("urn:s:9", None, &all).expect("a read").expect("it has history");
        assert_eq!(found.instances[1].attribute.modified_at, rewritten, "when it was replaced");
        assert_eq!(found.instances[1].stamp, stamps[1]);
        let by = |from, to, last_n| TemporalRange { from, to, last_n, ..everything(TimeProperty::ModifiedAt) };
        // It was long before the others, and stands before them.
        let after = rewritten.plus_micros(1);
        assert_eq!(values(b, "urn:s:9", &by(rewritten, after, None)), [10.5], "by when it was replaced");
        assert_eq!(values(b, "urn:s:9", &by(after, Time::MAX, None)), [0.0, 2.0, 4.0]);
        assert_eq!(values(b, "urn:s:9", &by(Time::MIN, Time::MAX, None)), [10.5, 0.0, 2.0, 4.0]);
        assert_eq!(values(b, "urn:s:9", &by(Time::MIN, Time::MAX, Some(2))), [2.0, 4.0]);
        b.restart();
    }
    let forget = Sample::Forget { id, name: None, dataset_id: None, all_datasets: true };
    let set = ChangeSet { samples: vec![forget], ..ChangeSet::default() };
    b.store().write(Box::new(move |_, _| Ok(set))).await.expect("a write");
    assert!(b.store().evolution("urn:s:9", None, &all).expect("a read").is_none());
}
