//! Readers of the feed that fall behind, are gone for long, or outlive the store.

use crate::town::{Town, feed_seqs, next, set_cursor, write, write_many};
use belfry_ports::{FeedItem, Store};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_misses_nothing() {
    let town = Town::new();
    let store = town.open();
    let mut slow = store.feed(0);
    let mut seen = 0;
    // More in all than memory keeps for readers, and far more than the reader takes in between.
    for round in 0..10_u64 {
        for (_, outcome) in write_many(&store, round * 1000..(round + 1) * 1000).await {
            outcome.unwrap();
        }
        for _ in 0..50 {
            let FeedItem::Commit(commit) = next(&mut slow).await else { panic!("nothing was cut") };
            seen += 1;
            assert_eq!(commit.seq, seen);
            assert_eq!((commit.changes.entities.len(), commit.changes.documents.len()), (1, 1));
        }
    }
    assert_eq!(store.health().seq, 10_000);
    while seen < 10_000 {
        let FeedItem::Commit(commit) = next(&mut slow).await else { panic!("nothing was cut") };
        seen += 1;
        assert_eq!(commit.seq, seen);
    }
    write(&store, "urn:p:0", 1).await.unwrap();
    let FeedItem::Commit(commit) = next(&mut slow).await else { panic!("nothing was cut") };
    assert_eq!(commit.seq, 10_001);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_kept_for_cursors_and_gone_for_others() {
    let town = Town::new();
    let store = town.open();
    set_cursor(&store, 10).await;
    for _ in 0..3 {
        write_many(&store, 0..1500).await;
        store.checkpoint().unwrap();
    }
    // More in all than memory keeps for readers, so that the log is what they read.
    let last = store.health().seq;
    // The cut is made between two batches; a write waits for it.
    write(&store, "urn:p:0", 1).await.unwrap();
    assert_eq!(feed_seqs(&store, 10, last).await, (11..=last).collect::<Vec<_>>());

    // A reader in the middle of what is cut away.
    let mut middle = store.feed(20);
    assert!(matches!(next(&mut middle).await, FeedItem::Commit(c) if c.seq == 21));
    set_cursor(&store, last).await;
    for _ in 0..3 {
        write_many(&store, 0..1500).await;
        store.checkpoint().unwrap();
    }
    write(&store, "urn:p:0", 1).await.unwrap();
    let end = store.health().seq;
    for (name, after) in [("the beginning", 0), ("the old cursor", 10)] {
        let mut feed = store.feed(after);
        let FeedItem::Gap { resumed_after } = next(&mut feed).await else { panic!("{name} was not cut") };
        assert!(resumed_after > after && resumed_after <= last, "{name}: {resumed_after}");
        for seq in resumed_after + 1..=end {
            assert!(matches!(next(&mut feed).await, FeedItem::Commit(c) if c.seq == seq), "{name}: commit {seq}");
        }
    }
    // What it had read ahead, then the gap, then everything in order.
    let (mut at, mut gaps) = (21, 0);
    while at < end {
        match next(&mut middle).await {
            FeedItem::Commit(commit) => {
                assert_eq!(commit.seq, at + 1);
                at = commit.seq;
            }
            FeedItem::Gap { resumed_after } => {
                assert!(resumed_after > at);
                (at, gaps) = (resumed_after, gaps + 1);
            }
        }
    }
    assert_eq!(gaps, 1);
    // All the same after a restart.
    drop((middle, store));
    let store = town.open();
    assert_eq!(feed_seqs(&store, last, end).await, (last + 1..=end).collect::<Vec<_>>());
    assert!(matches!(next(&mut store.feed(0)).await, FeedItem::Gap { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_meets_the_cut_while_it_reads() {
    let town = Town::new();
    let store = town.open();
    write_many(&store, 0..500).await;
    let reader = {
        let store = store.clone();
        tokio::spawn(async move {
            let (mut feed, mut at) = (store.feed(0), 0);
            while at < 6000 {
                match next(&mut feed).await {
                    FeedItem::Commit(commit) => {
                        assert_eq!(commit.seq, at + 1);
                        at = commit.seq;
                    }
                    FeedItem::Gap { resumed_after } => {
                        assert!(resumed_after > at);
                        at = resumed_after;
                    }
                }
                if at % 3 == 0 {
                    tokio::task::yield_now().await;
                }
                // Behind at the beginning: out of memory's reach and in the way of the cut.
                if at < 500 && at % 20 == 0 {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        })
    };
    for n in 1..12_u64 {
        write_many(&store, n * 500..(n + 1) * 500).await;
        store.checkpoint().unwrap();
    }
    reader.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_learns_that_the_store_has_shut_down() {
    let town = Town::new();
    let store = town.open();
    write(&store, "urn:p:0", 1).await.unwrap();
    let mut feed = store.feed(0);
    assert!(matches!(next(&mut feed).await, FeedItem::Commit(_)));
    let waiting = tokio::spawn(async move { feed.next().await.is_none() });
    tokio::time::sleep(Duration::from_millis(50)).await;
    tokio::task::spawn_blocking(move || drop(store)).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(5), waiting).await;
    assert!(ended.expect("within five seconds").unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_that_never_moves_is_given_up_at_a_limit() {
    let town = Town::new();
    let mut options = town.options();
    options.feed_keep_bytes = 512 << 10;
    let store = std::sync::Arc::new(belfry_store_embedded::EmbeddedStore::open(&options).unwrap());
    write_many(&store, 0..10).await;
    set_cursor(&store, 10).await;
    let (mut largest, mut feed) = (0, store.feed(10));
    // More in all than memory keeps for readers.
    for _ in 0..8 {
        write_many(&store, 0..1100).await;
        store.checkpoint().unwrap();
        largest = largest.max(store.health().log_bytes);
    }
    // What may be kept for it, two intervals between checkpoints, the segments at both ends.
    assert!(largest < 1700 << 10, "{largest} bytes of log");
    assert_eq!(store.health().feed_gaps, 1, "it is said once");
    // The reader is told, and goes on.
    let end = store.health().seq;
    let FeedItem::Gap { resumed_after } = next(&mut feed).await else { panic!("it was not cut") };
    assert!(matches!(next(&mut feed).await, FeedItem::Commit(c) if c.seq == resumed_after + 1));
    // Once it has come forward, the log is kept for it again.
    set_cursor(&store, end).await;
    for _ in 0..2 {
        write_many(&store, 0..100).await;
        store.checkpoint().unwrap();
    }
    let last = store.health().seq;
    assert_eq!(feed_seqs(&store, end, last).await.len() as u64, last - end);
    assert_eq!(store.health().feed_gaps, 1);
}
