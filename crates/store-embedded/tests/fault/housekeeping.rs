//! What housekeeping keeps small: the log behind the checkpoints, and what a start needs.

use crate::town::{Town, numbers, set_cursor, write, write_many};
use belfry_kernel::Kind;
use belfry_ports::Store;
use belfry_store_embedded::EmbeddedStore;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_does_not_grow_with_the_number_of_checkpoints() {
    let town = Town::new();
    let mut options = town.options();
    options.checkpoint_log_bytes = 128 << 10;
    let store = std::sync::Arc::new(EmbeddedStore::open(&options).unwrap());
    let mut largest = 0;
    // Some five megabytes: enough for more than ten checkpoints.
    for round in 0..150_u64 {
        for (_, outcome) in write_many(&store, 0..100).await {
            outcome.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        if round > 50 {
            largest = largest.max(store.health().log_bytes);
        }
    }
    // Two intervals and what came while a checkpoint was due, with room to spare on a slow machine.
    assert!(largest < 900 << 10, "{largest} bytes of log");
    assert_eq!(numbers(&store).len(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_whose_making_was_interrupted_is_taken() {
    for left in ["", "FORMAT.tmp"] {
        let town = Town::new();
        std::fs::create_dir_all(town.path().join("state")).unwrap();
        let name = if left.is_empty() { "FORMAT" } else { left };
        std::fs::write(town.path().join(name), "").unwrap();
        let store = town.open();
        write(&store, "urn:p:0", 0).await.unwrap();
        drop(store);
        assert_eq!(numbers(&town.open()).len(), 1);
        assert!(std::fs::read_to_string(town.path().join("FORMAT")).unwrap().starts_with("belfry-store"));
        assert!(!town.path().join("FORMAT.tmp").exists());
        // Anything else is another program's.
        std::fs::write(town.path().join("FORMAT"), "belfry-store 99\n").unwrap();
        assert_eq!(EmbeddedStore::open(&town.options()).err().unwrap().kind(), Kind::Unavailable);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_that_fails_leaves_nothing_behind() {
    let town = Town::new();
    let store = town.open();
    write(&store, "urn:p:0", 0).await.unwrap();
    let temporary = town.path().join("state/state.tmp");
    std::os::unix::fs::symlink("/dev/full", &temporary).unwrap();
    store.checkpoint().unwrap_err();
    assert!(std::fs::symlink_metadata(&temporary).is_err(), "it would take the room that is missing");
    set_cursor(&store, 1).await;
    store.checkpoint().unwrap();
}
