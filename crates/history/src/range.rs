//! Reading a range of one series, by arrival or by observation, forwards or backwards, a block at a time.

use std::collections::VecDeque;
use std::iter::Peekable;
use std::sync::Arc;
use std::vec;

use crate::block::Block;
use crate::error::Result;
use crate::observed::Observed;
use crate::rows::Rows;
use crate::run::Run;
use crate::sample::{By, Order, Sample};
use crate::view::{Snapshot, View};

/// Which samples of a series are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query {
    /// The axis of `from`, `to` and the order.
    pub by: By,
    /// The first instant, microseconds, included.
    pub from: i64,
    /// The last instant, microseconds, included.
    pub to: i64,
    /// Which end comes first.
    pub order: Order,
    /// No more than this many.
    pub limit: usize,
}

impl Query {
    /// Everything, oldest first.
    pub fn all(by: By) -> Self {
        Self { by, from: i64::MIN, to: i64::MAX, order: Order::Ascending, limit: usize::MAX }
    }

    /// The newest `limit`, newest first.
    pub fn last(by: By, limit: usize) -> Self {
        Self { order: Order::Descending, limit, ..Self::all(by) }
    }

    /// Only from `from` to `to`, both included, microseconds.
    #[must_use]
    pub fn within(self, from: i64, to: i64) -> Self {
        Self { from, to, ..self }
    }
}

/// Samples of one series. Memory: one block's worth of rows, and the open part of the series. After an error it ends.
pub struct Range {
    inner: Inner,
    left: usize,
}

enum Inner {
    Stamps(Box<Stamps>),
    Observed(Box<Observed>),
}

impl Range {
    pub(crate) fn new(snapshot: &Snapshot, key: &[u8], query: &Query) -> Result<Self> {
        let inner = match query.by {
            By::Stamp => {
                let newest = (query.order == Order::Descending && query.limit < usize::MAX).then_some(query.limit);
                let view = snapshot.view(key, query.from, query.to, newest)?;
                Inner::Stamps(Box::new(Stamps::new(view, query.from, query.to, query.order)))
            }
            By::Observed => {
                let view = snapshot.view_observed(key, (query.from, query.to), query.order, query.limit)?;
                Inner::Observed(Box::new(Observed::new(view, query.from, query.to, query.order)))
            }
        };
        Ok(Self { inner, left: query.limit })
    }
}

impl Iterator for Range {
    type Item = Result<Sample>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let next = match &mut self.inner {
            Inner::Stamps(s) => s.next(),
            Inner::Observed(o) => o.next(),
        };
        if !matches!(next, Some(Ok(_))) {
            self.left = 0;
        }
        next
    }
}

/// The samples of a view in order of their stamps.
pub(crate) struct Stamps {
    view: View,
    from: i64,
    to: i64,
    order: Order,
    blocks: VecDeque<(Arc<Run>, usize)>,
    open: Option<OpenBlock>,
    rows: Option<(Rows, std::ops::Range<usize>)>,
    memory: Peekable<vec::IntoIter<Sample>>,
    patches: Peekable<vec::IntoIter<Sample>>,
    ahead: Option<Sample>,
}

struct OpenBlock {
    run: Arc<Run>,
    place: usize,
    block: Arc<Block>,
    chunks: std::ops::Range<usize>,
}

impl Stamps {
    pub(crate) fn new(mut view: View, from: i64, to: i64, order: Order) -> Self {
        let blocks = std::mem::take(&mut view.blocks)
            .into_iter()
            .filter(|(run, i)| {
                let (low, high) = run.places[*i].bounds.stamps;
                low <= to && high >= from
            })
            .collect();
        let mut memory = std::mem::take(&mut view.memory);
        let mut patches: Vec<Sample> =
            view.overlay.range(from..=to.max(from)).filter_map(|(_, s)| s.clone()).filter(|s| s.stamp <= to).collect();
        if order == Order::Descending {
            memory.reverse();
            patches.reverse();
        }
        Self {
            view,
            from,
            to,
            order,
            blocks,
            open: None,
            rows: None,
            memory: memory.into_iter().peekable(),
            patches: patches.into_iter().peekable(),
            ahead: None,
        }
    }

    fn wanted(&self, stamp: i64) -> bool {
        stamp >= self.from && stamp <= self.to && !self.view.overlay.contains_key(&stamp)
    }

    fn next_from_memory(&mut self) -> Option<Sample> {
        loop {
            let sample = self.memory.next()?;
            if self.wanted(sample.stamp) {
                return Some(sample);
            }
        }
    }

    fn next_from_blocks(&mut self) -> Result<Option<Sample>> {
        let ascending = self.order == Order::Ascending;
        loop {
            if let Some((rows, left)) = &mut self.rows {
                while let Some(i) = if ascending { left.next() } else { left.next_back() } {
                    if !self.view.overlay.contains_key(&rows.stamps[i]) {
                        return Ok(Some(rows.sample(i)));
                    }
                }
                self.rows = None;
            }
            if let Some(open) = &mut self.open {
                if let Some(c) = if ascending { open.chunks.next() } else { open.chunks.next_back() } {
                    let chunk = open.run.blame(open.place, open.block.chunk(c))?;
                    let misses = |s: crate::summary::Summary| s.stamp_min > self.to || s.stamp_max < self.from;
                    if chunk.is_patches() || chunk.summary.is_some_and(misses) {
                        continue;
                    }
                    let times = open.run.blame(open.place, open.block.times(c, &chunk))?;
                    let start = times.stamps().partition_point(|&s| s < self.from);
                    let end = times.stamps().partition_point(|&s| s <= self.to);
                    if start < end {
                        self.rows = Some((open.run.blame(open.place, chunk.rows(times))?, start..end));
                    }
                    continue;
                }
                self.open = None;
            }
            let next = if ascending { self.blocks.pop_front() } else { self.blocks.pop_back() };
            let Some((run, place)) = next else { return Ok(None) };
            let block = run.block(place, &self.view.cache)?;
            let chunks = self.view.chunks(&block);
            self.open = Some(OpenBlock { run, place, block, chunks });
        }
    }

    fn next_from_parts(&mut self) -> Result<Option<Sample>> {
        if self.order == Order::Ascending {
            match self.next_from_blocks()? {
                Some(sample) => Ok(Some(sample)),
                None => Ok(self.next_from_memory()),
            }
        } else {
            match self.next_from_memory() {
                Some(sample) => Ok(Some(sample)),
                None => self.next_from_blocks(),
            }
        }
    }
}

impl Iterator for Stamps {
    type Item = Result<Sample>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ahead.is_none() {
            match self.next_from_parts() {
                Ok(sample) => self.ahead = sample,
                Err(e) => return Some(Err(e)),
            }
        }
        let patch_first = match (&self.ahead, self.patches.peek()) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(a), Some(p)) => (p.stamp < a.stamp) == (self.order == Order::Ascending),
        };
        if patch_first { self.patches.next().map(Ok) } else { self.ahead.take().map(Ok) }
    }
}
