//! The process that is killed: writers that go on as fast as they are answered, and consumers of the feed with durable
//! places. Each says on the standard output what it was told, a line at a time; a kill may cut the last one.

use crate::sequence::{CONSUMERS, Step, WRITERS, What, number_in, place_of, save};
use belfry_ports::{Collection, FeedItem, Store};
use belfry_store_embedded::{EmbeddedStore, Options};
use std::io::Write;
use std::sync::Arc;

/// Steps that the consumer sees before it saves its place.
const SAVED_AFTER: u32 = 40;

/// One write, and an end, so that a kill never leaves half a line that reads as a smaller number.
fn say(line: &str) {
    std::io::stdout().write_all(format!("{line} .\n").as_bytes()).expect("the parent reads");
}

async fn write(store: Arc<EmbeddedStore>, writer: u64) {
    let done = store.document(Collection::Audit, &Step::document(writer)).expect("the state is readable");
    for number in number_in(done.as_deref()).unwrap_or_default() + 1.. {
        let step = Step { writer, number };
        match store.write(step.decide()).await {
            Ok(commit) => say(&format!("acknowledged {} {} {}", commit.seq, step.writer, step.number)),
            Err(e) => return say(&format!("failed {step:?}: {e:?}")),
        }
    }
}

async fn consume(store: Arc<EmbeddedStore>, consumer: usize) {
    let mut feed = store.feed(place_of(&*store, consumer));
    let mut unsaved = 0;
    loop {
        let commit = match feed.next().await {
            Some(Ok(FeedItem::Commit(commit))) => commit,
            other => return say(&format!("failed feed: {other:?}")),
        };
        match What::of(&commit) {
            Ok(what) => say(&format!("seen {consumer} {} {what}", commit.seq)),
            Err(e) => return say(&format!("failed {e}")),
        }
        unsaved += u32::from(!commit.changes.entities.is_empty());
        if unsaved >= SAVED_AFTER {
            unsaved = 0;
            match store.write(save(consumer, commit.seq)).await {
                Ok(_) => say(&format!("saved {consumer} {}", commit.seq)),
                Err(e) => return say(&format!("failed place: {e:?}")),
            }
        }
    }
}

/// Runs until it is killed; `late` tells whether the late consumer reads.
pub fn run(options: &Options, late: bool) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let store = match EmbeddedStore::open(options) {
        Ok(store) => Arc::new(store),
        Err(e) => return say(&format!("\nfailed to open: {e:?}")),
    };
    say("\nopen");
    runtime.block_on(async {
        // Before anything else, so that the log is held for both from the beginning.
        for (consumer, key) in CONSUMERS.into_iter().enumerate() {
            if store.document(Collection::Cursor, key).expect("the state is readable").is_none() {
                store.write(save(consumer, 0)).await.expect("the first write is taken");
            }
        }
        let mut tasks: Vec<_> = (0..WRITERS).map(|w| tokio::spawn(write(store.clone(), w))).collect();
        tasks.extend((0..=usize::from(late)).map(|consumer| tokio::spawn(consume(store.clone(), consumer))));
        for task in tasks {
            let _ = task.await;
        }
    });
}
