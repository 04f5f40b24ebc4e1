//! Aggregating one series over buckets of time: whole chunks by their summaries where those suffice, else column by
//! column. Late samples need no order, so nothing is sorted.

use belfry_kernel::Time;
use hashbrown::HashSet;
use xxhash_rust::xxh3::xxh3_64;

use crate::block::Block;
use crate::chunk::Chunk;
use crate::error::{Error, Result};
use crate::extent::Stretch;
use crate::memtable::Piece;
use crate::rows::{DELETED, F64, OBSERVED, REMOVED, Rows, TYPE, tag_of};
use crate::run::Run;
use crate::sample::{By, Kind, Sample, SampleRef, ValueRef};
use crate::summary::{Numbers, number};
use crate::view::{Snapshot, View};

/// What is computed of a bucket (ETSI GS CIM 009 clause 4.5.19).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// How many samples.
    TotalCount,
    /// How many different values. Costs memory for each of them.
    DistinctCount,
    /// The sum of the numbers.
    Sum,
    /// Their mean.
    Avg,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// Their standard deviation, over the whole bucket (not a sample of it).
    Stddev,
    /// The sum of their squares.
    Sumsq,
}

/// One bucket: its bounds and what its samples amount to. Tombstones are left out; truth values count as 0 and 1 among
/// the numbers; texts and blobs are counted but are no numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    /// Its first instant.
    pub from: Time,
    /// The instant after its last.
    pub to: Time,
    /// Samples in it.
    pub count: u64,
    /// Different values in it, when that was asked for.
    pub distinct: Option<u64>,
    numbers: Numbers,
}

impl Bucket {
    /// Numbers in it.
    pub fn numbers(&self) -> u64 {
        self.numbers.count
    }

    /// The value of a function; `None` where there is no number to compute it of, or it was not asked for.
    pub fn get(&self, function: Function) -> Option<f64> {
        compute(function, self.count, self.distinct, &self.numbers)
    }
}

pub(crate) fn compute(function: Function, count: u64, distinct: Option<u64>, n: &Numbers) -> Option<f64> {
    match function {
        Function::TotalCount => return Some(count as f64),
        Function::DistinctCount => return distinct.map(|d| d as f64),
        _ if n.count == 0 => return None,
        _ => {}
    }
    let count = n.count as f64;
    Some(match function {
        Function::Sum => n.sum,
        Function::Avg => n.sum / count,
        Function::Min => n.min,
        Function::Max => n.max,
        Function::Stddev => (n.spread / count).sqrt(),
        _ => n.spread + n.sum * n.sum / count,
    })
}

/// A running bucket.
#[derive(Default)]
pub(crate) struct Running {
    pub(crate) count: u64,
    pub(crate) numbers: Numbers,
    pub(crate) distinct: HashSet<u64>,
}

impl Running {
    /// Adds one sample that is not a tombstone.
    pub(crate) fn add(&mut self, sample: &SampleRef<'_>, distinct: bool) {
        self.count += 1;
        if let Some(x) = numeric(sample) {
            self.numbers.merge(&Numbers::of(&[x]));
        }
        if distinct {
            self.distinct.insert(identity(sample));
        }
    }
}

/// What a value counts as among numbers.
fn numeric(sample: &SampleRef<'_>) -> Option<f64> {
    match sample.value {
        ValueRef::F64(x) => Some(x).filter(|x| !x.is_nan()),
        ValueRef::I64(x) => Some(x as f64),
        ValueRef::Bool(x) => Some(f64::from(x)),
        _ => None,
    }
}

/// A number that tells values apart: equal numbers are one value whatever their type.
fn identity(sample: &SampleRef<'_>) -> u64 {
    let bytes: &[u8] = match sample.value {
        ValueRef::None => &[],
        ValueRef::F64(x) => return hash(F64, &(x + 0.0).to_bits().to_le_bytes()),
        ValueRef::I64(x) => return hash(F64, &(x as f64).to_bits().to_le_bytes()),
        ValueRef::Bool(x) => return hash(tag_of(sample) & TYPE, &[u8::from(x)]),
        ValueRef::Text(x) => x.as_bytes(),
        ValueRef::Bytes(x) => x,
    };
    hash(tag_of(sample) & TYPE, bytes)
}

