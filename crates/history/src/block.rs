//! A block: chunks of neighbouring series under one checksum, the unit of reading and caching. Builds and parses the
//! payload only; files and checksums are the run's.

use crate::chunk::{Before, Chunk, Room, encode};
use crate::rows::Rows;
use crate::summary::Summary;
use crate::wire::{FormatError, Reader, put_bytes, put_u64};

/// Payload bytes from which a block is closed.
pub(crate) const TARGET_BYTES: usize = 64 << 10;
/// Chunks from which a block is closed.
const TARGET_CHUNKS: usize = 512;
/// Rows from which a block is closed, so that no read holds more than one block's worth.
const TARGET_ROWS: usize = 64 << 10;
/// Chunks after which time columns are spelled out anew, so that reading one chunk decodes few others.
const CHAIN: usize = 16;
/// The longest key that is taken, bytes.
pub const MAX_KEY: usize = 8 << 10;

/// What the index keeps about a block.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bounds {
    pub(crate) first_key: Box<[u8]>,
    pub(crate) rows: u64,
    /// Whether some chunk holds corrections.
    pub(crate) patches: bool,
    /// Of the chunks that hold no corrections; reversed (MAX, MIN) when there are none.
    pub(crate) stamps: (i64, i64),
    pub(crate) observed: (i64, i64),
}

impl Bounds {
    /// Of no chunk.
    pub(crate) fn nothing() -> Self {
        Self {
            first_key: Box::default(),
            rows: 0,
            patches: false,
            stamps: (i64::MAX, i64::MIN),
            observed: (i64::MAX, i64::MIN),
        }
    }

    /// Whether a sample may be older than this instant (microseconds), by its observation or its arrival; of corrections
    /// nobody knows.
    pub(crate) fn may_hold_before(&self, instant: i64) -> bool {
        self.patches || self.stamps.0 < instant || self.observed.0 < instant
    }

    /// Whether a sample may have arrived at `since` or later and be as old as `until` by one of its times (microseconds).
    pub(crate) fn may_have_aged(&self, (since, until): (i64, i64)) -> bool {
        self.patches || (self.stamps.1 >= since && self.stamps.0.min(self.observed.0) <= until)
    }
}

/// Where a chunk came from that is copied: run, block, place in it.
pub(crate) type Origin = (u64, usize, usize);

/// Collects chunks of ascending keys.
pub(crate) struct Builder {
    payload: Vec<u8>,
    body: Vec<u8>,
    room: Room,
    last_key: Vec<u8>,
    before: Before,
    /// The origin of the last chunk, if it was copied.
    copied: Option<Origin>,
    chunks: usize,
    bounds: Bounds,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            payload: Vec::new(),
            body: Vec::new(),
            room: Room::default(),
            last_key: Vec::new(),
            before: Before::default(),
            copied: None,
            chunks: 0,
            bounds: Bounds::nothing(),
        }
    }

    /// Adds a chunk of `key`; corrections of a key come before its other chunks.
    pub(crate) fn push(&mut self, key: &[u8], rows: &Rows, patches: bool) -> Summary {
        if self.chunks.is_multiple_of(CHAIN) {
            self.before = Before::default();
        }
        self.body.clear();
        let summary = encode(rows, patches, &mut self.before, &mut self.room, &mut self.body);
        let body = std::mem::take(&mut self.body);
        self.put(key, &body, rows.len(), patches, &summary);
        self.body = body;
        self.copied = None;
        summary
    }

    /// Whether a chunk with times as those of the chunk before it can be copied: that one was copied last.
    pub(crate) fn follows(&self, (run, block, at): Origin) -> bool {
        at > 0 && self.copied == Some((run, block, at - 1))
    }

    /// Adds a chunk of `rows` rows as it is stored elsewhere.
    pub(crate) fn copy(&mut self, key: &[u8], body: &[u8], rows: usize, summary: &Summary, origin: Origin) {
        self.before = Before::default();
        self.put(key, body, rows, false, summary);
        self.copied = Some(origin);
    }

    fn put(&mut self, key: &[u8], body: &[u8], rows: usize, patches: bool, s: &Summary) {
        let shared = if self.chunks == 0 {
            self.bounds.first_key = key.into();
            0
        } else {
            key.iter().zip(&self.last_key).take_while(|(a, b)| a == b).count()
        };
        put_u64(&mut self.payload, shared as u64);
        put_bytes(&mut self.payload, &key[shared..]);
        put_bytes(&mut self.payload, body);
        self.last_key.truncate(shared);
        self.last_key.extend_from_slice(&key[shared..]);
        self.chunks += 1;
        let b = &mut self.bounds;
        b.rows += rows as u64;
        if patches {
            b.patches = true;
        } else {
            b.stamps = (b.stamps.0.min(s.stamp_min), b.stamps.1.max(s.stamp_max));
            b.observed = (b.observed.0.min(s.observed_min), b.observed.1.max(s.observed_max));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.chunks == 0
    }

    pub(crate) fn is_full(&self) -> bool {
        self.payload.len() >= TARGET_BYTES || self.chunks >= TARGET_CHUNKS || self.bounds.rows >= TARGET_ROWS as u64
    }

    /// Hands out payload and bounds of the block and begins the next one.
    pub(crate) fn finish<T>(&mut self, take: impl FnOnce(&[u8], Bounds) -> T) -> T {
        let bounds = std::mem::replace(&mut self.bounds, Bounds::nothing());
        let done = take(&self.payload, bounds);
        self.payload.clear();
        self.last_key.clear();
        self.before = Before::default();
        (self.copied, self.chunks) = (None, 0);
        done
    }
}

