//! Power cuts, with durable commits and with a relaxed interval.

use crate::town::{Numbers, Town, number_of, numbers, write, write_many};
use belfry_kernel::Time;
use belfry_ports::Store;
use belfry_store_embedded::{EmbeddedStore, Options, check};
use std::time::Duration;

fn relaxed(town: &Town, interval: Duration) -> Options {
    let mut options = town.options();
    options.log.durability = belfry_log::Durability::Interval(interval);
    options
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_loses_nothing_acknowledged() {
    let mut town = Town::new();
    let mut known = Numbers::new();
    for round in 0..8_u64 {
        let store = town.open();
        assert_eq!(numbers(&store), known, "round {round}");
        for (n, outcome) in write_many(&store, round * 200..(round + 1) * 200).await {
            outcome.unwrap();
            known.insert(format!("urn:p:{n}"), n);
        }
        if round % 3 == 1 {
            store.checkpoint().unwrap();
        }
        town.disk.cut_power();
        assert!(write(&store, "urn:lost", 1).await.is_err());
        drop(store);
        town = town.powered();
    }
    let report = check(&town.options()).unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn relaxed_writes_are_durable_after_their_interval() {
    let town = Town::new();
    let store = EmbeddedStore::open(&relaxed(&town, Duration::from_millis(50))).unwrap();
    for n in 0..100 {
        write(&store, &format!("urn:p:{n}"), n).await.unwrap();
    }
    let known = numbers(&store);
    tokio::time::sleep(Duration::from_millis(800)).await;
    town.disk.cut_power();
    drop(store);
    let town = town.powered();
    assert_eq!(numbers(&town.open()), known);
}

#[tokio::test(flavor = "multi_thread")]
async fn relaxed_writes_are_durable_after_a_clean_end() {
    let town = Town::new();
    let store = EmbeddedStore::open(&relaxed(&town, Duration::from_secs(3600))).unwrap();
    for n in 0..100 {
        write(&store, &format!("urn:p:{n}"), n).await.unwrap();
    }
    let known = numbers(&store);
    drop(store);
    town.disk.cut_power();
    let town = town.powered();
    assert_eq!(numbers(&town.open()), known);
}

/// What was lost is the end alone, the views agree with it, and new commits in its place are kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_in_relaxed_mode_loses_the_end_alone() {
    for (checkpoint_after, lost) in [(None, 60), (Some(20_u64), 40), (Some(60), 0)] {
        let town = Town::new();
        let store = EmbeddedStore::open(&relaxed(&town, Duration::from_secs(3600))).unwrap();
        for n in 0..60_u64 {
            if checkpoint_after == Some(n) {
                store.checkpoint().unwrap();
            }
            write(&store, "urn:p", n).await.unwrap();
        }
        if checkpoint_after == Some(60) {
            store.checkpoint().unwrap();
        }
        town.disk.cut_power();
        drop(store);
        let town = town.powered();
        let store = EmbeddedStore::open(&town.options()).unwrap_or_else(|e| panic!("{checkpoint_after:?}: {e:?}"));
        let kept = store.entity("urn:p").unwrap().map_or(0, |e| number_of(&e) + 1);
        // More may have become durable than had to.
        assert!(kept >= 60 - lost, "{checkpoint_after:?}: only {kept} are kept");
        assert_eq!(store.health().seq, kept);
        town.clock.advance_micros(1_000_000);
        for n in 0..60 {
            write(&store, "urn:p", 1000 + n).await.unwrap();
        }
        let newest = store.entity_at("urn:p", Time::MAX).unwrap().expect("it has a past");
        assert_eq!(number_of(&newest), 1059, "{checkpoint_after:?}: history took the new commits");
        drop(store);
        let report = check(&town.options()).unwrap();
        assert!(report.is_sound(), "{:?}", report.findings);
    }
}
