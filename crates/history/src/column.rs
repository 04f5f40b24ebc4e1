//! Codecs of one column: whole numbers, numbers, and repeated byte strings. Pure; every decoder is given the number of
//! rows and allocates no more than that.

use std::sync::Arc;

use hashbrown::HashTable;
use pco::ChunkConfig;
use pco::standalone::{simple_compress, simple_decompress_into};
use xxhash_rust::xxh3::xxh3_64;

use crate::pack::{THOROUGH, pack, unpack as unpack_bytes};
use crate::wire::{FormatError, Reader, len_u64, put_bytes, put_i64, put_u64, zigzag};

const STEPS: u8 = 0;
const DELTAS: u8 = 1;
const PCO: u8 = 2;
const RUNS: u8 = 3;
const AS_BEFORE: u8 = 4;

const DECIMAL: u8 = 0;
const PCO_FLOAT: u8 = 1;
const RAW: u8 = 2;

/// Below this many rows a general compressor's own header costs more than it saves.
const SMALL: usize = 24;
/// Decimal places that are tried before a number counts as arbitrary.
const PLACES: [f64; 8] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7];
/// The largest dictionary, decompressed, that a reader takes.
const MAX_DICTIONARY: usize = 64 << 20;

/// Encodes whole numbers by the cheapest of: equal steps, equal to `before` but for a constant, runs, variable-length
/// differences, `pco`. `before` is the same column of the chunk before it in the block.
pub(crate) fn put_ints(out: &mut Vec<u8>, ints: &[i64], before: Option<&[i64]>) {
    let Some(&first) = ints.first() else { return };
    let step = if ints.len() > 1 { ints[1].wrapping_sub(first) } else { 0 };
    if ints.windows(2).all(|w| w[1].wrapping_sub(w[0]) == step) {
        out.push(STEPS);
        put_i64(out, first);
        if ints.len() > 1 {
            put_i64(out, step);
        }
        return;
    }
    if let Some(before) = before.filter(|b| b.len() == ints.len()) {
        let shift = first.wrapping_sub(before[0]);
        if ints.iter().zip(before).all(|(a, b)| a.wrapping_sub(*b) == shift) {
            out.push(AS_BEFORE);
            put_i64(out, shift);
            return;
        }
    }
    let (mut deltas, mut runs, mut last, mut run) = (len_u64(zigzag(first)), 0, first, 0_u64);
    for (i, &n) in ints.iter().enumerate() {
        if i > 0 {
            deltas += len_u64(zigzag(n.wrapping_sub(ints[i - 1])));
        }
        if n == last {
            run += 1;
        } else {
            runs += len_u64(run) + len_u64(zigzag(n.wrapping_sub(last)));
            (last, run) = (n, 1);
        }
    }
    runs += len_u64(run) + len_u64(zigzag(first));
    if ints.len() >= SMALL
        && runs * 8 > ints.len()
        && let Ok(packed) = simple_compress(ints, &ChunkConfig::default())
        && packed.len() < deltas.min(runs)
    {
        out.push(PCO);
        out.extend_from_slice(&packed);
    } else if runs < deltas {
        out.push(RUNS);
        let mut last = 0_i64;
        for run in ints.chunk_by(|a, b| a == b) {
            put_i64(out, run[0].wrapping_sub(last));
            put_u64(out, run.len() as u64);
            last = run[0];
        }
    } else {
        out.push(DELTAS);
        let mut last = 0_i64;
        for &n in ints {
            put_i64(out, n.wrapping_sub(last));
            last = n;
        }
    }
}

/// Whether [`put_ints`] found a form that costs next to nothing (equal steps, or as the chunk before).
pub(crate) fn is_trivial(column: &[u8]) -> bool {
    matches!(column.first(), None | Some(&STEPS | &AS_BEFORE))
}

/// Whether decoding this column needs the same column of the chunk before.
pub(crate) fn needs_before(column: &[u8]) -> bool {
    column.first() == Some(&AS_BEFORE)
}

/// Decodes `n` whole numbers from the whole of `column`.
pub(crate) fn ints(column: &[u8], n: usize, before: Option<&[i64]>) -> Result<Vec<i64>, FormatError> {
    if n == 0 {
        return if column.is_empty() { Ok(Vec::new()) } else { Err(FormatError("a column without rows has bytes")) };
    }
    let mut r = Reader::new(column);
    let mut out;
    match r.u8()? {
        STEPS => {
            let mut at = r.i64()?;
            let step = if n > 1 { r.i64()? } else { 0 };
            out = Vec::with_capacity(n);
            for _ in 0..n {
                out.push(at);
                at = at.wrapping_add(step);
            }
        }
        AS_BEFORE => {
            let shift = r.i64()?;
            let before = before.filter(|b| b.len() == n).ok_or(FormatError("a column refers to no other"))?;
            out = before.iter().map(|b| b.wrapping_add(shift)).collect();
        }
        RUNS => {
            out = Vec::with_capacity(n);
            let mut last = 0_i64;
            while out.len() < n {
                last = last.wrapping_add(r.i64()?);
                let run = r.count(n - out.len())?;
                if run == 0 {
                    return Err(FormatError("a run is empty"));
                }
                out.resize(out.len() + run, last);
            }
        }
        DELTAS => {
            out = Vec::with_capacity(n);
            let mut last = 0_i64;
            for _ in 0..n {
                last = last.wrapping_add(r.i64()?);
                out.push(last);
            }
        }
        PCO => {
            out = vec![0; n];
            unpack(r.all(), &mut out)?;
        }
        _ => return Err(FormatError("a column has an unknown codec")),
    }
    if r.is_empty() { Ok(out) } else { Err(FormatError("a column has bytes left over")) }
}

