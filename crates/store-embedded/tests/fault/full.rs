//! A full disk: under the log, under checkpoints, under history.

use crate::town::{Numbers, Town, feed_seqs, files, numbers, write, write_many};
use belfry_kernel::Kind;
use belfry_ports::{ChangeSet, Store};
use belfry_store_embedded::{EmbeddedStore, check};
use std::path::PathBuf;
use std::sync::Arc;

/// Writes until one is refused; what was acknowledged.
async fn fill(store: &Arc<EmbeddedStore>) -> Numbers {
    let mut known = Numbers::new();
    for n in 0..100_000 {
        let id = format!("urn:p:{}", n % 50);
        match write(store, &id, n).await {
            Ok(_) => drop(known.insert(id, n)),
            Err(e) => {
                assert_eq!(e.kind(), Kind::Unavailable);
                assert_eq!(e.public(), "the disk is full: nothing was written; free space and send it again");
                return known;
            }
        }
    }
    panic!("the disk never was full");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_log_refuses_writes_and_recovers_by_itself() {
    let town = Town::new();
    let store = town.open();
    write(&store, "urn:p:0", 0).await.unwrap();
    town.disk.set_full(true);
    let mut known = fill(&store).await;
    let last = store.health().seq;
    // Refused one by one and all at once; none of it is there, and everything else is.
    for (_, outcome) in write_many(&store, 1000..1100).await {
        assert_eq!(outcome.unwrap_err().kind(), Kind::Unavailable);
    }
    assert_eq!(numbers(&store), known);
    assert_eq!(store.health().seq, last);
    let why = store.health().refusing_writes.expect("it says that it refuses");
    assert!(why.contains("disk is full") && why.contains("log"), "{why}");
    // A decision that changes nothing needs no room, and is no sign of room either.
    store.write(Box::new(|_, _| Ok(ChangeSet::default()))).await.unwrap();
    assert!(store.health().refusing_writes.is_some());
    assert_eq!(feed_seqs(&store, 0, last).await, (1..=last).collect::<Vec<_>>());
    assert!(store.entity_at("urn:p:1", belfry_kernel::Time::MAX).unwrap().is_some(), "history is read");

    town.disk.set_full(false);
    let commit = write(&store, "urn:p:0", 7).await.unwrap();
    known.insert("urn:p:0".into(), 7);
    assert_eq!(commit.seq, last + 1);
    assert_eq!(store.health().refusing_writes, None);
    assert_eq!(numbers(&store), known);
    drop(store);
    let report = check(&town.options()).unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
    assert_eq!(numbers(&town.open()), known);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_log_at_a_restart_leaves_everything_readable() {
    let town = Town::new();
    let store = town.open();
    town.disk.set_full(true);
    let mut known = fill(&store).await;
    drop(store);
    // Still full: it opens, reads, and refuses.
    let store = town.open();
    assert_eq!(numbers(&store), known);
    assert_eq!(write(&store, "urn:p:0", 1).await.unwrap_err().kind(), Kind::Unavailable);
    assert_eq!(numbers(&store), known);
    town.disk.set_full(false);
    write(&store, "urn:p:0", 1).await.unwrap();
    known.insert("urn:p:0".into(), 1);
    drop(store);
    assert_eq!(numbers(&town.open()), known);
}

/// Names that lead to a device that is always full.
fn full_files(paths: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    paths.inspect(|path| std::os::unix::fs::symlink("/dev/full", path).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn under_a_checkpoint_or_history_keeps_the_log() {
    for part in ["state", "history"] {
        let town = Town::new();
        let store = town.open();
        for n in 0..300 {
            write(&store, &format!("urn:p:{}", n % 50), n).await.unwrap();
        }
        let full = match part {
            "state" => full_files(std::iter::once(town.path().join("state/state.tmp"))),
            _ => full_files((0..200).map(|id| town.path().join(format!("history/run-{id:010}.bhr.tmp")))),
        };
        let refused = store.checkpoint().expect_err(part);
        assert_eq!(refused.kind(), Kind::Unavailable);
        assert!(refused.public().contains("No space left") || refused.public().contains("no room left"), "{refused:?}");
        assert!(files(&town.path().join("state"), "ckpt").is_empty(), "no half checkpoint");
        // Writes go on: the log has room.
        write(&store, "urn:p:0", 1000).await.unwrap();
        assert_eq!(feed_seqs(&store, 0, 301).await.len(), 301);
        let known = numbers(&store);
        for path in full {
            let _ = std::fs::remove_file(path);
        }
        store.checkpoint().unwrap();
        write(&store, "urn:p:1", 1001).await.unwrap();
        drop(store);
        let report = check(&town.options()).unwrap();
        assert!(report.is_sound(), "{part}: {:?}", report.findings);
        assert_eq!(numbers(&town.open()).len(), known.len());
    }
}
