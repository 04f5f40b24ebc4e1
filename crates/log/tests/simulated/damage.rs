//! Torn writes and flipped bytes, everywhere: what was acknowledged is there or its loss is named, never silent.

use std::path::Path;
use std::sync::Arc;

use crate::sim::SimDisk;
use belfry_log::{Error, Fault, HEADER_LEN, Log, Options, check_on};

const DIR: &str = "/log";

fn options() -> Options {
    Options { segment_bytes: 16 << 10, new_id: Some(*b"0123456789abcdef"), ..Options::default() }
}

fn open(disk: &SimDisk) -> belfry_log::Result<Log> {
    Log::open_on(Arc::new(disk.clone()), DIR, options()).map(|(log, _)| log)
}

fn commit(log: &mut Log, payloads: &[&[u8]]) {
    for payload in payloads {
        log.append(payload).unwrap();
    }
    log.commit().unwrap();
}

fn contents(log: &Log) -> Vec<Vec<u8>> {
    log.reader(1).unwrap().map(|entry| entry.unwrap().payload).collect()
}

fn segment(number: u64) -> std::path::PathBuf {
    Path::new(DIR).join(format!("{number:020}.seg"))
}

const FIRST: &[&[u8]] = &[b"one", b"", b"three is a little longer"];
const SECOND: &[&[u8]] = &[b"four", &[9; 300], b"six", &[0; 200], b"eight"];

/// The disk before the last batch, the disk after it, and where the batch lies in the segment.
fn before_and_after() -> (SimDisk, SimDisk, std::ops::Range<usize>) {
    let disk = SimDisk::default();
    let mut log = open(&disk).unwrap();
    commit(&mut log, FIRST);
    let start = log.size_bytes() as usize;
    let before = disk.killed();
    commit(&mut log, SECOND);
    (before, disk.killed(), start..log.size_bytes() as usize)
}

#[test]
fn a_batch_torn_at_any_byte_is_cut_off_and_written_over() {
    let (before, after, batch) = before_and_after();
    let (old, new) = (before.bytes(&segment(1)), after.bytes(&segment(1)));
    for cut in batch.clone() {
        let mut bytes = old.clone();
        bytes[batch.start..cut].copy_from_slice(&new[batch.start..cut]);
        let disk = before.killed();
        disk.put(&segment(1), &bytes);
        assert!(check_on(&disk, Path::new(DIR)).unwrap().is_sound());
        let (mut log, recovered) = Log::open_on(Arc::new(disk.clone()), DIR, options()).unwrap();
        let whole = new[cut..batch.end].iter().all(|&byte| byte == 0);
        let expected = if whole { 8 } else { 3 };
        assert_eq!(recovered.last_seq, expected, "cut at {cut}");
        // A shorter batch takes its place, and nothing of the old one may join behind it.
        if !whole {
            commit(&mut log, &SECOND[..2]);
            let again = open(&disk.killed()).unwrap();
            assert_eq!(contents(&again), [FIRST, &SECOND[..2]].concat(), "cut at {cut}");
        }
    }
}

#[test]
fn a_batch_whose_middle_is_missing_is_cut_off() {
    let (before, after, batch) = before_and_after();
    let new = after.bytes(&segment(1));
    for hole in (batch.start..batch.end - 8).step_by(8) {
        let mut bytes = new.clone();
        bytes[hole..hole + 8].fill(0);
        if bytes == new {
            continue;
        }
        let disk = before.killed();
        disk.put(&segment(1), &bytes);
        let mut log = open(&disk).unwrap();
        assert_eq!(log.last_seq(), 3, "hole at {hole}");
        commit(&mut log, &SECOND[..1]);
        assert_eq!(open(&disk.killed()).unwrap().last_seq(), 4, "hole at {hole}");
    }
}

