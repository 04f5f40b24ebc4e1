//! The log on real files: what is committed is read back, also after reopening, rolling, truncating and copying.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use std::time::Duration;

use belfry_log::{Durability, Error, Fault, Log, Options, check, parse_segment};

fn small() -> Options {
    Options { segment_bytes: 32 << 10, ..Options::default() }
}

fn payload(seq: u64) -> Vec<u8> {
    let len = (seq * 37 % 900) as usize;
    (0..len).map(|at| (seq as usize + at) as u8).collect()
}

fn commit(log: &mut Log, count: u64) -> u64 {
    for _ in 0..count {
        let seq = log.last_seq() + 1 + log.pending() as u64;
        assert_eq!(log.append(&payload(seq)).unwrap(), seq);
    }
    log.commit().unwrap()
}

fn assert_holds(log: &Log, from: u64, to: u64) {
    let mut next = from;
    for entry in log.reader(from).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.seq, next);
        assert_eq!(entry.payload, payload(next));
        next += 1;
    }
    assert_eq!(next, to + 1);
}

#[test]
fn committed_records_are_there_after_reopening_and_rolling() {
    let dir = tempfile::tempdir().unwrap();
    let (mut log, recovered) = Log::open(dir.path(), small()).unwrap();
    assert!(recovered.created);
    let mut last = 0;
    for round in 0..200 {
        last = commit(&mut log, 1 + round % 7);
    }
    assert_holds(&log, 1, last);
    assert_holds(&log, 77, last);
    log.append(b"never committed").unwrap();
    drop(log);
    assert!(check(dir.path()).unwrap().is_sound());
    let (mut log, recovered) = Log::open(dir.path(), small()).unwrap();
    assert_eq!((recovered.created, recovered.last_seq, recovered.torn), (false, last, None));
    assert!(recovered.segments > 5);
    assert_holds(&log, 1, last);
    let last = commit(&mut log, 3);
    assert_holds(&log, 1, last);
    let report = check(dir.path()).unwrap();
    assert_eq!((report.records, report.last_seq, report.findings), (last, last, vec![]));
}

#[test]
fn a_batch_larger_than_a_segment_is_kept_whole() {
    let dir = tempfile::tempdir().unwrap();
    let (mut log, _) = Log::open(dir.path(), small()).unwrap();
    commit(&mut log, 3);
    let big = vec![7; 200_000];
    log.append(&big).unwrap();
    log.append(&big).unwrap();
    assert_eq!(log.commit().unwrap(), 5);
    log.append(b"after").unwrap();
    log.commit().unwrap();
    drop(log);
    let (log, _) = Log::open(dir.path(), small()).unwrap();
    let payloads: Vec<_> = log.reader(4).unwrap().map(|entry| entry.unwrap().payload).collect();
    assert_eq!(payloads, [big.clone(), big, b"after".to_vec()]);
}

#[test]
fn limits_are_refused_and_leave_the_batch_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { max_record_bytes: 100, max_batch_bytes: 400, ..small() };
    let (mut log, _) = Log::open(dir.path(), options).unwrap();
    assert!(matches!(log.append(&[0; 101]), Err(Error::RecordTooLarge { bytes: 101, limit: 100 })));
    for _ in 0..3 {
        log.append(&[1; 100]).unwrap();
    }
    assert!(matches!(log.append(&[1; 100]), Err(Error::BatchFull { .. })));
    assert_eq!(log.commit().unwrap(), 3);
    assert_eq!(log.append(&[1; 100]).unwrap(), 4);
    log.discard();
    assert_eq!(log.commit().unwrap(), 3);
    assert!(matches!(log.append_with(Vec::clear), Err(Error::Options(_))));
    assert_eq!(log.reader(1).unwrap().count(), 3);
}

#[test]
fn truncation_frees_whole_segments_and_readers_keep_what_they_hold() {
    let dir = tempfile::tempdir().unwrap();
    let (mut log, _) = Log::open(dir.path(), small()).unwrap();
    let mut last = 0;
    for _ in 0..300 {
        last = commit(&mut log, 2);
    }
    let mut early = log.reader(1).unwrap();
    assert_eq!(early.next_record().unwrap().unwrap().seq, 1);
    let backup = log.handle().backup();
    let before = log.size_bytes();
    let oldest = log.truncate_before(last - 10).unwrap();
    assert!(oldest > 1 && oldest <= last - 10);
    assert!(log.size_bytes() < before);
    for _ in 0..300 {
        last = commit(&mut log, 2);
    }
    assert_holds(&log, oldest, last);
    assert!(matches!(log.reader(1), Err(Error::Truncated { asked: 1, .. })));
    // The reader was inside a segment whose file is gone by name: it reads to that segment's end, unharmed.
    let mut next = 2;
    let stopped = loop {
        match early.next_record() {
            Ok(Some(record)) => {
                assert_eq!((record.seq, record.payload), (next, payload(next).as_slice()));
                next += 1;
            }
            Ok(None) => panic!("there is more"),
            Err(error) => break error,
        }
    };
    assert!(matches!(stopped, Error::Truncated { .. }), "{stopped}");
    let copy = tempfile::tempdir().unwrap();
    backup.copy_to(copy.path()).unwrap();
    let (copied, _) = Log::open(copy.path(), small()).unwrap();
    assert_holds(&copied, 1, backup.last_seq());
    drop(log);
    let (log, _) = Log::open(dir.path(), small()).unwrap();
    assert_holds(&log, oldest, last);
    assert!(check(dir.path()).unwrap().is_sound());
}

