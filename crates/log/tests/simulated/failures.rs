//! A disk that is full or refuses: the batch is void, for good, and the log goes on without help once it can.

use std::sync::Arc;
use std::time::Duration;

use belfry_log::{Durability, Error, Log, Options, check_on};

use crate::sim::SimDisk;

const DIR: &str = "/log";

fn options() -> Options {
    Options { segment_bytes: 16 << 10, reserve_bytes: 1 << 10, ..Options::default() }
}

fn open_with(disk: &SimDisk, options: Options) -> Log {
    Log::open_on(Arc::new(disk.clone()), DIR, options).unwrap().0
}

fn open(disk: &SimDisk) -> Log {
    open_with(disk, options())
}

fn commit(log: &mut Log, payload: &[u8]) -> belfry_log::Result<u64> {
    log.append(payload)?;
    log.commit()
}

fn contents(log: &Log) -> Vec<Vec<u8>> {
    log.reader(1).unwrap().map(|entry| entry.unwrap().payload).collect()
}

/// After any of these failures: the same content in this process, after a kill, and after a power cut that keeps everything or
/// nothing of what was not synced.
fn assert_everywhere(disk: &SimDisk, log: &Log, expected: &[&[u8]]) {
    assert_eq!(contents(log), expected);
    assert_eq!(log.last_seq(), expected.len() as u64);
    for image in [disk.killed(), disk.power_cut(|| true), disk.power_cut(|| false)] {
        let mut again = open(&image);
        assert_eq!(contents(&again), expected);
        assert_eq!(commit(&mut again, b"goes on").unwrap(), expected.len() as u64 + 1);
        drop(again);
        assert!(check_on(&image, DIR.as_ref()).unwrap().is_sound());
    }
}

#[test]
fn a_failed_sync_voids_the_batch_at_once_and_for_good() {
    for with_spare in [true, false] {
        let disk = SimDisk::default();
        let mut log = open(&disk);
        commit(&mut log, b"one").unwrap();
        if !with_spare {
            // Let the spare be made, use it up, and refuse the next one.
            disk.faults(|faults| faults.no_new_files = true);
        }
        disk.faults(|faults| faults.fail_sync = Some(0));
        let error = commit(&mut log, b"lost").unwrap_err();
        assert!(matches!(error, Error::Io { action: "sync", .. }), "{error}");
        assert_everywhere(&disk, &log, &[b"one"]);
        disk.faults(|faults| faults.no_new_files = false);
        assert_eq!(commit(&mut log, b"two").unwrap(), 2);
        assert_everywhere(&disk, &log, &[b"one", b"two"]);
    }
}

#[test]
fn a_failed_or_short_write_voids_the_batch() {
    for written in [0, 1, 27, 28, 40, 80] {
        let disk = SimDisk::default();
        let mut log = open(&disk);
        commit(&mut log, b"one").unwrap();
        disk.faults(|faults| faults.fail_write = Some((0, written)));
        let error = commit(&mut log, &[1; 60]).unwrap_err();
        assert!(matches!(error, Error::Io { action: "write", .. }), "{error}");
        assert_everywhere(&disk, &log, &[b"one"]);
        commit(&mut log, b"two").unwrap();
        assert_everywhere(&disk, &log, &[b"one", b"two"]);
    }
}

#[test]
fn writes_that_come_in_small_parts_are_completed() {
    let disk = SimDisk::default();
    disk.faults(|faults| faults.short_write = Some(7));
    let mut log = open(&disk);
    commit(&mut log, &[1; 600]).unwrap();
    commit(&mut log, &[2; 600]).unwrap();
    assert_everywhere(&disk, &log, &[&[1; 600], &[2; 600]]);
}

