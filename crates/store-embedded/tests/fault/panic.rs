//! A panic while the feed is told of a commit that is durable: what is acknowledged stays, nothing more is taken, and a
//! restart makes all whole.

use crate::town::{Numbers, Town, feed_seqs, number_of, numbers, write, write_many};
use belfry_kernel::{Kind, Time};
use belfry_ports::Store;
use belfry_store_embedded::check;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// Wakes a reader of the feed by a panic, on the thread that has news for it.
struct Bomb;

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {
        panic!("injected: the reader of the feed cannot be woken");
    }
}

/// Acknowledged and refused writes after a panic: `many` come at once, so that batches wait for the follower's thread.
async fn acknowledged_ones_stay(many: u64) {
    let town = Town::new();
    let store = town.open();
    let mut known = Numbers::new();
    for (n, outcome) in write_many(&store, 0..20).await {
        outcome.unwrap();
        known.insert(format!("urn:p:{n}"), n);
    }
    // A reader's place is given up when its future is dropped, so the future that waits must live.
    let mut feed = store.feed(store.health().seq);
    let waker = Waker::from(Arc::new(Bomb));
    let mut waiting = feed.next();
    assert!(matches!(waiting.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Pending));
    let mut refused = 0;
    for (n, outcome) in write_many(&store, 20..20 + many).await {
        match outcome {
            Ok(()) => drop(known.insert(format!("urn:p:{n}"), n)),
            Err(e) => {
                assert_eq!(e.kind(), Kind::Unavailable, "{e:?}");
                assert!(e.public().contains("nothing was written"), "{e:?}");
                refused += 1;
            }
        }
    }
    assert!(known.len() > 20, "the write that met the panic is durable");
    let later = write(&store, "urn:p:later", 1).await.expect_err("nothing more is taken");
    assert!(later.public().contains("started again"), "{later:?}");
    assert!(store.health().refusing_writes.is_some_and(|why| why.contains("started again")));
    assert_eq!(numbers(&store), known, "{refused} were refused");
    assert!(store.checkpoint().is_err(), "history stays as it is on disk");
    drop(waiting);
    drop(feed);
    drop(store);
    let report = check(&town.options()).unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
    let store = town.open();
    assert_eq!(numbers(&store), known, "after a restart");
    for (id, n) in &known {
        let past = store.entity_at(id, Time::MAX).unwrap().expect("history has it");
        assert_eq!(number_of(&past), *n);
    }
    write(&store, "urn:p:later", 2).await.expect("writes are taken again");
    let last = store.health().seq;
    assert_eq!(feed_seqs(&store, 0, last).await, (1..=last).collect::<Vec<_>>());
    assert_eq!(store.health().refusing_writes, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_writers_own_thread() {
    acknowledged_ones_stay(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_more_waits_to_be_written() {
    acknowledged_ones_stay(3000).await;
}
