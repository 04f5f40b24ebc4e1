//! Measures what could lie under the store: durable 1 KB upserts from 64 clients with group commit, point reads, reopening;
//! and three ways to prepare a file for a log. Chooses nothing: `docs/design/001-commit-log.md` does.
//!
//! `cargo run --release --manifest-path bench/engines/Cargo.toml -- [rounds] [seconds] [keys] [directory]`
//!
//! With `--features rocksdb` RocksDB is measured too; Cargo.toml says what that needs.
//!
//! Every round measures every engine in turn, so that what else the machine does hits all alike; the medians are printed.

mod engines;
mod group;
mod prepare;

use std::path::Path;
use std::time::{Duration, Instant};

use engines::{Engine, Fjall, OwnLog, Redb, Sqlite};

/// The size of a value in bytes.
pub const VALUE: usize = 1024;

fn main() {
    let mut args = std::env::args().skip(1);
    let rounds: usize = args.next().map_or(3, |arg| arg.parse().expect("rounds must be a number"));
    let seconds: u64 = args.next().map_or(3, |arg| arg.parse().expect("seconds must be a number"));
    let keys: u64 = args.next().map_or(200_000, |arg| arg.parse().expect("keys must be a number"));
    let parent = args.next().unwrap_or_else(|| std::env::temp_dir().display().to_string());
    println!("| preparation of the file | write | commits/s | p50 µs | p99 µs |\n|---|---|---|---|---|");
    prepare::measure(Path::new(&parent), rounds);
    println!();
    println!(
        "| engine | 1 client/s | 64 clients/s | p50 µs | p99 µs | fill {keys} in 1,000s/s | 1 M reads/s | reopen ms | disk MB |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let time = Duration::from_secs(seconds);
    let runs: &[(&str, fn(&str, Duration, u64) -> Figures)] = &[
        (OwnLog::NAME, run::<OwnLog>),
        (Fjall::NAME, run::<Fjall>),
        (Redb::NAME, run::<Redb>),
        (Sqlite::NAME, run::<Sqlite>),
        #[cfg(feature = "rocksdb")]
        (engines::RocksDb::NAME, run::<engines::RocksDb>),
    ];
    let mut figures = vec![Vec::new(); runs.len()];
    for round in 0..rounds {
        for at in 0..runs.len() {
            // Each round begins with another one.
            let at = (at + round) % runs.len();
            figures[at].push(runs[at].1(&parent, time, keys));
        }
    }
    for ((name, _), rounds) in runs.iter().zip(&figures) {
        let median = |column: usize| {
            let mut values: Vec<f64> = rounds.iter().map(|figures: &Figures| figures[column]).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        let columns: Vec<String> = (0..8).map(|column| format!("{:.0}", median(column))).collect();
        println!("| {name} | {} |", columns.join(" | "));
    }
}

/// What one run measured, in the order of the table's columns.
type Figures = [f64; 8];

/// Bytes that do not compress, different for each key and round.
pub fn value(key: u64, round: u64) -> Vec<u8> {
    let mut state = (key << 20) ^ round ^ 0x9E37_79B9_7F4A_7C15;
    let mut bytes = Vec::with_capacity(VALUE);
    while bytes.len() < VALUE {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes
}

fn run<E: Engine + 'static>(parent: &str, time: Duration, keys: u64) -> Figures {
    let dir = tempfile::tempdir_in(parent).expect("the directory must be writable");
    let mut engine = E::open(dir.path());
    let started = Instant::now();
    let mut next = 0;
    while next < keys {
        let batch: Vec<_> = (next..(next + 1000).min(keys)).map(|key| (key, value(key, 0))).collect();
        engine.commit(&batch);
        next += batch.len() as u64;
    }
    let fill = keys as f64 / started.elapsed().as_secs_f64();

    let (engine, one) = group::measure(engine, 1, time, keys);
    let (engine, many) = group::measure(engine, 64, time, keys);

    let started = Instant::now();
    let mut state = 88_172_645_463_325_252_u64;
    let reads = 1_000_000;
    for _ in 0..reads {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        assert_eq!(engine.get(state % keys), Some(VALUE), "every key was filled");
    }
    let read = f64::from(reads) / started.elapsed().as_secs_f64();
    drop(engine);

    let started = Instant::now();
    let engine = E::open(dir.path());
    assert_eq!(engine.get(keys - 1), Some(VALUE), "the last key is there after reopening");
    let reopen = started.elapsed();
    drop(engine);
    [
        one.rate,
        many.rate,
        many.p50.as_micros() as f64,
        many.p99.as_micros() as f64,
        fill,
        read,
        reopen.as_secs_f64() * 1000.0,
        size(dir.path()) as f64 / 1e6,
    ]
}

fn size(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).expect("the directory was made by this run");
    let sizes = entries.map(|entry| {
        let entry = entry.expect("the directory is not changed by others");
        let kind = entry.metadata().expect("the file is not deleted by others");
        if kind.is_dir() { size(&entry.path()) } else { kind.len() }
    });
    sizes.sum()
}
