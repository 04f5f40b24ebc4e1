//! Damage, full disks, interrupted work: an error or the right answer, never a wrong one, and what was there stays.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use belfry_history::{
    By, Error, Function, History, Kind, Op, Options, Query, Sample, SampleRef, Value, ValueRef, check,
};
use belfry_kernel::Time;

fn options() -> Options {
    Options { cache_bytes: 0, ..Options::default() }
}

fn sample(stamp: i64, value: f64) -> SampleRef<'static> {
    let observed = Some(Time::from_micros(stamp * 1000));
    SampleRef { stamp, observed, value: ValueRef::F64(value), rest: b"", kind: Kind::Normal }
}

fn key(n: i64) -> Vec<u8> {
    format!("urn:device:{n:03}\0temperature\0").into_bytes()
}

/// `series` series of `rows` rows from stamp `first` on, in one batch.
fn fill(history: &History, seq: u64, series: i64, first: i64, rows: i64) {
    let keys: Vec<Vec<u8>> = (0..series).map(key).collect();
    let mut batch = Vec::new();
    for (n, key) in keys.iter().enumerate() {
        for stamp in first..first + rows {
            batch.push((key.as_slice(), sample(stamp, (stamp * 31 + n as i64) as f64 / 7.0)));
        }
    }
    assert!(history.append(seq, &batch).expect("appends"));
}

fn read(history: &History, key: &[u8]) -> Result<Vec<Sample>, Error> {
    history.range(key, &Query::all(By::Stamp))?.collect()
}

fn runs(dir: &Path) -> Vec<PathBuf> {
    let mut out: Vec<PathBuf> = fs::read_dir(dir).expect("lists").map(|e| e.expect("lists").path()).collect();
    out.retain(|p| p.extension().is_some_and(|e| e == "bhr"));
    out.sort();
    out
}

#[test]
fn a_flipped_byte_is_found_and_never_answered_from() {
    let dir = tempfile::tempdir().expect("a directory");
    let series = 40;
    let expected: Vec<Vec<Sample>> = {
        let history = History::open(dir.path(), options()).expect("opens");
        for n in 0..series {
            // Several blocks: incompressible values, some hundred a series.
            fill_noise(&history, n as u64 + 1, n);
        }
        history.flush().expect("flushes");
        (0..series).map(|n| read(&history, &key(n)).expect("reads")).collect()
    };
    let file = runs(dir.path()).pop().expect("a run");
    let sound = fs::read(&file).expect("reads");
    assert!(check(dir.path()).expect("checks").is_sound());
    let (mut refused, mut whole) = (0, 0);
    // Header, meta, index, filter and footer byte by byte, the blocks by samples.
    let places = (0..sound.len()).filter(|&at| at < 80 || at + 420 > sound.len() || at % 5003 == 0);
    for at in places {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x10;
        fs::write(&file, &bytes).expect("writes");
        let report = check(dir.path()).expect("there is a manifest");
        assert!(!report.is_sound(), "byte {at} of {} is not covered", sound.len());
        let history = History::open(dir.path(), options()).expect("one damaged byte does not keep it from opening");
        let mut lost = 0;
        for n in 0..series {
            match read(&history, &key(n)) {
                Ok(samples) => assert!(samples == expected[n as usize], "byte {at}: wrong answer for series {n}"),
                Err(Error::Corrupt { path, offset, .. }) => {
                    assert_eq!(path, file);
                    assert!(offset <= at as u64, "byte {at} blamed on {offset}");
                    lost += 1;
                }
                Err(e) => panic!("byte {at}: {e}"),
            }
        }
        assert!(lost < series, "byte {at}: nothing is readable");
        if lost == 0 {
            whole += 1;
        } else {
            refused += 1;
            assert!(history.merge_all().is_err(), "a merge must not swallow damage");
            assert_eq!(runs(dir.path()), std::slice::from_ref(&file));
        }
    }
    println!("flipped bytes: {whole} made good, {refused} refused for some series");
    assert!(refused > 50 && whole > 100);
}

fn fill_noise(history: &History, seq: u64, n: i64) {
    let (key, mut noise) = (key(n), seq);
    let mut batch = Vec::new();
    for stamp in 1..=700 {
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        batch.push((key.as_slice(), sample(stamp, f64::from_bits(noise >> 2))));
    }
    history.append(seq, &batch).expect("appends");
}

