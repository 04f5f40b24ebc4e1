//! History keeps up with the log whatever its limits are, and whatever keeps its files from being written.

use crate::town::{Town, files, numbers, write, write_many};
use belfry_kernel::{Iri, Kind, Time};
use belfry_ports::temporal::{TemporalRange, TimeProperty};
use belfry_ports::{ChangeSet, Sample, Store};
use belfry_store_embedded::{EmbeddedStore, Options, check};
use belfry_testkit::entity::{delete, entity, number, put};
use std::sync::Arc;
use std::time::Duration;

/// How many instances history holds of an entity.
fn kept(store: &EmbeddedStore, id: &str) -> usize {
    store.evolution(id, None, &everything()).unwrap().map_or(0, |evolution| evolution.instances.len())
}

fn everything() -> TemporalRange {
    TemporalRange {
        by: TimeProperty::ModifiedAt,
        from: Time::MIN,
        to: Time::MAX,
        last_n: None,
        limit: 100_000,
        every: false,
    }
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_was_off_while_the_log_was_cut_takes_up_from_the_state() {
    for before in [true, false] {
        let town = Town::new();
        let off = Options { history: None, ..town.options() };
        if before {
            let store = town.open();
            for n in 0..6 {
                write(&store, &format!("urn:p:{n}"), n).await.unwrap();
            }
            // To the past alone: it never was there.
            let attribute = number("a", 1.0, Time::from_micros(1));
            let sample = Sample::Append {
                id: Iri::from_checked("urn:past"),
                types: vec![belfry_testkit::entity::name("Pair")],
                attribute,
            };
            let set = ChangeSet { samples: vec![sample], ..ChangeSet::default() };
            store.write(Box::new(|_, _| Ok(set))).await.unwrap();
            store.checkpoint().unwrap();
        }
        town.clock.advance_micros(1_000_000);
        let store = Arc::new(EmbeddedStore::open(&off).unwrap());
        for round in 0..4 {
            for (_, outcome) in write_many(&store, 100..600).await {
                outcome.unwrap();
            }
            write(&store, "urn:p:1", 100 + round).await.unwrap();
            store.checkpoint().unwrap();
        }
        if before {
            for id in ["urn:p:2", "urn:p:3"] {
                store.write(Box::new(move |read, _| delete(read, id))).await.unwrap();
            }
            // One attribute less, another type, and one that came again.
            store
                .write(Box::new(|read, now| {
                    let one = vec![number("a", 7.0, now)];
                    Ok(ChangeSet::of(put(read, entity("urn:p:4", "Single", one, now))?))
                }))
                .await
                .unwrap();
            write(&store, "urn:p:3", 33).await.unwrap();
        }
        let ids: Vec<_> = store.ids(&Default::default(), 10_000, Time::MIN).unwrap();
        drop(store);

        // Interrupted or not, and once more.
        for _ in 0..2 {
            town.clock.advance_micros(1_000_000);
            let store = town.open();
            for id in &ids {
                let (now, past) =
                    (store.entity(id.as_str()).unwrap().unwrap(), store.entity_at(id.as_str(), Time::MAX));
                let past = past.unwrap().unwrap_or_else(|| panic!("{id} has no past"));
                assert_eq!((&past.types, past.attributes.len()), (&now.types, now.attributes.len()), "{id}");
            }
            assert_eq!(kept(&store, "urn:p:1"), if before { 4 } else { 2 });
            if before {
                assert_eq!(kept(&store, "urn:p:0"), 2, "what did not change is there once");
                assert!(store.entity_at("urn:p:2", Time::MAX).unwrap().is_none(), "it is gone");
                let range = TemporalRange { limit: 0, ..everything() };
                let life = |id| store.evolution(id, None, &range).unwrap().unwrap();
                assert!(life("urn:p:2").deleted_at.is_some());
                assert_eq!(life("urn:past").deleted_at, None, "it never was there, and did not go");
            }
            drop(store);
            let report = check(&town.options()).unwrap();
            assert!(report.is_sound(), "{:?}", report.findings);
        }
        // And on as ever.
        let store = town.open();
        write(&store, "urn:p:1", 1000).await.unwrap();
        assert_eq!(kept(&store, "urn:p:1"), if before { 6 } else { 4 });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_switched_off_keeps_what_was_not_flushed() {
    let town = Town::new();
    let off = Options { history: None, ..town.options() };
    for round in 1..3 {
        // Written, and ended without a flush.
        let store = town.open();
        for n in 0..10 {
            write(&store, "urn:p:1", n).await.unwrap();
        }
        drop(store);
        // Twice off: what is written then is no history, and cuts the log.
        for _ in 0..2 {
            town.clock.advance_micros(1_000_000);
            let store = Arc::new(EmbeddedStore::open(&off).unwrap());
            for _ in 0..4 {
                for (_, outcome) in write_many(&store, 100..600).await {
                    outcome.unwrap();
                }
                write(&store, "urn:p:1", 77).await.unwrap();
                store.checkpoint().unwrap();
            }
            drop(store);
        }
        town.clock.advance_micros(1_000_000);
        let store = town.open();
        // Two attributes: ten values of each while it was on, and where it took up from the state.
        assert_eq!(kept(&store, "urn:p:1"), round * 2 * 11, "round {round}");
        assert_eq!(kept(&store, "urn:p:100"), 2, "its values are the same each time");
        drop(store);
        let report = check(&town.options()).unwrap();
        assert!(report.is_sound(), "{:?}", report.findings);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_knows_more_than_the_log_is_refused() {
    let town = Town::new();
    let store = town.open();
    write(&store, "urn:p:0", 0).await.unwrap();
    drop(store);
    let (log, older) = (town.path().join("log"), town.path().join("older"));
    std::fs::create_dir(&older).unwrap();
    for file in files(&log, "seg").into_iter().chain([log.join("durable")]) {
        std::fs::copy(&file, older.join(file.file_name().unwrap())).unwrap();
    }
    let store = town.open();
    write(&store, "urn:p:0", 1).await.unwrap();
    store.checkpoint().unwrap();
    drop(store);
    for checkpoint in files(&town.path().join("state"), "ckpt") {
        std::fs::remove_file(checkpoint).unwrap();
    }
    std::fs::remove_dir_all(&log).unwrap();
    std::fs::rename(&older, &log).unwrap();
    let refused = EmbeddedStore::open(&town.options()).err().expect("new commits would be taken for known ones");
    assert!(format!("{refused:?}").contains("history knows commit 2"), "{refused:?}");
}
