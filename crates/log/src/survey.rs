//! Finds out what a directory holds: which segments form the log, where it ends, and whether that is sound. Reads only.
//!
//! Segments are chained backwards: each header says which segment came before it and where that one's content ended, so that
//! a segment that a failed write left behind belongs to nothing. Only the last one's end must be found: it is the last batch
//! that holds, unless the durable mark or a later batch proves that more was durable. Then it is damage, and an error.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk::{Disk, DiskFile};
use crate::error::{Error, Fault, Result};
use crate::format::{HEADER_LEN, HEADER_SIZE, HeaderBlock, LogId, SegmentHeader, seed};
use crate::mark::{self, Mark};
use crate::scan::{Scanner, remains};
use crate::segment;

/// A segment of the log, with the end that the one after it states (`None` for the last).
#[derive(Debug)]
pub(crate) struct Link {
    pub header: SegmentHeader,
    pub path: PathBuf,
    pub file: Arc<dyn DiskFile>,
    pub len: u64,
    /// Where the content ends and the sequence after it, stated by the next header or by a mark that voids the rest.
    pub stated_end: Option<(u64, u64)>,
}

/// A directory that holds a log.
#[derive(Debug)]
pub(crate) struct Survey {
    pub id: LogId,
    /// The segments, oldest first, at least one.
    pub chain: Vec<Link>,
    pub mark: Option<Mark>,
    pub mark_fault: bool,
    /// Segment files that belong to nothing: spares, and what failed writes left.
    pub leftovers: Vec<PathBuf>,
    /// The highest segment number ever used here.
    pub highest: u64,
}

/// Where the last segment's content ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tail {
    pub end: u64,
    pub next_seq: u64,
    /// What was torn: where, why, and how far its valid traces reach.
    pub torn: Option<(u64, Fault)>,
    pub traces_end: u64,
}

struct Found {
    file: Arc<dyn DiskFile>,
    path: PathBuf,
    len: u64,
    header: HeaderBlock,
}

/// Surveys a directory; `None` when it holds no log yet.
pub(crate) fn survey(disk: &dyn Disk, dir: &Path) -> Result<Option<Survey>> {
    let names = disk.list(dir).map_err(|error| Error::io("list", dir, error))?;
    let mark_path = dir.join(mark::NAME);
    let read_mark = Mark::read(disk, dir).map_err(|error| Error::io("read", &mark_path, error))?;
    let mark_fault = matches!(read_mark, Some(Err(_)));
    let mark = read_mark.and_then(std::result::Result::ok);

    let mut files = BTreeMap::new();
    for number in names.iter().filter_map(|name| segment::number(name)) {
        files.insert(number, look(disk, segment::path(dir, number), number)?);
    }
    let Some(top) = top(dir, &files, mark.as_ref(), mark_fault)? else {
        return Ok(None);
    };
    let highest = files.keys().next_back().copied().unwrap_or(top).max(mark.map_or(0, |mark| mark.void_through));

    let mut chain: Vec<Link> = Vec::new();
    let mut at = top;
    let id = loop {
        let Some(found) = files.remove(&at) else {
            // Older segments go oldest first, so a gap with something below it was not made by truncation.
            let older = files.values().any(|found| matches!(&found.header, HeaderBlock::Valid(h) if h.number < at));
            if older {
                return Err(Error::corrupt(&segment::path(dir, at), 0, Fault::MissingFile));
            }
            break chain.last().map_or_else(LogId::default, |link| link.header.id);
        };
        let header = match found.header {
            HeaderBlock::Valid(header) => header,
            HeaderBlock::Empty => return Err(Error::corrupt(&found.path, 0, Fault::HeaderMissing)),
            HeaderBlock::Bad(fault) => return Err(Error::corrupt(&found.path, 0, fault)),
        };
        let known_id = chain.last().map(|link| link.header.id).or(mark.map(|mark| mark.id));
        if known_id.is_some_and(|id| id != header.id) {
            return Err(Error::corrupt(&found.path, 0, Fault::ForeignLog));
        }
        let stated_end = match chain.last() {
            Some(next) => Some((next.header.previous_end, next.header.first_seq)),
            None => mark
                .filter(|mark| mark.void_through > 0 && mark.segment == at && mark.void_through >= at)
                .map(|mark| (mark.end, mark.seq + 1)),
        };
        if let Some((end, next_seq)) = stated_end {
            if end > found.len {
                return Err(Error::corrupt(&found.path, found.len, Fault::FileTooShort { durable: end }));
            }
            if end < HEADER_LEN || next_seq < header.first_seq {
                let fault = Fault::Sequence { expected: next_seq, found: header.first_seq };
                return Err(Error::corrupt(&found.path, 0, fault));
            }
        }
        let (previous, id) = (header.previous, header.id);
        chain.push(Link { header, path: found.path, file: found.file, len: found.len, stated_end });
        if previous == 0 {
            break id;
        }
        at = previous;
    };
    chain.reverse();
    let leftovers = files.into_values().map(|found| found.path).collect();
    Ok(Some(Survey { id, chain, mark, mark_fault, leftovers, highest }))
}

fn look(disk: &dyn Disk, path: PathBuf, number: u64) -> Result<Found> {
    let fail = |error| Error::io("read", &path, error);
    let file = disk.open(&path, false).map_err(fail)?;
    let len = file.len().map_err(fail)?;
    let mut block = vec![0; HEADER_SIZE];
    let filled = read_full(&*file, &mut block, 0).map_err(fail)?;
    let mut header = SegmentHeader::decode(&block[..filled]);
    if let HeaderBlock::Valid(valid) = header
        && valid.number != number
    {
        header = HeaderBlock::Bad(Fault::SegmentNumber { expected: number, found: valid.number });
    }
    Ok(Found { file, path, len, header })
}

