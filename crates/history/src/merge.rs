//! Merging neighbouring runs into one: longer chunks, corrections settled. Reads go on from the old runs until the new one
//! is named by the manifest.

use std::sync::Arc;

use hashbrown::HashSet;

use crate::cache::Cache;
use crate::clears::Clears;
use crate::error::{Error, Result};
use crate::flush::{CHUNK_ROWS, Chunker};
use crate::history::History;
use crate::memtable::Overlay;
use crate::range::Stamps;
use crate::rows::Patch;
use crate::run::{Meta, Run};
use crate::run_writer::RunWriter;
use crate::sample::Order;
use crate::view::{Snapshot, View};
use crate::walk::Walk;

/// Bytes of blocks that a merge keeps, for the series that it must look up.
pub(crate) const CACHE: usize = 8 << 20;
/// A chunk of this many rows or bytes is moved as it is.
const WHOLE_ROWS: usize = CHUNK_ROWS / 2;
const WHOLE_BYTES: usize = 32 << 10;
/// Parts of [`Options::keep_apart`](crate::Options::keep_apart) that a run may span.
const PARTS: i64 = 8;

impl History {
    /// Merges one group of runs of equal level if there is one to merge. Call it from a background thread after
    /// flushes until it returns false.
    ///
    /// # Errors
    /// [`Error::DiskFull`], [`Error::Io`], [`Error::Corrupt`]; the old runs stay. A run that was found damaged is not
    /// tried again before the next opening.
    pub fn merge(&self) -> Result<bool> {
        self.merge_groups_of(self.options.merge_width)
    }

    /// [`Self::merge`] only where a level has so many runs: fewer and larger merges write each sample less often, and reads
    /// look into more runs meanwhile. For while much is written.
    ///
    /// # Errors
    /// As [`Self::merge`].
    pub fn merge_groups_of(&self, width: usize) -> Result<bool> {
        let _one = self.merging.lock();
        let runs = Arc::clone(&self.state.read().runs);
        let Some(group) = self.due(&runs, width.max(2)) else { return Ok(false) };
        let whole = group.start == 0;
        self.merge_runs(&runs[group], whole)?;
        Ok(true)
    }

    /// Merges all runs into one. Settles every correction.
    ///
    /// # Errors
    /// As [`Self::merge`].
    pub fn merge_all(&self) -> Result<()> {
        let _one = self.merging.lock();
        let runs = Arc::clone(&self.state.read().runs);
        if runs.is_empty() { Ok(()) } else { self.merge_runs(&runs, true) }
    }

    /// Makes room for one run more, whatever levels there are, where there are as many as may be: the neighbours that are
    /// least together become one. Waits for a merge or a retention that goes on.
    pub(crate) fn keep_bounded(&self) -> Result<()> {
        while self.runs() >= self.options.max_runs {
            let _one = self.merging.lock();
            let runs = Arc::clone(&self.state.read().runs);
            if runs.len() < self.options.max_runs {
                break;
            }
            let width = self.options.merge_width.min(runs.len());
            let damaged = self.damaged.lock().clone();
            let least = (0..=runs.len() - width)
                .filter(|&at| !runs[at..at + width].iter().any(|r| damaged.contains(&r.id)))
                .min_by_key(|&at| runs[at..at + width].iter().map(|r| r.len).sum::<u64>());
            let Some(at) = least else { return Err(Error::TooManyRuns { runs: runs.len() }) };
            self.merge_runs(&runs[at..at + width], at == 0)?;
        }
        Ok(())
    }

    /// The newest group of neighbours of one level that is wide enough, and that may be in one run.
    fn due(&self, runs: &[Arc<Run>], width: usize) -> Option<std::ops::Range<usize>> {
        let damaged = self.damaged.lock();
        let mut end = runs.len();
        while end > 0 {
            let level = runs[end - 1].meta.level;
            let mut start = end;
            while start > 0 && runs[start - 1].meta.level == level && !damaged.contains(&runs[start - 1].id) {
                start -= 1;
            }
            if end - start >= width {
                if self.belong(runs, start..end) {
                    return Some(start..end);
                }
                let some = (start..=end - width).rev().map(|at| at..at + width).find(|r| self.belong(runs, r.clone()));
                if some.is_some() {
                    return some;
                }
            }
            end = start.min(end - 1);
        }
        None
    }

    /// Whether a run of these would not hold young and old samples together, so that retention can leave the one alone while it
    /// thins the other. What is beyond all retention, and the half of all runs that there may be, are merged freely.
    fn belong(&self, runs: &[Arc<Run>], group: std::ops::Range<usize>) -> bool {
        let Some(apart) = self.options.keep_apart.filter(|_| runs.len() < self.options.max_runs / 2) else {
            return true;
        };
        let apart = i64::try_from(apart.as_micros()).unwrap_or(i64::MAX);
        let newest = |runs: &[Arc<Run>]| runs.iter().map(|r| r.newest).max().unwrap_or(i64::MIN);
        let (now, last) = (newest(runs), newest(&runs[group.clone()]));
        let part = apart / PARTS;
        let first = runs[group].iter().map(|r| r.oldest()).min().unwrap_or(last);
        last < now.saturating_sub(apart).saturating_sub(part) || last.saturating_sub(first) <= part
    }

