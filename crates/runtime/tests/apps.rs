//! The host of applications over the embedded store: files that are replaced, broken off and found again, cursors, tasks.
#![expect(clippy::unwrap_used, reason = "a test ends where something it needs is missing")]

use belfry_kit::{App, Bytes, Ctx, Endpoint, Error, FeedItem, Hosted, Kind, Manifest, PIECE_BYTES};
use belfry_ngsi_ld::form;
use belfry_ports::{Collection, DocumentChange, Store};
use belfry_runtime::apps::{Apps, Options, Parts};
use belfry_runtime::{SystemClock, write};
use belfry_store_embedded::{EmbeddedStore, Options as StoreOptions};
use parking_lot::Mutex;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

struct Probe {
    manifest: Manifest,
    opened: Arc<Mutex<Option<Ctx>>>,
}

impl App for Probe {
    type Service = ();

    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn endpoints(&self) -> Vec<Endpoint<()>> {
        Vec::new()
    }

    fn open(&self, ctx: Ctx) -> Result<Arc<()>, Error> {
        *self.opened.lock() = Some(ctx);
        Ok(Arc::new(()))
    }
}

/// A store at this place with one application open in it.
fn opened(dir: &Path) -> (Apps, Ctx, Arc<dyn Store>) {
    let mut options = StoreOptions::new(dir, Arc::new(SystemClock));
    options.log.segment_bytes = 4 << 20;
    let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(&options).unwrap());
    let text = "name = \"probe\"\ntitle = \"Probe\"\nversion = \"0.1.0\"\npurpose = \"Looks.\"\n";
    let opened = Arc::<Mutex<Option<Ctx>>>::default();
    let probe = Probe { manifest: Manifest::parse(text).unwrap(), opened: opened.clone() };
    let parts = Parts {
        clock: Arc::new(SystemClock),
        limits: form::Limits::default(),
        keep_before: Arc::default(),
        options: Options { max_file_bytes: 2 << 20, max_files_bytes: 3 << 20, max_working: 1 },
    };
    let apps = Apps::new(vec![Hosted::new(probe)], parts);
    apps.open("", &store);
    let ctx = opened.lock().take().unwrap();
    (apps, ctx, store)
}

/// Bytes that differ at every place.
fn content(length: usize, seed: u32) -> Bytes {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    std::iter::repeat_with(next).take(length).collect::<Vec<u8>>().into()
}

