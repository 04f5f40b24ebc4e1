//! Checkpoints: taken while writes go on, damaged, of large entities.

use crate::town::{Town, feed_seqs, numbers, write, write_many};
use belfry_ports::{ChangeSet, Store};
use belfry_store_embedded::{EmbeddedStore, check};
use belfry_testkit::entity::{delete, entity, put, text};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn damage(file: &std::path::Path) {
    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

async fn cycle(store: &EmbeddedStore, from: u64, to: u64) {
    for n in from..to {
        write(store, &format!("urn:p:{}", n % 40), n).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_one_is_passed_over_for_the_log_and_the_one_before() {
    for checkpoints in 1..=4_u64 {
        let town = Town::new();
        let store = town.open();
        for round in 0..checkpoints {
            cycle(&store, round * 600, (round + 1) * 600).await;
            store.checkpoint().unwrap();
        }
        cycle(&store, 0, 30).await;
        let known = numbers(&store);
        let first = store.feed(0);
        drop((store, first));
        let newest = town.files("state", "ckpt").pop().unwrap();
        damage(&newest);
        let findings = check(&town.options()).unwrap().findings.join("\n");
        assert!(findings.contains(newest.file_name().unwrap().to_str().unwrap()), "{findings}");
        let store = EmbeddedStore::open(&town.options()).unwrap_or_else(|e| panic!("{checkpoints}: {e:?}"));
        assert_eq!(numbers(&store), known, "{checkpoints} checkpoints");
        // The next one makes it good: then the newest but one may be lost, too.
        for _ in 0..2 {
            cycle(&store, 0, 40).await;
            store.checkpoint().unwrap();
        }
        let known = numbers(&store);
        drop(store);
        damage(&town.files("state", "ckpt").pop().unwrap());
        assert_eq!(numbers(&town.open()), known);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_taken_while_writes_go_on_gives_back_the_same_state() {
    for round in 0..4 {
        let town = Town::new();
        let store = town.open();
        write_many(&store, 0..1500).await;
        let done = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..6_u64)
            .map(|w| {
                let (store, done) = (store.clone(), done.clone());
                tokio::spawn(async move {
                    for n in 0_u64.. {
                        if done.load(Ordering::Relaxed) {
                            return;
                        }
                        // Entities and documents come, change and go all over the slots.
                        let id = format!("urn:p:{}", (n * 7919 + w * 104_729) % 2000);
                        if n % 5 == 4 {
                            let gone = store.write(Box::new(move |read, _| {
                                let mut set = delete(read, &id)?;
                                let (collection, key) = (belfry_ports::Collection::Audit, id.into());
                                set.documents.push(belfry_ports::DocumentChange { collection, key, bytes: None });
                                Ok(set)
                            }));
                            gone.await.unwrap();
                        } else {
                            write(&store, &id, n).await.unwrap();
                        }
                    }
                })
            })
            .collect();
        let keeper = store.clone();
        tokio::task::spawn_blocking(move || (0..6 + round).for_each(|_| keeper.checkpoint().unwrap())).await.unwrap();
        done.store(true, Ordering::Relaxed);
        for w in writers {
            w.await.unwrap();
        }
        let (known, last) = (numbers(&store), store.health().seq);
        drop(store);
        let report = check(&town.options()).unwrap();
        assert!(report.is_sound(), "{:?}", report.findings);
        let store = town.open();
        assert_eq!(store.health().seq, last);
        assert_eq!(numbers(&store), known);
        write(&store, "urn:p:0", 1).await.unwrap();
        assert_eq!(feed_seqs(&store, last, last + 1).await, [last + 1]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_large_entities_is_read_back() {
    let town = Town::new();
    let mut options = town.options();
    options.history = None;
    options.log.segment_bytes = 64 << 20;
    let store = EmbeddedStore::open(&options).unwrap();
    // More than a frame may hold, among the slots that are read at once.
    for n in 0..10 {
        let write = store.write(Box::new(move |read, now| {
            let long = "x".repeat(8 << 20);
            Ok(ChangeSet::of(put(read, entity(&format!("urn:l:{n}"), "Long", vec![text("t", &long, now)], now))?))
        }));
        write.await.unwrap();
    }
    store.checkpoint().unwrap();
    drop(store);
    let report = check(&town.options()).unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
    let store = EmbeddedStore::open(&options).unwrap();
    assert_eq!(store.health().entities, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_one_does_not_count_as_the_one_before() {
    let town = Town::new();
    let store = town.open();
    for round in 0..3_u64 {
        cycle(&store, round * 600, (round + 1) * 600).await;
        store.checkpoint().unwrap();
    }
    drop(store);
    let damaged = town.files("state", "ckpt").pop().unwrap();
    damage(&damaged);
    let store = town.open();
    // Out of the way, and still there for whoever wants to look at it.
    assert!(!damaged.exists() && damaged.with_extension("ckpt.damaged").exists());
    for _ in 0..3 {
        write_many(&store, 0..200).await;
    }
    store.checkpoint().unwrap();
    write(&store, "urn:p:0", 7).await.unwrap();
    let known = numbers(&store);
    drop(store);
    damage(&town.files("state", "ckpt").pop().unwrap());
    let store = EmbeddedStore::open(&town.options()).unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!(numbers(&store), known);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_not_cut_to_one_that_rotted_meanwhile() {
    let town = Town::new();
    let store = town.open();
    cycle(&store, 0, 600).await;
    store.checkpoint().unwrap();
    damage(&town.files("state", "ckpt").pop().unwrap());
    for round in 1..3_u64 {
        cycle(&store, round * 600, (round + 1) * 600).await;
        store.checkpoint().unwrap();
    }
    assert_eq!(town.files("state", "damaged").len(), 1);
    let known = numbers(&store);
    drop(store);
    damage(&town.files("state", "ckpt").pop().unwrap());
    let store = EmbeddedStore::open(&town.options()).unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!(numbers(&store), known);
    drop(store);
    // Where only the damaged one and the one before it ever were, the log alone gives everything back.
    let town = Town::new();
    let store = town.open();
    cycle(&store, 0, 600).await;
    store.checkpoint().unwrap();
    damage(&town.files("state", "ckpt").pop().unwrap());
    cycle(&store, 600, 1200).await;
    store.checkpoint().unwrap();
    let known = numbers(&store);
    drop(store);
    damage(&town.files("state", "ckpt").pop().unwrap());
    let store = EmbeddedStore::open(&town.options()).unwrap_or_else(|e| panic!("{e:?}"));
    assert_eq!(numbers(&store), known);
}