/// The number of the last segment; `None` when nothing was ever committed here.
fn top(dir: &Path, files: &BTreeMap<u64, Found>, mark: Option<&Mark>, mark_fault: bool) -> Result<Option<u64>> {
    let void = |number: u64| mark.is_some_and(|mark| number > mark.segment && number <= mark.void_through);
    let mut valid = files.iter().rev().filter(|(number, _)| !void(**number));
    let top = valid.find_map(|(number, found)| match found.header {
        HeaderBlock::Valid(header) => Some((*number, header)),
        _ => None,
    });
    if let Some(mark) = mark
        && top.is_none_or(|(number, _)| number < mark.segment)
    {
        let path = segment::path(dir, mark.segment);
        let fault = match files.get(&mark.segment).map(|found| &found.header) {
            None => Fault::MissingFile,
            Some(HeaderBlock::Bad(fault)) => fault.clone(),
            Some(_) => Fault::HeaderMissing,
        };
        return Err(Error::corrupt(&path, 0, fault));
    }
    let Some((top, header)) = top else {
        // A log's first header is durable before the log is handed out, so a bad one alone is damage.
        for found in files.values() {
            if let HeaderBlock::Bad(fault) = &found.header {
                return Err(Error::corrupt(&found.path, 0, fault.clone()));
            }
        }
        // The mark is made after that header.
        return if mark_fault { Err(Error::corrupt(&dir.join(mark::NAME), 0, Fault::Mark)) } else { Ok(None) };
    };
    // Behind the last header: an unused spare, a header torn with its first batch, or the damaged header of a segment in use.
    // The last two differ in what the batches behind them prove.
    for (number, found) in files.range(top + 1..).filter(|(number, _)| !void(**number)) {
        let HeaderBlock::Bad(fault) = &found.header else {
            continue;
        };
        let fail = |error| Error::io("read", &found.path, error);
        let found_seed = seed(&header.id, *number);
        let left = remains(&found.file, found_seed, HEADER_LEN, found.len, header.first_seq - 1).map_err(fail)?;
        if left.end > 0 {
            let tail = tail_of(&header, &found_tail(files, top), mark)?;
            if left.durable >= tail.next_seq {
                return Err(Error::corrupt(&found.path, 0, fault.clone()));
            }
        }
    }
    Ok(Some(top))
}

fn found_tail(files: &BTreeMap<u64, Found>, number: u64) -> (Arc<dyn DiskFile>, PathBuf, u64) {
    let found = files.get(&number).expect("the last segment was found among these files");
    (Arc::clone(&found.file), found.path.clone(), found.len)
}

/// Finds where the last segment ends, or says that it is damaged.
pub(crate) fn tail(link: &Link, mark: Option<&Mark>) -> Result<Tail> {
    if let Some((end, next_seq)) = link.stated_end {
        closed(link, end, next_seq)?;
        return Ok(Tail { end, next_seq, torn: None, traces_end: 0 });
    }
    tail_of(&link.header, &(Arc::clone(&link.file), link.path.clone(), link.len), mark)
}

fn tail_of(
    header: &SegmentHeader,
    (file, path, len): &(Arc<dyn DiskFile>, PathBuf, u64),
    mark: Option<&Mark>,
) -> Result<Tail> {
    let fail = |error: io::Error| Error::io("read", path, error);
    let seed = seed(&header.id, header.number);
    let mut scanner = Scanner::new(Arc::clone(file), seed, HEADER_LEN, *len, header.first_seq, 1 << 20);
    let fault = scanner.run().map_err(fail)?;
    let (end, next_seq, stopped) = (scanner.batch_end, scanner.batch_next, scanner.pos);
    let left = remains(file, seed, end, *len, next_seq - 1).map_err(fail)?;
    let marked = mark.is_some_and(|mark| mark.segment == header.number && mark.end > end);
    if marked || left.durable >= next_seq {
        let at_end = stopped >= *len;
        let fault = match mark {
            Some(mark) if marked && at_end => Fault::FileTooShort { durable: mark.end },
            _ => fault,
        };
        return Err(Error::corrupt(path, stopped, fault));
    }
    let torn = (left.end > 0).then_some((stopped, fault));
    Ok(Tail { end, next_seq, torn, traces_end: left.end })
}

/// Proves every record of a closed segment.
pub(crate) fn closed(link: &Link, end: u64, next_seq: u64) -> Result<()> {
    let fail = |error: io::Error| Error::io("read", &link.path, error);
    let seed = seed(&link.header.id, link.header.number);
    let file = Arc::clone(&link.file);
    let mut scanner = Scanner::new(file, seed, HEADER_LEN, end, link.header.first_seq, 1 << 20);
    let fault = scanner.run().map_err(fail)?;
    if scanner.pos != end || scanner.batch_end != end || scanner.batch_next != next_seq {
        let fault = if scanner.pos == end { Fault::EndsEarly { expected: next_seq } } else { fault };
        return Err(Error::corrupt(&link.path, scanner.pos, fault));
    }
    Ok(())
}

fn read_full(file: &dyn DiskFile, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buf.len() {
        match file.read_at(&mut buf[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
