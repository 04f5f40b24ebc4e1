//! Walks the records of one segment, from a file or from bytes in memory, with bounded memory. Decides nothing about what an
//! end or a fault means for the log: the survey does.

use std::io;

use crate::disk::DiskFile;
use crate::error::Fault;
use crate::format::{ALIGN, HEAD_LEN, HEAD_SIZE, HEADER_LEN, HEADER_SIZE, Head, HeaderBlock, SegmentHeader, seed};

/// Where bytes come from.
pub(crate) trait Source {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;
}

impl Source for &[u8] {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|at| self.get(at..)).unwrap_or_default();
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }
}

impl Source for &dyn DiskFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        (**self).read_at(buf, offset)
    }
}

impl Source for std::sync::Arc<dyn DiskFile> {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        (**self).read_at(buf, offset)
    }
}

/// A part of a source held in memory.
#[derive(Debug)]
struct Window {
    bytes: Vec<u8>,
    at: u64,
    chunk: usize,
}

impl Window {
    fn new(chunk: usize) -> Self {
        Self { bytes: Vec::new(), at: 0, chunk }
    }

    /// The bytes from `from` on, at least `need` of them unless the source ends at `limit` or before.
    fn get<S: Source>(&mut self, source: &S, from: u64, need: usize, limit: u64) -> io::Result<&[u8]> {
        let held = self.at + self.bytes.len() as u64;
        let wanted = (from + need as u64).min(limit);
        if from < self.at || held < wanted {
            // A record larger than the chunk was held whole: give the room back once it is passed.
            if self.bytes.capacity() > self.chunk * 2 && need <= self.chunk {
                self.bytes = Vec::new();
            }
            let size = (need.max(self.chunk) as u64).min(limit.saturating_sub(from)) as usize;
            self.bytes.clear();
            self.bytes.resize(size, 0);
            self.at = from;
            let mut filled = 0;
            while filled < size {
                match source.read_at(&mut self.bytes[filled..], from + filled as u64) {
                    Ok(0) => break,
                    Ok(n) => filled += n,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => {
                        self.bytes.clear();
                        return Err(error);
                    }
                }
            }
            self.bytes.truncate(filled);
        }
        let start = (from - self.at) as usize;
        let end = self.bytes.len().min(start + (limit.saturating_sub(from).min(need as u64)) as usize);
        Ok(self.bytes.get(start..end).unwrap_or_default())
    }
}

/// What stands at a place.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    /// A record that holds.
    Record { seq: u64, payload: &'a [u8] },
    /// Nothing more that holds. The fault says what a record here would have lacked.
    End(Fault),
}

/// A walk over the records of a segment.
#[derive(Debug)]
pub(crate) struct Scanner<S> {
    source: S,
    window: Window,
    seed: u32,
    /// Where the next record begins.
    pub pos: u64,
    /// Where the content ends at the latest.
    pub limit: u64,
    /// The sequence of the next record.
    pub next_seq: u64,
    place: u32,
    /// The end of the last whole batch, and the sequence after it.
    pub batch_end: u64,
    pub batch_next: u64,
}

impl<S: Source> Scanner<S> {
    /// A walk that begins at a batch's start.
    pub fn new(source: S, seed: u32, pos: u64, limit: u64, next_seq: u64, chunk: usize) -> Self {
        let window = Window::new(chunk);
        Self { source, window, seed, pos, limit, next_seq, place: 0, batch_end: pos, batch_next: next_seq }
    }

    /// Takes one record.
    pub fn step(&mut self) -> io::Result<Step<'_>> {
        let expected = self.next_seq;
        let left = self.limit.saturating_sub(self.pos);
        if left < HEAD_LEN {
            return Ok(Step::End(Fault::EndsEarly { expected }));
        }
        let bytes = self.window.get(&self.source, self.pos, HEAD_SIZE, self.limit)?;
        if bytes.len() < HEAD_SIZE || bytes.iter().all(|&byte| byte == 0) {
            return Ok(Step::End(Fault::EndsEarly { expected }));
        }
        let Some(head) = Head::decode(self.seed, bytes) else {
            return Ok(Step::End(Fault::HeadChecksum { expected }));
        };
        if head.seq != expected {
            return Ok(Step::End(Fault::Sequence { expected, found: head.seq }));
        }
        if head.place != self.place {
            return Ok(Step::End(Fault::BatchOrder { sequence: head.seq }));
        }
        let span = head.span();
        if span > left {
            return Ok(Step::End(Fault::Length { sequence: head.seq }));
        }
        let record = self.window.get(&self.source, self.pos, span as usize, self.limit)?;
        if record.len() < span as usize || Head::body_checksum(self.seed, record) != head.body_crc {
            return Ok(Step::End(Fault::BodyChecksum { sequence: head.seq }));
        }
        self.pos += span;
        self.next_seq += 1;
        if head.last {
            self.place = 0;
            self.batch_end = self.pos;
            self.batch_next = self.next_seq;
        } else {
            self.place += 1;
        }
        Ok(Step::Record { seq: head.seq, payload: &record[HEAD_SIZE..HEAD_SIZE + head.len as usize] })
    }

    /// Walks to the end and says why it ended.
    pub fn run(&mut self) -> io::Result<Fault> {
        loop {
            if let Step::End(fault) = self.step()? {
                return Ok(fault);
            }
        }
    }
}

