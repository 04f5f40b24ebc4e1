//! The samples of one series in order of observation: late ones come out where they belong. Blocks are opened only
//! when the order reaches what they may hold.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use belfry_kernel::Time;

use crate::error::Result;
use crate::rows::{OBSERVED, REMOVED, Rows};
use crate::run::Run;
use crate::sample::{Order, Sample};
use crate::view::View;

/// Sort key: observation, then stamp; both complemented when descending.
type Rank = (i64, i64);

/// Rows of one block (or of memory) in order of rank.
struct Unit {
    rows: Vec<Rows>,
    samples: Vec<Sample>,
    /// Ranks with chunk and row, descending, so that the next is at the end.
    order: Vec<(Rank, u32, u32)>,
}

/// Samples in order of observation.
pub(crate) struct Observed {
    view: View,
    from: i64,
    to: i64,
    flip: i64,
    /// Blocks not yet opened with the least rank they may hold, descending.
    waiting: Vec<(i64, Arc<Run>, usize)>,
    units: Vec<Option<Unit>>,
    heap: BinaryHeap<Reverse<(Rank, usize)>>,
}

impl Observed {
    pub(crate) fn new(mut view: View, from: i64, to: i64, order: Order) -> Self {
        let flip = if order == Order::Ascending { 0 } else { -1 };
        let mut waiting = Vec::new();
        for (run, i) in std::mem::take(&mut view.blocks) {
            let (low, high) = run.places[i].bounds.observed;
            if low <= to && high >= from {
                waiting.push((if flip == 0 { low } else { !high }, run, i));
            }
        }
        waiting.sort_by_key(|w| Reverse(w.0));
        let mut samples: Vec<Sample> =
            std::mem::take(&mut view.memory).into_iter().chain(view.overlay.values().flatten().cloned()).collect();
        samples.retain(|s| s.observed.is_some_and(|t| t.micros() >= from && t.micros() <= to));
        let ranks = samples
            .iter()
            .enumerate()
            .map(|(i, s)| ((s.observed.map_or(0, Time::micros) ^ flip, s.stamp ^ flip), 0, i as u32))
            .collect();
        let mut out = Self { view, from, to, flip, waiting, units: Vec::new(), heap: BinaryHeap::new() };
        out.add(Unit { rows: Vec::new(), samples, order: ranks });
        out
    }

    fn add(&mut self, mut unit: Unit) {
        unit.order.sort_unstable_by(|a, b| b.cmp(a));
        if let Some(first) = unit.order.last() {
            self.heap.push(Reverse((first.0, self.units.len())));
            self.units.push(Some(unit));
        }
    }

    fn open(&mut self, run: &Run, place: usize) -> Result<()> {
        let block = run.block(place, &self.view.cache)?;
        let mut unit = Unit { rows: Vec::new(), samples: Vec::new(), order: Vec::new() };
        for c in self.view.chunks(&block) {
            let chunk = run.blame(place, block.chunk(c))?;
            let misses = |s: crate::summary::Summary| s.observed_min > self.to || s.observed_max < self.from;
            if chunk.is_patches() || chunk.summary.is_some_and(misses) {
                continue;
            }
            let times = run.blame(place, block.times(c, &chunk))?;
            if !times.observed().iter().any(|&t| t >= self.from && t <= self.to) {
                continue;
            }
            let rows = run.blame(place, chunk.rows(times))?;
            for i in 0..rows.len() {
                let (tag, at, stamp) = (rows.tags[i], rows.observed[i], rows.stamps[i]);
                let seen = tag & (OBSERVED | REMOVED) == OBSERVED && at >= self.from && at <= self.to;
                if seen && !self.view.overlay.contains_key(&stamp) {
                    unit.order.push(((at ^ self.flip, stamp ^ self.flip), unit.rows.len() as u32, i as u32));
                }
            }
            unit.rows.push(rows);
        }
        self.add(unit);
        Ok(())
    }
}

impl Iterator for Observed {
    type Item = Result<Sample>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(next) = self.waiting.last() {
            let reached = self.heap.peek().is_none_or(|Reverse((rank, _))| next.0 <= rank.0);
            if !reached {
                break;
            }
            let (_, run, place) = self.waiting.pop()?;
            if let Err(e) = self.open(&run, place) {
                return Some(Err(e));
            }
        }
        let Reverse((_, at)) = self.heap.pop()?;
        let unit = self.units[at].as_mut()?;
        let (_, chunk, row) = unit.order.pop()?;
        let sample = match unit.rows.get(chunk as usize) {
            Some(rows) => rows.sample(row as usize),
            None => unit.samples[row as usize].clone(),
        };
        match unit.order.last() {
            Some(next) => self.heap.push(Reverse((next.0, at))),
            None => self.units[at] = None,
        }
        Some(Ok(sample))
    }
}