#[test]
fn a_flipped_byte_anywhere_in_the_content_is_found_and_placed() {
    let disk = SimDisk::default();
    let mut log = open(&disk).unwrap();
    for round in 0..12 {
        commit(&mut log, &[&[round; 700], b"x", &[round; 333]]);
    }
    assert_eq!(log.handle().backup().files().len(), 3, "two segments and the mark");
    let ends: Vec<u64> = log.handle().backup().files().iter().map(belfry_log::BackupFile::len).collect();
    drop(log);
    let whole = disk.killed();
    for (number, end) in [(1, ends[0]), (2, ends[1])] {
        let path = segment(number);
        let good = whole.bytes(&path);
        let parsed = belfry_log::parse_segment(&good).unwrap();
        let starts: Vec<u64> = parsed.records.iter().map(|record| record.offset).collect();
        let places = (0..100).chain(4080..end).step_by(if number == 1 { 3 } else { 1 });
        for place in places.chain([4095]) {
            let mut bytes = good.clone();
            bytes[place as usize] ^= 0x10;
            let disk = whole.killed();
            disk.put(&path, &bytes);
            let report = check_on(&disk, Path::new(DIR)).unwrap();
            let finding = report.findings.first().unwrap_or_else(|| panic!("segment {number} byte {place}: not found"));
            let record = starts.iter().rev().find(|&&start| start <= place).copied();
            let expected = if place < HEADER_LEN { 0 } else { record.unwrap() };
            assert_eq!((&finding.file, finding.offset), (&path, expected), "byte {place}: {}", finding.fault);
            match open(&disk) {
                Err(Error::Corrupt { file, offset, .. }) => assert_eq!((file, offset), (path.clone(), expected)),
                Err(error) => panic!("byte {place}: {error}"),
                // Only records of closed segments are proved when they are read.
                Ok(log) => {
                    assert!(number == 1 && place >= HEADER_LEN, "segment {number} byte {place} was not seen by open");
                    let error = log.reader(1).unwrap().find_map(Result::err).expect("a reader must find it");
                    assert!(matches!(&error, Error::Corrupt { offset, .. } if *offset == expected), "{error}");
                }
            }
        }
    }
}

#[test]
fn without_the_mark_everything_but_the_last_batch_is_still_proved() {
    let (_, whole, batch) = before_and_after();
    let path = segment(1);
    let good = whole.bytes(&path);
    for place in (4096..batch.start).chain(batch.clone()) {
        let mut bytes = good.clone();
        bytes[place] ^= 1;
        let disk = whole.killed();
        disk.put(&path, &bytes);
        disk.put(&Path::new(DIR).join("durable"), &[]);
        match open(&disk) {
            Err(Error::Corrupt { .. }) => assert!(place < batch.start, "byte {place}"),
            Err(error) => panic!("{error}"),
            Ok(log) => assert!(batch.contains(&place) && log.last_seq() == 3, "byte {place} was lost silently"),
        }
    }
}

#[test]
fn a_flipped_byte_of_the_mark_is_reported_and_harmless() {
    let (_, whole, _) = before_and_after();
    let path = Path::new(DIR).join("durable");
    let good = whole.bytes(&path);
    for place in 0..good.len() {
        let mut bytes = good.clone();
        bytes[place] ^= 4;
        let disk = whole.killed();
        disk.put(&path, &bytes);
        let report = check_on(&disk, Path::new(DIR)).unwrap();
        assert_eq!(report.findings.first().map(|finding| &finding.fault), Some(&Fault::Mark), "byte {place}");
        let (log, recovered) = Log::open_on(Arc::new(disk), DIR, options()).unwrap();
        assert!(recovered.mark_lost);
        assert_eq!(contents(&log), [FIRST, SECOND].concat());
    }
}

#[test]
fn a_missing_file_is_named() {
    let disk = SimDisk::default();
    let mut log = open(&disk).unwrap();
    for round in 0..40 {
        commit(&mut log, &[&[round; 1000]]);
    }
    drop(log);
    let whole = disk.killed();
    for (number, fault) in [(2, Fault::MissingFile), (1, Fault::MissingFile)] {
        let disk = SimDisk::default();
        for path in whole.files().into_iter().filter(|path| *path != segment(number)) {
            disk.put(&path, &whole.bytes(&path));
        }
        match open(&disk) {
            Err(Error::Corrupt { file, fault: found, .. }) => assert_eq!((file, found), (segment(number), fault)),
            // The oldest may have been truncated: whoever asks for its records is told.
            Ok(log) => assert!(number == 1 && matches!(log.reader(1), Err(Error::Truncated { .. }))),
            Err(error) => panic!("{error}"),
        }
    }
    let last = (1..9).rev().map(segment).find(|path| whole.files().contains(path) && whole.bytes(path)[..8] != [0; 8]);
    let disk = SimDisk::default();
    for path in whole.files().into_iter().filter(|path| Some(path) != last.as_ref()) {
        disk.put(&path, &whole.bytes(&path));
    }
    let error = open(&disk).unwrap_err();
    assert!(
        matches!(&error, Error::Corrupt { file, fault: Fault::MissingFile, .. } if Some(file) == last.as_ref()),
        "{error}"
    );
}