async fn close(apps: Apps, ctx: Ctx, store: Arc<dyn Store>) {
    apps.stop().await;
    drop((apps, ctx));
    assert_eq!(Arc::strong_count(&store), 1, "somebody still holds the store");
    tokio::task::spawn_blocking(move || drop(store)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_come_back_whole_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (apps, ctx, store) = opened(dir.path());
    let files = ctx.files();
    for length in [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 5 * PIECE_BYTES + 7] {
        let bytes = content(length, 7);
        let file = files.put("map", "application/x", bytes.clone()).await.unwrap();
        let (read, back) = files.read("map").unwrap().unwrap();
        assert_eq!((&read, back == bytes), (&file, true), "{length}");
    }
    assert_eq!(files.get("map").unwrap().unwrap().edition, 6);
    let file = files.get("map").unwrap().unwrap();
    drop(files);
    close(apps, ctx, store).await;

    let (apps, ctx, store) = opened(dir.path());
    let (read, back) = ctx.files().read("map").unwrap().unwrap();
    assert_eq!((read, back), (file, content(5 * PIECE_BYTES + 7, 7)));
    assert!(ctx.files().remove("map").await.unwrap() && !ctx.files().remove("map").await.unwrap());
    assert!(store.documents(Collection::File, None, 10).unwrap().is_empty());
    close(apps, ctx, store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_breaks_off_leaves_the_file_as_it_was_and_is_swept() {
    let dir = tempfile::tempdir().unwrap();
    let (apps, ctx, store) = opened(dir.path());
    ctx.files().put("map", "application/x", content(PIECE_BYTES * 2, 1)).await.unwrap();
    // Dropped after some pieces, as when the client leaves.
    for polls in 1..6 {
        let files = ctx.files();
        let mut putting = Box::pin(files.put("map", "application/x", content(PIECE_BYTES * 4, 2)));
        let begun = tokio::time::timeout(Duration::from_millis(polls), &mut putting).await;
        drop(putting);
        if begun.is_err() {
            let (file, bytes) = ctx.files().read("map").unwrap().unwrap();
            assert!(bytes == content(PIECE_BYTES * 2, 1) || file.edition > 1);
        }
    }
    // As a process that was killed leaves it: pieces that nothing names.
    let orphan = DocumentChange {
        collection: Collection::File,
        key: "probe/piece/0000000000000001-9/000000".into(),
        bytes: Some(vec![1; 100].into()),
    };
    let other = DocumentChange { key: "probes/piece/1-1/000000".into(), ..orphan.clone() };
    let leave = move |_: &dyn belfry_ports::Read, _| {
        Ok((belfry_ports::ChangeSet { documents: vec![orphan, other], ..Default::default() }, ()))
    };
    write::write(&*store, leave).await.unwrap();
    close(apps, ctx, store).await;
    let (apps, ctx, store) = opened(dir.path());
    ctx.files().sweep().await.unwrap();
    let pieces = ctx.files().get("map").unwrap().unwrap().bytes / PIECE_BYTES;
    let left = store.documents(Collection::File, None, 100).unwrap();
    // Another application's are not this one's to sweep.
    assert_eq!(left.len(), 1 + pieces + 1, "{:?}", left.iter().map(|d| &d.key).collect::<Vec<_>>());
    close(apps, ctx, store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_sees_one_file_or_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let (apps, ctx, store) = opened(dir.path());
    ctx.files().put("map", "application/x", content(PIECE_BYTES * 3, 0)).await.unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let reading = tokio::task::spawn_blocking({
        let (files, done) = (ctx.files(), done.clone());
        move || {
            let mut seen = 0;
            while !done.load(Ordering::Relaxed) {
                match files.read("map") {
                    Ok(read) => {
                        let (file, bytes) = read.unwrap();
                        let seed = u32::try_from(file.edition).unwrap() - 1;
                        assert!(bytes == content(PIECE_BYTES * 3, seed), "edition {}", file.edition);
                        seen += 1;
                    }
                    Err(error) => assert_eq!(error.kind(), Kind::Conflict),
                }
            }
            seen
        }
    });
    for seed in 1..12 {
        ctx.files().put("map", "application/x", content(PIECE_BYTES * 3, seed)).await.unwrap();
    }
    done.store(true, Ordering::Relaxed);
    assert!(reading.await.unwrap() > 0);
    close(apps, ctx, store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_names_and_damage_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let (apps, ctx, store) = opened(dir.path());
    let files = ctx.files();
    let kind = |result: Result<_, Error>| result.map(drop).unwrap_err().kind();
    for name in ["", "a/b", "ä", &"x".repeat(129)] {
        assert_eq!(kind(files.put(name, "application/x", Bytes::new()).await), Kind::InvalidRequest, "{name}");
    }
    assert_eq!(kind(files.put("a", "application/x", content((2 << 20) + 1, 1)).await), Kind::PayloadTooLarge);
    files.put("a", "application/x", content(2 << 20, 1)).await.unwrap();
    assert_eq!(kind(files.put("b", "application/x", content((1 << 20) + 1, 1)).await), Kind::PayloadTooLarge);
    files.put("b", "application/x", content(1 << 20, 1)).await.unwrap();
    // In place of itself there is room.
    files.put("a", "application/x", content(2 << 20, 2)).await.unwrap();
    assert_eq!(files.list().unwrap().iter().map(|f| &*f.name).collect::<Vec<_>>(), ["a", "b"]);

    let piece = store.documents(Collection::File, Some("probe/piece/"), 1).unwrap().remove(0);
    let change = DocumentChange { collection: Collection::File, key: piece.key, bytes: Some(vec![0; 9].into()) };
    let spoil = move |_: &dyn belfry_ports::Read, _| {
        Ok((belfry_ports::ChangeSet { documents: vec![change], ..Default::default() }, ()))
    };
    write::write(&*store, spoil).await.unwrap();
    let read = [files.read("a"), files.read("b")];
    assert!(read.into_iter().any(|read| read.is_err_and(|error| error.kind() == Kind::Internal)));
    drop(files);
    close(apps, ctx, store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_goes_on_where_it_was_left_and_tasks_end() {
    let dir = tempfile::tempdir().unwrap();
    let (apps, ctx, store) = opened(dir.path());
    let mut cursor = ctx.cursor("seen").unwrap();
    assert_eq!(cursor.place(), None);
    let (seen, commit) = ctx
        .write(|draft| {
            draft.put_document("a", Some([1][..].into()));
            let seen = draft.document("a")?;
            draft.put_document("b", Some([2][..].into()));
            Ok(seen)
        })
        .await
        .unwrap();
    assert_eq!(seen.as_deref(), Some(&[1][..]));
    assert_eq!(ctx.documents(None, 10).unwrap().iter().map(|d| &*d.key).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(ctx.documents(Some("a"), 10).unwrap().len(), 1);
    cursor.save(commit.seq).await.unwrap();
    let (ended, told) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    struct Ends(Arc<AtomicBool>);
    impl Drop for Ends {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let (ends, telling, following) = (Ends(ended.clone()), told.clone(), ctx.clone());
    ctx.spawn("waiting", async move {
        let _ends = ends;
        let mut feed = following.follow(0);
        while let Some(Ok(item)) = feed.next().await {
            telling.fetch_or(matches!(item, FeedItem::Commit(_)), Ordering::Relaxed);
        }
    });
    let worked = ctx.blocking(|| 6 * 7).await.unwrap();
    assert_eq!(worked, 42);
    let broke = ctx.blocking(|| -> u8 { panic!("as a test") }).await;
    assert_eq!(broke.unwrap_err().kind(), Kind::Internal);
    tokio::time::timeout(Duration::from_secs(5), async {
        while !told.load(Ordering::Relaxed) {
            ctx.sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
    drop(cursor);
    close(apps, ctx, store).await;
    assert!(ended.load(Ordering::Relaxed));

    let (apps, ctx, store) = opened(dir.path());
    let cursor = ctx.cursor("seen").unwrap();
    assert_eq!(cursor.place(), Some(commit.seq));
    cursor.remove().await.unwrap();
    assert_eq!(ctx.cursor("seen").unwrap().place(), None);
    close(apps, ctx, store).await;
}
