//! What one read sees: the open parts and the runs at one moment, and the parts of them that concern one series.

use std::sync::Arc;

use belfry_kernel::Time;
use parking_lot::RwLock;

use crate::bloom;
use crate::cache::Cache;
use crate::error::Result;
use crate::memtable::{Memtable, Overlay, Piece};
use crate::run::Run;
use crate::sample::{Order, Sample, SampleRef};

/// The history at one moment. Appends made later may or may not show; nothing that was there is lost to it.
#[derive(Clone)]
pub(crate) struct Snapshot {
    /// Newest first.
    pub(crate) memory: Vec<Arc<RwLock<Memtable>>>,
    /// Oldest first.
    pub(crate) runs: Arc<Vec<Arc<Run>>>,
    pub(crate) cache: Arc<Cache>,
}

/// One series in a snapshot. Invariant: samples of a newer part have greater stamps than everything in older parts,
/// except for corrections, which are gathered in `overlay` and win over all.
pub(crate) struct View {
    pub(crate) key: Box<[u8]>,
    pub(crate) cache: Arc<Cache>,
    /// Blocks that may hold the series, oldest first.
    pub(crate) blocks: Vec<(Arc<Run>, usize)>,
    /// Samples of the open parts, ascending; newer than all in `blocks`.
    pub(crate) memory: Vec<Sample>,
    /// Corrections by stamp: the sample that is there, or that none is.
    pub(crate) overlay: Overlay,
}

impl Snapshot {
    /// Looks `key` up. Samples of the open parts are limited to stamps in `from..=to`; with `newest`, no more than
    /// that many of the newest are wanted, and older parts are left out when the open ones have them all.
    pub(crate) fn view(&self, key: &[u8], from: i64, to: i64, newest: Option<usize>) -> Result<View> {
        let mut view = self.empty_view(key);
        let enough = newest.unwrap_or(usize::MAX);
        for memory in &self.memory {
            let memory = memory.read();
            let (mut samples, mut rest) = (Vec::new(), Arc::default());
            memory.walk(key, (from, to), enough, &mut view.overlay, |s| samples.push(s.to_owned_beside(&mut rest)));
            samples.reverse();
            samples.append(&mut view.memory);
            view.memory = samples;
            if memory.clears.covers(key) || view.memory.len() >= enough {
                return Ok(view);
            }
        }
        self.add_runs(&mut view)?;
        Ok(view)
    }

