//! Reads committed records, from any thread, while the writer goes on. Never sees what is not committed, and never writes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::backup::Backup;
use crate::disk::DiskFile;
use crate::error::{Error, Result};
use crate::format::LogId;
use crate::scan::{Scanner, Step};
use crate::segment::Segment;

/// What the writer shows to readers.
#[derive(Debug)]
pub(crate) struct Shared {
    pub id: LogId,
    pub view: Mutex<View>,
    pub grown: Condvar,
    pub read_bytes: usize,
}

/// The segments in use, oldest first and never empty, and the last committed sequence.
#[derive(Debug)]
pub(crate) struct View {
    pub segments: Vec<Arc<Segment>>,
    pub last_seq: u64,
}

impl View {
    pub fn first_seq(&self) -> u64 {
        self.segments.first().map_or(self.last_seq + 1, |segment| segment.header.first_seq)
    }

    pub fn size_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.end()).sum()
    }
}

/// A handle for reading a log, cheap to clone and to send to other threads.
#[derive(Clone, Debug)]
pub struct LogReader {
    pub(crate) shared: Arc<Shared>,
}

/// One committed record, borrowed from the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its sequence: one more than the record before it.
    pub seq: u64,
    /// What was appended.
    pub payload: &'a [u8],
}

/// One committed record with its own bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its sequence: one more than the record before it.
    pub seq: u64,
    /// What was appended.
    pub payload: Vec<u8>,
}

impl LogReader {
    /// The identity of the log.
    #[must_use]
    pub fn id(&self) -> LogId {
        self.shared.id
    }

    /// The oldest sequence that is kept; one more than [`LogReader::last_seq`] when there is none.
    #[must_use]
    pub fn first_seq(&self) -> u64 {
        self.shared.view.lock().first_seq()
    }

    /// The last committed sequence; 0 when nothing was ever committed.
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.shared.view.lock().last_seq
    }

    /// The size of the content in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.shared.view.lock().size_bytes()
    }

    /// How many bytes of content are kept for a reader at `seq` alone: those of its segment and all later ones, but for the
    /// last, which is kept anyway.
    #[must_use]
    pub fn held_bytes(&self, seq: u64) -> u64 {
        let view = self.shared.view.lock();
        let after = view.segments.partition_point(|segment| segment.header.first_seq <= seq);
        let held = view.segments.len().saturating_sub(1);
        view.segments[after.saturating_sub(1).min(held)..held].iter().map(|segment| segment.end()).sum()
    }

    /// A reader whose first record is `seq`, which need not be committed yet. [`Error::Truncated`] if it is no longer kept.
    pub fn read_from(&self, seq: u64) -> Result<Reader> {
        let oldest = self.first_seq();
        let seq = seq.max(1);
        if seq < oldest {
            return Err(Error::Truncated { asked: seq, oldest });
        }
        Ok(Reader { shared: Arc::clone(&self.shared), at: None, next_seq: seq, failed: false })
    }

    /// Waits until a record later than `seq` is committed or the time is over, and returns the last committed sequence.
    pub fn wait_past(&self, seq: u64, timeout: Duration) -> u64 {
        let until = Instant::now() + timeout;
        let mut view = self.shared.view.lock();
        while view.last_seq <= seq {
            if self.shared.grown.wait_until(&mut view, until).timed_out() {
                break;
            }
        }
        view.last_seq
    }

    /// The files of the log as they are committed now, to be copied while the writer goes on.
    #[must_use]
    pub fn backup(&self) -> Backup {
        let view = self.shared.view.lock();
        Backup::new(self.shared.id, &view.segments, view.last_seq)
    }
}

/// The segment that a reader stands in, and its walk there.
type Place = (Arc<Segment>, Scanner<Arc<dyn DiskFile>>);

/// A walk over the committed records in order. At the end it returns `None`, and goes on when more is committed.
/// Holds [`crate::Options::read_bytes`] of the file (or one record, if that is larger). As an iterator it copies each record.
#[derive(Debug)]
pub struct Reader {
    shared: Arc<Shared>,
    at: Option<Place>,
    next_seq: u64,
    failed: bool,
}

impl Reader {
    /// The sequence of the record that comes next.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// The next record without copying it; `None` when all that is committed was read.
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>> {
        let ready =
            matches!(&self.at, Some((_, scanner)) if scanner.next_seq == self.next_seq && scanner.pos < scanner.limit);
        if !ready && !self.refresh()? {
            return Ok(None);
        }
        let (segment, scanner) = self.at.as_mut().expect("a refresh that found more stands in a segment");
        let fail = |error| Error::io("read", &segment.path, error);
        while scanner.next_seq < self.next_seq {
            let pos = scanner.pos;
            if let Step::End(fault) = scanner.step().map_err(fail)? {
                return Err(Error::corrupt(&segment.path, pos, fault));
            }
        }
        let pos = scanner.pos;
        match scanner.step().map_err(fail)? {
            Step::End(fault) => Err(Error::corrupt(&segment.path, pos, fault)),
            Step::Record { seq, payload } => {
                self.next_seq = seq + 1;
                Ok(Some(Record { seq, payload }))
            }
        }
    }

    /// Finds the next record's segment and how far it reaches; false when there is nothing more.
    fn refresh(&mut self) -> Result<bool> {
        let seq = self.next_seq;
        let (segment, end) = {
            let view = self.shared.view.lock();
            if seq > view.last_seq {
                return Ok(false);
            }
            let after = view.segments.partition_point(|segment| segment.header.first_seq <= seq);
            let Some(segment) = after.checked_sub(1).and_then(|at| view.segments.get(at)) else {
                return Err(Error::Truncated { asked: seq, oldest: view.first_seq() });
            };
            (Arc::clone(segment), segment.end())
        };
        match &mut self.at {
            Some((here, scanner)) if Arc::ptr_eq(here, &segment) && scanner.next_seq == seq && scanner.pos <= end => {
                scanner.limit = end;
            }
            _ => {
                let (first, pos) = segment.seek(seq);
                let file = Arc::clone(&segment.file);
                let scanner = Scanner::new(file, segment.seed, pos, end, first, self.shared.read_bytes);
                self.at = Some((segment, scanner));
            }
        }
        Ok(true)
    }
}

impl Iterator for Reader {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        match self.next_record() {
            Ok(record) => record.map(|record| Ok(Entry { seq: record.seq, payload: record.payload.to_vec() })),
            Err(error) => {
                self.failed = true;
                Some(Err(error))
            }
        }
    }
}
