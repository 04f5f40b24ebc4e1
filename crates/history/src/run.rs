//! A run: one immutable file of sorted series. This module opens one and reads its blocks; `run_writer` makes them.
//!
//! Layout: header (magic, version, run, checksum) | meta | data blocks in key order | index | filter | meta again |
//! footer (magic, run, places of the parts, length, checksum). All parts but header and footer are frames. Losing the
//! footer, index, filter or one copy of meta loses nothing: they are made anew from the blocks.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::block::{Block, Bounds};
use crate::bloom::Bloom;
use crate::cache::Cache;
use crate::clears::Clears;
use crate::error::{Error, Result};
use crate::frame::{self, Part};
use crate::summary::Summary;
use crate::wire::{FormatError, Reader, put_bytes, put_i64, put_u64};

pub(crate) const MAGIC: &[u8; 8] = b"BELFRUN\n";
pub(crate) const HEADER: usize = 24;
pub(crate) const FOOTER: usize = 52;

/// What a run says about itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Meta {
    /// How many merges its oldest row went through.
    pub(crate) level: u32,
    /// Emptied series; applies to older runs.
    pub(crate) clears: Clears,
}

impl Meta {
    pub(crate) fn put(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_u64(&mut out, u64::from(self.level));
        self.clears.put(&mut out);
        out
    }

    fn read(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut r = Reader::new(bytes);
        Ok(Self { level: r.count(u32::MAX as usize)? as u32, clears: Clears::read(&mut r)? })
    }
}

/// Where a block is and what it may hold.
pub(crate) struct Place {
    pub(crate) bounds: Bounds,
    pub(crate) offset: u64,
    pub(crate) len: u64,
}

/// Writes the index.
pub(crate) fn put_index(places: &[Place], newest: i64) -> Vec<u8> {
    let mut out = Vec::new();
    put_i64(&mut out, newest);
    put_u64(&mut out, places.len() as u64);
    let (mut last, mut end): (&[u8], u64) = (&[], 0);
    for p in places {
        let b = &p.bounds;
        let shared = b.first_key.iter().zip(last).take_while(|(x, y)| x == y).count();
        put_u64(&mut out, shared as u64);
        put_bytes(&mut out, &b.first_key[shared..]);
        put_u64(&mut out, p.offset - end);
        put_u64(&mut out, p.len);
        put_u64(&mut out, b.rows);
        out.push(u8::from(b.patches));
        for (low, high) in [b.stamps, b.observed] {
            put_i64(&mut out, low);
            put_i64(&mut out, high.wrapping_sub(low));
        }
        (last, end) = (&b.first_key, p.offset + p.len);
    }
    out
}

fn read_index(bytes: &[u8]) -> Result<(Vec<Place>, i64), FormatError> {
    let mut r = Reader::new(bytes);
    let newest = r.i64()?;
    let count = r.count(bytes.len())?;
    let mut places: Vec<Place> = Vec::with_capacity(count);
    let (mut last, mut end) = (Vec::new(), 0_u64);
    for _ in 0..count {
        let shared = r.count(last.len())?;
        last.truncate(shared);
        last.extend_from_slice(r.bytes()?);
        let offset = end.checked_add(r.u64()?).ok_or(FormatError("an offset is impossible"))?;
        let len = r.u64()?;
        end = offset.checked_add(len).ok_or(FormatError("an offset is impossible"))?;
        let (rows, patches) = (r.u64()?, r.u8()? != 0);
        let mut span = || -> Result<(i64, i64), FormatError> {
            let low = r.i64()?;
            Ok((low, low.wrapping_add(r.i64()?)))
        };
        let (stamps, observed) = (span()?, span()?);
        let bounds = Bounds { first_key: last.as_slice().into(), rows, patches, stamps, observed };
        places.push(Place { bounds, offset, len });
    }
    Ok((places, newest))
}

/// An open run.
pub(crate) struct Run {
    pub(crate) id: u64,
    pub(crate) path: PathBuf,
    pub(crate) len: u64,
    pub(crate) meta: Meta,
    pub(crate) places: Vec<Place>,
    /// The greatest stamp of any row, corrections included.
    pub(crate) newest: i64,
    file: File,
    bloom: Bloom,
    /// Set while no manifest names it, before the first and after the last one: the file goes with the last reader.
    obsolete: AtomicBool,
}

/// The file name of a run.
pub(crate) fn file_name(id: u64) -> String {
    format!("run-{id:010}.bhr")
}

