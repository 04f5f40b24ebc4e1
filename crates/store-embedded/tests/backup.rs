//! Backup while writes go on, restore to any later instant, and what the check says of sound and damaged directories.
#![expect(clippy::unwrap_used, reason = "a test ends where something it needs is missing")]

use belfry_kernel::{Error, Kind, Time};
use belfry_ports::{ChangeSet, Copied, FeedItem, Store};
use belfry_store_embedded::{EmbeddedStore, Options, check};
use belfry_testkit::MockClock;
use belfry_testkit::entity::{entity, number, put};
use std::path::Path;
use std::sync::Arc;

fn options(dir: &Path, clock: &Arc<MockClock>) -> Options {
    let mut options = Options::new(dir, clock.clone());
    options.log.segment_bytes = 1 << 20;
    options
}

fn restore(backup: &Path, log: Option<&Path>, until: Option<Time>, into: &Path) -> Result<Copied, Error> {
    let log_options = options(into, &Arc::default()).log;
    belfry_store_embedded::restore(backup, log, until, into, &log_options)
}

async fn write(store: &EmbeddedStore, clock: &MockClock, i: u32) -> Time {
    clock.advance_micros(1_000_000);
    let commit = store
        .write(Box::new(move |read, now| {
            let made = entity(&format!("urn:s:{}", i % 10), "Sensor", vec![number("level", f64::from(i), now)], now);
            Ok(ChangeSet::of(put(read, made)?))
        }))
        .await
        .unwrap();
    commit.at
}

