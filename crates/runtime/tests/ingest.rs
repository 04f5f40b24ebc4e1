//! Ingest over the real store: what of a batch is in the state and in history, what is known again after a restart.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use belfry_connect_payload::{EntityRef, Reading, Value};
use belfry_kernel::{Clock, Error, Iri, Time};
use belfry_ngsi_ld::form::Limits;
use belfry_ngsi_ld::{Context, Entity, Json};
use belfry_ports::temporal::{TemporalRange, TimeProperty};
use belfry_ports::{Collection, EntityChange, FeedItem, Store};
use belfry_runtime::ingest::{self, Ingest, Learned, Message, Repeat, Taken};
use belfry_runtime::notify::KeepBefore;
use belfry_runtime::{Stores, SystemClock, Tenants};
use belfry_store_embedded::{EmbeddedStore, Options};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// One store for every test of a file would mix them up: each opens its own, and again after a restart.
struct One(Arc<dyn Store>);

impl Stores for One {
    fn open(&self, _: &str) -> Result<Arc<dyn Store>, Error> {
        Ok(self.0.clone())
    }

    fn list(&self) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }
}

struct Bench {
    store: Arc<dyn Store>,
    keep_before: Arc<KeepBefore>,
    ingest: Arc<Ingest>,
}

fn open(directory: &Path) -> Bench {
    open_at(directory, Arc::new(SystemClock))
}

fn open_at(directory: &Path, clock: Arc<dyn Clock>) -> Bench {
    let mut options = Options::new(directory.join("store"), clock.clone());
    options.log.segment_bytes = 64 << 20;
    let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(&options).unwrap());
    let tenants = Tenants::open(Arc::new(One(store.clone())), 1, Box::new(|_, _| {})).unwrap();
    let options = ingest::Options {
        register_only: false,
        commit_bytes: 4 << 20,
        remember: Duration::from_secs(3600),
        max_senders: 20,
    };
    let keep_before = Arc::<KeepBefore>::default();
    let ingest = Ingest::new(Arc::new(tenants), Limits::default(), clock, keep_before.clone(), options);
    Bench { store, keep_before, ingest: Arc::new(ingest) }
}

fn at(second: i64) -> Time {
    Time::parse("2026-03-01T12:00:00Z").unwrap().plus_micros(second * 1_000_000)
}

fn reading(device: &str, attribute: &str, value: f64, second: impl Into<Option<i64>>) -> Reading {
    Reading {
        device: device.into(),
        entity: Some(Arc::new(EntityRef { id: id(device), types: Arc::from(["Sensor".into()]) })),
        attribute: attribute.into(),
        value: Value::Number(value),
        unit_code: None,
        observed_at: second.into().map(at),
    }
}

fn id(device: &str) -> Iri {
    Iri::parse(&format!("urn:ngsi-ld:Sensor:{device}")).unwrap()
}

fn message(readings: Vec<Reading>) -> Message {
    Message { readings, repeat: None, learned: Vec::new() }
}

impl Bench {
    async fn take(&self, batch: Vec<Message>) -> Vec<Taken> {
        self.ingest.submit(None, batch).await.unwrap()
    }

    fn entity(&self, device: &str) -> Entity {
        self.store.entity(id(device).as_str()).unwrap().unwrap()
    }

    fn current(&self, device: &str, attribute: &str) -> f64 {
        number(&self.entity(device), attribute)
    }

    /// The values of an attribute in history, by their own time.
    fn history(&self, device: &str, attribute: &str) -> Vec<f64> {
        let name = Context::core().expand(attribute).unwrap();
        let range = TemporalRange {
            by: TimeProperty::ObservedAt,
            from: Time::MIN,
            to: Time::MAX,
            last_n: None,
            limit: 100_000,
            every: false,
        };
        let evolution = self.store.evolution(id(device).as_str(), Some(&[name]), &range).unwrap().unwrap();
        evolution.instances.iter().map(|i| value(&i.attribute.value)).collect()
    }
}

fn number(entity: &Entity, attribute: &str) -> f64 {
    let name = Context::core().expand(attribute).unwrap();
    value(&entity.instance(name, None).unwrap().value)
}

