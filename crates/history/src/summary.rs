//! What a chunk amounts to, so that an aggregation can take it whole: bounds of its times, counts, moments of its
//! numbers. Computes and spells them; decides nothing.

use crate::rows::{BOOL, DELETED, F64, I64, OBSERVED, REMOVED, Rows, TYPE};
use crate::wire::{FormatError, Reader, put_u64};

/// What a chunk holds, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Summary {
    pub(crate) stamp_min: i64,
    pub(crate) stamp_max: i64,
    /// Rows that are not tombstones and say when they were observed; the bounds are theirs.
    pub(crate) observed: u64,
    pub(crate) observed_min: i64,
    pub(crate) observed_max: i64,
    /// Rows that are not tombstones.
    pub(crate) normal: u64,
    pub(crate) numbers: Numbers,
}

/// Moments of the numeric values (truth values count as 0 and 1; NaN is left out).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Numbers {
    pub(crate) count: u64,
    pub(crate) sum: f64,
    /// Sum of squared distances from the mean.
    pub(crate) spread: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { count: 0, sum: 0.0, spread: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }
}

impl Numbers {
    /// The moments of a slice without NaN, in one pass over differences from its first value; four lanes, so that no
    /// addition waits for the one before it.
    pub(crate) fn of(xs: &[f64]) -> Self {
        let Some(&pivot) = xs.first() else { return Self::default() };
        let (mut sum, mut d1, mut d2) = ([0.0; 4], [0.0; 4], [0.0; 4]);
        let (mut min, mut max) = ([pivot; 4], [pivot; 4]);
        let mut add = |lane: usize, x: f64| {
            let d = x - pivot;
            sum[lane] += x;
            d1[lane] += d;
            d2[lane] += d * d;
            min[lane] = if x < min[lane] { x } else { min[lane] };
            max[lane] = if x > max[lane] { x } else { max[lane] };
        };
        let (fours, rest) = xs.as_chunks::<4>();
        for four in fours {
            for (lane, x) in four.iter().enumerate() {
                add(lane, *x);
            }
        }
        for (lane, x) in rest.iter().enumerate() {
            add(lane, *x);
        }
        let total = |lanes: [f64; 4]| (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
        let (count, d1) = (xs.len() as u64, total(d1));
        Self {
            count,
            sum: total(sum),
            spread: (total(d2) - d1 * d1 / count as f64).max(0.0),
            min: min.into_iter().fold(pivot, f64::min),
            max: max.into_iter().fold(pivot, f64::max),
        }
    }

    /// Joins two disjoint sets (T. Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise algorithm", 1979).
    pub(crate) fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *other;
            return;
        }
        let (n, m) = (self.count as f64, other.count as f64);
        let gap = other.sum / m - self.sum / n;
        self.spread += other.spread + gap * gap * n * m / (n + m);
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }
}

/// The number that a cell stands for in an aggregation.
pub(crate) fn number(tag: u8, cell: u64) -> Option<f64> {
    let x = match tag & (TYPE | DELETED | REMOVED) {
        F64 => f64::from_bits(cell),
        I64 => cell as i64 as f64,
        BOOL => cell as f64,
        _ => return None,
    };
    (!x.is_nan()).then_some(x)
}

impl Summary {
    /// Of at least one row.
    pub(crate) fn of(rows: &Rows) -> Self {
        Self::with(rows, &mut Vec::new())
    }

    /// As [`Self::of`]; `xs` is room to gather numbers in.
    pub(crate) fn with(rows: &Rows, xs: &mut Vec<f64>) -> Self {
        let mut out = Self { observed_min: i64::MAX, observed_max: i64::MIN, ..Self::default() };
        (out.stamp_min, out.stamp_max) = (rows.stamps[0], rows.stamps[rows.len() - 1]);
        xs.clear();
        for i in 0..rows.len() {
            if rows.tags[i] & (DELETED | REMOVED) == 0 {
                out.normal += 1;
            }
            if rows.tags[i] & OBSERVED != 0 {
                out.observed += u64::from(rows.tags[i] & DELETED == 0);
                out.observed_min = out.observed_min.min(rows.observed[i]);
                out.observed_max = out.observed_max.max(rows.observed[i]);
            }
            xs.extend(number(rows.tags[i], rows.cells[i]));
        }
        out.numbers = Numbers::of(xs);
        out
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        let n = &self.numbers;
        for x in [self.stamp_min, self.stamp_max, self.observed_min, self.observed_max] {
            out.extend_from_slice(&x.to_le_bytes());
        }
        for x in [self.observed, self.normal, n.count] {
            put_u64(out, x);
        }
        for x in [n.sum, n.spread, n.min, n.max] {
            out.extend_from_slice(&x.to_bits().to_le_bytes());
        }
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, FormatError> {
        let mut t = [0; 4];
        for x in &mut t {
            *x = r.u64_le()? as i64;
        }
        let (observed, normal, count) = (r.u64()?, r.u64()?, r.u64()?);
        let mut x = [0.0; 4];
        for x in &mut x {
            *x = f64::from_bits(r.u64_le()?);
        }
        Ok(Self {
            stamp_min: t[0],
            stamp_max: t[1],
            observed,
            observed_min: t[2],
            observed_max: t[3],
            normal,
            numbers: Numbers { count, sum: x[0], spread: x[1], min: x[2], max: x[3] },
        })
    }
}