#[test]
fn a_damaged_manifest_has_a_second_copy() {
    let dir = tempfile::tempdir().expect("a directory");
    {
        let history = History::open(dir.path(), options()).expect("opens");
        fill(&history, 1, 3, 1, 10);
        history.flush().expect("flushes");
    }
    for name in ["MANIFEST", "MANIFEST.copy"] {
        let path = dir.path().join(name);
        let sound = fs::read(&path).expect("reads");
        for at in 0..sound.len() {
            let mut bytes = sound.clone();
            bytes[at] ^= 1;
            fs::write(&path, &bytes).expect("writes");
            assert!(!check(dir.path()).expect("the other copy").is_sound(), "{name} byte {at}");
            let history = History::open(dir.path(), options()).expect("opens by the other copy");
            assert_eq!(read(&history, &key(2)).expect("reads").len(), 10);
        }
        fs::write(&path, &sound).expect("writes");
    }
    fs::remove_file(dir.path().join("MANIFEST")).expect("removes");
    fs::remove_file(dir.path().join("MANIFEST.copy")).expect("removes");
    assert!(matches!(History::open(dir.path(), options()), Err(Error::Corrupt { .. })));
    assert_eq!(runs(dir.path()).len(), 1, "runs without a manifest are not thrown away");
}

#[test]
fn a_newer_format_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    {
        let history = History::open(dir.path(), options()).expect("opens");
        fill(&history, 1, 1, 1, 10);
        history.flush().expect("flushes");
    }
    let file = runs(dir.path()).pop().expect("a run");
    let mut bytes = fs::read(&file).expect("reads");
    bytes[8..12].copy_from_slice(&9_u32.to_le_bytes());
    let crc = crc32c::crc32c(&bytes[..20]).to_le_bytes();
    bytes[20..24].copy_from_slice(&crc);
    fs::write(&file, &bytes).expect("writes");
    assert!(matches!(History::open(dir.path(), options()), Err(Error::Version { found: 9, .. })));
}

/// A write to `/dev/full` fails as one to a full disk does; a symbolic link puts it in the way of the temporary file.
#[test]
fn a_full_disk_loses_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let history = History::open(dir.path(), options()).expect("opens");
    fill(&history, 1, 3, 1, 50);
    history.flush().expect("flushes");
    fill(&history, 2, 3, 51, 50);
    let full = |id: u64| {
        let path = dir.path().join(format!("run-{id:010}.bhr.tmp"));
        std::os::unix::fs::symlink("/dev/full", path).expect("links");
    };
    full(2);
    assert!(matches!(history.flush(), Err(Error::DiskFull { .. })));
    assert_eq!(history.flushed_seq(), 1);
    fill(&history, 3, 3, 101, 50);
    for n in 0..3 {
        assert_eq!(read(&history, &key(n)).expect("reads").len(), 150);
    }
    // The same rows once there is room again; what came later with the next flush.
    assert_eq!(history.flush().expect("flushes"), 2);
    assert_eq!(history.flush().expect("flushes"), 3);
    full(5);
    assert!(matches!(history.merge_all(), Err(Error::DiskFull { .. })));
    assert_eq!(history.runs(), 3);
    // The manifest may meet the full disk too.
    std::os::unix::fs::symlink("/dev/full", dir.path().join("MANIFEST.tmp")).expect("links");
    assert!(matches!(history.merge_all(), Err(Error::DiskFull { .. })));
    assert_eq!(history.runs(), 3);
    history.merge_all().expect("there is room again");
    assert_eq!(history.runs(), 1);
    drop(history);
    let history = History::open(dir.path(), options()).expect("opens");
    for n in 0..3 {
        assert_eq!(read(&history, &key(n)).expect("reads").len(), 150);
    }
    assert!(check(dir.path()).expect("checks").is_sound());
    assert_eq!(runs(dir.path()).len(), 1, "failed attempts are cleared away");
}

#[test]
fn the_newest_are_right_while_a_flush_fails() {
    let dir = tempfile::tempdir().expect("a directory");
    let history = History::open(dir.path(), options()).expect("opens");
    fill(&history, 1, 1, 1, 300);
    history.flush().expect("flushes");
    fill(&history, 2, 1, 301, 600);
    for id in 1..9 {
        std::os::unix::fs::symlink("/dev/full", dir.path().join(format!("run-{id:010}.bhr.tmp"))).expect("links");
    }
    assert!(matches!(history.flush(), Err(Error::DiskFull { .. })));
    // The corrections lie in a newer part than the numbers, which stand side by side.
    let key = key(0);
    for (seq, stamp) in [(3, 900), (4, 897)] {
        assert!(history.apply(seq, &[Op::Remove { key: &key, stamp }]).expect("applies"));
    }
    let newest = |limit| {
        let found = history.range(&key, &Query::last(By::Stamp, limit)).expect("reads");
        found.map(|s| s.expect("reads").stamp).collect::<Vec<_>>()
    };
    assert_eq!(newest(1), [899]);
    assert_eq!(newest(4), [899, 898, 896, 895]);
    assert_eq!(newest(650).last(), Some(&249));
    assert_eq!(history.latest_at(&key, i64::MAX).expect("reads").map(|s| s.stamp), Some(899));
    assert_eq!(history.latest_at(&key, 897).expect("reads").map(|s| s.stamp), Some(896));
}

