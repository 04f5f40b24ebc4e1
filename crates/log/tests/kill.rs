//! A real process on real files, killed (SIGKILL) at random moments: every acknowledged record is there, in order, and no half batch.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use belfry_log::{Durability, Log, LogReader, Options, check};

const ROUNDS: u64 = 50;
const DIR: &str = "BELFRY_LOG_KILL_DIR";
/// Every batch has this many records, so that half a batch shows.
const BATCH: u64 = 5;

fn options(relaxed: bool) -> Options {
    let durability = if relaxed { Durability::Interval(Duration::from_millis(20)) } else { Durability::Sync };
    Options { segment_bytes: 256 << 10, durability, ..Options::default() }
}

fn payload(seq: u64) -> Vec<u8> {
    let len = seq.wrapping_mul(2_654_435_761) % 3000;
    (0..len).map(|at| (seq ^ at) as u8).collect()
}

/// Not a test of its own: the process that is killed. Does nothing unless the test below started it.
#[test]
fn writer() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let relaxed = std::env::var("BELFRY_LOG_KILL_RELAXED").is_ok();
    let (mut log, _) = Log::open(dir, options(relaxed)).unwrap();
    let mut out = std::io::stdout().lock();
    loop {
        for _ in 0..BATCH {
            log.append(&payload(log.last_seq() + 1 + log.pending() as u64)).unwrap();
        }
        let last = log.commit().unwrap();
        writeln!(out, "acknowledged {last}").unwrap();
        out.flush().unwrap();
        if last % 500 == 0 {
            log.truncate_before(last.saturating_sub(600)).unwrap();
        }
    }
}

fn verify(reader: &LogReader) {
    let mut next = reader.first_seq();
    for entry in reader.read_from(next).unwrap() {
        let entry = entry.unwrap();
        assert_eq!((entry.seq, &entry.payload), (next, &payload(next)));
        next += 1;
    }
    assert_eq!(next, reader.last_seq() + 1);
}

fn kill_at_random(dir: &Path, relaxed: bool) {
    let mut acknowledged = 0;
    let mut state = u64::from(std::process::id()) | 1;
    for round in 0..ROUNDS {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "writer", "--nocapture", "--test-threads=1"]).env(DIR, dir).stdout(Stdio::piped());
        if relaxed {
            command.env("BELFRY_LOG_KILL_RELAXED", "1");
        }
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let listener = std::thread::spawn(move || {
            let numbers =
                lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("acknowledged ")?.parse().ok());
            numbers.last()
        });
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let wait = Duration::from_micros((state >> 33) % 60_000);
        std::thread::sleep(wait);
        assert_eq!(child.try_wait().unwrap(), None, "round {round}: the writer ended by itself");
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged = listener.join().unwrap().unwrap_or(acknowledged);

        let report = check(dir).unwrap();
        assert!(report.is_sound(), "round {round}: {:?}", report.findings);
        let (log, recovered) = Log::open(dir, options(relaxed)).unwrap();
        assert!(recovered.last_seq >= acknowledged, "round {round}: {recovered:?}, acknowledged {acknowledged}");
        assert!(recovered.last_seq <= acknowledged + BATCH * 2, "round {round}: {recovered:?}");
        assert_eq!(recovered.last_seq % BATCH, 0, "round {round}: half a batch");
        verify(&log.handle());
        acknowledged = recovered.last_seq;
    }
    assert!(acknowledged > ROUNDS * BATCH, "the killed processes did write: {acknowledged}");
}

#[test]
fn fifty_kills_lose_nothing_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    kill_at_random(dir.path(), false);
}

#[test]
fn fifty_kills_lose_nothing_of_a_relaxed_log() {
    let dir = tempfile::tempdir().unwrap();
    kill_at_random(dir.path(), true);
}