fn unpack<T: pco::data_types::Number>(bytes: &[u8], out: &mut [T]) -> Result<(), FormatError> {
    let progress = simple_decompress_into(bytes, out).map_err(|_| FormatError("a packed column does not unpack"))?;
    if progress.n_processed == out.len() { Ok(()) } else { Err(FormatError("a packed column is short")) }
}

/// Encodes numbers: as whole numbers over a power of ten where that is exact, else `pco` on the floats.
pub(crate) fn put_floats(out: &mut Vec<u8>, floats: &[f64], scaled: &mut Vec<i64>) {
    if floats.is_empty() {
        return;
    }
    let mut place = 0;
    let decimal = 'places: loop {
        scaled.clear();
        for x in floats {
            let k = (x * PLACES[place]).round() as i64;
            if k.unsigned_abs() > 1 << 53 || (k as f64 / PLACES[place]).to_bits() != x.to_bits() {
                place += 1;
                if place == PLACES.len() || !x.is_finite() {
                    break 'places false;
                }
                continue 'places;
            }
            scaled.push(k);
        }
        break true;
    };
    let start = out.len();
    if decimal {
        out.push(DECIMAL);
        out.push(place as u8);
        put_ints(out, scaled, None);
    }
    if floats.len() >= SMALL
        && (!decimal || place > 4)
        && let Ok(packed) = simple_compress(floats, &ChunkConfig::default())
        && (!decimal || packed.len() + 1 < out.len() - start)
    {
        out.truncate(start);
        out.push(PCO_FLOAT);
        out.extend_from_slice(&packed);
    } else if !decimal || out.len() - start > 1 + 8 * floats.len() {
        out.truncate(start);
        out.push(RAW);
        for x in floats {
            out.extend_from_slice(&x.to_bits().to_le_bytes());
        }
    }
}

/// Decodes `n` numbers from the whole of `column`.
pub(crate) fn floats(column: &[u8], n: usize) -> Result<Vec<f64>, FormatError> {
    if n == 0 {
        return if column.is_empty() { Ok(Vec::new()) } else { Err(FormatError("a column without rows has bytes")) };
    }
    let mut r = Reader::new(column);
    match r.u8()? {
        DECIMAL => {
            let scale = *PLACES.get(usize::from(r.u8()?)).ok_or(FormatError("a scale is out of range"))?;
            Ok(ints(r.all(), n, None)?.into_iter().map(|k| k as f64 / scale).collect())
        }
        PCO_FLOAT => {
            let mut out = vec![0.0; n];
            unpack(r.all(), &mut out)?;
            Ok(out)
        }
        RAW if r.remaining() == 8 * n => (0..n).map(|_| r.u64_le().map(f64::from_bits)).collect(),
        _ => Err(FormatError("a column of numbers has an unknown codec")),
    }
}

/// Bytes of a dictionary from which it is packed by itself; a shorter one is packed with its block.
const WORTH_PACKING: usize = 1024;

/// Distinct byte strings in order of first use.
#[derive(Default, Clone)]
pub(crate) struct Dictionary {
    pub(crate) entries: Vec<Arc<[u8]>>,
    table: HashTable<u32>,
}

impl Dictionary {
    /// The code of `bytes`, new or known.
    pub(crate) fn code(&mut self, bytes: &[u8]) -> u32 {
        // Mostly there is one, or the newest again.
        if let Some(last) = self.entries.last()
            && **last == *bytes
        {
            return self.entries.len() as u32 - 1;
        }
        let hash = xxh3_64(bytes);
        let entries = &self.entries;
        if let Some(&code) = self.table.find(hash, |&c| &*entries[c as usize] == bytes) {
            return code;
        }
        let code = self.entries.len() as u32;
        self.entries.push(bytes.into());
        let entries = &self.entries;
        self.table.insert_unique(hash, code, |&c| xxh3_64(&entries[c as usize]));
        code
    }

    /// Forgets all entries.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.table.clear();
    }

    /// Writes the entries; compressed when that is shorter.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        let mut raw = Vec::new();
        for e in &self.entries {
            put_bytes(&mut raw, e);
        }
        if raw.len() >= WORTH_PACKING
            && let Some(packed) = pack(&raw, THOROUGH)
            && packed.len() + 10 < raw.len()
        {
            out.push(1);
            put_u64(out, self.entries.len() as u64);
            put_u64(out, raw.len() as u64);
            out.extend_from_slice(&packed);
        } else {
            out.push(0);
            put_u64(out, self.entries.len() as u64);
            out.extend_from_slice(&raw);
        }
    }

    /// Reads at most `limit` entries from the whole of `column`.
    pub(crate) fn read(column: &[u8], limit: usize) -> Result<Vec<Arc<[u8]>>, FormatError> {
        let mut entries = Vec::new();
        Self::visit(column, limit, |bytes| entries.push(bytes.into()))?;
        Ok(entries)
    }

    /// Hands out at most `limit` entries of the whole of `column`, in order.
    pub(crate) fn visit(column: &[u8], limit: usize, mut each: impl FnMut(&[u8])) -> Result<(), FormatError> {
        let mut r = Reader::new(column);
        let packed = r.u8()?;
        let count = r.count(limit)?;
        let owned;
        let mut r = if packed == 1 {
            let raw = r.count(MAX_DICTIONARY)?;
            owned = unpack_bytes(r.all(), raw).ok_or(FormatError("a dictionary does not unpack"))?;
            Reader::new(&owned)
        } else {
            r
        };
        for _ in 0..count {
            each(r.bytes()?);
        }
        if r.is_empty() { Ok(()) } else { Err(FormatError("a dictionary has bytes left over")) }
    }
}