/// What lies behind the last whole batch of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Remains {
    /// Where the last record header that holds ends its record; 0 when there is none.
    pub end: u64,
    /// The highest sequence that any of them proves to have been durable; 0 for none.
    pub durable: u64,
}

/// Looks for headers of records later than `after` at any place in `from..limit`. A header holds only if this log wrote it to
/// this segment, and it says what was durable at that time: that tells damage from a torn tail.
pub(crate) fn remains<S: Source>(source: &S, seed: u32, from: u64, limit: u64, after: u64) -> io::Result<Remains> {
    const CHUNK: u64 = 1 << 20;
    let mut found = Remains::default();
    let mut window = Window::new(CHUNK as usize + HEAD_SIZE);
    let mut at = from;
    while at + HEAD_LEN <= limit {
        let bytes = window.get(source, at, CHUNK as usize + HEAD_SIZE, limit)?;
        if bytes.len() < HEAD_SIZE {
            break;
        }
        let places = (bytes.len() - HEAD_SIZE) / ALIGN as usize + 1;
        for place in 0..places {
            let start = place * ALIGN as usize;
            let candidate = &bytes[start..start + HEAD_SIZE];
            let seq = u64::from_le_bytes(candidate[8..16].try_into().expect("a slice of eight bytes"));
            // Cheap before dear: almost every place fails here.
            if seq <= after || seq - after > u64::from(u32::MAX) {
                continue;
            }
            if let Some(head) = Head::decode(seed, candidate) {
                found.end = found.end.max((at + start as u64).saturating_add(head.span()).min(limit));
                found.durable = found.durable.max(head.durable());
            }
        }
        at += (places as u64) * ALIGN;
    }
    Ok(found)
}

/// A record found in a segment's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParsedRecord<'a> {
    /// Its sequence.
    pub seq: u64,
    /// Where it begins in the segment, in bytes.
    pub offset: u64,
    /// What was appended.
    pub payload: &'a [u8],
}

/// What a segment's bytes hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedSegment<'a> {
    /// The segment's header.
    pub header: SegmentHeader,
    /// The records of its whole batches, in order.
    pub records: Vec<ParsedRecord<'a>>,
    /// Where the last whole batch ends.
    pub end: u64,
    /// Why nothing more was taken.
    pub stopped: Fault,
    /// Whether something behind the end proves that more was once durable here: damage, not a torn tail.
    pub damaged: bool,
}

/// Parses a segment's bytes: a pure function over untrusted input that never panics and never allocates more than a small
/// multiple of it. `Err` says why the header does not hold.
pub fn parse_segment(bytes: &[u8]) -> Result<ParsedSegment<'_>, Fault> {
    let header = match SegmentHeader::decode(&bytes[..bytes.len().min(HEADER_SIZE)]) {
        HeaderBlock::Valid(header) => header,
        HeaderBlock::Empty => return Err(Fault::HeaderMissing),
        HeaderBlock::Bad(fault) => return Err(fault),
    };
    let seed = seed(&header.id, header.number);
    let limit = bytes.len() as u64;
    let mut records = Vec::new();
    let mut scanner = Scanner::new(bytes, seed, HEADER_LEN, limit, header.first_seq, 64 << 10);
    let in_memory = "a slice in memory is read without error";
    let stopped = loop {
        let offset = scanner.pos;
        match scanner.step().expect(in_memory) {
            Step::End(fault) => break fault,
            Step::Record { seq, payload } => {
                let start = offset as usize + HEAD_SIZE;
                records.push(ParsedRecord { seq, offset, payload: &bytes[start..start + payload.len()] });
            }
        }
    };
    let (end, after) = (scanner.batch_end, scanner.batch_next.saturating_sub(1));
    records.retain(|record| record.seq <= after);
    let left = remains(&bytes, seed, end, limit, after).expect(in_memory);
    Ok(ParsedSegment { header, records, end, stopped, damaged: left.durable > after })
}