#[test]
fn one_process_at_a_time() {
    let dir = tempfile::tempdir().expect("a directory");
    let _history = History::open(dir.path(), options()).expect("opens");
    assert!(matches!(History::open(dir.path(), options()), Err(Error::InUse { .. })));
}

#[test]
fn the_open_part_has_a_hard_limit() {
    let dir = tempfile::tempdir().expect("a directory");
    let small = Options { open_bytes: 10_000, open_bytes_max: 40_000, ..options() };
    let history = History::open(dir.path(), small).expect("opens");
    let mut seq = 0;
    let error = loop {
        let key = key(1);
        match history.append(seq + 1, &[(&key, sample(seq as i64 + 1, 1.0))]) {
            Ok(_) => seq += 1,
            Err(e) => break e,
        }
    };
    assert!(matches!(error, Error::Full { .. }), "{error}");
    assert!(seq > 1000);
    assert_eq!(history.flush().expect("flushes"), seq);
    assert!(history.append(seq + 1, &[(&key(1), sample(seq as i64 + 1, 1.0))]).expect("there is room again"));
    let long = vec![b'x'; 20 << 20];
    let op = Op::Append { key: &key(1), sample: SampleRef { value: ValueRef::Bytes(&long), ..sample(1, 0.0) } };
    assert!(matches!(history.apply(seq + 2, &[op]), Err(Error::TooLarge { .. })));
    let op = Op::RemoveSeries { key: &long };
    assert!(matches!(history.apply(seq + 2, &[op]), Err(Error::TooLarge { .. })));
}

#[test]
fn appends_and_reads_go_on_while_it_flushes_and_merges() {
    let dir = tempfile::tempdir().expect("a directory");
    let history = History::open(dir.path(), Options { merge_width: 3, ..Options::default() }).expect("opens");
    let done = AtomicBool::new(false);
    let reads = AtomicU64::new(0);
    let mut total = 0_i64;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                history.flush().expect("flushes");
                while history.merge().expect("merges") {}
            }
        });
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                for n in 0..5 {
                    let samples = read(&history, &key(n)).expect("reads");
                    let gapless = samples.iter().enumerate().all(|(i, s)| s.stamp == i as i64 + 1);
                    assert!(gapless, "a read beside a flush or merge missed a sample or saw one twice");
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        // Until there were reads beside it, however late the reader gets a processor.
        while total < 400 || (reads.load(Ordering::Relaxed) == 0 && total < 100_000) {
            fill(&history, total as u64 + 1, 5, total * 5 + 1, 5);
            total += 1;
        }
        done.store(true, Ordering::Release);
    });
    assert!(reads.into_inner() > 0);
    for n in 0..5 {
        assert_eq!(read(&history, &key(n)).expect("reads").len(), total as usize * 5);
    }
}

#[test]
fn a_backup_outlives_merges_and_opens_as_a_history() {
    let (dir, copy) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    let history = History::open(dir.path(), options()).expect("opens");
    for round in 0..4 {
        fill(&history, round + 1, 4, round as i64 * 10 + 1, 10);
        history.flush().expect("flushes");
    }
    let backup = history.backup();
    assert_eq!((backup.files.len(), backup.flushed_seq), (4, 4));
    fill(&history, 5, 4, 100, 10);
    history.flush().expect("flushes");
    history.merge_all().expect("merges");
    for file in &backup.files {
        fs::copy(file, copy.path().join(file.file_name().expect("a name"))).expect("the file is still there");
    }
    fs::write(copy.path().join("MANIFEST"), &backup.manifest).expect("writes");
    drop(backup);
    assert_eq!(runs(dir.path()).len(), 1, "pinned files go with the pin");
    assert!(check(copy.path()).expect("checks").is_sound());
    let restored = History::open(copy.path(), options()).expect("opens");
    assert_eq!(restored.flushed_seq(), 4);
    for n in 0..4 {
        assert_eq!(read(&restored, &key(n)).expect("reads").len(), 40);
        assert_eq!(read(&history, &key(n)).expect("reads").len(), 50);
    }
}