    /// As [`Self::view`] of everything, but the samples of the open parts go to `take`, in no order, without being
    /// copied; `view.memory` stays empty.
    pub(crate) fn visit(&self, key: &[u8], mut take: impl FnMut(Piece<'_>) -> Result<()>) -> Result<View> {
        let mut view = self.empty_view(key);
        for memory in &self.memory {
            let memory = memory.read();
            let mut done = Ok(());
            memory.pieces(key, &mut view.overlay, |piece| {
                if done.is_ok() {
                    done = take(piece);
                }
            });
            done?;
            if memory.clears.covers(key) {
                return Ok(view);
            }
        }
        self.add_runs(&mut view)?;
        Ok(view)
    }

    /// As [`Self::view`] for an order of observation: of the open parts only samples that were observed within
    /// `from..=to` are copied, and no more than the `limit` of each part that come first in that order; they stand in
    /// `memory` unordered. Cost: a look at each open
    /// row of the series, a copy of `limit` of them.
    pub(crate) fn view_observed(&self, key: &[u8], (from, to): (i64, i64), order: Order, limit: usize) -> Result<View> {
        let mut view = self.empty_view(key);
        let flip = if order == Order::Ascending { 0 } else { -1 };
        for memory in &self.memory {
            let memory = memory.read();
            let mut first = First { flip, limit, found: Vec::new() };
            memory.walk(key, (i64::MIN, i64::MAX), usize::MAX, &mut view.overlay, |s| {
                if s.observed.is_some_and(|t| (from..=to).contains(&t.micros())) {
                    first.add(s);
                }
            });
            let mut rest = Arc::default();
            view.memory.extend(first.take().map(|s| s.to_owned_beside(&mut rest)));
            if memory.clears.covers(key) {
                return Ok(view);
            }
        }
        self.add_runs(&mut view)?;
        Ok(view)
    }

    fn empty_view(&self, key: &[u8]) -> View {
        View {
            key: key.into(),
            cache: Arc::clone(&self.cache),
            blocks: Vec::new(),
            memory: Vec::new(),
            overlay: Overlay::new(),
        }
    }

    fn add_runs(&self, view: &mut View) -> Result<()> {
        let key = &view.key.clone();
        let hash = bloom::hash(key);
        for run in self.runs.iter().rev() {
            for i in run.blocks_of(key, hash).rev() {
                if run.places[i].bounds.patches {
                    view.gather(run, i)?;
                }
                view.blocks.push((Arc::clone(run), i));
            }
            if run.meta.clears.covers(key) {
                break;
            }
        }
        view.blocks.reverse();
        Ok(())
    }

    /// The greatest stamp that any part holds of `key`, corrections included.
    pub(crate) fn floor(&self, key: &[u8]) -> Result<Option<i64>> {
        let mut floor = None;
        for memory in &self.memory {
            let memory = memory.read();
            floor = floor.max(memory.newest_of(key));
            if memory.clears.covers(key) {
                return Ok(floor);
            }
        }
        let runs = Self { memory: Vec::new(), ..self.clone() }.view(key, i64::MIN, i64::MAX, None)?;
        floor = floor.max(runs.overlay.keys().next_back().copied());
        for (run, i) in runs.blocks.iter().rev() {
            let block = run.block(*i, &self.cache)?;
            let mut newest = None;
            for c in runs.chunks(&block) {
                let chunk = run.blame(*i, block.chunk(c))?;
                if chunk.is_patches() {
                    continue;
                }
                let times = run.blame(*i, block.times(c, &chunk))?;
                newest = newest.max(times.stamps().last().copied());
            }
            if newest.is_some() {
                return Ok(floor.max(newest));
            }
        }
        Ok(floor)
    }
}

/// Selects the samples that come first in an order of observation, in linear time and `2 * limit` of memory.
struct First<'a> {
    flip: i64,
    limit: usize,
    found: Vec<SampleRef<'a>>,
}

impl<'a> First<'a> {
    fn add(&mut self, sample: SampleRef<'a>) {
        self.found.push(sample);
        if self.found.len() >= self.limit.saturating_mul(2).max(64) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let flip = self.flip;
        if self.limit < self.found.len() {
            self.found.select_nth_unstable_by_key(self.limit, |s| {
                (s.observed.map_or(0, Time::micros) ^ flip, s.stamp ^ flip)
            });
            self.found.truncate(self.limit);
        }
    }

    fn take(mut self) -> impl Iterator<Item = SampleRef<'a>> {
        self.cut();
        self.found.into_iter()
    }
}

impl View {
    /// The stamp of the first sample in the runs, corrections aside.
    pub(crate) fn first_stamp(&self) -> Result<Option<i64>> {
        for (run, i) in &self.blocks {
            let block = run.block(*i, &self.cache)?;
            for c in self.chunks(&block) {
                let chunk = run.blame(*i, block.chunk(c))?;
                if !chunk.is_patches() {
                    let times = run.blame(*i, block.times(c, &chunk))?;
                    return Ok(times.stamps().first().copied());
                }
            }
        }
        Ok(None)
    }

    /// The chunks of this series in a block.
    pub(crate) fn chunks(&self, block: &crate::block::Block) -> std::ops::Range<usize> {
        let start = block.seek(&self.key);
        let mut end = start;
        while end < block.len() && *block.key(end) == *self.key {
            end += 1;
        }
        start..end
    }

    /// Takes the corrections of one block in; newer parts have been taken before.
    fn gather(&mut self, run: &Run, i: usize) -> Result<()> {
        let block = run.block(i, &self.cache)?;
        for c in self.chunks(&block) {
            if !run.blame(i, block.chunk(c))?.is_patches() {
                break;
            }
            let rows = run.blame(i, block.rows(c))?;
            for row in 0..rows.len() {
                let patch = rows.patch(row);
                self.overlay.entry(patch.stamp).or_insert(patch.sample);
            }
        }
        Ok(())
    }
}
