//! One segment file in use: its handle, where its committed content ends, and a sparse index into it. Writes nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::disk::DiskFile;
use crate::format::{HEADER_LEN, SegmentHeader, seed};

/// How far apart the places of the sparse index are, in bytes.
const INDEX_STEP: u64 = 256 << 10;

/// A segment file in use.
#[derive(Debug)]
pub(crate) struct Segment {
    pub header: SegmentHeader,
    pub path: PathBuf,
    pub file: Arc<dyn DiskFile>,
    pub seed: u32,
    /// The file's length.
    pub capacity: u64,
    end: AtomicU64,
    index: Mutex<Vec<(u64, u64)>>,
}

impl Segment {
    pub fn new(header: SegmentHeader, path: PathBuf, file: Arc<dyn DiskFile>, capacity: u64, end: u64) -> Self {
        let seed = seed(&header.id, header.number);
        let index = Mutex::new(vec![(header.first_seq, HEADER_LEN)]);
        Self { header, path, file, seed, capacity, end: AtomicU64::new(end), index }
    }

    /// Where the committed content ends, in bytes from the start.
    pub fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    /// Moves the end after a commit of a batch that begins with `first_seq` at the old end.
    pub fn advance(&self, first_seq: u64, end: u64) {
        let start = self.end();
        {
            let mut index = self.index.lock();
            if index.last().is_none_or(|&(_, at)| start - at >= INDEX_STEP) {
                index.push((first_seq, start));
            }
        }
        self.end.store(end, Ordering::Release);
    }

    /// Takes back what was committed behind a place (a relaxed commit that never became durable).
    pub fn cut(&self, end: u64) {
        self.index.lock().retain(|&(_, at)| at < end);
        self.end.store(end, Ordering::Release);
    }

    /// The nearest known batch start at or before a record: its sequence and offset.
    pub fn seek(&self, seq: u64) -> (u64, u64) {
        let index = self.index.lock();
        let after = index.partition_point(|&(first, _)| first <= seq);
        index.get(after.saturating_sub(1)).copied().unwrap_or((self.header.first_seq, HEADER_LEN))
    }
}

/// The file of a segment number.
pub(crate) fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(file_name(number))
}

/// The file name of a segment number.
pub(crate) fn file_name(number: u64) -> String {
    format!("{number:020}.seg")
}

/// The segment number of a file name.
pub(crate) fn number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".seg")?;
    if digits.len() != 20 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|&number| number > 0)
}
