//! Backup while writes go on, restore to any later instant, and what the check says of sound and damaged directories.
#![expect(clippy::unwrap_used, reason = "a test ends where something it needs is missing")]

use belfry_ports::{ChangeSet, Store};
use belfry_store_embedded::{EmbeddedStore, Options, check, restore};
use belfry_testkit::MockClock;
use belfry_testkit::entity::{entity, number, put};
use std::path::Path;
use std::sync::Arc;

fn options(dir: &Path, clock: &Arc<MockClock>) -> Options {
    let mut options = Options::new(dir, clock.clone());
    options.log.segment_bytes = 1 << 20;
    options
}

async fn write(store: &EmbeddedStore, clock: &MockClock, i: u32) -> belfry_kernel::Time {
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
    assert!(check(&dir.path().join("backup")).unwrap().is_sound());
    for (i, (at, wanted)) in seen.iter().enumerate().step_by(13) {
        let into = dir.path().join(format!("restored-{i}"));
        let done = restore(&dir.path().join("backup"), Some(&live.join("log")), Some(*at), &into).unwrap();
        assert_eq!((done.seq, done.at), (101 + i as u64, *at));
        let report = check(&into).unwrap();
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
    assert!(check(&live).unwrap().is_sound());
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
        let report = check(&live).unwrap();
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