#[test]
fn syncs_that_fail_again_and_again_lose_nothing_that_was_acknowledged() {
    let disk = SimDisk::default();
    let mut log = open(&disk);
    let mut expected: Vec<Vec<u8>> = Vec::new();
    for round in 0..60_u8 {
        if round % 3 == 1 {
            // The batch fails, and so does (every other time) the segment that was to state where the last one ends.
            disk.faults(|faults| faults.fail_sync = Some(u32::from(round % 2)));
        }
        match commit(&mut log, &[round; 100]) {
            Ok(_) => expected.push(vec![round; 100]),
            Err(error) => assert!(matches!(error, Error::Io { .. }), "{error}"),
        }
        let slices: Vec<&[u8]> = expected.iter().map(Vec::as_slice).collect();
        assert_everywhere(&disk, &log, &slices);
    }
    assert!(expected.len() > 30);
}

#[test]
fn a_full_disk_is_said_reading_goes_on_and_room_made_is_used() {
    let disk = SimDisk::default();
    let mut log = open(&disk);
    disk.faults(|faults| faults.space = Some(40 << 10));
    let mut expected: Vec<Vec<u8>> = Vec::new();
    let error = loop {
        match commit(&mut log, &[expected.len() as u8; 500]) {
            Ok(_) => expected.push(vec![expected.len() as u8; 500]),
            Err(error) => break error,
        }
    };
    assert!(error.is_disk_full(), "{error}");
    assert!(expected.len() > 40, "both segments were used: {}", expected.len());
    assert!(commit(&mut log, &[0; 500]).unwrap_err().is_disk_full());
    let slices: Vec<&[u8]> = expected.iter().map(Vec::as_slice).collect();
    assert_eq!(contents(&log), slices);
    // The reserve takes what frees space.
    log.append(&[77; 500]).unwrap();
    log.commit_urgent().unwrap();
    expected.push(vec![77; 500]);
    log.append(&[0; 800]).unwrap();
    assert!(log.commit_urgent().unwrap_err().is_disk_full(), "the reserve has an end");
    // Old segments go, and what they held is used for new ones.
    let oldest = log.truncate_before(log.last_seq()).unwrap();
    assert!(oldest > 1);
    for _ in 0..20 {
        commit(&mut log, &[88; 500]).unwrap();
        expected.push(vec![88; 500]);
    }
    drop(log);
    let log = open(&disk);
    let kept: Vec<_> = log.reader(oldest).unwrap().map(|entry| entry.unwrap().payload).collect();
    assert_eq!(kept, expected[oldest as usize - 1..]);
}

#[test]
fn a_disk_that_died_keeps_what_was_acknowledged() {
    for after in 0..12 {
        let disk = SimDisk::default();
        let mut log = open(&disk);
        for round in 0..5 {
            commit(&mut log, &[round; 50]).unwrap();
        }
        disk.faults(|faults| faults.die_after = Some(after));
        let mut acknowledged = 5;
        for round in 5..10 {
            if commit(&mut log, &[round; 50]).is_ok() {
                acknowledged += 1;
            }
        }
        assert_eq!(contents(&log).len(), acknowledged);
        for image in [disk.killed(), disk.power_cut(|| true), disk.power_cut(|| false)] {
            let found = open(&image).last_seq() as usize;
            // Nothing could be written any more, so the batch that was under way may be there, as after a power cut.
            assert!(found == acknowledged || found == acknowledged + 1, "{found}, acknowledged {acknowledged}");
        }
    }
}

#[test]
fn a_relaxed_sync_that_fails_moves_its_records() {
    let disk = SimDisk::default();
    let relaxed = Options { durability: Durability::Interval(Duration::from_secs(3600)), ..options() };
    let mut log = open_with(&disk, relaxed);
    commit(&mut log, b"one").unwrap();
    commit(&mut log, b"two").unwrap();
    let mut reader = log.reader(1).unwrap();
    assert_eq!(reader.next_record().unwrap().unwrap().payload, b"one");
    disk.faults(|faults| faults.fail_sync = Some(0));
    log.sync().unwrap();
    assert_eq!(log.durable_seq(), 2);
    assert_everywhere(&disk, &log, &[b"one", b"two"]);
    assert_eq!(reader.next_record().unwrap().unwrap().payload, b"two");
    commit(&mut log, b"three").unwrap();
    assert_eq!(reader.next_record().unwrap().unwrap().payload, b"three");
    assert_eq!(open(&disk.killed()).last_seq(), 3, "a killed process loses nothing");
    assert_eq!(open(&disk.power_cut(|| false)).last_seq(), 2, "a power cut loses what was not synced");
}

