//! A chunk: up to [`MAX_ROWS`] rows of one series as columns, with a summary that lets an aggregation skip them.
//! Pure: bytes in, rows out, and the other way round. Does not know keys, files or checksums.

use crate::column::{Dictionary, floats, ints, is_trivial, needs_before, put_floats, put_ints};
use crate::rows::{BOOL, BYTES, F64, I64, OBSERVED, Rows, TEXT, TYPE};
use crate::summary::Summary;
use crate::wire::{FormatError, Reader, put_bytes, put_u64};

/// The most rows that a reader takes in a chunk.
pub(crate) const MAX_ROWS: usize = 1 << 16;
/// From this many rows on a chunk carries a summary.
const SUMMARISED: usize = 64;

const PATCHES: u8 = 1;
const SUMMARY: u8 = 2;
const OBSERVED_OWN: u8 = 4;
/// The stamps are spelled as lags behind the observations, which every row has.
const STAMPS_AS_LAGS: u8 = 8;

/// The time columns of the chunk before in the same block: sensors that report together share them.
#[derive(Default, Clone)]
pub(crate) struct Before {
    stamps: Vec<i64>,
    observed: Vec<i64>,
}

/// Room that encoding needs, kept from chunk to chunk.
#[derive(Default)]
pub(crate) struct Room {
    ints: Vec<i64>,
    observed: Vec<i64>,
    floats: Vec<f64>,
    own: Vec<u8>,
    lags: Vec<u8>,
    stamps: Vec<u8>,
    column: Vec<u8>,
}

/// Encodes rows, at least one, stamps ascending. `patches` marks corrections of samples stored elsewhere.
pub(crate) fn encode(rows: &Rows, patches: bool, before: &mut Before, room: &mut Room, out: &mut Vec<u8>) -> Summary {
    let n = rows.len();
    let Room { ints, observed, floats, own, lags, stamps, column } = room;
    let summary = Summary::with(rows, floats);
    let mut kinds = [0_usize; TYPE as usize + 1];
    rows.tags.iter().for_each(|t| kinds[usize::from(t & TYPE)] += 1);
    let seen = || rows.tags.iter().enumerate().filter(|(_, t)| *t & OBSERVED != 0).map(|(i, _)| i);
    refill(observed, seen().map(|i| rows.observed[i]));
    for column in [&mut *own, &mut *lags, &mut *stamps] {
        column.clear();
    }
    put_ints(own, observed, Some(&before.observed));
    put_ints(stamps, &rows.stamps, Some(&before.stamps));
    if !is_trivial(own) || !is_trivial(stamps) {
        refill(ints, seen().map(|i| rows.stamps[i].wrapping_sub(rows.observed[i])));
        put_ints(lags, ints, None);
    }
    // Either column may be spelled by the other and the lags. Observations for themselves are read faster by most.
    let lagging = observed.len() == n
        && !is_trivial(stamps)
        && own.len() + lags.len() <= stamps.len() + if is_trivial(own) { own.len() } else { own.len().min(lags.len()) };
    let as_own = lagging || is_trivial(own) || own.len() <= lags.len();

    let summarised = n >= SUMMARISED && !patches;
    let mut flags = 0;
    for (flag, set) in [(PATCHES, patches), (SUMMARY, summarised), (OBSERVED_OWN, as_own), (STAMPS_AS_LAGS, lagging)] {
        flags |= if set { flag } else { 0 };
    }
    out.push(flags);
    put_u64(out, n as u64);
    if summarised {
        summary.put(out);
    }
    for run in rows.tags.chunk_by(|a, b| a == b) {
        out.push(run[0]);
        put_u64(out, run.len() as u64);
    }
    put_bytes(out, if lagging { lags } else { stamps });
    put_bytes(out, if as_own { own } else { lags });

    let cells = |kind: u8| {
        let some = kinds[usize::from(kind)] > 0;
        let all = if some { rows.tags.iter().zip(&rows.cells) } else { [].iter().zip(&[]) };
        all.filter(move |(t, _)| *t & TYPE == kind).map(|(_, c)| *c)
    };
    column.clear();
    refill(floats, cells(F64).map(f64::from_bits));
    put_floats(column, floats, ints);
    put_bytes(out, column);
    for kind in [I64, BOOL] {
        column.clear();
        refill(ints, cells(kind).map(|c| c as i64));
        put_ints(column, ints, None);
        put_bytes(out, column);
    }
    ints.clear();
    if kinds[usize::from(TEXT)] + kinds[usize::from(BYTES)] > 0 {
        let texts = rows.tags.iter().zip(&rows.cells).filter(|(t, _)| matches!(*t & TYPE, TEXT | BYTES));
        ints.extend(texts.map(|(_, c)| *c as i64));
    }
    column.clear();
    if !ints.is_empty() {
        rows.blobs.put(column);
    }
    put_bytes(out, column);
    column.clear();
    put_ints(column, ints, None);
    put_bytes(out, column);
    if rows.rest_entries.entries.len() == 1 && rows.rest_entries.entries[0].is_empty() {
        put_bytes(out, &[]);
    } else {
        column.clear();
        rows.rest_entries.put(column);
        put_bytes(out, column);
        column.clear();
        refill(ints, rows.rests.iter().map(|&r| i64::from(r)));
        put_ints(column, ints, None);
        put_bytes(out, column);
    }
    before.stamps.clone_from(&rows.stamps);
    std::mem::swap(&mut before.observed, observed);
    summary
}