impl Run {
    /// Opens a run. A damaged footer, index or filter is made good from the blocks.
    pub(crate) fn open(dir: &Path, id: u64) -> Result<Self> {
        let path = dir.join(file_name(id));
        let file = File::open(&path).map_err(|e| Error::io("open", &path, e))?;
        let len = file.metadata().map_err(|e| Error::io("read", &path, e))?.len();
        let mut head = [0; HEADER];
        if file.read_exact_at(&mut head, 0).is_ok() && &head[..8] == MAGIC {
            let found = u32::from_le_bytes([head[8], head[9], head[10], head[11]]);
            let whole = crc32c::crc32c(&head[..HEADER - 4]).to_le_bytes() == head[HEADER - 4..];
            if whole && found > crate::FORMAT_VERSION {
                return Err(Error::Version { path, found });
            }
        }
        match Self::parts(&file, &path, id, len) {
            Ok((meta, places, newest, bloom)) => {
                Ok(Self { id, path, len, meta, places, newest, file, bloom, obsolete: AtomicBool::new(false) })
            }
            Err(e) if e.is_corrupt() => {
                let (meta, places, newest) = rebuild(&file, &path, id, len)?;
                let bloom = Bloom::from_bytes(&[]);
                Ok(Self { id, path, len, meta, places, newest, file, bloom, obsolete: AtomicBool::new(false) })
            }
            Err(e) => Err(e),
        }
    }

    fn parts(file: &File, path: &Path, id: u64, len: u64) -> Result<(Meta, Vec<Place>, i64, Bloom)> {
        let footer = read_footer(file, path, id, len)?;
        let end = len - FOOTER as u64;
        let part = |offset: u64, part: Part| -> Result<Vec<u8>> {
            let frame = frame::read(file, path, id, offset, end)?;
            if frame.part != part as u8 {
                return Err(Error::Corrupt { path: path.to_owned(), offset, what: "a part is of another kind" });
            }
            Ok(frame.payload)
        };
        let format = |offset: u64| move |e: FormatError| Error::Corrupt { path: path.to_owned(), offset, what: e.0 };
        let (places, newest) = read_index(&part(footer[0], Part::Index)?).map_err(format(footer[0]))?;
        let bloom = Bloom::from_bytes(&part(footer[1], Part::Bloom)?);
        let meta = Meta::read(&part(footer[2], Part::Meta)?).map_err(format(footer[2]))?;
        Ok((meta, places, newest, bloom))
    }