fn value(value: &belfry_ngsi_ld::Value) -> f64 {
    match value {
        belfry_ngsi_ld::Value::Property(Json::Int(n)) => *n as f64,
        belfry_ngsi_ld::Value::Property(Json::Float(n)) => *n,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_value_of_a_message_is_in_history() {
    let directory = tempfile::tempdir().unwrap();
    let bench = open(directory.path());
    // A new entity and a known one; record by record and attribute by attribute.
    for (first, round) in [(0, "new"), (100, "known")] {
        let mut rows = Vec::new();
        for n in first..first + 50 {
            rows.push(reading("pack", "temperature", n as f64, n));
            rows.push(reading("pack", "humidity", n as f64 + 0.5, n));
        }
        rows.extend((first..first + 10).map(|n| reading("other", "level", n as f64, n)));
        assert_eq!(bench.take(vec![message(rows)]).await, [Taken::Stored], "{round}");
    }
    let expected: Vec<f64> = (0..50).chain(100..150).map(f64::from).collect();
    let halves: Vec<f64> = expected.iter().map(|n| n + 0.5).collect();
    drop(bench);
    // The log says the same as what was in memory.
    for _ in 0..2 {
        let bench = open(directory.path());
        assert_eq!(bench.history("pack", "temperature"), expected);
        assert_eq!(bench.history("pack", "humidity"), halves);
        assert_eq!(bench.history("other", "level"), (0..10).chain(100..110).map(f64::from).collect::<Vec<_>>());
        assert_eq!(bench.current("pack", "temperature"), 149.0);
    }
}

#[tokio::test]
async fn a_late_value_is_history_and_not_the_present() {
    let directory = tempfile::tempdir().unwrap();
    let bench = open(directory.path());
    bench.take(vec![message(vec![reading("s", "level", 1.0, 100)])]).await;
    // Late in a message of its own, late within a message, late beside a newer value of the same commit.
    bench.take(vec![message(vec![reading("s", "level", 2.0, 50)])]).await;
    assert_eq!(bench.current("s", "level"), 1.0);
    let then = SystemClock.now().plus_micros(1_000_000);
    assert_eq!(number(&bench.store.entity_at(id("s").as_str(), then).unwrap().unwrap(), "level"), 1.0);
    let mixed = vec![
        message(vec![reading("s", "level", 3.0, 200), reading("s", "level", 4.0, 150), reading("s", "flow", 9.0, 10)]),
        message(vec![reading("s", "level", 5.0, 120)]),
        message(vec![reading("s", "level", 6.0, 120), reading("s", "level", 7.0, 300)]),
    ];
    assert_eq!(bench.take(mixed).await, [Taken::Stored, Taken::Stored, Taken::Stored]);
    assert_eq!(bench.current("s", "level"), 7.0);
    let mut all = bench.history("s", "level");
    assert_eq!((all[0], *all.last().unwrap()), (2.0, 7.0));
    all.sort_by(f64::total_cmp);
    assert_eq!(all, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    // As of now, by arrival, the state is what it is.
    let now = SystemClock.now();
    let replayed = bench.store.entity_at(id("s").as_str(), now.plus_micros(1_000_000)).unwrap().unwrap();
    assert_eq!(number(&replayed, "level"), 7.0);
    // The same time again is a correction; a clock far ahead does not stop the present for ever.
    bench.take(vec![message(vec![reading("s", "level", 8.0, 300)])]).await;
    assert_eq!(bench.current("s", "level"), 8.0);
    let far = 10 * 365 * 86_400;
    bench.take(vec![message(vec![reading("s", "level", 9.0, far)])]).await;
    bench.take(vec![message(vec![reading("s", "level", 10.0, 400)])]).await;
    assert_eq!(bench.current("s", "level"), 10.0);
    drop(bench);
    assert_eq!(open(directory.path()).history("s", "level").len(), 10);
}

fn long_text(device: &str, attribute: &str, bytes: usize) -> Reading {
    Reading { value: Value::Text("x".repeat(bytes).into()), ..reading(device, attribute, 0.0, None) }
}

#[tokio::test]
async fn a_batch_that_is_too_large_for_one_commit_becomes_several() {
    let directory = tempfile::tempdir().unwrap();
    let bench = open(directory.path());
    // An entity of 400 KiB makes an image of that size for each of its messages: over 100 MiB in one commit.
    let grown = (0..8).map(|n| message(vec![long_text("big", &format!("note{n}"), 50 << 10)])).collect();
    assert!(bench.take(grown).await.iter().all(|t| *t == Taken::Stored));
    let batch = (0..256).map(|n| message(vec![reading("big", "level", f64::from(n), i64::from(n))])).collect();
    assert!(bench.take(batch).await.iter().all(|t| *t == Taken::Stored));
    assert_eq!(bench.history("big", "level"), (0..256).map(f64::from).collect::<Vec<_>>());
    // After a restart its size is not remembered, and read anew.
    drop(bench);
    let bench = open(directory.path());
    let batch = (256..512).map(|n| message(vec![reading("big", "level", f64::from(n), i64::from(n))])).collect();
    assert!(bench.take(batch).await.iter().all(|t| *t == Taken::Stored));
    assert_eq!(bench.history("big", "level").len(), 512);
    // What can never be committed is refused, and the others of its batch are taken.
    let pack = (0..200).map(|n| reading("big", "level", 0.0, 1000 + n)).collect();
    let taken = bench.take(vec![message(vec![reading("small", "level", 1.0, 1)]), message(pack)]).await;
    assert!(matches!(&taken[..], [Taken::Stored, Taken::Refused(..)]), "{taken:?}");
    assert_eq!((bench.current("small", "level"), bench.current("big", "level")), (1.0, 511.0));
}

#[tokio::test]
async fn repetitions_and_lessons_are_known_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let sent = |key, suspect, learned: &[(&str, Option<&[u8]>)]| Message {
        repeat: Some(Repeat { sender: "pump@7".into(), key, suspect }),
        learned: learned.iter().map(|(k, b)| Learned { key: (*k).into(), bytes: b.map(Into::into) }).collect(),
        ..message(vec![reading("s", "level", key as f64, key as i64)])
    };
    let bench = open(directory.path());
    for from in (0..2000).step_by(250) {
        bench.take((from..from + 250).map(|key| sent(key, false, &[])).collect()).await;
    }
    let lessons = [("learned:l:a", Some(&b"one"[..])), ("learned:l:b", Some(b"two"))];
    bench.take(vec![sent(2000, false, &lessons), sent(2001, false, &[("learned:l:b", None)])]).await;
    // A lesson without readings.
    bench
        .take(vec![Message {
            learned: vec![Learned { key: "learned:l:c".into(), bytes: Some((*b"3").into()) }],
            ..message(Vec::new())
        }])
        .await;
    drop(bench);
    let bench = open(directory.path());
    let again = bench.take((1000..2002).map(|key| sent(key, true, &[])).collect()).await;
    assert!(again.iter().all(|t| *t == Taken::Duplicate));
    // What says that it is no repetition is none.
    assert_eq!(bench.take(vec![sent(2001, false, &[])]).await, [Taken::Stored]);
    assert_eq!(bench.history("s", "level").len(), 2003);
    let kept = bench.store.documents(Collection::Device, Some("learned:"), 10).unwrap();
    let kept: Vec<(&str, &[u8])> =
        kept.iter().map(|d| (&*d.key, &*d.bytes)).filter(|(k, _)| k.starts_with("learned:")).collect();
    assert_eq!(kept, [("learned:l:a", &b"one"[..]), ("learned:l:c", b"3")]);
}

#[tokio::test]
async fn changes_carry_what_was_before_while_somebody_wants_to_see_it() {
    let directory = tempfile::tempdir().unwrap();
    let bench = open(directory.path());
    bench.take(vec![message(vec![reading("pack", "level", 1.0, 1)])]).await;
    let mut after = bench.store.health().seq;
    let mut feed = bench.store.feed(after);
    for (wanted, expected) in [(false, [None, None]), (true, [Some(3.0), Some(4.0)])] {
        if wanted {
            bench.keep_before.announce(SystemClock.now());
        }
        let base = if wanted { 4.0 } else { 2.0 };
        let rows = (0..2).map(|n| reading("pack", "level", base + n as f64, 10 * base as i64 + n));
        bench.take(vec![message(rows.collect())]).await;
        let mut before = Vec::new();
        while after < bench.store.health().seq {
            let Some(Ok(FeedItem::Commit(commit))) = feed.next().await else { panic!("the feed has the commit") };
            after = commit.seq;
            for change in &commit.changes.entities {
                let EntityChange::Put { changes, .. } = change else { panic!("{change:?}") };
                before.extend(changes.iter().map(|c| c.before.as_ref().map(|a| value(&a.value))));
            }
        }
        assert_eq!(before, expected);
    }
}

/// A clock that stands still until it is moved.
struct Moved(AtomicI64);

impl Clock for Moved {
    fn now(&self) -> Time {
        at(self.0.load(Ordering::Relaxed))
    }
}

#[tokio::test]
async fn senders_that_are_silent_or_too_many_are_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(Moved(AtomicI64::new(0)));
    let bench = open_at(directory.path(), clock.clone());
    let send = async |sender: &str, key: u64, suspect: bool| {
        let repeat = Some(Repeat { sender: sender.into(), key, suspect });
        let readings = vec![reading("pack", "level", 1.0, None)];
        bench.take(vec![Message { readings, repeat, learned: Vec::new() }]).await.remove(0)
    };
    let kept = || {
        let all = bench.store.documents(Collection::Device, None, 10_000).unwrap();
        all.iter().filter(|d| d.key.starts_with("seen")).count()
    };
    // One that says much, so that it has pages in the ring.
    for key in 0..200 {
        send("much@token:3", key, false).await;
    }
    for n in 0..100 {
        clock.0.fetch_add(1, Ordering::Relaxed);
        send(&format!("mosq-{n}@token"), n, false).await;
    }
    assert!(kept() > 100);
    bench.ingest.forget().await;
    assert_eq!(kept(), 20, "the newest are kept");
    assert_eq!(send("mosq-99@token", 99, true).await, Taken::Duplicate);
    assert_eq!(send("mosq-0@token", 0, true).await, Taken::Stored, "it is forgotten");
    clock.0.fetch_add(3590, Ordering::Relaxed);
    assert_eq!(send("mosq-99@token", 100, false).await, Taken::Stored);
    bench.ingest.forget().await;
    clock.0.fetch_add(70, Ordering::Relaxed);
    bench.ingest.forget().await;
    assert_eq!(kept(), 1, "only one said something within the hour");
    assert_eq!(send("mosq-99@token", 100, true).await, Taken::Duplicate);
}