fn state(dir: &Path, clock: &Arc<MockClock>) -> Vec<Option<belfry_ngsi_ld::Entity>> {
    let store = EmbeddedStore::open(&options(dir, clock)).unwrap();
    (0..10).map(|i| store.entity(&format!("urn:s:{i}")).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn restores_to_any_instant_since_the_backup() {
    let clock = Arc::new(MockClock::default());
    let dir = tempfile::tempdir().unwrap();
    let live = dir.path().join("live");
    let mut seen = Vec::new();
    {
        let store = EmbeddedStore::open(&options(&live, &clock)).unwrap();
        for i in 0..100 {
            write(&store, &clock, i).await;
        }
        let taken = store.backup(&dir.path().join("backup")).unwrap();
        assert_eq!(taken.seq, 100);
        assert!(store.backup(&dir.path().join("backup")).is_err(), "a backup must not overwrite another");
        for i in 100..160 {
            let at = write(&store, &clock, i).await;
            seen.push((at, (0..10).map(|n| store.entity(&format!("urn:s:{n}")).unwrap()).collect::<Vec<_>>()));
            if i == 130 {
                store.checkpoint().unwrap();
            }
        }
    }
    assert!(check(&options(&dir.path().join("backup"), &clock)).unwrap().is_sound());
    for (i, (at, wanted)) in seen.iter().enumerate().step_by(13) {
        let into = dir.path().join(format!("restored-{i}"));
        let done = restore(&dir.path().join("backup"), Some(&live.join("log")), Some(*at), &into).unwrap();
        assert_eq!((done.seq, done.at), (101 + i as u64, *at));
        let report = check(&options(&into, &clock)).unwrap();
        assert!(report.is_sound(), "{:?}", report.findings);
        assert_eq!(&state(&into, &clock), wanted);
    }
    // Without the log: the backup itself. And never into a directory that holds something.
    let into = dir.path().join("plain");
    assert_eq!(restore(&dir.path().join("backup"), None, None, &into).unwrap().seq, 100);
    assert!(restore(&dir.path().join("backup"), None, None, &into).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_is_found_and_never_read_as_truth() {
    let clock = Arc::new(MockClock::default());
    let dir = tempfile::tempdir().unwrap();
    let live = dir.path().join("live");
    {
        let store = EmbeddedStore::open(&options(&live, &clock)).unwrap();
        for i in 0..60 {
            write(&store, &clock, i).await;
        }
        store.checkpoint().unwrap();
        for i in 60..90 {
            write(&store, &clock, i).await;
        }
    }
    assert!(check(&options(&live, &clock)).unwrap().is_sound());
    let sound = state(&live, &clock);
    let checkpoint = std::fs::read_dir(live.join("state"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|p| p.extension().is_some_and(|e| e == "ckpt"))
        .unwrap();
    let bytes = std::fs::read(&checkpoint).unwrap();
    for at in (0..bytes.len()).step_by(bytes.len() / 23 + 1) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x40;
        std::fs::write(&checkpoint, &damaged).unwrap();
        let report = check(&options(&live, &clock)).unwrap();
        assert!(!report.is_sound(), "byte {at}");
        assert!(report.findings[0].contains(".ckpt"), "{:?}", report.findings);
        // The log still reaches back to the beginning here, so the store recovers by itself.
        assert_eq!(state(&live, &clock), sound, "byte {at}");
        std::fs::write(&checkpoint, &bytes).unwrap();
        for extra in std::fs::read_dir(live.join("state")).unwrap().map(|e| e.unwrap().path()) {
            if extra.extension().is_some_and(|e| e == "ckpt") && extra != checkpoint {
                std::fs::remove_file(extra).unwrap();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_only_taken_when_it_goes_on_from_the_backup() {
    let clock = Arc::new(MockClock::default());
    let dir = tempfile::tempdir().unwrap();
    let [live, other, backup] = ["live", "other", "backup"].map(|name| dir.path().join(name));
    for (path, from) in [(&live, 0), (&other, 500)] {
        let store = EmbeddedStore::open(&options(path, &clock)).unwrap();
        for i in from..from + 40 {
            write(&store, &clock, i).await;
        }
        if from == 0 {
            store.backup(&backup).unwrap();
        }
        for i in from + 40..from + 60 {
            write(&store, &clock, i).await;
        }
    }
    // Another store's log has commits of the same numbers.
    let refused = restore(&backup, Some(&other.join("log")), None, &dir.path().join("mixed")).unwrap_err();
    assert_eq!(refused.kind(), Kind::InvalidRequest);
    assert!(refused.public().contains("another store"), "{refused:?}");

    // What is restored goes its own way from there: its log is no continuation of the old backup, nor the old log of its.
    let restored = dir.path().join("restored");
    assert_eq!(restore(&backup, Some(&live.join("log")), None, &restored).unwrap().seq, 60);
    let second = dir.path().join("second");
    let store = EmbeddedStore::open(&options(&restored, &clock)).unwrap();
    write(&store, &clock, 900).await;
    store.backup(&second).unwrap();
    // The feed reaches back as far as the backup's log did, and goes on behind it.
    let mut feed = store.feed(0);
    for seq in 1..=61 {
        assert!(matches!(feed.next().await.unwrap().unwrap(), FeedItem::Commit(c) if c.seq == seq), "{seq}");
    }
    drop((feed, store));
    let refused = restore(&backup, Some(&restored.join("log")), None, &dir.path().join("third")).unwrap_err();
    assert!(refused.public().contains("another store"), "{refused:?}");
    let refused = restore(&second, Some(&live.join("log")), None, &dir.path().join("fourth")).unwrap_err();
    assert!(refused.public().contains("another store"), "{refused:?}");
    assert!(check(&options(&restored, &clock)).unwrap().is_sound());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_log_begins_where_the_backups_did() {
    let clock = Arc::new(MockClock::default());
    let dir = tempfile::tempdir().unwrap();
    let [live, backup, restored] = ["live", "backup", "restored"].map(|name| dir.path().join(name));
    let mut small = options(&live, &clock);
    small.log.segment_bytes = 16 << 10;
    let store = EmbeddedStore::open(&small).unwrap();
    for i in 0..300 {
        write(&store, &clock, i).await;
        if i % 50 == 49 {
            store.checkpoint().unwrap();
        }
    }
    store.backup(&backup).unwrap();
    drop(store);
    assert_eq!(restore(&backup, Some(&live.join("log")), None, &restored).unwrap().seq, 300);
    assert!(check(&options(&restored, &clock)).unwrap().is_sound());
    assert_eq!(state(&restored, &clock), state(&live, &clock));
    for path in [&live, &restored] {
        let store = EmbeddedStore::open(&options(path, &clock)).unwrap();
        let first = store.feed(0).next().await.unwrap().unwrap();
        assert!(matches!(first, FeedItem::Gap { resumed_after } if resumed_after > 100), "it had been cut");
        write(&store, &clock, 5).await;
        assert_eq!(store.health().seq, 301);
    }
    assert!(check(&options(&restored, &clock)).unwrap().is_sound());
}