fn refill<T>(out: &mut Vec<T>, all: impl Iterator<Item = T>) {
    out.clear();
    out.extend(all);
}

/// A chunk whose columns are known but not decoded.
#[derive(Clone)]
pub(crate) struct Chunk<'a> {
    n: usize,
    flags: u8,
    tags: Vec<(u8, u32)>,
    pub(crate) summary: Option<Summary>,
    stamps: &'a [u8],
    observed: &'a [u8],
    floats: &'a [u8],
    whole: [&'a [u8]; 2],
    blobs: &'a [u8],
    codes: &'a [u8],
    rest_entries: &'a [u8],
    rests: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// Finds the columns in `body`.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, FormatError> {
        let mut r = Reader::new(body);
        let flags = r.u8()?;
        let n = r.count(MAX_ROWS)?;
        if n == 0 || flags > (PATCHES | SUMMARY | OBSERVED_OWN | STAMPS_AS_LAGS) {
            return Err(FormatError("a chunk's header is not one"));
        }
        let summary = if flags & SUMMARY != 0 { Some(Summary::read(&mut r)?) } else { None };
        let (mut tags, mut rows) = (Vec::new(), 0);
        while rows < n {
            let tag = r.u8()?;
            let run = r.count(n - rows)?;
            if run == 0 || tag & TYPE > BYTES || tag > 63 {
                return Err(FormatError("a tag is unknown"));
            }
            tags.push((tag, run as u32));
            rows += run;
        }
        let chunk = Self {
            n,
            flags,
            tags,
            summary,
            stamps: r.bytes()?,
            observed: r.bytes()?,
            floats: r.bytes()?,
            whole: [r.bytes()?, r.bytes()?],
            blobs: r.bytes()?,
            codes: r.bytes()?,
            rest_entries: r.bytes()?,
            rests: if r.is_empty() { &[] } else { r.bytes()? },
        };
        if r.is_empty() { Ok(chunk) } else { Err(FormatError("a chunk has bytes left over")) }
    }

    /// Whether its rows correct samples stored elsewhere.
    pub(crate) fn is_patches(&self) -> bool {
        self.flags & PATCHES != 0
    }

    /// How many rows it has.
    pub(crate) fn len(&self) -> usize {
        self.n
    }

    /// The tag that all its rows share.
    pub(crate) fn only_tag(&self) -> Option<u8> {
        match self.tags[..] {
            [(tag, _)] => Some(tag),
            _ => None,
        }
    }

    /// Whether its time columns are spelled by those of the chunk before it.
    pub(crate) fn needs_before(&self) -> bool {
        needs_before(self.stamps) || (self.flags & OBSERVED_OWN != 0 && needs_before(self.observed))
    }

    fn seen(&self) -> usize {
        self.tags.iter().filter(|(t, _)| t & OBSERVED != 0).map(|(_, n)| *n as usize).sum()
    }

    /// Decodes the time columns; both are dense (`observed` only of the rows that have it).
    pub(crate) fn times(&self, before: &Before) -> Result<Before, FormatError> {
        let seen = self.seen();
        if self.flags & STAMPS_AS_LAGS != 0 {
            if seen != self.n || self.flags & OBSERVED_OWN == 0 {
                return Err(FormatError("lags are behind nothing"));
            }
            let observed = ints(self.observed, seen, Some(&before.observed))?;
            let mut stamps = ints(self.stamps, self.n, None)?;
            for (stamp, at) in stamps.iter_mut().zip(&observed) {
                *stamp = stamp.wrapping_add(*at);
            }
            return Ok(Before { stamps, observed });
        }
        let stamps = ints(self.stamps, self.n, Some(&before.stamps))?;
        let observed = if self.flags & OBSERVED_OWN != 0 {
            ints(self.observed, seen, Some(&before.observed))?
        } else {
            let mut lags = ints(self.observed, seen, None)?;
            let mut at = 0;
            let mut lag = 0;
            for &(tag, run) in &self.tags {
                if tag & OBSERVED != 0 {
                    for stamp in &stamps[at..at + run as usize] {
                        lags[lag] = stamp.wrapping_sub(lags[lag]);
                        lag += 1;
                    }
                }
                at += run as usize;
            }
            lags
        };
        Ok(Before { stamps, observed })
    }

    /// Decodes the observation times without the stamps, where they are stored for themselves.
    pub(crate) fn observed_alone(&self) -> Option<Result<Vec<i64>, FormatError>> {
        let alone = self.flags & OBSERVED_OWN != 0 && !needs_before(self.observed);
        alone.then(|| ints(self.observed, self.seen(), None))
    }

    /// Decodes the numbers of a chunk whose only tag is `F64`.
    pub(crate) fn floats(&self) -> Result<Vec<f64>, FormatError> {
        floats(self.floats, self.n)
    }

    /// Decodes everything. `times` are its own.
    pub(crate) fn rows(&self, times: Before) -> Result<Rows, FormatError> {
        let of = |kinds: &[u8]| -> usize {
            self.tags.iter().filter(|(t, _)| kinds.contains(&(t & TYPE))).map(|(_, n)| *n as usize).sum()
        };
        let mut rows = Rows { stamps: times.stamps, ..Rows::default() };
        if of(&[TEXT, BYTES]) > 0 {
            rows.blobs.entries = Dictionary::read(self.blobs, of(&[TEXT, BYTES]))?;
        }
        self.put_cells(&mut rows, &times.observed, |code| Ok(code as u64))?;
        if times.observed.len() == self.n {
            rows.observed = times.observed;
        }
        if self.rest_entries.is_empty() {
            rows.rest_entries.code(&[]);
            rows.rests = vec![0; self.n];
        } else {
            rows.rest_entries.entries = Dictionary::read(self.rest_entries, self.n)?;
            rows.rests = ints(self.rests, self.n, None)?
                .into_iter()
                .map(|r| u32::try_from(r).map_err(|_| FormatError("a code is out of its dictionary")))
                .collect::<Result<_, _>>()?;
        }
        rows.validate(0)?;
        Ok(rows)
    }

    /// Adds all its rows to `rows` of the same series, which are older. `times` are its own. On an error `rows` are of no use.
    pub(crate) fn append_to(&self, times: &Before, rows: &mut Rows) -> Result<(), FormatError> {
        const OUT: FormatError = FormatError("a code is out of its dictionary");
        let start = rows.len();
        rows.stamps.extend_from_slice(&times.stamps);
        let (mut codes, mut weights) = (Vec::new(), Vec::new());
        if !self.blobs.is_empty() {
            Dictionary::visit(self.blobs, self.n, |bytes| {
                codes.push(rows.blobs.code(bytes));
                weights.push(bytes.len());
            })?;
        }
        let mut weight = 0;
        self.put_cells(rows, &times.observed, |code| {
            let code = usize::try_from(code).map_err(|_| OUT)?;
            weight += weights.get(code).ok_or(OUT)?;
            Ok(u64::from(codes[code]))
        })?;
        if times.observed.len() == self.n {
            rows.observed.extend_from_slice(&times.observed);
        }
        if self.rest_entries.is_empty() {
            let none = rows.rest_entries.code(&[]);
            rows.rests.resize(start + self.n, none);
        } else {
            codes.clear();
            weights.clear();
            Dictionary::visit(self.rest_entries, self.n, |bytes| {
                codes.push(rows.rest_entries.code(bytes));
                weights.push(bytes.len());
            })?;
            for code in ints(self.rests, self.n, None)? {
                let code = usize::try_from(code).map_err(|_| OUT)?;
                rows.rests.push(*codes.get(code).ok_or(OUT)?);
                weight += weights[code];
            }
        }
        rows.weight += weight;
        rows.validate(start)
    }

    /// Adds tags and cells to `rows`, and observations unless every row has one.
    fn put_cells(
        &self,
        rows: &mut Rows,
        observed: &[i64],
        mut code: impl FnMut(i64) -> Result<u64, FormatError>,
    ) -> Result<(), FormatError> {
        const SHORT: FormatError = FormatError("a column is short");
        let of = |kinds: &[u8]| -> usize {
            self.tags.iter().filter(|(t, _)| kinds.contains(&(t & TYPE))).map(|(_, n)| *n as usize).sum()
        };
        let mut floats = floats(self.floats, of(&[F64]))?.into_iter();
        let mut whole = ints(self.whole[0], of(&[I64]), None)?.into_iter();
        let mut truths = ints(self.whole[1], of(&[BOOL]), None)?.into_iter();
        let mut codes = ints(self.codes, of(&[TEXT, BYTES]), None)?.into_iter();
        rows.tags.reserve(self.n);
        rows.cells.reserve(self.n);
        let dense = observed.len() == self.n;
        let mut observed = observed.iter();
        for &(tag, run) in &self.tags {
            rows.tags.resize(rows.tags.len() + run as usize, tag);
            for _ in 0..run {
                rows.cells.push(match tag & TYPE {
                    F64 => floats.next().map(f64::to_bits).ok_or(SHORT)?,
                    I64 => whole.next().map(|x| x as u64).ok_or(SHORT)?,
                    BOOL => truths.next().map(|x| u64::from(x != 0)).ok_or(SHORT)?,
                    TEXT | BYTES => code(codes.next().ok_or(SHORT)?)?,
                    _ => 0,
                });
                if !dense {
                    let at = if tag & OBSERVED != 0 { observed.next().copied() } else { Some(0) };
                    rows.observed.push(at.ok_or(SHORT)?);
                }
            }
        }
        Ok(())
    }
}

impl Before {
    /// What a summary says of times; the rest of it stays at nothing.
    pub(crate) fn bounds(&self) -> Summary {
        Summary {
            stamp_min: self.stamps.first().copied().unwrap_or(i64::MAX),
            stamp_max: self.stamps.last().copied().unwrap_or(i64::MIN),
            observed_min: self.observed.iter().copied().min().unwrap_or(i64::MAX),
            observed_max: self.observed.iter().copied().max().unwrap_or(i64::MIN),
            ..Summary::default()
        }
    }

    /// Stamps of every row.
    pub(crate) fn stamps(&self) -> &[i64] {
        &self.stamps
    }

    /// Stamps, and observation times of the rows that have one.
    pub(crate) fn into_columns(self) -> (Vec<i64>, Vec<i64>) {
        (self.stamps, self.observed)
    }

    /// Observation times of the rows that have one.
    pub(crate) fn observed(&self) -> &[i64] {
        &self.observed
    }
}
