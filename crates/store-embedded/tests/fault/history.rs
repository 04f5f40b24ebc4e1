//! History keeps up with the log whatever its limits are, and whatever keeps its files from being written.

use crate::town::{Town, files, numbers, write, write_many};
use belfry_kernel::{Kind, Time};
use belfry_ports::temporal::{TemporalRange, TimeProperty};
use belfry_ports::{ChangeSet, Store};
use belfry_store_embedded::{EmbeddedStore, Options, check};
use belfry_testkit::entity::{entity, number, put};
use std::sync::Arc;
use std::time::Duration;

/// How many instances history holds of an entity.
fn kept(store: &EmbeddedStore, id: &str) -> usize {
    let range =
        TemporalRange { by: TimeProperty::ModifiedAt, from: Time::MIN, to: Time::MAX, last_n: None, limit: 100_000 };
    store.evolution(id, None, &range).unwrap().map_or(0, |evolution| evolution.instances.len())
}

/// Room for some dozen of writes in history's open part.
fn narrow(town: &Town) -> Options {
    let mut options = town.options();
    let history = options.history.as_mut().unwrap();
    (history.open_bytes, history.open_bytes_max) = (16 << 10, 32 << 10);
    options
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_flushed_is_replayed_into_less_room() {
    let town = Town::new();
    let store = town.open();
    for n in 0..600 {
        write(&store, &format!("urn:p:{}", n % 3), n).await.unwrap();
    }
    drop(store);
    let store = EmbeddedStore::open(&narrow(&town)).unwrap();
    for n in 0..3 {
        assert_eq!(kept(&store, &format!("urn:p:{n}")), 400);
    }
    store.checkpoint().unwrap();
    drop(store);
    let report = check(&town.options()).unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
    assert_eq!(kept(&town.open(), "urn:p:0"), 400);
}

/// One commit of this many entities.
async fn write_together(store: &EmbeddedStore, entities: u64, n: u64) {
    store
        .write(Box::new(move |read, now| {
            let mut set = ChangeSet::default();
            for i in 0..entities {
                let both = vec![number("a", n as f64, now), number("b", n as f64, now)];
                set.entities.push(put(read, entity(&format!("urn:t:{i}"), "Pair", both, now))?);
            }
            Ok(set)
        }))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_larger_than_the_open_part_are_all_in_it() {
    let town = Town::new();
    let store = Arc::new(EmbeddedStore::open(&narrow(&town)).unwrap());
    for round in 0..3_u64 {
        for (_, outcome) in write_many(&store, 0..1000).await {
            outcome.unwrap();
        }
        write_together(&store, 400, round).await;
    }
    for (prefix, count) in [("p", 1000), ("t", 400)] {
        for n in 0..count {
            assert_eq!(kept(&store, &format!("urn:{prefix}:{n}")), 6, "urn:{prefix}:{n}");
        }
    }
    drop(store);
    let report = check(&town.options()).unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_under_it_refuses_writes_before_anything_is_lost() {
    let town = Town::new();
    let store = Arc::new(EmbeddedStore::open(&narrow(&town)).unwrap());
    for id in 0..2000 {
        let path = town.path().join(format!("history/run-{id:010}.bhr.tmp"));
        std::os::unix::fs::symlink("/dev/full", path).unwrap();
    }
    let (mut acknowledged, mut refused) = (vec![0; 2000], 0);
    for _ in 0..3 {
        for (n, outcome) in write_many(&store, 0..2000).await {
            match outcome {
                Ok(()) => acknowledged[n as usize] += 2,
                Err(e) => {
                    assert_eq!(e.kind(), Kind::Unavailable);
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 0, "nothing was refused");
    assert!(store.health().refusing_writes.is_some());
    for path in files(&town.path().join("history"), "tmp") {
        std::fs::remove_file(path).unwrap();
    }
    let known = numbers(&store);
    let mut accepted = false;
    for _ in 0..100 {
        accepted = write(&store, "urn:after", 1).await.is_ok();
        if accepted {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(accepted, "it recovers by itself");
    assert_eq!(store.health().refusing_writes, None);
    assert_eq!(kept(&store, "urn:after"), 2);
    for (n, expected) in acknowledged.iter().enumerate() {
        assert_eq!(kept(&store, &format!("urn:p:{n}")), *expected, "urn:p:{n}");
    }
    drop(store);
    let report = check(&town.options()).unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
    assert_eq!(numbers(&town.open()).len(), known.len() + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_it_could_never_take_is_refused_before_it_counts() {
    let town = Town::new();
    let store = town.open();
    write(&store, "urn:p:0", 0).await.unwrap();
    // An identifier is kept with each of its attributes: little in the log, very much in history.
    let refused = store
        .write(Box::new(|read, now| {
            let mut set = ChangeSet::default();
            for i in 0..150 {
                let all = (0..1000).map(|a| number(&format!("a{a}"), 1.0, now)).collect();
                let id = format!("urn:long:{i}:{}", "x".repeat(1900));
                set.entities.push(put(read, entity(&id, "Pair", all, now))?);
            }
            Ok(set)
        }))
        .await;
    assert_eq!(refused.unwrap_err().kind(), Kind::PayloadTooLarge);
    assert_eq!(store.health().seq, 1);
    write(&store, "urn:p:0", 1).await.unwrap();
    assert_eq!((numbers(&store).len(), kept(&store, "urn:p:0")), (1, 4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn relaxed_writes_wait_for_its_flush_and_not_for_themselves() {
    let town = Town::new();
    let mut options = narrow(&town);
    options.log.durability = belfry_log::Durability::Interval(Duration::from_millis(500));
    let store = Arc::new(EmbeddedStore::open(&options).unwrap());
    for round in 0..5_u64 {
        for (n, outcome) in write_many(&store, 0..1000).await {
            outcome.unwrap_or_else(|e| panic!("round {round}, write {n}: {e:?}"));
        }
    }
    for n in 0..1000 {
        assert_eq!(kept(&store, &format!("urn:p:{n}")), 10);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writes_go_on_while_a_backup_takes_long() {
    let town = Town::new();
    let store = Arc::new(EmbeddedStore::open(&narrow(&town)).unwrap());
    for (_, outcome) in write_many(&store, 0..2000).await {
        outcome.unwrap();
    }
    // The copy of the manifest goes into a pipe that nobody reads from for now.
    let (into, pipe) = (town.path().with_file_name("backup"), town.path().with_file_name("pipe"));
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let manifest = into.join("history/MANIFEST");
    let trap = {
        let (pipe, manifest) = (pipe.clone(), manifest.clone());
        std::thread::spawn(move || while std::os::unix::fs::symlink(&pipe, &manifest).is_err() {})
    };
    let backup = {
        let (store, into) = (store.clone(), into.clone());
        std::thread::spawn(move || store.backup(&into).is_ok())
    };
    trap.join().unwrap();
    for round in 0..5_u64 {
        for (n, outcome) in write_many(&store, 0..1000).await {
            outcome.unwrap_or_else(|e| panic!("round {round}, write {n}: {e:?}"));
        }
        tokio::task::block_in_place(|| store.checkpoint()).unwrap();
    }
    assert!(!backup.is_finished(), "the backup was not held up");
    std::fs::read(&pipe).unwrap();
    let _ = backup.join().unwrap();
    assert_eq!(kept(&store, "urn:p:0"), 12);
    // What was cut meanwhile was not needed by it: the next one is whole.
    let into = town.path().with_file_name("second");
    tokio::task::block_in_place(|| store.backup(&into)).unwrap();
    assert!(check(&Options { dir: into, ..town.options() }).unwrap().is_sound());
}