#[test]
fn a_copy_made_while_writing_opens_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (mut log, _) = Log::open(dir.path(), small()).unwrap();
    commit(&mut log, 200);
    let backup = log.handle().backup();
    commit(&mut log, 200);
    let copy = tempfile::tempdir().unwrap();
    backup.copy_to(copy.path()).unwrap();
    assert!(check(copy.path()).unwrap().is_sound());
    let (mut copied, recovered) = Log::open(copy.path(), small()).unwrap();
    assert_eq!((recovered.last_seq, recovered.torn), (200, None));
    let last = commit(&mut copied, 50);
    assert_holds(&copied, 1, last);
    // A copy that lost its end is not taken for a shorter log.
    let cut = tempfile::tempdir().unwrap();
    backup.copy_to(cut.path()).unwrap();
    let name = backup.files().iter().rev().find(|file| file.name().ends_with(".seg")).unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(cut.path().join(name.name())).unwrap();
    file.set_len(name.len() - 1).unwrap();
    let error = Log::open(cut.path(), small()).unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
}

#[test]
fn another_thread_reads_what_is_committed_as_it_comes() {
    let dir = tempfile::tempdir().unwrap();
    let (mut log, _) = Log::open(dir.path(), small()).unwrap();
    let handle = log.handle();
    let follower = std::thread::spawn(move || {
        let mut reader = handle.read_from(1).unwrap();
        while reader.next_seq() <= 1000 {
            handle.wait_past(reader.next_seq() - 1, Duration::from_secs(10));
            while let Some(record) = reader.next_record().unwrap() {
                assert_eq!(record.payload, payload(record.seq));
            }
        }
        reader.next_seq() - 1
    });
    while commit(&mut log, 4) < 1000 {}
    assert_eq!(follower.join().unwrap(), 1000);
}

#[test]
fn a_second_writer_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(dir.path(), small()).unwrap();
    assert!(matches!(Log::open(dir.path(), small()), Err(Error::Locked { .. })));
    drop(log);
    Log::open(dir.path(), small()).unwrap();
}

#[test]
fn relaxed_commits_are_readable_at_once_and_durable_when_due() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { durability: Durability::Interval(Duration::from_millis(50)), ..small() };
    let (mut log, _) = Log::open(dir.path(), options).unwrap();
    assert_eq!(log.sync_due(), None);
    let last = commit(&mut log, 10);
    assert_holds(&log, 1, last);
    assert!(log.sync_due().is_some());
    assert_eq!(log.durable_seq(), 0);
    log.sync().unwrap();
    assert_eq!((log.durable_seq(), log.sync_due()), (last, None));
    for _ in 0..300 {
        commit(&mut log, 3);
    }
    let last = log.last_seq();
    log.close().unwrap();
    let (log, _) = Log::open(dir.path(), small()).unwrap();
    assert_holds(&log, 1, last);
}

#[test]
fn a_segment_parses_as_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let (mut log, _) = Log::open(dir.path(), small()).unwrap();
    commit(&mut log, 5);
    commit(&mut log, 5);
    drop(log);
    let mut bytes = std::fs::read(dir.path().join("00000000000000000001.seg")).unwrap();
    let parsed = parse_segment(&bytes).unwrap();
    assert_eq!(parsed.records.len(), 10);
    assert!(parsed.records.iter().all(|record| record.payload == payload(record.seq)));
    assert!(!parsed.damaged);
    let third = parsed.records[2].offset as usize;
    bytes[third] ^= 1;
    let parsed = parse_segment(&bytes).unwrap();
    assert_eq!((parsed.records.len(), parsed.damaged), (0, true));
    assert_eq!(parsed.stopped, Fault::HeadChecksum { expected: 3 });
    bytes[4095] ^= 1;
    assert_eq!(parse_segment(&bytes), Err(Fault::HeaderChecksum));
}