#[test]
fn long_series_span_blocks() {
    let dir = tempfile::tempdir().expect("a directory");
    let history = History::open(dir.path(), Options::default()).expect("opens");
    let (rows, keys) = (30_000_i64, [key(1), key(2), key(3)]);
    let mut noise = 1_u64;
    let mut expected = vec![Vec::new(); 3];
    for seq in 0..rows {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let value = f64::from_bits(noise >> 3);
        let batch: Vec<_> = keys.iter().map(|k| (k.as_slice(), sample(seq * 3 + 1, value))).collect();
        history.append(seq as u64 + 1, &batch).expect("appends");
        expected.iter_mut().for_each(|e| e.push(value));
        if seq == rows / 2 {
            history.flush().expect("flushes");
        }
    }
    let late = Op::Replace { key: &keys[1], sample: sample(301, -1.0) };
    history.apply(rows as u64 + 1, &[late, Op::Remove { key: &keys[1], stamp: 601 }]).expect("applies");
    expected[1][100] = -1.0;
    expected[1].remove(200);
    history.flush().expect("flushes");
    for merged in [false, true] {
        if merged {
            history.merge_all().expect("merges");
        }
        for (key, expected) in keys.iter().zip(&expected) {
            let got = read(&history, key).expect("reads");
            assert!(
                got.iter().map(|s| &s.value).eq(expected.iter().map(|&x| Value::F64(x)).collect::<Vec<_>>().iter())
            );
            let bounds = (0..=20).map(|i| Time::from_micros(i * 4_500_000));
            let buckets = history.aggregate(key, By::Observed, bounds, &[Function::Max], &[]).expect("aggregates");
            assert_eq!(buckets.len(), 20);
            for bucket in buckets {
                let within: Vec<f64> = got
                    .iter()
                    .filter(|s| s.observed.is_some_and(|t| t >= bucket.from && t < bucket.to))
                    .filter_map(|s| if let Value::F64(x) = s.value { Some(x) } else { None })
                    .collect();
                assert!(bucket.count > 1000 && bucket.count == within.len() as u64);
                assert_eq!(bucket.get(Function::Max), within.iter().copied().reduce(f64::max));
                assert_eq!(bucket.get(Function::Min), within.iter().copied().reduce(f64::min));
            }
            let last: Vec<_> = history
                .range(key, &Query::last(By::Stamp, 3))
                .expect("reads")
                .map(|s| s.expect("reads").stamp)
                .collect();
            assert_eq!(last, [rows * 3 - 2, rows * 3 - 5, rows * 3 - 8]);
        }
        assert_eq!(history.latest_at(&keys[1], 601).expect("reads").map(|s| s.stamp), Some(598));
        let names: Vec<_> = history.series(b"urn:").map(|k| k.expect("reads").to_vec()).collect();
        assert_eq!(names, keys);
    }
    assert!(check(dir.path()).expect("checks").is_sound());
}

#[test]
fn runs_that_cannot_be_named_by_the_manifest_do_not_pile_up() {
    let dir = tempfile::tempdir().expect("a directory");
    let history = History::open(dir.path(), options()).expect("opens");
    for n in 0..4 {
        fill(&history, n + 1, 5, n as i64 * 10, 10);
        history.flush().expect("flushes");
    }
    let before = runs(dir.path()).len();
    // A directory stands where the manifest is made anew.
    let in_the_way = dir.path().join("MANIFEST.copy.tmp");
    fs::create_dir(&in_the_way).expect("makes");
    fill(&history, 5, 5, 40, 10);
    for _ in 0..3 {
        history.flush().expect_err("it cannot be installed");
        history.merge_all().expect_err("likewise");
    }
    assert_eq!(runs(dir.path()).len(), before, "each try left a file");
    fs::remove_dir(&in_the_way).expect("removes");
    history.flush().expect("flushes");
    history.merge_all().expect("merges");
    assert_eq!(runs(dir.path()).len(), 1);
    for n in 0..5 {
        assert_eq!(read(&history, &key(n)).expect("reads").len(), 50);
    }
    drop(history);
    assert!(check(dir.path()).expect("checks").is_sound());
    assert_eq!(read(&History::open(dir.path(), options()).expect("opens"), &key(0)).expect("reads").len(), 50);
}

#[test]
fn a_manifest_that_may_be_on_disk_keeps_its_runs() {
    let dir = tempfile::tempdir().expect("a directory");
    let history = History::open(dir.path(), options()).expect("opens");
    fill(&history, 1, 5, 0, 10);
    // The first copy is replaced, the second is not: either may be read next.
    let in_the_way = dir.path().join("MANIFEST.tmp");
    fs::create_dir(&in_the_way).expect("makes");
    history.flush().expect_err("half installed");
    fs::remove_dir(&in_the_way).expect("removes");
    drop(history);
    fs::write(dir.path().join("MANIFEST"), b"damaged").expect("writes");
    let history = History::open(dir.path(), options()).expect("the other copy names files that are there");
    assert_eq!(history.flushed_seq(), 1);
    assert_eq!(read(&history, &key(0)).expect("reads").len(), 10);
}