struct Entry {
    key: (u32, u16),
    body: (u32, u32),
}

/// A parsed block: which key's chunk lies where.
pub(crate) struct Block {
    payload: Vec<u8>,
    keys: Vec<u8>,
    entries: Vec<Entry>,
}

impl Block {
    /// Finds the chunks of a payload; keys must ascend.
    pub(crate) fn parse(payload: Vec<u8>) -> Result<Self, FormatError> {
        let mut block = Self { payload: Vec::new(), keys: Vec::new(), entries: Vec::new() };
        if payload.len() > u32::MAX as usize / 2 {
            return Err(FormatError("a block is too long"));
        }
        let mut r = Reader::new(&payload);
        while !r.is_empty() {
            let last = block.entries.last().map_or((0, 0), |e| e.key);
            let last = last.0 as usize..last.0 as usize + usize::from(last.1);
            let shared = r.count(last.len())?;
            let suffix = r.bytes()?;
            let body = r.bytes()?;
            let len = shared + suffix.len();
            if len > MAX_KEY {
                return Err(FormatError("a key is too long"));
            }
            let key = if suffix.is_empty() && shared == last.len() && !block.entries.is_empty() {
                (last.start as u32, len as u16)
            } else {
                let start = block.keys.len();
                block.keys.extend_from_within(last.start..last.start + shared);
                block.keys.extend_from_slice(suffix);
                if !block.entries.is_empty() && block.keys[last] >= block.keys[start..] {
                    return Err(FormatError("keys are out of order"));
                }
                (start as u32, len as u16)
            };
            let end = payload.len() - r.remaining();
            block.entries.push(Entry { key, body: ((end - body.len()) as u32, body.len() as u32) });
        }
        block.payload = payload;
        if block.entries.is_empty() { Err(FormatError("a block is empty")) } else { Ok(block) }
    }

    /// Chunks in it.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Memory that it holds.
    pub(crate) fn bytes(&self) -> usize {
        self.payload.len() + self.keys.len() + self.entries.len() * size_of::<Entry>()
    }

    /// The key of chunk `i`.
    pub(crate) fn key(&self, i: usize) -> &[u8] {
        let (start, len) = self.entries[i].key;
        &self.keys[start as usize..start as usize + usize::from(len)]
    }

    /// The bytes of chunk `i`.
    pub(crate) fn body(&self, i: usize) -> &[u8] {
        let (start, len) = self.entries[i].body;
        &self.payload[start as usize..start as usize + len as usize]
    }

