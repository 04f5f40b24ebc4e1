//! What a commit costs on a file that grows, that has reserved blocks, and that was written with zeros.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

const FILE: u64 = 64 << 20;

/// Measures each way with three sizes of a commit, in turn, and prints the medians of the rounds.
pub fn measure(parent: &Path, rounds: usize) {
    for size in [1024, 16 << 10, 64 << 10] {
        let mut results = [const { Vec::new() }; 3];
        for _ in 0..rounds {
            for (way, results) in ["grows", "fallocate", "zeros written"].iter().zip(&mut results) {
                results.push((commits(parent, way, size), *way));
            }
        }
        for mut taken in results {
            taken.sort_by(|a, b| a.0.0.total_cmp(&b.0.0));
            let ((rate, p50, p99), way) = taken[taken.len() / 2];
            println!("| {way} | {size} B | {rate:.0} | {p50} | {p99} |");
        }
    }
}

fn commits(parent: &Path, way: &str, size: usize) -> (f64, u128, u128) {
    let dir = tempfile::tempdir_in(parent).expect("the directory must be writable");
    let path = dir.path().join("file");
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path).expect("the file must open");
    prepare(&file, way);
    file.sync_all().expect("the file must sync");
    let count = (FILE / size as u64).min(1000);
    let bytes = vec![7; size];
    let mut times = Vec::new();
    let started = Instant::now();
    for at in 0..count {
        let one = Instant::now();
        file.write_all_at(&bytes, at * size as u64).expect("the file must be writable");
        file.sync_data().expect("the file must sync");
        times.push(one.elapsed().as_micros());
    }
    let rate = count as f64 / started.elapsed().as_secs_f64();
    times.sort_unstable();
    (rate, times[times.len() / 2], times[times.len() * 99 / 100])
}

fn prepare(file: &File, way: &str) {
    if way == "fallocate" {
        rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, FILE).expect("the disk has room");
    }
    if way == "zeros written" {
        let zeros = vec![0; 1 << 20];
        for at in 0..FILE >> 20 {
            file.write_all_at(&zeros, at << 20).expect("the disk has room");
        }
    }
}