    /// `whole`: there is no older run, so that every correction can be settled.
    fn merge_runs(&self, inputs: &[Arc<Run>], whole: bool) -> Result<()> {
        let merged = self.write_merged(inputs, whole);
        self.note_damage(inputs, merged.as_ref().err());
        let output = merged?;
        let ids: HashSet<u64> = inputs.iter().map(|r| r.id).collect();
        self.install(false, |runs, _| {
            let at = runs.iter().position(|r| ids.contains(&r.id)).unwrap_or(runs.len());
            runs.retain(|r| !ids.contains(&r.id));
            runs.splice(at..at, output);
        })
    }

    /// Remembers which of these runs an error is about.
    pub(crate) fn note_damage(&self, runs: &[Arc<Run>], error: Option<&Error>) {
        if let Some(Error::Corrupt { path, .. }) = error {
            self.damaged.lock().extend(runs.iter().filter(|r| r.path == *path).map(|r| r.id));
        }
    }

    /// All inputs together, series by series: each block is read once. Chunks that are long already are copied, short ones of a
    /// series joined; a series with corrections is read sample by sample.
    fn write_merged(&self, inputs: &[Arc<Run>], whole: bool) -> Result<Option<Arc<Run>>> {
        let snapshot =
            Snapshot { memory: Vec::new(), runs: Arc::new(inputs.to_vec()), cache: Arc::new(Cache::new(CACHE)) };
        let mut clears = Clears::default();
        if !whole {
            for run in inputs {
                clears.merge(&run.meta.clears);
            }
        }
        let level = inputs.iter().map(|r| r.meta.level).max().unwrap_or(0) + u32::from(inputs.len() > 1);
        let mut writer = RunWriter::create(&self.dir, self.new_id(), Meta { level, clears })?;
        let mut chunker = Chunker::new();
        let mut walks = inputs.iter().map(Walk::new).collect::<Result<Vec<_>>>()?;
        let mut key = Vec::new();
        while least_key(&walks, &mut key) {
            // What was emptied is not carried on.
            let emptied = inputs.iter().rposition(|r| r.meta.clears.covers(&key)).unwrap_or(0);
            for walk in &mut walks[..emptied] {
                walk.pass(&key)?;
            }
            if corrected(&walks[emptied..], &key)? {
                let mut view = snapshot.view(&key, i64::MIN, i64::MAX, None)?;
                let patches = if whole { Vec::new() } else { unsettled(&mut view)? };
                let samples = Stamps::new(view, i64::MIN, i64::MAX, Order::Ascending);
                chunker.series(&mut writer, &key, &patches, samples)?;
                for walk in &mut walks {
                    walk.pass(&key)?;
                }
                continue;
            }
            for walk in &mut walks[emptied..] {
                while walk.key() == Some(&key) {
                    let (body, chunk) = walk.chunk()?;
                    let long = chunk.len() >= WHOLE_ROWS || body.len() >= WHOLE_BYTES;
                    if !(long && chunker.copy(&mut writer, &key, walk)?) {
                        chunker.append(&mut writer, &key, walk)?;
                    }
                    walk.step()?;
                }
            }
            chunker.end(&mut writer, &key)?;
        }
        if writer.is_empty() { Ok(None) } else { Ok(Some(Arc::new(writer.finish()?))) }
    }
}

/// Puts the least key under the walks into `key`; false at the end of all.
pub(crate) fn least_key(walks: &[Walk], key: &mut Vec<u8>) -> bool {
    let Some(least) = walks.iter().filter_map(Walk::key).min() else { return false };
    key.clear();
    key.extend_from_slice(least);
    true
}

/// Whether one of the walks is at corrections of this series.
fn corrected(walks: &[Walk], key: &[u8]) -> Result<bool> {
    for walk in walks.iter().filter(|w| w.key() == Some(key)) {
        if walk.chunk()?.1.is_patches() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Takes those corrections out of `view` that may concern older runs: the ones below its first sample. All others
/// concern samples in the view, since every sample of it is newer than what is older.
fn unsettled(view: &mut View) -> Result<Vec<Patch>> {
    let settled = match view.first_stamp()? {
        Some(first) => view.overlay.split_off(&first),
        None => Overlay::new(),
    };
    let low = std::mem::replace(&mut view.overlay, settled);
    Ok(low.into_iter().map(|(stamp, sample)| Patch { stamp, sample }).collect())
}