fn hash(tag: u8, bytes: &[u8]) -> u64 {
    xxh3_64(bytes) ^ u64::from(tag).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Numbers that are gathered before they are summed up.
const PENDING: usize = 1024;

/// An aggregation under way.
pub(crate) struct Aggregation {
    by: By,
    /// Ascending; bucket `i` is from `bounds[i]` to before `bounds[i + 1]`.
    bounds: Vec<i64>,
    running: Vec<Running>,
    distinct: bool,
    distinct_left: usize,
    max_distinct: usize,
    /// The bucket of the sample before, its bounds, and its numbers that are not summed up yet.
    at: usize,
    span: (i64, i64),
    pending: Vec<f64>,
}

impl Aggregation {
    pub(crate) fn new(
        by: By,
        boundaries: impl IntoIterator<Item = Time>,
        distinct: bool,
        max_buckets: usize,
        max_distinct: usize,
    ) -> Result<Self> {
        let mut bounds = Vec::new();
        for boundary in boundaries {
            if bounds.last().is_none_or(|&last| last < boundary.micros()) {
                bounds.push(boundary.micros());
            }
            if bounds.len() > max_buckets + 1 {
                return Err(Error::TooMuch { what: "buckets", limit: max_buckets });
            }
        }
        let running = std::iter::repeat_with(Running::default).take(bounds.len().saturating_sub(1)).collect();
        Ok(Self {
            by,
            bounds,
            running,
            distinct,
            distinct_left: max_distinct,
            max_distinct,
            at: 0,
            span: (i64::MAX, i64::MIN),
            pending: Vec::new(),
        })
    }

    /// Reads the series and gives its buckets, with those samples counted that lie `beside` it.
    pub(crate) fn run(mut self, snapshot: &Snapshot, key: &[u8], beside: &[Sample]) -> Result<Vec<Bucket>> {
        let (Some(&first), Some(&end)) = (self.bounds.first(), self.bounds.last()) else {
            return Ok(Vec::new());
        };
        let view = snapshot.visit(key, |piece| match piece {
            Piece::Sample(sample) => self.add(&sample),
            Piece::Stretch(stretch) => self.stretch(&stretch),
        })?;
        for sample in view.overlay.values().flatten().chain(beside) {
            self.add(&sample.as_ref())?;
        }
        for (run, place) in &view.blocks {
            let bounds = &run.places[*place].bounds;
            let (low, high) = if self.by == By::Stamp { bounds.stamps } else { bounds.observed };
            if low < end && high >= first {
                let block = run.block(*place, &view.cache)?;
                for c in view.chunks(&block) {
                    self.chunk(&view, run, *place, &block, c)?;
                }
            }
        }
        Ok(self.finish())
    }

    fn finish(mut self) -> Vec<Bucket> {
        self.settle();
        let bounds = self.bounds.windows(2);
        let buckets = bounds.zip(self.running).map(|(w, r)| Bucket {
            from: Time::from_micros(w[0]),
            to: Time::from_micros(w[1]),
            count: r.count,
            distinct: self.distinct.then_some(r.distinct.len() as u64),
            numbers: r.numbers,
        });
        buckets.collect()
    }

    /// The bucket that holds `time`.
    fn bucket(&self, time: i64) -> Option<usize> {
        let at = self.bounds.partition_point(|&b| b <= time).checked_sub(1)?;
        (at < self.running.len()).then_some(at)
    }

    /// Adds one sample, tombstone or not.
    fn add(&mut self, sample: &SampleRef<'_>) -> Result<()> {
        let time = match self.by {
            By::Stamp => sample.stamp,
            By::Observed => match sample.observed {
                Some(observed) => observed.micros(),
                None => return Ok(()),
            },
        };
        if sample.kind == Kind::Deleted {
            return Ok(());
        }
        if self.distinct {
            let Some(at) = self.bucket(time) else { return Ok(()) };
            let before = self.running[at].distinct.len();
            self.running[at].distinct.insert(identity(sample));
            self.spend(self.running[at].distinct.len() - before)?;
        }
        self.count(time, numeric(sample));
        Ok(())
    }

    /// Counts one sample; numbers of one bucket that come one after another are summed up together.
    fn count(&mut self, time: i64, x: Option<f64>) {
        if time < self.span.0 || time >= self.span.1 {
            self.settle();
            let Some(at) = self.bucket(time) else { return };
            (self.at, self.span) = (at, (self.bounds[at], self.bounds[at + 1]));
        }
        self.running[self.at].count += 1;
        self.pending.extend(x);
        if self.pending.len() >= PENDING {
            self.settle_numbers();
        }
    }

    fn settle_numbers(&mut self) {
        if let Some(running) = self.running.get_mut(self.at) {
            running.numbers.merge(&Numbers::of(&self.pending));
        }
        self.pending.clear();
    }

    fn settle(&mut self) {
        self.settle_numbers();
        self.span = (i64::MAX, i64::MIN);
    }

    fn spend(&mut self, distinct: usize) -> Result<()> {
        let limit = self.max_distinct;
        self.distinct_left =
            self.distinct_left.checked_sub(distinct).ok_or(Error::TooMuch { what: "distinct values", limit })?;
        Ok(())
    }

    fn chunk(&mut self, view: &View, run: &Run, place: usize, block: &Block, c: usize) -> Result<()> {
        let chunk = run.blame(place, block.chunk(c))?;
        if chunk.is_patches() {
            return Ok(());
        }
        let mut corrected = !view.overlay.is_empty();
        if let Some(s) = chunk.summary {
            corrected = corrected && view.overlay.range(s.stamp_min..=s.stamp_max.max(s.stamp_min)).next().is_some();
            let (low, high, complete) = match self.by {
                By::Stamp => (s.stamp_min, s.stamp_max, true),
                By::Observed => (s.observed_min, s.observed_max, s.observed == s.normal),
            };
            if high < self.bounds[0] || low >= self.bounds[self.bounds.len() - 1] {
                return Ok(());
            }
            if let (Some(at), false, false, true) = (self.bucket(low), corrected, self.distinct, complete)
                && self.bucket(high) == Some(at)
            {
                self.running[at].count += s.normal;
                self.running[at].numbers.merge(&s.numbers);
                return Ok(());
            }
        }
        if !corrected && !self.distinct && self.plain(run, place, block, c, &chunk)? {
            return Ok(());
        }
        let rows = run.blame(place, block.times(c, &chunk).and_then(|times| chunk.rows(times)))?;
        self.rows(view, &rows)
    }

    /// A chunk of nothing but numbers: only two columns are decoded. Gives false when the chunk is not one.
    fn plain(&mut self, run: &Run, place: usize, block: &Block, c: usize, chunk: &Chunk<'_>) -> Result<bool> {
        let Some(tag) = chunk.only_tag() else { return Ok(false) };
        if tag & !OBSERVED != F64 || (self.by == By::Observed && tag & OBSERVED == 0) {
            return Ok(false);
        }
        let times = match chunk.observed_alone().filter(|_| self.by == By::Observed) {
            Some(times) => run.blame(place, times)?,
            None => {
                let (stamps, observed) = run.blame(place, block.times(c, chunk))?.into_columns();
                if self.by == By::Stamp { stamps } else { observed }
            }
        };
        let numbers = run.blame(place, chunk.floats())?;
        if numbers.iter().any(|x| x.is_nan()) {
            return Ok(false);
        }
        self.numbers(&times, &numbers);
        Ok(true)
    }

    /// Numbers that stand side by side in memory: none is corrected, and none is NaN.
    fn stretch(&mut self, stretch: &Stretch<'_>) -> Result<()> {
        if self.distinct {
            return (0..stretch.len()).try_for_each(|i| self.add(&stretch.sample(i)));
        }
        let times = if self.by == By::Stamp { stretch.stamps } else { stretch.observed };
        if !times.is_empty() {
            self.numbers(times, stretch.values);
        }
        Ok(())
    }

    /// Numbers with their times, which mostly ascend: those of one bucket that stand together are summed up at once.
    fn numbers(&mut self, times: &[i64], numbers: &[f64]) {
        let (mut start, mut near) = (0, 0);
        while start < times.len() {
            // Mostly the bucket after the one before.
            let next =
                self.bounds.get(near + 1).is_some_and(|&b| b > times[start]) && self.bounds[near] <= times[start];
            let found = if next { Some(near) } else { self.bucket(times[start]) };
            let Some(at) = found else {
                start += 1;
                continue;
            };
            let (low, high) = (self.bounds[at], self.bounds[at + 1]);
            let len = times[start..].iter().position(|&t| t < low || t >= high).unwrap_or(times.len() - start);
            let running = &mut self.running[at];
            running.count += len as u64;
            running.numbers.merge(&Numbers::of(&numbers[start..start + len]));
            start += len;
            near = at + 1;
        }
    }

    fn rows(&mut self, view: &View, rows: &Rows) -> Result<()> {
        for i in 0..rows.len() {
            let tag = rows.tags[i];
            let seen = self.by == By::Stamp || tag & OBSERVED != 0;
            let time = if self.by == By::Stamp { rows.stamps[i] } else { rows.observed[i] };
            if tag & (DELETED | REMOVED) != 0 || !seen || view.overlay.contains_key(&rows.stamps[i]) {
                continue;
            }
            if self.distinct {
                self.add(&rows.sample(i).as_ref())?;
            } else {
                self.count(time, number(tag, rows.cells[i]));
            }
        }
        Ok(())
    }
}
