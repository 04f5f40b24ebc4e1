//! The feed: every commit once, in order, from any place, also after a restart.

use super::{Bench, Check};
use crate::entity::{entity, number, put};
use belfry_ports::{ChangeSet, EntityChange, Feed, FeedItem, Seq};
use std::time::Duration;

pub(super) fn checks() -> Vec<(&'static str, Check)> {
    vec![
        ("the feed gives every commit in order, live and from the past", |b| Box::pin(in_order(b))),
        ("a commit read back is the commit that was made", |b| Box::pin(read_back(b))),
    ]
}

async fn write(b: &Bench<'_>, from: u32, to: u32) {
    for i in from..to {
        b.store()
            .write(Box::new(move |read, now| {
                let made = entity(&format!("urn:s:{}", i % 7), "Sensor", vec![number("level", f64::from(i), now)], now);
                Ok(ChangeSet::of(put(read, made)?))
            }))
            .await
            .expect("a write");
    }
}

async fn next(feed: &mut Box<dyn Feed>) -> FeedItem {
    let item = tokio::time::timeout(Duration::from_secs(10), feed.next()).await.expect("an item within ten seconds");
    item.expect("the store is open").expect("the feed reads")
}

async fn seqs(feed: &mut Box<dyn Feed>, n: usize) -> Vec<Seq> {
    let mut seen = Vec::new();
    while seen.len() < n {
        match next(feed).await {
            FeedItem::Commit(commit) => seen.push(commit.seq),
            FeedItem::Gap { .. } => panic!("nothing was cut from the log"),
        }
    }
    seen
}

async fn in_order(b: &mut Bench<'_>) {
    write(b, 0, 100).await;
    let mut past = b.store().feed(0);
    assert_eq!(seqs(&mut past, 100).await, (1..=100).collect::<Vec<_>>());
    let mut middle = b.store().feed(40);
    assert_eq!(seqs(&mut middle, 60).await, (41..=100).collect::<Vec<_>>());
    let mut live = b.store().feed(100);
    let idle = tokio::time::timeout(Duration::from_millis(50), live.next()).await;
    assert!(idle.is_err(), "nothing was committed yet");
    write(b, 100, 150).await;
    assert_eq!(seqs(&mut live, 50).await, (101..=150).collect::<Vec<_>>());
    assert_eq!(seqs(&mut past, 50).await, (101..=150).collect::<Vec<_>>());
    drop((past, middle, live));
    b.restart();
    let mut after = b.store().feed(120);
    write(b, 150, 160).await;
    assert_eq!(seqs(&mut after, 40).await, (121..=160).collect::<Vec<_>>());
}

async fn read_back(b: &mut Bench<'_>) {
    write(b, 0, 30).await;
    let of = |item: FeedItem| match item {
        FeedItem::Commit(commit) => format!("{} {} {:?}", commit.seq, commit.at, commit.changes),
        FeedItem::Gap { .. } => "gap".to_owned(),
    };
    let mut first = Vec::new();
    let mut feed = b.store().feed(0);
    for _ in 0..30 {
        first.push(of(next(&mut feed).await));
    }
    drop(feed);
    b.restart();
    let mut feed = b.store().feed(0);
    for made in &first {
        assert_eq!(&of(next(&mut feed).await), made);
    }
    let FeedItem::Commit(last) = next_of(b).await else { panic!("a commit") };
    assert!(matches!(&last.changes.entities[..], [EntityChange::Put { created: false, .. }]));
}

async fn next_of(b: &Bench<'_>) -> FeedItem {
    let mut feed = b.store().feed(29);
    next(&mut feed).await
}