    fn corrupt(&self, place: usize) -> impl Fn(FormatError) -> Error + '_ {
        move |e| Error::Corrupt { path: self.path.clone(), offset: self.places[place].offset, what: e.0 }
    }

    /// Block `i`, from the cache or the file.
    pub(crate) fn block(&self, i: usize, cache: &Cache) -> Result<Arc<Block>> {
        if let Some(block) = cache.get(self.id, i as u32) {
            return Ok(block);
        }
        let block = Arc::new(self.load(i)?);
        cache.put(self.id, i as u32, &block);
        Ok(block)
    }

    /// Block `i` from the file.
    pub(crate) fn load(&self, i: usize) -> Result<Block> {
        let place = &self.places[i];
        let frame = frame::read(&self.file, &self.path, self.id, place.offset, place.offset + place.len)?;
        if frame.part != Part::Data as u8 {
            return Err(self.corrupt(i)(FormatError("a part is of another kind")));
        }
        Block::parse(frame.payload).map_err(self.corrupt(i))
    }

    /// Adds file and offset to a format error in block `i`.
    pub(crate) fn blame<T>(&self, i: usize, result: Result<T, FormatError>) -> Result<T> {
        result.map_err(self.corrupt(i))
    }

    /// The blocks that may hold `key`; empty when it is surely absent.
    pub(crate) fn blocks_of(&self, key: &[u8], hash: u64) -> std::ops::Range<usize> {
        if !self.bloom.may_hold(hash) {
            return 0..0;
        }
        let end = self.places.partition_point(|p| *p.bounds.first_key <= *key);
        let start = self.places.partition_point(|p| *p.bounds.first_key < *key);
        start.saturating_sub(1)..end
    }

    /// The block where a scan for keys not before `key` begins.
    pub(crate) fn block_from(&self, key: &[u8]) -> usize {
        self.places.partition_point(|p| *p.bounds.first_key < *key).saturating_sub(1)
    }

    /// The least stamp of its samples, corrections aside.
    pub(crate) fn oldest(&self) -> i64 {
        self.places.iter().map(|p| p.bounds.stamps.0).min().unwrap_or(i64::MAX)
    }

    /// Reads the whole file and proves it sound; every finding with its offset.
    pub(crate) fn check(&self) -> Vec<Error> {
        let mut found = Vec::new();
        let mut header = [0; HEADER];
        match self.file.read_exact_at(&mut header, 0) {
            Err(e) => found.push(Error::io("read", &self.path, e)),
            Ok(()) if header != super::run_writer::header(self.id) => {
                found.push(Error::Corrupt { path: self.path.clone(), offset: 0, what: "the header is not one" });
            }
            Ok(()) => {}
        }
        if let Err(e) = Self::parts(&self.file, &self.path, self.id, self.len) {
            found.push(e);
        }
        if let Err(e) = frame::read(&self.file, &self.path, self.id, HEADER as u64, self.len) {
            found.push(e);
        }
        let mut last: Box<[u8]> = Box::default();
        for i in 0..self.places.len() {
            let sound = self.load(i).and_then(|block| {
                for c in 0..block.len() {
                    self.blame(i, block.rows(c))?;
                }
                if block.len() == 0 || *block.key(0) != *self.places[i].bounds.first_key || *block.key(0) < *last {
                    return Err(self.corrupt(i)(FormatError("blocks are out of order")));
                }
                last = block.key(block.len() - 1).into();
                Ok(())
            });
            found.extend(sound.err());
        }
        found
    }

    /// Lets the file go once nobody reads it any more.
    pub(crate) fn retire(&self) {
        self.obsolete.store(true, Ordering::Release);
    }

    /// Keeps the file: a manifest on disk may name it.
    pub(crate) fn adopt(&self) {
        self.obsolete.store(false, Ordering::Release);
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.obsolete.load(Ordering::Acquire) {
            // A file that stays is removed at the next opening, which keeps only what the manifest names.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Index, filter, meta.
fn read_footer(file: &File, path: &Path, id: u64, len: u64) -> Result<[u64; 3]> {
    let offset = len.saturating_sub(FOOTER as u64);
    let corrupt = |what| Error::Corrupt { path: path.to_owned(), offset, what };
    if len < (HEADER + FOOTER) as u64 {
        return Err(corrupt("the file is too short"));
    }
    let mut b = [0; FOOTER];
    file.read_exact_at(&mut b, offset).map_err(|e| Error::io("read", path, e))?;
    let (body, crc) = b.split_at(FOOTER - 4);
    if crc32c::crc32c(body).to_le_bytes() != crc || &body[..8] != MAGIC {
        return Err(corrupt("the footer is not one"));
    }
    let at = |i: usize| {
        let mut n = [0; 8];
        n.copy_from_slice(&body[8 + 8 * i..16 + 8 * i]);
        u64::from_le_bytes(n)
    };
    if at(0) != id || at(4) != len {
        return Err(corrupt("the footer is of another file"));
    }
    Ok([at(1), at(2), at(3)])
}

/// Walks the frames from the start and makes the index anew.
fn rebuild(file: &File, path: &Path, id: u64, len: u64) -> Result<(Meta, Vec<Place>, i64)> {
    let (mut meta, mut places, mut newest) = (None, Vec::new(), i64::MIN);
    let mut offset = HEADER as u64;
    loop {
        let frame = match frame::read(file, path, id, offset, len) {
            Ok(frame) => frame,
            // A damaged index ends the blocks all the same; the first copy of meta has been read by then.
            Err(e) if e.is_corrupt() && is_past_blocks(file, path, id, len, offset) => break,
            Err(e) => return Err(e),
        };
        let blame = |e: FormatError| Error::Corrupt { path: path.to_owned(), offset, what: e.0 };
        if frame.part == Part::Meta as u8 {
            meta = Some(Meta::read(&frame.payload).map_err(blame)?);
        } else if frame.part == Part::Data as u8 {
            let block = Block::parse(frame.payload).map_err(blame)?;
            let mut bounds = Bounds { first_key: block.key(0).into(), ..Bounds::nothing() };
            for c in 0..block.len() {
                let rows = block.rows(c).map_err(blame)?;
                let s = Summary::of(&rows);
                newest = newest.max(s.stamp_max);
                bounds.rows += rows.len() as u64;
                if block.chunk(c).map_err(blame)?.is_patches() {
                    bounds.patches = true;
                } else {
                    bounds.stamps = (bounds.stamps.0.min(s.stamp_min), bounds.stamps.1.max(s.stamp_max));
                    bounds.observed = (bounds.observed.0.min(s.observed_min), bounds.observed.1.max(s.observed_max));
                }
            }
            places.push(Place { bounds, offset, len: frame.len });
        } else {
            break;
        }
        offset += frame.len;
    }
    let Some(meta) = meta else {
        return Err(Error::Corrupt { path: path.to_owned(), offset: HEADER as u64, what: "it has no meta" });
    };
    Ok((meta, places, newest))
}

/// Whether an intact footer says that the index begins at `offset`.
fn is_past_blocks(file: &File, path: &Path, id: u64, len: u64, offset: u64) -> bool {
    read_footer(file, path, id, len).is_ok_and(|f| f[0] == offset)
}