    /// Chunk `i`, undecoded.
    pub(crate) fn chunk(&self, i: usize) -> Result<Chunk<'_>, FormatError> {
        Chunk::parse(self.body(i))
    }

    /// The first chunk whose key is not before `key`.
    pub(crate) fn seek(&self, key: &[u8]) -> usize {
        let (mut low, mut high) = (0, self.entries.len());
        while low < high {
            let middle = (low + high) / 2;
            if self.key(middle) < key { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// The time columns of chunk `i`, following references to the chunks before it.
    pub(crate) fn times(&self, i: usize, chunk: &Chunk<'_>) -> Result<Before, FormatError> {
        let mut first = i;
        let mut needs = chunk.needs_before();
        while needs && first > 0 {
            first -= 1;
            needs = self.chunk(first)?.needs_before();
        }
        let mut times = Before::default();
        for at in first..i {
            times = self.chunk(at)?.times(&times)?;
        }
        chunk.times(&times)
    }

    /// Chunk `i` in full.
    pub(crate) fn rows(&self, i: usize) -> Result<Rows, FormatError> {
        let chunk = self.chunk(i)?;
        chunk.rows(self.times(i, &chunk)?)
    }
}

/// Reads every row of a block's payload, as a run does after its checksums held; made for fuzzing.
///
/// # Errors
/// When the bytes do not follow the format. Never panics, and allocates in proportion to declared, bounded row counts.
pub fn read_block(payload: &[u8]) -> Result<usize, FormatError> {
    let block = Block::parse(payload.to_vec())?;
    let mut rows = 0;
    for i in 0..block.len() {
        let chunk = block.rows(i)?;
        for row in 0..chunk.len() {
            rows += usize::from(chunk.patch(row).sample.is_some());
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use belfry_kernel::Time;
    use proptest::prelude::*;

    use super::*;
    use crate::rows::Patch;
    use crate::sample::{Kind, SampleRef, ValueRef};

    fn payload(seed: i64) -> Vec<u8> {
        let mut builder = Builder::new();
        for series in 0..12_i64 {
            let mut rows = Rows::default();
            for i in 0..(series * 17 % 90 + 1) {
                let text = format!("state {}", (i + seed) % 5);
                let value = match (series + i / 20) % 5 {
                    0 => ValueRef::F64((i * seed % 100) as f64 / 10.0),
                    1 => ValueRef::I64(i * seed),
                    2 => ValueRef::Bool(i % 3 == 0),
                    3 => ValueRef::Text(&text),
                    _ => ValueRef::F64((i as f64 + seed as f64).sqrt()),
                };
                let stamp = 1000 * i + (i * seed) % 7;
                let observed = (i % 9 != 8).then(|| Time::from_micros(stamp - seed % 50));
                let rest: &[u8] = if i % 30 < 25 { b"CEL" } else { b"" };
                rows.push(&SampleRef { stamp, observed, value, rest, kind: Kind::Normal });
            }
            builder.push(format!("series {series:03}").as_bytes(), &rows, false);
        }
        let mut rows = Rows::default();
        rows.push_patch(&Patch { stamp: 7, sample: None });
        builder.push(b"z", &rows, true);
        builder.finish(|payload, _| payload.to_vec())
    }

    #[test]
    fn what_was_written_is_read() {
        let rows = (0..12).map(|series| series * 17 % 90 + 1).sum::<usize>();
        assert_eq!(read_block(&payload(3)), Ok(rows));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn damaged_bytes_never_panic(
            seed in 1_i64..40,
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
            cut in any::<prop::sample::Index>(),
            cuts in any::<bool>(),
        ) {
            let mut bytes = payload(seed);
            for (at, byte) in damage {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if cuts {
                bytes.truncate(cut.index(bytes.len()));
            }
            // Sound or refused, both are well; a panic or an endless loop is not.
            let _ = read_block(&bytes);
        }

        #[test]
        fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = read_block(&bytes);
        }
    }
}
