//! The store under test and the writes that tell a half one from a whole one: each sets two attributes and a document to
//! the same number. Holds no test.

use crate::disk::FaultyDisk;
use belfry_kernel::{Error, Time};
use belfry_ngsi_ld::query::EntityQuery;
use belfry_ngsi_ld::{Entity, Value};
use belfry_ports::{ChangeSet, Collection, Commit, DocumentChange, Feed, FeedItem, Page, Store};
use belfry_store_embedded::{EmbeddedStore, Options};
use belfry_testkit::MockClock;
use belfry_testkit::entity::{entity, number, put};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Which entities there are, with their number.
pub type Numbers = BTreeMap<String, u64>;

/// A directory with what is needed to open it again and again.
pub struct Town {
    dir: tempfile::TempDir,
    pub clock: Arc<MockClock>,
    pub disk: FaultyDisk,
}

impl Town {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), clock: Arc::default(), disk: FaultyDisk::default() }
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    /// The same directory on a disk that has power and works.
    pub fn powered(self) -> Self {
        Self { disk: FaultyDisk::default(), ..self }
    }

    /// Small segments, so that a test of some hundred writes rolls over several.
    pub fn options(&self) -> Options {
        let mut options = Options::new(self.path(), self.clock.clone());
        options.log.segment_bytes = 64 << 10;
        options.disk = Arc::new(self.disk.clone());
        options
    }

    pub fn open(&self) -> Arc<EmbeddedStore> {
        Arc::new(EmbeddedStore::open(&self.options()).unwrap())
    }

    /// The files of a part of the store with this ending, by name.
    pub fn files(&self, part: &str, ending: &str) -> Vec<PathBuf> {
        files(&self.path().join(part), ending)
    }
}

pub fn files(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let all = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = all.filter(|path| path.extension().is_some_and(|end| end == ending)).collect();
    found.sort();
    found
}

/// Sets an entity and its document to a number.
pub async fn write(store: &EmbeddedStore, id: &str, n: u64) -> Result<Arc<Commit>, Error> {
    let id = id.to_owned();
    store
        .write(Box::new(move |read, now| {
            let both = vec![number("a", n as f64, now), number("b", n as f64, now)];
            let mut set = ChangeSet::of(put(read, entity(&id, "Pair", both, now))?);
            let bytes = Some(Arc::from(n.to_le_bytes()));
            set.documents.push(DocumentChange { collection: Collection::Audit, key: id.into(), bytes });
            Ok(set)
        }))
        .await
}

/// As many writes as this at once, each to an entity of its own of `urn:p:…`; what became of each.
pub async fn write_many(store: &Arc<EmbeddedStore>, numbers: std::ops::Range<u64>) -> Vec<(u64, Result<(), Error>)> {
    let writes: Vec<_> = numbers
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { (n, write(&store, &format!("urn:p:{n}"), n).await.map(|_| ())) })
        })
        .collect();
    let mut outcomes = Vec::new();
    for one in writes {
        outcomes.push(one.await.unwrap());
    }
    outcomes
}

/// Sets the place up to which a consumer of the feed has read.
pub async fn set_cursor(store: &EmbeddedStore, seq: u64) {
    let change = DocumentChange {
        collection: Collection::Cursor,
        key: "reader".into(),
        bytes: Some(Arc::from(seq.to_le_bytes())),
    };
    let set = ChangeSet { documents: vec![change], ..ChangeSet::default() };
    store.write(Box::new(|_, _| Ok(set))).await.unwrap();
}

/// The number that an entity's two attributes agree on.
pub fn number_of(entity: &Entity) -> u64 {
    let numbers: Vec<u64> = entity
        .attributes
        .iter()
        .map(|attribute| match &attribute.value {
            Value::Property(json) => json.as_f64().unwrap() as u64,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(numbers.len(), 2, "{}", entity.id);
    assert_eq!(numbers[0], numbers[1], "half a write of {}", entity.id);
    numbers[0]
}

/// Everything in the store, having proved that no write is there by half.
pub fn numbers(store: &EmbeddedStore) -> Numbers {
    let page = Page { offset: 0, limit: 1_000_000, bytes: usize::MAX, count: false };
    let found = store.query(&EntityQuery::default(), None, page, Time::MIN).unwrap();
    let numbers: Numbers = found.entities.iter().map(|e| (e.id.as_str().to_owned(), number_of(e))).collect();
    let documents = store.documents(Collection::Audit, None, 1_000_000).unwrap();
    let noted: Numbers = documents
        .iter()
        .map(|d| (d.key.to_string(), u64::from_le_bytes(d.bytes.as_ref().try_into().unwrap())))
        .collect();
    assert_eq!(numbers, noted, "entities and documents of the same writes");
    numbers
}

/// The next item of a feed, which must be there already.
pub async fn next(feed: &mut Box<dyn Feed>) -> FeedItem {
    let item = tokio::time::timeout(Duration::from_secs(10), feed.next()).await.expect("an item within ten seconds");
    item.expect("the store is open").expect("the feed reads")
}

/// The numbers of the commits from after `after` to `last`, by the feed.
pub async fn feed_seqs(store: &EmbeddedStore, after: u64, last: u64) -> Vec<u64> {
    let mut feed = store.feed(after);
    let mut seen = Vec::new();
    while seen.last().is_none_or(|seq| *seq < last) {
        match next(&mut feed).await {
            FeedItem::Commit(commit) => seen.push(commit.seq),
            FeedItem::Gap { resumed_after } => panic!("a gap to {resumed_after}"),
        }
    }
    seen
}
