//! `kill -9` at random under load: every acknowledged write is there, no half of one, history agrees with the state, and
//! the check finds nothing. The test starts itself again as the process that is killed.

use belfry_ports::{ChangeSet, Store};
use belfry_store_embedded::{EmbeddedStore, Options, check};
use belfry_testkit::entity::{delete, entity, number, put};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

const DIR: &str = "BELFRY_TEST_KILL_DIR";
const ROUND: &str = "BELFRY_TEST_KILL_ROUND";
const KILLS: u64 = 200;
const WRITERS: u64 = 16;
const ENTITIES: u64 = 12;

struct Wall;

impl belfry_kernel::Clock for Wall {
    fn now(&self) -> belfry_kernel::Time {
        #[expect(clippy::disallowed_methods, reason = "the killed process needs a clock that goes on over restarts")]
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
        belfry_kernel::Time::from_micros(since.as_micros() as i64)
    }
}

fn options(dir: &Path) -> Options {
    let mut options = Options::new(dir, Arc::new(Wall));
    // Small, so that kills fall into rolling segments, checkpoints, flushes and merges too.
    options.log.segment_bytes = 256 << 10;
    options.checkpoint_log_bytes = 200 << 10;
    options.index_from = 4;
    if let Some(history) = &mut options.history {
        history.open_bytes = 128 << 10;
    }
    options
}

/// Two attributes that every write sets to the same number: a half write would show.
async fn write(store: &Arc<EmbeddedStore>, writer: u64, n: u64, round: u64) -> Option<u64> {
    let id = format!("urn:w:{writer}:{}", n % ENTITIES);
    if n % 31 == 30 {
        store.write(Box::new(move |read, _| delete(read, &id))).await.ok()?;
        return None;
    }
    let value = (round * 1_000_000 + n) as f64;
    store
        .write(Box::new(move |read, now| {
            let both = vec![number("a", value, now), number("b", value, now)];
            Ok(ChangeSet::of(put(read, entity(&id, "Pair", both, now))?))
        }))
        .await
        .ok()?;
    Some(value as u64)
}

/// What the killed process does: writes as fast as it can and says each acknowledgement on its standard output.
#[test]
fn child() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let round: u64 = std::env::var(ROUND).expect("the parent says the round").parse().expect("a number");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let store = Arc::new(EmbeddedStore::open(&options(Path::new(&dir))).expect("the store opens"));
    println!("\nopen");
    runtime.block_on(async {
        let writers: Vec<_> = (0..WRITERS)
            .map(|w| {
                let store = store.clone();
                tokio::spawn(async move {
                    for n in 0.. {
                        let value = write(&store, w, n, round).await;
                        let word = value.map_or("gone".to_owned(), |v| v.to_string());
                        // One write, so that a kill never leaves half a line that reads as a smaller number.
                        let line = format!("ack {w} {} {word} .\n", n % ENTITIES);
                        std::io::stdout().write_all(line.as_bytes()).expect("the parent reads");
                    }
                })
            })
            .collect();
        for w in writers {
            let _ = w.await;
        }
    });
}

#[test]
fn acknowledged_writes_survive_200_kills() {
    if std::env::var(DIR).is_ok() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("store");
    // Of each entity: the last acknowledged value, none when it was deleted.
    let mut known: HashMap<(u64, u64), Option<u64>> = HashMap::new();
    let (mut acknowledged, mut random) = (0_u64, 0x9e37_79b9_u64);
    for round in 1..=KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child", "--exact", "--nocapture", "--test-threads=1"])
            .env(DIR, &data)
            .env(ROUND, round.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = child.stdout.take().unwrap();
        let (opened, is_open) = std::sync::mpsc::channel();
        let reader = std::thread::spawn(move || {
            let lines = BufReader::new(out).lines().map_while(Result::ok);
            lines
                .inspect(|line| {
                    if line == "open" {
                        let _ = opened.send(());
                    }
                })
                .collect::<Vec<_>>()
        });
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Mostly under load, now and then while it recovers.
        if round % 5 != 0 {
            let _ = is_open.recv_timeout(Duration::from_secs(20));
        }
        std::thread::sleep(Duration::from_millis((random >> 33) % 120));
        child.kill().unwrap();
        child.wait().unwrap();
        for line in reader.join().unwrap() {
            let words: Vec<&str> = line.split(' ').collect();
            if let ["ack", writer, n, value, "."] = words.as_slice() {
                acknowledged += 1;
                known.insert((writer.parse().unwrap(), n.parse().unwrap()), value.parse().ok());
            }
        }
        let store = EmbeddedStore::open(&options(&data)).unwrap_or_else(|e| panic!("round {round}: {e:?}"));
        for ((writer, n), value) in &known {
            let found = store.entity(&format!("urn:w:{writer}:{n}")).unwrap();
            let (a, b) = match &found {
                Some(e) => (Some(&e.attributes[0].value), Some(&e.attributes[1].value)),
                None => (None, None),
            };
            assert_eq!(a, b, "round {round}: half a write of urn:w:{writer}:{n}");
            let stored = a.map(|v| match v {
                belfry_ngsi_ld::Value::Property(json) => json.as_f64().unwrap() as u64,
                other => panic!("{other:?}"),
            });
            // What is stored may be newer than the last acknowledgement by one write, never older. That one write may
            // have been a deletion, or the first after one.
            if let (Some(value), Some(stored)) = (value, stored) {
                assert!(stored >= *value, "round {round}: {stored} is older than {value}");
            }
        }
        drop(store);
        if round % 20 == 0 {
            let report = check(&options(&data)).unwrap();
            assert!(report.is_sound(), "round {round}: {:?}", report.findings);
            println!("{round} kills, {acknowledged} acknowledged writes, {} instances agree", report.instances);
        }
    }
    assert!(acknowledged > KILLS * 10, "too little was under way to prove anything: {acknowledged}");
}
