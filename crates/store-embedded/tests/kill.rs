//! `kill -9` at random under load, 200 times. After each: every acknowledged write is there and at most the one under way
//! beside it, whole; what was deleted is gone; history holds each write once; a consumer of the feed with a durable place is
//! given each commit, in order, none lost; and the check finds nothing. The test starts itself again as the process that
//! is killed.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

#[path = "kill/child.rs"]
mod child;
#[path = "kill/ledger.rs"]
mod ledger;
#[path = "kill/sequence.rs"]
mod sequence;

use belfry_store_embedded::{EmbeddedStore, Options, check};
use ledger::Ledger;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const DIR: &str = "BELFRY_TEST_KILL_DIR";
const LATE: &str = "BELFRY_TEST_KILL_LATE";
const KILLS: u64 = 200;
/// The longest time under load, microseconds.
const LOAD: u64 = 80_000;

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

#[test]
fn child() {
    let Ok(dir) = std::env::var(DIR) else { return };
    child::run(&options(Path::new(&dir)), std::env::var(LATE).is_ok());
}

/// Starts the process, kills it at a random moment, and returns the lines that it said; also how long it took to open.
fn kill_one(data: &Path, round: u64, random: u64, usual_opening: Duration) -> (Vec<String>, Option<Duration>) {
    let started = Instant::now();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture", "--test-threads=1"])
        .env(DIR, data)
        .envs((round % 25 == 24).then_some((LATE, "1")))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = child.stdout.take().unwrap();
    let (opened, is_open) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let lines = BufReader::new(out).lines().map_while(Result::ok);
        let note = |line: &String| {
            if line == "open ." {
                let _ = opened.send(Instant::now());
            }
        };
        lines.inspect(note).collect::<Vec<_>>()
    });
    // Mostly under load, now and then while it recovers.
    let opening = if round.is_multiple_of(5) {
        std::thread::sleep(Duration::from_micros(random % (1 + 2 * usual_opening.as_micros() as u64)));
        None
    } else {
        let opened = is_open.recv_timeout(Duration::from_secs(60)).expect("it opens");
        std::thread::sleep(Duration::from_micros(random % LOAD));
        Some(opened - started)
    };
    assert!(child.try_wait().unwrap().is_none(), "round {round}: the process ended by itself");
    child.kill().unwrap();
    child.wait().unwrap();
    (reader.join().unwrap(), opening)
}

#[test]
fn acknowledged_writes_survive_200_kills() {
    if std::env::var(DIR).is_ok() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("store");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut ledger, mut random, mut opening) = (Ledger::default(), 0x9e37_79b9_u64, Duration::ZERO);
    for round in 1..=KILLS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (lines, opened) = kill_one(&data, round, random >> 33, opening);
        opening = opened.unwrap_or(opening);
        let report = check(&options(&data)).unwrap_or_else(|e| panic!("round {round}: {e:?}"));
        assert!(report.is_sound(), "round {round}: {:?}", report.findings);
        let store = EmbeddedStore::open(&options(&data)).unwrap_or_else(|e| panic!("round {round}: {e:?}"));
        runtime.block_on(ledger.prove(round, &lines, &store));
        if round % 20 == 0 {
            let (acknowledged, consumed) = (ledger.acknowledged, ledger.consumed);
            println!("{round} kills, {acknowledged} writes acknowledged, {consumed} commits consumed");
        }
    }
    assert!(ledger.acknowledged > KILLS * 5, "too little was under way to prove anything: {}", ledger.acknowledged);
    assert!(ledger.consumed > KILLS * 5, "too little was consumed to prove anything: {}", ledger.consumed);
}
