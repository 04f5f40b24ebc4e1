//! Numbers of one series side by side, column by column: where a series of the open part goes that has become long, so
//! that an aggregation reads memory in order and nothing else. Holds neither corrections nor any other value.

use belfry_kernel::Time;

use crate::rows::OBSERVED;
use crate::sample::{Kind, SampleRef, ValueRef};

/// Rows of one extent, at least (from there on it takes less than as many records) and at most.
const LEAST: usize = 32;
const MOST: usize = 4096;
/// Extents are this part of the series before them, so that what is not used yet is no more.
const SHARE: usize = 8;
/// Memory of an extent beside its rows.
const HEAD: usize = 88;

/// Samples that are numbers, each with a greater stamp than the one before it, of one tag and one remainder.
pub(crate) struct Extent {
    pub(crate) tag: u8,
    /// Where the remainder lies.
    pub(crate) rest: u32,
    stamps: Vec<i64>,
    observed: Vec<i64>,
    values: Vec<f64>,
}

impl Extent {
    /// An empty one for a series of `rows` so far.
    pub(crate) fn beside(rows: usize, tag: u8, rest: u32) -> Self {
        let rows = (rows / SHARE).clamp(LEAST, MOST);
        let observed = Vec::with_capacity(if tag & OBSERVED != 0 { rows } else { 0 });
        Self { tag, rest, stamps: Vec::with_capacity(rows), observed, values: Vec::with_capacity(rows) }
    }

    /// Whether `value` is one that an extent holds: a number that is one.
    pub(crate) fn holds(value: ValueRef<'_>) -> Option<f64> {
        match value {
            ValueRef::F64(x) if !x.is_nan() => Some(x),
            _ => None,
        }
    }

    /// Adds a row; false when it is full.
    pub(crate) fn push(&mut self, stamp: i64, observed: Option<Time>, value: f64) -> bool {
        if self.stamps.len() == self.stamps.capacity() {
            return false;
        }
        self.stamps.push(stamp);
        self.observed.extend(observed.map(Time::micros));
        self.values.push(value);
        true
    }

    /// Gives back what it will not use. Returns how many bytes.
    pub(crate) fn close(&mut self) -> usize {
        let before = self.bytes();
        self.stamps.shrink_to_fit();
        self.observed.shrink_to_fit();
        self.values.shrink_to_fit();
        before - self.bytes()
    }

    /// Memory that it holds.
    pub(crate) fn bytes(&self) -> usize {
        HEAD + 8 * (self.stamps.capacity() + self.observed.capacity() + self.values.capacity())
    }

    pub(crate) fn stamps(&self) -> &[i64] {
        &self.stamps
    }

    /// Its rows; `rest` is their remainder.
    pub(crate) fn stretch<'a>(&'a self, rest: &'a [u8]) -> Stretch<'a> {
        Stretch { stamps: &self.stamps, observed: &self.observed, values: &self.values, rest }
    }
}

/// Neighbouring rows of an extent: at least one, stamps ascending. `observed` is empty when none says it.
#[derive(Clone, Copy)]
pub(crate) struct Stretch<'a> {
    pub(crate) stamps: &'a [i64],
    pub(crate) observed: &'a [i64],
    pub(crate) values: &'a [f64],
    pub(crate) rest: &'a [u8],
}

impl<'a> Stretch<'a> {
    /// Rows `range` of it.
    pub(crate) fn part(self, range: std::ops::Range<usize>) -> Self {
        let observed = if self.observed.is_empty() { self.observed } else { &self.observed[range.clone()] };
        Self { stamps: &self.stamps[range.clone()], observed, values: &self.values[range], rest: self.rest }
    }

    /// Rows with stamps within `from..=to`.
    pub(crate) fn within(self, from: i64, to: i64) -> Self {
        let start = self.stamps.partition_point(|&s| s < from);
        let end = self.stamps.partition_point(|&s| s <= to).max(start);
        self.part(start..end)
    }

    pub(crate) fn len(&self) -> usize {
        self.stamps.len()
    }

    /// Row `i` as a sample.
    pub(crate) fn sample(&self, i: usize) -> SampleRef<'a> {
        SampleRef {
            stamp: self.stamps[i],
            observed: self.observed.get(i).map(|&t| Time::from_micros(t)),
            value: ValueRef::F64(self.values[i]),
            rest: self.rest,
            kind: Kind::Normal,
        }
    }
}
