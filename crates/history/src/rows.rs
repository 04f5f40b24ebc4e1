//! Rows of one series held column by column: what a chunk is encoded from and decoded to.

use std::sync::Arc;

use belfry_kernel::Time;

use crate::column::Dictionary;
use crate::sample::{Kind, Sample, SampleRef, Value, ValueRef};
use crate::wire::FormatError;

/// Low bits of a tag: the type of the value.
pub(crate) const TYPE: u8 = 7;
pub(crate) const NONE: u8 = 0;
pub(crate) const F64: u8 = 1;
pub(crate) const I64: u8 = 2;
pub(crate) const BOOL: u8 = 3;
pub(crate) const TEXT: u8 = 4;
pub(crate) const BYTES: u8 = 5;
/// Tag bit: the sample is a tombstone.
pub(crate) const DELETED: u8 = 8;
/// Tag bit: the sample says when it was observed.
pub(crate) const OBSERVED: u8 = 16;
/// Tag bit, in patches only: the row takes a sample away instead of giving one.
pub(crate) const REMOVED: u8 = 32;

/// A correction of one stamp: the sample that is there now, or none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Patch {
    pub(crate) stamp: i64,
    pub(crate) sample: Option<Sample>,
}

/// The tag of a sample.
pub(crate) fn tag_of(sample: &SampleRef<'_>) -> u8 {
    let kind = match sample.value {
        ValueRef::None => NONE,
        ValueRef::F64(_) => F64,
        ValueRef::I64(_) => I64,
        ValueRef::Bool(_) => BOOL,
        ValueRef::Text(_) => TEXT,
        ValueRef::Bytes(_) => BYTES,
    };
    let deleted = if sample.kind == Kind::Deleted { DELETED } else { 0 };
    kind | deleted | if sample.observed.is_some() { OBSERVED } else { 0 }
}

/// Columns of equal length; `cells` are bits of numbers, or codes into `blobs`.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) tags: Vec<u8>,
    pub(crate) stamps: Vec<i64>,
    /// Microseconds; meaningless where the tag lacks [`OBSERVED`].
    pub(crate) observed: Vec<i64>,
    pub(crate) cells: Vec<u64>,
    pub(crate) rests: Vec<u32>,
    pub(crate) blobs: Dictionary,
    pub(crate) rest_entries: Dictionary,
    /// Bytes of texts, blobs and remainders that were pushed.
    pub(crate) weight: usize,
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        self.tags.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tags.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.tags.clear();
        self.stamps.clear();
        self.observed.clear();
        self.cells.clear();
        self.rests.clear();
        self.blobs.clear();
        self.rest_entries.clear();
        self.weight = 0;
    }

    /// Adds a sample at the end.
    pub(crate) fn push(&mut self, sample: &SampleRef<'_>) {
        let blobs = &mut self.blobs;
        let mut weight = sample.rest.len();
        let mut blob = |bytes: &[u8]| {
            weight += bytes.len();
            u64::from(blobs.code(bytes))
        };
        self.cells.push(match sample.value {
            ValueRef::None => 0,
            ValueRef::F64(x) => x.to_bits(),
            ValueRef::I64(x) => x as u64,
            ValueRef::Bool(x) => u64::from(x),
            ValueRef::Text(x) => blob(x.as_bytes()),
            ValueRef::Bytes(x) => blob(x),
        });
        self.weight += weight;
        self.tags.push(tag_of(sample));
        self.stamps.push(sample.stamp);
        self.observed.push(sample.observed.map_or(0, Time::micros));
        let rest = self.rest_entries.code(sample.rest);
        self.rests.push(rest);
    }

    /// Adds a correction at the end.
    pub(crate) fn push_patch(&mut self, patch: &Patch) {
        match &patch.sample {
            Some(sample) => self.push(&sample.as_ref()),
            None => {
                self.tags.push(REMOVED);
                self.stamps.push(patch.stamp);
                self.observed.push(0);
                self.cells.push(0);
                let rest = self.rest_entries.code(&[]);
                self.rests.push(rest);
            }
        }
    }

    /// Row `i` as a sample.
    pub(crate) fn sample(&self, i: usize) -> Sample {
        let (tag, cell) = (self.tags[i], self.cells[i]);
        Sample {
            stamp: self.stamps[i],
            observed: (tag & OBSERVED != 0).then(|| Time::from_micros(self.observed[i])),
            value: match tag & TYPE {
                F64 => Value::F64(f64::from_bits(cell)),
                I64 => Value::I64(cell as i64),
                BOOL => Value::Bool(cell != 0),
                TEXT => Value::Text(text(&self.blobs.entries[cell as usize])),
                BYTES => Value::Bytes(Arc::clone(&self.blobs.entries[cell as usize])),
                _ => Value::None,
            },
            rest: Arc::clone(&self.rest_entries.entries[self.rests[i] as usize]),
            kind: if tag & DELETED != 0 { Kind::Deleted } else { Kind::Normal },
        }
    }

    /// Row `i` as a correction.
    pub(crate) fn patch(&self, i: usize) -> Patch {
        Patch { stamp: self.stamps[i], sample: (self.tags[i] & REMOVED == 0).then(|| self.sample(i)) }
    }

    /// Checks what [`Self::sample`] relies on, for rows that came from bytes; those before `start` are known to be sound.
    pub(crate) fn validate(&self, start: usize) -> Result<(), FormatError> {
        let (blobs, rests) = (&self.blobs.entries, self.rest_entries.entries.len());
        if self.stamps[start.saturating_sub(1)..].windows(2).any(|w| w[0] >= w[1]) {
            return Err(FormatError("stamps are out of order"));
        }
        let mut is_text = vec![None; blobs.len()];
        for (&tag, &cell) in self.tags[start..].iter().zip(&self.cells[start..]) {
            if matches!(tag & TYPE, TEXT | BYTES) {
                let at = usize::try_from(cell).unwrap_or(usize::MAX);
                let blob = blobs.get(at).ok_or(FormatError("a code is out of its dictionary"))?;
                if tag & TYPE == TEXT && !*is_text[at].get_or_insert_with(|| std::str::from_utf8(blob).is_ok()) {
                    return Err(FormatError("a text is not UTF-8"));
                }
            }
        }
        if self.rests[start..].iter().any(|&r| r as usize >= rests) {
            return Err(FormatError("a code is out of its dictionary"));
        }
        Ok(())
    }
}

fn text(bytes: &Arc<[u8]>) -> Arc<str> {
    Arc::from(String::from_utf8_lossy(bytes))
}