fn segment(number: u64) -> std::path::PathBuf {
    std::path::Path::new(DIR).join(format!("{number:020}.seg"))
}

fn wait_for_segment(disk: &SimDisk, number: u64) {
    let until = std::time::Instant::now() + Duration::from_secs(10);
    while !disk.files().contains(&segment(number)) {
        assert!(std::time::Instant::now() < until, "no spare was prepared");
        std::thread::yield_now();
    }
}

#[test]
fn a_segment_that_failed_at_birth_stays_void_even_if_it_cannot_be_deleted() {
    let disk = SimDisk::default();
    let mut log = open(&disk);
    let block: &[u8] = &[7; 4000];
    commit(&mut log, block).unwrap();
    commit(&mut log, block).unwrap();
    wait_for_segment(&disk, 2);
    disk.faults(|faults| {
        faults.no_new_files = true;
        faults.no_removal = true;
        faults.fail_sync = Some(0);
    });
    let error = commit(&mut log, block).unwrap_err();
    assert!(matches!(error, Error::Io { action: "sync", .. }), "{error}");
    assert_everywhere(&disk, &log, &[block, block]);
    disk.faults(|faults| *faults = crate::sim::Faults::default());
    commit(&mut log, b"three").unwrap();
    assert_everywhere(&disk, &log, &[block, block, b"three"]);
}

#[test]
fn what_a_torn_birth_left_in_a_file_never_joins_a_later_segment() {
    let disk = SimDisk::default();
    let mut log = open(&disk);
    let block: &[u8] = &[7; 4000];
    commit(&mut log, block).unwrap();
    commit(&mut log, block).unwrap();
    wait_for_segment(&disk, 2);
    let before = disk.killed();
    commit(&mut log, block).unwrap();
    commit(&mut log, b"never acknowledged").unwrap();
    // The header's sectors did not reach the disk, those of the records did.
    let mut bytes = disk.bytes(&segment(2));
    bytes[..4096].fill(0);
    before.put(&segment(2), &bytes);
    let mut log = open(&before);
    assert_eq!(log.last_seq(), 2);
    wait_for_segment(&before, 3);
    commit(&mut log, block).unwrap();
    let bytes = before.bytes(&segment(3));
    assert!(bytes.windows(5).any(|part| part == b"never"), "the file was used again with what it held");
    assert_everywhere(&before, &log, &[block, block, block]);
}

#[test]
fn a_segment_that_cannot_be_deleted_is_freed_before_any_later_one() {
    let disk = SimDisk::default();
    let mut log = open(&disk);
    let mut next = 1_u64;
    let mut fill = |log: &mut Log, upto: u64| {
        while next <= upto {
            assert_eq!(commit(log, &[next as u8; 4000]).unwrap(), next);
            next += 1;
        }
    };
    fill(&mut log, 40);
    // Whether the first is kept for reuse or deleted: the second of several cannot be.
    disk.faults(|faults| faults.no_removal = true);
    log.truncate_before(20).unwrap_err();
    assert!(log.truncate_before(24).is_err(), "what is left is tried again");
    disk.faults(|faults| faults.no_removal = false);
    fill(&mut log, 50);
    for image in [disk.killed(), disk.power_cut(|| false)] {
        let first = open(&image).first_seq();
        assert!(first <= 24, "{first}");
    }
    let first = log.truncate_before(30).unwrap();
    assert!(first > 24 && first <= 30, "{first}");
    fill(&mut log, 60);
    for image in [disk.killed(), disk.power_cut(|| true), disk.power_cut(|| false)] {
        let again = open(&image);
        assert_eq!((again.first_seq(), again.last_seq()), (first, 60));
        drop(again);
        assert!(check_on(&image, DIR.as_ref()).unwrap().is_sound());
    }
    // Nothing is left behind.
    let segments = disk.files().iter().filter(|path| path.extension().is_some_and(|end| end == "seg")).count();
    assert!(segments <= (60 - first) as usize / 2 + 3, "{segments} segments");
}
